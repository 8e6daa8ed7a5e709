//! The thread on which foreign code hears about events, completions and finished futures.
//!
//! Foreign code may be slow, may hold an interpreter lock, may throw: it must never run on a
//! runtime worker, where it would stall everybody's signalling and media.

#![cfg_attr(
    not(any(feature = "capi", feature = "uniffi")),
    allow(dead_code, reason = "without a face there is no foreign code")
)]

use crate::error::{Error, Result};
use crate::runtime::fork;
use std::cell::Cell;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

#[cfg(feature = "uniffi")]
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

type Job = Box<dyn FnOnce() + Send>;

struct Dispatcher {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
    process: u64,
}

static DISPATCHER: Mutex<Option<Dispatcher>> = Mutex::new(None);

thread_local! {
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is running foreign code on the library's behalf.
pub(crate) fn in_callback() -> bool {
    IN_CALLBACK.with(Cell::get)
}

/// A number that differs between a process and its forked children.
pub(crate) fn process() -> u64 {
    fork::process()
}

/// Runs foreign code here: marks the thread and keeps panics inside.
pub(crate) fn call_foreign(what: &str, code: impl FnOnce()) {
    let outer = IN_CALLBACK.with(|flag| flag.replace(true));
    if catch_unwind(AssertUnwindSafe(code)).is_err() {
        tracing::error!("{what} panicked; its event is lost, the library goes on");
    }
    IN_CALLBACK.with(|flag| flag.set(outer));
}

/// Queues a job for the dispatcher thread; jobs run one after the other in this order.
///
/// The number of queued jobs is bounded by their sources: one per pending operation, and event
/// pumps wait for their job before they take the next event.
pub(crate) fn dispatch(job: impl FnOnce() + Send + 'static) -> Result<()> {
    let mut slot = DISPATCHER.lock().unwrap_or_else(PoisonError::into_inner);
    let process = fork::process();
    if slot.as_ref().is_some_and(|running| running.process != process) {
        std::mem::forget(slot.take());
    }
    let dispatcher = match slot.as_ref() {
        Some(running) => running,
        None => slot.insert(start(process)?),
    };
    dispatcher
        .jobs
        .send(Box::new(job))
        .map_err(|_| Error::internal("the dispatcher thread is gone"))
}

fn start(process: u64) -> Result<Dispatcher> {
    let (jobs, queue) = mpsc::channel::<Job>();
    let thread = std::thread::Builder::new()
        .name("sw-dispatch".into())
        .spawn(move || {
            for job in queue {
                call_foreign("a callback", job);
            }
        })
        .map_err(|error| Error::internal(format!("cannot start the dispatcher: {error}")))?;
    Ok(Dispatcher { jobs, thread, process })
}

/// Runs what is queued, then ends the thread; waits for at most `limit`.
pub(crate) fn stop(limit: Duration) {
    let slot = DISPATCHER.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(dispatcher) = slot else { return };
    if dispatcher.process != fork::process() {
        std::mem::forget(dispatcher);
        return;
    }
    let Dispatcher { jobs, thread, .. } = dispatcher;
    let (done, finished) = mpsc::channel();
    let _ = jobs.send(Box::new(move || {
        let _ = done.send(());
    }));
    drop(jobs);
    let ended = !matches!(finished.recv_timeout(limit), Err(mpsc::RecvTimeoutError::Timeout));
    if ended && thread.thread().id() != std::thread::current().id() {
        let _ = thread.join();
    } else if !ended {
        tracing::warn!("a callback did not return in time; its thread is left behind");
    }
}

/// A future that wakes its foreign waker from the dispatcher thread, never from a worker.
///
/// A foreign waker is foreign code: in Python it needs the interpreter lock.
#[cfg(feature = "uniffi")]
pub(crate) struct WakeOnDispatcher<F>(pub(crate) Pin<Box<F>>);

#[cfg(feature = "uniffi")]
impl<F: Future> WakeOnDispatcher<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

#[cfg(feature = "uniffi")]
impl<F: Future> Future for WakeOnDispatcher<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let waker = Waker::from(Arc::new(ForeignWaker(context.waker().clone())));
        self.0.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

#[cfg(feature = "uniffi")]
struct ForeignWaker(Waker);

#[cfg(feature = "uniffi")]
impl Wake for ForeignWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waker = self.0.clone();
        // Without a dispatcher the library is ending; waking from here is the lesser evil.
        if dispatch({
            let waker = waker.clone();
            move || waker.wake()
        })
        .is_err()
        {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_run_in_order_and_survive_a_panic() {
        let (sender, receiver) = mpsc::channel();
        for i in 0..3 {
            let sender = sender.clone();
            dispatch(move || {
                assert!(in_callback());
                sender.send(i).unwrap();
                assert!(i != 1, "this job panics on purpose");
            })
            .unwrap();
        }
        let seen: Vec<i32> =
            (0..3).map(|_| receiver.recv_timeout(Duration::from_secs(5)).unwrap()).collect();
        assert_eq!(seen, [0, 1, 2]);
        assert!(!in_callback());
    }
}
