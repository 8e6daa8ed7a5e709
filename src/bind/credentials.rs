//! Where a client's tokens come from, for the generated languages.

use super::{CallbackError, Result, SignalWireError};
use crate::runtime::dispatch;
use crate::{AccessToken, Error, ErrorKind, TokenReason, TokenRequest};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Gives a client its tokens. Implemented by the application.
#[uniffi::export(foreign)]
pub trait CredentialProvider: Send + Sync {
    /// Asks for a token that is good now, on the library's dispatcher thread.
    ///
    /// It must not block: it starts the work (a task, a coroutine) and returns, and the work's end is
    /// told to `reply`, within 30 s. One call at a time for each client. `fingerprint`: the
    /// thumbprint of the client's device key for the backend, if there is one.
    fn request_token(
        &self,
        reason: TokenReason,
        fingerprint: Option<String>,
        reply: Arc<TokenReply>,
    ) -> std::result::Result<(), CallbackError>;
}

/// The place for one token that a provider was asked for. Letting go of it without a word counts as
/// a failure; what is said after the first word is ignored.
#[derive(uniffi::Object)]
pub struct TokenReply(Mutex<Option<oneshot::Sender<crate::Result<AccessToken>>>>);

impl TokenReply {
    fn tell(&self, result: crate::Result<AccessToken>) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The client may have given up.
        let _ = sender.map(|sender| sender.send(result));
    }
}

#[uniffi::export]
impl TokenReply {
    /// Gives the token. `expires_at`: seconds since 1970; none if not known, the service says it then.
    #[uniffi::method(default(expires_at = None))]
    pub fn give(&self, token: String, expires_at: Option<i64>) {
        self.tell(Ok(AccessToken { expires_at, ..AccessToken::new(token) }));
    }

    /// Says that there is no token. `reason`: for people, without secrets. `is_final`: whether asking
    /// again is pointless, as the user must log in again; otherwise the client asks again.
    #[uniffi::method(default(is_final = false))]
    pub fn fail(&self, reason: String, is_final: bool) {
        let kind = if is_final { ErrorKind::Unauthorized } else { ErrorKind::Network };
        self.tell(Err(Error::new(kind, reason)));
    }
}

struct ForeignProvider(Arc<dyn CredentialProvider>);

#[async_trait::async_trait]
impl crate::CredentialProvider for ForeignProvider {
    async fn access_token(&self, request: TokenRequest) -> crate::Result<AccessToken> {
        let (sender, answer) = oneshot::channel();
        let reply = Arc::new(TokenReply(Mutex::new(Some(sender))));
        let provider = Arc::clone(&self.0);
        dispatch::dispatch(move || {
            let asked =
                provider.request_token(request.reason, request.fingerprint, Arc::clone(&reply));
            if let Err(error) = asked {
                reply.tell(Err(Error::new(ErrorKind::Network, error.to_string())));
            }
        })?;
        answer.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Cancelled, "the credential provider gave no answer"))
        })
    }
}

/// How a client proves who it is. May be used for several clients.
#[derive(uniffi::Object)]
pub struct Credentials(pub(super) crate::Credentials);

#[uniffi::export]
impl Credentials {
    /// One token. The application installs the next one with `update_token`; the event
    /// `TokenExpiring` says when. `expires_at`: seconds since 1970, if known.
    #[uniffi::constructor(default(expires_at = None))]
    pub fn token(token: String, expires_at: Option<i64>) -> Self {
        let token = AccessToken { expires_at, ..AccessToken::new(token) };
        Self(crate::Credentials::token(token))
    }

    /// Tokens that the application gets, from its backend for one.
    #[uniffi::constructor]
    pub fn provider(provider: Arc<dyn CredentialProvider>) -> Self {
        Self(crate::Credentials::provider(Arc::new(ForeignProvider(provider))))
    }

    /// A click-to-call token (`c2c_…`), which is exchanged for a guest's token, and again before that
    /// expires. `host`: the space, such as `example.signalwire.com`, or a URL.
    ///
    /// Errors: `InvalidArgument` for an empty token or a host that cannot be; `Tls`.
    #[uniffi::constructor(default(ca_certificates_pem = None))]
    pub fn embed(
        host: &str,
        embed_token: String,
        ca_certificates_pem: Option<String>,
    ) -> Result<Self> {
        let ca = ca_certificates_pem.as_deref();
        crate::Credentials::embed(host, embed_token, ca).map(Self).map_err(SignalWireError::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CredentialProvider as _;

    struct Silent;

    impl CredentialProvider for Silent {
        fn request_token(
            &self,
            _: TokenReason,
            _: Option<String>,
            _: Arc<TokenReply>,
        ) -> std::result::Result<(), CallbackError> {
            Ok(())
        }
    }

    #[test]
    fn a_provider_that_says_nothing_is_an_error() {
        let provider = ForeignProvider(Arc::new(Silent));
        let request = TokenRequest { reason: TokenReason::Initial, fingerprint: None };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let error = runtime.block_on(provider.access_token(request)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    }
}
