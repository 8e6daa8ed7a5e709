//! Pictures: decoded video, how it gets into and out of a call's encoded video, and some sources and
//! files of it. The codecs themselves are a crate of their own, `video-codecs`.
//!
//! | file | what |
//! |---|---|
//! | `picture` | a picture: its planes and their memory |
//! | `convert` `scale` | other formats, sizes and sides up |
//! | `codec` | the codecs that were built in |
//! | `output` | received frames, decoded on a thread of their own, to sinks |
//! | `input` `rate` | pushed pictures, encoded on a thread of their own, at the rate that the way allows |
//! | `worker` | the threads of both |
//! | `test_card` `y4m` `y4m_sink` `png` | a source for tests, and files |

pub(crate) mod codec;
pub(crate) mod convert;
pub(crate) mod input;
pub(crate) mod output;
#[allow(clippy::module_inception)] // The module is named after its main type.
pub(crate) mod picture;
pub(crate) mod png;
pub(crate) mod rate;
pub(crate) mod scale;
pub(crate) mod test_card;
pub(crate) mod worker;
pub(crate) mod y4m;
pub(crate) mod y4m_sink;

use std::sync::atomic::{AtomicU64, Ordering};

/// What became of a call's pictures so far.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct PictureStats {
    /// Pictures that were pushed and encoded into a frame.
    pub encoded: u64,
    /// Pushed pictures that were not sent: newer ones came first, there were more per second than
    /// the service wants or the bit rate allows, or the camera was muted.
    pub input_dropped: u64,
    /// Pictures that the encoder failed with.
    pub encode_errors: u64,
    /// What the encoder is told to keep to, in bits per second; 0 before the first picture.
    pub target_bitrate_bps: u64,
    /// Time that encoding took, all pictures together, in microseconds.
    pub encode_us: u64,
    /// Received frames that became pictures.
    pub decoded: u64,
    /// Received frames that could not be decoded; each asked for a key frame.
    pub decode_errors: u64,
    /// Received frames that were left out: what they build on had not been decoded, or the decoder
    /// was too slow.
    pub decode_skipped: u64,
    /// Pictures that slow sinks lost; newer ones took their place.
    pub output_dropped: u64,
    /// Time that decoding took, all frames together, in microseconds.
    pub decode_us: u64,
}

/// The same while it grows.
#[derive(Default)]
pub(crate) struct Counters {
    encoded: AtomicU64,
    input_dropped: AtomicU64,
    encode_errors: AtomicU64,
    target_bitrate_bps: AtomicU64,
    encode_us: AtomicU64,
    decoded: AtomicU64,
    decode_errors: AtomicU64,
    decode_skipped: AtomicU64,
    output_dropped: AtomicU64,
    decode_us: AtomicU64,
}

impl Counters {
    pub(crate) fn stats(&self) -> PictureStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PictureStats {
            encoded: read(&self.encoded),
            input_dropped: read(&self.input_dropped),
            encode_errors: read(&self.encode_errors),
            target_bitrate_bps: read(&self.target_bitrate_bps),
            encode_us: read(&self.encode_us),
            decoded: read(&self.decoded),
            decode_errors: read(&self.decode_errors),
            decode_skipped: read(&self.decode_skipped),
            output_dropped: read(&self.output_dropped),
            decode_us: read(&self.decode_us),
        }
    }
}

fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}
