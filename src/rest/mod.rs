//! The resources that a subscriber token may read over HTTP.

#[cfg(feature = "rest-api")]
pub mod admin;
pub(crate) mod directory;
mod embed;
pub(crate) mod subscriber;

pub use directory::{Address, AddressPage, AddressQuery, AddressType, Channels};
pub use subscriber::Subscriber;
