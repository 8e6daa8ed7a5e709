//! What the application is told about one call.

use super::layout::Layout;
use super::media_params::MediaParams;
use super::member::Member;
use crate::config::MediaDirections;
use crate::media::quality::{QualityLevel, WarningKind};
use crate::media::stats::CallStats;

/// Where a call stands. The number of a state never changes.
///
/// ```text
/// New ─► Trying ─► Ringing ─► Early ─► Active ◄─► Held
///   └──────┴─────────┴──────────┴────────┴──────────┴──► Ending ─► Ended
/// ```
/// States may be skipped forward, never backward, except between `Active` and `Held`. A call
/// that came in begins with `Ringing` and becomes `Active` when it is answered here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum CallState {
    /// Made here; candidates are being gathered, nothing was sent yet.
    New = 0,
    /// The invite was accepted by the service; the far side is not known to ring yet.
    Trying = 1,
    /// The far side rings; there is no media: play your own ring-back tone. A call that came in
    /// waits to be answered or rejected here.
    Ringing = 2,
    /// The far side sends media before the answer (announcements, ring-back).
    Early = 3,
    /// Answered.
    Active = 4,
    /// Answered and on hold: no media flows.
    Held = 5,
    /// Hanging up; the service has not confirmed yet.
    Ending = 6,
    /// Over. [`EndReason`] says why. Final.
    Ended = 7,
}

impl CallState {
    /// Whether the call was answered and is not over: `Active` or `Held`.
    pub fn is_answered(self) -> bool {
        matches!(self, Self::Active | Self::Held)
    }
}

/// Who called whom. The number of a direction never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum Direction {
    /// Dialled here.
    Outbound = 0,
    /// Somebody called this subscriber.
    Inbound = 1,
}

/// The other end of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct RemoteParty {
    /// The name for people; empty when the service knows none.
    pub name: String,
    /// Who called, as an address (`/private/bob`) or a number; of a dialled call, what was
    /// dialled.
    pub number: String,
}

/// Where the service sees a leg or segment (`call_state` of `call.state`). The number of a state
/// never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum ServerCallState {
    /// It exists.
    Created = 0,
    /// The far side rings.
    Ringing = 1,
    /// The far side answered.
    Answered = 2,
    /// It is being ended.
    Ending = 3,
    /// It is over.
    Ended = 4,
}

/// Who says something in a conversation with an AI agent. The number of a speaker never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum Speaker {
    /// The person.
    Person = 0,
    /// The agent.
    Agent = 1,
}

/// Who or what ended a call. The number of a kind never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
#[repr(i32)]
pub enum EndKind {
    /// `hangup` was called here.
    LocalHangup = 0,
    /// The far side hung up an answered call.
    RemoteHangup = 1,
    /// The far side refused the call (cause 21 and others).
    Rejected = 2,
    /// The far side is busy (cause 17).
    Busy = 3,
    /// No such address, or it cannot be reached (causes 1, 2, 3).
    NotFound = 4,
    /// Nobody answered in time (cause 19, or the caller's own ring time-out).
    NoAnswer = 5,
    /// The call was given up before the answer (cause 487).
    Cancelled = 6,
    /// Media could not be agreed on, set up or kept (cause 88 and local failures).
    MediaFailed = 7,
    /// The session was lost for good, or the service refused the invite.
    SignalingFailed = 8,
    /// The client was shut down.
    Shutdown = 9,
    /// Answered on another device (cause 702).
    AnsweredElsewhere = 10,
}

/// Why a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct EndReason {
    /// The class of the end.
    pub kind: EndKind,
    /// The cause's name as FreeSWITCH writes it, such as `NORMAL_CLEARING` or `USER_BUSY`.
    pub cause: String,
    /// The cause's number: ITU-T Q.850 below 128, FreeSWITCH's own above.
    pub code: i32,
    /// A sentence for people.
    pub message: String,
}

/// An event of one call, in the order in which things happened.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
pub enum CallEvent {
    /// The call is now in `state`.
    StateChanged {
        /// The new state.
        state: CallState,
        /// The state before.
        previous: CallState,
    },
    /// ICE and DTLS are up: audio flows from here on. Comes again after [`CallEvent::MediaLost`].
    MediaConnected {
        /// The negotiated audio codec's SDP name: `opus`, `G722`, `PCMU` or `PCMA`.
        codec: String,
    },
    /// The path of the video is up: frames may be pushed from here on where video is sent, a key frame
    /// first. Comes again after the path was made anew.
    VideoConnected {
        /// The negotiated video codec's SDP name: `VP8` or `H264`; frames to send have it.
        codec: String,
    },
    /// Both sides agreed on other directions than before, by the call's set-up or by
    /// [`crate::Call::set_media`]. An audio call without video does not tell it at the beginning.
    MediaChanged {
        /// What flows from now on.
        directions: MediaDirections,
    },
    /// The next frame that is pushed should be a key frame: the far side asked for one (PLI, FIR), or
    /// frames were dropped here. Others are of no use to it until then.
    KeyFrameRequested,
    /// The far side takes no more video than this from now on (REMB): lower the encoder's bitrate.
    VideoBitrateLimit {
        /// In bits per second.
        bits_per_second: u64,
    },
    /// The service says how audio and video should be captured (`verto.mediaParams`); it expects no
    /// answer. Apply it to the microphone's processing and the camera.
    MediaParamsRequested {
        /// What it asks for.
        params: MediaParams,
        /// The whole object as JSON text.
        raw_json: String,
    },
    /// The media path was lost: nothing is heard of the far side. The call goes on. A second later
    /// a new path is tried ([`CallEvent::Recovering`]) unless the old one came back
    /// ([`CallEvent::MediaConnected`]).
    MediaLost,
    /// The media path is being made anew: ICE is restarted, then tried again with a fresh connection
    /// over relays where there are any; three tries, at most 60 s. When they fail the call ends with
    /// [`EndKind::MediaFailed`]. Sent audio is lost meanwhile, received audio is silence.
    Recovering {
        /// What made it necessary, or what the try before failed for; for people.
        reason: String,
        /// 1 for the first try.
        attempt: u32,
    },
    /// Media flow again after [`CallEvent::Recovering`].
    Recovered {
        /// How long nothing was heard of the far side, in milliseconds.
        gap_ms: u32,
    },
    /// The quality of what is heard changed its class; first told after five seconds of audio.
    QualityChanged {
        /// The class now.
        level: QualityLevel,
        /// The mean opinion score now, see [`crate::CallStats::mos`].
        mos: f64,
    },
    /// Something spoils the call, or does no more. Each kind is raised and cleared in turns; the
    /// bounds stand at [`WarningKind`].
    Warning {
        /// What.
        kind: WarningKind,
        /// Whether it begins or is over.
        is_raised: bool,
    },
    /// Somebody began or stopped speaking, by the loudness of the audio: three frames of 20 ms
    /// above the noise begin it, half a second without ends it. See [`CallEvent::MemberTalking`]
    /// for what the service says of members.
    SpeakingChanged {
        /// Whether it is this side's audio, else what is heard.
        is_local: bool,
        /// Whether somebody speaks now.
        is_speaking: bool,
    },
    /// The numbers about the call at this moment, every [`crate::DialOptions::statistics_interval_ms`]
    /// from the first [`CallEvent::MediaConnected`] (or [`CallEvent::VideoConnected`]) to the end, also
    /// while media are lost. Off by default. An interval that was missed is not made up for.
    Statistics {
        /// As [`crate::Call::stats`] gives them.
        stats: Box<CallStats>,
    },
    /// The far side pressed a key, and this side heard it as a telephone-event in the audio
    /// (RFC 4733). Comes once for each press, when the key is released. Tones that are mixed into
    /// the audio are not looked for.
    DigitReceived {
        /// One of `0-9 A-D * #`.
        digit: String,
        /// How long the key was pressed, in milliseconds, as the far side says.
        duration_ms: u32,
    },
    /// The service put this leg into a session (`call.joined`); there may be several.
    Joined {
        /// The call id of this segment.
        call_id: String,
        /// The own member in it.
        member_id: String,
        /// The session it belongs to.
        room_session_id: String,
        /// What this member may do, as the service words it.
        capabilities: Vec<String>,
        /// The whole payload as JSON text.
        raw_json: String,
    },
    /// The call left one of the places it had joined (`call.left`); [`crate::Call::members`] has
    /// its members no more. The call itself goes on.
    SegmentLeft {
        /// The call id of the segment.
        call_id: String,
        /// The session it belonged to.
        room_session_id: String,
        /// Why, as the service words it; empty when it does not say.
        reason: String,
        /// The whole payload as JSON text.
        raw_json: String,
    },
    /// Somebody else joined a session that this call is in (`member.joined`). Who was there before
    /// is in [`crate::Call::members`] after [`CallEvent::Joined`], without an event.
    MemberJoined {
        /// The new member.
        member: Member,
        /// The whole payload as JSON text.
        raw_json: String,
    },
    /// A member changed, own or foreign (`member.updated`).
    MemberUpdated {
        /// Which member.
        member_id: String,
        /// Muted microphone, where the event says so.
        audio_muted: Option<bool>,
        /// Muted camera, where the event says so.
        video_muted: Option<bool>,
        /// What changed, in the service's words, such as `audio_muted` or `handraised`.
        changed: Vec<String>,
        /// The member after the change.
        member: Member,
        /// The whole payload as JSON text.
        raw_json: String,
    },
    /// A member began or stopped talking (`member.talking`).
    MemberTalking {
        /// Which member.
        member_id: String,
        /// Whether it talks now.
        is_talking: bool,
        /// The whole payload as JSON text.
        raw_json: String,
    },
    /// A member left (`member.left`).
    MemberLeft {
        /// The member as it was last known.
        member: Member,
        /// Why, as the service words it; empty when it does not say.
        reason: String,
        /// The whole payload as JSON text.
        raw_json: String,
    },
    /// The layout of a session changed, and with it the positions of members (`layout.changed`).
    LayoutChanged {
        /// The layout now.
        layout: Layout,
        /// The whole payload as JSON text.
        raw_json: String,
    },
    /// The service's own view of a leg or segment changed (`call.state`). It may come before,
    /// after or without a change of [`CallState`], which alone tells what this side can do.
    ServerStateChanged {
        /// The service's state.
        state: ServerCallState,
        /// Which leg or segment.
        call_id: String,
        /// The whole payload as JSON text.
        raw_json: String,
    },
    /// What was said in a conversation with an AI agent (`ai.partial_result`, `ai.speech_detect`,
    /// `ai.response_utterance`, `ai.completion`). Comes after
    /// [`crate::Call::subscribe_transcript`].
    Transcript {
        /// Who says it.
        speaker: Speaker,
        /// Of the person: whether this is the finished utterance, or what is understood so far and
        /// may still change. Of the agent: whether this is the finished answer, or the next part
        /// of it, to be joined to the parts before.
        is_final: bool,
        /// Whether the person interrupted the agent; then `text` is what was said until then.
        is_interrupted: bool,
        /// The text for people; the service's marks and the voice's directives are taken out.
        text: String,
        /// How sure the service is of what it understood, 0.0 to 1.0, where it says so.
        confidence: Option<f64>,
        /// The service's name for the event.
        event_type: String,
        /// The whole payload as JSON text.
        raw_json: String,
    },
    /// The call is over; the last event of its stream.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// Any other event of the service that belongs to this call, known to this library or not.
    Other {
        /// The service's name for it, such as `call.play` or `room.updated`.
        event_type: String,
        /// The payload as JSON text.
        raw_json: String,
    },
}
