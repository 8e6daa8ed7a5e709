//! Conversations between addresses: joining, texts, history, and the events of both sides.
//!
//! A group's id is `{own address}_{other address}` as each side sees it: clients take the second
//! part for the other.

use serde_json::{json, Value};

use crate::call::epoch_ms;
use crate::hub::{Hub, Inner, Subscriber};
use crate::rest::{bearer, body, invalid, missing, not_found, paged, unprocessable, Outcome};
use crate::rpc;
use crate::server::{Answer, Call as Request};

/// What two addresses said to each other.
pub struct Conversation {
    /// Ids of both addresses; whoever joined first comes first.
    addresses: [String; 2],
    created_at: u64,
    /// Oldest first.
    entries: Vec<Entry>,
}

struct Entry {
    id: String,
    from: String,
    subtype: &'static str,
    kind: Value,
    text: String,
    details: Value,
    at: u64,
}

impl Conversation {
    fn other(&self, own: &str) -> Option<&str> {
        match &self.addresses {
            [first, second] if first == own => Some(second),
            [first, second] if second == own => Some(first),
            _ => None,
        }
    }

    /// The group's id as the owner of this address sees it.
    fn group_id(&self, own: &str) -> String {
        format!("{own}_{}", self.other(own).unwrap_or_default())
    }
}

/// Handles what stands behind `/conversations` and `/messages`.
pub fn handle(hub: &Hub, request: &Request, path: &str) -> Outcome {
    let own = own_address(hub, request)?;
    let inside = path.strip_prefix("/conversations").unwrap_or(path);
    let id = inside.strip_prefix('/').and_then(|rest| rest.strip_suffix("/messages"));
    match (request.method.as_str(), path, id) {
        ("GET", "/conversations", _) => list(hub, request, &own),
        ("POST", "/conversations/join", _) => join(hub, request, &own),
        ("GET", "/messages", _) => history(hub, request, &own, None),
        ("POST", "/messages", _) => send(hub, request, &own),
        ("GET", _, Some(id)) => history(hub, request, &own, Some(id)),
        _ => Err(not_found()),
    }
}

fn own_address(hub: &Hub, request: &Request) -> Result<Subscriber, Answer> {
    let grant = bearer(hub, request)?;
    let subscriber = hub.with(|inner| {
        inner.subscribers.iter().find(|known| known.id == grant.subscriber_id).cloned()
    });
    // Guests have no address to write from.
    subscriber.ok_or_else(|| Answer::json(403, json!({ "error": "Forbidden" })))
}

/// The members of a body that must be there; more are a violation, since no client sends them.
fn members<'a>(
    hub: &Hub,
    request: &Request,
    body: &'a Value,
    names: &[&'static str],
) -> Result<Vec<&'a Value>, Answer> {
    for key in body.as_object().into_iter().flat_map(|object| object.keys()) {
        if !names.contains(&key.as_str()) {
            hub.violation(format!("{}: unknown member {key}", request.path));
        }
    }
    names.iter().map(|name| body.get(*name).ok_or_else(|| missing(name))).collect()
}

fn join(hub: &Hub, request: &Request, own: &Subscriber) -> Outcome {
    let body = body(request)?;
    let names = ["from_fabric_address_id", "fabric_address_ids"];
    let given = members(hub, request, &body, &names)?;
    if given[0].as_str() != Some(&own.address.id) {
        return Err(invalid("from_fabric_address_id"));
    }
    let ids: Vec<&str> =
        given[1].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if ids.len() != 2 || ids[1] != own.address.id {
        return Err(invalid("fabric_address_ids"));
    }
    if ids[0] == own.address.id {
        let message = "A conversation needs another address.";
        return Err(unprocessable("invalid_parameter", "fabric_address_ids", message));
    }
    let is_known = hub.with(|inner| {
        let private = inner.subscribers.iter().map(|s| &s.address);
        inner.addresses.iter().chain(private).any(|address| address.id == ids[0])
    });
    if !is_known {
        let message = "fabric_address_ids must be addresses that can be seen.";
        return Err(unprocessable("must_belong_to_project", "fabric_address_ids", message));
    }
    let group_id = hub.with(|inner| of(inner, &own.address.id, ids[0]).group_id(&own.address.id));
    Ok(Answer::json(
        201,
        json!({
            "group_id": group_id,
            "fabric_address_ids": ids,
            "from_fabric_address_id": own.address.id,
        }),
    ))
}

/// The conversation of two addresses; a new one if they have none.
fn of<'a>(inner: &'a mut Inner, own: &str, other: &str) -> &'a mut Conversation {
    let all = &mut inner.conversations;
    let at = all.iter().position(|known| known.other(own) == Some(other)).unwrap_or_else(|| {
        all.push(Conversation {
            addresses: [own.to_owned(), other.to_owned()],
            created_at: epoch_ms(),
            entries: Vec::new(),
        });
        all.len() - 1
    });
    &mut all[at]
}

fn list(hub: &Hub, request: &Request, own: &Subscriber) -> Outcome {
    let own_id = &own.address.id;
    let is_old = hub.config.old_conversations;
    let rows = hub.with(|inner| {
        let mut mine: Vec<&Conversation> =
            inner.conversations.iter().filter(|known| known.other(own_id).is_some()).collect();
        let last = |known: &Conversation| known.entries.last().map_or(known.created_at, |e| e.at);
        mine.sort_by_key(|known| std::cmp::Reverse(last(known)));
        mine.iter()
            .map(|known| {
                let other = known.other(own_id).unwrap_or_default();
                let mut row = json!({
                    "created_at": known.created_at,
                    "last_message_at": known.entries.last().map(|entry| entry.at),
                    "metadata": {},
                    "name": name_of(inner, other),
                });
                if is_old {
                    row["id"] = json!(other);
                } else {
                    row["group_id"] = json!(known.group_id(own_id));
                    row["from_fabric_address_id"] = json!(own_id);
                }
                row
            })
            .collect()
    });
    paged(request, rows)
}

fn name_of(inner: &Inner, address: &str) -> String {
    let private = inner.subscribers.iter().map(|s| &s.address);
    let mut all = inner.addresses.iter().chain(private);
    all.find(|known| known.id == address).map(|a| a.display_name.clone()).unwrap_or_default()
}

fn history(hub: &Hub, request: &Request, own: &Subscriber, id: Option<&str>) -> Outcome {
    let own_id = &own.address.id;
    let is_old = hub.config.old_conversations;
    let rows = hub.with(|inner| {
        let found: Vec<&Conversation> = inner
            .conversations
            .iter()
            .filter(|known| match (known.other(own_id), id) {
                (Some(other), Some(id)) if is_old => other == id,
                (Some(_), Some(id)) => known.group_id(own_id) == id,
                (Some(_), None) => true,
                (None, _) => false,
            })
            .collect();
        if found.is_empty() && id.is_some() {
            return None;
        }
        let mut rows: Vec<(u64, Value)> = found
            .iter()
            .flat_map(|known| known.entries.iter().map(|e| (e.at, row(known, e, own_id, is_old))))
            .collect();
        rows.reverse();
        rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Some(rows.into_iter().map(|(_, row)| row).collect())
    });
    paged(request, rows.ok_or_else(not_found)?)
}

fn row(known: &Conversation, entry: &Entry, own: &str, is_old: bool) -> Value {
    let mut row = json!({
        "id": entry.id, "type": "message", "subtype": entry.subtype, "kind": entry.kind,
        "text": entry.text, "details": entry.details, "metadata": {}, "hidden": false,
        "ts": entry.at as f64 / 1e3,
    });
    if is_old {
        row["conversation_id"] = json!(known.other(own));
        row["user_id"] = json!(entry.from);
        row["from_address_id"] = json!(entry.from);
    } else {
        row["group_id"] = json!(known.group_id(own));
        row["from_fabric_address_id"] = json!(entry.from);
    }
    row
}

fn send(hub: &Hub, request: &Request, own: &Subscriber) -> Outcome {
    let body = body(request)?;
    let names = ["group_id", "from_fabric_address_id", "text"];
    let given = members(hub, request, &body, &names)?;
    if given[1].as_str() != Some(&own.address.id) {
        return Err(invalid("from_fabric_address_id"));
    }
    let text = given[2].as_str().filter(|text| !text.is_empty()).ok_or_else(|| invalid("text"))?;
    let own_id = &own.address.id;
    let at = hub.with(|inner| {
        inner.conversations.iter().position(|known| {
            known.other(own_id).is_some() && given[0].as_str() == Some(&known.group_id(own_id))
        })
    });
    let at = at.ok_or_else(|| invalid("group_id"))?;
    let entry = Entry {
        id: rpc::uuid(),
        from: own_id.clone(),
        subtype: "chat",
        kind: Value::Null,
        text: text.to_owned(),
        details: json!({}),
        at: epoch_ms(),
    };
    let group_id = given[0].clone();
    add(hub, at, entry);
    Ok(Answer::json(201, json!({ "table": { "group_id": group_id, "text": text } })))
}

fn add(hub: &Hub, at: usize, entry: Entry) {
    let id = entry.id.clone();
    hub.with(|inner| inner.conversations[at].entries.push(entry));
    tell(hub, at, &id, "conversation.message");
}

/// Tells both sides, in every session, of an entry.
fn tell(hub: &Hub, at: usize, id: &str, event_type: &str) {
    let is_old = hub.config.old_conversations;
    let events: Vec<(String, Value, bool)> = hub.with(|inner| {
        let known = &inner.conversations[at];
        let Some(entry) = known.entries.iter().find(|entry| entry.id == id) else {
            return Vec::new();
        };
        let sides = inner.subscribers.iter().filter(|s| known.other(&s.address.id).is_some());
        sides
            .flat_map(|side| {
                let own = &side.address.id;
                let mut payload = row(known, entry, own, is_old);
                let other = known.other(own).unwrap_or_default();
                payload["conversation_name"] = json!(name_of(inner, other));
                payload["user_name"] = json!(name_of(inner, &entry.from));
                let is_author = entry.from == *own;
                let sessions = inner.sessions.values();
                sessions
                    .filter(|session| session.grant.subscriber_id == side.id)
                    .map(|s| (s.protocol.clone(), payload.clone(), is_author))
                    .collect::<Vec<_>>()
            })
            .collect()
    });
    for (protocol, payload, is_author) in events {
        hub.event_with(&protocol, event_type, payload, json!({ "is_author": is_author }));
    }
}

/// Fault `log_call`: an entry of the call history between two subscribers, by their references.
pub fn log_call(hub: &Hub, fault: &Value) -> Result<Value, String> {
    let address = |key: &str| {
        let wanted = rpc::text(fault, key).ok_or(format!("{key} is missing"))?;
        let found = hub.with(|inner| {
            let known = inner.subscribers.iter().find(|s| s.reference == wanted);
            known.map(|subscriber| subscriber.address.id.clone())
        });
        found.ok_or(format!("{key}: nobody has this reference"))
    };
    let (from, to) = (address("from")?, address("to")?);
    let at = hub.with(|inner| {
        of(inner, &from, &to);
        inner.conversations.iter().position(|known| known.other(&from) == Some(&to))
    });
    let id = rpc::uuid();
    let entry = Entry {
        id: id.clone(),
        from,
        subtype: "log",
        kind: json!(rpc::text(fault, "kind").unwrap_or("audio_call")),
        text: String::new(),
        details: json!({ "status": "started", "start_time": epoch_ms() }),
        at: epoch_ms(),
    };
    add(hub, at.ok_or("no conversation")?, entry);
    Ok(json!({ "id": id }))
}

/// Fault `update_message`: changes an entry and tells both sides.
pub fn update_message(hub: &Hub, fault: &Value) -> Result<Value, String> {
    let id = rpc::text(fault, "id").ok_or("id is missing")?;
    let changed = hub.with(|inner| {
        inner.conversations.iter_mut().enumerate().find_map(|(at, known)| {
            let entry = known.entries.iter_mut().find(|entry| entry.id == id)?;
            if let Some(text) = rpc::text(fault, "text") {
                entry.text = text.to_owned();
            }
            if let Some(status) = rpc::text(fault, "status") {
                entry.details["status"] = json!(status);
                entry.details["end_time"] = json!(epoch_ms());
            }
            Some(at)
        })
    });
    tell(hub, changed.ok_or("no such message")?, id, "conversation.message.updated");
    Ok(json!({}))
}
