//! `sw_recorder`: recording what a call sends and receives.

use super::call::sw_call;
use super::guard::guard;
use super::handle;
use super::options::or_default;
use super::status::sw_status;
use super::text::{self, Out};
use super::versioned::{self, Versioned};
use crate::config::{RecordFormat, RecordOptions, RecordSide};
use crate::error::{Error, Result};
use crate::media::frame::AudioFormat;
use std::ffi::c_char;
use std::sync::Arc;

/// Which side of a call is recorded. Numbers never change.
#[repr(C)]
pub enum sw_record_sides {
    /// What is received.
    SW_RECORD_SIDE_RECEIVED = 0,
    /// What is sent, after gain and mute.
    SW_RECORD_SIDE_SENT = 1,
    /// Both, in stereo: left what is sent, right what is received.
    SW_RECORD_SIDE_BOTH = 2,
    /// Both, added up in mono; too loud is clipped.
    SW_RECORD_SIDE_MIXED = 3,
}

/// The kind of file that a call is recorded to. Numbers never change.
#[repr(C)]
pub enum sw_record_formats {
    /// WAV with 16-bit PCM; at most 4 GB.
    SW_RECORD_FORMAT_WAV = 0,
    /// Opus in Ogg (RFC 7845), 48 kHz.
    SW_RECORD_FORMAT_OGG_OPUS = 1,
}

/// What `sw_call_record` records, and how. Start from `SW_RECORD_OPTIONS_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_record_options {
    /// `sizeof(sw_record_options)`; set by `SW_RECORD_OPTIONS_INIT`.
    pub struct_size: u32,
    /// One of `SW_RECORD_SIDE_*`.
    pub side: i32,
    /// One of `SW_RECORD_FORMAT_*`.
    pub format: i32,
    /// 8000 to 192000, for both sides a multiple of 50; 48000 for Ogg. 0: 48000.
    pub sample_rate_hz: u32,
    /// Bitrate of Ogg-Opus in bits per second, 6000 to 510000. 0: 32000 for each channel.
    pub opus_bitrate_bps: u32,
}

// SAFETY: repr(C), size first, integers.
unsafe impl Versioned for sw_record_options {
    const FIRST_SIZE: usize = size_of::<sw_record_options>();
}

/// A running recording of a call. Owned: `sw_recorder_free`.
pub struct sw_recorder {
    _private: [u8; 0],
}

/// Records the call to a file until the recorder is finished or freed, or the call ends: what is
/// received, what is sent, or both. An existing file is replaced.
///
/// Both sides are on one time line from the moment that media flow: what is lost, muted, held or
/// not pushed is silence. A disk that is slow costs audio, after 10 s, never the call; the file is
/// valid at any moment but for the last half second.
///
/// `call`: not null. `path`: not null, UTF-8; copied. `options`: nullable, copied; NULL: the received
/// audio to WAV. `out_recorder`: not null; written on success; free it with `sw_recorder_free`.
/// It may outlive the call's handle. Several recordings may run.
/// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_MEDIA` when the file cannot be made (the text says
/// why); `SW_ERR_CLOSED` after the call's end. Any thread; opens the file before it returns.
#[no_mangle]
pub extern "C" fn sw_call_record(
    call: *mut sw_call,
    path: *const c_char,
    options: *const sw_record_options,
    out_recorder: *mut *mut sw_recorder,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_recorder, "out_recorder")? };
        // SAFETY: the header asks for a text or NULL.
        let path = unsafe { text::required(path, "path")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let options = unsafe { versioned::read(options, "options")? };
        let options = options.map(|options| record_options(&options)).transpose()?;
        let recorder = call.record(path, options.unwrap_or_default())?;
        out.set(handle::insert::<sw_recorder>(Arc::new(recorder))?);
        Ok(())
    })
}

fn record_options(options: &sw_record_options) -> Result<RecordOptions> {
    use sw_record_formats::*;
    use sw_record_sides::*;
    const RECEIVED: i32 = SW_RECORD_SIDE_RECEIVED as i32;
    const SENT: i32 = SW_RECORD_SIDE_SENT as i32;
    const BOTH: i32 = SW_RECORD_SIDE_BOTH as i32;
    const MIXED: i32 = SW_RECORD_SIDE_MIXED as i32;
    const WAV: i32 = SW_RECORD_FORMAT_WAV as i32;
    const OGG_OPUS: i32 = SW_RECORD_FORMAT_OGG_OPUS as i32;
    Ok(RecordOptions {
        side: match options.side {
            RECEIVED => RecordSide::Received,
            SENT => RecordSide::Sent,
            BOTH => RecordSide::Both,
            MIXED => RecordSide::Mixed,
            other => return Err(Error::invalid(format!("side: {other} is no SW_RECORD_SIDE_*"))),
        },
        format: match options.format {
            WAV => RecordFormat::Wav,
            OGG_OPUS => RecordFormat::OggOpus,
            other => {
                return Err(Error::invalid(format!("format: {other} is no SW_RECORD_FORMAT_*")))
            }
        },
        sample_rate_hz: or_default(options.sample_rate_hz, 48_000),
        opus_bitrate_bps: options.opus_bitrate_bps,
    })
}

/// Records the received audio to a 16-bit WAV file until the recorder is finished or freed, or
/// the call ends. An existing file is replaced.
///
/// `call`: not null. `path`: not null, UTF-8; copied. `sample_rate_hz`: 8000 to 192000;
/// `channels`: 1 or 2. `out_recorder`: not null; written on success; free it with
/// `sw_recorder_free`. It may outlive the call's handle.
/// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_MEDIA` when the file cannot be made;
/// `SW_ERR_CLOSED` after the call's end. Any thread; opens the file before it returns.
#[no_mangle]
pub extern "C" fn sw_call_record_wav(
    call: *mut sw_call,
    path: *const c_char,
    sample_rate_hz: u32,
    channels: u32,
    out_recorder: *mut *mut sw_recorder,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_recorder, "out_recorder")? };
        // SAFETY: the header asks for a text or NULL.
        let path = unsafe { text::required(path, "path")? };
        let recorder = call.record_wav(path, AudioFormat::new(sample_rate_hz, channels))?;
        out.set(handle::insert::<sw_recorder>(Arc::new(recorder))?);
        Ok(())
    })
}

/// Ends the recording and completes the file.
///
/// `recorder`: not null; the handle must still be freed. A second call does nothing
/// but say the same.
/// Errors: `SW_ERR_MEDIA` if something could not be written, such as on a full disk, or if the disk
/// was too slow: the text says which. Any thread; writes what is left before it returns.
#[no_mangle]
pub extern "C" fn sw_recorder_finish(recorder: *mut sw_recorder) -> sw_status {
    guard(|| handle::get(recorder)?.finish())
}

/// Gives how many milliseconds are silent in the file because the disk was too slow for 10 s.
///
/// `recorder`, `out_lost_ms`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_recorder_lost_ms(
    recorder: *const sw_recorder,
    out_lost_ms: *mut u64,
) -> sw_status {
    guard(|| {
        let recorder = handle::get(recorder)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_lost_ms, "out_lost_ms")? }.set(recorder.lost_ms());
        Ok(())
    })
}

/// Frees a recorder; finishes the recording if that was not done, and logs a failure of it.
///
/// `recorder`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
/// thread, also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_recorder_free(recorder: *mut sw_recorder) -> sw_status {
    guard(|| handle::release(recorder).map(drop))
}
