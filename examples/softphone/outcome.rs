//! What a run came to: one word for scripts, one exit code for the shell.

use signalwire_client::{EndKind, Error, ErrorKind, OAuthFailure};

/// The class of a run's end. The exit codes are documented in `--help` and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A command other than `dial` did its work.
    Ok,
    /// The call was answered and ended normally.
    Answered,
    Usage,
    Unauthorized,
    Network,
    Refused,
    Busy,
    NoAnswer,
    MediaFailed,
    Other,
}

impl Outcome {
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok | Self::Answered => 0,
            Self::Usage => 1,
            Self::Unauthorized => 2,
            Self::Network => 3,
            Self::Refused => 4,
            Self::Busy => 5,
            Self::NoAnswer => 6,
            Self::MediaFailed => 7,
            Self::Other => 8,
        }
    }

    /// The class of a call's end.
    pub fn of_call(kind: EndKind, was_answered: bool) -> Self {
        match kind {
            EndKind::LocalHangup | EndKind::RemoteHangup if was_answered => Self::Answered,
            EndKind::Rejected | EndKind::NotFound => Self::Refused,
            EndKind::Busy => Self::Busy,
            EndKind::NoAnswer => Self::NoAnswer,
            EndKind::MediaFailed => Self::MediaFailed,
            EndKind::SignalingFailed => Self::Network,
            _ => Self::Other,
        }
    }
}

impl From<ErrorKind> for Outcome {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidArgument => Self::Usage,
            ErrorKind::InvalidToken | ErrorKind::Unauthorized => Self::Unauthorized,
            ErrorKind::Network | ErrorKind::Tls | ErrorKind::Timeout => Self::Network,
            ErrorKind::Rejected | ErrorKind::NotFound => Self::Refused,
            ErrorKind::Media => Self::MediaFailed,
            _ => Self::Other,
        }
    }
}

/// Why a run could not do what it was asked for.
#[derive(Clone, Debug)]
pub struct Failure {
    pub outcome: Outcome,
    /// The class in more detail, such as `tls`.
    pub kind: String,
    pub message: String,
    pub code: Option<i32>,
}

impl Failure {
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self { outcome, kind: snake_case(&outcome), message: message.into(), code: None }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Outcome::Usage, message)
    }

    pub fn interrupted() -> Self {
        Self::new(Outcome::Other, "interrupted")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let outcome = match error.oauth_failure() {
            None => error.kind().into(),
            Some(OAuthFailure::NoCallback | OAuthFailure::PortTaken | OAuthFailure::Cancelled) => {
                Outcome::Other
            }
            Some(_) => Outcome::Unauthorized,
        };
        Self {
            outcome,
            kind: snake_case(&error.kind()),
            message: error.message().to_owned(),
            code: error.code(),
        }
    }
}

/// The name of a unit variant as scripts see it: `NoAnswer` becomes `no_answer`.
pub fn snake_case(variant: &impl std::fmt::Debug) -> String {
    let mut name = String::new();
    for c in format!("{variant:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}
