//! The payloads of `call.*`, `member.*` and `layout.*` events.

use serde_json::{json, Value};

use crate::call::{Call, Leg};
use crate::directory::{dialled_path, name_of};
use crate::segment::Segment;

/// Names of layouts that a call can have.
pub const LAYOUTS: [&str; 4] = ["1x1", "grid-responsive", "highlight-1-responsive", "full-screen"];

/// Who the client of a leg is: of a call to it, the callee.
fn name(call: &Call) -> String {
    let name = match call.inbound {
        true => dialled_path(&call.destination).rsplit('/').next().unwrap_or_default().to_owned(),
        false => name_of(&call.caller),
    };
    format!("sip:{name}@gateway.call.signalwire.com;context=private")
}

/// The member that is the client in a segment.
pub fn member(call: &Call, leg: &Leg, at: &Segment) -> Value {
    json!({
        "member_id": at.member_id,
        "call_id": at.call_id,
        "node_id": at.node_id,
        "room_id": at.room_id,
        "room_session_id": at.room_session_id,
        "name": name(call),
        "type": call.child.as_ref().map_or("member", |child| child.kind),
        "parent_id": call.child.as_ref().map(|child| child.parent_id.as_str()),
        "requested_position": "auto",
        "handraised": leg.hand_raised,
        "visible": leg.has_video && !leg.video_muted,
        "audio_muted": leg.audio_muted,
        "video_muted": leg.video_muted || !leg.has_video,
        "deaf": leg.deaf,
        "input_volume": leg.input_volume,
        "output_volume": leg.output_volume,
        "input_sensitivity": leg.input_sensitivity,
        "echo_cancellation": leg.audio_flags[0],
        "auto_gain": leg.audio_flags[1],
        "noise_suppression": leg.audio_flags[2],
        "lowbitrate": leg.low_bitrate,
        "denoise": false,
        "talking": leg.talks,
        "meta": {},
        "subscriber_id": call.subscriber_id,
        "address_id": call.address_id,
    })
}

/// All members of a segment, the client first.
pub fn members(call: &Call, leg: &Leg, at: &Segment) -> Vec<Value> {
    std::iter::once(member(call, leg, at)).chain(at.others.iter().cloned()).collect()
}

fn room_session(call: &Call, leg: &Leg, at: &Segment) -> Value {
    json!({
        "room_session_id": at.room_session_id,
        "room_id": at.room_id,
        "event_channel": leg.protocol,
        "name": at.name,
        "display_name": at.display_name,
        "layout_name": leg.layout,
        "recording": false,
        "streaming": false,
        "prioritize_handraise": false,
        "hide_video_muted": false,
        "locked": leg.locked,
        "meta": {},
        "members": members(call, leg, at),
        "recordings": [],
        "streams": [],
        "playbacks": [],
    })
}

/// `call.joined`.
pub fn joined(call: &Call, leg: &Leg, at: &Segment) -> Value {
    json!({
        "room_session": room_session(call, leg, at),
        "room_id": at.room_id,
        "room_session_id": at.room_session_id,
        "call_id": at.call_id,
        "origin_call_id": call.id,
        "member_id": at.member_id,
        "node_id": at.node_id,
        "capabilities": ["self", "member", "layout", "digit", "lock", "end", "device",
            "screenshare"],
    })
}

/// `call.left`.
pub fn left(call: &Call, leg: &Leg, at: &Segment, reason: &str) -> Value {
    json!({
        "room_session": room_session(call, leg, at),
        "room_id": at.room_id,
        "room_session_id": at.room_session_id,
        "call_id": at.call_id,
        "origin_call_id": call.id,
        "member_id": at.member_id,
        "reason": reason,
    })
}

/// `call.state`.
pub fn state(call: &Call, leg: &Leg, name: &str) -> Value {
    json!({
        "call_id": call.id,
        "node_id": call.node_id,
        "segment_id": call.segment_id,
        "call_state": name,
        "direction": if call.inbound { "outbound" } else { "inbound" },
        "device": { "type": "webrtc", "params": {
            "from": format!("sip:{}@gateway.call.signalwire.com;context=private", call.caller),
            "to": dialled_path(&call.destination),
            "headers": [],
        }},
        "start_time": call.start_time,
        "answer_time": leg.answer_time,
        "end_time": leg.end_time,
        "room_session_id": call.room_session_id,
    })
}

/// `member.updated`; the member says which of its keys changed.
pub fn updated(call: &Call, leg: &Leg, at: &Segment, keys: &[&str]) -> Value {
    let mut member = member(call, leg, at);
    member["updated"] = json!(keys);
    json!({
        "member": member,
        "room_id": at.room_id,
        "room_session_id": at.room_session_id,
    })
}

/// `call.updated` and `room.updated`.
pub fn room_updated(call: &Call, leg: &Leg, at: &Segment, keys: &[&str]) -> Value {
    let mut room = room_session(call, leg, at);
    room["updated"] = json!(keys);
    json!({
        "room_session": room,
        "room_id": at.room_id,
        "room_session_id": at.room_session_id,
    })
}

/// `layout.changed`: side by side, the client first.
pub fn layout_changed(leg: &Leg, at: &Segment) -> Value {
    let id = |id: &Value| id.as_str().unwrap_or_default().to_owned();
    let others = at.others.iter().enumerate().map(|(number, other)| {
        let position = match other["requested_position"].as_str() {
            Some("auto") | None => format!("standard-{}", number + 2),
            Some(position) => position.to_owned(),
        };
        (id(&other["member_id"]), position)
    });
    let mine = (at.member_id.clone(), leg.position.clone());
    let places: Vec<_> = std::iter::once(mine).chain(others).collect();
    layout(at, &leg.layout, &places)
}

/// `layout.changed` with these members at these positions, side by side.
pub fn layout(at: &Segment, name: &str, places: &[(String, String)]) -> Value {
    let width = 100.0 / places.len().max(1) as f64;
    let layers: Vec<Value> = places
        .iter()
        .enumerate()
        .map(|(number, (member_id, position))| {
            json!({
                "layer_index": number, "z_index": 0, "member_id": member_id,
                "playing_file": false, "position": position, "reservation": null,
                "visible": true, "x": width * number as f64, "y": 0, "width": width,
                "height": 100,
            })
        })
        .collect();
    json!({
        "room_id": at.room_id,
        "room_session_id": at.room_session_id,
        "layout": {
            "id": name,
            "name": name,
            "room_id": at.room_id,
            "room_session_id": at.room_session_id,
            "layers": layers,
        },
    })
}
