//! One WebSocket session with the service: authorization, requests, events, reconnection.

mod actor;
mod clock;
mod event;
mod rpc;
mod state;

use crate::auth::prover::Prover;
use crate::auth::tokens::{Current, Tokens};
use crate::error::{Error, ErrorKind, Result};
use crate::net::endpoints::Hosts;
use crate::proto::ice::IceServer;
use crate::proto::session::{reauthenticate_params, Event, Grant, Resume};
use crate::runtime;
use serde_json::{json, Value};
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

pub use clock::ConnectTimes;
pub use event::{ClientEvent, ClientState};

/// Requests that may wait for the session's task; more are a defect or a flood.
const COMMANDS: usize = 256;

/// What a session needs to know.
pub(crate) struct SessionConfig {
    pub(crate) hosts: Hosts,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) prover: Prover,
    pub(crate) tls: Arc<rustls::ClientConfig>,
    pub(crate) agent: String,
    pub(crate) request_timeout: Duration,
    /// The session of a process before.
    pub(crate) resume: Option<Resume>,
}

/// Where a session tells what happens. Called on the session's task: must not block.
pub(crate) trait Listener: Send + Sync + 'static {
    /// The session's state, for the application and the calls.
    fn on_state(&self, state: ClientState, reason: &str);
    /// Something for the application.
    fn on_client_event(&self, event: ClientEvent);
    /// An event of the service.
    fn on_event(&self, event: Event);
    /// The session is over for good; calls cannot go on.
    fn on_lost(&self, error: &Error);
}

/// What is known from the last authorization.
#[derive(Clone, Default)]
pub(crate) struct Facts {
    pub(crate) ice_servers: Vec<IceServer>,
    /// The local address that reaches the service: the best one for media.
    pub(crate) local_address: Option<IpAddr>,
    /// What resumes this session, in this process or another.
    pub(crate) resume: Option<Resume>,
    pub(crate) subscriber_id: String,
    pub(crate) project_id: String,
    /// How long the last authorization took, step by step.
    pub(crate) connect_times: Option<ConnectTimes>,
}

/// One authorization of the session by `signalwire.connect`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authorization {
    /// How many there were; 0 before the first.
    pub(crate) count: u64,
    /// Whether it was by the earlier session rather than by the token.
    pub(crate) is_resumed: bool,
    /// Which token was sent.
    pub(crate) generation: u64,
    pub(crate) grant: Grant,
}

/// A handle on the session's task.
#[derive(Clone)]
pub(crate) struct Session {
    authorizations: watch::Receiver<Authorization>,
    commands: mpsc::Sender<Command>,
    facts: Arc<Mutex<Facts>>,
    request_timeout: Duration,
    tokens: Arc<Tokens>,
    prover: Prover,
}

/// One request on its way to the service.
pub(crate) struct Outgoing {
    pub(crate) method: Cow<'static, str>,
    pub(crate) params: Value,
    pub(crate) timeout: Duration,
    /// Send it again, with the same id, when the socket is lost before the answer.
    pub(crate) survives_reconnect: bool,
    /// None where the answer, or that there is none, means nothing.
    pub(crate) reply: Option<oneshot::Sender<Result<Value>>>,
}

impl Outgoing {
    fn refuse(self, error: Error) {
        if let Some(reply) = self.reply {
            let _ = reply.send(Err(error));
        }
    }
}

pub(crate) enum Command {
    Connect {
        reply: oneshot::Sender<Result<()>>,
    },
    Request(Outgoing),
    Abandon(Error),
    /// The device's addresses changed; these are all.
    NetworkChanged(Vec<IpAddr>),
    /// The session cannot go on.
    End(Error),
    Close {
        reply: oneshot::Sender<()>,
    },
}

impl Session {
    /// Starts the session's task; nothing is sent before [`Session::connect`].
    pub(crate) fn start(config: SessionConfig, listener: Arc<dyn Listener>) -> Result<Self> {
        let (commands, queue) = mpsc::channel(COMMANDS);
        let facts = Arc::new(Mutex::new(Facts::default()));
        let (timeout, tokens) = (config.request_timeout, Arc::clone(&config.tokens));
        let prover = config.prover.clone();
        let (authorized, authorizations) = watch::channel(Authorization::default());
        let actor = actor::Actor::new(config, listener, queue, Arc::clone(&facts), authorized);
        runtime::spawn(actor.run())?;
        Ok(Self { authorizations, commands, facts, request_timeout: timeout, tokens, prover })
    }

    pub(crate) async fn connect(&self, limit: Duration) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Connect { reply }).await?;
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::closed("the client")),
            Err(_) => {
                let error = Error::new(
                    ErrorKind::Timeout,
                    format!(
                        "the service did not authorize the session within {limit:?}; try again"
                    ),
                );
                self.send(Command::Abandon(error.clone())).await?;
                Err(error)
            }
        }
    }

    /// Sends a request and waits for its unwrapped result.
    ///
    /// While the connection is being made anew the request waits for it, within its time.
    pub(crate) async fn request(
        &self,
        method: impl Into<Cow<'static, str>>,
        params: Value,
    ) -> Result<Value> {
        self.request_with(method, params, self.request_timeout, false).await
    }

    /// Like [`Session::request`] with its own time limit, and able to survive a reconnection.
    pub(crate) async fn request_with(
        &self,
        method: impl Into<Cow<'static, str>>,
        params: Value,
        timeout: Duration,
        survives_reconnect: bool,
    ) -> Result<Value> {
        let (reply, answer) = oneshot::channel();
        let method = method.into();
        let outgoing = Outgoing { method, params, timeout, survives_reconnect, reply: Some(reply) };
        self.send(Command::Request(outgoing)).await?;
        answer.await.unwrap_or_else(|_| Err(Error::closed("the client")))
    }

    /// Sends a request whose answer does not matter. Does not wait: a full queue means that the
    /// session is stuck, and then the service does without.
    pub(crate) fn tell(&self, method: &'static str, params: Value) {
        let outgoing = Outgoing {
            method: method.into(),
            params,
            timeout: self.request_timeout,
            survives_reconnect: false,
            reply: None,
        };
        if self.commands.try_send(Command::Request(outgoing)).is_err() {
            tracing::debug!(method, "the session is too busy or over; not sent");
        }
    }

    /// Makes the subscriber reachable through this session. A service that refuses is shown the token
    /// once more and asked again (signalwire-js v4, SignalWire.ts): it forgets authorizations.
    pub(crate) async fn online(&self) -> Result<()> {
        let ask = || self.request("subscriber.online", json!({}));
        match ask().await {
            Err(refusal) if refusal.code().is_some() => match self.show_token().await {
                Ok(()) => ask().await.map(drop),
                Err(error) => {
                    tracing::debug!(%error, "the token was not taken again");
                    Err(refusal)
                }
            },
            answered => answered.map(drop),
        }
    }

    async fn show_token(&self) -> Result<()> {
        let project = self.facts().project_id;
        let current = self.tokens.obtain().await?;
        self.reauthenticate(&project, &current).await.map(drop)
    }

    /// Lets the session go on with this token; gives the service's result.
    pub(crate) async fn reauthenticate(&self, project: &str, current: &Current) -> Result<Value> {
        const METHOD: &str = "signalwire.reauthenticate";
        let mut params = reauthenticate_params(project, current.token.expose());
        if let Some(proof) = self.prover.for_rpc(METHOD)? {
            params["dpop_token"] = proof.expose().into();
        }
        self.request(METHOD, params).await
    }

    /// The network changed: the socket is looked at now. Does not wait.
    pub(crate) fn network_changed(&self, addresses: Vec<IpAddr>) {
        // A full queue means that the session is busy with the change already, or stuck for good.
        let _ = self.commands.try_send(Command::NetworkChanged(addresses));
    }

    /// Closes the socket with a close frame and ends the task. Idempotent.
    pub(crate) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.send(Command::Close { reply }).await.is_ok() {
            let _ = done.await;
        }
    }

    /// Every authorization; ends with the session's task.
    pub(crate) fn authorizations(&self) -> watch::Receiver<Authorization> {
        self.authorizations.clone()
    }

    /// Ends the session for good as if the service had refused it; `connect` begins a new one.
    pub(crate) async fn end(&self, error: Error) {
        let _ = self.send(Command::End(error)).await;
    }

    pub(crate) fn facts(&self) -> Facts {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn send(&self, command: Command) -> Result<()> {
        self.commands.send(command).await.map_err(|_| Error::closed("the client"))
    }
}
