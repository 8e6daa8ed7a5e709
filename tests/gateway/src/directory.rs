//! The addresses that can be dialled and what happens when somebody does.

use std::time::Duration;

use serde_json::{json, Value};

use crate::config::GatewayConfig;

/// What a called address does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Sends the media back.
    Echo,
    /// Sends a 440 Hz tone.
    Tone,
    /// Sends silence and keeps what it hears.
    Record,
    /// Refuses with this cause.
    Refuse { code: u32, cause: &'static str },
    /// Rings, then echoes.
    Slow(Duration),
    /// Early media, then the answer without a description.
    Early(Duration),
    /// Early media from one place, then the answer of another one, with a description of its own.
    Elsewhere(Duration),
    /// Rings for ever.
    Never,
    /// Answers and hangs up.
    Bye(Duration),
    /// Hangs up while it rings.
    EarlyBye(Duration),
    /// Answers; an AI agent talks and listens.
    Agent,
    /// Answers; then the leg is moved into a room.
    Moved,
    /// Answers in a room with all others who called it.
    Room,
    /// Rings the devices of the subscriber with this id.
    Subscriber(String),
}

/// An entry of the directory.
#[derive(Clone, Debug)]
pub struct Address {
    pub id: String,
    pub resource_id: String,
    pub name: String,
    pub display_name: String,
    pub context: &'static str,
    pub kind: &'static str,
    pub created_at: String,
    pub locked: bool,
    pub video: bool,
    pub behaviour: Behaviour,
}

impl Address {
    /// `/context/name`.
    pub fn path(&self) -> String {
        format!("/{}/{}", self.context, self.name)
    }

    /// The address as REST shows it.
    pub fn to_json(&self) -> Value {
        let path = self.path();
        let mut channels = json!({ "audio": format!("{path}?channel=audio") });
        if self.video {
            channels["video"] = json!(format!("{path}?channel=video"));
        }
        if self.kind == "subscriber" || self.kind == "room" {
            channels["messaging"] = json!(format!("{path}?channel=messaging"));
        }
        json!({
            "id": self.id,
            "resource_id": self.resource_id,
            "name": self.name,
            "display_name": self.display_name,
            "type": self.kind,
            "cover_url": null,
            "preview_url": null,
            "locked": self.locked,
            "channels": channels,
            "created_at": self.created_at,
        })
    }
}

/// A stable id, so that tests may compare runs.
fn id(number: usize, family: u32) -> String {
    format!("{family:08x}-5c0d-4e1a-9b2f-{number:012x}")
}

/// The built-in addresses.
pub fn built_in(config: &GatewayConfig) -> Vec<Address> {
    let refuse = |code, cause| Behaviour::Refuse { code, cause };
    let entries = [
        ("echo", "Echo", "app", Behaviour::Echo),
        ("tone", "Tone 440 Hz", "app", Behaviour::Tone),
        ("record", "Recorder", "app", Behaviour::Record),
        ("reject", "Rejecting Rita", "subscriber", refuse(21, "CALL_REJECTED")),
        ("busy", "Busy Bob", "subscriber", refuse(17, "USER_BUSY")),
        ("slow", "Slow Sam", "subscriber", Behaviour::Slow(config.slow_ring)),
        ("early", "Early media", "call", Behaviour::Early(config.early_media)),
        ("elsewhere", "Answered elsewhere", "call", Behaviour::Elsewhere(config.early_media)),
        ("never", "Never answers", "call", Behaviour::Never),
        ("bye", "Says good-bye", "call", Behaviour::Bye(config.bye_after)),
        ("early-bye", "Gives up", "call", Behaviour::EarlyBye(config.early_bye_after)),
        ("lounge", "The lounge", "room", Behaviour::Echo),
        ("moved", "Moves on", "call", Behaviour::Moved),
        ("agent", "AI agent", "app", Behaviour::Agent),
        ("room", "The room", "room", Behaviour::Room),
    ];
    entries
        .into_iter()
        .enumerate()
        .map(|(number, (name, display_name, kind, behaviour))| Address {
            id: id(number + 1, 0xadd0_0001),
            resource_id: id(number + 1, 0x4e50_0001),
            name: name.into(),
            display_name: display_name.into(),
            context: "public",
            kind,
            created_at: format!("2025-02-{:02}T08:00:00Z", number + 1),
            locked: false,
            video: matches!(kind, "app" | "room"),
            behaviour,
        })
        .collect()
}

/// The name that the address of a subscriber gets.
pub fn name_of(reference: &str) -> String {
    reference
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '-' })
        .collect()
}

/// The private address of a subscriber.
pub fn of_subscriber(id: &str, reference: &str, display_name: &str) -> Address {
    let name = name_of(reference);
    Address {
        id: format!("addc{}", &id[4..]),
        // The resource and the subscriber behind it have different ids.
        resource_id: format!("4e50{}", &id[4..]),
        name,
        display_name: display_name.to_owned(),
        context: "private",
        kind: "subscriber",
        created_at: "2025-03-01T08:00:00Z".into(),
        locked: false,
        video: true,
        behaviour: Behaviour::Subscriber(id.to_owned()),
    }
}

/// `/context/name` of a dial string, without its query.
pub fn dialled_path(destination: &str) -> &str {
    destination.split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dial_strings_lose_their_query() {
        assert_eq!(dialled_path("/public/echo?channel=audio"), "/public/echo");
        assert_eq!(dialled_path("/public/echo"), "/public/echo");
    }

    #[test]
    fn ids_are_uuids_and_unique() {
        let all = built_in(&GatewayConfig::default());
        let mut ids: Vec<_> = all.iter().map(|a| &a.id).collect();
        assert!(ids.iter().all(|id| uuid::Uuid::parse_str(id).is_ok()));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all.len());
    }

    #[test]
    fn a_subscriber_has_a_private_address() {
        let id = uuid::Uuid::new_v4().to_string();
        let address = of_subscriber(&id, "Bob@example.com", "Bob");
        assert_eq!(address.path(), "/private/bob-example-com");
        assert!(address.to_json()["channels"]["messaging"].is_string());
    }
}
