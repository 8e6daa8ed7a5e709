//! Completions: how an operation that takes time tells its end, exactly once.

use super::guard::guard;
use super::status::{sw_error, sw_status, OwnedError, OK};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{self, dispatch};
use std::ffi::c_void;
use std::future::Future;

/// What is called when an operation has ended.
///
/// If the function that took the completion returned `SW_OK`, `fn` is called exactly once, on
/// the dispatcher thread, possibly before that function returns; if it returned an error, `fn`
/// is never called: that is so for handles, pointers, texts and structs that cannot be, while
/// everything that the operation itself finds is told here. `fn` may be NULL: then nobody is
/// told. Pass `sw_waiter_completion` to block until the end instead.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_completion {
    /// Nullable. `status`: `SW_OK` or `SW_ERR_*`; `error`: NULL on success, else borrowed for the
    /// time of the call; `user_data`: as below. It must not block, throw or `longjmp` out.
    pub r#fn: Option<
        unsafe extern "C" fn(status: sw_status, error: *const sw_error, user_data: *mut c_void),
    >,
    /// Passed to `fn` unchanged; never touched by the library. Nullable.
    pub user_data: *mut c_void,
}

/// The application's pointer on its way to another thread.
#[derive(Clone, Copy)]
pub(super) struct Pointer(pub(super) *mut c_void);

// SAFETY: the library never dereferences it; the header says that callbacks run on its threads.
unsafe impl Send for Pointer {}
// SAFETY: as above.
unsafe impl Sync for Pointer {}

impl Pointer {
    /// A method, so that closures capture the whole wrapper and not its field.
    pub(super) fn get(self) -> *mut c_void {
        self.0
    }
}

/// Runs foreign code on the dispatcher; if that has gone, here. It runs once in any case.
pub(super) fn on_dispatcher(code: impl FnOnce() + Send + 'static) {
    let mut job = Job(Some(Box::new(code)));
    // A job that the dispatcher does not take or does not get to runs when it is dropped.
    let _ = dispatch::dispatch(move || job.run());
}

struct Job(Option<Box<dyn FnOnce() + Send>>);

impl Job {
    fn run(&mut self) {
        if let Some(code) = self.0.take() {
            dispatch::call_foreign("a callback", code);
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.run();
    }
}

type Fire<T> = Box<dyn FnOnce(Result<T>) + Send>;

/// A completion that is still owed. Dropping it tells `SW_ERR_CANCELLED`.
pub(super) struct Pending<T: Send + 'static>(Option<Fire<T>>);

impl<T: Send + 'static> Pending<T> {
    /// `fire` runs on the dispatcher thread; `None` when nobody wants to know.
    pub(super) fn new(fire: Option<Fire<T>>) -> Self {
        Self(fire)
    }

    pub(super) fn complete(&mut self, result: Result<T>) {
        if let Some(fire) = self.0.take() {
            on_dispatcher(move || fire(result));
        }
    }
}

impl<T: Send + 'static> Drop for Pending<T> {
    fn drop(&mut self) {
        self.complete(Err(cancelled()));
    }
}

pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "given up: its object was freed or the library shuts down")
}

impl sw_completion {
    pub(super) fn pending(self) -> Pending<()> {
        let user_data = Pointer(self.user_data);
        Pending::new(self.r#fn.map(|function| -> Fire<()> {
            Box::new(move |result| {
                call_with(&result.err(), |status, error| {
                    // SAFETY: the header says that `fn` is such a function.
                    unsafe { function(status, error, user_data.get()) }
                });
            })
        }))
    }
}

/// Calls back with the C form of an optional error, which is borrowed for that time.
pub(super) fn call_with(error: &Option<Error>, call: impl FnOnce(sw_status, *const sw_error)) {
    match error.as_ref().map(OwnedError::new) {
        None => call(OK, std::ptr::null()),
        Some(owned) => call(owned.raw().status, owned.raw()),
    }
}

/// Runs `work` on the library's threads and tells its end to `pending`.
///
/// Every failure of the work goes to `pending`, however early it comes, so that an application
/// finds it in one place. Error: the threads cannot be started; then `pending` is not told.
pub(super) fn start<T, F>(mut pending: Pending<T>, work: F) -> Result<()>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    match runtime::tasks() {
        Ok(tasks) => {
            tasks.spawn(async move { pending.complete(work.await) });
            Ok(())
        }
        Err(error) => {
            pending.0 = None;
            Err(error)
        }
    }
}

/// [`guard`] for functions with a completion: a waiter hears of a refusal too, so that waiting
/// without a look at the function's status does not wait for ever.
pub(super) fn guard_with(done: sw_completion, body: impl FnOnce() -> Result<()>) -> sw_status {
    let status = guard(body);
    if status != OK {
        super::waiter::refuse(done, status);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    fn pending() -> (Pending<i32>, mpsc::Receiver<Result<i32>>) {
        let (sender, receiver) = mpsc::channel();
        (Pending::new(Some(Box::new(move |result| sender.send(result).unwrap()))), receiver)
    }

    fn next(receiver: &mpsc::Receiver<Result<i32>>) -> Result<i32> {
        receiver.recv_timeout(Duration::from_secs(5)).unwrap()
    }

    #[test]
    fn completions_fire_once_whatever_happens_to_the_work() {
        let (done, told) = pending();
        start(done, async { Ok(1) }).unwrap();
        assert_eq!(next(&told).unwrap(), 1);

        let (done, told) = pending();
        let later = async {
            tokio::task::yield_now().await;
            Err(Error::media("late"))
        };
        start(done, later).unwrap();
        assert_eq!(next(&told).unwrap_err().kind(), ErrorKind::Media);

        let (done, told) = pending();
        let panics = async {
            tokio::task::yield_now().await;
            panic!("on purpose")
        };
        start(done, panics).unwrap();
        assert_eq!(next(&told).unwrap_err().kind(), ErrorKind::Cancelled);
        assert!(told.recv_timeout(Duration::from_secs(5)).is_err(), "its sender must be gone");
    }
}
