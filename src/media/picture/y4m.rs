//! Y4M (YUV4MPEG2): pictures without any compression, as `ffmpeg`, `vpxenc` and `mpv` read and write
//! them. A line with the size and the number per second, then each picture behind the line `FRAME`.

use super::picture::{check_size, Picture, PicturePool, PixelFormat};
use crate::error::{Error, Result};
use std::io::{BufRead, Read, Write};

/// Header lines are short; a longer one is no header.
const MAX_LINE: u64 = 1024;

/// Reads pictures from a Y4M file: an iterator of them, in I420.
pub struct Y4mReader<R> {
    source: R,
    width: u32,
    height: u32,
    rate: (u64, u64),
    number: u64,
    pool: PicturePool,
    is_over: bool,
}

impl<R: BufRead> Y4mReader<R> {
    /// Takes a file, or anything that is read, buffered, and reads its header.
    ///
    /// Errors: `InvalidArgument` when it is no Y4M file, or of another format than 4:2:0 with 8 bits;
    /// `Media` when it cannot be read.
    pub fn new(mut source: R) -> Result<Self> {
        let line = line(&mut source)?.unwrap_or_default();
        let mut words = line.split(' ');
        if words.next() != Some("YUV4MPEG2") {
            return Err(Error::invalid("this is not a Y4M file: it begins otherwise"));
        }
        let (mut width, mut height, mut rate) = (0, 0, (30, 1));
        for word in words {
            let mut chars = word.chars();
            let key = chars.next();
            let value = chars.as_str();
            match key {
                Some('W') => width = value.parse().unwrap_or(0),
                Some('H') => height = value.parse().unwrap_or(0),
                Some('F') => {
                    let (over, under) = value.split_once(':').unwrap_or((value, "1"));
                    rate = (over.parse().unwrap_or(0), under.parse().unwrap_or(0));
                }
                Some('C') if !matches!(value, "420" | "420jpeg" | "420mpeg2" | "420paldv") => {
                    return Err(Error::invalid(format!(
                        "Y4M files in 4:2:0 with 8 bits are read; this one is C{value}: convert it, \
                         such as by `ffmpeg -pix_fmt yuv420p`"
                    )));
                }
                _ => {}
            }
        }
        check_size(width, height)?;
        if rate.0 == 0 || rate.1 == 0 {
            return Err(Error::invalid("the Y4M file says no frame rate"));
        }
        let pool = PicturePool::default();
        Ok(Self { source, width, height, rate, number: 0, pool, is_over: false })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Pictures per second.
    pub fn frame_rate(&self) -> f64 {
        self.rate.0 as f64 / self.rate.1 as f64
    }

    fn read(&mut self) -> Result<Option<Picture>> {
        let Some(line) = line(&mut self.source)? else { return Ok(None) };
        if line.split(' ').next() != Some("FRAME") {
            return Err(Error::invalid("the Y4M file is damaged: a picture begins with FRAME"));
        }
        let time =
            u128::from(self.number) * 1_000_000 * u128::from(self.rate.1) / u128::from(self.rate.0);
        let mut outcome = Ok(());
        let source = &mut self.source;
        let size = (self.width, self.height);
        let picture = self.pool.make(PixelFormat::I420, size, time as u64, |_, samples| {
            if outcome.is_ok() {
                outcome = source.read_exact(samples);
            }
        });
        outcome.map_err(failed)?;
        self.number += 1;
        Ok(Some(picture))
    }
}

impl<R: BufRead> Iterator for Y4mReader<R> {
    type Item = Result<Picture>;

    /// The next picture, its time by the file's frame rate; after an error nothing more comes.
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read().transpose();
        self.is_over = !matches!(read, Some(Ok(_)));
        read
    }
}

/// Writes pictures into a Y4M file.
///
/// Y4M knows one size and a steady number per second: pictures of another size than the first one are
/// scaled to it, and their times are not kept.
pub struct Y4mWriter<W> {
    target: W,
    rate: u32,
    size: Option<(u32, u32)>,
}

impl<W: Write> Y4mWriter<W> {
    /// A file of `frame_rate` pictures per second, at least 1. The header is written with the first
    /// picture. Best given a buffered writer.
    pub fn new(target: W, frame_rate: u32) -> Self {
        Self { target, rate: frame_rate.max(1), size: None }
    }

    /// Adds a picture, upright. Errors: `Media` when it cannot be written, such as on a full disk.
    pub fn push(&mut self, picture: &Picture) -> Result<()> {
        let picture = picture.upright();
        let size = match self.size {
            Some(size) => size,
            None => {
                let (width, height) = (picture.width(), picture.height());
                let rate = self.rate;
                writeln!(self.target, "YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420mpeg2")
                    .map_err(failed)?;
                *self.size.insert((width, height))
            }
        };
        let picture = picture.scaled(size.0, size.1)?;
        self.target.write_all(b"FRAME\n").map_err(failed)?;
        self.target.write_all(picture.data()).map_err(failed)
    }

    /// Writes what is buffered and gives the target back. Errors: `Media`.
    pub fn finish(mut self) -> Result<W> {
        self.target.flush().map_err(failed)?;
        Ok(self.target)
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::media(format!("a Y4M file: {error}"))
}

/// The next line without its end; `None` at the end of the file.
fn line(source: &mut impl BufRead) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut limited = source.by_ref().take(MAX_LINE);
    let count = limited.read_until(b'\n', &mut bytes).map_err(failed)?;
    if count == 0 {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(Error::invalid("this is not a Y4M file, or it is cut in a header"));
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| Error::invalid("this is not a Y4M file: its header is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::picture::test_card::TestCard;

    fn written() -> Vec<u8> {
        let card = TestCard::new(160, 96).unwrap();
        let mut writer = Y4mWriter::new(Vec::new(), 25);
        for number in 0..3 {
            writer.push(&card.picture(number, 0)).unwrap();
        }
        let large = TestCard::new(320, 192).unwrap().picture(3, 0);
        writer.push(&large.to_format(PixelFormat::Nv12)).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let file = written();
        let reader = Y4mReader::new(&file[..]).unwrap();
        assert_eq!((reader.size(), reader.frame_rate()), ((160, 96), 25.0));
        let pictures: Vec<_> = reader.map(|picture| picture.unwrap()).collect();
        for (number, picture) in (0..4).zip(&pictures) {
            assert_eq!(TestCard::read(picture), Some(number));
            assert_eq!(picture.timestamp_us(), u64::from(number) * 40_000);
        }
        assert_eq!(pictures.len(), 4);
    }

    #[test]
    fn cut_and_foreign_files_are_errors_that_say_what_to_do() {
        let file = written();
        let read =
            |bytes: &[u8]| Y4mReader::new(bytes).err().map(|error| error.message().to_owned());
        for (bytes, text) in [
            (&b""[..], "begins otherwise"),
            (b"RIFF", "cut in a header"),
            (b"YUV4MPEG2 W64 H64 F30:1 C444\n", "yuv420p"),
            (b"YUV4MPEG2 W64 H64 F0:0\n", "no frame rate"),
            (b"YUV4MPEG2 W9 H64\n", "16x16"),
            (&[0xff; 4000], "cut in a header"),
        ] {
            let message = read(bytes).unwrap_or_default();
            assert!(message.contains(text), "{message} lacks {text}");
        }
        for length in [file.len() - 1, file.len() - 23_040 - 3] {
            let mut reader = Y4mReader::new(&file[..length]).unwrap();
            assert!(reader.by_ref().last().unwrap().is_err());
            assert!(reader.next().is_none());
        }
    }
}
