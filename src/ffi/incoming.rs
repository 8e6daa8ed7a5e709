//! `sw_client_online` and what follows: calls that come in.

use super::call::sw_call;
use super::client::sw_client;
use super::completion::{guard_with, start, sw_completion};
use super::guard::guard;
use super::handle;
use super::observer::sw_call_observer;
use super::options::{self, sw_answer_options};
use super::status::sw_status;
use super::text::{self, give, Out};
use super::versioned;
use crate::call::DoNotDisturb;
use crate::error::{Error, ErrorKind};
use crate::runtime;
use std::ffi::c_char;

/// Who called whom. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_directions {
    /// Dialled here.
    SW_DIRECTION_OUTBOUND = 0,
    /// Somebody called this subscriber.
    SW_DIRECTION_INBOUND = 1,
}

/// Makes the client reachable: from now on calls come in as `SW_CLIENT_EVENT_INCOMING_CALL`, also
/// after a reconnection. Being online twice is `SW_OK`.
///
/// A device that is registered for push should not be online as well: calls would come twice.
/// `client`: not null. Completion: `SW_ERR_NOT_CONNECTED` before `sw_client_connect`;
/// `SW_ERR_REJECTED` (guest and invite tokens cannot be called); `SW_ERR_TIMEOUT`;
/// `SW_ERR_CLOSED`; `SW_ERR_CANCELLED` when freed meanwhile. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_online(client: *mut sw_client, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let object = handle::get(client)?;
        let client = object.client.clone();
        start(done.pending(), object.until_freed(async move { client.online().await }))
    })
}

/// Undoes `sw_client_online`; calls that are up go on. Same parameters and errors.
#[no_mangle]
pub extern "C" fn sw_client_offline(client: *mut sw_client, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let object = handle::get(client)?;
        let client = object.client.clone();
        start(done.pending(), object.until_freed(async move { client.offline().await }))
    })
}

/// When calls that come in are refused as busy instead of being announced. Numbers never change.
#[repr(C)]
pub enum sw_do_not_disturb_modes {
    /// Never: every call rings.
    SW_DO_NOT_DISTURB_OFF = 0,
    /// While this client is in a call: one that was dialled here and is not over, or one that came
    /// in and was answered. Calls that only ring do not count.
    SW_DO_NOT_DISTURB_IN_CALLS = 1,
    /// Always.
    SW_DO_NOT_DISTURB_ALWAYS = 2,
}

/// Sets which calls that come in are refused as busy from now on, without being announced: each
/// is an `SW_CLIENT_EVENT_CALL_DECLINED`. Calls that ring already ring on, and the subscriber's
/// other devices ring in any case. Off at first.
///
/// `client`: not null. `mode`: one of `SW_DO_NOT_DISTURB_*`. Errors: `SW_ERR_INVALID_ARGUMENT` for
/// another mode. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_client_set_do_not_disturb(client: *mut sw_client, mode: i32) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        let modes = [DoNotDisturb::Off, DoNotDisturb::InCalls, DoNotDisturb::Always];
        let mode = modes.into_iter().find(|known| number(*known) == mode).ok_or_else(|| {
            Error::invalid(format!("mode must be one of SW_DO_NOT_DISTURB_*; got {mode}"))
        })?;
        object.client.set_do_not_disturb(mode);
        Ok(())
    })
}

fn number(mode: DoNotDisturb) -> i32 {
    use sw_do_not_disturb_modes::*;
    let number = match mode {
        DoNotDisturb::Off => SW_DO_NOT_DISTURB_OFF,
        DoNotDisturb::InCalls => SW_DO_NOT_DISTURB_IN_CALLS,
        DoNotDisturb::Always => SW_DO_NOT_DISTURB_ALWAYS,
    };
    number as i32
}

/// Gives a call of this client by its id: the one that `SW_CLIENT_EVENT_INCOMING_CALL` announced.
///
/// `client`, `id`: not null. `observer`: nullable; copied; hears the call's events, the first
/// one from the call's beginning. `out_call`: not null; written on success, before the observer's
/// first event; release it with `sw_call_unref`. Each call of the function gives another handle.
/// Errors: `SW_ERR_NOT_FOUND` if the call is over by now or never was. Any thread, also inside
/// callbacks; does not block.
#[no_mangle]
pub extern "C" fn sw_client_call(
    client: *mut sw_client,
    id: *const c_char,
    observer: *const sw_call_observer,
    out_call: *mut *mut sw_call,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_call, "out_call")? };
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let observer = unsafe { versioned::read(observer, "observer")? };
        runtime::ensure()?;
        let call = object.client.call(&id).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there is no such call; it may be over by now")
        })?;
        let nobody = sw_completion { r#fn: None, user_data: std::ptr::null_mut() };
        super::call::adopt(call, observer, &out, nobody)
    })
}

/// Gives whether a call was dialled here or came in: one of `SW_DIRECTION_*`.
///
/// `call`, `out_direction`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_direction(call: *const sw_call, out_direction: *mut i32) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_direction, "out_direction")? }.set(call.direction() as i32);
        Ok(())
    })
}

/// Gives who is at the other end: the caller of a call that came in, else what was dialled.
///
/// `call`, `out_name`, `out_number`: not null. The name is for people and empty when the service
/// knows none; the number is an address (`/private/bob`) or a number. Free both texts with
/// `sw_string_free`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_remote_party(
    call: *const sw_call,
    out_name: *mut *mut c_char,
    out_number: *mut *mut c_char,
) -> sw_status {
    guard(|| {
        let party = handle::get(call)?.remote_party();
        // SAFETY: the header asks for NULL or a place for the result.
        let name = unsafe { Out::required(out_name, "out_name")? };
        // SAFETY: as above.
        let number = unsafe { Out::required(out_number, "out_number")? };
        give(&party.name, &name);
        give(&party.number, &number);
        Ok(())
    })
}

/// Answers a call that came in with audio both ways; the completion tells when it is up.
///
/// `call`: not null. `options`: nullable; copied.
/// Completion: `SW_ERR_INVALID_ARGUMENT` for an option that cannot be; `SW_ERR_INVALID_STATE` for
/// a call that was dialled here or is answered already; `SW_ERR_CLOSED` after its end;
/// `SW_ERR_CALL_FAILED` when the caller gave up meanwhile, another device was faster, or no
/// common media was found. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_answer(
    call: *mut sw_call,
    options: *const sw_answer_options,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let options = unsafe { options::answer(options)? };
        start(done.pending(), async move { call.answer(options).await })
    })
}

/// Refuses a call that came in as busy; the completion tells when the service has confirmed,
/// after 2 s at most. The subscriber's other devices ring on.
///
/// `call`: not null; the handle must still be released. Completion: `SW_ERR_INVALID_STATE` for a
/// call that was dialled here or is answered already; `SW_ERR_CLOSED` after its end. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_reject(call: *mut sw_call, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.reject().await })
    })
}

/// Refuses a call that came in on all the subscriber's devices; same parameters and errors as
/// `sw_call_reject`.
#[no_mangle]
pub extern "C" fn sw_call_reject_everywhere(call: *mut sw_call, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.reject_everywhere().await })
    })
}
