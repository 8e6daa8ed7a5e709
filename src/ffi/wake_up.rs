//! `sw_client_register_device`, `sw_client_handle_push`, `sw_expected_call`: waking up for calls.

use super::client::sw_client;
use super::completion::{guard_with, start, sw_completion};
use super::control::sw_text_completion;
use super::guard::guard;
use super::handle;
use super::options::{self, sw_answer_options};
use super::record::pending;
use super::status::{sw_error, sw_status};
use super::text::{self, give, Out, Texts};
use crate::error::{Error, Result};
use crate::push::PushPayload;
use crate::rest::{Device, DeviceType};
use std::ffi::{c_char, c_void};

/// A call whose invite is on its way. Owned: `sw_expected_call_free`.
///
/// What is decided before the invite comes holds: an answer is given the moment that it comes, a
/// rejected call is refused then and not announced. Freeing it changes nothing.
pub struct sw_expected_call {
    _private: [u8; 0],
}

/// What a device is, and so who delivers its notifications. Numbers never change.
#[repr(C)]
pub enum sw_device_types {
    /// Apple's push service for calls (APNs VoIP).
    SW_DEVICE_TYPE_IOS = 1,
    /// Firebase Cloud Messaging.
    SW_DEVICE_TYPE_ANDROID = 2,
    /// Anything else.
    SW_DEVICE_TYPE_DESKTOP = 3,
}

/// Where an expected call stands. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_expected_call_states {
    /// Its invite has not come yet.
    SW_EXPECTED_CALL_WAITING = 0,
    /// Its invite is there; see `sw_client_call`. Final.
    SW_EXPECTED_CALL_ARRIVED = 1,
    /// The invite did not come in time. Final.
    SW_EXPECTED_CALL_EXPIRED = 2,
    /// The call was over before it could be taken. Final.
    SW_EXPECTED_CALL_OVER = 3,
    /// Given up by `sw_expected_call_cancel`. Final.
    SW_EXPECTED_CALL_CANCELLED = 4,
    /// The client was disconnected. Final.
    SW_EXPECTED_CALL_CLOSED = 5,
}

/// A registered device. Borrowed for the time of the completion. No text is NULL; a missing one is
/// empty.
#[repr(C)]
pub struct sw_device {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// One of `SW_DEVICE_TYPE_*`.
    pub device_type: i32,
    /// Identifier, for `sw_client_unregister_device`.
    pub id: *const c_char,
    /// The platform's token. A secret.
    pub device_token: *const c_char,
    /// Name to show.
    pub device_name: *const c_char,
    /// When it was registered (ISO 8601).
    pub registered_at: *const c_char,
    /// Key that opens this device's notifications, base64. A secret: keep it where the platform
    /// keeps secrets.
    pub push_notification_key: *const c_char,
}

/// As `sw_completion`, with a device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_device_completion {
    /// Nullable. `error` is NULL and `device` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            device: *const sw_device,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

fn with_device(device: &Device, call: &mut dyn FnMut(&sw_device)) {
    let mut texts = Texts::default();
    call(&sw_device {
        struct_size: size_of::<sw_device>() as u32,
        device_type: device.device_type as i32,
        id: texts.add(&device.id),
        device_token: texts.add(&device.device_token),
        device_name: texts.add(&device.device_name),
        registered_at: texts.add(&device.registered_at),
        push_notification_key: texts.add(&device.push_notification_key),
    });
}

fn device_type(number: i32) -> Result<DeviceType> {
    use sw_device_types::*;
    const IOS: i32 = SW_DEVICE_TYPE_IOS as i32;
    const ANDROID: i32 = SW_DEVICE_TYPE_ANDROID as i32;
    const DESKTOP: i32 = SW_DEVICE_TYPE_DESKTOP as i32;
    match number {
        IOS => Ok(DeviceType::Ios),
        ANDROID => Ok(DeviceType::Android),
        DESKTOP => Ok(DeviceType::Desktop),
        other => Err(Error::invalid(format!("device_type: {other} is no SW_DEVICE_TYPE_*"))),
    }
}

/// Registers this device for push notifications of calls. Needs no session.
///
/// `client`: not null. `device_type`: one of `SW_DEVICE_TYPE_*`. `device_token`: not null; what
/// the platform gave; copied. The answer's key opens the notifications. A device that is
/// registered should not be online as well, or calls come twice; this client announces each once
/// nevertheless. Newer deployments of the service send no notifications.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for the type. Completion: `SW_ERR_INVALID_ARGUMENT` for an
/// empty token; `SW_ERR_UNCERTAIN` when the answer was lost: registering again is safe;
/// `SW_ERR_NOT_FOUND` where the service has no push; `SW_ERR_REJECTED`; else those of
/// `sw_client_subscriber_info`. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_register_device(
    client: *mut sw_client,
    device_type: i32,
    device_token: *const c_char,
    done: sw_device_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        let kind = self::device_type(device_type)?;
        // SAFETY: the header asks for a text or NULL.
        let token = unsafe { text::required(device_token, "device_token")? };
        let client = object.client.clone();
        let pending = pending(done.r#fn, done.user_data, with_device);
        let work = async move { client.register_device(kind, &token).await };
        start(pending, object.until_freed(work))
    })
}

/// Takes the registration of a device back. Needs no session.
///
/// `client`, `device_id`: not null; copied. Completion: `SW_ERR_NOT_FOUND` for an id that is not
/// registered; `SW_ERR_INVALID_ARGUMENT` for an empty one; else those of
/// `sw_client_subscriber_info`. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_unregister_device(
    client: *mut sw_client,
    device_id: *const c_char,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(device_id, "device_id")? };
        let client = object.client.clone();
        let work = async move { client.unregister_device(&id).await };
        start(done.pending(), object.until_freed(work))
    })
}

/// Gives who calls, from the JSON text of a notification that announces a call, still encrypted:
/// to be shown at once. It is not authenticated.
///
/// `notification`, `out_name`, `out_number`, `out_has_video`: not null. Free both texts with
/// `sw_string_free`. Errors: `SW_ERR_INVALID_ARGUMENT` for any other notification;
/// `SW_ERR_PROTOCOL` for one that lacks something. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_parse_push(
    notification: *const c_char,
    out_name: *mut *mut c_char,
    out_number: *mut *mut c_char,
    out_has_video: *mut bool,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for a text or NULL.
        let notification = unsafe { text::required(notification, "notification")? };
        // SAFETY: the header asks for NULL or a place for the result.
        let name = unsafe { Out::required(out_name, "out_name")? };
        // SAFETY: as above.
        let number = unsafe { Out::required(out_number, "out_number")? };
        // SAFETY: as above.
        let has_video = unsafe { Out::required(out_has_video, "out_has_video")? };
        let payload = PushPayload::parse(&notification)?;
        give(&payload.incoming_caller_name, &name);
        give(&payload.incoming_caller_id, &number);
        has_video.set(payload.with_video);
        Ok(())
    })
}

/// Takes the call that a notification of the service announces, and gives its id for
/// `sw_client_call`: it rings.
///
/// Decrypts the notification, connects if the client is not connected, and announces the call by
/// `SW_CLIENT_EVENT_INCOMING_CALL` unless it was announced before: then it gives that call.
/// `client`, `notification`: not null; copied. `push_notification_key`: nullable; what
/// `sw_client_register_device` gave; by default what this client's own registration gave, else
/// what the subscriber info says. Completion: `SW_ERR_INVALID_ARGUMENT` for another notification
/// or a key that does not fit; `SW_ERR_NOT_SUPPORTED`, `SW_ERR_PROTOCOL`; those of
/// `sw_client_connect`; `SW_ERR_CALL_FAILED` if that call is over by now. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_handle_push(
    client: *mut sw_client,
    notification: *const c_char,
    push_notification_key: *const c_char,
    done: sw_text_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let notification = unsafe { text::required(notification, "notification")? };
        // SAFETY: as above.
        let key = unsafe { text::optional(push_notification_key, "push_notification_key")? };
        let client = object.client.clone();
        let work = async move {
            client.handle_push(&notification, key.as_deref()).await.map(|call| call.id())
        };
        start(done.pending(), object.until_freed(work))
    })
}

/// Waits for a call that was announced by other means than its invite: by a notification of the
/// application's own backend, which carries the call's id. It can be answered and rejected at once.
///
/// The invite comes when the client is connected and online, or with `sw_client_handle_push`; this
/// does not connect. `client`, `call_id`: not null; copied. `deadline_ms`: how long to wait, 1 to
/// 600000; 20000 suits most platforms. When it is over, what waits ends with `SW_ERR_TIMEOUT` and
/// `SW_CLIENT_EVENT_EXPECTED_CALL_OVER` tells. `out_expected`: not null; written on success; free
/// it with `sw_expected_call_free`.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for the id or the deadline; `SW_ERR_CLOSED` after
/// `sw_client_disconnect`; `SW_ERR_INVALID_STATE` when 256 calls are expected. Any thread; does
/// not block.
#[no_mangle]
pub extern "C" fn sw_client_expect_call(
    client: *mut sw_client,
    call_id: *const c_char,
    deadline_ms: u32,
    out_expected: *mut *mut sw_expected_call,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_expected, "out_expected")? };
        // SAFETY: the header asks for a text or NULL.
        let call_id = unsafe { text::required(call_id, "call_id")? };
        let expected = object.client.expect_call(&call_id, deadline_ms)?;
        out.set(handle::insert::<sw_expected_call>(expected)?);
        Ok(())
    })
}

/// Gives the id that was announced.
///
/// `expected`, `out_call_id`: not null. Free the text with `sw_string_free`. Any thread.
#[no_mangle]
pub extern "C" fn sw_expected_call_call_id(
    expected: *const sw_expected_call,
    out_call_id: *mut *mut c_char,
) -> sw_status {
    guard(|| {
        let expected = handle::get(expected)?;
        // SAFETY: the header asks for NULL or a place for the result.
        give(&expected.call_id(), &unsafe { Out::required(out_call_id, "out_call_id")? });
        Ok(())
    })
}

/// Gives where an expected call stands: one of `SW_EXPECTED_CALL_*`.
///
/// `expected`, `out_state`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_expected_call_state(
    expected: *const sw_expected_call,
    out_state: *mut i32,
) -> sw_status {
    guard(|| {
        let expected = handle::get(expected)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_state, "out_state")? }.set(expected.state() as i32);
        Ok(())
    })
}

/// Waits for the invite; then `sw_client_call` gives the call.
///
/// `expected`: not null. Completion: `SW_ERR_TIMEOUT` when the deadline passed;
/// `SW_ERR_CALL_FAILED` when the call was over before; `SW_ERR_CANCELLED` after
/// `sw_expected_call_cancel`; `SW_ERR_CLOSED` after the client's end. Any thread.
#[no_mangle]
pub extern "C" fn sw_expected_call_arrived(
    expected: *mut sw_expected_call,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let expected = handle::get(expected)?;
        start(done.pending(), async move { expected.arrived().await.map(drop) })
    })
}

/// Answers the call as soon as its invite is there; the completion tells when it is up.
///
/// `expected`: not null. `options`: nullable; copied. Completion: those of
/// `sw_expected_call_arrived` and `sw_call_answer`; `SW_ERR_INVALID_STATE` if it was answered or
/// rejected before. Any thread.
#[no_mangle]
pub extern "C" fn sw_expected_call_answer(
    expected: *mut sw_expected_call,
    options: *const sw_answer_options,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let expected = handle::get(expected)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let options = unsafe { options::answer(options)? };
        start(done.pending(), async move { expected.answer(options).await })
    })
}

/// Rejects the call as soon as its invite is there, as busy; the completion tells when that is
/// done. It is not announced then. Rejecting takes an answer back that could not be given yet.
///
/// `expected`: not null. Completion: those of `sw_expected_call_arrived` and `sw_call_reject`;
/// `SW_ERR_INVALID_STATE` if it was rejected before. An invite after the deadline is ignored. Any
/// thread.
#[no_mangle]
pub extern "C" fn sw_expected_call_reject(
    expected: *mut sw_expected_call,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let expected = handle::get(expected)?;
        start(done.pending(), async move { expected.reject().await })
    })
}

/// Gives up waiting, as when the platform took the announcement back. A call that comes
/// nevertheless is announced as any other. Does nothing once it arrived or ended.
///
/// `expected`: not null; the handle must still be freed. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_expected_call_cancel(expected: *mut sw_expected_call) -> sw_status {
    guard(|| {
        handle::get(expected)?.cancel();
        Ok(())
    })
}

/// Frees an expected call. What was decided holds.
///
/// `expected`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
/// thread, also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_expected_call_free(expected: *mut sw_expected_call) -> sw_status {
    guard(|| handle::release(expected).map(drop))
}
