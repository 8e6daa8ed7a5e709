//! Why a notification could not be read.

use crate::error::{Error, ErrorKind};

/// What is wrong with a notification or its key. Never holds the key or what was decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The notification announces no call of this service: leave it to its other receivers.
    #[error("the notification is not a call invite: {0}")]
    NotAnInvite(&'static str),
    /// A member is missing. Report it to SignalWire.
    #[error("the notification has no {0}; report this to SignalWire")]
    Missing(&'static str),
    /// The invite is not encrypted in a way that this version knows.
    #[error("the invite's encryption is not supported; aes_256_gcm is")]
    NotSupported,
    /// A member, or the key, is not base64.
    #[error("{0} is not base64")]
    NotBase64(&'static str),
    /// A member, or the key, was cut or is of another kind.
    #[error("{name} must have {expected} bytes; it has {actual}")]
    WrongLength {
        /// The member: `iv`, `tag`, or `push_notification_key`.
        name: &'static str,
        /// The bytes it should have.
        expected: usize,
        /// The bytes it has.
        actual: usize,
    },
    /// The invite does not open: another device's key, or a cut or altered invite; they look the
    /// same. If it is the key, register the device again.
    #[error("the invite does not open with this key: it is another device's, or the invite was cut or altered")]
    DoesNotOpen,
    /// The compressed text ends too early or is no zlib stream.
    #[error("the decrypted invite cannot be decompressed; report this to SignalWire")]
    NotZlib,
    /// The notification or what it expands to is larger than any invite.
    #[error("the {0} is too large for a call invite")]
    TooLarge(&'static str),
    /// The plain text is not the JSON of an invite.
    #[error("the decrypted text is not an invite: {0}; report this to SignalWire")]
    BadInvite(&'static str),
}

impl From<PushError> for Error {
    /// `InvalidArgument` where the key or the choice of notification is to blame, `NotSupported`,
    /// else `Protocol`.
    fn from(error: PushError) -> Self {
        let kind = match &error {
            PushError::NotAnInvite(_) | PushError::DoesNotOpen => ErrorKind::InvalidArgument,
            PushError::NotBase64("push_notification_key")
            | PushError::WrongLength { name: "push_notification_key", .. } => {
                ErrorKind::InvalidArgument
            }
            PushError::NotSupported => ErrorKind::NotSupported,
            _ => ErrorKind::Protocol,
        };
        Error::new(kind, error.to_string())
    }
}
