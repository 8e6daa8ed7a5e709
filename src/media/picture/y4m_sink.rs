//! A sink that writes the received pictures into a Y4M file.

use super::output::PictureSink;
use super::picture::Picture;
use super::y4m::Y4mWriter;
use crate::error::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Writes the pictures that it gets into a Y4M file; give it to
/// [`Call::add_picture_sink`](crate::Call::add_picture_sink).
///
/// Y4M has a steady number of pictures per second, so the last picture is repeated where none came in
/// time, for a second at most in one gap, and of pictures that came too soon the first one counts. All
/// have the first one's size. A Y4M file is large: 30 pictures of 640x360 are 10 MB.
///
/// It is written on the media thread that delivers. A disk that is too slow loses pictures, never the
/// call. Take it from the call before [`Y4mSink::finish`]; what comes after that is ignored.
pub struct Y4mSink(Mutex<Writing<BufWriter<File>>>);

struct Writing<W> {
    writer: Option<Y4mWriter<W>>,
    frame_rate: u32,
    /// The last picture, and which one of the file it is.
    last: Option<(Picture, u64)>,
    start_us: u64,
    /// Places of the file that gaps would have had beyond what was repeated.
    left_out: u64,
    written: u64,
    failure: Option<Error>,
}

impl Y4mSink {
    /// Makes the file, or makes it empty. `frame_rate`: pictures per second, 1 to 240.
    ///
    /// Errors: `InvalidArgument` for another frame rate; `Media` when the file cannot be made.
    pub fn create(path: impl AsRef<Path>, frame_rate: u32) -> Result<Arc<Self>> {
        let path = path.as_ref();
        if !(1..=240).contains(&frame_rate) {
            return Err(Error::invalid(format!("frame_rate must be 1 to 240; got {frame_rate}")));
        }
        let file = File::create(path)
            .map_err(|error| Error::media(format!("{} cannot be made: {error}", path.display())))?;
        Ok(Arc::new(Self(Mutex::new(Writing::new(BufWriter::new(file), frame_rate)))))
    }

    /// Completes the file and gives the number of its pictures. A second call says the same.
    ///
    /// Errors: `Media` if something could not be written, such as on a full disk.
    pub fn finish(&self) -> Result<u64> {
        lock(&self.0).finish()
    }
}

impl PictureSink for Y4mSink {
    fn on_picture(&self, picture: &Picture) {
        lock(&self.0).take(picture);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Write> Writing<W> {
    fn new(target: W, frame_rate: u32) -> Self {
        Self {
            writer: Some(Y4mWriter::new(target, frame_rate)),
            frame_rate,
            last: None,
            start_us: 0,
            left_out: 0,
            written: 0,
            failure: None,
        }
    }

    fn take(&mut self, picture: &Picture) {
        let Some(writer) = &mut self.writer else { return };
        let outcome = match self.last.take() {
            None => {
                self.start_us = picture.timestamp_us();
                self.last = Some((picture.clone(), 0));
                writer.push(picture).map(|()| 1)
            }
            Some((last, at)) => {
                let since = u128::from(picture.timestamp_us().saturating_sub(self.start_us));
                let place = (since * u128::from(self.frame_rate) + 500_000) / 1_000_000;
                let place = u64::try_from(place).unwrap_or(u64::MAX).saturating_sub(self.left_out);
                if place <= at {
                    self.last = Some((last, at));
                    return;
                }
                let missing = place - at - 1;
                let repeated = missing.min(u64::from(self.frame_rate));
                self.left_out += missing - repeated;
                self.last = Some((picture.clone(), at + repeated + 1));
                let repeat = (0..repeated).try_for_each(|_| writer.push(&last));
                repeat.and_then(|()| writer.push(picture)).map(|()| repeated + 1)
            }
        };
        match outcome {
            Ok(more) => self.written += more,
            Err(error) => {
                tracing::error!(%error, "a Y4M file ends here");
                self.failure = Some(error);
                self.writer = None;
            }
        }
    }

    fn finish(&mut self) -> Result<u64> {
        self.last = None;
        if let Some(Err(error)) = self.writer.take().map(Y4mWriter::finish) {
            self.failure = Some(error);
        }
        match &self.failure {
            Some(error) => Err(error.clone()),
            None => Ok(self.written),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::picture::test_card::TestCard;
    use crate::media::picture::y4m::Y4mReader;
    use crate::ErrorKind;
    use std::io::BufReader;

    /// The numbers in a file of 25 pictures per second to which these came: number, milliseconds.
    fn file_of(came: &[(u16, u64)]) -> Vec<u16> {
        let card = TestCard::new(160, 96).unwrap();
        let name = format!("sw-{}-{}-{}.y4m", std::process::id(), came.len(), came[0].1);
        let path = std::env::temp_dir().join(name);
        let sink = Y4mSink::create(&path, 25).unwrap();
        for (number, ms) in came {
            sink.on_picture(&card.picture(*number, ms * 1000));
        }
        let written = sink.finish().unwrap();
        assert_eq!(sink.finish().unwrap(), written, "a second call says the same");
        sink.on_picture(&card.picture(0, 1 << 40));
        let reader = Y4mReader::new(BufReader::new(File::open(&path).unwrap())).unwrap();
        assert_eq!((reader.size(), reader.frame_rate()), ((160, 96), 25.0));
        let read: Vec<u16> = reader.map(|p| TestCard::read(&p.unwrap()).unwrap()).collect();
        assert_eq!(read.len() as u64, written);
        std::fs::remove_file(path).unwrap();
        read
    }

    #[test]
    fn the_file_keeps_time() {
        let steady = [(1, 500), (2, 540), (3, 583), (4, 620)];
        assert_eq!(file_of(&steady), [1, 2, 3, 4]);
        let gap_and_crowd = [(1, 0), (2, 120), (3, 130), (4, 160), (5, 100)];
        assert_eq!(file_of(&gap_and_crowd), [1, 1, 1, 2, 4]);
        let long = file_of(&[(1, 0), (2, 3_600_000), (3, 3_600_040)]);
        assert_eq!((long.len(), &long[25..]), (28, &[1, 2, 3][..]), "a gap costs a second at most");
    }

    /// Takes so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_ends_the_file_and_is_told() {
        let card = TestCard::new(160, 96).unwrap();
        let mut writing = Writing::new(Full(30_000), 25);
        for number in 0..5 {
            writing.take(&card.picture(number, u64::from(number) * 40_000));
        }
        assert_eq!(writing.written, 1);
        for _ in 0..2 {
            assert_eq!(writing.finish().unwrap_err().kind(), ErrorKind::Media);
        }
        assert_eq!(Y4mSink::create("x", 0).err().unwrap().kind(), ErrorKind::InvalidArgument);
        let nowhere = Y4mSink::create("/no/such/folder/x.y4m", 25).err().unwrap();
        assert_eq!(nowhere.kind(), ErrorKind::Media);
    }
}
