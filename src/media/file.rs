//! WAV files and calls: playing one into a call, recording what a call receives.

use crate::error::{Error, Result};
use crate::media::frame::AudioFormat;
use crate::media::outbound::AudioInput;
use crate::media::playback::Playback;
use crate::media::port::AudioPort;
use crate::media::recording::Recording;
use crate::media::sink::SinkId;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

/// Opens the file and gives the work of playing it, which ends when all of it was sent. Dropping it
/// stops the file.
pub(crate) fn play(
    path: &Path,
    port: &AudioPort,
) -> Result<impl Future<Output = Result<()>> + Send + 'static> {
    let (playback, finished) = Playback::open(path)?;
    let playing = Playing { input: port.input().clone(), playback };
    playing.input.play(playing.playback.clone());
    Ok(async move {
        let result = finished.await;
        drop(playing);
        result.map_err(|_| Error::closed("the call"))?.map_err(Error::from)
    })
}

struct Playing {
    input: AudioInput,
    playback: Playback,
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.input.stop_playing(&self.playback);
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
