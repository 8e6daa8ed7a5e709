//! Transfer, redirection, and what a guest may dial.

use crate::common::{gateway, http, Client, OFFER};
use serde_json::{json, Value};

async fn transfer(client: &mut Client, destination: &str) -> Value {
    let params = json!({ "action": "transfer", "destination": destination,
        "dialogParams": { "callID": "c-1" } });
    client.verto("verto.modify", params).await
}

#[tokio::test]
async fn a_transfer_is_refused_unless_it_is_wanted() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/echo", OFFER).await;
    client.event("call.joined").await;
    let refused = transfer(&mut client, "/public/tone").await;
    assert_eq!(refused["error"]["code"], -32002);
    assert_eq!(gateway.state()["calls"][0]["state"], "answered");
    assert_eq!(gateway.state()["violations"], json!([]));
}

#[tokio::test]
async fn a_transferred_leg_lives_on_at_the_other_address() {
    let gateway = gateway(|config| config.accept_transfer = true);
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/agent", OFFER).await;
    client.event("call.joined").await;
    let unknown = transfer(&mut client, "/public/nobody").await;
    assert_eq!(unknown["error"]["causeCode"], 3);
    let done = transfer(&mut client, "/public/tone?channel=audio").await["result"].clone();
    assert_eq!((&done["action"], &done["callID"]), (&json!("transfer"), &json!("c-1")));
    let joined = client.event("call.joined").await["params"].clone();
    assert_eq!(joined["origin_call_id"], "c-1");
    assert_eq!(joined["room_session"]["name"], "/public/tone");
    transfer(&mut client, "/public/busy").await;
    assert_eq!(client.event("call.left").await["params"]["call_id"], joined["call_id"]);
    assert_eq!(client.verto_event("verto.bye").await["params"]["causeCode"], 17);
}

#[tokio::test]
async fn a_guest_reaches_only_what_its_token_allows() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    let bearer = format!("Bearer {}", gateway.mint_token("host", 60, None));
    let path = "/api/fabric/addresses?name=echo";
    let (_, page) = http(&gateway, "GET", path, &bearer, None).await;
    let credentials = format!("{}:{}", gateway.project(), gateway.api_token());
    let basic = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(credentials)
    };
    let body = json!({ "allowed_addresses": [page["data"][0]["id"]] });
    let path = "/api/fabric/guests/tokens";
    let (status, guest) = http(&gateway, "POST", path, &format!("Basic {basic}"), Some(body)).await;
    assert_eq!(status, 201, "{guest}");
    let mut visitor = Client::open(&gateway).await.unwrap();
    visitor.connect(guest["token"].as_str().unwrap(), json!({})).await;
    visitor.invite("g-1", "/public/echo?channel=audio", OFFER).await;
    visitor.event("call.joined").await;
    visitor.invite("g-2", "/public/tone", OFFER).await;
    let bye = visitor.verto_event("verto.bye").await["params"].clone();
    assert_eq!((&bye["callID"], &bye["causeCode"]), (&json!("g-2"), &json!(3)));
    client.invite("c-1", "/public/tone", OFFER).await;
    client.event("call.joined").await;
}

#[tokio::test]
async fn a_redirected_invite_is_taken_at_the_other_node() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    gateway.fault(json!({ "fault": "redirect", "to": "n-2@eu" }));
    client.invite("c-1", "/public/echo", OFFER).await;
    let bye = client.verto_event("verto.bye").await["params"].clone();
    assert_eq!((&bye["callID"], &bye["redirectDestination"]), (&json!("c-1"), &json!("n-2@eu")));
    let dialog = json!({ "callID": "c-1", "destination_number": "/public/echo", "version": 1000 });
    let message = json!({ "jsonrpc": "2.0", "id": "v", "method": "verto.invite",
        "params": { "sdp": OFFER, "dialogParams": dialog } });
    let outer = json!({ "callID": "c-1", "node_id": "n-2@eu", "message": message });
    let created = client.request("webrtc.verto", outer).await;
    assert_eq!(created["result"]["result"]["result"]["message"], "CALL CREATED");
    client.event("call.joined").await;
    assert_eq!(gateway.state()["violations"], json!([]));
}

#[tokio::test]
async fn events_about_what_the_service_does_with_a_call() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/echo", OFFER).await;
    client.event("call.joined").await;
    for (kind, key, value) in [
        ("call.play", "state", "playing"),
        ("call.connect", "connect_state", "connected"),
        ("call.room", "joined_status", "joined"),
    ] {
        gateway.fault(json!({ "fault": "call_event", "event_type": kind }));
        let payload = client.event(kind).await["params"].clone();
        assert_eq!((&payload[key], &payload["call_id"]), (&json!(value), &json!("c-1")));
    }
}
