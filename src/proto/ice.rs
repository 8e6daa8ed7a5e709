//! The STUN and TURN servers that the service hands out.

use crate::util::redact::Secret;
use serde_json::Value;

/// Servers beyond these are ignored: each costs set-up time.
const MAX_SERVERS: usize = 8;

/// One entry of `ice_servers`: URLs that share credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IceServer {
    pub(crate) urls: Vec<String>,
    pub(crate) username: String,
    pub(crate) credential: Secret,
}

impl IceServer {
    /// Reads `ice_servers` of the connect result; what cannot be read is left out.
    pub(crate) fn parse_list(value: &Value) -> Vec<Self> {
        let entries = value.as_array().map(Vec::as_slice).unwrap_or_default();
        entries.iter().filter_map(Self::parse).take(MAX_SERVERS).collect()
    }

    /// Whether this server gives relays.
    pub(crate) fn is_relay(&self) -> bool {
        self.urls.iter().any(|url| url.starts_with("turn:") || url.starts_with("turns:"))
    }

    fn parse(value: &Value) -> Option<Self> {
        let urls = match &value["urls"] {
            Value::String(url) => vec![url.clone()],
            Value::Array(urls) => {
                urls.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => vec![value["url"].as_str()?.to_owned()],
        };
        if urls.is_empty() {
            return None;
        }
        Some(Self {
            urls,
            username: value["username"].as_str().unwrap_or_default().to_owned(),
            credential: Secret::of(value["credential"].as_str().unwrap_or_default()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shape_of_the_list() {
        let servers = IceServer::parse_list(&json!([
            {"urls": ["turn:a:443?transport=tcp"], "username": "u", "credential": "s3cret"},
            {"urls": "stun:b"},
            {"url": "stun:c"},
            {"urls": []},
            {},
            7,
        ]));
        let urls: Vec<&str> = servers.iter().map(|server| server.urls[0].as_str()).collect();
        assert_eq!(urls, ["turn:a:443?transport=tcp", "stun:b", "stun:c"]);
        assert!(!format!("{servers:?}").contains("s3cret"));
        assert!(IceServer::parse_list(&json!(null)).is_empty());
    }
}
