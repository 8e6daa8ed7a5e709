//! Audio for the generated languages.
//!
//! Frames cross this interface as bytes, which is a copy or two: good enough for Kotlin and
//! Swift. Python takes them through the C interface instead, at a twentieth of the price.

use super::{Result, SignalWireError};
use crate::runtime::dispatch::call_foreign;
use crate::{AudioFormat, AudioFrame, Error};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// One frame of received audio, about 20 ms. It may be kept.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PcmFrame {
    /// Little-endian 16-bit samples, interleaved when there are two channels.
    pub pcm: Vec<u8>,
    /// The format that the sink asked for.
    pub format: AudioFormat,
    /// Media time of the first sample in microseconds since the stream began.
    pub timestamp_us: u64,
    /// True when the frame was made up because nothing arrived in time.
    pub is_concealed: bool,
}

/// What a sink throws when it cannot take a frame. It is logged; the next frame comes anyway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CallbackError {
    /// The application's code failed.
    #[error("{reason}")]
    Failed {
        /// Why, for the log.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for CallbackError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}

/// Receives audio. Implemented by the application.
#[uniffi::export(foreign)]
pub trait AudioSink: Send + Sync {
    /// Takes one frame in the format that was asked for, on a media thread.
    ///
    /// It may call anything of this library that does not wait, also remove itself. Its errors
    /// are logged and the next frame is delivered as if nothing had happened.
    fn on_frame(&self, frame: PcmFrame) -> std::result::Result<(), CallbackError>;
}

/// A foreign sink as one of the core.
pub(super) struct ForeignSink {
    sink: Arc<dyn AudioSink>,
    has_failed: AtomicBool,
}

impl ForeignSink {
    pub(super) fn new(sink: Arc<dyn AudioSink>) -> Arc<Self> {
        Arc::new(Self { sink, has_failed: AtomicBool::new(false) })
    }

    fn log(&self, error: &CallbackError) {
        // A sink that fails once fails fifty times a second.
        if !self.has_failed.swap(true, Ordering::Relaxed) {
            tracing::error!("an audio sink failed; only its first failure is logged: {error}");
        }
    }
}

impl crate::AudioSink for ForeignSink {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        let frame = PcmFrame {
            pcm: frame.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            format: frame.format,
            timestamp_us: frame.timestamp_us,
            is_concealed: frame.is_concealed,
        };
        call_foreign("an audio sink", || {
            if let Err(error) = self.sink.on_frame(frame) {
                self.log(&error);
            }
        });
    }
}

/// Little-endian bytes, at any address, as samples.
pub(super) fn samples(pcm: &[u8]) -> Result<Vec<i16>> {
    let pairs = pcm.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(SignalWireError::from(Error::invalid(format!(
            "pcm must hold whole 16-bit samples, an even number of bytes; got {}",
            pcm.len()
        ))));
    }
    Ok(pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

/// A running recording of a call; ends when finished or let go of, and with the call.
#[derive(uniffi::Object)]
pub struct Recorder(crate::Recorder);

impl Recorder {
    pub(super) fn new(recorder: crate::Recorder) -> Arc<Self> {
        Arc::new(Self(recorder))
    }
}

#[uniffi::export]
impl Recorder {
    /// Ends the recording, writes what is left and completes the file; may take as long as the disk.
    ///
    /// Errors: `Media` if something could not be written, such as on a full disk, or if the disk was
    /// too slow: the message says which. A second call does nothing but say the same.
    pub fn finish(&self) -> Result<()> {
        Ok(self.0.finish()?)
    }

    /// Milliseconds that are silent in the file because the disk was too slow for 10 s.
    pub fn lost_ms(&self) -> u64 {
        self.0.lost_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AudioSink as _;
    use std::sync::Mutex;

    #[test]
    fn bytes_become_samples_at_odd_addresses_too() {
        let bytes = [9, 1, 0, 0xff, 0xff, 0, 0x80];
        assert_eq!(samples(&bytes[1..]).unwrap(), [1, -1, i16::MIN]);
        assert_eq!(samples(&[]).unwrap(), [0; 0]);
        assert!(matches!(samples(&bytes), Err(SignalWireError::InvalidArgument { .. })));
    }

    struct Failing(Mutex<Vec<PcmFrame>>);

    impl AudioSink for Failing {
        fn on_frame(&self, frame: PcmFrame) -> std::result::Result<(), CallbackError> {
            let mut seen = self.0.lock().unwrap();
            seen.push(frame);
            match seen.len() {
                1 => Err(CallbackError::Failed { reason: "first".into() }),
                _ => Ok(()),
            }
        }
    }

    #[test]
    fn a_sink_gets_little_endian_bytes_and_may_fail() {
        let failing = Arc::new(Failing(Mutex::default()));
        let sink = ForeignSink::new(failing.clone());
        let frame = AudioFrame {
            samples: &[1, -2],
            format: AudioFormat::MONO_8K,
            timestamp_us: 20_000,
            is_concealed: true,
        };
        sink.on_frame(&frame);
        sink.on_frame(&frame);
        let seen = failing.0.lock().unwrap();
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[1].pcm, [1, 0, 0xfe, 0xff]);
        assert_eq!(seen[1].timestamp_us, 20_000);
        assert!(seen[1].is_concealed);
    }
}
