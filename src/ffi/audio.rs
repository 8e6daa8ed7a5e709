//! `sw_call_*_audio*`: PCM in and out.

use super::call::sw_call;
use super::completion::{guard_with, start, sw_completion};
use super::guard::guard;
use super::handle;
use super::observer::UserData;
use super::status::sw_status;
use super::text::{self, Out};
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use crate::media::frame::{AudioFormat, AudioFrame};
use crate::media::sink::{AudioSink, SinkId};
use crate::runtime::dispatch;
use std::borrow::Cow;
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// One frame of received audio, about 20 ms. Borrowed for the time of the callback.
#[repr(C)]
pub struct sw_audio_frame {
    /// `samples_per_channel * channels` signed 16-bit samples, interleaved left, right.
    pub samples: *const i16,
    /// Samples of one channel.
    pub samples_per_channel: u32,
    /// 1 or 2, as asked for.
    pub channels: u32,
    /// Samples per second of one channel, as asked for.
    pub sample_rate_hz: u32,
    /// Media time of the first sample in microseconds since the stream began.
    pub timestamp_us: u64,
    /// Whether the frame was made up because nothing arrived in time.
    pub is_concealed: bool,
}

/// Who gets received audio. Copied by `sw_call_add_audio_sink`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_audio_sink {
    /// `sizeof(sw_audio_sink)`.
    pub struct_size: u32,
    /// Called every 20 ms, in order and never twice at once, on a media thread of the library.
    /// Not null. The frame is borrowed for the time of the call. It must not throw or `longjmp`
    /// out; while it blocks, its own oldest frames are lost.
    pub on_frame:
        Option<unsafe extern "C" fn(frame: *const sw_audio_frame, user_data: *mut c_void)>,
    /// Called exactly once after the last frame, on the dispatcher thread, so that `user_data`
    /// can be freed; nullable. Not called if `sw_call_add_audio_sink` failed.
    pub drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Passed to both functions unchanged. Nullable.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), size first, nullable function and data pointers.
unsafe impl Versioned for sw_audio_sink {
    const FIRST_SIZE: usize = size_of::<sw_audio_sink>();
}

type OnFrame = unsafe extern "C" fn(frame: *const sw_audio_frame, user_data: *mut c_void);

pub(super) struct Sink {
    on_frame: OnFrame,
    data: UserData,
}

impl Sink {
    /// From now on `drop` is called with the last reference.
    pub(super) fn arm(&self) {
        self.data.arm();
    }
}

/// # Safety
/// `sink` is NULL or points to a valid struct.
pub(super) unsafe fn sink_of(sink: *const sw_audio_sink) -> Result<Arc<Sink>> {
    // SAFETY: the caller's promise.
    let sink = unsafe { versioned::read(sink, "sink")? };
    let sink = sink.ok_or_else(|| Error::invalid("sink must not be NULL"))?;
    let on_frame = sink.on_frame.ok_or_else(|| Error::invalid("on_frame must not be NULL"))?;
    Ok(Arc::new(Sink { on_frame, data: UserData::new(sink.user_data, sink.drop) }))
}

impl AudioSink for Sink {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        let frame = sw_audio_frame {
            samples: frame.samples.as_ptr(),
            samples_per_channel: frame.samples_per_channel() as u32,
            channels: frame.format.channels,
            sample_rate_hz: frame.format.sample_rate_hz,
            timestamp_us: frame.timestamp_us,
            is_concealed: frame.is_concealed,
        };
        dispatch::call_foreign("an audio sink", || {
            // SAFETY: the header says that `on_frame` is such a function.
            unsafe { (self.on_frame)(&frame, self.data.get()) }
        });
    }
}

/// Queues PCM to be sent. Never blocks; the samples are copied.
///
/// `call`: not null. `samples`: not null; signed 16-bit, interleaved left, right when stereo.
/// `sample_count`: how many there are, all channels together; a multiple of `channels`, any
/// positive number of them. `sample_rate_hz`: 8000 to 192000; `channels`: 1 or 2; both may change
/// from call to call. `out_dropped_ms`: nullable; milliseconds of older audio that had to be
/// dropped because the queue was full, 0 normally. The queue holds `audio_queue_ms` of the dial
/// options. Audio pushed before the answer is dropped.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for a format or count that cannot be; `SW_ERR_CLOSED` after
/// the call's end. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_push_audio(
    call: *mut sw_call,
    samples: *const i16,
    sample_count: usize,
    sample_rate_hz: u32,
    channels: u32,
    out_dropped_ms: *mut u32,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for that many samples or NULL.
        let samples = unsafe { borrow(samples, sample_count)? };
        let dropped = call.push_audio(&samples, AudioFormat::new(sample_rate_hz, channels))?;
        if !out_dropped_ms.is_null() {
            // SAFETY: the header asks for NULL or a place for the result.
            unsafe { Out::required(out_dropped_ms, "out_dropped_ms")? }.set(dropped);
        }
        Ok(())
    })
}

/// The application's samples, copied only if their address is odd, as that of a slice of bytes
/// from a language without alignment may be.
///
/// # Safety
/// `samples` is NULL or points to `count` readable samples.
pub(super) unsafe fn borrow<'a>(samples: *const i16, count: usize) -> Result<Cow<'a, [i16]>> {
    if samples.is_null() {
        return Err(Error::invalid("samples must not be NULL"));
    }
    if count > isize::MAX as usize / size_of::<i16>() {
        return Err(Error::invalid(format!("sample_count is impossibly large: {count}")));
    }
    if samples.is_aligned() {
        // SAFETY: not NULL and aligned, checked above; the rest is the caller's promise.
        return Ok(Cow::Borrowed(unsafe { std::slice::from_raw_parts(samples, count) }));
    }
    // SAFETY: the caller's promise; the bytes need no alignment.
    let bytes = unsafe { std::slice::from_raw_parts(samples.cast::<u8>(), count * 2) };
    Ok(bytes.chunks_exact(2).map(|pair| i16::from_ne_bytes([pair[0], pair[1]])).collect())
}

/// Gives how many milliseconds of pushed audio wait to be sent.
///
/// `call`, `out_queued_ms`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_queued_audio_ms(
    call: *const sw_call,
    out_queued_ms: *mut u32,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_queued_ms, "out_queued_ms")? }.set(call.queued_audio_ms());
        Ok(())
    })
}

/// Discards at once what was pushed and is not sent yet, for a bot that is interrupted.
///
/// `call`: not null. `out_cleared_ms`: nullable; the milliseconds that were discarded, rounded up: 0 when
/// nothing waited, and after the end. The far side hears silence from the next packet on, or what is
/// pushed after it. A push at the same time, of another thread, is discarded as a whole or not at all.
/// A file that is played goes on. What was discarded does not count as dropped. Errors:
/// `SW_ERR_INVALID_HANDLE`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_clear_audio(call: *mut sw_call, out_cleared_ms: *mut u32) -> sw_status {
    guard(|| {
        let cleared_ms = handle::get(call)?.clear_audio();
        if !out_cleared_ms.is_null() {
            // SAFETY: the header asks for NULL or a place for the result.
            unsafe { Out::required(out_cleared_ms, "out_cleared_ms")? }.set(cleared_ms);
        }
        Ok(())
    })
}

/// Delivers the received audio to a sink, from the first packet until the call ends or
/// `sw_call_remove_audio_sink`.
///
/// `call`: not null. `sample_rate_hz`: 8000 to 192000; `channels`: 1 or 2; frames are converted
/// to them. `sink`: not null; copied. `out_sink_id`: nullable; names the sink for its removal.
/// Lost packets and silence arrive as frames too. A sink that is slower than real time loses the
/// oldest of its 10 waiting frames; `output_dropped_frames` counts them. Several sinks may be
/// added; each call of the function adds another.
/// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_CLOSED` after the call's end. Any thread; does not
/// block.
#[no_mangle]
pub extern "C" fn sw_call_add_audio_sink(
    call: *mut sw_call,
    sample_rate_hz: u32,
    channels: u32,
    sink: *const sw_audio_sink,
    out_sink_id: *mut u64,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let sink = unsafe { sink_of(sink)? };
        let format = AudioFormat::new(sample_rate_hz, channels);
        let id = call.add_audio_sink(format, sink.clone())?;
        sink.arm();
        if !out_sink_id.is_null() {
            // SAFETY: the header asks for NULL or a place for the result.
            unsafe { Out::required(out_sink_id, "out_sink_id")? }.set(id.as_u64());
        }
        Ok(())
    })
}

/// Ends the deliveries to a sink. When it returns, `on_frame` does not run and will not be
/// called again; its `drop` follows on the dispatcher thread.
///
/// `call`: not null. Waits for a running `on_frame`, unless called from inside it. An unknown or
/// removed id is ignored. Errors: `SW_ERR_INVALID_HANDLE`. Any thread, also inside callbacks; do
/// not call it while holding a lock that `on_frame` takes.
#[no_mangle]
pub extern "C" fn sw_call_remove_audio_sink(call: *mut sw_call, sink_id: u64) -> sw_status {
    guard(|| {
        handle::get(call)?.remove_audio_sink(SinkId::from_u64(sink_id));
        Ok(())
    })
}

/// Plays a WAV file into the call in real time; the completion tells when all of it was sent.
///
/// `call`: not null. `path`: not null, UTF-8; copied. PCM of 8 to 32 bits or float, 8000 to
/// 192000 Hz; at most 256 MB. A second file plays at the same time and both are garbled: wait for
/// the first.
/// Completion: `SW_ERR_INVALID_STATE` unless the call is answered;
/// `SW_ERR_MEDIA` for files that cannot be read; `SW_ERR_CLOSED` when the call ends first. Any
/// thread.
#[no_mangle]
pub extern "C" fn sw_call_play_wav(
    call: *mut sw_call,
    path: *const c_char,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a text or NULL.
        let path = unsafe { text::required(path, "path")? };
        start(done.pending(), async move { call.play_wav(path).await })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_addresses_are_copied_and_impossible_ones_refused() {
        let bytes: Vec<u8> = [1i16, -2, 3].iter().flat_map(|s| s.to_ne_bytes()).collect();
        let mut room = [0u8; 16];
        let odd = usize::from(room.as_ptr().addr().is_multiple_of(2));
        room[odd..odd + 6].copy_from_slice(&bytes);
        // SAFETY: three samples were written there.
        let samples = unsafe { borrow(room.as_ptr().add(odd).cast(), 3) }.unwrap();
        assert_eq!(samples[..], [1, -2, 3]);
        assert!(matches!(samples, Cow::Owned(_)));
        // SAFETY: NULL is allowed, and an impossible count is refused before any read.
        unsafe {
            assert!(borrow(std::ptr::null(), 1).is_err());
            assert!(borrow(room.as_ptr().cast(), usize::MAX).is_err());
        }
    }
}
