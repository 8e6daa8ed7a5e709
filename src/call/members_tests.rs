//! What the roster makes of events: whole, partial, repeated, out of order and broken ones.

use super::*;
use serde_json::json;

const LEG: &str = "leg";

fn hear(roster: &mut Roster, event_type: &str, payload: Value) -> Heard {
    roster.hear(event_type, &payload, "n-leg")
}

/// `call.joined` of the leg itself, with the own member and Bob.
fn first() -> Value {
    json!({"call_id": LEG, "origin_call_id": LEG, "member_id": "me", "node_id": "n1",
        "room_session_id": "rs1", "capabilities": ["self", "member.remove"],
        "room_session": {"layout_name": "grid", "members": [
            {"member_id": "me", "call_id": LEG, "node_id": "n1", "room_session_id": "rs1",
             "name": "Me", "audio_muted": false},
            {"member_id": "bob", "call_id": "c-bob", "node_id": "n2", "name": "Bob"}]}})
}

/// The `call.joined` of a room that the leg was moved into.
fn nested() -> Value {
    json!({"call_id": "seg", "origin_call_id": LEG, "member_id": "me2", "node_id": "n3",
        "room_session_id": "rs2", "capabilities": ["layout"],
        "room_session": {"members": [
            {"member_id": "me2", "call_id": "seg", "node_id": "n3", "room_session_id": "rs2"},
            {"member_id": "eve", "call_id": "c-eve", "node_id": "n4", "room_session_id": "rs2"}]}})
}

fn joined() -> Roster {
    let mut roster = Roster::default();
    hear(&mut roster, "call.joined", first());
    roster
}

fn ids(roster: &Roster) -> Vec<String> {
    roster.members().into_iter().map(|member| member.member_id).collect()
}

fn member(roster: &Roster, id: &str) -> Member {
    roster.members().into_iter().find(|member| member.member_id == id).expect("a known member")
}

fn address(member_id: &str, call_id: &str, node_id: &str) -> MemberRef {
    MemberRef { member_id: member_id.into(), call_id: call_id.into(), node_id: node_id.into() }
}

fn is_other(heard: &Heard, event_type: &str) -> bool {
    matches!(&heard.event, CallEvent::Other { event_type: name, .. } if name == event_type)
}

#[test]
fn the_list_in_call_joined_seeds_the_table() {
    let roster = joined();
    assert_eq!(ids(&roster), ["me", "bob"]);
    assert!(member(&roster, "me").is_self && !member(&roster, "bob").is_self);
    assert_eq!(member(&roster, "bob").room_session_id, "rs1", "from the event");
    assert_eq!(roster.capabilities(), ["self", "member.remove"]);
    let layout = roster.layout().unwrap();
    assert_eq!((layout.id.as_str(), layout.layers.len()), ("grid", 0));
    assert_eq!(member(&roster, "me").position, None);
}

#[test]
fn each_member_is_addressed_by_its_own_ids() {
    let mut roster = joined();
    let bob = MemberTarget::Member("bob".into());
    assert_eq!(*roster.own().unwrap(), address("me", LEG, "n1"));
    assert_eq!(roster.address(&MemberTarget::Own).unwrap(), address("me", LEG, "n1"));
    assert_eq!(roster.address(&MemberTarget::All).unwrap(), address("all", LEG, "n1"));
    assert_eq!(roster.address(&bob).unwrap(), address("bob", "c-bob", "n2"));
    let stranger = roster.address(&MemberTarget::Member("carl".into())).unwrap_err();
    assert_eq!(stranger.kind(), ErrorKind::NotFound);

    hear(&mut roster, "call.joined", nested());
    assert_eq!(*roster.own().unwrap(), address("me", LEG, "n1"), "who asks never changes");
    assert_eq!(roster.address(&MemberTarget::Own).unwrap(), address("me2", "seg", "n3"));
    assert_eq!(roster.address(&MemberTarget::All).unwrap(), address("all", "seg", "n3"));
    assert_eq!(roster.address(&bob).unwrap(), address("bob", "c-bob", "n2"));
    let first = MemberTarget::Member("me".into());
    assert_eq!(roster.address(&first).unwrap(), address("me", LEG, "n1"));

    // A member whose ids were not told is asked for at the own place.
    hear(
        &mut roster,
        "member.joined",
        json!({"room_session_id": "rs2",
        "member": {"member_id": "fay"}}),
    );
    let fay = MemberTarget::Member("fay".into());
    assert_eq!(roster.address(&fay).unwrap(), address("fay", "seg", "n3"));
}

#[test]
fn before_the_join_only_the_invites_member_is_known() {
    let mut roster = Roster::default();
    for target in [MemberTarget::Own, MemberTarget::All, MemberTarget::Member("bob".into())] {
        let error = roster.address(&target).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidState, "{target:?}");
    }
    assert!(roster.own().is_err() && roster.layout().is_none());
    assert!(roster.capabilities().is_empty() && roster.members().is_empty());
    roster.invited(address("me0", LEG, "n0"));
    assert_eq!(*roster.own().unwrap(), address("me0", LEG, "n0"));
    hear(&mut roster, "call.joined", first());
    assert_eq!(*roster.own().unwrap(), address("me", LEG, "n1"));
    assert!(roster.is_own("me0") && roster.is_own("me"));
}

#[test]
fn a_nested_segment_before_the_first_does_not_become_who_asks() {
    let mut roster = Roster::default();
    roster.invited(address("me", LEG, "n1"));
    hear(&mut roster, "call.joined", nested());
    assert_eq!(*roster.own().unwrap(), address("me", LEG, "n1"));
}

#[test]
fn a_segment_takes_its_members_with_it() {
    let mut roster = joined();
    hear(&mut roster, "call.joined", nested());
    assert_eq!(ids(&roster), ["me", "bob", "me2", "eve"]);
    assert_eq!(roster.capabilities(), ["layout"]);
    let left = json!({"call_id": "seg", "room_session_id": "rs2", "member_id": "me2",
        "origin_call_id": LEG, "reason": "moved"});
    let heard = hear(&mut roster, "call.left", left.clone());
    assert!(matches!(heard.event, CallEvent::SegmentLeft { call_id, room_session_id, reason, .. }
        if (call_id.as_str(), room_session_id.as_str(), reason.as_str()) == ("seg", "rs2", "moved")));
    assert_eq!(ids(&roster), ["me", "bob"]);
    assert_eq!(roster.capabilities(), ["self", "member.remove"]);
    assert_eq!(roster.address(&MemberTarget::Own).unwrap(), address("me", LEG, "n1"));
    assert!(is_other(&hear(&mut roster, "call.left", left), "call.left"), "a second time");

    // After the last one the leg still knows who it is.
    hear(&mut roster, "call.left", json!({"call_id": LEG, "room_session_id": "rs1"}));
    assert!(roster.members().is_empty());
    assert_eq!(roster.address(&MemberTarget::Own).unwrap(), address("me", LEG, "n1"));
}

#[test]
fn segments_of_one_session_share_its_members() {
    let mut roster = joined();
    let mut again = nested();
    again["room_session_id"] = json!("rs1");
    again["room_session"]["members"] = json!([]);
    hear(&mut roster, "call.joined", again);
    assert_eq!(ids(&roster), ["me", "bob", "me2"], "the own member without a list");
    hear(&mut roster, "call.left", json!({"call_id": "seg", "room_session_id": "rs1"}));
    assert_eq!(ids(&roster), ["me", "bob"]);
}

#[test]
fn a_repeated_join_changes_nothing() {
    let mut roster = joined();
    hear(
        &mut roster,
        "layout.changed",
        json!({"room_session_id": "rs1", "layout": {"id": "x",
        "layers": [{"member_id": "bob", "position": "standard-1"}]}}),
    );
    hear(&mut roster, "call.joined", first());
    assert_eq!(ids(&roster), ["me", "bob"]);
    assert_eq!(member(&roster, "bob").position.as_deref(), Some("standard-1"));
    hear(&mut roster, "call.left", json!({"call_id": LEG}));
    assert!(roster.members().is_empty(), "it was one segment");
}

#[test]
fn members_come_change_talk_and_go() {
    let mut roster = joined();
    let eve = json!({"room_session_id": "rs1",
        "member": {"member_id": "eve", "call_id": "c-eve", "node_id": "n9", "name": "Eve",
            "type": "screen", "parent_id": "bob", "input_volume": 10}});
    let heard = hear(&mut roster, "member.joined", eve.clone());
    assert!(matches!(heard.event, CallEvent::MemberJoined { member, .. } if member.name == "Eve"));
    assert!(is_other(&hear(&mut roster, "member.joined", eve), "member.joined"), "a second time");

    let heard = hear(
        &mut roster,
        "member.updated",
        json!({"room_session_id": "rs1",
        "member": {"member_id": "eve", "audio_muted": true, "updated": ["audio_muted"]}}),
    );
    let CallEvent::MemberUpdated { changed, member: eve, audio_muted, video_muted, .. } =
        heard.event
    else {
        panic!("{:?}", heard.event)
    };
    assert_eq!((changed, audio_muted, video_muted), (vec!["audio_muted".into()], Some(true), None));
    assert!(eve.audio_muted && eve.name == "Eve" && eve.input_volume == Some(10.0), "{eve:?}");
    assert_eq!(heard.own_muted, OwnMuted::default(), "of somebody else");

    let heard = hear(
        &mut roster,
        "member.talking",
        json!({"member": {"member_id": "eve", "talking": true, "node_id": "n9"}}),
    );
    assert!(matches!(heard.event, CallEvent::MemberTalking { is_talking: true, .. }));
    assert!(member(&roster, "eve").is_talking);

    let gone = json!({"member": {"member_id": "eve"}, "reason": "removed"});
    let heard = hear(&mut roster, "member.left", gone.clone());
    assert!(matches!(heard.event, CallEvent::MemberLeft { member, reason, .. }
        if member.name == "Eve" && reason == "removed"));
    assert!(is_other(&hear(&mut roster, "member.left", gone), "member.left"), "a second time");
    assert_eq!(ids(&roster), ["me", "bob"]);
}

#[test]
fn without_a_list_of_changes_the_differences_count() {
    let mut roster = joined();
    let update = json!({"member": {"member_id": "bob", "name": "Bob", "handraised": true}});
    let heard = hear(&mut roster, "member.updated", update.clone());
    assert!(matches!(heard.event, CallEvent::MemberUpdated { changed, .. }
        if changed == ["handraised"]));
    assert!(is_other(&hear(&mut roster, "member.updated", update), "member.updated"));
}

#[test]
fn the_own_microphone_follows_the_service() {
    let mut roster = joined();
    hear(&mut roster, "call.joined", nested());
    for (member_id, muted, expected) in [
        ("me", json!(true), Some(true)),
        ("me2", json!(false), Some(false)),
        ("bob", json!(true), None),
        ("me", json!("true"), None),
    ] {
        let heard = hear(
            &mut roster,
            "member.updated",
            json!({"member": {
            "member_id": member_id, "audio_muted": muted, "updated": ["audio_muted"]}}),
        );
        assert_eq!(heard.own_muted.audio, expected, "{member_id} {muted}");
    }
    let room = json!({"room_session_id": "rs1", "room_session": {"members": [
        {"member_id": "bob", "audio_muted": false}, {"member_id": "me", "audio_muted": true},
        {"member_id": "nobody"}, 7]}});
    let heard = hear(&mut roster, "room.updated", room);
    assert!(is_other(&heard, "room.updated"));
    assert_eq!(heard.own_muted.audio, Some(true));
    assert_eq!(ids(&roster), ["me", "bob", "me2", "eve"], "only the known ones are merged");
}

#[test]
fn joined_muted_mutes_and_joined_unmuted_does_not_unmute() {
    for (muted, expected) in [(true, Some(true)), (false, None)] {
        let mut event = first();
        event["room_session"]["members"][0]["audio_muted"] = json!(muted);
        let heard = hear(&mut Roster::default(), "call.joined", event);
        assert_eq!(heard.own_muted.audio, expected);
    }
}

#[test]
fn positions_follow_the_layout_of_the_members_session() {
    let mut roster = joined();
    hear(&mut roster, "call.joined", nested());
    let layout = |session: &str, member: &str| {
        json!({"room_session_id": session,
        "layout": {"id": "2x1", "layers": [{"member_id": member, "position": "standard-1"}]}})
    };
    let heard = hear(&mut roster, "layout.changed", layout("rs2", "eve"));
    assert!(matches!(heard.event, CallEvent::LayoutChanged { layout, .. } if layout.id == "2x1"));
    assert_eq!(roster.layout().unwrap().layers.len(), 1);
    for (id, position) in [("eve", Some("standard-1")), ("me2", Some(OFF_CANVAS)), ("bob", None)] {
        assert_eq!(member(&roster, id).position.as_deref(), position, "{id}");
    }
    let elsewhere = hear(&mut roster, "layout.changed", layout("rs9", "bob"));
    assert!(is_other(&elsewhere, "layout.changed"));
    hear(&mut roster, "layout.changed", layout("rs1", "bob"));
    assert_eq!(member(&roster, "bob").position.as_deref(), Some("standard-1"));
}

#[test]
fn states_of_the_server_are_typed() {
    for (name, expected) in [
        ("created", Some(ServerCallState::Created)),
        ("ringing", Some(ServerCallState::Ringing)),
        ("answered", Some(ServerCallState::Answered)),
        ("ending", Some(ServerCallState::Ending)),
        ("ended", Some(ServerCallState::Ended)),
        ("dreaming", None),
    ] {
        let heard = hear(&mut joined(), "call.state", json!({"call_id": LEG, "call_state": name}));
        match (heard.event, expected) {
            (CallEvent::ServerStateChanged { state, call_id, .. }, Some(expected)) => {
                assert_eq!((state, call_id.as_str()), (expected, LEG));
            }
            (CallEvent::Other { .. }, None) => {}
            (event, _) => panic!("{name}: {event:?}"),
        }
    }
}

#[test]
fn what_cannot_be_changes_nothing_and_is_passed_on() {
    let mut roster = joined();
    let before = roster.members();
    for (event_type, payload) in [
        ("member.joined", json!(null)),
        ("member.joined", json!({"member": "bob"})),
        ("member.joined", json!({"member": {"member_id": 7}})),
        ("member.joined", json!({"member": {"member_id": ""}})),
        ("member.joined", json!({"room_session_id": "other", "member": {"member_id": "x"}})),
        ("member.updated", json!({"member": {"member_id": "stranger", "audio_muted": true}})),
        ("member.updated", json!({"member": {"member_id": "bob", "audio_muted": "loud"}})),
        ("member.updated", json!({"member": {"member_id": "bob", "call_id": null, "name": ""}})),
        ("member.talking", json!({"member": {"member_id": "stranger", "talking": true}})),
        ("member.talking", json!({"member": {"member_id": "bob", "talking": "yes"}})),
        ("member.talking", json!({"member": {"member_id": "bob"}})),
        ("member.left", json!({"member": {"member_id": "stranger"}})),
        ("member.left", json!([])),
        ("call.joined", json!({"call_id": LEG})),
        ("call.joined", json!({"member_id": "me"})),
        ("call.joined", json!("joined")),
        ("call.left", json!({})),
        ("call.left", json!({"call_id": "unknown", "room_session_id": "rs1"})),
        ("call.state", json!({"call_state": 3})),
        ("layout.changed", json!({"layout": null})),
        ("room.updated", json!({"room_session": {"members": {"member_id": "bob"}}})),
        ("nobody.knows", json!({"member": {"member_id": "x"}})),
    ] {
        let heard = hear(&mut roster, event_type, payload.clone());
        assert!(is_other(&heard, event_type), "{event_type} {payload}: {:?}", heard.event);
        assert_eq!(roster.members(), before, "{event_type} {payload}");
    }
}

#[test]
fn the_table_is_bounded() {
    let mut roster = joined();
    for number in 0..=MAX_MEMBERS {
        let id = format!("m{number}");
        hear(&mut roster, "member.joined", json!({"member": {"member_id": id}}));
    }
    assert_eq!(roster.members.len(), MAX_MEMBERS);
    for number in 0..=MAX_SEGMENTS {
        let mut event = nested();
        event["call_id"] = json!(format!("seg{number}"));
        hear(&mut roster, "call.joined", event);
    }
    assert_eq!(roster.segments.len(), MAX_SEGMENTS);
    assert_eq!(roster.segments[0].call_id, LEG);
    assert_eq!(roster.address(&MemberTarget::Own).unwrap().member_id, "me2");
}
