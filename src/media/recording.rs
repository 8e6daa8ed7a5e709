//! Recording a call to a file without waking a thread for each frame.
//!
//! The media task only collects samples; every half second a media thread writes them, since a disk
//! may block. Whoever finishes the recording writes the rest.

mod ogg;
mod sides;

use super::frame::{AudioError, AudioFormat, AudioFrame};
use super::resample::TickResampler;
use super::sink::{run_on_media_thread, AudioSink};
use super::wav::WavWriter;
use crate::config::{RecordFormat, RecordOptions, RecordSide};
use ogg::OggOpus;
use sides::Sides;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pieces that are written per second.
const PIECES_PER_SECOND: usize = 2;
/// Seconds of audio that wait for a slow disk; for more there is silence, and it is said at the end.
const MAX_WAITING_SECONDS: usize = 10;

/// A recording. A cheap clone. It takes both sides of the call; those that it does not want cost it
/// nothing.
#[derive(Clone)]
pub(crate) struct Recording(Arc<Shared>);

struct Shared {
    path: PathBuf,
    side: RecordSide,
    /// Of the file.
    format: AudioFormat,
    collected: Mutex<Collected>,
    file: Mutex<Output>,
}

struct Collected {
    sides: Sides,
    converter: Option<TickResampler>,
    samples: Vec<i16>,
    /// For one tick.
    tick: Vec<i16>,
    /// Samples that did not find room behind `samples`, and all of them so far.
    gap: u64,
    lost_samples: u64,
    /// A media thread will write.
    is_scheduled: bool,
    is_over: bool,
}

/// Locked before `collected`, so that pieces are written in order.
struct Output {
    writer: Writer,
    /// What is being written; changes places with what is collected, so nothing is copied.
    piece: Vec<i16>,
    failure: Option<String>,
}

enum Writer {
    Wav(WavWriter),
    Ogg(Box<OggOpus>),
    Finished,
}

impl Recording {
    /// Creates the file, or empties one that exists. The format is that of the options, but for one
    /// received side, which may have two channels.
    ///
    /// Errors: `InvalidFormat`, `Wav`, `Recording`.
    pub(crate) fn create(
        path: &Path,
        options: &RecordOptions,
        format: AudioFormat,
    ) -> Result<Self, AudioError> {
        let failed = |error: &io::Error| recording_error(path, &said(error));
        // First, since it says best why it cannot be.
        let file = std::fs::File::create(path).map_err(|error| failed(&error))?;
        let writer = match options.format {
            RecordFormat::Wav => Writer::Wav(WavWriter::create(path, format)?),
            RecordFormat::OggOpus => {
                let bitrate = match options.opus_bitrate_bps {
                    0 => 32_000 * format.channels,
                    chosen => chosen,
                };
                let ogg = OggOpus::new(file, format.channels, bitrate);
                Writer::Ogg(Box::new(ogg.map_err(|error| failed(&error))?))
            }
        };
        let collected = Collected {
            sides: Sides::new(options.side),
            converter: None,
            samples: Vec::new(),
            tick: Vec::new(),
            gap: 0,
            lost_samples: 0,
            is_scheduled: false,
            is_over: false,
        };
        Ok(Self(Arc::new(Shared {
            path: path.to_owned(),
            side: options.side,
            format,
            collected: Mutex::new(collected),
            file: Mutex::new(Output { writer, piece: Vec::new(), failure: None }),
        })))
    }

    /// Whether this is the same recording.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The format in which the received side is taken.
    pub(crate) fn received_format(&self) -> AudioFormat {
        match self.0.side {
            RecordSide::Received => self.0.format,
            _ => AudioFormat::new(self.0.format.sample_rate_hz, 1),
        }
    }

    /// Milliseconds that are silent because the disk was too slow.
    pub(crate) fn lost_ms(&self) -> u64 {
        let lost = lock(&self.0.collected).lost_samples;
        lost * 1000 / self.0.samples_per_second().max(1) as u64
    }

    /// Takes what is sent in a tick, before what is received in it.
    pub(crate) fn sent(&self, frame: &AudioFrame<'_>) {
        if self.0.side == RecordSide::Received {
            return;
        }
        let to = AudioFormat::new(self.0.format.sample_rate_hz, 1);
        self.collect(|collected| {
            let Collected { sides, converter, tick, .. } = collected;
            let fits = converter.as_ref().is_some_and(|c| c.source_format() == frame.format);
            if !fits {
                *converter = TickResampler::new(frame.format, to).ok();
            }
            match converter {
                Some(converter) => sides.sent(converter.tick(frame.samples), tick),
                // No such pair of formats: the time passes.
                None => sides.sent(&vec![0; to.samples_per_20ms()], tick),
            }
        });
    }

    /// Writes the rest and completes the file. A second call does nothing.
    ///
    /// Error: `Recording`, the first error of any write, or that the disk was too slow.
    pub(crate) fn finish(&self) -> Result<(), AudioError> {
        self.collect(|collected| {
            let Collected { sides, tick, .. } = collected;
            sides.finish(tick);
        });
        lock(&self.0.collected).is_over = true;
        let mut file = lock(&self.0.file);
        self.0.write_to(&mut file);
        let finished = match std::mem::replace(&mut file.writer, Writer::Finished) {
            Writer::Wav(writer) => writer.finish().map_err(|error| error.to_string()),
            Writer::Ogg(writer) => writer.finish().map_err(|error| said(&error)),
            Writer::Finished => Ok(()),
        };
        file.note(finished);
        if let Some(failure) = &file.failure {
            return Err(recording_error(&self.0.path, failure));
        }
        match self.lost_ms() {
            0 => Ok(()),
            lost => {
                let seconds = lost as f64 / 1000.0;
                let reason = format!(
                    "{seconds:.1} s are missing; the disk was too slow, record to another one"
                );
                Err(recording_error(&self.0.path, &reason))
            }
        }
    }

    /// Finishes on a media thread, for a call that is over.
    pub(crate) fn finish_soon(&self) {
        let this = self.clone();
        let finish = move || {
            if let Err(error) = this.finish() {
                tracing::warn!(%error, "a recording is not complete");
            }
        };
        if let Err(error) = run_on_media_thread(finish) {
            tracing::debug!(%error, "a recording is left to its owner");
        }
    }

    fn collect(&self, take: impl FnOnce(&mut Collected)) {
        let mut collected = lock(&self.0.collected);
        if collected.is_over {
            return;
        }
        collected.tick.clear();
        take(&mut collected);
        let per_second = self.0.samples_per_second();
        let waiting = collected.samples.len() + collected.tick.len();
        // Behind a gap nothing may come before it was written.
        if waiting > MAX_WAITING_SECONDS * per_second || collected.gap > 0 {
            let lost = collected.tick.len() as u64;
            collected.gap += lost;
            collected.lost_samples += lost;
        } else {
            let Collected { samples, tick, .. } = &mut *collected;
            samples.extend_from_slice(tick);
        }
        let is_piece = waiting >= per_second / PIECES_PER_SECOND;
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

impl Shared {
    fn samples_per_second(&self) -> usize {
        self.format.sample_rate_hz as usize * self.format.channels as usize
    }

    fn write(&self) {
        self.write_to(&mut lock(&self.file));
    }

    fn write_to(&self, file: &mut Output) {
        file.piece.clear();
        let mut collected = lock(&self.collected);
        std::mem::swap(&mut collected.samples, &mut file.piece);
        let mut gap = std::mem::take(&mut collected.gap);
        collected.is_scheduled = false;
        drop(collected);
        let piece = std::mem::take(&mut file.piece);
        let mut result = file.append(&piece);
        file.piece = piece;
        // What was lost is silent, so that what comes after it is at its time.
        let silence = vec![0; gap.min(self.samples_per_second() as u64) as usize];
        while gap > 0 && result.is_ok() {
            let part = gap.min(silence.len() as u64);
            result = file.append(&silence[..part as usize]);
            gap -= part;
        }
        file.note(result);
        let synced = file.sync();
        file.note(synced);
    }
}

impl Output {
    /// Keeps the first failure for the end.
    fn note(&mut self, result: Result<(), String>) {
        if let (Err(reason), None) = (result, &self.failure) {
            tracing::debug!(reason, "a recording goes on without its file");
            self.failure = Some(reason);
        }
    }

    fn append(&mut self, samples: &[i16]) -> Result<(), String> {
        if self.failure.is_some() {
            return Ok(());
        }
        match &mut self.writer {
            Writer::Wav(writer) => writer.write(samples).map_err(|error| error.to_string()),
            Writer::Ogg(writer) => writer.write(samples).map_err(|error| said(&error)),
            Writer::Finished => Ok(()),
        }
    }

    /// Makes the file valid as it is.
    fn sync(&mut self) -> Result<(), String> {
        if self.failure.is_some() {
            return Ok(());
        }
        match &mut self.writer {
            Writer::Wav(writer) => writer.sync().map_err(|error| error.to_string()),
            Writer::Ogg(writer) => writer.sync().map_err(|error| said(&error)),
            Writer::Finished => Ok(()),
        }
    }
}

impl AudioSink for Recording {
    /// Takes what was received.
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        self.collect(|collected| {
            let Collected { sides, tick, .. } = collected;
            sides.received(frame.samples, tick);
        });
    }
}

fn recording_error(path: &Path, reason: &str) -> AudioError {
    AudioError::Recording { path: path.display().to_string(), reason: reason.to_owned() }
}

/// What failed and what to do.
pub(super) fn said(error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; the disk is full: make room and record again"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; it may not be written: choose another folder"
        }
        io::ErrorKind::NotFound => "; the folder does not exist: make it first",
        io::ErrorKind::IsADirectory => "; it is a folder: name a file",
        _ => "",
    };
    format!("{error}{advice}")
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

    fn received(path: &Path) -> Result<Recording, AudioError> {
        let options = RecordOptions { sample_rate_hz: 8_000, ..RecordOptions::default() };
        Recording::create(path, &options, AudioFormat::MONO_8K)
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
            let recording = received(&file.0).unwrap();
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
        let recording = received(&file.0).unwrap();
        let disk = lock(&recording.0.file);
        for _ in 0..(MAX_WAITING_SECONDS + 1) * 50 {
            recording.on_frame(&frame(&[1; 160]));
        }
        drop(disk);
        let error = recording.finish().unwrap_err().to_string();
        assert!(error.contains("1.0 s are missing"), "{error}");
        assert_eq!(recording.lost_ms(), 1_000);
        // The time of what is missing is silent.
        let samples = read_wav(&file.0).unwrap().1;
        assert_eq!(samples.len(), (MAX_WAITING_SECONDS + 1) * 8_000);
        let (kept, lost) = samples.split_at(MAX_WAITING_SECONDS * 8_000);
        assert!(kept.iter().all(|s| *s == 1) && lost.iter().all(|s| *s == 0));
    }

    /// A device that is always full.
    #[cfg(target_os = "linux")]
    #[test]
    fn write_errors_are_reported() {
        let Ok(recording) = received(Path::new("/dev/full")) else {
            return;
        };
        for _ in 0..100 {
            recording.on_frame(&frame(&[1; 160]));
        }
        let error = recording.finish().unwrap_err().to_string();
        assert!(error.contains("the disk is full"), "{error}");
    }

    #[test]
    fn files_that_cannot_be_made_say_why() {
        for (path, why) in [
            ("/no/such/folder/call.wav", "the folder does not exist: make it first"),
            ("/", "it is a folder: name a file"),
        ] {
            let error = received(Path::new(path)).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|error| error.contains(why)), "{error:?}");
        }
    }

    /// What was written is there for whoever opens the file while the recording goes on.
    #[test]
    fn a_file_is_valid_before_its_end() {
        for format in [RecordFormat::Wav, RecordFormat::OggOpus] {
            let file = TempFile::new(&format!("{format:?}-unfinished"));
            let options = RecordOptions { format, side: RecordSide::Both, ..Default::default() };
            let recording = Recording::create(&file.0, &options, AudioFormat::STEREO_48K).unwrap();
            for _ in 0..50 {
                let format = AudioFormat::MONO_48K;
                let samples = &[9; 960];
                let frame = AudioFrame { samples, format, timestamp_us: 0, is_concealed: false };
                recording.sent(&frame);
                recording.on_frame(&frame);
            }
            recording.0.write();
            match format {
                RecordFormat::Wav => {
                    let (format, samples) = read_wav(&file.0).unwrap();
                    assert_eq!((format, samples.len()), (AudioFormat::STEREO_48K, 96_000));
                }
                RecordFormat::OggOpus => {
                    let (_, samples, granule) = read_ogg(&file.0);
                    assert_eq!((samples, granule), (48_000, 48_000));
                }
            }
            recording.finish().unwrap();
            let _ = recording.finish();
        }
    }

    /// Channels, samples per channel as the packets have them, and the last granule position.
    fn read_ogg(path: &Path) -> (u8, usize, u64) {
        let mut pages = ::ogg::PacketReader::new(std::fs::File::open(path).unwrap());
        let head = pages.read_packet_expected().unwrap().data;
        assert_eq!(&head[..9], b"OpusHead\x01");
        let tags = pages.read_packet_expected().unwrap().data;
        assert_eq!(&tags[..8], b"OpusTags");
        let (mut samples, mut granule) = (0, 0);
        while let Some(packet) = pages.read_packet().unwrap() {
            samples += opus::packet::get_nb_samples(&packet.data, 48_000).unwrap();
            granule = packet.absgp_page();
        }
        (head[9], samples, granule)
    }

    #[test]
    fn an_ogg_file_is_as_long_as_what_was_recorded() {
        for (frames, rest) in [(0, 0), (1, 0), (25, 0), (26, 0), (130, 480)] {
            let file = TempFile::new(&format!("ogg-{frames}"));
            let options = RecordOptions { format: RecordFormat::OggOpus, ..Default::default() };
            let recording = Recording::create(&file.0, &options, AudioFormat::MONO_48K).unwrap();
            let frame = |samples| {
                let format = AudioFormat::MONO_48K;
                recording.on_frame(&AudioFrame {
                    samples,
                    format,
                    timestamp_us: 0,
                    is_concealed: false,
                });
            };
            (0..frames).for_each(|_| frame(&[1_000; 960]));
            if rest > 0 {
                frame(&vec![1_000; rest]);
            }
            recording.finish().unwrap();
            let (channels, samples, granule) = read_ogg(&file.0);
            let pre_skip = 312;
            assert_eq!(channels, 1);
            assert_eq!(granule as usize, pre_skip + frames * 960 + rest, "{frames}");
            assert!(samples >= granule as usize && samples < granule as usize + 960, "{samples}");
        }
    }
}
