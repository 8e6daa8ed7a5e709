//! Mixing the audio of a conference: each seat hears all the others.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::lock;

/// All mixing is done at this rate.
const RATE: u32 = 48_000;
/// What a listener has to have of a speaker before he begins to hear him.
const PREBUFFER: usize = RATE as usize / 1000 * 40;
/// What is kept of a speaker for a listener.
const KEPT: usize = RATE as usize / 1000 * 200;
/// Root mean square from which on somebody talks.
const TALKING: f64 = 500.0;
/// How long somebody still counts as talking after the last loud packet.
const HANGOVER: Duration = Duration::from_millis(600);

/// The mixer of one conference; seats are numbers.
#[derive(Default)]
pub struct Mixer {
    seats: Mutex<HashMap<u64, Seat>>,
}

/// What a member hears and when he was last heard.
#[derive(Default)]
struct Seat {
    heard: HashMap<u64, Speaker>,
    loud: Option<Instant>,
}

/// A speaker as one listener has him.
#[derive(Default)]
struct Speaker {
    samples: VecDeque<i16>,
    playing: bool,
}

impl Mixer {
    /// Gives somebody a seat.
    pub fn join(&self, seat: u64) {
        lock(&self.seats).insert(seat, Seat::default());
    }

    /// Takes the seat away, and what is left of its voice.
    pub fn leave(&self, seat: u64) {
        let mut seats = lock(&self.seats);
        seats.remove(&seat);
        seats.values_mut().for_each(|other| drop(other.heard.remove(&seat)));
    }

    /// Takes what a seat says.
    pub fn say(&self, seat: u64, samples: &[i16], rate: u32, now: Instant) {
        let samples = raised(samples, rate);
        let mut seats = lock(&self.seats);
        let Some(own) = seats.get_mut(&seat) else { return };
        if root_mean_square(&samples) > TALKING {
            own.loud = Some(now);
        }
        for other in seats.iter_mut().filter(|(id, _)| **id != seat).map(|(_, other)| other) {
            let speaker = other.heard.entry(seat).or_default();
            speaker.samples.extend(&samples);
            let surplus = speaker.samples.len().saturating_sub(KEPT);
            speaker.samples.drain(..surplus);
        }
    }

    /// The next `count` samples for a seat; `None` when nobody says anything.
    pub fn hear(&self, seat: u64, count: usize, rate: u32) -> Option<Vec<i16>> {
        let factor = (RATE / rate) as usize;
        let mut sum = vec![0_i32; count * factor];
        let mut anybody = false;
        for speaker in lock(&self.seats).get_mut(&seat)?.heard.values_mut() {
            speaker.playing |= speaker.samples.len() >= PREBUFFER;
            if !speaker.playing {
                continue;
            }
            anybody = true;
            let ready = speaker.samples.len().min(sum.len());
            let said = speaker.samples.drain(..ready);
            sum.iter_mut().zip(said).for_each(|(sum, sample)| *sum += i32::from(sample));
            speaker.playing = !speaker.samples.is_empty();
        }
        anybody.then(|| sum.chunks(factor).map(clipped).collect())
    }

    /// Whether somebody is to be heard in these days.
    pub fn talks(&self, seat: u64, now: Instant) -> bool {
        let loud = lock(&self.seats).get(&seat).and_then(|seat| seat.loud);
        loud.is_some_and(|at| now.saturating_duration_since(at) < HANGOVER)
    }
}

/// The mean of some samples, as one.
fn clipped(part: &[i32]) -> i16 {
    let mean = part.iter().sum::<i32>() / part.len() as i32;
    mean.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// The samples at the rate of the mixer.
fn raised(samples: &[i16], rate: u32) -> Vec<i16> {
    let factor = (RATE / rate) as usize;
    samples.iter().flat_map(|sample| std::iter::repeat_n(*sample, factor)).collect()
}

fn root_mean_square(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_hears_the_others_and_nobody_himself() {
        let (mixer, now) = (Mixer::default(), Instant::now());
        (1..=3).for_each(|seat| mixer.join(seat));
        for _ in 0..2 {
            mixer.say(1, &[1_000; 960], 48_000, now);
            mixer.say(2, &[-300; 160], 8_000, now);
        }
        assert_eq!(mixer.hear(1, 160, 8_000), Some(vec![-300; 160]));
        assert_eq!(mixer.hear(2, 960, 48_000), Some(vec![1_000; 960]));
        assert_eq!(mixer.hear(3, 960, 48_000), Some(vec![700; 960]));
        assert!(mixer.talks(1, now) && !mixer.talks(2, now) && !mixer.talks(3, now));
        assert!(!mixer.talks(1, now + HANGOVER));
    }

    #[test]
    fn a_speaker_is_waited_for_and_forgotten_when_he_leaves() {
        let (mixer, now) = (Mixer::default(), Instant::now());
        (1..=2).for_each(|seat| mixer.join(seat));
        mixer.say(1, &[5; 960], 48_000, now);
        assert_eq!(mixer.hear(2, 960, 48_000), None, "one packet is no start");
        (0..100).for_each(|_| mixer.say(1, &[5; 960], 48_000, now));
        mixer.leave(1);
        assert_eq!(mixer.hear(2, 960, 48_000), None);
        mixer.say(1, &[5; 960], 48_000, now);
        assert_eq!(mixer.hear(9, 960, 48_000), None, "no such seat");
    }

    #[test]
    fn loud_sums_are_clipped() {
        let (mixer, now) = (Mixer::default(), Instant::now());
        (1..=3).for_each(|seat| mixer.join(seat));
        for _ in 0..2 {
            mixer.say(1, &[30_000; 960], 48_000, now);
            mixer.say(2, &[30_000; 960], 48_000, now);
        }
        assert_eq!(mixer.hear(3, 960, 48_000), Some(vec![i16::MAX; 960]));
    }
}
