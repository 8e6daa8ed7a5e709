//! What stands in the engine's place in builds without it: nothing that could be made.

use super::{AudioProcessingOptions, AudioProcessingStats};
use crate::error::{Error, ErrorKind, Result};
use crate::media::frame::AudioFormat;

pub(super) enum Engine {}

impl Engine {
    pub(super) fn new(_: &AudioProcessingOptions) -> Result<Self> {
        Err(Error::new(
            ErrorKind::NotSupported,
            "this build has no audio processing: build it with the feature `audio-processing` \
             (Rust 1.91), or use the platform's own",
        ))
    }

    pub(super) fn capture(&mut self, _: &[i16], _: AudioFormat, _: &mut [i16]) -> Result<()> {
        match *self {}
    }

    pub(super) fn render(&mut self, _: &[i16], _: AudioFormat) -> Result<()> {
        match *self {}
    }

    pub(super) fn set_delay_ms(&mut self, _: u32) {
        match *self {}
    }

    pub(super) fn stats(&self) -> AudioProcessingStats {
        match *self {}
    }
}
