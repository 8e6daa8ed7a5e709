//! Audio processing for the generated languages.

use super::audio::samples;
use super::Result;
use crate::{AudioFormat, AudioProcessingOptions, AudioProcessingStats};
use std::sync::Arc;

/// Cleans the sound of one microphone: echo, noise, loudness.
///
/// Give it what is played and what is heard, each in order and at the pace of the devices; or hand
/// it to `open_microphone`, which does both. Any thread.
#[derive(uniffi::Object)]
pub struct AudioProcessor(pub(super) crate::AudioProcessor);

#[uniffi::export]
impl AudioProcessor {
    /// Makes a processor. Errors: `NotSupported` in builds of the library without it.
    #[uniffi::constructor]
    pub fn new(options: AudioProcessingOptions) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(crate::AudioProcessor::new(options)?)))
    }

    /// Takes what the microphone heard and gives it back cleaned: any number of samples, of which
    /// whole 10 ms come back and the rest with a later call.
    ///
    /// `pcm`: little-endian 16-bit samples, interleaved when there are two channels. `format` may
    /// change from call to call; what waited in another format is then dropped.
    /// Errors: `InvalidArgument` for a format or length that cannot be.
    pub fn process_capture(&self, pcm: Vec<u8>, format: AudioFormat) -> Result<Vec<u8>> {
        let cleaned = self.0.process_capture(&samples(&pcm)?, format)?;
        Ok(cleaned.iter().flat_map(|sample| sample.to_le_bytes()).collect())
    }

    /// Takes what the loudspeaker plays, for the echo cancellation. Errors as `process_capture`.
    pub fn process_render(&self, pcm: Vec<u8>, format: AudioFormat) -> Result<()> {
        Ok(self.0.process_render(&samples(&pcm)?, format)?)
    }

    /// Says how long a sound takes from `process_render` through loudspeaker and microphone to
    /// `process_capture`, in milliseconds, where that is known.
    /// Errors: `InvalidArgument` beyond 500.
    pub fn set_delay_ms(&self, delay_ms: u32) -> Result<()> {
        Ok(self.0.set_delay_ms(delay_ms)?)
    }

    /// Numbers about the echo at this moment.
    pub fn stats(&self) -> AudioProcessingStats {
        self.0.stats()
    }
}
