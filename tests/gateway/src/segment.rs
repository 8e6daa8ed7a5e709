//! The segments of a leg: where the service has moved it, without the leg ending.
//!
//! The first segment is the call itself. Each further one is a room with members of its own, in
//! which the leg is a member with another id, under another call id, on another node.

use std::sync::Arc;

use serde_json::{json, Value};

use crate::call::{Call, Leg};
use crate::events;
use crate::hub::Hub;
use crate::rpc;

/// A member other than the client, with the ids that requests have to name it by.
pub type Other = Value;

/// One segment.
#[derive(Clone, Debug)]
pub struct Segment {
    pub call_id: String,
    pub node_id: String,
    pub member_id: String,
    pub room_id: String,
    pub room_session_id: String,
    pub name: String,
    pub display_name: String,
    pub others: Vec<Other>,
}

impl Segment {
    /// A room that a leg is moved into, with members of these names.
    pub fn room(name: &str, display_name: &str, members: &[&str]) -> Segment {
        let mut segment = Segment {
            call_id: rpc::uuid(),
            node_id: format!("{}@us-west", rpc::uuid()),
            member_id: rpc::uuid(),
            room_id: rpc::uuid(),
            room_session_id: rpc::uuid(),
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            others: Vec::new(),
        };
        for member in members {
            let other = segment.stranger(member);
            segment.others.push(other);
        }
        segment
    }

    /// A new member that is not the client.
    pub fn stranger(&self, name: &str) -> Other {
        json!({
            "member_id": rpc::uuid(), "call_id": rpc::uuid(),
            "node_id": format!("{}@eu-central", rpc::uuid()),
            "room_id": self.room_id, "room_session_id": self.room_session_id,
            "name": format!("sip:{name}@gateway.call.signalwire.com;context=private"),
            "type": "member", "parent_id": null, "requested_position": "auto",
            "handraised": false, "visible": false, "audio_muted": false, "video_muted": true,
            "deaf": false, "input_volume": 0, "output_volume": 0, "input_sensitivity": 30,
            "echo_cancellation": true, "auto_gain": true, "noise_suppression": true,
            "lowbitrate": false, "denoise": false, "talking": false, "meta": {},
            "subscriber_id": rpc::uuid(), "address_id": rpc::uuid(),
        })
    }

    /// Whether a `self` or `target` names the client in this segment by all its ids.
    pub fn is_named_by(&self, ids: &Value) -> bool {
        names(ids, &self.member_id, &self.call_id, &self.node_id)
    }

    /// Which of the other members a `target` names by all its ids.
    pub fn other_named_by(&self, ids: &Value) -> Option<usize> {
        self.others.iter().position(|other| {
            ["member_id", "call_id", "node_id"].iter().all(|key| ids[key] == other[key])
        })
    }

    /// The payload of an event about one other member.
    pub fn about(&self, member: &Other) -> Value {
        json!({
            "member": member, "room_id": self.room_id, "room_session_id": self.room_session_id,
        })
    }
}

fn names(ids: &Value, member_id: &str, call_id: &str, node_id: &str) -> bool {
    ids["member_id"] == member_id && ids["call_id"] == call_id && ids["node_id"] == node_id
}

/// Moves an answered leg into a room.
pub fn enter(hub: &Hub, call: &Call, segment: Segment) -> bool {
    let events = call.with(|leg| {
        if !leg.is_answered() {
            return None;
        }
        leg.segments.push(segment.clone());
        let joined = events::joined(call, leg, &segment);
        Some((leg.protocol.clone(), joined, events::layout_changed(leg, &segment)))
    });
    let Some((protocol, joined, layout)) = events else { return false };
    hub.event(&protocol, "call.joined", joined);
    hub.event(&protocol, "layout.changed", layout);
    true
}

/// Takes a leg out of the room it was moved into last; the leg goes on.
pub fn leave(hub: &Hub, call: &Call, reason: &str) -> bool {
    let left = call.with(|leg| {
        let left = (leg.segments.len() > 1).then(|| leg.segments.pop()).flatten()?;
        Some((leg.protocol.clone(), events::left(call, leg, &left, reason)))
    });
    let Some((protocol, left)) = left else { return false };
    hub.event(&protocol, "call.left", left);
    true
}

/// Somebody joins the room that the leg is in at present.
pub fn admit(hub: &Hub, call: &Call, name: &str) -> Option<String> {
    let (protocol, payload) = call.with(|leg| {
        let segment = leg.segments.last_mut()?;
        let other = segment.stranger(name);
        let payload = segment.about(&other);
        segment.others.push(other);
        Some((leg.protocol.clone(), payload))
    })?;
    let id = payload["member"]["member_id"].as_str().map(str::to_owned);
    hub.event(&protocol, "member.joined", payload);
    id
}

/// A member other than the client leaves its room.
pub fn dismiss(hub: &Hub, call: &Call, member_id: &str, reason: &str) -> bool {
    let gone = call.with(|leg| {
        let (segment, at) = leg.segments.iter_mut().find_map(|segment| {
            let at = segment.others.iter().position(|o| o["member_id"] == member_id)?;
            Some((segment, at))
        })?;
        let other = segment.others.remove(at);
        let mut payload = segment.about(&other);
        payload["reason"] = json!(reason);
        Some((leg.protocol.clone(), payload))
    });
    let Some((protocol, payload)) = gone else { return false };
    hub.event(&protocol, "member.left", payload);
    true
}

/// Somebody in the room begins or ends talking: nothing but ids and the state.
pub fn talk(hub: &Hub, call: &Call, member_id: &str, talking: bool) -> bool {
    let event = call.with(|leg| {
        let segment = leg.segments.last_mut()?;
        let node_id = match segment.others.iter_mut().find(|o| o["member_id"] == member_id) {
            Some(other) => {
                other["talking"] = json!(talking);
                other["node_id"].clone()
            }
            None if segment.member_id == member_id => json!(segment.node_id),
            None => return None,
        };
        let member = json!({ "member_id": member_id, "talking": talking, "node_id": node_id });
        Some((leg.protocol.clone(), segment.about(&member)))
    });
    let Some((protocol, payload)) = event else { return false };
    hub.event(&protocol, "member.talking", payload);
    true
}

/// The life of a leg of `/public/moved` after its answer.
pub async fn moved(hub: Arc<Hub>, call: Arc<Call>) {
    tokio::time::sleep(hub.config.move_after).await;
    let room = Segment::room("/public/meeting", "The meeting", &["dora", "emil"]);
    enter(&hub, &call, room);
}

/// What an action on a member of a request finds: the client's leg, or one of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The client, as the member of this segment.
    Client(usize),
    /// All members of this segment.
    All(usize),
    Other {
        segment: usize,
        member: usize,
    },
}

/// Finds what a `target` names: every member goes by its own three ids.
pub fn find(leg: &Leg, ids: &Value) -> Option<Target> {
    leg.segments.iter().enumerate().rev().find_map(|(at, segment)| {
        if segment.is_named_by(ids) {
            return Some(Target::Client(at));
        }
        if names(ids, "all", &segment.call_id, &segment.node_id) {
            return Some(Target::All(at));
        }
        Some(Target::Other { segment: at, member: segment.other_named_by(ids)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_goes_by_its_own_three_ids() {
        let room = Segment::room("/public/x", "X", &["dora", "emil"]);
        let emil = room.others[1].clone();
        assert_eq!(room.other_named_by(&emil), Some(1));
        for (key, wrong) in [("call_id", &room.call_id), ("node_id", &room.node_id)] {
            let mut ids = emil.clone();
            ids[key] = json!(wrong);
            assert_eq!(room.other_named_by(&ids), None, "{key}");
        }
        let me = json!({ "member_id": room.member_id, "call_id": room.call_id,
            "node_id": room.node_id });
        assert!(room.is_named_by(&me) && !room.is_named_by(&emil));
    }
}
