//! The way in: packets go into the jitter buffer, every 20 ms one frame comes out to the sinks.
//!
//! Each tick decodes once, at the codec's rate, and converts once per distinct format that the
//! sinks asked for. With no sink and metering off nothing is decoded at all; the jitter buffer
//! runs on, so that statistics stay true.

mod player;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;

use self::player::Player;
use super::codec::AudioCodec;
use super::frame::{AudioError, AudioFormat, AudioLevel, LevelCell};
use super::jitter::{JitterBuffer, JitterOptions, JitterStats, Packet};
use super::sink::{AudioSink, SinkId, SinkSlot, SinkStats, DEFAULT_QUEUE_FRAMES};

/// One received RTP packet without its header.
#[derive(Clone, Debug)]
pub struct RtpAudio {
    /// Synchronisation source.
    pub ssrc: u32,
    /// Sequence number.
    pub seq: u16,
    /// RTP timestamp in units of the codec's clock.
    pub timestamp: u32,
    /// Payload type.
    pub payload_type: u8,
    /// Marker bit.
    pub marker: bool,
    /// The payload without padding.
    pub payload: Bytes,
}

/// What was received so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AudioReceiveStats {
    /// The jitter buffer's counters.
    pub jitter: JitterStats,
    /// Payload bytes received, without headers.
    pub payload_bytes: u64,
    /// Packets of a payload type that is no audio here (such as DTMF events).
    pub other_payload_types: u64,
    /// Payloads that the codec refused.
    pub decode_errors: u64,
    /// Changes of the synchronisation source.
    pub source_changes: u64,
}

struct Shared {
    sinks: Mutex<Vec<Arc<SinkSlot>>>,
    /// Counts changes of `sinks`, so that a tick needs no lock to see that there was none.
    generation: AtomicU64,
    next_id: AtomicU64,
    is_metering: AtomicBool,
    next_timestamp_us: AtomicU64,
    level: LevelCell,
}

/// The application's handle on received audio. A cheap clone; every method from any thread.
///
/// It may be made and given sinks before the call is up, and outlives a change of the connection.
#[derive(Clone)]
pub struct AudioOutput {
    shared: Arc<Shared>,
}

impl Default for AudioOutput {
    fn default() -> Self {
        AudioOutput::new()
    }
}

impl AudioOutput {
    /// Makes an output with no sinks.
    pub fn new() -> Self {
        AudioOutput {
            shared: Arc::new(Shared {
                sinks: Mutex::new(Vec::new()),
                generation: AtomicU64::new(1),
                next_id: AtomicU64::new(1),
                is_metering: AtomicBool::new(false),
                next_timestamp_us: AtomicU64::new(0),
                level: LevelCell::new(),
            }),
        }
    }

    fn sinks(&self) -> MutexGuard<'_, Vec<Arc<SinkSlot>>> {
        self.shared.sinks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a sink that gets 20 ms frames in `format` on a media thread from the next tick on.
    ///
    /// Up to 10 frames wait for a slow sink, then the oldest is dropped and counted.
    /// Errors: `InvalidFormat`, `Thread`.
    pub fn add_sink(
        &self,
        format: AudioFormat,
        sink: Arc<dyn AudioSink>,
    ) -> Result<SinkId, AudioError> {
        self.add_sink_with_queue(format, sink, DEFAULT_QUEUE_FRAMES)
    }

    /// Adds a sink as [`AudioOutput::add_sink`] does, with room for `queue_frames` waiting frames.
    ///
    /// 1 to 500; a value outside is taken to the nearest limit.
    pub fn add_sink_with_queue(
        &self,
        format: AudioFormat,
        sink: Arc<dyn AudioSink>,
        queue_frames: usize,
    ) -> Result<SinkId, AudioError> {
        format.validate()?;
        let id = self.next_id();
        self.insert(SinkSlot::threaded(id, format, sink, queue_frames.clamp(1, 500))?);
        Ok(id)
    }

    /// Adds a sink that is called on the media task itself: only for code that never blocks.
    ///
    /// Error: `InvalidFormat`.
    pub fn add_direct_sink(
        &self,
        format: AudioFormat,
        sink: Arc<dyn AudioSink>,
    ) -> Result<SinkId, AudioError> {
        format.validate()?;
        let id = self.next_id();
        self.insert(SinkSlot::direct(id, format, sink));
        Ok(id)
    }

    /// Removes a sink; false when there is none of that id.
    ///
    /// Waits until a running callback has returned, except when called from a sink's callback: then
    /// a callback that has begun may still be running. No other call follows.
    pub fn remove_sink(&self, id: SinkId) -> bool {
        let slot = {
            let mut sinks = self.sinks();
            let Some(at) = sinks.iter().position(|slot| slot.id() == id) else {
                return false;
            };
            sinks.remove(at)
        };
        self.changed();
        slot.remove();
        true
    }

    /// Removes all sinks without waiting for a running callback: for the end of a call, which no
    /// sink may hold up. No further callback begins.
    pub fn detach_all_sinks(&self) {
        let slots = std::mem::take(&mut *self.sinks());
        self.changed();
        slots.iter().for_each(|slot| slot.detach());
    }

    /// The counters of one sink; none when there is none of that id.
    pub fn sink_stats(&self, id: SinkId) -> Option<SinkStats> {
        self.sinks().iter().find(|slot| slot.id() == id).map(|slot| slot.stats())
    }

    /// The level of the last received frame. It is measured while there is a sink or metering is
    /// on, otherwise it stays at silence.
    pub fn level(&self) -> AudioLevel {
        self.shared.level.get()
    }

    /// Keeps decoding for [`AudioOutput::level`] even when there is no sink. Default off.
    pub fn set_metering(&self, is_on: bool) {
        self.shared.is_metering.store(is_on, Ordering::Relaxed);
    }

    fn next_id(&self) -> SinkId {
        SinkId(self.shared.next_id.fetch_add(1, Ordering::Relaxed))
    }

    fn insert(&self, slot: Arc<SinkSlot>) {
        self.sinks().push(slot);
        self.changed();
    }

    fn changed(&self) {
        self.shared.generation.fetch_add(1, Ordering::Release);
    }
}

/// How audio is received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiveOptions {
    /// Limits of the jitter buffer.
    pub jitter: JitterOptions,
}

/// Receives one audio stream. Owned by the media task; told the time, it has no clock.
pub struct AudioReceivePipeline {
    codecs: HashMap<u8, AudioCodec>,
    output: AudioOutput,
    jitter: JitterBuffer,
    stats: AudioReceiveStats,
    ssrc: Option<u32>,
    codec: Option<AudioCodec>,
    player: Player,
}

impl AudioReceivePipeline {
    /// Makes a receiver for the payload types of the SDP answer. Delivers to `output`.
    ///
    /// Only one pipeline may feed an output at a time.
    pub fn new(
        codecs: impl IntoIterator<Item = (u8, AudioCodec)>,
        output: AudioOutput,
        options: &ReceiveOptions,
    ) -> Self {
        AudioReceivePipeline {
            codecs: codecs.into_iter().collect(),
            output,
            jitter: JitterBuffer::new(AudioCodec::Opus.rtp_clock_rate(), options.jitter),
            stats: AudioReceiveStats::default(),
            ssrc: None,
            codec: None,
            player: Player::new(),
        }
    }

    /// Takes one packet as it arrives. Any payload is safe; nothing is decoded here.
    pub fn insert(&mut self, packet: RtpAudio, arrival: Instant) {
        self.stats.payload_bytes += packet.payload.len() as u64;
        let Some(&codec) = self.codecs.get(&packet.payload_type) else {
            self.stats.other_payload_types += 1;
            // Its number is used up: without this it would look like a loss.
            if self.ssrc == Some(packet.ssrc) {
                self.jitter.insert_filler(packet.seq);
            }
            return;
        };
        if self.ssrc != Some(packet.ssrc) {
            self.stats.source_changes += u64::from(self.ssrc.is_some());
            self.ssrc = Some(packet.ssrc);
            self.restart(self.codec);
        }
        if self.codec != Some(codec) {
            self.restart(Some(codec));
        }
        let RtpAudio { seq, timestamp, marker, payload, .. } = packet;
        self.jitter.insert(Packet { seq, timestamp, marker, payload }, arrival);
    }

    /// Delivers the next 20 ms to the sinks. Call it every 20 ms; before the first packet it does
    /// nothing, after it each call delivers one frame, silence when nothing arrives any more.
    pub fn tick(&mut self, now: Instant) {
        let Some(codec) = self.codec else { return };
        self.player.refresh(codec, &self.output);
        let wanted = self.player.tick_len();
        while self.player.pcm.len() < wanted {
            self.player.play_next(&mut self.jitter, now, &mut self.stats);
        }
        self.player.keep_pace(&mut self.jitter);
        while self.player.pcm.len() < wanted {
            self.player.play_next(&mut self.jitter, now, &mut self.stats);
        }
        self.player.deliver(wanted, &self.output);
    }

    /// Whether something that was received was played, nothing made up.
    pub fn has_played(&self) -> bool {
        self.player.has_played
    }

    /// The counters since the pipeline was made.
    pub fn stats(&self) -> AudioReceiveStats {
        AudioReceiveStats { jitter: self.jitter.stats(), ..self.stats }
    }

    fn restart(&mut self, codec: Option<AudioCodec>) {
        let Some(codec) = codec else { return };
        self.codec = Some(codec);
        self.jitter.restart(codec.rtp_clock_rate());
        self.jitter.set_fec(codec == AudioCodec::Opus);
        self.player.forget_stream();
    }
}

#[cfg(test)]
mod cost;
#[cfg(all(test, target_os = "linux"))]
mod hour;
#[cfg(test)]
mod impairment;
#[cfg(test)]
mod networks;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod voice_quality;
