//! Small tools that know nothing about SignalWire.

pub(crate) mod backoff;
pub(crate) mod bus;
pub(crate) mod redact;
pub(crate) mod ring;
