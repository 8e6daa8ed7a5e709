//! Verto messages of the client, tunnelled through `webrtc.verto`.

use std::sync::Arc;

use serde_json::{json, Value};

use crate::call::Call;
use crate::child;
use crate::hub::Hub;
use crate::life::{self, Invite};
use crate::media::negotiate::Refusal;
use crate::media::sdp::Description;
use crate::rpc::{self, CALL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND};

/// Invites that the state shows.
const KEPT_INVITES: usize = 64;

/// A request under way, with what is needed to answer it.
pub struct Request<'a> {
    pub hub: &'a Arc<Hub>,
    pub protocol: &'a str,
    /// The id of the outer request.
    pub id: &'a Value,
    /// The params of the outer request.
    pub outer: &'a Value,
    /// The id of the Verto message, a number or a string.
    pub inner_id: Value,
    pub method: String,
    pub params: Value,
}

impl Request<'_> {
    /// Answers with the result of the Verto message.
    pub fn ok(&self, result: Value) {
        self.respond(rpc::result(&self.inner_id, result));
    }

    /// Answers with an error of the Verto message.
    pub fn error(&self, message: &str, details: Value) {
        let mut error = rpc::error(&self.inner_id, CALL_ERROR, message);
        if let (Some(error), Some(details)) = (error["error"].as_object_mut(), details.as_object())
        {
            error.extend(details.clone());
        }
        self.respond(error);
    }

    /// Answers with an already built Verto response.
    pub fn respond(&self, inner: Value) {
        let outer = json!({ "code": "200", "node_id": self.hub.node_id, "result": inner });
        self.hub.respond(self.protocol, self.id, &rpc::result(self.id, outer));
    }

    /// Records a violation in the name of this request.
    pub fn violation(&self, what: &str) {
        self.hub.violation(format!("{}: {what}", self.method));
    }

    /// The call id of the dialog.
    pub fn call_id(&self) -> Option<&str> {
        rpc::text(&self.params["dialogParams"], "callID")
    }

    /// The call of the dialog if it belongs to this session and is not over.
    fn call(&self) -> Option<Arc<Call>> {
        let call = self.hub.call(self.call_id()?)?;
        (call.protocol() == self.protocol && !call.is_ended()).then_some(call)
    }
}

/// Handles one `webrtc.verto` request.
pub fn handle(hub: &Arc<Hub>, protocol: &str, id: &Value, outer: &Value) {
    let message = &outer["message"];
    if !message.is_object() || message.get("jsonrpc") != Some(&json!("2.0")) {
        hub.violation("webrtc.verto without a JSON-RPC message");
        hub.respond(protocol, id, &rpc::error(id, INVALID_PARAMS, "Invalid params: message"));
        return;
    }
    if message.get("method").is_none() {
        reply(hub, protocol, id, message);
        return;
    }
    let inner_id = message.get("id").cloned().unwrap_or(Value::Null);
    let request = Request {
        hub,
        protocol,
        id,
        outer,
        inner_id,
        method: rpc::text(message, "method").unwrap_or_default().to_owned(),
        params: message.get("params").cloned().unwrap_or_else(|| json!({})),
    };
    check(&request);
    if !hub.with(|inner| inner.faults.ignores(&request.method)) {
        dispatch(&request);
    }
}

fn dispatch(request: &Request) {
    match request.method.as_str() {
        "verto.invite" => invite(request),
        "verto.answer" => answer(request),
        "verto.bye" => bye(request),
        "verto.info" => info(request),
        "verto.modify" => modify(request),
        "verto.pong" => {
            request.hub.with(|inner| inner.counters.verto_pongs += 1);
            if let Some(call) = request.call() {
                call.ponged();
            }
            request.ok(json!({}));
        }
        "verto.ping" => request.ok(json!({ "message": "PONG" })),
        "verto.subscribe" => subscribe(request),
        "verto.attach" if request.hub.config.attach_by_answer => attach(request),
        _ => {
            request.violation("unknown Verto method");
            let message = "Invalid Method, Missing Method or Permission Denied";
            request.respond(rpc::error(&request.inner_id, METHOD_NOT_FOUND, message));
        }
    }
}

/// Mistakes that a server may not notice, but a client should not make.
fn check(request: &Request) {
    if !request.inner_id.is_string() && !request.inner_id.is_number() {
        request.violation("the Verto message has no id");
    }
    let node = request.outer.get("node_id");
    if node.is_some_and(|n| !n.is_string()) {
        request.violation("node_id is not a string");
    }
    let named = rpc::text(request.outer, "node_id").filter(|n| !n.is_empty());
    if named.is_some_and(|n| n != request.hub.node_id) && request.method != "verto.invite" {
        request.violation("node_id of another node");
    }
    let outer = rpc::text(request.outer, "callID");
    if let (Some(outer), Some(inner)) = (outer, request.call_id()) {
        if outer != inner {
            request.violation("callID and dialogParams.callID differ");
        }
    }
    if request.outer.get("subscribe").is_some_and(|s| !s.is_array()) {
        request.violation("subscribe is not an array");
    }
}

/// The client's response to a Verto request of ours.
fn reply(hub: &Arc<Hub>, protocol: &str, id: &Value, message: &Value) {
    let key = message["id"].to_string();
    let asked = hub.with(|inner| {
        inner.counters.verto_results += 1;
        inner.sessions.get_mut(protocol)?.verto_requests.remove(key.trim_matches('"'))
    });
    match asked {
        None => hub.violation(format!("a Verto response to the unknown id {key}")),
        Some(method) => {
            if message.get("result").is_none() {
                hub.violation(format!("{method} answered with {}", message["error"]));
            } else if message["result"]["method"] != json!(method) {
                hub.violation(format!("{method} answered with the result of another method"));
            }
        }
    }
    hub.respond(protocol, id, &rpc::result(id, rpc::ok("OK")));
}

fn invite(request: &Request) {
    let dialog = &request.params["dialogParams"];
    let sdp = rpc::text(&request.params, "sdp");
    let (Some(call_id), Some(sdp)) = (request.call_id(), sdp) else {
        request.violation("sdp or dialogParams.callID is missing");
        let cause = json!({ "causeCode": 95, "cause": "INVALID_MSG_UNSPECIFIED" });
        request.error("CALL ERROR", cause);
        return;
    };
    check_dialog(request, dialog);
    let offer = match Description::parse(sdp) {
        Ok(offer) => Some(offer),
        Err(reason) => {
            request.violation(&reason);
            None
        }
    };
    let attach = dialog["attach"] == json!(true) || dialog["reattaching"] == json!(true);
    let known = request.hub.call(call_id);
    match (known, attach) {
        (Some(call), true)
            if !call.is_ended()
                && is_owner(request, &call)
                && !request.hub.config.attach_by_answer =>
        {
            reattach(request, &call, offer)
        }
        (Some(_), true) => {
            let cause = json!({ "causeCode": 101, "cause": "INVALID_CALL_REFERENCE" });
            request.error("INVALID_CALL_REFERENCE", cause);
        }
        (Some(call), false) if call.with(|leg| leg.redirected.is_some()) => {
            let to = call.with(|leg| leg.redirected.clone());
            if rpc::text(request.outer, "node_id") != to.as_deref() {
                request.violation("node_id is not the redirectDestination");
            }
            begin(request, call_id, offer);
        }
        (Some(_), false) => {
            let cause = json!({ "callID": call_id, "causeCode": 95,
                "cause": "INVALID_MSG_UNSPECIFIED" });
            request.error("Cannot reattach this call with this member ID", cause);
        }
        (None, true) => {
            let cause = json!({ "causeCode": 101, "cause": "INVALID_CALL_REFERENCE" });
            request.error("INVALID_CALL_REFERENCE", cause);
        }
        (None, false) => begin(request, call_id, offer),
    }
}

/// A new call.
fn begin(request: &Request, call_id: &str, offer: Option<Description>) {
    let dialog = &request.params["dialogParams"];
    let destination = rpc::text(dialog, "destination_number").unwrap_or_default();
    let user_variables = dialog.get("userVariables").cloned().unwrap_or(json!({}));
    request.hub.with(|inner| {
        if inner.invites.len() == KEPT_INVITES {
            inner.invites.remove(0);
        }
        inner.invites.push(json!({
            "callID": call_id, "node_id": request.outer["node_id"], "dialogParams": dialog,
        }));
    });
    let invite = Invite {
        call_id: call_id.to_owned(),
        destination: destination.to_owned(),
        child: child::of_invite(request.hub, dialog, destination, offer.as_ref()),
        offer,
        user_variables,
    };
    life::incoming(request, invite);
}

/// A call belongs to a subscriber; the session may be another one than before.
fn is_owner(request: &Request, call: &Call) -> bool {
    request.hub.with(|inner| {
        let session = inner.sessions.get(request.protocol);
        session.is_some_and(|s| s.grant.subscriber_id == call.subscriber_id)
    })
}

fn check_dialog(request: &Request, dialog: &Value) {
    let attach = dialog["attach"] == json!(true);
    match dialog.get("destination_number") {
        Some(Value::String(destination)) if attach || !destination.is_empty() => {}
        _ => request.violation("dialogParams.destination_number is missing or empty"),
    }
    for flag in ["attach", "reattaching", "screenShare", "additionalDevice", "pingSupported"] {
        if dialog.get(flag).is_some_and(|v| !v.is_boolean()) {
            request.violation(&format!("dialogParams.{flag} is not a boolean"));
        }
    }
    if dialog.get("version").is_some_and(|v| !v.is_u64()) {
        request.violation("dialogParams.version is not a number");
    }
    if dialog.get("userVariables").is_some_and(|v| !v.is_object()) {
        request.violation("dialogParams.userVariables is not an object");
    }
}

fn reattach(request: &Request, call: &Arc<Call>, offer: Option<Description>) {
    let Some(offer) = offer else {
        request.error("CODEC NEGOTIATION ERROR", json!({}));
        return;
    };
    if call.protocol() != request.protocol {
        call.move_to(request.protocol);
    }
    match call.renegotiate(&offer) {
        Ok(sdp) => {
            request.ok(json!({
                "message": "CALL CREATED", "callID": call.id, "memberID": call.member_id,
            }));
            call.reattached(request.hub, &sdp);
        }
        Err(refusal) => refuse_update(request, refusal),
    }
}

fn refuse_update(request: &Request, refusal: Refusal) {
    if let Refusal::Broken(reason) = &refusal {
        request.violation(reason);
    }
    request.error("CODEC NEGOTIATION ERROR", json!({}));
}

fn attach(request: &Request) {
    let Some(call) = request.call() else {
        request.error("CALL DOES NOT EXIST", json!({}));
        return;
    };
    match rpc::text(&request.params, "sdp").map(Description::parse) {
        Some(Ok(sdp)) => call.attached_by_client(request, &sdp),
        _ => request.error("CODEC ERROR", json!({})),
    }
}

fn answer(request: &Request) {
    let Some(call) = request.call() else {
        request.error("CALL DOES NOT EXIST", json!({}));
        return;
    };
    let sdp = rpc::text(&request.params, "sdp").map(Description::parse);
    match sdp {
        Some(Ok(sdp)) => call.answered_by_client(request, &sdp),
        Some(Err(reason)) => {
            request.violation(&reason);
            request.error("CODEC ERROR", json!({}));
        }
        None => {
            request.violation("sdp is missing");
            request.error("CALL ERROR", json!({}));
        }
    }
}

fn bye(request: &Request) {
    let code = match &request.params["causeCode"] {
        Value::Null => Some(16),
        Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let cause = rpc::text(&request.params, "cause").unwrap_or("NORMAL_CLEARING");
    let Some(code) = code else {
        request.violation("causeCode is no number");
        request.error("CALL ERROR", json!({}));
        return;
    };
    let Some(call) = request.call() else {
        request.error("CALL DOES NOT EXIST", json!({ "callID": request.call_id() }));
        return;
    };
    request.ok(json!({
        "callID": call.id, "message": "CALL ENDED", "causeCode": code, "cause": cause,
    }));
    call.ended_by_client(request.hub, code, cause);
}

fn info(request: &Request) {
    let Some(call) = request.call() else {
        // mod_verto answers an unknown call with success.
        request.violation("verto.info for an unknown call");
        request.ok(json!({}));
        return;
    };
    match rpc::text(&request.params, "dtmf") {
        Some(digits) => {
            let legal = |c: char| "0123456789*#ABCDabcdwW@,".contains(c);
            if digits.is_empty() || !digits.chars().all(legal) {
                request.violation(&format!("not a digit string: {digits:?}"));
            }
            call.add_digits(digits);
            request.ok(json!({ "message": "SENT" }));
        }
        None => {
            request.violation("dtmf is missing");
            request.error("INVALID MESSAGE to and body params required", json!({}));
        }
    }
}

fn modify(request: &Request) {
    let Some(action) = rpc::text(&request.params, "action").map(str::to_owned) else {
        request.violation("action is missing");
        request.error("action missing", json!({}));
        return;
    };
    let Some(call) = request.call() else {
        request.error("CALL DOES NOT EXIST", json!({ "callID": request.call_id() }));
        return;
    };
    match action.as_str() {
        "hold" => hold(request, &call, &action, Some(true)),
        "unhold" => hold(request, &call, &action, Some(false)),
        "toggleHold" => hold(request, &call, &action, None),
        "updateMedia" => update_media(request, &call),
        "transfer" => transfer(request, &call),
        "videoRefresh" => {
            call.refresh_video();
            request.ok(modified(&call, &action));
        }
        // mod_verto answers an unknown action with success.
        _ => {
            request.violation(&format!("unknown action {action:?}"));
            request.ok(modified(&call, &action));
        }
    }
}

fn transfer(request: &Request, call: &Arc<Call>) {
    let Some(destination) = rpc::text(&request.params, "destination").filter(|d| !d.is_empty())
    else {
        request.violation("transfer without destination");
        request.error("destination missing", json!({}));
        return;
    };
    if !request.hub.config.accept_transfer || !call.is_answered() {
        request.error("call is not bridged", json!({}));
        return;
    }
    let Some(address) = life::reachable(request.hub, request.protocol, destination) else {
        let cause = json!({ "causeCode": 3, "cause": "NO_ROUTE_DESTINATION" });
        request.error("CALL ERROR", cause);
        return;
    };
    request.ok(modified(call, "transfer"));
    life::transferred(request.hub, call, &address);
}

fn modified(call: &Call, action: &str) -> Value {
    json!({ "callID": call.id, "action": action, "holdState": call.hold_state() })
}

fn hold(request: &Request, call: &Arc<Call>, action: &str, on: Option<bool>) {
    call.hold(request.hub, on);
    let result = modified(call, action);
    let outer = json!({
        "code": "200", "node_id": request.hub.node_id,
        "result": rpc::result(&request.inner_id, result),
    });
    let (hub, protocol) = (request.hub.clone(), request.protocol.to_owned());
    let (id, answer) = (request.id.clone(), rpc::result(request.id, outer));
    tokio::spawn(async move {
        tokio::time::sleep(hub.config.hold_delay).await;
        hub.respond(&protocol, &id, &answer);
    });
}

fn update_media(request: &Request, call: &Arc<Call>) {
    let Some(sdp) = rpc::text(&request.params, "sdp") else {
        request.violation("updateMedia without sdp");
        request.error("SDP missing", json!({}));
        return;
    };
    if !call.is_answered() {
        request.error("Cannot update a call that has not been answered.", json!({}));
        call.hang_up(request.hub, 27, "DESTINATION_OUT_OF_ORDER");
        return;
    }
    if request.hub.with(|inner| inner.faults.refuse_update()) {
        request.error("CODEC NEGOTIATION ERROR", json!({}));
        return;
    }
    let answer =
        Description::parse(sdp).map_err(Refusal::Broken).and_then(|o| call.renegotiate(&o));
    match answer {
        Ok(sdp) => {
            let mut result = modified(call, "updateMedia");
            result["sdp"] = json!(sdp);
            request.ok(result);
        }
        Err(refusal) => refuse_update(request, refusal),
    }
}

fn subscribe(request: &Request) {
    let channels = request.params["eventChannel"].as_array().cloned().unwrap_or_default();
    if rpc::text(&request.params, "sessid").is_none() {
        request.violation("sessid is missing");
    }
    if let Some(call) = rpc::text(&request.params, "sessid").and_then(|id| request.hub.call(id)) {
        // A call that a notification announced belongs to who adopts it first.
        if call.protocol().is_empty() && is_owner(request, &call) {
            call.move_to(request.protocol);
        }
        let names = channels.iter().filter_map(Value::as_str).map(str::to_owned);
        call.subscribe(names.collect());
    }
    if !request.params["eventChannel"].is_array() {
        request.violation("eventChannel is not an array");
    }
    if rpc::text(request.outer, "callID") != rpc::text(&request.params, "sessid") {
        request.violation("callID and sessid differ");
    }
    request.ok(json!({ "subscribedChannels": channels }));
}
