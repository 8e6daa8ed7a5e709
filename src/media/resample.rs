//! Streaming conversion of sample rate and channel count, 16-bit in and out.
//!
//! A windowed sinc with one filter for every phase that the two rates need, so that nothing is
//! interpolated: delay 32 samples of the lower rate (4 ms at 8 kHz), in steps of about 10 ms. Equal
//! formats pass untouched. An FFT costs as little, and half a megabyte of code.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

use super::frame::{AudioError, AudioFormat};

/// Blocks aimed at per second: 10 ms each.
const BLOCKS_PER_SECOND: u32 = 100;

/// Length of the filter in samples of the lower rate.
const SINC_LEN: u32 = 64;

/// Silence that begins each stream, in samples of its source. The engine keeps as much back, and
/// without it 20 ms in would be less than 20 ms out.
const LEAD: u32 = 2;

/// Filters for more phases than these are not kept; the nearest one is taken.
const MAX_PHASES: u32 = 480;

/// Ticks per second for which [`TickResampler`] gives frames.
const TICKS_PER_SECOND: u64 = 50;

/// Converts a stream of PCM from one format to another. Chunks may have any length.
pub struct StreamResampler {
    from: AudioFormat,
    to: AudioFormat,
    rate: Option<RateStage>,
    mixed: Vec<i16>,
    resampled: Vec<i16>,
}

/// Changes the rate of audio with one channel count.
struct RateStage {
    engine: Box<dyn Resampler<f32>>,
    channels: usize,
    block_in: usize,
    input: Vec<f32>,
    output: Vec<f32>,
    /// Silent samples per channel that begin the stream.
    lead: usize,
    /// Whether nothing came out yet.
    is_new: bool,
}

impl StreamResampler {
    /// Makes a converter. Errors: `InvalidFormat`, `Resample`.
    pub fn new(from: AudioFormat, to: AudioFormat) -> Result<Self, AudioError> {
        from.validate()?;
        to.validate()?;
        let rate = if from.sample_rate_hz == to.sample_rate_hz {
            None
        } else {
            // Mixing down before and up after means that the engine works on the fewer channels.
            Some(RateStage::new(from, to, from.channels.min(to.channels) as usize)?)
        };
        Ok(StreamResampler { from, to, rate, mixed: Vec::new(), resampled: Vec::new() })
    }

    /// The source format.
    pub fn source_format(&self) -> AudioFormat {
        self.from
    }

    /// Whether the formats are equal, so that [`StreamResampler::convert`] only copies.
    pub fn is_passthrough(&self) -> bool {
        self.from == self.to
    }

    /// The delay of the filter in microseconds; blocks add up to one block (about 10 ms).
    #[cfg(test)]
    pub fn latency_us(&self) -> u64 {
        let delay = self.rate.as_ref().map_or(0, |rate| rate.engine.output_delay());
        delay as u64 * 1_000_000 / u64::from(self.to.sample_rate_hz)
    }

    /// Converts `input` (whole sample frames) and appends what is ready to `out`.
    ///
    /// The output is late by up to one block; over time it has exactly the ratio of the rates.
    pub fn convert(&mut self, input: &[i16], out: &mut Vec<i16>) {
        let Some(rate) = &mut self.rate else {
            mix(input, self.from.channels, self.to.channels, out);
            return;
        };
        if self.from.channels == self.to.channels {
            rate.convert(input, out);
        } else if self.from.channels > self.to.channels {
            self.mixed.clear();
            mix(input, self.from.channels, self.to.channels, &mut self.mixed);
            rate.convert(&self.mixed, out);
        } else {
            self.resampled.clear();
            rate.convert(input, &mut self.resampled);
            mix(&self.resampled, self.from.channels, self.to.channels, out);
        }
    }

    /// Microseconds of audio that wait until they fill a block.
    pub fn waiting_us(&self) -> u64 {
        let frames = self.rate.as_ref().map_or(0, |rate| rate.input.len() / rate.channels);
        frames as u64 * 1_000_000 / u64::from(self.from.sample_rate_hz)
    }

    /// Forgets what was fed before, for a new stream.
    pub fn reset(&mut self) {
        if let Some(rate) = &mut self.rate {
            rate.engine.reset();
            rate.input.clear();
            rate.is_new = true;
        }
    }
}

impl RateStage {
    fn new(from: AudioFormat, to: AudioFormat, channels: usize) -> Result<Self, AudioError> {
        let (rate_in, rate_out) = (from.sample_rate_hz, to.sample_rate_hz);
        let engine = sinc(rate_in, rate_out, channels);
        let engine = engine.map_err(|error| AudioError::Resample {
            from_hz: rate_in,
            to_hz: rate_out,
            reason: error.to_string(),
        })?;
        let block_in = engine.input_frames_max();
        let block_out = engine.output_frames_max();
        Ok(RateStage {
            engine,
            channels,
            block_in,
            input: Vec::with_capacity(block_in * channels),
            output: vec![0.0; block_out * channels],
            lead: (LEAD * rate_out).div_ceil(rate_in) as usize + 1,
            is_new: true,
        })
    }

    /// Interleaved output samples that bridge the wait for a block when fed 20 ms at a time.
    fn reserve(&self, from: AudioFormat, to: AudioFormat) -> usize {
        let is_whole = u64::from(from.sample_rate_hz).is_multiple_of(TICKS_PER_SECOND)
            && from.samples_per_20ms().is_multiple_of(self.block_in);
        if is_whole {
            0
        } else {
            self.engine.output_frames_max() * to.channels as usize
        }
    }

    fn convert(&mut self, mut input: &[i16], out: &mut Vec<i16>) {
        if std::mem::take(&mut self.is_new) {
            out.extend(std::iter::repeat_n(0, self.lead * self.channels));
        }
        let block = self.block_in * self.channels;
        while !input.is_empty() {
            let taken = (block - self.input.len()).min(input.len());
            self.input.extend(input[..taken].iter().map(|&s| f32::from(s)));
            input = &input[taken..];
            if self.input.len() == block {
                self.run_block(out);
                self.input.clear();
            }
        }
    }

    fn run_block(&mut self, out: &mut Vec<i16>) {
        const SIZED: &str = "the buffers were sized from the engine's own numbers";
        let frames_out = self.output.len() / self.channels;
        let input = InterleavedSlice::new(&self.input, self.channels, self.block_in).expect(SIZED);
        let mut output =
            InterleavedSlice::new_mut(&mut self.output, self.channels, frames_out).expect(SIZED);
        let (_, made) = self.engine.process_into_buffer(&input, &mut output, None).expect(SIZED);
        // `as` saturates, which is what a sample out of range needs.
        out.extend(self.output[..made * self.channels].iter().map(|&s| s.round() as i16));
    }
}

type Engine = Result<Box<dyn Resampler<f32>>, rubato::ResamplerConstructionError>;

fn sinc(rate_in: u32, rate_out: u32, channels: usize) -> Engine {
    // Counted in samples of the input: a lower output needs a filter that is as much longer.
    let length = (SINC_LEN * rate_in).div_ceil(rate_in.min(rate_out)) as usize;
    let phases = (rate_out / gcd(rate_in, rate_out)).min(MAX_PHASES) as usize;
    let parameters = SincInterpolationParameters::new(length, WindowFunction::BlackmanHarris2)
        .oversampling_factor(phases)
        .interpolation(SincInterpolationType::Nearest);
    let ratio = f64::from(rate_out) / f64::from(rate_in);
    let block = (rate_in / BLOCKS_PER_SECOND) as usize;
    let engine = Async::new_sinc(ratio, 1.0, &parameters, block, channels, FixedAsync::Input)?;
    Ok(Box::new(engine))
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}

/// Appends `input` with another channel count: stereo to mono is the mean, mono is doubled.
fn mix(input: &[i16], from: u32, to: u32, out: &mut Vec<i16>) {
    match (from, to) {
        (2, 1) => out.extend(
            input
                .chunks_exact(2)
                .map(|pair| ((i32::from(pair[0]) + i32::from(pair[1])) / 2) as i16),
        ),
        (1, 2) => out.extend(input.iter().flat_map(|&sample| [sample, sample])),
        _ => out.extend_from_slice(input),
    }
}

/// Converts 20 ms in to exactly 20 ms out on each tick.
///
/// For a rate that 50 does not divide the frames alternate by one sample so that the sum is exact
/// (11025 Hz: 220, 221, …). Where blocks do not divide 20 ms up to one block is held in reserve.
pub struct TickResampler {
    stream: StreamResampler,
    ready: Vec<i16>,
    taken: usize,
    ticks: u64,
}

impl TickResampler {
    /// Makes a converter. Errors: `InvalidFormat`, `Resample`.
    pub fn new(from: AudioFormat, to: AudioFormat) -> Result<Self, AudioError> {
        let stream = StreamResampler::new(from, to)?;
        // Blocks that do not divide 20 ms come late by up to one block: keep that much in hand.
        let ready = vec![0; stream.rate.as_ref().map_or(0, |rate| rate.reserve(from, to))];
        Ok(TickResampler { stream, ready, taken: 0, ticks: 0 })
    }

    /// The destination format.
    pub fn target_format(&self) -> AudioFormat {
        self.stream.to
    }

    /// The source format.
    pub fn source_format(&self) -> AudioFormat {
        self.stream.from
    }

    /// Takes this tick's 20 ms and returns 20 ms in the destination format.
    ///
    /// Equal formats return `input` itself.
    pub fn tick<'a>(&'a mut self, input: &'a [i16]) -> &'a [i16] {
        if self.stream.is_passthrough() {
            return input;
        }
        self.ready.drain(..self.taken);
        self.stream.convert(input, &mut self.ready);
        let wanted = self.next_len();
        if self.ready.len() < wanted {
            // Only when the caller gave less than 20 ms.
            let missing = wanted - self.ready.len();
            self.ready.splice(..0, std::iter::repeat_n(0, missing));
        }
        self.taken = wanted;
        &self.ready[..wanted]
    }

    fn next_len(&mut self) -> usize {
        let rate = u64::from(self.stream.to.sample_rate_hz);
        // Only the position within a second matters, which keeps the product small for ever.
        let tick = self.ticks % TICKS_PER_SECOND;
        self.ticks += 1;
        let frames = (tick + 1) * rate / TICKS_PER_SECOND - tick * rate / TICKS_PER_SECOND;
        frames as usize * self.stream.to.channels as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [u32; 10] =
        [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

    fn tone(rate: u32, channels: u32, hz: f32, frames: usize) -> Vec<i16> {
        (0..frames)
            .map(|i| (std::f32::consts::TAU * hz * i as f32 / rate as f32).sin() * 10_000.0)
            .flat_map(|s| std::iter::repeat_n(s as i16, channels as usize))
            .collect()
    }

    fn rms(pcm: &[i16]) -> f64 {
        (pcm.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / pcm.len() as f64).sqrt()
    }

    /// Frequency by counting rising zero crossings of the first channel.
    fn frequency(pcm: &[i16], format: AudioFormat) -> f64 {
        let left: Vec<i16> = pcm.iter().step_by(format.channels as usize).copied().collect();
        let crossings = left.windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count();
        crossings as f64 * f64::from(format.sample_rate_hz) / left.len() as f64
    }

    #[test]
    fn every_pair_keeps_duration_pitch_and_loudness() {
        for from_hz in RATES {
            for to_hz in RATES {
                let channels =
                    [(1, 1), (1, 2), (2, 1)][(from_hz / 1000 + to_hz / 1000) as usize % 3];
                let from = AudioFormat::new(from_hz, channels.0);
                let to = AudioFormat::new(to_hz, channels.1);
                let mut ticker = TickResampler::new(from, to).unwrap();
                let pcm = tone(from_hz, from.channels, 1000.0, from_hz as usize);
                let mut out = Vec::new();
                let (mut frames, mut begin) = (0, 0);
                for tick in 1..=50 {
                    let end = tick * from_hz as usize / 50 * from.channels as usize;
                    let got = ticker.tick(&pcm[begin..end]);
                    begin = end;
                    frames += got.len() / to.channels as usize;
                    assert!(got.len() / to.channels as usize - to.samples_per_20ms() <= 1);
                    out.extend_from_slice(got);
                }
                assert_eq!(frames, to_hz as usize, "{from:?} {to:?}");
                let steady = &out[out.len() / 5..];
                let (level, pitch) = (rms(steady), frequency(steady, to));
                assert!((level / 7071.0 - 1.0).abs() < 0.02, "{from:?} {to:?} rms {level}");
                assert!((pitch - 1000.0).abs() < 4.0, "{from:?} {to:?} {pitch} Hz");
                assert!(ticker.stream.latency_us() <= 7_000, "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn frames_never_contain_gaps_after_the_start() {
        let pairs = [
            (22_050, 16_000),
            (11_025, 48_000),
            (48_000, 11_025),
            (16_000, 48_000),
            (48_000, 16_000),
            (8_000, 48_000),
            (48_000, 44_100),
            (44_100, 48_000),
        ];
        for (from, to) in pairs {
            let mut ticker =
                TickResampler::new(AudioFormat::new(from, 1), AudioFormat::new(to, 1)).unwrap();
            let constant = vec![8_000i16; from as usize / 50 + 1];
            for tick in 0..400 {
                let len = (tick + 1) * from as usize / 50 - tick * from as usize / 50;
                let got = ticker.tick(&constant[..len]);
                if tick > 3 {
                    assert!(got.iter().all(|&s| (7_900..8_100).contains(&s)), "{from} {to} {tick}");
                }
            }
        }
    }

    #[test]
    fn energy_above_the_new_band_is_removed() {
        let mut stream = StreamResampler::new(AudioFormat::MONO_48K, AudioFormat::MONO_8K).unwrap();
        let mut out = Vec::new();
        stream.convert(&tone(48_000, 1, 6_000.0, 48_000), &mut out);
        assert!(rms(&out[400..]) < 10.0, "{}", rms(&out[400..]));
        assert!(rms(&out[400..]) < 7071.0 / 500.0);
    }

    #[test]
    fn a_whole_frame_in_is_a_whole_frame_out() {
        for (from, to) in [(8_000, 48_000), (16_000, 48_000), (44_100, 48_000), (48_000, 8_000)] {
            let (from, to) = (AudioFormat::new(from, 1), AudioFormat::new(to, 1));
            let mut stream = StreamResampler::new(from, to).unwrap();
            let (pcm, mut out) = (vec![100; from.samples_per_20ms()], Vec::new());
            for frames in 1..=500 {
                stream.convert(&pcm, &mut out);
                let more = out.len() as i64 - (frames * to.samples_per_20ms()) as i64;
                assert!((0..=13).contains(&more), "{from:?} {to:?} {frames} frames: {more}");
            }
        }
    }

    #[test]
    fn equal_formats_return_the_input_itself() {
        let mut ticker = TickResampler::new(AudioFormat::MONO_48K, AudioFormat::MONO_48K).unwrap();
        let input = [1, 2, 3];
        assert_eq!(ticker.tick(&input).as_ptr(), input.as_ptr());
    }

    #[test]
    fn channels_are_mixed() {
        let cases: [(u32, u32, &[i16], &[i16]); 4] = [
            (1, 2, &[1, -2], &[1, 1, -2, -2]),
            (2, 1, &[10, 20, i16::MAX, i16::MAX, i16::MIN, i16::MIN], &[15, i16::MAX, i16::MIN]),
            (2, 2, &[1, 2], &[1, 2]),
            (1, 1, &[1], &[1]),
        ];
        for (from, to, input, wanted) in cases {
            let mut stream =
                StreamResampler::new(AudioFormat::new(48_000, from), AudioFormat::new(48_000, to))
                    .unwrap();
            let mut out = Vec::new();
            stream.convert(input, &mut out);
            assert_eq!(out, wanted);
        }
    }

    #[test]
    fn odd_rates_work_and_bad_rates_are_errors() {
        for rate in [8_001, 47_999, 192_000, 188_933] {
            let format = AudioFormat::new(rate, 1);
            let mut stream = StreamResampler::new(format, AudioFormat::MONO_48K).unwrap();
            let mut out = Vec::new();
            stream.convert(&tone(rate, 1, 500.0, rate as usize), &mut out);
            assert!((47_000..=48_100).contains(&out.len()), "{rate} {}", out.len());
        }
        assert!(StreamResampler::new(AudioFormat::new(0, 1), AudioFormat::MONO_8K).is_err());
        assert!(StreamResampler::new(AudioFormat::MONO_8K, AudioFormat::new(8_000, 3)).is_err());
    }
}
