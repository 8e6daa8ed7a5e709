//! Calls that come in and are refused without asking anybody.

mod common;

use common::{answered, assert_clean, connected, gateway, options, run, DEADLINE};
use serde_json::{json, Value};
use signalwire_client::{
    AnswerOptions, Call, Client, ClientEvent, ClientEventStream, DialOptions, DoNotDisturb, EndKind,
};
use signalwire_gateway::{Dialect, Gateway};

/// What the next call that comes in is: announced or declined, its id, and who called whom.
async fn next(events: &ClientEventStream) -> (bool, String, [String; 2]) {
    loop {
        let next = tokio::time::timeout(DEADLINE, events.next()).await;
        match next.expect("the event did not come").expect("the stream ended") {
            ClientEvent::IncomingCall { call_id, from_number, to_number, .. } => {
                return (true, call_id, [from_number, to_number]);
            }
            ClientEvent::CallDeclined { call_id, from_number, to_number, .. } => {
                return (false, call_id, [from_number, to_number]);
            }
            _ => {}
        }
    }
}

async fn reachable(gateway: &Gateway) -> (Client, ClientEventStream) {
    let client = connected(gateway).await;
    let events = client.events();
    client.online().await.expect("goes online");
    (client, events)
}

fn call_in(gateway: &Gateway) {
    gateway.fault(json!({"fault": "call_client", "from": "/private/bob", "source": "tone"}));
}

async fn announced(gateway: &Gateway, client: &Client, events: &ClientEventStream) -> Call {
    call_in(gateway);
    let (is_announced, id, _) = next(events).await;
    assert!(is_announced);
    client.call(&id).expect("the call")
}

async fn declined(gateway: &Gateway, events: &ClientEventStream) {
    call_in(gateway);
    let (is_announced, id, [from, to]) = next(events).await;
    assert!(!is_announced);
    assert_eq!((from.as_str(), to.as_str()), ("/private/bob", "/private/tester"));
    let is_refused = |state: &Value| {
        let calls = state["calls"].as_array().expect("calls");
        let call = calls.iter().find(|call| call["call_id"] == *id).expect("the call");
        call["state"] == "ended" && call["cause_code"] == 17 && call["ended_by"] == "client"
    };
    assert!(gateway.wait_for(is_refused, DEADLINE), "{:#}", gateway.state()["calls"]);
}

#[test]
fn always_declines_and_off_announces_again() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (client, events) = reachable(&gateway).await;
        let ringing = announced(&gateway, &client, &events).await;
        client.set_do_not_disturb(DoNotDisturb::Always);
        declined(&gateway, &events).await;
        declined(&gateway, &events).await;
        assert_eq!(client.call(&ringing.id()).map(|call| call.id()), Some(ringing.id()));
        client.set_do_not_disturb(DoNotDisturb::Off);
        let second = announced(&gateway, &client, &events).await;
        ringing.reject().await.unwrap();
        second.reject().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn in_calls_declines_only_while_there_is_one() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (client, events) = reachable(&gateway).await;
        client.set_do_not_disturb(DoNotDisturb::InCalls);
        // What only rings is no call to be in.
        let first = announced(&gateway, &client, &events).await;
        let second = announced(&gateway, &client, &events).await;
        second.reject().await.unwrap();
        first.answer(AnswerOptions::default()).await.unwrap();
        declined(&gateway, &events).await;
        first.hangup().await.unwrap();
        announced(&gateway, &client, &events).await.reject().await.unwrap();
        let dialled = answered(&client, "/public/echo").await;
        declined(&gateway, &events).await;
        dialled.hangup().await.unwrap();
        let dialling = client.dial("/public/never", DialOptions::default()).unwrap();
        declined(&gateway, &events).await;
        dialling.hangup().await.unwrap();
        announced(&gateway, &client, &events).await.reject().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn the_caller_hears_busy_and_another_device_may_answer() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (quiet, quiet_events) = reachable(&gateway).await;
        quiet.set_do_not_disturb(DoNotDisturb::Always);
        let mut options = options(&gateway);
        options.token = gateway.mint_token("caller", 3600, None);
        let caller = Client::new(options).unwrap();
        caller.connect().await.unwrap();
        let call = caller.dial("/private/tester", DialOptions::default()).unwrap();
        let end = call.ended().await.unwrap();
        assert_eq!((end.kind, end.code), (EndKind::Busy, 17), "{end:?}");
        assert!(!next(&quiet_events).await.0);

        let (other, other_events) = reachable(&gateway).await;
        let call = caller.dial("/private/tester", DialOptions::default()).unwrap();
        assert!(!next(&quiet_events).await.0);
        let (is_announced, id, _) = next(&other_events).await;
        assert!(is_announced);
        other.call(&id).expect("the call").answer(AnswerOptions::default()).await.unwrap();
        call.answered().await.unwrap();
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}
