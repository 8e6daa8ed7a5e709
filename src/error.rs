//! The one error type of the public API, and the only place where inner errors become it.

use std::fmt;
use std::time::Duration;

/// Coarse, stable classes of failure. The number of a kind never changes.
///
/// Match on the kind to decide what to do; show [`Error::message`] to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorKind {
    /// An argument cannot be used: a bad address, option, PCM size or rate. Correct the call.
    InvalidArgument = 1,
    /// The token is not a SignalWire access token at all. Get a token and make a new client.
    InvalidToken = 2,
    /// The service refused the token: expired, revoked or of the wrong kind. Get a new token.
    Unauthorized = 3,
    /// There is no connected session. Call `connect` first, or wait for the reconnection.
    NotConnected = 4,
    /// The object is in a state that does not allow this, such as digits on an ended call.
    InvalidState = 5,
    /// No answer came in time. The state is unchanged; trying again is safe.
    Timeout = 6,
    /// The network failed: unknown host, refused or lost connection. Check it, then retry.
    Network = 7,
    /// TLS failed: the certificate is not trusted or does not match the host. For a private
    /// deployment pass its CA certificate in the options.
    Tls = 8,
    /// The server sent something that cannot be understood. Report it with the message.
    Protocol = 9,
    /// The service understood and refused. `code` holds its code.
    Rejected = 10,
    /// What was asked for does not exist: an address, a subscriber.
    NotFound = 11,
    /// Too many requests. Wait before the next one.
    RateLimited = 12,
    /// The service failed (HTTP 5xx or an internal RPC error). Retry later.
    Server = 13,
    /// Media could not be set up or was lost: ICE, DTLS, codecs, files.
    Media = 14,
    /// Not built in this version or not offered by this platform.
    NotSupported = 15,
    /// The operation was given up because its object was freed or the library shuts down.
    Cancelled = 16,
    /// The object has ended: a closed client, an ended call.
    Closed = 17,
    /// A defect of this library. Report it with the message.
    Internal = 18,
    /// The handle is NULL, was freed, or belongs to another type (C API).
    InvalidHandle = 19,
    /// A blocking function was called inside a callback (C API).
    InCallback = 20,
    /// The process was forked after the library was used; make a new client in the child.
    Forked = 21,
    /// The call was refused or ended before it was answered. `code` holds the hang-up cause.
    CallFailed = 22,
    /// The answer to a request that changes something was lost: the service may have carried it
    /// out or not. Look before repeating it; the function's documentation says where.
    Uncertain = 23,
}

/// What failed, as a stable [`ErrorKind`], a text for people, and the service's own code if any.
///
/// Errors never contain tokens, passwords, keys or SDP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    code: Option<i32>,
    service: Option<Box<FromService>>,
    oauth: Option<OAuthFailure>,
}

/// Why a login by OAuth2 failed, where the [`ErrorKind`] alone does not say it. The number of a
/// failure never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
#[repr(i32)]
pub enum OAuthFailure {
    /// The URL is not the redirect of a login.
    NotACallback = 1,
    /// The state of the redirect belongs to no login: it may have been forged. Begin again.
    WrongState = 2,
    /// The redirect was used before. Begin again.
    UsedTwice = 3,
    /// The user took longer than the configured time. Begin again.
    FlowExpired = 4,
    /// The redirect has neither a code nor an error.
    NoCode = 5,
    /// `access_denied`: the user, or a rule, refused.
    AccessDenied = 6,
    /// Any other error of the provider; [`Error::problems`] has its name.
    ProviderError = 7,
    /// `invalid_grant` for a code: it is spent or expired, or the PKCE verifier does not fit.
    CodeRefused = 8,
    /// `invalid_grant` for a refresh token: it is revoked, expired or spent. Log in again.
    RefreshRefused = 9,
    /// The provider does not know the client id, or not with this redirect URI.
    ClientRefused = 10,
    /// The port of the redirect URI is in use.
    PortTaken = 11,
    /// The browser did not come back in time.
    NoCallback = 12,
    /// The application gave the login up.
    Cancelled = 13,
    /// There is no refresh token. Log in.
    NotLoggedIn = 14,
}

/// What an HTTP answer said besides its status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct FromService {
    problems: Vec<Problem>,
    retry_after: Option<Duration>,
}

/// One of the reasons that the HTTP API gave for a refusal. Missing texts are empty.
///
/// Source: the entries of `errors` in the body of a 422 answer, in either of the service's shapes
/// (`code`, `message`, `attribute` or `code`, `detail`, `title`, `status`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The service's name for it, such as `token_expired` or `missing_required_parameter`.
    pub code: String,
    /// The service's text, cut after some hundred characters.
    pub message: String,
    /// The request field that it is about.
    pub attribute: Option<String>,
}

impl OAuthFailure {
    /// The failure with this number, as [`Error::code`] has it.
    pub fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            1 => Self::NotACallback,
            2 => Self::WrongState,
            3 => Self::UsedTwice,
            4 => Self::FlowExpired,
            5 => Self::NoCode,
            6 => Self::AccessDenied,
            7 => Self::ProviderError,
            8 => Self::CodeRefused,
            9 => Self::RefreshRefused,
            10 => Self::ClientRefused,
            11 => Self::PortTaken,
            12 => Self::NoCallback,
            13 => Self::Cancelled,
            14 => Self::NotLoggedIn,
            _ => return None,
        })
    }
}

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of `kind` with a text that says what went wrong and what to do about it.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, service: None, oauth: None }
    }

    /// Adds the service's numeric code (RPC error, HTTP status or hang-up cause).
    pub fn with_code(mut self, code: i32) -> Self {
        self.code = Some(code);
        self
    }

    /// The class of the failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What went wrong and what to do about it, in English, without secrets.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The service's own code: RPC error code, HTTP status or hang-up cause (ITU-T Q.850). Of a
    /// login, the number of its [`OAuthFailure`].
    pub fn code(&self) -> Option<i32> {
        self.code
    }

    /// Every reason that the HTTP API gave; empty where it gave none or for other failures.
    pub fn problems(&self) -> &[Problem] {
        self.service.as_ref().map_or(&[], |service| &service.problems)
    }

    /// How long to wait before the next request, where the service said so (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.service.as_ref().and_then(|service| service.retry_after)
    }

    /// Why a login failed; `None` for all other errors.
    pub fn oauth_failure(&self) -> Option<OAuthFailure> {
        self.oauth
    }

    #[cfg_attr(not(feature = "oauth"), allow(dead_code, reason = "for logins"))]
    pub(crate) fn with_oauth_failure(mut self, failure: OAuthFailure) -> Self {
        self.oauth = Some(failure);
        self.code = Some(failure as i32);
        self
    }

    pub(crate) fn with_service(
        mut self,
        problems: Vec<Problem>,
        retry_after: Option<Duration>,
    ) -> Self {
        if !problems.is_empty() || retry_after.is_some() {
            self.service = Some(Box::new(FromService { problems, retry_after }));
        }
        self
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    pub(crate) fn closed(what: &str) -> Self {
        Self::new(ErrorKind::Closed, format!("{what} has ended; make a new one"))
    }

    pub(crate) fn protocol(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Protocol, message)
    }

    pub(crate) fn media(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Media, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{} (code {code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_logins_are_found_by_their_number() {
        let found: Vec<_> = (-1..40).filter_map(OAuthFailure::from_number).collect();
        assert_eq!(found.len(), 14);
        for failure in found {
            assert_eq!(OAuthFailure::from_number(failure as i32), Some(failure));
        }
    }
}
