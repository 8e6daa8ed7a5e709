//! Subscribers calling each other.

use crate::common::{gateway, Client, ANSWER, OFFER};
use serde_json::{json, Value};
use signalwire_gateway::Gateway;

/// A connected client of a subscriber, online.
async fn online(gateway: &Gateway, reference: &str) -> Client {
    let mut client = Client::open(gateway).await.unwrap();
    let token = gateway.mint_token(reference, 60, None);
    client.connect(&token, json!({})).await;
    client.event("signalwire.authorization.state").await;
    let answer = client.request("subscriber.online", json!({})).await;
    assert_eq!(answer["result"]["code"], "200");
    client
}

async fn invited(client: &mut Client) -> String {
    client.verto_event("verto.invite").await["params"]["callID"].as_str().unwrap().to_owned()
}

async fn answer(client: &mut Client, call_id: &str) -> Value {
    let params = json!({ "sdp": ANSWER, "dialogParams": { "callID": call_id } });
    client.verto("verto.answer", params).await
}

async fn bye(client: &mut Client, call_id: &str, code: u64) {
    let params = json!({ "causeCode": code, "cause": "X", "dialogParams": { "callID": call_id } });
    client.verto("verto.bye", params).await;
}

#[tokio::test]
async fn one_device_answers_the_other_loses_the_race() {
    let gateway = gateway(|_| {});
    let mut alice = online(&gateway, "alice").await;
    let (mut desk, mut mobile) = (online(&gateway, "bob").await, online(&gateway, "bob").await);
    alice.invite("a-1", "/private/bob?channel=audio", OFFER).await;
    let (at_desk, at_mobile) = (invited(&mut desk).await, invited(&mut mobile).await);
    assert!(alice.verto_event("verto.media").await["params"]["sdp"].is_string());
    assert!(answer(&mut desk, &at_desk).await["result"].is_object());
    assert_eq!(alice.verto_event("verto.answer").await["params"], json!({ "callID": "a-1" }));
    let lost = mobile.verto_event("verto.bye").await["params"].clone();
    assert_eq!((&lost["callID"], &lost["causeCode"]), (&json!(at_mobile), &json!(702)));
    let joined = alice.event("member.joined").await;
    let seen = desk.event("call.joined").await;
    assert_eq!(joined["params"]["member"]["member_id"], seen["params"]["member_id"]);
    bye(&mut alice, "a-1", 16).await;
    assert_eq!(desk.verto_event("verto.bye").await["params"]["causeCode"], 16);
}

#[tokio::test]
async fn a_caller_who_gives_up_cancels_the_invites() {
    let gateway = gateway(|_| {});
    let (mut alice, mut bob) = (online(&gateway, "alice").await, online(&gateway, "bob").await);
    alice.invite("a-1", "/private/bob", OFFER).await;
    invited(&mut bob).await;
    bye(&mut alice, "a-1", 16).await;
    assert_eq!(bob.verto_event("verto.bye").await["params"]["cause"], "ORIGINATOR_CANCEL");
}

#[tokio::test]
async fn the_caller_hears_of_a_refusal_when_the_last_device_declines() {
    let gateway = gateway(|_| {});
    let mut alice = online(&gateway, "alice").await;
    let (mut desk, mut mobile) = (online(&gateway, "bob").await, online(&gateway, "bob").await);
    alice.invite("a-1", "/private/bob", OFFER).await;
    let (at_desk, at_mobile) = (invited(&mut desk).await, invited(&mut mobile).await);
    bye(&mut desk, &at_desk, 17).await;
    assert_ne!(gateway.state()["calls"][0]["state"], "ended");
    bye(&mut mobile, &at_mobile, 21).await;
    assert_eq!(alice.verto_event("verto.bye").await["params"]["causeCode"], 21);
}

#[tokio::test]
async fn nobody_is_online() {
    let gateway = gateway(|_| {});
    gateway.mint_token("bob", 60, None);
    let mut alice = online(&gateway, "alice").await;
    alice.invite("a-1", "/private/bob", OFFER).await;
    let cause = alice.verto_event("verto.bye").await["params"]["cause"].clone();
    assert_eq!(cause, "USER_NOT_REGISTERED");
}
