//! A leg that the service moved into a room: members on other nodes, each with ids of its own.

mod common;

use common::*;
use serde_json::json;
use signalwire_client::{
    Call, CallEvent, CallEventStream, Client, DialOptions, ErrorKind, Member, MemberPosition,
    MemberTarget,
};
use signalwire_gateway::Dialect;

/// A call that has been moved into the room, with what comes after that.
async fn moved(client: &Client) -> (Call, CallEventStream) {
    let call = client.dial("/public/moved", DialOptions::default()).expect("dials");
    let events = call.events();
    wait_for(&events, |e| matches!(e, CallEvent::Joined { .. })).await;
    wait_for(&events, |e| matches!(e, CallEvent::Joined { .. })).await;
    wait_for(&events, |e| matches!(e, CallEvent::LayoutChanged { .. })).await;
    (call, events)
}

fn others(call: &Call) -> Vec<Member> {
    call.members().into_iter().filter(|member| !member.is_self).collect()
}

fn target(member: &Member) -> MemberTarget {
    MemberTarget::Member(member.member_id.clone())
}

async fn update(events: &CallEventStream) -> Member {
    let mut seen = wait_for(events, |e| matches!(e, CallEvent::MemberUpdated { .. })).await;
    match seen.pop() {
        Some(CallEvent::MemberUpdated { member, .. }) => member,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_member_is_controlled_by_its_own_ids() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let (call, events) = moved(&client).await;
            let others = others(&call);
            assert_eq!((others.len(), call.members().len()), (2, 4));
            for other in &others {
                call.set_audio_muted(target(other), true).await.unwrap();
                let seen = update(&events).await;
                assert_eq!((&seen.member_id, seen.audio_muted), (&other.member_id, true));
            }
            assert!(!call.is_muted());
            call.mute().await.unwrap();
            let seen = update(&events).await;
            assert!(seen.is_self && seen.audio_muted && call.is_muted());
            call.set_input_volume(target(&others[0]), -7).await.unwrap();
            assert_eq!(update(&events).await.input_volume, Some(-7.0));
            call.set_audio_muted(MemberTarget::All, false).await.unwrap();
            for _ in 0..3 {
                assert!(!update(&events).await.audio_muted);
            }
            assert!(!call.is_muted());
            let place =
                MemberPosition { target: target(&others[1]), position: "reserved-0".to_owned() };
            call.set_positions(vec![place]).await.unwrap();
            wait_for(&events, |e| matches!(e, CallEvent::LayoutChanged { .. })).await;
            let placed =
                call.members().into_iter().find(|m| m.member_id == others[1].member_id).unwrap();
            assert_eq!(placed.position.as_deref(), Some("reserved-0"));
            call.remove_member(&others[0].member_id).await.unwrap();
            wait_for(&events, |e| {
                matches!(e, CallEvent::MemberLeft { member, .. }
                    if member.member_id == others[0].member_id)
            })
            .await;
            let gone = call.set_deaf(target(&others[0]), true).await.unwrap_err();
            assert_eq!(gone.kind(), ErrorKind::NotFound);
            assert_clean(&gateway);
            let error = call.set_low_bitrate(target(&others[1]), true).await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(-32001)));
            call.hangup().await.unwrap();
        });
    }
}

#[test]
fn the_room_is_left_and_the_call_goes_on() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let (call, events) = moved(&client).await;
        gateway.fault(json!({"fault": "member_joins", "name": "fay"}));
        let joined = wait_for(&events, |e| matches!(e, CallEvent::MemberJoined { .. })).await;
        let Some(CallEvent::MemberJoined { member: fay, .. }) = joined.last() else {
            unreachable!()
        };
        gateway.fault(json!({"fault": "member_talks", "member_id": fay.member_id}));
        wait_for(&events, |e| matches!(e, CallEvent::MemberTalking { is_talking: true, .. })).await;
        gateway.fault(json!({"fault": "leave_segment"}));
        wait_for(&events, |e| matches!(e, CallEvent::SegmentLeft { .. })).await;
        assert_eq!(call.members().len(), 1);
        call.mute().await.unwrap();
        let seen = update(&events).await;
        assert_eq!((seen.is_self, seen.call_id), (true, call.id()));
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}
