//! `/api/fabric/conversations` and `/api/fabric/messages`.

use super::directory::id_segment;
use super::page::{self, PageLinks};
use crate::error::{Error, Result};
use crate::net::http::{Http, Repeat, Write};
use crate::proto::conversation::{Conversation, Message};
use reqwest::Method;
use serde_json::{json, Value};

const CONVERSATIONS: &str = "/api/fabric/conversations";
const MESSAGES: &str = "/api/fabric/messages";
/// Longest text of one message, in bytes: far more than a person writes, and a bound.
pub(crate) const MAX_TEXT: usize = 64 * 1024;

/// One page of the conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct ConversationPage {
    /// The entries of this page, in the service's order.
    pub conversations: Vec<Conversation>,
    /// Whether a page follows.
    pub has_next: bool,
    /// Whether there is a page before this one.
    pub has_previous: bool,
    /// Where the other pages are.
    pub links: PageLinks,
}

/// One page of messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct MessagePage {
    /// The entries of this page, in the service's order; sort by `sent_at_ms` to show them.
    pub messages: Vec<Message>,
    /// Whether a page follows.
    pub has_next: bool,
    /// Whether there is a page before this one.
    pub has_previous: bool,
    /// Where the other pages are.
    pub links: PageLinks,
}

/// The first page of conversations. Errors: see `Client::conversations`.
pub(crate) async fn list(http: &Http, page_size: Option<u32>) -> Result<ConversationPage> {
    conversation_page(&http.get(CONVERSATIONS, &page::size(page_size)?).await?)
}

pub(crate) async fn list_at(http: &Http, link: &str) -> Result<ConversationPage> {
    conversation_page(&http.get_link(link).await?)
}

/// The first page of messages. Errors: see `Client::messages`.
pub(crate) async fn messages(http: &Http, id: &str, size: Option<u32>) -> Result<MessagePage> {
    let path = format!("{CONVERSATIONS}/{}/messages", id_segment(id)?);
    message_page(&http.get(&path, &page::size(size)?).await?)
}

pub(crate) async fn messages_at(http: &Http, link: &str) -> Result<MessagePage> {
    message_page(&http.get_link(link).await?)
}

/// Makes or finds the conversation of two addresses. Errors: see `Client::join_conversation`.
///
/// Assumption: joining twice is joining once, as every client of the service joins before each
/// first message of a process; so a lost answer is asked for again.
pub(crate) async fn join(http: &Http, own: &str, other: &str) -> Result<Conversation> {
    let body = json!({
        "from_fabric_address_id": own,
        "fabric_address_ids": [other, own],
    });
    let mut answer = post(http, &format!("{CONVERSATIONS}/join"), body, Repeat::Safe).await?;
    if answer["fabric_address_ids"].is_null() {
        answer["fabric_address_ids"] = json!([other, own]);
    }
    if !answer["group_id"].is_string() {
        return Err(Error::protocol("the answer to the join has no group_id; report this"));
    }
    let joined = Conversation::parse(&answer)
        .ok_or_else(|| Error::protocol("the joined conversation has no id; report this"))?;
    Ok(Conversation { from_address_id: own.to_owned(), ..joined })
}

/// Sends a text. Errors: see `OutgoingMessage::send`.
pub(crate) async fn send(http: &Http, group: &str, from: &str, text: &str) -> Result<()> {
    let body = json!({ "group_id": group, "from_fabric_address_id": from, "text": text });
    post(http, MESSAGES, body, Repeat::IfUnprocessed).await.map(drop)
}

async fn post(http: &Http, path: &str, body: Value, repeat: Repeat) -> Result<Value> {
    let write = Write { method: Method::POST, path, body: Some(body), repeat, secret: "" };
    http.write(&write).await
}

fn conversation_page(body: &Value) -> Result<ConversationPage> {
    let (conversations, links) = page::parse(body, Conversation::parse)?;
    Ok(ConversationPage {
        conversations,
        has_next: links.next.is_some(),
        has_previous: links.previous.is_some(),
        links,
    })
}

fn message_page(body: &Value) -> Result<MessagePage> {
    let (messages, links) = page::parse(body, Message::parse)?;
    Ok(MessagePage {
        messages,
        has_next: links.next.is_some(),
        has_previous: links.previous.is_some(),
        links,
    })
}
