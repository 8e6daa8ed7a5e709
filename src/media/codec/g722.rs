//! G.722 (ITU-T G.722, 64 kbit/s): 16 kHz mono, two samples in each byte.
//!
//! RTP counts it at 8 kHz, an error of RFC 1890 that stays for compatibility (RFC 3551, 4.5.2). So
//! here, as nowhere else, the clock of the timestamps is not the rate of the audio.

use super::repeat::Repeater;
use crate::media::frame::{AudioError, AudioFormat};
use ezk_g722::libg722::{decoder, encoder, Bitrate};

const CODEC: &str = "G722";
const FORMAT: AudioFormat = AudioFormat::MONO_16K;

/// The longest payload taken, in bytes: 120 ms.
const MAX_PAYLOAD: usize = 960;

/// Encodes 16 kHz mono PCM to one byte for two samples.
pub struct G722Encoder(encoder::Encoder);

impl G722Encoder {
    /// Makes an encoder.
    pub fn new() -> Self {
        // All 8 bits of a code are audio, and a byte is a code.
        G722Encoder(encoder::Encoder::new(Bitrate::Mode1_64000, false, false))
    }

    /// Encodes `pcm`, an even number of samples, into half as many bytes of `out`; gives their number.
    ///
    /// Error: `Encode` for an odd number, and when `out` is too short.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, AudioError> {
        let failed = |reason: String| AudioError::Encode { codec: CODEC, reason };
        if !pcm.len().is_multiple_of(2) {
            return Err(failed("the number of samples must be even".into()));
        }
        let Some(out) = out.get_mut(..pcm.len() / 2) else {
            return Err(failed(format!("the output must hold {} bytes", pcm.len() / 2)));
        };
        let encoded = self.0.encode(pcm);
        if encoded.len() != out.len() {
            return Err(failed(format!("{} bytes from {} samples", encoded.len(), pcm.len())));
        }
        out.copy_from_slice(&encoded);
        Ok(out.len())
    }
}

/// Decodes to 16 kHz mono PCM and conceals by going on with the last period of the pitch.
pub struct G722Decoder {
    inner: decoder::Decoder,
    repeater: Repeater,
}

impl G722Decoder {
    /// Makes a decoder.
    pub fn new() -> Self {
        let inner = decoder::Decoder::new(Bitrate::Mode1_64000, false, false);
        G722Decoder { inner, repeater: Repeater::new(FORMAT) }
    }

    /// Decodes one payload of 1 to 960 bytes; see [`super::Decoder::decode`].
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<usize, AudioError> {
        if payload.is_empty() || payload.len() > MAX_PAYLOAD {
            return Err(AudioError::Decode {
                codec: CODEC,
                reason: format!("{} bytes, expected 1 to {MAX_PAYLOAD}", payload.len()),
            });
        }
        let mut pcm = self.inner.decode(payload);
        self.repeater.received(&mut pcm);
        out.extend_from_slice(&pcm);
        Ok(pcm.len())
    }

    /// Makes up audio; see [`super::Decoder::conceal`].
    pub fn conceal(&mut self, frames: usize, out: &mut Vec<i16>) -> usize {
        self.repeater.make_up(frames, out);
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, seconds: f64) -> Vec<i16> {
        let step = std::f64::consts::TAU * hz / 16_000.0;
        let samples = (seconds * 16_000.0) as usize;
        (0..samples).map(|n| ((n as f64 * step).sin() * 12_000.0) as i16).collect()
    }

    /// What comes out against what went in, in dB, at the delay and gain that fit best.
    fn signal_to_noise(sent: &[i16], heard: &[i16]) -> f64 {
        let compare = |delay: usize| {
            let pairs = || sent.iter().zip(&heard[delay..]).skip(1_600);
            let (mut both, mut own, mut all) = (0.0, 0.0, 0.0);
            for (s, h) in pairs() {
                let (s, h) = (f64::from(*s), f64::from(*h));
                both += s * h;
                own += s * s;
                all += h * h;
            }
            let signal = both * both / own;
            10.0 * (signal / (all - signal)).log10()
        };
        (0..64).map(compare).fold(f64::MIN, f64::max)
    }

    fn through(pcm: &[i16]) -> Vec<i16> {
        let (mut encoder, mut decoder) = (G722Encoder::new(), G722Decoder::new());
        let mut heard = Vec::new();
        for frame in pcm.chunks(320) {
            let mut payload = [0; 160];
            let length = encoder.encode(frame, &mut payload).unwrap();
            assert_eq!(length, frame.len() / 2);
            assert_eq!(decoder.decode(&payload[..length], &mut heard).unwrap(), frame.len());
        }
        heard
    }

    #[test]
    fn tones_come_through_up_to_seven_kilohertz() {
        // The upper band has 2 bits a sample only.
        for (hz, least_db) in [(300.0, 25.0), (1_000.0, 25.0), (3_000.0, 20.0), (6_000.0, 10.0)] {
            let sent = tone(hz, 1.0);
            let db = signal_to_noise(&sent, &through(&sent));
            assert!(db > least_db, "{hz} Hz: {db:.1} dB");
        }
    }

    #[test]
    fn silence_stays_silent() {
        let heard = through(&[0; 16_000]);
        assert!(heard.iter().all(|sample| sample.unsigned_abs() < 20), "{:?}", heard.iter().max());
    }

    #[test]
    fn a_gap_is_filled_in_the_pitch_and_fades() {
        let mut decoder = G722Decoder::new();
        let mut encoder = G722Encoder::new();
        let mut payload = vec![0; 1_600];
        encoder.encode(&tone(200.0, 0.2), &mut payload).unwrap();
        let mut heard = Vec::new();
        for part in payload.chunks(160) {
            decoder.decode(part, &mut heard).unwrap();
        }
        let mut made = Vec::new();
        assert_eq!(decoder.conceal(4_000, &mut made), 4_000);
        let loudest = |pcm: &[i16]| pcm.iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!(loudest(&made[..320]) > 9_000, "{}", loudest(&made[..320]));
        assert_eq!(loudest(&made[1_600..]), 0);
    }

    #[test]
    fn payload_limits() {
        let mut out = Vec::new();
        for (len, ok) in [(0, false), (1, true), (160, true), (960, true), (961, false)] {
            let result = G722Decoder::new().decode(&vec![0; len], &mut out);
            assert_eq!(result.is_ok(), ok, "{len}");
        }
        assert!(G722Encoder::new().encode(&[0; 3], &mut [0; 8]).is_err());
        assert!(G722Encoder::new().encode(&[0; 4], &mut [0; 1]).is_err());
    }
}
