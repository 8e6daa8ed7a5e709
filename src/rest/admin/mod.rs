//! The REST API for backends: tokens for clients, subscribers with their
//! SIP credentials, resources (feature `rest-api`).
//!
//! It authenticates with the project's API token, which must never be part of an application
//! that is given away; such an application gets a subscriber token from its backend.
//!
//! ```no_run
//! # async fn example(api_token: String) -> signalwire_client::Result<()> {
//! use signalwire_client::rest_api::{RestClient, RestOptions, SubscriberTokenRequest};
//!
//! let options = RestOptions::new("example", "7c11a9e0-…", api_token);
//! let rest = RestClient::new(options)?;
//! let minted =
//!     rest.create_subscriber_token(SubscriberTokenRequest::new("alice@example.com")).await?;
//! println!("{}", minted.token.expose());
//! # Ok(())
//! # }
//! ```
//!
//! Every future may be awaited on any executor. A write goes on to its end when its future is
//! dropped; a read is given up.

mod client;
mod paging;
mod resources;
mod sip_credentials;
mod subscribers;
mod tokens;
mod wire;

pub use crate::util::redact::Secret;
pub use client::{RestClient, RestOptions};
pub use paging::{Items, Page};
pub use resources::Resource;
pub use sip_credentials::{SipCredential, SipCredentialRequest};
pub use subscribers::{SubscriberRequest, SubscriberResource};
pub use tokens::{
    GuestTokenRequest, InviteTokenRequest, SubscriberToken, SubscriberTokenRequest, TokenPair,
};
