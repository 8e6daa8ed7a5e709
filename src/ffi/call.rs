//! `sw_call_*`: one call.

use super::call_event::{sw_call_event, with_call_event};
use super::completion::{guard_with, start, sw_completion};
use super::guard::guard;
use super::handle;
use super::observer::{pump, sw_call_observer, UserData};
use super::stats::{
    sw_call_statistics, sw_end_reason, sw_setup_times, to_end_reason, to_setup_times, to_statistics,
};
use super::status::sw_status;
use super::text::{self, give, Out};
use super::versioned;
use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{self, Tasks};
use std::ffi::{c_char, c_void};

/// A call. Shared: `sw_call_ref`, `sw_call_unref`.
pub struct sw_call {
    _private: [u8; 0],
}

/// Gives a call that was just made to the application: its handle, then its events.
pub(super) fn adopt(
    call: Call,
    observer: Option<sw_call_observer>,
    out: &Out<*mut sw_call>,
    answered: sw_completion,
) -> Result<()> {
    let tasks = runtime::tasks()?;
    let value = handle::insert_call(call.clone())? as usize;
    out.set(std::ptr::without_provenance_mut(value));
    if let Some(observer) = observer {
        observe(observer).watch(&tasks, &call, value);
    }
    let mut pending = answered.pending();
    tasks.spawn(async move { pending.complete(call.answered().await) });
    Ok(())
}

/// An observer whose data the library has taken over.
pub(super) struct Observer {
    on_event: Option<unsafe extern "C" fn(event: *const sw_call_event, user_data: *mut c_void)>,
    data: UserData,
}

/// Takes an observer's data over: the function that got it succeeds.
pub(super) fn observe(observer: sw_call_observer) -> Observer {
    let data = UserData::new(observer.user_data, observer.drop);
    data.arm();
    Observer { on_event: observer.on_event, data }
}

impl Observer {
    /// Delivers the events of a call whose handle has this value.
    pub(super) fn watch(self, tasks: &Tasks, call: &Call, value: usize) {
        pump(tasks, call.events(), move |event, missed| {
            let call = std::ptr::without_provenance_mut(value);
            with_call_event(event, call, missed, |event| {
                if let Some(on_event) = self.on_event {
                    // SAFETY: the header says that `on_event` is such a function.
                    unsafe { on_event(event, self.data.get()) }
                }
            });
        });
    }
}

/// Adds a reference to a call, for another owner who will `sw_call_unref` it.
///
/// `call`: not null. Errors: `SW_ERR_INVALID_HANDLE`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_ref(call: *mut sw_call) -> sw_status {
    guard(|| handle::add_reference(call))
}

/// Takes a reference away; with the last one the handle ends. The call itself does **not**: it
/// goes on until `sw_call_hangup`, the far side, or its client ends it.
///
/// `call`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` when no reference is left. Any
/// thread, also inside the call's own callbacks; does not block.
#[no_mangle]
pub extern "C" fn sw_call_unref(call: *mut sw_call) -> sw_status {
    guard(|| handle::release(call).map(drop))
}

/// Gives the call's id (UUID); the service knows this leg by it.
///
/// `call`, `out_id`: not null. Free the text with `sw_string_free`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_id(call: *const sw_call, out_id: *mut *mut c_char) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        give(&call.id(), &unsafe { Out::required(out_id, "out_id")? });
        Ok(())
    })
}

/// Gives the destination as it was dialled.
///
/// `call`, `out_destination`: not null. Free the text with `sw_string_free`. Any thread; does
/// not block.
#[no_mangle]
pub extern "C" fn sw_call_destination(
    call: *const sw_call,
    out_destination: *mut *mut c_char,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        give(&call.destination(), &unsafe { Out::required(out_destination, "out_destination")? });
        Ok(())
    })
}

/// Gives where the call stands at this moment: one of `SW_CALL_STATE_*`.
///
/// `call`, `out_state`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_state(call: *const sw_call, out_state: *mut i32) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_state, "out_state")? }.set(call.state() as i32);
        Ok(())
    })
}

/// Gives why the call ended.
///
/// `call`: not null. `out_reason`: not null; start from `SW_END_REASON_INIT`.
/// Errors: `SW_ERR_INVALID_STATE` while the call has not ended. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_end_reason(
    call: *const sw_call,
    out_reason: *mut sw_end_reason,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        if out_reason.is_null() {
            return Err(Error::invalid("out_reason must not be NULL"));
        }
        let reason = call.end_reason().ok_or_else(|| {
            Error::new(ErrorKind::InvalidState, "the call has not ended; wait with sw_call_ended")
        })?;
        let reason = to_end_reason(&reason);
        // SAFETY: the header asks for NULL or a valid struct.
        unsafe { versioned::write(out_reason, &reason, "out_reason") }
    })
}

/// Tells the completion when the call is answered, or that it will not be.
///
/// The same as the `answered` of `sw_client_dial`, for whoever comes later. `call`: not null.
/// Completion: `SW_OK`; `SW_ERR_CALL_FAILED` with the hang-up cause as `code`;
/// `SW_ERR_CANCELLED` after the client's end. Any thread. May be called any number of times.
#[no_mangle]
pub extern "C" fn sw_call_answered(call: *mut sw_call, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.answered().await })
    })
}

/// Tells the completion when the call is over; `sw_call_end_reason` then says why.
///
/// `call`: not null. Completion: `SW_OK`, however the call ended; `SW_ERR_CANCELLED` if the
/// library is shut down first. Any thread. May be called any number of times.
#[no_mangle]
pub extern "C" fn sw_call_ended(call: *mut sw_call, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.ended().await.map(drop) })
    })
}

/// Hangs up: audio stops at once; the completion tells when the service has confirmed, after 2 s
/// at most. The call is over in any case.
///
/// `call`: not null; the handle must still be released. Hanging up an ended call is `SW_OK`.
/// Errors: `SW_ERR_CANCELLED` if the library is shut down meanwhile. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_hangup(call: *mut sw_call, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.hangup().await })
    })
}

/// Sends DTMF digits the way that `dtmf` of the call's options chose: through the service unless
/// said otherwise.
///
/// `call`: not null. `digits`: not null, 1 to 64 of `0-9 A-D * #`, and `w`/`W` for a pause of
/// 0.5 s/1 s; copied. Through the service this is done when it took them; in the audio stream when
/// the last one was sent, 160 ms per digit, while no other audio is sent.
/// Completion: `SW_ERR_INVALID_ARGUMENT` for other characters;
/// `SW_ERR_INVALID_STATE` unless the call is answered, for the audio stream also while it is held
/// or has no media yet; `SW_ERR_NOT_SUPPORTED` where the far side takes no digits in the audio
/// stream; `SW_ERR_MEDIA` when its audio was stopped before the last one was out; `SW_ERR_CLOSED`
/// after its end; `SW_ERR_TIMEOUT` (unsure whether they were sent); `SW_ERR_REJECTED`. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_send_digits(
    call: *mut sw_call,
    digits: *const c_char,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a text or NULL.
        let digits = unsafe { text::required(digits, "digits")? };
        start(done.pending(), async move { call.send_digits(&digits).await })
    })
}

/// Mutes the microphone: silence is sent at once, and the service stops passing on this member's
/// audio. Muting twice is `SW_OK`.
///
/// `call`: not null. Completion: `SW_ERR_INVALID_STATE` unless answered
/// and joined; `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` and `SW_ERR_REJECTED`, after which the local
/// side stays muted. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_mute(call: *mut sw_call, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.mute().await })
    })
}

/// Undoes `sw_call_mute`; same parameters and errors. Unmuting twice is `SW_OK`.
#[no_mangle]
pub extern "C" fn sw_call_unmute(call: *mut sw_call, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.unmute().await })
    })
}

/// Gives whether the microphone is muted, by this side or by the service.
///
/// `call`, `out_is_muted`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_is_muted(call: *const sw_call, out_is_muted: *mut bool) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_is_muted, "out_is_muted")? }.set(call.is_muted());
        Ok(())
    })
}

/// Puts the call on hold: the service stops sending media. Holding a held call is `SW_OK`.
///
/// `call`: not null. Takes about 0.3 s. Completion:
/// `SW_ERR_INVALID_STATE` unless answered; `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` (state unchanged,
/// retry is safe); `SW_ERR_REJECTED`. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_hold(call: *mut sw_call, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.hold().await })
    })
}

/// Takes the call off hold; same parameters and errors as `sw_call_hold`.
#[no_mangle]
pub extern "C" fn sw_call_unhold(call: *mut sw_call, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.unhold().await })
    })
}

/// Gives numbers about the call's audio at this moment; after the end those of its last moment.
///
/// `call`: not null. `out_stats`: not null; start from `SW_CALL_STATISTICS_INIT`. Any thread;
/// does not block.
#[no_mangle]
pub extern "C" fn sw_call_stats(
    call: *const sw_call,
    out_stats: *mut sw_call_statistics,
) -> sw_status {
    guard(|| {
        let stats = to_statistics(&handle::get(call)?.stats());
        // SAFETY: the header asks for NULL or a valid struct.
        unsafe { versioned::write(out_stats, &stats, "out_stats") }
    })
}

/// Gives when each step of the call's set-up was done.
///
/// `call`: not null. `out_times`: not null; start from `SW_SETUP_TIMES_INIT`. Any thread; does
/// not block.
#[no_mangle]
pub extern "C" fn sw_call_setup_times(
    call: *const sw_call,
    out_times: *mut sw_setup_times,
) -> sw_status {
    guard(|| {
        let times = to_setup_times(&handle::get(call)?.setup_times());
        // SAFETY: the header asks for NULL or a valid struct.
        unsafe { versioned::write(out_times, &times, "out_times") }
    })
}
