//! What an AI agent and the person it talks to say, as typed events.

mod common;

use common::*;
use signalwire_client::{Call, CallEvent, CallEventStream, DialOptions, ErrorKind, Speaker};
use signalwire_gateway::{Gateway, GatewayConfig};
use std::time::Duration;

/// One event of a transcript: who, final, interrupted, what, how sure.
type Said = (Speaker, bool, bool, String, Option<f64>);

fn gateway(agent_chunk: Duration) -> Gateway {
    Gateway::start(GatewayConfig { agent_chunk, ..GatewayConfig::default() }).expect("a gateway")
}

async fn next(events: &CallEventStream) -> Said {
    let mut seen = wait_for(events, |e| matches!(e, CallEvent::Transcript { .. })).await;
    let Some(CallEvent::Transcript {
        speaker,
        is_final,
        is_interrupted,
        text,
        confidence,
        event_type,
        raw_json,
    }) = seen.pop()
    else {
        unreachable!()
    };
    let raw: serde_json::Value = serde_json::from_str(&raw_json).expect("the payload");
    assert!(event_type.starts_with("ai.") && raw["call_id"].is_string(), "{event_type} {raw}");
    (speaker, is_final, is_interrupted, text, confidence)
}

fn person(text: &str, confidence: Option<f64>) -> Said {
    (Speaker::Person, confidence.is_some(), false, text.to_owned(), confidence)
}

fn agent(text: &str) -> Said {
    (Speaker::Agent, false, false, text.to_owned(), None)
}

fn answer(text: &str, is_interrupted: bool) -> Said {
    (Speaker::Agent, true, is_interrupted, text.to_owned(), None)
}

async fn subscribed(client: &signalwire_client::Client) -> (Call, CallEventStream) {
    let call = client.dial("/public/agent", DialOptions::default()).expect("dials");
    let events = call.events();
    call.answered().await.expect("is answered");
    call.subscribe_transcript().await.expect("subscribes");
    call.subscribe_transcript().await.expect("subscribes again");
    (call, events)
}

#[test]
fn an_agent_is_interrupted_and_understands() {
    run(async {
        // The greeting is not over before the person speaks.
        let gateway = gateway(Duration::from_secs(60));
        let client = connected(&gateway).await;
        let (call, events) = subscribed(&client).await;
        call.send_digits("42").await.unwrap();
        let mut said = next(&events).await;
        while said.0 == Speaker::Agent && !said.1 {
            said = next(&events).await;
        }
        assert_eq!(said, answer("Hello,", true));
        assert_eq!(next(&events).await, person("42", None));
        assert_eq!(next(&events).await, person("42", Some(0.95)));
        assert_eq!(next(&events).await, agent("You said "));
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn an_answer_comes_in_parts_and_then_whole() {
    run(async {
        let gateway = gateway(Duration::from_millis(50));
        let client = connected(&gateway).await;
        let (call, events) = subscribed(&client).await;
        call.send_digits("7").await.unwrap();
        let mut said = next(&events).await;
        while said.0 == Speaker::Agent {
            said = next(&events).await;
        }
        assert_eq!(said, person("7", None));
        assert_eq!(next(&events).await, person("7", Some(0.95)));
        assert_eq!(next(&events).await, agent("You said "));
        assert_eq!(next(&events).await, agent("7."));
        assert_eq!(next(&events).await, answer("You said 7.", false));
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_transcript_needs_an_answered_call() {
    run(async {
        let gateway = gateway(Duration::from_millis(50));
        let client = connected(&gateway).await;
        let call = client.dial("/public/never", DialOptions::default()).unwrap();
        let early = call.subscribe_transcript().await.unwrap_err();
        assert_eq!(early.kind(), ErrorKind::InvalidState);
        call.hangup().await.unwrap();
        let late = call.subscribe_transcript().await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Closed);
    });
}
