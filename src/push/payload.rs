//! The readable part of a notification.

use super::PushError;
use serde_json::Value;

/// Larger than any notification: APNs allows 5 KiB, FCM 4 KiB.
const MAX_NOTIFICATION: usize = 64 * 1024;

/// A notification that announces a call, still encrypted. Missing texts are empty.
///
/// The caller's name and number are readable at once: show them before anything else, as the
/// platforms demand. They are not authenticated.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record), uniffi::export(Debug, Display))]
#[non_exhaustive]
pub struct PushPayload {
    /// Version of the format, as the service writes it.
    pub version: String,
    /// Title to show.
    pub title: String,
    /// Identifier of the notification.
    pub notification_uuid: String,
    /// Number or address of the caller.
    pub incoming_caller_id: String,
    /// Name of the caller.
    pub incoming_caller_name: String,
    /// Whether video is offered.
    pub with_video: bool,
    /// `aes_256_gcm` or `none`.
    pub encryption_type: String,
    /// Nonce, base64.
    pub iv: String,
    /// Authentication tag, base64.
    pub tag: String,
    /// Encrypted invite, base64.
    pub invite: String,
}

/// Without the invite: it may not be encrypted.
impl std::fmt::Debug for PushPayload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushPayload")
            .field("version", &self.version)
            .field("title", &self.title)
            .field("notification_uuid", &self.notification_uuid)
            .field("incoming_caller_id", &self.incoming_caller_id)
            .field("incoming_caller_name", &self.incoming_caller_name)
            .field("with_video", &self.with_video)
            .field("encryption_type", &self.encryption_type)
            .finish_non_exhaustive()
    }
}

impl PushPayload {
    /// Reads the JSON text of a notification: of an APNs VoIP push (the invite under
    /// `aps.alert`), of an FCM message (as text in `notification.body` or
    /// `gcm.notification.body`), or the bare payload.
    ///
    /// Errors: `NotAnInvite` for any other notification, `Missing` for an invite without `iv`,
    /// `tag` or `invite`, `TooLarge` above 64 KiB.
    pub fn parse(notification: &str) -> Result<Self, PushError> {
        if notification.len() > MAX_NOTIFICATION {
            return Err(PushError::TooLarge("notification"));
        }
        let outer: Value = serde_json::from_str(notification)
            .map_err(|_| PushError::NotAnInvite("it is not JSON"))?;
        Self::read(&unwrapped(outer)?)
    }

    fn read(core: &Value) -> Result<Self, PushError> {
        if core["type"] != "call_invite" {
            return Err(PushError::NotAnInvite("its type is not call_invite"));
        }
        let text = |name: &str| match &core[name] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let needed = |name: &'static str| {
            Some(text(name)).filter(|text| !text.is_empty()).ok_or(PushError::Missing(name))
        };
        Ok(Self {
            version: text("version"),
            title: text("title"),
            notification_uuid: text("notification_uuid"),
            incoming_caller_id: text("incoming_caller_id"),
            incoming_caller_name: text("incoming_caller_name"),
            // The service writes a text.
            with_video: core["with_video"] == "true" || core["with_video"] == true,
            encryption_type: needed("encryption_type")?,
            iv: needed("iv")?,
            tag: needed("tag")?,
            invite: needed("invite")?,
        })
    }
}

/// The payload inside what the platform puts around it.
fn unwrapped(outer: Value) -> Result<Value, PushError> {
    let candidates =
        ["/aps/alert", "/notification/body", "/gcm.notification.body", "/gcm/notification/body"];
    let inner = candidates.iter().find_map(|path| outer.pointer(path));
    match inner {
        None => Ok(outer),
        Some(Value::String(text)) => {
            serde_json::from_str(text).map_err(|_| PushError::NotAnInvite("its text is not JSON"))
        }
        Some(inner) => Ok(inner.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn core() -> Value {
        json!({"version": 1, "type": "call_invite", "title": "Call", "notification_uuid": "n-1",
            "incoming_caller_id": "+15550100", "incoming_caller_name": "Alice",
            "with_video": "true", "encryption_type": "aes_256_gcm",
            "iv": "aXY=", "tag": "dGFn", "invite": "aW52aXRl", "unknown": {}})
    }

    #[test]
    fn every_platform_wraps_it_differently() {
        let text = core().to_string();
        for notification in [
            core(),
            json!({"aps": {"alert": core(), "sound": "x"}}),
            json!({"notification": {"title": "x", "body": text}}),
            json!({"gcm.notification.body": text}),
        ] {
            let read = PushPayload::parse(&notification.to_string()).unwrap();
            assert_eq!(read.incoming_caller_name, "Alice");
            assert_eq!((read.version.as_str(), read.with_video), ("1", true));
        }
    }

    #[test]
    fn other_notifications_are_not_invites() {
        for notification in [
            "",
            "hello",
            "[]",
            "null",
            "{}",
            r#"{"aps":{"alert":"You have mail"}}"#,
            r#"{"aps":{"alert":{"type":"chat"}}}"#,
            r#"{"notification":{"body":"7"}}"#,
        ] {
            let error = PushPayload::parse(notification).unwrap_err();
            assert!(matches!(error, PushError::NotAnInvite(_)), "{notification}: {error}");
        }
        let huge = " ".repeat(MAX_NOTIFICATION + 1);
        assert_eq!(PushPayload::parse(&huge), Err(PushError::TooLarge("notification")));
    }

    #[test]
    fn missing_members_are_named() {
        for name in ["encryption_type", "iv", "tag", "invite"] {
            let mut payload = core();
            payload[name] = json!("");
            let error = PushPayload::parse(&payload.to_string()).unwrap_err();
            assert_eq!(error, PushError::Missing(name));
        }
    }
}
