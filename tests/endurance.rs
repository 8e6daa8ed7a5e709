//! What may not happen when the connection, the service or the other side fail: storms, calls that
//! ring for ever, ends that nobody is told of, silent successes.

mod common;

use common::*;
use serde_json::{json, Value};
use signalwire_client::{
    AnswerOptions, Call, CallEvent, CallState, Client, ClientEvent, ClientEventStream, DialOptions,
    EndKind, ErrorKind,
};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};
use std::time::{Duration, Instant};

async fn next(events: &ClientEventStream, fits: impl Fn(&ClientEvent) -> bool) -> ClientEvent {
    loop {
        let next = tokio::time::timeout(DEADLINE, events.next()).await;
        let event = next.expect("the event did not come").expect("the stream ended");
        if fits(&event) {
            return event;
        }
    }
}

fn is_ready(event: &ClientEvent) -> bool {
    matches!(event, ClientEvent::SessionReady { .. })
}

/// The events of a client after it was authorized for the first time.
async fn events_after_connect(client: &Client) -> ClientEventStream {
    let events = client.events();
    next(&events, is_ready).await;
    events
}

/// Waits, off this thread, until the gateway's state fits.
async fn gateway_sees(gateway: &Gateway, what: &str, fits: impl Fn(&Value) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !fits(&gateway.state()) {
        assert!(Instant::now() < deadline, "{what}: {:#}", gateway.state());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn ringing(gateway: &Gateway, client: &Client, events: &ClientEventStream) -> Call {
    client.online().await.unwrap();
    gateway.fault(json!({"fault": "call_client", "from": "/private/bob"}));
    let event = next(events, |event| matches!(event, ClientEvent::IncomingCall { .. })).await;
    let ClientEvent::IncomingCall { call_id, .. } = event else { unreachable!() };
    client.call(&call_id).unwrap()
}

#[test]
fn a_service_that_forgot_the_session_is_asked_once_for_a_new_one() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = events_after_connect(&client).await;
        let before = gateway.state()["counters"]["sockets"].as_u64().unwrap();
        gateway.fault(json!({"fault": "forget_sessions"}));
        next(&events, is_ready).await;
        client.online().await.unwrap();
        let counters = gateway.state()["counters"].clone();
        let sockets = counters["sockets"].as_u64().unwrap() - before;
        assert!(sockets <= 2, "one refused, one fresh: {counters:#}");
        assert_eq!(counters["refused_connects"], 1, "{counters:#}");
        client.disconnect().await.unwrap();
    });
}

#[test]
fn a_call_that_rings_while_the_session_is_made_anew_does_not_ring_for_ever() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = events_after_connect(&client).await;
        let call = ringing(&gateway, &client, &events).await;
        // Its caller gives up, and the word of it goes to a session that is no more.
        gateway.fault(json!({"fault": "forget_sessions"}));
        gateway.fault(json!({"fault": "hang_up"}));
        next(&events, |event| matches!(event, ClientEvent::SessionReady { is_resumed: false, .. }))
            .await;
        assert_eq!(call.ended().await.unwrap().kind, EndKind::Cancelled);
        assert!(client.calls().is_empty());
    });
}

#[test]
fn a_hang_up_that_comes_while_the_socket_is_away_stops_the_ringing_after_the_resume() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = events_after_connect(&client).await;
        let call = ringing(&gateway, &client, &events).await;
        gateway.fault(json!({"fault": "refuse_sockets", "ms": 300}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        gateway_sees(&gateway, "the loss", |state| state["sessions"][0]["connected"] == false)
            .await;
        gateway.fault(json!({"fault": "hang_up", "cause_code": 487, "cause": "ORIGINATOR_CANCEL"}));
        assert_eq!(call.ended().await.unwrap().kind, EndKind::Cancelled);
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_call_rings_on_when_the_session_is_taken_up_again_and_can_be_answered() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = events_after_connect(&client).await;
        let call = ringing(&gateway, &client, &events).await;
        gateway.fault(json!({"fault": "drop_sockets"}));
        next(&events, is_ready).await;
        assert_eq!(call.state(), CallState::Ringing);
        call.answer(AnswerOptions::default()).await.unwrap();
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn hanging_up_while_the_socket_is_away_reaches_the_service_once_it_is_back() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = events_after_connect(&client).await;
        let call = answered(&client, "/public/echo").await;
        // Longer than the handle waits for the confirmation.
        gateway.fault(json!({"fault": "refuse_sockets", "ms": 3000}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        next(&events, |event| matches!(event, ClientEvent::RetryScheduled { .. })).await;
        call.hangup().await.unwrap();
        assert_eq!(gateway.state()["calls"][0]["state"], "answered", "not told yet");
        gateway_sees(&gateway, "the bye", |state| state["calls"][0]["ended_by"] == "client").await;
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn every_end_on_this_side_is_told_to_the_service() {
    for end in ["hang up", "refuse", "ring limit", "disconnect", "drop"] {
        run(async move {
            let gateway = gateway(Dialect::FreeSwitch);
            let client = connected(&gateway).await;
            let events = events_after_connect(&client).await;
            match end {
                "hang up" => answered(&client, "/public/echo").await.hangup().await.unwrap(),
                "refuse" => ringing(&gateway, &client, &events).await.reject().await.unwrap(),
                "ring limit" => {
                    let options = DialOptions { ring_timeout_ms: 50, ..DialOptions::default() };
                    let call = client.dial("/public/never", options).unwrap();
                    call.ended().await.unwrap();
                }
                "disconnect" => {
                    answered(&client, "/public/echo").await;
                    client.disconnect().await.unwrap();
                }
                _ => {
                    answered(&client, "/public/echo").await;
                    drop(client);
                }
            }
            gateway_sees(&gateway, end, |state| state["calls"][0]["ended_by"] == "client").await;
            assert_clean(&gateway);
        });
    }
}

#[test]
fn a_request_that_is_not_answered_is_a_time_out_and_no_success() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let mut options = options(&gateway);
        options.request_timeout_ms = 300;
        let client = Client::new(options).unwrap();
        client.connect().await.unwrap();
        let call = answered(&client, "/public/echo").await;
        for method in ["verto.info", "verto.modify"] {
            gateway.fault(json!({"fault": "ignore_requests", "method": method}));
            let result = match method {
                "verto.info" => call.send_digits("1").await,
                _ => call.hold().await,
            };
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Timeout, "{method}");
        }
        assert_eq!(call.state(), CallState::Active, "not held: nobody said so");
    });
}

#[test]
fn requests_that_a_loss_cuts_off_fail_as_ones_to_try_again() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        gateway.fault(json!({"fault": "ignore_requests", "method": "verto.info"}));
        let digits = tokio::spawn({
            let call = call.clone();
            async move { call.send_digits("1").await }
        });
        gateway_sees(&gateway, "the request", |state| state["faults"]["ignore_requests"] == 0)
            .await;
        gateway.fault(json!({"fault": "drop_sockets"}));
        let error = digits.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network, "{error}");
        // It was not sent again by itself: a digit twice is worse than none.
        call.send_digits("2").await.unwrap();
        assert_eq!(gateway.state()["calls"][0]["digits"], "2");
        call.hangup().await.unwrap();
    });
}

#[test]
fn events_that_are_repeated_after_a_resume_come_once() {
    run(async {
        let config = GatewayConfig { redeliver: true, ..GatewayConfig::default() };
        let gateway = Gateway::start(config).unwrap();
        let client = connected(&gateway).await;
        let session = events_after_connect(&client).await;
        let call = answered(&client, "/public/echo").await;
        let events = call.events();
        for _ in 0..3 {
            gateway.fault(json!({"fault": "duplicate_events", "count": 1}));
            gateway.fault(json!({"fault": "call_event", "event_type": "call.play"}));
            gateway.fault(json!({"fault": "drop_sockets"}));
            next(&session, is_ready).await;
        }
        call.hangup().await.unwrap();
        let seen = wait_for(&events, |event| matches!(event, CallEvent::Ended { .. })).await;
        let plays = seen.iter().filter(
            |e| matches!(e, CallEvent::Other { event_type, .. } if event_type == "call.play"),
        );
        assert_eq!(plays.count(), 3, "{seen:#?}");
        assert_clean(&gateway);
    });
}

#[test]
fn a_refused_registration_is_tried_again_with_the_token_shown_once_more() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        for code in [-32603, -32002] {
            gateway.fault(json!({"fault": "fail_online", "code": code,
                "until_reauthenticated": true}));
            client.online().await.unwrap();
        }
        assert_eq!(gateway.state()["counters"]["reauthentications"], 2);
        // And in each new session.
        let events = events_after_connect(&client).await;
        gateway.fault(json!({"fault": "fail_online", "until_reauthenticated": true}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        next(&events, is_ready).await;
        gateway_sees(&gateway, "the registration", |state| {
            state["counters"]["reauthentications"] == 3
        })
        .await;
        gateway.fault(json!({"fault": "call_client"}));
        next(&events, |event| matches!(event, ClientEvent::IncomingCall { .. })).await;
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_registration_that_fails_for_good_says_so() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        gateway.fault(json!({"fault": "fail_online", "count": 2}));
        let error = client.online().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Server, Some(-32603)), "{error}");
        client.online().await.unwrap();
        let events = events_after_connect(&client).await;
        gateway.fault(json!({"fault": "fail_online", "count": 2}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        let event = next(&events, |event| matches!(event, ClientEvent::OnlineFailed { .. })).await;
        assert!(matches!(event, ClientEvent::OnlineFailed { code: -32603, .. }), "{event:?}");
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_call_that_is_being_set_up_in_a_forgotten_session_is_followed_up() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/slow", DialOptions::default()).unwrap();
        let events = call.events();
        wait_for(&events, |event| {
            matches!(event, CallEvent::StateChanged { state: CallState::Ringing, .. })
        })
        .await;
        gateway.fault(json!({"fault": "forget_sessions"}));
        call.answered().await.unwrap();
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_call_whose_hang_up_was_lost_can_not_be_answered_and_says_so() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = events_after_connect(&client).await;
        let call = ringing(&gateway, &client, &events).await;
        gateway.fault(json!({"fault": "lose_events"}));
        gateway.fault(json!({"fault": "refuse_sockets", "ms": 300}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        gateway_sees(&gateway, "the loss", |state| state["sessions"][0]["connected"] == false)
            .await;
        gateway.fault(json!({"fault": "hang_up"}));
        gateway.fault(json!({"fault": "clear"}));
        next(&events, is_ready).await;
        assert_eq!(call.state(), CallState::Ringing, "it cannot know");
        call.answer(AnswerOptions::default()).await.unwrap_err();
        assert_eq!(call.ended().await.unwrap().kind, EndKind::SignalingFailed);
    });
}

#[test]
fn events_that_were_asked_for_are_asked_for_again_in_a_new_session() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        call.subscribe("user_event").await.unwrap();
        call.subscribe("user_event").await.unwrap();
        let asked = |state: &Value| {
            let all = state["calls"][0]["subscribed"].as_array().expect("a list").clone();
            all.iter().filter(|kind| *kind == "user_event").count()
        };
        assert_eq!(asked(&gateway.state()), 2, "twice by the application");
        gateway.fault(json!({"fault": "forget_sessions"}));
        gateway_sees(&gateway, "it once more", |state| asked(state) == 3).await;
        call.hangup().await.unwrap();
        client.disconnect().await.unwrap();
    });
}

/// Keeps the media thread that comes with the first frame, until it is let go.
struct Blocked {
    frames: std::sync::Mutex<Vec<u64>>,
    release: std::sync::Mutex<Option<std::sync::mpsc::Receiver<()>>>,
}

impl signalwire_client::AudioSink for Blocked {
    fn on_frame(&self, frame: &signalwire_client::AudioFrame<'_>) {
        self.frames.lock().unwrap().push(frame.timestamp_us);
        let release = self.release.lock().unwrap().take();
        if let Some(release) = release {
            let _ = release.recv();
        }
    }
}

/// Nobody reads the events either.
#[test]
fn a_sink_that_blocks_loses_its_own_oldest_frames_and_nothing_else() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let options = DialOptions { statistics_interval_ms: 100, ..DialOptions::default() };
        let call = client.dial("/public/tone", options).unwrap();
        call.answered().await.unwrap();
        let (let_go, release) = std::sync::mpsc::channel();
        let release = std::sync::Mutex::new(Some(release));
        let blocked = std::sync::Arc::new(Blocked { frames: Default::default(), release });
        call.add_audio_sink(MONO_48K, blocked.clone()).unwrap();
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        // Three seconds' worth of frames are lost while the other sink hears every one.
        while call.stats().output_dropped_frames < 150 {
            ear.forget();
            ear.wait_for_tone(440.0, MONO_48K, 200).await;
        }
        assert_eq!(blocked.frames.lock().unwrap().len(), 1, "it is in its first call still");
        let_go.send(()).unwrap();
        let count = || blocked.frames.lock().unwrap().len();
        while count() < 30 {
            ear.forget();
            ear.wait_for_length(960).await;
        }
        let frames = blocked.frames.lock().unwrap().clone();
        let lost_us = frames[1] - frames[0];
        assert!(lost_us > 400_000, "it goes on with what is new: {lost_us}");
        assert!(frames.windows(2).all(|pair| pair[0] < pair[1]), "in order: {frames:?}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}
