//! The threads that encode and decode. They run no foreign code and end with their call; the library's
//! end waits for them, so that it can be unloaded then.

use crate::error::{Error, Result};
use crate::runtime::dispatch;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A thread that was told to end does so within one picture.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);

struct Workers {
    /// Where the threads are: a forked child has none of them.
    process: u64,
    threads: Vec<JoinHandle<()>>,
    alive: usize,
}

static WORKERS: Mutex<Workers> = Mutex::new(Workers { process: 0, threads: Vec::new(), alive: 0 });
static ENDED: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, Workers> {
    WORKERS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workers {
    /// Forgets what belongs to the process that this one was forked from.
    fn claim(&mut self) {
        let process = dispatch::process();
        if self.process != process {
            std::mem::forget(std::mem::take(&mut self.threads));
            (self.process, self.alive) = (process, 0);
        }
    }
}

/// Told when its thread ends, also by a panic.
struct Alive(u64);

impl Drop for Alive {
    fn drop(&mut self) {
        let mut workers = lock();
        if workers.process == self.0 {
            workers.alive -= 1;
        }
        drop(workers);
        ENDED.notify_all();
    }
}

/// Starts a thread. Error: `Media` when there can be none.
pub(super) fn spawn(name: &str, job: impl FnOnce() + Send + 'static) -> Result<()> {
    let mut workers = lock();
    workers.claim();
    workers.threads.retain(|thread| !thread.is_finished());
    let process = workers.process;
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let _alive = Alive(process);
            job();
        })
        .map_err(|error| Error::media(format!("no thread for video: {error}")))?;
    workers.threads.push(thread);
    workers.alive += 1;
    Ok(())
}

/// Waits for the threads of calls that have ended.
pub(crate) fn shutdown() {
    let mut workers = lock();
    workers.claim();
    let deadline = Instant::now() + SHUTDOWN_LIMIT;
    while workers.alive > 0 {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            tracing::warn!("a thread of a call's pictures did not end and is left behind");
            return;
        }
        workers = ENDED.wait_timeout(workers, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    let threads = std::mem::take(&mut workers.threads);
    drop(workers);
    for thread in threads {
        // It has left its job, and a panic there was logged by the standard library.
        let _ = thread.join();
    }
}
