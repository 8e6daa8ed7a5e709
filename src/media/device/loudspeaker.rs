//! A loudspeaker that follows its device and plays the calls that are connected to it.

use super::feed::{lock, Loss, OutputFeed};
use super::follow::{Endpoint, Follower};
use super::{AudioDevice, AudioDeviceKind, AudioDevices, AudioHost, DeviceStream};
use crate::error::Result;
use crate::media::frame::{AudioFormat, AudioFrame, AudioLevel, LevelCell};
use crate::media::port::AudioPort;
use crate::media::resample::StreamResampler;
use crate::media::sink::{AudioSink, SinkId};
use crate::util::ring::SampleRing;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// What each call may have waiting, at most.
const QUEUE_MS: usize = 1_000;

/// What waits before a call begins to sound, at least: two of its frames.
const RESERVE_MS: usize = 40;

/// How much more than the reserve may wait before the excess is dropped. It comes from a device
/// whose clock runs slower than the call's, and would be delay for ever.
const EXCESS_MS: usize = 100;

/// What the echo cancellation may have waiting.
const FAR_END_MS: usize = 500;

/// How a loudspeaker is opened.
#[derive(Clone, Debug, Default)]
pub struct LoudspeakerOptions {
    /// Id, name or part of a name; none: the default loudspeaker, also when that changes.
    pub device: Option<String>,
}

/// What a loudspeaker did so far.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct LoudspeakerStats {
    /// The device in use; none while there is none.
    pub device: Option<AudioDevice>,
    /// Milliseconds that the devices asked for.
    pub played_ms: u64,
    /// Milliseconds of calls that were thrown away: the device's clock runs slower than the
    /// calls', or it stood still.
    pub dropped_ms: u64,
    /// How often a call had nothing to play in the midst of it: this machine was too busy, or the
    /// device's clock runs faster than the call's.
    pub underruns: u64,
    /// The loudness of the last block in dB relative to full scale.
    pub level_dbfs: f64,
}

/// An open loudspeaker; it plays the sum of the connected calls. A handle; it stops with
/// [`Loudspeaker::stop`], or when the last one is dropped.
///
/// Received audio is converted to the device's rate as it comes and waits in a bounded queue for
/// each call; the device's thread only adds up.
#[derive(Clone)]
pub struct Loudspeaker(Arc<Inner>);

struct Inner {
    playout: Arc<Playout>,
    follower: Arc<Follower>,
    connections: Mutex<Vec<(AudioPort, SinkId)>>,
    /// Keeps the thread that looks after the devices.
    _devices: AudioDevices,
}

/// What the device's thread, the calls and the handles share.
pub(super) struct Playout {
    /// Of the device; 0 while there is none.
    rate_hz: AtomicU32,
    mixing: Mutex<Mixing>,
    far_end: Arc<FarEnd>,
    level: LevelCell,
    played_us: AtomicU64,
    dropped_us: AtomicU64,
    underruns: AtomicU64,
}

#[derive(Default)]
struct Mixing {
    lines: Vec<Weak<Line>>,
    scratch: Vec<i16>,
}

impl Loudspeaker {
    pub(super) fn open(devices: &AudioDevices, options: LoudspeakerOptions) -> Result<Self> {
        let playout = Arc::new(Playout::default());
        let wanted = options.device.as_deref();
        let follower = devices.follow(AudioDeviceKind::Output, wanted, playout.clone())?;
        let connections = Mutex::default();
        let inner = Inner { playout, follower, connections, _devices: devices.clone() };
        Ok(Loudspeaker(Arc::new(inner)))
    }

    /// The device in use; none while it is unplugged and there is no other.
    pub fn device(&self) -> Option<AudioDevice> {
        self.0.follower.device()
    }

    /// Numbers of this moment.
    pub fn stats(&self) -> LoudspeakerStats {
        let playout = &self.0.playout;
        LoudspeakerStats {
            device: self.device(),
            played_ms: playout.played_us.load(Ordering::Relaxed) / 1000,
            dropped_ms: playout.dropped_us.load(Ordering::Relaxed) / 1000,
            underruns: playout.underruns.load(Ordering::Relaxed),
            level_dbfs: playout.level.get().rms_dbfs.into(),
        }
    }

    /// Stops it for good, for all handles and calls. A second call does nothing.
    pub fn stop(&self) {
        self.0.follower.stop();
    }

    pub(crate) fn connect(&self, port: &AudioPort) -> Result<()> {
        let mut connections = lock(&self.0.connections);
        connections.retain(|(known, _)| !known.is_over());
        if connections.iter().any(|(known, _)| known.is_same(port)) {
            return Ok(());
        }
        let line = self.0.playout.add_line();
        // Converting 20 ms and copying them does not block, as direct sinks must not.
        let sink = port.add_direct_sink(AudioFormat::MONO_48K, line)?;
        connections.push((port.clone(), sink));
        Ok(())
    }

    pub(crate) fn disconnect(&self, port: &AudioPort) {
        let gone = {
            let mut connections = lock(&self.0.connections);
            let at = connections.iter().position(|(known, _)| known.is_same(port));
            at.map(|at| connections.swap_remove(at))
        };
        if let Some((port, sink)) = gone {
            port.remove_sink(sink);
        }
    }

    /// What is played, for the echo cancellation of one microphone.
    pub(super) fn far_end(&self) -> Arc<FarEnd> {
        let far_end = &self.0.playout.far_end;
        far_end.is_wanted.store(true, Ordering::Relaxed);
        far_end.clone()
    }
}

impl std::fmt::Debug for Loudspeaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loudspeaker").field("device", &self.device()).finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for (port, sink) in lock(&self.connections).drain(..) {
            port.remove_sink(sink);
        }
    }
}

impl Endpoint for Playout {
    fn open(
        self: Arc<Self>,
        host: &dyn AudioHost,
        id: &str,
        loss: Arc<Loss>,
    ) -> Result<Box<dyn DeviceStream>> {
        host.open_output(id, OutputFeed::new(self, loss))
    }

    fn clear(&self) {
        self.rate_hz.store(0, Ordering::Relaxed);
        self.level.set(AudioLevel::SILENCE);
    }
}

impl Default for Playout {
    fn default() -> Self {
        Playout {
            rate_hz: AtomicU32::new(0),
            mixing: Mutex::default(),
            far_end: Arc::default(),
            level: LevelCell::new(),
            played_us: AtomicU64::new(0),
            dropped_us: AtomicU64::new(0),
            underruns: AtomicU64::new(0),
        }
    }
}

impl Playout {
    /// Makes a way for one call.
    fn add_line(self: &Arc<Self>) -> Arc<Line> {
        // Under the lock: a device that tells another rate meanwhile finds the line in the list.
        let mut mixing = lock(&self.mixing);
        let line = Arc::new(Line::new(self.clone()));
        mixing.lines.push(Arc::downgrade(&line));
        line
    }

    /// From the device's thread.
    pub(super) fn fill(&self, out: &mut [i16], rate_hz: u32) {
        out.fill(0);
        if AudioFormat::new(rate_hz, 1).validate().is_err() {
            return;
        }
        let is_new = self.rate_hz.swap(rate_hz, Ordering::Relaxed) != rate_hz;
        let mut mixing = lock(&self.mixing);
        let Mixing { lines, scratch } = &mut *mixing;
        lines.retain(|line| line.strong_count() > 0);
        for line in lines.iter().filter_map(Weak::upgrade) {
            if is_new {
                line.restart(rate_hz);
            }
            line.add_to(out, scratch, rate_hz);
        }
        drop(mixing);
        self.far_end.push(out, rate_hz);
        self.level.set(AudioLevel::measure(out));
        let us = out.len() as u64 * 1_000_000 / u64::from(rate_hz);
        self.played_us.fetch_add(us, Ordering::Relaxed);
    }
}

/// One call's way to the loudspeaker.
struct Line {
    playout: Arc<Playout>,
    converter: Mutex<Converter>,
    ring: SampleRing,
    /// Whether the reserve was there and the call sounds.
    is_running: AtomicBool,
    /// Samples that the device takes at once, at most.
    largest_block: AtomicUsize,
}

#[derive(Default)]
struct Converter {
    stream: Option<(StreamResampler, u32)>,
    converted: Vec<i16>,
}

fn samples(ms: usize, rate_hz: u32) -> usize {
    ms * rate_hz as usize / 1000
}

impl Line {
    fn new(playout: Arc<Playout>) -> Self {
        let rate_hz = playout.rate_hz.load(Ordering::Relaxed);
        Line {
            playout,
            converter: Mutex::default(),
            ring: SampleRing::new(samples(QUEUE_MS, rate_hz)),
            is_running: AtomicBool::new(false),
            largest_block: AtomicUsize::new(0),
        }
    }

    fn restart(&self, rate_hz: u32) {
        self.ring.reset(samples(QUEUE_MS, rate_hz));
        self.is_running.store(false, Ordering::Relaxed);
        self.largest_block.store(0, Ordering::Relaxed);
    }

    /// Samples that have to wait before the call sounds: a block of the device, and the frame that
    /// may be late.
    fn reserve(&self, rate_hz: u32) -> usize {
        let block = self.largest_block.load(Ordering::Relaxed) + samples(RESERVE_MS / 2, rate_hz);
        block.clamp(samples(RESERVE_MS, rate_hz), samples(QUEUE_MS - EXCESS_MS, rate_hz))
    }

    fn add_to(&self, out: &mut [i16], scratch: &mut Vec<i16>, rate_hz: u32) {
        self.largest_block.fetch_max(out.len(), Ordering::Relaxed);
        if !self.is_running.load(Ordering::Relaxed) {
            if self.ring.len() < self.reserve(rate_hz) {
                return;
            }
            self.is_running.store(true, Ordering::Relaxed);
        }
        scratch.resize(out.len().max(scratch.len()), 0);
        let taken = self.ring.pop_into(&mut scratch[..out.len()]);
        for (sum, sample) in out.iter_mut().zip(&scratch[..taken]) {
            *sum = sum.saturating_add(*sample);
        }
        if taken < out.len() {
            self.is_running.store(false, Ordering::Relaxed);
            self.playout.underruns.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Puts one frame of the call into the queue and keeps that short.
    fn take_in(&self, frame: &[i16], rate_hz: u32) {
        let mut converter = lock(&self.converter);
        let Converter { stream, converted } = &mut *converter;
        if stream.as_ref().is_none_or(|(_, to)| *to != rate_hz) {
            let made = StreamResampler::new(AudioFormat::MONO_48K, AudioFormat::new(rate_hz, 1));
            match made {
                Ok(made) => *stream = Some((made, rate_hz)),
                Err(error) => return tracing::debug!(%error, "20 ms of a call are not played"),
            }
        }
        let Some((stream, _)) = stream else { return };
        converted.clear();
        stream.convert(frame, converted);
        let mut dropped = self.ring.push(converted);
        let reserve = self.reserve(rate_hz);
        if self.ring.len() > reserve + samples(EXCESS_MS, rate_hz) {
            converted.resize(self.ring.len().saturating_sub(reserve), 0);
            dropped += self.ring.pop_into(converted);
        }
        let us = dropped as u64 * 1_000_000 / u64::from(rate_hz);
        self.playout.dropped_us.fetch_add(us, Ordering::Relaxed);
    }
}

impl AudioSink for Line {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        let rate_hz = self.playout.rate_hz.load(Ordering::Relaxed);
        // Without a device the call goes on unheard.
        if rate_hz != 0 {
            self.take_in(frame.samples, rate_hz);
        }
    }
}

/// What was played last, for the echo cancellation: written by the device's thread, read by the
/// microphone's.
pub(super) struct FarEnd {
    is_wanted: AtomicBool,
    rate_hz: AtomicU32,
    ring: SampleRing,
}

impl Default for FarEnd {
    fn default() -> Self {
        let ring = SampleRing::new(1);
        FarEnd { is_wanted: AtomicBool::new(false), rate_hz: AtomicU32::new(0), ring }
    }
}

impl FarEnd {
    fn push(&self, played: &[i16], rate_hz: u32) {
        if !self.is_wanted.load(Ordering::Relaxed) {
            return;
        }
        if self.rate_hz.swap(rate_hz, Ordering::Relaxed) != rate_hz {
            self.ring.reset(samples(FAR_END_MS, rate_hz));
        }
        self.ring.push(played);
    }

    /// Gives all that was played, 10 ms at a time, with its rate.
    pub(super) fn take(&self, mut each: impl FnMut(&[i16], u32)) {
        let rate_hz = self.rate_hz.load(Ordering::Relaxed);
        let mut frame = vec![0; (rate_hz / 100) as usize];
        while !frame.is_empty() && self.ring.len() >= frame.len() {
            let taken = self.ring.pop_into(&mut frame);
            each(&frame[..taken], rate_hz);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speak(line: &Line, level: i16, frames: usize) {
        for _ in 0..frames {
            line.on_frame(&AudioFrame {
                samples: &[level; 960],
                format: AudioFormat::MONO_48K,
                timestamp_us: 0,
                is_concealed: false,
            });
        }
    }

    fn hear(playout: &Playout, rate_hz: u32) -> Vec<i16> {
        let mut out = vec![9; rate_hz as usize / 100];
        playout.fill(&mut out, rate_hz);
        out
    }

    fn count(playout: &Playout) -> (u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&playout.underruns), read(&playout.dropped_us) / 1000)
    }

    #[test]
    fn calls_are_added_up_and_clipped() {
        let playout = Arc::new(Playout::default());
        let lines = [playout.add_line(), playout.add_line()];
        assert_eq!(hear(&playout, 48_000), [0; 480], "the device tells its rate by asking");
        speak(&lines[0], 20_000, 2);
        assert_eq!(hear(&playout, 48_000), [20_000; 480]);
        speak(&lines[1], 20_000, 2);
        assert_eq!(hear(&playout, 48_000), [i16::MAX; 480]);
        drop(lines);
        assert_eq!(hear(&playout, 48_000), [0; 480], "calls that are over are not heard");
        assert_eq!(lock(&playout.mixing).lines.len(), 0);
    }

    #[test]
    fn a_call_sounds_once_its_reserve_is_there_and_again_after_a_gap() {
        let playout = Arc::new(Playout::default());
        let line = playout.add_line();
        hear(&playout, 48_000);
        speak(&line, 1_000, 1);
        assert_eq!(hear(&playout, 48_000), [0; 480], "20 ms are no reserve");
        speak(&line, 1_000, 1);
        for _ in 0..4 {
            assert_eq!(hear(&playout, 48_000), [1_000; 480]);
        }
        assert_eq!(count(&playout), (0, 0));
        assert_eq!(hear(&playout, 48_000), [0; 480]);
        speak(&line, 1_000, 1);
        assert_eq!(hear(&playout, 48_000), [0; 480], "it collects again");
        assert_eq!(count(&playout), (1, 0));
    }

    #[test]
    fn a_device_with_long_blocks_gets_a_longer_reserve() {
        let playout = Arc::new(Playout::default());
        let line = playout.add_line();
        let mut block = vec![0; 4_800];
        playout.fill(&mut block, 48_000);
        playout.fill(&mut block, 48_000);
        for frames in 1..=6 {
            speak(&line, 1_000, 1);
            playout.fill(&mut block, 48_000);
            assert_eq!(block[0] != 0, frames == 6, "after {frames} frames of 20 ms");
        }
    }

    #[test]
    fn what_a_slow_device_leaves_is_dropped_and_counted() {
        let playout = Arc::new(Playout::default());
        let line = playout.add_line();
        hear(&playout, 48_000);
        speak(&line, 1_000, 50);
        let (underruns, dropped_ms) = count(&playout);
        let waiting_ms = (line.ring.len() / 48) as u64;
        assert_eq!((underruns, dropped_ms + waiting_ms), (0, 1_000));
        assert!((40..=140).contains(&waiting_ms), "{waiting_ms} ms");
    }

    #[test]
    fn another_device_begins_anew_at_its_own_rate() {
        let playout = Arc::new(Playout::default());
        let line = playout.add_line();
        hear(&playout, 48_000);
        speak(&line, 1_000, 4);
        playout.clear();
        speak(&line, 1_000, 4);
        assert_eq!(count(&playout).1, 0, "without a device nothing waits");
        for rate_hz in [8_000, 11_025, 44_100, 192_000, 48_000] {
            assert!(hear(&playout, rate_hz).iter().all(|s| *s == 0), "nothing old is played");
            speak(&line, 1_000, 5);
            let heard: Vec<i16> = (0..4).flat_map(|_| hear(&playout, rate_hz)).collect();
            let steady = &heard[heard.len() / 2..];
            assert!(steady.iter().all(|s| (980..1_020).contains(s)), "{rate_hz}: {steady:?}");
        }
        // Rates that no audio has are silent.
        let mut out = [9; 10];
        playout.fill(&mut out, 0);
        assert_eq!(out, [0; 10]);
    }

    #[test]
    fn the_far_end_is_what_was_played_and_only_on_demand() {
        let playout = Arc::new(Playout::default());
        let line = playout.add_line();
        let taken = |playout: &Playout| {
            let mut all = Vec::new();
            playout.far_end.take(|samples, rate_hz| all.push((samples.to_vec(), rate_hz)));
            all
        };
        hear(&playout, 48_000);
        assert!(taken(&playout).is_empty());
        playout.far_end.is_wanted.store(true, Ordering::Relaxed);
        speak(&line, 1_000, 2);
        hear(&playout, 48_000);
        hear(&playout, 48_000);
        assert_eq!(taken(&playout), vec![(vec![1_000; 480], 48_000); 2]);
        for _ in 0..100 {
            hear(&playout, 48_000);
        }
        assert_eq!(taken(&playout).len(), FAR_END_MS / 10, "bounded");
    }
}
