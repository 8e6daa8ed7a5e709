//! Conversations: text messages, and the history of calls.

use super::Client;
use crate::error::{Error, Result};
use crate::rest::conversation;
use crate::rest::page::List;
use crate::rest::{self, Conversation, ConversationPage, Message, MessagePage, OutgoingMessage};
use std::sync::Arc;

/// Every conversation, see [`List`].
pub type ConversationList = List<Conversation>;
/// Every message of a conversation, see [`List`].
pub type MessageList = List<Message>;

impl Client {
    /// Reads the first page of the subscriber's conversations. Needs no session.
    ///
    /// `page_size`: 1 to 1000, by default the service's own.
    /// Errors: `InvalidArgument` for the size, else those of [`Client::subscriber_info`].
    /// Source: `GET /api/fabric/conversations`.
    pub async fn conversations(&self, page_size: Option<u32>) -> Result<ConversationPage> {
        let inner = Arc::clone(&self.0);
        self.run(async move { conversation::list(&inner.http, page_size).await }).await
    }

    /// Reads the page of conversations that a link of another page leads to. Errors: see
    /// [`Client::addresses_at`].
    pub async fn conversations_at(&self, link: &str) -> Result<ConversationPage> {
        let (inner, link) = (Arc::clone(&self.0), link.to_owned());
        self.run(async move { conversation::list_at(&inner.http, &link).await }).await
    }

    /// Every conversation of the subscriber, one by one; pages are read as they are needed.
    pub fn all_conversations(&self) -> ConversationList {
        let (http, runtime) = (self.0.http.clone(), self.0.runtime);
        List::new(Box::new(move |link| {
            let http = http.clone();
            Box::pin(async move {
                runtime.check()?;
                let page = match link {
                    None => conversation::list(&http, None).await?,
                    Some(link) => conversation::list_at(&http, &link).await?,
                };
                Ok((page.conversations, page.links.next))
            })
        }))
    }

    /// Finds the conversation with an address, or begins it. Needs no session; joining twice gives
    /// the same conversation.
    ///
    /// `address_id`: the other address, see [`Client::address_by_name`]. `from_address_id`: which
    /// of the own addresses takes part; by default the first one of the subscriber, which is read.
    /// Errors: `InvalidArgument` for the own address, or when the subscriber has none; `Rejected`
    /// for an address that the service does not know; else those of [`Client::subscriber_info`].
    /// Source: `POST /api/fabric/conversations/join`.
    pub async fn join_conversation(
        &self,
        address_id: &str,
        from_address_id: Option<&str>,
    ) -> Result<Conversation> {
        let (inner, directory) = (Arc::clone(&self.0), self.directory());
        let (other, own) = (address_id.to_owned(), from_address_id.map(str::to_owned));
        self.run(async move {
            let own = match own {
                Some(own) => own,
                None => {
                    let subscriber = rest::subscriber::info(&inner.http).await?;
                    directory.keep(&subscriber.addresses);
                    let first = subscriber.addresses.into_iter().next();
                    first.map(|address| address.id).ok_or_else(|| {
                        Error::invalid("the subscriber has no address to write from")
                    })?
                }
            };
            if own == other || other.is_empty() || own.is_empty() {
                return Err(Error::invalid(
                    "address_id must be the id of another address than the own one",
                ));
            }
            conversation::join(&inner.http, &own, &other).await
        })
        .await
    }

    /// Reads the first page of a conversation's messages, with the calls among them. Needs no
    /// session.
    ///
    /// `conversation_id`: see [`Conversation::id`]. `page_size`: 1 to 1000, by default the
    /// service's own. Errors: `NotFound` for an unknown conversation; `InvalidArgument`; else
    /// those of [`Client::subscriber_info`].
    /// Source: `GET /api/fabric/conversations/{id}/messages`.
    pub async fn messages(
        &self,
        conversation_id: &str,
        page_size: Option<u32>,
    ) -> Result<MessagePage> {
        let (inner, id) = (Arc::clone(&self.0), conversation_id.to_owned());
        self.run(async move { conversation::messages(&inner.http, &id, page_size).await }).await
    }

    /// Reads the page of messages that a link of another page leads to. Errors: see
    /// [`Client::addresses_at`].
    pub async fn messages_at(&self, link: &str) -> Result<MessagePage> {
        let (inner, link) = (Arc::clone(&self.0), link.to_owned());
        self.run(async move { conversation::messages_at(&inner.http, &link).await }).await
    }

    /// Every message of a conversation, one by one; pages are read as they are needed.
    pub fn all_messages(&self, conversation_id: &str) -> MessageList {
        let (http, runtime) = (self.0.http.clone(), self.0.runtime);
        let id = conversation_id.to_owned();
        List::new(Box::new(move |link| {
            let (http, id) = (http.clone(), id.clone());
            Box::pin(async move {
                runtime.check()?;
                let page = match link {
                    None => conversation::messages(&http, &id, None).await?,
                    Some(link) => conversation::messages_at(&http, &link).await?,
                };
                Ok((page.messages, page.links.next))
            })
        }))
    }

    /// Makes a text message for a conversation; [`OutgoingMessage::send`] sends it, once.
    ///
    /// `conversation_id`, `from_address_id`: [`Conversation::id`] and
    /// [`Conversation::from_address_id`]. `text`: 1 to 65536 bytes.
    /// Errors: `InvalidArgument` for an empty id or text. Whether they exist the service says.
    pub fn compose_message(
        &self,
        conversation_id: &str,
        from_address_id: &str,
        text: &str,
    ) -> Result<OutgoingMessage> {
        self.0.runtime.check()?;
        let with = (self.0.http.clone(), self.0.runtime, Arc::clone(&self.0.sent));
        OutgoingMessage::new(with, conversation_id, from_address_id, text)
    }
}
