//! The error that is thrown in the generated languages: one variant for each kind.

use crate::error::{Error, ErrorKind};

macro_rules! errors {
    ($($(#[$doc:meta])* $kind:ident,)*) => {
        /// What failed. Decide by the variant; show `reason` to a person.
        ///
        /// Errors never contain tokens, passwords, keys or SDP.
        // The text is called `reason`, not `message`: Kotlin's exceptions have a `message`.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
        #[non_exhaustive]
        pub enum SignalWireError {
            $($(#[$doc])*
            #[error("{reason}")]
            $kind {
                /// What went wrong and what to do about it.
                reason: String,
                /// The service's own code, if any: RPC error, HTTP status or hang-up cause.
                code: Option<i32>,
            },)*
        }

        impl From<Error> for SignalWireError {
            fn from(error: Error) -> Self {
                let (reason, code) = (error.message().to_owned(), error.code());
                match error.kind() {
                    $(ErrorKind::$kind => Self::$kind { reason, code },)*
                }
            }
        }

        #[cfg(test)]
        const ALL: &[ErrorKind] = &[$(ErrorKind::$kind,)*];
    };
}

errors! {
    /// An argument cannot be used: a bad address, option, PCM size or rate. Correct the call.
    InvalidArgument,
    /// The token is not a SignalWire access token at all. Get a token and make a new client.
    InvalidToken,
    /// The service refused the token: expired, revoked or of the wrong kind. Get a new token.
    Unauthorized,
    /// There is no connected session. Connect first, or wait for the reconnection.
    NotConnected,
    /// The object is in a state that does not allow this, such as digits on an ended call.
    InvalidState,
    /// No answer came in time. The state is unchanged; trying again is safe.
    Timeout,
    /// The network failed: unknown host, refused or lost connection. Check it, then retry.
    Network,
    /// TLS failed: the certificate is not trusted or does not match the host. For a private
    /// deployment pass its CA certificate in the options.
    Tls,
    /// The server sent something that cannot be understood. Report it with the reason.
    Protocol,
    /// The service understood and refused. `code` holds its code.
    Rejected,
    /// What was asked for does not exist: an address, a subscriber.
    NotFound,
    /// Too many requests. Wait before the next one.
    RateLimited,
    /// The service failed (HTTP 5xx or an internal RPC error). Retry later.
    Server,
    /// Media could not be set up or was lost: ICE, DTLS, codecs, files.
    Media,
    /// Not built in this version or not offered by this platform.
    NotSupported,
    /// The operation was given up because its object was freed or the library shuts down.
    Cancelled,
    /// The object has ended: a closed client, an ended call.
    Closed,
    /// A defect of this library. Report it with the reason.
    Internal,
    /// The handle is null, was freed, or belongs to another type (C interface).
    InvalidHandle,
    /// A blocking function was called inside a callback (C interface).
    InCallback,
    /// The process was forked after the library was used; make a new client in the child.
    Forked,
    /// The call was refused or ended before it was answered. `code` holds the hang-up cause.
    CallFailed,
    /// The answer to a request that changes something was lost: the service may have carried it
    /// out or not. Look before repeating it.
    Uncertain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_becomes_the_variant_of_its_name_and_keeps_text_and_code() {
        for &kind in ALL {
            let error = SignalWireError::from(Error::new(kind, "why").with_code(486));
            let shown = format!("{error:?}");
            assert_eq!(error.to_string(), "why");
            assert!(shown.starts_with(&format!("{kind:?} {{")), "{kind:?}: {shown}");
            assert!(shown.contains("Some(486)"), "{shown}");
        }
        assert_eq!(ALL.len(), ErrorKind::Uncertain as usize);
    }
}
