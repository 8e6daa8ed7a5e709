//! WAV files: reading as 16-bit PCM, writing, and playing at the call's pace.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hound::{SampleFormat, WavSpec};

use super::frame::{AudioError, AudioFormat};

/// The largest file that [`read_wav`] loads, in bytes of 16-bit PCM (about 11 minutes at 48 kHz).
#[allow(dead_code, reason = "only `read_wav` needs it")]
pub const MAX_LOADED_BYTES: u64 = 64 * 1024 * 1024;

/// The most bytes of samples in one file, with room for the header.
const MAX_DATA_BYTES: u64 = u32::MAX as u64 - 1024;

/// Samples written at once.
const MAX_BLOCK: usize = 16_384;

fn wav_error(path: &Path, reason: impl std::fmt::Display) -> AudioError {
    AudioError::Wav { path: path.display().to_string(), reason: reason.to_string() }
}

/// Reads a WAV file as 16-bit PCM, whatever is in it: 8, 16, 24 or 32 bit integer, 32 bit float.
///
/// More than two channels are mixed down to mono. Memory use does not depend on the file's size.
pub struct WavReader {
    path: PathBuf,
    source: Source,
    format: AudioFormat,
    total_frames: u64,
}

enum Source {
    Plain(Plain),
    Converted(Converted),
}

impl WavReader {
    /// Opens a file and reads its header.
    ///
    /// Errors: `Wav` when it cannot be read, is no WAV file or has a rate outside of 8000 to
    /// 192000 Hz.
    pub fn open(path: impl AsRef<Path>) -> Result<WavReader, AudioError> {
        let path = path.as_ref();
        let inner = hound::WavReader::open(path).map_err(|error| wav_error(path, error))?;
        let spec = inner.spec();
        if spec.channels == 0 {
            return Err(wav_error(path, "the file has no channels; record it again"));
        }
        let channels = if spec.channels == 2 { 2 } else { 1 };
        let format = AudioFormat::new(spec.sample_rate, channels);
        format.validate().map_err(|error| wav_error(path, error))?;
        let total_frames = u64::from(inner.duration());
        let source = match Plain::open(path).map_err(|error| wav_error(path, error))? {
            Some(plain) => Source::Plain(plain),
            None => {
                let frame = Vec::with_capacity(usize::from(spec.channels));
                Source::Converted(Converted { inner, spec, frame })
            }
        };
        Ok(WavReader { path: path.to_owned(), source, format, total_frames })
    }

    /// The format in which samples are returned.
    pub fn format(&self) -> AudioFormat {
        self.format
    }

    /// Sample frames per channel in the whole file, as its header says.
    #[allow(dead_code, reason = "only `read_wav` needs it")]
    pub fn total_frames(&self) -> u64 {
        self.total_frames
    }

    /// Appends up to `frames` sample frames to `out`; returns how many, 0 at the end of the file.
    ///
    /// Error: `Wav` when the file is damaged; what was read before it is in `out`.
    pub fn read(&mut self, frames: usize, out: &mut Vec<i16>) -> Result<usize, AudioError> {
        match &mut self.source {
            Source::Plain(plain) => {
                plain.read(frames, out).map_err(|error| wav_error(&self.path, error))
            }
            Source::Converted(converted) => {
                converted.read(frames, out).map_err(|error| wav_error(&self.path, error))
            }
        }
    }

    /// Goes back to the beginning. Error: `Wav`.
    pub fn rewind(&mut self) -> Result<(), AudioError> {
        let result = match &mut self.source {
            Source::Plain(plain) => plain.rewind(),
            Source::Converted(converted) => converted.inner.seek(0),
        };
        result.map_err(|error| wav_error(&self.path, error))
    }
}

/// The usual file, 16-bit with one or two channels: its bytes are the samples, so they are taken
/// in blocks, which costs a small part of taking them one by one.
struct Plain {
    file: BufReader<File>,
    /// Where the samples begin in the file.
    start: u64,
    total_bytes: u64,
    left_bytes: u64,
    frame_bytes: usize,
    block: Vec<u8>,
}

impl Plain {
    /// None for a file of another kind.
    fn open(path: &Path) -> hound::Result<Option<Self>> {
        let mut reader = hound::WavReader::open(path)?;
        let spec = reader.spec();
        let is_16_bit = spec.sample_format == SampleFormat::Int && spec.bits_per_sample == 16;
        // 16 bits may lie in wider fields, which is only seen at a sample.
        let is_plain = is_16_bit
            && spec.channels <= 2
            && reader.samples::<i16>().next().is_some_and(|sample| sample.is_ok());
        if !is_plain {
            return Ok(None);
        }
        let frame_bytes = 2 * usize::from(spec.channels);
        let total_bytes = u64::from(reader.duration()) * frame_bytes as u64;
        let mut file = reader.into_inner();
        let start = file.stream_position()? - 2;
        file.seek(SeekFrom::Start(start))?;
        let left_bytes = total_bytes;
        Ok(Some(Plain { file, start, total_bytes, left_bytes, frame_bytes, block: Vec::new() }))
    }

    fn read(&mut self, frames: usize, out: &mut Vec<i16>) -> std::io::Result<usize> {
        let limit = (frames as u64).saturating_mul(self.frame_bytes as u64).min(self.left_bytes);
        self.block.clear();
        let got = self.file.by_ref().take(limit).read_to_end(&mut self.block)?;
        self.left_bytes -= got as u64;
        let whole = got - got % self.frame_bytes;
        let samples = self.block[..whole].chunks_exact(2);
        out.extend(samples.map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])));
        if (got as u64) < limit {
            return Err(std::io::Error::new(
                std::io::ErrorKind::UnexpectedEof,
                "the file is shorter than its header says",
            ));
        }
        Ok(whole / self.frame_bytes)
    }

    fn rewind(&mut self) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(self.start))?;
        self.left_bytes = self.total_bytes;
        Ok(())
    }
}

/// Any other file: each sample is converted, and many channels become one.
struct Converted {
    inner: hound::WavReader<BufReader<File>>,
    spec: WavSpec,
    /// One sample frame with all the file's channels.
    frame: Vec<i16>,
}

impl Converted {
    fn read(&mut self, frames: usize, out: &mut Vec<i16>) -> hound::Result<usize> {
        for done in 0..frames {
            if !self.read_frame()? {
                return Ok(done);
            }
            if self.frame.len() <= 2 {
                out.extend_from_slice(&self.frame);
            } else {
                let sum: i64 = self.frame.iter().map(|&s| i64::from(s)).sum();
                out.push((sum / self.frame.len() as i64) as i16);
            }
        }
        Ok(frames)
    }

    /// Reads one sample frame; false at the end. Half a frame at the end is left out.
    fn read_frame(&mut self) -> hound::Result<bool> {
        self.frame.clear();
        let spec = self.spec;
        match spec.sample_format {
            SampleFormat::Float => take(
                self.inner.samples::<f32>(),
                spec.channels,
                |s| (s * 32_768.0).round() as i16,
                &mut self.frame,
            ),
            SampleFormat::Int => take(
                self.inner.samples::<i32>(),
                spec.channels,
                |s| to_16_bit(s, spec.bits_per_sample),
                &mut self.frame,
            ),
        }
    }
}

fn take<S>(
    samples: impl Iterator<Item = hound::Result<S>>,
    channels: u16,
    convert: impl Fn(S) -> i16,
    frame: &mut Vec<i16>,
) -> hound::Result<bool> {
    for sample in samples.take(usize::from(channels)) {
        frame.push(convert(sample?));
    }
    Ok(frame.len() == usize::from(channels))
}

fn to_16_bit(sample: i32, bits: u16) -> i16 {
    let scaled = match bits {
        0..=15 => sample << (16 - bits),
        _ => sample >> (bits - 16).min(16),
    };
    scaled.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// Loads a whole WAV file; for long files use [`WavPlayer`].
///
/// Errors: as [`WavReader::open`] and [`WavReader::read`]; `Wav` for more than 64 MiB of PCM.
#[allow(dead_code, reason = "for short sounds that are kept in memory")]
pub fn read_wav(path: impl AsRef<Path>) -> Result<(AudioFormat, Vec<i16>), AudioError> {
    let path = path.as_ref();
    let mut reader = WavReader::open(path)?;
    let format = reader.format();
    let too_long = || {
        let limit = MAX_LOADED_BYTES / (1024 * 1024);
        wav_error(path, format!("more than {limit} MiB of PCM; stream it with WavPlayer instead"))
    };
    let max_frames = MAX_LOADED_BYTES / 2 / u64::from(format.channels);
    if reader.total_frames() > max_frames {
        return Err(too_long());
    }
    // The header's length is bounded now, but the file may be shorter: let the vector grow.
    let mut samples = Vec::new();
    while reader.read(4096, &mut samples)? > 0 {}
    Ok((format, samples))
}

/// Gives a WAV file in chunks of 20 ms.
pub struct WavPlayer {
    reader: WavReader,
    is_looping: bool,
    chunk: Vec<i16>,
    played_frames: u64,
    /// The silent chunk behind the end was given.
    has_drained: bool,
    is_finished: bool,
}

/// 20 ms of a file, borrowed until the next one.
#[derive(Clone, Copy, Debug)]
pub struct WavChunk<'a> {
    /// Interleaved samples in the player's format.
    pub samples: &'a [i16],
}

impl WavPlayer {
    /// Opens a file to be played once, or over and over. Errors: as [`WavReader::open`].
    pub fn open(path: impl AsRef<Path>, is_looping: bool) -> Result<WavPlayer, AudioError> {
        Ok(WavPlayer {
            reader: WavReader::open(path)?,
            is_looping,
            chunk: Vec::new(),
            played_frames: 0,
            has_drained: false,
            is_finished: false,
        })
    }

    /// The format of the chunks.
    pub fn format(&self) -> AudioFormat {
        self.reader.format()
    }

    /// Milliseconds given out so far, over all rounds.
    #[allow(dead_code, reason = "part of the player, whatever the interfaces use of it")]
    pub fn position_ms(&self) -> u64 {
        self.played_frames * 1000 / u64::from(self.format().sample_rate_hz)
    }

    /// The next 20 ms; none at the end.
    ///
    /// The last chunk is filled up with silence and one of silence follows, so that converters on
    /// the way give out all of the file. Error: `Wav`; then the player has ended.
    pub fn next_chunk(&mut self) -> Result<Option<WavChunk<'_>>, AudioError> {
        if self.is_finished {
            return Ok(None);
        }
        self.chunk.clear();
        // Assume the end, so that an error below leaves the player ended.
        self.is_finished = true;
        let wanted = self.format().samples_per_20ms();
        let mut got = self.reader.read(wanted, &mut self.chunk)?;
        while got < wanted && self.is_looping {
            self.reader.rewind()?;
            let more = self.reader.read(wanted - got, &mut self.chunk)?;
            if more == 0 {
                break;
            }
            got += more;
        }
        if got == 0 && (self.has_drained || self.played_frames == 0) {
            return Ok(None);
        }
        self.has_drained = got == 0;
        self.chunk.resize(wanted * self.format().channels as usize, 0);
        self.is_finished = false;
        self.played_frames += got as u64;
        Ok(Some(WavChunk { samples: &self.chunk }))
    }
}

/// Writes a 16-bit WAV file.
///
/// Writing is buffered; the header is completed by [`WavWriter::finish`], or when the last handle
/// is dropped. After a write error nothing more is written and `finish` returns the error.
pub struct WavWriter {
    path: PathBuf,
    format: AudioFormat,
    state: Mutex<WriterState>,
}

enum WriterState {
    Open(hound::WavWriter<BufWriter<File>>),
    Failed(String),
    Finished,
}

impl WavWriter {
    /// Creates the file, or empties one that exists. Errors: `InvalidFormat`, `Wav`.
    pub fn create(path: impl AsRef<Path>, format: AudioFormat) -> Result<WavWriter, AudioError> {
        format.validate()?;
        let path = path.as_ref();
        let spec = WavSpec {
            channels: format.channels as u16,
            sample_rate: format.sample_rate_hz,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let writer = hound::WavWriter::create(path, spec).map_err(|e| wav_error(path, e))?;
        let state = Mutex::new(WriterState::Open(writer));
        Ok(WavWriter { path: path.to_owned(), format, state })
    }

    /// Appends whole sample frames of interleaved PCM. After `finish` it does nothing.
    ///
    /// Errors: `InvalidSamples`; `Wav` when writing fails or failed before.
    pub fn write(&self, samples: &[i16]) -> Result<(), AudioError> {
        if samples.is_empty() {
            return Ok(());
        }
        self.format.validate_samples(samples)?;
        let mut state = self.state();
        let WriterState::Open(writer) = &mut *state else {
            return self.status(&state);
        };
        // Its header counts bytes in 32 bits.
        if u64::from(writer.len()) * 2 + samples.len() as u64 * 2 > MAX_DATA_BYTES {
            let text = "a WAV file holds 4 GB at most; begin another one, or record to Ogg";
            *state = WriterState::Failed(text.to_owned());
        } else if let Err(error) = write_block(writer, samples) {
            *state = WriterState::Failed(reason(error));
        }
        self.status(&state)
    }

    /// Brings the header and everything written to the file: it is valid as it is.
    ///
    /// Error: `Wav`, the first error of any write.
    pub(super) fn sync(&self) -> Result<(), AudioError> {
        let mut state = self.state();
        if let WriterState::Open(writer) = &mut *state {
            if let Err(error) = writer.flush() {
                *state = WriterState::Failed(reason(error));
            }
        }
        self.status(&state)
    }

    /// Completes the header and closes the file. A second call does nothing.
    ///
    /// Error: `Wav`, the first error of any write; the file may be cut short then.
    pub fn finish(&self) -> Result<(), AudioError> {
        let mut state = self.state();
        self.status(&state)?;
        if let WriterState::Open(writer) = std::mem::replace(&mut *state, WriterState::Finished) {
            if let Err(error) = writer.finalize() {
                *state = WriterState::Failed(reason(error));
            }
        }
        self.status(&state)
    }

    fn state(&self) -> MutexGuard<'_, WriterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self, state: &WriterState) -> Result<(), AudioError> {
        match state {
            WriterState::Failed(reason) => Err(wav_error(&self.path, reason)),
            _ => Ok(()),
        }
    }
}

/// What failed and what to do.
fn reason(error: hound::Error) -> String {
    match error {
        hound::Error::IoError(error) => super::recording::said(&error),
        other => other.to_string(),
    }
}

/// All samples at once: one by one costs several times as much.
fn write_block(
    writer: &mut hound::WavWriter<BufWriter<File>>,
    samples: &[i16],
) -> hound::Result<()> {
    for block in samples.chunks(MAX_BLOCK) {
        let mut block_writer = writer.get_i16_writer(block.len() as u32);
        block.iter().for_each(|&sample| block_writer.write_sample(sample));
        block_writer.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in the temporary directory that is removed at the end.
    struct TempFile(PathBuf);

    impl TempFile {
        fn new(name: &str) -> Self {
            let name = format!("sw-wav-{}-{name}.wav", std::process::id());
            TempFile(std::env::temp_dir().join(name))
        }
    }

    impl Drop for TempFile {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn write_ints(file: &TempFile, rate: u32, channels: u16, bits: u16, samples: &[i32]) {
        let spec = WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: bits,
            sample_format: SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&file.0, spec).unwrap();
        samples.iter().for_each(|&s| writer.write_sample(s).unwrap());
        writer.finalize().unwrap();
    }

    #[test]
    fn every_width_becomes_16_bit() {
        let cases: [(u16, &[i32], &[i16]); 4] = [
            (8, &[0, 127, -128], &[0, 32_512, -32_768]),
            (16, &[0, 32_767, -32_768], &[0, 32_767, -32_768]),
            (24, &[0, 8_388_607, -8_388_608], &[0, 32_767, -32_768]),
            (32, &[0, i32::MAX, i32::MIN], &[0, 32_767, -32_768]),
        ];
        for (bits, input, wanted) in cases {
            let file = TempFile::new(&format!("int{bits}"));
            write_ints(&file, 16_000, 1, bits, input);
            assert_eq!(read_wav(&file.0).unwrap(), (AudioFormat::MONO_16K, wanted.to_vec()));
        }
        let file = TempFile::new("float");
        let spec = WavSpec {
            channels: 2,
            sample_rate: 44_100,
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
        };
        let mut writer = hound::WavWriter::create(&file.0, spec).unwrap();
        [0.0, 0.5, 2.0, -2.0].iter().for_each(|&s: &f32| writer.write_sample(s).unwrap());
        writer.finalize().unwrap();
        let (format, samples) = read_wav(&file.0).unwrap();
        assert_eq!(format, AudioFormat::new(44_100, 2));
        assert_eq!(samples, [0, 16_384, 32_767, -32_768]);
    }

    #[test]
    fn many_channels_are_mixed_to_mono() {
        let file = TempFile::new("surround");
        write_ints(&file, 48_000, 6, 16, &[60, 0, 0, 0, 0, 0, -6, -6, -6, -6, -6, -6]);
        assert_eq!(read_wav(&file.0).unwrap(), (AudioFormat::MONO_48K, vec![10, -6]));
    }

    #[test]
    fn errors_name_the_file_and_the_cure() {
        let missing = read_wav("no/such/file.wav").unwrap_err().to_string();
        assert!(missing.contains("no/such/file.wav"), "{missing}");
        let junk = TempFile::new("junk");
        std::fs::write(&junk.0, b"this is no wave file at all").unwrap();
        assert!(matches!(read_wav(&junk.0), Err(AudioError::Wav { .. })));
        let slow = TempFile::new("slow");
        write_ints(&slow, 4_000, 1, 16, &[1]);
        let text = read_wav(&slow.0).unwrap_err().to_string();
        assert!(text.contains("between 8000 and 192000; got 4000"), "{text}");
        let long = TempFile::new("long");
        write_ints(&long, 8_000, 1, 16, &[1]);
        let mut bytes = std::fs::read(&long.0).unwrap();
        // The length of the data chunk is the last field of the header.
        let at = bytes.len() - 2 - 4;
        bytes[at..at + 4].copy_from_slice(&(65u32 << 20).to_le_bytes());
        std::fs::write(&long.0, bytes).unwrap();
        let text = read_wav(&long.0).unwrap_err().to_string();
        assert!(text.contains("64 MiB") && text.contains("WavPlayer"), "{text}");
    }

    #[test]
    fn player_gives_20_ms_and_ends_or_loops() {
        let file = TempFile::new("player");
        let samples: Vec<i32> = (0..400).collect();
        write_ints(&file, 8_000, 1, 16, &samples);
        let mut player = WavPlayer::open(&file.0, false).unwrap();
        let mut heard = Vec::new();
        while let Some(chunk) = player.next_chunk().unwrap() {
            assert_eq!(chunk.samples.len(), 160);
            heard.extend_from_slice(chunk.samples);
        }
        assert_eq!(heard.len(), 640, "50 ms filled up to 60, and 20 of silence");
        assert!(heard[..400].iter().enumerate().all(|(i, &s)| s as usize == i));
        assert!(heard[400..].iter().all(|&s| s == 0));
        assert!(player.is_finished && player.next_chunk().unwrap().is_none());
        assert_eq!(player.position_ms(), 50);
        let mut player = WavPlayer::open(&file.0, true).unwrap();
        let mut heard = Vec::new();
        for _ in 0..10 {
            heard.extend_from_slice(player.next_chunk().unwrap().unwrap().samples);
        }
        assert!(heard.iter().enumerate().all(|(i, &s)| s as usize == i % 400));
        let empty = TempFile::new("empty");
        write_ints(&empty, 8_000, 1, 16, &[]);
        assert!(WavPlayer::open(&empty.0, true).unwrap().next_chunk().unwrap().is_none());
    }

    #[test]
    fn files_are_complete_when_finished_or_dropped() {
        for is_finished in [true, false] {
            let file = TempFile::new(&format!("write{is_finished}"));
            let writer = WavWriter::create(&file.0, AudioFormat::STEREO_48K).unwrap();
            for i in 0..5 {
                writer.write(&[i; 19_200]).unwrap();
            }
            if is_finished {
                writer.finish().unwrap();
                writer.finish().unwrap();
                writer.write(&[9; 1920]).unwrap();
            }
            drop(writer);
            let (format, samples) = read_wav(&file.0).unwrap();
            assert_eq!((format, samples.len()), (AudioFormat::STEREO_48K, 96_000));
            assert_eq!(samples[95_999], 4);
        }
    }

    #[test]
    fn what_cannot_be_created_is_an_error() {
        let file = TempFile::new("wrong");
        assert!(WavWriter::create("no/such/dir/x.wav", AudioFormat::MONO_8K).is_err());
        assert!(WavWriter::create(&file.0, AudioFormat::new(1, 1)).is_err());
    }

    #[test]
    fn a_file_that_is_cut_short_is_an_error_after_what_is_there() {
        let file = TempFile::new("short");
        write_ints(&file, 8_000, 1, 16, &[7; 400]);
        let whole = std::fs::metadata(&file.0).unwrap().len();
        let options = std::fs::OpenOptions::new().write(true).open(&file.0).unwrap();
        options.set_len(whole - 401).unwrap();
        let mut reader = WavReader::open(&file.0).unwrap();
        let mut heard = Vec::new();
        assert_eq!(reader.read(100, &mut heard).unwrap(), 100);
        assert!(reader.read(300, &mut heard).is_err());
        assert_eq!(heard, [7; 199]);
    }
}
