//! `sw_client_conversations` and what follows: conversations and their messages.

use super::client::sw_client;
use super::completion::start;
use super::directory::links;
use super::guard::guard;
use super::handle;
use super::record::pending;
use super::status::{sw_error, sw_status};
use super::text::{self, list, Texts};
use crate::rest::{Conversation, ConversationPage, Message, MessagePage};
use std::ffi::{c_char, c_void};

/// What a message is. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_message_kinds {
    /// A text that somebody wrote.
    SW_MESSAGE_CHAT = 1,
    /// A call in the history.
    SW_MESSAGE_CALL_LOG = 2,
    /// The service tells of a change.
    SW_MESSAGE_UPDATE = 3,
    /// A kind that this version does not know; see `raw_json`.
    SW_MESSAGE_UNKNOWN = 4,
}

/// An entry of a conversation. Borrowed for the time of the callback. No text is NULL; a missing
/// one is empty. Times are in milliseconds since 1970, 0 where the service says nothing.
#[repr(C)]
pub struct sw_message {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// One of `SW_MESSAGE_*`.
    pub kind: i32,
    /// When it was sent.
    pub sent_at_ms: i64,
    /// Identifier; an update of a message has the same.
    pub id: *const c_char,
    /// The conversation that it belongs to.
    pub conversation_id: *const c_char,
    /// The address that it comes from; empty in entries of the older generation.
    pub from_address_id: *const c_char,
    /// What was written.
    pub text: *const c_char,
    /// Name of the conversation, in events.
    pub conversation_name: *const c_char,
    /// Name of who wrote it, in events.
    pub user_name: *const c_char,
    /// The whole entry as JSON text.
    pub raw_json: *const c_char,
    /// `CALL_LOG`: what kind of call, as the service words it.
    pub call_kind: *const c_char,
    /// `CALL_LOG`: what became of it, as the service words it.
    pub call_status: *const c_char,
    /// `CALL_LOG`: when it began.
    pub call_started_at_ms: i64,
    /// `CALL_LOG`: when it ended; 0 while it goes on.
    pub call_ended_at_ms: i64,
    /// Whether the service asks not to show it.
    pub is_hidden: bool,
}

/// A conversation with another address. Borrowed for the time of the completion. Texts and times
/// as in `sw_message`.
#[repr(C)]
pub struct sw_conversation {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// Identifier.
    pub id: *const c_char,
    /// Name to show.
    pub name: *const c_char,
    /// The own address that takes part; empty in lists of the older generation, whose
    /// conversations can be read only: join them to write.
    pub from_address_id: *const c_char,
    /// The other address. NULL where it cannot be told.
    pub peer_address_id: *const c_char,
    /// What the service keeps with it, as the text of one JSON object.
    pub metadata_json: *const c_char,
    /// The whole entry as JSON text.
    pub raw_json: *const c_char,
    /// When it began.
    pub created_at_ms: i64,
    /// When something was said last.
    pub last_message_at_ms: i64,
}

/// One page of conversations. Borrowed for the time of the completion.
#[repr(C)]
pub struct sw_conversation_page {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// Whether a page follows.
    pub has_next: bool,
    /// Whether there is a page before this one.
    pub has_previous: bool,
    /// `conversation_count` pointers, none of them NULL; NULL when there are none.
    pub conversations: *const *const sw_conversation,
    /// Number of conversations on this page.
    pub conversation_count: usize,
    /// The first page, for `sw_client_conversations_at`. Nullable, as the other links.
    pub first_link: *const c_char,
    /// The page before. NULL before the first.
    pub previous_link: *const c_char,
    /// The page that follows. NULL after the last.
    pub next_link: *const c_char,
}

/// One page of messages. Borrowed for the time of the completion.
#[repr(C)]
pub struct sw_message_page {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// Whether a page follows.
    pub has_next: bool,
    /// Whether there is a page before this one.
    pub has_previous: bool,
    /// `message_count` pointers, none of them NULL, in the service's order; NULL when there are
    /// none.
    pub messages: *const *const sw_message,
    /// Number of messages on this page.
    pub message_count: usize,
    /// The first page, for `sw_client_messages_at`. Nullable, as the other links.
    pub first_link: *const c_char,
    /// The page before. NULL before the first.
    pub previous_link: *const c_char,
    /// The page that follows. NULL after the last.
    pub next_link: *const c_char,
}

/// As `sw_completion`, with a conversation.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_conversation_completion {
    /// Nullable. `error` is NULL and `conversation` is not on success; the other way round on
    /// failure. Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            conversation: *const sw_conversation,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

/// As `sw_completion`, with a page of conversations.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_conversation_page_completion {
    /// Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            page: *const sw_conversation_page,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

/// As `sw_completion`, with a page of messages.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_message_page_completion {
    /// Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            page: *const sw_message_page,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

pub(super) fn to_message(message: &Message, texts: &mut Texts) -> sw_message {
    let call = message.call.clone().unwrap_or_default();
    sw_message {
        struct_size: size_of::<sw_message>() as u32,
        kind: message.kind as i32,
        sent_at_ms: message.sent_at_ms.unwrap_or(0),
        id: texts.add(&message.id),
        conversation_id: texts.add(&message.conversation_id),
        from_address_id: texts.add(&message.from_address_id),
        text: texts.add(&message.text),
        conversation_name: texts.add(&message.conversation_name),
        user_name: texts.add(&message.user_name),
        raw_json: texts.add(&message.raw_json),
        call_kind: texts.add(&call.call_kind),
        call_status: texts.add(&call.status),
        call_started_at_ms: call.started_at_ms.unwrap_or(0),
        call_ended_at_ms: call.ended_at_ms.unwrap_or(0),
        is_hidden: message.is_hidden,
    }
}

fn to_conversation(conversation: &Conversation, texts: &mut Texts) -> sw_conversation {
    sw_conversation {
        struct_size: size_of::<sw_conversation>() as u32,
        id: texts.add(&conversation.id),
        name: texts.add(&conversation.name),
        from_address_id: texts.add(&conversation.from_address_id),
        peer_address_id: texts.add_optional(conversation.peer_address_id.as_deref()),
        metadata_json: texts.add(&conversation.metadata_json),
        raw_json: texts.add(&conversation.raw_json),
        created_at_ms: conversation.created_at_ms.unwrap_or(0),
        last_message_at_ms: conversation.last_message_at_ms.unwrap_or(0),
    }
}

fn with_conversation(conversation: &Conversation, call: &mut dyn FnMut(&sw_conversation)) {
    let mut texts = Texts::default();
    call(&to_conversation(conversation, &mut texts));
}

fn with_conversations(page: &ConversationPage, call: &mut dyn FnMut(&sw_conversation_page)) {
    let mut texts = Texts::default();
    let structs: Vec<sw_conversation> =
        page.conversations.iter().map(|entry| to_conversation(entry, &mut texts)).collect();
    let pointers: Vec<*const sw_conversation> = structs.iter().map(std::ptr::from_ref).collect();
    let [first_link, previous_link, next_link] = links(&page.links, &mut texts);
    call(&sw_conversation_page {
        struct_size: size_of::<sw_conversation_page>() as u32,
        has_next: page.has_next,
        has_previous: page.has_previous,
        conversations: list(&pointers),
        conversation_count: pointers.len(),
        first_link,
        previous_link,
        next_link,
    });
}

fn with_messages(page: &MessagePage, call: &mut dyn FnMut(&sw_message_page)) {
    let mut texts = Texts::default();
    let structs: Vec<sw_message> =
        page.messages.iter().map(|entry| to_message(entry, &mut texts)).collect();
    let pointers: Vec<*const sw_message> = structs.iter().map(std::ptr::from_ref).collect();
    let [first_link, previous_link, next_link] = links(&page.links, &mut texts);
    call(&sw_message_page {
        struct_size: size_of::<sw_message_page>() as u32,
        has_next: page.has_next,
        has_previous: page.has_previous,
        messages: list(&pointers),
        message_count: pointers.len(),
        first_link,
        previous_link,
        next_link,
    });
}

/// 0 leaves the size to the service.
fn page_size(size: u32) -> Option<u32> {
    (size != 0).then_some(size)
}

/// Reads the first page of the subscriber's conversations. Needs no session.
///
/// `client`: not null. `size`: 1 to 1000 conversations, 0 for the service's own page size.
/// Completion: `SW_ERR_INVALID_ARGUMENT` for the size, else those of `sw_client_subscriber_info`.
/// Any thread.
#[no_mangle]
pub extern "C" fn sw_client_conversations(
    client: *mut sw_client,
    size: u32,
    done: sw_conversation_page_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        let client = object.client.clone();
        let pending = pending(done.r#fn, done.user_data, with_conversations);
        let work = async move { client.conversations(page_size(size)).await };
        start(pending, object.until_freed(work))
    })
}

/// Reads the page of conversations that a link of another page leads to. Parameters and errors as
/// `sw_client_addresses_at`.
#[no_mangle]
pub extern "C" fn sw_client_conversations_at(
    client: *mut sw_client,
    link: *const c_char,
    done: sw_conversation_page_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let link = unsafe { text::required(link, "link")? };
        let client = object.client.clone();
        let pending = pending(done.r#fn, done.user_data, with_conversations);
        start(pending, object.until_freed(async move { client.conversations_at(&link).await }))
    })
}

/// Finds the conversation with an address, or begins it. Needs no session; joining twice gives the
/// same conversation.
///
/// `client`, `address_id`: not null; the other address; copied. `from_address_id`: nullable; which
/// of the own addresses takes part, by default the first one of the subscriber, which is read.
/// Completion: `SW_ERR_INVALID_ARGUMENT` for the own address, or when the subscriber has none;
/// `SW_ERR_REJECTED` for an address that the service does not know; else those of
/// `sw_client_subscriber_info`. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_join_conversation(
    client: *mut sw_client,
    address_id: *const c_char,
    from_address_id: *const c_char,
    done: sw_conversation_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let other = unsafe { text::required(address_id, "address_id")? };
        // SAFETY: as above.
        let own = unsafe { text::optional(from_address_id, "from_address_id")? };
        let client = object.client.clone();
        let pending = pending(done.r#fn, done.user_data, with_conversation);
        let work = async move { client.join_conversation(&other, own.as_deref()).await };
        start(pending, object.until_freed(work))
    })
}

/// Reads the first page of a conversation's messages, with the calls among them. Needs no session.
///
/// `client`, `conversation_id`: not null; copied. `size`: 1 to 1000 messages, 0 for the service's
/// own page size. Completion: `SW_ERR_NOT_FOUND` for an unknown conversation;
/// `SW_ERR_INVALID_ARGUMENT`; else those of `sw_client_subscriber_info`. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_messages(
    client: *mut sw_client,
    conversation_id: *const c_char,
    size: u32,
    done: sw_message_page_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(conversation_id, "conversation_id")? };
        let client = object.client.clone();
        let pending = pending(done.r#fn, done.user_data, with_messages);
        let work = async move { client.messages(&id, page_size(size)).await };
        start(pending, object.until_freed(work))
    })
}

/// Reads the page of messages that a link of another page leads to. Parameters and errors as
/// `sw_client_addresses_at`.
#[no_mangle]
pub extern "C" fn sw_client_messages_at(
    client: *mut sw_client,
    link: *const c_char,
    done: sw_message_page_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let link = unsafe { text::required(link, "link")? };
        let client = object.client.clone();
        let pending = pending(done.r#fn, done.user_data, with_messages);
        start(pending, object.until_freed(async move { client.messages_at(&link).await }))
    })
}
