//! `call.*` requests: mute, deafness, volumes, layout and the like.

use std::sync::Arc;

use serde_json::{json, Value};

use crate::call::{Call, Leg};
use crate::events::{self, LAYOUTS};
use crate::hub::Hub;
use crate::rpc;

/// A refusal inside the result.
type Refusal = (&'static str, String);
/// What a request did: additions to the result, changed keys of the member.
type Done = Result<(Value, Vec<&'static str>), Refusal>;

/// Handles one `call.*` request.
pub fn handle(hub: &Arc<Hub>, protocol: &str, id: &Value, method: &str, params: &Value) {
    let (call, done) = match find(hub, protocol, method, params) {
        Ok(call) => {
            let done = call.with(|leg| {
                let done = act(leg, method, params);
                leg.apply();
                done.map(|(mut extra, keys)| {
                    if method == "call.member.list" {
                        extra["members"] = json!([events::member(&call, leg)]);
                    }
                    (extra, keys)
                })
            });
            (Some(call), done)
        }
        Err(refusal) => (None, Err(refusal)),
    };
    let result = match &done {
        Ok((extra, _)) => {
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
    if let (Some(call), Ok((_, keys))) = (call, done) {
        consequences(hub, &call, method, &keys);
    }
}

fn find(hub: &Hub, protocol: &str, method: &str, params: &Value) -> Result<Arc<Call>, Refusal> {
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
    if method == "call.member.position.set" {
        let targets = params["targets"].as_array().ok_or_else(|| missing("targets"))?;
        targets.iter().try_for_each(|t| check_target(&call, &t["target"]))?;
    } else if let Some(targets) = params["targets"].as_array() {
        targets.iter().try_for_each(|t| check_target(&call, t))?;
    } else {
        check_target(&call, params.get("target").ok_or_else(|| missing("target"))?)?;
    }
    Ok(call)
}

fn check_target(call: &Call, target: &Value) -> Result<(), Refusal> {
    match rpc::text(target, "member_id") {
        Some(member) if member == call.member_id || member == "all" => {}
        Some(_) => return Err(("404", "the target is not a member of this call".into())),
        None => return Err(("422", "target.member_id is missing".into())),
    }
    if rpc::text(target, "call_id") != Some(&call.id) {
        return Err(("404", "target.call_id is not the call of the member".into()));
    }
    Ok(())
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
        "call.member.position.set" => {
            if let Some(position) = rpc::text(&params["targets"][0], "position") {
                leg.position = position.to_owned();
            }
            unchanged()
        }
        "call.member.list" | "call.member.remove" | "call.end" => unchanged(),
        _ => Err(("404", "no such method".into())),
    }
}

fn mute(leg: &mut Leg, params: &Value, muted: bool) -> Done {
    let channels = params["channels"].as_array().filter(|c| !c.is_empty());
    let channels = channels.ok_or(("422", "channels is missing".to_owned()))?;
    let mut keys = Vec::new();
    for channel in channels {
        match channel.as_str() {
            Some("audio") => {
                leg.audio_muted = muted;
                keys.push("audio_muted");
            }
            Some("video") => {
                leg.video_muted = muted;
                keys.push("video_muted");
            }
            _ => return Err(("422", format!("no such channel: {channel}"))),
        }
    }
    Ok((json!({}), keys))
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

fn consequences(hub: &Arc<Hub>, call: &Arc<Call>, method: &str, keys: &[&str]) {
    let protocol = call.protocol();
    if !keys.is_empty() {
        let payload = call.with(|leg| events::updated(call, leg, keys));
        hub.event(&protocol, "member.updated", payload.clone());
        if let Some(other) = call.bridge().and_then(|b| b.other(hub, call)) {
            hub.event(&other.protocol(), "member.updated", payload);
        }
    }
    match method {
        "call.lock" | "call.unlock" => {
            for name in ["call.updated", "room.updated"] {
                let payload = call.with(|leg| events::room_updated(call, leg, &["locked"]));
                hub.event(&protocol, name, payload);
            }
        }
        "call.layout.set" | "call.member.position.set" => {
            let payload = call.with(|leg| events::layout_changed(call, leg));
            hub.event(&protocol, "layout.changed", payload);
        }
        "call.end" | "call.member.remove" => call.hang_up(hub, 16, "NORMAL_CLEARING"),
        _ => {}
    }
}
