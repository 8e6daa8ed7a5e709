//! Events as tagged C structs, borrowed for the time of one callback.

use super::call::sw_call;
use super::client::sw_client;
use super::stats::{sw_end_reason, to_end_reason};
use super::text::{c_string, pointer};
use super::video::direction_number;
use crate::call::CallEvent;
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
    /// The service refused the token, the session is over: `code`, `reason`. Make a new client
    /// with a new token.
    SW_CLIENT_EVENT_AUTHORIZATION_FAILED = 4,
    /// Somebody calls, see `sw_client_call`: `call_id`, `from_name`, `from_number`, `to_name`,
    /// `to_number`, `has_video`, `user_variables_json`.
    SW_CLIENT_EVENT_INCOMING_CALL = 5,
    /// The session was made anew, and the service did not take this client as reachable again:
    /// `code`, `reason`. Call `sw_client_online` again.
    SW_CLIENT_EVENT_ONLINE_FAILED = 6,
    /// A call of a process before goes on in this one, answered, see `sw_client_call`: `call_id`,
    /// `is_inbound`, and as for `INCOMING_CALL` the other end in `from_name` and `from_number`, and
    /// what was dialled, or the own address that was called, in `to_number`.
    SW_CLIENT_EVENT_CALL_RESTORED = 20,
    /// A call of a process before could not be taken up, it is over: `call_id`, `reason`.
    SW_CLIENT_EVENT_RESTORE_FAILED = 21,
    /// `sw_client_session_record` gives something else than before: store it anew.
    SW_CLIENT_EVENT_SESSION_RECORD_CHANGED = 22,
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
    /// `RETRY_SCHEDULED`: how long it waits, in milliseconds.
    pub delay_ms: u32,
    /// `AUTHORIZATION_FAILED`, `ONLINE_FAILED`: the service's code.
    pub code: i32,
    /// `SESSION_READY`: when the token expires, in seconds since 1970; 0 if not known.
    pub token_expires_at: i64,
    /// `SESSION_READY`: whether the service took up the earlier session and calls go on.
    pub is_resumed: bool,
    /// Why, for people; empty for expected changes.
    pub reason: *const c_char,
    /// `OTHER`: the service's name for the event.
    pub event_type: *const c_char,
    /// `OTHER`: the payload as JSON text.
    pub raw_json: *const c_char,
    /// `INCOMING_CALL`, `CALL_RESTORED`, `RESTORE_FAILED`: the call's id, for `sw_client_call`.
    pub call_id: *const c_char,
    /// `INCOMING_CALL`: the caller's name for people; empty when there is none.
    pub from_name: *const c_char,
    /// `INCOMING_CALL`: the caller's address or number.
    pub from_number: *const c_char,
    /// `INCOMING_CALL`: the name of the own address that was called.
    pub to_name: *const c_char,
    /// `INCOMING_CALL`: the own address that was called.
    pub to_number: *const c_char,
    /// `INCOMING_CALL`: what the caller's scripts say, as the text of one JSON object.
    pub user_variables_json: *const c_char,
    /// `INCOMING_CALL`: whether the caller offers video; see `video` of the answer options.
    pub has_video: bool,
    /// `CALL_RESTORED`: whether the call had come in, else it had been dialled.
    pub is_inbound: bool,
}

/// Where a call stands. Numbers never change.
///
/// States may be skipped forward, never backward, except between `ACTIVE` and `HELD`.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_call_states {
    /// Made here; nothing was sent yet.
    SW_CALL_STATE_NEW = 0,
    /// The service accepted the invite; the far side is not known to ring yet.
    SW_CALL_STATE_TRYING = 1,
    /// The far side rings; there is no media: play your own ring-back tone. A call that came in
    /// waits to be answered or rejected here.
    SW_CALL_STATE_RINGING = 2,
    /// The far side sends media before the answer.
    SW_CALL_STATE_EARLY = 3,
    /// Answered.
    SW_CALL_STATE_ACTIVE = 4,
    /// Answered and on hold: no media flows.
    SW_CALL_STATE_HELD = 5,
    /// Hanging up; the service has not confirmed yet.
    SW_CALL_STATE_ENDING = 6,
    /// Over; see `sw_call_end_reason`. Final.
    SW_CALL_STATE_ENDED = 7,
}

/// The kinds of call events. A newer library may send kinds that this list lacks: ignore them.
#[repr(C)]
pub enum sw_call_event_types {
    /// The call changed its state: `state`, `previous_state`.
    SW_CALL_EVENT_STATE_CHANGED = 1,
    /// ICE and DTLS are up, audio flows from here on: `codec`.
    SW_CALL_EVENT_MEDIA_CONNECTED = 2,
    /// The media path was lost: nothing is heard of the far side. The call goes on, and a second
    /// later a new path is tried unless the old one came back (`MEDIA_CONNECTED`).
    SW_CALL_EVENT_MEDIA_LOST = 3,
    /// The service put this leg into a session; there may be several: `call_id`, `member_id`,
    /// `room_session_id`, `capabilities`, `raw_json`.
    SW_CALL_EVENT_JOINED = 4,
    /// A member changed, own or foreign: `member_id`, `audio_muted`, `video_muted`, `raw_json`.
    SW_CALL_EVENT_MEMBER_UPDATED = 5,
    /// The call is over, the last event: `end_reason`.
    SW_CALL_EVENT_ENDED = 6,
    /// The media path is being made anew: `attempt`, `reason`. After three tries, at most 60 s, the
    /// call ends with `SW_END_KIND_MEDIA_FAILED`.
    SW_CALL_EVENT_RECOVERING = 20,
    /// Media flow again after `RECOVERING`: `gap_ms`.
    SW_CALL_EVENT_RECOVERED = 21,
    /// The path of the video is up: frames may be pushed from here on, a key frame first: `codec`.
    SW_CALL_EVENT_VIDEO_CONNECTED = 30,
    /// Both sides agreed on other directions than before: `audio_direction`, `video_direction`.
    SW_CALL_EVENT_MEDIA_CHANGED = 31,
    /// The next frame that is pushed should be a key frame.
    SW_CALL_EVENT_KEY_FRAME_REQUESTED = 32,
    /// The far side takes no more video than this from now on: `bits_per_second`.
    SW_CALL_EVENT_VIDEO_BITRATE_LIMIT = 33,
    /// Any other event of the service for this call: `event_type`, `raw_json`.
    SW_CALL_EVENT_OTHER = 100,
}

/// An event of a call. Borrowed for the time of the callback, with all its texts. Fields that
/// the event's type does not name are 0 or NULL, `audio_muted` and `video_muted` -1.
#[repr(C)]
pub struct sw_call_event {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// One of `SW_CALL_EVENT_*`.
    pub r#type: i32,
    /// The call as `sw_client_dial` gave it, without a reference of its own; an invalid handle
    /// when the application has released it meanwhile.
    pub call: *mut sw_call,
    /// How many events were lost so far because the observer was too slow (more than 1024
    /// waited). 0 normally.
    pub missed_events: u64,
    /// `STATE_CHANGED`: the new one of `SW_CALL_STATE_*`.
    pub state: i32,
    /// `STATE_CHANGED`: the one before.
    pub previous_state: i32,
    /// `MEMBER_UPDATED`: 1 muted microphone, 0 not muted, -1 not said.
    pub audio_muted: i32,
    /// `MEMBER_UPDATED`: 1 muted camera, 0 not muted, -1 not said.
    pub video_muted: i32,
    /// `MEDIA_CONNECTED`, `VIDEO_CONNECTED`: SDP name of the codec: `opus`, `PCMU` or `PCMA`; `VP8`
    /// or `H264`.
    pub codec: *const c_char,
    /// `JOINED`: the call id of this segment.
    pub call_id: *const c_char,
    /// `JOINED`: the own member; `MEMBER_UPDATED`: which member.
    pub member_id: *const c_char,
    /// `JOINED`: the session.
    pub room_session_id: *const c_char,
    /// `JOINED`: what this member may do, as the service words it: `capability_count` texts.
    pub capabilities: *const *const c_char,
    /// Number of texts in `capabilities`.
    pub capability_count: usize,
    /// `ENDED`: why.
    pub end_reason: *const sw_end_reason,
    /// `OTHER`: the service's name for the event.
    pub event_type: *const c_char,
    /// `JOINED`, `MEMBER_UPDATED`, `OTHER`: the payload as JSON text.
    pub raw_json: *const c_char,
    /// `RECOVERING`: what made it necessary, or what the try before failed for; for people.
    pub reason: *const c_char,
    /// `RECOVERING`: 1 for the first try.
    pub attempt: u32,
    /// `RECOVERED`: how long nothing was heard of the far side, in milliseconds.
    pub gap_ms: u32,
    /// `MEDIA_CHANGED`: one of `SW_MEDIA_DIRECTION_*`.
    pub audio_direction: i32,
    /// `MEDIA_CHANGED`: one of `SW_MEDIA_DIRECTION_*`.
    pub video_direction: i32,
    /// `VIDEO_BITRATE_LIMIT`: the most that the far side takes.
    pub bits_per_second: u64,
}

fn some(text: &str) -> Option<CString> {
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
    call(&raw);
}

/// What a call event's struct points to.
#[derive(Default)]
struct CallTexts {
    codec: Option<CString>,
    call_id: Option<CString>,
    member_id: Option<CString>,
    room_session_id: Option<CString>,
    capabilities: Vec<CString>,
    end_reason: Option<sw_end_reason>,
    event_type: Option<CString>,
    raw_json: Option<CString>,
    reason: Option<CString>,
}

/// Gives a call event to `deliver` as a C struct.
pub(super) fn with_call_event(
    event: &CallEvent,
    call: *mut sw_call,
    missed_events: u64,
    deliver: impl FnOnce(&sw_call_event),
) {
    // SAFETY: integers and pointers: zero is valid for all of them.
    let mut raw: sw_call_event = unsafe { std::mem::zeroed() };
    let mut texts = CallTexts::default();
    (raw.audio_muted, raw.video_muted) = (-1, -1);
    raw.r#type = convert(event, &mut raw, &mut texts) as i32;
    let capabilities: Vec<_> = texts.capabilities.iter().map(|text| text.as_ptr()).collect();
    if !capabilities.is_empty() {
        (raw.capabilities, raw.capability_count) = (capabilities.as_ptr(), capabilities.len());
    }
    raw.struct_size = size_of::<sw_call_event>() as u32;
    (raw.call, raw.missed_events) = (call, missed_events);
    raw.codec = pointer(&texts.codec);
    raw.call_id = pointer(&texts.call_id);
    raw.member_id = pointer(&texts.member_id);
    raw.room_session_id = pointer(&texts.room_session_id);
    raw.end_reason = texts.end_reason.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    raw.event_type = pointer(&texts.event_type);
    raw.raw_json = pointer(&texts.raw_json);
    raw.reason = pointer(&texts.reason);
    deliver(&raw);
}

fn convert(
    event: &CallEvent,
    raw: &mut sw_call_event,
    texts: &mut CallTexts,
) -> sw_call_event_types {
    use sw_call_event_types::*;
    let flag = |value: &Option<bool>| value.map_or(-1, i32::from);
    match event {
        CallEvent::StateChanged { state, previous } => {
            (raw.state, raw.previous_state) = (*state as i32, *previous as i32);
            SW_CALL_EVENT_STATE_CHANGED
        }
        CallEvent::MediaConnected { codec } => {
            texts.codec = some(codec);
            SW_CALL_EVENT_MEDIA_CONNECTED
        }
        CallEvent::MediaLost => SW_CALL_EVENT_MEDIA_LOST,
        CallEvent::Recovering { reason, attempt } => {
            (texts.reason, raw.attempt) = (some(reason), *attempt);
            SW_CALL_EVENT_RECOVERING
        }
        CallEvent::Recovered { gap_ms } => {
            raw.gap_ms = *gap_ms;
            SW_CALL_EVENT_RECOVERED
        }
        CallEvent::VideoConnected { codec } => {
            texts.codec = some(codec);
            SW_CALL_EVENT_VIDEO_CONNECTED
        }
        CallEvent::MediaChanged { directions } => {
            raw.audio_direction = direction_number(directions.audio);
            raw.video_direction = direction_number(directions.video);
            SW_CALL_EVENT_MEDIA_CHANGED
        }
        CallEvent::KeyFrameRequested => SW_CALL_EVENT_KEY_FRAME_REQUESTED,
        CallEvent::VideoBitrateLimit { bits_per_second } => {
            raw.bits_per_second = *bits_per_second;
            SW_CALL_EVENT_VIDEO_BITRATE_LIMIT
        }
        CallEvent::Joined { call_id, member_id, room_session_id, capabilities, raw_json } => {
            (texts.call_id, texts.member_id) = (some(call_id), some(member_id));
            (texts.room_session_id, texts.raw_json) = (some(room_session_id), some(raw_json));
            texts.capabilities = capabilities.iter().map(|text| c_string(text)).collect();
            SW_CALL_EVENT_JOINED
        }
        CallEvent::MemberUpdated { member_id, audio_muted, video_muted, raw_json, .. } => {
            (texts.member_id, texts.raw_json) = (some(member_id), some(raw_json));
            (raw.audio_muted, raw.video_muted) = (flag(audio_muted), flag(video_muted));
            SW_CALL_EVENT_MEMBER_UPDATED
        }
        CallEvent::Ended { reason } => {
            texts.end_reason = Some(to_end_reason(reason));
            SW_CALL_EVENT_ENDED
        }
        CallEvent::Other { event_type, raw_json } => {
            (texts.event_type, texts.raw_json) = (some(event_type), some(raw_json));
            SW_CALL_EVENT_OTHER
        }
        // No types of their own in C: the service's name and payload say the same.
        CallEvent::MediaParamsRequested { raw_json, .. } => {
            other("verto.mediaParams", raw_json, texts)
        }
        CallEvent::SegmentLeft { raw_json, .. } => other("call.left", raw_json, texts),
        CallEvent::MemberJoined { raw_json, .. } => other("member.joined", raw_json, texts),
        CallEvent::MemberTalking { raw_json, .. } => other("member.talking", raw_json, texts),
        CallEvent::MemberLeft { raw_json, .. } => other("member.left", raw_json, texts),
        CallEvent::LayoutChanged { raw_json, .. } => other("layout.changed", raw_json, texts),
        CallEvent::ServerStateChanged { raw_json, .. } => other("call.state", raw_json, texts),
    }
}

fn other(event_type: &str, raw_json: &str, texts: &mut CallTexts) -> sw_call_event_types {
    (texts.event_type, texts.raw_json) = (some(event_type), some(raw_json));
    sw_call_event_types::SW_CALL_EVENT_OTHER
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallState;
    use crate::client::ClientState;
    use std::ffi::CStr;

    #[test]
    fn state_numbers_are_those_of_the_core() {
        use sw_call_states::*;
        use sw_client_states::*;
        for (core, c) in [
            (CallState::New, SW_CALL_STATE_NEW),
            (CallState::Trying, SW_CALL_STATE_TRYING),
            (CallState::Ringing, SW_CALL_STATE_RINGING),
            (CallState::Early, SW_CALL_STATE_EARLY),
            (CallState::Active, SW_CALL_STATE_ACTIVE),
            (CallState::Held, SW_CALL_STATE_HELD),
            (CallState::Ending, SW_CALL_STATE_ENDING),
            (CallState::Ended, SW_CALL_STATE_ENDED),
        ] {
            assert_eq!(core as i32, c as i32);
        }
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
    fn texts_are_there_where_the_type_names_them_and_null_elsewhere() {
        let joined = CallEvent::Joined {
            call_id: "c".into(),
            member_id: "m".into(),
            room_session_id: "r".into(),
            capabilities: vec!["self".into(), "member".into()],
            raw_json: "{}".into(),
        };
        with_call_event(&joined, std::ptr::null_mut(), 3, |event| {
            assert_eq!(event.r#type, sw_call_event_types::SW_CALL_EVENT_JOINED as i32);
            assert_eq!((event.capability_count, event.missed_events), (2, 3));
            // SAFETY: the event's own list of as many valid texts.
            let second = unsafe { CStr::from_ptr(*event.capabilities.add(1)) };
            assert_eq!(second, c"member");
            assert!(event.codec.is_null() && event.end_reason.is_null());
            assert_eq!((event.audio_muted, event.video_muted), (-1, -1));
        });
        let updated = CallEvent::MemberUpdated {
            member_id: "m".into(),
            audio_muted: Some(true),
            video_muted: None,
            changed: vec!["audio_muted".into()],
            member: crate::call::Member::default(),
            raw_json: "{}".into(),
        };
        with_call_event(&updated, std::ptr::null_mut(), 0, |event| {
            assert_eq!((event.audio_muted, event.video_muted), (1, -1));
            assert!(event.capabilities.is_null());
        });
        let talking = CallEvent::MemberTalking {
            member_id: "m".into(),
            is_talking: true,
            raw_json: "{}".into(),
        };
        with_call_event(&talking, std::ptr::null_mut(), 0, |event| {
            assert_eq!(event.r#type, sw_call_event_types::SW_CALL_EVENT_OTHER as i32);
            // SAFETY: the event's own text.
            assert_eq!(unsafe { CStr::from_ptr(event.event_type) }, c"member.talking");
            assert!(!event.raw_json.is_null() && event.member_id.is_null());
        });
    }

    #[test]
    fn recovery_and_restored_calls_have_their_fields() {
        let recovering = CallEvent::Recovering { reason: "silence".into(), attempt: 2 };
        with_call_event(&recovering, std::ptr::null_mut(), 0, |event| {
            assert_eq!(event.r#type, sw_call_event_types::SW_CALL_EVENT_RECOVERING as i32);
            assert_eq!((event.attempt, event.gap_ms), (2, 0));
            // SAFETY: the event's own text.
            assert_eq!(unsafe { CStr::from_ptr(event.reason) }, c"silence");
        });
        let recovered = CallEvent::Recovered { gap_ms: 40 };
        with_call_event(&recovered, std::ptr::null_mut(), 0, |event| {
            assert_eq!(event.r#type, sw_call_event_types::SW_CALL_EVENT_RECOVERED as i32);
            assert_eq!((event.gap_ms, event.reason.is_null()), (40, true));
        });
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
