//! Notices that the process was forked, at the cost of one atomic load per check.

use once_cell::sync::OnceCell;
use std::sync::atomic::{AtomicU64, Ordering};

static PROCESS: AtomicU64 = AtomicU64::new(1);
static REGISTERED: OnceCell<()> = OnceCell::new();

/// A number that differs between a process and its forked children.
pub(crate) fn process() -> u64 {
    PROCESS.load(Ordering::Relaxed)
}

/// Installs the fork handler once.
pub(crate) fn register() {
    REGISTERED.get_or_init(|| {
        #[cfg(unix)]
        {
            extern "C" fn in_child() {
                PROCESS.fetch_add(1, Ordering::Relaxed);
            }
            // SAFETY: the handler is a plain function that only adds to an atomic, which is
            // async-signal-safe, and it lives as long as the library is loaded.
            unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        }
    });
}
