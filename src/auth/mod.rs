//! Identity: tokens and what can be read from them.

pub(crate) mod token;
