//! Encoding what the gateway says and measuring what it hears.

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::time::{Duration, Instant};

use ezk_g722::libg722 as g722;

use super::g711;
use super::negotiate::Codec;

/// The pitch of `/public/tone`.
pub const TONE_HZ: f64 = 440.0;
const TONE_AMPLITUDE: f64 = 9_000.0;
/// The window of the frequency analysis.
const WINDOW_MS: usize = 200;
const RECORDING_SECONDS: usize = 30;

/// Encoder and decoder of one audio stream.
pub struct AudioCodec {
    codec: Codec,
    opus: Option<(opus::Encoder, opus::Decoder)>,
    g722: Option<(g722::encoder::Encoder, g722::decoder::Decoder)>,
    silence: Option<Vec<u8>>,
    phase: f64,
}

impl AudioCodec {
    /// Opens the codec; mono, at the codec's rate.
    pub fn new(codec: Codec) -> Result<AudioCodec, String> {
        let opus = match codec {
            Codec::Opus => Some(opus_pair().map_err(|e| e.to_string())?),
            _ => None,
        };
        let g722 = (codec == Codec::G722).then(|| {
            let mode = || g722::Bitrate::Mode1_64000;
            (
                g722::encoder::Encoder::new(mode(), false, false),
                g722::decoder::Decoder::new(mode(), false, false),
            )
        });
        Ok(AudioCodec { codec, opus, g722, silence: None, phase: 0.0 })
    }

    /// Samples in a frame of `ptime` milliseconds.
    pub fn frame(&self, ptime: u32) -> usize {
        (self.codec.rate() / 1000 * ptime) as usize
    }

    /// The duration of a received payload in units of the RTP clock.
    pub fn duration(&self, payload: &[u8]) -> usize {
        match &self.opus {
            Some((_, decoder)) => decoder.get_nb_samples(payload).unwrap_or(960),
            None => payload.len(),
        }
    }

    /// A frame of silence; the same bytes each time.
    pub fn silence(&mut self, ptime: u32) -> Vec<u8> {
        if let Some(payload) = &self.silence {
            return payload.clone();
        }
        let payload = self.encode(&vec![0; self.frame(ptime)]);
        self.silence = Some(payload.clone());
        payload
    }

    /// The next frame of the tone.
    pub fn tone(&mut self, ptime: u32) -> Vec<u8> {
        let step = TAU * TONE_HZ / f64::from(self.codec.rate());
        let samples: Vec<i16> = (0..self.frame(ptime))
            .map(|_| {
                self.phase = (self.phase + step) % TAU;
                (self.phase.sin() * TONE_AMPLITUDE) as i16
            })
            .collect();
        self.encode(&samples)
    }

    /// Encodes one frame.
    pub fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        if let Some((encoder, _)) = &mut self.g722 {
            return encoder.encode(samples);
        }
        match (&mut self.opus, self.codec) {
            (Some((encoder, _)), _) => encoder.encode_vec(samples, 1275).unwrap_or_default(),
            (None, Codec::Pcma) => samples.iter().map(|s| g711::linear_to_alaw(*s)).collect(),
            (None, _) => samples.iter().map(|s| g711::linear_to_ulaw(*s)).collect(),
        }
    }

    /// Decodes one payload; `None` when it is no frame of this codec.
    pub fn decode(&mut self, payload: &[u8]) -> Option<Vec<i16>> {
        if let Some((_, decoder)) = &mut self.g722 {
            return Some(decoder.decode(payload));
        }
        match (&mut self.opus, self.codec) {
            (Some((_, decoder)), _) => {
                let mut samples = vec![0; 5760];
                let count = decoder.decode(payload, &mut samples, false).ok()?;
                samples.truncate(count);
                Some(samples)
            }
            (None, Codec::Pcma) => Some(payload.iter().map(|b| g711::alaw_to_linear(*b)).collect()),
            (None, _) => Some(payload.iter().map(|b| g711::ulaw_to_linear(*b)).collect()),
        }
    }
}

fn opus_pair() -> Result<(opus::Encoder, opus::Decoder), opus::Error> {
    let mut encoder = opus::Encoder::new(48_000, opus::Channels::Mono, opus::Application::Voip)?;
    // A tone needs no effort, and test builds have a slow libopus.
    encoder.set_complexity(1)?;
    encoder.set_bitrate(opus::Bitrate::Bits(48_000))?;
    encoder.set_inband_fec(true)?;
    Ok((encoder, opus::Decoder::new(48_000, opus::Channels::Mono)?))
}

/// Level and pitch of the audio that came in.
pub struct Meter {
    rate: u32,
    recent: VecDeque<i16>,
    /// Sum of the squares of all samples, full scale being 1; comparable to `totalAudioEnergy`.
    pub energy: f64,
    pub seconds: f64,
    measured: Option<(Instant, f64)>,
    recording: Option<Vec<i16>>,
}

impl Meter {
    /// A meter for samples at `rate`; `record` keeps the audio too.
    pub fn new(rate: u32, record: bool) -> Meter {
        Meter {
            rate,
            recent: VecDeque::new(),
            energy: 0.0,
            seconds: 0.0,
            measured: None,
            recording: record.then(Vec::new),
        }
    }

    /// Takes decoded samples.
    pub fn push(&mut self, samples: &[i16]) {
        let rate = f64::from(self.rate);
        self.energy +=
            samples.iter().map(|s| (f64::from(*s) / 32_768.0).powi(2)).sum::<f64>() / rate;
        self.seconds += samples.len() as f64 / rate;
        self.recent.extend(samples);
        let window = self.rate as usize * WINDOW_MS / 1000;
        while self.recent.len() > window {
            self.recent.pop_front();
        }
        if let Some(recording) = &mut self.recording {
            if recording.len() < self.rate as usize * RECORDING_SECONDS {
                recording.extend_from_slice(samples);
            }
        }
    }

    /// Forgets the window, e.g. because nothing came for a while.
    pub fn quiet(&mut self) {
        self.recent.clear();
        self.measured = None;
    }

    /// Root mean square of the last window, full scale being 1.
    pub fn level(&self) -> f64 {
        if self.recent.is_empty() {
            return 0.0;
        }
        let sum: f64 = self.recent.iter().map(|s| (f64::from(*s) / 32_768.0).powi(2)).sum();
        (sum / self.recent.len() as f64).sqrt()
    }

    /// The strongest frequency of the last window in Hz, 0 for silence. Measured at most ten
    /// times a second.
    pub fn frequency(&mut self, now: Instant) -> f64 {
        if let Some((at, frequency)) = self.measured {
            if now - at < Duration::from_millis(100) {
                return frequency;
            }
        }
        let frequency = match self.level() > 0.001 {
            true => dominant(self.recent.make_contiguous(), self.rate),
            false => 0.0,
        };
        self.measured = Some((now, frequency));
        frequency
    }

    /// Sample rate and samples of the recording.
    pub fn recording(&self) -> Option<(u32, &[i16])> {
        self.recording.as_deref().map(|samples| (self.rate, samples))
    }
}

/// The strongest frequency between 50 and 3900 Hz, to about one Hertz.
pub fn dominant(samples: &[i16], rate: u32) -> f64 {
    let factor = (rate / 8_000).max(1) as usize;
    let reduced: Vec<f64> = samples
        .chunks_exact(factor)
        .map(|c| c.iter().map(|s| f64::from(*s)).sum::<f64>() / factor as f64)
        .collect();
    let rate = f64::from(rate) / factor as f64;
    let bin = rate / SPECTRUM as f64;
    let (first, last) = ((50.0 / bin) as usize, (3_900.0 / bin) as usize);
    let spectrum = power_spectrum(&reduced);
    let coarse = (first..=last).max_by(|a, b| spectrum[*a].total_cmp(&spectrum[*b])).unwrap_or(0);
    let step = bin / 8.0;
    (-8..=8)
        .map(|offset| coarse as f64 * bin + f64::from(offset) * step)
        .map(|frequency| (frequency, goertzel(&reduced, frequency / rate)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0.0, |(frequency, _)| frequency)
}

/// Points of the Fourier transform.
const SPECTRUM: usize = 2048;

/// Power of the first `SPECTRUM` samples at multiples of the rate over `SPECTRUM`: a radix-2
/// transform with decimation in frequency, whose output comes in bit-reversed order.
fn power_spectrum(samples: &[f64]) -> Vec<f64> {
    let mut re: Vec<f64> = samples.iter().copied().take(SPECTRUM).collect();
    re.resize(SPECTRUM, 0.0);
    let mut im = vec![0.0; SPECTRUM];
    let mut half = SPECTRUM / 2;
    while half > 0 {
        for offset in 0..half {
            let (sin, cos) = (-TAU * offset as f64 / (2 * half) as f64).sin_cos();
            for low in (offset..SPECTRUM).step_by(2 * half) {
                let high = low + half;
                let (x, y) = (re[low] - re[high], im[low] - im[high]);
                re[low] += re[high];
                im[low] += im[high];
                re[high] = x * cos - y * sin;
                im[high] = x * sin + y * cos;
            }
        }
        half /= 2;
    }
    let bits = SPECTRUM.trailing_zeros();
    (0..SPECTRUM)
        .map(|at| at.reverse_bits() >> (usize::BITS - bits))
        .map(|at| re[at] * re[at] + im[at] * im[at])
        .collect()
}

/// Signal power at a frequency given in cycles per sample.
fn goertzel(samples: &[f64], frequency: f64) -> f64 {
    let coefficient = 2.0 * (TAU * frequency).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        (one, two) = (sample + coefficient * one - two, one);
    }
    one * one + two * two - coefficient * one * two
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tone_is_measured_through_each_codec() {
        for codec in [Codec::Opus, Codec::Pcmu, Codec::Pcma, Codec::G722] {
            let mut audio = AudioCodec::new(codec).unwrap();
            let mut meter = Meter::new(codec.rate(), false);
            for _ in 0..20 {
                let payload = audio.tone(20);
                assert_eq!(audio.duration(&payload), codec.clock() as usize / 50);
                meter.push(&audio.decode(&payload).unwrap());
            }
            let frequency = meter.frequency(Instant::now());
            assert!((frequency - TONE_HZ).abs() < 3.0, "{codec:?}: {frequency}");
            assert!(meter.level() > 0.1, "{codec:?}: {}", meter.level());
        }
    }

    #[test]
    fn silence_is_silent() {
        for codec in [Codec::Opus, Codec::Pcmu, Codec::Pcma, Codec::G722] {
            let mut audio = AudioCodec::new(codec).unwrap();
            let mut meter = Meter::new(codec.rate(), true);
            let payload = audio.silence(20);
            meter.push(&audio.decode(&payload).unwrap());
            assert!(meter.level() < 0.001);
            assert_eq!(meter.frequency(Instant::now()), 0.0);
            assert_eq!(meter.recording().unwrap().1.len(), audio.frame(20));
        }
    }

    #[test]
    fn frequencies_are_found_to_about_a_hertz() {
        for (frequency, rate) in [(62.5, 8_000), (440.0, 48_000), (999.5, 8_000), (3_800.0, 48_000)]
        {
            let samples: Vec<i16> = (0..rate / 5)
                .map(|i| (f64::from(i) * TAU * frequency / f64::from(rate)).sin() * 8_000.0)
                .map(|sample| sample as i16)
                .collect();
            let found = dominant(&samples, rate as u32);
            assert!((found - frequency).abs() < 1.0, "{frequency}: {found}");
        }
    }

    #[test]
    fn rubbish_is_no_opus_frame() {
        assert!(AudioCodec::new(Codec::Opus).unwrap().decode(&[0xFF; 2]).is_none());
    }
}
