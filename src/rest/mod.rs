//! The resources that a subscriber token may read over HTTP.

#[cfg(feature = "rest-api")]
pub mod admin;
pub(crate) mod cache;
pub(crate) mod conversation;
pub(crate) mod device;
pub(crate) mod directory;
mod embed;
pub(crate) mod invite;
pub(crate) mod outgoing;
pub(crate) mod page;
pub(crate) mod subscriber;

pub use crate::proto::conversation::{CallLog, Conversation, Message, MessageKind};
pub use conversation::{ConversationPage, MessagePage};
pub use device::{Device, DeviceType};
pub use directory::{
    Address, AddressPage, AddressQuery, AddressSort, AddressType, Channels, SortOrder,
};
pub use outgoing::{OutgoingMessage, SendState};
pub use page::{List, PageLinks};
pub use subscriber::Subscriber;
