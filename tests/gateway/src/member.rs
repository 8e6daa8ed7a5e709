//! `call.*` requests: mute, deafness, volumes, layout and the like.

use std::sync::Arc;

use serde_json::{json, Value};

use crate::call::{Call, Leg};
use crate::conference::{self, Conference};
use crate::events::{self, LAYOUTS};
use crate::hub::Hub;
use crate::rpc;
use crate::segment::{self, Target};

/// A refusal inside the result.
type Refusal = (&'static str, String);
/// What a request did: additions to the result, changed keys of the member.
type Done = Result<(Value, Vec<&'static str>), Refusal>;

/// A member that a request changed, and which of its keys.
type Change = (Target, Vec<&'static str>);
/// A leg that a request changed, and which keys of its member.
type LegChange = (Arc<Call>, Vec<&'static str>);

/// What a request changed.
enum Changes {
    /// Members as the one leg sees them.
    Members(Vec<Change>),
    /// Legs of a conference.
    Legs(Vec<LegChange>),
}

/// Handles one `call.*` request.
pub fn handle(hub: &Arc<Hub>, protocol: &str, id: &Value, method: &str, params: &Value) {
    let done = find(hub, protocol, params).and_then(|call| {
        let targets = call.with(|leg| targets(leg, method, params))?;
        if let Some(legs) = in_conference(&call, &targets) {
            let (extra, changes) = confer(&call, &legs, method, params)?;
            return Ok((call, extra, Changes::Legs(changes)));
        }
        let (extra, changes) = call.with(|leg| {
            let done = perform(&call, leg, method, params, &targets);
            leg.apply();
            done
        })?;
        Ok((call, extra, Changes::Members(changes)))
    });
    let result = match &done {
        Ok((_, extra, _)) => {
            let mut result = rpc::ok("OK");
            if let (Some(result), Some(extra)) = (result.as_object_mut(), extra.as_object()) {
                result.extend(extra.clone());
            }
            result
        }
        Err((code, message)) => {
            hub.violation(format!("{method}: {message}"));
            rpc::refused(code, message)
        }
    };
    hub.respond(protocol, id, &rpc::result(id, result));
    match done {
        Ok((call, _, Changes::Members(changes))) => consequences(hub, &call, method, &changes),
        Ok((call, _, Changes::Legs(changes))) => {
            let Some(conference) = call.conference() else { return };
            aftermath(hub, conference, method, params, &changes);
        }
        Err(_) => {}
    }
}

/// The legs behind the targets when the call is in a conference and the targets are too.
fn in_conference(call: &Arc<Call>, targets: &[Target]) -> Option<Vec<Arc<Call>>> {
    let conference = call.conference()?;
    let expanded: Vec<Target> =
        call.with(|leg| targets.iter().flat_map(|target| expand(leg, *target)).collect());
    expanded
        .into_iter()
        .map(|target| match target {
            Target::Client(0) => Some(call.clone()),
            Target::Other { segment: 0, member } => {
                let id = call.with(|leg| Some(leg.home().others.get(member)?["member_id"].clone()));
                conference.leg(id?.as_str()?)
            }
            _ => None,
        })
        .collect()
}

/// Does what is asked to each leg of a conference. No two legs are locked at the same time.
fn confer(
    call: &Call,
    legs: &[Arc<Call>],
    method: &str,
    params: &Value,
) -> Result<(Value, Vec<LegChange>), Refusal> {
    let (mut extra, mut changes) = (json!({}), Vec::new());
    for (number, other) in legs.iter().enumerate() {
        if method == "call.member.position.set" {
            let position = rpc::text(&params["targets"][number], "position");
            let position = position.ok_or(("422", "position is missing".to_owned()))?;
            other.with(|leg| leg.position = position.to_owned());
            changes.push((other.clone(), Vec::new()));
            continue;
        }
        let (more, keys) = other.with(|leg| {
            let done = act(leg, method, params);
            leg.apply();
            done
        })?;
        if more.as_object().is_some_and(|m| !m.is_empty()) {
            extra = more;
        }
        changes.push((other.clone(), keys));
    }
    if method == "call.member.list" {
        extra["members"] = json!(call.with(|leg| events::members(call, leg, leg.home())));
    }
    Ok((extra, changes))
}

/// What all members of a conference learn of a request.
fn aftermath(
    hub: &Arc<Hub>,
    conference: &Conference,
    method: &str,
    params: &Value,
    changes: &[LegChange],
) {
    for (leg, keys) in changes.iter().filter(|(_, keys)| !keys.is_empty()) {
        conference::changed(hub, conference, leg, keys);
    }
    match method {
        "call.lock" | "call.unlock" => {
            conference::lock_room(hub, conference, method == "call.lock");
        }
        "call.layout.set" => {
            let layout = rpc::text(params, "layout").unwrap_or_default();
            conference::set_layout(hub, conference, layout);
        }
        "call.member.position.set" => conference::show_layout(hub, conference),
        "call.end" | "call.member.remove" => {
            changes.iter().for_each(|(leg, _)| leg.hang_up(hub, 16, "NORMAL_CLEARING"));
        }
        _ => {}
    }
}

/// The call of `self`, which is always the member of the first segment.
fn find(hub: &Hub, protocol: &str, params: &Value) -> Result<Arc<Call>, Refusal> {
    let me = &params["self"];
    let missing = |what: &str| ("422", format!("{what} is missing"));
    let call_id = rpc::text(me, "call_id").ok_or_else(|| missing("self.call_id"))?;
    let member_id = rpc::text(me, "member_id").ok_or_else(|| missing("self.member_id"))?;
    let node_id = rpc::text(me, "node_id").ok_or_else(|| missing("self.node_id"))?;
    let call = hub.call(call_id).filter(|c| c.protocol() == protocol && c.is_answered());
    let call = call.ok_or(("404", "no answered call with self.call_id".to_owned()))?;
    if member_id != call.member_id {
        return Err(("404", "self.member_id is not the member of this call".into()));
    }
    if node_id != call.node_id {
        return Err(("404", "self.node_id is not the node of this call".into()));
    }
    Ok(call)
}

/// Whom a request is about.
fn targets(leg: &Leg, method: &str, params: &Value) -> Result<Vec<Target>, Refusal> {
    let missing = |what: &str| ("422", format!("{what} is missing"));
    let find = |ids: &Value| {
        for key in ["member_id", "call_id", "node_id"] {
            rpc::text(ids, key).ok_or_else(|| missing(&format!("target.{key}")))?;
        }
        segment::find(leg, ids)
            .ok_or_else(|| ("404", "the target is not a member with these ids".to_owned()))
    };
    match (method, params["targets"].as_array()) {
        ("call.member.position.set", None) => Err(missing("targets")),
        ("call.member.position.set", Some(all)) => all.iter().map(|t| find(&t["target"])).collect(),
        // Both forms are in use.
        ("call.member.remove", Some(all)) => all.iter().map(find).collect(),
        _ => Ok(vec![find(params.get("target").ok_or_else(|| missing("target"))?)?]),
    }
}

/// Does what is asked to each target.
fn perform(
    call: &Call,
    leg: &mut Leg,
    method: &str,
    params: &Value,
    targets: &[Target],
) -> Result<(Value, Vec<Change>), Refusal> {
    let (mut extra, mut changes) = (json!({}), Vec::new());
    for (number, target) in targets.iter().enumerate() {
        if method == "call.member.position.set" {
            let position = rpc::text(&params["targets"][number], "position");
            let position = position.ok_or(("422", "position is missing".to_owned()))?;
            place(leg, *target, position);
            changes.push((*target, Vec::new()));
            continue;
        }
        for one in expand(leg, *target) {
            let (more, keys) = match one {
                Target::Other { segment, member } => {
                    let other = &mut leg.segments[segment].others[member];
                    act_on_other(other, method, params)?
                }
                _ => act(leg, method, params)?,
            };
            if more.as_object().is_some_and(|m| !m.is_empty()) {
                extra = more;
            }
            changes.push((one, keys));
        }
    }
    if method == "call.member.list" {
        if let Some(at) = leg.segments.last() {
            extra["members"] = json!(events::members(call, leg, at));
        }
    }
    Ok((extra, changes))
}

/// Every single member that a target stands for.
fn expand(leg: &Leg, target: Target) -> Vec<Target> {
    let Target::All(segment) = target else { return vec![target] };
    let others = 0..leg.segments[segment].others.len();
    std::iter::once(Target::Client(segment))
        .chain(others.map(|member| Target::Other { segment, member }))
        .collect()
}

fn place(leg: &mut Leg, target: Target, position: &str) {
    match target {
        Target::Other { segment, member } => {
            leg.segments[segment].others[member]["requested_position"] = json!(position);
        }
        _ => leg.position = position.to_owned(),
    }
}

/// Acts on a member that has no leg here: what is asked for shows in its description.
fn act_on_other(other: &mut Value, method: &str, params: &Value) -> Done {
    let done = |other: &mut Value, key: &'static str, value: Value| {
        other[key] = value;
        Ok((json!({}), vec![key]))
    };
    match method {
        "call.mute" | "call.unmute" => {
            let keys = channels(params)?;
            keys.iter().for_each(|key| other[*key] = json!(method == "call.mute"));
            Ok((json!({}), keys))
        }
        "call.deaf" | "call.undeaf" => done(other, "deaf", json!(method == "call.deaf")),
        "call.raisehand" | "call.lowerhand" => {
            done(other, "handraised", json!(method == "call.raisehand"))
        }
        "call.microphone.volume.set" => {
            done(other, "input_volume", json!(number(params, "volume", -50..=100)?))
        }
        "call.speaker.volume.set" => {
            done(other, "output_volume", json!(number(params, "volume", -50..=100)?))
        }
        "call.microphone.sensitivity.set" => {
            done(other, "input_sensitivity", json!(number(params, "sensitivity", 0..=100)?))
        }
        "call.member.remove" | "call.end" => Ok((json!({}), Vec::new())),
        _ => Err(("-32001", "Permission Denied.".into())),
    }
}

fn act(leg: &mut Leg, method: &str, params: &Value) -> Done {
    let unchanged = || Ok((json!({}), Vec::new()));
    let changed = |key| Ok((json!({}), vec![key]));
    match method {
        "call.mute" | "call.unmute" => mute(leg, params, method == "call.mute"),
        "call.deaf" | "call.undeaf" => {
            leg.deaf = method == "call.deaf";
            changed("deaf")
        }
        "call.raisehand" | "call.lowerhand" => {
            leg.hand_raised = method == "call.raisehand";
            changed("handraised")
        }
        "call.lock" | "call.unlock" => {
            leg.locked = method == "call.lock";
            unchanged()
        }
        "call.microphone.volume.set" => {
            leg.input_volume = number(params, "volume", -50..=100)?;
            changed("input_volume")
        }
        "call.speaker.volume.set" => {
            leg.output_volume = number(params, "volume", -50..=100)?;
            changed("output_volume")
        }
        "call.microphone.sensitivity.set" => {
            leg.input_sensitivity = number(params, "sensitivity", 0..=100)?;
            changed("input_sensitivity")
        }
        "call.audioflags.set" => audio_flags(leg, params),
        "call.lowbitrate.set" => {
            leg.low_bitrate = params["lowbitrate"]
                .as_bool()
                .ok_or(("422", "lowbitrate is not a boolean".to_owned()))?;
            changed("lowbitrate")
        }
        "call.layout.list" => Ok((json!({ "layouts": LAYOUTS }), Vec::new())),
        "call.layout.set" => {
            let layout = rpc::text(params, "layout").filter(|l| LAYOUTS.contains(l));
            leg.layout = layout.ok_or(("422", "layout is not known".to_owned()))?.to_owned();
            unchanged()
        }
        "call.member.list" | "call.member.remove" | "call.end" => unchanged(),
        _ => Err(("404", "no such method".into())),
    }
}

fn mute(leg: &mut Leg, params: &Value, muted: bool) -> Done {
    let keys = channels(params)?;
    for key in &keys {
        match *key {
            "audio_muted" => leg.audio_muted = muted,
            _ => leg.video_muted = muted,
        }
    }
    Ok((json!({}), keys))
}

/// The keys of a member that the channels of a request stand for.
fn channels(params: &Value) -> Result<Vec<&'static str>, Refusal> {
    let channels = params["channels"].as_array().filter(|c| !c.is_empty());
    let channels = channels.ok_or(("422", "channels is missing".to_owned()))?;
    let key = |channel: &Value| match channel.as_str() {
        Some("audio") => Ok("audio_muted"),
        Some("video") => Ok("video_muted"),
        _ => Err(("422", format!("no such channel: {channel}"))),
    };
    channels.iter().map(key).collect()
}

fn number(params: &Value, key: &str, range: std::ops::RangeInclusive<i64>) -> Result<i64, Refusal> {
    params[key]
        .as_f64()
        .map(|n| n as i64)
        .filter(|n| range.contains(n))
        .ok_or_else(|| ("422", format!("{key} is missing or out of range")))
}

fn audio_flags(leg: &mut Leg, params: &Value) -> Done {
    let names = ["echo_cancellation", "auto_gain", "noise_suppression"];
    let mut keys = Vec::new();
    for (flag, name) in leg.audio_flags.iter_mut().zip(names) {
        match params.get(name) {
            Some(Value::Bool(on)) => {
                *flag = *on;
                keys.push(name);
            }
            Some(_) => return Err(("422", format!("{name} is not a boolean"))),
            None => {}
        }
    }
    Ok((json!({}), keys))
}

fn consequences(hub: &Arc<Hub>, call: &Arc<Call>, method: &str, changes: &[Change]) {
    let protocol = call.protocol();
    for (target, keys) in changes.iter().filter(|(_, keys)| !keys.is_empty()) {
        let Some(payload) = call.with(|leg| updated(call, leg, *target, keys)) else { continue };
        hub.event(&protocol, "member.updated", payload.clone());
        if let Some(other) = call.bridge().and_then(|b| b.other(hub, call)) {
            hub.event(&other.protocol(), "member.updated", payload);
        }
    }
    let Some((first, _)) = changes.first() else { return };
    let (Target::Client(at) | Target::All(at) | Target::Other { segment: at, .. }) = *first;
    match method {
        "call.lock" | "call.unlock" => {
            for name in ["call.updated", "room.updated"] {
                let payload = call.with(|leg| {
                    let at = leg.segments.get(at)?;
                    Some(events::room_updated(call, leg, at, &["locked"]))
                });
                payload.into_iter().for_each(|payload| hub.event(&protocol, name, payload));
            }
        }
        "call.layout.set" | "call.member.position.set" => {
            let payload = call.with(|leg| Some(events::layout_changed(leg, leg.segments.get(at)?)));
            payload.into_iter().for_each(|payload| hub.event(&protocol, "layout.changed", payload));
        }
        "call.end" | "call.member.remove" => remove(hub, call, changes),
        _ => {}
    }
}

fn updated(call: &Call, leg: &Leg, target: Target, keys: &[&str]) -> Option<Value> {
    match target {
        Target::Client(at) | Target::All(at) => {
            Some(events::updated(call, leg, leg.segments.get(at)?, keys))
        }
        Target::Other { segment, member } => {
            let at = leg.segments.get(segment)?;
            let mut other = at.others.get(member)?.clone();
            other["updated"] = json!(keys);
            Some(at.about(&other))
        }
    }
}

/// The client goes with its leg, another member out of the room.
fn remove(hub: &Arc<Hub>, call: &Arc<Call>, changes: &[Change]) {
    let gone: Vec<String> = call.with(|leg| {
        let others = changes.iter().filter_map(|(target, _)| match target {
            Target::Other { segment, member } => {
                leg.segments.get(*segment)?.others.get(*member)?["member_id"].as_str()
            }
            _ => None,
        });
        others.map(str::to_owned).collect()
    });
    for id in &gone {
        segment::dismiss(hub, call, id, "removed");
    }
    if changes.iter().any(|(target, _)| matches!(target, Target::Client(_) | Target::All(_))) {
        call.hang_up(hub, 16, "NORMAL_CLEARING");
    }
}
