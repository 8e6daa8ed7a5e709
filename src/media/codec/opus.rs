//! Opus through libopus: 20 ms packets at 48 kHz with in-band error correction.

use ::opus::{Application, Bandwidth, Bitrate, Channels};

use super::{EncoderOptions, MAX_PACKET_MS, MAX_PAYLOAD_BYTES};
use crate::media::frame::{AudioError, AudioFormat};

const CODEC: &str = "opus";
const RATE_HZ: u32 = 48_000;

/// libopus makes up or recovers audio in units of 2.5 ms.
const CONCEAL_UNIT: usize = (RATE_HZ / 400) as usize;

/// Bits per second and channel below which the redundancy and the band above 8 kHz are not both to
/// be had. There, with loss, speech is understood better without that band: libopus then codes all
/// of it in its speech layer, of which every part can be recovered.
const BOTH_BPS: u32 = 48_000;

/// How much more work is done with loss. Without the upper band it costs a tenth more than the
/// redundancy alone with it, and what is recovered is much nearer to what was said.
const COMPLEXITY_WITH_LOSS: i32 = 3;
const MAX_COMPLEXITY: i32 = 10;

/// The most sample frames that one packet can decode to.
const MAX_FRAMES: usize = (RATE_HZ / 1000 * MAX_PACKET_MS) as usize;

fn channels_of(channels: u32) -> Result<Channels, AudioError> {
    AudioFormat::new(RATE_HZ, channels).validate()?;
    Ok(if channels == 2 { Channels::Stereo } else { Channels::Mono })
}

fn setup_error(error: ::opus::Error) -> AudioError {
    AudioError::CodecSetup { codec: CODEC, reason: error.description().into() }
}

fn decode_error(error: ::opus::Error) -> AudioError {
    AudioError::Decode { codec: CODEC, reason: error.description().into() }
}

/// Whether a packet carries a coarse copy of the audio before it (RFC 6716, 3.1 and 4.2.4).
///
/// The flag follows one voice activity bit per 20 ms, for each channel. Where several frames of
/// different length make it laborious to find, the answer is yes and libopus has to look.
fn has_recovery_data(packet: &[u8]) -> bool {
    let Some(&toc) = packet.first() else { return false };
    let config = toc >> 3;
    let blocks = match config {
        0..=11 => [1, 1, 2, 3][usize::from(config & 3)],
        12..=15 => 1,
        // Without the speech layer there is no copy.
        _ => return false,
    };
    let first = match toc & 3 {
        0 | 1 => packet.get(1),
        _ => return true,
    };
    let Some(&bits) = first else { return false };
    let is_in_mid = (bits >> (7 - blocks)) & 1 == 1;
    let is_in_side = toc & 4 != 0 && (bits >> (6 - 2 * blocks)) & 1 == 1;
    is_in_mid || is_in_side
}

/// An Opus encoder for speech (application VOIP), 48 kHz, mono or stereo.
pub struct OpusEncoder {
    inner: ::opus::Encoder,
    format: AudioFormat,
    complexity: i32,
    /// Whether the band above 8 kHz is given up with loss.
    is_narrowed: bool,
}

impl OpusEncoder {
    /// Makes an encoder. Errors: `InvalidFormat` for the channels, `CodecSetup` for the rest.
    pub fn new(options: &EncoderOptions) -> Result<OpusEncoder, AudioError> {
        let channels = channels_of(options.channels)?;
        let mut inner =
            ::opus::Encoder::new(RATE_HZ, channels, Application::Voip).map_err(setup_error)?;
        let bitrate = i32::try_from(options.bitrate_bps).unwrap_or(i32::MAX);
        let complexity = i32::try_from(options.complexity).unwrap_or(i32::MAX);
        inner.set_bitrate(Bitrate::Bits(bitrate)).map_err(setup_error)?;
        inner.set_complexity(complexity).map_err(setup_error)?;
        inner.set_inband_fec(options.has_fec).map_err(setup_error)?;
        inner.set_dtx(options.has_dtx).map_err(setup_error)?;
        let is_narrowed = options.has_fec && options.bitrate_bps / options.channels < BOTH_BPS;
        let format = AudioFormat::new(RATE_HZ, options.channels);
        let mut encoder = OpusEncoder { inner, format, complexity, is_narrowed };
        encoder.set_expected_loss(options.expected_loss_percent)?;
        Ok(encoder)
    }

    /// 48 kHz with the channels of the options.
    pub fn format(&self) -> AudioFormat {
        self.format
    }

    /// Encodes one frame of a length that Opus knows; see [`super::Encoder::encode`].
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, AudioError> {
        let limit = out.len().min(MAX_PAYLOAD_BYTES);
        self.inner.encode(pcm, &mut out[..limit]).map_err(|error| AudioError::Encode {
            codec: CODEC,
            reason: error.description().into(),
        })
    }

    /// Sets the loss in percent (0 to 100) that the error correction is made for.
    pub fn set_expected_loss(&mut self, percent: u32) -> Result<(), AudioError> {
        let told = i32::try_from(percent).unwrap_or(i32::MAX);
        self.inner.set_packet_loss_perc(told).map_err(setup_error)?;
        if !self.is_narrowed {
            return Ok(());
        }
        let (bandwidth, complexity) = match percent {
            0 => (Bandwidth::Fullband, self.complexity),
            _ => {
                (Bandwidth::Wideband, (self.complexity + COMPLEXITY_WITH_LOSS).min(MAX_COMPLEXITY))
            }
        };
        self.inner.set_max_bandwidth(bandwidth).map_err(setup_error)?;
        self.inner.set_complexity(complexity).map_err(setup_error)
    }
}

/// An Opus decoder, 48 kHz, mono or stereo output whatever is received.
pub struct OpusDecoder {
    inner: ::opus::Decoder,
    format: AudioFormat,
}

impl OpusDecoder {
    /// Makes a decoder. Errors: `InvalidFormat` for the channels, `CodecSetup`.
    pub fn new(channels: u32) -> Result<OpusDecoder, AudioError> {
        let inner = ::opus::Decoder::new(RATE_HZ, channels_of(channels)?).map_err(setup_error)?;
        Ok(OpusDecoder { inner, format: AudioFormat::new(RATE_HZ, channels) })
    }

    /// 48 kHz with the channels asked for.
    #[cfg(test)]
    pub fn format(&self) -> AudioFormat {
        self.format
    }

    /// Decodes one packet; see [`super::Decoder::decode`].
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<usize, AudioError> {
        if payload.is_empty() {
            // libopus would take no bytes as an order to conceal.
            return Err(AudioError::Decode { codec: CODEC, reason: "empty payload".into() });
        }
        // Asking first keeps the zeroed space small: a packet is 20 ms, the limit is 120 ms.
        let frames = self.inner.get_nb_samples(payload).map_err(decode_error)?;
        self.run(payload, frames.min(MAX_FRAMES), false, out)
    }

    /// Recovers the packet before `next`; see [`super::Decoder::decode_fec`].
    pub fn decode_fec(
        &mut self,
        next: &[u8],
        frames: usize,
        out: &mut Vec<i16>,
    ) -> Result<usize, AudioError> {
        if !has_recovery_data(next)
            || frames == 0
            || frames > MAX_FRAMES
            || !frames.is_multiple_of(CONCEAL_UNIT)
        {
            return Err(AudioError::Decode {
                codec: CODEC,
                reason: format!("no data to recover {frames} sample frames"),
            });
        }
        self.run(next, frames, true, out)
    }

    /// Makes up audio; see [`super::Decoder::conceal`].
    pub fn conceal(&mut self, frames: usize, out: &mut Vec<i16>) -> usize {
        let channels = self.format.channels as usize;
        let end = out.len() + frames * channels;
        let mut left = frames / CONCEAL_UNIT * CONCEAL_UNIT;
        while left > 0 {
            match self.run(&[], left.min(MAX_FRAMES), false, out) {
                Ok(made) if made > 0 => left -= made.min(left),
                _ => break,
            }
        }
        out.resize(end, 0);
        frames
    }

    fn run(
        &mut self,
        payload: &[u8],
        frames: usize,
        is_fec: bool,
        out: &mut Vec<i16>,
    ) -> Result<usize, AudioError> {
        let channels = self.format.channels as usize;
        let start = out.len();
        out.resize(start + frames * channels, 0);
        let result = self.inner.decode(payload, &mut out[start..], is_fec);
        let made = *result.as_ref().unwrap_or(&0);
        out.truncate(start + made * channels);
        result.map_err(decode_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech_like(frames: usize, channels: u32) -> Vec<i16> {
        let sample = |i: usize| {
            let t = i as f32 / RATE_HZ as f32;
            let envelope = 0.6 + 0.4 * (t * 25.0).sin();
            let voice: f32 = (1..12).map(|h| (t * 880.0 * h as f32).sin() / h as f32).sum();
            (voice * envelope * 6000.0) as i16
        };
        (0..frames).flat_map(|i| std::iter::repeat_n(sample(i), channels as usize)).collect()
    }

    fn packets(channels: u32, count: usize) -> (Vec<Vec<u8>>, Vec<i16>) {
        let options =
            EncoderOptions { channels, expected_loss_percent: 20, ..EncoderOptions::default() };
        let mut encoder = OpusEncoder::new(&options).unwrap();
        let pcm = speech_like(960 * count, channels);
        let mut out = [0; MAX_PAYLOAD_BYTES];
        let packets = pcm
            .chunks(960 * channels as usize)
            .map(|frame| {
                let n = encoder.encode(frame, &mut out).unwrap();
                out[..n].to_vec()
            })
            .collect();
        (packets, pcm)
    }

    fn energy(pcm: &[i16]) -> f64 {
        pcm.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>()
    }

    #[test]
    fn round_trip_keeps_length_and_loudness() {
        for (sent, heard) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
            let (packets, pcm) = packets(sent, 25);
            let mut decoder = OpusDecoder::new(heard).unwrap();
            let mut out = Vec::new();
            for packet in &packets {
                assert_eq!(decoder.decode(packet, &mut out).unwrap(), 960);
                assert!((20..200).contains(&packet.len()), "{}", packet.len());
            }
            assert_eq!(out.len(), 960 * 25 * heard as usize);
            let ratio = (energy(&out) / f64::from(heard)) / (energy(&pcm) / f64::from(sent));
            assert!((0.7..1.3).contains(&ratio), "{sent} {heard} {ratio}");
        }
    }

    #[test]
    fn recovery_is_nearer_to_the_truth_than_concealment() {
        let (packets, _) = packets(1, 50);
        let (mut error_fec, mut error_plc) = (0.0, 0.0);
        let recoverable = (10..49).filter(|&i| has_recovery_data(&packets[i + 1]));
        for lost in recoverable.step_by(7).take(4) {
            let mut outputs = [Vec::new(), Vec::new(), Vec::new()];
            for (mode, out) in outputs.iter_mut().enumerate() {
                let mut decoder = OpusDecoder::new(1).unwrap();
                for (i, packet) in packets.iter().enumerate().take(lost + 1) {
                    match (i == lost, mode) {
                        (true, 1) => {
                            decoder.decode_fec(&packets[lost + 1], 960, out).unwrap();
                        }
                        (true, 2) => {
                            decoder.conceal(960, out);
                        }
                        _ => {
                            decoder.decode(packet, out).unwrap();
                        }
                    }
                }
            }
            let tail = |v: &Vec<i16>| v[v.len() - 960..].to_vec();
            let truth = tail(&outputs[0]);
            let error = |v: &Vec<i16>| {
                tail(v).iter().zip(&truth).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
            };
            error_fec += error(&outputs[1]);
            error_plc += error(&outputs[2]);
        }
        assert!(error_fec < error_plc, "fec {error_fec} plc {error_plc}");
    }

    #[test]
    fn packets_with_recovery_data_are_told_from_those_without() {
        let cases: [(&[u8], bool); 9] = [
            (&[], false),
            (&[1 << 3], false),
            (&[1 << 3, 0b1000_0000], false),
            (&[1 << 3, 0b0100_0000], true),
            (&[3 << 3, 0b0001_0000], true),
            (&[3 << 3, 0b1110_0000], false),
            (&[1 << 3 | 4, 0b0001_0000], true),
            (&[31 << 3, 0xff], false),
            (&[1 << 3 | 3, 0], true),
        ];
        for (packet, wanted) in cases {
            assert_eq!(has_recovery_data(packet), wanted, "{packet:x?}");
        }
        // Redundancy costs encoding time: only with loss, and from the least that the leg asks for.
        for (expected_loss_percent, has_fec, wanted) in
            [(0, true, 0..=0), (10, true, 30..=50), (10, false, 0..=0)]
        {
            let options =
                EncoderOptions { expected_loss_percent, has_fec, ..EncoderOptions::default() };
            let mut encoder = OpusEncoder::new(&options).unwrap();
            let mut out = [0; MAX_PAYLOAD_BYTES];
            let has_data = |frame: &[i16]| {
                let n = encoder.encode(frame, &mut out).unwrap();
                has_recovery_data(&out[..n])
            };
            let speech = speech_like(960 * 50, 1);
            let with = speech.chunks(960).map(has_data).filter(|&has| has).count();
            assert!(wanted.contains(&with), "loss {expected_loss_percent} %: {with} of 50");
        }
    }

    #[test]
    fn long_concealment_fades_and_has_the_right_length() {
        let (packets, _) = packets(1, 20);
        let mut decoder = OpusDecoder::new(1).unwrap();
        let mut out = Vec::new();
        for packet in &packets {
            decoder.decode(packet, &mut out).unwrap();
        }
        out.clear();
        for frames in [960, 120, 481, 5760, 10_000] {
            assert_eq!(decoder.conceal(frames, &mut out), frames);
        }
        assert_eq!(out.len(), 960 + 120 + 481 + 5760 + 10_000);
        assert!(energy(&out[16_000..]) < energy(&out[..960]));
    }

    #[test]
    fn bad_options_and_payloads_are_errors() {
        let default = EncoderOptions::default;
        for options in [
            EncoderOptions { channels: 3, ..default() },
            EncoderOptions { complexity: 11, ..default() },
            EncoderOptions { bitrate_bps: 0, ..default() },
            EncoderOptions { expected_loss_percent: 101, ..default() },
        ] {
            assert!(OpusEncoder::new(&options).is_err(), "{options:?}");
        }
        let mut decoder = OpusDecoder::new(1).unwrap();
        let mut out = vec![7];
        assert!(decoder.decode(&[], &mut out).is_err());
        assert!(decoder.decode(&[0xff; 1], &mut out).is_err());
        assert!(decoder.decode_fec(&[1, 2], 961, &mut out).is_err());
        assert_eq!(out, [7]);
    }
}
