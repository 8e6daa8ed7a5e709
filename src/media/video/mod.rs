//! Encoded video: frames and how they travel as RTP. No codec is in here: the application encodes
//! and decodes, by hardware or by a library of its choice.
//!
//! All but `port` is pure: packets, frames and time go in, packets, frames and feedback come out.

pub(crate) mod assembler;
pub(crate) mod h264;
pub(crate) mod ivf;
pub(crate) mod ivf_sink;
pub(crate) mod port;
pub(crate) mod sender;
pub(crate) mod vp8;

use crate::error::{Error, Result};
use bytes::Bytes;

/// The RTP clock of all video codecs (RFC 7741, 4.1; RFC 6184, 5.1).
pub(crate) const CLOCK_HZ: u64 = 90_000;
/// What fits into a datagram of 1200 bytes beside the RTP header (12) and the longest SRTP tag (16).
pub(crate) const MAX_PAYLOAD: usize = 1200 - 12 - 16;
/// The largest frame that is sent or put together.
pub(crate) const MAX_FRAME_BYTES: usize = 2 * 1024 * 1024;

/// How video is encoded. The number of a codec never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum VideoCodec {
    /// VP8 (RFC 6386); a frame is one VP8 frame as the encoder gives it.
    Vp8 = 0,
    /// H.264, constrained baseline; a frame is one access unit in Annex B format: each NAL unit
    /// after a start code, SPS and PPS before each IDR picture.
    H264 = 1,
}

impl VideoCodec {
    /// All codecs, the preferred one first.
    pub(crate) const ALL: [Self; 2] = [Self::Vp8, Self::H264];

    /// The codec's SDP name.
    pub fn sdp_name(self) -> &'static str {
        match self {
            Self::Vp8 => "VP8",
            Self::H264 => "H264",
        }
    }

    pub(crate) fn from_sdp_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.sdp_name().eq_ignore_ascii_case(name))
    }
}

/// One encoded picture. Cheap to clone: the bytes are shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedVideoFrame {
    /// How `data` is encoded.
    pub codec: VideoCodec,
    /// The picture, at most 2 MiB: a VP8 frame, or an H.264 access unit in Annex B format. Received
    /// H.264 has four-byte start codes, whatever the sender wrote.
    pub data: Bytes,
    /// Media time in microseconds. Of a received frame: since the stream's first one. Of a frame to
    /// send: by any clock of the application's that never goes back; only differences count.
    pub timestamp_us: u64,
    /// Whether a decoder can begin with this picture: a VP8 key frame, an H.264 access unit with an
    /// IDR picture.
    pub is_key_frame: bool,
    /// Width in pixels, where the picture says so: a VP8 key frame, H.264 with an SPS; else 0.
    pub width: u32,
    /// Height in pixels; 0 where unknown.
    pub height: u32,
}

impl EncodedVideoFrame {
    /// Makes a frame of what an encoder gave, and reads from it whether it is a key frame and its size.
    ///
    /// Errors: `InvalidArgument` when `data` is empty, larger than 2 MiB, or H.264 without a start code.
    pub fn new(codec: VideoCodec, data: impl Into<Bytes>, timestamp_us: u64) -> Result<Self> {
        let data = data.into();
        if data.is_empty() {
            return Err(Error::invalid("a video frame must not be empty"));
        }
        if data.len() > MAX_FRAME_BYTES {
            return Err(Error::invalid(format!(
                "a video frame may have {MAX_FRAME_BYTES} bytes; got {}: lower the bitrate",
                data.len()
            )));
        }
        if codec == VideoCodec::H264 && h264::units(&data).next().is_none() {
            return Err(Error::invalid(
                "an H.264 frame must be in Annex B format: a start code (0 0 1) before each NAL unit",
            ));
        }
        Ok(Self::read(codec, data, timestamp_us))
    }

    /// The same without the checks, for what was put together here.
    pub(crate) fn read(codec: VideoCodec, data: Bytes, timestamp_us: u64) -> Self {
        let (is_key_frame, size) = match codec {
            VideoCodec::Vp8 => (vp8::is_key_frame(&data), vp8::size(&data)),
            VideoCodec::H264 => (h264::is_key_frame(&data), h264::size(&data)),
        };
        let (width, height) = size.unwrap_or_default();
        Self { codec, data, timestamp_us, is_key_frame, width, height }
    }
}

/// A received RTP packet of a video stream.
#[derive(Clone, Debug)]
pub(crate) struct VideoPacket {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) codec: VideoCodec,
    pub(crate) marker: bool,
    pub(crate) payload: Bytes,
}

/// RTP ticks of a media time, and back; exact for times that came from ticks.
pub(crate) fn ticks_of_us(us: u64) -> u64 {
    let exact = (u128::from(us) * u128::from(CLOCK_HZ) + 500_000) / 1_000_000;
    exact as u64
}

pub(crate) fn us_of_ticks(ticks: u64) -> u64 {
    let exact = u128::from(ticks) * 1_000_000 / u128::from(CLOCK_HZ);
    exact as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_wire() {
        for ticks in [0, 1, 2, 3, 89_999, 90_001, 3_003 * 77, 1 << 33] {
            assert_eq!(ticks_of_us(us_of_ticks(ticks)), ticks);
        }
    }

    #[test]
    fn frames_that_cannot_be_are_refused_with_what_to_do() {
        for (codec, data, text) in [
            (VideoCodec::Vp8, vec![], "must not be empty"),
            (VideoCodec::Vp8, vec![0; MAX_FRAME_BYTES + 1], "lower the bitrate"),
            (VideoCodec::H264, vec![0x65, 1, 2], "Annex B"),
        ] {
            let error = EncodedVideoFrame::new(codec, data, 0).unwrap_err();
            assert!(error.message().contains(text), "{error:?}");
        }
    }

    #[test]
    fn names_are_those_of_sdp() {
        for codec in VideoCodec::ALL {
            assert_eq!(VideoCodec::from_sdp_name(&codec.sdp_name().to_lowercase()), Some(codec));
        }
        assert_eq!(VideoCodec::from_sdp_name("VP9"), None);
    }
}
