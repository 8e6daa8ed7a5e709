//! `signalwire.connect` and the envelope of events.

use super::ice::IceServer;
use super::value::epoch_seconds;
use serde_json::{json, Value};
use std::time::SystemTime;

/// What lets a new socket take up the earlier session.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Resume {
    pub(crate) protocol: String,
    /// Opaque; the service sends it when it likes, not always.
    pub(crate) authorization_state: Option<String>,
}

impl std::fmt::Debug for Resume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resume(<redacted>)")
    }
}

/// The parameters of `signalwire.connect` (signalwire-js RPCConnect.ts).
pub(crate) fn connect_params(agent: &str, token: &str, resume: Option<&Resume>) -> Value {
    let mut params = json!({
        "version": {"major": 4, "minor": 0, "revision": 0},
        "agent": agent,
        "event_acks": true,
        "authentication": {"jwt_token": token},
    });
    if let Some(resume) = resume {
        params["protocol"] = json!(resume.protocol);
        if let Some(state) = &resume.authorization_state {
            params["authorization_state"] = json!(state);
        }
    }
    params
}

/// The parameters of `signalwire.reauthenticate` (signalwire-js RPCReauthenticate.ts).
pub(crate) fn reauthenticate_params(project_id: &str, token: &str) -> Value {
    json!({"authentication": {"project": project_id, "jwt_token": token}})
}

/// What the service grants to a token: `authorization` in the results of `signalwire.connect` and
/// `signalwire.reauthenticate`, every part of which may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) project_id: Option<String>,
    pub(crate) expires_at: Option<i64>,
    /// `None` where the service says nothing about it.
    pub(crate) scope: Option<Vec<String>>,
    /// Thumbprint of the key that the token is bound to.
    pub(crate) thumbprint: Option<String>,
}

impl Grant {
    pub(crate) fn parse(result: &Value) -> Self {
        let authorization = &result["authorization"];
        let subscriber = &authorization["fabric_subscriber"];
        let project = authorization["project_id"].as_str().or(subscriber["project_id"].as_str());
        Self {
            project_id: project.map(str::to_owned),
            expires_at: epoch_seconds(&subscriber["expires_at"]),
            scope: scope(&authorization["scope"]),
            thumbprint: authorization["cnf"]["jkt"].as_str().map(str::to_owned),
        }
    }
}

/// Scopes as a list, or in one text with spaces between them.
pub(crate) fn scope(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        Value::Array(list) => {
            Some(list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect())
        }
        _ => None,
    }
}

/// What the service says when it authorized the session.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Authorized {
    pub(crate) protocol: String,
    pub(crate) expires_at: Option<i64>,
    pub(crate) subscriber_id: String,
    /// What `signalwire.reauthenticate` wants to be told again.
    pub(crate) project_id: String,
    pub(crate) ice_servers: Vec<IceServer>,
}

impl Authorized {
    /// Reads the result of `signalwire.connect`; `None` if it has no session id.
    pub(crate) fn parse(result: &Value) -> Option<Self> {
        let protocol = result["protocol"].as_str().filter(|text| !text.is_empty())?.to_owned();
        let authorization = &result["authorization"];
        let subscriber = &authorization["fabric_subscriber"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Some(Self {
            protocol,
            expires_at: epoch_seconds(&subscriber["expires_at"]),
            subscriber_id: text(&subscriber["subscriber_id"]),
            project_id: Grant::parse(result).project_id.unwrap_or_default(),
            ice_servers: IceServer::parse_list(&result["ice_servers"]),
        })
    }
}

/// One `signalwire.event`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) event_type: String,
    /// The media node that sent it, where it matters.
    pub(crate) node_id: Option<String>,
    pub(crate) payload: Value,
}

impl Event {
    /// Reads the parameters of `signalwire.event`; `None` without a type.
    pub(crate) fn parse(params: Value) -> Option<Self> {
        let Value::Object(mut params) = params else { return None };
        let event_type = params.get("event_type")?.as_str()?.to_owned();
        let node_id = params.get("node_id").and_then(Value::as_str).map(str::to_owned);
        let payload = params.remove("params").unwrap_or(Value::Null);
        Some(Self { event_type, node_id, payload })
    }
}

/// How session ids begin, and so how a channel that belongs to one session shows.
const SESSION_PREFIX: &str = "signalwire_";

/// Whether an event is for another, dead session: its channels name sessions, but not ours.
/// Channels of another kind (rooms, conversations) tell nothing and are let through.
pub(crate) fn is_stale(params: &Value, protocol: &str) -> bool {
    let event_type = params["event_type"].as_str().unwrap_or_default();
    if event_type.starts_with("conversation.") || event_type.starts_with("signalwire.") {
        return false;
    }
    let channels: Vec<&str> = match &params["event_channel"] {
        Value::String(channel) => vec![channel],
        Value::Array(channels) => channels.iter().filter_map(Value::as_str).collect(),
        _ => return false,
    };
    channels.iter().any(|channel| channel.contains(SESSION_PREFIX))
        && !channels.iter().any(|channel| channel.contains(protocol))
}

/// Codes of `signalwire.connect` that mean: this authorization is not accepted.
pub(crate) fn is_authorization_refusal(code: i32) -> bool {
    matches!(code, -32000 | -32001 | -32002 | -32003 | -32602)
}

/// The reply to `signalwire.ping`: the server's own timestamp, or else the time here in seconds.
pub(crate) fn pong(params: &Value, now: SystemTime) -> Value {
    match params.get("timestamp").filter(|timestamp| !timestamp.is_null()) {
        Some(timestamp) => json!({"timestamp": timestamp}),
        None => {
            let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            json!({"timestamp": now.as_secs_f64()})
        }
    }
}

/// The new value in a `signalwire.authorization.state` event.
pub(crate) fn authorization_state(payload: &Value) -> Option<String> {
    payload["authorization_state"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_with_and_without_resume() {
        let fresh = connect_params("me", "t", None);
        assert_eq!(fresh["authentication"]["jwt_token"], "t");
        assert_eq!(fresh["version"]["major"], 4);
        assert_eq!(fresh["event_acks"], true);
        assert!(fresh.get("protocol").is_none() && fresh.get("authorization_state").is_none());
        let resume = Resume { protocol: "p".into(), authorization_state: Some("s".into()) };
        let again = connect_params("me", "t", Some(&resume));
        assert_eq!((&again["protocol"], &again["authorization_state"]), (&json!("p"), &json!("s")));
        assert!(
            !format!("{resume:?}").contains('p') || format!("{resume:?}") == "Resume(<redacted>)"
        );
    }

    #[test]
    fn reads_the_connect_result() {
        let result = json!({"identity":"i","protocol":"signalwire_j_a_b","authorization":{
            "jti":"j","fabric_subscriber":{"expires_at":"1790007200"}},
            "ice_servers":[{"urls":["turn:t:443?transport=tcp"],"username":"u","credential":"c"}]});
        let authorized = Authorized::parse(&result).unwrap();
        assert_eq!(authorized.protocol, "signalwire_j_a_b");
        assert_eq!(authorized.expires_at, Some(1_790_007_200));
        assert_eq!(authorized.ice_servers.len(), 1);
        assert!(Authorized::parse(&json!({"identity":"i"})).is_none());
    }

    #[test]
    fn grants_in_every_form() {
        let full = json!({"authorization":{"project_id":"p","scope":["sat:refresh"],
            "cnf":{"jkt":"k"},"fabric_subscriber":{"expires_at":1_790_007_200}}});
        let grant = Grant::parse(&full);
        assert_eq!(grant.project_id.as_deref(), Some("p"));
        assert_eq!(grant.expires_at, Some(1_790_007_200));
        assert_eq!(grant.scope.as_deref(), Some(&["sat:refresh".to_owned()][..]));
        assert_eq!(grant.thumbprint.as_deref(), Some("k"));
        let other = json!({"authorization":{"scope":"a b","fabric_subscriber":{"project_id":"q",
            "expires_at":"2026-09-21T14:13:20Z"}}});
        let grant = Grant::parse(&other);
        assert_eq!(
            (grant.project_id.as_deref(), grant.expires_at),
            (Some("q"), Some(1_790_000_000))
        );
        assert_eq!(grant.scope.map(|scope| scope.len()), Some(2));
        assert_eq!(Grant::parse(&json!({})), Grant::default());
        assert_eq!(Grant::parse(&json!(7)), Grant::default());
    }

    #[test]
    fn only_events_of_another_session_are_stale() {
        for (params, stale) in [
            (json!({"event_type":"call.joined","event_channel":"x.signalwire_P_y"}), false),
            (json!({"event_type":"call.joined","event_channel":"signalwire_O"}), true),
            (json!({"event_type":"call.joined","event_channel":"room.1"}), false),
            (
                json!({"event_type":"call.joined",
                "event_channel":["signalwire_O","signalwire_P_y"]}),
                false,
            ),
            (json!({"event_type":"call.joined","event_channel":["signalwire_O","r"]}), true),
            (json!({"event_type":"call.joined"}), false),
            (json!({"event_type":"conversation.message","event_channel":"signalwire_O"}), false),
            (
                json!({"event_type":"signalwire.authorization.state",
                "event_channel":"signalwire_O"}),
                false,
            ),
        ] {
            assert_eq!(is_stale(&params, "signalwire_P_y"), stale, "{params}");
        }
    }
}
