//! Concealment for codecs that have none of their own: the last period of the pitch goes on and
//! fades, and what comes next is faded in. The idea is that of ITU-T G.711, Appendix I.

use crate::media::frame::AudioFormat;
use crate::media::stretch::{blend, frames_of, Stretcher};

/// Microseconds that are remembered, and the periods looked for: 400 to 67 Hz.
const HISTORY_US: usize = 40_000;
const SHORTEST_US: usize = 2_500;
const LONGEST_US: usize = 15_000;

/// Below this agreement it is no voice; the longest repetition sounds least like a tone.
const VOICED: f64 = 0.5;

/// The fade begins and ends after so many microseconds.
const FADE_US: (usize, usize) = (20_000, 100_000);

/// Microseconds over which the received signal replaces the one made up.
const MERGE_US: usize = 5_000;

/// Remembers mono audio and goes on with it.
pub(super) struct Repeater {
    format: AudioFormat,
    history: Vec<i16>,
    longest: usize,
    fade: (usize, usize),
    search: Stretcher,
    period: usize,
    /// Samples made up since the last that was received.
    made: usize,
}

impl Repeater {
    /// `format`: mono.
    pub(super) fn new(format: AudioFormat) -> Self {
        let samples = |us: usize| frames_of(us, format.sample_rate_hz);
        let longest = samples(LONGEST_US);
        Repeater {
            format,
            history: vec![0; samples(HISTORY_US)],
            longest,
            fade: (samples(FADE_US.0), samples(FADE_US.1)),
            search: Stretcher::default(),
            period: longest,
            made: 0,
        }
    }

    /// Takes what was received, and blends what was made up before over into it.
    pub(super) fn received(&mut self, pcm: &mut [i16]) {
        if self.made > 0 {
            let len = pcm.len().min(frames_of(MERGE_US, self.format.sample_rate_hz));
            for (i, sample) in pcm[..len].iter_mut().enumerate() {
                *sample = blend(self.sample(self.made + i), *sample, i, len);
            }
        }
        let (kept, length) = (pcm.len().min(self.history.len()), self.history.len());
        self.history.copy_within(kept.., 0);
        self.history[length - kept..].copy_from_slice(&pcm[pcm.len() - kept..]);
        self.made = 0;
    }

    /// Appends `frames` samples of what might have come.
    pub(super) fn make_up(&mut self, frames: usize, out: &mut Vec<i16>) {
        if self.made == 0 {
            let shortest = frames_of(SHORTEST_US, self.format.sample_rate_hz);
            let found = self.search.period(&self.history, self.format, shortest, self.longest);
            let voiced = found.filter(|found| found.agreement >= VOICED);
            self.period = voiced.map_or(self.longest, |found| found.lag);
        }
        out.extend((self.made..self.made + frames).map(|at| self.sample(at)));
        // Beyond the fade all is silence: no need to count on.
        self.made = (self.made + frames).min(self.fade.1);
    }

    /// The sample at so many after the last that was received.
    fn sample(&self, at: usize) -> i16 {
        let (begin_fade, end_fade) = self.fade;
        if at >= end_fade {
            return 0;
        }
        let into = at % self.period;
        let length = self.history.len();
        let begin = length - self.period;
        // Where the period begins again the step that is left is spread over a quarter of it.
        let smooth = self.period / 4;
        let step = i32::from(self.history[length - 1]) - i32::from(self.history[begin - 1]);
        let left = step * smooth.saturating_sub(into) as i32 / smooth.max(1) as i32;
        let sample = i32::from(self.history[begin + into]) + left;
        let gain = (end_fade - at.max(begin_fade)) as i32;
        let faded = i64::from(sample) * i64::from(gain) / (end_fade - begin_fade) as i64;
        faded.clamp(i16::MIN.into(), i16::MAX.into()) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// Something with the harmonics of a voice of `pitch` Hz.
    fn voice(pitch: f64, from: usize, len: usize) -> Vec<i16> {
        let sample = |i: usize| {
            let t = i as f64 / 8_000.0;
            let sum: f64 = (1..8).map(|h| (t * pitch * f64::from(h) * TAU).sin() / 8.0).sum();
            (sum * 12_000.0) as i16
        };
        (from..from + len).map(sample).collect()
    }

    fn power(pcm: &[i16]) -> f64 {
        pcm.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>()
    }

    #[test]
    fn a_voice_goes_on_in_its_pitch_and_comes_back_without_a_click() {
        for pitch in [90.0, 120.0, 173.0, 220.0, 267.0] {
            let mut repeater = Repeater::new(AudioFormat::MONO_8K);
            let mut before = voice(pitch, 0, 800);
            repeater.received(&mut before);
            let mut made = Vec::new();
            repeater.make_up(160, &mut made);
            let truth = voice(pitch, 800, 160);
            let error: Vec<i16> = made.iter().zip(&truth).map(|(a, b)| a - b).collect();
            let share = power(&error) / power(&truth);
            assert!(share < 0.4, "{pitch} Hz: {share}");
            let mut after = voice(pitch, 960, 160);
            repeater.received(&mut after);
            let all: Vec<i16> = before.into_iter().chain(made).chain(after).collect();
            let steepest = |pcm: &[i16]| pcm.windows(2).map(|w| (w[1] - w[0]).abs()).max().unwrap();
            let (clean, heard) = (steepest(&all[..800]), steepest(&all[780..]));
            assert!(f64::from(heard) < 1.3 * f64::from(clean), "{pitch} Hz: {heard} {clean}");
        }
    }

    #[test]
    fn a_long_gap_ends_in_silence() {
        let mut repeater = Repeater::new(AudioFormat::MONO_8K);
        repeater.received(&mut voice(150.0, 0, 400));
        let mut made = Vec::new();
        for len in [1, 7, 152, 320, 320, 5_000] {
            repeater.make_up(len, &mut made);
        }
        assert_eq!(made.len(), 5_800);
        assert!(power(&made[480..640]) < power(&made[..160]) / 2.0);
        assert_eq!(power(&made[800..]), 0.0);
    }
}
