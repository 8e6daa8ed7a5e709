//! How much loss the encoder should reckon with: what the far side reports, with hysteresis.
//!
//! Redundancy costs a third more encoding time, and libopus changes its mode with it. So there is
//! none without loss; with loss it is made at once, in few steps; and since loss comes in bursts,
//! it stays until the highest step was not needed for ten reports, one a second.

/// Loss below which redundancy is not worth its encoding time.
const NEGLIGIBLE: f64 = 0.005;
/// What the encoder is told, in percent. Below the first step libopus 1.6 makes no redundancy at
/// 32 kb/s; above the last one nothing would be left for the audio itself.
const STEPS: [u32; 4] = [10, 15, 20, 30];
/// Reports that a step must not have been needed for before it is left.
const HOLD_REPORTS: usize = 10;

/// See the module's text.
#[derive(Default)]
pub(crate) struct ExpectedLoss {
    recent: [u32; HOLD_REPORTS],
    next: usize,
    told: u32,
}

impl ExpectedLoss {
    /// Takes what is reported now, 0.0 to 1.0; gives the percentage if the encoder is to be told
    /// another one.
    pub(crate) fn report(&mut self, loss: f64) -> Option<u32> {
        self.recent[self.next] = step(loss);
        self.next = (self.next + 1) % HOLD_REPORTS;
        let needed = self.recent.iter().copied().max().unwrap_or(0);
        (needed != std::mem::replace(&mut self.told, needed)).then_some(needed)
    }
}

fn step(loss: f64) -> u32 {
    if loss.is_nan() || loss < NEGLIGIBLE {
        return 0;
    }
    let percent = loss * 100.0;
    STEPS.into_iter().find(|step| f64::from(*step) >= percent).unwrap_or(STEPS[STEPS.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_answered_at_once_and_forgotten_late() {
        let mut expected = ExpectedLoss::default();
        // Reports, and what the encoder is told with the last of them.
        let rows: [(usize, f64, Option<u32>); 10] = [
            (5, 0.0, None),
            (1, 0.004, None),
            (1, 0.02, Some(10)),
            (1, 0.12, Some(15)),
            (9, 0.02, None),
            (1, 0.02, Some(10)),
            (9, 0.0, None),
            (1, 0.0, Some(0)),
            (1, 0.9, Some(30)),
            (1, f64::NAN, None),
        ];
        for (row, (count, loss, wanted)) in rows.into_iter().enumerate() {
            let mut told = None;
            for at in 0..count {
                told = expected.report(loss);
                assert!(told.is_none() || at + 1 == count, "row {row}, report {at}: {told:?}");
            }
            assert_eq!(told, wanted, "row {row}");
        }
    }

    #[test]
    fn loss_that_comes_and_goes_changes_nothing() {
        let mut expected = ExpectedLoss::default();
        let told: Vec<u32> = [0.05, 0.0]
            .into_iter()
            .cycle()
            .take(100)
            .filter_map(|loss| expected.report(loss))
            .collect();
        assert_eq!(told, [10]);
    }
}
