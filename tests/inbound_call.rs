//! Calls that come in: announced, answered, refused, given up by the caller; in both dialects.

mod common;

use common::{assert_clean, connected, gateway, run, wait_for, Ear, DEADLINE, MONO_48K};
use serde_json::{json, Value};
use signalwire_client::{
    AnswerOptions, AudioCodec, Call, CallEvent, CallState, Client, ClientEvent, ClientEventStream,
    DialOptions, Direction, EndKind, ErrorKind,
};
use signalwire_gateway::{Dialect, Gateway};

const DIALECTS: [Dialect; 2] = [Dialect::FreeSwitch, Dialect::Browser];

/// The next event that fits.
async fn client_event(
    events: &ClientEventStream,
    fits: impl Fn(&ClientEvent) -> bool,
) -> ClientEvent {
    loop {
        let next = tokio::time::timeout(DEADLINE, events.next()).await;
        let event = next.expect("the event did not come").expect("the stream ended");
        if fits(&event) {
            return event;
        }
    }
}

/// The call that rings next.
async fn ringing(client: &Client, events: &ClientEventStream) -> Call {
    let event = client_event(events, |e| matches!(e, ClientEvent::IncomingCall { .. })).await;
    let ClientEvent::IncomingCall { call_id, .. } = event else { unreachable!() };
    let call = client.call(&call_id).expect("the call that was announced");
    assert_eq!((call.state(), call.direction()), (CallState::Ringing, Direction::Inbound));
    call
}

async fn reachable(gateway: &Gateway) -> (Client, ClientEventStream) {
    let client = connected(gateway).await;
    let events = client.events();
    client.online().await.expect("goes online");
    (client, events)
}

fn call_in(gateway: &Gateway, source: &str) -> Value {
    let fault = json!({"fault": "call_client", "from": "/private/bob", "source": source});
    gateway.fault(fault)
}

#[test]
fn an_answered_call_carries_audio_both_ways() {
    for dialect in DIALECTS {
        run(async {
            let gateway = gateway(dialect);
            let (client, events) = reachable(&gateway).await;
            call_in(&gateway, "tone");
            let event =
                client_event(&events, |e| matches!(e, ClientEvent::IncomingCall { .. })).await;
            let ClientEvent::IncomingCall { call_id, from_number, has_video, .. } = event else {
                unreachable!()
            };
            assert_eq!((from_number.as_str(), has_video), ("/private/bob", false));
            let call = client.call(&call_id).expect("the call");
            assert_eq!(call.remote_party().number, "/private/bob");
            assert!(client.call("nobody").is_none());
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).expect("a sink");
            call.answer(AnswerOptions::default()).await.expect("is answered");
            assert_eq!(call.state(), CallState::Active);
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
            let again = call.answer(AnswerOptions::default()).await.unwrap_err();
            assert_eq!(again.kind(), ErrorKind::InvalidState);
            assert_eq!(call.reject().await.unwrap_err().kind(), ErrorKind::InvalidState);
            call.hangup().await.expect("hangs up");
            assert_eq!(call.end_reason().expect("a reason").kind, EndKind::LocalHangup);
            assert!(client.calls().is_empty());
            assert_clean(&gateway);
        });
    }
}

#[test]
fn an_offer_with_video_is_answered_with_audio() {
    for dialect in DIALECTS {
        run(async {
            let gateway = gateway(dialect);
            let (client, events) = reachable(&gateway).await;
            let fault = json!({"fault": "call_client", "video": true, "source": "tone"});
            gateway.fault(fault);
            let event =
                client_event(&events, |e| matches!(e, ClientEvent::IncomingCall { .. })).await;
            let ClientEvent::IncomingCall { call_id, has_video, .. } = event else {
                unreachable!()
            };
            assert!(has_video);
            let call = client.call(&call_id).expect("the call");
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).expect("a sink");
            call.answer(AnswerOptions::default()).await.expect("is answered");
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
            call.hangup().await.expect("hangs up");
            assert_clean(&gateway);
        });
    }
}

#[test]
fn the_answer_chooses_the_codec() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (client, events) = reachable(&gateway).await;
        call_in(&gateway, "tone");
        let call = ringing(&client, &events).await;
        let calls = call.events();
        let options = AnswerOptions {
            audio_codecs: vec![AudioCodec::Pcmu],
            user_variables_json: Some(r#"{"who":"bot"}"#.into()),
            ..AnswerOptions::default()
        };
        call.answer(options).await.expect("is answered");
        let seen = wait_for(&calls, |e| matches!(e, CallEvent::MediaConnected { .. })).await;
        assert!(seen.contains(&CallEvent::MediaConnected { codec: "PCMU".into() }), "{seen:#?}");
        call.hangup().await.expect("hangs up");
        assert_clean(&gateway);
    });
}

#[test]
fn two_calls_ring_at_once_and_each_goes_its_way() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (client, events) = reachable(&gateway).await;
        call_in(&gateway, "tone");
        call_in(&gateway, "echo");
        let first = ringing(&client, &events).await;
        let second = ringing(&client, &events).await;
        assert_eq!(client.calls().len(), 2);
        second.reject().await.expect("refuses");
        let reason = second.end_reason().expect("a reason");
        assert_eq!((reason.kind, reason.code), (EndKind::LocalHangup, 17));
        let late = second.answer(AnswerOptions::default()).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Closed);
        first.answer(AnswerOptions::default()).await.expect("is answered");
        first.hangup().await.expect("hangs up");
        assert_clean(&gateway);
    });
}

#[test]
fn refusing_everywhere_says_so() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (client, events) = reachable(&gateway).await;
        call_in(&gateway, "echo");
        let call = ringing(&client, &events).await;
        call.reject_everywhere().await.expect("refuses");
        assert_eq!(call.end_reason().expect("a reason").code, 825);
        assert_clean(&gateway);
    });
}

#[test]
fn a_caller_that_gives_up_stops_the_ringing() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (client, events) = reachable(&gateway).await;
        call_in(&gateway, "echo");
        let call = ringing(&client, &events).await;
        let bye = json!({"fault": "hang_up", "call_id": call.id(), "cause": "ORIGINATOR_CANCEL",
            "cause_code": 487});
        gateway.fault(bye);
        let reason = call.ended().await.expect("ends");
        assert_eq!((reason.kind, reason.code), (EndKind::Cancelled, 487));
        assert!(client.call(&call.id()).is_none());
        assert_clean(&gateway);
    });
}

#[test]
fn a_bye_during_the_answer_ends_it() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (client, events) = reachable(&gateway).await;
        call_in(&gateway, "echo");
        let call = ringing(&client, &events).await;
        // The answer is sent, and nobody takes it.
        gateway.fault(json!({"fault": "ignore_requests", "method": "verto.answer"}));
        let gives_up = async {
            let mut look = tokio::time::interval(std::time::Duration::from_millis(5));
            while gateway.state()["faults"]["ignore_requests"] != 0 {
                look.tick().await;
            }
            gateway.fault(json!({"fault": "hang_up", "call_id": call.id(),
                "cause": "ORIGINATOR_CANCEL", "cause_code": 487}));
        };
        let (answered, ()) = tokio::join!(call.answer(AnswerOptions::default()), gives_up);
        let error = answered.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CallFailed, "{error}");
        let reason = call.ended().await.expect("ends");
        assert_eq!((reason.kind, reason.code), (EndKind::Cancelled, 487));
        assert!(client.calls().is_empty());
        assert_clean(&gateway);
    });
}

#[test]
fn a_caller_that_hangs_up_stops_the_ringing_at_the_callee() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (callee, events) = reachable(&gateway).await;
        let caller = connected(&gateway).await;
        let out = caller.dial("/private/tester", DialOptions::default()).expect("dials");
        let call = ringing(&callee, &events).await;
        out.hangup().await.expect("hangs up");
        assert_eq!(call.ended().await.expect("ends").kind, EndKind::Cancelled);
        assert!(callee.calls().is_empty());
        assert_clean(&gateway);
    });
}

#[test]
fn a_call_that_is_announced_twice_rings_once() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (client, events) = reachable(&gateway).await;
        gateway.fault(json!({"fault": "duplicate_events", "count": 3}));
        call_in(&gateway, "echo");
        let call = ringing(&client, &events).await;
        call.reject().await.expect("refuses");
        // Announced anew after it is over, as a late push would; then another call.
        let invite = json!({"callID": call.id(), "sdp": "v=0"});
        gateway.fault(json!({"fault": "send_verto", "method": "verto.invite", "params": invite}));
        call_in(&gateway, "echo");
        let next = ringing(&client, &events).await;
        assert_ne!(next.id(), call.id());
        assert_eq!(client.calls().len(), 1);
        next.reject().await.expect("refuses");
    });
}

#[test]
fn subscribers_call_each_other() {
    for dialect in DIALECTS {
        run(async {
            let gateway = gateway(dialect);
            let (callee, events) = reachable(&gateway).await;
            let caller = connected(&gateway).await;
            let out = caller.dial("/private/tester", DialOptions::default()).expect("dials");
            let call = ringing(&callee, &events).await;
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).expect("a sink");
            call.answer(AnswerOptions::default()).await.expect("is answered");
            out.answered().await.expect("is answered");
            ear.wait_for_length(4_800).await;
            out.hangup().await.expect("hangs up");
            let reason = call.ended().await.expect("ends");
            assert_eq!(reason.kind, EndKind::RemoteHangup);
            assert_clean(&gateway);
        });
    }
}

#[test]
fn a_client_stays_reachable_over_a_reconnection_until_it_is_offline() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (client, events) = reachable(&gateway).await;
        let ready = |e: &ClientEvent| matches!(e, ClientEvent::SessionReady { .. });
        client_event(&events, ready).await;
        // A new session, which knows nothing of being online.
        gateway.fault(json!({"fault": "forget_sessions"}));
        client_event(&events, ready).await;
        let is_online = |state: &Value| {
            let sessions = state["sessions"].as_array().expect("sessions");
            sessions.iter().any(|session| session["online"] == true)
        };
        assert!(gateway.wait_for(is_online, DEADLINE), "{:#}", gateway.state());
        call_in(&gateway, "echo");
        let call = ringing(&client, &events).await;
        call.reject().await.expect("refuses");
        client.offline().await.expect("goes offline");
        assert!(!is_online(&gateway.state()));
        assert_clean(&gateway);
    });
}

#[test]
fn what_cannot_be_answered() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let unconnected = Client::new(common::options(&gateway)).expect("a client");
        assert_eq!(unconnected.online().await.unwrap_err().kind(), ErrorKind::NotConnected);
        let (client, events) = reachable(&gateway).await;
        // Without an offer it cannot be answered; it is surfaced raw.
        let fault = json!({"fault": "send_verto", "method": "verto.invite",
            "params": {"callID": "c-1"}});
        gateway.fault(fault);
        let raw = client_event(&events, |e| matches!(e, ClientEvent::Other { .. })).await;
        assert!(
            matches!(raw, ClientEvent::Other { event_type, .. } if event_type == "verto.invite")
        );
        // An offer that is none.
        let fault = json!({"fault": "send_verto", "method": "verto.invite",
            "params": {"callID": "c-2", "sdp": "hello"}});
        gateway.fault(fault);
        let call = ringing(&client, &events).await;
        let error = call.answer(AnswerOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CallFailed, "{error}");
        let reason = call.ended().await.expect("ends");
        assert_eq!((reason.kind, reason.code), (EndKind::MediaFailed, 88));
        // Options that cannot be; a call that was dialled.
        let call = client.dial("/public/slow", DialOptions::default()).expect("dials");
        let options = AnswerOptions { media_timeout_ms: 0, ..AnswerOptions::default() };
        let error = call.answer(options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let error = call.answer(AnswerOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidState);
        call.hangup().await.expect("hangs up");
    });
}

#[test]
fn the_end_of_the_client_ends_what_rings() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (client, events) = reachable(&gateway).await;
        call_in(&gateway, "echo");
        let call = ringing(&client, &events).await;
        client.disconnect().await.expect("disconnects");
        assert_eq!(call.ended().await.expect("ends").kind, EndKind::Shutdown);
    });
}
