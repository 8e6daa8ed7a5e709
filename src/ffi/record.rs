//! Completions that give a struct.

use super::completion::{call_with, Pending, Pointer};
use super::status::{sw_error, sw_status, OK};
use std::ffi::c_void;

/// What C code passes to be given a struct `S`.
pub(super) type Function<S> = unsafe extern "C" fn(
    status: sw_status,
    error: *const sw_error,
    result: *const S,
    user_data: *mut c_void,
);

/// Lends the C form of a result for the time of one call.
pub(super) type With<T, S> = fn(&T, &mut dyn FnMut(&S));

/// A completion that is still owed. `with` lends the C form of a result for the time of one call.
///
/// The header says that `function` is such a function and that it gets `user_data` unchanged.
pub(super) fn pending<T: Send + 'static, S: 'static>(
    function: Option<Function<S>>,
    user_data: *mut c_void,
    with: With<T, S>,
) -> Pending<T> {
    let Some(function) = function else { return Pending::new(None) };
    let data = Pointer(user_data);
    Pending::new(Some(Box::new(move |result| match result {
        Ok(value) => with(&value, &mut |raw| {
            // SAFETY: the header says that `fn` is such a function.
            unsafe { function(OK, std::ptr::null(), raw, data.get()) }
        }),
        Err(error) => call_with(&Some(error), |status, error| {
            // SAFETY: as above.
            unsafe { function(status, error, std::ptr::null(), data.get()) }
        }),
    })))
}
