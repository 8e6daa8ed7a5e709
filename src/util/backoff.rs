//! Jittered exponential delays.

use std::time::Duration;

/// Doubling delay between a first and a longest value; each delay is jittered to 50–100 %.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    attempt: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, attempt: 0 }
    }

    /// The next delay. `random` is uniform in 0.0..=1.0 and given by the caller.
    pub(crate) fn next(&mut self, random: f64) -> Duration {
        let doubled = self.first.saturating_mul(1u32 << self.attempt.min(16));
        self.attempt = self.attempt.saturating_add(1);
        doubled.min(self.longest).mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempt
    }

    pub(crate) fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_the_longest_and_starts_again() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(3));
        let full: Vec<u64> = (0..7).map(|_| backoff.next(1.0).as_millis() as u64).collect();
        assert_eq!(full, [100, 200, 400, 800, 1600, 3000, 3000]);
        assert_eq!(backoff.attempts(), 7);
        backoff.reset();
        assert_eq!(backoff.next(0.0), Duration::from_millis(50));
    }

    #[test]
    fn never_overflows() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        for _ in 0..100 {
            assert!(backoff.next(1.0) <= Duration::from_secs(5));
        }
    }
}
