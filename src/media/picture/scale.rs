//! Pictures at other sizes, and what size is wanted.

use super::picture::{check_size, Picture, PicturePool, PixelFormat, Plane, MIN_SIDE};
use crate::error::Result;

/// The most that may be sent; 0 stands for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    pub(crate) max_width: u32,
    pub(crate) max_height: u32,
    pub(crate) max_frame_rate: f64,
}

impl Limits {
    /// The stricter one of both in each respect.
    pub(crate) fn and(self, other: Limits) -> Limits {
        let least = |a: f64, b: f64| match (a > 0.0, b > 0.0) {
            (true, true) => a.min(b),
            (true, false) => a,
            _ => b,
        };
        let side = |a: u32, b: u32| least(a.into(), b.into()) as u32;
        Limits {
            max_width: side(self.max_width, other.max_width),
            max_height: side(self.max_height, other.max_height),
            max_frame_rate: least(self.max_frame_rate, other.max_frame_rate),
        }
    }

    /// The size at which a picture is sent: within the limits, its shape kept, even, never larger.
    pub(crate) fn fit(self, width: u32, height: u32) -> (u32, u32) {
        let share = |limit: u32, side: u32| match limit {
            0 => 1.0,
            limit => (f64::from(limit) / f64::from(side)).min(1.0),
        };
        let scale = share(self.max_width, width).min(share(self.max_height, height));
        let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(MIN_SIDE) & !1;
        (side(width), side(height))
    }
}

impl Picture {
    /// The picture at another size, in I420: each sample is what lies at its place between four of
    /// the picture's, or the mean of the samples that it covers where the picture is much larger.
    ///
    /// Errors: `InvalidArgument` for a size below 16x16 or above 4096x2304 pixels.
    pub fn scaled(&self, width: u32, height: u32) -> Result<Picture> {
        check_size(width, height)?;
        Ok(self.scaled_in((width, height), &PicturePool::default()))
    }

    pub(crate) fn scaled_in(&self, (width, height): (u32, u32), pool: &PicturePool) -> Picture {
        let source = self.to_format_in(PixelFormat::I420, pool);
        if (self.width(), self.height()) == (width, height) {
            return source;
        }
        let is_cut = |now: u32, then: u32| now == then || now == then + 1;
        let is_cut = is_cut(self.width(), width) && is_cut(self.height(), height);
        let made = pool.make(
            PixelFormat::I420,
            (width, height),
            self.timestamp_us(),
            |number, samples| {
                let (columns, rows) = PixelFormat::I420.plane_size(number, width, height);
                let plane = source.samples(number);
                if is_cut {
                    // Only an odd row or column goes: nothing is to be blurred for that.
                    for (y, row) in samples.chunks_exact_mut(columns).enumerate() {
                        row.copy_from_slice(&plane.row(y)[..columns]);
                    }
                } else {
                    scale_plane(plane, samples, columns, rows);
                }
            },
        );
        made.with_rotation(self.rotation())
    }
}

/// Where a sample of the result lies among `from` samples: the first one, and the weight of the next
/// one in 256ths.
fn places(to: usize, from: usize) -> Vec<(usize, u32)> {
    let place = |at: usize| {
        // In 65536ths, centre on centre.
        let twice = (2 * at as u64 + 1) * ((from as u64) << 16) / to as u64;
        let middle = (twice / 2).saturating_sub(1 << 15).min(((from - 1) as u64) << 16);
        ((middle >> 16) as usize, (middle >> 8) as u32 & 255)
    };
    (0..to).map(place).collect()
}

fn scale_plane(plane: Plane<'_>, samples: &mut [u8], columns: usize, rows: usize) {
    let (wide, high) = (plane.row_bytes / columns, plane.rows / rows);
    if wide >= 2 && high >= 2 {
        return average(plane, samples, columns, rows);
    }
    let (across, down) = (places(columns, plane.row_bytes), places(rows, plane.rows));
    for (row, (y, low)) in samples.chunks_exact_mut(columns).zip(down) {
        let (upper, lower) = (plane.row(y), plane.row((y + 1).min(plane.rows - 1)));
        for (sample, (x, right)) in row.iter_mut().zip(&across) {
            let next = (x + 1).min(plane.row_bytes - 1);
            let mix =
                |row: &[u8]| u32::from(row[*x]) * (256 - right) + u32::from(row[next]) * right;
            *sample = ((mix(upper) * (256 - low) + mix(lower) * low + (1 << 15)) >> 16) as u8;
        }
    }
}

/// For half the size and less: looking at four samples only would leave most of them out.
fn average(plane: Plane<'_>, samples: &mut [u8], columns: usize, rows: usize) {
    for (y, row) in samples.chunks_exact_mut(columns).enumerate() {
        let (top, bottom) = (y * plane.rows / rows, (y + 1) * plane.rows / rows);
        for (x, sample) in row.iter_mut().enumerate() {
            let (left, right) =
                (x * plane.row_bytes / columns, (x + 1) * plane.row_bytes / columns);
            let covered = (top..bottom).flat_map(|y| &plane.row(y)[left..right]);
            let sum: u32 = covered.map(|sample| u32::from(*sample)).sum();
            *sample = (sum / ((bottom - top) * (right - left)) as u32) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_their_shape_within_the_limits() {
        let limits = |w, h| Limits { max_width: w, max_height: h, max_frame_rate: 0.0 };
        for (limits, size, expected) in [
            (limits(0, 0), (641, 361), (640, 360)),
            (limits(640, 0), (1280, 720), (640, 360)),
            (limits(0, 360), (1280, 720), (640, 360)),
            (limits(640, 640), (720, 1280), (360, 640)),
            (limits(2000, 2000), (640, 360), (640, 360)),
            (limits(1, 1), (640, 360), (16, 16)),
        ] {
            assert_eq!(limits.fit(size.0, size.1), expected, "{limits:?} {size:?}");
        }
        let both = limits(640, 0).and(Limits { max_frame_rate: 15.0, ..limits(800, 480) });
        assert_eq!(both, Limits { max_width: 640, max_height: 480, max_frame_rate: 15.0 });
    }

    #[test]
    fn slopes_stay_slopes_and_plains_plain() {
        let slope = PicturePool::default().make(PixelFormat::I420, (200, 100), 9, |n, samples| {
            for (at, sample) in samples.iter_mut().enumerate() {
                *sample = if n == 0 { (at % 200) as u8 } else { 77 };
            }
        });
        for (width, height) in [(100, 50), (60, 30), (150, 80), (400, 200), (33, 17)] {
            let scaled = slope.scaled(width, height).unwrap();
            assert!(scaled.samples(1).data.iter().all(|sample| *sample == 77));
            for (x, sample) in scaled.samples(0).row(height as usize / 2).iter().enumerate() {
                let expected = (x as f64 + 0.5) * 200.0 / f64::from(width) - 0.5;
                let off = (f64::from(*sample) - expected).abs();
                assert!(off <= 2.0, "{width}x{height} at {x}: {sample}, not {expected}");
            }
            assert_eq!(scaled.timestamp_us(), 9);
        }
        assert!(slope.scaled(8, 8).is_err());
    }
}
