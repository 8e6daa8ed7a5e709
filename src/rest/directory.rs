//! `GET /api/fabric/addresses`.

use super::page::{self, PageLinks};
use crate::error::{Error, ErrorKind, Result};
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
    /// The string to dial: the video channel for a room, else audio; the other of the two where
    /// the first is missing. `None` for an address that cannot be called, such as one with a
    /// messaging channel only. Source: signalwire-js Address.ts, `defaultChannel`.
    pub fn dial_string(&self) -> Option<&str> {
        let Channels { audio, video, messaging: _ } = &self.channels;
        let (first, second) = match self.address_type {
            AddressType::Room => (video, audio),
            _ => (audio, video),
        };
        first.as_deref().or(second.as_deref())
    }

    /// Whether one of the channels is this path, such as `/private/alice`.
    fn is_at(&self, path: &str) -> bool {
        let Channels { audio, video, messaging } = &self.channels;
        [audio, video, messaging]
            .into_iter()
            .flatten()
            .any(|channel| channel.split('?').next() == Some(path))
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

/// What a list of addresses is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum AddressSort {
    /// The name.
    Name = 1,
    /// When it was made.
    CreatedAt = 2,
}

/// In which order a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum SortOrder {
    /// A to Z, oldest first.
    Ascending = 1,
    /// Z to A, newest first.
    Descending = 2,
}

/// Which addresses to list. What is not given is left to the service.
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
    /// What the list is sorted by.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub sort_by: Option<AddressSort>,
    /// In which order.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub sort_order: Option<SortOrder>,
}

/// One page of the directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct AddressPage {
    /// The entries of this page.
    pub addresses: Vec<Address>,
    /// Whether a page follows.
    pub has_next: bool,
    /// Whether there is a page before this one.
    pub has_previous: bool,
    /// Where the other pages are.
    pub links: PageLinks,
}

const PATH: &str = "/api/fabric/addresses";
/// Longer than any id or name.
const MAX_NAME: usize = 1_024;

/// Reads the first page. Errors: see `Client::addresses`.
pub(crate) async fn list(http: &Http, query: &AddressQuery) -> Result<AddressPage> {
    let body = http.get(PATH, &parameters(query)?).await?;
    parse_page(&body)
}

/// Reads the page that a link leads to. Errors: see `Client::addresses_at`.
pub(crate) async fn list_at(http: &Http, link: &str) -> Result<AddressPage> {
    parse_page(&http.get_link(link).await?)
}

/// Reads one address by its id. Errors: see `Client::address`.
pub(crate) async fn by_id(http: &Http, id: &str) -> Result<Address> {
    let body = http.get(&format!("{PATH}/{}", id_segment(id)?), &[]).await?;
    Address::parse(&body)
        .ok_or_else(|| Error::protocol("the address has no id; report this to SignalWire"))
}

/// Finds one address by its name or path. Errors: see `Client::address_by_name`.
///
/// The path comes in two spellings: newer clients look `/context/name` up, older ones `name`.
pub(crate) async fn by_name(http: &Http, name: &str) -> Result<Address> {
    let path = name.split('?').next().unwrap_or_default();
    if path.is_empty() || path.len() > MAX_NAME || path.chars().any(char::is_control) {
        return Err(Error::invalid("name must be a name such as alice, or /context/name"));
    }
    let mut found = named(http, path).await?;
    let bare = path.rsplit('/').next().unwrap_or_default();
    if bare == path {
        return first(found, path);
    }
    if found.is_empty() && !bare.is_empty() {
        // Names are unique within their context only.
        found = named(http, bare).await?;
        found.retain(|address| address.is_at(path));
    }
    if let Some(at) = found.iter().position(|address| address.is_at(path)) {
        return Ok(found.swap_remove(at));
    }
    first(found, path)
}

async fn named(http: &Http, name: &str) -> Result<Vec<Address>> {
    let body = http.get(PATH, &[("name", name.to_owned())]).await?;
    parse_page(&body).map(|page| page.addresses)
}

fn first(found: Vec<Address>, name: &str) -> Result<Address> {
    found.into_iter().next().ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("no address {name:?} can be seen with this token"))
    })
}

/// An id as a segment of a path: whatever it is, it stays one segment.
pub(crate) fn id_segment(id: &str) -> Result<String> {
    if id.is_empty() || id.len() > MAX_NAME || id.chars().any(char::is_control) {
        return Err(Error::invalid(
            "the id must not be empty; pass the id of what the service lists",
        ));
    }
    let mut segment = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                segment.push(byte.into());
            }
            // Dots too: `..` would be another path.
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(segment)
}

fn parameters(query: &AddressQuery) -> Result<Vec<(&'static str, String)>> {
    let mut parameters = page::size(query.page_size)?;
    if let Some(address_type) = query.address_type {
        let wire = address_type
            .wire()
            .ok_or_else(|| Error::invalid("address_type: Unknown cannot be asked for"))?;
        parameters.push(("type", wire.to_owned()));
    }
    if let Some(name) = &query.display_name {
        parameters.push(("display_name", name.clone()));
    }
    if let Some(sort) = query.sort_by {
        let wire = match sort {
            AddressSort::Name => "name",
            AddressSort::CreatedAt => "created_at",
        };
        parameters.push(("sort_by", wire.to_owned()));
    }
    if let Some(order) = query.sort_order {
        let wire = match order {
            SortOrder::Ascending => "asc",
            SortOrder::Descending => "desc",
        };
        parameters.push(("sort_order", wire.to_owned()));
    }
    Ok(parameters)
}

fn parse_page(body: &Value) -> Result<AddressPage> {
    let (addresses, links) = page::parse(body, Address::parse)?;
    Ok(AddressPage {
        addresses,
        has_next: links.next.is_some(),
        has_previous: links.previous.is_some(),
        links,
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
        assert!(page.has_next && !page.has_previous);
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

    #[test]
    fn an_id_stays_one_segment_of_the_path() {
        assert_eq!(id_segment("9d0c-A_b~").unwrap(), "9d0c-A_b~");
        assert_eq!(id_segment("../x?y#z").unwrap(), "%2E%2E%2Fx%3Fy%23z");
        assert_eq!(id_segment("\u{e9}").unwrap(), "%C3%A9");
        for bad in ["", "a\nb"] {
            assert_eq!(id_segment(bad).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
    }

    #[test]
    fn what_is_dialled_for_each_set_of_channels() {
        for (kind, channels, expected) in [
            ("room", json!({"audio": "/a", "video": "/v"}), Some("/v")),
            ("room", json!({"audio": "/a"}), Some("/a")),
            ("subscriber", json!({"audio": "/a", "video": "/v"}), Some("/a")),
            ("app", json!({"video": "/v", "messaging": "/m"}), Some("/v")),
            ("call", json!({"messaging": "/m"}), None),
            ("call", json!(null), None),
        ] {
            let address =
                Address::parse(&json!({"id": "1", "type": kind, "channels": channels})).unwrap();
            assert_eq!(address.dial_string(), expected, "{kind} {channels}");
        }
    }
}
