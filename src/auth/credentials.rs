//! Where a client's tokens come from.

use super::prover::Prover;
use crate::error::Result;
use crate::util::redact::Secret;
use std::sync::Arc;

/// A subscriber access token, and until when it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The token. Never shown by `Debug`.
    pub token: Secret,
    /// When it expires, in seconds since 1970, if the application knows. Otherwise the client
    /// learns it from the service when it connects; it is never read from the token, which
    /// cannot be decoded.
    pub expires_at: Option<i64>,
}

impl AccessToken {
    /// A token of which the service will say when it expires.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self { token: token.into(), expires_at: None }
    }
}

/// Why a token is asked for. The number of a reason never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum TokenReason {
    /// The client has none yet.
    Initial = 0,
    /// The present one expires soon. It is still good, should there be no other.
    Expiring = 1,
    /// The service refused the present one. The same token would be refused again.
    Refused = 2,
}

/// What a provider is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRequest {
    /// Why.
    pub reason: TokenReason,
    /// The thumbprint of the client's device key (RFC 7638, 43 characters), where it has one: the
    /// backend passes it as `fingerprint`, with `scope` = `sat:refresh`, when it makes the token.
    pub fingerprint: Option<String>,
}

/// Gives a client its tokens, and the next ones before they expire.
///
/// Called on the library's own threads, one call at a time for each client, and given up after
/// 30 s. It must not block a thread; long work belongs to the runtime that it comes from.
///
/// An error of the kind `Unauthorized` or `InvalidToken` is final (the user must log in again);
/// after any other the client asks again, with growing pauses.
#[async_trait::async_trait]
pub trait CredentialProvider: Send + Sync + 'static {
    /// A token that is good now.
    async fn access_token(&self, request: TokenRequest) -> Result<AccessToken>;
}

/// How a client proves who it is, see [`crate::Client::with_credentials`].
#[derive(Clone, Default)]
pub struct Credentials {
    pub(crate) token: Option<AccessToken>,
    pub(crate) provider: Option<Arc<dyn CredentialProvider>>,
    pub(crate) prover: Prover,
}

impl Credentials {
    /// One token. The application installs the next one with [`crate::Client::update_token`]; the
    /// event [`crate::ClientEvent::TokenExpiring`] says when.
    pub fn token(token: AccessToken) -> Self {
        Self { token: Some(token), ..Self::default() }
    }

    /// Tokens that the application gets, from its backend for one.
    pub fn provider(provider: Arc<dyn CredentialProvider>) -> Self {
        Self { provider: Some(provider), ..Self::default() }
    }

    /// The same with a token to begin with, so that the provider is not asked for the first one.
    pub fn starting_with(mut self, token: AccessToken) -> Self {
        self.token = Some(token);
        self
    }

    /// The same for a client that proves with every connection that it has this key.
    ///
    /// A token with the scope `sat:refresh` is exchanged for one that is bound to the key before
    /// `connect` is done, and renewed with the key alone from then on; the provider is asked only for
    /// the first token, and again if the service refuses the bound one. If the exchange fails,
    /// `connect` does. A token without the scope is used as it is, and the event
    /// [`crate::ClientEvent::TokenNotBound`] says so; once a client was bound, that ends the session.
    #[cfg(feature = "dpop")]
    pub fn bound_to(mut self, key: super::DeviceKey) -> Self {
        self.prover.key = Some(key);
        self
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("token", &self.token)
            .field("has_provider", &self.provider.is_some())
            .field("thumbprint", &self.prover.thumbprint())
            .finish()
    }
}
