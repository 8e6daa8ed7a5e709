//! Playing a WAV file without waking a thread for each frame.
//!
//! The media task takes 20 ms whenever the queue of pushed audio is empty; a media thread reads
//! ahead every half second, since a disk may block.

use super::frame::{AudioError, AudioFormat, TICK_MS};
use super::sink::run_on_media_thread;
use super::wav::WavPlayer;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How much is read at once, and how much may be left when more is asked for.
const PIECE_TICKS: usize = 500 / TICK_MS as usize;

/// A file that is being played. A cheap clone.
#[derive(Clone)]
pub(crate) struct Playback(Arc<Shared>);

struct Shared {
    format: AudioFormat,
    read: Mutex<ReadAhead>,
    /// Locked before `read`, so that pieces come in order.
    file: Mutex<WavPlayer>,
    /// Who waits for the end.
    done: Mutex<Option<oneshot::Sender<Result<(), AudioError>>>>,
}

#[derive(Default)]
struct ReadAhead {
    chunks: VecDeque<Vec<i16>>,
    /// A media thread will read.
    is_scheduled: bool,
    end: Option<Result<(), AudioError>>,
}

/// What comes next of a file.
pub(crate) enum Next {
    /// 20 ms.
    Chunk(Vec<i16>),
    /// The disk is slow.
    Late,
    /// All of it was taken.
    End,
}

impl Playback {
    /// Opens the file and reads its beginning. The receiver is told when all was taken, or why
    /// not; an error of it means that the playback was dropped. Errors: as `WavPlayer::open`.
    pub(crate) fn open(
        path: &Path,
    ) -> Result<(Self, oneshot::Receiver<Result<(), AudioError>>), AudioError> {
        let player = WavPlayer::open(path, false)?;
        let (done, finished) = oneshot::channel();
        let playback = Self(Arc::new(Shared {
            format: player.format(),
            read: Mutex::new(ReadAhead::default()),
            file: Mutex::new(player),
            done: Mutex::new(Some(done)),
        }));
        playback.0.read_ahead();
        Ok((playback, finished))
    }

    pub(crate) fn format(&self) -> AudioFormat {
        self.0.format
    }

    /// Whether both are the same playback.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The next 20 ms. Never waits for the disk.
    pub(crate) fn next(&self) -> Next {
        let mut read = lock(&self.0.read);
        let chunk = read.chunks.pop_front();
        let wants_more = read.chunks.len() < PIECE_TICKS && read.end.is_none();
        if wants_more && !std::mem::replace(&mut read.is_scheduled, true) {
            drop(read);
            let shared = Arc::clone(&self.0);
            if run_on_media_thread(move || shared.read_ahead()).is_err() {
                // The next tick tries again.
                lock(&self.0.read).is_scheduled = false;
            }
            read = lock(&self.0.read);
        }
        match (chunk, &read.end) {
            (Some(chunk), _) => Next::Chunk(chunk),
            (None, Some(_)) => Next::End,
            (None, None) => Next::Late,
        }
    }

    /// Tells who waits that all of it was sent.
    pub(crate) fn finish(&self) {
        let end = lock(&self.0.read).end.take().unwrap_or(Ok(()));
        if let Some(done) = lock(&self.0.done).take() {
            let _ = done.send(end);
        }
    }
}

impl Shared {
    fn read_ahead(&self) {
        let mut file = lock(&self.file);
        let mut chunks = VecDeque::with_capacity(PIECE_TICKS);
        let end = loop {
            if chunks.len() == PIECE_TICKS {
                break None;
            }
            match file.next_chunk() {
                Ok(Some(chunk)) => chunks.push_back(chunk.samples.to_vec()),
                Ok(None) => break Some(Ok(())),
                Err(error) => break Some(Err(error)),
            }
        };
        let mut read = lock(&self.read);
        read.chunks.append(&mut chunks);
        read.end = end;
        read.is_scheduled = false;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is left half changed under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::wav::WavWriter;

    fn with_file(name: &str, samples: &[i16], test: impl FnOnce(&Path)) {
        let name = format!("sw-playback-{}-{name}.wav", std::process::id());
        let path = std::env::temp_dir().join(name);
        let writer = WavWriter::create(&path, AudioFormat::MONO_8K).unwrap();
        writer.write(samples).unwrap();
        writer.finish().unwrap();
        test(&path);
        let _ = std::fs::remove_file(&path);
    }

    /// All chunks, however late the disk is.
    fn all(playback: &Playback) -> Vec<i16> {
        let mut heard = Vec::new();
        loop {
            match playback.next() {
                Next::Chunk(chunk) => heard.extend(chunk),
                Next::Late => std::thread::yield_now(),
                Next::End => return heard,
            }
        }
    }

    #[test]
    fn a_file_comes_whole_and_in_order_and_its_end_is_told() {
        let samples: Vec<i16> = (0..20_000).collect();
        with_file("whole", &samples, |path| {
            let (playback, mut finished) = Playback::open(path).unwrap();
            let heard = all(&playback);
            assert_eq!(heard[..20_000], samples);
            assert!(heard[20_000..].iter().all(|&sample| sample == 0));
            assert!(finished.try_recv().is_err(), "it is not sent yet");
            playback.finish();
            assert!(matches!(finished.try_recv(), Ok(Ok(()))));
        });
    }

    #[test]
    fn a_file_that_is_cut_short_ends_with_an_error() {
        with_file("short", &[5; 8_000], |path| {
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(4_000).unwrap();
            let (playback, mut finished) = Playback::open(path).unwrap();
            all(&playback);
            playback.finish();
            assert!(matches!(finished.try_recv(), Ok(Err(AudioError::Wav { .. }))));
        });
    }

    #[test]
    fn a_dropped_playback_is_noticed() {
        with_file("dropped", &[5; 800], |path| {
            let (playback, mut finished) = Playback::open(path).unwrap();
            drop(playback);
            assert!(matches!(finished.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
        });
    }
}
