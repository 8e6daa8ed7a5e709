//! What a picture costs: encoding and decoding of 640x360 at 30 per second and 800 kbit/s.
//!
//! `cargo bench -p signalwire-video-codecs --all-features`

use signalwire_video_codecs::{h264, vp8, Planes, Settings};
use std::time::{Duration, Instant};

const SETTINGS: Settings =
    Settings { width: 640, height: 360, bitrate_bps: 800_000, frame_rate: 30.0, threads: 1 };
const PICTURES: usize = 300;

/// A slope with a square that moves and a little noise, as a camera has it.
fn draw(number: usize, data: &mut [u8]) {
    let mut noise = number as u32 | 1;
    for (at, sample) in data[..640 * 360].iter_mut().enumerate() {
        let (x, y) = (at % 640, at / 640);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let is_square = (x + 640 - number * 3 % 640) % 640 < 120 && (100..240).contains(&y);
        *sample = if is_square { 220 } else { 40 + (x / 4) as u8 } + (noise >> 30) as u8;
    }
}

fn measure(
    name: &str,
    mut encode: impl FnMut(&Planes<'_>, u64) -> Option<Vec<u8>>,
    mut decode: impl FnMut(&[u8]),
) {
    let mut data = vec![128; 640 * 360 * 3 / 2];
    let (mut encoding, mut decoding, mut bytes, mut frames) =
        (Duration::ZERO, Duration::ZERO, 0, 0);
    for number in 0..PICTURES {
        draw(number, &mut data);
        let (y, rest) = data.split_at(640 * 360);
        let (u, v) = rest.split_at(320 * 180);
        let planes = Planes::new((640, 360), [y, u, v], [640, 320, 320]).expect("planes");
        let begun = Instant::now();
        let frame = encode(&planes, number as u64 * 33_333);
        encoding += begun.elapsed();
        if let Some(frame) = frame {
            bytes += frame.len();
            frames += 1;
            let begun = Instant::now();
            decode(&frame);
            decoding += begun.elapsed();
        }
    }
    let seconds = PICTURES as f64 / 30.0;
    println!(
        "{name:>5}: encode {:.2} ms, decode {:.2} ms per picture; {frames} of {PICTURES} sent, {:.0} kbit/s",
        encoding.as_secs_f64() * 1e3 / PICTURES as f64,
        decoding.as_secs_f64() * 1e3 / f64::from(frames.max(1)),
        bytes as f64 * 8.0 / 1e3 / seconds,
    );
}

fn main() {
    let mut encoder = vp8::Encoder::new(SETTINGS).expect("an encoder");
    let mut decoder = vp8::Decoder::new().expect("a decoder");
    measure(
        "VP8",
        |planes, us| encoder.encode(planes, us, us == 0).expect("encodes"),
        |frame| decoder.decode(frame, |_| {}).expect("decodes"),
    );
    let mut encoder = h264::Encoder::new(SETTINGS).expect("an encoder");
    let mut decoder = h264::Decoder::new().expect("a decoder");
    measure(
        "H.264",
        |planes, us| encoder.encode(planes, us, us == 0).expect("encodes"),
        |frame| decoder.decode(frame, |_| {}).expect("decodes"),
    );
}
