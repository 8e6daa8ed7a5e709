//! Adding up voices, so that each hears the others and not itself. Pure.

use std::collections::VecDeque;

/// Full volume of a gain in thousandths.
const UNITY: i32 = 1_000;

/// One voice: what waits to be mixed, at most so much.
pub(crate) struct Voice {
    waiting: VecDeque<i16>,
    limit: usize,
    gain_thousandths: i32,
    dropped_samples: u64,
}

impl Voice {
    /// `limit`: samples that may wait; of more the oldest are dropped and counted.
    pub(crate) fn new(limit: usize) -> Self {
        Self { waiting: VecDeque::new(), limit, gain_thousandths: UNITY, dropped_samples: 0 }
    }

    pub(crate) fn set_gain(&mut self, thousandths: i32) {
        self.gain_thousandths = thousandths;
    }

    pub(crate) fn push(&mut self, samples: &[i16]) {
        // Of a piece that is longer than the queue only the end can stay.
        let kept = &samples[samples.len().saturating_sub(self.limit)..];
        let excess = (self.waiting.len() + kept.len()).saturating_sub(self.limit);
        self.waiting.drain(..excess);
        self.waiting.extend(kept);
        self.dropped_samples += (excess + samples.len() - kept.len()) as u64;
    }

    /// Throws away what waits; gives how many samples that was, which do not count as dropped.
    pub(crate) fn clear(&mut self) -> usize {
        let count = self.waiting.len();
        self.waiting.clear();
        count
    }

    pub(crate) fn dropped_samples(&self) -> u64 {
        self.dropped_samples
    }

    /// The next samples at their gain; silence where there are none.
    fn take(&mut self, length: usize) -> Vec<i32> {
        let gain = self.gain_thousandths;
        let count = length.min(self.waiting.len());
        let mut taken: Vec<i32> =
            self.waiting.drain(..count).map(|sample| i32::from(sample) * gain / UNITY).collect();
        taken.resize(length, 0);
        taken
    }
}

/// One tick: for each voice what it is to hear.
pub(crate) fn mix(voices: &mut [&mut Voice], length: usize) -> Vec<Vec<i16>> {
    let taken: Vec<Vec<i32>> = voices.iter_mut().map(|voice| voice.take(length)).collect();
    let mut sum = vec![0i32; length];
    for voice in &taken {
        for (total, sample) in sum.iter_mut().zip(voice) {
            *total = total.saturating_add(*sample);
        }
    }
    let without = |own: &Vec<i32>| {
        sum.iter().zip(own).map(|(total, own)| clip(total.saturating_sub(*own))).collect()
    };
    taken.iter().map(without).collect()
}

/// Too loud is as loud as can be; it never wraps.
fn clip(sample: i32) -> i16 {
    sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voices(samples: &[&[i16]]) -> Vec<Voice> {
        samples
            .iter()
            .map(|samples| {
                let mut voice = Voice::new(100);
                voice.push(samples);
                voice
            })
            .collect()
    }

    fn mixed(voices: &mut [Voice], length: usize) -> Vec<Vec<i16>> {
        mix(&mut voices.iter_mut().collect::<Vec<_>>(), length)
    }

    #[test]
    fn each_hears_the_others_and_not_itself() {
        let mut three = voices(&[&[1, 2], &[10, 20], &[100]]);
        assert_eq!(mixed(&mut three, 2), [[110, 20], [101, 2], [11, 22]]);
        assert_eq!(mixed(&mut three, 1), [[0]; 3], "all is taken");
        assert!(mixed(&mut [], 2).is_empty());
    }

    #[test]
    fn too_loud_is_clipped_and_takes_nobody_else_along() {
        let mut loud =
            voices(&[&[i16::MAX, i16::MIN], &[i16::MAX, i16::MIN], &[i16::MIN, i16::MAX]]);
        let heard = mixed(&mut loud, 2);
        // The third hears two that are too loud; the others hear two that cancel out.
        assert_eq!(heard, [[-1, -1], [-1, -1], [i16::MAX, i16::MIN]]);
    }

    #[test]
    fn gain_is_the_voices_own() {
        let mut two = voices(&[&[1_000, 20_000], &[50, 50]]);
        two[0].set_gain(2_000);
        two[1].set_gain(0);
        assert_eq!(mixed(&mut two, 2), [[0, 0], [2_000, i16::MAX]]);
    }

    #[test]
    fn what_is_cleared_is_not_heard() {
        let mut two = voices(&[&[1, 2], &[10, 20]]);
        assert_eq!((two[0].clear(), two[0].clear(), two[0].dropped_samples()), (2, 0, 0));
        two[0].push(&[3]);
        assert_eq!(mixed(&mut two, 2), [[10, 20], [3, 0]]);
    }

    #[test]
    fn of_what_waits_too_long_the_oldest_goes() {
        let mut voice = Voice::new(4);
        voice.push(&[1, 2, 3]);
        voice.push(&[4, 5]);
        assert_eq!(voice.dropped_samples(), 1);
        voice.push(&[1, 2, 3, 4, 5, 6]);
        assert_eq!(voice.dropped_samples(), 1 + 6);
        let mut listener = Voice::new(4);
        let heard = mix(&mut [&mut voice, &mut listener], 5);
        assert_eq!(heard[1], [3, 4, 5, 6, 0]);
    }
}
