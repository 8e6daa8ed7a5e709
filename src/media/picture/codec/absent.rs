//! What stands in the codecs' place in builds without them: nothing that could be made.

use crate::error::Result;
use crate::media::picture::picture::{Picture, PicturePool};
use crate::media::video::VideoCodec;

/// How to encode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bitrate_bps: u32,
    pub(crate) frame_rate: f32,
    pub(crate) threads: u32,
}

pub(crate) enum Encoder {}

impl Encoder {
    pub(crate) fn new(codec: VideoCodec, settings: Settings) -> Result<Self> {
        let Settings { width, height, frame_rate, threads, .. } = settings;
        tracing::debug!(width, height, frame_rate, threads, "there is no encoder");
        Err(super::none_of(codec))
    }

    pub(crate) fn set_bitrate(&mut self, _: u32) -> Result<()> {
        match *self {}
    }

    pub(crate) fn encode(&mut self, _: &Picture, _: bool) -> Result<Option<Vec<u8>>> {
        match *self {}
    }
}

pub(crate) enum Decoder {}

impl Decoder {
    pub(crate) fn new(codec: VideoCodec) -> Result<Self> {
        Err(super::none_of(codec))
    }

    pub(crate) fn decode(&mut self, _: &[u8], _: u64, _: &PicturePool) -> Result<Option<Picture>> {
        match *self {}
    }
}
