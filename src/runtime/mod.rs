//! The only place that owns threads for work: one tokio runtime for the whole process, made at
//! first use, ended by the library's shutdown, made anew if the library is used again.

pub(crate) mod dispatch;
mod fork;

use crate::error::{Error, ErrorKind, Result};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Threads that run sessions and calls. Constant, whatever the number of calls.
const WORKERS: usize = 2;

struct Slot {
    runtime: Runtime,
    process: u64,
}

static SLOT: Mutex<Option<Slot>> = Mutex::new(None);

/// Ties an object to the process that made it: threads do not survive a fork.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generation(u64);

impl Generation {
    /// That of this process.
    pub(crate) fn current() -> Self {
        Self(fork::process())
    }

    /// Fails with `Forked` in a child of the process in which the object was made.
    pub(crate) fn check(self) -> Result<()> {
        if self.0 == fork::process() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Forked,
            "this object was made before the process forked; make a new client in the child",
        ))
    }
}

/// Starts the runtime if it does not run yet.
pub(crate) fn ensure() -> Result<Generation> {
    handle().map(|_| Generation::current())
}

/// The runtime's handle; starts it if it does not run yet.
fn handle() -> Result<Handle> {
    fork::register();
    let process = fork::process();
    let mut slot = SLOT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = slot.as_ref() {
        if running.process == process {
            return Ok(running.runtime.handle().clone());
        }
    }
    // A runtime inherited through fork has no threads: joining them would wait for ever.
    std::mem::forget(slot.take());
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(4)
        .thread_name("sw-rt")
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("cannot start the library's threads: {error}")))?;
    let handle = runtime.handle().clone();
    *slot = Some(Slot { runtime, process });
    Ok(handle)
}

/// The runtime, as something to start tasks on.
#[derive(Clone)]
pub(crate) struct Tasks(Handle);

impl Tasks {
    /// Runs a task of the library. Its owner joins or aborts it.
    ///
    /// In a box, or the program would hold tokio's code for a task once for each kind of work,
    /// 2 KB each.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let work: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(work);
        self.0.spawn(work)
    }
}

/// What tasks are started on; starts the runtime if it does not run yet.
pub(crate) fn tasks() -> Result<Tasks> {
    handle().map(Tasks)
}

/// Runs a task of the library. Its owner joins or aborts it.
pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Result<JoinHandle<()>> {
    Ok(tasks()?.spawn(work))
}

/// Work that was started, and what it will give.
pub(crate) struct Started<T> {
    task: JoinHandle<()>,
    result: oneshot::Receiver<Result<T>>,
}

impl<T> Started<T> {
    /// Waits for it from any executor or none.
    pub(crate) async fn result(self) -> Result<T> {
        if let Ok(result) = self.result.await {
            return result;
        }
        Err(match self.task.await {
            Err(join) if join.is_panic() => Error::internal(
                "the library panicked in this operation; please report it with a log",
            ),
            _ => Error::new(ErrorKind::Cancelled, "the library was shut down"),
        })
    }
}

/// Starts work on the library's runtime. It goes on to its end whether or not anybody waits.
pub(crate) fn start<T, F>(work: F) -> Result<Started<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let (give, result) = oneshot::channel();
    let task = spawn(async move {
        let result = work.await;
        if let Err(error) = &result {
            tell(error);
        }
        let _ = give.send(result);
    })?;
    Ok(Started { task, result })
}

/// Here and not where an error is made, which may be under a lock.
fn tell(error: &Error) {
    tracing::trace!(kind = ?error.kind(), problems = ?error.problems(), "failed: {error}");
}

/// Runs `work` on the library's runtime and waits for it from any executor or none.
///
/// The work goes on to its end when the wait is dropped, so nothing is left half-sent.
pub(crate) async fn run<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    start(work)?.result().await
}

/// Like [`run`], for work that has no meaning once nobody waits: dropping the wait ends it.
pub(crate) async fn run_while_awaited<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    struct AbortOnDrop(tokio::task::AbortHandle);
    impl Drop for AbortOnDrop {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let started = start(work)?;
    let _guard = AbortOnDrop(started.task.abort_handle());
    started.result().await
}

/// Blocks on `work` from a thread that is not the library's.
pub(crate) fn block_on<F: Future>(work: F) -> Result<F::Output> {
    Ok(handle()?.block_on(work))
}

/// Ends the runtime: tasks are dropped, threads joined for at most `limit`.
pub(crate) fn stop(limit: Duration) {
    let slot = SLOT.lock().unwrap_or_else(PoisonError::into_inner).take();
    match slot {
        Some(slot) if slot.process == fork::process() => slot.runtime.shutdown_timeout(limit),
        inherited => std::mem::forget(inherited),
    }
}
