//! `GET /api/fabric/addresses`.

use crate::error::{Error, Result};
use crate::net::http::Http;
use crate::proto::value::text;
use serde_json::Value;

/// What an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
#[repr(i32)]
pub enum AddressType {
    /// An application: script, agent, flow.
    App = 0,
    /// A call resource.
    Call = 1,
    /// A video room.
    Room = 2,
    /// A subscriber.
    Subscriber = 3,
    /// A type this version does not know; see the raw JSON.
    Unknown = 4,
}

impl AddressType {
    fn parse(text: &str) -> Self {
        match text {
            "app" => Self::App,
            "call" => Self::Call,
            "room" => Self::Room,
            "subscriber" => Self::Subscriber,
            _ => Self::Unknown,
        }
    }

    fn wire(self) -> Option<&'static str> {
        match self {
            Self::App => Some("app"),
            Self::Call => Some("call"),
            Self::Room => Some("room"),
            Self::Subscriber => Some("subscriber"),
            Self::Unknown => None,
        }
    }
}

/// The dialable forms of an address, one per channel that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Channels {
    /// Such as `/public/alice?channel=audio`.
    pub audio: Option<String>,
    /// Such as `/public/alice?channel=video`.
    pub video: Option<String>,
    /// Such as `/public/alice?channel=messaging`.
    pub messaging: Option<String>,
}

/// One entry of the directory. Missing texts are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Address {
    /// Identifier (UUID).
    pub id: String,
    /// Name within its context, such as `alice`.
    pub name: String,
    /// Name to show.
    pub display_name: String,
    /// What it leads to.
    pub address_type: AddressType,
    /// The resource behind it (UUID).
    pub resource_id: String,
    /// What to dial.
    pub channels: Channels,
    /// Picture of the address.
    pub cover_url: Option<String>,
    /// Preview of a running room.
    pub preview_url: Option<String>,
    /// Whether a room is locked.
    pub is_locked: bool,
    /// When it was made (ISO 8601).
    pub created_at: String,
}

impl Address {
    /// The string to dial: the video channel for a room, else audio; else whatever there is.
    pub fn dial_string(&self) -> Option<&str> {
        let Channels { audio, video, messaging: _ } = &self.channels;
        let (first, second) = match self.address_type {
            AddressType::Room => (video, audio),
            _ => (audio, video),
        };
        first.as_deref().or(second.as_deref())
    }

    pub(crate) fn parse(value: &Value) -> Option<Self> {
        let id = value["id"].as_str()?.to_owned();
        let channel = |key: &str| value["channels"][key].as_str().map(str::to_owned);
        // Some answers hold the string "null" where there is no picture.
        let url = |key: &str| {
            value[key].as_str().filter(|url| !url.is_empty() && *url != "null").map(str::to_owned)
        };
        Some(Self {
            id,
            name: text(value, "name"),
            display_name: text(value, "display_name"),
            address_type: AddressType::parse(value["type"].as_str().unwrap_or_default()),
            resource_id: text(value, "resource_id"),
            channels: Channels {
                audio: channel("audio"),
                video: channel("video"),
                messaging: channel("messaging"),
            },
            cover_url: url("cover_url"),
            preview_url: url("preview_url"),
            is_locked: value["locked"].as_bool().unwrap_or(false),
            created_at: text(value, "created_at"),
        })
    }
}

/// Which addresses to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct AddressQuery {
    /// Only this type.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub address_type: Option<AddressType>,
    /// Only addresses whose display name matches, as the service understands it.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub display_name: Option<String>,
    /// Entries per page, 1 to 1000. Default: the service's own (50).
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub page_size: Option<u32>,
}

/// One page of the directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct AddressPage {
    /// The entries of this page.
    pub addresses: Vec<Address>,
    /// Whether more pages follow.
    pub has_next: bool,
}

/// Reads the first page. Errors: see `Client::addresses`.
pub(crate) async fn list(http: &Http, query: &AddressQuery) -> Result<AddressPage> {
    let mut parameters: Vec<(&str, String)> = Vec::new();
    if let Some(address_type) = query.address_type {
        let wire = address_type
            .wire()
            .ok_or_else(|| Error::invalid("address_type: Unknown cannot be asked for"))?;
        parameters.push(("type", wire.to_owned()));
    }
    if let Some(name) = &query.display_name {
        parameters.push(("display_name", name.clone()));
    }
    if let Some(size) = query.page_size {
        if size == 0 || size > 1000 {
            return Err(Error::invalid(format!("page_size must be 1 to 1000; got {size}")));
        }
        parameters.push(("page_size", size.to_string()));
    }
    let body = http.get("/api/fabric/addresses", &parameters).await?;
    parse_page(&body)
}

fn parse_page(body: &Value) -> Result<AddressPage> {
    let entries = body["data"].as_array().ok_or_else(|| {
        Error::protocol("the list of addresses has no data member; report this to SignalWire")
    })?;
    Ok(AddressPage {
        addresses: entries.iter().filter_map(Address::parse).collect(),
        has_next: body["links"]["next"].as_str().is_some_and(|link| !link.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_with_every_oddity_seen() {
        let page = parse_page(&json!({"data":[
            {"id":"1","name":"room","type":"room","cover_url":"null","locked":true,
             "channels":{"audio":"/public/room?channel=audio","video":"/public/room?channel=video"}},
            {"id":"2","name":"new","type":"hologram","channels":{}},
            {"name":"no id"}],
            "links":{"next":"/api/fabric/addresses?page_number=1"}}))
        .unwrap();
        assert!(page.has_next);
        assert_eq!(page.addresses.len(), 2);
        assert_eq!(page.addresses[0].dial_string(), Some("/public/room?channel=video"));
        assert_eq!(page.addresses[0].cover_url, None);
        assert!(page.addresses[0].is_locked);
        assert_eq!(page.addresses[1].address_type, AddressType::Unknown);
        assert_eq!(page.addresses[1].dial_string(), None);
    }

    #[test]
    fn no_data_is_a_protocol_error() {
        assert!(parse_page(&json!({"links":{}})).is_err());
    }
}
