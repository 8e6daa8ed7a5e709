//! A decoded picture and the memory of its planes.

use crate::error::{Error, Result};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The largest picture, in pixels: 4096x2304.
pub(crate) const MAX_PIXELS: u64 = 4096 * 2304;
/// The least width and height that the codecs take.
pub(crate) const MIN_SIDE: u32 = 16;
/// Buffers that a pool keeps for the next pictures.
const POOLED: usize = 8;

/// How the samples of a picture lie in memory: 8 bits each, colour at half the width and height
/// (4:2:0), limited range as video has it. The number of a format never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum PixelFormat {
    /// Three planes: Y, U, V.
    #[default]
    I420 = 1,
    /// Two planes: Y, and U and V by turns.
    Nv12 = 2,
}

impl PixelFormat {
    /// How many planes a picture has.
    pub fn planes(self) -> usize {
        match self {
            Self::I420 => 3,
            Self::Nv12 => 2,
        }
    }

    /// Bytes of a row and rows of a plane.
    pub(crate) fn plane_size(self, plane: usize, width: u32, height: u32) -> (usize, usize) {
        let (width, height) = (width as usize, height as usize);
        match (plane, self) {
            (0, _) => (width, height),
            (_, Self::I420) => (width.div_ceil(2), height.div_ceil(2)),
            (_, Self::Nv12) => (width.div_ceil(2) * 2, height.div_ceil(2)),
        }
    }
}

/// How far a picture has to be turned, clockwise, to stand upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum Rotation {
    /// It stands upright.
    #[default]
    None = 0,
    /// A quarter turn.
    Clockwise90 = 90,
    /// Upside down.
    UpsideDown = 180,
    /// A quarter turn the other way.
    Clockwise270 = 270,
}

/// One plane of a picture.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// The samples, row by row.
    pub data: &'a [u8],
    /// Bytes from one row to the next; at least `row_bytes`.
    pub stride: usize,
    /// Bytes of a row that are samples.
    pub row_bytes: usize,
    /// How many rows there are.
    pub rows: usize,
}

impl<'a> Plane<'a> {
    /// The samples of one row. Panics beyond `rows`.
    pub fn row(&self, row: usize) -> &'a [u8] {
        assert!(row < self.rows, "a plane has {} rows", self.rows);
        &self.data[row * self.stride..][..self.row_bytes]
    }
}

/// A decoded picture that does not change. Cheap to clone: the planes are shared; when the last clone
/// goes, their memory is used for the next picture. Any thread.
#[derive(Clone)]
pub struct Picture {
    buffer: Arc<Buffer>,
    format: PixelFormat,
    width: u32,
    height: u32,
    rotation: Rotation,
    timestamp_us: u64,
}

struct Buffer {
    bytes: Vec<u8>,
    pool: Weak<Mutex<Vec<Vec<u8>>>>,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        let mut free = pool.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < POOLED {
            free.push(std::mem::take(&mut self.bytes));
        }
    }
}

/// Memory for pictures, used again and again.
#[derive(Clone, Default)]
pub(crate) struct PicturePool(Arc<Mutex<Vec<Vec<u8>>>>);

impl PicturePool {
    /// A picture that `fill` writes plane by plane: it gets the plane's number and its bytes, rows
    /// without gaps. What it leaves as it is may hold samples of an earlier picture.
    pub(crate) fn make(
        &self,
        format: PixelFormat,
        (width, height): (u32, u32),
        timestamp_us: u64,
        mut fill: impl FnMut(usize, &mut [u8]),
    ) -> Picture {
        let sizes = (0..format.planes()).map(|plane| format.plane_size(plane, width, height));
        let sizes: Vec<usize> = sizes.map(|(row, rows)| row * rows).collect();
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut bytes = spare.unwrap_or_default();
        bytes.resize(sizes.iter().sum(), 0);
        let mut rest = &mut bytes[..];
        for (plane, size) in sizes.into_iter().enumerate() {
            let (samples, behind) = rest.split_at_mut(size);
            fill(plane, samples);
            rest = behind;
        }
        let buffer = Arc::new(Buffer { bytes, pool: Arc::downgrade(&self.0) });
        Picture { buffer, format, width, height, rotation: Rotation::None, timestamp_us }
    }
}

impl Picture {
    /// Copies a picture out of the application's memory.
    ///
    /// `planes`: the samples of each plane and the bytes from one of its rows to the next, as many as
    /// the format has. `timestamp_us`: when it was captured, by any clock that never goes back.
    /// Errors: `InvalidArgument` for a size below 16x16 or above 4096x2304 pixels, another number of
    /// planes, and planes that are too short for the size.
    pub fn new(
        format: PixelFormat,
        (width, height): (u32, u32),
        planes: &[(&[u8], usize)],
        timestamp_us: u64,
    ) -> Result<Self> {
        check_size(width, height)?;
        if planes.len() != format.planes() {
            return Err(Error::invalid(format!(
                "a {format:?} picture has {} planes; got {}",
                format.planes(),
                planes.len()
            )));
        }
        for (number, (data, stride)) in planes.iter().enumerate() {
            let (row, rows) = format.plane_size(number, width, height);
            let needed = (rows - 1).checked_mul(*stride).and_then(|n| n.checked_add(row));
            if *stride < row || needed.is_none_or(|needed| needed > data.len()) {
                return Err(Error::invalid(format!(
                    "plane {number} of a {width}x{height} picture has {rows} rows of {row} bytes; \
                     got {} bytes with a stride of {stride}",
                    data.len()
                )));
            }
        }
        let copy = |number: usize, samples: &mut [u8]| {
            let (data, stride) = planes[number];
            let (row, _) = format.plane_size(number, width, height);
            for (to, from) in samples.chunks_exact_mut(row).zip(data.chunks(stride)) {
                to.copy_from_slice(&from[..row]);
            }
        };
        Ok(PicturePool::default().make(format, (width, height), timestamp_us, copy))
    }

    /// How the samples lie in memory.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// Width in pixels, before any rotation.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, before any rotation.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Media time in microseconds: of a received picture since the stream's first one.
    pub fn timestamp_us(&self) -> u64 {
        self.timestamp_us
    }

    /// How far it has to be turned to stand upright. Received pictures do already.
    pub fn rotation(&self) -> Rotation {
        self.rotation
    }

    /// The same samples, to be turned: for cameras that are mounted so. When it is sent it is turned
    /// first, since the service is told of no rotation.
    pub fn with_rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// The same samples at another time.
    pub fn with_timestamp_us(mut self, timestamp_us: u64) -> Self {
        self.timestamp_us = timestamp_us;
        self
    }

    /// One plane; `None` beyond the format's number of planes.
    pub fn plane(&self, number: usize) -> Option<Plane<'_>> {
        let mut start = 0;
        for plane in 0..self.format.planes() {
            let (row_bytes, rows) = self.format.plane_size(plane, self.width, self.height);
            let length = row_bytes * rows;
            if plane == number {
                let data = &self.buffer.bytes[start..start + length];
                return Some(Plane { data, stride: row_bytes, row_bytes, rows });
            }
            start += length;
        }
        None
    }

    /// All samples, plane after plane, rows without gaps.
    pub fn data(&self) -> &[u8] {
        &self.buffer.bytes
    }

    /// One plane that exists.
    pub(crate) fn samples(&self, number: usize) -> Plane<'_> {
        self.plane(number).expect("a plane of the format")
    }

    #[cfg(test)]
    pub(crate) fn address(&self) -> usize {
        self.buffer.bytes.as_ptr() as usize
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, width, height, rotation, timestamp_us, .. } = self;
        write!(f, "Picture({width}x{height} {format:?} {rotation:?} at {timestamp_us} us)")
    }
}

pub(crate) fn check_size(width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if width < MIN_SIDE || height < MIN_SIDE || pixels > MAX_PIXELS {
        return Err(Error::invalid(format!(
            "pictures have 16x16 to 4096x2304 pixels; got {width}x{height}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_copied_without_their_gaps() {
        let y: Vec<u8> = (0..20 * 18).map(|n| n as u8).collect();
        let (u, v) = (vec![3; 9 * 9], vec![4; 9 * 9]);
        let planes = [(&y[..], 20), (&u[..], 9), (&v[..], 9)];
        let picture = Picture::new(PixelFormat::I420, (18, 18), &planes, 7).unwrap();
        assert_eq!(picture.samples(0).row(1), &y[20..38]);
        assert_eq!(picture.samples(2).row(8), &[4; 9]);
        assert!(picture.plane(3).is_none());
        assert_eq!(picture.data().len(), 18 * 18 + 2 * 81);
        assert_eq!(picture.timestamp_us(), 7);
    }

    #[test]
    fn pictures_that_cannot_be_are_refused_with_what_to_do() {
        let long = vec![0; 4096];
        let planes = |count: usize, length: usize, stride: usize| {
            std::iter::repeat_n((&long[..length], stride), count).collect::<Vec<_>>()
        };
        let i420 = PixelFormat::I420;
        for (format, size, planes, text) in [
            (i420, (15, 16), planes(3, 4096, 16), "16x16 to 4096x2304"),
            (i420, (8192, 2304), planes(3, 4096, 8192), "16x16 to 4096x2304"),
            (i420, (32, 32), planes(2, 4096, 32), "has 3 planes; got 2"),
            (PixelFormat::Nv12, (32, 32), planes(3, 4096, 32), "has 2 planes; got 3"),
            (i420, (32, 32), planes(3, 1000, 32), "32 rows of 32 bytes"),
            (i420, (32, 32), planes(3, 4096, 31), "stride of 31"),
            (i420, (32, 32), planes(3, 4096, usize::MAX), "plane 0"),
        ] {
            let error = Picture::new(format, size, &planes, 0).unwrap_err();
            assert!(error.message().contains(text), "{error:?} lacks {text}");
        }
    }

    #[test]
    fn memory_is_used_again_once_nobody_looks() {
        let pool = PicturePool::default();
        let make = || pool.make(PixelFormat::Nv12, (32, 32), 0, |_, samples| samples.fill(9));
        let first = make();
        let kept = first.clone();
        let second = make();
        assert_ne!(first.address(), second.address());
        let address = first.address();
        drop(first);
        assert_ne!(make().address(), address, "a clone is still there");
        drop(kept);
        assert_eq!(make().address(), address);
        let many: Vec<_> = (0..3 * POOLED).map(|_| make()).collect();
        drop(many);
        assert_eq!(pool.0.lock().unwrap().len(), POOLED);
    }
}
