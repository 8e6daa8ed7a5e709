//! The encrypted payload of a push notification that announces a call (feature `push`).
//!
//! The service's older push: a device registers (`POST /subscriber/devices`) and gets a
//! `push_notification_key`; while it has no session, a call to its subscriber comes as a
//! notification, whose invite is compressed and encrypted with that key. Newer deployments send
//! none. Receiving notifications is the application's and the platform's part; this module only
//! reads one. It is pure: no network, no clock, no state.
//!
//! ```no_run
//! # fn example(notification: &str, key: &str) -> Result<(), signalwire_client::push::PushError> {
//! use signalwire_client::push::{self, PushPayload};
//!
//! let payload = PushPayload::parse(notification)?;
//! println!("{} calls", payload.incoming_caller_name);
//! let invite = push::decrypt(&payload, key)?;
//! println!("call {} at node {}", invite.call_id, invite.node_id);
//! # Ok(())
//! # }
//! ```
//!
//! The invite may be stale when the notification arrives: the call may be over already.

mod error;
mod invite;
mod payload;

pub use error::PushError;
pub use invite::{decrypt, PushInvite};
pub use payload::PushPayload;
