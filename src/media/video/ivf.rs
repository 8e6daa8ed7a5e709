//! IVF: the simplest file of encoded frames, as `vpxenc` and `ffmpeg` write it for VP8.
//!
//! A header of 32 bytes (`DKIF`, version, header length, fourcc, width, height, rate, scale, number of
//! frames), then each frame after 12 bytes of its length and its time in units of scale/rate.

use super::{EncodedVideoFrame, VideoCodec, MAX_FRAME_BYTES};
use crate::error::{Error, Result};
use bytes::Bytes;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 12;
/// Where the number of frames is.
pub(super) const FRAMES_AT: usize = 24;

/// The header of a file whose times are in microseconds, of no frames.
pub(super) fn file_header(codec: VideoCodec, (width, height): (u16, u16)) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(b"DKIF");
    header[6] = HEADER as u8;
    header[8..12].copy_from_slice(match codec {
        VideoCodec::Vp8 => b"VP80",
        VideoCodec::H264 => b"H264",
    });
    header[12..14].copy_from_slice(&width.to_le_bytes());
    header[14..16].copy_from_slice(&height.to_le_bytes());
    header[16..20].copy_from_slice(&1_000_000u32.to_le_bytes());
    header[20..24].copy_from_slice(&1u32.to_le_bytes());
    header
}

pub(super) fn frame_header(length: u32, timestamp_us: u64) -> [u8; FRAME_HEADER] {
    let mut header = [0; FRAME_HEADER];
    header[..4].copy_from_slice(&length.to_le_bytes());
    header[4..].copy_from_slice(&timestamp_us.to_le_bytes());
    header
}

/// Reads an IVF file that is in memory: an iterator of its frames.
///
/// Made for tests and for small files that are shown again and again. VP8 and H.264 are understood.
#[derive(Clone, Debug)]
pub struct IvfReader {
    rest: Bytes,
    codec: VideoCodec,
    rate: u32,
    scale: u32,
    width: u32,
    height: u32,
}

impl IvfReader {
    /// Takes the bytes of a file. Error: `InvalidArgument` when it is no IVF file, or of another codec.
    pub fn new(file: impl Into<Bytes>) -> Result<Self> {
        let file = file.into();
        let word = |at: usize| file.get(at..at + 2).map(|w| u16::from_le_bytes([w[0], w[1]]));
        let header = word(6).map(usize::from).filter(|header| *header >= HEADER);
        let (Some(b"DKIF"), Some(header)) = (file.get(..4), header.filter(|h| *h <= file.len()))
        else {
            return Err(Error::invalid("this is not an IVF file: its header is missing or cut"));
        };
        let codec = match &file[8..12] {
            b"VP80" => VideoCodec::Vp8,
            b"H264" => VideoCodec::H264,
            _ => return Err(Error::invalid("the IVF file has neither VP8 nor H.264 in it")),
        };
        let long =
            |at: usize| u32::from_le_bytes([file[at], file[at + 1], file[at + 2], file[at + 3]]);
        let (rate, scale) = (long(16), long(20));
        if rate == 0 || scale == 0 {
            return Err(Error::invalid("the IVF file says no frame rate"));
        }
        let size = |at: usize| u32::from(word(at).unwrap_or(0));
        let (width, height) = (size(12), size(14));
        Ok(Self { rest: file.slice(header..), codec, rate, scale, width, height })
    }

    /// The codec of all frames.
    pub fn codec(&self) -> VideoCodec {
        self.codec
    }

    /// Width and height in pixels, as the header says them.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Nominal duration of one frame in microseconds.
    pub fn frame_us(&self) -> u64 {
        u64::from(self.scale) * 1_000_000 / u64::from(self.rate)
    }

    fn read(&mut self) -> Result<EncodedVideoFrame> {
        let rest = &self.rest;
        let cut = || Error::invalid("the IVF file is cut in the middle of a frame");
        let head = rest.get(..FRAME_HEADER).ok_or_else(cut)?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let mut time = [0; 8];
        time.copy_from_slice(&head[4..]);
        let time = u128::from(u64::from_le_bytes(time));
        if length > MAX_FRAME_BYTES || FRAME_HEADER + length > rest.len() {
            return Err(cut());
        }
        let data = rest.slice(FRAME_HEADER..FRAME_HEADER + length);
        self.rest = rest.slice(FRAME_HEADER + length..);
        let us = time * u128::from(self.scale) * 1_000_000 / u128::from(self.rate);
        EncodedVideoFrame::new(self.codec, data, u64::try_from(us).map_err(|_| cut())?)
    }
}

impl Iterator for IvfReader {
    type Item = Result<EncodedVideoFrame>;

    /// The next frame; after an error nothing more comes.
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.rest = Bytes::new();
        }
        Some(read)
    }
}

/// Makes an IVF file in memory, frame by frame, with times in microseconds.
#[derive(Debug)]
pub struct IvfWriter {
    file: Vec<u8>,
    codec: VideoCodec,
    frames: u32,
}

impl IvfWriter {
    /// An empty file for frames of this codec and size.
    pub fn new(codec: VideoCodec, width: u16, height: u16) -> Self {
        let file = file_header(codec, (width, height)).to_vec();
        Self { file, codec, frames: 0 }
    }

    /// Adds a frame. Error: `InvalidArgument` for a frame of another codec.
    pub fn push(&mut self, frame: &EncodedVideoFrame) -> Result<()> {
        if frame.codec != self.codec {
            return Err(Error::invalid("all frames of an IVF file have one codec"));
        }
        let length = u32::try_from(frame.data.len())
            .map_err(|_| Error::invalid("a frame of an IVF file has less than 4 GiB"))?;
        self.file.extend_from_slice(&frame_header(length, frame.timestamp_us));
        self.file.extend_from_slice(&frame.data);
        self.frames = self.frames.saturating_add(1);
        Ok(())
    }

    /// The bytes of the whole file.
    pub fn finish(mut self) -> Vec<u8> {
        self.file[FRAMES_AT..FRAMES_AT + 4].copy_from_slice(&self.frames.to_le_bytes());
        self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let mut writer = IvfWriter::new(VideoCodec::Vp8, 16, 8);
        for (us, data) in [(0, vec![0x10, 1, 2]), (33_333, vec![0x11]), (66_667, vec![0x11, 9])] {
            let frame = EncodedVideoFrame::new(VideoCodec::Vp8, data, us).expect("a frame");
            writer.push(&frame).expect("is written");
        }
        writer.finish()
    }

    #[test]
    fn what_is_written_is_read() {
        let reader = IvfReader::new(written()).expect("a file");
        assert_eq!((reader.codec(), reader.size()), (VideoCodec::Vp8, (16, 8)));
        let frames: Vec<_> = reader.map(|frame| frame.expect("whole")).collect();
        let seen: Vec<_> = frames.iter().map(|f| (f.timestamp_us, f.is_key_frame)).collect();
        assert_eq!(seen, [(0, true), (33_333, false), (66_667, false)]);
        assert_eq!(frames[2].data, &[0x11, 9][..]);
    }

    #[test]
    fn cut_and_foreign_files_are_errors() {
        let file = written();
        for length in [0, 3, 31] {
            assert!(IvfReader::new(file[..length].to_vec()).is_err());
        }
        for length in [33, 43, 46] {
            let read: Vec<_> = IvfReader::new(file[..length].to_vec()).expect("a header").collect();
            assert!(read.last().expect("something").is_err(), "{length}");
        }
        let mut other = file.clone();
        other[8..12].copy_from_slice(b"AV01");
        assert!(IvfReader::new(other).is_err());
        let mut timeless = file;
        timeless[16..20].fill(0);
        assert!(IvfReader::new(timeless).is_err());
    }
}
