//! `sw_call_*picture*`: decoded video in and out, and what it is described by.
//!
//! The functions are always there, so that programs link with every build of the library; where the
//! feature `video-codecs` was left out those that encode or decode give `SW_ERR_NOT_SUPPORTED`.

use super::call::sw_call;
use super::guard::guard;
use super::handle;
use super::observer::UserData;
use super::status::sw_status;
use super::text::Out;
use super::versioned::{self, Versioned};
use crate::error::Error;
use crate::error::Result;
use crate::{Picture, PictureSink, PictureStats, PixelFormat, Rotation, VideoEncoding};
use std::ffi::c_void;

/// A decoded picture. Owned by references: `sw_picture_ref`, `sw_picture_unref`.
pub struct sw_picture {
    _private: [u8; 0],
}

/// How the samples of a picture lie in memory: 8 bits each, colour at half the width and height
/// (4:2:0), limited range. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // A constant for C.
pub enum sw_pixel_formats {
    /// Three planes: Y, U, V.
    SW_PIXEL_FORMAT_I420 = 1,
    /// Two planes: Y, and U and V by turns.
    SW_PIXEL_FORMAT_NV12 = 2,
}

/// A picture's planes. Start from `SW_PICTURE_INFO_INIT`.
///
/// What the library fills in points into the picture: good in the callback, and for as long as a
/// reference to the picture is held. What the application fills in is copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_picture_info {
    /// `sizeof(sw_picture_info)`.
    pub struct_size: u32,
    /// One of `SW_PIXEL_FORMAT_*`.
    pub format: i32,
    /// Width in pixels, before any rotation.
    pub width: u32,
    /// Height in pixels, before any rotation.
    pub height: u32,
    /// How far it has to be turned clockwise to stand upright: 0, 90, 180 or 270 degrees. Received
    /// pictures stand upright; what is pushed is turned before it is sent.
    pub rotation: i32,
    /// Bytes from one row of each plane to the next.
    pub strides: [u32; 3],
    /// The samples of each plane, row by row; NULL beyond the format's planes.
    pub planes: [*const u8; 3],
    /// Media time in microseconds: since the stream's first picture; of a pushed one when it was
    /// captured, by any clock that never goes back.
    pub timestamp_us: u64,
}

// SAFETY: repr(C), size first, numbers and nullable pointers.
unsafe impl Versioned for sw_picture_info {
    const FIRST_SIZE: usize = size_of::<sw_picture_info>();
}

/// Who gets the received pictures. Copied by `sw_call_add_picture_sink`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_picture_sink {
    /// `sizeof(sw_picture_sink)`.
    pub struct_size: u32,
    /// The format that is wanted: one of `SW_PIXEL_FORMAT_*`.
    pub format: i32,
    /// Called with each picture, in order and never twice at once, on a media thread of the library.
    /// Not null. `picture` and `info` are borrowed for the time of the call; `sw_picture_ref` keeps the
    /// picture with its planes. It must not throw or `longjmp` out; when it is two pictures behind the
    /// latest take the place of older ones.
    pub on_picture: Option<
        unsafe extern "C" fn(
            picture: *mut sw_picture,
            info: *const sw_picture_info,
            user_data: *mut c_void,
        ),
    >,
    /// Called exactly once after the last picture, on the dispatcher thread, so that `user_data` can be
    /// freed; nullable. Not called if `sw_call_add_picture_sink` failed.
    pub drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Passed to both functions unchanged. Nullable.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), size first, nullable function and data pointers.
unsafe impl Versioned for sw_picture_sink {
    const FIRST_SIZE: usize = size_of::<sw_picture_sink>();
}

type OnPicture = unsafe extern "C" fn(
    picture: *mut sw_picture,
    info: *const sw_picture_info,
    user_data: *mut c_void,
);

/// How pushed pictures are encoded; 0 in a field leaves the choice to the library. Start from
/// `SW_VIDEO_ENCODING_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_video_encoding {
    /// `sizeof(sw_video_encoding)`.
    pub struct_size: u32,
    /// The most bits per second; by default what is usual for the size, between 0.1 and 2.5 Mbit/s.
    pub max_bitrate_bps: u32,
    /// The largest width in pixels; larger pictures are made smaller, their shape kept.
    pub max_width: u32,
    /// The largest height in pixels.
    pub max_height: u32,
    /// The most pictures per second; what comes sooner is left out. The bits are spread over so many,
    /// over 30 by default.
    pub max_frame_rate: f64,
}

// SAFETY: repr(C), size first, numbers only.
unsafe impl Versioned for sw_video_encoding {
    const FIRST_SIZE: usize = size_of::<sw_video_encoding>();
}

/// What became of a call's pictures. Start from `SW_PICTURE_STATISTICS_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_picture_statistics {
    /// `sizeof(sw_picture_statistics)`.
    pub struct_size: u32,
    /// Pictures that were pushed and encoded into a frame.
    pub encoded: u64,
    /// Pushed pictures that were not sent.
    pub input_dropped: u64,
    /// Pictures that the encoder failed with.
    pub encode_errors: u64,
    /// What the encoder is told to keep to, in bits per second; 0 before the first picture.
    pub target_bitrate_bps: u64,
    /// Time that encoding took, all pictures together, in microseconds.
    pub encode_us: u64,
    /// Received frames that became pictures.
    pub decoded: u64,
    /// Received frames that could not be decoded; each asked for a key frame.
    pub decode_errors: u64,
    /// Received frames that were left out until a key frame came.
    pub decode_skipped: u64,
    /// Pictures that slow sinks lost; newer ones took their place.
    pub output_dropped: u64,
    /// Time that decoding took, all frames together, in microseconds.
    pub decode_us: u64,
}

// SAFETY: repr(C), size first, numbers only.
unsafe impl Versioned for sw_picture_statistics {
    const FIRST_SIZE: usize = size_of::<sw_picture_statistics>();
}

/// Queues a picture to be encoded and sent, on a thread of the call's own. Never blocks; the planes are
/// copied. Key frames, size, number and bit rate are taken care of.
///
/// `call`: not null. `picture`: not null; 16x16 to 4096x2304 pixels, with as many planes as its format
/// has. `out_dropped_pictures`: nullable; how many pictures were dropped, 0 normally: a third one that
/// waits takes the place of the oldest, and all are dropped while the camera is muted. Use either
/// this or `sw_call_push_video` in one call.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for a picture that cannot be; `SW_ERR_INVALID_STATE` before
/// `SW_CALL_EVENT_VIDEO_CONNECTED` and while video is not sent; `SW_ERR_NOT_SUPPORTED` where the
/// library was built without the codec; `SW_ERR_CLOSED` after the call's end. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_push_picture(
    call: *mut sw_call,
    picture: *const sw_picture_info,
    out_dropped_pictures: *mut u32,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let info = unsafe { versioned::read(picture, "picture")? };
        let info = info.ok_or_else(|| Error::invalid("picture must not be NULL"))?;
        // SAFETY: the header asks for planes that hold the size.
        let dropped = call.push_picture(unsafe { read_picture(&info)? })?;
        if !out_dropped_pictures.is_null() {
            // SAFETY: the header asks for NULL or a place for the result.
            unsafe { Out::required(out_dropped_pictures, "out_dropped_pictures")? }.set(dropped);
        }
        Ok(())
    })
}

/// Says how pushed pictures are encoded, from the next one on; also before there is video.
///
/// `call`, `encoding`: not null. Errors: `SW_ERR_INVALID_ARGUMENT` for a frame rate that is negative
/// or no number; `SW_ERR_NOT_SUPPORTED`; `SW_ERR_CLOSED` after the call's end. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_set_video_encoding(
    call: *mut sw_call,
    encoding: *const sw_video_encoding,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let encoding = unsafe { versioned::read(encoding, "encoding")? };
        let encoding = encoding.ok_or_else(|| Error::invalid("encoding must not be NULL"))?;
        call.set_video_encoding(VideoEncoding {
            max_bitrate_bps: encoding.max_bitrate_bps,
            max_width: encoding.max_width,
            max_height: encoding.max_height,
            max_frame_rate: encoding.max_frame_rate,
        })
    })
}

/// Decodes the received video and delivers its pictures to a sink, until the call ends or
/// `sw_call_remove_picture_sink`. It is decoded once for all sinks, on a thread of the call's own.
///
/// `call`: not null. `sink`: not null; copied. `out_sink_id`: nullable; names the sink for its
/// removal. Several sinks may be added, also before there is video. A picture is never shown damaged:
/// after a loss nothing comes before the next key frame, which is asked for.
/// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_NOT_SUPPORTED` where the library was built without
/// pictures; `SW_ERR_MEDIA` when no thread can be started; `SW_ERR_CLOSED` after the call's end. Any
/// thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_add_picture_sink(
    call: *mut sw_call,
    sink: *const sw_picture_sink,
    out_sink_id: *mut u64,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let sink = unsafe { versioned::read(sink, "sink")? };
        let sink = sink.ok_or_else(|| Error::invalid("sink must not be NULL"))?;
        let on_picture =
            sink.on_picture.ok_or_else(|| Error::invalid("on_picture must not be NULL"))?;
        let format = pixel_format(sink.format)?;
        let data = UserData::new(sink.user_data, sink.drop);
        let sink = std::sync::Arc::new(Sink { on_picture, data });
        let id = call.add_picture_sink(format, sink.clone())?;
        sink.data.arm();
        if !out_sink_id.is_null() {
            // SAFETY: the header asks for NULL or a place for the result.
            unsafe { Out::required(out_sink_id, "out_sink_id")? }.set(id.as_u64());
        }
        Ok(())
    })
}

/// Ends the deliveries to a picture sink. When it returns, `on_picture` does not run and will not be
/// called again; its `drop` follows on the dispatcher thread.
///
/// `call`: not null. Waits for a running `on_picture`, unless called from inside it. An unknown or
/// removed id is ignored. Any thread, also inside callbacks; do not call it while holding a lock that
/// `on_picture` takes.
#[no_mangle]
pub extern "C" fn sw_call_remove_picture_sink(call: *mut sw_call, sink_id: u64) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        call.remove_picture_sink(crate::SinkId::from_u64(sink_id));
        Ok(())
    })
}

/// Gives what became of the call's pictures so far; the last numbers after the end.
///
/// `call`: not null. `out_stats`: not null, `struct_size` set. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_picture_stats(
    call: *const sw_call,
    out_stats: *mut sw_picture_statistics,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a struct with its size.
        unsafe { versioned::write(out_stats, &to_statistics(&call.picture_stats()), "out_stats") }
    })
}

struct Sink {
    on_picture: OnPicture,
    data: UserData,
}

impl PictureSink for Sink {
    fn on_picture(&self, picture: &Picture) {
        let handle = match handle::insert::<sw_picture>(picture.clone()) {
            Ok(handle) => handle,
            Err(error) => return tracing::error!(%error, "a picture has no handle"),
        };
        let info = to_info(picture);
        crate::runtime::dispatch::call_foreign("a picture sink", || {
            // SAFETY: the header says that `on_picture` is such a function.
            unsafe { (self.on_picture)(handle, &info, self.data.get()) }
        });
        if let Err(error) = handle::release(handle) {
            tracing::error!(%error, "a picture sink took a reference away that it did not have");
        }
    }
}

pub(super) fn pixel_format(number: i32) -> Result<PixelFormat> {
    [PixelFormat::I420, PixelFormat::Nv12]
        .into_iter()
        .find(|format| *format as i32 == number)
        .ok_or_else(|| Error::invalid(format!("{number} is no SW_PIXEL_FORMAT_*")))
}

pub(super) fn to_rotation(degrees: i32) -> Result<Rotation> {
    match degrees {
        0 => Ok(Rotation::None),
        90 => Ok(Rotation::Clockwise90),
        180 => Ok(Rotation::UpsideDown),
        270 => Ok(Rotation::Clockwise270),
        other => Err(Error::invalid(format!("rotation is 0, 90, 180 or 270; got {other}"))),
    }
}

pub(super) fn to_info(picture: &Picture) -> sw_picture_info {
    let mut info = sw_picture_info {
        struct_size: size_of::<sw_picture_info>() as u32,
        format: picture.format() as i32,
        width: picture.width(),
        height: picture.height(),
        rotation: picture.rotation() as i32,
        strides: [0; 3],
        planes: [std::ptr::null(); 3],
        timestamp_us: picture.timestamp_us(),
    };
    for number in 0..picture.format().planes() {
        if let Some(plane) = picture.plane(number) {
            info.planes[number] = plane.data.as_ptr();
            info.strides[number] = plane.stride as u32;
        }
    }
    info
}

/// Copies the application's picture.
///
/// # Safety
/// The planes of the format are NULL or hold the size at their strides.
pub(super) unsafe fn read_picture(info: &sw_picture_info) -> Result<Picture> {
    let format = pixel_format(info.format)?;
    let rotation = to_rotation(info.rotation)?;
    crate::media::picture::picture::check_size(info.width, info.height)?;
    let mut planes: Vec<(&[u8], usize)> = Vec::with_capacity(3);
    for number in 0..format.planes() {
        let (row, rows) = format.plane_size(number, info.width, info.height);
        let (start, stride) = (info.planes[number], info.strides[number] as usize);
        if start.is_null() || stride < row {
            return Err(Error::invalid(format!(
                "plane {number} of a {}x{} picture must not be NULL and has rows of {row} bytes; its \
                 stride is {stride}",
                info.width, info.height
            )));
        }
        // SAFETY: not NULL; the header asks for so many bytes.
        let samples = unsafe { std::slice::from_raw_parts(start, (rows - 1) * stride + row) };
        planes.push((samples, stride));
    }
    let size = (info.width, info.height);
    Ok(Picture::new(format, size, &planes, info.timestamp_us)?.with_rotation(rotation))
}

fn to_statistics(stats: &PictureStats) -> sw_picture_statistics {
    sw_picture_statistics {
        struct_size: size_of::<sw_picture_statistics>() as u32,
        encoded: stats.encoded,
        input_dropped: stats.input_dropped,
        encode_errors: stats.encode_errors,
        target_bitrate_bps: stats.target_bitrate_bps,
        encode_us: stats.encode_us,
        decoded: stats.decoded,
        decode_errors: stats.decode_errors,
        decode_skipped: stats.decode_skipped,
        output_dropped: stats.output_dropped,
        decode_us: stats.decode_us,
    }
}

#[cfg(test)]
mod tests {
    use super::super::picture_object::*;
    use super::*;
    use crate::TestCard;
    use std::ptr::null_mut;

    fn empty() -> sw_picture_info {
        sw_picture_info {
            struct_size: size_of::<sw_picture_info>() as u32,
            format: 0,
            width: 0,
            height: 0,
            rotation: 0,
            strides: [0; 3],
            planes: [std::ptr::null(); 3],
            timestamp_us: 0,
        }
    }

    /// Keeps the picture in its user data.
    unsafe extern "C" fn keep(
        picture: *mut sw_picture,
        info: *const sw_picture_info,
        user_data: *mut c_void,
    ) {
        // SAFETY: the test passes a place for a handle; `info` lives for the call.
        unsafe {
            assert_eq!(((*info).width, (*info).strides[1]), (160, 160));
            user_data.cast::<*mut sw_picture>().write(picture);
        }
        assert_eq!(sw_picture_ref(picture), 0);
    }

    #[test]
    fn a_picture_that_is_kept_outlives_its_callback() {
        let mut kept: *mut sw_picture = null_mut();
        let place = (&raw mut kept).cast();
        let sink = Sink { on_picture: keep, data: UserData::new(place, None) };
        let card = TestCard::new(160, 96).unwrap().picture(321, 5);
        sink.on_picture(&card.to_format(PixelFormat::Nv12));
        let mut info = empty();
        assert_eq!(sw_picture_get_info(kept, &mut info), 0);
        assert_eq!((info.format, info.height, info.timestamp_us), (2, 96, 5));
        assert!(info.planes[2].is_null());
        // SAFETY: planes of a picture to which a reference is held.
        let again = unsafe { read_picture(&info) }.unwrap();
        assert_eq!(TestCard::read(&again), Some(321));
        let path = std::env::temp_dir().join(format!("sw-{}.png", std::process::id()));
        let text = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        if cfg!(feature = "pictures") {
            assert_eq!(sw_picture_write_png(kept, text.as_ptr()), 0);
            assert!(std::fs::read(&path).unwrap().starts_with(b"\x89PNG"));
            std::fs::remove_file(path).unwrap();
        } else {
            assert!(sw_picture_write_png(kept, text.as_ptr()) < 0);
        }
        assert_eq!(sw_picture_unref(kept), 0);
        assert_ne!(sw_picture_get_info(kept, &mut info), 0, "it is freed");
    }

    #[test]
    fn pictures_that_cannot_be_are_refused() {
        let samples = [0u8; 64 * 64 * 2];
        let good = sw_picture_info {
            format: 1,
            width: 64,
            height: 64,
            strides: [64, 32, 32],
            planes: [samples.as_ptr(); 3],
            ..empty()
        };
        // SAFETY: the planes that are looked at hold the size.
        let read = |info: sw_picture_info| unsafe { read_picture(&info) }.map(drop);
        assert!(read(good).is_ok());
        for wrong in [
            sw_picture_info { format: 3, ..good },
            sw_picture_info { rotation: 45, ..good },
            sw_picture_info { width: 8, ..good },
            sw_picture_info { height: u32::MAX, ..good },
            sw_picture_info { strides: [63, 32, 32], ..good },
            sw_picture_info {
                planes: [samples.as_ptr(), std::ptr::null(), samples.as_ptr()],
                ..good
            },
        ] {
            assert_eq!(read(wrong).unwrap_err().kind(), crate::ErrorKind::InvalidArgument);
        }
    }
}
