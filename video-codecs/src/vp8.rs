//! VP8 by libvpx.

use crate::{Error, Planes, Settings, MAX_PIXELS};
use std::ffi::{c_char, c_int, CStr};
use std::ptr::{null, null_mut, NonNull};

#[repr(C)]
struct Image {
    planes: [*const u8; 3],
    strides: [i32; 3],
    width: u32,
    height: u32,
}

#[repr(C)]
struct RawEncoder {
    _private: [u8; 0],
}

#[repr(C)]
struct RawDecoder {
    _private: [u8; 0],
}

// The functions of vpx.c.
extern "C" {
    fn sw_vpx_encoder_new(
        width: u32,
        height: u32,
        kbps: u32,
        threads: u32,
        out: *mut *mut RawEncoder,
    ) -> c_int;
    fn sw_vpx_encoder_free(encoder: *mut RawEncoder);
    fn sw_vpx_encoder_set_rate(encoder: *mut RawEncoder, kbps: u32) -> c_int;
    fn sw_vpx_encode(
        encoder: *mut RawEncoder,
        source: *const Image,
        time: i64,
        duration: u32,
        is_key_frame: c_int,
    ) -> c_int;
    fn sw_vpx_encoder_next(
        encoder: *mut RawEncoder,
        data: *mut *const u8,
        size: *mut usize,
    ) -> c_int;
    fn sw_vpx_decoder_new(out: *mut *mut RawDecoder) -> c_int;
    fn sw_vpx_decoder_free(decoder: *mut RawDecoder);
    fn sw_vpx_decode(decoder: *mut RawDecoder, data: *const u8, size: u32) -> c_int;
    fn sw_vpx_decoder_next(decoder: *mut RawDecoder, out: *mut Image) -> c_int;
    fn sw_vpx_error_text(status: c_int) -> *const c_char;
}

fn text(status: c_int) -> String {
    // SAFETY: libvpx gives a static text for every number.
    let text = unsafe { CStr::from_ptr(sw_vpx_error_text(status)) };
    text.to_string_lossy().into_owned()
}

fn check(status: c_int) -> Result<(), Error> {
    match status {
        0 => Ok(()),
        status => Err(Error::Codec(text(status))),
    }
}

fn kbps(bitrate_bps: u32) -> u32 {
    (bitrate_bps / 1000).max(1)
}

/// Makes VP8 frames of pictures.
pub struct Encoder {
    raw: NonNull<RawEncoder>,
    settings: Settings,
    last_ticks: i64,
}

// SAFETY: libvpx's contexts have no ties to a thread; methods take `&mut self`.
unsafe impl Send for Encoder {}

impl Encoder {
    /// Errors: `Size`; `Codec` when libvpx cannot be set up.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let mut raw = null_mut();
        let Settings { width, height, bitrate_bps, threads, .. } = settings;
        // SAFETY: `raw` is a place for the result.
        let status =
            unsafe { sw_vpx_encoder_new(width, height, kbps(bitrate_bps), threads, &mut raw) };
        check(status)?;
        let raw = NonNull::new(raw).ok_or_else(|| Error::Codec("no encoder".into()))?;
        Ok(Self { raw, settings, last_ticks: -1 })
    }

    /// From the next picture on. Error: `Codec`.
    pub fn set_bitrate(&mut self, bitrate_bps: u32) -> Result<(), Error> {
        // SAFETY: a live encoder.
        check(unsafe { sw_vpx_encoder_set_rate(self.raw.as_ptr(), kbps(bitrate_bps)) })?;
        self.settings.bitrate_bps = bitrate_bps;
        Ok(())
    }

    /// Encodes a picture of the size in the settings. `time_us` never goes back. `None`: the encoder
    /// left it out to keep the bit rate. Errors: `Size`, `Codec`.
    pub fn encode(
        &mut self,
        picture: &Planes<'_>,
        time_us: u64,
        is_key_frame: bool,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Settings { width, height, frame_rate, .. } = self.settings;
        if picture.size(0) != (width as usize, height as usize) {
            return Err(Error::Size { width, height });
        }
        let image = Image {
            planes: [0, 1, 2].map(|plane| picture.data(plane).as_ptr()),
            strides: [0, 1, 2].map(|plane| picture.stride(plane) as i32),
            width,
            height,
        };
        // libvpx refuses times that do not advance.
        let ticks = (u128::from(time_us) * 90_000 / 1_000_000).min(1 << 60) as i64;
        let ticks = ticks.max(self.last_ticks.saturating_add(1));
        self.last_ticks = ticks;
        let duration = (90_000.0 / frame_rate.clamp(1.0, 240.0)) as u32;
        // SAFETY: a live encoder; `Planes` checked that the planes hold the picture, and they
        // outlive the call.
        let status = unsafe {
            let key = c_int::from(is_key_frame);
            sw_vpx_encode(self.raw.as_ptr(), &image, ticks, duration, key)
        };
        check(status)?;
        let (mut data, mut size) = (null(), 0);
        let mut frame = None::<Vec<u8>>;
        // SAFETY: a live encoder and places for the results.
        while unsafe { sw_vpx_encoder_next(self.raw.as_ptr(), &mut data, &mut size) } != 0 {
            // SAFETY: the bytes are libvpx's until the next call.
            let bytes = unsafe { std::slice::from_raw_parts(data, size) };
            frame.get_or_insert_default().extend_from_slice(bytes);
        }
        Ok(frame.filter(|frame| !frame.is_empty()))
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: made by `new` and freed once.
        unsafe { sw_vpx_encoder_free(self.raw.as_ptr()) }
    }
}

/// Makes pictures of VP8 frames.
pub struct Decoder(NonNull<RawDecoder>);

// SAFETY: as for the encoder.
unsafe impl Send for Decoder {}

impl Decoder {
    /// Error: `Codec` when libvpx cannot be set up.
    pub fn new() -> Result<Self, Error> {
        let mut raw = null_mut();
        // SAFETY: a place for the result.
        check(unsafe { sw_vpx_decoder_new(&mut raw) })?;
        NonNull::new(raw).map(Self).ok_or_else(|| Error::Codec("no decoder".into()))
    }

    /// Decodes one frame; `show` gets its picture, none for a frame that shows nothing.
    ///
    /// Error: `Damaged`; then go on with a key frame.
    pub fn decode(&mut self, frame: &[u8], mut show: impl FnMut(Planes<'_>)) -> Result<(), Error> {
        let size = u32::try_from(frame.len()).ok().filter(|size| *size > 0);
        let size = size.ok_or_else(|| Error::Damaged("it is empty or too long".into()))?;
        if key_frame_pixels(frame).is_some_and(|pixels| pixels > MAX_PIXELS) {
            return Err(Error::Damaged("the picture is too large".into()));
        }
        // SAFETY: a live decoder; the bytes outlive the call.
        match unsafe { sw_vpx_decode(self.0.as_ptr(), frame.as_ptr(), size) } {
            0 => {}
            status => return Err(Error::Damaged(text(status))),
        }
        let mut image = Image { planes: [null(); 3], strides: [0; 3], width: 0, height: 0 };
        loop {
            // SAFETY: a live decoder and a place for the result.
            match unsafe { sw_vpx_decoder_next(self.0.as_ptr(), &mut image) } {
                0 => return Ok(()),
                1 => show(planes(&image)?),
                _ => return Err(Error::Damaged("parts of the picture are missing".into())),
            }
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: made by `new` and freed once.
        unsafe { sw_vpx_decoder_free(self.0.as_ptr()) }
    }
}

/// The picture of libvpx, whose planes live until the next call of the decoder.
fn planes(image: &Image) -> Result<Planes<'_>, Error> {
    let (width, height) = (image.width as usize, image.height as usize);
    let mut data = [&[][..]; 3];
    for (plane, rows) in [height, height.div_ceil(2), height.div_ceil(2)].into_iter().enumerate() {
        let columns = if plane == 0 { width } else { width.div_ceil(2) };
        let stride = image.strides[plane];
        if image.planes[plane].is_null() || stride < columns as i32 || rows == 0 {
            return Err(Error::Damaged("the decoder gave no picture".into()));
        }
        let length = (rows - 1) * stride as usize + columns;
        // SAFETY: libvpx's planes have `rows` rows of `stride` bytes, the last one of `columns`.
        data[plane] = unsafe { std::slice::from_raw_parts(image.planes[plane], length) };
    }
    Planes::new((width, height), data, image.strides.map(|stride| stride as usize))
}

/// The pixels that a key frame asks for (RFC 6386, 9.1); `None` for other frames.
fn key_frame_pixels(frame: &[u8]) -> Option<usize> {
    let [tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = *frame else { return None };
    let side = |low, high| usize::from(u16::from_le_bytes([low, high]) & 0x3fff);
    (tag & 1 == 0).then(|| side(w0, w1) * side(h0, h1))
}
