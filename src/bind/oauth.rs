//! Logging users in with their browser, for the generated languages.

use super::credentials::Credentials;
use super::{wait, CallbackError, Result};
use crate::runtime::dispatch;
use crate::{Error, ErrorKind, OAuthConfig, Secret};
use std::sync::{mpsc, Arc};
use std::time::Duration;

/// Where the tokens of a user are kept between two runs: a keychain, an encrypted preference.
/// Implemented by the application.
///
/// The text holds secrets and is not to be looked into. Called on the library's dispatcher thread,
/// one call at a time; quick, please.
#[uniffi::export(foreign)]
pub trait TokenStore: Send + Sync {
    /// The text of the last `save`; none before the first and after `clear`.
    fn load(&self) -> std::result::Result<Option<String>, CallbackError>;
    /// Keeps a text in place of the earlier one, which is no longer good.
    fn save(&self, text: String) -> std::result::Result<(), CallbackError>;
    /// Forgets everything: the user is logged out.
    fn clear(&self) -> std::result::Result<(), CallbackError>;
}

/// A foreign store as one of the core. The core calls it on threads that may block.
struct ForeignStore(Arc<dyn TokenStore>);

impl ForeignStore {
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn TokenStore) -> std::result::Result<T, CallbackError> + Send + 'static,
    ) -> crate::Result<T> {
        let (sender, answer) = mpsc::channel();
        let store = Arc::clone(&self.0);
        dispatch::dispatch(move || {
            let _ = sender.send(work(&*store));
        })?;
        match answer.recv() {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                Err(Error::new(ErrorKind::InvalidState, format!("the token store failed: {error}")))
            }
            Err(_) => Err(Error::new(ErrorKind::Cancelled, "the library was shut down")),
        }
    }
}

impl crate::TokenStore for ForeignStore {
    fn load(&self) -> crate::Result<Option<Secret>> {
        self.run(|store| Ok(store.load()?.map(Secret::from)))
    }

    fn save(&self, text: &Secret) -> crate::Result<()> {
        let text = text.expose().to_owned();
        self.run(move |store| store.save(text))
    }

    fn clear(&self) -> crate::Result<()> {
        self.run(|store| store.clear())
    }
}

/// The tokens of a logged-in user. They show in no description of the object.
#[derive(uniffi::Object)]
pub struct OAuthTokens(crate::OAuthTokens);

#[uniffi::export]
impl OAuthTokens {
    /// Reads what `to_text` wrote. Errors: `InvalidArgument` for any other text.
    #[uniffi::constructor]
    pub fn from_text(text: &str) -> Result<Self> {
        Ok(Self(crate::OAuthTokens::from_text(text)?))
    }

    /// The tokens as one text, for a `TokenStore`. It holds the secrets.
    pub fn to_text(&self) -> String {
        self.0.to_text().expose().to_owned()
    }

    /// The access token: a subscriber access token, for the client's options.
    pub fn access_token(&self) -> String {
        self.0.access_token.expose().to_owned()
    }

    /// Whether there is a refresh token, so that `refresh` can work.
    pub fn can_refresh(&self) -> bool {
        self.0.refresh_token.is_some()
    }

    /// When the access token expires, in seconds since 1970, if the provider said so.
    pub fn expires_at(&self) -> Option<i64> {
        self.0.expires_at
    }
}

/// A login that was begun: open the URL in the system's browser.
#[derive(uniffi::Object)]
pub struct OAuthFlow(crate::OAuthFlow);

#[uniffi::export]
impl OAuthFlow {
    /// The URL for the system's browser.
    pub fn authorize_url(&self) -> String {
        self.0.authorize_url().to_owned()
    }
}

/// Logs users in with the system's browser, and renews what that gave.
///
/// Open the URL of `begin` in the system's browser (`ASWebAuthenticationSession`, a Custom Tab, never
/// a web view) and hand the URL that comes back to `complete`. Programs that can listen on this
/// machine use `begin_loopback`. PKCE is always used. The `code` of an error is the number of its
/// `OAuthFailure`, see the function `oauth_failure`.
#[derive(uniffi::Object)]
pub struct OAuth(crate::OAuth);

#[uniffi::export]
impl OAuth {
    /// Prepares logins; nothing is sent.
    ///
    /// Errors: `InvalidArgument` for a client id, redirect URI or endpoint that cannot be; `Tls` for
    /// unreadable CA certificates.
    #[uniffi::constructor]
    pub fn new(config: OAuthConfig) -> Result<Self> {
        Ok(Self(crate::OAuth::new(config)?))
    }

    /// Begins a login. It is good once, and as long as `flow_lifetime_ms` of the configuration.
    ///
    /// Errors: `InvalidArgument` for a redirect URI with port 0.
    pub fn begin(&self) -> Result<Arc<OAuthFlow>> {
        Ok(Arc::new(OAuthFlow(self.0.begin()?)))
    }

    /// Binds the port of the redirect URI, and begins a login that returns to it.
    ///
    /// Errors: `InvalidArgument` for a redirect URI that does not lead to this machine; `InvalidState`
    /// if the port cannot be had.
    pub fn begin_loopback(&self) -> Result<Arc<LoopbackLogin>> {
        Ok(Arc::new(LoopbackLogin(self.0.begin_loopback()?)))
    }

    /// Whether a URL that the application was opened with is the answer to a login.
    pub fn is_callback(&self, url: &str) -> bool {
        self.0.is_callback(url)
    }

    /// Completes a login with the URL that the browser returned to. The login is spent by it.
    ///
    /// Errors: `InvalidArgument`, `Rejected`, `InvalidState`, `Timeout`, `Protocol`, `Cancelled`,
    /// `Unauthorized`, with the number of the `OAuthFailure` as `code`; `Network`, `Tls`, `Server`.
    /// Begin anew after each of them.
    pub async fn complete(&self, callback_url: &str) -> Result<Arc<OAuthTokens>> {
        let tokens = wait(self.0.complete(callback_url)).await?;
        Ok(Arc::new(OAuthTokens(tokens)))
    }

    /// Gets new tokens for the refresh token of these. Keep what comes back at once.
    ///
    /// Errors: `Unauthorized` (log in again); `Network`, `Tls`, `Timeout` and `Server`, after which the
    /// same tokens may be tried again.
    pub async fn refresh(&self, tokens: &OAuthTokens) -> Result<Arc<OAuthTokens>> {
        let tokens = wait(self.0.refresh(&tokens.0)).await?;
        Ok(Arc::new(OAuthTokens(tokens)))
    }

    /// Gives a login up: its redirect is refused with `Cancelled`.
    pub fn cancel(&self, flow: &OAuthFlow) {
        self.0.cancel(&flow.0);
    }

    /// Credentials for clients: the tokens are taken from `store` and renewed; each new pair is saved
    /// before it is used. Save what `complete` gave before the client connects. When the refresh token
    /// is refused the store is cleared.
    pub fn credentials(&self, store: Arc<dyn TokenStore>) -> Arc<Credentials> {
        let store = Arc::new(ForeignStore(store));
        Arc::new(Credentials(crate::Credentials::oauth(self.0.clone(), store)))
    }
}

/// A login that waits for the browser on a port of this machine.
#[derive(uniffi::Object)]
pub struct LoopbackLogin(crate::LoopbackLogin);

#[uniffi::export]
impl LoopbackLogin {
    /// The URL for the system's browser.
    pub fn authorize_url(&self) -> String {
        self.0.authorize_url().to_owned()
    }

    /// Where the browser will return to, with the port that was bound.
    pub fn redirect_uri(&self) -> String {
        self.0.redirect_uri().to_owned()
    }

    /// Waits for the browser, answers it with a small page, and exchanges the code.
    ///
    /// `timeout_ms`: how long the user may take. Errors: `Timeout`; `Cancelled`; `InvalidState` for a
    /// second call; else those of `complete`.
    #[uniffi::method(default(timeout_ms = 300000))]
    pub async fn finish(&self, timeout_ms: u32) -> Result<Arc<OAuthTokens>> {
        let timeout = Duration::from_millis(timeout_ms.into());
        let tokens = wait(self.0.finish(timeout)).await?;
        Ok(Arc::new(OAuthTokens(tokens)))
    }

    /// Gives the login up: `finish` fails with `Cancelled`. A second call does nothing.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// The failure that the `code` of an error of a login stands for; none for other numbers.
#[uniffi::export]
pub fn oauth_failure(code: i32) -> Option<crate::OAuthFailure> {
    crate::OAuthFailure::from_number(code)
}
