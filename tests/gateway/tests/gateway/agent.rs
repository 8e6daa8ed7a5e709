//! The AI agent and its events, which need a subscription.

use std::time::Duration;

use crate::common::{gateway, Client, OFFER};
use serde_json::{json, Value};

async fn subscribe(client: &mut Client, kind: &str) {
    let params = json!({ "sessid": "c-1", "eventChannel": [kind],
        "dialogParams": { "callID": "c-1" } });
    let answer = client.verto("verto.subscribe", params).await;
    assert_eq!(answer["result"]["subscribedChannels"], json!([kind]));
}

async fn dial_digits(client: &mut Client, digits: &str) {
    let params = json!({ "dtmf": digits, "dialogParams": { "callID": "c-1" } });
    client.verto("verto.info", params).await;
}

/// The types of the events that came and were not looked at.
fn kinds(client: &Client) -> Vec<String> {
    let kinds = client.events.iter().filter_map(|e| e["params"]["event_type"].as_str());
    kinds.filter(|k| k.starts_with("ai.") || *k == "user_event").map(str::to_owned).collect()
}

#[tokio::test]
async fn the_agent_tells_what_it_hears_and_says_to_those_who_subscribed() {
    let gateway = gateway(|config| config.agent_chunk = Duration::from_millis(50));
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/agent", OFFER).await;
    client.event("call.joined").await;
    subscribe(&mut client, "ai.completion").await;
    let greeted = client.event("ai.completion").await["params"].clone();
    assert_eq!((&greeted["type"], &greeted["call_id"]), (&json!("normal"), &json!("c-1")));
    assert_eq!(kinds(&client), Vec::<String>::new(), "the others were not asked for");
    for kind in ["ai.partial_result", "ai.speech_detect", "ai.response_utterance", "user_event"] {
        subscribe(&mut client, kind).await;
    }
    dial_digits(&mut client, "42").await;
    let partial = client.event("ai.partial_result").await["params"].clone();
    assert_eq!(partial, json!({ "text": "42", "call_id": "c-1" }));
    let heard = client.event("ai.speech_detect").await["params"]["text"].clone();
    assert_eq!(heard, "42{confidence=0.95}");
    let shown = client.event("user_event").await["params"].clone();
    assert_eq!((&shown["type"], &shown["content"]), (&json!("display_content"), &json!("42")));
    assert!(client.event("ai.response_utterance").await["params"]["utterance"].is_string());
    let said = client.event("ai.completion").await["params"]["text"].clone();
    assert!(said.as_str().unwrap().ends_with("You said 42."), "{said}");
    assert_eq!(gateway.state()["violations"], json!([]));
}

#[tokio::test]
async fn digits_interrupt_the_agent() {
    let gateway = gateway(|config| config.agent_chunk = Duration::from_secs(60));
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/agent", OFFER).await;
    client.event("call.joined").await;
    subscribe(&mut client, "ai.completion").await;
    dial_digits(&mut client, "1").await;
    let barged: Value = client.event("ai.completion").await["params"]["type"].clone();
    assert_eq!(barged, "barged");
}
