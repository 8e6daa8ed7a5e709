//! The codecs of one m-section as the peer connection wants them.

use crate::media::codec::AudioCodec;
use crate::media::telephone_event;
use crate::media::video::VideoCodec;
use crate::proto::sdp::Kind;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::{
    MIME_TYPE_G722, MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_PCMA, MIME_TYPE_PCMU,
    MIME_TYPE_TELEPHONE_EVENT, MIME_TYPE_VP8,
};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters,
    RTCRtpEncodingParameters, RtpCodecKind,
};

/// The RTP payload types that are offered; the answer's are used for sending.
const OPUS: u8 = 111;
const TELEPHONE_EVENT_48000: u8 = 110;
const TELEPHONE_EVENT_8000: u8 = 126;
/// What the peer connection knows telephone-events at 8 kHz as; see [`hidden`].
const HIDDEN_EVENT_8000: &str = "audio/telephone-event-8000";
const VP8: u8 = 96;
const H264: u8 = 97;
/// Constrained baseline, level 3.1, fragments allowed: what every far side decodes.
const H264_PARAMETERS: &str =
    "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
/// The feedback that is really given and taken.
const VIDEO_FEEDBACK: [(&str, &str); 3] = [("ccm", "fir"), ("nack", ""), ("nack", "pli")];

/// What one m-section offers, best first.
#[derive(Clone, Copy)]
pub(crate) enum Offered<'a> {
    Audio(&'a [AudioCodec]),
    Video(&'a [VideoCodec]),
}

impl Offered<'_> {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Audio(_) => Kind::Audio,
            Self::Video(_) => Kind::Video,
        }
    }

    pub(super) fn rtc_kind(self) -> RtpCodecKind {
        match self {
            Self::Audio(_) => RtpCodecKind::Audio,
            Self::Video(_) => RtpCodecKind::Video,
        }
    }

    pub(super) fn parameters(self) -> Vec<RTCRtpCodecParameters> {
        match self {
            Self::Audio(codecs) => audio_parameters(codecs),
            Self::Video(codecs) => codecs.iter().copied().map(video_parameters).collect(),
        }
    }

    pub(super) fn track(self, ssrc: u32) -> MediaStreamTrack {
        let (name, codec) = match self {
            Self::Audio(codecs) => {
                ("audio", audio_codec(codecs.first().copied().unwrap_or(AudioCodec::Opus)))
            }
            Self::Video(codecs) => {
                let first = codecs.first().copied().unwrap_or(VideoCodec::Vp8);
                ("video", video_parameters(first).rtp_codec)
            }
        };
        MediaStreamTrack::new(
            "signalwire".to_owned(),
            name.to_owned(),
            name.to_owned(),
            self.rtc_kind(),
            vec![RTCRtpEncodingParameters {
                rtp_coding_parameters: RTCRtpCodingParameters {
                    ssrc: Some(ssrc),
                    ..Default::default()
                },
                codec,
                ..Default::default()
            }],
        )
    }
}

fn audio_parameters(codecs: &[AudioCodec]) -> Vec<RTCRtpCodecParameters> {
    let mut parameters: Vec<RTCRtpCodecParameters> = codecs
        .iter()
        .map(|codec| RTCRtpCodecParameters {
            rtp_codec: audio_codec(*codec),
            payload_type: codec.static_payload_type().unwrap_or(OPUS),
        })
        .collect();
    // One for each clock among the codecs (RFC 4733, 2.1: that of the audio beside it).
    for (clock_rate, mime_type, payload_type) in [
        (48_000, MIME_TYPE_TELEPHONE_EVENT, TELEPHONE_EVENT_48000),
        (8_000, HIDDEN_EVENT_8000, TELEPHONE_EVENT_8000),
    ] {
        if !codecs.iter().any(|codec| codec.rtp_clock_rate() == clock_rate) {
            continue;
        }
        parameters.push(RTCRtpCodecParameters {
            rtp_codec: RTCRtpCodec {
                mime_type: mime_type.to_owned(),
                clock_rate,
                sdp_fmtp_line: "0-15".to_owned(),
                ..Default::default()
            },
            payload_type,
        });
    }
    parameters
}

/// Turns a description for the peer connection, which tells codecs apart by name only and would
/// take events of one clock for those of another: each clock but 48 kHz gets a name of its own.
pub(super) fn hidden(sdp: &str) -> String {
    let hide = |line: &str| match line.split_once(' ') {
        Some((map, format)) if map.starts_with("a=rtpmap:") => {
            let (name, clock) = format.split_once('/')?;
            let is_event = name.eq_ignore_ascii_case(telephone_event::SDP_NAME);
            let is_hidden = is_event && clock.trim_end() != "48000";
            is_hidden.then(|| format!("{map} {}-{clock}/{clock}", telephone_event::SDP_NAME))
        }
        _ => None,
    };
    let lines = sdp.lines().map(|line| hide(line).unwrap_or_else(|| line.to_owned()) + "\r\n");
    lines.collect()
}

/// Undoes [`hidden`] for what the far side gets to see.
pub(super) fn shown(sdp: &str) -> String {
    sdp.replace("telephone-event-8000/", "telephone-event/")
}

fn audio_codec(codec: AudioCodec) -> RTCRtpCodec {
    let (mime_type, channels, fmtp) = match codec {
        AudioCodec::Opus => (MIME_TYPE_OPUS, 2, "minptime=10;useinbandfec=1"),
        AudioCodec::Pcmu => (MIME_TYPE_PCMU, 0, ""),
        AudioCodec::Pcma => (MIME_TYPE_PCMA, 0, ""),
        AudioCodec::G722 => (MIME_TYPE_G722, 0, ""),
    };
    RTCRtpCodec {
        mime_type: mime_type.to_owned(),
        clock_rate: codec.rtp_clock_rate(),
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

fn video_parameters(codec: VideoCodec) -> RTCRtpCodecParameters {
    let (mime_type, fmtp, payload_type) = match codec {
        VideoCodec::Vp8 => (MIME_TYPE_VP8, "", VP8),
        VideoCodec::H264 => (MIME_TYPE_H264, H264_PARAMETERS, H264),
    };
    let feedback = |(typ, parameter): (&str, &str)| RTCPFeedback {
        typ: typ.to_owned(),
        parameter: parameter.to_owned(),
    };
    RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: mime_type.to_owned(),
            clock_rate: crate::media::video::CLOCK_HZ as u32,
            channels: 0,
            sdp_fmtp_line: fmtp.to_owned(),
            rtcp_feedback: VIDEO_FEEDBACK.into_iter().map(feedback).collect(),
        },
        payload_type,
    }
}
