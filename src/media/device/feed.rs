//! What a device's own thread touches: samples in or out, and the word that the device is gone.

use super::loudspeaker::Playout;
use super::microphone::Capture;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Wakes whoever looks after the devices.
#[derive(Default)]
pub(super) struct Signal {
    state: Mutex<SignalState>,
    changed: Condvar,
}

#[derive(Default)]
struct SignalState {
    is_raised: bool,
    is_over: bool,
}

impl Signal {
    pub(super) fn raise(&self) {
        lock(&self.state).is_raised = true;
        self.changed.notify_all();
    }

    pub(super) fn end(&self) {
        lock(&self.state).is_over = true;
        self.changed.notify_all();
    }

    /// Waits for the next time to look, at most `limit`; false when it is over.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let state = lock(&self.state);
        let waited = self
            .changed
            .wait_timeout_while(state, limit, |state| !state.is_raised && !state.is_over);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.is_raised = false;
        !state.is_over
    }
}

/// Whether the device of one opening is gone, and why.
pub(super) struct Loss {
    reason: Mutex<Option<String>>,
    signal: Arc<Signal>,
}

impl Loss {
    pub(super) fn new(signal: Arc<Signal>) -> Arc<Self> {
        Arc::new(Loss { reason: Mutex::new(None), signal })
    }

    pub(super) fn report(&self, reason: &str) {
        lock(&self.reason).get_or_insert_with(|| reason.to_owned());
        self.signal.raise();
    }

    pub(super) fn take(&self) -> Option<String> {
        lock(&self.reason).take()
    }
}

/// Where an [`AudioHost`](super::AudioHost) puts what a microphone hears. Cheap to clone.
#[derive(Clone)]
pub struct InputFeed {
    capture: Arc<Capture>,
    loss: Arc<Loss>,
}

impl InputFeed {
    pub(super) fn new(capture: Arc<Capture>, loss: Arc<Loss>) -> Self {
        InputFeed { capture, loss }
    }

    /// Takes mono samples of `sample_rate_hz` (8000 to 192000, else they are ignored). Made for
    /// the device's own thread: it copies, and wakes the thread that does the rest.
    pub fn push(&self, samples: &[i16], sample_rate_hz: u32) {
        self.capture.push(samples, sample_rate_hz);
    }

    /// Tells that the device is gone or does not work any more; `reason` is for people. Only the
    /// first one counts.
    pub fn lost(&self, reason: &str) {
        self.loss.report(reason);
    }
}

/// Where an [`AudioHost`](super::AudioHost) takes what a loudspeaker plays. Cheap to clone.
#[derive(Clone)]
pub struct OutputFeed {
    playout: Arc<Playout>,
    loss: Arc<Loss>,
}

impl OutputFeed {
    pub(super) fn new(playout: Arc<Playout>, loss: Arc<Loss>) -> Self {
        OutputFeed { playout, loss }
    }

    /// Fills `out` with the next mono samples at `sample_rate_hz` (8000 to 192000, else silence);
    /// silence where there is nothing to play. Made for the device's own thread: it only copies
    /// and adds.
    pub fn fill(&self, out: &mut [i16], sample_rate_hz: u32) {
        self.playout.fill(out, sample_rate_hz);
    }

    /// See [`InputFeed::lost`].
    pub fn lost(&self, reason: &str) {
        self.loss.report(reason);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under these locks leaves them half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
