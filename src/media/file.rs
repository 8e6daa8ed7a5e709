//! Audio files and calls: playing one into a call, recording what a call sends and receives.

use crate::config::{RecordOptions, RecordSide};
use crate::error::{Error, Result};
use crate::media::frame::AudioFormat;
use crate::media::outbound::AudioInput;
use crate::media::playback::Playback;
use crate::media::port::AudioPort;
use crate::media::recording::Recording;
use std::future::Future;
use std::path::Path;

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

/// A running recording of a call; ends when finished or dropped, and with the call.
pub struct Recorder {
    recording: Recording,
    port: AudioPort,
}

impl Recorder {
    /// `received`: the format of a recording of the received side alone, if it is not that of the
    /// options.
    pub(crate) fn start(
        path: &Path,
        options: &RecordOptions,
        received: Option<AudioFormat>,
        port: &AudioPort,
    ) -> Result<Self> {
        options.validate()?;
        let channels = if options.side == RecordSide::Both { 2 } else { 1 };
        let format = received.unwrap_or(AudioFormat::new(options.sample_rate_hz, channels));
        format.validate()?;
        let recording = Recording::create(path, options, format)?;
        let this = Self { recording, port: port.clone() };
        this.port.record(&this.recording)?;
        Ok(this)
    }

    /// Ends the recording, writes what is left and completes the file; may take as long as the disk.
    ///
    /// Errors: `Media` if something could not be written, such as on a full disk, or if the disk was
    /// too slow: the message says which. A second call does nothing but say the same.
    pub fn finish(&self) -> Result<()> {
        self.port.stop_recording(&self.recording);
        self.recording.finish().map_err(Error::from)
    }

    /// Milliseconds that are silent in the file because the disk was too slow for 10 s.
    pub fn lost_ms(&self) -> u64 {
        self.recording.lost_ms()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            tracing::warn!(kind = ?error.kind(), "a recording is not complete: {error}");
        }
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}
