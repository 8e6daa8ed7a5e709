//! What a login gives, and how it is kept.

pub(super) use crate::auth::schedule::now;
use crate::error::{Error, ErrorKind, Result};
use crate::util::redact::Secret;
use serde_json::{json, Value};

/// The tokens of a logged-in user. None of them is ever shown by `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthTokens {
    /// The access token: a subscriber access token, for [`crate::ClientOptions::token`].
    pub access_token: Secret,
    /// What gets the next access token, if the provider issued one.
    pub refresh_token: Option<Secret>,
    /// When the access token expires, in seconds since 1970 by this machine's clock, if the
    /// provider said so.
    pub expires_at: Option<i64>,
    /// The scopes that were granted, if the provider said so.
    pub scope: Option<String>,
}

impl OAuthTokens {
    /// Tokens from somewhere else, such as a login that the platform did.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            refresh_token: None,
            expires_at: None,
            scope: None,
        }
    }

    /// The tokens as one text, for a [`crate::TokenStore`] or a keychain. It holds the secrets.
    pub fn to_text(&self) -> Secret {
        let text = json!({
            "version": 1,
            "access_token": self.access_token.expose(),
            "refresh_token": self.refresh_token.as_ref().map(Secret::expose),
            "expires_at": self.expires_at,
            "scope": self.scope,
        });
        Secret::from(text.to_string())
    }

    /// Reads what [`OAuthTokens::to_text`] wrote. Errors: `InvalidArgument` for any other text.
    pub fn from_text(text: &str) -> Result<Self> {
        let unusable = || {
            let message = "these are no stored tokens, or of a newer version; log in again";
            Error::new(ErrorKind::InvalidArgument, message)
        };
        let value: Value = serde_json::from_str(text).map_err(|_| unusable())?;
        let access = value["access_token"].as_str().filter(|token| !token.is_empty());
        match (value["version"].as_i64(), access) {
            (Some(1), Some(access)) => Ok(Self {
                access_token: Secret::of(access),
                refresh_token: value["refresh_token"].as_str().map(Secret::of),
                expires_at: value["expires_at"].as_i64(),
                scope: value["scope"].as_str().map(str::to_owned),
            }),
            _ => Err(unusable()),
        }
    }

    /// Whether the access token lasts for `seconds` more, as far as is known.
    pub(super) fn lasts(&self, seconds: i64) -> bool {
        self.expires_at.is_none_or(|at| at > now().saturating_add(seconds))
    }
}

/// Where the tokens of a user are kept between two runs of the application: a keychain, a file
/// that only its owner can read, a database.
///
/// The text that it keeps holds the secrets and is not to be looked into. Called on a thread where
/// it may block, one call at a time; it must not panic.
pub trait TokenStore: Send + Sync + 'static {
    /// The text of the last [`TokenStore::save`]; `None` before the first and after
    /// [`TokenStore::clear`].
    fn load(&self) -> Result<Option<Secret>>;
    /// Keeps `text` in place of any earlier one, at once or not at all: the earlier one is no
    /// longer good.
    fn save(&self, text: &Secret) -> Result<()>;
    /// Forgets everything. The user is logged out.
    fn clear(&self) -> Result<()>;
}

/// A store that lasts as long as the program.
#[derive(Debug, Default)]
pub struct MemoryTokenStore(std::sync::Mutex<Option<Secret>>);

impl MemoryTokenStore {
    /// A store with these tokens.
    pub fn new(tokens: &OAuthTokens) -> Self {
        Self(std::sync::Mutex::new(Some(tokens.to_text())))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Secret>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl TokenStore for MemoryTokenStore {
    fn load(&self) -> Result<Option<Secret>> {
        Ok(self.kept().clone())
    }

    fn save(&self, text: &Secret) -> Result<()> {
        *self.kept() = Some(text.clone());
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        *self.kept() = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_being_kept_and_never_show() {
        let mut tokens = OAuthTokens::new("acc3ss");
        tokens.refresh_token = Some(Secret::of("r3fresh"));
        tokens.expires_at = Some(1_900_000_000);
        assert_eq!(OAuthTokens::from_text(tokens.to_text().expose()).unwrap(), tokens);
        let shown = format!("{tokens:?} {:?}", MemoryTokenStore::new(&tokens));
        assert!(!shown.contains("acc3ss") && !shown.contains("r3fresh"), "{shown}");
        for text in ["", "{}", "7", r#"{"version":2,"access_token":"x"}"#, r#"{"version":1}"#] {
            let error = OAuthTokens::from_text(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text:?}");
        }
    }

    #[test]
    fn expiry_is_known_or_assumed_far() {
        let mut tokens = OAuthTokens::new("a");
        assert!(tokens.lasts(1_000_000));
        tokens.expires_at = Some(now() + 60);
        assert!(tokens.lasts(30) && !tokens.lasts(90));
    }
}
