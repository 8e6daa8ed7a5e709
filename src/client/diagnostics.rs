//! Everything about a client that helps to find out what went wrong, as one text.

use super::{Client, ClientEvent};
use crate::call::diagnostics::{cut, history, name};
use serde_json::{json, Value};
use std::time::{SystemTime, UNIX_EPOCH};

impl Client {
    /// What happened to this client and its calls, as one JSON object to attach to a report of a
    /// problem.
    ///
    /// It has the library's version, the platform, the options, the state and the last 64 events by
    /// name, how long the last connection took, and [`crate::Call::diagnostics`] of each call that
    /// is not over and of the last eight that are.
    /// Network addresses, host names and the numbers of calls are in it. Tokens, keys, ICE and TURN
    /// credentials, messages, transcripts and names of people are not. The names of the keys may
    /// grow in number; do not show it to users. Any thread; does not block.
    pub fn diagnostics(&self) -> String {
        let (live, ended) = self.0.router.diagnostics();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let facts = self.0.session.facts();
        let servers: Vec<&String> =
            facts.ice_servers.iter().flat_map(|server| &server.urls).collect();
        json!({
            "format": 1,
            "library": env!("CARGO_PKG_VERSION"),
            "platform": {"os": std::env::consts::OS, "processor": std::env::consts::ARCH},
            "at_ms": now.as_millis() as u64,
            "options": self.shown_options(),
            "state": format!("{:?}", self.state()),
            "session_number": self.0.router.session_number(),
            "local_address": facts.local_address.map(|address| address.to_string()),
            "ice_servers": servers,
            "connect_times": facts.connect_times,
            "events": history(&self.0.events.history()),
            "calls": live,
            "ended_calls": ended,
        })
        .to_string()
    }

    /// The options by hand, so that a new one is not shown by itself.
    fn shown_options(&self) -> Value {
        let options = &self.0.options;
        json!({
            "ws_url": options.ws_url.as_deref().map(without_query),
            "http_url": options.http_url.as_deref().map(without_query),
            "has_ca_certificates": options.ca_certificates_pem.is_some(),
            "agent": options.agent,
            "media_addresses": options.media_addresses,
            "relay_only": options.relay_only,
            "is_resumed_from": options.resume_from.is_some(),
            "watch_network": options.watch_network,
            "connect_timeout_ms": options.connect_timeout_ms,
            "request_timeout_ms": options.request_timeout_ms,
        })
    }
}

/// A query may hold what the application does not want to be seen.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// An event by its name and by what of it may be shown.
pub(super) fn digest(event: &ClientEvent) -> String {
    match event {
        ClientEvent::StateChanged { state, reason } if reason.is_empty() => {
            format!("StateChanged {state:?}")
        }
        ClientEvent::StateChanged { state, reason } => format!("StateChanged {state:?}: {reason}"),
        ClientEvent::SessionReady { is_resumed, .. } => {
            format!("SessionReady resumed {is_resumed}")
        }
        ClientEvent::RetryScheduled { attempt, delay_ms, reason } => {
            format!("RetryScheduled {attempt} in {delay_ms} ms: {reason}")
        }
        ClientEvent::AuthorizationFailed { code, .. } => format!("AuthorizationFailed {code}"),
        ClientEvent::TokenRefreshFailed { code, .. } => format!("TokenRefreshFailed {code}"),
        ClientEvent::SessionEnded { code, .. } => format!("SessionEnded {code}"),
        ClientEvent::OnlineFailed { code, .. } => format!("OnlineFailed {code}"),
        ClientEvent::IncomingCall { call_id, .. } => format!("IncomingCall {}", cut(call_id)),
        ClientEvent::Other { event_type, .. } => format!("Other {}", cut(event_type)),
        other => name(&format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_calls_is_not_in_an_events_digest() {
        let event = ClientEvent::CallDeclined {
            call_id: "1".into(),
            from_name: "Alice".into(),
            from_number: "+1555".into(),
            to_name: "Bob".into(),
            to_number: "+1556".into(),
        };
        assert_eq!(digest(&event), "CallDeclined");
        assert_eq!(without_query("wss://host/path?key=1#x"), "wss://host/path");
    }
}
