//! Numbers about one call.

use crate::config::MediaDirection;

/// Counters and gauges of a call's audio, taken at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct CallStats {
    /// SDP name of the audio codec; empty before negotiation.
    pub codec: String,
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
    /// Round trip in milliseconds, from RTCP or ICE; 0 until known.
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
    pub local_candidate: String,
    /// The selected remote candidate, `type address:port`; empty until connected.
    pub remote_candidate: String,
    /// The numbers of the call's video; all zero without.
    pub video: VideoStats,
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

/// Counters and gauges of a call's video, taken at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct VideoStats {
    /// SDP name of the video codec that is sent: `VP8` or `H264`; empty before negotiation.
    pub codec: String,
    /// In which directions video was agreed on.
    pub direction: MediaDirection,
    /// Frames sent.
    pub frames_sent: u64,
    /// Key frames among them.
    pub key_frames_sent: u64,
    /// RTP packets sent, without repetitions.
    pub packets_sent: u64,
    /// RTP payload bytes sent, without repetitions.
    pub bytes_sent: u64,
    /// Packets sent once more because the far side missed them.
    pub packets_repeated: u64,
    /// Messages of the far side about missing packets (NACK).
    pub nacks_received: u64,
    /// Requests of the far side for a key frame (PLI or FIR).
    pub key_frame_requests_received: u64,
    /// The most that the far side takes in bits per second (`b=` of its description, REMB); 0 when
    /// it has not said.
    pub bitrate_limit_bps: u64,
    /// Pushed frames that were not sent: the queue was full, a key frame was missing, or the video
    /// was muted.
    pub input_dropped_frames: u64,
    /// Whole frames received and given out.
    pub frames_received: u64,
    /// Key frames among them.
    pub key_frames_received: u64,
    /// RTP packets received, duplicates included.
    pub packets_received: u64,
    /// RTP payload bytes received.
    pub bytes_received: u64,
    /// Packets that never came.
    pub packets_lost: u64,
    /// Packets that came after they were asked for.
    pub packets_repaired: u64,
    /// Received frames that were incomplete, or useless without one that was.
    pub frames_dropped: u64,
    /// Messages sent about missing packets (NACK).
    pub nacks_sent: u64,
    /// Requests sent for a key frame (PLI).
    pub key_frame_requests_sent: u64,
    /// Frames that slow video sinks lost.
    pub output_dropped_frames: u64,
    /// Width of the last received key frame in pixels; 0 until known.
    pub width: u32,
    /// Height of the last received key frame in pixels; 0 until known.
    pub height: u32,
    /// Round trip of the video's path in milliseconds; 0 until known.
    pub round_trip_ms: f64,
    /// Loss of what is sent, as the far side reports it, 0.0 to 1.0.
    pub remote_loss_fraction: f64,
}

/// When each step of a call's set-up was done, in milliseconds after `dial`; `None` if not yet.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct SetupTimes {
    /// All candidates were gathered and the offer is complete.
    pub offer_ready_ms: Option<f64>,
    /// The service accepted the invite ("CALL CREATED").
    pub created_ms: Option<f64>,
    /// The far side's SDP arrived (early media or answer).
    pub remote_sdp_ms: Option<f64>,
    /// The call was answered.
    pub answered_ms: Option<f64>,
    /// ICE found a working path.
    pub ice_connected_ms: Option<f64>,
    /// DTLS is done: media may flow.
    pub media_connected_ms: Option<f64>,
    /// The first RTP packet arrived.
    pub first_packet_ms: Option<f64>,
    /// The first received sound, nothing made up, left the jitter buffer for the sinks.
    pub first_audio_ms: Option<f64>,
}
