//! Subscriber access tokens: compact JWEs that only the gateway can make sense of.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use serde_json::json;

use crate::secrets;

/// What a token stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub kind: Kind,
    pub subscriber_id: String,
    pub jti: String,
    pub expires_at: i64,
    pub scope: Vec<String>,
    pub application_id: Option<String>,
    /// Thumbprint of the key that the token is bound to.
    pub thumbprint: Option<String>,
    /// Empty for everything that the subscriber may reach.
    pub allowed_addresses: Vec<String>,
}

/// The sorts of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Subscriber,
    Guest,
    Refresh,
}

/// A fresh token: a readable protected header, an empty key, three opaque parts.
pub fn make(kind: Kind, cluster_host: Option<&str>) -> String {
    let typ = if kind == Kind::Refresh { "Refresh" } else { "SAT" };
    let mut header = json!({ "alg": "dir", "enc": "A256GCM", "typ": typ });
    if let Some(host) = cluster_host {
        header["ch"] = json!(host);
    }
    format!(
        "{}..{}.{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        secrets::part::<12>(),
        secrets::part::<180>(),
        secrets::part::<16>()
    )
}

/// The cluster host in the protected header of a token.
pub fn cluster_host(token: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: serde_json::Value = serde_json::from_slice(&header).ok()?;
    header["ch"].as_str().map(str::to_owned)
}

/// Seconds since 1970.
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_secs() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_five_parts_and_a_readable_header() {
        let token = make(Kind::Subscriber, Some("puc.localhost"));
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts.len(), 5);
        assert!(parts[1].is_empty(), "alg dir has no encrypted key");
        let header: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
        assert_eq!(
            header,
            json!({ "alg": "dir", "enc": "A256GCM", "typ": "SAT", "ch": "puc.localhost" })
        );
        assert_eq!(cluster_host(&token).as_deref(), Some("puc.localhost"));
        assert_ne!(token, make(Kind::Subscriber, Some("puc.localhost")));
    }

    #[test]
    fn a_refresh_token_says_so() {
        let token = make(Kind::Refresh, None);
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        assert!(String::from_utf8(header).unwrap().contains("\"typ\":\"Refresh\""));
    }
}
