//! H.264 by OpenH264.

use crate::{Error, Planes, Settings};
use openh264::decoder::{DecodeOptions, DecoderConfig, Flush};
use openh264::encoder::{
    BitRate, Complexity, EncoderConfig, FrameRate, Profile, RateControlMode, UsageType,
};
use openh264::formats::YUVSource;
use openh264::{OpenH264API, Timestamp};
use openh264_sys2::{
    SBitrateInfo, ENCODER_OPTION, ENCODER_OPTION_BITRATE, ENCODER_OPTION_MAX_BITRATE,
    SPATIAL_LAYER_0,
};

fn codec(error: openh264::Error) -> Error {
    Error::Codec(error.to_string())
}

/// Makes H.264 access units, in Annex B format, of pictures.
pub struct Encoder {
    /// Seven kilobytes, so not in place.
    inner: Box<openh264::encoder::Encoder>,
    settings: Settings,
    /// OpenH264 is set up with its first picture and takes no changes before.
    has_begun: bool,
}

impl Encoder {
    /// Errors: `Size`; `Codec` when OpenH264 cannot be set up.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        Ok(Self { inner: Self::set_up(settings)?, settings, has_begun: false })
    }

    fn set_up(settings: Settings) -> Result<Box<openh264::encoder::Encoder>, Error> {
        let config = EncoderConfig::new()
            .bitrate(BitRate::from_bps(settings.bitrate_bps))
            .max_frame_rate(FrameRate::from_hz(settings.frame_rate.clamp(1.0, 60.0)))
            .rate_control_mode(RateControlMode::Bitrate)
            .usage_type(UsageType::CameraVideoRealTime)
            .profile(Profile::Baseline)
            .complexity(Complexity::Low)
            .scene_change_detect(false)
            .num_threads(settings.threads as u16);
        let api = OpenH264API::from_source();
        openh264::encoder::Encoder::with_api_config(api, config).map(Box::new).map_err(codec)
    }

    /// From the next picture on. Error: `Codec`.
    pub fn set_bitrate(&mut self, bitrate_bps: u32) -> Result<(), Error> {
        if !self.has_begun {
            self.settings.bitrate_bps = bitrate_bps;
            self.inner = Self::set_up(self.settings)?;
            return Ok(());
        }
        // The rate may not pass the limit at any moment.
        let order = if bitrate_bps > self.settings.bitrate_bps {
            [ENCODER_OPTION_MAX_BITRATE, ENCODER_OPTION_BITRATE]
        } else {
            [ENCODER_OPTION_BITRATE, ENCODER_OPTION_MAX_BITRATE]
        };
        order.into_iter().try_for_each(|option| self.set_rate(option, bitrate_bps))?;
        self.settings.bitrate_bps = bitrate_bps;
        Ok(())
    }

    fn set_rate(&mut self, option: ENCODER_OPTION, bitrate_bps: u32) -> Result<(), Error> {
        let bits = i32::try_from(bitrate_bps).unwrap_or(i32::MAX);
        let mut info = SBitrateInfo { iLayer: SPATIAL_LAYER_0, iBitrate: bits };
        // SAFETY: both options take this struct (ISVCEncoder::SetOption); it is read, not kept.
        let status = unsafe {
            self.inner.raw_api().set_option(option, std::ptr::from_mut(&mut info).cast())
        };
        match status {
            0 => Ok(()),
            status => Err(Error::Codec(format!("the bit rate was refused ({status})"))),
        }
    }

    /// Encodes a picture of the size in the settings. `time_us` never goes back. A key frame is an IDR
    /// picture with its parameter sets. `None`: the encoder left it out to keep the bit rate.
    /// Errors: `Size`, `Codec`.
    pub fn encode(
        &mut self,
        picture: &Planes<'_>,
        time_us: u64,
        is_key_frame: bool,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Settings { width, height, .. } = self.settings;
        if picture.size(0) != (width as usize, height as usize) {
            return Err(Error::Size { width, height });
        }
        if is_key_frame {
            self.inner.force_intra_frame();
        }
        let time = Timestamp::from_millis(time_us / 1000);
        self.has_begun = true;
        let unit = self.inner.encode_at(&Source(picture), time).map_err(codec)?.to_vec();
        Ok((!unit.is_empty()).then_some(unit))
    }
}

struct Source<'a>(&'a Planes<'a>);

impl YUVSource for Source<'_> {
    fn dimensions(&self) -> (usize, usize) {
        self.0.size(0)
    }

    fn strides(&self) -> (usize, usize, usize) {
        (self.0.stride(0), self.0.stride(1), self.0.stride(2))
    }

    fn y(&self) -> &[u8] {
        self.0.data(0)
    }

    fn u(&self) -> &[u8] {
        self.0.data(1)
    }

    fn v(&self) -> &[u8] {
        self.0.data(2)
    }
}

/// Makes pictures of H.264 access units in Annex B format.
pub struct Decoder(openh264::decoder::Decoder);

impl Decoder {
    /// Error: `Codec` when OpenH264 cannot be set up.
    pub fn new() -> Result<Self, Error> {
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let api = OpenH264API::from_source();
        openh264::decoder::Decoder::with_api_config(api, config).map(Self).map_err(codec)
    }

    /// Decodes one access unit; `show` gets its picture, none for a unit that shows nothing.
    ///
    /// Error: `Damaged`; then go on with an IDR picture.
    pub fn decode(&mut self, unit: &[u8], mut show: impl FnMut(Planes<'_>)) -> Result<(), Error> {
        if unit.is_empty() || i32::try_from(unit.len()).is_err() {
            return Err(Error::Damaged("it is empty or too long".into()));
        }
        let damaged = |error: openh264::Error| Error::Damaged(error.to_string());
        let picture =
            self.0.decode_with_options(unit, DecodeOptions::default()).map_err(damaged)?;
        if let Some(picture) = picture {
            let (y, u, v) = picture.strides();
            let data = [picture.y(), picture.u(), picture.v()];
            let planes = Planes::new(picture.dimensions(), data, [y, u, v]);
            show(planes.map_err(|_| Error::Damaged("the picture is too large".into()))?);
        }
        Ok(())
    }
}
