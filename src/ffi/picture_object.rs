//! `sw_picture_*`: pictures as objects, and the test card.

use super::guard::guard;
use super::handle;
use super::picture::{
    pixel_format, read_picture, sw_picture, sw_picture_info, to_info, to_rotation,
};
use super::status::sw_status;
use super::text::{self, Out};
use super::versioned;
use crate::error::{Error, Result};
use crate::{Picture, TestCard};
use std::ffi::{c_char, c_void};

/// Adds a reference to a picture, so that it and its planes outlive the callback.
///
/// `picture`: not null. Any thread.
#[no_mangle]
pub extern "C" fn sw_picture_ref(picture: *mut sw_picture) -> sw_status {
    guard(|| handle::add_reference(picture))
}

/// Takes a reference to a picture away; the last one frees it.
///
/// `picture`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` for one that is freed. Any
/// thread.
#[no_mangle]
pub extern "C" fn sw_picture_unref(picture: *mut sw_picture) -> sw_status {
    guard(|| {
        if picture.is_null() {
            return Ok(());
        }
        handle::release(picture).map(drop)
    })
}

/// Gives a picture's planes, which are good for as long as the reference is held.
///
/// `picture`: not null. `out_info`: not null, `struct_size` set. Any thread.
#[no_mangle]
pub extern "C" fn sw_picture_get_info(
    picture: *const sw_picture,
    out_info: *mut sw_picture_info,
) -> sw_status {
    guard(|| {
        let info = to_info(&handle::get(picture)?);
        // SAFETY: the header asks for NULL or a struct with its size.
        unsafe { versioned::write(out_info, &info, "out_info") }
    })
}

/// Writes a picture into a PNG file, upright: a snapshot. An existing file is replaced.
///
/// `picture`: not null. `path`: not null, UTF-8. Errors: `SW_ERR_MEDIA` when it cannot be written;
/// `SW_ERR_NOT_SUPPORTED` where the library was built without `video-codecs`. Any thread; returns when
/// it is written, so not in a sink that has to keep up.
#[no_mangle]
pub extern "C" fn sw_picture_write_png(
    picture: *const sw_picture,
    path: *const c_char,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for a text or NULL.
        let path = unsafe { text::required(path, "path")? };
        let file = handle::get(picture)?.to_png()?;
        std::fs::write(&path, file)
            .map_err(|error| Error::media(format!("{path} cannot be written: {error}")))
    })
}

/// Copies a picture out of the application's memory into one that is counted by references.
///
/// It can be scaled, written and, by what `sw_picture_get_info` gives, sent; what it is sent from is not
/// changed. `info`: not null; copied with its planes. `out_picture`: not null; a reference that
/// `sw_picture_unref` takes away.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for a picture that cannot be, as in `sw_call_push_picture`. Any
/// thread.
#[no_mangle]
pub extern "C" fn sw_picture_new(
    info: *const sw_picture_info,
    out_picture: *mut *mut sw_picture,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for a place for the handle, and for a valid struct or NULL.
        let (out, info) =
            unsafe { (Out::required(out_picture, "out_picture")?, versioned::read(info, "info")?) };
        let info = info.ok_or_else(|| Error::invalid("info must not be NULL"))?;
        // SAFETY: the header asks for planes that hold the size.
        give(out, unsafe { read_picture(&info)? })
    })
}

/// Gives a picture in another format: the same picture, with one reference more, where it has that
/// format already. Exact both ways.
///
/// `picture`: not null. `format`: one of `SW_PIXEL_FORMAT_*`. `out_picture`: not null; a reference that
/// `sw_picture_unref` takes away. Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
#[no_mangle]
pub extern "C" fn sw_picture_to_format(
    picture: *const sw_picture,
    format: i32,
    out_picture: *mut *mut sw_picture,
) -> sw_status {
    made(picture, out_picture, |picture| Ok(picture.to_format(pixel_format(format)?)))
}

/// Gives a picture as it is to be seen: turned by its rotation, in I420.
///
/// `picture`: not null. `out_picture`: not null; a reference that `sw_picture_unref` takes away. Any
/// thread.
#[no_mangle]
pub extern "C" fn sw_picture_upright(
    picture: *const sw_picture,
    out_picture: *mut *mut sw_picture,
) -> sw_status {
    made(picture, out_picture, |picture| Ok(picture.upright()))
}

/// Gives a picture at another size, in I420, its shape not kept.
///
/// `picture`: not null. `width`, `height`: in pixels, before any rotation. `out_picture`: not null; a
/// reference that `sw_picture_unref` takes away. Errors: `SW_ERR_INVALID_ARGUMENT` for a size below
/// 16x16 or above 4096x2304 pixels. Any thread.
#[no_mangle]
pub extern "C" fn sw_picture_scaled(
    picture: *const sw_picture,
    width: u32,
    height: u32,
    out_picture: *mut *mut sw_picture,
) -> sw_status {
    made(picture, out_picture, |picture| picture.scaled(width, height))
}

/// Gives the same samples, to be turned: for cameras that are mounted so. When it is sent it is turned
/// first, since the service is told of no rotation.
///
/// `picture`: not null. `rotation`: clockwise, 0, 90, 180 or 270 degrees. `out_picture`: not null; a
/// reference that `sw_picture_unref` takes away. Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
#[no_mangle]
pub extern "C" fn sw_picture_with_rotation(
    picture: *const sw_picture,
    rotation: i32,
    out_picture: *mut *mut sw_picture,
) -> sw_status {
    made(picture, out_picture, |picture| Ok(picture.with_rotation(to_rotation(rotation)?)))
}

/// Gives the same samples at another time.
///
/// `picture`: not null. `timestamp_us`: in microseconds. `out_picture`: not null; a reference that
/// `sw_picture_unref` takes away. Any thread.
#[no_mangle]
pub extern "C" fn sw_picture_with_timestamp_us(
    picture: *const sw_picture,
    timestamp_us: u64,
    out_picture: *mut *mut sw_picture,
) -> sw_status {
    made(picture, out_picture, |picture| Ok(picture.with_timestamp_us(timestamp_us)))
}

/// Gives a picture, upright, as the bytes of a PNG file: a snapshot.
///
/// `picture`: not null. `on_file`: not null; called once on this thread before the function returns,
/// unless there is an error. `file` is borrowed for the time of the call; it must not throw or
/// `longjmp` out. `user_data`: nullable; passed on unchanged. Errors: `SW_ERR_MEDIA`;
/// `SW_ERR_NOT_SUPPORTED` where the library was built without `video-codecs`. Any thread; takes some
/// milliseconds.
#[no_mangle]
pub extern "C" fn sw_picture_to_png(
    picture: *const sw_picture,
    on_file: Option<unsafe extern "C" fn(file: *const u8, size: usize, user_data: *mut c_void)>,
    user_data: *mut c_void,
) -> sw_status {
    guard(|| {
        let picture = handle::get(picture)?;
        let on_file = on_file.ok_or_else(|| Error::invalid("on_file must not be NULL"))?;
        let file = picture.to_png()?;
        // SAFETY: the header says that `on_file` is such a function.
        unsafe { on_file(file.as_ptr(), file.len(), user_data) };
        Ok(())
    })
}

/// Makes a test picture in I420: colour bars that wander, a square that moves, and at the top a strip
/// that holds the picture's number for `sw_test_card_read`. A source for tests, in place of a camera.
///
/// `width`, `height`: in pixels, 96x48 to 4096x2304. `number`: 0 to 65535. `out_picture`: not null; a
/// reference that `sw_picture_unref` takes away. Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
#[no_mangle]
pub extern "C" fn sw_test_card_picture(
    width: u32,
    height: u32,
    number: u16,
    timestamp_us: u64,
    out_picture: *mut *mut sw_picture,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for a place for the handle.
        let out = unsafe { Out::required(out_picture, "out_picture")? };
        give(out, TestCard::new(width, height)?.picture(number, timestamp_us))
    })
}

/// Reads the number of a test picture, of any format and size and after encoding.
///
/// `picture`: not null. `out_number`: not null; 0 to 65535, or -1 when the picture is no test card or
/// is damaged there. Any thread.
#[no_mangle]
pub extern "C" fn sw_test_card_read(picture: *const sw_picture, out_number: *mut i32) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for a place for the result.
        let out = unsafe { Out::required(out_number, "out_number")? };
        out.set(TestCard::read(&handle::get(picture)?).map_or(-1, i32::from));
        Ok(())
    })
}

/// Makes a picture of another one.
fn made(
    picture: *const sw_picture,
    out_picture: *mut *mut sw_picture,
    make: impl FnOnce(Picture) -> Result<Picture>,
) -> sw_status {
    guard(|| {
        // SAFETY: the headers of those who call this ask for a place for the handle.
        let out = unsafe { Out::required(out_picture, "out_picture")? };
        give(out, make(handle::get(picture)?)?)
    })
}

fn give(out: Out<*mut sw_picture>, picture: Picture) -> Result<()> {
    out.set(handle::insert::<sw_picture>(picture)?);
    Ok(())
}
