//! Conversations and their messages, as HTTP lists them and as events bring them.
//!
//! Two generations of ids exist: conversations of today have a `group_id`, older ones were named
//! by the address they were with (`id`, `conversation_id`). Both are read.

use super::value::text;
use serde_json::Value;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
#[repr(i32)]
pub enum MessageKind {
    /// A text that somebody wrote.
    Chat = 1,
    /// A call in the history, see [`Message::call`].
    CallLog = 2,
    /// The service tells of a change.
    Update = 3,
    /// A kind this version does not know; see the raw JSON.
    Unknown = 4,
}

/// A call in a conversation's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct CallLog {
    /// What kind of call, as the service words it, such as `audio_call`; empty without.
    pub call_kind: String,
    /// What became of it, as the service words it; empty without.
    pub status: String,
    /// When it began, in milliseconds since 1970.
    pub started_at_ms: Option<i64>,
    /// When it ended, in milliseconds since 1970; none while it goes on.
    pub ended_at_ms: Option<i64>,
}

/// An entry of a conversation. Missing texts are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Message {
    /// Identifier; an update of a message has the same.
    pub id: String,
    /// The conversation that it belongs to.
    pub conversation_id: String,
    /// The address that it comes from; empty in entries of the older generation.
    pub from_address_id: String,
    /// What it is.
    pub kind: MessageKind,
    /// What was written.
    pub text: String,
    /// When it was sent, in milliseconds since 1970; none where the service does not say.
    pub sent_at_ms: Option<i64>,
    /// The call, for an entry of the call history.
    pub call: Option<CallLog>,
    /// Name of the conversation, in events.
    pub conversation_name: String,
    /// Name of who wrote it, in events.
    pub user_name: String,
    /// Whether the service asks not to show it.
    pub is_hidden: bool,
    /// The whole entry as JSON text.
    pub raw_json: String,
}

impl Message {
    /// Reads an entry; `None` without an id.
    pub(crate) fn parse(value: &Value) -> Option<Self> {
        let id = value["id"].as_str().filter(|id| !id.is_empty())?.to_owned();
        let kind = match value["subtype"].as_str() {
            Some("chat") => MessageKind::Chat,
            Some("log") => MessageKind::CallLog,
            Some("update") => MessageKind::Update,
            _ => MessageKind::Unknown,
        };
        let details = &value["details"];
        let call = (kind == MessageKind::CallLog).then(|| CallLog {
            call_kind: text(value, "kind"),
            status: text(details, "status"),
            started_at_ms: epoch_ms(&details["start_time"]),
            ended_at_ms: epoch_ms(&details["end_time"]),
        });
        Some(Self {
            id,
            conversation_id: either(value, &["group_id", "conversation_id"]),
            from_address_id: either(value, &FROM),
            kind,
            text: text(value, "text"),
            sent_at_ms: epoch_ms(&value["ts"]),
            call,
            conversation_name: text(value, "conversation_name"),
            user_name: text(value, "user_name"),
            is_hidden: value["hidden"].as_bool().unwrap_or(false),
            raw_json: value.to_string(),
        })
    }
}

/// A conversation with another address. Missing texts are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Conversation {
    /// Identifier: the group's id, in lists of the older generation the other address's.
    pub id: String,
    /// Name to show.
    pub name: String,
    /// The own address that takes part; empty in lists of the older generation, whose
    /// conversations can be read only: join them to write.
    pub from_address_id: String,
    /// The other address, where it can be told.
    pub peer_address_id: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub created_at_ms: Option<i64>,
    /// When something was said last, in milliseconds since 1970.
    pub last_message_at_ms: Option<i64>,
    /// What the service keeps with it, as the text of one JSON object.
    pub metadata_json: String,
    /// The whole entry as JSON text.
    pub raw_json: String,
}

impl Conversation {
    /// Reads an entry of the list, or the answer to a join; `None` without an id.
    pub(crate) fn parse(value: &Value) -> Option<Self> {
        let id = either(value, &["group_id", "id", "conversation_id"]);
        if id.is_empty() {
            return None;
        }
        let from_address_id = either(value, &FROM);
        let peer_address_id = peer(value, &id, &from_address_id);
        let metadata = &value["metadata"];
        Some(Self {
            name: text(value, "name"),
            peer_address_id,
            created_at_ms: epoch_ms(&value["created_at"]),
            last_message_at_ms: epoch_ms(&value["last_message_at"]),
            metadata_json: if metadata.is_object() { metadata.to_string() } else { "{}".into() },
            raw_json: value.to_string(),
            id,
            from_address_id,
        })
    }
}

/// Every spelling of the address that something comes from.
const FROM: [&str; 2] = ["from_fabric_address_id", "from_address_id"];

/// The first of these members that is a text and not empty.
fn either(value: &Value, keys: &[&str]) -> String {
    let mut texts = keys.iter().filter_map(|key| value[*key].as_str());
    texts.find(|text| !text.is_empty()).unwrap_or_default().to_owned()
}

/// The other address: it is listed beside the own one, else the second part of the group's id
/// (signalwire-js ConversationsManager.ts), else what the older generation calls the conversation.
fn peer(value: &Value, id: &str, own: &str) -> Option<String> {
    let listed = value["fabric_address_ids"].as_array().and_then(|ids| {
        ids.iter().filter_map(Value::as_str).find(|id| *id != own).map(str::to_owned)
    });
    let is_group = value["group_id"].is_string();
    let named = || match is_group {
        true => id.split('_').nth(1),
        false => Some(id),
    };
    listed.or_else(|| named().filter(|id| !id.is_empty()).map(str::to_owned))
}

/// Milliseconds since 1970 from seconds (whole or not), milliseconds or microseconds, which are
/// told apart by size, as a number or a text.
pub(crate) fn epoch_ms(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite())?,
        _ => return None,
    };
    let milliseconds = match number.abs() {
        size if size > 1e14 => number / 1000.0,
        size if size > 1e11 => number,
        _ => number * 1000.0,
    };
    Some(milliseconds.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn messages_of_every_generation_and_kind() {
        let today = Message::parse(&json!({"id":"m-1","type":"message","subtype":"chat",
            "kind":null,"hidden":false,"group_id":"g1_addr2","from_fabric_address_id":"addr2",
            "text":"hello","ts":1790000300.5,"metadata":{},"details":{},
            "conversation_name":"Bob","user_name":"bob"}))
        .unwrap();
        assert_eq!((today.kind, today.text.as_str()), (MessageKind::Chat, "hello"));
        assert_eq!((today.conversation_id.as_str(), today.user_name.as_str()), ("g1_addr2", "bob"));
        assert_eq!((today.sent_at_ms, &today.call), (Some(1_790_000_300_500), &None));
        let older = Message::parse(&json!({"id":"m-2","conversation_id":"addr9","user_id":"u",
            "subtype":"log","kind":"audio_call","from_address_id":"addr9","hidden":true,
            "ts":"1790000300","details":{"status":"ended","start_time":1_790_000_000_000_u64,
            "end_time":1_790_000_001_000_000_u64}}))
        .unwrap();
        assert_eq!((older.kind, older.from_address_id.as_str()), (MessageKind::CallLog, "addr9"));
        assert_eq!((older.conversation_id.as_str(), older.is_hidden), ("addr9", true));
        let call = older.call.unwrap();
        assert_eq!((call.call_kind.as_str(), call.status.as_str()), ("audio_call", "ended"));
        assert_eq!(call.started_at_ms, Some(1_790_000_000_000));
        assert_eq!(call.ended_at_ms, Some(1_790_000_001_000));
        let update = Message::parse(&json!({"id":"m","subtype":"update"})).unwrap();
        assert_eq!((update.kind, update.sent_at_ms), (MessageKind::Update, None));
        assert_eq!(Message::parse(&json!({"id":"m"})).unwrap().kind, MessageKind::Unknown);
        for broken in [json!(null), json!({}), json!({"id":""}), json!({"id":7}), json!([])] {
            assert_eq!(Message::parse(&broken), None, "{broken}");
        }
    }

    #[test]
    fn conversations_of_every_generation() {
        for (value, id, from, peer) in [
            (json!({"group_id":"a1_b2","from_fabric_address_id":"a1"}), "a1_b2", "a1", Some("b2")),
            (json!({"group_id":"g","from_address_id":"a1"}), "g", "a1", None),
            (
                json!({"group_id":"g","from_fabric_address_id":"a1",
                    "fabric_address_ids":["a1","b2"]}),
                "g",
                "a1",
                Some("b2"),
            ),
            (json!({"id":"b2","name":"Bob"}), "b2", "", Some("b2")),
        ] {
            let read = Conversation::parse(&value).unwrap();
            assert_eq!((read.id.as_str(), read.from_address_id.as_str()), (id, from), "{value}");
            assert_eq!(read.peer_address_id.as_deref(), peer, "{value}");
            assert_eq!(read.metadata_json, "{}");
        }
        let times = Conversation::parse(&json!({"id":"b","created_at":1_790_000_000_000_u64,
            "last_message_at":null,"metadata":{"a":1}}))
        .unwrap();
        assert_eq!(
            (times.created_at_ms, times.last_message_at_ms),
            (Some(1_790_000_000_000), None)
        );
        assert_eq!(times.metadata_json, r#"{"a":1}"#);
        assert_eq!(Conversation::parse(&json!({"name":"x"})), None);
    }

    #[test]
    fn times_in_every_unit() {
        for (value, expected) in [
            (json!(1_790_000_300.25), Some(1_790_000_300_250)),
            (json!(1_790_000_300), Some(1_790_000_300_000)),
            (json!(1_790_000_300_250_u64), Some(1_790_000_300_250)),
            (json!(1_790_000_300_250_000_u64), Some(1_790_000_300_250)),
            (json!("1790000300.5"), Some(1_790_000_300_500)),
            (json!("soon"), None),
            (json!("NaN"), None),
            (json!(null), None),
        ] {
            assert_eq!(epoch_ms(&value), expected, "{value}");
        }
    }
}
