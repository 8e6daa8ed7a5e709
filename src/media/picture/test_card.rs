//! A moving picture whose number can be read from its pixels: to see, and to let programs see, that
//! video arrives, in order and whole.

use super::picture::{check_size, Picture, PicturePool, PixelFormat};
use crate::error::{Error, Result};

/// Cells of the strip at the top: two that are known, 16 of the number, 4 of its check, two known.
const CELLS: u32 = 24;
const KNOWN: [bool; 4] = [true, false, false, true];
/// Colours of the bars: Y, U, V in limited range (BT.601), at three quarters.
const BARS: [[u8; 3]; 7] = [
    [180, 128, 128],
    [162, 44, 142],
    [131, 156, 44],
    [112, 72, 58],
    [84, 184, 198],
    [65, 100, 212],
    [35, 212, 114],
];

/// Makes test pictures: colour bars that wander, a square that moves, and at the top a strip of black
/// and white cells that holds the picture's number.
#[derive(Clone)]
pub struct TestCard {
    width: u32,
    height: u32,
    pool: PicturePool,
}

impl TestCard {
    /// Errors: `InvalidArgument` for a size below 96x48 or above 4096x2304 pixels: the strip could
    /// not be read.
    pub fn new(width: u32, height: u32) -> Result<Self> {
        check_size(width, height)?;
        if width < 4 * CELLS || height < 48 {
            return Err(Error::invalid(format!(
                "a test card has at least 96x48 pixels; got {width}x{height}"
            )));
        }
        Ok(Self { width, height, pool: PicturePool::default() })
    }

    /// The picture of this number, in I420. Numbers begin again after 65535.
    pub fn picture(&self, number: u16, timestamp_us: u64) -> Picture {
        let size = (self.width, self.height);
        self.pool.make(PixelFormat::I420, size, timestamp_us, |plane, samples| {
            self.draw(number, plane, samples);
        })
    }

    fn draw(&self, number: u16, plane: usize, samples: &mut [u8]) {
        let (columns, rows) = PixelFormat::I420.plane_size(plane, self.width, self.height);
        let strip = rows / 6;
        let cells = cells(number);
        let step = usize::from(number);
        let bar = |x: usize| BARS[(x * 7 / columns + step / 15) % 7][plane];
        let (dark, bright) = if plane == 0 { (16, 235) } else { (128, 128) };
        let side = rows / 5;
        let left = step * columns / 120 % (columns - side);
        let lines = strip + side..strip + 2 * side;
        for (y, row) in samples.chunks_exact_mut(columns).enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                *sample = if y < strip {
                    if cells[x * CELLS as usize / columns] {
                        bright
                    } else {
                        dark
                    }
                } else if lines.contains(&y) && (left..left + side).contains(&x) {
                    bright
                } else {
                    bar(x)
                };
            }
        }
    }

    /// Reads the number of a test picture, of any format and size and after encoding; `None` when the
    /// picture is none or is damaged there.
    pub fn read(picture: &Picture) -> Option<u16> {
        let luma = picture.plane(0)?;
        let (columns, strip) = (luma.row_bytes, luma.rows / 6);
        let mut bits = [false; CELLS as usize];
        for (cell, bit) in bits.iter_mut().enumerate() {
            let middle = (2 * cell + 1) * columns / (2 * CELLS as usize);
            let (left, right) = (middle.saturating_sub(1), (middle + 1).min(columns - 1));
            let rows = strip / 3..(2 * strip / 3).max(strip / 3 + 1);
            let seen = rows.flat_map(|y| &luma.row(y)[left..=right]);
            let (sum, count) = seen.fold((0, 0), |(sum, n), y| (sum + u32::from(*y), n + 1));
            *bit = match sum / count {
                0..=95 => false,
                155.. => true,
                _ => return None,
            };
        }
        let number = bits[2..18].iter().fold(0, |number, bit| number << 1 | u16::from(*bit));
        (bits == cells(number)).then_some(number)
    }
}

fn cells(number: u16) -> [bool; CELLS as usize] {
    let check = (number ^ number >> 4 ^ number >> 8 ^ number >> 12) & 15 ^ 0b0110;
    let mut cells = [false; CELLS as usize];
    cells[..2].copy_from_slice(&KNOWN[..2]);
    cells[22..].copy_from_slice(&KNOWN[2..]);
    for (at, cell) in cells[2..18].iter_mut().enumerate() {
        *cell = number >> (15 - at) & 1 == 1;
    }
    for (at, cell) in cells[18..22].iter_mut().enumerate() {
        *cell = check >> (3 - at) & 1 == 1;
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_any_size() {
        for (width, height) in [(96, 48), (160, 96), (641, 361), (1280, 720)] {
            let card = TestCard::new(width, height).unwrap();
            for number in [0, 1, 77, 0x5555, 0xfffe, u16::MAX] {
                let picture = card.picture(number, 3);
                assert_eq!(TestCard::read(&picture), Some(number));
                assert_eq!(TestCard::read(&picture.to_format(PixelFormat::Nv12)), Some(number));
                let small = picture.scaled(128, 64).unwrap();
                assert_eq!(TestCard::read(&small), Some(number), "{width}x{height}");
            }
        }
    }

    #[test]
    fn other_pictures_have_no_number_and_small_cards_are_refused() {
        let grey = PicturePool::default()
            .make(PixelFormat::I420, (320, 180), 0, |_, samples| samples.fill(128));
        assert_eq!(TestCard::read(&grey), None);
        let black = PicturePool::default()
            .make(PixelFormat::I420, (16, 16), 0, |_, samples| samples.fill(16));
        assert_eq!(TestCard::read(&black), None);
        assert!(TestCard::new(95, 48).is_err() && TestCard::new(96, 47).is_err());
    }
}
