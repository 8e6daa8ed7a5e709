//! Audio codecs: Opus, G.722 and G.711, behind one encoder and one decoder type.

mod g711;
mod g722;
mod opus;
mod repeat;

pub use self::g711::{G711Decoder, G711Encoder, G711Law};
pub use self::g722::{G722Decoder, G722Encoder};
pub use self::opus::{OpusDecoder, OpusEncoder};

use super::frame::{AudioError, AudioFormat};

/// The longest payload that an encoder of this module makes, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 1275;

/// The longest audio that one packet can hold, in milliseconds.
pub const MAX_PACKET_MS: u32 = 120;

/// The audio codecs that a call can use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum AudioCodec {
    /// Opus, 48 kHz, with forward error correction (RFC 6716, RFC 7587).
    Opus,
    /// G.711 µ-law, 8 kHz mono.
    Pcmu,
    /// G.711 A-law, 8 kHz mono.
    Pcma,
    /// G.722, 16 kHz mono: wideband where there is no Opus.
    G722,
}

impl AudioCodec {
    /// All codecs, best first: what a call uses without a choice.
    pub(crate) const ALL: [AudioCodec; 4] =
        [AudioCodec::Opus, AudioCodec::G722, AudioCodec::Pcmu, AudioCodec::Pcma];

    /// The rate of the audio in Hz; that of the RTP timestamp for all but G.722.
    pub const fn sample_rate_hz(self) -> u32 {
        match self {
            AudioCodec::G722 => 16_000,
            AudioCodec::Opus | AudioCodec::Pcmu | AudioCodec::Pcma => self.rtp_clock_rate(),
        }
    }

    /// The rate of the RTP timestamp in Hz.
    pub const fn rtp_clock_rate(self) -> u32 {
        match self {
            AudioCodec::Opus => 48_000,
            // 8000 for G.722, too (RFC 3551, 4.5.2).
            AudioCodec::Pcmu | AudioCodec::Pcma | AudioCodec::G722 => 8_000,
        }
    }

    /// The encoding name in `a=rtpmap`.
    pub const fn sdp_name(self) -> &'static str {
        match self {
            AudioCodec::Opus => "opus",
            AudioCodec::Pcmu => "PCMU",
            AudioCodec::Pcma => "PCMA",
            AudioCodec::G722 => "G722",
        }
    }

    /// The channel count in `a=rtpmap`; always 2 for Opus, whatever is sent (RFC 7587, 7).
    pub const fn sdp_channels(self) -> u32 {
        match self {
            AudioCodec::Opus => 2,
            AudioCodec::Pcmu | AudioCodec::Pcma | AudioCodec::G722 => 1,
        }
    }

    /// The static payload type (RFC 3551), or none for a codec that needs a dynamic one.
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            AudioCodec::Opus => None,
            AudioCodec::Pcmu => Some(0),
            AudioCodec::Pcma => Some(8),
            AudioCodec::G722 => Some(9),
        }
    }

    /// Finds a codec by its `a=rtpmap` name, in any case; none when it is not supported.
    pub fn from_sdp_name(name: &str) -> Option<AudioCodec> {
        Self::ALL.into_iter().find(|codec| codec.sdp_name().eq_ignore_ascii_case(name))
    }
}

/// How audio is encoded. Fields that a codec does not know are ignored by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncoderOptions {
    /// 1 or 2; G.711 and G.722 are always mono. Default 1.
    pub channels: u32,
    /// Opus target bitrate in bits per second, 6000 to 510000. Default 32000.
    pub bitrate_bps: u32,
    /// Opus complexity, 0 (cheapest) to 10. Default 5.
    pub complexity: u32,
    /// Opus in-band forward error correction. Default on.
    pub has_fec: bool,
    /// The loss in percent, 0 to 100, that error correction is made for. Default 0.
    ///
    /// Above 0 Opus below 48 kb/s per channel leaves out what is above 8 kHz and takes more
    /// trouble: recovery data and that band do not both fit, and speech is better without the band
    /// than without the data. It costs about a third more encoding time.
    pub expected_loss_percent: u32,
    /// Opus discontinuous transmission: silence becomes packets of at most two bytes, which need
    /// not be sent. Default off.
    pub has_dtx: bool,
}

impl Default for EncoderOptions {
    fn default() -> Self {
        EncoderOptions {
            channels: 1,
            bitrate_bps: 32_000,
            complexity: 5,
            has_fec: true,
            expected_loss_percent: 0,
            has_dtx: false,
        }
    }
}

/// The lengths of packets that are sent, in milliseconds: what each codec here can make.
pub(crate) const PACKET_MS: [u32; 4] = [10, 20, 40, 60];

/// Encodes packets with one of the codecs. Not for several threads at once.
pub enum Encoder {
    /// Opus.
    Opus(OpusEncoder),
    /// G.711, either law.
    G711(G711Encoder),
    /// G.722.
    G722(Box<G722Encoder>),
}

impl Encoder {
    /// Makes an encoder. Errors: `InvalidFormat`, `CodecSetup`.
    pub fn new(codec: AudioCodec, options: &EncoderOptions) -> Result<Encoder, AudioError> {
        Ok(match codec {
            AudioCodec::Opus => Encoder::Opus(OpusEncoder::new(options)?),
            AudioCodec::Pcmu => Encoder::G711(G711Encoder::new(G711Law::Mu)),
            AudioCodec::Pcma => Encoder::G711(G711Encoder::new(G711Law::A)),
            AudioCodec::G722 => Encoder::G722(Box::new(G722Encoder::new())),
        })
    }

    /// The PCM format that [`Encoder::encode`] takes.
    pub fn format(&self) -> AudioFormat {
        match self {
            Encoder::Opus(encoder) => encoder.format(),
            Encoder::G711(_) => AudioFormat::MONO_8K,
            Encoder::G722(_) => AudioFormat::MONO_16K,
        }
    }

    /// Encodes one packet of interleaved PCM, as long as one of [`PACKET_MS`], into `out` and returns
    /// the payload's length.
    ///
    /// `out` must hold [`MAX_PAYLOAD_BYTES`]. Errors: `InvalidSamples` for another length,
    /// `Encode` when the codec refuses.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, AudioError> {
        let format = self.format();
        if !PACKET_MS.iter().any(|ms| format.samples_in_ms(*ms) == pcm.len()) {
            return Err(AudioError::InvalidSamples(format!(
                "the encoder takes packets of {PACKET_MS:?} ms; got {} samples",
                pcm.len()
            )));
        }
        match self {
            Encoder::Opus(encoder) => encoder.encode(pcm, out),
            Encoder::G711(encoder) => encoder.encode(pcm, out),
            Encoder::G722(encoder) => encoder.encode(pcm, out),
        }
    }

    /// Tells the encoder how much the network loses, in percent; no effect on G.711 and G.722.
    pub fn set_expected_loss(&mut self, percent: u32) -> Result<(), AudioError> {
        match self {
            Encoder::Opus(encoder) => encoder.set_expected_loss(percent),
            Encoder::G711(_) | Encoder::G722(_) => Ok(()),
        }
    }
}

/// Decodes and conceals one stream. Not for several threads at once. Never panics on bad input.
pub enum Decoder {
    /// Opus.
    Opus(OpusDecoder),
    /// G.711, either law.
    G711(G711Decoder),
    /// G.722.
    G722(Box<G722Decoder>),
}

impl Decoder {
    /// Makes a decoder with `channels` (1 or 2) output channels; G.711 and G.722 are always mono.
    ///
    /// Errors: `InvalidFormat`, `CodecSetup`.
    pub fn new(codec: AudioCodec, channels: u32) -> Result<Decoder, AudioError> {
        Ok(match codec {
            AudioCodec::Opus => Decoder::Opus(OpusDecoder::new(channels)?),
            AudioCodec::Pcmu => Decoder::G711(G711Decoder::new(G711Law::Mu)),
            AudioCodec::Pcma => Decoder::G711(G711Decoder::new(G711Law::A)),
            AudioCodec::G722 => Decoder::G722(Box::new(G722Decoder::new())),
        })
    }

    /// The PCM format of the output.
    #[cfg(test)]
    pub fn format(&self) -> AudioFormat {
        match self {
            Decoder::Opus(decoder) => decoder.format(),
            Decoder::G711(_) => AudioFormat::MONO_8K,
            Decoder::G722(_) => AudioFormat::MONO_16K,
        }
    }

    /// Whether lost packets can be recovered from their successor.
    pub fn has_fec(&self) -> bool {
        matches!(self, Decoder::Opus(_))
    }

    /// Decodes one payload of up to 120 ms and appends the samples to `out`.
    ///
    /// Returns the sample frames per channel. Error: `Decode`; then `out` is unchanged and the
    /// caller should conceal.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<usize, AudioError> {
        match self {
            Decoder::Opus(decoder) => decoder.decode(payload, out),
            Decoder::G711(decoder) => decoder.decode(payload, out),
            Decoder::G722(decoder) => decoder.decode(payload, out),
        }
    }

    /// Recovers the lost packet before `next` and appends `frames` sample frames to `out`.
    ///
    /// Error: `Decode` when `next` carries no recovery data; then the caller should conceal.
    pub fn decode_fec(
        &mut self,
        next: &[u8],
        frames: usize,
        out: &mut Vec<i16>,
    ) -> Result<usize, AudioError> {
        match self {
            Decoder::Opus(decoder) => decoder.decode_fec(next, frames, out),
            Decoder::G711(_) | Decoder::G722(_) => Err(AudioError::Decode {
                codec: "G.711 or G.722",
                reason: "the codec has no error correction".into(),
            }),
        }
    }

    /// Makes up `frames` sample frames from what was heard before and appends them to `out`.
    ///
    /// Never fails: at worst the samples are silent. Returns the sample frames appended.
    pub fn conceal(&mut self, frames: usize, out: &mut Vec<i16>) -> usize {
        match self {
            Decoder::Opus(decoder) => decoder.conceal(frames, out),
            Decoder::G711(decoder) => decoder.conceal(frames, out),
            Decoder::G722(decoder) => decoder.conceal(frames, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codec_facts() {
        let cases = [
            (AudioCodec::Opus, "opus", 48_000, 2, None),
            (AudioCodec::Pcmu, "PCMU", 8_000, 1, Some(0)),
            (AudioCodec::Pcma, "PCMA", 8_000, 1, Some(8)),
            (AudioCodec::G722, "G722", 8_000, 1, Some(9)),
        ];
        for (codec, name, clock, channels, pt) in cases {
            assert_eq!(codec.sdp_name(), name);
            assert_eq!(codec.rtp_clock_rate(), clock);
            assert_eq!(codec.sdp_channels(), channels);
            assert_eq!(codec.static_payload_type(), pt);
            assert_eq!(AudioCodec::from_sdp_name(&name.to_lowercase()), Some(codec));
            assert_eq!(AudioCodec::from_sdp_name(&name.to_uppercase()), Some(codec));
        }
        assert_eq!(AudioCodec::from_sdp_name("telephone-event"), None);
    }

    #[test]
    fn only_packets_of_a_known_length_are_encoded() {
        for codec in AudioCodec::ALL {
            let mut encoder = Encoder::new(codec, &EncoderOptions::default()).unwrap();
            let n = encoder.format().samples_per_20ms();
            let mut out = [0; MAX_PAYLOAD_BYTES];
            for good in [n / 2, n, 2 * n, 3 * n] {
                let length = encoder.encode(&vec![0; good], &mut out).unwrap();
                let mut heard = Vec::new();
                Decoder::new(codec, 1).unwrap().decode(&out[..length], &mut heard).unwrap();
                assert_eq!(heard.len(), good, "{codec:?}");
            }
            for bad in [0, n - 1, n + 1, 4 * n] {
                assert!(matches!(
                    encoder.encode(&vec![0; bad], &mut out),
                    Err(AudioError::InvalidSamples(_))
                ));
            }
        }
    }

    /// Payloads from a cheap generator: nothing may panic, and concealment must always work.
    #[test]
    fn garbage_never_panics() {
        let mut state = 0x2545_f491u32;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        for codec in AudioCodec::ALL {
            let mut decoder = Decoder::new(codec, 1).unwrap();
            let mut out = Vec::new();
            for _ in 0..300 {
                let len = (random() % 200) as usize;
                let payload: Vec<u8> = (0..len).map(|_| random() as u8).collect();
                out.clear();
                match decoder.decode(&payload, &mut out) {
                    Ok(frames) => assert_eq!(frames, out.len()),
                    Err(_) => assert!(out.is_empty()),
                }
                let _ = decoder.decode_fec(&payload, 960, &mut out);
                out.clear();
                assert_eq!(
                    decoder.conceal(decoder.format().samples_per_20ms(), &mut out),
                    out.len()
                );
                assert_eq!(out.len(), decoder.format().samples_per_20ms());
            }
        }
    }
}
