//! Identity: tokens, where they come from, and when the next one is due.

pub(crate) mod credentials;
pub(crate) mod schedule;
pub(crate) mod token;
pub(crate) mod tokens;

pub use credentials::{AccessToken, CredentialProvider, Credentials, TokenReason, TokenRequest};
