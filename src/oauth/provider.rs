//! A logged-in user as a source of tokens.

use super::tokens::{OAuthTokens, TokenStore};
use super::OAuth;
use crate::auth::schedule::RENEW_BEFORE;
use crate::auth::{AccessToken, CredentialProvider, Credentials, TokenReason, TokenRequest};
use crate::error::{Error, OAuthFailure, Result};
use crate::runtime;
use crate::util::redact::Secret;
use std::sync::{Arc, Mutex, PoisonError};

impl Credentials {
    /// The tokens of a login, taken from `store` and renewed by `oauth`; each new pair is saved
    /// before it is used. Save what [`OAuth::complete`] gave before the client connects.
    ///
    /// When the refresh token is refused the store is cleared, and the client's error has
    /// `RefreshRefused`; without tokens it has `NotLoggedIn`.
    pub fn oauth(oauth: OAuth, store: Arc<dyn TokenStore>) -> Self {
        let given = Arc::default();
        Self::provider(Arc::new(LoggedIn { oauth, store, given }))
    }
}

#[derive(Clone)]
struct LoggedIn {
    oauth: OAuth,
    store: Arc<dyn TokenStore>,
    /// The access token that the client had last.
    given: Arc<Mutex<Option<Secret>>>,
}

#[async_trait::async_trait]
impl CredentialProvider for LoggedIn {
    async fn access_token(&self, request: TokenRequest) -> Result<AccessToken> {
        let this = self.clone();
        // To the end, also if the client gives up: a refresh token that was spent must be replaced.
        let tokens = runtime::run(async move { this.tokens(request.reason).await }).await?;
        let token = tokens.access_token.clone();
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(AccessToken { token, expires_at: tokens.expires_at })
    }
}

impl LoggedIn {
    async fn tokens(&self, reason: TokenReason) -> Result<OAuthTokens> {
        let kept = self.load().await?.ok_or_else(|| OAuthFailure::NotLoggedIn.error())?;
        if self.may_do(&kept, reason) && kept.lasts(RENEW_BEFORE) {
            return Ok(kept);
        }
        match self.oauth.refresh(&kept).await {
            Ok(next) => {
                self.save(&next).await;
                Ok(next)
            }
            Err(error) if error.oauth_failure() == Some(OAuthFailure::RefreshRefused) => {
                self.replaced_or_over(&kept, error).await
            }
            Err(error) => Err(error),
        }
    }

    /// Whether these are worth a try: the client wants its first, or another program with the same
    /// store has renewed them since.
    fn may_do(&self, kept: &OAuthTokens, reason: TokenReason) -> bool {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        match given.as_ref() {
            Some(given) => *given != kept.access_token,
            None => reason == TokenReason::Initial,
        }
    }

    /// The refresh token was refused: because somebody else has used it, or for good.
    async fn replaced_or_over(&self, refused: &OAuthTokens, error: Error) -> Result<OAuthTokens> {
        match self.load().await? {
            Some(kept) if kept.refresh_token != refused.refresh_token => Ok(kept),
            _ => {
                let store = Arc::clone(&self.store);
                blocking(move || store.clear()).await?;
                Err(error)
            }
        }
    }

    async fn load(&self) -> Result<Option<OAuthTokens>> {
        let store = Arc::clone(&self.store);
        let text = blocking(move || store.load()).await?;
        text.map(|text| OAuthTokens::from_text(text.expose())).transpose()
    }

    /// Tokens that cannot be kept are good for this run all the same.
    async fn save(&self, tokens: &OAuthTokens) {
        let (store, text) = (Arc::clone(&self.store), tokens.to_text());
        if let Err(error) = blocking(move || store.save(&text)).await {
            tracing::error!(%error, "the renewed tokens could not be kept; log in again next time");
        }
    }
}

/// Runs what may block on a thread where that harms nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Error::internal("the token store panicked")))
}
