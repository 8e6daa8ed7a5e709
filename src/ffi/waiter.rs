//! Waiting for a completion on the application's own thread.

use super::completion::{cancelled, sw_completion};
use super::guard::guard;
use super::handle::{self};
use super::status::{sw_error, sw_status};
use super::text::Out;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::dispatch;
use std::ffi::c_void;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Turns one completion after the other into a blocking wait. Owned: `sw_waiter_free`.
pub struct sw_waiter {
    _private: [u8; 0],
}

/// The `user_data` of one armed completion: a handle of its own, so that a late completion of an
/// earlier wait is told apart.
pub struct Ticket {
    _private: [u8; 0],
}

/// `timeout_ms` of `sw_waiter_wait`: wait without a limit.
pub const SW_WAIT_FOREVER: u32 = u32::MAX;

/// What the handles of a waiter share.
pub(super) struct Waiter {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The value of the ticket that may set the result.
    ticket: Option<usize>,
    result: Option<Result<()>>,
}

impl Waiter {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the present wait; its ticket, if any, is worthless afterwards.
    fn reset(&self) {
        self.arm(None);
    }

    fn arm(&self, ticket: Option<usize>) {
        let old = {
            let mut state = self.state();
            state.result = None;
            std::mem::replace(&mut state.ticket, ticket)
        };
        self.changed.notify_all();
        if let Some(old) = old {
            let old: *mut Ticket = std::ptr::without_provenance_mut(old);
            // It is gone already if it was used, which is no error here.
            let _ = handle::release(old);
        }
    }

    fn finish(&self, ticket: usize, result: Result<()>) {
        let mut state = self.state();
        if state.ticket == Some(ticket) && state.result.is_none() {
            state.result = Some(result);
            drop(state);
            self.changed.notify_all();
        }
    }

    fn wait(&self, limit: Option<Duration>) -> Result<()> {
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut state = self.state();
        let Some(ticket) = state.ticket else {
            return Err(Error::new(
                ErrorKind::InvalidState,
                "nothing to wait for: pass sw_waiter_completion() to a function first",
            ));
        };
        loop {
            if state.ticket != Some(ticket) {
                return Err(cancelled());
            }
            if let Some(result) = &state.result {
                return result.clone();
            }
            let left = deadline.map_or(Duration::from_secs(3600), |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return Err(Error::new(
                    ErrorKind::Timeout,
                    "the operation did not end in time; it goes on, and waiting again is possible",
                ));
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

extern "C" fn on_complete(status: sw_status, error: *const sw_error, user_data: *mut c_void) {
    guard(|| {
        let ticket = user_data.cast::<Ticket>().cast_const();
        if let Some(waiter) = handle::release(ticket)? {
            // SAFETY: a completion's error is NULL or a valid struct for the time of the call,
            // also when the application calls the completion itself.
            let result = unsafe { super::status::to_result(status, error) };
            waiter.finish(ticket.addr(), result);
        }
        Ok(())
    });
}

/// Makes a waiter.
///
/// `out_waiter`: not null; written on success; free it with `sw_waiter_free`.
/// Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
#[no_mangle]
pub extern "C" fn sw_waiter_new(out_waiter: *mut *mut sw_waiter) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_waiter, "out_waiter")? };
        out.set(handle::insert::<sw_waiter>(Arc::new(Waiter::new()))?);
        Ok(())
    })
}

/// Frees a waiter. A completion that is still under way is forgotten; a thread that waits gets
/// `SW_ERR_CANCELLED`.
///
/// `waiter`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
/// thread, also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_waiter_free(waiter: *mut sw_waiter) -> sw_status {
    guard(|| {
        if let Some(waiter) = handle::release(waiter)? {
            waiter.reset();
        }
        Ok(())
    })
}

/// Forgets the result and the completion of the last wait; a thread that waits gets
/// `SW_ERR_CANCELLED`. Seldom needed, since `sw_waiter_completion` does the same.
///
/// `waiter`: not null. Errors: `SW_ERR_INVALID_HANDLE`. Any thread. A second call does nothing.
#[no_mangle]
pub extern "C" fn sw_waiter_reset(waiter: *mut sw_waiter) -> sw_status {
    guard(|| {
        handle::get(waiter)?.reset();
        Ok(())
    })
}

/// Begins a new wait and gives the completion to pass to a function of this library.
///
/// Earlier results and completions of this waiter are forgotten, so take one completion, start
/// one operation and wait for it, then take the next. The application may also call the
/// completion's `fn` itself, for example at the end of a typed completion. `waiter`: not null; for an invalid
/// handle `fn` is NULL and `sw_waiter_wait` tells the error. Any thread.
#[no_mangle]
pub extern "C" fn sw_waiter_completion(waiter: *mut sw_waiter) -> sw_completion {
    let mut completion = sw_completion { r#fn: None, user_data: std::ptr::null_mut() };
    guard(|| {
        let target = handle::get(waiter)?;
        let ticket = handle::insert::<Ticket>(Arc::clone(&target))?;
        target.arm(Some(ticket.addr()));
        completion = sw_completion { r#fn: Some(on_complete), user_data: ticket.cast() };
        Ok(())
    });
    completion
}

/// Waits until the completion was called, and gives its status; the text is then in
/// `sw_last_error`, the service's code in `sw_last_error_info`.
///
/// `waiter`: not null. `timeout_ms`: 0 only looks, `SW_WAIT_FOREVER` never gives up. Blocks, so
/// not allowed in callbacks. Waiting again after `SW_ERR_TIMEOUT` is possible, and after the end
/// gives the same result again.
/// Errors: those of the operation; `SW_ERR_TIMEOUT` (the operation goes on);
/// `SW_ERR_IN_CALLBACK`; `SW_ERR_INVALID_STATE` when no completion was taken;
/// `SW_ERR_CANCELLED` when the waiter is freed or reset meanwhile; `SW_ERR_INVALID_HANDLE`.
#[no_mangle]
pub extern "C" fn sw_waiter_wait(waiter: *mut sw_waiter, timeout_ms: u32) -> sw_status {
    guard(|| {
        let target = handle::get(waiter)?;
        if dispatch::in_callback() {
            return Err(Error::new(
                ErrorKind::InCallback,
                "sw_waiter_wait would block the library's own thread; return from the callback \
                 and wait elsewhere",
            ));
        }
        let is_limited = timeout_ms != SW_WAIT_FOREVER;
        target.wait(is_limited.then(|| Duration::from_millis(timeout_ms.into())))
    })
}
