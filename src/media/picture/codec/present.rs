//! The crate `video-codecs`, with one codec or both.

use crate::error::{Error, Result};
use crate::media::picture::picture::{Picture, PicturePool, PixelFormat};
use crate::media::video::VideoCodec;
use signalwire_video_codecs as codecs;
use signalwire_video_codecs::Planes;

pub(crate) use signalwire_video_codecs::Settings;

fn failed(error: codecs::Error) -> Error {
    Error::media(error.to_string())
}

/// Makes frames of one codec and size.
pub(crate) enum Encoder {
    #[cfg(feature = "vp8")]
    Vp8(codecs::vp8::Encoder),
    #[cfg(feature = "h264")]
    H264(codecs::h264::Encoder),
}

impl Encoder {
    pub(crate) fn new(codec: VideoCodec, settings: Settings) -> Result<Self> {
        match codec {
            #[cfg(feature = "vp8")]
            VideoCodec::Vp8 => codecs::vp8::Encoder::new(settings).map(Self::Vp8).map_err(failed),
            #[cfg(feature = "h264")]
            VideoCodec::H264 => {
                codecs::h264::Encoder::new(settings).map(Self::H264).map_err(failed)
            }
            #[cfg(not(all(feature = "vp8", feature = "h264")))]
            codec => {
                let _ = settings;
                Err(super::none_of(codec))
            }
        }
    }

    pub(crate) fn set_bitrate(&mut self, bits: u32) -> Result<()> {
        match self {
            #[cfg(feature = "vp8")]
            Self::Vp8(encoder) => encoder.set_bitrate(bits).map_err(failed),
            #[cfg(feature = "h264")]
            Self::H264(encoder) => encoder.set_bitrate(bits).map_err(failed),
        }
    }

    /// Takes a picture in I420 of the encoder's size. `None`: it was left out to keep the rate.
    pub(crate) fn encode(&mut self, picture: &Picture, is_key: bool) -> Result<Option<Vec<u8>>> {
        let planes = [0, 1, 2].map(|number| picture.samples(number));
        let size = (picture.width() as usize, picture.height() as usize);
        let data = planes.map(|plane| plane.data);
        let source = Planes::new(size, data, planes.map(|plane| plane.stride)).map_err(failed)?;
        let time = picture.timestamp_us();
        match self {
            #[cfg(feature = "vp8")]
            Self::Vp8(encoder) => encoder.encode(&source, time, is_key).map_err(failed),
            #[cfg(feature = "h264")]
            Self::H264(encoder) => encoder.encode(&source, time, is_key).map_err(failed),
        }
    }
}

/// Makes pictures of one codec's frames.
pub(crate) enum Decoder {
    #[cfg(feature = "vp8")]
    Vp8(codecs::vp8::Decoder),
    #[cfg(feature = "h264")]
    H264(codecs::h264::Decoder),
}

impl Decoder {
    pub(crate) fn new(codec: VideoCodec) -> Result<Self> {
        match codec {
            #[cfg(feature = "vp8")]
            VideoCodec::Vp8 => codecs::vp8::Decoder::new().map(Self::Vp8).map_err(failed),
            #[cfg(feature = "h264")]
            VideoCodec::H264 => codecs::h264::Decoder::new().map(Self::H264).map_err(failed),
            #[cfg(not(all(feature = "vp8", feature = "h264")))]
            codec => Err(super::none_of(codec)),
        }
    }

    /// The picture of one frame, in I420; `None` for a frame that shows nothing.
    pub(crate) fn decode(
        &mut self,
        frame: &[u8],
        timestamp_us: u64,
        pool: &PicturePool,
    ) -> Result<Option<Picture>> {
        let mut shown = None;
        let mut show = |planes: Planes<'_>| {
            let (width, height) = planes.size(0);
            let size = (width as u32, height as u32);
            let copy = |number: usize, samples: &mut [u8]| {
                let (row, _) = planes.size(number);
                let rows = planes.data(number).chunks(planes.stride(number));
                for (to, from) in samples.chunks_exact_mut(row).zip(rows) {
                    to.copy_from_slice(&from[..row]);
                }
            };
            shown = Some(pool.make(PixelFormat::I420, size, timestamp_us, copy));
        };
        match self {
            #[cfg(feature = "vp8")]
            Self::Vp8(decoder) => decoder.decode(frame, &mut show).map_err(failed)?,
            #[cfg(feature = "h264")]
            Self::H264(decoder) => decoder.decode(frame, &mut show).map_err(failed)?,
        }
        Ok(shown)
    }
}
