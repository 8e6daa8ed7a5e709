//! Events of a call as a tagged C struct, borrowed for the time of one callback.

use super::call::sw_call;
use super::event::some;
use super::roster::{sw_layout, sw_member, MemberList, OwnedLayout, TextList};
use super::stats::{sw_call_statistics, sw_end_reason, to_end_reason, to_statistics};
use super::text::pointer;
use super::video::direction_number;
use crate::call::{CallEvent, Member};
use std::ffi::{c_char, CString};
use sw_call_event_types::*;

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
    /// A member changed, own or foreign: `member_id`, `audio_muted`, `video_muted`, `changed`,
    /// `member` after the change, `raw_json`.
    SW_CALL_EVENT_MEMBER_UPDATED = 5,
    /// The call is over, the last event: `end_reason`.
    SW_CALL_EVENT_ENDED = 6,
    /// The call left one of the places it had joined, and goes on: `call_id`, `room_session_id`,
    /// `reason`, `raw_json`. `sw_call_members` has that place's members no more.
    SW_CALL_EVENT_SEGMENT_LEFT = 7,
    /// Somebody else joined a session that this call is in: `member_id`, `member`, `raw_json`. Who
    /// was there before is in `sw_call_members` after `SW_CALL_EVENT_JOINED`, without an event.
    SW_CALL_EVENT_MEMBER_JOINED = 8,
    /// A member began or stopped talking: `member_id`, `is_talking`, `raw_json`.
    SW_CALL_EVENT_MEMBER_TALKING = 9,
    /// A member left: `member_id`, `member` as it was last known, `reason`, `raw_json`.
    SW_CALL_EVENT_MEMBER_LEFT = 10,
    /// The layout of a session changed, and with it the positions of members: `layout`,
    /// `room_session_id`, `raw_json`.
    SW_CALL_EVENT_LAYOUT_CHANGED = 11,
    /// The service's own view of a leg or segment changed: `server_state`, `call_id`, `raw_json`.
    /// It may come before, after or without a change of `state`, which alone tells what this side
    /// can do.
    SW_CALL_EVENT_SERVER_STATE_CHANGED = 12,
    /// What was said in a conversation with an AI agent, see `sw_call_subscribe_transcript`:
    /// `speaker`, `is_final`, `is_interrupted`, `text`, `confidence`, `event_type`, `raw_json`.
    SW_CALL_EVENT_TRANSCRIPT = 13,
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
    /// The far side pressed a key, heard as a telephone-event in the audio: `digit`, `duration_ms`.
    /// Once for each press, when the key is released.
    SW_CALL_EVENT_DIGIT_RECEIVED = 14,
    /// The quality of what is heard changed its class: `quality_level`, `mos`.
    SW_CALL_EVENT_QUALITY_CHANGED = 15,
    /// Something spoils the call, or does no more: `warning_kind`, `is_raised`. Each kind is raised
    /// and cleared in turns.
    SW_CALL_EVENT_WARNING = 16,
    /// Somebody began or stopped speaking, by the loudness of the audio: `is_local`, `is_speaking`.
    SW_CALL_EVENT_SPEAKING_CHANGED = 17,
    /// The numbers about the call, every `statistics_interval_ms` of the options: `statistics`.
    SW_CALL_EVENT_STATISTICS = 18,
    /// Any other event of the service for this call: `event_type`, `raw_json`.
    SW_CALL_EVENT_OTHER = 100,
}

/// How the last seconds sound: the user satisfaction classes of ITU-T G.107, Annex B. Numbers
/// never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_quality_levels {
    /// A mean opinion score below 3.1: nearly all users are dissatisfied.
    SW_QUALITY_BAD = 1,
    /// From 3.1: many users are dissatisfied.
    SW_QUALITY_POOR = 2,
    /// From 3.6: some users are dissatisfied.
    SW_QUALITY_FAIR = 3,
    /// From 4.0: users are satisfied.
    SW_QUALITY_GOOD = 4,
    /// From 4.3: users are very satisfied.
    SW_QUALITY_EXCELLENT = 5,
}

/// What spoils a call. Raised when three of the last five seconds are beyond the first bound,
/// cleared when all five are within the second. Numbers never change; a newer library may have
/// more.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_warning_kinds {
    /// The round trip is above 400 ms. Cleared below 300.
    SW_WARNING_HIGH_ROUND_TRIP = 1,
    /// The jitter of what is received is above 30 ms. Cleared below 20.
    SW_WARNING_HIGH_JITTER = 2,
    /// More than 3 % of the packets sent here do not come. Cleared below 1 %.
    SW_WARNING_HIGH_LOSS = 3,
    /// More than 3 % of the packets sent from here do not arrive. Cleared below 1 %.
    SW_WARNING_HIGH_REMOTE_LOSS = 4,
    /// The mean opinion score is below 3.5. Cleared above 3.8.
    SW_WARNING_LOW_SCORE = 5,
    /// There has been nothing in the pushed audio for five seconds (no sample above -70 dBFS)
    /// though the microphone is not muted. Cleared with the first sound, with a mute, or when no
    /// audio is pushed any more.
    SW_WARNING_SILENT_MICROPHONE = 6,
}

/// Where the service sees a leg or segment. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_server_call_states {
    /// It exists.
    SW_SERVER_CALL_STATE_CREATED = 0,
    /// The far side rings.
    SW_SERVER_CALL_STATE_RINGING = 1,
    /// The far side answered.
    SW_SERVER_CALL_STATE_ANSWERED = 2,
    /// It is being ended.
    SW_SERVER_CALL_STATE_ENDING = 3,
    /// It is over.
    SW_SERVER_CALL_STATE_ENDED = 4,
}

/// Who says something in a conversation with an AI agent. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_speakers {
    /// The person.
    SW_SPEAKER_PERSON = 0,
    /// The agent.
    SW_SPEAKER_AGENT = 1,
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
    /// `MEDIA_CONNECTED`, `VIDEO_CONNECTED`: SDP name of the codec: `opus`, `G722`, `PCMU` or `PCMA`; `VP8`
    /// or `H264`.
    pub codec: *const c_char,
    /// `JOINED`, `SEGMENT_LEFT`, `SERVER_STATE_CHANGED`: the call id of that segment.
    pub call_id: *const c_char,
    /// `JOINED`: the own member; `MEMBER_*`: which member.
    pub member_id: *const c_char,
    /// `JOINED`, `SEGMENT_LEFT`, `LAYOUT_CHANGED`: the session.
    pub room_session_id: *const c_char,
    /// `JOINED`: what this member may do, as the service words it: `capability_count` texts.
    pub capabilities: *const *const c_char,
    /// Number of texts in `capabilities`.
    pub capability_count: usize,
    /// `ENDED`: why.
    pub end_reason: *const sw_end_reason,
    /// `OTHER`, `TRANSCRIPT`: the service's name for the event.
    pub event_type: *const c_char,
    /// Whatever comes from an event of the service: its payload as JSON text.
    pub raw_json: *const c_char,
    /// `SEGMENT_LEFT`, `MEMBER_LEFT`: why, as the service words it; empty when it does not say.
    /// `RECOVERING`: what made it necessary, or what the try before failed for; for people.
    pub reason: *const c_char,
    /// `MEMBER_JOINED`, `MEMBER_UPDATED`, `MEMBER_LEFT`: the member.
    pub member: *const sw_member,
    /// `MEMBER_UPDATED`: what changed, in the service's words, such as `audio_muted` or
    /// `handraised`: `changed_count` texts.
    pub changed: *const *const c_char,
    /// Number of texts in `changed`.
    pub changed_count: usize,
    /// `LAYOUT_CHANGED`: the layout now.
    pub layout: *const sw_layout,
    /// `SERVER_STATE_CHANGED`: one of `SW_SERVER_CALL_STATE_*`.
    pub server_state: i32,
    /// `TRANSCRIPT`: one of `SW_SPEAKER_*`.
    pub speaker: i32,
    /// `MEMBER_TALKING`: whether the member talks now.
    pub is_talking: bool,
    /// `TRANSCRIPT`: of the person, whether this is the finished utterance or what is understood
    /// so far and may still change; of the agent, whether this is the finished answer or the next
    /// part of it, to be joined to the parts before.
    pub is_final: bool,
    /// `TRANSCRIPT`: whether the person interrupted the agent; then `text` is what was said until
    /// then.
    pub is_interrupted: bool,
    /// `TRANSCRIPT`: whether `confidence` was told.
    pub has_confidence: bool,
    /// `TRANSCRIPT`: how sure the service is of what it understood, 0.0 to 1.0.
    pub confidence: f64,
    /// `TRANSCRIPT`: the text for people.
    pub text: *const c_char,
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
    /// `DIGIT_RECEIVED`: how long the key was pressed, in milliseconds, as the far side says.
    pub duration_ms: u32,
    /// `DIGIT_RECEIVED`: one of `0-9 A-D * #`.
    pub digit: c_char,
    /// `WARNING`: whether it begins or is over.
    pub is_raised: bool,
    /// `SPEAKING_CHANGED`: whether it is this side's audio, else what is heard.
    pub is_local: bool,
    /// `SPEAKING_CHANGED`: whether somebody speaks now.
    pub is_speaking: bool,
    /// `QUALITY_CHANGED`: one of `SW_QUALITY_*`.
    pub quality_level: i32,
    /// `WARNING`: one of `SW_WARNING_*`.
    pub warning_kind: i32,
    /// `QUALITY_CHANGED`: the mean opinion score, see `sw_call_statistics`.
    pub mos: f64,
    /// `STATISTICS`: the numbers at this moment, as `sw_call_stats` gives them.
    pub statistics: *const sw_call_statistics,
}

/// What a call event's struct points to.
#[derive(Default)]
struct CallTexts {
    codec: Option<CString>,
    call_id: Option<CString>,
    member_id: Option<CString>,
    room_session_id: Option<CString>,
    capabilities: TextList,
    end_reason: Option<sw_end_reason>,
    statistics: Option<sw_call_statistics>,
    event_type: Option<CString>,
    raw_json: Option<CString>,
    reason: Option<CString>,
    member: Option<MemberList>,
    changed: TextList,
    layout: Option<OwnedLayout>,
    text: Option<CString>,
}

impl CallTexts {
    fn point(&self, raw: &mut sw_call_event) {
        raw.codec = pointer(&self.codec);
        raw.call_id = pointer(&self.call_id);
        raw.member_id = pointer(&self.member_id);
        raw.room_session_id = pointer(&self.room_session_id);
        (raw.capabilities, raw.capability_count) = self.capabilities.parts();
        raw.end_reason = self.end_reason.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        raw.statistics = self.statistics.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        raw.event_type = pointer(&self.event_type);
        raw.raw_json = pointer(&self.raw_json);
        raw.reason = pointer(&self.reason);
        raw.member = self.member.as_ref().map_or(std::ptr::null(), MemberList::first);
        (raw.changed, raw.changed_count) = self.changed.parts();
        raw.layout = self.layout.as_ref().map_or(std::ptr::null(), OwnedLayout::raw);
        raw.text = pointer(&self.text);
    }

    fn member(&mut self, member: &Member) {
        self.member_id = some(&member.member_id);
        self.member = Some(MemberList::of(std::slice::from_ref(member)));
    }
}

/// Gives a call event to `deliver` as a C struct.
pub(super) fn with_call_event(
    event: &CallEvent,
    call: *mut sw_call,
    missed_events: u64,
    deliver: impl FnOnce(&sw_call_event),
) {
    // SAFETY: integers, bools and pointers: zero is valid for all of them.
    let mut raw: sw_call_event = unsafe { std::mem::zeroed() };
    let mut texts = CallTexts::default();
    (raw.audio_muted, raw.video_muted) = (-1, -1);
    raw.struct_size = size_of::<sw_call_event>() as u32;
    (raw.call, raw.missed_events) = (call, missed_events);
    let event_type = own(event, &mut raw, &mut texts)
        .or_else(|| of_members(event, &mut raw, &mut texts))
        .unwrap_or_else(|| of_service(event, &mut raw, &mut texts));
    raw.r#type = event_type as i32;
    texts.point(&mut raw);
    deliver(&raw);
}

/// Events that this side makes.
fn own(
    event: &CallEvent,
    raw: &mut sw_call_event,
    texts: &mut CallTexts,
) -> Option<sw_call_event_types> {
    Some(match event {
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
        CallEvent::DigitReceived { digit, duration_ms } => {
            raw.digit = digit.bytes().next().unwrap_or(0) as c_char;
            raw.duration_ms = *duration_ms;
            SW_CALL_EVENT_DIGIT_RECEIVED
        }
        CallEvent::QualityChanged { level, mos } => {
            (raw.quality_level, raw.mos) = (*level as i32, *mos);
            SW_CALL_EVENT_QUALITY_CHANGED
        }
        CallEvent::Warning { kind, is_raised } => {
            (raw.warning_kind, raw.is_raised) = (*kind as i32, *is_raised);
            SW_CALL_EVENT_WARNING
        }
        CallEvent::SpeakingChanged { is_local, is_speaking } => {
            (raw.is_local, raw.is_speaking) = (*is_local, *is_speaking);
            SW_CALL_EVENT_SPEAKING_CHANGED
        }
        CallEvent::Statistics { stats } => {
            texts.statistics = Some(to_statistics(stats));
            SW_CALL_EVENT_STATISTICS
        }
        CallEvent::Ended { reason } => {
            texts.end_reason = Some(to_end_reason(reason));
            SW_CALL_EVENT_ENDED
        }
        _ => return None,
    })
}

/// Events about members.
fn of_members(
    event: &CallEvent,
    raw: &mut sw_call_event,
    texts: &mut CallTexts,
) -> Option<sw_call_event_types> {
    let flag = |value: &Option<bool>| value.map_or(-1, i32::from);
    Some(match event {
        CallEvent::MemberJoined { member, raw_json } => {
            texts.member(member);
            texts.raw_json = some(raw_json);
            SW_CALL_EVENT_MEMBER_JOINED
        }
        CallEvent::MemberUpdated {
            member_id,
            audio_muted,
            video_muted,
            changed,
            member,
            raw_json,
        } => {
            texts.member(member);
            (texts.member_id, texts.raw_json) = (some(member_id), some(raw_json));
            texts.changed = TextList::of(changed);
            (raw.audio_muted, raw.video_muted) = (flag(audio_muted), flag(video_muted));
            SW_CALL_EVENT_MEMBER_UPDATED
        }
        CallEvent::MemberTalking { member_id, is_talking, raw_json } => {
            (texts.member_id, texts.raw_json) = (some(member_id), some(raw_json));
            raw.is_talking = *is_talking;
            SW_CALL_EVENT_MEMBER_TALKING
        }
        CallEvent::MemberLeft { member, reason, raw_json } => {
            texts.member(member);
            (texts.reason, texts.raw_json) = (some(reason), some(raw_json));
            SW_CALL_EVENT_MEMBER_LEFT
        }
        _ => return None,
    })
}

/// The other events of the service.
fn of_service(
    event: &CallEvent,
    raw: &mut sw_call_event,
    texts: &mut CallTexts,
) -> sw_call_event_types {
    match event {
        CallEvent::Joined { call_id, member_id, room_session_id, capabilities, raw_json } => {
            (texts.call_id, texts.member_id) = (some(call_id), some(member_id));
            (texts.room_session_id, texts.raw_json) = (some(room_session_id), some(raw_json));
            texts.capabilities = TextList::of(capabilities);
            SW_CALL_EVENT_JOINED
        }
        CallEvent::SegmentLeft { call_id, room_session_id, reason, raw_json } => {
            (texts.call_id, texts.room_session_id) = (some(call_id), some(room_session_id));
            (texts.reason, texts.raw_json) = (some(reason), some(raw_json));
            SW_CALL_EVENT_SEGMENT_LEFT
        }
        CallEvent::LayoutChanged { layout, raw_json } => {
            texts.layout = Some(OwnedLayout::of(layout));
            texts.room_session_id = some(&layout.room_session_id);
            texts.raw_json = some(raw_json);
            SW_CALL_EVENT_LAYOUT_CHANGED
        }
        CallEvent::ServerStateChanged { state, call_id, raw_json } => {
            raw.server_state = *state as i32;
            (texts.call_id, texts.raw_json) = (some(call_id), some(raw_json));
            SW_CALL_EVENT_SERVER_STATE_CHANGED
        }
        CallEvent::Transcript {
            speaker,
            is_final,
            is_interrupted,
            text,
            confidence,
            event_type,
            raw_json,
        } => {
            raw.speaker = *speaker as i32;
            (raw.is_final, raw.is_interrupted) = (*is_final, *is_interrupted);
            raw.has_confidence = confidence.is_some();
            raw.confidence = confidence.unwrap_or(0.0);
            texts.text = some(text);
            (texts.event_type, texts.raw_json) = (some(event_type), some(raw_json));
            SW_CALL_EVENT_TRANSCRIPT
        }
        CallEvent::Other { event_type, raw_json } => {
            (texts.event_type, texts.raw_json) = (some(event_type), some(raw_json));
            SW_CALL_EVENT_OTHER
        }
        // No type of its own in C: the service's name and payload say the same.
        CallEvent::MediaParamsRequested { raw_json, .. } => {
            texts.event_type = some("verto.mediaParams");
            texts.raw_json = some(raw_json);
            SW_CALL_EVENT_OTHER
        }
        // Taken by the functions above; named so that a new kind does not compile without a place.
        CallEvent::StateChanged { .. }
        | CallEvent::MediaConnected { .. }
        | CallEvent::MediaLost
        | CallEvent::Recovering { .. }
        | CallEvent::Recovered { .. }
        | CallEvent::VideoConnected { .. }
        | CallEvent::MediaChanged { .. }
        | CallEvent::KeyFrameRequested
        | CallEvent::VideoBitrateLimit { .. }
        | CallEvent::DigitReceived { .. }
        | CallEvent::QualityChanged { .. }
        | CallEvent::Warning { .. }
        | CallEvent::SpeakingChanged { .. }
        | CallEvent::Statistics { .. }
        | CallEvent::Ended { .. }
        | CallEvent::MemberJoined { .. }
        | CallEvent::MemberUpdated { .. }
        | CallEvent::MemberTalking { .. }
        | CallEvent::MemberLeft { .. } => SW_CALL_EVENT_OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallState, Layout, ServerCallState, Speaker};
    use std::ffi::CStr;

    #[test]
    fn numbers_are_those_of_the_core() {
        use sw_call_states::*;
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
        use sw_server_call_states::*;
        for (core, c) in [
            (ServerCallState::Created, SW_SERVER_CALL_STATE_CREATED),
            (ServerCallState::Ringing, SW_SERVER_CALL_STATE_RINGING),
            (ServerCallState::Answered, SW_SERVER_CALL_STATE_ANSWERED),
            (ServerCallState::Ending, SW_SERVER_CALL_STATE_ENDING),
            (ServerCallState::Ended, SW_SERVER_CALL_STATE_ENDED),
        ] {
            assert_eq!(core as i32, c as i32);
        }
        assert_eq!(Speaker::Person as i32, sw_speakers::SW_SPEAKER_PERSON as i32);
        assert_eq!(Speaker::Agent as i32, sw_speakers::SW_SPEAKER_AGENT as i32);
    }

    /// The text of a pointer that must not be NULL.
    fn text(pointer: *const c_char) -> String {
        assert!(!pointer.is_null());
        // SAFETY: the event's own text.
        unsafe { CStr::from_ptr(pointer) }.to_str().unwrap().to_owned()
    }

    fn check(event: &CallEvent, event_type: sw_call_event_types, see: impl Fn(&sw_call_event)) {
        let mut seen = false;
        with_call_event(event, std::ptr::null_mut(), 3, |raw| {
            assert_eq!((raw.r#type, raw.missed_events), (event_type as i32, 3));
            see(raw);
            seen = true;
        });
        assert!(seen);
    }

    #[test]
    fn texts_are_there_where_the_type_names_them_and_null_elsewhere() {
        let raw_json = || "{}".to_owned();
        let joined = CallEvent::Joined {
            call_id: "c".into(),
            member_id: "m".into(),
            room_session_id: "r".into(),
            capabilities: vec!["self".into(), "member".into()],
            raw_json: raw_json(),
        };
        check(&joined, SW_CALL_EVENT_JOINED, |event| {
            assert_eq!(event.capability_count, 2);
            // SAFETY: the event's own list of as many valid texts.
            assert_eq!(text(unsafe { *event.capabilities.add(1) }), "member");
            assert!(event.codec.is_null() && event.end_reason.is_null() && event.member.is_null());
            assert_eq!((event.audio_muted, event.video_muted), (-1, -1));
        });
        let left = CallEvent::SegmentLeft {
            call_id: "c".into(),
            room_session_id: "r".into(),
            reason: "moved".into(),
            raw_json: raw_json(),
        };
        check(&left, SW_CALL_EVENT_SEGMENT_LEFT, |event| {
            assert_eq!([event.call_id, event.room_session_id].map(text), ["c", "r"]);
            assert_eq!((text(event.reason), text(event.raw_json)), ("moved".into(), "{}".into()));
        });
        let state = CallEvent::ServerStateChanged {
            state: ServerCallState::Ending,
            call_id: "c".into(),
            raw_json: raw_json(),
        };
        check(&state, SW_CALL_EVENT_SERVER_STATE_CHANGED, |event| {
            assert_eq!((event.server_state, text(event.call_id)), (3, "c".into()));
        });
        let other = CallEvent::Other { event_type: "call.play".into(), raw_json: raw_json() };
        check(&other, SW_CALL_EVENT_OTHER, |event| {
            assert_eq!(text(event.event_type), "call.play");
            assert!(event.capabilities.is_null() && event.layout.is_null());
        });
    }

    #[test]
    fn quality_comes_with_the_numbers_of_the_core() {
        use crate::media::quality::{QualityLevel, WarningKind};
        use {sw_quality_levels::*, sw_warning_kinds::*};
        for (level, number) in [
            (QualityLevel::Bad, SW_QUALITY_BAD),
            (QualityLevel::Poor, SW_QUALITY_POOR),
            (QualityLevel::Fair, SW_QUALITY_FAIR),
            (QualityLevel::Good, SW_QUALITY_GOOD),
            (QualityLevel::Excellent, SW_QUALITY_EXCELLENT),
        ] {
            let number = number as i32;
            check(
                &CallEvent::QualityChanged { level, mos: 3.5 },
                SW_CALL_EVENT_QUALITY_CHANGED,
                |e| {
                    assert_eq!((e.quality_level, e.mos), (number, 3.5));
                },
            );
        }
        for (kind, number) in [
            (WarningKind::HighRoundTrip, SW_WARNING_HIGH_ROUND_TRIP),
            (WarningKind::HighJitter, SW_WARNING_HIGH_JITTER),
            (WarningKind::HighLoss, SW_WARNING_HIGH_LOSS),
            (WarningKind::HighRemoteLoss, SW_WARNING_HIGH_REMOTE_LOSS),
            (WarningKind::LowScore, SW_WARNING_LOW_SCORE),
            (WarningKind::SilentMicrophone, SW_WARNING_SILENT_MICROPHONE),
        ] {
            let number = number as i32;
            check(&CallEvent::Warning { kind, is_raised: true }, SW_CALL_EVENT_WARNING, |e| {
                assert_eq!((e.warning_kind, e.is_raised), (number, true));
            });
        }
        let speaking = CallEvent::SpeakingChanged { is_local: true, is_speaking: true };
        check(&speaking, SW_CALL_EVENT_SPEAKING_CHANGED, |e| assert!(e.is_local && e.is_speaking));
    }

    #[test]
    fn statistics_are_lent_with_their_event() {
        use crate::media::stats::CallStats;
        let stats = CallStats { packets_sent: 7, codec: "opus".into(), ..CallStats::default() };
        let told = CallEvent::Statistics { stats: Box::new(stats) };
        check(&told, SW_CALL_EVENT_STATISTICS, |event| {
            // SAFETY: the event's own struct.
            let stats = unsafe { event.statistics.as_ref() }.unwrap();
            assert_eq!(stats.struct_size as usize, size_of::<sw_call_statistics>());
            assert_eq!((stats.packets_sent, text(stats.codec.as_ptr())), (7, "opus".into()));
            assert!(event.end_reason.is_null());
        });
        check(&CallEvent::MediaLost, SW_CALL_EVENT_MEDIA_LOST, |event| {
            assert!(event.statistics.is_null());
        });
    }

    #[test]
    fn digits_come_as_characters() {
        let pressed = CallEvent::DigitReceived { digit: "#".into(), duration_ms: 120 };
        check(&pressed, SW_CALL_EVENT_DIGIT_RECEIVED, |event| {
            assert_eq!((event.digit, event.duration_ms), (b'#' as c_char, 120));
            assert!(event.text.is_null() && event.raw_json.is_null());
        });
    }

    #[test]
    fn members_and_layouts_come_whole() {
        let member = Member { member_id: "m".into(), is_deaf: true, ..Member::default() };
        let raw_json = || "{}".to_owned();
        let is_deaf = |event: &sw_call_event| {
            // SAFETY: the event's own member.
            let member = unsafe { event.member.as_ref() }.unwrap();
            (text(event.member_id), text(member.member_id), member.is_deaf)
        };
        let whole = || ("m".to_owned(), "m".to_owned(), true);
        let joined = CallEvent::MemberJoined { member: member.clone(), raw_json: raw_json() };
        check(&joined, SW_CALL_EVENT_MEMBER_JOINED, |event| assert_eq!(is_deaf(event), whole()));
        let updated = CallEvent::MemberUpdated {
            member_id: "m".into(),
            audio_muted: Some(true),
            video_muted: None,
            changed: vec!["audio_muted".into()],
            member: member.clone(),
            raw_json: raw_json(),
        };
        check(&updated, SW_CALL_EVENT_MEMBER_UPDATED, |event| {
            assert_eq!((event.audio_muted, event.video_muted), (1, -1));
            // SAFETY: the event's own list of one text.
            assert_eq!((event.changed_count, text(unsafe { *event.changed })).1, "audio_muted");
            assert_eq!(is_deaf(event), whole());
        });
        let talking = CallEvent::MemberTalking {
            member_id: "m".into(),
            is_talking: true,
            raw_json: raw_json(),
        };
        check(&talking, SW_CALL_EVENT_MEMBER_TALKING, |event| {
            assert!(event.is_talking && event.member.is_null() && event.changed.is_null());
        });
        let left = CallEvent::MemberLeft { member, reason: "removed".into(), raw_json: raw_json() };
        check(&left, SW_CALL_EVENT_MEMBER_LEFT, |event| {
            assert_eq!((is_deaf(event), text(event.reason)), (whole(), "removed".into()));
        });
        let layout = Layout { id: "2x1".into(), room_session_id: "r".into(), ..Layout::default() };
        let changed = CallEvent::LayoutChanged { layout, raw_json: raw_json() };
        check(&changed, SW_CALL_EVENT_LAYOUT_CHANGED, |event| {
            // SAFETY: the event's own layout.
            let layout = unsafe { event.layout.as_ref() }.unwrap();
            assert_eq!([layout.id, event.room_session_id].map(text), ["2x1", "r"]);
        });
    }

    #[test]
    fn transcripts_come_whole() {
        let said = CallEvent::Transcript {
            speaker: Speaker::Agent,
            is_final: true,
            is_interrupted: true,
            text: "Hello".into(),
            confidence: Some(0.5),
            event_type: "ai.completion".into(),
            raw_json: "{}".into(),
        };
        check(&said, SW_CALL_EVENT_TRANSCRIPT, |event| {
            assert!(event.is_final && event.is_interrupted && event.has_confidence);
            assert_eq!((event.speaker, event.confidence), (1, 0.5));
            assert_eq!([event.text, event.event_type].map(text), ["Hello", "ai.completion"]);
        });
    }

    #[test]
    fn recovery_has_its_fields() {
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
    }
}
