//! The one current token of a client: HTTP and the session read it here, and whoever needs another
//! one gets it here, all in one renewal.

use super::credentials::{AccessToken, CredentialProvider, Credentials, TokenReason, TokenRequest};
use super::token::Token;
use crate::config::RENEWAL_TIMEOUT;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime;
use futures_util::future::{BoxFuture, FutureExt, Shared};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The current token. Its generation counts the tokens of this client, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    pub(crate) token: Token,
    pub(crate) expires_at: Option<i64>,
    pub(crate) generation: u64,
    /// Whether the service bound it to the device key.
    pub(crate) is_bound: bool,
}

/// What a renewal gave.
pub(crate) struct Renewed {
    pub(crate) token: AccessToken,
    pub(crate) is_bound: bool,
}

/// Gets the next token.
#[async_trait::async_trait]
pub(crate) trait Renew: Send + Sync {
    async fn renew(&self, current: Option<&Current>, reason: TokenReason) -> Result<Renewed>;
}

type Flight = Shared<BoxFuture<'static, Result<Current>>>;

/// See the module's documentation.
pub(crate) struct Tokens {
    current: watch::Sender<Option<Current>>,
    renewer: Mutex<Option<Arc<dyn Renew>>>,
    flight: Mutex<Option<Flight>>,
}

impl Tokens {
    /// Errors: `InvalidToken` if the first token is not one.
    pub(crate) fn new(credentials: &Credentials) -> Result<Arc<Self>> {
        let fingerprint = credentials.prover.thumbprint().map(str::to_owned);
        let first = match &credentials.token {
            Some(first) => Some(Current {
                token: Token::parse(first.token.expose())?,
                expires_at: first.expires_at,
                generation: 1,
                is_bound: false,
            }),
            None => None,
        };
        let renewer = credentials.provider.clone().map(|provider| {
            let renewer: Arc<dyn Renew> = Arc::new(Provided { provider, fingerprint });
            renewer
        });
        Ok(Arc::new(Self {
            current: watch::Sender::new(first),
            renewer: Mutex::new(renewer),
            flight: Mutex::default(),
        }))
    }

    pub(crate) fn current(&self) -> Option<Current> {
        self.current.borrow().clone()
    }

    /// Told of every token and of what is learnt about it.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<Current>> {
        self.current.subscribe()
    }

    /// Whether somebody can be asked for another token.
    pub(crate) fn can_renew(&self) -> bool {
        lock(&self.renewer).is_some()
    }

    pub(crate) fn renewer(&self) -> Option<Arc<dyn Renew>> {
        lock(&self.renewer).clone()
    }

    /// From now on this one is asked; there is never more than one.
    #[cfg_attr(not(feature = "dpop"), allow(dead_code, reason = "for client-bound tokens"))]
    pub(crate) fn set_renewer(&self, renewer: Arc<dyn Renew>) {
        *lock(&self.renewer) = Some(renewer);
    }

    /// The current token, or the first one.
    pub(crate) async fn obtain(self: &Arc<Self>) -> Result<Current> {
        match self.current() {
            Some(current) => Ok(current),
            None => self.renew(0, TokenReason::Initial).await,
        }
    }

    /// Makes a token the current one. Errors: `InvalidToken`.
    pub(crate) fn install(&self, next: &AccessToken) -> Result<Current> {
        self.install_as(next, false)
    }

    /// The same for a token that may be bound to the device key.
    pub(crate) fn install_as(&self, next: &AccessToken, is_bound: bool) -> Result<Current> {
        let token = Token::parse(next.token.expose())?;
        let mut installed = None;
        self.current.send_modify(|current| {
            let generation = current.as_ref().map_or(1, |current| current.generation + 1);
            let expires_at = next.expires_at;
            let next = Current { token, expires_at, generation, is_bound };
            installed = Some(next.clone());
            *current = Some(next);
        });
        installed.ok_or_else(|| Error::internal("a token got lost"))
    }

    /// Goes back to an earlier token, if the refused one is still the current one.
    pub(crate) fn take_back(&self, refused: u64, earlier: Option<Current>) {
        self.current.send_if_modified(|current| {
            let is_refused = current.as_ref().is_some_and(|now| now.generation == refused);
            if is_refused {
                // A new number: nobody may mistake it for the refused one.
                *current = earlier.map(|earlier| Current { generation: refused + 1, ..earlier });
            }
            is_refused
        });
    }

    /// The service said when a token expires.
    pub(crate) fn learn_expiry(&self, generation: u64, expires_at: Option<i64>) {
        self.current.send_if_modified(|current| match current {
            Some(now) if now.generation == generation && expires_at.is_some() => {
                std::mem::replace(&mut now.expires_at, expires_at) != expires_at
            }
            _ => false,
        });
    }

    /// Gets a token in place of that of generation `seen`, once for everybody who asks meanwhile.
    /// It goes on when nobody waits any more: what was got must not be lost.
    ///
    /// Errors: those of the provider; `Unauthorized` without one; `Timeout` after 30 s.
    pub(crate) async fn renew(self: &Arc<Self>, seen: u64, reason: TokenReason) -> Result<Current> {
        let flight = {
            let mut flight = lock(&self.flight);
            match (self.current(), &*flight) {
                (Some(current), _) if current.generation != seen => return Ok(current),
                (_, Some(running)) if running.peek().is_none() => running.clone(),
                _ => flight.insert(self.start(seen, reason)?).clone(),
            }
        };
        flight.await
    }

    fn start(self: &Arc<Self>, seen: u64, reason: TokenReason) -> Result<Flight> {
        let renewer = self.renewer().ok_or_else(|| {
            Error::new(
                ErrorKind::Unauthorized,
                "the client has no token and nobody to ask for one; call update_token",
            )
        })?;
        let tokens = Arc::clone(self);
        let work = runtime::start(async move {
            let current = tokens.current();
            let asking = ask(&*renewer, current.as_ref(), reason);
            let next =
                tokio::time::timeout(RENEWAL_TIMEOUT, asking).await.unwrap_or_else(|_| {
                    let message = "nobody gave a token within 30 s; try again";
                    Err(Error::new(ErrorKind::Timeout, message))
                })?;
            match tokens.current() {
                // The application was faster.
                Some(current) if current.generation != seen => Ok(current),
                _ => tokens.install_as(&next.token, next.is_bound),
            }
        })?;
        Ok(work.result().boxed().shared())
    }
}

/// What is given. A panic of the application's code is not one of the library.
async fn ask(
    renewer: &dyn Renew,
    current: Option<&Current>,
    reason: TokenReason,
) -> Result<Renewed> {
    let asking = AssertUnwindSafe(renewer.renew(current, reason)).catch_unwind();
    asking.await.unwrap_or_else(|_| {
        Err(Error::internal("the credential provider panicked; mend it, or let it give an error"))
    })
}

/// The application's own provider.
struct Provided {
    provider: Arc<dyn CredentialProvider>,
    fingerprint: Option<String>,
}

#[async_trait::async_trait]
impl Renew for Provided {
    async fn renew(&self, _: Option<&Current>, reason: TokenReason) -> Result<Renewed> {
        let fingerprint = self.fingerprint.clone();
        let token = self.provider.access_token(TokenRequest { reason, fingerprint }).await?;
        Ok(Renewed { token, is_bound: false })
    }
}

/// Whether asking again is pointless.
pub(crate) fn is_final(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unauthorized | ErrorKind::InvalidToken)
}

/// A poisoned lock only means that another thread panicked between two plain assignments here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
