//! `GET /api/fabric/subscriber/info`.

use super::directory::Address;
use crate::error::{Error, Result};
use crate::net::http::Http;
use crate::proto::value::{epoch_seconds, text};
use serde_json::Value;

/// The subscriber that the token belongs to. Missing texts are empty.
///
/// `Debug` leaves out the key for notifications and the raw answer, which holds it too.
#[derive(Clone, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record), uniffi::export(Debug, Display))]
pub struct Subscriber {
    /// Identifier (UUID).
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Name to show.
    pub display_name: String,
    /// Job title.
    pub job_title: String,
    /// Time zone; the service sends a name or a number, both arrive here as text.
    pub time_zone: String,
    /// Country.
    pub country: String,
    /// Region.
    pub region: String,
    /// Company.
    pub company_name: String,
    /// The subscriber's own addresses.
    pub addresses: Vec<Address>,
    /// Key to open push notifications with, base64. A secret: never log it.
    pub push_notification_key: String,
    /// Name of the application that the token was issued for.
    pub app_display_name: String,
    /// What that application may do, as the service words it.
    pub app_scopes: Vec<String>,
    /// What the token may do besides, such as `sat:refresh`.
    pub token_scopes: Vec<String>,
    /// Thumbprint of the key that the token is bound to (RFC 7638); none for unbound tokens.
    pub token_key_thumbprint: Option<String>,
    /// When the token expires, in seconds since 1970, where the service says so.
    pub token_expires_at: Option<i64>,
    /// The whole answer as JSON text, with what this version does not know. It holds the key for
    /// notifications: never log it.
    pub raw_json: String,
}

impl std::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscriber")
            .field("id", &self.id)
            .field("email", &self.email)
            .field("display_name", &self.display_name)
            .field("addresses", &self.addresses)
            .field("token_expires_at", &self.token_expires_at)
            .finish_non_exhaustive()
    }
}

/// Reads the subscriber. Errors: see `Client::subscriber_info`.
pub(crate) async fn info(http: &Http) -> Result<Subscriber> {
    let body = http.get("/api/fabric/subscriber/info", &[]).await?;
    parse(&body)
}

fn parse(body: &Value) -> Result<Subscriber> {
    let id = text(body, "id");
    if id.is_empty() {
        return Err(Error::protocol("the subscriber info has no id; report this to SignalWire"));
    }
    Ok(Subscriber {
        id,
        email: text(body, "email"),
        first_name: text(body, "first_name"),
        last_name: text(body, "last_name"),
        display_name: text(body, "display_name"),
        job_title: text(body, "job_title"),
        time_zone: text(body, "time_zone"),
        country: text(body, "country"),
        region: text(body, "region"),
        company_name: text(body, "company_name"),
        addresses: body["fabric_addresses"]
            .as_array()
            .map(|list| list.iter().filter_map(Address::parse).collect())
            .unwrap_or_default(),
        push_notification_key: text(body, "push_notification_key"),
        app_display_name: text(&body["app_settings"], "display_name"),
        app_scopes: texts(&body["app_settings"]["scopes"]),
        token_scopes: texts(&body["sat_claims"]["scope"]),
        token_key_thumbprint: body["sat_claims"]["cnf"]["jkt"].as_str().map(str::to_owned),
        token_expires_at: epoch_seconds(&body["sat_claims"]["expires_at"]),
        raw_json: body.to_string(),
    })
}

/// A list of texts, or one text with spaces between them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_every_field_and_tolerates_missing_ones() {
        let body = json!({"id":"s-1","email":"a@b.c","time_zone":-5,"display_name":null,
            "fabric_addresses":[{"id":"a-1","name":"alice","type":"subscriber",
                "channels":{"audio":"/private/alice?channel=audio"}}, 7],
            "push_notification_key":"c2VjcmV0","app_settings":{"display_name":"App","scopes":["x"]},
            "sat_claims":{"expires_at":1790000000,"scope":"sat:refresh","cnf":{"jkt":"t"}}});
        let subscriber = parse(&body).unwrap();
        assert_eq!(subscriber.id, "s-1");
        assert_eq!(subscriber.time_zone, "-5");
        assert_eq!(subscriber.display_name, "");
        assert_eq!(subscriber.addresses.len(), 1);
        assert_eq!(subscriber.token_expires_at, Some(1_790_000_000));
        assert_eq!((subscriber.app_display_name.as_str(), subscriber.app_scopes.len()), ("App", 1));
        assert_eq!(subscriber.token_scopes, ["sat:refresh"]);
        assert_eq!(subscriber.token_key_thumbprint.as_deref(), Some("t"));
        assert_eq!(subscriber.push_notification_key, "c2VjcmV0");
        assert!(!format!("{subscriber:?}").contains("c2VjcmV0"));
    }

    #[test]
    fn an_answer_without_id_is_a_protocol_error() {
        let error = parse(&json!({"email":"x"})).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Protocol);
    }
}
