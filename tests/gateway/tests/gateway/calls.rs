//! Verto signalling and member requests, without media.

use std::time::Duration;

use crate::common::{gateway, Client, OFFER};
use serde_json::{json, Value};

fn dialog(call_id: &str) -> Value {
    json!({ "dialogParams": { "callID": call_id } })
}

fn with(call_id: &str, more: Value) -> Value {
    let mut params = dialog(call_id);
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    params
}

#[tokio::test]
async fn an_answered_call_from_invite_to_bye() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    let created = client.invite("c-1", "/public/echo?channel=audio", OFFER).await;
    assert_eq!(created["result"]["message"], "CALL CREATED");
    let state = client.event("call.state").await;
    assert_eq!(state["params"]["call_state"], "created");
    let answer = client.verto_event("verto.answer").await;
    let sdp = answer["params"]["sdp"].as_str().unwrap();
    assert!(sdp.contains("a=setup:active") && !sdp.contains("a=mid"), "{sdp}");
    let joined = client.event("call.joined").await;
    assert_eq!(joined["params"]["member_id"], created["result"]["memberID"]);
    assert_eq!(joined["params"]["origin_call_id"], "c-1");
    assert_eq!(joined["event_channel"], client.protocol);
    let held = client.verto("verto.modify", with("c-1", json!({ "action": "hold" }))).await;
    assert_eq!(held["result"]["holdState"], "held");
    let held = client.verto("verto.modify", with("c-1", json!({ "action": "toggleHold" }))).await;
    assert_eq!(held["result"]["holdState"], "active");
    client.verto("verto.info", with("c-1", json!({ "dtmf": "1#" }))).await;
    assert_eq!(gateway.state()["calls"][0]["digits"], "1#");
    let bye = client.verto("verto.bye", with("c-1", json!({ "causeCode": "16" }))).await;
    assert_eq!(bye["result"]["message"], "CALL ENDED");
    assert_eq!(client.event("call.left").await["params"]["call_id"], "c-1");
    assert_eq!(gateway.state()["violations"], json!([]));
}

#[tokio::test]
async fn refusals_come_as_a_bye_after_call_created() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    let no_candidate = OFFER.replace("a=candidate", "a=nothing");
    let mdns = OFFER.replace("127.0.0.1 9 typ", "0a1b.local 9 typ");
    let g729 = OFFER.replace("SAVPF 111", "SAVPF 18");
    let cases = [
        ("/public/nobody", OFFER, 3),
        ("/public/busy", OFFER, 17),
        ("/public/reject", OFFER, 21),
        ("/public/echo", &no_candidate, 88),
        ("/public/echo", &mdns, 88),
        ("/public/echo", &g729, 88),
    ];
    for (number, (to, sdp, code)) in cases.into_iter().enumerate() {
        let created = client.invite(&format!("c-{number}"), to, sdp).await;
        assert_eq!(created["result"]["message"], "CALL CREATED");
        let bye = client.verto_event("verto.bye").await;
        assert_eq!(bye["params"]["causeCode"], code, "{to}");
    }
}

#[tokio::test]
async fn ringing_addresses() {
    let gateway = gateway(|config| {
        config.slow_ring = Duration::from_millis(50);
        config.early_media = Duration::from_millis(50);
        config.early_bye_after = Duration::from_millis(50);
        config.bye_after = Duration::from_millis(50);
    });
    let mut client = Client::connected(&gateway).await;
    client.invite("slow", "/public/slow", OFFER).await;
    assert!(client.verto_event("verto.answer").await["params"]["sdp"].is_string());
    client.invite("early", "/public/early", OFFER).await;
    assert!(client.verto_event("verto.media").await["params"]["sdp"].is_string());
    let answer = client.verto_event("verto.answer").await;
    assert_eq!(answer["params"], json!({ "callID": "early" }));
    client.invite("early-bye", "/public/early-bye", OFFER).await;
    assert_eq!(client.verto_event("verto.bye").await["params"]["callID"], "early-bye");
    client.invite("bye", "/public/bye", OFFER).await;
    client.verto_event("verto.answer").await;
    assert_eq!(client.verto_event("verto.bye").await["params"]["causeCode"], 16);
}

#[tokio::test]
async fn member_requests_are_checked_and_followed_by_events() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    let created = client.invite("c-1", "/public/echo", OFFER).await;
    let joined = client.event("call.joined").await;
    let me = json!({ "member_id": created["result"]["memberID"], "call_id": "c-1",
        "node_id": joined["node_id"] });
    let mute = json!({ "self": me, "target": me, "channels": ["audio"] });
    let answer = client.request("call.mute", mute.clone()).await;
    assert_eq!(answer["result"]["code"], "200");
    let updated = client.event("member.updated").await;
    assert_eq!(updated["params"]["member"]["audio_muted"], true);
    assert_eq!(updated["params"]["member"]["updated"], json!(["audio_muted"]));
    assert_eq!(gateway.state()["calls"][0]["audio_muted"], true);
    client.request("call.unmute", mute).await;
    let params = json!({ "self": me, "target": me });
    let layouts = client.request("call.layout.list", params.clone()).await;
    assert!(layouts["result"]["layouts"].as_array().unwrap().len() > 1);
    for method in ["call.deaf", "call.undeaf", "call.raisehand", "call.lowerhand"] {
        assert_eq!(client.request(method, params.clone()).await["result"]["code"], "200");
        client.event("member.updated").await;
    }
    assert_eq!(gateway.state()["violations"], json!([]));
    let stranger = json!({ "member_id": "x", "call_id": "c-1", "node_id": me["node_id"] });
    let params = json!({ "self": me, "target": stranger, "channels": ["audio"] });
    assert_eq!(client.request("call.mute", params).await["result"]["code"], "404");
}

#[tokio::test]
async fn call_errors_have_the_codes_of_mod_verto() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    let answer = client.verto("verto.bye", dialog("nobody")).await;
    assert_eq!(answer["error"]["code"], -32002);
    assert_eq!(answer["error"]["message"], "CALL DOES NOT EXIST");
    let answer = client.verto("verto.invite", dialog("c-1")).await;
    assert_eq!(answer["error"]["causeCode"], 95);
    client.invite("c-1", "/public/never", OFFER).await;
    let answer = client.invite("c-1", "/public/never", OFFER).await;
    assert_eq!(answer["error"]["causeCode"], 95);
    let update = with("c-1", json!({ "action": "updateMedia", "sdp": OFFER }));
    let answer = client.verto("verto.modify", update).await;
    assert_eq!(answer["error"]["code"], -32002);
    assert_eq!(client.verto_event("verto.bye").await["params"]["causeCode"], 27);
}

#[tokio::test]
async fn media_is_updated_and_calls_are_reattached() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/echo", OFFER).await;
    let first = client.verto_event("verto.answer").await["params"]["sdp"].clone();
    let ufrag = |sdp: &Value| {
        let lines = sdp.as_str().unwrap().lines();
        lines.filter(|l| l.starts_with("a=ice-ufrag")).map(str::to_owned).collect::<Vec<_>>()
    };
    let restart = OFFER.replace("ufrag:abcd", "ufrag:wxyz");
    let update = with("c-1", json!({ "action": "updateMedia", "sdp": restart }));
    let answer = client.verto("verto.modify", update).await;
    assert_eq!(ufrag(&answer["result"]["sdp"]), ufrag(&first), "only the client's half changes");
    let attach = json!({ "callID": "c-1", "destination_number": "", "attach": true,
        "reattaching": true, "version": 1000 });
    let params = json!({ "sdp": OFFER, "dialogParams": attach });
    let answer = client.verto("verto.invite", params).await;
    assert_eq!(answer["result"]["message"], "CALL CREATED");
    assert!(client.verto_event("verto.answer").await["params"]["sdp"].is_string());
    let params = json!({ "sdp": OFFER, "dialogParams": { "callID": "other", "attach": true,
        "destination_number": "" } });
    let answer = client.verto("verto.invite", params).await;
    assert_eq!(answer["error"]["message"], "INVALID_CALL_REFERENCE");
}

#[tokio::test]
async fn a_client_that_never_comes_to_the_media_does_not_leak() {
    let gateway = gateway(|config| config.media_vanish = Duration::from_millis(200));
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/echo", OFFER).await;
    assert_eq!(client.verto_event("verto.bye").await["params"]["cause"], "MEDIA_TIMEOUT");
}

#[tokio::test]
async fn the_client_is_called_and_declines() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    client.request("subscriber.online", json!({})).await;
    let made = gateway.fault(json!({ "fault": "call_client", "from": "/public/dave" }));
    let invite = client.verto_event("verto.invite").await["params"].clone();
    assert_eq!(invite["callID"], made["calls"][0]);
    assert_eq!(invite["caller_id_number"], "/public/dave");
    assert!(invite["sdp"].as_str().unwrap().contains("m=audio"));
    let id = invite["callID"].as_str().unwrap();
    let params = with(id, json!({ "cause": "USER_BUSY", "causeCode": "17" }));
    client.verto("verto.bye", params).await;
    let call = gateway.state()["calls"][0].clone();
    assert_eq!((call["state"].as_str(), call["cause_code"].as_u64()), (Some("ended"), Some(17)));
}

#[tokio::test]
async fn a_pong_is_counted() {
    let gateway = gateway(|config| config.verto_ping_interval = Duration::from_millis(50));
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/echo", OFFER).await;
    let ping = client.verto_event("verto.ping").await;
    client.verto("verto.pong", ping["params"].clone()).await;
    assert_eq!(gateway.state()["calls"][0]["verto_pongs"], 1);
}
