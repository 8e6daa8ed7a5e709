//! A microphone that follows its device, and the thread that takes its sound into the calls.

use super::feed::{lock, InputFeed, Loss};
use super::follow::{Endpoint, Follower};
use super::loudspeaker::{FarEnd, Loudspeaker};
use super::{AudioDevice, AudioDeviceKind, AudioDevices, AudioHost, DeviceStream};
use crate::error::{Error, Result};
use crate::media::frame::{AudioFormat, AudioLevel, LevelCell};
use crate::media::port::AudioPort;
use crate::media::processing::AudioProcessor;
use crate::util::ring::SampleRing;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What waits for the thread, at most; the oldest is dropped.
const QUEUE_MS: u32 = 200;

/// A call's queue that is longer was filled by a clock that runs faster than the call's, or while
/// nobody took from it: it is emptied, so that the delay does not stay.
const MAX_QUEUED_MS: u32 = 100;

/// How a microphone is opened.
#[derive(Clone, Debug, Default)]
pub struct MicrophoneOptions {
    /// Id, name or part of a name; none: the default microphone, also when that changes.
    pub device: Option<String>,
    /// Cleans what is heard before it goes into the calls.
    pub processor: Option<AudioProcessor>,
    /// Whose sound the processor's echo cancellation takes out of the microphone's. Without
    /// processor it does nothing.
    pub echo_of: Option<Loudspeaker>,
}

/// What a microphone did so far.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct MicrophoneStats {
    /// The device in use; none while there is none.
    pub device: Option<AudioDevice>,
    /// Milliseconds that the devices delivered.
    pub captured_ms: u64,
    /// Milliseconds that were thrown away: this machine was too busy, or its clock runs faster
    /// than the call's.
    pub dropped_ms: u64,
    /// The loudness of the last 10 ms in dB relative to full scale, after the processor.
    pub level_dbfs: f64,
}

/// An open microphone. A handle; it stops with [`Microphone::stop`], or when the last one is
/// dropped.
///
/// The device's thread only copies into a queue of 200 ms; a thread of its own (`sw-mic`) cleans
/// the sound and puts it into the connected calls, which convert it from the device's rate to
/// their codec's.
#[derive(Clone)]
pub struct Microphone(Arc<Inner>);

struct Inner {
    capture: Arc<Capture>,
    follower: Arc<Follower>,
    /// Keeps the thread that looks after the devices.
    _devices: AudioDevices,
}

/// What the device's thread, the microphone's thread and the handles share.
pub(super) struct Capture {
    gate: Mutex<Gate>,
    arrived: Condvar,
    ring: SampleRing,
    calls: Mutex<Vec<AudioPort>>,
    level: LevelCell,
    captured_us: AtomicU64,
    dropped_us: AtomicU64,
}

#[derive(Default)]
struct Gate {
    /// Of what is in the ring; 0 before the first samples.
    rate_hz: u32,
    is_over: bool,
}

impl Microphone {
    pub(super) fn open(devices: &AudioDevices, options: MicrophoneOptions) -> Result<Self> {
        let capture = Arc::new(Capture::default());
        let wanted = options.device.as_deref();
        let follower = devices.follow(AudioDeviceKind::Input, wanted, capture.clone())?;
        let far_end = options.echo_of.as_ref().map(Loudspeaker::far_end);
        let stage = Stage { processor: options.processor, far_end };
        let inner = Arc::new(Inner { capture, follower, _devices: devices.clone() });
        let capture = inner.capture.clone();
        std::thread::Builder::new()
            .name("sw-mic".to_owned())
            .spawn(move || capture.run(&stage))
            .map_err(|error| Error::internal(format!("cannot start a thread: {error}")))?;
        Ok(Microphone(inner))
    }

    /// The device in use; none while it is unplugged and there is no other.
    pub fn device(&self) -> Option<AudioDevice> {
        self.0.follower.device()
    }

    /// Numbers of this moment.
    pub fn stats(&self) -> MicrophoneStats {
        let capture = &self.0.capture;
        MicrophoneStats {
            device: self.device(),
            captured_ms: capture.captured_us.load(Ordering::Relaxed) / 1000,
            dropped_ms: capture.dropped_us.load(Ordering::Relaxed) / 1000,
            level_dbfs: capture.level.get().rms_dbfs.into(),
        }
    }

    /// Stops it for good, for all handles and calls. A second call does nothing.
    pub fn stop(&self) {
        self.0.follower.stop();
    }

    pub(crate) fn connect(&self, port: &AudioPort) {
        let mut calls = lock(&self.0.capture.calls);
        if !calls.iter().any(|known| known.is_same(port)) {
            calls.push(port.clone());
        }
    }

    pub(crate) fn disconnect(&self, port: &AudioPort) {
        lock(&self.0.capture.calls).retain(|known| !known.is_same(port));
    }
}

impl std::fmt::Debug for Microphone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Microphone").field("device", &self.device()).finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        lock(&self.capture.gate).is_over = true;
        self.capture.arrived.notify_all();
    }
}

impl Endpoint for Capture {
    fn open(
        self: Arc<Self>,
        host: &dyn AudioHost,
        id: &str,
        loss: Arc<Loss>,
    ) -> Result<Box<dyn DeviceStream>> {
        host.open_input(id, InputFeed::new(self, loss))
    }

    fn clear(&self) {
        self.ring.clear();
        self.level.set(AudioLevel::SILENCE);
    }
}

/// What happens to the sound between device and calls.
struct Stage {
    processor: Option<AudioProcessor>,
    far_end: Option<Arc<FarEnd>>,
}

impl Stage {
    /// The cleaned frame, or the frame itself where it cannot be cleaned.
    fn run(&self, frame: Vec<i16>, format: AudioFormat) -> Vec<i16> {
        let Some(processor) = &self.processor else { return frame };
        if let Some(far_end) = &self.far_end {
            far_end.take(|samples, rate_hz| {
                let format = AudioFormat::new(rate_hz, 1);
                if let Err(error) = processor.process_render(samples, format) {
                    tracing::debug!(%error, "10 ms of the loudspeaker are not cancelled");
                }
            });
        }
        processor.process_capture(&frame, format).unwrap_or_else(|error| {
            tracing::debug!(%error, "10 ms of the microphone are not processed");
            frame
        })
    }
}

impl Default for Capture {
    fn default() -> Self {
        Capture {
            gate: Mutex::default(),
            arrived: Condvar::new(),
            ring: SampleRing::new(1),
            calls: Mutex::default(),
            level: LevelCell::new(),
            captured_us: AtomicU64::new(0),
            dropped_us: AtomicU64::new(0),
        }
    }
}

impl Capture {
    /// From the device's thread.
    pub(super) fn push(&self, samples: &[i16], rate_hz: u32) {
        let format = AudioFormat::new(rate_hz, 1);
        if format.validate().is_err() {
            return;
        }
        let us = |samples: usize| samples as u64 * 1_000_000 / u64::from(rate_hz);
        {
            let mut gate = lock(&self.gate);
            if gate.rate_hz != rate_hz {
                gate.rate_hz = rate_hz;
                self.ring.reset((rate_hz / 1000 * QUEUE_MS) as usize);
            }
            self.captured_us.fetch_add(us(samples.len()), Ordering::Relaxed);
            let dropped = self.ring.push(samples);
            self.dropped_us.fetch_add(us(dropped), Ordering::Relaxed);
        }
        self.arrived.notify_one();
    }

    /// The next 10 ms and their rate; none when the microphone is closed.
    fn next_frame(&self) -> Option<(Vec<i16>, u32)> {
        let is_waiting = |gate: &mut Gate| {
            let frame = (gate.rate_hz / 100) as usize;
            !gate.is_over && (frame == 0 || self.ring.len() < frame)
        };
        let gate = self.arrived.wait_while(lock(&self.gate), is_waiting);
        let gate = gate.unwrap_or_else(PoisonError::into_inner);
        if gate.is_over {
            return None;
        }
        let mut frame = vec![0; (gate.rate_hz / 100) as usize];
        // It may have been emptied since, when the device went away.
        let filled = self.ring.pop_into(&mut frame);
        frame.truncate(filled);
        Some((frame, gate.rate_hz))
    }

    fn run(&self, stage: &Stage) {
        while let Some((frame, rate_hz)) = self.next_frame() {
            if frame.is_empty() {
                continue;
            }
            let format = AudioFormat::new(rate_hz, 1);
            let frame = stage.run(frame, format);
            self.level.set(AudioLevel::measure(&frame));
            if !frame.is_empty() {
                self.deliver(&frame, format);
            }
        }
    }

    fn deliver(&self, frame: &[i16], format: AudioFormat) {
        let mut calls = lock(&self.calls);
        calls.retain(|port| !port.is_over());
        for port in calls.iter().filter(|port| port.has_media()) {
            let queued_ms = port.queued_ms();
            if queued_ms > MAX_QUEUED_MS {
                port.input().clear();
                self.dropped_us.fetch_add(u64::from(queued_ms) * 1000, Ordering::Relaxed);
            }
            if let Err(error) = port.push(frame, format) {
                tracing::debug!(%error, "10 ms of the microphone were not sent");
            }
        }
    }
}
