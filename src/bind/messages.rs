//! Conversations for the generated languages.

use super::{wait, Client, Result};
use crate::{Conversation, ConversationPage, Message, MessagePage, SendState};
use std::sync::Arc;

/// Every conversation of the subscriber, in order, for one reader; pages are read as they are
/// needed.
#[derive(uniffi::Object)]
pub struct ConversationList(crate::ConversationList);

/// Every message of a conversation, in order, for one reader; pages are read as they are needed.
#[derive(uniffi::Object)]
pub struct MessageList(crate::MessageList);

/// One text message to be sent.
///
/// The service has no key by which it would tell a repetition, so a lost answer leaves it open
/// whether the message arrived. `send` may be called again after any error: it sends the text a
/// second time only after the conversation's history showed that the first did not arrive.
#[derive(uniffi::Object)]
pub struct OutgoingMessage(crate::OutgoingMessage);

#[uniffi::export]
impl ConversationList {
    /// The next conversation; none at the end of the list.
    ///
    /// Errors: as the client's `conversations`; after one the same page is tried again.
    pub async fn next(&self) -> Result<Option<Conversation>> {
        wait(self.0.next()).await
    }
}

#[uniffi::export]
impl MessageList {
    /// The next message; none at the end of the list.
    ///
    /// Errors: as the client's `messages`; after one the same page is tried again.
    pub async fn next(&self) -> Result<Option<Message>> {
        wait(self.0.next()).await
    }
}

#[uniffi::export]
impl OutgoingMessage {
    /// Where it stands.
    pub fn state(&self) -> SendState {
        self.0.state()
    }

    /// Sends it and waits for the service's answer. Needs no session.
    ///
    /// A sent message is not sent again: the second call does nothing. An uncertain one is looked
    /// for first, and sent again only if it is not there.
    /// Errors: `Uncertain` when the answer was lost or the service failed: call this again to find
    /// out and go on; `Rejected` for an unknown conversation or another's address; `InvalidState`
    /// while it is being sent; `Network`, `Tls`, `Unauthorized`, `RateLimited`. Giving up the wait
    /// does not stop it.
    pub async fn send(&self) -> Result<()> {
        wait(self.0.send()).await
    }

    /// Looks into the conversation's history whether an uncertain message arrived; gives `Sent`
    /// or `Unsent`. In any other state it gives that and asks nobody.
    ///
    /// The same text written by another device of the subscriber within two minutes is taken for
    /// it. Errors: as the client's `messages`; the message stays uncertain.
    pub async fn reconcile(&self) -> Result<SendState> {
        wait(self.0.reconcile()).await
    }
}

#[uniffi::export]
impl Client {
    /// Reads the first page of the subscriber's conversations. Needs no session.
    ///
    /// `page_size`: 1 to 1000, by default the service's own. Errors: `InvalidArgument` for the
    /// size, else those of `subscriber_info`.
    #[uniffi::method(default(page_size = None))]
    pub async fn conversations(&self, page_size: Option<u32>) -> Result<ConversationPage> {
        wait(self.0.conversations(page_size)).await
    }

    /// Reads the page of conversations that a link of another page leads to. Errors: see
    /// `addresses_at`.
    pub async fn conversations_at(&self, link: String) -> Result<ConversationPage> {
        wait(self.0.conversations_at(&link)).await
    }

    /// Every conversation of the subscriber, one by one.
    pub fn all_conversations(&self) -> Arc<ConversationList> {
        Arc::new(ConversationList(self.0.all_conversations()))
    }

    /// Finds the conversation with an address, or begins it. Needs no session; joining twice gives
    /// the same conversation.
    ///
    /// `address_id`: the other address. `from_address_id`: which of the own addresses takes part;
    /// by default the first one of the subscriber, which is read.
    /// Errors: `InvalidArgument` for the own address, or when the subscriber has none; `Rejected`
    /// for an address that the service does not know; else those of `subscriber_info`.
    #[uniffi::method(default(from_address_id = None))]
    pub async fn join_conversation(
        &self,
        address_id: String,
        from_address_id: Option<String>,
    ) -> Result<Conversation> {
        wait(self.0.join_conversation(&address_id, from_address_id.as_deref())).await
    }

    /// Reads the first page of a conversation's messages, with the calls among them. Needs no
    /// session.
    ///
    /// `page_size`: 1 to 1000, by default the service's own. Errors: `NotFound` for an unknown
    /// conversation; `InvalidArgument`; else those of `subscriber_info`.
    #[uniffi::method(default(page_size = None))]
    pub async fn messages(
        &self,
        conversation_id: String,
        page_size: Option<u32>,
    ) -> Result<MessagePage> {
        wait(self.0.messages(&conversation_id, page_size)).await
    }

    /// Reads the page of messages that a link of another page leads to. Errors: see
    /// `addresses_at`.
    pub async fn messages_at(&self, link: String) -> Result<MessagePage> {
        wait(self.0.messages_at(&link)).await
    }

    /// Every message of a conversation, one by one.
    pub fn all_messages(&self, conversation_id: &str) -> Arc<MessageList> {
        Arc::new(MessageList(self.0.all_messages(conversation_id)))
    }

    /// Makes a text message for a conversation; its `send` sends it, once.
    ///
    /// `conversation_id`, `from_address_id`: the conversation's `id` and `from_address_id`.
    /// `text`: 1 to 65536 bytes. Errors: `InvalidArgument` for an empty id or text.
    pub fn compose_message(
        &self,
        conversation_id: &str,
        from_address_id: &str,
        text: &str,
    ) -> Result<Arc<OutgoingMessage>> {
        let message = self.0.compose_message(conversation_id, from_address_id, text)?;
        Ok(Arc::new(OutgoingMessage(message)))
    }
}
