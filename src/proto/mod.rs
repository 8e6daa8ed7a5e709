//! The wire, as pure data: what the client sends and how it reads what comes. No I/O, no clock.

pub(crate) mod control;
pub(crate) mod conversation;
pub(crate) mod destination;
pub(crate) mod ice;
pub(crate) mod jsonrpc;
pub(crate) mod redacted;
pub(crate) mod sdp;
pub(crate) mod session;
pub(crate) mod value;
pub(crate) mod verto;
