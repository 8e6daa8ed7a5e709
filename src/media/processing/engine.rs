//! The engine: the crate sonora with the settings that a call needs.

use super::{AudioProcessingOptions, AudioProcessingStats, NoiseSuppression};
use crate::error::{Error, Result};
use crate::media::frame::AudioFormat;
use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate,
    NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

pub(super) struct Engine {
    apm: Box<AudioProcessing>,
    /// What is played is looked at, not changed: this takes what comes back.
    unused: Vec<i16>,
}

impl Engine {
    pub(super) fn new(options: &AudioProcessingOptions) -> Result<Self> {
        let mono = StreamConfig::new(AudioFormat::MONO_48K.sample_rate_hz, 1);
        let apm = AudioProcessing::builder()
            .config(config(options))
            .capture_config(mono)
            .render_config(mono)
            .build();
        Ok(Engine { apm: Box::new(apm), unused: Vec::new() })
    }

    pub(super) fn capture(
        &mut self,
        frame: &[i16],
        format: AudioFormat,
        cleaned: &mut [i16],
    ) -> Result<()> {
        let stream = stream(format);
        let done = self.apm.process_capture_i16_with_config(frame, &stream, &stream, cleaned);
        done.map_err(|error| failure(&error))
    }

    pub(super) fn render(&mut self, frame: &[i16], format: AudioFormat) -> Result<()> {
        let stream = stream(format);
        self.unused.resize(frame.len(), 0);
        let done =
            self.apm.process_render_i16_with_config(frame, &stream, &stream, &mut self.unused);
        done.map_err(|error| failure(&error))
    }

    pub(super) fn set_delay_ms(&mut self, delay_ms: u32) {
        // The range was checked; the only failure is that it was outside.
        let _ = self.apm.set_stream_delay_ms(delay_ms as i32);
    }

    pub(super) fn stats(&self) -> AudioProcessingStats {
        let stats = self.apm.statistics();
        AudioProcessingStats {
            echo_return_loss_db: stats.echo_return_loss,
            echo_return_loss_enhancement_db: stats.echo_return_loss_enhancement,
            delay_ms: stats.delay_ms.and_then(|ms| u32::try_from(ms).ok()),
        }
    }
}

fn stream(format: AudioFormat) -> StreamConfig {
    // Formats have at most two channels.
    StreamConfig::new(format.sample_rate_hz, format.channels as u16)
}

fn config(options: &AudioProcessingOptions) -> Config {
    let level = match options.noise_suppression {
        NoiseSuppression::Off => None,
        NoiseSuppression::Low => Some(NoiseSuppressionLevel::Low),
        NoiseSuppression::Moderate => Some(NoiseSuppressionLevel::Moderate),
        NoiseSuppression::High => Some(NoiseSuppressionLevel::High),
        NoiseSuppression::VeryHigh => Some(NoiseSuppressionLevel::VeryHigh),
    };
    Config {
        pipeline: Pipeline {
            maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
            ..Pipeline::default()
        },
        high_pass_filter: options.high_pass.then(HighPassFilter::default),
        echo_canceller: options.echo_cancellation.then(EchoCanceller::default),
        noise_suppression: level
            .map(|level| sonora::config::NoiseSuppression { level, ..Default::default() }),
        gain_controller2: options.gain_control.then(|| GainController2 {
            adaptive_digital: Some(AdaptiveDigital::default()),
            ..GainController2::default()
        }),
        ..Config::default()
    }
}

fn failure(error: &sonora::Error) -> Error {
    Error::invalid(format!("the audio cannot be processed: {error}"))
}
