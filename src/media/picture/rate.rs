//! The bit rate of the own pictures: what the far side takes, and what the way carries.
//!
//! The service sends no feedback of each packet's arrival, so the loss that it reports decides, as in
//! draft-ietf-rmcat-gcc-02, 6: below 2 % there is room, above 10 % too much is sent.

use std::time::{Duration, Instant};

/// Losses are reported once a second.
const STEP: Duration = Duration::from_secs(1);
const FLOOR_BPS: f64 = 50_000.0;
/// Bits per pixel of a usual picture of a person.
const BITS_PER_PIXEL: f64 = 0.1;

/// What is known of the way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Way {
    /// The most that the far side takes (`b=`, REMB); 0 when it has not said.
    pub(crate) limit_bps: u64,
    /// 0.0 to 1.0.
    pub(crate) loss: f64,
}

/// See the module's documentation. Is told the time.
#[derive(Debug, Default)]
pub(crate) struct RateControl {
    bits: Option<f64>,
    next_step: Option<Instant>,
}

impl RateControl {
    /// The rate from now on, at most `ceiling_bps`.
    pub(crate) fn update(&mut self, now: Instant, way: Way, ceiling_bps: u32) -> u32 {
        // A twentieth is for headers and repetitions.
        let limit = if way.limit_bps > 0 { way.limit_bps as f64 * 0.95 } else { f64::MAX };
        let ceiling = f64::from(ceiling_bps).min(limit);
        // What was never tried is not trusted at once.
        let mut bits = self.bits.unwrap_or(ceiling / 2.0);
        if self.next_step.is_none_or(|due| due <= now) {
            if self.next_step.is_some() {
                bits *= match way.loss {
                    loss if loss > 0.10 => 1.0 - 0.5 * loss.min(1.0),
                    loss if loss < 0.02 => 1.08,
                    _ => 1.0,
                };
            }
            self.next_step = Some(now + STEP);
        }
        let bits = bits.max(FLOOR_BPS).min(ceiling.max(FLOOR_BPS));
        self.bits = Some(bits);
        bits as u32
    }
}

/// What is worth sending of a picture of this size.
pub(crate) fn usual_bps(width: u32, height: u32, frame_rate: f64) -> u32 {
    let pixels = f64::from(width) * f64::from(height);
    (pixels * frame_rate * BITS_PER_PIXEL).clamp(100_000.0, 2_500_000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_lower_the_rate_and_their_end_raises_it_slowly() {
        let start = Instant::now();
        let mut rate = RateControl::default();
        let mut second = 0;
        let mut run = |seconds: u32, limit_bps: u64, loss: f64| {
            let mut bits = 0;
            for _ in 0..seconds {
                bits = rate.update(start + STEP * second, Way { limit_bps, loss }, 1_000_000);
                second += 1;
            }
            bits
        };
        assert_eq!(run(1, 0, 0.0), 500_000);
        assert_eq!(run(1, 0, 0.0), 540_000);
        assert_eq!(run(20, 0, 0.0), 1_000_000, "no more than the ceiling");
        assert_eq!(run(5, 0, 0.05), 1_000_000, "some loss is no reason");
        assert_eq!(run(1, 0, 0.2), 900_000);
        assert_eq!(run(60, 0, 0.5), 50_000, "no less than the floor");
        assert_eq!(run(60, 400_000, 0.0), 380_000, "no more than the far side takes");
        assert_eq!(run(1, 10_000, 0.0), 50_000);
    }

    #[test]
    fn between_reports_nothing_changes() {
        let now = Instant::now();
        let mut rate = RateControl::default();
        let way = Way { limit_bps: 0, loss: 0.3 };
        let first = rate.update(now, way, 800_000);
        assert_eq!(rate.update(now + STEP / 2, way, 800_000), first);
        assert!(rate.update(now + STEP, way, 800_000) < first);
    }
}
