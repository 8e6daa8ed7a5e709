//! Events of a client as a tagged C struct, borrowed for the time of one callback.

use super::client::sw_client;
use super::conversation::{sw_message, to_message};
use super::text::{c_string, pointer, Texts};
use crate::client::ClientEvent;
use std::ffi::{c_char, CString};

/// Where a client stands. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_client_states {
    /// Not connected, and not trying to.
    SW_CLIENT_STATE_DISCONNECTED = 0,
    /// The first connection is being made.
    SW_CLIENT_STATE_CONNECTING = 1,
    /// The session is up.
    SW_CLIENT_STATE_CONNECTED = 2,
    /// The connection was lost; calls are kept and it is being made again.
    SW_CLIENT_STATE_RECONNECTING = 3,
    /// Shut down. Final.
    SW_CLIENT_STATE_CLOSED = 4,
}

/// The kinds of client events. A newer library may send kinds that this list lacks: ignore them.
#[repr(C)]
pub enum sw_client_event_types {
    /// The session changed its state: `state`, `reason`.
    SW_CLIENT_EVENT_STATE_CHANGED = 1,
    /// The session is authorized: `is_resumed`, `token_expires_at`.
    SW_CLIENT_EVENT_SESSION_READY = 2,
    /// The connection was lost or could not be made, the next try follows by itself: `attempt`,
    /// `delay_ms`, `reason`.
    SW_CLIENT_EVENT_RETRY_SCHEDULED = 3,
    /// The service refused the token, and nobody had another one, the session is over: `code`,
    /// `reason`. Get a new token, call `sw_client_update_token`, and connect.
    SW_CLIENT_EVENT_AUTHORIZATION_FAILED = 4,
    /// Somebody calls, see `sw_client_call`: `call_id`, `from_name`, `from_number`, `to_name`,
    /// `to_number`, `has_video`, `user_variables_json`.
    SW_CLIENT_EVENT_INCOMING_CALL = 5,
    /// The session was made anew, and the service did not take this client as reachable again:
    /// `code`, `reason`. Call `sw_client_online` again.
    SW_CLIENT_EVENT_ONLINE_FAILED = 6,
    /// Somebody called and was refused as busy, see `sw_client_set_do_not_disturb`: `call_id`,
    /// `from_name`, `from_number`, `to_name`, `to_number`.
    SW_CLIENT_EVENT_CALL_DECLINED = 7,
    /// A call of a process before goes on in this one, answered, see `sw_client_call`: `call_id`,
    /// `is_inbound`, and as for `INCOMING_CALL` the other end in `from_name` and `from_number`, and
    /// what was dialled, or the own address that was called, in `to_number`.
    SW_CLIENT_EVENT_CALL_RESTORED = 20,
    /// A call of a process before could not be taken up, it is over: `call_id`, `reason`.
    SW_CLIENT_EVENT_RESTORE_FAILED = 21,
    /// `sw_client_session_record` gives something else than before: store it anew.
    SW_CLIENT_EVENT_SESSION_RECORD_CHANGED = 22,
    /// A message arrived in one of the subscriber's conversations: `message`.
    SW_CLIENT_EVENT_MESSAGE = 30,
    /// A message changed, replace the one that has its id: `message`.
    SW_CLIENT_EVENT_MESSAGE_UPDATED = 31,
    /// A call that was expected will not come, see `sw_client_expect_call`: `call_id`,
    /// `is_expired`.
    SW_CLIENT_EVENT_EXPECTED_CALL_OVER = 32,
    /// The token expires soon: `token_expires_at`. With credentials its replacement is on its way;
    /// otherwise call `sw_client_update_token`.
    SW_CLIENT_EVENT_TOKEN_EXPIRING = 40,
    /// The client has a new token, and the session goes on with it: `token_expires_at`.
    SW_CLIENT_EVENT_TOKEN_REFRESHED = 41,
    /// No new token could be had, or the service did not take it: `code`, `reason`, and `delay_ms`
    /// until the next try, 0 if there will be none.
    SW_CLIENT_EVENT_TOKEN_REFRESH_FAILED = 42,
    /// The session ended without being asked to, and its calls with it: `code`, `reason`.
    SW_CLIENT_EVENT_SESSION_ENDED = 43,
    /// The token cannot be bound to the device key, and is used as it is: `reason`.
    SW_CLIENT_EVENT_TOKEN_NOT_BOUND = 44,
    /// Any other event of the service that belongs to no call: `event_type`, `raw_json`.
    SW_CLIENT_EVENT_OTHER = 100,
}

/// An event of a client. Borrowed for the time of the callback, with all its texts. Fields that
/// the event's type does not name are 0 or NULL.
#[repr(C)]
pub struct sw_client_event {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// One of `SW_CLIENT_EVENT_*`.
    pub r#type: i32,
    /// The client; an invalid handle when it has been freed meanwhile.
    pub client: *mut sw_client,
    /// How many events were lost so far because the observer was too slow (more than 1024
    /// waited). 0 normally.
    pub missed_events: u64,
    /// `STATE_CHANGED`: one of `SW_CLIENT_STATE_*`.
    pub state: i32,
    /// `RETRY_SCHEDULED`: 1 for the first try after the loss.
    pub attempt: u32,
    /// `RETRY_SCHEDULED`, `TOKEN_REFRESH_FAILED`: how long it waits, in milliseconds.
    pub delay_ms: u32,
    /// `AUTHORIZATION_FAILED`, `ONLINE_FAILED`, `TOKEN_REFRESH_FAILED`, `SESSION_ENDED`: the
    /// service's code.
    pub code: i32,
    /// `SESSION_READY`, `TOKEN_EXPIRING`, `TOKEN_REFRESHED`: when the token expires, in seconds since 1970; 0 if not known.
    pub token_expires_at: i64,
    /// `SESSION_READY`: whether the service took up the earlier session and calls go on.
    pub is_resumed: bool,
    /// Why, for people; empty for expected changes.
    pub reason: *const c_char,
    /// `OTHER`: the service's name for the event.
    pub event_type: *const c_char,
    /// `OTHER`: the payload as JSON text.
    pub raw_json: *const c_char,
    /// `INCOMING_CALL`, `CALL_RESTORED`, `RESTORE_FAILED`: the call's id, for `sw_client_call`;
    /// `CALL_DECLINED`: the call's id.
    pub call_id: *const c_char,
    /// `INCOMING_CALL`, `CALL_DECLINED`: the caller's name for people; empty when there is none.
    pub from_name: *const c_char,
    /// `INCOMING_CALL`, `CALL_DECLINED`: the caller's address or number.
    pub from_number: *const c_char,
    /// `INCOMING_CALL`, `CALL_DECLINED`: the name of the own address that was called.
    pub to_name: *const c_char,
    /// `INCOMING_CALL`, `CALL_DECLINED`: the own address that was called.
    pub to_number: *const c_char,
    /// `INCOMING_CALL`: what the caller's scripts say, as the text of one JSON object.
    pub user_variables_json: *const c_char,
    /// `INCOMING_CALL`: whether the caller offers video; see `video` of the answer options.
    pub has_video: bool,
    /// `CALL_RESTORED`: whether the call had come in, else it had been dialled.
    pub is_inbound: bool,
    /// `EXPECTED_CALL_OVER`: whether the deadline passed; otherwise the caller gave up or another
    /// device took the call.
    pub is_expired: bool,
    /// `MESSAGE`, `MESSAGE_UPDATED`: the message.
    pub message: *const sw_message,
}

/// A C string for a field that the event's type names.
pub(super) fn some(text: &str) -> Option<CString> {
    Some(c_string(text))
}

/// Gives a client event to `call` as a C struct.
pub(super) fn with_client_event(
    event: &ClientEvent,
    client: *mut sw_client,
    missed_events: u64,
    call: impl FnOnce(&sw_client_event),
) {
    use sw_client_event_types::*;
    // SAFETY: integers, a bool and pointers: zero is valid for all of them.
    let mut raw: sw_client_event = unsafe { std::mem::zeroed() };
    let (mut why, mut name, mut json) = (None, None, None);
    let mut incoming: [Option<CString>; 6] = Default::default();
    let mut told = None;
    let event_type = match event {
        ClientEvent::StateChanged { state, reason } => {
            raw.state = *state as i32;
            why = some(reason);
            SW_CLIENT_EVENT_STATE_CHANGED
        }
        ClientEvent::SessionReady { is_resumed, token_expires_at } => {
            raw.is_resumed = *is_resumed;
            raw.token_expires_at = token_expires_at.unwrap_or(0);
            SW_CLIENT_EVENT_SESSION_READY
        }
        ClientEvent::RetryScheduled { attempt, delay_ms, reason } => {
            (raw.attempt, raw.delay_ms) = (*attempt, *delay_ms);
            why = some(reason);
            SW_CLIENT_EVENT_RETRY_SCHEDULED
        }
        ClientEvent::AuthorizationFailed { code, message } => {
            raw.code = *code;
            why = some(message);
            SW_CLIENT_EVENT_AUTHORIZATION_FAILED
        }
        ClientEvent::IncomingCall {
            call_id,
            from_name,
            from_number,
            to_name,
            to_number,
            has_video,
            user_variables_json,
        } => {
            raw.has_video = *has_video;
            incoming = [call_id, from_name, from_number, to_name, to_number, user_variables_json]
                .map(|text| some(text));
            SW_CLIENT_EVENT_INCOMING_CALL
        }
        ClientEvent::CallDeclined { call_id, from_name, from_number, to_name, to_number } => {
            let texts = [call_id, from_name, from_number, to_name, to_number];
            for (place, text) in incoming.iter_mut().zip(texts) {
                *place = some(text);
            }
            SW_CLIENT_EVENT_CALL_DECLINED
        }
        ClientEvent::Message { message } => {
            told = Some(message);
            SW_CLIENT_EVENT_MESSAGE
        }
        ClientEvent::MessageUpdated { message } => {
            told = Some(message);
            SW_CLIENT_EVENT_MESSAGE_UPDATED
        }
        ClientEvent::ExpectedCallOver { call_id, is_expired } => {
            raw.is_expired = *is_expired;
            incoming[0] = some(call_id);
            SW_CLIENT_EVENT_EXPECTED_CALL_OVER
        }
        ClientEvent::OnlineFailed { code, message } => {
            raw.code = *code;
            why = some(message);
            SW_CLIENT_EVENT_ONLINE_FAILED
        }
        ClientEvent::CallRestored {
            call_id,
            is_inbound,
            remote_name,
            remote_number,
            destination,
        } => {
            raw.is_inbound = *is_inbound;
            let texts = [call_id, remote_name, remote_number].map(|text| some(text));
            let [call_id, name, number] = texts;
            incoming = [call_id, name, number, None, some(destination), None];
            SW_CLIENT_EVENT_CALL_RESTORED
        }
        ClientEvent::RestoreFailed { call_id, message } => {
            incoming[0] = some(call_id);
            why = some(message);
            SW_CLIENT_EVENT_RESTORE_FAILED
        }
        ClientEvent::SessionRecordChanged => SW_CLIENT_EVENT_SESSION_RECORD_CHANGED,
        ClientEvent::TokenExpiring { expires_at, .. } => {
            raw.token_expires_at = *expires_at;
            SW_CLIENT_EVENT_TOKEN_EXPIRING
        }
        ClientEvent::TokenRefreshed { token_expires_at } => {
            raw.token_expires_at = token_expires_at.unwrap_or(0);
            SW_CLIENT_EVENT_TOKEN_REFRESHED
        }
        ClientEvent::TokenRefreshFailed { code, message, next_try_ms } => {
            (raw.code, raw.delay_ms) = (*code, next_try_ms.unwrap_or(0));
            why = some(message);
            SW_CLIENT_EVENT_TOKEN_REFRESH_FAILED
        }
        ClientEvent::SessionEnded { code, message } => {
            raw.code = *code;
            why = some(message);
            SW_CLIENT_EVENT_SESSION_ENDED
        }
        ClientEvent::TokenNotBound { message } => {
            why = some(message);
            SW_CLIENT_EVENT_TOKEN_NOT_BOUND
        }
        ClientEvent::Other { event_type, raw_json } => {
            (name, json) = (some(event_type), some(raw_json));
            SW_CLIENT_EVENT_OTHER
        }
    };
    raw.struct_size = size_of::<sw_client_event>() as u32;
    raw.r#type = event_type as i32;
    (raw.client, raw.missed_events) = (client, missed_events);
    (raw.reason, raw.event_type, raw.raw_json) = (pointer(&why), pointer(&name), pointer(&json));
    let [call_id, from_name, from_number, to_name, to_number, user_variables] = &incoming;
    (raw.call_id, raw.user_variables_json) = (pointer(call_id), pointer(user_variables));
    (raw.from_name, raw.from_number) = (pointer(from_name), pointer(from_number));
    (raw.to_name, raw.to_number) = (pointer(to_name), pointer(to_number));
    let mut texts = Texts::default();
    let message = told.map(|message| to_message(message, &mut texts));
    raw.message = message.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    call(&raw);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientState;
    use std::ffi::CStr;

    #[test]
    fn state_numbers_are_those_of_the_core() {
        use sw_client_states::*;
        for (core, c) in [
            (ClientState::Disconnected, SW_CLIENT_STATE_DISCONNECTED),
            (ClientState::Connecting, SW_CLIENT_STATE_CONNECTING),
            (ClientState::Connected, SW_CLIENT_STATE_CONNECTED),
            (ClientState::Reconnecting, SW_CLIENT_STATE_RECONNECTING),
            (ClientState::Closed, SW_CLIENT_STATE_CLOSED),
        ] {
            assert_eq!(core as i32, c as i32);
        }
    }

    #[test]
    fn restored_calls_have_their_fields() {
        let restored = ClientEvent::CallRestored {
            call_id: "c".into(),
            is_inbound: true,
            remote_name: "Bob".into(),
            remote_number: "/private/bob".into(),
            destination: "/private/me".into(),
        };
        with_client_event(&restored, std::ptr::null_mut(), 0, |event| {
            assert_eq!(event.r#type, sw_client_event_types::SW_CLIENT_EVENT_CALL_RESTORED as i32);
            // SAFETY: the event's own texts.
            let texts = unsafe {
                [event.call_id, event.from_name, event.from_number, event.to_number]
                    .map(|text| CStr::from_ptr(text))
            };
            assert_eq!(texts, [c"c", c"Bob", c"/private/bob", c"/private/me"]);
            assert!(event.is_inbound && event.to_name.is_null());
        });
        let failed = ClientEvent::RestoreFailed { call_id: "c".into(), message: "gone".into() };
        with_client_event(&failed, std::ptr::null_mut(), 0, |event| {
            // SAFETY: the event's own text.
            assert_eq!(unsafe { CStr::from_ptr(event.reason) }, c"gone");
            assert!(!event.call_id.is_null() && event.from_name.is_null());
        });
    }
}
