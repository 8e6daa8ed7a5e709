//! The session's life as a pure state machine: told what happened, it says what to do.
//!
//! ```text
//! Idle ─connect─► Opening ─socket─► Authorizing ─result─► Ready ─notice─► Draining
//!   ▲                │                  │                   │                │
//!   └──first failure─┴──refused────────-┘        loss ─► Backoff ◄─────loss──┘
//!                                                           └──timer──► Opening
//! ```
//! Inputs come from the socket (opened, failed, closed), from the service (authorized, refused,
//! ping, disconnect notice), from timers and from the application (connect, close).

use crate::auth::tokens::is_final;
use crate::config::{PING_WATCHDOG, PROBE_TIMEOUT, RECONNECT_DELAY, SOCKET_OPEN_TIMEOUT};
use crate::error::{Error, ErrorKind};
use crate::proto::jsonrpc::RpcError;
use crate::proto::session::{is_authorization_refusal, Authorized, Resume};
use crate::session::event::ClientState;
use crate::util::backoff::Backoff;
use std::time::Duration;

/// How often in a row the service may fail at taking the session up before a new one is asked for.
const RESUME_TRIES: u32 = 5;

/// Timers that the machine asks for; arming one again replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The pause before the next try.
    Backoff,
    /// The wait for the result of `signalwire.connect`.
    Authorization,
    /// The longest time without a ping.
    Watchdog,
    /// The wait for a sign of life after the network changed.
    Probe,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Input {
    Connect,
    SocketOpened,
    SocketFailed(Error),
    SocketClosed(String),
    Authorized(Authorized),
    Refused(RpcError),
    AuthorizationState(String),
    Ping,
    DisconnectNotice,
    /// A request went unanswered while nothing else came either.
    HalfOpen,
    /// The platform's network changed; the socket's own local address may be gone with it.
    NetworkChanged {
        is_address_gone: bool,
    },
    Elapsed(Timer),
    /// Nobody waits for the first connection any more.
    Abandon(Error),
    /// The session's token is over, and there is no other.
    End(Error),
    Close,
}

/// What to do, in this order.
#[derive(Debug, PartialEq)]
pub(crate) enum Output {
    OpenSocket,
    /// The service refused the token: get another one before.
    RenewTokenAndOpenSocket,
    /// With or without a close frame.
    CloseSocket {
        politely: bool,
    },
    SendConnect(Option<Resume>),
    /// Ask the server for a sign of life.
    Probe,
    Arm(Timer, Duration),
    Disarm(Timer),
    State(ClientState, String),
    Ready {
        is_resumed: bool,
        authorized: Authorized,
    },
    RetryScheduled {
        attempt: u32,
        delay: Duration,
        reason: String,
    },
    AuthorizationFailed {
        code: i32,
        message: String,
    },
    /// Answers everybody who waits in `connect`.
    ConnectDone(Result<(), Error>),
    /// Requests in flight lose their answer; those that survive are sent again later.
    DropInFlight(String),
    /// Send what waits.
    Flush,
    /// Nothing waits any more: fail it.
    FailQueued(Error),
    /// The session is over for good.
    Lost(Error),
    /// End the task.
    Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Opening,
    Authorizing,
    Ready,
    Draining,
    Backoff,
    Closed,
}

/// See the module's documentation.
pub(crate) struct State {
    phase: Phase,
    /// Whether the session was ever up: only then is a loss repaired by itself.
    was_ready: bool,
    resume: Option<Resume>,
    /// What came for the session before the result of its `signalwire.connect`.
    early_authorization_state: Option<String>,
    /// Whether the `signalwire.connect` in flight carried resume state.
    is_resuming: bool,
    /// How often in a row the service failed at a resume.
    failed_resumes: u32,
    /// Whether somebody can be asked for another token.
    is_renewable: bool,
    /// Whether that was done since the last authorization: it is tried once.
    has_renewed: bool,
    backoff: Backoff,
    random: fn() -> f64,
}

impl State {
    /// `resume`: the session of a process before, to be taken up with the first connection.
    pub(crate) fn new(random: fn() -> f64, resume: Option<Resume>) -> Self {
        Self {
            phase: Phase::Idle,
            was_ready: false,
            resume,
            early_authorization_state: None,
            is_resuming: false,
            failed_resumes: 0,
            is_renewable: false,
            has_renewed: false,
            backoff: Backoff::new(RECONNECT_DELAY.0, RECONNECT_DELAY.1),
            random,
        }
    }

    /// Whether a refused token can be replaced.
    pub(crate) fn set_renewable(&mut self, is_renewable: bool) {
        self.is_renewable = is_renewable;
    }

    /// Whether requests may be sent now.
    pub(crate) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether a request may wait for the session instead of failing at once.
    pub(crate) fn may_wait(&self) -> bool {
        match self.phase {
            Phase::Ready | Phase::Draining | Phase::Backoff => true,
            Phase::Opening | Phase::Authorizing => self.was_ready,
            Phase::Idle | Phase::Closed => false,
        }
    }

    /// What resumes the session.
    pub(crate) fn resume(&self) -> Option<&Resume> {
        self.resume.as_ref()
    }

    /// The session id, to recognise events of dead sessions.
    pub(crate) fn protocol(&self) -> Option<&str> {
        self.resume.as_ref().map(|resume| resume.protocol.as_str())
    }

    /// Takes one input; gives what to do.
    pub(crate) fn handle(&mut self, input: Input) -> Vec<Output> {
        if self.phase == Phase::Closed {
            return match input {
                Input::Connect => vec![Output::ConnectDone(Err(Error::closed("the client")))],
                _ => Vec::new(),
            };
        }
        match input {
            Input::Connect => self.connect(),
            Input::SocketOpened => self.socket_opened(),
            Input::SocketFailed(error) => self.failed(error),
            Input::SocketClosed(reason) => self
                .lost(Error::new(ErrorKind::Network, format!("the connection was lost: {reason}"))),
            Input::Authorized(authorized) => self.authorized(authorized),
            Input::Refused(error) => self.refused(error),
            // It precedes everything else, maybe the result itself.
            Input::AuthorizationState(state) if self.phase == Phase::Authorizing => {
                self.early_authorization_state = Some(state);
                Vec::new()
            }
            Input::AuthorizationState(state) => {
                if let Some(resume) = &mut self.resume {
                    resume.authorization_state = Some(state);
                }
                Vec::new()
            }
            Input::Ping => match self.phase {
                Phase::Ready => vec![Output::Arm(Timer::Watchdog, PING_WATCHDOG)],
                _ => Vec::new(),
            },
            Input::DisconnectNotice => match self.phase {
                Phase::Ready => {
                    self.phase = Phase::Draining;
                    // From now on for the end itself.
                    vec![Output::Arm(Timer::Watchdog, PING_WATCHDOG)]
                }
                _ => Vec::new(),
            },
            Input::HalfOpen => self.half_open("requests stay unanswered"),
            Input::NetworkChanged { is_address_gone } => self.network_changed(is_address_gone),
            Input::Elapsed(timer) => self.elapsed(timer),
            Input::Abandon(error) => match self.phase {
                Phase::Opening | Phase::Authorizing if !self.was_ready => {
                    let mut outputs = vec![
                        Output::Disarm(Timer::Authorization),
                        Output::CloseSocket { politely: false },
                    ];
                    outputs.extend(self.give_up(error));
                    outputs
                }
                _ => Vec::new(),
            },
            Input::End(error) => self.end(error),
            Input::Close => self.close(),
        }
    }

    fn connect(&mut self) -> Vec<Output> {
        match self.phase {
            Phase::Ready => vec![Output::ConnectDone(Ok(()))],
            Phase::Idle => {
                self.phase = Phase::Opening;
                vec![Output::State(ClientState::Connecting, String::new()), Output::OpenSocket]
            }
            // Already under way: the caller waits with the others. A pause is cut short.
            Phase::Backoff => {
                self.phase = Phase::Opening;
                vec![Output::Disarm(Timer::Backoff), Output::OpenSocket]
            }
            _ => Vec::new(),
        }
    }

    fn socket_opened(&mut self) -> Vec<Output> {
        if self.phase != Phase::Opening {
            return Vec::new();
        }
        self.phase = Phase::Authorizing;
        self.is_resuming = self.resume.is_some();
        self.early_authorization_state = None;
        vec![
            Output::SendConnect(self.resume.clone()),
            Output::Arm(Timer::Authorization, SOCKET_OPEN_TIMEOUT),
        ]
    }

    fn authorized(&mut self, authorized: Authorized) -> Vec<Output> {
        if self.phase != Phase::Authorizing {
            return Vec::new();
        }
        let is_resumed = self.protocol() == Some(authorized.protocol.as_str());
        let authorization_state = match (&self.resume, is_resumed) {
            (Some(resume), true) => resume.authorization_state.clone(),
            _ => None,
        };
        let authorization_state = self.early_authorization_state.take().or(authorization_state);
        self.failed_resumes = 0;
        self.resume = Some(Resume { protocol: authorized.protocol.clone(), authorization_state });
        self.phase = Phase::Ready;
        self.was_ready = true;
        self.has_renewed = false;
        self.backoff.reset();
        vec![
            Output::Disarm(Timer::Authorization),
            Output::State(ClientState::Connected, String::new()),
            Output::Ready { is_resumed, authorized },
            Output::ConnectDone(Ok(())),
            Output::Flush,
        ]
    }

    /// A refusal with resume state is the state's fault once; without it, the token's. A service
    /// that failed says nothing about either, unless it goes on failing.
    fn refused(&mut self, error: RpcError) -> Vec<Output> {
        if self.phase != Phase::Authorizing {
            return Vec::new();
        }
        let mut outputs =
            vec![Output::Disarm(Timer::Authorization), Output::CloseSocket { politely: true }];
        let failure = Error::from(error.clone());
        self.failed_resumes += u32::from(self.is_resuming);
        let is_passing = failure.kind() == ErrorKind::Server && self.failed_resumes < RESUME_TRIES;
        if self.is_resuming && !is_passing {
            self.resume = None;
            self.failed_resumes = 0;
            self.phase = Phase::Opening;
            outputs.push(Output::OpenSocket);
            return outputs;
        }
        if is_authorization_refusal(error.code) {
            if self.is_renewable && !std::mem::replace(&mut self.has_renewed, true) {
                self.phase = Phase::Opening;
                outputs.push(Output::RenewTokenAndOpenSocket);
                return outputs;
            }
            let failure = Error::new(
                ErrorKind::Unauthorized,
                format!("the service refused the token ({}); get a new one", error.message),
            )
            .with_code(error.code);
            outputs.push(Output::AuthorizationFailed { code: error.code, message: error.message });
            outputs.extend(self.give_up(failure));
            return outputs;
        }
        outputs.extend(self.failed(failure));
        outputs
    }

    /// The connection could not be made.
    fn failed(&mut self, error: Error) -> Vec<Output> {
        match self.phase {
            // Nobody has a token that could be tried.
            Phase::Opening if is_final(&error) => {
                let (code, message) = (error.code().unwrap_or(0), error.message().to_owned());
                let mut outputs = vec![Output::AuthorizationFailed { code, message }];
                outputs.extend(self.give_up(error));
                outputs
            }
            Phase::Opening | Phase::Authorizing if self.was_ready => self.retry(error),
            Phase::Opening | Phase::Authorizing => self.give_up(error),
            _ => Vec::new(),
        }
    }

    /// The connection was there and is gone.
    fn lost(&mut self, error: Error) -> Vec<Output> {
        match self.phase {
            Phase::Authorizing => {
                let mut outputs = vec![Output::Disarm(Timer::Authorization)];
                outputs.extend(self.failed(error));
                outputs
            }
            Phase::Ready | Phase::Draining => {
                let mut outputs = vec![
                    Output::Disarm(Timer::Watchdog),
                    Output::Disarm(Timer::Probe),
                    Output::DropInFlight(error.message().to_owned()),
                    Output::State(ClientState::Reconnecting, error.message().to_owned()),
                ];
                outputs.extend(self.retry(error));
                outputs
            }
            _ => Vec::new(),
        }
    }

    fn half_open(&mut self, why: &str) -> Vec<Output> {
        if !matches!(self.phase, Phase::Ready | Phase::Draining) {
            return Vec::new();
        }
        let mut outputs = vec![Output::CloseSocket { politely: false }];
        let text = format!("the connection is dead: {why}");
        outputs.extend(self.lost(Error::new(ErrorKind::Network, text)));
        outputs
    }

    /// What was learned about the network before is worth nothing: a dead socket is replaced and a
    /// pause ended at once, a living one is asked whether it is.
    fn network_changed(&mut self, is_address_gone: bool) -> Vec<Output> {
        match self.phase {
            Phase::Ready | Phase::Draining if is_address_gone => {
                self.reopen("its local address is gone")
            }
            Phase::Ready | Phase::Draining => {
                vec![Output::Probe, Output::Arm(Timer::Probe, PROBE_TIMEOUT)]
            }
            Phase::Backoff => {
                self.backoff.reset();
                self.phase = Phase::Opening;
                vec![Output::Disarm(Timer::Backoff), Output::OpenSocket]
            }
            // Under way, maybe over the network that is gone.
            Phase::Opening | Phase::Authorizing if self.was_ready => {
                self.phase = Phase::Opening;
                vec![
                    Output::Disarm(Timer::Authorization),
                    Output::CloseSocket { politely: false },
                    Output::OpenSocket,
                ]
            }
            Phase::Opening | Phase::Authorizing | Phase::Idle | Phase::Closed => Vec::new(),
        }
    }

    /// Replaces a dead socket without a pause: the network changed, the service did not fail.
    fn reopen(&mut self, why: &str) -> Vec<Output> {
        let reason = format!("the network changed, and the connection is dead: {why}");
        self.phase = Phase::Opening;
        self.backoff.reset();
        vec![
            Output::CloseSocket { politely: false },
            Output::Disarm(Timer::Watchdog),
            Output::Disarm(Timer::Probe),
            Output::DropInFlight(reason.clone()),
            Output::State(ClientState::Reconnecting, reason.clone()),
            Output::RetryScheduled { attempt: 1, delay: Duration::ZERO, reason },
            Output::OpenSocket,
        ]
    }

    fn retry(&mut self, error: Error) -> Vec<Output> {
        self.phase = Phase::Backoff;
        let delay = self.backoff.next((self.random)());
        vec![
            Output::RetryScheduled {
                attempt: self.backoff.attempts(),
                delay,
                reason: error.message().to_owned(),
            },
            Output::Arm(Timer::Backoff, delay),
        ]
    }

    fn give_up(&mut self, error: Error) -> Vec<Output> {
        self.phase = Phase::Idle;
        self.has_renewed = false;
        let mut outputs = vec![
            Output::State(ClientState::Disconnected, error.message().to_owned()),
            Output::FailQueued(error.clone()),
        ];
        if std::mem::take(&mut self.was_ready) {
            outputs.push(Output::Lost(error.clone()));
        }
        outputs.push(Output::ConnectDone(Err(error)));
        outputs
    }

    fn elapsed(&mut self, timer: Timer) -> Vec<Output> {
        match (timer, self.phase) {
            (Timer::Backoff, Phase::Backoff) => {
                self.phase = Phase::Opening;
                vec![Output::OpenSocket]
            }
            (Timer::Authorization, Phase::Authorizing) => {
                let mut outputs = vec![Output::CloseSocket { politely: false }];
                outputs.extend(self.failed(Error::new(
                    ErrorKind::Timeout,
                    "the service did not answer signalwire.connect; try again",
                )));
                outputs
            }
            (Timer::Probe, Phase::Ready | Phase::Draining) => self.reopen("no sign of life"),
            (Timer::Watchdog, Phase::Draining) => {
                self.half_open("the service announced its end and left the socket open")
            }
            (Timer::Watchdog, _) => self.half_open("no ping came for 15 s"),
            _ => Vec::new(),
        }
    }

    fn end(&mut self, error: Error) -> Vec<Output> {
        if self.phase == Phase::Idle {
            return Vec::new();
        }
        let mut outputs = vec![
            Output::Disarm(Timer::Backoff),
            Output::Disarm(Timer::Authorization),
            Output::Disarm(Timer::Watchdog),
            Output::DropInFlight(error.message().to_owned()),
            Output::CloseSocket { politely: true },
            Output::AuthorizationFailed {
                code: error.code().unwrap_or(0),
                message: error.message().to_owned(),
            },
        ];
        outputs.extend(self.give_up(error));
        outputs
    }

    fn close(&mut self) -> Vec<Output> {
        self.phase = Phase::Closed;
        let error = Error::closed("the client");
        vec![
            Output::DropInFlight("the client was closed".into()),
            Output::FailQueued(error.clone()),
            Output::ConnectDone(Err(error)),
            Output::CloseSocket { politely: true },
            Output::State(ClientState::Closed, String::new()),
            Output::Stop,
        ]
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
