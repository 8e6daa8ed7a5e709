//! How much loss the encoder should reckon with: what the far side reports, with hysteresis.
//!
//! Redundancy costs a third more encoding time, and the upper band is given up for it. So there is
//! none without loss; with loss it is made at once, in few steps; and since loss comes in bursts,
//! it stays until the highest step was not needed for ten reports, one a second.
//!
//! Until the far side says something there may be loss as well as not. Some first report after five
//! seconds, and the first words of a call matter: it begins with the first step.

/// Loss below which redundancy is not worth its encoding time.
const NEGLIGIBLE: f64 = 0.005;
/// What the encoder is told, in percent. A first step below would make the redundancy coarser, not
/// cheaper; above the last one nothing would be left for the audio itself.
const STEPS: [u32; 4] = [10, 15, 20, 30];
/// Reports that a step must not have been needed for before it is left.
const HOLD_REPORTS: usize = 10;

/// Times that a report may be missing before there is none to be expected.
const SILENT_ASKS: u32 = 8;

/// See the module's text.
pub(crate) struct ExpectedLoss {
    recent: [u32; HOLD_REPORTS],
    next: usize,
    told: u32,
    /// How often more a report may be missing.
    asks_left: u32,
}

impl Default for ExpectedLoss {
    fn default() -> Self {
        Self { recent: [0; HOLD_REPORTS], next: 0, told: STEPS[0], asks_left: SILENT_ASKS }
    }
}

impl ExpectedLoss {
    /// What the encoder is to be told, in percent.
    pub(crate) fn percent(&self) -> u32 {
        self.told
    }

    /// Takes what is reported now, 0.0 to 1.0, none if nothing ever was; gives the percentage if the
    /// encoder is to be told another one.
    pub(crate) fn report(&mut self, loss: Option<f64>) -> Option<u32> {
        if loss.is_none() && self.asks_left > 0 {
            self.asks_left -= 1;
            return None;
        }
        self.asks_left = 0;
        self.recent[self.next] = step(loss.unwrap_or(0.0));
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
        let rows: [(usize, f64, Option<u32>); 11] = [
            (1, 0.0, Some(0)),
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
                told = expected.report(Some(loss));
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
            .filter_map(|loss| expected.report(Some(loss)))
            .collect();
        assert!(told.is_empty(), "as at the start: {told:?}");
        assert_eq!(expected.percent(), 10);
    }

    #[test]
    fn a_call_begins_with_redundancy_until_a_report_or_for_a_while() {
        let begin = || (ExpectedLoss::default(), STEPS[0]);
        let (mut expected, first) = begin();
        assert_eq!(expected.percent(), first);
        assert_eq!(
            [None, None, Some(0.0)].map(|loss| expected.report(loss)),
            [None, None, Some(0)]
        );
        let (mut expected, first) = begin();
        for _ in 0..SILENT_ASKS {
            assert_eq!((expected.report(None), expected.percent()), (None, first));
        }
        assert_eq!(expected.report(None), Some(0));
        let (mut expected, _) = begin();
        assert_eq!(expected.report(Some(0.12)), Some(15));
        assert_eq!(expected.report(None), None, "a report that ends is no report of no loss");
    }
}
