//! Brings what the service sends to the call that it is for.

use super::members::session_of;
use super::{Call, ServerMessage, Shared};
use crate::error::Error;
use crate::proto::session::Event;
use crate::proto::verto::VertoEvent;
use crate::session::{ClientEvent, ClientState, Listener};
use crate::util::bus::Bus;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{mpsc, Notify};

/// One per client.
pub(crate) struct Router {
    events: Bus<ClientEvent>,
    table: Mutex<Table>,
    /// Notified whenever a call is removed.
    removed: Notify,
}

struct Table {
    state: ClientState,
    calls: HashMap<String, Entry>,
    /// Ids of segments and sessions, to the legs' own ids: two legs may be in one session.
    aliases: HashMap<String, Vec<String>>,
}

struct Entry {
    call: Weak<Shared>,
    messages: mpsc::Sender<ServerMessage>,
}

impl Table {
    fn add_alias(&mut self, call_id: &str, alias: &str) {
        if alias == call_id || !self.calls.contains_key(call_id) {
            return;
        }
        let calls = self.aliases.entry(alias.to_owned()).or_default();
        if !calls.iter().any(|known| known == call_id) {
            calls.push(call_id.to_owned());
        }
    }

    /// The call whose own id is among these, else the calls that the first known one stands for.
    fn resolve(&self, ids: &[&Value]) -> Vec<String> {
        let mut texts = ids.iter().filter_map(|id| id.as_str());
        match texts.clone().find(|id| self.calls.contains_key(*id)) {
            Some(own) => vec![own.to_owned()],
            None => texts.find_map(|id| self.aliases.get(id).cloned()).unwrap_or_default(),
        }
    }
}

impl Router {
    pub(crate) fn new(events: Bus<ClientEvent>) -> Self {
        let table = Table {
            state: ClientState::Disconnected,
            calls: HashMap::new(),
            aliases: HashMap::new(),
        };
        Self { events, table: Mutex::new(table), removed: Notify::new() }
    }

    pub(crate) fn state(&self) -> ClientState {
        self.table().state
    }

    pub(crate) fn add_call(&self, call: &Arc<Shared>, messages: mpsc::Sender<ServerMessage>) {
        let entry = Entry { call: Arc::downgrade(call), messages };
        self.table().calls.insert(call.id.clone(), entry);
    }

    /// Another id under which the service speaks of this call.
    pub(crate) fn add_alias(&self, call_id: &str, alias: &str) {
        self.table().add_alias(call_id, alias);
    }

    pub(crate) fn remove_call(&self, call_id: &str) {
        {
            let mut table = self.table();
            table.calls.remove(call_id);
            table.aliases.retain(|_, calls| {
                calls.retain(|known| known != call_id);
                !calls.is_empty()
            });
        }
        self.removed.notify_waiters();
    }

    /// Waits until no call is left.
    pub(crate) async fn all_calls_over(&self) {
        loop {
            let removed = self.removed.notified();
            if self.table().calls.is_empty() {
                return;
            }
            removed.await;
        }
    }

    /// The calls that are not over and still have a handle.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let table = self.table();
        table.calls.values().filter_map(|e| e.call.upgrade()).map(Call::from_shared).collect()
    }

    /// Sends a command to every call, whether or not somebody still holds its handle.
    pub(crate) fn message_all(&self, make: impl Fn() -> ServerMessage) {
        for entry in self.table().calls.values() {
            let _ = entry.messages.try_send(make());
        }
    }

    /// Sends a message to the calls that the first known of these ids stands for. `false` if none
    /// is known.
    fn route(&self, ids: &[&Value], make: impl Fn() -> ServerMessage) -> bool {
        let table = self.table();
        let calls = table.resolve(ids);
        for entry in calls.iter().filter_map(|id| table.calls.get(id)) {
            if entry.messages.try_send(make()).is_err() {
                tracing::error!("a call does not keep up with the service; an event is lost");
            }
        }
        !calls.is_empty()
    }

    /// The ids of a new segment. Known here at once: what follows may name nothing else.
    fn learn(&self, joined: &Value) {
        let mut table = self.table();
        let calls = table.resolve(&[&joined["call_id"], &joined["origin_call_id"]]);
        let aliases = [joined["call_id"].as_str().unwrap_or_default(), session_of(joined)];
        for alias in aliases.iter().filter(|alias| !alias.is_empty()) {
            calls.iter().for_each(|call_id| table.add_alias(call_id, alias));
        }
    }

    fn verto(&self, event: Event) {
        let raw = event.payload.clone();
        let Some(verto) = VertoEvent::parse(event.payload) else {
            tracing::warn!("a webrtc.message without a Verto request, dropped");
            return;
        };
        let call_id = verto.call_id().map_or(Value::Null, Value::from);
        let method = verto.method.clone();
        let message =
            || ServerMessage::Verto { event: verto.clone(), node_id: event.node_id.clone() };
        if !self.route(&[&call_id], message) {
            self.events
                .publish(ClientEvent::Other { event_type: method, raw_json: raw.to_string() });
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Router {
    fn on_state(&self, state: ClientState, reason: &str) {
        {
            let mut table = self.table();
            if table.state == state || table.state == ClientState::Closed {
                return;
            }
            table.state = state;
        }
        tracing::info!(?state, reason, "session");
        self.events.publish(ClientEvent::StateChanged { state, reason: reason.to_owned() });
        if state == ClientState::Closed {
            self.events.end();
        }
    }

    fn on_client_event(&self, event: ClientEvent) {
        self.events.publish(event);
    }

    fn on_event(&self, event: Event) {
        if event.event_type == "webrtc.message" {
            self.verto(event);
            return;
        }
        let payload = &event.payload;
        if event.event_type == "call.joined" {
            self.learn(payload);
        }
        // A nested `call.joined` has a new call id; the origin is the leg's. Members are told by
        // the session alone.
        let ids = [&payload["call_id"], &payload["origin_call_id"], &payload["room_session_id"]];
        if !self.route(&ids, || ServerMessage::Event(event.clone())) {
            self.events.publish(ClientEvent::Other {
                event_type: event.event_type,
                raw_json: event.payload.to_string(),
            });
        }
    }

    fn on_lost(&self, error: &Error) {
        self.message_all(|| ServerMessage::SessionLost(error.clone()));
    }
}
