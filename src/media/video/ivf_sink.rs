//! A sink that writes the received frames, as they are, into an IVF file.

use super::ivf::{file_header, frame_header, FRAMES_AT};
use super::port::VideoSink;
use super::{EncodedVideoFrame, VideoCodec};
use crate::error::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Writes the frames that it gets into an IVF file, with their times; give it to
/// [`Call::add_video_sink`](crate::Call::add_video_sink). Nothing is decoded.
///
/// The header has the codec and size of the first frame; frames of another codec, which may come after
/// a change of the call's media, are left out. It is written on the media thread that delivers: a disk
/// that is too slow loses frames, up to a key frame, never the call. What comes after
/// [`IvfSink::finish`] is ignored.
pub struct IvfSink(Mutex<Writing<BufWriter<File>>>);

struct Writing<W> {
    target: Option<W>,
    codec: Option<VideoCodec>,
    frames: u32,
    failure: Option<Error>,
}

impl IvfSink {
    /// Makes the file, or makes it empty. Errors: `Media` when the file cannot be made.
    pub fn create(path: impl AsRef<Path>) -> Result<Arc<Self>> {
        let path = path.as_ref();
        let file = File::create(path)
            .map_err(|error| Error::media(format!("{} cannot be made: {error}", path.display())))?;
        Ok(Arc::new(Self(Mutex::new(Writing::new(BufWriter::new(file))))))
    }

    /// Completes the file and gives the number of its frames. A second call says the same.
    ///
    /// Errors: `Media` if something could not be written, such as on a full disk. The file of a call
    /// that had no video is empty.
    pub fn finish(&self) -> Result<u32> {
        lock(&self.0).finish()
    }
}

impl VideoSink for IvfSink {
    fn on_frame(&self, frame: &EncodedVideoFrame) {
        lock(&self.0).take(frame);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Write + Seek> Writing<W> {
    fn new(target: W) -> Self {
        Self { target: Some(target), codec: None, frames: 0, failure: None }
    }

    fn take(&mut self, frame: &EncodedVideoFrame) {
        let Some(target) = &mut self.target else { return };
        let is_first = self.codec.is_none();
        if *self.codec.get_or_insert(frame.codec) != frame.codec {
            return;
        }
        let outcome = write(target, frame, is_first);
        match outcome {
            Ok(()) => self.frames = self.frames.saturating_add(1),
            Err(error) => {
                let error = failed(&error);
                tracing::error!(%error, "an IVF file ends here");
                self.failure = Some(error);
                self.target = None;
            }
        }
    }

    fn finish(&mut self) -> Result<u32> {
        if let Some(mut target) = self.target.take() {
            let count = self.codec.map(|_| self.frames);
            if let Err(error) = complete(&mut target, count) {
                self.failure = Some(failed(&error));
            }
        }
        match &self.failure {
            Some(error) => Err(error.clone()),
            None => Ok(self.frames),
        }
    }
}

fn write(
    target: &mut impl Write,
    frame: &EncodedVideoFrame,
    is_first: bool,
) -> std::io::Result<()> {
    if is_first {
        let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
        let size = (side(frame.width), side(frame.height));
        target.write_all(&file_header(frame.codec, size))?;
    }
    // Frames have at most 2 MiB.
    target.write_all(&frame_header(frame.data.len() as u32, frame.timestamp_us))?;
    target.write_all(&frame.data)
}

/// Writes the number of frames, which the header has, and what is buffered.
fn complete(target: &mut (impl Write + Seek), frames: Option<u32>) -> std::io::Result<()> {
    if let Some(frames) = frames {
        target.seek(SeekFrom::Start(FRAMES_AT as u64))?;
        target.write_all(&frames.to_le_bytes())?;
    }
    target.flush()
}

fn failed(error: &std::io::Error) -> Error {
    Error::media(format!("an IVF file: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::ivf::IvfReader;
    use super::*;
    use crate::ErrorKind;
    use std::io::Cursor;

    fn clip() -> Vec<EncodedVideoFrame> {
        let file = &include_bytes!("../../../tests/data/clip.ivf")[..];
        IvfReader::new(file).unwrap().map(|frame| frame.unwrap()).collect()
    }

    #[test]
    fn frames_are_written_as_they_are() {
        let path = std::env::temp_dir().join(format!("sw-{}.ivf", std::process::id()));
        let sink = IvfSink::create(&path).unwrap();
        let h264 = EncodedVideoFrame::new(VideoCodec::H264, vec![0, 0, 0, 1, 0x65, 1], 7).unwrap();
        for frame in clip() {
            sink.on_frame(&frame);
            sink.on_frame(&h264);
        }
        assert_eq!(sink.finish().unwrap(), 24);
        sink.on_frame(&clip()[0]);
        assert_eq!(sink.finish().unwrap(), 24, "a second call says the same");
        let file = std::fs::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!((&file[..4], &file[24..28]), (&b"DKIF"[..], &[24, 0, 0, 0][..]));
        let reader = IvfReader::new(file).unwrap();
        assert_eq!((reader.codec(), reader.size()), (VideoCodec::Vp8, (160, 96)));
        let read: Vec<_> = reader.map(|frame| frame.unwrap()).collect();
        assert_eq!(read, clip());
    }

    #[test]
    fn a_full_disk_ends_the_file_and_is_told() {
        let mut space = [0; 1000];
        let mut writing = Writing::new(Cursor::new(&mut space[..]));
        clip().iter().for_each(|frame| writing.take(frame));
        for _ in 0..2 {
            assert_eq!(writing.finish().unwrap_err().kind(), ErrorKind::Media);
        }
        let mut empty = Writing::new(Cursor::new(Vec::new()));
        assert_eq!(empty.finish().unwrap(), 0);
        let nowhere = IvfSink::create("/no/such/folder/x.ivf").err().unwrap();
        assert_eq!(nowhere.kind(), ErrorKind::Media);
    }
}
