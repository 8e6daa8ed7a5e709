//! Bytes and frames on the network, without their SignalWire meaning.

pub(crate) mod endpoints;
pub(crate) mod http;
pub(crate) mod tls;
pub(crate) mod ws;
