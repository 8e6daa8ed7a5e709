//! G.711 (ITU-T G.711, both laws) by table.

use super::repeat::Repeater;
use crate::media::frame::{AudioError, AudioFormat};

/// The longest payload taken, in bytes: 120 ms.
const MAX_PAYLOAD: usize = 960;

/// The two companding laws of G.711.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum G711Law {
    /// µ-law (PCMU), North America and Japan.
    Mu,
    /// A-law (PCMA), the rest of the world.
    A,
}

impl G711Law {
    const fn codec(self) -> &'static str {
        match self {
            G711Law::Mu => "PCMU",
            G711Law::A => "PCMA",
        }
    }

    const fn table(self) -> &'static [i16; 256] {
        match self {
            G711Law::Mu => &MU_DECODE,
            G711Law::A => &A_DECODE,
        }
    }
}

static MU_DECODE: [i16; 256] = decode_table(G711Law::Mu);
static A_DECODE: [i16; 256] = decode_table(G711Law::A);

const fn decode_table(law: G711Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = match law {
            G711Law::Mu => mu_to_linear(code as u8),
            G711Law::A => a_to_linear(code as u8),
        };
        code += 1;
    }
    table
}

/// µ-law bits are inverted on the wire: sign (1 = positive), 3 bits exponent, 4 bits mantissa.
const fn mu_to_linear(code: u8) -> i16 {
    let bits = !code;
    let exponent = (bits >> 4) & 7;
    let magnitude = (((((bits & 15) as i16) << 3) + 132) << exponent) - 132;
    if bits & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// A-law bits have every other bit inverted on the wire: sign (1 = positive), exponent, mantissa.
const fn a_to_linear(code: u8) -> i16 {
    let bits = code ^ 0x55;
    let exponent = (bits >> 4) & 7;
    let mantissa = ((bits & 15) as i16) << 4;
    let magnitude = match exponent {
        0 => mantissa + 8,
        _ => (mantissa + 0x108) << (exponent - 1),
    };
    if bits & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }
}

fn linear_to_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = if sample < 0 { !sample } else { sample };
    // 132 is the bias that makes every segment begin at a power of two.
    let biased = (i32::from(magnitude) + 132).min(0x7fff);
    let exponent = (24 - biased.leading_zeros()) as u8;
    let mantissa = (biased >> (exponent + 3)) as u8 & 15;
    !(sign | exponent << 4 | mantissa)
}

fn linear_to_a(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    let magnitude = if sample < 0 { !sample } else { sample };
    let steps = (magnitude >> 4) as u16;
    let bits = if steps < 32 {
        steps as u8
    } else {
        let exponent = (12 - steps.leading_zeros()) as u8;
        exponent << 4 | ((steps >> (exponent - 1)) as u8 & 15)
    };
    (sign | bits) ^ 0x55
}

/// Encodes 8 kHz mono PCM to one byte per sample.
pub struct G711Encoder {
    law: G711Law,
}

impl G711Encoder {
    /// Makes an encoder for `law`.
    pub fn new(law: G711Law) -> Self {
        G711Encoder { law }
    }

    /// Encodes `pcm` into the first `pcm.len()` bytes of `out` and returns that number.
    ///
    /// Error: `Encode` when `out` is shorter than `pcm`.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, AudioError> {
        let Some(out) = out.get_mut(..pcm.len()) else {
            return Err(AudioError::Encode {
                codec: self.law.codec(),
                reason: format!("the output must hold {} bytes", pcm.len()),
            });
        };
        let encode = match self.law {
            G711Law::Mu => linear_to_mu,
            G711Law::A => linear_to_a,
        };
        for (byte, &sample) in out.iter_mut().zip(pcm) {
            *byte = encode(sample);
        }
        Ok(pcm.len())
    }
}

/// Decodes to 8 kHz mono PCM and conceals by going on with the last period of the pitch.
pub struct G711Decoder {
    law: G711Law,
    repeater: Repeater,
}

impl G711Decoder {
    /// Makes a decoder for `law`.
    pub fn new(law: G711Law) -> Self {
        G711Decoder { law, repeater: Repeater::new(AudioFormat::MONO_8K) }
    }

    /// Decodes one payload of 1 to 960 bytes; see [`super::Decoder::decode`].
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<usize, AudioError> {
        if payload.is_empty() || payload.len() > MAX_PAYLOAD {
            return Err(AudioError::Decode {
                codec: self.law.codec(),
                reason: format!("{} bytes, expected 1 to {MAX_PAYLOAD}", payload.len()),
            });
        }
        let table = self.law.table();
        let start = out.len();
        out.extend(payload.iter().map(|&code| table[usize::from(code)]));
        self.repeater.received(&mut out[start..]);
        Ok(payload.len())
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

    /// (decision value, output value) per step of one sign, from the segments of the standard.
    fn reference_steps(law: G711Law) -> Vec<(i32, i32)> {
        let mut steps = Vec::new();
        match law {
            // 14-bit values; the first interval is 0..1 with output 0.
            G711Law::Mu => {
                steps.push((0, 0));
                let mut decision = 1;
                for segment in 0..8 {
                    let width = 2 << segment;
                    for _ in 0..if segment == 0 { 15 } else { 16 } {
                        steps.push((decision * 4, (decision + width / 2) * 4));
                        decision += width;
                    }
                }
            }
            // 13-bit values; the first two segments share one width.
            G711Law::A => {
                let mut decision = 0;
                for segment in 0..8 {
                    let width = if segment < 2 { 2 } else { 2 << (segment - 1) };
                    for _ in 0..16 {
                        steps.push((decision * 8, (decision + width / 2) * 8));
                        decision += width;
                    }
                }
            }
        }
        assert_eq!(steps.len(), 128);
        steps
    }

    #[test]
    fn every_code_and_every_sample_match_the_standard() {
        for law in [G711Law::Mu, G711Law::A] {
            let steps = reference_steps(law);
            let wire = |positive: bool, index: usize| match law {
                G711Law::Mu => !(index as u8 | if positive { 0 } else { 0x80 }),
                G711Law::A => (index as u8 | if positive { 0x80 } else { 0 }) ^ 0x55,
            };
            for (index, &(_, output)) in steps.iter().enumerate() {
                let table = law.table();
                assert_eq!(i32::from(table[usize::from(wire(true, index))]), output);
                assert_eq!(i32::from(table[usize::from(wire(false, index))]), -output);
            }
            let mut encoder = G711Encoder::new(law);
            for sample in i16::MIN..=i16::MAX {
                let magnitude = i32::from(if sample < 0 { !sample } else { sample });
                let index = steps.partition_point(|&(decision, _)| decision <= magnitude) - 1;
                let mut out = [0];
                encoder.encode(&[sample], &mut out).unwrap();
                assert_eq!(out[0], wire(sample >= 0, index), "{law:?} {sample}");
            }
        }
    }

    #[test]
    fn well_known_codes() {
        let cases = [
            (G711Law::Mu, 0x00, -32_124),
            (G711Law::Mu, 0x80, 32_124),
            (G711Law::Mu, 0xff, 0),
            (G711Law::Mu, 0x7f, 0),
            (G711Law::A, 0xd5, 8),
            (G711Law::A, 0x55, -8),
            (G711Law::A, 0xaa, 32_256),
            (G711Law::A, 0x2a, -32_256),
        ];
        for (law, code, value) in cases {
            assert_eq!(law.table()[code], value, "{law:?} {code:#x}");
        }
    }

    #[test]
    fn decoded_codes_encode_to_themselves() {
        for law in [G711Law::Mu, G711Law::A] {
            let codes: Vec<u8> = (0..=255).collect();
            let mut pcm = Vec::new();
            G711Decoder::new(law).decode(&codes, &mut pcm).unwrap();
            let mut back = vec![0; 256];
            G711Encoder::new(law).encode(&pcm, &mut back).unwrap();
            for (code, again) in codes.iter().zip(&back) {
                // µ-law has two zeros; both decode to 0, which encodes as the positive one.
                assert!(code == again || (law == G711Law::Mu && *code == 0x7f && *again == 0xff));
            }
        }
    }

    #[test]
    fn concealment_repeats_and_fades_to_silence() {
        let mut decoder = G711Decoder::new(G711Law::Mu);
        let mut out = Vec::new();
        decoder.decode(&[0x80; 160], &mut out).unwrap();
        out.clear();
        assert_eq!(decoder.conceal(1000, &mut out), 1000);
        assert_eq!(out[0], 32_124);
        assert!(out.windows(2).all(|w| w[1] <= w[0]), "never louder");
        assert!(out.windows(2).all(|w| w[0] - w[1] < 400), "no click");
        assert!(out[800..].iter().all(|&s| s == 0));
        decoder.decode(&[0x80; 400], &mut out).unwrap();
        out.clear();
        decoder.conceal(1, &mut out);
        assert_eq!(out, [32_124]);
    }

    #[test]
    fn payload_limits() {
        let mut decoder = G711Decoder::new(G711Law::A);
        let mut out = Vec::new();
        for (len, ok) in [(0, false), (1, true), (160, true), (960, true), (961, false)] {
            assert_eq!(decoder.decode(&vec![0; len], &mut out).is_ok(), ok, "{len}");
        }
        assert!(G711Encoder::new(G711Law::A).encode(&[0; 3], &mut [0; 2]).is_err());
    }
}
