//! Recording received audio to a WAV file without waking a thread for each frame.
//!
//! The media task only collects samples; every half second a media thread writes them, since a disk
//! may block. Whoever finishes the recording writes the rest.

use super::frame::{AudioError, AudioFormat, AudioFrame};
use super::sink::{run_on_media_thread, AudioSink};
use super::wav::WavWriter;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pieces that are written per second.
const PIECES_PER_SECOND: usize = 2;
/// Seconds of audio that wait for a slow disk; more is lost, and said at the end.
const MAX_WAITING_SECONDS: usize = 10;

/// A recording, as a direct sink of the format it was created with. A cheap clone.
#[derive(Clone)]
pub(crate) struct Recording(Arc<Shared>);

struct Shared {
    samples_per_second: usize,
    collected: Mutex<Collected>,
    file: Mutex<Output>,
}

#[derive(Default)]
struct Collected {
    samples: Vec<i16>,
    lost_samples: u64,
    /// A media thread will write.
    is_scheduled: bool,
}

/// Locked before `collected`, so that pieces are written in order.
struct Output {
    writer: WavWriter,
    /// What is being written; changes places with what is collected, so nothing is copied.
    piece: Vec<i16>,
}

impl Recording {
    /// Creates the file, or empties one that exists. Errors: `InvalidFormat`, `Wav`.
    pub(crate) fn create(path: impl AsRef<Path>, format: AudioFormat) -> Result<Self, AudioError> {
        let writer = WavWriter::create(path, format)?;
        Ok(Self(Arc::new(Shared {
            samples_per_second: format.sample_rate_hz as usize * format.channels as usize,
            collected: Mutex::new(Collected::default()),
            file: Mutex::new(Output { writer, piece: Vec::new() }),
        })))
    }

    /// Writes the rest and completes the file. A second call does nothing.
    ///
    /// Error: `Wav`, the first error of any write, or that the disk was too slow.
    pub(crate) fn finish(&self) -> Result<(), AudioError> {
        let mut file = lock(&self.0.file);
        self.0.write_to(&mut file);
        file.writer.finish()?;
        match lock(&self.0.collected).lost_samples {
            0 => Ok(()),
            lost => {
                let seconds = lost as f64 / self.0.samples_per_second as f64;
                let reason = format!(
                    "{seconds:.1} s are missing; the disk was too slow, record to another one"
                );
                Err(file.writer.error(reason))
            }
        }
    }
}

impl Shared {
    fn write(&self) {
        self.write_to(&mut lock(&self.file));
    }

    fn write_to(&self, file: &mut Output) {
        file.piece.clear();
        let mut collected = lock(&self.collected);
        std::mem::swap(&mut collected.samples, &mut file.piece);
        collected.is_scheduled = false;
        drop(collected);
        // The writer keeps its first error for the end.
        if let Err(error) = file.writer.write(&file.piece) {
            tracing::debug!(%error, "a recording goes on without its file");
        }
    }
}

impl AudioSink for Recording {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        let mut collected = lock(&self.0.collected);
        let waiting = collected.samples.len() + frame.samples.len();
        if waiting > MAX_WAITING_SECONDS * self.0.samples_per_second {
            collected.lost_samples += frame.samples.len() as u64;
            return;
        }
        collected.samples.extend_from_slice(frame.samples);
        let is_piece = waiting >= self.0.samples_per_second / PIECES_PER_SECOND;
        if !is_piece || std::mem::replace(&mut collected.is_scheduled, true) {
            return;
        }
        drop(collected);
        let shared = Arc::clone(&self.0);
        if run_on_media_thread(move || shared.write()).is_err() {
            // The next piece tries again, and the end writes what is left.
            lock(&self.0.collected).is_scheduled = false;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is left half changed under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::wav::read_wav;
    use std::path::PathBuf;

    /// A file in the temporary directory that is removed at the end.
    struct TempFile(PathBuf);

    impl TempFile {
        fn new(name: &str) -> Self {
            let name = format!("sw-recording-{}-{name}.wav", std::process::id());
            TempFile(std::env::temp_dir().join(name))
        }
    }

    impl Drop for TempFile {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn frame(samples: &[i16]) -> AudioFrame<'_> {
        let format = AudioFormat::MONO_8K;
        AudioFrame { samples, format, timestamp_us: 0, is_concealed: false }
    }

    #[test]
    fn a_finished_recording_has_every_frame_in_order() {
        // 0.5 s is 25 frames: with and without a rest.
        for frames in [0, 3, 25, 120] {
            let file = TempFile::new(&frames.to_string());
            let recording = Recording::create(&file.0, AudioFormat::MONO_8K).unwrap();
            for number in 0..frames {
                recording.on_frame(&frame(&[number; 160]));
            }
            recording.finish().unwrap();
            recording.finish().unwrap();
            let (format, samples) = read_wav(&file.0).unwrap();
            assert_eq!((format, samples.len()), (AudioFormat::MONO_8K, 160 * frames as usize));
            let is_ordered = samples.iter().enumerate().all(|(i, &s)| s as usize == i / 160);
            assert!(is_ordered, "{frames}");
        }
    }

    #[test]
    fn a_slow_disk_costs_audio_not_memory_and_is_an_error() {
        let file = TempFile::new("slow");
        let recording = Recording::create(&file.0, AudioFormat::MONO_8K).unwrap();
        let disk = lock(&recording.0.file);
        for _ in 0..(MAX_WAITING_SECONDS + 1) * 50 {
            recording.on_frame(&frame(&[1; 160]));
        }
        drop(disk);
        let error = recording.finish().unwrap_err().to_string();
        assert!(error.contains("1.0 s are missing"), "{error}");
        assert_eq!(read_wav(&file.0).unwrap().1.len(), MAX_WAITING_SECONDS * 8_000);
    }

    /// A device that is always full.
    #[cfg(target_os = "linux")]
    #[test]
    fn write_errors_are_reported() {
        let Ok(recording) = Recording::create("/dev/full", AudioFormat::MONO_8K) else {
            return;
        };
        for _ in 0..100 {
            recording.on_frame(&frame(&[1; 160]));
        }
        assert!(recording.finish().is_err());
    }
}
