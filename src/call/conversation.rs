//! Events of conversations, each told once.

use crate::proto::conversation::Message;
use crate::proto::session::Event;
use crate::session::ClientEvent;
use std::collections::hash_map::DefaultHasher;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// Messages whose repetition is noticed.
const REMEMBERED: usize = 256;

/// Reads the events; a message that comes again unchanged, as after a reconnection, is dropped.
#[derive(Default)]
pub(super) struct ConversationEvents {
    seen: Mutex<VecDeque<u64>>,
}

impl ConversationEvents {
    /// What the application is told: nothing for a repetition.
    pub(super) fn read(&self, event: Event) -> Option<ClientEvent> {
        let is_update = match event.event_type.as_str() {
            "conversation.message" => false,
            "conversation.message.updated" => true,
            _ => return Some(other(event)),
        };
        let Some(message) = Message::parse(&event.payload) else {
            tracing::warn!("a message without an id");
            return Some(other(event));
        };
        if self.is_repetition(is_update, &message) {
            tracing::debug!("a message that came before, dropped");
            return None;
        }
        Some(match is_update {
            false => ClientEvent::Message { message },
            true => ClientEvent::MessageUpdated { message },
        })
    }

    fn is_repetition(&self, is_update: bool, message: &Message) -> bool {
        let mut hasher = DefaultHasher::new();
        (is_update, &message.raw_json).hash(&mut hasher);
        let hash = hasher.finish();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains(&hash) {
            return true;
        }
        if seen.len() == REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(hash);
        false
    }
}

fn other(event: Event) -> ClientEvent {
    ClientEvent::Other { event_type: event.event_type, raw_json: event.payload.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{json, Value};

    fn read(events: &ConversationEvents, event_type: &str, payload: Value) -> Option<ClientEvent> {
        events.read(Event { event_type: event_type.into(), node_id: None, payload })
    }

    #[test]
    fn a_message_is_told_once_and_each_change_of_it_too() {
        let events = ConversationEvents::default();
        let first = || json!({"id": "m", "subtype": "chat", "text": "a"});
        let message = read(&events, "conversation.message", first());
        assert!(matches!(message, Some(ClientEvent::Message { message }) if message.text == "a"));
        assert_eq!(read(&events, "conversation.message", first()), None);
        let changed = json!({"id": "m", "subtype": "chat", "text": "b"});
        let update = read(&events, "conversation.message.updated", changed.clone());
        assert!(matches!(update, Some(ClientEvent::MessageUpdated { .. })));
        assert_eq!(read(&events, "conversation.message.updated", changed.clone()), None);
        assert!(read(&events, "conversation.message", changed).is_some());
    }

    #[test]
    fn what_is_not_known_is_passed_on_raw() {
        let events = ConversationEvents::default();
        for (name, payload) in [
            ("conversation.typing", json!({"x": 1})),
            ("conversation.message", json!({"text": "no id"})),
            ("conversation.message", Value::Null),
        ] {
            let told = read(&events, name, payload);
            assert!(matches!(told, Some(ClientEvent::Other { .. })), "{name}");
        }
    }
}
