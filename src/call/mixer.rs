//! Several calls in one conference, mixed in this process.

use super::Call;
use crate::error::{Error, Result};
use crate::media::frame::{AudioFormat, AudioFrame};
use crate::media::grid::next_on_grid;
use crate::media::mix::{mix, Voice};
use crate::media::sink::{AudioSink, SinkId, SinkSlot, DEFAULT_QUEUE_FRAMES};
use crate::runtime;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;
use tokio::task::AbortHandle;

/// All voices are mixed in this format: mono 48 kHz, the rate of Opus.
const FORMAT: AudioFormat = AudioFormat::MONO_48K;
const FRAME: usize = FORMAT.samples_per_20ms();
/// Frames that may wait for their turn, 200 ms.
const WAITING_FRAMES: usize = 10;
/// Calls in one mixer.
const MAX_CALLS: usize = 64;
/// Four times as loud, 12 dB.
const MAX_GAIN: f64 = 4.0;

/// Joins calls of this process into one conference: each hears the others, and what the application
/// pushes, and not itself.
///
/// One tick of 20 ms mixes all of them in mono 48 kHz; what is too loud is clipped. A voice that is
/// late has silence in its place and may wait up to 200 ms, then its oldest audio is dropped.
/// Calls that are over leave by themselves. Dropping the mixer takes all calls out; they go on.
/// Every method may be called from any thread and does not block.
pub struct Mixer {
    room: Arc<Mutex<Room>>,
    /// Whoever adds a call holds it.
    entry: Mutex<()>,
    task: AbortHandle,
}

struct Room {
    members: Vec<Member>,
    /// What the application says.
    own: Voice,
    /// Where the application listens.
    listener: Option<Arc<SinkSlot>>,
    ticks: u64,
}

struct Member {
    call: Call,
    sink: SinkId,
    voice: Voice,
}

/// Takes what one call says into the room.
struct Ear {
    room: Weak<Mutex<Room>>,
    call_id: String,
}

impl AudioSink for Ear {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        let Some(room) = self.room.upgrade() else { return };
        let mut room = lock(&room);
        let member = room.members.iter_mut().find(|member| member.call.0.id == self.call_id);
        if let Some(member) = member {
            member.voice.push(frame.samples);
        }
    }
}

impl Mixer {
    /// Makes an empty conference. Error: `Internal` if no thread can be started.
    pub fn new() -> Result<Self> {
        let own = Voice::new(WAITING_FRAMES * FRAME);
        let room =
            Arc::new(Mutex::new(Room { members: Vec::new(), own, listener: None, ticks: 0 }));
        let task = runtime::spawn(run(Arc::downgrade(&room)))?.abort_handle();
        Ok(Self { room, entry: Mutex::new(()), task })
    }

    /// Takes a call in. What the application pushes into the call itself competes with the mix: push
    /// it into the mixer instead. A file that is played into the call goes on while there is nothing
    /// for it to hear. A call that is in already stays as it is.
    ///
    /// Errors: `Closed` for a call that is over; `InvalidArgument` for more than 64 calls.
    pub fn add(&self, call: &Call) -> Result<()> {
        // Held from the look to the entry, or two threads would both enter the same call. It cannot be
        // the room's lock: a sink that is withdrawn at once waits for its ear, which waits for the room.
        let _entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let room = lock(&self.room);
            if room.members.iter().any(|member| member.call.0.id == call.0.id) {
                return Ok(());
            }
            if room.members.len() >= MAX_CALLS {
                return Err(Error::invalid(format!("a mixer takes at most {MAX_CALLS} calls")));
            }
        }
        call.check_alive()?;
        let ear = Ear { room: Arc::downgrade(&self.room), call_id: call.0.id.clone() };
        let sink = call.0.audio.add_direct_sink(FORMAT, Arc::new(ear))?;
        let voice = Voice::new(WAITING_FRAMES * FRAME);
        lock(&self.room).members.push(Member { call: call.clone(), sink, voice });
        Ok(())
    }

    /// Takes a call out; it goes on without the others. A call that is not in is ignored.
    pub fn remove(&self, call: &Call) {
        let mut room = lock(&self.room);
        let place = room.members.iter().position(|member| member.call.0.id == call.0.id);
        let member = place.map(|place| room.members.remove(place));
        // Its sink may be waiting for the room.
        drop(room);
        if let Some(member) = member {
            member.leave();
        }
    }

    /// The ids of the calls that are in.
    pub fn call_ids(&self) -> Vec<String> {
        lock(&self.room).members.iter().map(|member| member.call.id()).collect()
    }

    /// Sets how loud a call is for the others: 1.0 as it comes, 0.0 not at all, at most 4.0.
    ///
    /// Errors: `InvalidArgument` for a gain outside, and for a call that is not in.
    pub fn set_gain(&self, call: &Call, gain: f64) -> Result<()> {
        if !(0.0..=MAX_GAIN).contains(&gain) {
            return Err(Error::invalid(format!("gain must be 0.0 to {MAX_GAIN}; got {gain}")));
        }
        let mut room = lock(&self.room);
        let member = room.members.iter_mut().find(|member| member.call.0.id == call.0.id);
        let member = member.ok_or_else(|| Error::invalid("the call is not in this mixer"))?;
        member.voice.set_gain((gain * 1_000.0).round() as i32);
        Ok(())
    }

    /// Queues audio that all calls are to hear: mono 48 kHz, at most 200 ms. Of more, the oldest is
    /// dropped; gives the milliseconds that were dropped since the mixer was made.
    pub fn push_audio(&self, samples: &[i16]) -> u64 {
        let mut room = lock(&self.room);
        room.own.push(samples);
        FORMAT.duration_ms(room.own.dropped_samples() as usize)
    }

    /// Discards at once what the application pushed and was not mixed yet, at most 200 ms; gives its
    /// milliseconds, rounded up. What the calls say is not touched. Any thread; does not block.
    pub fn clear_audio(&self) -> u32 {
        let samples = lock(&self.room).own.clear();
        samples.div_ceil(FORMAT.samples_in_ms(1)) as u32
    }

    /// Delivers what all calls say, without what the application pushes, to `sink`: 20 ms frames of
    /// mono 48 kHz on a media thread, until it is replaced or set to `None`, after which it is not
    /// called any more; waits for a running call of it, unless from inside it. A sink that is slower
    /// than real time loses the oldest of 10 frames.
    ///
    /// Errors: `Internal` if no media thread can be started.
    pub fn set_sink(&self, sink: Option<Arc<dyn AudioSink>>) -> Result<()> {
        let slot = |sink| SinkSlot::threaded(SinkId(0), FORMAT, sink, DEFAULT_QUEUE_FRAMES);
        let next = sink.map(slot).transpose()?;
        let before = std::mem::replace(&mut lock(&self.room).listener, next);
        if let Some(before) = before {
            before.remove();
        }
        Ok(())
    }
}

impl Member {
    fn leave(self) {
        self.call.0.audio.remove_sink(self.sink);
    }
}

impl Drop for Mixer {
    fn drop(&mut self) {
        self.task.abort();
        let members = std::mem::take(&mut lock(&self.room).members);
        let listener = lock(&self.room).listener.take();
        if let Some(listener) = listener {
            listener.detach();
        }
        members.into_iter().for_each(Member::leave);
    }
}

impl std::fmt::Debug for Mixer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mixer").field("calls", &lock(&self.room).members.len()).finish()
    }
}

/// The tick of one room, as long as there is one.
async fn run(room: Weak<Mutex<Room>>) {
    loop {
        tokio::time::sleep_until(next_on_grid(Instant::now()).into()).await;
        let Some(room) = room.upgrade() else { return };
        let (heard, left) = tick(&mut lock(&room));
        for (call, samples) in heard {
            // Silence need not be pushed, and would keep a file from being played.
            if samples.iter().all(|sample| *sample == 0) {
                continue;
            }
            if let Err(error) = call.push_audio(&samples, FORMAT) {
                tracing::debug!(%error, "a call left the mixer with its end");
            }
        }
        left.into_iter().for_each(Member::leave);
    }
}

/// What each call hears next, and who has left.
fn tick(room: &mut Room) -> (Vec<(Call, Vec<i16>)>, Vec<Member>) {
    let all = std::mem::take(&mut room.members);
    let (left, members) = all.into_iter().partition(|member| member.call.check_alive().is_err());
    room.members = members;
    let mut voices: Vec<&mut Voice> =
        room.members.iter_mut().map(|member| &mut member.voice).collect();
    voices.push(&mut room.own);
    let mut heard = mix(&mut voices, FRAME);
    let own = heard.pop().unwrap_or_default();
    if let Some(listener) = &room.listener {
        listener.deliver(&AudioFrame {
            samples: &own,
            format: FORMAT,
            timestamp_us: room.ticks * 20_000,
            is_concealed: false,
        });
    }
    room.ticks += 1;
    let calls = room.members.iter().map(|member| member.call.clone());
    (calls.zip(heard).collect(), left)
}

fn lock(room: &Mutex<Room>) -> MutexGuard<'_, Room> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}
