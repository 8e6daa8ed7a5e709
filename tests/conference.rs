//! Three subscribers in one room: they hear each other, act on each other, and see the same.

mod common;

use common::*;
use serde_json::json;
use signalwire_client::{
    Call, CallEvent, CallEventStream, CallState, Client, DialOptions, ErrorKind, Member,
    MemberKind, MemberTarget, ScreenShareOptions,
};
use signalwire_gateway::{Dialect, Gateway};
use std::sync::Arc;
use std::time::Duration;

/// A subscriber in the room.
struct Guest {
    name: &'static str,
    _client: Client,
    call: Call,
    events: CallEventStream,
    ear: Arc<Ear>,
}

impl Guest {
    async fn enters(gateway: &Gateway, name: &'static str) -> Guest {
        let mut options = options(gateway);
        options.token = gateway.mint_token(name, 3600, None);
        let client = Client::new(options).unwrap();
        client.connect().await.unwrap();
        let call = client.dial("/public/room?channel=audio", DialOptions::default()).unwrap();
        let (events, ear) = (call.events(), Ear::new());
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        call.answered().await.unwrap();
        let guest = Guest { name, _client: client, call, events, ear };
        guest.sees(|e| matches!(e, CallEvent::LayoutChanged { .. })).await;
        guest
    }

    /// Waits for an event.
    async fn sees(&self, fits: impl Fn(&CallEvent) -> bool) -> CallEvent {
        wait_for(&self.events, fits).await.pop().expect("the event")
    }

    /// Waits until the roster has this many members.
    async fn sees_members(&self, count: usize) {
        while self.call.members().len() != count {
            self.sees(|e| {
                matches!(
                    e,
                    CallEvent::MemberJoined { .. }
                        | CallEvent::MemberLeft { .. }
                        | CallEvent::Joined { .. }
                )
            })
            .await;
        }
    }

    /// The member that another guest is in this guest's roster.
    fn member(&self, of: &Guest) -> Member {
        let name = format!("sip:{}@", of.name);
        let members = self.call.members();
        members.into_iter().find(|member| member.name.starts_with(&name)).expect("a member")
    }

    fn knows(&self, of: &Guest) -> MemberTarget {
        MemberTarget::Member(self.member(of).member_id)
    }

    /// Speaks at this pitch until the call is over.
    fn speaks(&self, hz: f64) -> tokio::task::JoinHandle<()> {
        let (call, format) = (self.call.clone(), MONO_48K);
        tokio::spawn(async move {
            let frame = tone(hz, format, 20);
            let mut pace = tokio::time::interval(Duration::from_millis(10));
            while call.state() != CallState::Ended {
                pace.tick().await;
                while call.queued_audio_ms() < 60 && call.push_audio(&frame, format).is_ok() {}
            }
        })
    }
}

#[test]
fn three_callers_hear_and_see_each_other_until_they_go() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(three_callers(dialect));
    }
}

async fn three_callers(dialect: Dialect) {
    let gateway = gateway(dialect);
    let alice = Guest::enters(&gateway, "alice").await;
    let bob = Guest::enters(&gateway, "bob").await;
    let carol = Guest::enters(&gateway, "carol").await;
    for guest in [&alice, &bob, &carol] {
        guest.sees_members(3).await;
        assert_eq!(guest.call.members().iter().filter(|m| m.is_self).count(), 1);
    }

    // Voices cross; who talks is shown.
    let speaking = [alice.speaks(500.0), bob.speaks(1_500.0)];
    alice.ear.wait_for_tone(1_500.0, MONO_48K, 200).await;
    bob.ear.wait_for_tone(500.0, MONO_48K, 200).await;
    let bob_is = carol.member(&bob).member_id;
    carol
        .sees(|e| {
            matches!(e, CallEvent::MemberTalking { member_id, is_talking: true, .. }
                if *member_id == bob_is)
        })
        .await;

    // Alice mutes Bob: everybody sees it, nobody hears him any more.
    alice.call.set_audio_muted(alice.knows(&bob), true).await.unwrap();
    for guest in [&alice, &bob, &carol] {
        guest.sees(|e| matches!(e, CallEvent::MemberUpdated { .. })).await;
        assert!(guest.member(&bob).audio_muted, "{}", guest.name);
    }
    carol.ear.wait_for_tone(500.0, MONO_48K, 200).await;

    carol.call.set_layout("highlight-1-responsive").await.unwrap();
    for guest in [&alice, &bob, &carol] {
        guest
            .sees(|e| {
                matches!(e, CallEvent::LayoutChanged { layout, .. }
                    if layout.name == "highlight-1-responsive")
            })
            .await;
        assert_eq!(guest.call.layout().unwrap().layers.len(), 3);
    }

    // Bob's socket is cut: he comes back into the same room and is still told what happens.
    let bobs = gateway.state()["calls"][1]["protocol"].clone();
    gateway.fault(json!({ "fault": "drop_sockets", "protocol": bobs }));
    carol.call.set_hand_raised(MemberTarget::Own, true).await.unwrap();
    bob.sees(|e| matches!(e, CallEvent::MemberUpdated { member, .. } if member.hand_raised)).await;
    assert!(bob.member(&carol).hand_raised && bob.call.members().len() == 3);

    let gone = alice.member(&carol).member_id;
    alice.call.remove_member(&gone).await.unwrap();
    carol.call.ended().await.unwrap();
    for guest in [&alice, &bob] {
        guest.sees_members(2).await;
    }
    let error = alice.call.remove_member(&gone).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    bob.call.hangup().await.unwrap();
    alice.sees_members(1).await;
    alice.call.hangup().await.unwrap();
    for speaking in speaking {
        speaking.await.unwrap();
    }
    assert_clean(&gateway);
}

#[test]
fn a_screen_in_the_room_is_told_once_and_ends_alone() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(shared_screen(dialect));
    }
}

async fn shared_screen(dialect: Dialect) {
    let gateway = gateway(dialect);
    let alice = Guest::enters(&gateway, "alice").await;
    let bob = Guest::enters(&gateway, "bob").await;
    alice.sees_members(2).await;
    let screen = bob.call.start_screen_share(ScreenShareOptions::default()).await.unwrap();
    screen.answered().await.unwrap();
    let parent = alice.member(&bob).member_id;
    let mut shown = Vec::new();
    for guest in [&alice, &bob] {
        let joined = guest
            .sees(|e| {
                matches!(e, CallEvent::MemberJoined { member, .. }
                    if member.kind == MemberKind::Screen)
            })
            .await;
        let CallEvent::MemberJoined { member, .. } = joined else { unreachable!() };
        assert_eq!(member.parent_id.as_ref(), Some(&parent));
        assert_eq!(guest.call.members().len(), 3);
        shown.push(member);
    }
    assert_eq!(shown[0].member_id, shown[1].member_id);

    // It was not told of a session, and knows its own member from the answer to its invite.
    screen.set_video_muted(MemberTarget::Own, true).await.unwrap();
    for guest in [&alice, &bob] {
        guest
            .sees(|e| {
                matches!(e, CallEvent::MemberUpdated { member, .. }
                    if member.member_id == shown[0].member_id && member.video_muted)
            })
            .await;
    }

    // A service may also tell the screen of a session of its own: the call stays where it is.
    let own = json!({"call_id": screen.id(), "origin_call_id": screen.id(),
        "member_id": shown[0].member_id, "node_id": shown[0].node_id,
        "room_session_id": shown[0].room_session_id,
        "room_session": {"members": []}, "capabilities": ["self"]});
    let told = screen.events();
    let protocol = gateway.state()["calls"][1]["protocol"].clone();
    let tell = |event_type: &str, params: &serde_json::Value| {
        gateway.fault(json!({"fault": "send_event", "event_type": event_type,
            "params": params, "protocol": protocol}));
    };
    let before = bob.call.capabilities();
    tell("call.joined", &own);
    wait_for(&told, |e| matches!(e, CallEvent::Joined { .. })).await;
    tell("call.left", &own);
    wait_for(&told, |e| matches!(e, CallEvent::SegmentLeft { .. })).await;
    assert_eq!((bob.call.members().len(), bob.call.capabilities()), (3, before));

    // The screen is a member that is acted on like any.
    let target = MemberTarget::Member(shown[0].member_id.clone());
    alice.call.set_input_volume(target, 9).await.unwrap();
    for guest in [&alice, &bob] {
        guest
            .sees(|e| {
                matches!(e, CallEvent::MemberUpdated { member, .. }
                    if member.kind == MemberKind::Screen && member.input_volume == Some(9.0))
            })
            .await;
    }
    screen.hangup().await.unwrap();
    for guest in [&alice, &bob] {
        let mut seen = wait_for(&guest.events, |e| matches!(e, CallEvent::MemberLeft { .. })).await;
        let Some(CallEvent::MemberLeft { member, .. }) = seen.pop() else { unreachable!() };
        assert_eq!(member.member_id, shown[0].member_id);
        let again = |e: &CallEvent| matches!(e, CallEvent::Other { event_type, .. } if event_type == "member.joined");
        assert!(!seen.iter().any(again), "told twice: {seen:?}");
        assert_eq!(guest.call.members().len(), 2);
    }
    assert_eq!(bob.call.state(), CallState::Active);
    bob.call.set_hand_raised(MemberTarget::Own, true).await.unwrap();
    alice.sees(|e| matches!(e, CallEvent::MemberUpdated { .. })).await;
    assert!(alice.member(&bob).hand_raised);
    for guest in [&bob, &alice] {
        guest.call.hangup().await.unwrap();
    }
    assert_clean(&gateway);
}
