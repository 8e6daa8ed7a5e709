//! Keeps a client's token good: one task per client renews it before it expires, and brings each
//! new one to the live session.
//!
//! There is one renewal at a time (`auth/tokens.rs`), whoever asked for it; the session learns of
//! every new token here and nowhere else.

use crate::auth::prover::Prover;
use crate::auth::schedule::{self, ATTEMPTS, RETRY_PAUSE};
use crate::auth::tokens::{is_final, Current, Tokens};
use crate::auth::{AccessToken, TokenReason};
use crate::call::Router;
#[cfg(feature = "dpop")]
use crate::client::binding::{self, Binding, BoundRenewal};
use crate::error::{Error, ErrorKind, Result};
use crate::net::http::Http;
use crate::proto::session::Grant;
use crate::runtime;
use crate::session::{Authorization, ClientEvent, ClientState, Listener, Session};
use crate::util::backoff::Backoff;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep_until, Instant};

/// Tokens that the application may install before the first is looked at.
const UPDATES: usize = 16;

/// Tries to bind a token (signalwire-js DeviceTokenManager.ts).
#[cfg(feature = "dpop")]
const EXCHANGES: u32 = 3;

/// A token that the application brings.
struct Update {
    token: AccessToken,
    done: oneshot::Sender<Result<()>>,
}

/// What the task works with.
pub(super) struct Parts {
    pub(super) tokens: Arc<Tokens>,
    pub(super) session: Session,
    pub(super) router: Arc<Router>,
    pub(super) prover: Prover,
    pub(super) http: Http,
}

/// A handle on the task.
pub(super) struct Keeper {
    updates: mpsc::Sender<Update>,
    settled: watch::Receiver<(u64, Result<()>)>,
    /// Whether tokens may have to be bound before a connection counts.
    has_key: bool,
}

impl Keeper {
    pub(super) fn start(parts: Parts) -> Result<Self> {
        let (updates, queue) = mpsc::channel(UPDATES);
        let (settle, settled) = watch::channel((0, Ok(())));
        let has_key = parts.prover.thumbprint().is_some();
        let task = Task {
            current: parts.tokens.subscribe(),
            authorizations: parts.session.authorizations(),
            parts,
            updates: queue,
            settle,
            was_bound: false,
            unbindable: 0,
            session_generation: 0,
            grant: Grant::default(),
            seen_generation: 0,
            told_generation: 1,
            warned: 0,
            failures: Backoff::new(RETRY_PAUSE.0, RETRY_PAUSE.1),
            failure: None,
            due: None,
            renewing: None,
            asking: None,
            pause: RETRY_PAUSE.1,
        };
        runtime::spawn(task.run())?;
        Ok(Self { updates, settled, has_key })
    }

    /// Waits until the token of the present connection is bound, where it has to be.
    pub(super) async fn settled(&self, session: &Session) -> Result<()> {
        if !self.has_key {
            return Ok(());
        }
        let count = session.authorizations().borrow().count;
        let mut settled = self.settled.clone();
        let outcome = settled.wait_for(|(settled, _)| *settled >= count).await;
        outcome.map_or_else(|_| Err(Error::closed("the client")), |outcome| outcome.1.clone())
    }

    /// See `Client::update_token`.
    pub(super) async fn update(&self, token: AccessToken) -> Result<()> {
        let (done, answer) = oneshot::channel();
        let over = || Error::closed("the client");
        self.updates.send(Update { token, done }).await.map_err(|_| over())?;
        answer.await.unwrap_or_else(|_| Err(over()))
    }
}

/// What is to be done about the current token, at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// Tell the application that it ends.
    Warn,
    Renew,
    /// It seems to have ended, and there is no other: ask the service, whose clock it is.
    Ask,
}

enum Wake {
    Authorized,
    Changed,
    Renewed(Result<Current>),
    Update(Update),
    Due(Due),
    Asked(u64, Result<bool>),
    Over,
}

struct Task {
    parts: Parts,
    /// The last authorization that was dealt with, and how that went.
    settle: watch::Sender<(u64, Result<()>)>,
    #[cfg_attr(not(feature = "dpop"), allow(dead_code, reason = "for client-bound tokens"))]
    /// Whether the client ever had a token that was bound to its key.
    was_bound: bool,
    #[cfg_attr(not(feature = "dpop"), allow(dead_code, reason = "for client-bound tokens"))]
    /// The token that cannot be bound, which was told; 0 for none.
    unbindable: u64,
    authorizations: watch::Receiver<Authorization>,
    current: watch::Receiver<Option<Current>>,
    updates: mpsc::Receiver<Update>,
    /// The token that the session lives on; 0 for none.
    session_generation: u64,
    grant: Grant,
    /// The token that was looked at last.
    seen_generation: u64,
    /// The token that the application was told of; of the first one it is not.
    told_generation: u64,
    /// The token of which the application was told that it ends.
    warned: u64,
    failures: Backoff,
    /// Why the current token could not be replaced, since the last success.
    failure: Option<Error>,
    due: Option<(Due, Instant)>,
    renewing: Option<BoxFuture<'static, Result<Current>>>,
    /// Whether the service takes the token of this generation.
    asking: Option<BoxFuture<'static, (u64, Result<bool>)>>,
    /// The pause before the next renewal, where the service is asked first.
    pause: Duration,
}

impl Task {
    async fn run(mut self) {
        self.plan();
        loop {
            match self.wait().await {
                Wake::Authorized => self.authorized().await,
                Wake::Changed => self.changed().await,
                Wake::Renewed(result) => {
                    self.renewing = None;
                    match result {
                        // The session takes it up with the change.
                        Ok(_) => self.plan(),
                        Err(error) => self.failed(error),
                    }
                }
                Wake::Update(update) => self.update(update).await,
                Wake::Due(due) => self.due(due),
                Wake::Asked(generation, is_taken) => self.asked(generation, is_taken).await,
                Wake::Over => return,
            }
        }
    }

    async fn wait(&mut self) -> Wake {
        let due = self.due;
        tokio::select! {
            biased;
            authorized = self.authorizations.changed() => match authorized {
                Ok(()) => Wake::Authorized,
                Err(_) => Wake::Over,
            },
            result = next(&mut self.renewing) => Wake::Renewed(result),
            (generation, is_taken) = next(&mut self.asking) => Wake::Asked(generation, is_taken),
            Ok(()) = self.current.changed() => Wake::Changed,
            Some(update) = self.updates.recv() => Wake::Update(update),
            due = at(due) => Wake::Due(due),
        }
    }

    /// The session is up, for the first time or again.
    async fn authorized(&mut self) {
        let authorization = self.authorizations.borrow_and_update().clone();
        if !authorization.is_resumed {
            // A resumed session lives on the token that it had.
            self.session_generation = authorization.generation;
            self.failure = None;
            self.failures.reset();
            self.learn(authorization.generation, authorization.grant);
        }
        self.bring().await;
        let bound = self.bind().await;
        self.plan();
        let _ = self.settle.send_replace((authorization.count, bound));
    }

    /// There is another token, or more is known about it.
    async fn changed(&mut self) {
        let generation = self.current.borrow_and_update().as_ref().map_or(0, |now| now.generation);
        if std::mem::replace(&mut self.seen_generation, generation) != generation {
            self.failure = None;
            self.bring().await;
            let _ = self.bind().await;
        }
        self.plan();
    }

    /// Brings the current token to the session, if that is up and lives on another one.
    async fn bring(&mut self) {
        let Some(current) = self.parts.tokens.current() else { return };
        if current.generation == self.session_generation {
            return;
        }
        match self.reauthenticate(&current).await {
            None | Some(Ok(())) => self.renewed(),
            Some(Err(error)) => self.failed(error),
        }
    }

    /// `None` if the session is not up, or was lost meanwhile: it comes back with the new token.
    async fn reauthenticate(&mut self, current: &Current) -> Option<Result<()>> {
        let is_up = self.parts.router.state() == ClientState::Connected;
        if !is_up || self.session_generation == 0 {
            return None;
        }
        let Some(project) = self.grant.project_id.clone() else {
            let text = "the service did not name its project, so the token cannot be replaced";
            return Some(Err(Error::protocol(text)));
        };
        match self.parts.session.reauthenticate(&project, current).await {
            Ok(result) => {
                self.session_generation = current.generation;
                self.learn(current.generation, Grant::parse(&result));
                Some(Ok(()))
            }
            Err(error) if is_loss(&error) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Binds the session's token to the device key, if there is one and it is not bound yet.
    #[cfg(not(feature = "dpop"))]
    async fn bind(&mut self) -> Result<()> {
        Ok(())
    }

    /// Binds the session's token to the device key, if there is one and it is not bound yet. A
    /// session whose token should be bound and cannot be is ended.
    #[cfg(feature = "dpop")]
    async fn bind(&mut self) -> Result<()> {
        let Some(key) = self.parts.prover.key.clone() else { return Ok(()) };
        let Some(current) = self.parts.tokens.current() else { return Ok(()) };
        let is_up = self.parts.router.state() == ClientState::Connected;
        let is_settled = current.is_bound || self.unbindable == current.generation;
        if is_settled || !is_up || self.session_generation != current.generation {
            return Ok(());
        }
        let binding = Binding { http: self.parts.http.clone(), key };
        let bound = match self.may_exchange().await {
            Ok(true) => self.exchange(&binding, &current).await,
            Ok(false) if self.was_bound => Err(Error::new(
                ErrorKind::Unauthorized,
                "the new token cannot be bound to the device key, as the earlier one was; the \
                 backend must make it with fingerprint and the scope sat:refresh",
            )),
            Ok(false) => {
                self.unbindable = current.generation;
                let message = "the token has not the scope sat:refresh".to_owned();
                self.tell(ClientEvent::TokenNotBound { message });
                Ok(())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &bound {
            self.session_generation = 0;
            self.parts.session.end(error.clone()).await;
        }
        bound
    }

    /// Whether the service lets the holder of the token exchange it.
    #[cfg(feature = "dpop")]
    async fn may_exchange(&mut self) -> Result<bool> {
        let scope = match &self.grant.scope {
            Some(scope) => Some(scope.clone()),
            // Older services say it here alone.
            None => {
                let info = self.parts.http.get("/api/fabric/subscriber/info", &[]).await?;
                crate::proto::session::scope(&info["sat_claims"]["scope"])
            }
        };
        Ok(scope.is_some_and(|scope| scope.iter().any(|one| one == binding::SCOPE)))
    }

    /// Gets the bound token, in up to three tries, and brings it to the session.
    #[cfg(feature = "dpop")]
    async fn exchange(&mut self, binding: &Binding, current: &Current) -> Result<()> {
        let mut pauses = Backoff::new(RETRY_PAUSE.0, RETRY_PAUSE.1);
        let token = loop {
            match binding.exchange(current).await {
                Ok(token) => break token,
                Err(error) => {
                    let pause = pauses.next(rand::random());
                    if pauses.attempts() == EXCHANGES || is_final(&error) {
                        return Err(error);
                    }
                    tracing::warn!(%error, "the token could not be bound yet");
                    tokio::time::sleep(pause).await;
                }
            }
        };
        let bound = self.parts.tokens.install_as(&token, true)?;
        if !std::mem::replace(&mut self.was_bound, true) {
            let provider = self.parts.tokens.renewer();
            let renewal = BoundRenewal { binding: binding.clone(), provider };
            self.parts.tokens.set_renewer(Arc::new(renewal));
        }
        // The application has the token that it knows; this one is the library's affair.
        self.told_generation = bound.generation;
        self.seen_generation = bound.generation;
        match self.reauthenticate(&bound).await {
            None | Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(error),
        }
    }

    /// Keeps what the service says; what it leaves out stays as it was.
    fn learn(&mut self, generation: u64, grant: Grant) {
        self.parts.tokens.learn_expiry(generation, grant.expires_at);
        let known = &mut self.grant;
        known.project_id = grant.project_id.or(known.project_id.take());
        known.scope = grant.scope.or(known.scope.take());
        known.thumbprint = grant.thumbprint;
        known.expires_at = grant.expires_at;
    }

    fn renewed(&mut self) {
        let Some(current) = self.parts.tokens.current() else { return };
        if self.session_generation == current.generation {
            self.failures.reset();
        }
        self.failure = None;
        if self.told_generation < current.generation {
            self.told_generation = current.generation;
            let token_expires_at = current.expires_at;
            self.tell(ClientEvent::TokenRefreshed { token_expires_at });
        }
    }

    /// Says so, and tries again later if that makes sense.
    ///
    /// A token that cannot be replaced is good until the service refuses it. This machine's clock may
    /// be wrong, so what seems to be over is a reason to ask, not to end the session.
    fn failed(&mut self, error: Error) {
        let pause = self.failures.next(rand::random());
        let expires_at = self.parts.tokens.current().and_then(|current| current.expires_at);
        let is_over = expires_at.is_none_or(|at| at <= schedule::now());
        let gives_up = !self.can_try_again(&error);
        let due = match expires_at {
            _ if !gives_up && is_over && self.failures.attempts() >= ATTEMPTS => {
                Some((Due::Ask, Duration::ZERO))
            }
            _ if !gives_up => Some((Due::Renew, pause)),
            Some(at) => Some((Due::Ask, schedule::seconds_until(at, schedule::now()))),
            None => None,
        };
        self.pause = pause;
        self.due = due.map(|(due, wait)| (due, Instant::now() + wait));
        let next_try_ms = (!gives_up).then(|| u32::try_from(pause.as_millis()).unwrap_or(u32::MAX));
        self.tell(ClientEvent::TokenRefreshFailed {
            code: error.code().unwrap_or(0),
            message: error.message().to_owned(),
            next_try_ms,
        });
        self.failure = Some(error);
    }

    fn can_try_again(&self, failure: &Error) -> bool {
        self.parts.tokens.can_renew() && !is_final(failure)
    }

    /// The service said whether it takes the current token, which could not be replaced, or could
    /// not say so.
    async fn asked(&mut self, generation: u64, is_taken: Result<bool>) {
        self.asking = None;
        let current = self.parts.tokens.current().map_or(0, |current| current.generation);
        // Meanwhile there may be another one.
        let Some(error) = self.failure.clone().filter(|_| current == generation) else { return };
        if is_taken == Ok(false) {
            self.failure = None;
            let text = format!("the token has expired: {}", error.message());
            let end = Error::new(ErrorKind::Unauthorized, text);
            let end = error.code().map_or(end.clone(), |code| end.with_code(code));
            self.session_generation = 0;
            self.parts.session.end(end).await;
            return;
        }
        tracing::debug!(?is_taken, "the token seems to be over and is not refused");
        self.due = Some(match self.can_try_again(&error) {
            true => (Due::Renew, Instant::now() + self.pause),
            false => (Due::Ask, Instant::now() + schedule::ASK_AGAIN),
        });
    }

    /// Decides what is next, unless a failure has.
    fn plan(&mut self) {
        if self.failure.is_some() || self.renewing.is_some() {
            return;
        }
        let current = self.parts.tokens.current();
        let known = current.and_then(|now| Some((now.generation, now.expires_at?)));
        let now = schedule::now();
        self.due = known.and_then(|(generation, expires_at)| {
            if self.parts.tokens.can_renew() {
                let wait = schedule::renew_in(expires_at, now, generation > 1);
                return Some((Due::Renew, Instant::now() + wait));
            }
            let wait = schedule::warn_in(expires_at, now);
            (self.warned != generation).then(|| (Due::Warn, Instant::now() + wait))
        });
    }

    fn due(&mut self, due: Due) {
        self.due = None;
        let Some(current) = self.parts.tokens.current() else { return };
        match due {
            Due::Warn => self.warn(&current),
            Due::Renew => {
                self.warn(&current);
                // A token that the service did not take would not be taken the next time, either.
                let reason = match current.generation == self.session_generation {
                    true => TokenReason::Expiring,
                    false if self.failure.is_some() => TokenReason::Refused,
                    false => TokenReason::Expiring,
                };
                self.failure = None;
                let tokens = Arc::clone(&self.parts.tokens);
                self.renewing =
                    Some(Box::pin(async move { tokens.renew(current.generation, reason).await }));
            }
            Due::Ask => {
                let http = self.parts.http.clone();
                self.asking =
                    Some(Box::pin(
                        async move { (current.generation, http.accepts(&current).await) },
                    ));
            }
        }
    }

    fn warn(&mut self, current: &Current) {
        if self.warned == current.generation {
            return;
        }
        self.warned = current.generation;
        let Some(expires_at) = current.expires_at else { return };
        let left = expires_at.saturating_sub(schedule::now()).max(0);
        let seconds_left = u32::try_from(left).unwrap_or(u32::MAX);
        self.tell(ClientEvent::TokenExpiring { expires_at, seconds_left });
    }

    async fn update(&mut self, update: Update) {
        if self.parts.router.state() == ClientState::Closed {
            let _ = update.done.send(Err(Error::closed("the client")));
            return;
        }
        let earlier = self.parts.tokens.current();
        let result = match self.parts.tokens.install(&update.token) {
            Ok(current) => match self.reauthenticate(&current).await {
                None | Some(Ok(())) => Ok(()),
                Some(Err(error)) => {
                    self.parts.tokens.take_back(current.generation, earlier);
                    // It is the earlier token, with another number.
                    self.session_generation =
                        self.parts.tokens.current().map_or(0, |current| current.generation);
                    Err(refused(error))
                }
            },
            Err(error) => Err(error),
        };
        if result.is_ok() {
            self.renewed();
        }
        self.plan();
        let _ = update.done.send(result);
    }

    fn tell(&self, event: ClientEvent) {
        self.parts.router.on_client_event(event);
    }
}

/// The service refuses a token in several ways; for the application they are one.
fn refused(error: Error) -> Error {
    if !matches!(error.kind(), ErrorKind::Rejected) {
        return error;
    }
    let message = format!("the service did not take the new token: {}", error.message());
    let refused = Error::new(ErrorKind::Unauthorized, message);
    error.code().map_or(refused.clone(), |code| refused.with_code(code))
}

/// Whether a request failed because the session was lost, so that nothing is said about the token.
fn is_loss(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Network | ErrorKind::Timeout | ErrorKind::NotConnected | ErrorKind::Closed
    )
}

async fn next<T>(under_way: &mut Option<BoxFuture<'static, T>>) -> T {
    match under_way {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn at(due: Option<(Due, Instant)>) -> Due {
    match due {
        Some((due, at)) => {
            sleep_until(at).await;
            due
        }
        None => std::future::pending().await,
    }
}
