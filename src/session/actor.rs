//! The task that owns the socket: feeds the state machine, does what it says.

use super::clock::ConnectClock;
use super::rpc::Requests;
use super::state::{Input, Output, State, Timer};
use super::{Authorization, Command, Facts, Listener, SessionConfig};
use crate::auth::TokenReason;
use crate::error::{Error, ErrorKind, Result};
use crate::net::ws::{self, OpenSocket, WsFrame, WsReceiver, WsSender};
use crate::proto::jsonrpc::{self, Frame};
use crate::proto::session::{self, Authorized, Event, Grant, Resume};
use crate::session::event::ClientEvent;
use serde_json::{json, Value};
use std::collections::VecDeque;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep_until, Instant};

type Opened = Result<OpenSocket>;
type Opening = Pin<Box<dyn Future<Output = Opened> + Send>>;

/// Events that are remembered, so that one which comes again after a reconnection is handled once.
const REMEMBERED_EVENTS: usize = 256;

pub(super) struct Actor {
    config: SessionConfig,
    listener: Arc<dyn Listener>,
    commands: mpsc::Receiver<Command>,
    facts: Arc<Mutex<Facts>>,
    authorized: watch::Sender<Authorization>,
    /// The token of the last `signalwire.connect`, and what its result grants.
    connecting_with: (u64, Grant),
    state: State,
    requests: Requests,
    opening: Option<Opening>,
    sender: Option<WsSender>,
    receiver: Option<WsReceiver>,
    local_address: Option<IpAddr>,
    clock: ConnectClock,
    /// The id of the `signalwire.connect` in flight.
    connect_id: Option<String>,
    timers: Vec<(Timer, Instant)>,
    last_frame: Instant,
    /// A write failed: the socket is as good as closed.
    is_broken: bool,
    seen_events: VecDeque<SeenEvent>,
    waiting_for_connect: Vec<oneshot::Sender<Result<()>>>,
    closed: Vec<oneshot::Sender<()>>,
    is_over: bool,
}

/// An event's id and the hash of what it says. Ids are unique for a socket, not for a session.
type SeenEvent = (String, u64);

enum Wake {
    Command(Option<Command>),
    Opened(Opened),
    Frame(WsFrame),
    Time,
}

impl Actor {
    pub(super) fn new(
        config: SessionConfig,
        listener: Arc<dyn Listener>,
        commands: mpsc::Receiver<Command>,
        facts: Arc<Mutex<Facts>>,
        authorized: watch::Sender<Authorization>,
    ) -> Self {
        let resume = config.resume.clone();
        Self {
            config,
            listener,
            commands,
            facts,
            authorized,
            connecting_with: (0, Grant::default()),
            state: State::new(rand::random::<f64>, resume),
            requests: Requests::default(),
            opening: None,
            sender: None,
            receiver: None,
            local_address: None,
            clock: ConnectClock::default(),
            connect_id: None,
            timers: Vec::new(),
            last_frame: Instant::now(),
            is_broken: false,
            seen_events: VecDeque::new(),
            waiting_for_connect: Vec::new(),
            closed: Vec::new(),
            is_over: false,
        }
    }

    pub(super) async fn run(mut self) {
        while !self.is_over {
            match self.wait().await {
                Wake::Command(Some(command)) => self.command(command).await,
                // Every handle is gone: nobody can use this session any more.
                Wake::Command(None) => self.input(Input::Close).await,
                Wake::Opened(opened) => self.opened(opened).await,
                Wake::Frame(frame) => self.frame(frame).await,
                Wake::Time => self.time().await,
            }
        }
        for closed in self.closed.drain(..) {
            let _ = closed.send(());
        }
    }

    async fn wait(&mut self) -> Wake {
        if std::mem::take(&mut self.is_broken) && self.receiver.is_some() {
            return Wake::Frame(WsFrame::Closed("it could not be written to".into()));
        }
        let deadline = self.next_deadline();
        tokio::select! {
            biased;
            command = self.commands.recv() => Wake::Command(command),
            opened = next_opened(&mut self.opening) => Wake::Opened(opened),
            frame = next_frame(&mut self.receiver) => Wake::Frame(frame),
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => Wake::Time,
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let timers = self.timers.iter().map(|(_, at)| *at).min();
        match (timers, self.requests.deadline()) {
            (Some(timer), Some(request)) => Some(timer.min(request)),
            (timer, request) => timer.or(request),
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Connect { reply } => {
                self.waiting_for_connect.push(reply);
                self.input(Input::Connect).await;
            }
            Command::Request(outgoing) => {
                if !self.state.may_wait() {
                    let error = Error::new(
                        ErrorKind::NotConnected,
                        "the client is not connected; await connect() first",
                    );
                    outgoing.refuse(error);
                    return;
                }
                self.requests.add(outgoing, Instant::now());
                self.flush().await;
            }
            Command::Abandon(error) => self.input(Input::Abandon(error)).await,
            Command::NetworkChanged(addresses) => {
                let own = self.local_address;
                let is_address_gone = own.is_some_and(|own| !addresses.contains(&own));
                self.input(Input::NetworkChanged { is_address_gone }).await;
            }
            Command::End(error) => self.input(Input::End(error)).await,
            Command::Close { reply } => {
                self.closed.push(reply);
                self.input(Input::Close).await;
            }
        }
    }

    async fn opened(&mut self, opened: Opened) {
        self.opening = None;
        match opened {
            Ok(socket) => {
                self.sender = Some(socket.sender);
                self.receiver = Some(socket.receiver);
                self.local_address = Some(socket.local);
                self.clock.opened(socket.times);
                self.last_frame = Instant::now();
                self.input(Input::SocketOpened).await;
            }
            Err(error) => self.input(Input::SocketFailed(error)).await,
        }
    }

    async fn frame(&mut self, frame: WsFrame) {
        self.last_frame = Instant::now();
        // Whatever came is the sign of life.
        self.timers.retain(|(timer, _)| *timer != Timer::Probe);
        match frame {
            WsFrame::Alive => {}
            WsFrame::Text(text) => match Frame::parse(&text) {
                Some(Frame::Request { id, method, params }) => {
                    self.server_request(id, &method, params).await;
                }
                Some(Frame::Response { id, body }) => self.response(&id, &body).await,
                None => tracing::warn!(bytes = text.len(), "a frame that is no JSON-RPC, dropped"),
            },
            WsFrame::Foreign => tracing::warn!("a binary frame, dropped"),
            WsFrame::Closed(reason) => {
                self.sender = None;
                self.receiver = None;
                self.input(Input::SocketClosed(reason)).await;
            }
        }
    }

    async fn server_request(&mut self, id: Value, method: &str, params: Value) {
        match method {
            "signalwire.ping" => {
                let answer = session::pong(&params, SystemTime::now());
                self.respond(&id, jsonrpc::result(&id, &answer)).await;
                self.input(Input::Ping).await;
            }
            "signalwire.disconnect" => {
                self.respond(&id, jsonrpc::result(&id, &json!({}))).await;
                self.input(Input::DisconnectNotice).await;
            }
            "signalwire.event" => {
                self.respond(&id, jsonrpc::result(&id, &json!({}))).await;
                self.event(&id, params).await;
            }
            other => {
                tracing::warn!(method = other, "a request that this client does not have");
                self.respond(&id, jsonrpc::method_not_found(&id)).await;
            }
        }
    }

    /// What has no id is a notification, which has no answer (JSON-RPC 2.0, 4.1).
    async fn respond(&mut self, id: &Value, answer: String) {
        if !id.is_null() {
            self.write(answer).await;
        }
    }

    async fn event(&mut self, id: &Value, params: Value) {
        if self.is_repetition(id, &params) {
            tracing::debug!("an event that came before, dropped");
            return;
        }
        if self.state.protocol().is_some_and(|protocol| session::is_stale(&params, protocol)) {
            tracing::debug!("an event of another session, dropped");
            return;
        }
        let Some(event) = Event::parse(params) else {
            tracing::warn!("an event without a type, dropped");
            return;
        };
        if event.event_type == "signalwire.authorization.state" {
            if let Some(state) = session::authorization_state(&event.payload) {
                self.input(Input::AuthorizationState(state)).await;
                self.facts.lock().unwrap_or_else(PoisonError::into_inner).resume =
                    self.state.resume().cloned();
                self.listener.on_client_event(ClientEvent::SessionRecordChanged);
            }
            return;
        }
        self.listener.on_event(event);
    }

    fn is_repetition(&mut self, id: &Value, params: &Value) -> bool {
        let Some(id) = id.as_str() else { return false };
        // The rest of the envelope, such as the time, may be another one the second time.
        let mut hasher = DefaultHasher::new();
        (params["event_type"].as_str(), params["params"].to_string()).hash(&mut hasher);
        let event = (id.to_owned(), hasher.finish());
        if self.seen_events.contains(&event) {
            return true;
        }
        if self.seen_events.len() == REMEMBERED_EVENTS {
            self.seen_events.pop_front();
        }
        self.seen_events.push_back(event);
        false
    }

    async fn response(&mut self, id: &str, body: &Value) {
        if self.connect_id.as_deref() == Some(id) {
            self.connect_id = None;
            self.state.set_renewable(self.config.tokens.can_renew());
            let input = match jsonrpc::unwrap_connect(body) {
                Ok(result) => match Authorized::parse(&result) {
                    Some(authorized) => {
                        self.connecting_with.1 = Grant::parse(&result);
                        Input::Authorized(authorized)
                    }
                    None => Input::SocketFailed(Error::protocol(
                        "the result of signalwire.connect has no session id",
                    )),
                },
                Err(error) => Input::Refused(error),
            };
            if matches!(input, Input::SocketFailed(_)) {
                self.close_socket(true).await;
            }
            self.input(input).await;
        } else if !self.requests.answer(id, body) {
            tracing::debug!("an answer that nobody waits for, dropped");
        }
    }

    async fn time(&mut self) {
        let now = Instant::now();
        let due: Vec<Timer> =
            self.timers.iter().filter(|(_, at)| *at <= now).map(|(timer, _)| *timer).collect();
        self.timers.retain(|(_, at)| *at > now);
        for timer in due {
            self.input(Input::Elapsed(timer)).await;
        }
        if let Some(sent_at) = self.requests.expire(now) {
            // Silence since the request was sent: the socket is dead, not just the request.
            if self.last_frame <= sent_at {
                self.input(Input::HalfOpen).await;
            }
        }
    }

    async fn input(&mut self, input: Input) {
        for output in self.state.handle(input) {
            self.perform(output).await;
        }
    }

    async fn perform(&mut self, output: Output) {
        match output {
            Output::OpenSocket => self.open_socket(false),
            Output::RenewTokenAndOpenSocket => self.open_socket(true),
            Output::CloseSocket { politely } => self.close_socket(politely).await,
            Output::SendConnect(resume) => self.send_connect(resume).await,
            Output::Probe => self.probe().await,
            Output::Arm(timer, delay) => {
                self.timers.retain(|(armed, _)| *armed != timer);
                self.timers.push((timer, Instant::now() + delay));
            }
            Output::Disarm(timer) => self.timers.retain(|(armed, _)| *armed != timer),
            Output::State(state, reason) => self.listener.on_state(state, &reason),
            Output::Ready { is_resumed, authorized } => self.ready(is_resumed, authorized),
            Output::RetryScheduled { attempt, delay, reason } => {
                let delay_ms = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX);
                self.listener.on_client_event(ClientEvent::RetryScheduled {
                    attempt,
                    delay_ms,
                    reason,
                });
            }
            Output::AuthorizationFailed { code, message } => {
                self.listener.on_client_event(ClientEvent::AuthorizationFailed { code, message });
            }
            Output::ConnectDone(result) => {
                for waiting in self.waiting_for_connect.drain(..) {
                    let _ = waiting.send(result.clone());
                }
            }
            Output::DropInFlight(reason) => self.requests.drop_in_flight(&reason),
            Output::Flush => self.flush().await,
            Output::FailQueued(error) => self.requests.fail_all(&error),
            Output::Lost(error) => self.listener.on_lost(&error),
            Output::Stop => self.is_over = true,
        }
    }

    fn open_socket(&mut self, with_other_token: bool) {
        self.clock = ConnectClock::start();
        let (tls, hosts) = (Arc::clone(&self.config.tls), self.config.hosts.clone());
        let tokens = Arc::clone(&self.config.tokens);
        let refused = self.connecting_with.0;
        self.opening = Some(Box::pin(async move {
            let current = match with_other_token {
                true => tokens.renew(refused, TokenReason::Refused).await?,
                false => tokens.obtain().await?,
            };
            ws::open(&hosts.resolve(&current.token)?.ws_url, &tls).await
        }));
    }

    async fn send_connect(&mut self, resume: Option<Resume>) {
        // There is one: the socket was opened with it.
        let Some(current) = self.config.tokens.current() else { return };
        let token = current.token.expose();
        let mut params = session::connect_params(&self.config.agent, token, resume.as_ref());
        if resume.is_none() || current.is_bound {
            match self.config.prover.for_rpc("signalwire.connect") {
                Ok(Some(proof)) => params["dpop_token"] = proof.expose().into(),
                Ok(None) => {}
                // The service refuses a bound token without it.
                Err(error) => tracing::error!(%error, "no proof of possession"),
            }
        }
        self.connecting_with = (current.generation, Grant::default());
        let id = uuid::Uuid::new_v4().to_string();
        self.connect_id = Some(id.clone());
        self.write(jsonrpc::request(&id, "signalwire.connect", &params)).await;
    }

    async fn close_socket(&mut self, politely: bool) {
        self.opening = None;
        self.connect_id = None;
        self.receiver = None;
        if let Some(mut sender) = self.sender.take() {
            if politely {
                let limit = crate::config::BYE_TIMEOUT;
                let _ = tokio::time::timeout(limit, sender.close()).await;
            }
        }
    }

    fn ready(&mut self, is_resumed: bool, authorized: Authorized) {
        {
            let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            facts.ice_servers = authorized.ice_servers;
            facts.local_address = self.local_address;
            facts.connect_times = self.clock.authorized();
            facts.resume = self.state.resume().cloned();
            facts.subscriber_id = authorized.subscriber_id;
            facts.project_id = authorized.project_id;
        }
        let (generation, grant) = self.connecting_with.clone();
        self.authorized.send_modify(|last| {
            let count = last.count + 1;
            *last = Authorization { count, is_resumed, generation, grant };
        });
        self.listener.on_client_event(ClientEvent::SessionReady {
            is_resumed,
            token_expires_at: authorized.expires_at,
        });
    }

    async fn flush(&mut self) {
        while self.state.is_ready() && !self.is_broken && self.sender.is_some() {
            let Some(frame) = self.requests.next_to_send(Instant::now()) else { break };
            self.write(frame).await;
        }
    }

    /// A protocol ping: the service answers it whatever else it is busy with.
    async fn probe(&mut self) {
        let Some(sender) = self.sender.as_mut().filter(|_| !self.is_broken) else { return };
        let asked = tokio::time::timeout(crate::config::PROBE_TIMEOUT, sender.ping()).await;
        self.is_broken |= !matches!(asked, Ok(Ok(())));
    }

    /// Writes one frame; a failure ends the socket at the next turn of the loop.
    async fn write(&mut self, frame: String) {
        let Some(sender) = self.sender.as_mut().filter(|_| !self.is_broken) else { return };
        let limit = self.config.request_timeout;
        let written = tokio::time::timeout(limit, sender.send(frame)).await;
        if let Ok(Err(error)) = &written {
            tracing::debug!(%error, "a frame could not be written");
        }
        self.is_broken |= !matches!(written, Ok(Ok(())));
    }
}

async fn next_opened(opening: &mut Option<Opening>) -> Opened {
    match opening {
        Some(opening) => opening.as_mut().await,
        None => std::future::pending().await,
    }
}

async fn next_frame(receiver: &mut Option<WsReceiver>) -> WsFrame {
    match receiver {
        Some(receiver) => receiver.next().await,
        None => std::future::pending().await,
    }
}
