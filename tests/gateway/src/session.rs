//! `signalwire.connect`, resuming, reauthentication, presence.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde_json::{json, Value};

use crate::dpop::{self, About};
use crate::hub::{Hub, Inner, Out, Session, SocketHandle};
use crate::media::token as random_token;
use crate::rpc::{self, AUTHENTICATION_FAILED, INVALID_PARAMS, REQUESTER_VALIDATION_FAILED};
use crate::secrets;
use crate::token::{Grant, Kind};

/// How many authorization states of a session are honoured: the client may have missed the
/// newest ones.
const HONOURED_STATES: usize = 3;

/// A refused connect.
type Refusal = (i64, String);

/// Handles `signalwire.connect`; on success the protocol of the session is returned.
pub fn connect(
    hub: &Arc<Hub>,
    socket: &SocketHandle,
    id: &Value,
    params: &Value,
) -> Option<String> {
    match try_connect(hub, socket, params) {
        Ok(protocol) => {
            let answer = hub.with(|inner| {
                let session = inner.sessions.get(&protocol)?;
                Some(rpc::result(id, connect_result(hub, session)).to_string())
            })?;
            socket.send(Out::Text(answer));
            announce(hub, &protocol);
            if hub.config.attach_on_resume && params.get("protocol").is_some() {
                let calls = hub.with(|inner| inner.calls.clone());
                let mine = calls.iter().filter(|c| c.protocol() == protocol && c.is_answered());
                mine.for_each(|call| call.push_attach(hub));
            }
            Some(protocol)
        }
        Err((code, message)) => {
            hub.with(|inner| inner.counters.refused_connects += 1);
            hub.log(&format!("connect refused: {code} {message}"));
            socket.send(Out::Text(rpc::error(id, code, &message).to_string()));
            None
        }
    }
}

fn try_connect(hub: &Hub, socket: &SocketHandle, params: &Value) -> Result<String, Refusal> {
    let token = check_params(hub, params)?;
    let resumed = rpc::text(params, "protocol").map(str::to_owned);
    let state = rpc::text(params, "authorization_state").map(str::to_owned);
    if resumed.is_none() && state.is_some() {
        hub.violation("signalwire.connect: authorization_state without protocol");
    }
    let Some(protocol) = resumed else {
        let grant = hub.grant(&token).ok_or_else(authentication_failed)?;
        possession(hub, &grant, params, "signalwire.connect")?;
        let agent = rpc::text(params, "agent").unwrap_or_default().to_owned();
        return Ok(fresh(hub, socket, grant, agent));
    };
    // The authorization state stands for the token, which may have expired; it must be a token
    // of this gateway all the same.
    hub.known_grant(&token).ok_or_else(authentication_failed)?;
    hub.with(|inner| resume(inner, socket, &protocol, state.as_deref()))
        .ok_or((REQUESTER_VALIDATION_FAILED, "Requester validation failed".to_owned()))
}

/// A token that is bound to a key needs a proof; for others a proof is welcome if it is right.
fn possession(hub: &Hub, grant: &Grant, params: &Value, method: &str) -> Result<(), Refusal> {
    let proof = match (rpc::text(params, "dpop_token"), &grant.thumbprint) {
        (None, None) => return Ok(()),
        (None, Some(_)) => return Err(authentication_failed()),
        (Some(proof), _) => dpop::verify(proof, &About::Rpc { method }),
    };
    let right = match &proof {
        Ok(proof) => {
            let bound = grant.thumbprint.as_ref();
            bound.is_none_or(|bound| *bound == proof.thumbprint) && hub.first_use(&proof.jti)
        }
        Err(reason) => {
            hub.violation(format!("{method}: {reason}"));
            false
        }
    };
    right.then_some(()).ok_or_else(authentication_failed)
}

fn authentication_failed() -> Refusal {
    (
        AUTHENTICATION_FAILED,
        "Authentication service failed with status ( 401, Unauthorized )".into(),
    )
}

fn check_params(hub: &Hub, params: &Value) -> Result<String, Refusal> {
    let invalid = |what: &str| {
        hub.violation(format!("signalwire.connect: {what}"));
        (INVALID_PARAMS, format!("Invalid params: {what}"))
    };
    let version = params.get("version").ok_or_else(|| invalid("version is missing"))?;
    for part in ["major", "minor", "revision"] {
        if !version.get(part).is_some_and(Value::is_u64) {
            return Err(invalid("version needs the numbers major, minor and revision"));
        }
    }
    if version["major"] != 4 {
        return Err(invalid("version.major is not 4"));
    }
    for key in ["agent", "protocol", "authorization_state"] {
        if params.get(key).is_some_and(|v| !v.is_string()) {
            return Err(invalid(&format!("{key} is not a string")));
        }
    }
    if params.get("event_acks") != Some(&json!(true)) {
        hub.violation("signalwire.connect without event_acks:true");
    }
    params["authentication"]["jwt_token"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| invalid("authentication.jwt_token is missing"))
}

fn fresh(hub: &Hub, socket: &SocketHandle, grant: Grant, agent: String) -> String {
    let protocol = format!("signalwire_{}_{}_{}", grant.jti, rpc::uuid(), hub.config.project);
    hub.with(|inner| {
        inner.counters.connects += 1;
        let reference = inner
            .subscribers
            .iter()
            .find(|s| s.id == grant.subscriber_id)
            .map_or_else(|| "guest".to_owned(), |s| s.reference.clone());
        let session = Session {
            protocol: protocol.clone(),
            identity: format!("{}@{}.us-east", rpc::uuid(), rpc::uuid()),
            grant,
            reference,
            agent,
            states: VecDeque::new(),
            online: false,
            socket: Some(socket.clone()),
            detached: None,
            unacked: Vec::new(),
            acked: VecDeque::new(),
            backlog: Vec::new(),
            answered: VecDeque::new(),
            pending: HashSet::new(),
            verto_requests: HashMap::new(),
            resumes: 0,
        };
        inner.sessions.insert(protocol.clone(), session);
    });
    protocol
}

fn resume(
    inner: &mut Inner,
    socket: &SocketHandle,
    protocol: &str,
    state: Option<&str>,
) -> Option<String> {
    if inner.faults.stale_resume() {
        return None;
    }
    let session = inner.sessions.get_mut(protocol)?;
    if !session.states.iter().any(|known| Some(known.as_str()) == state) {
        return None;
    }
    if let Some(old) = session.socket.replace(socket.clone()) {
        if old.id != socket.id {
            old.send(Out::Close(1000, String::new()));
        }
    }
    session.detached = None;
    session.resumes += 1;
    inner.counters.resumes += 1;
    Some(protocol.to_owned())
}

fn connect_result(hub: &Hub, session: &Session) -> Value {
    let mut result = json!({
        "identity": session.identity,
        "protocol": session.protocol,
        "authorization": authorization(hub, &session.grant),
    });
    result["ice_servers"] = hub.config.ice_servers.clone();
    result
}

fn authorization(hub: &Hub, grant: &Grant) -> Value {
    let mut authorization = json!({
        "jti": grant.jti,
        "project_id": hub.config.project,
        "scope": grant.scope,
        "fabric_subscriber": {
            "version": 1,
            "expires_at": hub.told_expiry(grant.expires_at),
            "subscriber_id": grant.subscriber_id,
            "application_id": grant.application_id,
            "project_id": hub.config.project,
            "space_id": hub.config.space,
        },
    });
    if let Some(thumbprint) = &grant.thumbprint {
        authorization["cnf"] = json!({ "jkt": thumbprint });
    }
    authorization
}

/// The authorization state first, then whatever waited for this socket.
fn announce(hub: &Hub, protocol: &str) {
    let state = format!("{}:{}", secrets::text(86), random_token(22));
    let waiting = hub.with(|inner| {
        let Some(session) = inner.sessions.get_mut(protocol) else {
            return Vec::new();
        };
        session.states.push_front(state.clone());
        session.states.truncate(HONOURED_STATES);
        let backlog = std::mem::take(&mut session.backlog);
        if !hub.config.redeliver {
            return backlog;
        }
        // The backlog is part of the unacknowledged events.
        for event in &mut session.unacked {
            event.at = std::time::Instant::now();
        }
        session
            .unacked
            .iter()
            .filter(|e| e.kind != "signalwire.authorization.state")
            .map(|e| e.text.clone())
            .collect()
    });
    let payload = json!({ "authorization_state": state });
    hub.event(protocol, "signalwire.authorization.state", payload);
    hub.with(|inner| {
        let socket = inner.sessions.get(protocol).and_then(|s| s.socket.clone());
        if let Some(socket) = socket {
            waiting.into_iter().for_each(|text| socket.send(Out::Text(text)));
        }
    });
}

/// Handles `signalwire.reauthenticate`.
pub fn reauthenticate(hub: &Hub, protocol: &str, id: &Value, params: &Value) {
    let authentication = &params["authentication"];
    if let Some(code) = hub.with(|inner| inner.faults.refuse_reauthenticate()) {
        hub.respond(protocol, id, &rpc::error(id, code, &authentication_failed().1));
        return;
    }
    let answer =
        match (rpc::text(authentication, "jwt_token"), rpc::text(authentication, "project")) {
            (Some(_), Some(project)) if project != hub.config.project => {
                hub.violation("signalwire.reauthenticate with another project");
                rpc::error(id, INVALID_PARAMS, "Invalid params: project")
            }
            (Some(token), Some(_)) => match proven(hub, token, params) {
                Some(grant) => {
                    let authorization = authorization(hub, &grant);
                    hub.with(|inner| {
                        inner.counters.reauthentications += 1;
                        inner.faults.reauthenticated();
                        if let Some(session) = inner.sessions.get_mut(protocol) {
                            session.grant = grant;
                        }
                    });
                    rpc::result(id, json!({ "authorization": authorization }))
                }
                None => {
                    let (code, message) = authentication_failed();
                    rpc::error(id, code, &message)
                }
            },
            _ => {
                hub.violation("signalwire.reauthenticate without project and jwt_token");
                rpc::error(id, INVALID_PARAMS, "Invalid params: authentication")
            }
        };
    let renewed = answer.get("result").is_some();
    hub.respond(protocol, id, &answer);
    if renewed {
        announce_state(hub, protocol);
    }
}

fn proven(hub: &Hub, token: &str, params: &Value) -> Option<Grant> {
    let grant = hub.grant(token)?;
    possession(hub, &grant, params, "signalwire.reauthenticate").ok()?;
    Some(grant)
}

fn announce_state(hub: &Hub, protocol: &str) {
    let state = format!("{}:{}", secrets::text(86), random_token(22));
    hub.with(|inner| {
        if let Some(session) = inner.sessions.get_mut(protocol) {
            session.states.push_front(state.clone());
            session.states.truncate(HONOURED_STATES);
        }
    });
    let payload = json!({ "authorization_state": state });
    hub.event(protocol, "signalwire.authorization.state", payload);
}

/// Handles `subscriber.online` and `subscriber.offline`.
pub fn presence(hub: &Hub, protocol: &str, id: &Value, online: bool) {
    let failure = match online {
        true => hub.with(|inner| inner.faults.fail_online()),
        false => None,
    };
    if let Some(code) = failure {
        let error = rpc::error(id, code, "WebRTC endpoint registration failed");
        hub.respond(protocol, id, &error);
        return;
    }
    let allowed = hub.with(|inner| {
        let session = inner.sessions.get_mut(protocol)?;
        // Guests can only call out.
        if session.grant.kind == Kind::Guest {
            return None;
        }
        session.online = online;
        Some(())
    });
    let result = match allowed {
        Some(()) => rpc::ok("OK"),
        None => rpc::refused("-32001", "Permission Denied."),
    };
    hub.respond(protocol, id, &rpc::result(id, result));
}
