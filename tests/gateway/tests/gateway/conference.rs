//! Several subscribers in one room.

use crate::common::{gateway, Client, OFFER};
use serde_json::{json, Value};
use signalwire_gateway::Gateway;

fn ids(of: &Value) -> Value {
    json!({ "member_id": of["member_id"], "call_id": of["call_id"], "node_id": of["node_id"] })
}

/// A subscriber who has come into the room; the payload of its `call.joined`.
async fn entered(gateway: &Gateway, reference: &str) -> (Client, Value) {
    let mut client = Client::open(gateway).await.unwrap();
    client.connect(&gateway.mint_token(reference, 60, None), json!({})).await;
    client.event("signalwire.authorization.state").await;
    client.invite(&format!("call-{reference}"), "/public/room?channel=audio", OFFER).await;
    let joined = client.event("call.joined").await["params"].clone();
    (client, joined)
}

fn members(joined: &Value) -> &Vec<Value> {
    joined["room_session"]["members"].as_array().unwrap()
}

#[tokio::test]
async fn everybody_learns_who_comes_what_changes_and_who_goes() {
    let gateway = gateway(|_| {});
    let (mut alice, first) = entered(&gateway, "alice").await;
    assert_eq!(members(&first).len(), 1);
    alice.event("layout.changed").await;
    let (mut bob, second) = entered(&gateway, "bob").await;
    assert_eq!(first["room_session_id"], second["room_session_id"]);
    assert_eq!(ids(&members(&second)[1]), ids(&first));
    let joined = alice.event("member.joined").await["params"].clone();
    assert_eq!(ids(&joined["member"]), ids(&second));
    for who in [&mut alice, &mut bob] {
        let layout = who.event("layout.changed").await["params"]["layout"].clone();
        assert_eq!(layout["layers"].as_array().unwrap().len(), 2);
    }

    let params = json!({ "self": ids(&first), "target": ids(&second), "channels": ["audio"] });
    assert_eq!(alice.request("call.mute", params).await["result"]["code"], "200");
    for who in [&mut alice, &mut bob] {
        let member = who.event("member.updated").await["params"]["member"].clone();
        assert_eq!((ids(&member), &member["audio_muted"]), (ids(&second), &json!(true)));
    }
    let params = json!({ "self": ids(&second), "target": ids(&second), "layout": "full-screen" });
    assert_eq!(bob.request("call.layout.set", params).await["result"]["code"], "200");
    let params = json!({ "self": ids(&second), "target": ids(&second) });
    assert_eq!(bob.request("call.lock", params).await["result"]["code"], "200");
    for who in [&mut alice, &mut bob] {
        assert_eq!(who.event("layout.changed").await["params"]["layout"]["id"], "full-screen");
        assert_eq!(who.event("call.updated").await["params"]["room_session"]["locked"], true);
    }
    let (_carol, third) = entered(&gateway, "carol").await;
    assert_eq!((members(&third).len(), &members(&third)[2]["audio_muted"]), (3, &json!(true)));
    assert_eq!(third["room_session"]["locked"], true, "as the others have it");

    let params = json!({ "self": ids(&first), "target": ids(&second) });
    assert_eq!(alice.request("call.member.remove", params).await["result"]["code"], "200");
    assert_eq!(bob.verto_event("verto.bye").await["params"]["causeCode"], 16);
    assert_eq!(
        alice.event("member.left").await["params"]["member"]["member_id"],
        second["member_id"]
    );
    assert_eq!(gateway.state()["violations"], json!([]));
}

#[tokio::test]
async fn all_are_muted_at_once_and_strangers_are_not_found() {
    let gateway = gateway(|_| {});
    let (mut alice, first) = entered(&gateway, "alice").await;
    let (mut bob, second) = entered(&gateway, "bob").await;
    let mut all = ids(&first);
    all["member_id"] = json!("all");
    let params = json!({ "self": ids(&first), "target": all, "channels": ["audio"] });
    assert_eq!(alice.request("call.mute", params).await["result"]["code"], "200");
    let muted = [
        bob.event("member.updated").await["params"]["member"].clone(),
        bob.event("member.updated").await["params"]["member"].clone(),
    ];
    assert_eq!([ids(&muted[0]), ids(&muted[1])], [ids(&first), ids(&second)]);
    let mut wrong = ids(&second);
    wrong["node_id"] = first["call_id"].clone();
    let params = json!({ "self": ids(&first), "target": wrong });
    assert_eq!(alice.request("call.deaf", params).await["result"]["code"], "404");
}

#[tokio::test]
async fn a_screen_is_a_member_that_each_learns_of_once() {
    let gateway = gateway(|_| {});
    let (mut alice, first) = entered(&gateway, "alice").await;
    let (mut bob, _) = entered(&gateway, "bob").await;
    alice.event("member.joined").await;
    for who in [&mut alice, &mut bob] {
        who.event("layout.changed").await;
    }
    alice.event("layout.changed").await;
    let dialog = json!({ "callID": "call-screen", "destination_number": "/public/room?channel=audio",
        "version": 1000, "screenShare": true, "pingSupported": true,
        "userVariables": { "memberCallId": "call-alice", "memberId": first["member_id"] } });
    let offer = OFFER.replace("a=sendrecv", "a=sendonly");
    alice.verto("verto.invite", json!({ "sdp": offer, "dialogParams": dialog })).await;
    let mut screen = Value::Null;
    for who in [&mut alice, &mut bob] {
        screen = who.event("member.joined").await["params"]["member"].clone();
        assert_eq!(
            (&screen["type"], &screen["parent_id"]),
            (&json!("screen"), &first["member_id"])
        );
        let layout = who.event("layout.changed").await["params"]["layout"].clone();
        assert_eq!(layout["layers"].as_array().unwrap().len(), 3);
    }
    let bye = json!({ "dialogParams": { "callID": "call-screen" } });
    alice.verto("verto.bye", bye).await;
    for who in [&mut alice, &mut bob] {
        let left = who.event("member.left").await["params"]["member"].clone();
        assert_eq!(left["member_id"], screen["member_id"]);
        who.event("layout.changed").await;
    }
    // A fence: what comes after it must not have been told twice, nor as a session of the screen.
    gateway.fault(json!({ "fault": "send_event", "event_type": "fence", "params": {} }));
    for who in [&mut alice, &mut bob] {
        who.event("fence").await;
        for kind in ["call.joined", "call.left", "member.joined", "member.left", "layout.changed"] {
            assert!(!who.has(kind), "{kind}");
        }
    }
    assert_eq!(gateway.state()["violations"], json!([]));
}
