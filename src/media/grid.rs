//! The instants at which media is processed, the same for all calls of the process.

use crate::media::frame::TICK_MS;
use once_cell::sync::Lazy;
use std::time::{Duration, Instant};

/// The time between two instants of the grid.
pub(crate) const TICK: Duration = Duration::from_millis(TICK_MS as u64);

/// The next instant of the grid: whoever works there shares one wake-up with the others.
pub(crate) fn next_on_grid(now: Instant) -> Instant {
    static EPOCH: Lazy<Instant> = Lazy::new(Instant::now);
    let since = now.saturating_duration_since(*EPOCH).as_nanos();
    let into = since % TICK.as_nanos();
    now + TICK - Duration::from_nanos(u64::try_from(into).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_on_one_grid() {
        let now = Instant::now() + Duration::from_secs(1);
        let first = next_on_grid(now);
        let second = next_on_grid(now + Duration::from_millis(7));
        assert!(first > now && first <= now + TICK);
        let apart = second.saturating_duration_since(first).as_nanos() % TICK.as_nanos();
        assert_eq!(apart, 0);
    }
}
