//! What the whole gateway shares: tokens, subscribers, sessions, calls, counters, violations.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{json, Value};
use tokio::sync::mpsc::UnboundedSender;

use crate::call::Call;
use crate::conference::Conference;
use crate::config::GatewayConfig;
use crate::conversations::Conversation;
use crate::directory::{self, Address};
use crate::fault::Faults;
use crate::media::{lock, MediaConfig};
use crate::oauth::Logins;
use crate::rpc;
use crate::token::{self, Grant, Kind};

/// How many answers are kept for requests that are sent a second time.
const KEPT_ANSWERS: usize = 512;
const KEPT_EVENTS: usize = 2_000;
const KEPT_CALLS: usize = 1_000;
const KEPT_VIOLATIONS: usize = 1_000;

/// What goes out on a socket.
#[derive(Debug)]
pub enum Out {
    Text(String),
    Binary(Vec<u8>),
    Close(u16, String),
    /// Nothing to send; the socket only looks at itself anew.
    Wake,
    /// Gone without a word.
    Drop,
}

/// The sending side of a socket.
#[derive(Clone)]
pub struct SocketHandle {
    pub id: u64,
    pub sender: UnboundedSender<Out>,
    /// Fault: the connection is open, but nobody is there.
    pub frozen: Arc<AtomicBool>,
}

impl SocketHandle {
    /// Sends unless the socket is frozen.
    pub fn send(&self, out: Out) {
        if !self.frozen.load(Ordering::Relaxed) {
            let _ = self.sender.send(out);
        }
    }
}

/// An event that was sent and not acknowledged yet.
pub struct Unacked {
    pub id: String,
    pub kind: String,
    pub text: String,
    pub at: Instant,
    pub reported: bool,
}

/// A session of `signalwire.connect`; it outlives its sockets.
pub struct Session {
    pub protocol: String,
    pub identity: String,
    pub grant: Grant,
    pub reference: String,
    pub agent: String,
    /// The current authorization state and the ones before it, which a client may still hold.
    pub states: VecDeque<String>,
    pub online: bool,
    pub socket: Option<SocketHandle>,
    pub detached: Option<Instant>,
    pub unacked: Vec<Unacked>,
    pub acked: VecDeque<String>,
    pub backlog: Vec<String>,
    pub answered: VecDeque<(String, String)>,
    pub pending: HashSet<String>,
    pub verto_requests: HashMap<String, String>,
    pub resumes: u64,
}

/// A subscriber known to the gateway.
#[derive(Clone)]
pub struct Subscriber {
    pub id: String,
    pub reference: String,
    pub profile: Value,
    pub address: Address,
}

/// Things that are counted.
#[derive(Default)]
pub struct Counters {
    pub sockets: u64,
    pub connects: u64,
    pub resumes: u64,
    pub refused_connects: u64,
    pub reauthentications: u64,
    pub requests: u64,
    pub duplicate_requests: u64,
    pub events: u64,
    pub event_acks: u64,
    pub pings: u64,
    pub pongs: u64,
    pub verto_pings: u64,
    pub verto_pongs: u64,
    pub verto_results: u64,
    pub http_requests: u64,
    pub bound_exchanges: u64,
    pub bound_refreshes: u64,
}

/// Everything behind the lock.
pub struct Inner {
    pub tokens: HashMap<String, Grant>,
    pub subscribers: Vec<Subscriber>,
    pub addresses: Vec<Address>,
    /// SIP credentials, with the resources of their subscribers.
    pub sip_credentials: Vec<(String, Value)>,
    /// Registrations for push, with their subscribers.
    pub devices: Vec<(String, Value)>,
    /// Identifiers of proofs of possession that were used.
    pub proofs: HashSet<String>,
    pub sessions: HashMap<String, Session>,
    pub calls: Vec<Arc<Call>>,
    pub conversations: Vec<Conversation>,
    /// By address.
    pub conferences: HashMap<String, Arc<Conference>>,
    pub counters: Counters,
    pub violations: Vec<String>,
    /// The latest fresh invites: `callID`, `node_id`, `dialogParams`.
    pub invites: Vec<Value>,
    pub faults: Faults,
    pub logins: Logins,
    pub next_socket: u64,
    pub next_verto_id: u64,
}

/// The shared state of a gateway.
pub struct Hub {
    pub config: GatewayConfig,
    pub node_id: String,
    pub media: MediaConfig,
    pub started: Instant,
    /// `127.0.0.1:port`, known when the listener is bound.
    pub authority: OnceLock<String>,
    inner: Mutex<Inner>,
}

impl Hub {
    /// An empty gateway.
    pub fn new(config: GatewayConfig, media: MediaConfig) -> Hub {
        let addresses = directory::built_in(&config);
        Hub {
            node_id: format!("{}@us-east", rpc::uuid()),
            config,
            media,
            started: Instant::now(),
            authority: OnceLock::new(),
            inner: Mutex::new(Inner {
                tokens: HashMap::new(),
                subscribers: Vec::new(),
                addresses,
                sip_credentials: Vec::new(),
                devices: Vec::new(),
                proofs: HashSet::new(),
                sessions: HashMap::new(),
                calls: Vec::new(),
                conversations: Vec::new(),
                conferences: HashMap::new(),
                counters: Counters::default(),
                violations: Vec::new(),
                invites: Vec::new(),
                faults: Faults::default(),
                logins: Logins::default(),
                next_socket: 1,
                next_verto_id: 500,
            }),
        }
    }

    /// Works on the shared state. Calls are locked after it, never the other way round.
    pub fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut lock(&self.inner))
    }

    /// Records that a client broke the protocol.
    pub fn violation(&self, text: impl Into<String>) {
        let text = text.into();
        self.log(&format!("VIOLATION {text}"));
        self.with(|inner| {
            if inner.violations.len() < KEPT_VIOLATIONS {
                inner.violations.push(text);
            }
        });
    }

    /// Writes to standard error when that was asked for.
    pub fn log(&self, text: &str) {
        if self.config.log {
            eprintln!("{:9.3} {text}", self.started.elapsed().as_secs_f64());
        }
    }

    /// The subscriber with this reference, made when there is none.
    pub fn subscriber(&self, reference: &str, profile: &Value) -> Subscriber {
        self.with(|inner| {
            let known = inner.subscribers.iter_mut().find(|s| s.reference == reference);
            if let Some(subscriber) = known {
                if let (Some(old), Some(new)) =
                    (subscriber.profile.as_object_mut(), profile.as_object())
                {
                    old.extend(new.clone());
                }
                return subscriber.clone();
            }
            let id = rpc::uuid();
            let display_name = rpc::text(profile, "display_name").unwrap_or(reference);
            let subscriber = Subscriber {
                address: directory::of_subscriber(&id, reference, display_name),
                id,
                reference: reference.to_owned(),
                profile: profile.clone(),
            };
            inner.subscribers.push(subscriber.clone());
            subscriber
        })
    }

    /// Issues a token of a kind for a subscriber.
    pub fn issue(&self, grant: Grant, cluster_host: Option<&str>) -> String {
        let token = token::make(grant.kind, cluster_host);
        self.with(|inner| inner.tokens.insert(token.clone(), grant));
        token
    }

    /// A ready-made subscriber token.
    pub fn mint(&self, reference: &str, ttl_seconds: i64, cluster_host: Option<&str>) -> String {
        self.issue(self.subscriber_grant(reference, ttl_seconds), cluster_host)
    }

    /// What an ordinary subscriber token stands for.
    pub fn subscriber_grant(&self, reference: &str, ttl_seconds: i64) -> Grant {
        Grant {
            kind: Kind::Subscriber,
            subscriber_id: self.subscriber(reference, &json!({})).id,
            jti: rpc::uuid(),
            expires_at: token::now() + ttl_seconds,
            scope: Vec::new(),
            application_id: None,
            thumbprint: None,
            allowed_addresses: Vec::new(),
        }
    }

    /// The end of a token as the client is told of it.
    pub fn told_expiry(&self, expires_at: i64) -> i64 {
        expires_at + self.config.clock_offset
    }

    /// What an access token grants, unless it is unknown, expired or no access token.
    pub fn grant(&self, token: &str) -> Option<Grant> {
        let grant = self.known_grant(token)?;
        (grant.expires_at > token::now()).then_some(grant)
    }

    /// What an access token grants even though it may have expired.
    pub fn known_grant(&self, token: &str) -> Option<Grant> {
        self.with(|inner| inner.tokens.get(token).cloned()).filter(|g| g.kind != Kind::Refresh)
    }

    /// Sends an event to a session, now or after its next resume.
    pub fn event(&self, protocol: &str, kind: &str, payload: Value) {
        self.event_with(protocol, kind, payload, json!({}));
    }

    /// The same with more members in the envelope.
    pub fn event_with(&self, protocol: &str, kind: &str, payload: Value, more: Value) {
        let id = rpc::uuid();
        let mut params = json!({ "event_type": kind, "params": payload });
        if kind != "signalwire.authorization.state" {
            params["event_channel"] = json!(protocol);
            params["timestamp"] = json!(timestamp());
            params["project_id"] = json!(self.config.project);
            params["node_id"] = json!(self.node_id);
        }
        if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
            params.extend(more);
        }
        let text = rpc::request(&json!(id), "signalwire.event", params).to_string();
        self.log(&format!("event {kind} {}", payload_summary(&text)));
        self.with(|inner| {
            inner.counters.events += 1;
            let duplicate = inner.faults.duplicate();
            let Some(session) = inner.sessions.get_mut(protocol) else {
                return;
            };
            let Some(socket) = &session.socket else {
                if inner.faults.loses_events() {
                    return;
                }
                session.backlog.push(text.clone());
                session.track(id, kind, text);
                return;
            };
            for _ in 0..if duplicate { 2 } else { 1 } {
                socket.send(Out::Text(text.clone()));
            }
            session.track(id, kind, text);
        });
    }

    /// A Verto request inside a `webrtc.message` event.
    pub fn verto_event(&self, protocol: &str, method: &str, params: Value) {
        let id = self.with(|inner| {
            inner.next_verto_id += 1;
            let id = inner.next_verto_id;
            if let Some(session) = inner.sessions.get_mut(protocol) {
                session.verto_requests.insert(id.to_string(), method.to_owned());
            }
            id
        });
        self.event(protocol, "webrtc.message", rpc::request(&json!(id), method, params));
    }

    /// Answers a request, keeps the answer for a repetition, and obeys the delay fault.
    pub fn respond(&self, protocol: &str, id: &Value, answer: &Value) {
        let text = answer.to_string();
        let delayed = self.with(|inner| {
            let delay = inner.faults.delay();
            let session = inner.sessions.get_mut(protocol)?;
            session.pending.remove(&id.to_string());
            session.answered.push_back((id.to_string(), text.clone()));
            if session.answered.len() > KEPT_ANSWERS {
                session.answered.pop_front();
            }
            Some((session.socket.clone()?, delay))
        });
        let Some((socket, delay)) = delayed else {
            return;
        };
        if delay.is_zero() {
            socket.send(Out::Text(text));
            return;
        }
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            socket.send(Out::Text(text));
        });
    }

    /// Whether a proof of possession is used for the first time.
    pub fn first_use(&self, jti: &str) -> bool {
        self.with(|inner| inner.proofs.insert(jti.to_owned()))
    }

    /// Whether the client of a call is there.
    pub fn listens(&self, call: &Call) -> bool {
        let protocol = call.protocol();
        self.with(|inner| inner.sessions.get(&protocol).is_some_and(Session::listens))
    }

    /// The call with this id.
    pub fn call(&self, id: &str) -> Option<Arc<Call>> {
        self.with(|inner| inner.calls.iter().rev().find(|c| c.id == id).cloned())
    }

    /// The room behind an address.
    pub fn conference(&self, path: &str) -> Arc<Conference> {
        let new = || Arc::new(Conference::new());
        self.with(|inner| inner.conferences.entry(path.to_owned()).or_insert_with(new).clone())
    }

    /// Keeps a call; the oldest ended ones are forgotten.
    pub fn add_call(&self, call: Arc<Call>) {
        self.with(|inner| {
            if inner.calls.len() >= KEPT_CALLS {
                inner.calls.remove(0);
            }
            inner.calls.push(call);
        });
    }

    /// The socket of a session has gone.
    pub fn detach(&self, protocol: &str, socket: u64) {
        self.with(|inner| {
            let Some(session) = inner.sessions.get_mut(protocol) else {
                return;
            };
            if session.socket.as_ref().is_some_and(|s| s.id == socket) {
                session.socket = None;
                session.detached = Some(Instant::now());
            }
        });
    }

    /// Looks after what only time reveals; runs once in a while.
    pub fn tidy(self: &Arc<Self>) {
        let now = Instant::now();
        let limit = self.config.ack_limit;
        let keep = self.config.session_keep;
        let ends_expired = self.config.ends_expired;
        let mut late = Vec::new();
        let gone = self.with(|inner| {
            for session in inner.sessions.values_mut().filter(|s| s.listens()) {
                for event in session.unacked.iter_mut().filter(|e| !e.reported) {
                    if now - event.at > limit {
                        event.reported = true;
                        late.push(format!("event {} was not acknowledged", event.kind));
                    }
                }
            }
            let is_expired = |s: &Session| ends_expired && s.grant.expires_at <= token::now();
            for session in inner.sessions.values().filter(|s| is_expired(s)) {
                if let Some(socket) = &session.socket {
                    socket.send(Out::Close(1008, "token expired".into()));
                }
            }
            let gone: Vec<String> = inner
                .sessions
                .values()
                .filter(|s| is_expired(s) || s.detached.is_some_and(|at| now - at > keep))
                .map(|s| s.protocol.clone())
                .collect();
            gone.iter().for_each(|protocol| drop(inner.sessions.remove(protocol)));
            gone
        });
        late.into_iter().for_each(|text| self.violation(text));
        for protocol in gone {
            self.end_calls(&protocol, 102, "RECOVERY_ON_TIMER_EXPIRE");
        }
    }

    /// Ends all calls of a session.
    pub fn end_calls(self: &Arc<Self>, protocol: &str, code: u32, cause: &str) {
        let calls = self.with(|inner| inner.calls.clone());
        for call in calls.iter().filter(|c| c.protocol() == protocol) {
            call.hang_up(self, code, cause);
        }
    }
}

impl Session {
    fn track(&mut self, id: String, kind: &str, text: String) {
        if self.unacked.len() >= KEPT_EVENTS {
            self.unacked.remove(0);
        }
        let at = Instant::now();
        self.unacked.push(Unacked { id, kind: kind.to_owned(), text, at, reported: false });
    }

    /// Whether somebody is there who could acknowledge.
    fn listens(&self) -> bool {
        self.socket.as_ref().is_some_and(|s| !s.frozen.load(Ordering::Relaxed))
    }

    /// Takes an acknowledgement; `false` when there was no such event.
    pub fn acknowledge(&mut self, id: &str) -> bool {
        if let Some(at) = self.unacked.iter().position(|e| e.id == id) {
            self.unacked.remove(at);
            self.acked.push_back(id.to_owned());
            if self.acked.len() > KEPT_EVENTS {
                self.acked.pop_front();
            }
            return true;
        }
        // A duplicate of ours may be acknowledged twice.
        self.acked.iter().any(|known| known == id)
    }
}

/// Seconds since 1970 with microseconds, as events carry them.
pub fn timestamp() -> f64 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    now.as_micros() as f64 / 1e6
}

fn payload_summary(text: &str) -> String {
    text.chars().take(300).collect()
}
