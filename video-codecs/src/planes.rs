//! A picture that somebody else holds.

use crate::{Error, MAX_PIXELS};

/// The planes of an I420 picture: luma, and two of colour with half the width and height, rounded up.
#[derive(Clone, Copy, Debug)]
pub struct Planes<'a> {
    width: usize,
    height: usize,
    data: [&'a [u8]; 3],
    strides: [usize; 3],
}

impl<'a> Planes<'a> {
    /// Error: `Size` when a plane is shorter than the size and its stride (bytes from one row to the
    /// next) ask for, or the picture is too large.
    pub fn new(
        (width, height): (usize, usize),
        data: [&'a [u8]; 3],
        strides: [usize; 3],
    ) -> Result<Self, Error> {
        let wrong = Error::Size { width: width as u32, height: height as u32 };
        if width == 0 || height == 0 || width.saturating_mul(height) > MAX_PIXELS {
            return Err(wrong);
        }
        let planes = Self { width, height, data, strides };
        for plane in 0..3 {
            let (columns, rows) = planes.size(plane);
            // Strides are numbers of 32 bits in the codecs' interfaces.
            let needed =
                (rows - 1).checked_mul(strides[plane]).and_then(|n| n.checked_add(columns));
            let fits = needed.is_some_and(|needed| needed <= data[plane].len());
            if !fits || strides[plane] < columns || i32::try_from(strides[plane]).is_err() {
                return Err(wrong);
            }
        }
        Ok(planes)
    }

    /// Width and height of a plane (0 luma, 1 and 2 colour) in samples.
    pub fn size(&self, plane: usize) -> (usize, usize) {
        match plane {
            0 => (self.width, self.height),
            _ => (self.width.div_ceil(2), self.height.div_ceil(2)),
        }
    }

    /// A plane's samples. Bytes between its rows mean nothing.
    pub fn data(&self, plane: usize) -> &'a [u8] {
        self.data[plane]
    }

    /// Bytes from one row of a plane to the next.
    pub fn stride(&self, plane: usize) -> usize {
        self.strides[plane]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_hold_what_their_size_says() {
        let long = [0u8; 64];
        for (size, lengths, strides, fits) in [
            ((4, 4), [16, 4, 4], [4, 2, 2], true),
            ((3, 3), [9, 4, 4], [3, 2, 2], true),
            ((4, 4), [15, 4, 4], [4, 2, 2], false),
            ((4, 4), [16, 3, 4], [4, 2, 2], false),
            ((4, 4), [16, 4, 4], [3, 2, 2], false),
            ((4, 4), [28, 4, 4], [8, 2, 2], true),
            ((0, 4), [16, 4, 4], [4, 2, 2], false),
            ((4, 4), [16, 4, 4], [usize::MAX, 2, 2], false),
            ((1 << 20, 1 << 20), [16, 4, 4], [1 << 20, 2, 2], false),
        ] {
            let data = lengths.map(|length| &long[..length]);
            assert_eq!(Planes::new(size, data, strides).is_ok(), fits, "{size:?} {lengths:?}");
        }
    }
}
