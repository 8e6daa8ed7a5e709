//! Misbehaviour on demand.
//!
//! A fault is a JSON object `{"fault": NAME, ...}`. Names and members:
//!
//! | name | members | effect |
//! |---|---|---|
//! | `drop_sockets` | `protocol?` | sockets end without a close frame |
//! | `refuse_sockets` | `ms` | WebSocket upgrades get 503 for this long |
//! | `close_sockets` | `code?`, `reason?`, `protocol?` | close frame, then the end |
//! | `disconnect` | `close_after_ms?` (1000), `protocol?` | `signalwire.disconnect`, then the end |
//! | `half_open` | `protocol?` | the present sockets stay open, but nobody is there any more |
//! | `delay_answers` | `ms` | RPC answers come late; 0 ends it |
//! | `malformed` | `protocol?` | a frame that is not JSON |
//! | `unknown_event` | `event_type?`, `params?`, `protocol?` | an event nobody knows |
//! | `unknown_method` | `protocol?` | a request of the server that nobody knows |
//! | `binary` | `protocol?` | a binary frame |
//! | `huge` | `bytes?` (1 MiB), `protocol?` | an event with a huge payload |
//! | `send_event` | `event_type`, `params`, `protocol?` | any event |
//! | `send_verto` | `method`, `params`, `protocol?` | any Verto request |
//! | `send_text` | `text`, `protocol?` | any text frame |
//! | `duplicate_events` | `count` | the next events come twice |
//! | `expire_token` | `token?` or `reference?`, neither for all | tokens expire now |
//! | `stale_resume` | `count?` (1) | the next resumes get -32003 |
//! | `forget_sessions` | – | all sessions without a socket are forgotten, all sockets dropped |
//! | `hang_up` | `call_id?`, `cause_code?`, `cause?` | calls are hung up |
//! | `redirect` | `to`, `count?` (1) | the next invites get a bye with this `redirectDestination` |
//! | `misname_call` | `call_id` | the next invite is answered with this id |
//! | `call_event` | `event_type` call.play, call.connect or call.room, `call_id?`, `state?`, `control_id?` | that event with the ids of the call |
//! | `attach` | `call_id?` | `verto.attach` for answered calls, as after a resume |
//! | `move_call` | `call_id?`, `name?`, `members?` (names) | answered calls are moved into a room: one more segment |
//! | `leave_segment` | `call_id?`, `reason?` | calls leave the room they were moved into last |
//! | `member_joins` | `call_id?`, `name` | somebody joins the room that calls are in |
//! | `member_leaves` | `call_id?`, `member_id`, `reason?` | that member leaves |
//! | `member_talks` | `call_id?`, `member_id`, `talking?` (true) | `member.talking` |
//! | `drop_media` | `call_id?`, `on?` (true), `until_restart?` (false) | no datagram in or out, for good or until the client comes with new ICE credentials |
//! | `renew_certificate` | `call_id?` | the next `updateMedia` is answered with another certificate, so with a new DTLS association |
//! | `refuse_update` | `count?` (1) | the next `updateMedia` requests are refused |
//! | `fail_online` | `count?` (1), `code?` (-32603), `until_reauthenticated?` (false) | the next `subscriber.online` requests fail |
//! | `ignore_requests` | `method`, `count?` (1) | the next requests of this method (a Verto method for those) are never answered, nor done |
//! | `lose_events` | – | what waits for sessions without a socket is lost, and so is what comes until they have one |
//! | `impair_media` | `call_id?`, `loss?` (0..1), `delay_ms?`, `jitter_ms?` | a bad network; all zero ends it |
//! | `press_keys` | `call_id?`, `digits`, `duration_ms?` (100), `without_end?` (false) | telephone-events in the audio |
//! | `fail_http` | `status`, `count?` (1), `path?`, `retry_after?`, `after?` (false) | the next matching requests fail, by the end of the connection with status 0; with `after` they are carried out first |
//! | `slow_http` | `stall?` (false), `count?` (1), `path?` | the bodies of the next matching answers drip and never end, or stop in the middle |
//! | `log_call` | `from`, `to` (references), `kind?` | an entry of the call history, told to both |
//! | `update_message` | `id`, `text?`, `status?` | an entry of a conversation changes, told to both |
//! | `push_call` | `reference`, `from?`, `source?` echo or tone | an inbound call; gives `call_id` and the `notification` for the registered device |
//! | `refresh_video` | `call_id?` | the client is asked for a key frame, by PLI and FIR |
//! | `call_client` | `reference?`, `from?`, `video?`, `telephone_events?`, `bundle?` shared or only, `source?` echo, tone or silence | an inbound call |
//! | `oauth` | `what` deny, error, wrong_state, no_code or expired_code; `error?` | the next login that the user allows goes wrong |
//! | `revoke_refresh` | `reference?` | refresh tokens of logins are revoked |
//! | `refuse_reauthenticate` | `count?` (1), `code?` (-32002) | the next `signalwire.reauthenticate` are refused |
//! | `clear_violations` | – | forgets the violations so far |
//! | `clear` | – | ends the lasting faults |

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::call;
use crate::conversations;
use crate::hub::{timestamp, Hub, Inner, Out, SocketHandle};
use crate::life::{self, Outgoing};
use crate::media::describe::Bundle;
use crate::media::impairment::Impairment;
use crate::media::keys::Key;
use crate::media::lock;
use crate::media::stream::Source;
use crate::pushed;
use crate::rpc;
use crate::segment::{self, Segment};
use crate::token;

/// The faults that last.
#[derive(Default)]
pub struct Faults {
    refuse_until: Option<Instant>,
    delay: Duration,
    duplicates: u64,
    stale_resumes: u64,
    refused_updates: u64,
    online: OnlineFault,
    /// Methods whose requests are ignored, with how many.
    ignored: HashMap<String, u64>,
    /// Events for sessions without a socket are lost.
    loses_events: bool,
    http: Vec<HttpFault>,
    redirects: VecDeque<String>,
    misnamed: Option<String>,
    reauthentications: VecDeque<i64>,
    /// Requests of the server whose answers are of interest, by id.
    expected: HashMap<String, &'static str>,
}

#[derive(Default)]
struct OnlineFault {
    count: u64,
    code: i64,
    until_reauthenticated: bool,
}

struct HttpFault {
    failure: HttpFailure,
    count: u64,
    path: String,
}

/// How an HTTP request fails.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpFailure {
    pub status: u16,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
    /// The request is carried out before it fails.
    pub after: bool,
    /// It does not fail, but its answer never ends.
    pub slow: Option<Slow>,
}

/// How the body of an answer never ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slow {
    /// A blank now and then.
    Drips,
    /// Half of it, then nothing.
    Stalls,
}

impl Faults {
    /// Whether new sockets are refused at the moment.
    pub fn refuses_sockets(&self) -> bool {
        self.refuse_until.is_some_and(|until| Instant::now() < until)
    }

    /// How late an answer has to be.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// Whether the event under way is sent twice.
    pub fn duplicate(&mut self) -> bool {
        let duplicate = self.duplicates > 0;
        self.duplicates = self.duplicates.saturating_sub(1);
        duplicate
    }

    /// Whether the resume under way is refused.
    pub fn stale_resume(&mut self) -> bool {
        let stale = self.stale_resumes > 0;
        self.stale_resumes = self.stale_resumes.saturating_sub(1);
        stale
    }

    /// Whether the `updateMedia` under way is refused.
    pub fn refuse_update(&mut self) -> bool {
        let refused = self.refused_updates > 0;
        self.refused_updates = self.refused_updates.saturating_sub(1);
        refused
    }

    /// The code with which the `subscriber.online` under way fails.
    pub fn fail_online(&mut self) -> Option<i64> {
        if self.online.count == 0 {
            return None;
        }
        if !self.online.until_reauthenticated {
            self.online.count -= 1;
        }
        Some(self.online.code)
    }

    /// A session was reauthenticated.
    pub fn reauthenticated(&mut self) {
        if self.online.until_reauthenticated {
            self.online = OnlineFault::default();
        }
    }

    /// Whether the request under way is ignored.
    pub fn ignores(&mut self, method: &str) -> bool {
        match self.ignored.get_mut(method) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Whether events that cannot be sent now are lost.
    pub fn loses_events(&self) -> bool {
        self.loses_events
    }

    /// The code with which the reauthentication under way is refused.
    pub fn refuse_reauthenticate(&mut self) -> Option<i64> {
        self.reauthentications.pop_front()
    }

    /// Where the invite under way is redirected to.
    pub fn redirect(&mut self) -> Option<String> {
        self.redirects.pop_front()
    }

    /// The id that the invite under way is answered with.
    pub fn misname(&mut self) -> Option<String> {
        self.misnamed.take()
    }

    /// How an HTTP request has to fail.
    pub fn fail_http(&mut self, path: &str) -> Option<HttpFailure> {
        let at = self.http.iter().position(|f| path.contains(&f.path))?;
        let failure = self.http[at].failure.clone();
        self.http[at].count -= 1;
        if self.http[at].count == 0 {
            self.http.remove(at);
        }
        Some(failure)
    }

    /// Whether a response belongs to a request that a fault sent, and to which.
    pub fn expects_reply(&mut self, id: &str) -> Option<&'static str> {
        self.expected.remove(id)
    }

    /// What is in force.
    pub fn report(&self) -> Value {
        json!({
            "refuse_sockets": self.refuses_sockets(),
            "delay_ms": self.delay.as_millis() as u64,
            "duplicate_events": self.duplicates,
            "stale_resumes": self.stale_resumes,
            "ignore_requests": self.ignored.values().sum::<u64>(),
            "http": self.http.iter().map(|f| f.count).sum::<u64>(),
        })
    }
}

/// Applies a fault; the error says what is wrong with it.
pub fn apply(hub: &Arc<Hub>, fault: &Value) -> Result<Value, String> {
    let name = rpc::text(fault, "fault").ok_or("the fault has no name")?;
    hub.log(&format!("fault {fault}"));
    if let Some(done) = lasting(hub, name, fault) {
        return Ok(done);
    }
    if let Some(done) = on_sockets(hub, name, fault) {
        return Ok(done);
    }
    match name {
        "expire_token" => Ok(expire(hub, fault)),
        "forget_sessions" => {
            on_sockets(hub, "drop_sockets", &json!({}));
            hub.with(|inner| inner.sessions.clear());
            Ok(json!({}))
        }
        "hang_up" => {
            let code = fault["cause_code"].as_u64().unwrap_or(16) as u32;
            let cause = rpc::text(fault, "cause").unwrap_or("NORMAL_CLEARING");
            let calls = calls(hub, fault);
            calls.iter().for_each(|call| call.hang_up(hub, code, cause));
            Ok(json!({ "calls": calls.len() }))
        }
        "drop_media" => {
            let on = fault["on"].as_bool().unwrap_or(true);
            let calls = calls(hub, fault);
            for call in &calls {
                call.with(|leg| {
                    if let Some(media) = &leg.media {
                        let until_restart = fault["until_restart"].as_bool().unwrap_or(false);
                        media.controls.until_restart.store(on && until_restart, Relaxed);
                        media.controls.dropped.store(on, Relaxed);
                    }
                });
            }
            Ok(json!({ "calls": calls.len() }))
        }
        "renew_certificate" => {
            let calls = calls(hub, fault);
            for call in &calls {
                call.with(|leg| {
                    if let Some(media) = &leg.media {
                        media.controls.renew_certificate.store(true, Relaxed);
                    }
                });
            }
            Ok(json!({ "calls": calls.len() }))
        }
        "redirect" => {
            let to = rpc::text(fault, "to").ok_or("to is missing")?;
            let count = fault["count"].as_u64().unwrap_or(1) as usize;
            hub.with(|inner| {
                inner.faults.redirects.extend(std::iter::repeat_n(to.to_owned(), count));
            });
            Ok(json!({}))
        }
        "call_event" => call_event(hub, fault),
        "attach" => {
            let mut calls = calls(hub, fault);
            calls.retain(|call| call.is_answered());
            calls.iter().for_each(|call| call.push_attach(hub));
            Ok(json!({ "calls": calls.len() }))
        }
        "move_call" | "leave_segment" | "member_joins" | "member_leaves" | "member_talks" => {
            in_rooms(hub, name, fault)
        }
        "oauth" => hub.with(|inner| inner.logins.arrange(fault)).map(|()| json!({})),
        "revoke_refresh" => {
            let reference = rpc::text(fault, "reference");
            Ok(json!({ "revoked": hub.with(|inner| inner.logins.revoke(reference)) }))
        }
        "refresh_video" => {
            let calls = calls(hub, fault);
            calls.iter().for_each(|call| call.refresh_video());
            Ok(json!({ "calls": calls.len() }))
        }
        "impair_media" => Ok(impair_media(hub, fault)),
        "log_call" => conversations::log_call(hub, fault),
        "update_message" => conversations::update_message(hub, fault),
        "push_call" => pushed::push_call(hub, fault),
        "press_keys" => press_keys(hub, fault),
        "call_client" => call_client(hub, fault),
        _ => Err(format!("no such fault: {name}")),
    }
}

fn lasting(hub: &Hub, name: &str, fault: &Value) -> Option<Value> {
    let number = |key: &str, default: u64| fault[key].as_u64().unwrap_or(default);
    hub.with(|inner| {
        let faults = &mut inner.faults;
        match name {
            "refuse_sockets" => {
                let until = Instant::now() + Duration::from_millis(number("ms", 1000));
                faults.refuse_until = Some(until);
            }
            "delay_answers" => faults.delay = Duration::from_millis(number("ms", 0)),
            "duplicate_events" => faults.duplicates = number("count", 1),
            "stale_resume" => faults.stale_resumes = number("count", 1),
            "refuse_update" => faults.refused_updates = number("count", 1),
            "fail_online" => {
                faults.online = OnlineFault {
                    count: number("count", 1),
                    code: fault["code"].as_i64().unwrap_or(-32603),
                    until_reauthenticated: fault["until_reauthenticated"] == true,
                };
            }
            "ignore_requests" => {
                let method = rpc::text(fault, "method").unwrap_or_default().to_owned();
                faults.ignored.insert(method, number("count", 1));
            }
            "misname_call" => faults.misnamed = rpc::text(fault, "call_id").map(str::to_owned),
            "lose_events" => faults.loses_events = true,
            "fail_http" => faults.http.push(HttpFault {
                failure: HttpFailure {
                    status: number("status", 500) as u16,
                    retry_after: rpc::text(fault, "retry_after").map(str::to_owned),
                    after: fault["after"].as_bool().unwrap_or(false),
                    slow: None,
                },
                count: number("count", 1).max(1),
                path: rpc::text(fault, "path").unwrap_or_default().to_owned(),
            }),
            "slow_http" => faults.http.push(HttpFault {
                failure: HttpFailure {
                    status: 200,
                    retry_after: None,
                    after: false,
                    slow: Some(if fault["stall"] == true { Slow::Stalls } else { Slow::Drips }),
                },
                count: number("count", 1).max(1),
                path: rpc::text(fault, "path").unwrap_or_default().to_owned(),
            }),
            "refuse_reauthenticate" => {
                let code = fault["code"].as_i64().unwrap_or(-32002);
                let count = number("count", 1) as usize;
                faults.reauthentications.extend(std::iter::repeat_n(code, count));
            }
            "clear_violations" => inner.violations.clear(),
            "clear" => {
                faults.refuse_until = None;
                faults.delay = Duration::ZERO;
                faults.duplicates = 0;
                faults.stale_resumes = 0;
                faults.refused_updates = 0;
                faults.online = OnlineFault::default();
                faults.ignored.clear();
                faults.loses_events = false;
                faults.http.clear();
                faults.redirects.clear();
                faults.reauthentications.clear();
            }
            _ => return None,
        }
        Some(json!({}))
    })
}

/// The connected sessions that a fault is meant for.
fn sockets(inner: &Inner, fault: &Value) -> Vec<(String, SocketHandle)> {
    let wanted = rpc::text(fault, "protocol");
    inner
        .sessions
        .values()
        .filter(|s| wanted.is_none_or(|w| w == s.protocol))
        .filter_map(|s| Some((s.protocol.clone(), s.socket.clone()?)))
        .collect()
}

fn on_sockets(hub: &Arc<Hub>, name: &str, fault: &Value) -> Option<Value> {
    let targets = hub.with(|inner| sockets(inner, fault));
    for (protocol, socket) in &targets {
        match name {
            "drop_sockets" => socket.send(Out::Drop),
            "close_sockets" => {
                let code = fault["code"].as_u64().unwrap_or(1001) as u16;
                let reason = rpc::text(fault, "reason").unwrap_or_default();
                socket.send(Out::Close(code, reason.to_owned()));
            }
            "disconnect" => disconnect(hub, socket, fault),
            "half_open" => {
                socket.frozen.store(true, Relaxed);
                socket.send(Out::Wake);
            }
            "malformed" => socket.send(Out::Text("{\"jsonrpc\":\"2.0\",\"id\":".into())),
            "send_text" => {
                let text = rpc::text(fault, "text").unwrap_or_default();
                socket.send(Out::Text(text.to_owned()));
            }
            "binary" => socket.send(Out::Binary(vec![0, 1, 2, 255])),
            "unknown_method" => server_request(hub, socket, "signalwire.unknown", json!({})),
            "unknown_event" | "send_event" => {
                let kind = rpc::text(fault, "event_type").unwrap_or("nobody.knows");
                let params = fault.get("params").cloned().unwrap_or(json!({ "x": 1 }));
                hub.event(protocol, kind, params);
            }
            "huge" => {
                let bytes = fault["bytes"].as_u64().unwrap_or(1 << 20) as usize;
                hub.event(protocol, "nobody.knows", json!({ "filling": "x".repeat(bytes) }));
            }
            "send_verto" => {
                let method = rpc::text(fault, "method").unwrap_or("verto.unknown");
                let params = fault.get("params").cloned().unwrap_or(json!({}));
                hub.verto_event(protocol, method, params);
            }
            _ => return None,
        }
    }
    let known = [
        "drop_sockets",
        "close_sockets",
        "disconnect",
        "half_open",
        "malformed",
        "send_text",
        "binary",
        "unknown_method",
        "unknown_event",
        "send_event",
        "huge",
        "send_verto",
    ];
    known.contains(&name).then(|| json!({ "sockets": targets.len() }))
}

fn server_request(hub: &Hub, socket: &SocketHandle, method: &'static str, params: Value) {
    let id = rpc::uuid();
    hub.with(|inner| inner.faults.expected.insert(id.clone(), method));
    socket.send(Out::Text(rpc::request(&json!(id), method, params).to_string()));
}

fn disconnect(hub: &Hub, socket: &SocketHandle, fault: &Value) {
    server_request(hub, socket, "signalwire.disconnect", json!({}));
    let after = Duration::from_millis(fault["close_after_ms"].as_u64().unwrap_or(1000));
    let socket = socket.clone();
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        socket.send(Out::Close(1001, "going away".into()));
    });
}

fn expire(hub: &Hub, fault: &Value) -> Value {
    let (token, reference) = (rpc::text(fault, "token"), rpc::text(fault, "reference"));
    let expired = hub.with(|inner| {
        let subscriber = reference.and_then(|wanted| {
            inner.subscribers.iter().find(|s| s.reference == wanted).map(|s| s.id.clone())
        });
        let mut expired = 0;
        for (text, grant) in &mut inner.tokens {
            let meant = match (token, &subscriber, reference) {
                (Some(token), ..) => text == token,
                (None, Some(subscriber), _) => grant.subscriber_id == *subscriber,
                (None, None, wanted) => wanted.is_none(),
            };
            if meant {
                grant.expires_at = token::now() - 1;
                expired += 1;
            }
        }
        expired
    });
    json!({ "tokens": expired, "at": timestamp() })
}

/// The calls that a fault is meant for, over ones left out.
fn calls(hub: &Hub, fault: &Value) -> Vec<Arc<call::Call>> {
    let wanted = rpc::text(fault, "call_id");
    let all = hub.with(|inner| inner.calls.clone());
    all.into_iter().filter(|c| wanted.is_none_or(|w| w == c.id) && !c.is_ended()).collect()
}

/// An event about what the service does with a call; how many calls got it.
fn call_event(hub: &Hub, fault: &Value) -> Result<Value, String> {
    let kind = rpc::text(fault, "event_type").ok_or("event_type is missing")?;
    let state = rpc::text(fault, "state");
    let calls = calls(hub, fault);
    for call in &calls {
        let mut payload = json!({
            "call_id": call.id, "node_id": call.node_id, "room_session_id": call.room_session_id,
        });
        match kind {
            "call.play" => {
                let control = rpc::text(fault, "control_id").map_or_else(rpc::uuid, str::to_owned);
                payload["control_id"] = json!(control);
                payload["state"] = json!(state.unwrap_or("playing"));
            }
            "call.connect" => {
                payload["segment_id"] = json!(call.segment_id);
                payload["connect_state"] = json!(state.unwrap_or("connected"));
            }
            "call.room" => {
                payload["segment_id"] = json!(call.segment_id);
                payload["joined_status"] = json!(state.unwrap_or("joined"));
            }
            other => return Err(format!("no such event of a call: {other}")),
        }
        hub.event(&call.protocol(), kind, payload);
    }
    Ok(json!({ "calls": calls.len() }))
}

/// What happens to the rooms that calls were moved into; how many calls it happened to.
fn in_rooms(hub: &Hub, fault_name: &str, fault: &Value) -> Result<Value, String> {
    let text = |key: &str| rpc::text(fault, key).ok_or(format!("{key} is missing"));
    let (mut count, mut members) = (0, Vec::new());
    for call in calls(hub, fault) {
        let done = match fault_name {
            "move_call" => {
                let name = text("name").unwrap_or("/public/meeting");
                let members = fault["members"].as_array().cloned().unwrap_or_default();
                let members: Vec<&str> = members.iter().filter_map(Value::as_str).collect();
                segment::enter(hub, &call, Segment::room(name, name, &members))
            }
            "leave_segment" => segment::leave(hub, &call, text("reason").unwrap_or("left")),
            "member_joins" => {
                let member = segment::admit(hub, &call, text("name")?);
                members.extend(member.clone());
                member.is_some()
            }
            "member_leaves" => {
                let reason = text("reason").unwrap_or("hangup");
                segment::dismiss(hub, &call, text("member_id")?, reason)
            }
            _ => {
                let talking = fault["talking"].as_bool().unwrap_or(true);
                segment::talk(hub, &call, text("member_id")?, talking)
            }
        };
        count += u64::from(done);
    }
    Ok(json!({ "calls": count, "members": members }))
}

fn impair_media(hub: &Hub, fault: &Value) -> Value {
    let millis = |key: &str| Duration::from_millis(fault[key].as_u64().unwrap_or(0));
    let impairment = Impairment {
        loss: fault["loss"].as_f64().unwrap_or(0.0),
        delay: millis("delay_ms"),
        jitter: millis("jitter_ms"),
    };
    let calls = calls(hub, fault);
    for call in &calls {
        call.with(|leg| {
            if let Some(media) = &leg.media {
                *lock(&media.controls.impairment) = impairment;
            }
        });
    }
    json!({ "calls": calls.len() })
}

fn press_keys(hub: &Hub, fault: &Value) -> Result<Value, String> {
    let digits = rpc::text(fault, "digits").ok_or("digits is missing")?;
    let length = Duration::from_millis(fault["duration_ms"].as_u64().unwrap_or(100));
    let without_end = fault["without_end"].as_bool().unwrap_or(false);
    let keys = Key::all(digits, length, without_end).ok_or(format!("no digits: {digits}"))?;
    let calls = calls(hub, fault);
    for call in &calls {
        call.with(|leg| {
            if let Some(media) = &leg.media {
                lock(&media.controls.keys).extend(&keys);
            }
        });
    }
    Ok(json!({ "calls": calls.len() }))
}

fn call_client(hub: &Arc<Hub>, fault: &Value) -> Result<Value, String> {
    let reference = rpc::text(fault, "reference");
    let protocols: Vec<String> = hub.with(|inner| {
        inner
            .sessions
            .values()
            .filter(|s| s.online && reference.is_none_or(|r| r == s.reference))
            .map(|s| s.protocol.clone())
            .collect()
    });
    if protocols.is_empty() {
        return Err("nobody is online".into());
    }
    let from = rpc::text(fault, "from").unwrap_or("/public/gateway");
    let flag = |key: &str| fault[key].as_bool().unwrap_or(false);
    let source = match rpc::text(fault, "source") {
        Some("tone") => Source::Tone,
        Some("silence") => Source::Silence,
        _ => Source::Echo,
    };
    let bundle = match rpc::text(fault, "bundle") {
        Some("shared") => Some(Bundle::Shared),
        Some("only") => Some(Bundle::Only),
        _ => None,
    };
    let (video, telephone_events) = (flag("video"), flag("telephone_events"));
    let plan = Outgoing { video, telephone_events, bundle, source };
    let ids: Vec<String> = protocols.iter().map(|p| life::outgoing(hub, p, from, plan)).collect();
    Ok(json!({ "calls": ids }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_faults_are_used_up_by_matching_requests() {
        let mut faults = Faults::default();
        let path = "/api/fabric/subscriber/info".to_owned();
        let failure = HttpFailure { status: 503, retry_after: None, after: false, slow: None };
        faults.http.push(HttpFault { failure: failure.clone(), count: 2, path: path.clone() });
        assert_eq!(faults.fail_http("/api/fabric/addresses"), None);
        assert_eq!(faults.fail_http(&path), Some(failure.clone()));
        assert_eq!(faults.fail_http(&path), Some(failure));
        assert_eq!(faults.fail_http(&path), None);
    }

    #[test]
    fn counted_faults_end() {
        let mut faults = Faults { duplicates: 1, stale_resumes: 1, ..Faults::default() };
        assert!(faults.duplicate() && !faults.duplicate());
        assert!(faults.stale_resume() && !faults.stale_resume());
    }
}
