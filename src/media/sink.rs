//! Where received audio goes: the sink trait and the threads that call sinks.
//!
//! Application sinks run on threads named `sw-media-N`, never on the media task. Each sink has its
//! own bounded queue; a slow sink loses its oldest frames and nobody else's. One thread serves all
//! sinks; when a callback blocks for long another thread takes over the rest, up to
//! [`MAX_THREADS`]. A sink is never called by two threads at once and always in order.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use super::frame::{AudioError, AudioFormat, AudioFrame};
use crate::runtime::dispatch;
use crate::util::ring::FrameRing;

/// The most threads that serve sinks in one process.
pub const MAX_THREADS: usize = 4;

/// Frames of 20 ms that wait for a slow sink before the oldest is dropped.
pub const DEFAULT_QUEUE_FRAMES: usize = 10;

/// How long a callback may keep the only thread before another one is started.
const BLOCKED_AFTER: Duration = Duration::from_millis(60);

/// How long [`shutdown`] waits for running callbacks.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);

/// Frames that one sink gets before the next sink has its turn.
const FRAMES_PER_TURN: usize = 4;

/// Receives audio. Implemented by the application.
///
/// `on_frame` is called every 20 ms on a media thread; it may call anything of this library that
/// does not block, also remove itself. The frame is valid only during the call. A panic is caught
/// and logged, and the next frame is delivered as if nothing had happened.
pub trait AudioSink: Send + Sync {
    /// Takes one frame of about 20 ms in the format that was asked for.
    fn on_frame(&self, frame: &AudioFrame<'_>);
}

/// Names an audio sink of one call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SinkId(pub(crate) u64);

impl SinkId {
    /// The id as a number, for bindings.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// The id of a number from [`SinkId::as_u64`]; any other number names no sink.
    pub fn from_u64(id: u64) -> Self {
        SinkId(id)
    }
}

/// What happened to the frames of one sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SinkStats {
    /// Frames that the sink was called with.
    pub delivered: u64,
    /// Frames thrown away because the sink was too slow.
    pub dropped: u64,
    /// Calls that panicked.
    pub panicked: u64,
}

#[derive(Clone, Copy)]
struct FrameNote {
    timestamp_us: u64,
    is_concealed: bool,
}

#[derive(Default)]
struct RunState {
    running_on: Option<ThreadId>,
    is_scheduled: bool,
    /// How many wait for the end of the running callback: mostly none, and then nobody is woken.
    waiting: u32,
}

/// Lets one thread at a time into a sink, and nobody once it is removed. Counts.
#[derive(Default)]
pub(crate) struct Turnstile {
    state: Mutex<RunState>,
    idle: Condvar,
    is_removed: AtomicBool,
    delivered: AtomicU64,
    panicked: AtomicU64,
}

impl Turnstile {
    pub(crate) fn is_removed(&self) -> bool {
        self.is_removed.load(Ordering::Acquire)
    }

    /// Stops callbacks and waits until a running one has ended; never waits on a media thread.
    ///
    /// So a callback can remove its own sink, and two callbacks can remove each other's.
    pub(crate) fn remove(&self) {
        self.is_removed.store(true, Ordering::SeqCst);
        if POOL_OF_THREAD.get() != 0 {
            return;
        }
        let me = std::thread::current().id();
        let mut state = lock(&self.state);
        while state.running_on.is_some_and(|thread| thread != me) {
            state.waiting += 1;
            state = self.idle.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    /// Stops callbacks without waiting: one that runs may still be running afterwards.
    pub(crate) fn detach(&self) {
        self.is_removed.store(true, Ordering::SeqCst);
    }

    /// Marks the sink as waiting for its turn; true if it was not.
    pub(crate) fn schedule(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).is_scheduled, true)
    }

    /// Claims the sink for this thread; false when it was removed.
    ///
    /// The flag is looked at under the lock, so `remove` either sees the claim or prevents it.
    pub(crate) fn begin(&self) -> bool {
        let mut state = lock(&self.state);
        if self.is_removed.load(Ordering::SeqCst) {
            return false;
        }
        state.running_on = Some(std::thread::current().id());
        true
    }

    pub(crate) fn end(&self, is_scheduled: bool) {
        let mut state = lock(&self.state);
        state.running_on = None;
        state.is_scheduled = is_scheduled;
        let has_waiting = state.waiting > 0;
        drop(state);
        if has_waiting {
            self.idle.notify_all();
        }
    }

    /// Ends a turn on a media thread; whether there is another one, as `has_more` says.
    pub(crate) fn end_turn(&self, has_more: impl FnOnce() -> bool) -> bool {
        // Still marked as scheduled here: a frame pushed meanwhile relies on the look below.
        self.end(true);
        let mut state = lock(&self.state);
        let has_more = has_more();
        state.is_scheduled = has_more;
        has_more
    }

    /// Runs foreign code.
    pub(crate) fn call(&self, sink: SinkId, code: impl FnOnce()) {
        let outcome = catch_unwind(AssertUnwindSafe(code));
        self.delivered.fetch_add(1, Ordering::Relaxed);
        if let Err(panic) = outcome {
            let text = panic_text(panic.as_ref());
            // Only the first of a sink that panics on each frame is worth a line.
            if self.panicked.fetch_add(1, Ordering::Relaxed) == 0 {
                tracing::error!(sink = sink.0, panic = text, "a sink panicked");
            }
            // The payload's own destructor is foreign code too.
            let _ = catch_unwind(AssertUnwindSafe(move || drop(panic)));
        }
    }
}

/// A sink that media threads serve.
pub(crate) trait Turn: Send + Sync {
    /// Calls the sink with a few queued frames; true when there are more.
    fn run_turn(&self, samples: &mut Vec<i16>) -> bool;
}

/// One sink with its queue. Shared by the handle, the media task and the media threads.
pub(crate) struct SinkSlot {
    id: SinkId,
    format: AudioFormat,
    /// Taken only when the slot is dropped.
    sink: Option<Arc<dyn AudioSink>>,
    /// None for direct delivery on the caller's thread.
    threaded: Option<Threaded>,
    turnstile: Turnstile,
}

struct Threaded {
    queue: FrameRing<FrameNote>,
    pool: Arc<Pool>,
}

impl SinkSlot {
    /// A sink that is called on the thread of [`SinkSlot::deliver`]; for fast sinks of our own.
    pub(crate) fn direct(id: SinkId, format: AudioFormat, sink: Arc<dyn AudioSink>) -> Arc<Self> {
        Arc::new(SinkSlot::build(id, format, sink, None))
    }

    /// A sink that is called on a media thread. Error: `Thread` when none can be started.
    pub(crate) fn threaded(
        id: SinkId,
        format: AudioFormat,
        sink: Arc<dyn AudioSink>,
        queue_frames: usize,
    ) -> Result<Arc<Self>, AudioError> {
        // One more than rounded down: frames of e.g. 11025 Hz alternate by one sample.
        let samples = (format.samples_per_20ms() + 1) * format.channels as usize;
        let threaded =
            Threaded { queue: FrameRing::new(queue_frames, samples), pool: Pool::current()? };
        Ok(Arc::new(SinkSlot::build(id, format, sink, Some(threaded))))
    }

    fn build(
        id: SinkId,
        format: AudioFormat,
        sink: Arc<dyn AudioSink>,
        threaded: Option<Threaded>,
    ) -> Self {
        SinkSlot { id, format, sink: Some(sink), threaded, turnstile: Turnstile::default() }
    }

    pub(crate) fn id(&self) -> SinkId {
        self.id
    }

    pub(crate) fn format(&self) -> AudioFormat {
        self.format
    }

    pub(crate) fn stats(&self) -> SinkStats {
        let dropped = self.threaded.as_ref().map_or(0, |t| t.queue.counters().dropped);
        SinkStats {
            delivered: self.turnstile.delivered.load(Ordering::Relaxed),
            dropped,
            panicked: self.turnstile.panicked.load(Ordering::Relaxed),
        }
    }

    /// Hands one frame to the sink: at once, or through the queue. Never blocks on the sink.
    pub(crate) fn deliver(self: &Arc<Self>, frame: &AudioFrame<'_>) {
        if self.turnstile.is_removed() {
            return;
        }
        let Some(threaded) = &self.threaded else {
            if self.turnstile.begin() {
                self.call(frame);
                self.turnstile.end(false);
            }
            return;
        };
        let note = FrameNote { timestamp_us: frame.timestamp_us, is_concealed: frame.is_concealed };
        threaded.queue.push(frame.samples, note);
        if self.turnstile.schedule() {
            threaded.pool.schedule(self.clone());
        } else {
            threaded.pool.relieve();
        }
    }

    /// See [`Turnstile::remove`].
    pub(crate) fn remove(&self) {
        self.turnstile.remove();
    }

    /// See [`Turnstile::detach`].
    pub(crate) fn detach(&self) {
        self.turnstile.detach();
    }

    fn call(&self, frame: &AudioFrame<'_>) {
        let Some(sink) = &self.sink else { return };
        self.turnstile.call(self.id, || sink.on_frame(frame));
    }
}

impl Turn for SinkSlot {
    fn run_turn(&self, samples: &mut Vec<i16>) -> bool {
        let Some(threaded) = &self.threaded else {
            return false;
        };
        if !self.turnstile.begin() {
            threaded.queue.clear();
            return false;
        }
        for _ in 0..FRAMES_PER_TURN {
            if self.turnstile.is_removed() {
                break;
            }
            let Some(note) = threaded.queue.pop_swap(samples) else {
                break;
            };
            self.call(&AudioFrame {
                samples,
                format: self.format,
                timestamp_us: note.timestamp_us,
                is_concealed: note.is_concealed,
            });
        }
        self.turnstile.end_turn(|| !threaded.queue.is_empty())
    }
}

impl Drop for SinkSlot {
    /// The last handle may be the media task's, but the sink's destructor is foreign code.
    fn drop(&mut self) {
        if let (Some(sink), Some(threaded)) = (self.sink.take(), &self.threaded) {
            threaded.pool.dispose(Box::new(sink));
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    match (panic.downcast_ref::<&'static str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no text",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code runs under these locks that can leave them half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// The pool whose thread this is, as an address; 0 elsewhere.
    static POOL_OF_THREAD: Cell<usize> = const { Cell::new(0) };
}

/// The pool for new sinks. `shutdown` takes it away; the next sink makes another.
static CURRENT: Mutex<Option<Arc<Pool>>> = Mutex::new(None);

/// Work for a media thread.
type Job = Box<dyn FnOnce() + Send>;

/// A sink of whatever kind: all that is left to do is to drop it.
pub(crate) type Disposal = Box<dyn std::any::Any + Send>;

struct PoolState {
    queue: VecDeque<Arc<dyn Turn>>,
    /// Other work that may block: see [`run_on_media_thread`].
    jobs: VecDeque<Job>,
    threads: Vec<JoinHandle<()>>,
    alive: usize,
    idle: usize,
    last_start_of_turn: Instant,
    is_closed: bool,
}

pub(crate) struct Pool {
    /// Where its threads are: a forked child has none of them.
    process: u64,
    state: Mutex<PoolState>,
    work: Condvar,
    ended: Condvar,
    /// Sinks waiting in `state.queue`, readable without the lock.
    waiting: AtomicUsize,
}

impl Pool {
    pub(crate) fn current() -> Result<Arc<Pool>, AudioError> {
        let mut current = lock(&CURRENT);
        let process = dispatch::process();
        if let Some(pool) = current.as_ref() {
            if pool.process == process {
                return Ok(pool.clone());
            }
        }
        // What a pool of the parent holds belongs to objects that this child cannot use.
        std::mem::forget(current.take());
        let pool = Arc::new(Pool {
            process,
            state: Mutex::new(PoolState {
                queue: VecDeque::with_capacity(64),
                jobs: VecDeque::new(),
                threads: Vec::new(),
                alive: 0,
                idle: 0,
                last_start_of_turn: Instant::now(),
                is_closed: false,
            }),
            work: Condvar::new(),
            ended: Condvar::new(),
            waiting: AtomicUsize::new(0),
        });
        pool.start_thread(&mut lock(&pool.state))?;
        *current = Some(pool.clone());
        Ok(pool)
    }

    fn start_thread(self: &Arc<Self>, state: &mut PoolState) -> Result<(), AudioError> {
        let pool = self.clone();
        let handle = std::thread::Builder::new()
            .name(format!("sw-media-{}", state.threads.len()))
            .spawn(move || pool.serve())
            .map_err(|error| AudioError::Thread(error.to_string()))?;
        state.threads.push(handle);
        state.alive += 1;
        Ok(())
    }

    pub(crate) fn schedule(self: &Arc<Self>, slot: Arc<dyn Turn>) {
        let mut state = lock(&self.state);
        if state.is_closed {
            return;
        }
        state.queue.push_back(slot);
        self.waiting.store(state.queue.len(), Ordering::Relaxed);
        self.add_thread_if_stuck(&mut state);
        drop(state);
        self.work.notify_one();
    }

    /// Gives the job back when the pool is closed.
    fn submit(self: &Arc<Self>, job: Job) -> Result<(), Job> {
        let mut state = lock(&self.state);
        if state.is_closed {
            return Err(job);
        }
        state.jobs.push_back(job);
        self.add_thread_if_stuck(&mut state);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// Drops a sink on a media thread: its destructor is foreign code.
    pub(crate) fn dispose(self: &Arc<Self>, sink: Disposal) {
        if let Err(job) = self.submit(Box::new(move || drop(sink))) {
            run_caught(job);
        }
    }

    /// Starts one more thread when sinks wait although all threads have been busy for long.
    pub(crate) fn relieve(self: &Arc<Self>) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.add_thread_if_stuck(&mut lock(&self.state));
        }
    }

    fn add_thread_if_stuck(self: &Arc<Self>, state: &mut PoolState) {
        let is_stuck = state.idle == 0
            && !state.is_closed
            && state.threads.len() < MAX_THREADS
            && state.last_start_of_turn.elapsed() >= BLOCKED_AFTER;
        if is_stuck {
            state.last_start_of_turn = Instant::now();
            if let Err(error) = self.start_thread(state) {
                tracing::warn!(%error, "a sink blocks its media thread and no other could start");
            }
        }
    }

    fn serve(self: Arc<Self>) {
        POOL_OF_THREAD.set(Arc::as_ptr(&self) as usize);
        let mut samples = Vec::with_capacity(1920);
        let mut state = lock(&self.state);
        while !state.is_closed {
            if let Some(job) = state.jobs.pop_front() {
                state.last_start_of_turn = Instant::now();
                drop(state);
                run_caught(job);
                state = lock(&self.state);
                continue;
            }
            let Some(slot) = state.queue.pop_front() else {
                state.idle += 1;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            self.waiting.store(state.queue.len(), Ordering::Relaxed);
            state.last_start_of_turn = Instant::now();
            drop(state);
            let has_more = slot.run_turn(&mut samples);
            state = lock(&self.state);
            if has_more && !state.is_closed {
                state.queue.push_back(slot);
            } else {
                // The last reference hands its sink to `dispose`, which takes this lock.
                drop(state);
                drop(slot);
                state = lock(&self.state);
            }
        }
        state.alive -= 1;
        drop(state);
        self.ended.notify_all();
    }
}

/// Runs a job that may panic, like any foreign code.
fn run_caught(job: Job) {
    if catch_unwind(AssertUnwindSafe(job)).is_err() {
        tracing::error!("an audio sink panicked while it was dropped or wrote");
    }
}

/// Runs `job` on a media thread, soon: for work of a sink that may block for a while, such as
/// writing to a disk. Error: `Thread` when there is none; then it was not run.
pub(crate) fn run_on_media_thread(job: impl FnOnce() + Send + 'static) -> Result<(), AudioError> {
    let is_closed = |_| AudioError::Thread("the library is shutting down".into());
    Pool::current()?.submit(Box::new(job)).map_err(is_closed)
}

/// Stops the media threads and waits up to 2 s for running callbacks.
///
/// Sinks that exist get no more frames; a sink added later starts new threads. Returns false when
/// a callback did not return in time: its thread is left behind and ends after it. From inside a
/// callback it does not wait for that callback. A second call is harmless.
pub fn shutdown() -> bool {
    super::picture::worker::shutdown();
    let Some(pool) = lock(&CURRENT).take() else {
        return true;
    };
    if pool.process != dispatch::process() {
        std::mem::forget(pool);
        return true;
    }
    let own = usize::from(POOL_OF_THREAD.get() == Arc::as_ptr(&pool) as usize);
    let deadline = Instant::now() + SHUTDOWN_LIMIT;
    let mut state = lock(&pool.state);
    state.is_closed = true;
    let queue = std::mem::take(&mut state.queue);
    let jobs = std::mem::take(&mut state.jobs);
    pool.work.notify_all();
    while state.alive > own {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        state = pool.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    let is_clean = state.alive <= own;
    let threads = std::mem::take(&mut state.threads);
    drop(state);
    drop(queue);
    jobs.into_iter().for_each(run_caught);
    if !is_clean {
        tracing::warn!("an audio sink did not return; its media thread is left behind");
        return false;
    }
    let me = std::thread::current().id();
    for thread in threads.into_iter().filter(|thread| thread.thread().id() != me) {
        // The thread has left its loop; a panic there was caught, so there is nothing to report.
        let _ = thread.join();
    }
    true
}

#[cfg(test)]
mod tests;
