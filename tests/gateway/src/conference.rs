//! The room behind `/public/room`: whoever calls it is in it with all the others, hears them and
//! sees what they do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::call::Call;
use crate::events;
use crate::hub::Hub;
use crate::media::lock;
use crate::media::mixer::Mixer;
use crate::rpc;

/// How often it is looked who talks.
const LISTENING: Duration = Duration::from_millis(100);

/// A room and who is in it.
pub struct Conference {
    pub room_id: String,
    pub room_session_id: String,
    mixer: Arc<Mixer>,
    next_seat: AtomicU64,
    members: Mutex<Vec<Member>>,
}

#[derive(Clone)]
struct Member {
    call: Arc<Call>,
    seat: u64,
    talks: bool,
}

impl Conference {
    /// An empty room.
    pub fn new() -> Conference {
        Conference {
            room_id: rpc::uuid(),
            room_session_id: rpc::uuid(),
            mixer: Arc::default(),
            next_seat: AtomicU64::new(1),
            members: Mutex::default(),
        }
    }

    /// The legs in the room, in the order of their coming.
    pub fn legs(&self) -> Vec<Arc<Call>> {
        lock(&self.members).iter().map(|member| member.call.clone()).collect()
    }

    /// The leg of this member.
    pub fn leg(&self, member_id: &str) -> Option<Arc<Call>> {
        self.legs().into_iter().find(|call| call.member_id == member_id)
    }

    fn remove(&self, call: &Call) -> bool {
        let mut members = lock(&self.members);
        let Some(at) = members.iter().position(|member| member.call.id == call.id) else {
            return false;
        };
        self.mixer.leave(members.remove(at).seat);
        true
    }
}

/// A leg whose media are ready is answered inside the room.
pub fn enter(hub: &Arc<Hub>, call: &Arc<Call>, conference: &Arc<Conference>) {
    let seat = conference.next_seat.fetch_add(1, Ordering::Relaxed);
    let others = conference.legs();
    conference.mixer.join(seat);
    let present: Vec<Value> = others.iter().map(|other| description(other)).collect();
    let layout = others.first().map(|other| other.with(|leg| (leg.layout.clone(), leg.locked)));
    let (layout, locked) = layout.unwrap_or_else(|| ("grid-responsive".to_owned(), false));
    let is_first = {
        let mut members = lock(&conference.members);
        members.push(Member { call: call.clone(), seat, talks: false });
        members.len() == 1
    };
    call.with(|leg| {
        leg.position = format!("standard-{}", seat);
        leg.layout = layout;
        leg.locked = locked;
        leg.segments[0].others = present;
        if let Some(media) = &leg.media {
            media.controls.take_seat(conference.mixer.clone(), seat);
        }
    });
    call.answer(hub);
    let newcomer = description(call);
    for other in &others {
        let payload = other.with(|leg| {
            leg.segments[0].others.push(newcomer.clone());
            leg.segments[0].about(&newcomer)
        });
        tell(hub, other, "member.joined", payload);
    }
    show_layout(hub, conference);
    if is_first {
        tokio::spawn(listen(hub.clone(), conference.clone()));
    }
}

/// A leg of the room is over.
pub fn left(hub: &Hub, call: &Call, conference: &Conference) {
    if !conference.remove(call) {
        return;
    }
    let gone = description(call);
    for other in conference.legs() {
        let payload = other.with(|leg| {
            leg.segments[0].others.retain(|o| o["member_id"] != call.member_id);
            let mut payload = leg.segments[0].about(&gone);
            payload["reason"] = json!("hangup");
            payload
        });
        tell(hub, &other, "member.left", payload);
    }
    show_layout(hub, conference);
}

/// A member of the room was changed: all learn it.
pub fn changed(hub: &Hub, conference: &Conference, member: &Call, keys: &[&str]) {
    let payload = member.with(|leg| events::updated(member, leg, leg.home(), keys));
    let now = description(member);
    for leg in conference.legs() {
        keep(&leg, &now);
        tell(hub, &leg, "member.updated", payload.clone());
    }
}

/// Locks or unlocks the room for all.
pub fn lock_room(hub: &Hub, conference: &Conference, locked: bool) {
    for call in conference.legs() {
        let payload = call.with(|leg| {
            leg.locked = locked;
            events::room_updated(&call, leg, leg.home(), &["locked"])
        });
        for name in ["call.updated", "room.updated"] {
            tell(hub, &call, name, payload.clone());
        }
    }
}

/// All see the room in this layout.
pub fn set_layout(hub: &Hub, conference: &Conference, layout: &str) {
    for call in conference.legs() {
        call.with(|leg| leg.layout = layout.to_owned());
    }
    show_layout(hub, conference);
}

/// Tells everybody where everybody is.
pub fn show_layout(hub: &Hub, conference: &Conference) {
    let legs = conference.legs();
    let places: Vec<(String, String)> = legs
        .iter()
        .map(|call| (call.member_id.clone(), call.with(|leg| leg.position.clone())))
        .collect();
    for call in legs {
        let payload = call.with(|leg| events::layout(leg.home(), &leg.layout, &places));
        tell(hub, &call, "layout.changed", payload);
    }
}

/// Tells a leg of the room. A screen or device is not told: its parent, on the same socket, is.
fn tell(hub: &Hub, call: &Call, event: &str, payload: Value) {
    if call.child.is_none() {
        hub.event(&call.protocol(), event, payload);
    }
}

/// A leg as the others see it.
fn description(call: &Call) -> Value {
    call.with(|leg| events::member(call, leg, leg.home()))
}

/// Brings what a leg knows of another member up to date.
fn keep(call: &Call, member: &Value) {
    call.with(|leg| {
        let known =
            leg.segments[0].others.iter_mut().find(|o| o["member_id"] == member["member_id"]);
        if let Some(known) = known {
            *known = member.clone();
        }
    });
}

/// Tells the room who begins and who ends talking, as long as somebody is there.
async fn listen(hub: Arc<Hub>, conference: Arc<Conference>) {
    loop {
        tokio::time::sleep(LISTENING).await;
        let now = Instant::now();
        let (changes, empty) = {
            let mut members = lock(&conference.members);
            let mut changes = Vec::new();
            for member in members.iter_mut() {
                let talks = conference.mixer.talks(member.seat, now);
                if std::mem::replace(&mut member.talks, talks) != talks {
                    changes.push((member.call.clone(), talks));
                }
            }
            (changes, members.is_empty())
        };
        if empty {
            return;
        }
        for (speaker, talks) in changes {
            speaker.with(|leg| leg.talks = talks);
            let described = description(&speaker);
            let ids = json!({
                "member_id": speaker.member_id, "talking": talks, "node_id": speaker.node_id,
            });
            for call in conference.legs() {
                keep(&call, &described);
                let payload = call.with(|leg| leg.home().about(&ids));
                tell(&hub, &call, "member.talking", payload);
            }
        }
    }
}
