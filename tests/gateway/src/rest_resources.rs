//! The project's resources: subscribers, which can be changed, and everything else, which can be
//! read.

use serde_json::{json, Value};

use crate::directory::{self, Address};
use crate::hub::{Hub, Inner, Subscriber};
use crate::rest::{
    body, invalid, missing, not_found, optional_texts, paged, project, unprocessable, Outcome,
};
use crate::rest_sip;
use crate::rpc;
use crate::server::{Answer, Call as Request};

const PROFILE: [&str; 7] =
    ["first_name", "last_name", "display_name", "job_title", "timezone", "country", "company_name"];

/// Routes what stands below `/api/fabric/resources`; `rest` is what follows that.
pub fn handle(hub: &Hub, request: &Request, rest: &str) -> Outcome {
    project(hub, request)?;
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", []) => paged(request, everything(hub)),
        ("GET", ["subscribers"]) => paged(request, subscribers(hub)),
        ("POST", ["subscribers"]) => create(hub, request),
        ("GET", ["subscribers", id]) => Ok(Answer::json(200, find(hub, id)?)),
        ("PUT", ["subscribers", id]) => update(hub, request, id),
        ("DELETE", ["subscribers", id]) => delete(hub, id),
        ("GET", ["subscribers", id, "addresses"]) => {
            find(hub, id)?;
            paged(request, addresses(hub, id))
        }
        (_, ["subscribers", id, "sip_endpoints", more @ ..]) => {
            find(hub, id)?;
            rest_sip::handle(hub, request, id, more)
        }
        ("GET", [id]) => {
            let all = everything(hub).into_iter();
            let found = all.into_iter().find(|resource| resource["id"] == **id);
            found.map(|resource| Answer::json(200, resource)).ok_or_else(not_found)
        }
        ("DELETE", [id]) => delete(hub, id).or_else(|_| delete_built_in(hub, id)),
        ("GET", [id, "addresses"]) => {
            let found = addresses(hub, id);
            if found.is_empty() {
                return Err(not_found());
            }
            paged(request, found)
        }
        _ => Err(not_found()),
    }
}

fn subscriber_resource(hub: &Hub, subscriber: &Subscriber) -> Value {
    let profile = |key: &str| subscriber.profile.get(key).cloned().unwrap_or(json!(""));
    json!({
        "id": subscriber.address.resource_id,
        "project_id": hub.config.project,
        "display_name": subscriber.address.display_name,
        "type": "subscriber",
        "created_at": subscriber.address.created_at,
        "updated_at": subscriber.address.created_at,
        "subscriber": {
            "id": subscriber.id,
            "email": subscriber.reference,
            "first_name": profile("first_name"),
            "last_name": profile("last_name"),
            "display_name": subscriber.address.display_name,
            "job_title": profile("job_title"),
            "timezone": profile("time_zone"),
            "country": profile("country"),
            "company_name": profile("company_name"),
        },
    })
}

fn built_in_resource(hub: &Hub, address: &Address) -> Value {
    // Rooms say `swml_script` and carry the member of a room, as the service does.
    let (kind, member) = match address.kind {
        "room" => ("swml_script", "video_room"),
        "call" => ("call_flow", "call_flow"),
        "subscriber" => ("sip_endpoint", "sip_endpoint"),
        _ => ("swml_script", "swml_script"),
    };
    let mut resource = json!({
        "id": address.resource_id,
        "project_id": hub.config.project,
        "display_name": address.display_name,
        "type": kind,
        "created_at": address.created_at,
        "updated_at": address.created_at,
    });
    resource[member] = json!({ "id": address.id, "name": address.name });
    resource
}

fn subscribers(hub: &Hub) -> Vec<Value> {
    let all = hub.with(|inner| inner.subscribers.clone());
    all.iter().map(|subscriber| subscriber_resource(hub, subscriber)).collect()
}

fn everything(hub: &Hub) -> Vec<Value> {
    let built_in = hub.with(|inner| inner.addresses.clone());
    let mut all: Vec<Value> = built_in.iter().map(|a| built_in_resource(hub, a)).collect();
    all.extend(subscribers(hub));
    all
}

fn addresses(hub: &Hub, resource: &str) -> Vec<Value> {
    hub.with(|inner| {
        let private = inner.subscribers.iter().map(|s| &s.address);
        let all = inner.addresses.iter().chain(private);
        all.filter(|a| a.resource_id == resource).map(Address::to_json).collect()
    })
}

fn find(hub: &Hub, id: &str) -> Result<Value, Answer> {
    subscribers(hub).into_iter().find(|s| s["id"] == *id).ok_or_else(not_found)
}

fn position(inner: &Inner, id: &str) -> Option<usize> {
    inner.subscribers.iter().position(|s| s.address.resource_id == id)
}

/// The e-mail address and the profile of a valid request, the latter under the names that a token
/// request gives them.
fn wanted(request: &Request) -> Result<(String, Value), Answer> {
    let body = body(request)?;
    let email = match body.get("email") {
        None | Some(Value::Null) => return Err(missing("email")),
        Some(Value::String(text)) if text.contains('@') => text.clone(),
        Some(_) => return Err(invalid("email")),
    };
    let password = optional_texts(&body, &["password"])?;
    let length = rpc::text(&password, "password").map(|text| text.chars().count());
    if length.is_some_and(|length| !(8..=72).contains(&length)) {
        return Err(invalid("password"));
    }
    let mut profile = optional_texts(&body, &PROFILE)?;
    if let Some(zone) = profile.as_object_mut().and_then(|map| map.remove("timezone")) {
        profile["time_zone"] = zone;
    }
    Ok((email, profile))
}

fn taken() -> Answer {
    unprocessable("invalid_parameter", "email", "email has already been taken.")
}

fn create(hub: &Hub, request: &Request) -> Outcome {
    let (email, profile) = wanted(request)?;
    if hub.with(|inner| inner.subscribers.iter().any(|s| s.reference == email)) {
        return Err(taken());
    }
    let subscriber = hub.subscriber(&email, &profile);
    Ok(Answer::json(201, subscriber_resource(hub, &subscriber)))
}

fn update(hub: &Hub, request: &Request, id: &str) -> Outcome {
    find(hub, id)?;
    let (email, profile) = wanted(request)?;
    let changed = hub.with(|inner| {
        let at = position(inner, id).ok_or_else(not_found)?;
        let others = inner.subscribers.iter().enumerate().filter(|(other, _)| *other != at);
        if others.into_iter().any(|(_, other)| other.reference == email) {
            return Err(taken());
        }
        let subscriber = &mut inner.subscribers[at];
        if let (Some(old), Some(new)) = (subscriber.profile.as_object_mut(), profile.as_object()) {
            old.extend(new.clone());
        }
        let display_name = rpc::text(&subscriber.profile, "display_name").unwrap_or(&email);
        let renamed = directory::of_subscriber(&subscriber.id, &email, display_name);
        subscriber.address = renamed;
        subscriber.reference = email;
        Ok(subscriber.clone())
    })?;
    Ok(Answer::json(200, subscriber_resource(hub, &changed)))
}

fn delete(hub: &Hub, id: &str) -> Outcome {
    hub.with(|inner| {
        let at = position(inner, id).ok_or_else(not_found)?;
        let gone = inner.subscribers.remove(at);
        inner.tokens.retain(|_, grant| grant.subscriber_id != gone.id);
        inner.sip_credentials.retain(|(subscriber, _)| subscriber != id);
        Ok(no_content())
    })
}

/// What is not a subscriber goes with its addresses.
fn delete_built_in(hub: &Hub, id: &str) -> Outcome {
    hub.with(|inner| {
        let before = inner.addresses.len();
        inner.addresses.retain(|address| address.resource_id != id);
        (inner.addresses.len() < before).then(no_content).ok_or_else(not_found)
    })
}

/// 204.
pub fn no_content() -> Answer {
    Answer { status: 204, kind: "application/json", body: Vec::new(), headers: Vec::new() }
}
