//! Makes decoded audio shorter or longer by one period of its pitch, which leaves the pitch as it is.
//!
//! The signal is compared with itself a little later; where both agree best is a whole number of
//! periods, and there one is cross-faded into the other. That is the idea of WSOLA (Verhelst and
//! Roelands, 1993). Pure; works in place and allocates nothing once the buffers have their size.

use super::frame::AudioFormat;

/// The shortest and the longest step in microseconds: pitches from 400 down to 80 Hz.
pub(super) const MIN_LAG_US: usize = 2_500;
pub(super) const MAX_LAG_US: usize = 12_500;

/// The rate of the coarse search in Hz; only the neighbours of its best lag are looked at in full.
const COARSE_HZ: u32 = 8_000;

/// Mean square (of 16-bit samples) below which a seam is not heard whatever the signal: -60 dBFS.
const QUIET_POWER: f64 = 33.0 * 33.0;

/// A lag in sample frames and how well the signal agrees with itself there: 1 is a perfect period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Period {
    pub(super) lag: usize,
    pub(super) agreement: f64,
}

/// Changes the length of audio. Keeps its buffers from one use to the next.
#[derive(Default)]
pub(super) struct Stretcher {
    mono: Vec<f32>,
    coarse: Vec<f32>,
    fade: Vec<i16>,
}

impl Stretcher {
    /// Takes one period, at most `most` sample frames, out of the beginning of `pcm` if the signal
    /// agrees with itself by `agreement` or is too quiet for a seam; returns the frames removed.
    pub(super) fn shorten(
        &mut self,
        pcm: &mut Vec<i16>,
        format: AudioFormat,
        most: usize,
        agreement: f64,
    ) -> usize {
        let Some(lag) = self.usable(pcm, format, most, agreement) else { return 0 };
        let step = lag * format.channels as usize;
        for i in 0..step {
            pcm[i] = blend(pcm[i], pcm[i + step], i, step);
        }
        pcm.drain(step..2 * step);
        lag
    }

    /// Repeats one period at the beginning of `pcm` under the same conditions; returns the frames
    /// added.
    pub(super) fn lengthen(
        &mut self,
        pcm: &mut Vec<i16>,
        format: AudioFormat,
        most: usize,
        agreement: f64,
    ) -> usize {
        let Some(lag) = self.usable(pcm, format, most, agreement) else { return 0 };
        let step = lag * format.channels as usize;
        self.fade.clear();
        self.fade.extend((0..step).map(|i| blend(pcm[i + step], pcm[i], i, step)));
        let old = pcm.len();
        pcm.resize(old + step, 0);
        pcm.copy_within(step..old, 2 * step);
        pcm[step..2 * step].copy_from_slice(&self.fade);
        lag
    }

    fn usable(
        &mut self,
        pcm: &[i16],
        format: AudioFormat,
        most: usize,
        agreement: f64,
    ) -> Option<usize> {
        let shortest = frames_of(MIN_LAG_US, format.sample_rate_hz);
        let frames = pcm.len() / format.channels.max(1) as usize;
        let longest = most.min(frames / 2).min(frames_of(MAX_LAG_US, format.sample_rate_hz));
        if longest < shortest {
            return None;
        }
        let power = pcm.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>();
        if power / pcm.len() as f64 <= QUIET_POWER {
            return Some(longest);
        }
        let period = self.period(pcm, format, shortest, longest)?;
        (period.agreement >= agreement).then_some(period.lag)
    }

    /// The lag from `shortest` to `longest` at which `pcm` agrees best with itself; none where
    /// `pcm` is shorter than twice `longest` or silent.
    pub(super) fn period(
        &mut self,
        pcm: &[i16],
        format: AudioFormat,
        shortest: usize,
        longest: usize,
    ) -> Option<Period> {
        let channels = format.channels.max(1) as usize;
        self.mono.clear();
        self.mono.extend(
            pcm.chunks_exact(channels).map(|f| f.iter().map(|&s| f32::from(s)).sum::<f32>()),
        );
        let window = self.mono.len().checked_sub(longest).filter(|&window| window >= longest)?;
        let factor = (format.sample_rate_hz / COARSE_HZ).max(1) as usize;
        if factor == 1 {
            return best(&self.mono, shortest, longest, window);
        }
        self.coarse.clear();
        self.coarse.extend(self.mono.chunks_exact(factor).map(|c| c.iter().sum::<f32>()));
        let (from, to) = (shortest.div_ceil(factor), longest / factor);
        let rough = best(&self.coarse, from, to, self.coarse.len().checked_sub(to)?)?;
        let around = rough.lag * factor;
        let from = around.saturating_sub(factor).max(shortest);
        best(&self.mono, from, (around + factor).min(longest), window)
    }
}

/// The best lag by the normalised correlation of `window` samples with the same ones later.
fn best(signal: &[f32], shortest: usize, longest: usize, window: usize) -> Option<Period> {
    let head = signal.get(..window)?;
    let head_power: f32 = head.iter().map(|s| s * s).sum();
    let mut found: Option<Period> = None;
    for lag in shortest..=longest {
        let Some(later) = signal.get(lag..lag + window) else { break };
        let (mut product, mut power) = (0.0f32, 0.0f32);
        for (a, b) in head.iter().zip(later) {
            product += a * b;
            power += b * b;
        }
        let norm = (f64::from(head_power) * f64::from(power)).sqrt();
        let agreement = if norm > 0.0 { f64::from(product) / norm } else { 0.0 };
        if norm > 0.0 && found.is_none_or(|best| agreement > best.agreement) {
            found = Some(Period { lag, agreement });
        }
    }
    found
}

/// `from` at the beginning of `len`, `to` at its end.
pub(super) fn blend(from: i16, to: i16, at: usize, len: usize) -> i16 {
    let mixed = i64::from(from) * (len - at) as i64 + i64::from(to) * at as i64;
    (mixed / len.max(1) as i64) as i16
}

/// Sample frames in so many microseconds.
pub(super) fn frames_of(us: usize, rate_hz: u32) -> usize {
    (us as u64 * u64::from(rate_hz) / 1_000_000) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    const AMPLITUDE: f64 = 10_000.0;

    fn tone(frequency: f64, format: AudioFormat, frames: usize, from: usize) -> Vec<i16> {
        (from..from + frames)
            .flat_map(|i| {
                let phase = i as f64 * frequency * TAU / f64::from(format.sample_rate_hz);
                let sample = (phase.sin() * AMPLITUDE) as i16;
                std::iter::repeat_n(sample, format.channels as usize)
            })
            .collect()
    }

    /// Upward zero crossings per second, the ends taken between samples.
    fn frequency(mono: &[i16], rate: u32) -> f64 {
        let crossings: Vec<f64> = (1..mono.len())
            .filter(|&i| mono[i - 1] < 0 && mono[i] >= 0)
            .map(|i| {
                let (a, b) = (f64::from(mono[i - 1]), f64::from(mono[i]));
                i as f64 - b / (b - a)
            })
            .collect();
        let length = crossings[crossings.len() - 1] - crossings[0];
        (crossings.len() - 1) as f64 * f64::from(rate) / length
    }

    /// A second of a tone in 20 ms frames, every second one of which is made shorter or longer.
    fn stretched(pitch: f64, format: AudioFormat, shorter: bool) -> (Vec<i16>, usize) {
        let mut stretcher = Stretcher::default();
        let n = format.samples_per_20ms();
        let (mut all, mut changed) = (Vec::new(), 0);
        for frame in 0..50 {
            let mut pcm = tone(pitch, format, n, frame * n);
            if frame % 2 == 1 {
                let change = if shorter { Stretcher::shorten } else { Stretcher::lengthen };
                let before = pcm.len();
                let by = change(&mut stretcher, &mut pcm, format, n, 0.9);
                assert_eq!(pcm.len().abs_diff(before), by * format.channels as usize);
                changed += by;
            }
            all.extend(pcm.chunks_exact(format.channels as usize).map(|frame| frame[0]));
        }
        (all, changed)
    }

    #[test]
    fn a_tone_keeps_its_pitch_its_loudness_and_has_no_clicks() {
        for format in [AudioFormat::MONO_48K, AudioFormat::STEREO_48K, AudioFormat::MONO_8K] {
            for pitch in [110.0, 200.0, 440.0, 697.0, 1_000.0] {
                for shorter in [true, false] {
                    let name = format!("{pitch} Hz {format:?} shorter {shorter}");
                    let (all, changed) = stretched(pitch, format, shorter);
                    // 25 times at least the shortest lag.
                    let rate = format.sample_rate_hz as usize;
                    assert!(changed >= rate / 16, "{changed}: {name}");
                    let heard = frequency(&all, format.sample_rate_hz);
                    assert!((heard / pitch - 1.0).abs() < 0.01, "{heard}: {name}");
                    let step = all.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs());
                    let steepest = AMPLITUDE * pitch * TAU / f64::from(format.sample_rate_hz);
                    let largest = f64::from(step.max().unwrap());
                    assert!(largest < 1.6 * steepest + 2.0, "{largest} {steepest}: {name}");
                    let power = all.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
                    let loudness = (power / all.len() as f64).sqrt() / (AMPLITUDE / 2f64.sqrt());
                    assert!((0.95..1.05).contains(&loudness), "{loudness}: {name}");
                }
            }
        }
    }

    #[test]
    fn noise_is_left_alone_and_silence_is_not() {
        let mut stretcher = Stretcher::default();
        let mut state = 1u32;
        let mut noise = |amplitude: i32| -> Vec<i16> {
            (0..960)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (((state >> 16) as i32 - 32_768) * amplitude / 32_768) as i16
                })
                .collect()
        };
        let format = AudioFormat::MONO_48K;
        let mut loud = noise(10_000);
        let before = loud.clone();
        assert_eq!(stretcher.shorten(&mut loud, format, 960, 0.9), 0);
        assert_eq!(stretcher.lengthen(&mut loud, format, 960, 0.9), 0);
        assert_eq!(loud, before);
        let mut quiet = noise(20);
        assert_eq!(stretcher.shorten(&mut quiet, format, 960, 0.9), 480);
        assert_eq!(quiet.len(), 480);
    }

    #[test]
    fn short_and_empty_audio_and_small_limits_are_left_alone() {
        let mut stretcher = Stretcher::default();
        for (frames, most) in [(0, 960), (1, 960), (200, 960), (960, 0), (960, 100)] {
            let mut pcm = tone(440.0, AudioFormat::MONO_48K, frames, 0);
            assert_eq!(stretcher.shorten(&mut pcm, AudioFormat::MONO_48K, most, 0.0), 0);
            assert_eq!(stretcher.lengthen(&mut pcm, AudioFormat::MONO_48K, most, 0.0), 0);
            assert_eq!(pcm.len(), frames);
        }
    }
}
