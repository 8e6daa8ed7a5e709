//! The way out: the application pushes PCM in any format, or plays files; the media task takes 20 ms
//! per tick and makes packets of it: two a tick, or one every second or third tick, where the far
//! side likes other lengths than 20 ms.
//!
//! Conversion happens in the pusher's thread, so the media task only copies, measures and encodes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::codec::{AudioCodec, Encoder, EncoderOptions, MAX_PAYLOAD_BYTES, PACKET_MS};
use super::frame::{AudioError, AudioFormat, AudioFrame, AudioLevel, LevelCell, TICK_MS};
use super::playback::{Next, Playback};
use super::recording::Recording;
use super::resample::StreamResampler;
use crate::util::ring::SampleRing;

/// Default length of the queue between application and media task, in milliseconds.
pub const DEFAULT_CAPACITY_MS: u32 = 200;

/// Sound above this level begins a talkspurt after packets that were left out; below it, it is the
/// encoder's update of the background.
const TALKSPURT_DBFS: f32 = -50.0;

/// Ticks that a rest shorter than a frame waits for more audio before it is padded and sent.
const PARTIAL_WAIT_TICKS: u32 = 2;

/// An Opus packet of so many bytes says that nothing needs to be sent (RFC 7587, 3.1.3).
const DTX_PAYLOAD_BYTES: usize = 2;

/// What became of one [`AudioInput::push`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushOutcome {
    /// Milliseconds of the pushed audio that were queued.
    pub accepted_ms: u32,
    /// Milliseconds dropped for it: older audio, or the beginning of a push that is too long.
    pub dropped_ms: u32,
}

struct Feeder {
    converter: Option<StreamResampler>,
    target: AudioFormat,
    converted: Vec<i16>,
}

struct Shared {
    /// Taken before anything else in a push; the media task takes it only in `attach`.
    feeder: Mutex<Feeder>,
    ring: SampleRing,
    capacity_ms: u32,
    /// Interleaved samples per 20 ms of the ring's format.
    frame_len: AtomicU32,
    is_muted: AtomicBool,
    gain_bits: AtomicU32,
    dropped_us: AtomicU64,
    level: LevelCell,
    playbacks: Mutex<VecDeque<Playback>>,
    /// Recordings, which get what is sent.
    taps: Mutex<Vec<Recording>>,
}

impl Shared {
    fn playbacks(&self) -> MutexGuard<'_, VecDeque<Playback>> {
        self.playbacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn taps(&self) -> MutexGuard<'_, Vec<Recording>> {
        self.taps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn feeder(&self) -> MutexGuard<'_, Feeder> {
        self.feeder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn us_of(&self, samples: usize) -> u64 {
        let per_tick = u64::from(self.frame_len.load(Ordering::Relaxed).max(1));
        samples as u64 * u64::from(TICK_MS) * 1000 / per_tick
    }
}

/// Where the application puts the audio to send. A cheap clone; every method from any thread.
///
/// The queue holds 200 ms by default. When it is full the oldest audio is dropped and counted, so
/// a live source never builds up delay; files are taken frame by frame, after what was pushed.
/// An input may be made and filled before the call is up; the newest audio is kept until then.
#[derive(Clone)]
pub struct AudioInput {
    shared: Arc<Shared>,
}

impl Default for AudioInput {
    fn default() -> Self {
        AudioInput::new(DEFAULT_CAPACITY_MS)
    }
}

impl AudioInput {
    /// Makes an input that queues up to `capacity_ms`, taken to 40 to 10000 when outside of it.
    pub fn new(capacity_ms: u32) -> Self {
        let capacity_ms = capacity_ms.clamp(2 * TICK_MS, 10_000);
        let target = AudioFormat::MONO_48K;
        AudioInput {
            shared: Arc::new(Shared {
                feeder: Mutex::new(Feeder { converter: None, target, converted: Vec::new() }),
                ring: SampleRing::new(ring_capacity(target, capacity_ms)),
                capacity_ms,
                frame_len: AtomicU32::new(frame_len(target) as u32),
                is_muted: AtomicBool::new(false),
                gain_bits: AtomicU32::new(1.0f32.to_bits()),
                dropped_us: AtomicU64::new(0),
                level: LevelCell::new(),
                playbacks: Mutex::new(VecDeque::new()),
                taps: Mutex::new(Vec::new()),
            }),
        }
    }

    /// Queues audio to send. Any number of whole sample frames, at least one; never blocks for
    /// long.
    ///
    /// `pcm` is interleaved. `format` may change from call to call (a change may cost a click).
    /// Errors: `InvalidFormat`, `InvalidSamples`; then nothing is queued.
    pub fn push(&self, pcm: &[i16], format: AudioFormat) -> Result<PushOutcome, AudioError> {
        format.validate_samples(pcm)?;
        let shared = &*self.shared;
        let mut guard = shared.feeder();
        let feeder = &mut *guard;
        // Audio that would be dropped in the same call is not worth converting.
        let most = ring_capacity(format, shared.capacity_ms);
        let skipped = pcm.len().saturating_sub(most);
        let pushed = &pcm[skipped..];
        let evicted = if format == feeder.target {
            feeder.converter = None;
            shared.ring.push(pushed)
        } else {
            let converter = feeder.converter_from(format)?;
            let mut converted = std::mem::take(&mut feeder.converted);
            converted.clear();
            feeder.converter.insert(converter).convert(pushed, &mut converted);
            let evicted = shared.ring.push(&converted);
            feeder.converted = converted;
            evicted
        };
        drop(guard);
        let dropped_us = format.duration_ms(skipped) * 1000 + shared.us_of(evicted);
        shared.dropped_us.fetch_add(dropped_us, Ordering::Relaxed);
        Ok(PushOutcome {
            accepted_ms: format.duration_ms(pushed.len()) as u32,
            dropped_ms: u32::try_from(dropped_us.div_ceil(1000)).unwrap_or(u32::MAX),
        })
    }

    /// Milliseconds of audio waiting to be sent.
    pub fn buffered_ms(&self) -> u32 {
        (self.shared.us_of(self.shared.ring.len()) / 1000) as u32
    }

    /// Plays a file whenever nothing pushed is left to send, after the files before it.
    pub(crate) fn play(&self, playback: Playback) {
        self.shared.playbacks().push_back(playback);
    }

    /// Stops a file; nothing happens if it was played to its end.
    pub(crate) fn stop_playing(&self, playback: &Playback) {
        self.shared.playbacks().retain(|other| !other.is(playback));
    }

    /// Gives a recording what is sent, 20 ms in each tick.
    pub(crate) fn add_tap(&self, recording: &Recording) {
        self.shared.taps().push(recording.clone());
    }

    pub(crate) fn remove_tap(&self, recording: &Recording) {
        self.shared.taps().retain(|other| !other.is(recording));
    }

    /// Takes the next 20 ms of a file if less than that is queued.
    fn pull(&self) {
        let mut playbacks = self.shared.playbacks();
        while let Some(playback) = playbacks.front() {
            let queued = self.shared.ring.len();
            if queued >= self.shared.frame_len.load(Ordering::Relaxed) as usize {
                return;
            }
            match playback.next() {
                Next::Chunk(chunk) => {
                    if let Err(error) = self.push(&chunk, playback.format()) {
                        tracing::debug!(%error, "20 ms of a file were not played");
                    }
                }
                Next::End if queued == 0 => {
                    playback.finish();
                    playbacks.pop_front();
                }
                Next::Late | Next::End => return,
            }
        }
    }

    /// Milliseconds dropped because the queue was full, since the input was made.
    pub fn dropped_ms(&self) -> u64 {
        self.shared.dropped_us.load(Ordering::Relaxed) / 1000
    }

    /// Sends silence instead of the audio; what is pushed while muted is thrown away.
    pub fn set_muted(&self, is_muted: bool) {
        self.shared.is_muted.store(is_muted, Ordering::Relaxed);
    }

    /// Whether silence is sent.
    pub fn is_muted(&self) -> bool {
        self.shared.is_muted.load(Ordering::Relaxed)
    }

    /// Sets the linear gain, 0.0 to 16.0 (1.0 leaves the audio as it is); too loud is clipped.
    ///
    /// A value outside is taken to the nearest limit; not a number means 1.0.
    #[allow(dead_code, reason = "part of the handle, whatever the interfaces use of it")]
    pub fn set_gain(&self, gain: f32) {
        let gain = if gain.is_nan() { 1.0 } else { gain.clamp(0.0, 16.0) };
        self.shared.gain_bits.store(gain.to_bits(), Ordering::Relaxed);
    }

    /// Throws away everything that waits to be sent and gives its milliseconds, rounded up; it does
    /// not count as dropped. A push at the same time is thrown away as a whole or not at all, and
    /// so is a frame that is being taken; a packet that fills is made silent.
    pub fn clear(&self) -> u32 {
        let mut feeder = self.shared.feeder();
        let mut cleared_us = 0;
        if let Some(converter) = &mut feeder.converter {
            cleared_us += converter.waiting_us();
            converter.reset();
        }
        cleared_us += self.shared.us_of(self.shared.ring.clear());
        cleared_us.div_ceil(1000) as u32
    }

    /// The level of the last frame sent, after gain and mute.
    pub fn level(&self) -> AudioLevel {
        self.shared.level.get()
    }

    /// Makes `format` the format of the queue. What waits in another format is thrown away.
    fn attach(&self, format: AudioFormat) {
        let mut feeder = self.shared.feeder();
        if feeder.target != format {
            feeder.target = format;
            feeder.converter = None;
            self.shared.ring.reset(ring_capacity(format, self.shared.capacity_ms));
            self.shared.frame_len.store(frame_len(format) as u32, Ordering::Relaxed);
        }
    }
}

impl Feeder {
    /// The converter in use when it fits, else a new one. The caller puts it back.
    fn converter_from(&mut self, format: AudioFormat) -> Result<StreamResampler, AudioError> {
        match self.converter.take() {
            Some(converter) if converter.source_format() == format => Ok(converter),
            _ => StreamResampler::new(format, self.target),
        }
    }
}

fn frame_len(format: AudioFormat) -> usize {
    format.samples_per_20ms() * format.channels as usize
}

fn ring_capacity(format: AudioFormat, capacity_ms: u32) -> usize {
    let frames = u64::from(format.sample_rate_hz) * u64::from(capacity_ms) / 1000;
    frames as usize * format.channels as usize
}

/// One packet of encoded audio, borrowed until the next one.
#[derive(Clone, Copy, Debug)]
pub struct EncodedFrame<'a> {
    /// The RTP payload; empty while a packet fills and for silence that the encoder leaves out (DTX):
    /// nothing is sent.
    pub payload: &'a [u8],
    /// By how much the RTP timestamp of the next packet is larger, in clock units.
    pub rtp_duration: u32,
    /// The RTP marker: true only on the first packet after none were sent, so never where silence is
    /// sent as packets (RFC 3551, 4.1). FreeSWITCH throws away what it has at each marker.
    pub marker: bool,
}

/// Takes 20 ms per tick from an [`AudioInput`] and encodes it. Owned by the media task.
pub struct AudioEncoderPipeline {
    codec: AudioCodec,
    encoder: Encoder,
    input: AudioInput,
    pcm: Vec<i16>,
    /// Ticks for which a rest that is shorter than a frame has waited in the queue.
    partial_ticks: u32,
    /// How often the queue had been cleared when the last audio was taken.
    clears: u64,
    packet_ms: u32,
    /// What is not sent yet: a packet that fills, or the second half of a tick.
    packet: Vec<i16>,
    payload: Box<[u8]>,
    silent_ticks: u32,
    has_ticked: bool,
    has_sent: bool,
    /// Whether the last packet was left out (DTX).
    is_omitting: bool,
    /// Whether the next packet that is sent gets the marker.
    is_marked: bool,
    is_sending: bool,
    has_dtx: bool,
}

impl AudioEncoderPipeline {
    /// Makes the pipeline and sets `input` to the codec's format.
    ///
    /// Only one pipeline may take from an input at a time: drop the old one first. Audio that
    /// waits in the queue is kept when the format stays the same. Errors: `InvalidFormat`,
    /// `CodecSetup`.
    pub fn new(
        codec: AudioCodec,
        input: AudioInput,
        options: &EncoderOptions,
    ) -> Result<Self, AudioError> {
        let encoder = Encoder::new(codec, options)?;
        input.attach(encoder.format());
        Ok(AudioEncoderPipeline {
            codec,
            pcm: vec![0; frame_len(encoder.format())],
            partial_ticks: 0,
            clears: input.shared.ring.clears(),
            packet_ms: TICK_MS,
            packet: Vec::new(),
            payload: vec![0; MAX_PAYLOAD_BYTES].into_boxed_slice(),
            encoder,
            input,
            silent_ticks: 0,
            has_ticked: false,
            has_sent: false,
            is_omitting: false,
            is_marked: true,
            is_sending: true,
            has_dtx: options.has_dtx && codec == AudioCodec::Opus,
        })
    }

    /// The codec in use.
    pub fn codec(&self) -> AudioCodec {
        self.codec
    }

    /// Sets how long packets are from the next one on: one of [`PACKET_MS`], else 20 ms.
    pub fn set_packet_ms(&mut self, ms: u32) {
        self.packet_ms = if PACKET_MS.contains(&ms) { ms } else { TICK_MS };
    }

    /// By how much the RTP timestamp grows per tick, in clock units.
    pub fn tick_duration(&self) -> u32 {
        self.codec.rtp_clock_rate() / 1000 * TICK_MS
    }

    /// By how much the RTP timestamp grows per packet, in clock units, also when its encoding failed.
    pub fn packet_duration(&self) -> u32 {
        self.codec.rtp_clock_rate() / 1000 * self.packet_ms
    }

    /// Whether the last tick had audio of the application, be it silent.
    pub fn has_audio(&self) -> bool {
        self.silent_ticks == 0 && self.has_ticked
    }

    /// Tells the codec how much of what is sent gets lost, in percent 0 to 100.
    pub fn set_expected_loss(&mut self, percent: u32) -> Result<(), AudioError> {
        self.encoder.set_expected_loss(percent)
    }

    /// Takes the next 20 ms, queued audio or silence when there is none or the input is muted, and
    /// encodes a packet if there is enough for one.
    ///
    /// Call it every 20 ms and send the result; then, 10 ms later, what [`Self::next_packet`] has.
    /// Error: `Encode`; then this packet is not sent, the timestamp must advance all the same, and
    /// the next one may succeed.
    pub fn tick(&mut self) -> Result<EncodedFrame<'_>, AudioError> {
        let has_audio = self.fill();
        self.input.shared.level.set(if has_audio {
            AudioLevel::measure(&self.pcm)
        } else {
            AudioLevel::SILENCE
        });
        self.silent_ticks = if has_audio { 0 } else { self.silent_ticks.saturating_add(1) };
        self.has_ticked = true;
        if !self.is_sending {
            self.pcm.fill(0);
        }
        self.tell_taps();
        self.packet.extend_from_slice(&self.pcm);
        self.next_packet()
    }

    /// Whether a whole packet waits.
    pub fn has_packet(&self) -> bool {
        self.packet.len() >= self.packet_len()
    }

    /// The next packet of what was taken already; nothing to send where that is too short.
    pub fn next_packet(&mut self) -> Result<EncodedFrame<'_>, AudioError> {
        if !self.has_packet() {
            return Ok(EncodedFrame { payload: &[], rtp_duration: 0, marker: false });
        }
        self.silence_cleared(self.input.shared.ring.clears());
        let (taken, rtp_duration) = (self.packet_len(), self.packet_duration());
        let encoded = self.encoder.encode(&self.packet[..taken], &mut self.payload);
        self.packet.drain(..taken);
        let len = encoded?;
        if self.has_dtx && len <= DTX_PAYLOAD_BYTES && self.has_sent {
            self.is_omitting = true;
            return Ok(EncodedFrame { payload: &[], rtp_duration, marker: false });
        }
        self.has_sent = true;
        let is_talkspurt =
            std::mem::take(&mut self.is_omitting) && self.input.level().rms_dbfs > TALKSPURT_DBFS;
        let marker = std::mem::take(&mut self.is_marked) || is_talkspurt;
        Ok(EncodedFrame { payload: &self.payload[..len], rtp_duration, marker })
    }

    /// The caller does not send for now: the next packet that is sent begins anew.
    pub fn pause(&mut self) {
        self.is_marked = true;
    }

    /// Lets 20 ms of queued audio pass unsent, for a tick in which something else is sent.
    pub fn skip(&mut self) {
        self.fill();
        self.pcm.fill(0);
        self.tell_taps();
        self.input.shared.level.set(AudioLevel::SILENCE);
        self.silent_ticks = self.silent_ticks.saturating_add(1);
    }

    /// Whether what the ticks give is really sent; recordings have silence where it is not.
    pub fn set_sending(&mut self, is_sending: bool) {
        self.is_sending = is_sending;
    }

    fn tell_taps(&self) {
        let samples = &self.pcm[..];
        let format = self.encoder.format();
        for tap in self.input.shared.taps().iter() {
            tap.sent(&AudioFrame { samples, format, timestamp_us: 0, is_concealed: false });
        }
    }

    /// Throws away what was taken for a packet that is not whole; its length in clock units.
    pub fn abandon_packet(&mut self) -> u32 {
        let frames = self.packet.len() / self.encoder.format().channels.max(1) as usize;
        self.packet.clear();
        let rate = self.encoder.format().sample_rate_hz.max(1);
        (frames as u64 * u64::from(self.codec.rtp_clock_rate()) / u64::from(rate)) as u32
    }

    fn packet_len(&self) -> usize {
        self.encoder.format().samples_in_ms(self.packet_ms)
    }

    /// Puts the next 20 ms into `pcm`; false when that is silence for want of audio.
    fn fill(&mut self) -> bool {
        self.input.pull();
        let shared = &*self.input.shared;
        // A rest stays in the queue until it is taken, where it can be cleared, too. Waiting puts the
        // gap before it instead of into it, and builds up a reserve.
        let is_muted = shared.is_muted.load(Ordering::Relaxed);
        let must_fill = !is_muted && self.partial_ticks < PARTIAL_WAIT_TICKS;
        let taken = shared.ring.take(&mut self.pcm, must_fill);
        self.silence_cleared(taken.clears);
        let is_waiting = taken.count == 0 && taken.left > 0;
        self.partial_ticks = if is_waiting { self.partial_ticks + 1 } else { 0 };
        if taken.count == 0 || is_muted {
            self.pcm.fill(0);
            return false;
        }
        self.pcm[taken.count..].fill(0);
        let gain = f32::from_bits(self.input.shared.gain_bits.load(Ordering::Relaxed));
        if gain != 1.0 {
            // `as` saturates, which is the clipping that is promised.
            self.pcm.iter_mut().for_each(|s| *s = (f32::from(*s) * gain) as i16);
        }
        true
    }

    /// Makes what waits for its packet silent if the queue was cleared since it was taken. Its time
    /// passes all the same, so that packets stay on the grid.
    fn silence_cleared(&mut self, clears: u64) {
        if clears != self.clears {
            self.clears = clears;
            self.packet.fill(0);
        }
    }
}

#[cfg(test)]
mod tests;
