//! How the generated languages show records that hold secrets: as `Debug` does, without them.
//!
//! By itself a generated record shows all its fields, in logs and on the screens of debuggers.

use std::fmt::{Debug, Display, Formatter, Result};

macro_rules! shown_without_secrets {
    ($($(#[$when:meta])* $record:ty),+ $(,)?) => {
        $(
            $(#[$when])*
            impl Display for $record {
                fn fmt(&self, f: &mut Formatter<'_>) -> Result {
                    Debug::fmt(self, f)
                }
            }
        )+
    };
}

shown_without_secrets!(
    crate::ClientOptions,
    crate::Device,
    crate::Subscriber,
    crate::push::PushPayload,
    #[cfg(feature = "rest-api")]
    crate::rest_api::RestOptions,
    #[cfg(feature = "rest-api")]
    crate::rest_api::SipCredentialRequest,
    #[cfg(feature = "rest-api")]
    crate::rest_api::SubscriberRequest,
    #[cfg(feature = "rest-api")]
    crate::rest_api::SubscriberTokenRequest,
);
