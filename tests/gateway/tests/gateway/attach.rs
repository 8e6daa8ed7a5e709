//! Calls that outlive the client's connection, and what the service says of them.

use crate::common::{gateway, Client, OFFER};
use serde_json::{json, Value};
use signalwire_gateway::Gateway;

/// An attach invite with a new description.
async fn attach(client: &mut Client, call_id: &str) -> Value {
    let dialog = json!({ "callID": call_id, "destination_number": "", "attach": true,
        "reattaching": true, "version": 1000, "pingSupported": true });
    let sdp = OFFER.replace("ufrag:abcd", "ufrag:wxyz");
    client.verto("verto.invite", json!({ "sdp": sdp, "dialogParams": dialog })).await
}

/// The session of a lost client on a new socket.
async fn resumed(gateway: &Gateway, lost: Client) -> Client {
    let mut client = Client::open(gateway).await.unwrap();
    let token = gateway.mint_token("carol@example.com", 60, None);
    let more = json!({ "protocol": lost.protocol, "authorization_state": lost.state });
    let answer = client.connect(&token, more).await;
    assert_eq!(answer["result"]["protocol"], lost.protocol, "{answer}");
    client
}

async fn in_a_call(gateway: &Gateway) -> Client {
    let mut client = Client::connected(gateway).await;
    client.invite("c-1", "/public/echo", OFFER).await;
    client.event("call.joined").await;
    client
}

#[tokio::test]
async fn the_calls_of_a_resumed_session_are_announced_and_taken_up_again() {
    let gateway = gateway(|config| config.attach_on_resume = true);
    let lost = in_a_call(&gateway).await;
    let mut client = resumed(&gateway, lost).await;
    let attached = client.verto_event("verto.attach").await["params"].clone();
    assert_eq!(attached["callID"], "c-1");
    assert_eq!(attached["callee_id_number"], "/public/echo");
    assert!(attached["sdp"].as_str().unwrap().contains("a=setup:actpass"), "{attached}");
    let created = attach(&mut client, "c-1").await["result"].clone();
    assert_eq!((&created["message"], &created["callID"]), (&json!("CALL CREATED"), &json!("c-1")));
    assert!(client.verto_event("verto.answer").await["params"]["sdp"].is_string());
    assert_eq!(client.event("call.joined").await["params"]["member_id"], created["memberID"]);
    assert_eq!(gateway.state()["violations"], json!([]));
}

#[tokio::test]
async fn an_attach_can_be_pushed_at_any_time() {
    let gateway = gateway(|_| {});
    let mut client = in_a_call(&gateway).await;
    assert_eq!(gateway.fault(json!({ "fault": "attach" }))["calls"], 1);
    assert_eq!(client.verto_event("verto.attach").await["params"]["callID"], "c-1");
}

#[tokio::test]
async fn calls_that_are_gone_or_of_others_are_no_valid_reference() {
    let gateway = gateway(|_| {});
    let mut client = in_a_call(&gateway).await;
    let mut other = Client::open(&gateway).await.unwrap();
    other.connect(&gateway.mint_token("mallory@example.com", 60, None), json!({})).await;
    let refused = attach(&mut other, "c-1").await;
    assert_eq!(refused["error"]["cause"], "INVALID_CALL_REFERENCE");
    assert_eq!(gateway.state()["calls"][0]["state"], "answered");
    gateway.fault(json!({ "fault": "hang_up" }));
    for call_id in ["c-1", "c-2"] {
        let refused = attach(&mut client, call_id).await;
        assert_eq!(refused["error"]["causeCode"], 101, "{call_id}");
        assert_eq!(refused["error"]["message"], "INVALID_CALL_REFERENCE");
    }
}
