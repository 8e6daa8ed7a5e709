//! The application's side of a call's video: what the handle and the leg's task share.

use super::assembler::ReceiveCounters;
use super::{EncodedVideoFrame, VideoCodec};
use crate::config::{MediaDirection, MediaDirections};
use crate::error::{Error, ErrorKind, Result};
use crate::media::sink::{Pool, SinkId, Turn, Turnstile};
use crate::media::stats::VideoStats;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Weak;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Frames that may wait to be sent: a third of a second at 30 per second.
const INPUT_FRAMES: usize = 10;
/// Frames that wait for a slow sink.
const SINK_FRAMES: usize = 30;
/// Frames that one sink gets before the next sink has its turn.
const FRAMES_PER_TURN: usize = 4;

/// Receives video. Implemented by the application.
///
/// `on_frame` is called on a media thread, one frame at a time and in order; it may call anything of
/// this library that does not block, also remove itself. Cloning the frame is cheap, so a decoder of
/// its own pace takes a clone away. A panic is caught and logged, and the next frame is delivered.
pub trait VideoSink: Send + Sync {
    /// Takes one encoded picture. The first one, and the first one after any loss, is a key frame.
    fn on_frame(&self, frame: &EncodedVideoFrame);
}

/// Cheap to clone; every method from any thread.
#[derive(Clone, Default)]
pub(crate) struct VideoPort(Arc<Shared>);

#[derive(Default)]
struct Shared {
    input: Mutex<Input>,
    sinks: Mutex<Vec<Arc<Slot>>>,
    next_sink: AtomicU64,
    facts: Mutex<VideoFacts>,
    /// The application, or a sink that lost frames, wants a key frame.
    wants_key_frame: AtomicBool,
    /// The far side wants a key frame: for an encoder that is on this side.
    owes_key_frame: AtomicBool,
    is_over: AtomicBool,
    woken: Notify,
    pictures_in: crate::media::picture::input::Input,
    pictures_out: crate::media::picture::output::Output,
}

/// A port that does not keep the call's video alive.
#[derive(Clone)]
pub(crate) struct WeakVideoPort(Weak<Shared>);

#[derive(Default)]
struct Input {
    frames: VecDeque<EncodedVideoFrame>,
    /// What may be sent; none while nothing can.
    codec: Option<VideoCodec>,
    /// After a gap only a key frame makes sense to the far side.
    needs_key_frame: bool,
    is_muted: bool,
    dropped: u64,
    /// Whether the last push asked for a key frame that nobody was told of.
    lacks_key_frame: bool,
}

/// What the leg's task reports.
#[derive(Clone, Default)]
pub(crate) struct VideoFacts {
    pub(crate) codec: Option<VideoCodec>,
    pub(crate) directions: Option<MediaDirections>,
    pub(crate) frames_sent: u64,
    pub(crate) key_frames_sent: u64,
    pub(crate) packets_sent: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) packets_repeated: u64,
    pub(crate) nacks_received: u64,
    pub(crate) key_frame_requests_received: u64,
    pub(crate) bitrate_limit_bps: u64,
    pub(crate) received: ReceiveCounters,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) round_trip_ms: f64,
    pub(crate) remote_loss_fraction: f64,
}

impl VideoPort {
    pub(crate) fn facts(&self) -> MutexGuard<'_, VideoFacts> {
        lock(&self.0.facts)
    }

    /// Queues a frame; gives how many frames were dropped for want of room, of a key frame, or
    /// because the video is muted.
    pub(crate) fn push(&self, frame: EncodedVideoFrame) -> Result<u32> {
        let mut input = lock(&self.0.input);
        let Some(codec) = input.codec else {
            return Err(Error::new(
                ErrorKind::InvalidState,
                "no video can be sent now: wait for VideoConnected, or change the call's media",
            ));
        };
        if frame.codec != codec {
            return Err(Error::invalid(format!(
                "the call's video codec is {}; got a frame of {}",
                codec.sdp_name(),
                frame.codec.sdp_name()
            )));
        }
        let dropped = input.push(frame);
        drop(input);
        self.0.woken.notify_one();
        Ok(dropped)
    }

    /// The next frame to send.
    pub(crate) fn pop(&self) -> Option<EncodedVideoFrame> {
        lock(&self.0.input).frames.pop_front()
    }

    /// Whether a key frame was wanted by the queue since the last look.
    pub(crate) fn take_lack(&self) -> bool {
        std::mem::take(&mut lock(&self.0.input).lacks_key_frame)
    }

    /// From now on frames of this codec may be sent, a key frame first; `None` ends that.
    pub(crate) fn open(&self, codec: Option<VideoCodec>) {
        let mut input = lock(&self.0.input);
        input.codec = codec;
        input.frames.clear();
        input.needs_key_frame = true;
    }

    /// The service or the application muted the camera: nothing is sent.
    pub(crate) fn set_muted(&self, is_muted: bool) {
        let mut input = lock(&self.0.input);
        if std::mem::replace(&mut input.is_muted, is_muted) == is_muted {
            return;
        }
        input.frames.clear();
        input.needs_key_frame = true;
        // After the pause the application is to begin with a key frame.
        input.lacks_key_frame = !is_muted && input.codec.is_some();
        drop(input);
        self.0.woken.notify_one();
    }

    pub(crate) fn is_muted(&self) -> bool {
        lock(&self.0.input).is_muted
    }

    /// Asks the far side for a key frame.
    pub(crate) fn request_key_frame(&self) {
        self.0.wants_key_frame.store(true, Ordering::SeqCst);
        self.0.woken.notify_one();
    }

    /// Tells an encoder on this side that the next frame has to be a key frame.
    pub(crate) fn owe_key_frame(&self) {
        self.0.owes_key_frame.store(true, Ordering::SeqCst);
    }

    /// Whether one was asked for since the last look.
    pub(crate) fn take_key_frame_request(&self) -> bool {
        self.0.wants_key_frame.swap(false, Ordering::SeqCst)
    }

    /// Something is to be sent, or was asked for. For one task. Cancel-safe.
    pub(crate) async fn woken(&self) {
        self.0.woken.notified().await;
    }

    pub(crate) fn new_sink_id(&self) -> SinkId {
        SinkId(self.0.next_sink.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn add_sink(&self, sink: Arc<dyn VideoSink>) -> Result<SinkId> {
        let id = self.new_sink_id();
        let slot = Arc::new(Slot {
            id,
            sink: Some(sink),
            pool: Pool::current()?,
            queue: Mutex::default(),
            turnstile: Turnstile::default(),
        });
        lock(&self.0.sinks).push(slot);
        // The end of the call removes only the sinks that it sees.
        if self.0.is_over.load(Ordering::SeqCst) {
            self.remove_sink(id);
            return Err(Error::closed("the call"));
        }
        // It can begin with a key frame only.
        self.request_key_frame();
        Ok(id)
    }

    pub(crate) fn remove_sink(&self, id: SinkId) {
        let mut sinks = lock(&self.0.sinks);
        let slot = sinks.iter().position(|slot| slot.id == id).map(|at| sinks.remove(at));
        drop(sinks);
        if let Some(slot) = slot {
            slot.turnstile.remove();
        }
    }

    /// Hands a received frame to every sink.
    pub(crate) fn deliver(&self, frame: &EncodedVideoFrame) {
        let sinks = lock(&self.0.sinks).clone();
        for sink in sinks {
            if sink.deliver(frame) {
                self.0.wants_key_frame.store(true, Ordering::SeqCst);
            }
        }
    }

    /// Nothing is delivered or taken any more: the call is over.
    pub(crate) fn end(&self) {
        self.0.is_over.store(true, Ordering::SeqCst);
        self.open(None);
        for slot in std::mem::take(&mut *lock(&self.0.sinks)) {
            slot.turnstile.detach();
        }
        {
            self.0.pictures_in.end();
            self.0.pictures_out.end();
        }
    }

    pub(crate) fn stats(&self) -> VideoStats {
        let facts = self.facts().clone();
        let received = facts.received;
        let input_dropped = lock(&self.0.input).dropped;
        let sinks = lock(&self.0.sinks).clone();
        let output_dropped = sinks.iter().map(|slot| lock(&slot.queue).dropped).sum();
        let directions = facts.directions;
        VideoStats {
            codec: facts.codec.map(|codec| codec.sdp_name().to_owned()).unwrap_or_default(),
            direction: directions.map_or(MediaDirection::Inactive, |directions| directions.video),
            frames_sent: facts.frames_sent,
            key_frames_sent: facts.key_frames_sent,
            packets_sent: facts.packets_sent,
            bytes_sent: facts.bytes_sent,
            packets_repeated: facts.packets_repeated,
            nacks_received: facts.nacks_received,
            key_frame_requests_received: facts.key_frame_requests_received,
            bitrate_limit_bps: facts.bitrate_limit_bps,
            input_dropped_frames: input_dropped,
            frames_received: received.frames,
            key_frames_received: received.key_frames,
            packets_received: received.packets,
            bytes_received: received.bytes,
            packets_lost: received.lost,
            packets_repaired: received.repaired,
            frames_dropped: received.frames_dropped,
            nacks_sent: received.nacks,
            key_frame_requests_sent: received.key_frame_requests,
            output_dropped_frames: output_dropped,
            width: facts.width,
            height: facts.height,
            round_trip_ms: facts.round_trip_ms,
            remote_loss_fraction: facts.remote_loss_fraction,
        }
    }
}

impl VideoPort {
    pub(crate) fn downgrade(&self) -> WeakVideoPort {
        WeakVideoPort(Arc::downgrade(&self.0))
    }

    pub(crate) fn pictures_in(&self) -> &crate::media::picture::input::Input {
        &self.0.pictures_in
    }

    pub(crate) fn pictures_out(&self) -> &crate::media::picture::output::Output {
        &self.0.pictures_out
    }

    /// What may be sent now.
    pub(crate) fn sent_codec(&self) -> Option<VideoCodec> {
        lock(&self.0.input).codec
    }

    /// Whether the next frame has to be a key frame; asks once for each request of the far side.
    pub(crate) fn take_own_key_frame_request(&self) -> bool {
        let is_asked = self.0.owes_key_frame.swap(false, Ordering::SeqCst);
        is_asked | lock(&self.0.input).needs_key_frame
    }

    /// What is known of the way to the far side.
    pub(crate) fn way(&self) -> crate::media::picture::rate::Way {
        let facts = self.facts();
        crate::media::picture::rate::Way {
            limit_bps: facts.bitrate_limit_bps,
            loss: facts.remote_loss_fraction,
        }
    }
}

impl WeakVideoPort {
    pub(crate) fn upgrade(&self) -> Option<VideoPort> {
        self.0.upgrade().map(VideoPort)
    }
}

impl Input {
    fn push(&mut self, frame: EncodedVideoFrame) -> u32 {
        if self.is_muted {
            self.dropped += 1;
            return 1;
        }
        let mut dropped = 0;
        if self.frames.len() == INPUT_FRAMES {
            // What waits is too old already, and what follows it is nothing without it.
            dropped = self.frames.len();
            self.frames.clear();
            self.needs_key_frame = true;
        }
        if self.needs_key_frame && !frame.is_key_frame {
            dropped += 1;
            self.lacks_key_frame = true;
        } else {
            self.needs_key_frame = false;
            self.frames.push_back(frame);
        }
        self.dropped += dropped as u64;
        dropped as u32
    }
}

/// One sink with its queue.
struct Slot {
    id: SinkId,
    /// Taken only when the slot is dropped.
    sink: Option<Arc<dyn VideoSink>>,
    pool: Arc<Pool>,
    queue: Mutex<SinkQueue>,
    turnstile: Turnstile,
}

struct SinkQueue {
    frames: VecDeque<EncodedVideoFrame>,
    needs_key_frame: bool,
    dropped: u64,
}

impl Default for SinkQueue {
    fn default() -> Self {
        Self { frames: VecDeque::new(), needs_key_frame: true, dropped: 0 }
    }
}

impl SinkQueue {
    /// Whether frames were lost for want of room, so that a key frame is needed.
    fn push(&mut self, frame: &EncodedVideoFrame) -> bool {
        let is_full = self.frames.len() == SINK_FRAMES;
        if is_full {
            self.dropped += self.frames.len() as u64;
            self.frames.clear();
            self.needs_key_frame = true;
        }
        if self.needs_key_frame && !frame.is_key_frame {
            self.dropped += 1;
            return true;
        }
        self.needs_key_frame = false;
        self.frames.push_back(frame.clone());
        false
    }
}

impl Slot {
    /// Whether the sink needs a key frame now.
    fn deliver(self: &Arc<Self>, frame: &EncodedVideoFrame) -> bool {
        if self.turnstile.is_removed() {
            return false;
        }
        let lacks_key_frame = lock(&self.queue).push(frame);
        if self.turnstile.schedule() {
            self.pool.schedule(self.clone());
        } else {
            self.pool.relieve();
        }
        lacks_key_frame
    }
}

impl Turn for Slot {
    fn run_turn(&self, _: &mut Vec<i16>) -> bool {
        if !self.turnstile.begin() {
            lock(&self.queue).frames.clear();
            return false;
        }
        for _ in 0..FRAMES_PER_TURN {
            if self.turnstile.is_removed() {
                break;
            }
            let next = lock(&self.queue).frames.pop_front();
            let (Some(frame), Some(sink)) = (next, &self.sink) else { break };
            self.turnstile.call(self.id, || sink.on_frame(&frame));
        }
        self.turnstile.end_turn(|| !lock(&self.queue).frames.is_empty())
    }
}

impl Drop for Slot {
    /// The last handle may be the media task's, but the sink's destructor is foreign code.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(is_key_frame: bool) -> EncodedVideoFrame {
        let data = vec![u8::from(!is_key_frame); 20];
        EncodedVideoFrame::new(VideoCodec::Vp8, data, 0).expect("a frame")
    }

    #[test]
    fn only_what_a_decoder_can_use_is_queued() {
        let port = VideoPort::default();
        assert!(port.push(frame(true)).unwrap_err().message().contains("VideoConnected"));
        port.open(Some(VideoCodec::Vp8));
        // (key frame, dropped): nothing before a key frame, all when the queue is full.
        let mut pushes = vec![(false, 1), (true, 0)];
        pushes.extend([(false, 0); INPUT_FRAMES - 1]);
        pushes.extend([(false, INPUT_FRAMES as u32 + 1), (false, 1), (true, 0), (false, 0)]);
        for (number, (is_key, dropped)) in pushes.into_iter().enumerate() {
            assert_eq!(port.push(frame(is_key)).unwrap(), dropped, "push {number}");
        }
        assert!(port.take_lack() && !port.take_lack());
        let waiting: Vec<bool> =
            std::iter::from_fn(|| port.pop()).map(|frame| frame.is_key_frame).collect();
        assert_eq!(waiting, [true, false]);
        assert_eq!(port.stats().input_dropped_frames, 3 + INPUT_FRAMES as u64);
        let other = EncodedVideoFrame::new(VideoCodec::H264, vec![0, 0, 1, 0x65, 1], 0).unwrap();
        assert!(port.push(other).unwrap_err().message().contains("VP8"));
    }

    #[test]
    fn muted_video_is_not_sent_and_begins_again_with_a_key_frame() {
        let port = VideoPort::default();
        port.open(Some(VideoCodec::Vp8));
        assert_eq!(port.push(frame(true)).unwrap(), 0);
        port.set_muted(true);
        assert!(port.pop().is_none(), "what waited is not sent");
        assert_eq!(port.push(frame(true)).unwrap(), 1);
        assert!(!port.take_lack());
        port.set_muted(false);
        assert!(port.take_lack(), "the application is asked for a key frame");
        assert_eq!(port.push(frame(false)).unwrap(), 1);
        assert_eq!(port.push(frame(true)).unwrap(), 0);
    }

    #[test]
    fn a_slow_sink_goes_on_with_a_key_frame() {
        let mut queue = SinkQueue::default();
        assert!(queue.push(&frame(false)));
        assert!(!queue.push(&frame(true)));
        for _ in 1..SINK_FRAMES {
            assert!(!queue.push(&frame(false)));
        }
        assert!(queue.push(&frame(false)), "full");
        assert!(queue.frames.is_empty());
        assert_eq!(queue.dropped, SINK_FRAMES as u64 + 2);
        assert!(!queue.push(&frame(true)));
        assert_eq!(queue.frames.len(), 1);
    }
}
