//! The C face: `include/signalwire.h` is generated from this module.
//!
//! Every function converts its arguments, calls one method of the core and converts the result.
//! The functions are `extern "C"` and called by C code only; what their pointers must be is
//! said in the header, and each `unsafe` block relies on that contract. Handles need no trust:
//! see [`handle`].
//!
//! | file | what |
//! |---|---|
//! | `status` `guard` | codes, the error struct, panics, the last error of a thread |
//! | `handle` | opaque pointers whose value is a checked id |
//! | `text` `versioned` | strings and sized structs in and out |
//! | `record` | completions that give a struct |
//! | `completion` `waiter` | the one asynchronous primitive, and how to block on it |
//! | `observer` `event` `call_event` | ordered event delivery |
//! | `library` `log` `client` `directory` `call` `control` `roster` `members` `incoming` `audio` `recording` `mixer` `survival` `conversation` `outgoing` `wake_up` `host` `credentials` `device_key` `devices` `processing` `oauth` `rest_api` `rest_resources` `rest_sip` `video` `picture` `child` | the functions |

#![allow(non_camel_case_types)] // The names are those of the C header.

pub(crate) mod audio;
pub(crate) mod call;
pub(crate) mod call_event;
pub(crate) mod child;
pub(crate) mod client;
pub(crate) mod completion;
pub(crate) mod control;
pub(crate) mod conversation;
pub(crate) mod credentials;
#[cfg(feature = "dpop")]
pub(crate) mod device_key;
pub(crate) mod devices;
pub(crate) mod directory;
pub(crate) mod event;
pub(crate) mod guard;
pub(crate) mod handle;
pub(crate) mod host;
pub(crate) mod incoming;
pub(crate) mod library;
pub(crate) mod log;
pub(crate) mod members;
pub(crate) mod mixer;
#[cfg(feature = "oauth")]
pub(crate) mod oauth;
pub(crate) mod observer;
pub(crate) mod options;
pub(crate) mod outgoing;
pub(crate) mod picture;
pub(crate) mod picture_object;
pub(crate) mod preflight;
pub(crate) mod processing;
pub(crate) mod record;
pub(crate) mod recording;
#[cfg(feature = "rest-api")]
pub(crate) mod rest_api;
#[cfg(feature = "rest-api")]
pub(crate) mod rest_resources;
#[cfg(feature = "rest-api")]
pub(crate) mod rest_sip;
pub(crate) mod roster;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod survival;
pub(crate) mod text;
pub(crate) mod versioned;
pub(crate) mod video;
pub(crate) mod waiter;
pub(crate) mod wake_up;
