//! Brings what the service sends to the call that it is for.

use super::conversation::ConversationEvents;
use super::diagnostics;
use super::disturb::{DoNotDisturb, Mode};
use super::expecting::Expected;
use super::members::session_of;
use super::{start_inbound, start_restored, Call, CallContext, CallState, Direction};
use super::{RecordedCall, ServerMessage, Shared};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::sdp::{Description, Kind};
use crate::proto::session::Event;
use crate::proto::verto::{Invite, VertoEvent};
use crate::runtime;
use crate::session::{ClientEvent, ClientState, Listener};
use crate::util::bus::Bus;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::{mpsc, Notify};

/// One per client.
pub(crate) struct Router {
    events: Bus<ClientEvent>,
    table: Mutex<Table>,
    /// For the calls that come in; set once the session exists.
    inbound: OnceLock<CallContext>,
    /// Whether the application wants to be called.
    is_online: AtomicBool,
    do_not_disturb: Mode,
    /// How many sessions were made anew so far; taking one up again is not counted.
    session_number: AtomicU64,
    /// Notified whenever a call is removed.
    removed: Notify,
    conversations: ConversationEvents,
    expected: Expected,
    /// Held while a call is announced: the socket and a notification may do it at once.
    announcing: Mutex<()>,
}

struct Table {
    state: ClientState,
    calls: HashMap<String, Entry>,
    /// Ids of segments and sessions, to the legs' own ids: two legs may be in one session.
    aliases: HashMap<String, Vec<String>>,
    /// Calls that came in and are over: their announcement may come again, by push for one.
    ended: VecDeque<String>,
    /// The diagnostics of the last calls that are over.
    diagnostics: VecDeque<Value>,
    /// Calls of a process before.
    restorable: Vec<RecordedCall>,
}

/// Ended calls that are remembered.
const REMEMBERED_CALLS: usize = 64;

/// Calls that may ring here at once; more are a flood, and are surfaced raw.
const MAX_RINGING: usize = 256;

struct Entry {
    /// A call lives as long as it is not over, whoever holds its handle.
    call: Arc<Shared>,
    messages: mpsc::Sender<ServerMessage>,
}

impl Table {
    fn remember_end(&mut self, call_id: &str) {
        if self.calls.contains_key(call_id) || self.ended.iter().any(|ended| ended == call_id) {
            return;
        }
        if self.ended.len() == REMEMBERED_CALLS {
            self.ended.pop_front();
        }
        self.ended.push_back(call_id.to_owned());
    }

    fn add_alias(&mut self, call_id: &str, alias: &str) {
        // Another call's own id stays that call's, also for what comes when it is over.
        if self.calls.contains_key(alias) || !self.calls.contains_key(call_id) {
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
            ended: VecDeque::new(),
            diagnostics: VecDeque::new(),
            restorable: Vec::new(),
        };
        Self {
            events,
            table: Mutex::new(table),
            inbound: OnceLock::new(),
            is_online: AtomicBool::new(false),
            do_not_disturb: Mode::default(),
            session_number: AtomicU64::new(0),
            removed: Notify::new(),
            conversations: ConversationEvents::default(),
            expected: Expected::default(),
            announcing: Mutex::new(()),
        }
    }

    /// From now on calls that come in are made with this.
    pub(crate) fn accept_calls(&self, context: CallContext) {
        let _ = self.inbound.set(context);
    }

    /// Whether `subscriber.online` is repeated in each new session.
    pub(crate) fn set_online(&self, is_online: bool) {
        self.is_online.store(is_online, Ordering::Release);
    }

    /// Which calls that come in are refused from now on.
    pub(crate) fn set_do_not_disturb(&self, mode: DoNotDisturb) {
        self.do_not_disturb.set(mode);
    }

    /// Which of the client's sessions this is: 0 before the first.
    pub(crate) fn session_number(&self) -> u64 {
        self.session_number.load(Ordering::Acquire)
    }

    pub(crate) fn state(&self) -> ClientState {
        self.table().state
    }

    pub(crate) fn add_call(&self, call: &Arc<Shared>, messages: mpsc::Sender<ServerMessage>) {
        let entry = Entry { call: Arc::clone(call), messages };
        self.table().calls.insert(call.id.clone(), entry);
    }

    /// Another id under which the service speaks of this call.
    pub(crate) fn add_alias(&self, call_id: &str, alias: &str) {
        self.table().add_alias(call_id, alias);
    }

    pub(crate) fn remove_call(&self, call_id: &str) {
        {
            let mut table = self.table();
            let removed = table.calls.remove(call_id);
            if let Some(entry) = removed {
                diagnostics::remember(&mut table.diagnostics, &entry.call);
                if entry.call.direction == Direction::Inbound {
                    table.remember_end(call_id);
                }
            }
            table.aliases.retain(|_, calls| {
                calls.retain(|known| known != call_id);
                !calls.is_empty()
            });
        }
        self.removed.notify_waiters();
    }

    /// The diagnostics of the calls that are not over, and of the last ones that are.
    pub(crate) fn diagnostics(&self) -> (Vec<Value>, Vec<Value>) {
        let table = self.table();
        let live = table.calls.values().map(|entry| diagnostics::of_call(&entry.call)).collect();
        (live, table.diagnostics.iter().cloned().collect())
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

    /// The calls that are not over.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let table = self.table();
        table.calls.values().map(|entry| Call::from_shared(Arc::clone(&entry.call))).collect()
    }

    /// The call of this id, if it is not over.
    pub(crate) fn call(&self, id: &str) -> Option<Call> {
        self.table().calls.get(id).map(|entry| Call::from_shared(Arc::clone(&entry.call)))
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
        if verto.method == "verto.invite" {
            self.invite(&verto, event.node_id, &raw);
            return;
        }
        if verto.method == "verto.attach" && self.attach(&verto, &event.node_id) {
            return;
        }
        let call_id = verto.call_id().map_or(Value::Null, Value::from);
        let method = verto.method.clone();
        self.acknowledge(&verto, event.node_id.as_deref());
        let message =
            || ServerMessage::Verto { event: verto.clone(), node_id: event.node_id.clone() };
        let is_over = verto.method == "verto.bye" && self.expected_is_over(&verto);
        if !self.route(&[&call_id], message) && !is_over {
            self.events
                .publish(ClientEvent::Other { event_type: method, raw_json: raw.to_string() });
        }
    }

    /// Before the call hears of it: with a bye its task is over. Also of a call that is not known
    /// any more.
    fn acknowledge(&self, event: &VertoEvent, node_id: Option<&str>) {
        let Some(context) = self.inbound.get() else { return };
        let known = event.call_id().filter(|_| node_id.is_none()).and_then(|call_id| {
            let call = Arc::clone(&self.table().calls.get(call_id)?.call);
            let progress = call.progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.node_id.clone()
        });
        if let Some(params) = event.acknowledgement(node_id.or(known.as_deref())) {
            context.session.tell("webrtc.verto", params);
        }
    }

    /// Somebody calls. The same call may be announced several times, by the socket and by push.
    fn invite(&self, event: &VertoEvent, node_id: Option<String>, raw: &Value) {
        let other =
            || ClientEvent::Other { event_type: event.method.clone(), raw_json: raw.to_string() };
        let invite = match Invite::parse(event, node_id) {
            Ok(invite) => invite,
            Err(missing) => {
                tracing::warn!(missing, "a call came in that cannot be answered");
                self.events.publish(other());
                return;
            }
        };
        if let Err(error) = self.announce(invite) {
            tracing::error!(%error, "a call came in and could not be taken");
            self.events.publish(other());
        }
    }

    /// Makes the call of an invite and tells of it, once; `None` if that call is over already.
    pub(crate) fn announce(&self, invite: Invite) -> Result<Option<Call>> {
        let _turn = self.announcing();
        if self.is_known(&invite.call_id) {
            tracing::debug!(call = invite.call_id, "a call was announced again");
            self.route(&[&Value::from(invite.call_id.as_str())], || ServerMessage::Announced);
            return Ok(self.call(&invite.call_id));
        }
        let context = self.inbound.get().filter(|_| self.ringing() < MAX_RINGING);
        let context = context.ok_or_else(|| {
            Error::new(ErrorKind::InvalidState, "more calls ring than anybody answers")
        })?;
        let has_video = Description::parse(&invite.sdp).is_ok_and(|sdp| sdp.has(Kind::Video));
        let (caller, callee) = (invite.caller.clone(), invite.callee.clone());
        let user_variables_json = invite.user_variables.to_string();
        let is_declined = self.declines();
        let call = start_inbound(context, invite)?;
        if is_declined {
            self.events.publish(ClientEvent::CallDeclined {
                call_id: call.id(),
                from_name: caller.name,
                from_number: caller.number,
                to_name: callee.name,
                to_number: callee.number,
            });
            decline(call.clone());
        } else if self.expected_arrives(&call) {
            self.events.publish(ClientEvent::IncomingCall {
                call_id: call.id(),
                from_name: caller.name,
                from_number: caller.number,
                to_name: callee.name,
                to_number: callee.number,
                has_video,
                user_variables_json,
            });
        }
        Ok(Some(call))
    }

    pub(super) fn announcing(&self) -> MutexGuard<'_, ()> {
        self.announcing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn expected(&self) -> &Expected {
        &self.expected
    }

    pub(super) fn publish(&self, event: ClientEvent) {
        self.events.publish(event);
    }

    /// From now on nobody is told of a call of this id.
    pub(super) fn forget_call(&self, call_id: &str) {
        self.table().remember_end(call_id);
    }

    /// The service has a call that this process does not know; `false` if it does.
    fn attach(&self, event: &VertoEvent, node_id: &Option<String>) -> bool {
        let Some(mut recorded) = RecordedCall::attached(event, node_id.clone()) else {
            return false;
        };
        if self.table().calls.contains_key(&recorded.id) {
            return false;
        }
        if self.is_known(&recorded.id) {
            tracing::debug!(call = recorded.id, "a call that is over here is still at the service");
            return true;
        }
        // What the service cannot know is in the record.
        let known = self.table().restorable.iter().find(|call| call.id == recorded.id).cloned();
        recorded.statistics_ms = known.map_or(0, |call| call.statistics_ms);
        self.restore(recorded, event.sdp().map(str::to_owned));
        true
    }

    /// Calls of a process before, which are taken up with the first session that is its own.
    pub(crate) fn set_restorable(&self, calls: Vec<RecordedCall>) {
        self.table().restorable = calls;
    }

    fn restore_recorded(&self, is_resumed: bool) {
        let calls = std::mem::take(&mut self.table().restorable);
        for recorded in calls {
            match is_resumed {
                true => self.restore(recorded, None),
                false => self.events.publish(ClientEvent::RestoreFailed {
                    call_id: recorded.id,
                    message: "the service made a new session; its calls are not there".to_owned(),
                }),
            }
        }
    }

    /// Takes a call up and tells how that went.
    fn restore(&self, recorded: RecordedCall, offer: Option<String>) {
        let Some(context) = self.inbound.get() else { return };
        let call_id = recorded.id.clone();
        let events = self.events.clone();
        let failed = |error: &Error| ClientEvent::RestoreFailed {
            call_id: call_id.clone(),
            message: error.message().to_owned(),
        };
        let call = match start_restored(context, recorded, offer) {
            Ok(call) => call,
            Err(error) => return self.events.publish(failed(&error)),
        };
        let told = async move {
            events.publish(match call.answered().await {
                Ok(()) => {
                    let remote = call.remote_party();
                    ClientEvent::CallRestored {
                        call_id: call.id(),
                        is_inbound: call.direction() == Direction::Inbound,
                        remote_name: remote.name,
                        remote_number: remote.number,
                        destination: call.destination(),
                    }
                }
                Err(error) => ClientEvent::RestoreFailed {
                    call_id: call.id(),
                    message: error.message().to_owned(),
                },
            });
        };
        if let Err(error) = runtime::spawn(told) {
            self.events.publish(failed(&error));
        }
    }

    fn declines(&self) -> bool {
        match self.do_not_disturb.get() {
            DoNotDisturb::Off => false,
            DoNotDisturb::Always => true,
            DoNotDisturb::InCalls => self.table().calls.values().any(|entry| {
                let state = *entry.call.state.borrow();
                let is_ringing = state == CallState::Ringing;
                let only_rings = entry.call.direction == Direction::Inbound && is_ringing;
                state < CallState::Ending && !only_rings
            }),
        }
    }

    /// How many calls that came in wait to be answered or refused.
    fn ringing(&self) -> usize {
        let is_ringing = |entry: &&Entry| {
            entry.call.direction == Direction::Inbound
                && *entry.call.state.borrow() == CallState::Ringing
        };
        self.table().calls.values().filter(is_ringing).count()
    }

    pub(super) fn is_known(&self, call_id: &str) -> bool {
        let table = self.table();
        table.calls.contains_key(call_id) || table.ended.iter().any(|ended| ended == call_id)
    }

    /// The service forgets who is online with each session.
    fn repeat_online(&self) {
        if !self.is_online.load(Ordering::Acquire) {
            return;
        }
        let Some(context) = self.inbound.get() else { return };
        let (session, events) = (context.session.clone(), self.events.clone());
        let _ = runtime::spawn(async move {
            if let Err(error) = session.online().await {
                events.publish(ClientEvent::OnlineFailed {
                    code: error.code().unwrap_or(0),
                    message: error.message().to_owned(),
                });
            }
        });
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses a call that nobody was told of; the subscriber's other devices ring on.
fn decline(call: Call) {
    let _ = runtime::spawn(async move {
        if let Err(error) = call.reject().await {
            tracing::warn!(call = call.id(), %error, "a call could not be refused");
        }
    });
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
        if state == ClientState::Reconnecting {
            self.message_all(|| ServerMessage::SessionAway);
        }
        if state == ClientState::Closed {
            self.expected.close();
            self.events.end();
        }
    }

    fn on_client_event(&self, event: ClientEvent) {
        let resumed = match &event {
            ClientEvent::SessionReady { is_resumed, .. } => Some(*is_resumed),
            _ => None,
        };
        if resumed == Some(false) {
            self.session_number.fetch_add(1, Ordering::AcqRel);
        }
        self.events.publish(event);
        if let Some(is_resumed) = resumed {
            self.message_all(|| ServerMessage::SessionReady { is_resumed });
            self.restore_recorded(is_resumed);
            self.repeat_online();
        }
    }

    fn on_event(&self, event: Event) {
        if event.event_type == "webrtc.message" {
            self.verto(event);
            return;
        }
        if event.event_type.starts_with("conversation.") {
            self.conversations.read(event).into_iter().for_each(|event| self.events.publish(event));
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
        self.events.publish(ClientEvent::SessionEnded {
            code: error.code().unwrap_or(0),
            message: error.message().to_owned(),
        });
        self.message_all(|| ServerMessage::SessionLost(error.clone()));
    }
}
