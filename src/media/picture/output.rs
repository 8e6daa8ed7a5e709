//! From received frames to the application's pictures: decoded in order on a thread of the call's own,
//! then given out by the media threads, so that a slow sink delays neither decoding nor other sinks.

use super::codec::{self, Decoder};
use super::picture::{Picture, PicturePool, PixelFormat, MAX_PIXELS};
use super::{count, worker, Counters};
use crate::error::{Error, Result};
use crate::media::sink::{Pool, SinkId, Turn, Turnstile};
use crate::media::video::port::{VideoPort, VideoSink, WeakVideoPort};
use crate::media::video::{EncodedVideoFrame, VideoCodec};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Frames that wait to be decoded: a second at 30 per second.
const WAITING_FRAMES: usize = 30;
/// Pictures that wait for a slow sink; the latest ones win.
const WAITING_PICTURES: usize = 2;

/// Receives pictures. Implemented by the application.
///
/// `on_picture` is called on a media thread, one picture at a time and in order; it may call anything
/// of this library that does not block, also remove itself. Cloning the picture is cheap, and a clone
/// may be kept. A panic is caught and logged, and the next picture is delivered.
pub trait PictureSink: Send + Sync {
    /// Takes one picture in the format that was asked for. Its size may change from one to the next.
    fn on_picture(&self, picture: &Picture);
}

/// The decoding of one call, if anybody looks.
#[derive(Default)]
pub(crate) struct Output {
    running: Mutex<Option<Running>>,
    counters: Arc<Counters>,
}

struct Running {
    decoding: Arc<Decoding>,
    /// Where the frames come from.
    feed: SinkId,
}

impl Output {
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn shared_counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    pub(crate) fn add(
        &self,
        port: &VideoPort,
        format: PixelFormat,
        sink: Arc<dyn PictureSink>,
    ) -> Result<SinkId> {
        let id = port.new_sink_id();
        let slot = Arc::new(Slot {
            id,
            format,
            sink: Some(sink),
            pool: Pool::current()?,
            pictures: PicturePool::default(),
            queue: Mutex::default(),
            turnstile: Turnstile::default(),
        });
        let mut running = lock(&self.running);
        if let Some(running) = running.as_ref() {
            lock(&running.decoding.sinks).push(slot);
            return Ok(id);
        }
        let decoding = Decoding::new(port.downgrade(), self.counters.clone(), slot);
        decoding.start()?;
        match port.add_sink(Arc::new(Feed(decoding.clone()))) {
            Ok(feed) => *running = Some(Running { decoding, feed }),
            Err(error) => {
                decoding.end();
                return Err(error);
            }
        }
        Ok(id)
    }

    pub(crate) fn remove(&self, port: &VideoPort, id: SinkId) {
        let mut running = lock(&self.running);
        let Some(decoding) = running.as_ref().map(|running| running.decoding.clone()) else {
            return;
        };
        let mut sinks = lock(&decoding.sinks);
        let slot = sinks.iter().position(|slot| slot.id == id).map(|at| sinks.remove(at));
        let is_last = sinks.is_empty();
        drop(sinks);
        let ended = if is_last { running.take() } else { None };
        drop(running);
        if let Some(slot) = slot {
            slot.turnstile.remove();
        }
        if let Some(ended) = ended {
            ended.decoding.end();
            port.remove_sink(ended.feed);
        }
    }

    /// The call is over: nothing is delivered any more.
    pub(crate) fn end(&self) {
        let Some(running) = lock(&self.running).take() else { return };
        running.decoding.end();
        for slot in std::mem::take(&mut *lock(&running.decoding.sinks)) {
            slot.turnstile.detach();
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the thread works on.
struct Decoding {
    port: WeakVideoPort,
    state: Mutex<State>,
    ready: Condvar,
    sinks: Mutex<Vec<Arc<Slot>>>,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct State {
    frames: VecDeque<EncodedVideoFrame>,
    /// Frames were lost for want of room.
    has_gap: bool,
    is_over: bool,
}

/// Puts the received frames into the thread's queue.
struct Feed(Arc<Decoding>);

impl VideoSink for Feed {
    fn on_frame(&self, frame: &EncodedVideoFrame) {
        let mut state = lock(&self.0.state);
        if state.frames.len() == WAITING_FRAMES {
            count(&self.0.counters.decode_skipped, state.frames.len() as u64);
            state.frames.clear();
            state.has_gap = true;
        }
        state.frames.push_back(frame.clone());
        drop(state);
        self.0.ready.notify_one();
    }
}

impl Decoding {
    fn new(port: WeakVideoPort, counters: Arc<Counters>, first: Arc<Slot>) -> Arc<Self> {
        Arc::new(Self {
            port,
            state: Mutex::default(),
            ready: Condvar::new(),
            sinks: Mutex::new(vec![first]),
            counters,
        })
    }

    fn start(self: &Arc<Self>) -> Result<()> {
        let decoding = self.clone();
        worker::spawn("sw-decode", move || decoding.run())
    }

    fn end(&self) {
        let mut state = lock(&self.state);
        state.is_over = true;
        state.frames.clear();
        drop(state);
        self.ready.notify_one();
    }

    /// The next frame, and whether some before it are missing; `None` at the end.
    fn next(&self) -> Option<(EncodedVideoFrame, bool)> {
        let mut state = lock(&self.state);
        loop {
            if state.is_over {
                return None;
            }
            if let Some(frame) = state.frames.pop_front() {
                return Some((frame, std::mem::take(&mut state.has_gap)));
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn run(&self) {
        let pool = PicturePool::default();
        let mut decoder = FrameDecoder::default();
        while let Some((frame, has_gap)) = self.next() {
            if has_gap {
                decoder.restart();
            }
            let begun = Instant::now();
            match decoder.decode(&frame, &pool) {
                Decoded::Picture(picture) => {
                    count(&self.counters.decoded, 1);
                    count(&self.counters.decode_us, begun.elapsed().as_micros() as u64);
                    let sinks = lock(&self.sinks).clone();
                    for sink in sinks {
                        count(&self.counters.output_dropped, sink.deliver(&picture));
                    }
                }
                Decoded::Nothing => {}
                Decoded::Skipped => {
                    count(&self.counters.decode_skipped, 1);
                    self.ask_for_key_frame();
                }
                Decoded::Failed(error) => {
                    count(&self.counters.decode_errors, 1);
                    tracing::debug!(%error, "a received frame could not be decoded");
                    self.ask_for_key_frame();
                }
            }
        }
    }

    fn ask_for_key_frame(&self) {
        if let Some(port) = self.port.upgrade() {
            port.request_key_frame();
        }
    }
}

/// Decodes frames of any codec, after any damage from the next key frame on.
#[derive(Default)]
pub(crate) struct FrameDecoder(Option<(VideoCodec, Decoder)>);

/// What became of a frame.
pub(crate) enum Decoded {
    Picture(Picture),
    /// It shows nothing by itself.
    Nothing,
    /// A key frame has to come first.
    Skipped,
    Failed(Error),
}

impl FrameDecoder {
    /// Frames are missing: goes on with a key frame.
    pub(super) fn restart(&mut self) {
        self.0 = None;
    }

    pub(crate) fn decode(&mut self, frame: &EncodedVideoFrame, pool: &PicturePool) -> Decoded {
        if self.0.as_ref().is_some_and(|(codec, _)| *codec != frame.codec) {
            self.restart();
        }
        if self.0.is_none() && !frame.is_key_frame {
            return Decoded::Skipped;
        }
        match self.try_to(frame, pool) {
            Ok(Some(picture)) => Decoded::Picture(picture),
            Ok(None) => Decoded::Nothing,
            Err(error) => {
                self.restart();
                Decoded::Failed(error)
            }
        }
    }

    fn try_to(&mut self, frame: &EncodedVideoFrame, pool: &PicturePool) -> Result<Option<Picture>> {
        if u64::from(frame.width) * u64::from(frame.height) > MAX_PIXELS {
            return Err(Error::media("the received pictures are larger than 4096x2304"));
        }
        if self.0.is_none() {
            codec::check(frame.codec)?;
            self.0 = Some((frame.codec, Decoder::new(frame.codec)?));
        }
        let Some((_, decoder)) = &mut self.0 else { return Ok(None) };
        decoder.decode(&frame.data, frame.timestamp_us, pool)
    }
}

/// One sink with its queue.
struct Slot {
    id: SinkId,
    format: PixelFormat,
    /// Taken only when the slot is dropped.
    sink: Option<Arc<dyn PictureSink>>,
    pool: Arc<Pool>,
    /// For pictures in another format than the decoder's.
    pictures: PicturePool,
    queue: Mutex<VecDeque<Picture>>,
    turnstile: Turnstile,
}

impl Slot {
    /// How many pictures had to go for this one.
    fn deliver(self: &Arc<Self>, picture: &Picture) -> u64 {
        if self.turnstile.is_removed() {
            return 0;
        }
        let mut queue = lock(&self.queue);
        let dropped = u64::from(queue.len() == WAITING_PICTURES);
        if dropped > 0 {
            queue.pop_front();
        }
        queue.push_back(picture.clone());
        drop(queue);
        if self.turnstile.schedule() {
            self.pool.schedule(self.clone());
        } else {
            self.pool.relieve();
        }
        dropped
    }
}

impl Turn for Slot {
    fn run_turn(&self, _: &mut Vec<i16>) -> bool {
        if !self.turnstile.begin() {
            lock(&self.queue).clear();
            return false;
        }
        let next = lock(&self.queue).pop_front();
        if let (Some(picture), Some(sink), false) = (next, &self.sink, self.turnstile.is_removed())
        {
            let picture = picture.to_format_in(self.format, &self.pictures);
            self.turnstile.call(self.id, || sink.on_picture(&picture));
        }
        self.turnstile.end_turn(|| !lock(&self.queue).is_empty())
    }
}

impl Drop for Slot {
    /// The last handle may be the decoding thread's, but the sink's destructor is foreign code.
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            self.pool.dispose(Box::new(sink));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code runs under these locks that can leave them half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
