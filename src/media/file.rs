//! WAV files and calls: playing one into a call, recording what a call receives.

use crate::error::{Error, Result};
use crate::media::frame::{AudioFormat, TICK_MS};
use crate::media::grid::{next_on_grid, TICK};
use crate::media::outbound::{AudioInput, CONVERTER_BLOCK_MS};
use crate::media::port::AudioPort;
use crate::media::recording::Recording;
use crate::media::sink::SinkId;
use crate::media::wav::WavPlayer;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{interval_at, sleep};

/// What the queue may lack right after it was filled, and what must be left when it is filled again:
/// a frame that does not fit, a converter's block, a frame in reserve.
const SLACK_MS: u32 = 2 * TICK_MS + CONVERTER_BLOCK_MS;

/// Opens the file and gives the work of playing it, which ends when all of it was sent.
pub(crate) fn play(
    path: &Path,
    port: &AudioPort,
) -> Result<impl Future<Output = Result<()>> + Send + 'static> {
    let mut player = WavPlayer::open(path, false)?;
    let input = port.input().clone();
    Ok(async move {
        let mut pace = interval_at(next_on_grid(Instant::now()).into(), refill(input.capacity_ms()));
        loop {
            while input.free_ms() >= TICK_MS {
                match player.next_chunk()? {
                    Some(chunk) => drop(input.push(chunk.samples, chunk.format)?),
                    None => return Ok(sent(&input).await),
                }
            }
            pace.tick().await;
        }
    })
}

/// How often the queue is filled, in whole frames: seldom, for each time is a wake-up, but before a
/// third of it was sent, so that a slow disk is not heard. The smallest queue needs it every frame.
fn refill(capacity_ms: u32) -> Duration {
    let period = (capacity_ms / 3).min(capacity_ms.saturating_sub(SLACK_MS));
    TICK * (period / TICK_MS).max(1)
}

/// Waits until all that is queued was sent.
async fn sent(input: &AudioInput) {
    loop {
        match input.buffered_ms() {
            0 => return,
            ms => sleep(Duration::from_millis(u64::from(ms.max(TICK_MS)))).await,
        }
    }
}

/// A running recording of a call's received audio; ends when finished or dropped.
pub struct WavRecorder {
    recording: Recording,
    sink: SinkId,
    port: AudioPort,
}

impl WavRecorder {
    pub(crate) fn start(path: &Path, format: AudioFormat, port: &AudioPort) -> Result<Self> {
        let recording = Recording::create(path, format)?;
        let sink = port.add_direct_sink(format, Arc::new(recording.clone()))?;
        Ok(Self { recording, sink, port: port.clone() })
    }

    /// Ends the recording and completes the file.
    ///
    /// Errors: `Media` if something could not be written, such as on a full disk. A second call
    /// does nothing.
    pub fn finish(&self) -> Result<()> {
        self.port.remove_sink(self.sink);
        self.recording.finish().map_err(Error::from)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_filled_before_it_runs_dry() {
        for (capacity_ms, period_ms) in
            [(40, 20), (60, 20), (80, 20), (100, 20), (120, 40), (200, 60), (10_000, 3_320)]
        {
            assert_eq!(refill(capacity_ms).as_millis(), period_ms, "{capacity_ms}");
        }
    }
}
