//! The payloads of `call.*`, `member.*` and `layout.*` events.

use serde_json::{json, Value};

use crate::call::{Call, Leg};
use crate::directory::dialled_path;

/// Names of layouts that a call can have.
pub const LAYOUTS: [&str; 4] = ["1x1", "grid-responsive", "highlight-1-responsive", "full-screen"];

/// The member that is the client.
pub fn member(call: &Call, leg: &Leg) -> Value {
    json!({
        "member_id": call.member_id,
        "call_id": call.id,
        "node_id": call.node_id,
        "room_id": call.room_id,
        "room_session_id": call.room_session_id,
        "name": format!("sip:{}@gateway.call.signalwire.com;context=private", call.caller),
        "type": "member",
        "parent_id": null,
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
        "talking": false,
        "meta": {},
        "subscriber_id": call.subscriber_id,
        "address_id": call.address_id,
    })
}

fn room_session(call: &Call, leg: &Leg) -> Value {
    json!({
        "room_session_id": call.room_session_id,
        "room_id": call.room_id,
        "event_channel": leg.protocol,
        "name": dialled_path(&call.destination),
        "display_name": call.display_name,
        "layout_name": leg.layout,
        "recording": false,
        "streaming": false,
        "prioritize_handraise": false,
        "hide_video_muted": false,
        "locked": leg.locked,
        "meta": {},
        "members": [member(call, leg)],
        "recordings": [],
        "streams": [],
        "playbacks": [],
    })
}

/// `call.joined`.
pub fn joined(call: &Call, leg: &Leg) -> Value {
    json!({
        "room_session": room_session(call, leg),
        "room_id": call.room_id,
        "room_session_id": call.room_session_id,
        "call_id": call.id,
        "origin_call_id": call.id,
        "member_id": call.member_id,
        "node_id": call.node_id,
        "capabilities": ["self", "member", "layout", "digit", "lock", "end", "device",
            "screenshare"],
    })
}

/// `call.left`.
pub fn left(call: &Call, leg: &Leg, reason: &str) -> Value {
    json!({
        "room_session": room_session(call, leg),
        "room_id": call.room_id,
        "room_session_id": call.room_session_id,
        "call_id": call.id,
        "origin_call_id": call.id,
        "member_id": call.member_id,
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
pub fn updated(call: &Call, leg: &Leg, keys: &[&str]) -> Value {
    let mut member = member(call, leg);
    member["updated"] = json!(keys);
    json!({
        "member": member,
        "room_id": call.room_id,
        "room_session_id": call.room_session_id,
    })
}

/// `call.updated` and `room.updated`.
pub fn room_updated(call: &Call, leg: &Leg, keys: &[&str]) -> Value {
    let mut room = room_session(call, leg);
    room["updated"] = json!(keys);
    json!({
        "room_session": room,
        "room_id": call.room_id,
        "room_session_id": call.room_session_id,
    })
}

/// `layout.changed`.
pub fn layout_changed(call: &Call, leg: &Leg) -> Value {
    json!({
        "room_id": call.room_id,
        "room_session_id": call.room_session_id,
        "layout": {
            "id": leg.layout,
            "name": leg.layout,
            "room_id": call.room_id,
            "room_session_id": call.room_session_id,
            "layers": [{
                "layer_index": 0, "z_index": 0, "member_id": call.member_id,
                "playing_file": false, "position": leg.position, "reservation": null,
                "visible": true, "x": 0, "y": 0, "width": 100, "height": 100,
            }],
        },
    })
}
