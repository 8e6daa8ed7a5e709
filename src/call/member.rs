//! One member of a call, as far as the service described it.

use serde_json::{Map, Value};

/// What kind of participant a member is. The number of a kind never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
#[repr(i32)]
pub enum MemberKind {
    /// A person, an agent or a line; also every kind that this library does not know.
    #[default]
    Member = 0,
    /// A shared screen; [`Member::parent_id`] says whose.
    Screen = 1,
    /// A further device of a member; [`Member::parent_id`] says whose.
    Device = 2,
}

/// A member of a call at one moment.
///
/// A flag that the service has not told is `false`, or none where both values say something.
/// Source: signalwire-js fabricMember.ts.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Member {
    /// The member's id, which [`crate::MemberTarget::Member`] takes.
    pub member_id: String,
    /// The call id of the member's own leg or segment; empty when not told.
    pub call_id: String,
    /// The media node of that leg; empty when not told.
    pub node_id: String,
    /// The session that the member is in. A call that was moved on is in several.
    pub room_session_id: String,
    /// The member's name, often as `sip:alice@…;context=private`.
    pub name: String,
    /// Person, screen or device.
    pub kind: MemberKind,
    /// Whose screen or device it is.
    pub parent_id: Option<String>,
    /// Whether it is this call itself.
    pub is_self: bool,
    /// Whether the member speaks at the moment.
    pub is_talking: bool,
    /// Whether the microphone is muted by the service.
    pub audio_muted: bool,
    /// Whether the camera is muted by the service.
    pub video_muted: bool,
    /// Whether the member gets no audio.
    pub is_deaf: bool,
    /// Whether the hand is raised.
    pub hand_raised: bool,
    /// Volume of the microphone, -50 to 50.
    pub input_volume: Option<f64>,
    /// Volume of what the member hears, -50 to 50.
    pub output_volume: Option<f64>,
    /// Below which level sound counts as silence, 0 to 100.
    pub input_sensitivity: Option<f64>,
    /// Echo cancellation at the service.
    pub echo_cancellation: Option<bool>,
    /// Automatic gain at the service.
    pub auto_gain: Option<bool>,
    /// Noise suppression at the service.
    pub noise_suppression: Option<bool>,
    /// Whether the member gets video of low bit rate.
    pub low_bitrate: bool,
    /// Whether the member's video is shown.
    pub visible: Option<bool>,
    /// Where the layout shows the member: `off-canvas` for nowhere; none before the first layout.
    pub position: Option<String>,
    /// Where the member was asked to be shown.
    pub requested_position: Option<String>,
    /// The subscriber, if the member is one.
    pub subscriber_id: Option<String>,
    /// The address by which the member came.
    pub address_id: Option<String>,
    /// What applications attached to the member: the text of one JSON object.
    pub meta_json: String,
    /// All that the service told of the member, as the text of one JSON object.
    pub raw_json: String,
}

/// Members of the service's object that are booleans, and so worth nothing as anything else.
const FLAGS: [&str; 11] = [
    "talking",
    "audio_muted",
    "video_muted",
    "deaf",
    "handraised",
    "echo_cancellation",
    "auto_gain",
    "noise_suppression",
    "lowbitrate",
    "denoise",
    "visible",
];

/// Members of the service's object that are numbers.
const NUMBERS: [&str; 3] = ["input_volume", "output_volume", "input_sensitivity"];

/// Members of the service's object that are texts which must not be lost.
const IDS: [&str; 5] = ["call_id", "node_id", "room_session_id", "name", "type"];

/// Whether a value can be what its key stands for. What cannot does not replace what is known.
pub(super) fn is_usable(key: &str, value: &Value) -> bool {
    if FLAGS.contains(&key) {
        value.is_boolean()
    } else if NUMBERS.contains(&key) {
        value.is_number()
    } else if IDS.contains(&key) {
        value.as_str().is_some_and(|text| !text.is_empty())
    } else {
        true
    }
}

impl Member {
    /// Reads what the service told; `is_self` and `position` are for who knows them.
    pub(super) fn read(object: &Map<String, Value>) -> Self {
        let text = |key: &str| {
            let value = object.get(key).and_then(Value::as_str);
            value.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let known = |key: &str| object.get(key).and_then(Value::as_bool);
        let flag = |key: &str| known(key).unwrap_or(false);
        let number = |key: &str| object.get(key).and_then(Value::as_f64);
        let id = |key: &str| text(key).unwrap_or_default();
        let meta = object.get("meta").filter(|meta| meta.is_object());
        Self {
            member_id: id("member_id"),
            call_id: id("call_id"),
            node_id: id("node_id"),
            room_session_id: id("room_session_id"),
            name: id("name"),
            kind: match text("type").as_deref() {
                Some("screen") => MemberKind::Screen,
                Some("device") => MemberKind::Device,
                _ => MemberKind::Member,
            },
            parent_id: text("parent_id"),
            is_self: false,
            is_talking: flag("talking"),
            audio_muted: flag("audio_muted"),
            video_muted: flag("video_muted"),
            is_deaf: flag("deaf"),
            hand_raised: flag("handraised"),
            input_volume: number("input_volume"),
            output_volume: number("output_volume"),
            input_sensitivity: number("input_sensitivity"),
            echo_cancellation: known("echo_cancellation"),
            auto_gain: known("auto_gain"),
            noise_suppression: known("noise_suppression"),
            low_bitrate: flag("lowbitrate"),
            visible: known("visible"),
            position: None,
            requested_position: text("requested_position"),
            subscriber_id: text("subscriber_id"),
            address_id: text("address_id"),
            meta_json: meta.map_or_else(|| "{}".to_owned(), Value::to_string),
            raw_json: serde_json::to_string(object).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Member {
        Member::read(value.as_object().unwrap())
    }

    #[test]
    fn every_field_is_read() {
        let member = read(&json!({"member_id": "m", "call_id": "c", "node_id": "n",
            "room_session_id": "rs", "name": "Bob", "type": "screen", "parent_id": "p",
            "talking": true, "audio_muted": true, "video_muted": true, "deaf": true,
            "handraised": true, "input_volume": -3, "output_volume": 2.5, "input_sensitivity": 30,
            "echo_cancellation": true, "auto_gain": false, "lowbitrate": true, "visible": false,
            "requested_position": "auto", "subscriber_id": "s", "address_id": "a",
            "meta": {"k": 1}}));
        assert_eq!((member.kind, member.parent_id.as_deref()), (MemberKind::Screen, Some("p")));
        assert!(member.is_talking && member.audio_muted && member.video_muted && member.is_deaf);
        assert!(member.hand_raised && member.low_bitrate);
        assert_eq!((member.input_volume, member.output_volume), (Some(-3.0), Some(2.5)));
        assert_eq!(member.input_sensitivity, Some(30.0));
        let flags = (member.echo_cancellation, member.auto_gain, member.noise_suppression);
        assert_eq!(flags, (Some(true), Some(false), None));
        assert_eq!((member.visible, member.meta_json.as_str()), (Some(false), r#"{"k":1}"#));
        assert_eq!(member.requested_position.as_deref(), Some("auto"));
        assert_eq!(member.subscriber_id.as_deref(), Some("s"));
        assert_eq!(member.address_id.as_deref(), Some("a"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_unknown() {
        let member = read(&json!({"member_id": "m", "type": "robot", "parent_id": null,
            "talking": "yes", "input_volume": "loud", "meta": 7, "name": ""}));
        let expected = Member {
            member_id: "m".into(),
            meta_json: "{}".into(),
            raw_json: member.raw_json.clone(),
            ..Member::default()
        };
        assert_eq!(member, expected);
    }

    #[test]
    fn values_that_cannot_be() {
        for (key, value, usable) in [
            ("audio_muted", json!(true), true),
            ("audio_muted", json!("true"), false),
            ("input_volume", json!(1.5), true),
            ("input_volume", json!(null), false),
            ("call_id", json!(""), false),
            ("call_id", json!("c"), true),
            ("parent_id", json!(null), true),
            ("meta", json!({}), true),
        ] {
            assert_eq!(is_usable(key, &value), usable, "{key} {value}");
        }
    }
}
