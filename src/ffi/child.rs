//! Further legs of a call: a shared screen, an additional device.

use super::call::{observe, sw_call};
use super::completion::{call_with, Pending, Pointer};
use super::guard::guard;
use super::handle;
use super::observer::sw_call_observer;
use super::options::or_default;
use super::status::{sw_error, sw_status, OK};
use super::text::{self, give, Out};
use super::versioned::{self, Versioned};
use super::video::video_codecs;
use crate::call::Call;
use crate::config::{DeviceOptions, ScreenShareOptions};
use crate::error::{Error, Result};
use crate::runtime;
use std::ffi::{c_char, c_void};
use std::future::Future;

/// How a screen is shared. Start from `SW_SCREEN_SHARE_OPTIONS_INIT`.
///
/// Everything is copied before `sw_call_start_screen_share` returns. NULL and 0 mean the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_screen_share_options {
    /// `sizeof(sw_screen_share_options)`; set by `SW_SCREEN_SHARE_OPTIONS_INIT`.
    pub struct_size: u32,
    /// Longest time from the answer to working media in milliseconds, 1 to 600000. 0: 15000.
    pub media_timeout_ms: u32,
    /// Video codecs to offer, best first, each one of `SW_VIDEO_CODEC_*`. 0 ends the list; all 0:
    /// VP8, H.264.
    pub video_codecs: [i32; 2],
    /// The layout that the session is to have with the screen, 1 to 256 bytes. NULL: the service's.
    pub layout: *const c_char,
    /// Where the screen is to be shown, such as `reserved-0`, 1 to 256 bytes. NULL: where the service
    /// likes.
    pub position: *const c_char,
    /// Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    pub user_variables_json: *const c_char,
    /// Who hears about the leg's events; copied. NULL: nobody.
    pub observer: *const sw_call_observer,
    /// Whether the screen has sound, too, which is pushed as audio into the leg.
    pub with_audio: bool,
}

// SAFETY: repr(C), size first, integers, nullable pointers, and a bool that C writes as one.
unsafe impl Versioned for sw_screen_share_options {
    const FIRST_SIZE: usize = size_of::<sw_screen_share_options>();
}

/// What an additional device sends. Start from `SW_DEVICE_OPTIONS_INIT`, which sends video.
///
/// Everything is copied before `sw_call_add_device` returns. NULL and 0 mean the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_device_options {
    /// `sizeof(sw_device_options)`; set by `SW_DEVICE_OPTIONS_INIT`.
    pub struct_size: u32,
    /// Longest time from the answer to working media in milliseconds, 1 to 600000. 0: 15000.
    pub media_timeout_ms: u32,
    /// Video codecs to offer, best first, each one of `SW_VIDEO_CODEC_*`. 0 ends the list; all 0:
    /// VP8, H.264.
    pub video_codecs: [i32; 2],
    /// Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    pub user_variables_json: *const c_char,
    /// Who hears about the leg's events; copied. NULL: nobody.
    pub observer: *const sw_call_observer,
    /// Whether it sends audio.
    pub sends_audio: bool,
    /// Whether it sends video; true in `SW_DEVICE_OPTIONS_INIT`. It must send one of both.
    pub sends_video: bool,
}

// SAFETY: repr(C), size first, integers, nullable pointers, and bools that C writes as such.
unsafe impl Versioned for sw_device_options {
    const FIRST_SIZE: usize = size_of::<sw_device_options>();
}

/// What is told once when a further leg was started, or could not be.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_call_completion {
    /// Not null. On `SW_OK`, `call` is the new leg, in state `SW_CALL_STATE_NEW` or later: release
    /// it with `sw_call_unref`. Else it is NULL and `error` is borrowed for the time of the call. It
    /// runs on the dispatcher thread before the observer's first event; it must not block, throw or
    /// `longjmp` out.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            call: *mut sw_call,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged; never touched by the library. Nullable.
    pub user_data: *mut c_void,
}

impl sw_call_completion {
    fn pending(self) -> Result<Pending<usize>> {
        let function = self.r#fn.ok_or_else(|| Error::invalid("done.fn must not be NULL"))?;
        let data = Pointer(self.user_data);
        Ok(Pending::new(Some(Box::new(move |result| match result {
            Ok(handle) => {
                let call = std::ptr::without_provenance_mut(handle);
                // SAFETY: the header says that `fn` is such a function.
                unsafe { function(OK, std::ptr::null(), call, data.get()) }
            }
            Err(error) => call_with(&Some(error), |status, error| {
                // SAFETY: as above.
                unsafe { function(status, error, std::ptr::null_mut(), data.get()) }
            }),
        }))))
    }
}

/// Starts a leg and gives it to the application: its handle, then its events.
fn start_leg(
    done: sw_call_completion,
    observer: Option<sw_call_observer>,
    work: impl Future<Output = Result<Call>> + Send + 'static,
) -> Result<()> {
    let tasks = runtime::tasks()?;
    let mut pending = done.pending()?;
    let observer = observer.map(observe);
    let pump_on = tasks.clone();
    tasks.spawn(async move {
        let started = work.await;
        let given =
            started.and_then(|call| Ok((handle::insert_call(call.clone())? as usize, call)));
        match given {
            Ok((handle, call)) => {
                pending.complete(Ok(handle));
                if let Some(observer) = observer {
                    observer.watch(&pump_on, &call, handle);
                }
            }
            Err(error) => pending.complete(Err(error)),
        }
    });
    Ok(())
}

/// Shares a screen: a further leg to the same destination that only sends, a call of its own with
/// its own states and events. Push the screen's frames into it. It appears in the session as a member
/// of kind `SW_MEMBER_KIND_SCREEN` whose parent is the own member. Hanging it up ends the sharing; it
/// ends with `call` at the latest.
///
/// `call`: not null. `options`: nullable; copied. `done`: told once when the leg was started, with its
/// handle; `sw_call_answered` tells when it is answered. The observer's `drop` is called exactly once
/// if this returned `SW_OK`, also if the leg could not be started.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for a struct, text or codec that cannot be, and without a
/// function in `done`. Completion: `SW_ERR_INVALID_ARGUMENT` for options that cannot be;
/// `SW_ERR_INVALID_STATE` unless `call` is answered; `SW_ERR_CLOSED`. That the capability
/// `screenshare` is missing shows as the leg's end. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_start_screen_share(
    call: *mut sw_call,
    options: *const sw_screen_share_options,
    done: sw_call_completion,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let (options, observer) = unsafe { screen_share(options)? };
        start_leg(done, observer, async move { call.start_screen_share(options).await })
    })
}

/// Adds a device, such as a second camera or microphone: a further leg as with
/// `sw_call_start_screen_share`, a member of kind `SW_MEMBER_KIND_DEVICE`.
///
/// `call`: not null. `options`: nullable; copied; NULL sends video. `done`, errors and thread as
/// there; `SW_ERR_INVALID_ARGUMENT` for a device that sends nothing.
#[no_mangle]
pub extern "C" fn sw_call_add_device(
    call: *mut sw_call,
    options: *const sw_device_options,
    done: sw_call_completion,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let (options, observer) = unsafe { device(options)? };
        start_leg(done, observer, async move { call.add_device(options).await })
    })
}

/// Gives the id of the call that this one is a screen or device of; NULL for any other call.
///
/// `call`, `out_parent_id`: not null. Free the text with `sw_string_free`. Any thread; does not
/// block.
#[no_mangle]
pub extern "C" fn sw_call_parent_id(
    call: *const sw_call,
    out_parent_id: *mut *mut c_char,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_parent_id, "out_parent_id")? };
        match call.parent_id() {
            Some(id) => give(&id, &out),
            None => out.set(std::ptr::null_mut()),
        }
        Ok(())
    })
}

/// # Safety
/// As the header asks of `sw_call_start_screen_share`.
unsafe fn screen_share(
    pointer: *const sw_screen_share_options,
) -> Result<(ScreenShareOptions, Option<sw_call_observer>)> {
    let mut result = ScreenShareOptions::default();
    // SAFETY: the caller's promise, here and below.
    let Some(options) = (unsafe { versioned::read(pointer, "options")? }) else {
        return Ok((result, None));
    };
    result.media_timeout_ms = or_default(options.media_timeout_ms, result.media_timeout_ms);
    result.video_codecs = video_codecs(&options.video_codecs)?;
    result.with_audio = options.with_audio;
    // SAFETY: the caller's promise.
    unsafe {
        result.layout = text::optional(options.layout, "layout")?;
        result.position = text::optional(options.position, "position")?;
        result.user_variables_json =
            text::optional(options.user_variables_json, "user_variables_json")?;
        Ok((result, versioned::read(options.observer, "observer")?))
    }
}

/// # Safety
/// As the header asks of `sw_call_add_device`.
unsafe fn device(
    pointer: *const sw_device_options,
) -> Result<(DeviceOptions, Option<sw_call_observer>)> {
    let mut result = DeviceOptions::default();
    // SAFETY: the caller's promise, here and below.
    let Some(options) = (unsafe { versioned::read(pointer, "options")? }) else {
        return Ok((result, None));
    };
    result.media_timeout_ms = or_default(options.media_timeout_ms, result.media_timeout_ms);
    result.video_codecs = video_codecs(&options.video_codecs)?;
    result.sends_audio = options.sends_audio;
    result.sends_video = options.sends_video;
    // SAFETY: the caller's promise.
    unsafe {
        result.user_variables_json =
            text::optional(options.user_variables_json, "user_variables_json")?;
        Ok((result, versioned::read(options.observer, "observer")?))
    }
}
