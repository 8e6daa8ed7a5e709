//! Audio formats, frames, levels and the error type of the audio modules.

/// Length of the tick on which audio is encoded and delivered, in milliseconds.
pub const TICK_MS: u32 = 20;

/// The level that stands for digital silence, in dBFS.
pub const SILENCE_DBFS: f32 = -127.0;

/// What can go wrong in the audio modules. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// A format field is out of range.
    #[error("{0}")]
    InvalidFormat(String),
    /// The samples do not fit the format, e.g. an empty buffer or half a stereo pair.
    #[error("{0}")]
    InvalidSamples(String),
    /// A codec could not be set up with the options given.
    #[error("the {codec} codec could not be set up ({reason}); check the codec options")]
    CodecSetup {
        /// SDP name of the codec.
        codec: &'static str,
        /// What the codec said.
        reason: String,
    },
    /// The encoder refused a frame. The stream may go on with the next frame.
    #[error("the {codec} encoder failed ({reason}); the frame was not sent")]
    Encode {
        /// SDP name of the codec.
        codec: &'static str,
        /// What the codec said.
        reason: String,
    },
    /// A received payload is not valid. The receiver conceals it and goes on.
    #[error("the {codec} payload is not valid ({reason}); it is replaced by concealment")]
    Decode {
        /// SDP name of the codec.
        codec: &'static str,
        /// What the codec said.
        reason: String,
    },
    /// No resampler can be made for this pair of formats.
    #[error("cannot convert {from_hz} Hz to {to_hz} Hz ({reason}); use a usual sample rate")]
    Resample {
        /// Source rate in Hz.
        from_hz: u32,
        /// Destination rate in Hz.
        to_hz: u32,
        /// What the resampler said.
        reason: String,
    },
    /// A WAV file could not be read or written.
    #[error("WAV file {path}: {reason}")]
    Wav {
        /// The path as given by the caller.
        path: String,
        /// What failed and what to do.
        reason: String,
    },
    /// A recording could not be made or is not complete.
    #[error("recording {path}: {reason}")]
    Recording {
        /// The path as given by the caller.
        path: String,
        /// What failed and what to do.
        reason: String,
    },
    /// A thread for audio callbacks could not be started.
    #[error("a media thread could not be started ({0}); raise the process's thread limit")]
    Thread(String),
}

/// The shape of PCM audio: signed 16-bit samples, interleaved when there are two channels.
///
/// `sample_rate_hz` is 8000 to 192000, `channels` is 1 or 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct AudioFormat {
    /// Sample frames per second, 8000 to 192000.
    pub sample_rate_hz: u32,
    /// 1 (mono) or 2 (stereo, interleaved left, right).
    pub channels: u32,
}

impl AudioFormat {
    /// 8 kHz mono, the telephone network's rate.
    pub const MONO_8K: AudioFormat = AudioFormat::new(8_000, 1);
    /// 16 kHz mono, usual for speech recognition.
    pub const MONO_16K: AudioFormat = AudioFormat::new(16_000, 1);
    /// 24 kHz mono, usual for speech synthesis.
    pub const MONO_24K: AudioFormat = AudioFormat::new(24_000, 1);
    /// 48 kHz mono, the rate of Opus: no resampling is needed.
    pub const MONO_48K: AudioFormat = AudioFormat::new(48_000, 1);
    /// 48 kHz stereo.
    pub const STEREO_48K: AudioFormat = AudioFormat::new(48_000, 2);

    /// Makes a format without checking it; see [`AudioFormat::validate`].
    pub const fn new(sample_rate_hz: u32, channels: u32) -> Self {
        AudioFormat { sample_rate_hz, channels }
    }

    /// Checks the ranges. Error: `InvalidFormat`, naming the field, its range and the value.
    pub fn validate(&self) -> Result<(), AudioError> {
        if !(8_000..=192_000).contains(&self.sample_rate_hz) {
            return Err(AudioError::InvalidFormat(format!(
                "sample_rate_hz must be between 8000 and 192000; got {}",
                self.sample_rate_hz
            )));
        }
        if !(1..=2).contains(&self.channels) {
            return Err(AudioError::InvalidFormat(format!(
                "channels must be 1 or 2; got {}",
                self.channels
            )));
        }
        Ok(())
    }

    /// Sample frames per channel in 20 ms.
    ///
    /// Rounded down for rates that 50 does not divide (11025 gives 220); frames of such a format
    /// alternate between this and one more, so that their sum is exact.
    pub const fn samples_per_20ms(&self) -> usize {
        (self.sample_rate_hz / 50) as usize
    }

    /// Interleaved samples in so many milliseconds; rounded down.
    pub(crate) const fn samples_in_ms(&self, ms: u32) -> usize {
        (self.sample_rate_hz as u64 * ms as u64 / 1000) as usize * self.channels as usize
    }

    /// Checks that `samples` is a whole, positive number of sample frames of this valid format.
    ///
    /// Errors: `InvalidFormat`, `InvalidSamples`.
    pub fn validate_samples(&self, samples: &[i16]) -> Result<(), AudioError> {
        self.validate()?;
        if samples.is_empty() {
            return Err(AudioError::InvalidSamples(
                "samples must not be empty; push at least one sample per channel".into(),
            ));
        }
        if !samples.len().is_multiple_of(self.channels as usize) {
            return Err(AudioError::InvalidSamples(format!(
                "the number of samples must be a multiple of channels ({}); got {}",
                self.channels,
                samples.len()
            )));
        }
        Ok(())
    }

    /// The duration of `samples` interleaved samples of this format in whole milliseconds.
    ///
    /// The format must be valid; 0 is returned for a format with no rate or no channels.
    pub fn duration_ms(&self, samples: usize) -> u64 {
        let per_second = u64::from(self.sample_rate_hz) * u64::from(self.channels);
        (samples as u64 * 1000).checked_div(per_second).unwrap_or(0)
    }
}

/// One frame of received audio, borrowed for the time of a callback.
#[derive(Clone, Copy, Debug)]
pub struct AudioFrame<'a> {
    /// Signed 16-bit samples, interleaved when there are two channels; about 20 ms of them.
    pub samples: &'a [i16],
    /// The format that the sink asked for.
    pub format: AudioFormat,
    /// Media time of the first sample in microseconds since the stream began.
    pub timestamp_us: u64,
    /// True when the frame was made up because nothing arrived in time.
    pub is_concealed: bool,
}

impl AudioFrame<'_> {
    /// Sample frames per channel.
    pub fn samples_per_channel(&self) -> usize {
        self.samples.len() / self.format.channels.max(1) as usize
    }
}

/// The loudness of one 20 ms frame in dB relative to full scale, -127 (silence) to 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AudioLevel {
    /// Root mean square over the frame; a full-scale square wave is 0.
    pub rms_dbfs: f32,
    /// The largest absolute sample.
    pub peak_dbfs: f32,
}

impl AudioLevel {
    /// Digital silence.
    pub const SILENCE: AudioLevel = AudioLevel { rms_dbfs: SILENCE_DBFS, peak_dbfs: SILENCE_DBFS };

    /// Measures `samples`; an empty slice is silence.
    pub fn measure(samples: &[i16]) -> AudioLevel {
        let mut peak = 0u16;
        let mut sum = 0u64;
        for &s in samples {
            peak = peak.max(s.unsigned_abs());
            let s = i64::from(s);
            sum += (s * s) as u64;
        }
        if peak == 0 {
            return AudioLevel::SILENCE;
        }
        let rms = (sum as f64 / samples.len() as f64).sqrt();
        AudioLevel { rms_dbfs: dbfs(rms), peak_dbfs: dbfs(f64::from(peak)) }
    }
}

fn dbfs(amplitude: f64) -> f32 {
    let db = 20.0 * (amplitude / 32_768.0).log10();
    (db as f32).clamp(SILENCE_DBFS, 0.0)
}

/// A level that one thread writes and any thread reads.
#[derive(Debug)]
pub(crate) struct LevelCell(std::sync::atomic::AtomicU64);

impl LevelCell {
    pub(crate) fn new() -> Self {
        let cell = LevelCell(std::sync::atomic::AtomicU64::new(0));
        cell.set(AudioLevel::SILENCE);
        cell
    }

    pub(crate) fn set(&self, level: AudioLevel) {
        let bits = u64::from(level.rms_dbfs.to_bits()) << 32 | u64::from(level.peak_dbfs.to_bits());
        self.0.store(bits, std::sync::atomic::Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> AudioLevel {
        let bits = self.0.load(std::sync::atomic::Ordering::Relaxed);
        AudioLevel {
            rms_dbfs: f32::from_bits((bits >> 32) as u32),
            peak_dbfs: f32::from_bits(bits as u32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_checked_with_a_text_that_says_what_to_do() {
        let cases = [
            (8_000, 1, None),
            (192_000, 2, None),
            (0, 1, Some("sample_rate_hz must be between 8000 and 192000; got 0")),
            (7_999, 1, Some("sample_rate_hz must be between 8000 and 192000; got 7999")),
            (192_001, 2, Some("sample_rate_hz must be between 8000 and 192000; got 192001")),
            (48_000, 0, Some("channels must be 1 or 2; got 0")),
            (48_000, 3, Some("channels must be 1 or 2; got 3")),
        ];
        for (rate, channels, text) in cases {
            let got = AudioFormat::new(rate, channels).validate().err().map(|e| e.to_string());
            assert_eq!(got.as_deref(), text);
        }
    }

    #[test]
    fn samples_must_be_whole_frames() {
        let cases: [(AudioFormat, usize, bool); 5] = [
            (AudioFormat::MONO_8K, 1, true),
            (AudioFormat::MONO_8K, 0, false),
            (AudioFormat::STEREO_48K, 3, false),
            (AudioFormat::STEREO_48K, 4, true),
            (AudioFormat::new(1, 1), 4, false),
        ];
        for (format, len, ok) in cases {
            assert_eq!(format.validate_samples(&vec![0; len]).is_ok(), ok, "{format:?} {len}");
        }
    }

    #[test]
    fn sizes_and_durations() {
        for (rate, n) in [(8_000, 160), (11_025, 220), (44_100, 882), (48_000, 960)] {
            assert_eq!(AudioFormat::new(rate, 1).samples_per_20ms(), n);
        }
        assert_eq!(AudioFormat::STEREO_48K.duration_ms(1920), 20);
        assert_eq!(AudioFormat::new(0, 1).duration_ms(5), 0);
    }

    #[test]
    fn levels_of_known_signals() {
        let cases: [(&[i16], f32, f32); 5] = [
            (&[], -127.0, -127.0),
            (&[0, 0], -127.0, -127.0),
            (&[i16::MIN, i16::MIN], 0.0, 0.0),
            (&[16_384, -16_384], -6.02, -6.02),
            (&[16_384, 0], -9.03, -6.02),
        ];
        for (samples, rms, peak) in cases {
            let level = AudioLevel::measure(samples);
            assert!((level.rms_dbfs - rms).abs() < 0.01, "{samples:?} {level:?}");
            assert!((level.peak_dbfs - peak).abs() < 0.01, "{samples:?} {level:?}");
        }
        let cell = LevelCell::new();
        assert_eq!(cell.get(), AudioLevel::SILENCE);
        cell.set(AudioLevel { rms_dbfs: -20.5, peak_dbfs: -3.25 });
        assert_eq!(cell.get(), AudioLevel { rms_dbfs: -20.5, peak_dbfs: -3.25 });
    }
}
