//! The resources that a subscriber token may read over HTTP.

pub(crate) mod directory;
pub(crate) mod subscriber;

pub use directory::{Address, AddressPage, AddressQuery, AddressType, Channels};
pub use subscriber::Subscriber;
