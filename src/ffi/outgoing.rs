//! `sw_outgoing_message`: a text on its way.

use super::client::sw_client;
use super::completion::{guard_with, start, sw_completion};
use super::guard::guard;
use super::handle;
use super::status::sw_status;
use super::text::{self, Out};
use std::ffi::c_char;

/// One text message to be sent. Owned: `sw_outgoing_message_free`.
///
/// The service has no key by which it would tell a repetition, so a lost answer leaves it open
/// whether the message arrived. `sw_outgoing_message_send` may be called again after any error: it
/// sends the text a second time only after the conversation's history showed that the first did
/// not arrive.
pub struct sw_outgoing_message {
    _private: [u8; 0],
}

/// Where an outgoing message stands. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_send_states {
    /// Not sent yet, or the service refused it: it is certainly not there.
    SW_SEND_STATE_UNSENT = 0,
    /// Being sent.
    SW_SEND_STATE_SENDING = 1,
    /// The service has it.
    SW_SEND_STATE_SENT = 2,
    /// The answer was lost: the service may have it or not.
    SW_SEND_STATE_UNCERTAIN = 3,
}

/// Makes a text message for a conversation; nothing is sent before `sw_outgoing_message_send`.
///
/// `client`, `conversation_id`, `from_address_id`, `text`: not null; copied; the ids are the
/// conversation's `id` and `from_address_id`; the text has 1 to 65536 bytes. `out_message`: not
/// null; written on success; free it with `sw_outgoing_message_free`. It may outlive the client.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for an empty id or text. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_client_compose_message(
    client: *mut sw_client,
    conversation_id: *const c_char,
    from_address_id: *const c_char,
    text: *const c_char,
    out_message: *mut *mut sw_outgoing_message,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_message, "out_message")? };
        // SAFETY: the header asks for texts or NULL, here and below.
        let conversation = unsafe { text::required(conversation_id, "conversation_id")? };
        // SAFETY: as above.
        let from = unsafe { text::required(from_address_id, "from_address_id")? };
        // SAFETY: as above.
        let text = unsafe { text::required(text, "text")? };
        let message = object.client.compose_message(&conversation, &from, &text)?;
        out.set(handle::insert::<sw_outgoing_message>(message)?);
        Ok(())
    })
}

/// Sends a message; the completion tells when the service has answered. Needs no session.
///
/// A sent message is not sent again: the second call is `SW_OK`. An uncertain one is looked for
/// first, and sent again only if it is not there. `message`: not null. Completion:
/// `SW_ERR_UNCERTAIN` when the answer was lost or the service failed: call this again to find out
/// and go on; `SW_ERR_REJECTED` for an unknown conversation or another's address;
/// `SW_ERR_INVALID_STATE` while it is being sent; `SW_ERR_NETWORK`, `SW_ERR_TLS`,
/// `SW_ERR_UNAUTHORIZED`, `SW_ERR_RATE_LIMITED`. Any thread.
#[no_mangle]
pub extern "C" fn sw_outgoing_message_send(
    message: *mut sw_outgoing_message,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let message = handle::get(message)?;
        start(done.pending(), async move { message.send().await })
    })
}

/// Looks into the conversation's history whether an uncertain message arrived; then the state is
/// `SENT` or `UNSENT`. In any other state it asks nobody.
///
/// The same text written by another device of the subscriber within two minutes is taken for it.
/// `message`: not null. Completion: as `sw_client_messages`; the message stays uncertain. Any
/// thread.
#[no_mangle]
pub extern "C" fn sw_outgoing_message_reconcile(
    message: *mut sw_outgoing_message,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let message = handle::get(message)?;
        start(done.pending(), async move { message.reconcile().await.map(drop) })
    })
}

/// Gives where a message stands: one of `SW_SEND_STATE_*`.
///
/// `message`, `out_state`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_outgoing_message_state(
    message: *const sw_outgoing_message,
    out_state: *mut i32,
) -> sw_status {
    guard(|| {
        let message = handle::get(message)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_state, "out_state")? }.set(message.state() as i32);
        Ok(())
    })
}

/// Frees a message. What is being sent goes on.
///
/// `message`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
/// thread, also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_outgoing_message_free(message: *mut sw_outgoing_message) -> sw_status {
    guard(|| handle::release(message).map(drop))
}
