//! A picture in another format, and upright.

use super::picture::{Picture, PicturePool, PixelFormat, Rotation};

impl Picture {
    /// The picture in another format; itself where it has that format already. Exact both ways.
    pub fn to_format(&self, format: PixelFormat) -> Picture {
        self.to_format_in(format, &PicturePool::default())
    }

    pub(crate) fn to_format_in(&self, format: PixelFormat, pool: &PicturePool) -> Picture {
        if self.format() == format {
            return self.clone();
        }
        let size = (self.width(), self.height());
        let made =
            pool.make(format, size, self.timestamp_us(), |plane, samples| match (format, plane) {
                (_, 0) => samples.copy_from_slice(self.samples(0).data),
                (PixelFormat::Nv12, _) => {
                    let (u, v) = (self.samples(1).data, self.samples(2).data);
                    for (pair, (u, v)) in samples.chunks_exact_mut(2).zip(u.iter().zip(v)) {
                        pair.copy_from_slice(&[*u, *v]);
                    }
                }
                (PixelFormat::I420, plane) => {
                    let pairs = self.samples(1).data.chunks_exact(2);
                    for (sample, pair) in samples.iter_mut().zip(pairs) {
                        *sample = pair[plane - 1];
                    }
                }
            });
        made.with_rotation(self.rotation())
    }

    /// The picture as it is to be seen: turned by its rotation, in I420. Itself where nothing is to
    /// be done.
    pub fn upright(&self) -> Picture {
        self.upright_in(&PicturePool::default())
    }

    pub(crate) fn upright_in(&self, pool: &PicturePool) -> Picture {
        let source = self.to_format_in(PixelFormat::I420, pool);
        let (width, height) = (self.width(), self.height());
        let size = match self.rotation() {
            Rotation::None => return source,
            Rotation::UpsideDown => (width, height),
            Rotation::Clockwise90 | Rotation::Clockwise270 => (height, width),
        };
        pool.make(PixelFormat::I420, size, self.timestamp_us(), |number, samples| {
            let plane = source.samples(number);
            let (columns, rows) = (plane.row_bytes, plane.rows);
            let (wide, _) = PixelFormat::I420.plane_size(number, size.0, size.1);
            for (y, row) in samples.chunks_exact_mut(wide).enumerate() {
                for (x, sample) in row.iter_mut().enumerate() {
                    let (from_x, from_y) = match self.rotation() {
                        Rotation::None => (x, y),
                        Rotation::Clockwise90 => (y, rows - 1 - x),
                        Rotation::UpsideDown => (columns - 1 - x, rows - 1 - y),
                        Rotation::Clockwise270 => (columns - 1 - y, x),
                    };
                    *sample = plane.data[from_y * plane.stride + from_x];
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> Picture {
        let mut next = 0u8;
        PicturePool::default().make(PixelFormat::I420, (width, height), 5, |_, samples| {
            samples.iter_mut().for_each(|sample| {
                next = next.wrapping_mul(5).wrapping_add(3);
                *sample = next;
            });
        })
    }

    #[test]
    fn formats_go_both_ways_without_loss() {
        for (width, height) in [(16, 16), (17, 19), (64, 33)] {
            let i420 = picture(width, height).with_rotation(Rotation::Clockwise90);
            let nv12 = i420.to_format(PixelFormat::Nv12);
            assert_eq!(
                nv12.samples(1).data[..2],
                [i420.samples(1).data[0], i420.samples(2).data[0]]
            );
            let back = nv12.to_format(PixelFormat::I420);
            assert_eq!(back.data(), i420.data());
            assert_eq!((back.rotation(), back.timestamp_us()), (Rotation::Clockwise90, 5));
        }
    }

    #[test]
    fn turns_add_up() {
        let start = picture(18, 20);
        let turn = |picture: &Picture, by| picture.clone().with_rotation(by).upright();
        let quarter = turn(&start, Rotation::Clockwise90);
        assert_eq!((quarter.width(), quarter.height()), (20, 18));
        // The top left comes from the bottom left.
        assert_eq!(quarter.samples(0).data[0], start.samples(0).row(19)[0]);
        let half = turn(&quarter, Rotation::Clockwise90);
        assert_eq!(half.data(), turn(&start, Rotation::UpsideDown).data());
        let three = turn(&half, Rotation::Clockwise90);
        assert_eq!(three.data(), turn(&start, Rotation::Clockwise270).data());
        assert_eq!(turn(&three, Rotation::Clockwise90).data(), start.data());
    }
}
