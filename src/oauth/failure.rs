//! The errors of logins, each with its [`OAuthFailure`].

use crate::error::{Error, ErrorKind, OAuthFailure, Problem};

/// Longest text of a provider that is passed on, in characters.
const MAX_TEXT: usize = 300;

impl OAuthFailure {
    /// The error with this reason: its class, and what to do about it.
    pub(super) fn error(self) -> Error {
        let (kind, message) = match self {
            Self::NotACallback => (
                ErrorKind::InvalidArgument,
                "this URL is not the redirect of this login; test with is_callback first",
            ),
            Self::WrongState => (
                ErrorKind::Rejected,
                "the state of the redirect belongs to no login of this app; \
                 somebody else may have made it. Begin again",
            ),
            Self::UsedTwice => {
                (ErrorKind::InvalidState, "this login was completed before; begin a new one")
            }
            Self::FlowExpired => (ErrorKind::Timeout, "the login took too long; begin a new one"),
            Self::NoCode => {
                (ErrorKind::Protocol, "the redirect has no code; report this to SignalWire")
            }
            Self::AccessDenied => {
                (ErrorKind::Rejected, "the login was refused, by the user or for them")
            }
            Self::ProviderError => (ErrorKind::Rejected, "the login failed at the provider"),
            Self::CodeRefused => (
                ErrorKind::Unauthorized,
                "the provider refused the code or its verifier; begin a new login",
            ),
            Self::RefreshRefused => (
                ErrorKind::Unauthorized,
                "the refresh token is expired, used or revoked; log in again",
            ),
            Self::ClientRefused => (
                ErrorKind::Unauthorized,
                "the provider does not accept this client id here; check it and the redirect URI",
            ),
            Self::PortTaken => (
                ErrorKind::InvalidState,
                "the port of the redirect URI cannot be listened on; use port 0 or free it",
            ),
            Self::NoCallback => {
                (ErrorKind::Timeout, "the browser did not come back in time; begin a new login")
            }
            Self::Cancelled => (ErrorKind::Cancelled, "the login was cancelled"),
            Self::NotLoggedIn => {
                (ErrorKind::Unauthorized, "there are no tokens that could be renewed; log in")
            }
        };
        Error::new(kind, message).with_oauth_failure(self)
    }

    /// The error with what the provider said: its `error` and `error_description`.
    pub(super) fn told(self, code: &str, description: Option<&str>, secrets: &[&str]) -> Error {
        let (code, description) =
            (shown(code, secrets), description.map(|text| shown(text, secrets)));
        let plain = self.error();
        let mut message = format!("{} ({code}", plain.message());
        if let Some(description) = description.as_deref().filter(|text| !text.is_empty()) {
            message.push_str(": ");
            message.push_str(description);
        }
        message.push(')');
        let problem = Problem { code, message: description.unwrap_or_default(), attribute: None };
        Error::new(plain.kind(), message).with_service(vec![problem], None).with_oauth_failure(self)
    }
}

/// What the `error` of a redirect means (RFC 6749, 4.1.2.1).
pub(super) fn of_redirect(code: &str) -> OAuthFailure {
    match code {
        "access_denied" => OAuthFailure::AccessDenied,
        "unauthorized_client" | "invalid_client" => OAuthFailure::ClientRefused,
        _ => OAuthFailure::ProviderError,
    }
}

/// What the `error` of the token endpoint means (RFC 6749, 5.2). `of_grant` is what a refused
/// code or refresh token is called.
pub(super) fn of_token_endpoint(code: &str, of_grant: OAuthFailure) -> OAuthFailure {
    match code {
        "invalid_grant" => of_grant,
        "invalid_client" | "unauthorized_client" => OAuthFailure::ClientRefused,
        "access_denied" => OAuthFailure::AccessDenied,
        _ => OAuthFailure::ProviderError,
    }
}

/// A foreign text as it may be shown: one line, bounded, without secrets.
fn shown(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "<redacted>");
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_says_is_passed_on_bounded_and_without_secrets() {
        let text = format!("the code c0de\n{}", "x".repeat(5_000));
        let error = OAuthFailure::CodeRefused.told("invalid_grant", Some(&text), &["c0de"]);
        assert_eq!(error.oauth_failure(), Some(OAuthFailure::CodeRefused));
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert_eq!(error.problems()[0].code, "invalid_grant");
        assert!(!format!("{error:?}").contains("c0de"));
        assert!(error.message().len() < 600 && !error.message().contains('\n'));
    }

    #[test]
    fn codes_of_the_standard() {
        for (code, redirect, token) in [
            ("access_denied", OAuthFailure::AccessDenied, OAuthFailure::AccessDenied),
            ("server_error", OAuthFailure::ProviderError, OAuthFailure::ProviderError),
            ("unauthorized_client", OAuthFailure::ClientRefused, OAuthFailure::ClientRefused),
            ("invalid_grant", OAuthFailure::ProviderError, OAuthFailure::RefreshRefused),
        ] {
            assert_eq!(of_redirect(code), redirect, "{code}");
            assert_eq!(of_token_endpoint(code, OAuthFailure::RefreshRefused), token, "{code}");
        }
    }
}
