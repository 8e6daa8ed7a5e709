//! Echo cancellation, noise suppression and gain control for what a microphone hears.
//!
//! The engine (the crate sonora, a port of WebRTC's audio processing) works on 10 ms at a time;
//! this module cuts what it is given into such frames and keeps the rest.

#[cfg(feature = "audio-processing")]
mod engine;
#[cfg(not(feature = "audio-processing"))]
#[path = "processing/absent.rs"]
mod engine;
#[cfg(all(test, feature = "audio-processing"))]
mod tests;

use crate::error::{Error, Result};
use crate::media::frame::AudioFormat;
use engine::Engine;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The longest delay between loudspeaker and microphone that can be told, in milliseconds.
const MAX_DELAY_MS: u32 = 500;

/// Frames per second.
const FRAMES_PER_SECOND: u32 = 100;

/// How much of a steady noise is taken out of the microphone's sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum NoiseSuppression {
    /// None.
    Off,
    /// About 6 dB.
    Low,
    /// About 12 dB.
    #[default]
    Moderate,
    /// About 18 dB.
    High,
    /// About 21 dB; a voice may suffer.
    VeryHigh,
}

/// What an [`AudioProcessor`] does. The default is everything, noise suppression moderately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct AudioProcessingOptions {
    /// Takes the loudspeaker's sound out of the microphone's. It needs
    /// [`AudioProcessor::process_render`], or the loudspeaker of
    /// [`MicrophoneOptions`](crate::MicrophoneOptions).
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub echo_cancellation: bool,
    /// Takes steady noise out.
    pub noise_suppression: NoiseSuppression,
    /// Brings a voice to the usual loudness, slowly, and limits what is too loud.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub gain_control: bool,
    /// Takes out what is below the voice (about 100 Hz). Echo cancellation always does.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub high_pass: bool,
}

impl Default for AudioProcessingOptions {
    fn default() -> Self {
        AudioProcessingOptions {
            echo_cancellation: true,
            noise_suppression: NoiseSuppression::Moderate,
            gain_control: true,
            high_pass: true,
        }
    }
}

/// Numbers about the echo; none where there is no estimate yet, or no echo cancellation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct AudioProcessingStats {
    /// By how much the echo is quieter than what was played, in dB.
    pub echo_return_loss_db: Option<f64>,
    /// By how much the echo canceller made it quieter still, in dB. It is the canceller's own
    /// careful estimate.
    pub echo_return_loss_enhancement_db: Option<f64>,
    /// The estimated delay between loudspeaker and microphone, in milliseconds.
    pub delay_ms: Option<u32>,
}

/// Cleans the sound of one microphone. A handle: clones are one processor, any thread may call.
///
/// Give it what is played by [`AudioProcessor::process_render`] and what is heard by
/// [`AudioProcessor::process_capture`], each in order and at the pace of the devices; or hand it
/// to a [`Microphone`](crate::Microphone), which does both. It costs about 1 % of a core.
#[derive(Clone)]
pub struct AudioProcessor(Arc<Mutex<State>>);

struct State {
    engine: Engine,
    capture: Framer,
    render: Framer,
}

impl AudioProcessor {
    /// Makes a processor.
    ///
    /// Error: `NotSupported` in builds without the cargo feature `audio-processing`.
    pub fn new(options: AudioProcessingOptions) -> Result<Self> {
        let engine = Engine::new(&options)?;
        let (capture, render) = (Framer::default(), Framer::default());
        Ok(AudioProcessor(Arc::new(Mutex::new(State { engine, capture, render }))))
    }

    /// Takes what the microphone heard and gives it back cleaned: any number of samples, of which
    /// whole 10 ms come back and the rest with a later call.
    ///
    /// `format` may change from call to call; what waited in another format is then dropped. Rates
    /// that 100 does not divide are cut into frames that are shorter by less than a sample.
    /// Errors: `InvalidArgument` for a format or length that cannot be.
    pub fn process_capture(&self, samples: &[i16], format: AudioFormat) -> Result<Vec<i16>> {
        format.validate_samples(samples)?;
        let state = &mut *self.state();
        let mut cleaned = Vec::with_capacity(samples.len());
        let engine = &mut state.engine;
        state.capture.cut(samples, format, |frame| {
            let from = cleaned.len();
            cleaned.resize(from + frame.len(), 0);
            engine.capture(frame, format, &mut cleaned[from..])
        })?;
        Ok(cleaned)
    }

    /// Takes what the loudspeaker plays, for the echo cancellation; any number of samples.
    /// Errors as [`AudioProcessor::process_capture`].
    pub fn process_render(&self, samples: &[i16], format: AudioFormat) -> Result<()> {
        format.validate_samples(samples)?;
        let state = &mut *self.state();
        let engine = &mut state.engine;
        state.render.cut(samples, format, |frame| engine.render(frame, format))
    }

    /// Says how long a sound takes from [`AudioProcessor::process_render`] through loudspeaker and
    /// microphone to [`AudioProcessor::process_capture`], where that is known: the estimate begins
    /// there. Error: `InvalidArgument` beyond 500 ms.
    pub fn set_delay_ms(&self, delay_ms: u32) -> Result<()> {
        if delay_ms > MAX_DELAY_MS {
            return Err(Error::invalid(format!(
                "delay_ms must be 0 to {MAX_DELAY_MS}; got {delay_ms}"
            )));
        }
        self.state().engine.set_delay_ms(delay_ms);
        Ok(())
    }

    /// Numbers about the echo at this moment.
    pub fn stats(&self) -> AudioProcessingStats {
        self.state().engine.stats()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for AudioProcessor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioProcessor").finish_non_exhaustive()
    }
}

/// Cuts a stream into frames of 10 ms.
#[derive(Default)]
struct Framer {
    format: Option<AudioFormat>,
    waiting: Vec<i16>,
}

impl Framer {
    fn cut(
        &mut self,
        samples: &[i16],
        format: AudioFormat,
        mut each: impl FnMut(&[i16]) -> Result<()>,
    ) -> Result<()> {
        if self.format != Some(format) {
            self.format = Some(format);
            self.waiting.clear();
        }
        let frame = (format.sample_rate_hz / FRAMES_PER_SECOND * format.channels) as usize;
        let mut rest = samples;
        if !self.waiting.is_empty() {
            let missing = (frame - self.waiting.len()).min(rest.len());
            self.waiting.extend_from_slice(&rest[..missing]);
            rest = &rest[missing..];
            if self.waiting.len() < frame {
                return Ok(());
            }
            each(&self.waiting)?;
            self.waiting.clear();
        }
        let whole = rest.chunks_exact(frame);
        self.waiting.extend_from_slice(whole.remainder());
        whole.into_iter().try_for_each(each)
    }
}
