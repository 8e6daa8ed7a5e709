//! Members, layout and segments of a joined call, and the control of them.

mod common;

use common::*;
use serde_json::{json, Value};
use signalwire_client::{
    AudioFlags, Call, CallEvent, CallEventStream, Client, DialOptions, ErrorKind, Member,
    MemberPosition, MemberTarget, ServerCallState,
};
use signalwire_gateway::{Dialect, Gateway};

/// A call to `address` that is answered, joined and has media, with what comes after that.
async fn joined(client: &Client, address: &str) -> (Call, CallEventStream) {
    let call = client.dial(address, DialOptions::default()).expect("dials");
    let events = call.events();
    call.answered().await.expect("is answered");
    let (mut is_joined, mut has_media) = (false, false);
    while !(is_joined && has_media) {
        let seen = wait_for(&events, |_| true).await;
        is_joined |= matches!(seen[0], CallEvent::Joined { .. });
        has_media |= matches!(seen[0], CallEvent::MediaConnected { .. });
    }
    (call, events)
}

fn own(call: &Call) -> Member {
    call.members().into_iter().find(|member| member.is_self).expect("the own member")
}

/// The keys and the member of the next update.
async fn update(events: &CallEventStream) -> (Vec<String>, Member) {
    let mut seen = wait_for(events, |e| matches!(e, CallEvent::MemberUpdated { .. })).await;
    match seen.pop() {
        Some(CallEvent::MemberUpdated { changed, member, .. }) => (changed, member),
        other => panic!("{other:?}"),
    }
}

fn send(gateway: &Gateway, event_type: &str, params: Value) {
    gateway.fault(json!({"fault": "send_event", "event_type": event_type, "params": params}));
}

#[test]
fn every_control_of_the_own_member_reaches_the_service_and_comes_back() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(control_own_member(dialect));
    }
}

async fn control_own_member(dialect: Dialect) {
    let gateway = gateway(dialect);
    let client = connected(&gateway).await;
    let (call, events) = joined(&client, "/public/echo").await;
    let sees = |key: &str| gateway.state()["calls"][0][key].clone();
    let me = own(&call);
    assert_eq!((me.call_id.as_str(), call.members().len()), (call.id().as_str(), 1));
    assert!(call.capabilities().contains(&"self".to_owned()));

    call.set_audio_muted(MemberTarget::Own, true).await.unwrap();
    assert!(call.is_muted());
    assert_eq!(sees("audio_muted"), true);
    let (changed, member) = update(&events).await;
    assert_eq!((changed, member.audio_muted), (vec!["audio_muted".to_owned()], true));
    call.set_audio_muted(MemberTarget::Member(me.member_id.clone()), false).await.unwrap();
    assert!(!call.is_muted(), "the own id is the own member");
    assert!(!update(&events).await.1.audio_muted);
    call.set_audio_muted(MemberTarget::All, true).await.unwrap();
    assert!(update(&events).await.1.audio_muted);
    assert!(call.is_muted(), "all are also we");
    call.unmute().await.unwrap();
    assert!(!update(&events).await.1.audio_muted);

    call.set_video_muted(MemberTarget::Own, true).await.unwrap();
    assert_eq!(update(&events).await.0, ["video_muted"]);
    assert!(!call.is_muted(), "the camera is not the microphone");
    call.set_deaf(MemberTarget::Own, true).await.unwrap();
    assert!(update(&events).await.1.is_deaf);
    assert_eq!(sees("deaf"), true);
    call.set_deaf(MemberTarget::Own, false).await.unwrap();
    assert!(!update(&events).await.1.is_deaf);
    call.set_hand_raised(MemberTarget::Own, true).await.unwrap();
    assert!(update(&events).await.1.hand_raised);
    call.set_hand_raised(MemberTarget::Own, false).await.unwrap();
    assert!(!update(&events).await.1.hand_raised);
    call.set_input_volume(MemberTarget::Own, -50).await.unwrap();
    assert_eq!(update(&events).await.1.input_volume, Some(-50.0));
    call.set_output_volume(MemberTarget::Own, 50).await.unwrap();
    assert_eq!(update(&events).await.1.output_volume, Some(50.0));
    call.set_input_sensitivity(MemberTarget::Own, 100).await.unwrap();
    assert_eq!(update(&events).await.1.input_sensitivity, Some(100.0));
    let flags = AudioFlags { auto_gain: Some(true), ..AudioFlags::default() };
    call.set_audio_flags(MemberTarget::Own, flags).await.unwrap();
    let (changed, member) = update(&events).await;
    assert_eq!((changed, member.auto_gain), (vec!["auto_gain".to_owned()], Some(true)));
    call.set_low_bitrate(MemberTarget::Own, true).await.unwrap();
    assert!(update(&events).await.1.low_bitrate);
    call.set_locked(true).await.unwrap();
    let locked = wait_for(
        &events,
        |e| matches!(e, CallEvent::Other { event_type, .. } if event_type == "room.updated"),
    )
    .await;
    assert!(format!("{locked:?}").contains(r#"\"locked\":true"#), "{locked:?}");
    assert_eq!(own(&call).input_sensitivity, Some(100.0));

    call.hangup().await.unwrap();
    assert_clean(&gateway);
}

#[test]
fn layouts_are_listed_chosen_and_filled() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let (call, events) = joined(&client, "/public/echo").await;
        let names = call.layouts().await.unwrap();
        assert!(names.contains(&"highlight-1-responsive".to_owned()), "{names:?}");
        call.set_layout("highlight-1-responsive").await.unwrap();
        wait_for(&events, |e| matches!(e, CallEvent::LayoutChanged { .. })).await;
        let layout = call.layout().unwrap();
        assert_eq!(layout.id, "highlight-1-responsive");
        assert_eq!((layout.layers.len(), layout.layers[0].width), (1, 100.0));
        let place = MemberPosition { target: MemberTarget::Own, position: "reserved-0".to_owned() };
        call.set_positions(vec![place]).await.unwrap();
        wait_for(&events, |e| matches!(e, CallEvent::LayoutChanged { .. })).await;
        assert_eq!(own(&call).position.as_deref(), Some("reserved-0"));
        assert_clean(&gateway);

        let error = call.set_layout("no such layout").await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(422)), "{error}");
        call.hangup().await.unwrap();
    });
}

#[test]
fn other_members_come_and_go_and_broken_events_are_passed_on() {
    run(async {
        let gateway = gateway(Dialect::Browser);
        let client = connected(&gateway).await;
        let (call, events) = joined(&client, "/public/echo").await;
        let session = own(&call).room_session_id;
        let about = |member: Value| json!({"room_session_id": session, "member": member});
        let bob = json!({"member_id": "bob", "call_id": "c-bob", "node_id": "n-bob",
            "name": "Bob", "type": "screen", "parent_id": "me"});

        send(&gateway, "member.joined", about(bob));
        wait_for(
            &events,
            |e| matches!(e, CallEvent::MemberJoined { member, .. } if member.name == "Bob"),
        )
        .await;
        send(&gateway, "member.talking", about(json!({"member_id": "bob", "talking": true})));
        wait_for(&events, |e| matches!(e, CallEvent::MemberTalking { is_talking: true, .. })).await;
        send(
            &gateway,
            "member.updated",
            about(json!({"member_id": "bob", "handraised": true, "updated": ["handraised"]})),
        );
        let (changed, bob) = update(&events).await;
        assert_eq!(changed, ["handraised"]);
        assert!(bob.hand_raised && bob.is_talking && !bob.is_self && bob.name == "Bob", "{bob:?}");
        assert_eq!(call.members().len(), 2);

        for (event_type, member) in [
            ("member.joined", json!("nobody")),
            ("member.updated", json!({"member_id": "stranger", "audio_muted": true})),
            ("member.updated", json!({"audio_muted": true})),
            ("member.talking", json!({"member_id": "stranger", "talking": true})),
            ("member.left", json!({"member_id": 7})),
        ] {
            send(&gateway, event_type, about(member.clone()));
            let seen = wait_for(&events, |e| matches!(e, CallEvent::Other { .. })).await;
            let [CallEvent::Other { event_type: name, raw_json }] = seen.as_slice() else {
                panic!("{seen:?}")
            };
            let raw: Value = serde_json::from_str(raw_json).unwrap();
            assert_eq!((name.as_str(), &raw["member"]), (event_type, &member));
        }
        assert_eq!(call.members().len(), 2);

        let left = json!({"room_session_id": session, "member": {"member_id": "bob"},
            "reason": "removed"});
        send(&gateway, "member.left", left);
        wait_for(&events, |e| {
            matches!(e, CallEvent::MemberLeft { member, reason, .. }
                if member.member_id == "bob" && reason == "removed")
        })
        .await;
        assert_eq!(call.members().len(), 1);
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_nested_segment_adds_its_members_and_takes_them_away() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let (call, events) = joined(&client, "/public/echo").await;
        let me = own(&call);
        let before = call.capabilities();
        let nested = json!({"call_id": "seg", "origin_call_id": call.id(), "member_id": "me-2",
            "node_id": "n-2", "room_session_id": "rs-2", "capabilities": ["layout"],
            "room_session": {"room_session_id": "rs-2", "layout_name": "1x1", "members": [
                {"member_id": "me-2", "call_id": "seg", "node_id": "n-2", "audio_muted": true},
                {"member_id": "eve", "call_id": "c-eve", "node_id": "n-eve", "name": "Eve"}]}});
        send(&gateway, "call.joined", nested);
        // On its heels, and named by the new session alone.
        send(
            &gateway,
            "member.talking",
            json!({"room_session_id": "rs-2", "member": {"member_id": "eve", "talking": true}}),
        );
        wait_for(&events, |e| matches!(e, CallEvent::Joined { call_id, .. } if call_id == "seg"))
            .await;
        wait_for(&events, |e| matches!(e, CallEvent::MemberTalking { .. })).await;
        assert!(call.is_muted(), "the service joined us muted");
        assert_eq!(call.capabilities(), ["layout"]);
        assert_eq!(call.layout().unwrap().id, "1x1");
        assert_eq!(call.members().len(), 3);
        assert_eq!(call.members().iter().filter(|member| member.is_self).count(), 2);
        send(&gateway, "call.state", json!({"call_id": "seg", "call_state": "answered"}));
        wait_for(&events, |e| {
            matches!(e, CallEvent::ServerStateChanged { call_id, state, .. }
                if call_id == "seg" && *state == ServerCallState::Answered)
        })
        .await;

        // Told by the session alone.
        send(
            &gateway,
            "member.left",
            json!({"room_session_id": "rs-2", "member": {"member_id": "eve"}}),
        );
        wait_for(&events, |e| matches!(e, CallEvent::MemberLeft { .. })).await;
        let left = json!({"call_id": "seg", "origin_call_id": call.id(), "member_id": "me-2",
            "room_session_id": "rs-2", "reason": "left"});
        send(&gateway, "call.left", left);
        wait_for(&events, |e| matches!(e, CallEvent::SegmentLeft { .. })).await;
        assert_eq!(call.members().len(), 1);
        assert_eq!((own(&call).member_id, call.capabilities()), (me.member_id, before));
        assert!(call.state().is_answered(), "the leg lives on");

        call.unmute().await.unwrap();
        assert!(!call.is_muted());
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn an_update_in_a_call_of_two_segments_is_told_once() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let (call, events) = joined(&client, "/public/echo").await;
        let eve = json!({"member_id": "eve", "call_id": "c-eve", "visible": true});
        let nested = json!({"call_id": "seg", "origin_call_id": call.id(), "member_id": "me-2",
            "node_id": "n-2", "room_session_id": "rs-2",
            "room_session": {"room_session_id": "rs-2", "members": [eve]}});
        send(&gateway, "call.joined", nested);
        let update = json!({"call_id": "seg", "room_session_id": "rs-2",
            "member": {"member_id": "eve", "visible": false, "updated": ["visible"]}});
        send(&gateway, "member.updated", update);
        send(&gateway, "call.state", json!({"call_id": "seg", "call_state": "answered"}));
        let seen = wait_for(
            &events,
            |e| matches!(e, CallEvent::ServerStateChanged { call_id, .. } if call_id == "seg"),
        )
        .await;
        let updates = seen.iter().filter(|e| matches!(e, CallEvent::MemberUpdated { .. })).count();
        assert_eq!(updates, 1, "{seen:?}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn two_calls_in_one_session_both_hear_of_its_members() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let mut legs = Vec::new();
        for name in ["a", "b"] {
            let (call, events) = joined(&client, "/public/echo").await;
            let nested = json!({"call_id": format!("seg-{name}"), "origin_call_id": call.id(),
                "member_id": name, "node_id": "n", "room_session_id": "shared"});
            send(&gateway, "call.joined", nested);
            wait_for(&events, |e| matches!(e, CallEvent::Joined { .. })).await;
            legs.push((call, events));
        }
        let eve = json!({"room_session_id": "shared", "member": {"member_id": "eve"}});
        send(&gateway, "member.joined", eve);
        for (call, events) in &legs {
            wait_for(events, |e| matches!(e, CallEvent::MemberJoined { .. })).await;
            assert!(call.members().iter().any(|member| member.member_id == "eve"));
        }
        legs[0].0.hangup().await.unwrap();
        send(
            &gateway,
            "member.left",
            json!({"room_session_id": "shared", "member": {"member_id": "eve"}}),
        );
        wait_for(&legs[1].1, |e| matches!(e, CallEvent::MemberLeft { .. })).await;
        legs[1].0.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn arguments_that_cannot_be_never_leave() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let (call, _events) = joined(&client, "/public/echo").await;
        let me = || MemberTarget::Own;
        let place = |target, position: &str| {
            call.set_positions(vec![MemberPosition { target, position: position.to_owned() }])
        };
        for result in [
            call.set_input_volume(me(), 51).await,
            call.set_input_volume(me(), -51).await,
            call.set_output_volume(me(), 51).await,
            call.set_output_volume(me(), i32::MIN).await,
            call.set_input_sensitivity(me(), -1).await,
            call.set_input_sensitivity(me(), 101).await,
            call.set_audio_flags(me(), AudioFlags::default()).await,
            call.set_audio_muted(MemberTarget::Member(String::new()), true).await,
            call.set_layout("").await,
            call.set_positions(Vec::new()).await,
            place(MemberTarget::All, "auto").await,
            place(me(), "").await,
            call.transfer("nowhere").await,
            call.transfer("").await,
            call.execute("mute", None).await.map(drop),
            call.execute("call.mute", Some("[]")).await.map(drop),
            call.execute("call.mute", Some("no JSON")).await.map(drop),
        ] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
        let stranger = || MemberTarget::Member("stranger".to_owned());
        for result in [
            call.set_audio_muted(stranger(), true).await,
            call.remove_member("stranger").await,
            call.end_for(stranger()).await,
            place(stranger(), "auto").await,
        ] {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, None), "{error}");
        }
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn refusals_of_the_service_keep_their_code() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let (call, _events) = joined(&client, "/public/echo").await;
        let error = call.transfer("/public/bob").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
        let error = call.execute("call.nobody.knows", None).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some(404)), "{error}");
        let error = call.execute("call.mute", Some(r#"{"channels": []}"#)).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(422)), "{error}");
        let result = call.execute("call.layout.list", None).await.unwrap();
        assert!(result.contains("layouts"), "{result}");
        assert!(call.state().is_answered());
        call.hangup().await.unwrap();
    });
}

#[test]
fn too_early_and_too_late() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/never", DialOptions::default()).unwrap();
        assert!(call.members().is_empty() && call.layout().is_none());
        assert!(call.capabilities().is_empty());
        for error in attempts(&call).await {
            assert_eq!(error, ErrorKind::InvalidState);
        }
        call.hangup().await.unwrap();
        for error in attempts(&call).await {
            assert_eq!(error, ErrorKind::Closed);
        }
        assert_clean(&gateway);
    });
}

async fn attempts(call: &Call) -> Vec<ErrorKind> {
    [
        call.set_audio_muted(MemberTarget::Own, true).await,
        call.set_deaf(MemberTarget::All, true).await,
        call.set_locked(true).await,
        call.layouts().await.map(drop),
        call.remove_member("bob").await,
        call.transfer("/public/bob").await,
        call.execute("call.lock", None).await.map(drop),
        call.mute().await,
    ]
    .into_iter()
    .map(|result| result.unwrap_err().kind())
    .collect()
}

#[test]
fn removing_oneself_or_ending_the_call_at_the_service_ends_it() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let (call, _events) = joined(&client, "/public/echo").await;
        call.end_for(MemberTarget::Own).await.unwrap();
        let end = call.ended().await.unwrap();
        assert_eq!(end.code, 16, "{end:?}");
        let (call, _events) = joined(&client, "/public/echo").await;
        call.remove_member(&own(&call).member_id).await.unwrap();
        call.ended().await.unwrap();
        assert_clean(&gateway);
    });
}
