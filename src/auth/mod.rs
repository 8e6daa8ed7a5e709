//! Identity: tokens, where they come from, and when the next one is due.

pub(crate) mod credentials;
#[cfg(feature = "dpop")]
pub(crate) mod device_key;
pub(crate) mod prover;
pub(crate) mod schedule;
pub(crate) mod token;
pub(crate) mod tokens;

pub use credentials::{AccessToken, CredentialProvider, Credentials, TokenReason, TokenRequest};
#[cfg(feature = "dpop")]
pub use device_key::DeviceKey;
