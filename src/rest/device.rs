//! `/subscriber/devices`: registration for push notifications (not under `/api/fabric`).

use super::directory::id_segment;
use crate::error::{Error, Result};
use crate::net::http::{Http, Repeat, Write};
use crate::proto::value::text;
use reqwest::Method;
use serde_json::{json, Value};

const PATH: &str = "/subscriber/devices";
/// Longer than any platform's token.
const MAX_TOKEN: usize = 4_096;

/// What a device is, and so who delivers its notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum DeviceType {
    /// Apple's push service for calls (APNs VoIP).
    Ios = 1,
    /// Firebase Cloud Messaging.
    Android = 2,
    /// Anything else.
    Desktop = 3,
}

impl DeviceType {
    fn wire(self) -> &'static str {
        match self {
            Self::Ios => "iOS",
            Self::Android => "Android",
            Self::Desktop => "Desktop",
        }
    }
}

/// A device that is registered for push notifications. Missing texts are empty.
///
/// `Debug` shows neither the platform's token nor the key.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record), uniffi::export(Debug, Display))]
pub struct Device {
    /// Identifier, for `unregister_device`.
    pub id: String,
    /// What it is.
    pub device_type: DeviceType,
    /// The platform's token. A secret.
    pub device_token: String,
    /// Name to show.
    pub device_name: String,
    /// When it was registered (ISO 8601).
    pub registered_at: String,
    /// Key that opens this device's notifications, base64. A secret: keep it where the platform
    /// keeps secrets, since notifications come when no client runs.
    pub push_notification_key: String,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device")
            .field("id", &self.id)
            .field("device_type", &self.device_type)
            .field("device_name", &self.device_name)
            .field("registered_at", &self.registered_at)
            .finish_non_exhaustive()
    }
}

/// Registers a device. Errors: see `Client::register_device`.
pub(crate) async fn register(http: &Http, kind: DeviceType, token: &str) -> Result<Device> {
    if token.is_empty() || token.len() > MAX_TOKEN || token.chars().any(char::is_control) {
        return Err(Error::invalid(
            "device_token must be what the platform gave, up to 4096 bytes",
        ));
    }
    let body = json!({ "device_type": kind.wire(), "device_token": token });
    let answer = http
        .write(&Write {
            method: Method::POST,
            path: PATH,
            body: Some(body),
            repeat: Repeat::IfUnprocessed,
            secret: token,
        })
        .await?;
    parse(&answer, kind, token)
}

/// Takes a registration back. Errors: see `Client::unregister_device`.
pub(crate) async fn unregister(http: &Http, id: &str) -> Result<()> {
    let path = format!("{PATH}/{}", id_segment(id)?);
    let (method, path) = (Method::DELETE, path.as_str());
    http.write(&Write { method, path, body: None, repeat: Repeat::Safe, secret: "" })
        .await
        .map(drop)
}

fn parse(answer: &Value, device_type: DeviceType, token: &str) -> Result<Device> {
    let id = text(answer, "id");
    if id.is_empty() {
        return Err(Error::protocol(
            "the device was registered, but the answer has no id; report this to SignalWire",
        ));
    }
    Ok(Device {
        id,
        device_type,
        device_token: token.to_owned(),
        device_name: text(answer, "device_name"),
        registered_at: text(answer, "date_registered"),
        push_notification_key: text(answer, "push_notification_key"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_shows_no_secrets_and_needs_an_id() {
        let answer = json!({"id":"d-1","date_registered":"2025-03-01T08:00:00Z","device_name":null,
            "device_type":"iOS","device_token":"t0ken","push_notification_key":"a2V5"});
        let device = parse(&answer, DeviceType::Ios, "t0ken").unwrap();
        assert_eq!((device.id.as_str(), device.device_name.as_str()), ("d-1", ""));
        assert_eq!(device.push_notification_key, "a2V5");
        let shown = format!("{device:?}");
        assert!(!shown.contains("t0ken") && !shown.contains("a2V5"), "{shown}");
        let error = parse(&json!({}), DeviceType::Ios, "t").unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Protocol);
    }
}
