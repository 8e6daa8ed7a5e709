//! Faults in the way of a client that wants to survive.

use crate::common::{gateway, Client, OFFER};
use serde_json::{json, Value};

async fn restart(client: &mut Client, ufrag: &str) -> Value {
    let sdp = OFFER.replace("ufrag:abcd", &format!("ufrag:{ufrag}"));
    let params =
        json!({ "action": "updateMedia", "sdp": sdp, "dialogParams": { "callID": "c-1" } });
    client.verto("verto.modify", params).await
}

fn fingerprint(sdp: &Value) -> String {
    let mut lines = sdp.as_str().unwrap().lines();
    lines.find(|line| line.starts_with("a=fingerprint")).unwrap().to_owned()
}

#[tokio::test]
async fn updates_are_refused_reported_and_answered_with_another_certificate() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/echo", OFFER).await;
    let first = client.verto_event("verto.answer").await["params"]["sdp"].clone();
    gateway.fault(json!({ "fault": "refuse_update" }));
    let refused = restart(&mut client, "wxyz").await;
    assert_eq!(refused["error"]["message"], "CODEC NEGOTIATION ERROR");
    let same = restart(&mut client, "wxyz").await["result"]["sdp"].clone();
    assert_eq!(fingerprint(&same), fingerprint(&first));
    gateway.fault(json!({ "fault": "renew_certificate" }));
    let renewed = restart(&mut client, "efgh").await["result"]["sdp"].clone();
    assert_ne!(fingerprint(&renewed), fingerprint(&first));
    let updates = gateway.state()["calls"][0]["updates"].clone();
    assert_eq!(updates.as_array().map(Vec::len), Some(2), "{updates:#}");
    assert_eq!(updates[0]["new_credentials"], true);
    assert_eq!(updates[0]["new_certificate"], false, "of the client");
    assert_eq!(gateway.state()["violations"], json!([]));
}

#[tokio::test]
async fn registrations_fail_until_the_token_is_shown_again() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    gateway.fault(json!({ "fault": "fail_online", "until_reauthenticated": true }));
    for _ in 0..2 {
        let answer = client.request("subscriber.online", json!({})).await;
        assert_eq!(answer["error"]["code"], -32603);
    }
    let token = gateway.mint_token("carol@example.com", 60, None);
    let project = signalwire_gateway::GatewayConfig::default().project;
    let authentication = json!({ "project": project, "jwt_token": token });
    client.request("signalwire.reauthenticate", json!({ "authentication": authentication })).await;
    let answer = client.request("subscriber.online", json!({})).await;
    assert_eq!(answer["result"]["code"], "200", "{answer}");
    assert_eq!(gateway.state()["counters"]["reauthentications"], 1);
}

#[tokio::test]
async fn an_offer_in_attach_can_be_meant() {
    let gateway = gateway(|config| config.attach_by_answer = true);
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/echo", OFFER).await;
    client.event("call.joined").await;
    gateway.fault(json!({ "fault": "attach" }));
    client.verto_event("verto.attach").await;
    let dialog = json!({ "callID": "c-1", "destination_number": "", "attach": true });
    let invite =
        client.verto("verto.invite", json!({ "sdp": OFFER, "dialogParams": dialog })).await;
    assert_eq!(invite["error"]["message"], "INVALID_CALL_REFERENCE");
    let answer = OFFER.replace("setup:actpass", "setup:active");
    let params = json!({ "sessid": "s", "sdp": answer, "dialogParams": { "callID": "c-1" } });
    assert_eq!(client.verto("verto.attach", params.clone()).await["result"]["sessid"], "s");
    let again = client.verto("verto.attach", params).await;
    assert_eq!(again["error"]["message"], "CALL ERROR", "an offer is answered once");
}

#[tokio::test]
async fn ignored_requests_get_no_answer_and_lost_events_do_not_come_back() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/never", OFFER).await;
    gateway.fault(json!({ "fault": "ignore_requests", "method": "verto.bye" }));
    let bye = json!({ "jsonrpc": "2.0", "id": "b", "method": "webrtc.verto", "params": {
        "callID": "c-1", "message": { "jsonrpc": "2.0", "id": "v", "method": "verto.bye",
            "params": { "dialogParams": { "callID": "c-1" } } } } });
    client.send(&bye).await;
    let answer = client.request("subscriber.online", json!({})).await;
    assert_eq!(answer["result"]["code"], "200", "the next request is answered");
    assert_ne!(gateway.state()["calls"][0]["state"], "ended");
    gateway.fault(json!({ "fault": "lose_events" }));
    let (protocol, state) = (client.protocol.clone(), client.state.clone());
    drop(client);
    let wait = std::time::Duration::from_secs(10);
    assert!(gateway.wait_for(|state| state["sessions"][0]["connected"] == false, wait));
    gateway.fault(json!({ "fault": "hang_up" }));
    let mut client = Client::open(&gateway).await.unwrap();
    let token = gateway.mint_token("carol@example.com", 60, None);
    let resume = json!({ "protocol": protocol, "authorization_state": state });
    client.connect(&token, resume).await;
    gateway.fault(json!({ "fault": "unknown_event", "event_type": "after" }));
    loop {
        let frame = client.frame().await.unwrap();
        let event = &frame["params"];
        assert_ne!(event["params"]["method"], "verto.bye", "it was lost");
        if event["event_type"] == "after" {
            break;
        }
    }
}
