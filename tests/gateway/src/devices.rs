//! Devices of a subscriber: tokens bound to a key, and registrations for push.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use serde_json::{json, Value};

use crate::dpop::{self, About};
use crate::hub::Hub;
use crate::rest::{bearer, body, invalid, missing, not_found, Outcome};
use crate::rpc;
use crate::secrets;
use crate::server::{Answer, Call as Request};
use crate::token::{self, Grant};

const LONGEST_LIFE: i64 = 900;

/// `POST /api/fabric/subscriber/devices/token` and `.../refresh`: a token bound to the key of
/// the proof.
pub fn bound_token(hub: &Hub, request: &Request, refresh: bool) -> Outcome {
    let grant = bearer(hub, request)?;
    let body = body(request)?;
    let proof = rpc::text(&body, "dpop_token").ok_or_else(|| missing("dpop_token"))?;
    let current = request.bearer().filter(|_| refresh);
    let about = About::Http { path: request.path.trim_end_matches('/'), token: current };
    let proof = dpop::verify(proof, &about).map_err(|reason| {
        hub.violation(format!("{}: {reason}", request.path));
        invalid("dpop_token")
    })?;
    let bound = grant.thumbprint.as_ref();
    if bound.is_some_and(|bound| *bound != proof.thumbprint) || !hub.first_use(&proof.jti) {
        hub.violation(format!("{}: another key, or a proof used before", request.path));
        return Err(invalid("dpop_token"));
    }
    if !grant.scope.iter().any(|scope| scope == "sat:refresh") {
        return Err(Answer::json(403, json!({ "error": "Forbidden" })));
    }
    let life = match body.get("expire_in") {
        None | Some(Value::Null) => LONGEST_LIFE,
        Some(value) => value
            .as_i64()
            .filter(|life| (1..=LONGEST_LIFE).contains(life))
            .ok_or_else(|| invalid("expire_in"))?,
    };
    let life = life.min(hub.config.bound_life.as_secs() as i64);
    let expires_at = token::now() + life;
    let next = Grant { jti: rpc::uuid(), expires_at, thumbprint: Some(proof.thumbprint), ..grant };
    hub.with(|inner| match refresh {
        true => inner.counters.bound_refreshes += 1,
        false => inner.counters.bound_exchanges += 1,
    });
    let host = request.bearer().and_then(token::cluster_host);
    let token = hub.issue(next, host.as_deref());
    Ok(Answer::json(201, json!({ "token": token, "expires_at": hub.told_expiry(expires_at) })))
}

/// `POST /subscriber/devices`.
pub fn register(hub: &Hub, request: &Request) -> Outcome {
    let grant = bearer(hub, request)?;
    let body = body(request)?;
    let kind = rpc::text(&body, "device_type").ok_or_else(|| missing("device_type"))?;
    if !["iOS", "Android", "Desktop"].contains(&kind) {
        return Err(invalid("device_type"));
    }
    let device_token = rpc::text(&body, "device_token").ok_or_else(|| missing("device_token"))?;
    let device = json!({
        "id": rpc::uuid(),
        "date_registered": "2025-03-01T08:00:00Z",
        "device_name": null,
        "device_type": kind,
        "device_token": device_token,
        "push_notification_key": STANDARD.encode(secrets::bytes::<32>()),
    });
    hub.with(|inner| inner.devices.push((grant.subscriber_id, device.clone())));
    Ok(Answer::json(201, device))
}

/// `DELETE /subscriber/devices/{id}`.
pub fn unregister(hub: &Hub, request: &Request, id: &str) -> Outcome {
    let grant = bearer(hub, request)?;
    let removed = hub.with(|inner| {
        let count = inner.devices.len();
        inner.devices.retain(|(owner, device)| {
            *owner != grant.subscriber_id || rpc::text(device, "id") != Some(id)
        });
        count != inner.devices.len()
    });
    match removed {
        true => {
            Ok(Answer { status: 204, kind: "text/plain", body: Vec::new(), headers: Vec::new() })
        }
        false => Err(not_found()),
    }
}
