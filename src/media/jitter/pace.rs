//! When to play faster or slower, so that the delay follows its target without a gap.

use super::TICK_US;

/// What to do with the audio of this tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Play it as it is.
    Keep,
    /// Shorten it: the buffer holds more than a tick too much, so the next packet may be used up.
    Faster,
    /// Shorten it by no more than what is decoded beyond this tick.
    FasterByRest,
    /// Lengthen it.
    Slower,
}

/// Reserve beyond the wanted one at which it is too much, in microseconds.
const TOO_MUCH_US: i64 = TICK_US + 5_000;

/// Reserve beyond the wanted one at which it is worked off faster.
const FAR_TOO_MUCH_US: i64 = TICK_US + 40_000;

/// Decoded audio that waits at every tick is of use to nobody from this much on.
const REST_US: i64 = 3_000;

/// Ticks between two changes, in silence and in speech: far above, above, below.
const FAR_TICKS: (u32, u32) = (2, 3);
const ABOVE_TICKS: (u32, u32) = (5, 10);
const BELOW_TICKS: (u32, u32) = (2, 5);

/// Agreement that is asked for of the first seam, what each failure takes off, and the least.
const AGREEMENT: (f64, f64, f64) = (0.9, 0.01, 0.4);

/// Looks at the reserve of the packets that are played.
pub(super) struct Pacer {
    ticks: u32,
    least_reserve: i64,
    least_rest: i64,
    early: u32,
    failures: u32,
}

impl Pacer {
    pub(super) fn new() -> Self {
        Pacer { ticks: 0, least_reserve: i64::MAX, least_rest: i64::MAX, early: 0, failures: 0 }
    }

    /// A packet is played: it came `reserve` before it was needed at the latest, and `rest` was
    /// decoded before it.
    pub(super) fn played(&mut self, reserve: i64, rest: i64) {
        self.least_reserve = self.least_reserve.min(reserve);
        self.least_rest = self.least_rest.min(rest);
        self.early = if reserve <= 0 { self.early + 1 } else { 0 };
    }

    /// Once per tick.
    pub(super) fn tick(&mut self, is_quiet: bool) -> Pace {
        let of = |ticks: (u32, u32)| if is_quiet { ticks.0 } else { ticks.1 };
        self.ticks += 1;
        if self.least_reserve == i64::MAX {
            return Pace::Keep;
        }
        if self.early > 0 {
            return if self.early >= of(BELOW_TICKS) { Pace::Slower } else { Pace::Keep };
        }
        if self.least_reserve > FAR_TOO_MUCH_US && self.ticks >= of(FAR_TICKS) {
            return Pace::Faster;
        }
        if self.ticks < of(ABOVE_TICKS) {
            return Pace::Keep;
        }
        if self.least_reserve > TOO_MUCH_US {
            return Pace::Faster;
        }
        if self.least_rest > REST_US {
            return Pace::FasterByRest;
        }
        self.begin();
        Pace::Keep
    }

    /// How well the signal must agree with itself for the change: the longer none fits, the less.
    pub(super) fn agreement(&self) -> f64 {
        (AGREEMENT.0 - AGREEMENT.1 * f64::from(self.failures)).max(AGREEMENT.2)
    }

    /// What came of the pace told.
    pub(super) fn changed(&mut self, is_done: bool) {
        if is_done {
            self.begin();
        } else {
            self.failures += 1;
            // What was seen before a failed try is old by the next.
            self.least_reserve = i64::MAX;
            self.least_rest = i64::MAX;
        }
    }

    fn begin(&mut self) {
        *self = Pacer::new();
    }
}
