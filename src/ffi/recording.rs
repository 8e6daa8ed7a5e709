//! `sw_wav_recorder`: recording what a call receives.

use super::call::sw_call;
use super::guard::guard;
use super::handle;
use super::status::sw_status;
use super::text::{self, Out};
use crate::media::frame::AudioFormat;
use std::ffi::c_char;
use std::sync::Arc;

/// A running recording of a call's received audio. Owned: `sw_wav_recorder_free`.
pub struct sw_wav_recorder {
    _private: [u8; 0],
}

/// Records the received audio to a 16-bit WAV file until the recorder is finished or freed, or
/// the call ends. An existing file is replaced.
///
/// `call`: not null. `path`: not null, UTF-8; copied. `sample_rate_hz`: 8000 to 192000;
/// `channels`: 1 or 2. `out_recorder`: not null; written on success; free it with
/// `sw_wav_recorder_free`. It may outlive the call's handle.
/// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_MEDIA` when the file cannot be made;
/// `SW_ERR_CLOSED` after the call's end. Any thread; opens the file before it returns.
#[no_mangle]
pub extern "C" fn sw_call_record_wav(
    call: *mut sw_call,
    path: *const c_char,
    sample_rate_hz: u32,
    channels: u32,
    out_recorder: *mut *mut sw_wav_recorder,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_recorder, "out_recorder")? };
        // SAFETY: the header asks for a text or NULL.
        let path = unsafe { text::required(path, "path")? };
        let recorder = call.record_wav(path, AudioFormat::new(sample_rate_hz, channels))?;
        out.set(handle::insert::<sw_wav_recorder>(Arc::new(recorder))?);
        Ok(())
    })
}

/// Ends the recording and completes the file.
///
/// `recorder`: not null; the handle must still be freed. A second call does nothing.
/// Errors: `SW_ERR_MEDIA` if something could not be written, such as on a full disk: the file may
/// be cut short. Any thread; writes what is left before it returns.
#[no_mangle]
pub extern "C" fn sw_wav_recorder_finish(recorder: *mut sw_wav_recorder) -> sw_status {
    guard(|| handle::get(recorder)?.finish())
}

/// Frees a recorder; finishes the recording if that was not done, and logs a failure of it.
///
/// `recorder`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
/// thread, also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_wav_recorder_free(recorder: *mut sw_wav_recorder) -> sw_status {
    guard(|| handle::release(recorder).map(drop))
}
