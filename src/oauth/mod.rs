//! Logging a user in with their browser: OAuth2 with PKCE, as RFC 8252 asks of native apps.

mod config;
mod exchange;
mod failure;
mod flows;
mod loopback;
mod provider;
mod redirect;
mod tokens;

pub use config::OAuthConfig;
pub use loopback::LoopbackLogin;
pub use tokens::{MemoryTokenStore, OAuthTokens, TokenStore};

use crate::config::HTTP_TIMEOUT;
use crate::error::{Error, OAuthFailure, Result};
use crate::net::post::Poster;
use crate::net::tls;
use crate::runtime;
use crate::util::redact::Secret;
use exchange::TokenAnswer;
use flows::{Flows, Pending};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use oauth2::{
    AuthType, AuthUrl, ClientId, CsrfToken, EndpointNotSet, EndpointSet, PkceCodeChallenge,
    RedirectUrl, Scope, StandardRevocableToken, TokenUrl,
};
use redirect::{Redirect, Verdict};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// Bytes of randomness in a state; 128 bits are asked for.
const STATE_BYTES: u32 = 32;

type TypedClient = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Logs users in with the system's browser, and renews what that gave.
///
/// The application opens [`OAuthFlow::authorize_url`] in the system's browser (on phones in
/// `ASWebAuthenticationSession` or a Custom Tab, never in a web view) and hands the URL that comes
/// back to [`OAuth::complete`]. Programs that can listen on this machine use
/// [`OAuth::begin_loopback`], which waits for the browser itself.
///
/// PKCE with S256 is always used. A handle: cloning it is cheap, any thread may call it, and the
/// logins that were begun on one clone may be completed on another.
/// Source: RFC 6749, RFC 7636, RFC 8252.
#[derive(Clone)]
pub struct OAuth(Arc<Inner>);

struct Inner {
    client: TypedClient,
    poster: Poster,
    redirect: Redirect,
    scopes: Vec<String>,
    extra_parameters: Vec<(String, String)>,
    flow_lifetime: Duration,
    flows: Mutex<Flows>,
    runtime: runtime::Generation,
}

/// A login that was begun: open the URL in the system's browser.
///
/// It is good once and until `flow_lifetime_ms` is over (15 minutes unless configured).
#[derive(Clone, PartialEq, Eq)]
pub struct OAuthFlow {
    authorize_url: String,
    state: Secret,
}

impl OAuthFlow {
    /// The URL for the system's browser.
    pub fn authorize_url(&self) -> &str {
        &self.authorize_url
    }
}

impl std::fmt::Debug for OAuthFlow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OAuthFlow(<redacted>)")
    }
}

impl OAuth {
    /// Prepares logins; nothing is sent.
    ///
    /// Errors: `InvalidArgument` for a client id, redirect URI or endpoint that cannot be; `Tls` for
    /// unreadable CA certificates.
    pub fn new(config: OAuthConfig) -> Result<Self> {
        let checked = config.check()?;
        let tls = tls::client_config(config.ca_certificates_pem.as_deref())?;
        let client = oauth2::Client::new(ClientId::new(config.client_id.trim().to_owned()))
            .set_auth_uri(AuthUrl::from_url(checked.authorize_url))
            .set_token_uri(TokenUrl::from_url(checked.token_url))
            // A public client: its id goes into the body, and there is no secret.
            .set_auth_type(AuthType::RequestBody);
        let mut extra_parameters: Vec<_> = config.extra_parameters.into_iter().collect();
        extra_parameters.sort();
        Ok(Self(Arc::new(Inner {
            client,
            poster: Poster::new(&tls, HTTP_TIMEOUT)?,
            redirect: checked.redirect,
            scopes: config.scopes,
            extra_parameters,
            flow_lifetime: Duration::from_millis(config.flow_lifetime_ms.into()),
            flows: Mutex::default(),
            runtime: runtime::ensure()?,
        })))
    }

    /// Begins a login: makes the URL for the browser, and remembers what completes it.
    ///
    /// Up to 16 logins are remembered; the oldest give way. Errors: `InvalidArgument` for a
    /// redirect URI with port 0, which only [`OAuth::begin_loopback`] can fill in.
    pub fn begin(&self) -> Result<OAuthFlow> {
        if self.0.redirect.listen_on().is_some_and(|(_, port)| port == 0) {
            return Err(Error::invalid(
                "redirect_uri has port 0: use begin_loopback, which listens, or name a port",
            ));
        }
        self.begin_at(self.0.redirect.clone())
    }

    fn begin_at(&self, redirect: Redirect) -> Result<OAuthFlow> {
        self.0.runtime.check()?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let redirect_url = RedirectUrl::new(redirect.as_str().to_owned())
            .map_err(|_| Error::internal("a redirect URI that was checked is none"))?;
        let mut request = self
            .0
            .client
            .authorize_url(|| CsrfToken::new_random_len(STATE_BYTES))
            .set_pkce_challenge(challenge)
            .set_redirect_uri(Cow::Owned(redirect_url))
            .add_scopes(self.0.scopes.iter().cloned().map(Scope::new));
        for (name, value) in &self.0.extra_parameters {
            request = request.add_extra_param(name, value);
        }
        let (url, state) = request.url();
        let flow = OAuthFlow { authorize_url: url.to_string(), state: Secret::of(state.secret()) };
        let verifier = Secret::from(verifier.into_secret());
        let pending = Pending { verifier, redirect };
        self.flows().add(state, pending, Instant::now(), self.0.flow_lifetime);
        Ok(flow)
    }

    /// Whether a URL that the application was opened with is the answer to a login: the redirect
    /// URI with a code, an error or a state. Links for other parts of the application give `false`.
    pub fn is_callback(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| self.is_redirect(&url) && redirect::is_response(&url))
    }

    fn is_redirect(&self, url: &Url) -> bool {
        self.0.redirect.leads_to(url)
            || self.flows().redirects().any(|redirect| redirect.leads_to(url))
    }

    /// Completes a login with the URL that the browser returned to.
    ///
    /// The login is spent by the first call with its state, whatever comes of it. The exchange goes
    /// on when the wait is given up.
    /// Errors, with their [`OAuthFailure`]: `InvalidArgument` (`NotACallback`); `Rejected`
    /// (`WrongState`, `AccessDenied`, `ProviderError`); `InvalidState` (`UsedTwice`); `Timeout`
    /// (`FlowExpired`); `Protocol` (`NoCode`); `Cancelled`; `Unauthorized` (`CodeRefused`: the
    /// code was spent or expired, or its verifier does not fit; `ClientRefused`). Without one:
    /// `Network`, `Tls`, `Timeout`, `Server` of the exchange; begin anew after each of them.
    pub async fn complete(&self, callback_url: &str) -> Result<OAuthTokens> {
        self.0.runtime.check()?;
        let url = Url::parse(callback_url.trim())
            .ok()
            .filter(|url| self.is_redirect(url))
            .ok_or_else(|| OAuthFailure::NotACallback.error())?;
        let (code, pending) = self.accept(&url)?;
        self.exchange(code, pending).await
    }

    /// Spends the state of a redirect, and gives the code.
    fn accept(&self, url: &Url) -> Result<(Secret, Pending)> {
        let state = redirect::parameter(url, "state");
        let pending = self.flows().take(state.as_ref().map(Secret::expose), Instant::now())?;
        if !pending.redirect.leads_to(url) {
            return Err(OAuthFailure::NotACallback.error());
        }
        match redirect::verdict(url) {
            Verdict::Code(code) => Ok((code, pending)),
            Verdict::Failed(error) => Err(error),
        }
    }

    async fn exchange(&self, code: Secret, pending: Pending) -> Result<OAuthTokens> {
        let inner = Arc::clone(&self.0);
        runtime::run(
            async move { exchange::code(&inner.client, &inner.poster, code, pending).await },
        )
        .await
    }

    /// Gets new tokens for the refresh token of these. Keep what comes back at once: many
    /// providers accept each refresh token only once. Where no new one is issued, the old one is
    /// in the result.
    ///
    /// Errors: `Unauthorized` (`NotLoggedIn`: there is no refresh token; `RefreshRefused`: it is
    /// expired, revoked or spent, so log in again; `ClientRefused`); `Network`, `Tls`, `Timeout`
    /// and `Server`, after which the same refresh token may be tried again.
    pub async fn refresh(&self, tokens: &OAuthTokens) -> Result<OAuthTokens> {
        self.0.runtime.check()?;
        let token = tokens.refresh_token.clone();
        let token = token.ok_or_else(|| OAuthFailure::NotLoggedIn.error())?;
        let inner = Arc::clone(&self.0);
        let mut renewed =
            runtime::run(
                async move { exchange::refresh(&inner.client, &inner.poster, token).await },
            )
            .await?;
        renewed.scope = renewed.scope.or_else(|| tokens.scope.clone());
        Ok(renewed)
    }

    /// Gives a login up: its redirect is refused with `Cancelled`. A login that is complete or
    /// unknown is left as it is.
    pub fn cancel(&self, flow: &OAuthFlow) {
        self.flows().cancel(flow.state.expose());
    }

    fn flows(&self) -> MutexGuard<'_, Flows> {
        self.0.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for OAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuth").field("redirect_uri", &self.0.redirect.as_str()).finish()
    }
}
