//! Devices, notifications that wake a client up, and calls that are expected before they come.

mod common;
mod scripted;

use common::*;
use scripted::{json_answer, Reply, Scripted};
use serde_json::{json, Value};
use signalwire_client::{
    AnswerOptions, CallState, Client, ClientEvent, ClientEventStream, ClientOptions, Device,
    DeviceType, EndKind, ErrorKind, ExpectedCallState,
};
use signalwire_gateway::{Dialect, Gateway};

const DEVICES: &str = "/subscriber/devices";

fn client(gateway: &Gateway) -> Client {
    Client::new(options(gateway)).expect("a client")
}

async fn registered(client: &Client) -> Device {
    client.register_device(DeviceType::Ios, "aabbccdd").await.expect("is registered")
}

/// A call to the tester: its id, and the notification for its device.
fn pushed(gateway: &Gateway) -> (String, String) {
    let fault = json!({"fault": "push_call", "reference": "tester", "from": "/private/bob",
        "source": "tone"});
    let told = gateway.fault(fault);
    (told["call_id"].as_str().expect("an id").to_owned(), told["notification"].to_string())
}

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

fn is_announcement(event: &ClientEvent) -> bool {
    matches!(event, ClientEvent::IncomingCall { .. })
}

/// How many calls were announced up to the end of the client.
async fn announcements(client: &Client, events: &ClientEventStream) -> usize {
    client.disconnect().await.expect("disconnects");
    let mut count = 0;
    while let Some(event) = events.next().await {
        count += usize::from(is_announcement(&event));
    }
    count
}

#[test]
fn a_device_is_registered_and_taken_back() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client(&gateway);
        let device = registered(&client).await;
        assert_eq!(device.device_type, DeviceType::Ios);
        assert!(!device.id.is_empty() && !device.registered_at.is_empty());
        let shown = format!("{device:?}");
        assert!(!shown.contains(&device.push_notification_key) && !shown.contains("aabbccdd"));
        assert_eq!(gateway.state()["devices"][0]["device_token"], "aabbccdd");
        // The answer is lost after the registration was taken back: asked again, it is gone.
        gateway.fault(json!({"fault": "fail_http", "path": DEVICES, "status": 0, "after": true}));
        client.unregister_device(&device.id).await.expect("is gone");
        assert_eq!(gateway.state()["devices"], json!([]));
        let error = client.unregister_device(&device.id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        for (kind, token) in [(DeviceType::Android, ""), (DeviceType::Desktop, "a\nb")] {
            let error = client.register_device(kind, token).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
        let error = client.unregister_device("").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_clean(&gateway);
    });
}

#[test]
fn a_lost_registration_is_uncertain_and_no_error_holds_the_token() {
    run(async {
        let echo = json!({"errors": [{"code": "invalid_parameter", "attribute": "device_token",
            "message": "t0psecret is invalid"}]});
        let server = Scripted::start(vec![Reply::Drop, json_answer(422, &echo)]).await;
        let mut options = ClientOptions::new("e30..a.b.c");
        options.http_url = Some(server.url());
        let client = Client::new(options).expect("a client");
        let register = || client.register_device(DeviceType::Android, "t0psecret");
        assert_eq!(register().await.unwrap_err().kind(), ErrorKind::Uncertain);
        let error = register().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(422)));
        assert!(!format!("{error:?}").contains("t0psecret"), "{error:?}");
        let seen = server.seen();
        assert_eq!((seen[0].method.as_str(), seen[0].target.as_str()), ("POST", DEVICES));
        let body: Value = seen[0].json();
        assert_eq!(body, json!({"device_type": "Android", "device_token": "t0psecret"}));
        assert_eq!(seen.len(), 2, "nothing was repeated by itself");
    });
}

#[test]
fn a_notification_wakes_the_client_and_its_call_is_answered() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(async {
            let gateway = gateway(dialect);
            let key = registered(&client(&gateway)).await.push_notification_key;
            let (call_id, notification) = pushed(&gateway);
            // Another process, woken by the notification: never connected, knows the key only.
            let client = client(&gateway);
            let events = client.events();
            let call = client.handle_push(&notification, Some(&key)).await.expect("the call");
            assert_eq!((call.id(), call.state()), (call_id, CallState::Ringing));
            assert_eq!(call.remote_party().number, "/private/bob");
            let again = client.handle_push(&notification, None).await.expect_err("another key");
            assert_eq!(again.kind(), ErrorKind::InvalidArgument);
            let again = client.handle_push(&notification, Some(&key)).await.expect("the same");
            assert_eq!(again.id(), call.id());
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).expect("a sink");
            call.answer(AnswerOptions::default()).await.expect("is answered");
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
            call.hangup().await.expect("hangs up");
            let late = client.handle_push(&notification, Some(&key)).await.unwrap_err();
            assert_eq!(late.kind(), ErrorKind::CallFailed, "{late}");
            assert_eq!(announcements(&client, &events).await, 1);
            assert_clean(&gateway);
        });
    }
}

#[test]
fn the_same_call_by_socket_and_by_notification_is_announced_once() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        registered(&client).await;
        client.online().await.expect("goes online");
        for _ in 0..8 {
            let (call_id, notification) = pushed(&gateway);
            // Both at once, and once more.
            let (first, second) = tokio::join!(
                client.handle_push(&notification, None),
                client.handle_push(&notification, None)
            );
            let call = first.expect("the call");
            assert_eq!((call.id(), second.expect("the call").id()), (call_id.clone(), call_id));
            call.reject().await.expect("refuses");
        }
        assert_eq!(announcements(&client, &events).await, 8);
        assert_clean(&gateway);
    });
}

#[test]
fn a_stale_notification_is_found_out_by_the_answer() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client(&gateway);
        registered(&client).await;
        let (call_id, notification) = pushed(&gateway);
        gateway.fault(json!({"fault": "hang_up", "call_id": call_id}));
        let call = client.handle_push(&notification, None).await.expect("it may still ring");
        let error = call.answer(AnswerOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(-32002)), "{error}");
        assert_eq!(call.ended().await.expect("a reason").kind, EndKind::SignalingFailed);
    });
}

#[test]
fn what_is_no_notification_of_a_call_is_refused() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client(&gateway);
        for (text, key) in [("{}", None), ("mail", None)] {
            let error = client.handle_push(text, key).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        }
        registered(&client).await;
        let (_, notification) = pushed(&gateway);
        for key in ["c2hvcnQ=", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
            let error = client.handle_push(&notification, Some(key)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        }
        client.disconnect().await.expect("disconnects");
        let error = client.handle_push(&notification, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
    });
}

#[test]
fn an_answer_that_was_given_before_the_invite_is_carried_out() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        registered(&client).await;
        let (call_id, notification) = pushed(&gateway);
        let expected = client.expect_call(&call_id, 20_000).expect("is expected");
        assert_eq!((expected.state(), expected.call_id()), (ExpectedCallState::Waiting, call_id));
        let answer = || expected.answer(AnswerOptions::default());
        let (answered, again, call) =
            tokio::join!(answer(), answer(), client.handle_push(&notification, None));
        answered.expect("is answered");
        assert_eq!(again.unwrap_err().kind(), ErrorKind::InvalidState, "it is decided once");
        let call = call.expect("the call");
        assert_eq!(call.state(), CallState::Active);
        assert_eq!(expected.state(), ExpectedCallState::Arrived);
        assert_eq!(expected.arrived().await.expect("the call").id(), call.id());
        call.hangup().await.expect("hangs up");
        assert_clean(&gateway);
    });
}

/// The id of a call by the socket cannot be known before, so the notification brings it here.
#[test]
fn a_rejection_that_was_given_before_the_invite_is_carried_out_unannounced() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        registered(&client).await;
        let (call_id, notification) = pushed(&gateway);
        let expected = client.expect_call(&call_id, 20_000).expect("is expected");
        let same = client.expect_call(&call_id, 1).expect("is expected already");
        // The user changes their mind before the call is there.
        let (answered, rejected, again, call) = tokio::join!(
            expected.answer(AnswerOptions::default()),
            same.reject(),
            expected.reject(),
            client.handle_push(&notification, None)
        );
        rejected.expect("is rejected");
        assert_eq!(answered.unwrap_err().kind(), ErrorKind::InvalidState);
        assert_eq!(again.unwrap_err().kind(), ErrorKind::InvalidState);
        let call = call.expect("the call");
        assert_eq!(call.ended().await.expect("a reason").kind, EndKind::LocalHangup);
        assert!(gateway.wait_for(|state| state["calls"][0]["cause_code"] == 17, DEADLINE));
        assert_eq!(announcements(&client, &events).await, 0);
        assert_clean(&gateway);
    });
}

#[test]
fn an_expectation_ends_in_a_typed_way() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        // The deadline.
        let expected = client.expect_call("never", 50).expect("is expected");
        let error = expected.answer(AnswerOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert_eq!(expected.state(), ExpectedCallState::Expired);
        let over = client_event(&events, |e| matches!(e, ClientEvent::ExpectedCallOver { .. }));
        let expired = |call_id: &str| ClientEvent::ExpectedCallOver {
            call_id: call_id.into(),
            is_expired: true,
        };
        assert_eq!(over.await, expired("never"));
        // The caller gives up before the invite.
        let expected = client.expect_call("gone", 20_000).expect("is expected");
        let bye = json!({"callID": "gone", "cause": "ORIGINATOR_CANCEL", "causeCode": 487});
        gateway.fault(json!({"fault": "send_verto", "method": "verto.bye", "params": bye}));
        let error = expected.arrived().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::CallFailed, Some(487)), "{error}");
        assert_eq!(expected.state(), ExpectedCallState::Over);
        let late = client.expect_call("gone", 20_000).expect("a handle");
        assert_eq!(late.state(), ExpectedCallState::Over);
        // Given up here.
        let expected = client.expect_call("given-up", 20_000).expect("is expected");
        expected.cancel();
        expected.cancel();
        assert_eq!(expected.arrived().await.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(expected.reject().await.unwrap_err().kind(), ErrorKind::Cancelled);
        // What cannot be.
        for (id, deadline) in [("", 1), ("x", 0), ("x", 600_001)] {
            let error = client.expect_call(id, deadline).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
        // The end of the client.
        let expected = client.expect_call("late", 20_000).expect("is expected");
        client.disconnect().await.expect("disconnects");
        assert_eq!(expected.arrived().await.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(client.expect_call("x", 1).unwrap_err().kind(), ErrorKind::Closed);
    });
}

#[test]
fn a_call_that_is_here_already_has_arrived() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        client.online().await.expect("goes online");
        gateway.fault(json!({"fault": "call_client", "source": "tone"}));
        let ClientEvent::IncomingCall { call_id, .. } =
            client_event(&events, is_announcement).await
        else {
            unreachable!()
        };
        let expected = client.expect_call(&call_id, 1_000).expect("a handle");
        assert_eq!(expected.state(), ExpectedCallState::Arrived);
        expected.answer(AnswerOptions::default()).await.expect("is answered");
        let error = expected.reject().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidState);
        expected.arrived().await.expect("the call").hangup().await.expect("hangs up");
        assert_clean(&gateway);
    });
}

#[test]
fn a_rejected_call_that_comes_too_late_does_not_ring() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        registered(&client).await;
        let (call_id, notification) = pushed(&gateway);
        let expected = client.expect_call(&call_id, 30).expect("is expected");
        assert_eq!(expected.reject().await.unwrap_err().kind(), ErrorKind::Timeout);
        client_event(&events, |e| matches!(e, ClientEvent::ExpectedCallOver { .. })).await;
        let error = client.handle_push(&notification, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CallFailed, "it is ignored: {error}");
        assert_eq!(announcements(&client, &events).await, 0);
    });
}
