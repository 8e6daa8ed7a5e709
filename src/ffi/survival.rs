//! What keeps a session and its calls alive: a changed network, another process.

use super::call::sw_call;
use super::client::{sw_client, ClientObject};
use super::guard::guard;
use super::handle;
use super::status::sw_status;
use super::text::{self, Out};
use std::ffi::c_char;
use std::sync::Arc;

/// Tells the client that the device's network changed: another Wi-Fi, mobile data instead of
/// Wi-Fi, a VPN, waking up. Call it from the platform's own notice; on Linux the client notices by
/// itself unless `ignores_network_changes` is set.
///
/// The connection to the service is checked at once, and made anew without a pause if it is dead.
/// Calls whose local address is gone make their media path anew (`SW_CALL_EVENT_RECOVERING`).
/// `client`: not null. Harmless when nothing changed. Errors: `SW_ERR_CLOSED` after
/// `sw_client_disconnect`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_client_network_changed(client: *const sw_client) -> sw_status {
    guard(|| {
        let object: Arc<ClientObject> = handle::get(client)?;
        object.client.network_changed()
    })
}

/// Gives the session and its answered calls as a text with which another process can go on, by
/// `resume_from`, when this one dies. A secret, like the token.
///
/// It is out of date with every `SW_CLIENT_EVENT_SESSION_READY` and
/// `SW_CLIENT_EVENT_SESSION_RECORD_CHANGED` and when a call is answered, ends or changes its media:
/// store it anew then.
/// Do not use it while this process lives: a session has one connection.
/// `client`, `out_record`: not null; `*out_record` is written on success; free it with
/// `sw_string_free`. Errors: `SW_ERR_NOT_CONNECTED` before the first connection; `SW_ERR_CLOSED`
/// after `sw_client_disconnect`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_client_session_record(
    client: *const sw_client,
    out_record: *mut *mut c_char,
) -> sw_status {
    guard(|| {
        let object: Arc<ClientObject> = handle::get(client)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_record, "out_record")? };
        text::give(object.client.session_record()?.expose(), &out);
        Ok(())
    })
}

/// Gives whether the media path is being made anew at this moment; the state stays
/// `SW_CALL_STATE_ACTIVE` or `SW_CALL_STATE_HELD`.
///
/// `call`, `out_is_recovering`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_is_recovering(
    call: *const sw_call,
    out_is_recovering: *mut bool,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_is_recovering, "out_is_recovering")? }.set(call.is_recovering());
        Ok(())
    })
}
