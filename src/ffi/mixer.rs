//! `sw_mixer_*`: several calls in one conference.

use super::audio::{borrow, sink_of, sw_audio_sink};
use super::call::sw_call;
use super::guard::guard;
use super::handle;
use super::roster::{sw_text_list, TextList};
use super::status::sw_status;
use super::text::Out;
use crate::call::Mixer;
use std::sync::Arc;

/// Joins calls of this process into one conference: each hears the others, and what the application
/// pushes, and not itself. Owned: `sw_mixer_free`.
///
/// One tick of 20 ms mixes all of them in mono 48 kHz; what is too loud is clipped. A voice that is
/// late has silence in its place and may wait up to 200 ms, then its oldest audio is dropped. With a
/// gain of 0 for every call they hear the application only: one source for many calls.
pub struct sw_mixer {
    _private: [u8; 0],
}

/// Makes an empty conference.
///
/// `out_mixer`: not null; written on success. Errors: `SW_ERR_INTERNAL` if no thread can be started.
/// Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_mixer_new(out_mixer: *mut *mut sw_mixer) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_mixer, "out_mixer")? };
        out.set(handle::insert::<sw_mixer>(Arc::new(Mixer::new()?))?);
        Ok(())
    })
}

/// Takes a call in. What the application pushes into the call itself competes with the mix: push it
/// into the mixer instead. A call that is in already stays as it is; one that is over leaves by
/// itself.
///
/// `mixer`, `call`: not null; the mixer keeps the call alive, not its handle. Errors: `SW_ERR_CLOSED`
/// for a call that is over; `SW_ERR_INVALID_ARGUMENT` for more than 64 calls. Any thread; does not
/// block.
#[no_mangle]
pub extern "C" fn sw_mixer_add(mixer: *mut sw_mixer, call: *mut sw_call) -> sw_status {
    guard(|| handle::get(mixer)?.add(&handle::get(call)?))
}

/// Takes a call out; it goes on without the others. A call that is not in is ignored.
///
/// `mixer`, `call`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_mixer_remove(mixer: *mut sw_mixer, call: *mut sw_call) -> sw_status {
    guard(|| {
        handle::get(mixer)?.remove(&handle::get(call)?);
        Ok(())
    })
}

/// Gives the ids of the calls that are in.
///
/// `mixer`: not null. `out_list`: not null; written on success; free it with `sw_text_list_free`. Any
/// thread; does not block.
#[no_mangle]
pub extern "C" fn sw_mixer_call_ids(
    mixer: *const sw_mixer,
    out_list: *mut *mut sw_text_list,
) -> sw_status {
    guard(|| {
        let mixer = handle::get(mixer)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_list, "out_list")? };
        let list = TextList::of(&mixer.call_ids());
        out.set(handle::insert::<sw_text_list>(Arc::new(list))?);
        Ok(())
    })
}

/// Sets how loud a call is for the others: 1.0 as it comes, 0.0 not at all, at most 4.0.
///
/// `mixer`, `call`: not null. Errors: `SW_ERR_INVALID_ARGUMENT` for a gain outside, and for a call
/// that is not in. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_mixer_set_gain(
    mixer: *mut sw_mixer,
    call: *mut sw_call,
    gain: f64,
) -> sw_status {
    guard(|| handle::get(mixer)?.set_gain(&handle::get(call)?, gain))
}

/// Queues audio that all calls are to hear: mono 48 kHz, at most 200 ms; of more, the oldest is
/// dropped. The samples are copied.
///
/// `mixer`: not null. `samples`: not null; `sample_count` of them. `out_dropped_ms`: nullable; the
/// milliseconds that were dropped since the mixer was made.
/// Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_mixer_push_audio(
    mixer: *mut sw_mixer,
    samples: *const i16,
    sample_count: usize,
    out_dropped_ms: *mut u64,
) -> sw_status {
    guard(|| {
        let mixer = handle::get(mixer)?;
        // SAFETY: the header asks for that many samples or NULL.
        let samples = unsafe { borrow(samples, sample_count)? };
        let dropped = mixer.push_audio(&samples);
        if !out_dropped_ms.is_null() {
            // SAFETY: the header asks for NULL or a place for the result.
            unsafe { Out::required(out_dropped_ms, "out_dropped_ms")? }.set(dropped);
        }
        Ok(())
    })
}

/// Discards at once what the application pushed and was not mixed yet, at most 200 ms. What the calls
/// say is not touched.
///
/// `mixer`: not null. `out_cleared_ms`: nullable; the milliseconds that were discarded, rounded up. Errors:
/// `SW_ERR_INVALID_HANDLE`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_mixer_clear_audio(
    mixer: *mut sw_mixer,
    out_cleared_ms: *mut u32,
) -> sw_status {
    guard(|| {
        let cleared_ms = handle::get(mixer)?.clear_audio();
        if !out_cleared_ms.is_null() {
            // SAFETY: the header asks for NULL or a place for the result.
            unsafe { Out::required(out_cleared_ms, "out_cleared_ms")? }.set(cleared_ms);
        }
        Ok(())
    })
}

/// Delivers what all calls say, without what the application pushes, to a sink: 20 ms frames of mono
/// 48 kHz, until it is replaced, removed or the mixer freed. When it returns, the sink of before does
/// not run and will not be called again; its `drop` follows on the dispatcher thread.
///
/// `mixer`: not null. `sink`: nullable, copied; NULL removes the present one. Waits for a running
/// `on_frame`, unless called from inside it. A sink that is slower than real time loses the oldest
/// of its 10 waiting frames.
/// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INTERNAL` if no thread can be started. Any thread, also
/// inside callbacks; do not call it while holding a lock that `on_frame` takes.
#[no_mangle]
pub extern "C" fn sw_mixer_set_sink(mixer: *mut sw_mixer, sink: *const sw_audio_sink) -> sw_status {
    guard(|| {
        let mixer = handle::get(mixer)?;
        if sink.is_null() {
            return mixer.set_sink(None);
        }
        // SAFETY: the header asks for a valid struct or NULL.
        let sink = unsafe { sink_of(sink)? };
        mixer.set_sink(Some(sink.clone()))?;
        sink.arm();
        Ok(())
    })
}

/// Frees a mixer: all calls leave it and go on, and its sink is called no more.
///
/// `mixer`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread,
/// also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_mixer_free(mixer: *mut sw_mixer) -> sw_status {
    guard(|| handle::release(mixer).map(drop))
}
