//! The application's side of a call's media: what the handle and the leg's task share.

use crate::error::{Error, ErrorKind, Result};
use crate::media::frame::{AudioError, AudioFormat};
use crate::media::inbound::AudioOutput;
use crate::media::jitter::JitterStats;
use crate::media::outbound::AudioInput;
use crate::media::peer::PathReport;
use crate::media::recording::Recording;
use crate::media::sink::{AudioSink, SinkId};
use crate::media::stats::{CallStats, SetupTimes};
use crate::media::video::port::VideoPort;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Cheap to clone; every method from any thread.
#[derive(Clone)]
pub(crate) struct AudioPort(Arc<Shared>);

struct Shared {
    input: AudioInput,
    output: AudioOutput,
    facts: Mutex<Facts>,
    /// The application's sinks, for their counters.
    sinks: Mutex<Vec<SinkId>>,
    /// The running recordings, and the sink of each.
    recordings: Mutex<Vec<(Recording, SinkId)>>,
    video: VideoPort,
    started: Instant,
    is_over: AtomicBool,
}

/// What the leg's task reports. Written at most once per tick.
#[derive(Clone, Default)]
pub(crate) struct Facts {
    pub(crate) codec: &'static str,
    pub(crate) packets_sent: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) jitter: JitterStats,
    pub(crate) path: PathReport,
    pub(crate) mos: f64,
    pub(crate) local_candidate: String,
    pub(crate) remote_candidate: String,
    pub(crate) ice_connected: Option<Instant>,
    pub(crate) media_connected: Option<Instant>,
    pub(crate) first_packet: Option<Instant>,
    pub(crate) first_audio: Option<Instant>,
}

impl AudioPort {
    /// `queue_ms`: how much pushed audio may wait.
    pub(crate) fn new(queue_ms: u32, started: Instant) -> Self {
        let output = AudioOutput::new();
        output.set_metering(true);
        Self(Arc::new(Shared {
            input: AudioInput::new(queue_ms),
            output,
            facts: Mutex::new(Facts::default()),
            sinks: Mutex::new(Vec::new()),
            recordings: Mutex::new(Vec::new()),
            video: VideoPort::default(),
            started,
            is_over: AtomicBool::new(false),
        }))
    }

    pub(crate) fn input(&self) -> &AudioInput {
        &self.0.input
    }

    pub(crate) fn output(&self) -> &AudioOutput {
        &self.0.output
    }

    pub(crate) fn video(&self) -> &VideoPort {
        &self.0.video
    }

    pub(crate) fn started(&self) -> Instant {
        self.0.started
    }

    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, samples: &[i16], format: AudioFormat) -> Result<u32> {
        Ok(self.0.input.push(samples, format)?.dropped_ms)
    }

    pub(crate) fn add_sink(&self, format: AudioFormat, sink: Arc<dyn AudioSink>) -> Result<SinkId> {
        self.admit(self.0.output.add_sink(format, sink)?)
    }

    /// For sinks of our own that never block: they are called on the media task.
    pub(crate) fn add_direct_sink(
        &self,
        format: AudioFormat,
        sink: Arc<dyn AudioSink>,
    ) -> Result<SinkId> {
        self.admit(self.0.output.add_direct_sink(format, sink)?)
    }

    fn admit(&self, id: SinkId) -> Result<SinkId> {
        self.sinks().push(id);
        // The end of the call removes only the sinks that it sees.
        if self.0.is_over.load(Ordering::SeqCst) {
            self.remove_sink(id);
            return Err(Error::closed("the call"));
        }
        Ok(id)
    }

    pub(crate) fn remove_sink(&self, sink: SinkId) {
        self.sinks().retain(|known| *known != sink);
        self.0.output.remove_sink(sink);
    }

    /// Gives both sides of the call to a recording from the next tick on.
    pub(crate) fn record(&self, recording: &Recording) -> Result<()> {
        // Held, so that the end of the call comes before or after it.
        let mut recordings = self.recordings();
        let sink = Arc::new(recording.clone());
        let id = self.add_direct_sink(recording.received_format(), sink)?;
        self.0.input.add_tap(recording);
        recordings.push((recording.clone(), id));
        Ok(())
    }

    pub(crate) fn stop_recording(&self, recording: &Recording) {
        let found = {
            let mut recordings = self.recordings();
            let at = recordings.iter().position(|(other, _)| other.is(recording));
            at.map(|at| recordings.swap_remove(at))
        };
        self.0.input.remove_tap(recording);
        if let Some((_, sink)) = found {
            self.remove_sink(sink);
        }
    }

    fn recordings(&self) -> MutexGuard<'_, Vec<(Recording, SinkId)>> {
        self.0.recordings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sinks(&self) -> MutexGuard<'_, Vec<SinkId>> {
        self.0.sinks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frames that the present sinks lost.
    fn dropped_frames(&self) -> u64 {
        let sinks = self.sinks().clone();
        sinks.iter().filter_map(|id| self.0.output.sink_stats(*id)).map(|s| s.dropped).sum()
    }

    pub(crate) fn queued_ms(&self) -> u32 {
        self.0.input.buffered_ms()
    }

    /// Throws away what waits to be sent; gives its milliseconds.
    pub(crate) fn clear(&self) -> u32 {
        self.0.input.clear()
    }

    /// Whether both are the port of one call.
    pub(crate) fn is_same(&self, other: &AudioPort) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether the call is over.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::SeqCst)
    }

    /// Whether the path of the media was up once: what is pushed before would be sent late.
    pub(crate) fn has_media(&self) -> bool {
        self.facts().media_connected.is_some()
    }

    /// Nothing is delivered any more: the call is over.
    pub(crate) fn end(&self) {
        self.0.is_over.store(true, Ordering::SeqCst);
        self.0.output.detach_all_sinks();
        let recordings = std::mem::take(&mut *self.recordings());
        for (recording, _) in recordings {
            self.0.input.remove_tap(&recording);
            recording.finish_soon();
        }
        self.0.input.clear();
        self.0.video.end();
    }

    pub(crate) fn stats(&self) -> CallStats {
        let facts = self.facts().clone();
        let jitter = facts.jitter;
        CallStats {
            codec: facts.codec.to_owned(),
            packets_sent: facts.packets_sent,
            bytes_sent: facts.bytes_sent,
            packets_received: jitter.received,
            bytes_received: facts.bytes_received,
            packets_lost: jitter.lost,
            packets_late: jitter.late,
            packets_reordered: jitter.reordered,
            frames_concealed: jitter.concealed_frames,
            frames_recovered: jitter.fec_frames,
            jitter_ms: jitter.jitter_ms.into(),
            jitter_buffer_ms: jitter.current_delay_ms.into(),
            jitter_buffer_target_ms: jitter.target_delay_ms.into(),
            mos: facts.mos,
            concealment_events: jitter.concealment_events,
            concealed_ms: jitter.concealed_us / 1000,
            silent_concealed_ms: jitter.silent_concealed_us / 1000,
            removed_ms: jitter.removed_us / 1000,
            inserted_ms: jitter.inserted_us / 1000,
            packets_discarded: jitter.discarded,
            packets_duplicated: jitter.duplicated,
            round_trip_ms: facts.path.round_trip_ms,
            remote_loss_fraction: facts.path.remote_loss_fraction,
            input_dropped_ms: self.0.input.dropped_ms(),
            output_dropped_frames: self.dropped_frames(),
            input_level_dbfs: self.0.output.level().rms_dbfs.into(),
            output_level_dbfs: self.0.input.level().rms_dbfs.into(),
            local_candidate: facts.local_candidate,
            remote_candidate: facts.remote_candidate,
            video: self.0.video.stats(),
        }
    }

    pub(crate) fn fill_times(&self, times: &mut SetupTimes) {
        let since = |at: Option<Instant>| {
            at.map(|at| at.saturating_duration_since(self.0.started).as_secs_f64() * 1000.0)
        };
        let facts = self.facts();
        times.ice_connected_ms = since(facts.ice_connected);
        times.media_connected_ms = since(facts.media_connected);
        times.first_packet_ms = since(facts.first_packet);
        times.first_audio_ms = since(facts.first_audio);
    }
}

impl From<AudioError> for Error {
    fn from(error: AudioError) -> Self {
        let kind = match &error {
            AudioError::InvalidFormat(_) | AudioError::InvalidSamples(_) => {
                ErrorKind::InvalidArgument
            }
            AudioError::Thread(_) => ErrorKind::Internal,
            _ => ErrorKind::Media,
        };
        Self::new(kind, error.to_string())
    }
}
