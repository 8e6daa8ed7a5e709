//! Legs that the service moves into a room, and the members there.

use std::time::Duration;

use crate::common::{gateway, Client, OFFER};
use serde_json::{json, Value};
use signalwire_gateway::Gateway;

/// The ids of a member as requests name it.
fn ids(of: &Value) -> Value {
    json!({ "member_id": of["member_id"], "call_id": of["call_id"], "node_id": of["node_id"] })
}

/// A call that was moved into the room: the payloads of both `call.joined`.
async fn moved(gateway: &Gateway) -> (Client, Value, Value) {
    let mut client = Client::connected(gateway).await;
    client.invite("c-1", "/public/moved", OFFER).await;
    let first = client.event("call.joined").await["params"].clone();
    let nested = client.event("call.joined").await["params"].clone();
    (client, first, nested)
}

fn quick() -> Gateway {
    gateway(|config| config.move_after = Duration::ZERO)
}

#[tokio::test]
async fn a_leg_is_moved_and_comes_back() {
    let gateway = quick();
    let (mut client, first, nested) = moved(&gateway).await;
    assert_eq!((&first["call_id"], &nested["origin_call_id"]), (&json!("c-1"), &json!("c-1")));
    for key in ["call_id", "member_id", "node_id", "room_session_id", "room_id"] {
        assert_ne!(first[key], nested[key], "{key}");
    }
    let members = nested["room_session"]["members"].as_array().unwrap();
    assert_eq!(members.len(), 3);
    assert_eq!(ids(&members[0]), ids(&nested));
    let layout = client.event("layout.changed").await["params"].clone();
    assert_eq!(layout["room_session_id"], nested["room_session_id"]);
    assert_eq!(layout["layout"]["layers"].as_array().unwrap().len(), 3);
    gateway.fault(json!({ "fault": "leave_segment" }));
    let left = client.event("call.left").await["params"].clone();
    assert_eq!((&left["call_id"], &left["reason"]), (&nested["call_id"], &json!("left")));
    assert_eq!(gateway.state()["calls"][0]["state"], "answered");
    let params = json!({ "self": ids(&first), "target": ids(&nested), "channels": ["audio"] });
    let gone = client.request("call.mute", params).await;
    assert_eq!(gone["result"]["code"], "404", "the segment is gone");
    assert_eq!(gateway.fault(json!({ "fault": "leave_segment" }))["calls"], 0, "none is left");
}

#[tokio::test]
async fn members_are_named_by_their_own_ids() {
    let gateway = quick();
    let (mut client, first, nested) = moved(&gateway).await;
    let dora = nested["room_session"]["members"][1].clone();
    for (target, updates) in [(ids(&first), 1), (ids(&nested), 1), (ids(&dora), 1)] {
        let params = json!({ "self": ids(&first), "target": target, "channels": ["audio"] });
        let answer = client.request("call.mute", params).await;
        assert_eq!(answer["result"]["code"], "200", "{target}");
        for _ in 0..updates {
            let member = client.event("member.updated").await["params"]["member"].clone();
            assert_eq!(member["member_id"], target["member_id"]);
            assert_eq!(member["audio_muted"], true);
            assert_eq!(member["updated"], json!(["audio_muted"]));
        }
    }
    assert_eq!(gateway.state()["violations"], json!([]));
    let mut short = ids(&first);
    short["member_id"] = dora["member_id"].clone();
    let mut elsewhere = ids(&dora);
    elsewhere["node_id"] = first["node_id"].clone();
    for (me, target) in [
        (ids(&first), short),
        (ids(&first), elsewhere),
        (ids(&nested), ids(&nested)),
        (ids(&dora), ids(&dora)),
    ] {
        let params = json!({ "self": me, "target": target, "channels": ["audio"] });
        let answer = client.request("call.unmute", params).await;
        assert_eq!(answer["result"]["code"], "404", "{me} {target}");
    }
    assert_eq!(gateway.state()["calls"][0]["audio_muted"], true);
}

#[tokio::test]
async fn all_members_and_their_list() {
    let gateway = quick();
    let (mut client, first, nested) = moved(&gateway).await;
    let mut all = ids(&nested);
    all["member_id"] = json!("all");
    let params = json!({ "self": ids(&first), "target": all, "channels": ["audio"] });
    assert_eq!(client.request("call.mute", params).await["result"]["code"], "200");
    for member in nested["room_session"]["members"].as_array().unwrap() {
        let updated = client.event("member.updated").await["params"]["member"].clone();
        assert_eq!(ids(&updated), ids(member));
    }
    let params = json!({ "self": ids(&first), "target": ids(&nested) });
    let list = client.request("call.member.list", params).await["result"]["members"].clone();
    assert!(list.as_array().unwrap().iter().all(|m| m["audio_muted"] == true), "{list}");
    assert_eq!(list.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn others_join_talk_are_placed_removed_and_leave() {
    let gateway = quick();
    let (mut client, first, nested) = moved(&gateway).await;
    client.event("layout.changed").await;
    gateway.fault(json!({ "fault": "member_joins", "name": "fay" }));
    let fay = client.event("member.joined").await["params"]["member"].clone();
    let id = &fay["member_id"];
    gateway.fault(json!({ "fault": "member_talks", "member_id": id }));
    let talking = client.event("member.talking").await["params"].clone();
    let expected = json!({ "member_id": id, "talking": true, "node_id": fay["node_id"] });
    assert_eq!(talking["member"], expected);
    assert_eq!(talking["room_session_id"], nested["room_session_id"]);
    let place = json!({ "self": ids(&first),
        "targets": [{ "target": ids(&fay), "position": "reserved-0" }] });
    let placed = client.request("call.member.position.set", place).await;
    assert_eq!(placed["result"]["code"], "200");
    let layers = client.event("layout.changed").await["params"]["layout"]["layers"].clone();
    let layer = layers.as_array().unwrap().iter().find(|l| l["member_id"] == *id).unwrap();
    assert_eq!(layer["position"], "reserved-0");
    let params = json!({ "self": ids(&first), "target": ids(&fay) });
    client.request("call.member.remove", params).await;
    let left = client.event("member.left").await["params"].clone();
    assert_eq!((&left["member"]["member_id"], &left["reason"]), (id, &json!("removed")));
    let dora = nested["room_session"]["members"][1]["member_id"].clone();
    gateway.fault(json!({ "fault": "member_leaves", "member_id": dora }));
    let left = client.event("member.left").await["params"].clone();
    assert_eq!(left["member"]["member_id"], dora);
    assert_eq!(gateway.state()["calls"][0]["state"], "answered");
    assert_eq!(gateway.state()["violations"], json!([]));
}

#[tokio::test]
async fn a_bye_leaves_every_segment() {
    let gateway = quick();
    let (mut client, first, nested) = moved(&gateway).await;
    gateway.fault(json!({ "fault": "move_call", "name": "/public/deeper", "members": ["gus"] }));
    let deeper = client.event("call.joined").await["params"].clone();
    assert_eq!(deeper["room_session"]["members"].as_array().unwrap().len(), 2);
    gateway.fault(json!({ "fault": "hang_up" }));
    for joined in [&deeper, &nested, &first] {
        let left = client.event("call.left").await["params"].clone();
        assert_eq!(left["call_id"], joined["call_id"]);
        assert_eq!(left["origin_call_id"], "c-1");
    }
}
