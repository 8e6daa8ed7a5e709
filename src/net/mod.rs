//! Bytes and frames on the network, without their SignalWire meaning.

pub(crate) mod endpoints;
#[cfg(feature = "rest-api")]
pub(crate) mod exchange;
pub(crate) mod failure;
pub(crate) mod http;
pub(crate) mod interfaces;
pub(crate) mod links;
pub(crate) mod post;
pub(crate) mod tls;
pub(crate) mod ws;
