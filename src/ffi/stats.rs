//! Results that the application provides the place for.

use super::text::fill;
use super::versioned::Versioned;
use crate::call::{CallStats, EndKind, EndReason, SetupTimes};
use std::ffi::c_char;

/// Who or what ended a call. Numbers never change; a newer library may have more.
#[repr(C)]
pub enum sw_end_kinds {
    /// `sw_call_hangup` was called here.
    SW_END_KIND_LOCAL_HANGUP = 0,
    /// The far side hung up an answered call.
    SW_END_KIND_REMOTE_HANGUP = 1,
    /// The far side refused the call.
    SW_END_KIND_REJECTED = 2,
    /// The far side is busy.
    SW_END_KIND_BUSY = 3,
    /// No such address, or it cannot be reached.
    SW_END_KIND_NOT_FOUND = 4,
    /// Nobody answered in time.
    SW_END_KIND_NO_ANSWER = 5,
    /// The far side gave the call up before the answer.
    SW_END_KIND_CANCELLED = 6,
    /// Media could not be agreed on, set up or kept.
    SW_END_KIND_MEDIA_FAILED = 7,
    /// The session was lost for good, or the service refused the invite.
    SW_END_KIND_SIGNALING_FAILED = 8,
    /// The client was freed, disconnected or shut down.
    SW_END_KIND_SHUTDOWN = 9,
    /// Answered on another device.
    SW_END_KIND_ANSWERED_ELSEWHERE = 10,
}

/// Why a call ended. For `sw_call_end_reason` start from `SW_END_REASON_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_end_reason {
    /// `sizeof(sw_end_reason)`.
    pub struct_size: u32,
    /// One of `SW_END_KIND_*`.
    pub kind: i32,
    /// The cause's number: ITU-T Q.850 below 128, FreeSWITCH's own above.
    pub code: i32,
    /// The cause's name, such as `NORMAL_CLEARING` or `USER_BUSY`. NUL-terminated.
    pub cause: [c_char; 64],
    /// A sentence for people, UTF-8, cut if it is longer. NUL-terminated.
    pub message: [c_char; 256],
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for sw_end_reason {
    const FIRST_SIZE: usize = size_of::<sw_end_reason>();
}

pub(super) fn to_end_reason(reason: &EndReason) -> sw_end_reason {
    let mut result = sw_end_reason {
        struct_size: size_of::<sw_end_reason>() as u32,
        kind: end_kind(reason.kind) as i32,
        code: reason.code,
        cause: [0; 64],
        message: [0; 256],
    };
    fill(&mut result.cause, &reason.cause);
    fill(&mut result.message, &reason.message);
    result
}

fn end_kind(kind: EndKind) -> sw_end_kinds {
    use sw_end_kinds::*;
    match kind {
        EndKind::LocalHangup => SW_END_KIND_LOCAL_HANGUP,
        EndKind::RemoteHangup => SW_END_KIND_REMOTE_HANGUP,
        EndKind::Rejected => SW_END_KIND_REJECTED,
        EndKind::Busy => SW_END_KIND_BUSY,
        EndKind::NotFound => SW_END_KIND_NOT_FOUND,
        EndKind::NoAnswer => SW_END_KIND_NO_ANSWER,
        EndKind::Cancelled => SW_END_KIND_CANCELLED,
        EndKind::MediaFailed => SW_END_KIND_MEDIA_FAILED,
        EndKind::SignalingFailed => SW_END_KIND_SIGNALING_FAILED,
        EndKind::Shutdown => SW_END_KIND_SHUTDOWN,
        EndKind::AnsweredElsewhere => SW_END_KIND_ANSWERED_ELSEWHERE,
    }
}

/// Counters and gauges of a call's audio. Start from `SW_CALL_STATISTICS_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_call_statistics {
    /// `sizeof(sw_call_statistics)`.
    pub struct_size: u32,
    /// SDP name of the audio codec; empty before negotiation.
    pub codec: [c_char; 16],
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP payload bytes sent.
    pub bytes_sent: u64,
    /// RTP packets received, duplicates and late ones included.
    pub packets_received: u64,
    /// RTP payload bytes received.
    pub bytes_received: u64,
    /// Packets that never came in time for play-out.
    pub packets_lost: u64,
    /// Packets that came after their play-out time.
    pub packets_late: u64,
    /// Packets that came out of order and were put right.
    pub packets_reordered: u64,
    /// 20 ms frames that were made up because nothing had arrived.
    pub frames_concealed: u64,
    /// Inter-arrival jitter in milliseconds (RFC 3550, 6.4.1).
    pub jitter_ms: f64,
    /// Delay that the jitter buffer adds at present, in milliseconds: from arrival to play-out.
    pub jitter_buffer_ms: f64,
    /// Round trip in milliseconds; 0 until known.
    pub round_trip_ms: f64,
    /// Loss of what is sent, as the far side reports it, 0.0 to 1.0.
    pub remote_loss_fraction: f64,
    /// Milliseconds of pushed audio that were dropped because the queue was full.
    pub input_dropped_ms: u64,
    /// Frames that slow audio sinks lost.
    pub output_dropped_frames: u64,
    /// Loudness of what was received last: RMS in dBFS, -127.0 for silence.
    pub input_level_dbfs: f64,
    /// Loudness of what was sent last: RMS in dBFS, -127.0 for silence.
    pub output_level_dbfs: f64,
    /// The selected local candidate, `type address:port`; empty until connected.
    pub local_candidate: [c_char; 96],
    /// The selected remote candidate, `type address:port`; empty until connected.
    pub remote_candidate: [c_char; 96],
    /// Lost 20 ms frames that were recovered from the packet after them.
    pub frames_recovered: u64,
    /// Delay that the jitter buffer aims at for the fastest packets, with the wait for the tick of
    /// 20 ms, in milliseconds.
    pub jitter_buffer_target_ms: f64,
    /// Mean opinion score of what was received in the last five seconds, 1.0 to 4.5 (in practice at
    /// most 4.41), by the E-model of ITU-T G.107 from loss, delay and jitter buffer; 0 until known.
    pub mos: f64,
    /// Times that audio had to be made up after some that was heard.
    pub concealment_events: u64,
    /// Audio that was made up, in milliseconds.
    pub concealed_ms: u64,
    /// The part of it that was silence: the far side had sent nothing for long, or nobody listens.
    pub silent_concealed_ms: u64,
    /// Audio taken out, pitch unchanged, to bring the delay down, in milliseconds.
    pub removed_ms: u64,
    /// Audio put in, pitch unchanged, to bring the delay up, in milliseconds.
    pub inserted_ms: u64,
    /// Packets thrown away because they came much too early, or belonged to nothing.
    pub packets_discarded: u64,
    /// Packets that had come before.
    pub packets_duplicated: u64,
}

// SAFETY: repr(C), size first, numbers only.
unsafe impl Versioned for sw_call_statistics {
    const FIRST_SIZE: usize = size_of::<sw_call_statistics>();
}

pub(super) fn to_statistics(stats: &CallStats) -> sw_call_statistics {
    let mut result = sw_call_statistics {
        struct_size: size_of::<sw_call_statistics>() as u32,
        codec: [0; 16],
        packets_sent: stats.packets_sent,
        bytes_sent: stats.bytes_sent,
        packets_received: stats.packets_received,
        bytes_received: stats.bytes_received,
        packets_lost: stats.packets_lost,
        packets_late: stats.packets_late,
        packets_reordered: stats.packets_reordered,
        frames_concealed: stats.frames_concealed,
        jitter_ms: stats.jitter_ms,
        jitter_buffer_ms: stats.jitter_buffer_ms,
        round_trip_ms: stats.round_trip_ms,
        remote_loss_fraction: stats.remote_loss_fraction,
        input_dropped_ms: stats.input_dropped_ms,
        output_dropped_frames: stats.output_dropped_frames,
        input_level_dbfs: stats.input_level_dbfs,
        output_level_dbfs: stats.output_level_dbfs,
        local_candidate: [0; 96],
        remote_candidate: [0; 96],
        frames_recovered: stats.frames_recovered,
        jitter_buffer_target_ms: stats.jitter_buffer_target_ms,
        mos: stats.mos,
        concealment_events: stats.concealment_events,
        concealed_ms: stats.concealed_ms,
        silent_concealed_ms: stats.silent_concealed_ms,
        removed_ms: stats.removed_ms,
        inserted_ms: stats.inserted_ms,
        packets_discarded: stats.packets_discarded,
        packets_duplicated: stats.packets_duplicated,
    };
    fill(&mut result.codec, &stats.codec);
    fill(&mut result.local_candidate, &stats.local_candidate);
    fill(&mut result.remote_candidate, &stats.remote_candidate);
    result
}

/// When each step of a call's set-up was done, in milliseconds after `sw_client_dial`; negative
/// if not yet. Start from `SW_SETUP_TIMES_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_setup_times {
    /// `sizeof(sw_setup_times)`.
    pub struct_size: u32,
    /// All candidates were gathered and the offer is complete.
    pub offer_ready_ms: f64,
    /// The service accepted the invite.
    pub created_ms: f64,
    /// The far side's SDP arrived (early media or answer).
    pub remote_sdp_ms: f64,
    /// The call was answered.
    pub answered_ms: f64,
    /// ICE found a working path.
    pub ice_connected_ms: f64,
    /// DTLS is done: media may flow.
    pub media_connected_ms: f64,
    /// The first RTP packet arrived.
    pub first_packet_ms: f64,
    /// The first received sound, nothing made up, left the jitter buffer for the sinks.
    pub first_audio_ms: f64,
}

// SAFETY: repr(C), size first, numbers only.
unsafe impl Versioned for sw_setup_times {
    const FIRST_SIZE: usize = size_of::<sw_setup_times>();
}

pub(super) fn to_setup_times(times: &SetupTimes) -> sw_setup_times {
    let or_negative = |time: Option<f64>| time.unwrap_or(-1.0);
    sw_setup_times {
        struct_size: size_of::<sw_setup_times>() as u32,
        offer_ready_ms: or_negative(times.offer_ready_ms),
        created_ms: or_negative(times.created_ms),
        remote_sdp_ms: or_negative(times.remote_sdp_ms),
        answered_ms: or_negative(times.answered_ms),
        ice_connected_ms: or_negative(times.ice_connected_ms),
        media_connected_ms: or_negative(times.media_connected_ms),
        first_packet_ms: or_negative(times.first_packet_ms),
        first_audio_ms: or_negative(times.first_audio_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_kinds_have_the_numbers_of_the_core() {
        for kind in [
            EndKind::LocalHangup,
            EndKind::RemoteHangup,
            EndKind::Rejected,
            EndKind::Busy,
            EndKind::NotFound,
            EndKind::NoAnswer,
            EndKind::Cancelled,
            EndKind::MediaFailed,
            EndKind::SignalingFailed,
            EndKind::Shutdown,
            EndKind::AnsweredElsewhere,
        ] {
            assert_eq!(end_kind(kind) as i32, kind as i32);
        }
    }
}
