//! The SIP credentials of subscribers.

use serde_json::{json, Value};

use crate::hub::{Hub, Inner};
use crate::rest::{body, invalid, missing, not_found, optional_texts, paged, Outcome};
use crate::rest_resources::no_content;
use crate::rpc;
use crate::server::{Answer, Call as Request};

const CIPHERS: [&str; 5] = [
    "AEAD_AES_256_GCM_8",
    "AES_256_CM_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_80",
    "AES_256_CM_HMAC_SHA1_32",
    "AES_CM_128_HMAC_SHA1_32",
];
const CODECS: [&str; 7] = ["OPUS", "G722", "PCMU", "PCMA", "G729", "VP8", "H264"];

/// Routes what stands below `/subscribers/{id}/sip_endpoints`; the subscriber is there.
pub fn handle(hub: &Hub, request: &Request, subscriber: &str, rest: &[&str]) -> Outcome {
    match (request.method.as_str(), rest) {
        ("GET", []) => paged(request, of(hub, subscriber)),
        ("POST", []) => create(hub, request, subscriber),
        ("GET", [id]) => {
            let found = of(hub, subscriber).into_iter().find(|entry| entry["id"] == **id);
            found.map(|entry| Answer::json(200, entry)).ok_or_else(not_found)
        }
        ("PATCH", [id]) => change(hub, request, subscriber, id),
        ("DELETE", [id]) => hub.with(|inner| {
            let at = position(inner, subscriber, id).ok_or_else(not_found)?;
            inner.sip_credentials.remove(at);
            Ok(no_content())
        }),
        _ => Err(not_found()),
    }
}

fn of(hub: &Hub, subscriber: &str) -> Vec<Value> {
    hub.with(|inner| {
        let all = inner.sip_credentials.iter();
        all.filter(|(owner, _)| owner == subscriber).map(|(_, entry)| entry.clone()).collect()
    })
}

fn position(inner: &Inner, subscriber: &str, id: &str) -> Option<usize> {
    let mut all = inner.sip_credentials.iter();
    all.position(|(owner, entry)| owner == subscriber && entry["id"] == id)
}

/// The members of a request that may be kept, each checked. The password is checked and forgotten.
fn wanted(body: &Value) -> Result<Value, Answer> {
    let texts =
        optional_texts(body, &["username", "password", "caller_id", "send_as", "encryption"])?;
    for key in ["username", "password"] {
        if rpc::text(&texts, key).is_some_and(|text| text.trim().is_empty()) {
            return Err(invalid(key));
        }
    }
    let is_number = |text: &str| {
        text.strip_prefix('+').is_some_and(|digits| digits.chars().all(|c| c.is_ascii_digit()))
    };
    if rpc::text(&texts, "send_as").is_some_and(|text| !is_number(text)) {
        return Err(invalid("send_as"));
    }
    let known = ["required", "optional", "default"];
    if rpc::text(&texts, "encryption").is_some_and(|text| !known.contains(&text)) {
        return Err(invalid("encryption"));
    }
    let mut kept = texts;
    if let Some(members) = kept.as_object_mut() {
        members.remove("password");
    }
    for (key, allowed) in [("ciphers", &CIPHERS[..]), ("codecs", &CODECS[..])] {
        let Some(value) = body.get(key).filter(|value| !value.is_null()) else { continue };
        let is_known = |entry: &Value| entry.as_str().is_some_and(|name| allowed.contains(&name));
        if !value.as_array().is_some_and(|list| list.iter().all(is_known)) {
            return Err(invalid(key));
        }
        kept[key] = value.clone();
    }
    Ok(kept)
}

fn merge(into: &mut Value, more: &Value) {
    if let (Some(old), Some(new)) = (into.as_object_mut(), more.as_object()) {
        old.extend(new.clone());
    }
}

fn create(hub: &Hub, request: &Request, subscriber: &str) -> Outcome {
    let body = body(request)?;
    for key in ["username", "password"] {
        if body.get(key).is_none_or(Value::is_null) {
            return Err(missing(key));
        }
    }
    let kept = wanted(&body)?;
    let mut entry = json!({
        "id": rpc::uuid(),
        "caller_id": "",
        "send_as": "random",
        "ciphers": CIPHERS,
        "codecs": CODECS,
        "encryption": "default",
    });
    merge(&mut entry, &kept);
    hub.with(|inner| inner.sip_credentials.push((subscriber.to_owned(), entry.clone())));
    Ok(Answer::json(201, entry))
}

fn change(hub: &Hub, request: &Request, subscriber: &str, id: &str) -> Outcome {
    let kept = wanted(&body(request)?)?;
    hub.with(|inner| {
        let at = position(inner, subscriber, id).ok_or_else(not_found)?;
        let entry = &mut inner.sip_credentials[at].1;
        merge(entry, &kept);
        Ok(Answer::json(200, entry.clone()))
    })
}
