//! WAV files and calls: playing one into a call, recording what a call receives.

use crate::error::{Error, Result};
use crate::media::frame::{AudioFormat, AudioFrame, TICK_MS};
use crate::media::port::AudioPort;
use crate::media::sink::{AudioSink, SinkId};
use crate::media::wav::{WavPlayer, WavWriter};
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often the queue is filled up: once per frame, so that even the smallest queue, two frames,
/// never runs dry.
const REFILL: Duration = Duration::from_millis(TICK_MS as u64);

/// Opens the file and gives the work of playing it, which ends when all of it was sent.
pub(crate) fn play(
    path: &Path,
    port: &AudioPort,
) -> Result<impl Future<Output = Result<()>> + Send + 'static> {
    let mut player = WavPlayer::open(path, false)?;
    let input = port.input().clone();
    Ok(async move {
        let mut pace = tokio::time::interval(REFILL);
        loop {
            pace.tick().await;
            while input.free_ms() >= TICK_MS {
                match player.next_chunk()? {
                    Some(chunk) => drop(input.push(chunk.samples, chunk.format)?),
                    None => {
                        while input.buffered_ms() > 0 {
                            pace.tick().await;
                        }
                        return Ok(());
                    }
                }
            }
        }
    })
}

/// A running recording of a call's received audio; ends when finished or dropped.
pub struct WavRecorder {
    writer: Arc<WavWriter>,
    sink: SinkId,
    port: AudioPort,
}

impl WavRecorder {
    pub(crate) fn start(path: &Path, format: AudioFormat, port: &AudioPort) -> Result<Self> {
        let writer = Arc::new(WavWriter::create(path, format)?);
        let sink = port.add_sink(format, Arc::new(Recording(Arc::clone(&writer))))?;
        Ok(Self { writer, sink, port: port.clone() })
    }

    /// Ends the recording and completes the file.
    ///
    /// Errors: `Media` if something could not be written, such as on a full disk. A second call
    /// does nothing.
    pub fn finish(&self) -> Result<()> {
        self.port.remove_sink(self.sink);
        self.writer.finish().map_err(Error::from)
    }
}

impl Drop for WavRecorder {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            tracing::warn!(kind = ?error.kind(), "a recording is not complete: {error}");
        }
    }
}

impl std::fmt::Debug for WavRecorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WavRecorder").finish_non_exhaustive()
    }
}

struct Recording(Arc<WavWriter>);

impl AudioSink for Recording {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        self.0.on_frame(frame);
    }
}
