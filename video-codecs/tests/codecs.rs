//! Both codecs by the same tests: what is encoded is decoded, damage is an error and nothing else.
#![cfg(all(feature = "vp8", feature = "h264"))]

use signalwire_video_codecs::{h264, vp8, Error, Planes, Settings};

const SETTINGS: Settings =
    Settings { width: 320, height: 180, bitrate_bps: 500_000, frame_rate: 30.0, threads: 1 };

/// The two codecs as one.
enum Encoder {
    Vp8(vp8::Encoder),
    H264(h264::Encoder),
}

enum Decoder {
    Vp8(vp8::Decoder),
    H264(h264::Decoder),
}

impl Encoder {
    fn both(settings: Settings) -> [Self; 2] {
        [
            Self::Vp8(vp8::Encoder::new(settings).unwrap()),
            Self::H264(h264::Encoder::new(settings).unwrap()),
        ]
    }

    fn decoder(&self) -> Decoder {
        match self {
            Self::Vp8(_) => Decoder::Vp8(vp8::Decoder::new().unwrap()),
            Self::H264(_) => Decoder::H264(h264::Decoder::new().unwrap()),
        }
    }

    fn encode(&mut self, number: usize, is_key: bool) -> Option<Vec<u8>> {
        self.encode_picture(&draw(number), number, is_key)
    }

    fn encode_picture(&mut self, data: &[u8], number: usize, is_key: bool) -> Option<Vec<u8>> {
        let (y, rest) = data.split_at(320 * 180);
        let (u, v) = rest.split_at(160 * 90);
        let planes = Planes::new((320, 180), [y, u, v], [320, 160, 160]).unwrap();
        let us = number as u64 * 33_333;
        match self {
            Self::Vp8(encoder) => encoder.encode(&planes, us, is_key),
            Self::H264(encoder) => encoder.encode(&planes, us, is_key),
        }
        .unwrap()
    }

    fn set_bitrate(&mut self, bits: u32) {
        match self {
            Self::Vp8(encoder) => encoder.set_bitrate(bits),
            Self::H264(encoder) => encoder.set_bitrate(bits),
        }
        .unwrap();
    }

    fn is_key(&self, frame: &[u8]) -> bool {
        match self {
            Self::Vp8(_) => frame[0] & 1 == 0,
            Self::H264(_) => frame.windows(4).any(|w| w[..3] == [0, 0, 1] && w[3] & 31 == 5),
        }
    }
}

impl Decoder {
    /// The luma of the picture.
    fn decode(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let mut seen = None;
        let show = |planes: Planes<'_>| {
            let (columns, rows) = planes.size(0);
            let row = |row| &planes.data(0)[row * planes.stride(0)..][..columns];
            seen = Some((0..rows).flat_map(|r| row(r).iter().copied()).collect());
        };
        match self {
            Self::Vp8(decoder) => decoder.decode(frame, show)?,
            Self::H264(decoder) => decoder.decode(frame, show)?,
        }
        Ok(seen)
    }
}

/// A bright square that moves over a slope.
fn draw(number: usize) -> Vec<u8> {
    let mut data = vec![128; 320 * 180 * 3 / 2];
    for (at, sample) in data[..320 * 180].iter_mut().enumerate() {
        let (x, y) = (at % 320, at / 320);
        let is_square = (x + 320 - number * 3 % 320) % 320 < 40 && (60..100).contains(&y);
        *sample = if is_square { 230 } else { 40 + (x / 4) as u8 };
    }
    data
}

fn difference(a: &[u8], b: &[u8]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

#[test]
fn pictures_come_back_and_key_frames_when_asked_for() {
    for mut encoder in Encoder::both(SETTINGS) {
        let mut decoder = encoder.decoder();
        let mut shown = 0;
        for number in 0..60 {
            let wants_key = number == 30;
            let Some(frame) = encoder.encode(number, wants_key) else { continue };
            assert_eq!(encoder.is_key(&frame), shown == 0 || wants_key, "{number}");
            let picture = decoder.decode(&frame).unwrap().expect("a picture");
            assert!(difference(&picture, &draw(number)) < 4.0, "{number}");
            shown += 1;
        }
        assert!(shown > 50, "{shown}");
    }
}

#[test]
fn the_bit_rate_can_be_changed_in_both_directions() {
    for mut encoder in Encoder::both(SETTINGS) {
        let mut random = Random(7);
        // Noise takes all bits that it is given.
        let mut bytes = |encoder: &mut Encoder, from: usize| -> usize {
            let mut encoded = 0;
            for number in from..from + 90 {
                let mut picture = draw(number);
                picture[..320 * 180].iter_mut().for_each(|y| *y ^= random.below(64) as u8);
                encoded += encoder.encode_picture(&picture, number, false).map_or(0, |f| f.len());
            }
            encoded
        };
        encoder.set_bitrate(60_000);
        let low = bytes(&mut encoder, 0);
        encoder.set_bitrate(2_000_000);
        let high = bytes(&mut encoder, 90);
        encoder.set_bitrate(60_000);
        let low_again = bytes(&mut encoder, 180);
        // Three seconds at 2 Mbit/s are 750 kB.
        assert!((500_000..900_000).contains(&high), "{low} {high} {low_again}");
        assert!(low < high / 3 && low_again < high / 3, "{low} {high} {low_again}");
    }
}

/// xorshift64*, for damage that is the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }
}

#[test]
fn damage_never_crashes_and_a_key_frame_heals_it() {
    for mut encoder in Encoder::both(SETTINGS) {
        let frames: Vec<_> = (0..24).filter_map(|n| encoder.encode(n, n % 8 == 0)).collect();
        let mut random = Random(0x5eed);
        let mut refused = 0;
        for _ in 0..40 {
            let mut decoder = encoder.decoder();
            for frame in &frames {
                let mut frame = frame.clone();
                match random.below(4) {
                    0 => frame.truncate(1 + random.below(frame.len())),
                    1 => {
                        for _ in 0..1 + random.below(8) {
                            let at = random.below(frame.len());
                            frame[at] ^= 1 << random.below(8);
                        }
                    }
                    2 => {
                        let at = random.below(frame.len());
                        frame[at..].fill(random.below(256) as u8);
                    }
                    _ => continue,
                }
                refused += usize::from(decoder.decode(&frame).is_err());
            }
            let picture = decoder.decode(&frames[0]).expect("a key frame").expect("a picture");
            assert!(difference(&picture, &draw(0)) < 4.0);
        }
        assert!(refused > 50, "{refused}");
    }
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    for (width, height) in [(0, 0), (8, 64), (33, 32), (32, 33), (8192, 4320)] {
        let settings = Settings { width, height, ..SETTINGS };
        assert_eq!(vp8::Encoder::new(settings).err(), Some(Error::Size { width, height }));
        assert_eq!(h264::Encoder::new(settings).err(), Some(Error::Size { width, height }));
    }
    // A key frame of 16383x16383 pixels is refused before memory is taken for it.
    let huge = [0x10, 2, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0, 0];
    let mut decoder = vp8::Decoder::new().unwrap();
    assert!(matches!(decoder.decode(&huge, |_| {}), Err(Error::Damaged(_))));
}
