//! The interface that Python, Kotlin and Swift are generated from (feature `uniffi`).
//!
//! Every item converts its arguments, makes one call of the core and converts the result. Data
//! types are declared once in the core and derive their conversion there; objects are wrapped
//! here. What is documented here is what the users of the generated packages read.
//!
//! No name here is `close` or `destroy`: the generated Kotlin classes have those already.

#[cfg(target_os = "android")]
mod android;
mod audio;
mod call;
mod client;
mod control;
mod credentials;
#[cfg(feature = "dpop")]
mod device_key;
mod devices;
mod directory;
mod error;
mod events;
mod host;
mod messages;
mod mixer;
#[cfg(feature = "capi")]
mod native;
#[cfg(feature = "oauth")]
mod oauth;
mod picture;
mod preflight;
mod processing;
mod push;
#[cfg(feature = "rest-api")]
mod rest_api;
mod shown;
mod video;

use crate::runtime::dispatch::WakeOnDispatcher;
use audio::{AudioSink, CallbackError, Recorder};
use call::Call;
use client::Client;
use error::SignalWireError;
use events::{CallEvents, ClientEvents};
use std::future::Future;

/// Result of everything that is exported.
type Result<T> = std::result::Result<T, SignalWireError>;

/// Waits for the core on behalf of a foreign executor, whose wake-up is foreign code: in Python
/// it needs the interpreter lock. It runs on the dispatcher, never on a worker.
async fn wait<T>(work: impl Future<Output = crate::Result<T>>) -> Result<T> {
    WakeOnDispatcher::new(work).await.map_err(SignalWireError::from)
}

/// Ends the library: all clients with their calls, then every thread. Takes at most 8 s.
///
/// Call it before the process exits; never from a callback (it gives false there and does
/// nothing). Objects made before are closed afterwards. The library may be used again and starts
/// anew. A second call does nothing.
#[uniffi::export]
pub fn shutdown() -> bool {
    crate::shutdown()
}

/// The version of the library, such as `0.1.0`.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The string to dial for an address: the video channel for a room, else audio; else whatever
/// there is. None for an address without channels.
#[uniffi::export]
pub fn dial_string(address: crate::Address) -> Option<String> {
    address.dial_string().map(str::to_owned)
}
