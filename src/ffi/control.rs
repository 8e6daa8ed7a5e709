//! `sw_call_subscribe`, `sw_call_execute`: what the service has beyond this library's functions.

use super::call::sw_call;
use super::completion::{call_with, guard_with, start, sw_completion, Pending, Pointer};
use super::guard::guard;
use super::handle;
use super::status::{sw_error, sw_status, OK};
use super::text::{self, c_string};
use std::ffi::{c_char, c_void};

/// As `sw_completion`, with a text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_text_completion {
    /// Nullable. `error` is NULL and `text` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            text: *const c_char,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

impl sw_text_completion {
    pub(super) fn pending(self) -> Pending<String> {
        let Some(function) = self.r#fn else { return Pending::new(None) };
        let data = Pointer(self.user_data);
        Pending::new(Some(Box::new(move |result| match result {
            Ok(text) => {
                let text = c_string(&text);
                // SAFETY: the header says that `fn` is such a function.
                unsafe { function(OK, std::ptr::null(), text.as_ptr(), data.get()) }
            }
            Err(error) => call_with(&Some(error), |status, error| {
                // SAFETY: as above.
                unsafe { function(status, error, std::ptr::null(), data.get()) }
            }),
        })))
    }
}

/// Asks the service for one more type of event during this call, such as `user_event`; they come
/// as `SW_CALL_EVENT_OTHER`, or as the event of their own that a type has here. For what an AI
/// agent says see `sw_call_subscribe_transcript`. Subscribing twice is `SW_OK`. When the service
/// takes the call up in another session, they are asked for again.
///
/// `call`: not null. `event_type`: not null, 1 to 256 characters; copied; which types there are
/// the service decides. Completion: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INVALID_STATE` unless
/// answered, and for more than 256 types; `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` (retry is safe);
/// `SW_ERR_REJECTED`. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_subscribe(
    call: *mut sw_call,
    event_type: *const c_char,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a text or NULL.
        let event_type = unsafe { text::required(event_type, "event_type")? };
        start(done.pending(), async move { call.subscribe(&event_type).await })
    })
}

/// Asks for what is said in a conversation with an AI agent, from now on:
/// `SW_CALL_EVENT_TRANSCRIPT`. Subscribing twice is `SW_OK`.
///
/// `call`: not null. Completions as for `sw_call_subscribe`; asking again is safe. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_subscribe_transcript(
    call: *mut sw_call,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.subscribe_transcript().await })
    })
}

/// Sends any `call.*` request of the service, and gives the text of its JSON result: for what
/// this library has no function for.
///
/// `call`: not null. `method`: not null, such as `call.raisehand`; copied. `params_json`:
/// nullable, the text of one JSON object; copied. `self`, who asks, is added unless given;
/// `target`, who is acted on, is the own member unless `target` or `targets` is given. Another
/// member is named by its three ids, `member_id`, `call_id` and `node_id`, as its events have them.
/// Completion: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INVALID_STATE` unless answered and joined;
/// `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` (unsure whether it was done); `SW_ERR_NOT_FOUND` for a method
/// that the service lacks; `SW_ERR_REJECTED` with the service's code. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_execute(
    call: *mut sw_call,
    method: *const c_char,
    params_json: *const c_char,
    done: sw_text_completion,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a text or NULL.
        let method = unsafe { text::required(method, "method")? };
        // SAFETY: as above.
        let params = unsafe { text::optional(params_json, "params_json")? };
        start(done.pending(), async move { call.execute(&method, params.as_deref()).await })
    })
}
