//! Observers: events pushed to foreign code, one after the other, on the dispatcher thread.

use super::call_event::sw_call_event;
use super::completion::{on_dispatcher, Pointer};
use super::event::sw_client_event;
use super::versioned::Versioned;
use crate::runtime::{dispatch, Tasks};
use crate::util::bus::EventStream;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Who hears about a client's events. Copied by `sw_client_new`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_client_observer {
    /// `sizeof(sw_client_observer)`.
    pub struct_size: u32,
    /// Called for every event, in order, on the dispatcher thread; nullable. The event is
    /// borrowed for the time of the call. It must not block, throw or `longjmp` out.
    pub on_event:
        Option<unsafe extern "C" fn(event: *const sw_client_event, user_data: *mut c_void)>,
    /// Called exactly once after the last event, on the dispatcher thread, so that `user_data`
    /// can be freed; nullable. Not called if `sw_client_new` failed.
    pub drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Passed to both functions unchanged. Nullable.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), size first, nullable function and data pointers.
unsafe impl Versioned for sw_client_observer {
    const FIRST_SIZE: usize = size_of::<sw_client_observer>();
}

/// Who hears about a call's events. Named in `sw_dial_options`; copied by `sw_client_dial`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_call_observer {
    /// `sizeof(sw_call_observer)`.
    pub struct_size: u32,
    /// Called for every event, in order, on the dispatcher thread; nullable. The event is
    /// borrowed for the time of the call. It must not block, throw or `longjmp` out.
    pub on_event: Option<unsafe extern "C" fn(event: *const sw_call_event, user_data: *mut c_void)>,
    /// Called exactly once after the last event, on the dispatcher thread, so that `user_data`
    /// can be freed; nullable. Not called if the function that got the observer failed.
    pub drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Passed to both functions unchanged. Nullable.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), size first, nullable function and data pointers.
unsafe impl Versioned for sw_call_observer {
    const FIRST_SIZE: usize = size_of::<sw_call_observer>();
}

/// The application's data of an observer or sink. Drops it through the application's function,
/// on the dispatcher, once it has been taken over by [`UserData::arm`].
pub(super) struct UserData {
    pointer: Pointer,
    drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    is_armed: AtomicBool,
}

impl UserData {
    pub(super) fn new(
        pointer: *mut c_void,
        drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    ) -> Self {
        Self { pointer: Pointer(pointer), drop, is_armed: AtomicBool::new(false) }
    }

    /// From now on the library owns the data: the function that got it succeeds.
    pub(super) fn arm(&self) {
        self.is_armed.store(true, Ordering::Release);
    }

    pub(super) fn get(&self) -> *mut c_void {
        self.pointer.get()
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        let (pointer, is_armed) = (self.pointer, *self.is_armed.get_mut());
        if let (true, Some(drop)) = (is_armed, self.drop) {
            // SAFETY: the header says that `drop` is such a function; nothing refers to the data
            // any more.
            on_dispatcher(move || unsafe { drop(pointer.get()) });
        }
    }
}

/// Delivers a stream's events until it ends. Waits for each delivery before it takes the next
/// event, so that at most one job per observer is queued at the dispatcher.
pub(super) fn pump<T, F>(tasks: &Tasks, stream: EventStream<T>, deliver: F)
where
    T: Clone + Send + 'static,
    F: Fn(&T, u64) + Send + Sync + 'static,
{
    let running = Running::begin();
    tasks.spawn(async move {
        let _running = running;
        let deliver = Arc::new(deliver);
        while let Some(event) = stream.next().await {
            let (deliver, missed) = (Arc::clone(&deliver), stream.missed());
            let (done, is_done) = oneshot::channel::<()>();
            let job = move || {
                deliver(&event, missed);
                drop(deliver);
                drop(done);
            };
            if dispatch::dispatch(job).is_err() {
                break;
            }
            let _ = is_done.await;
        }
    });
}

static RUNNING: Mutex<usize> = Mutex::new(0);
static STOPPED: Condvar = Condvar::new();

/// Counts the pumps, so that the shutdown can wait for the last events.
struct Running;

impl Running {
    fn begin() -> Self {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        STOPPED.notify_all();
    }
}

/// Waits until every pump has delivered its last event, at most `limit`.
pub(super) fn wait_for_pumps(limit: Duration) {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = STOPPED.wait_timeout_while(running, limit, |count| *count > 0);
}
