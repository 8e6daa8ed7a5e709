//! How good a call sounds here, and warnings when something spoils it.
//!
//! The mean opinion score is the E-model's (ITU-T G.107) with its defaults, reduced to what is
//! measured here:
//!
//! ```text
//! R   = 93.2 - Id - Ie,eff
//! Id  = 0.024 d + 0.11 (d - 177.3) for d > 177.3      d: mouth to ear in milliseconds
//! Ie,eff = Ie + (95 - Ie) P / (P + Bpl)               P: percent of the audio that was made up
//! MOS = 1 + 0.035 R + 7e-6 R (R - 60) (100 - R)       within 1.0 and 4.5
//! ```
//!
//! `d` is half the round trip, the jitter buffer and the codec's own delay; the far side's buffer
//! and devices are not known. `Id` is the usual approximation of G.107's curve (Cole and
//! Rosenbluth, 2001). `Ie` is 0 and `Bpl` 25.1 for G.711 with concealment (G.113, Appendix I).
//! Assumption: the same for Opus, for which G.113 has no numbers; its own redundancy counts by
//! not being made up. So the best is 4.41, on the scale of narrow-band telephony.
//!
//! Pure: one sample a second.

use std::collections::VecDeque;

/// Delay of coding itself: one packet, and for Opus its look-ahead of 6.5 ms.
const CODING_DELAY_MS: f64 = 26.5;
const LOSS_ROBUSTNESS: f64 = 25.1;

/// How the last seconds sound. The number of a level never changes.
///
/// The bounds are the user satisfaction classes of ITU-T G.107, Annex B, as mean opinion scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum QualityLevel {
    /// Below 3.1: nearly all users are dissatisfied.
    Bad = 1,
    /// From 3.1: many users are dissatisfied.
    Poor = 2,
    /// From 3.6: some users are dissatisfied.
    Fair = 3,
    /// From 4.0: users are satisfied.
    Good = 4,
    /// From 4.3: users are very satisfied.
    Excellent = 5,
}

/// What spoils a call. The number of a kind never changes.
///
/// One sample a second is looked at. A warning is raised when three of the last five are beyond
/// the first bound, and cleared when all of five are within the second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
#[repr(i32)]
pub enum WarningKind {
    /// The round trip is above 400 ms: people begin to talk at the same time. Cleared below 300.
    HighRoundTrip = 1,
    /// The jitter of what is received is above 30 ms. Cleared below 20.
    HighJitter = 2,
    /// More than 3 % of the packets sent here do not come. Cleared below 1 %.
    HighLoss = 3,
    /// More than 3 % of the packets sent from here do not arrive, as the far side reports. Cleared
    /// below 1 %.
    HighRemoteLoss = 4,
    /// The mean opinion score is below 3.5. Cleared above 3.8.
    LowScore = 5,
    /// The application sends audio, but there has been nothing in it for five seconds (no sample
    /// above -70 dBFS) though the microphone is not muted: it may be the wrong one, or switched
    /// off. Cleared with the first sound, with a mute, or when no audio is pushed any more.
    SilentMicrophone = 6,
}

/// What is measured in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct QualitySample {
    /// Packets that should have come, those that did not, and those made up without help.
    pub(crate) expected: u64,
    pub(crate) lost: u64,
    pub(crate) unrecovered: u64,
    pub(crate) jitter_ms: f64,
    pub(crate) jitter_buffer_ms: f64,
    pub(crate) round_trip_ms: f64,
    pub(crate) remote_loss: f64,
}

/// What a sample changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum QualityChange {
    Level { level: QualityLevel, mos: f64 },
    Warning { kind: WarningKind, is_raised: bool },
}

/// The mean opinion score; see the module's text.
pub(crate) fn mean_opinion_score(delay_ms: f64, loss: f64) -> f64 {
    let percent = loss.clamp(0.0, 1.0) * 100.0;
    let delay = 0.024 * delay_ms + 0.11 * (delay_ms - 177.3).max(0.0);
    let equipment = 95.0 * percent / (percent + LOSS_ROBUSTNESS);
    let r = (93.2 - delay - equipment).clamp(0.0, 100.0);
    (1.0 + 0.035 * r + 7e-6 * r * (r - 60.0) * (100.0 - r)).clamp(1.0, 4.5)
}

/// Samples that the score is made of.
const WINDOW: usize = 5;
/// The score must pass a bound by this much to change the level.
const LEVEL_MARGIN: f64 = 0.05;
const LEVELS: [(f64, QualityLevel); 4] = [
    (4.3, QualityLevel::Excellent),
    (4.0, QualityLevel::Good),
    (3.6, QualityLevel::Fair),
    (3.1, QualityLevel::Poor),
];

/// Follows the quality of one call.
#[derive(Default)]
pub(crate) struct QualityMonitor {
    window: VecDeque<QualitySample>,
    mos: f64,
    level: Option<QualityLevel>,
    gates: [Gate; 5],
}

impl QualityMonitor {
    /// The score of the last five seconds; 0 until there was one.
    pub(crate) fn mos(&self) -> f64 {
        self.mos
    }

    /// Takes the sample of one second. While nothing is expected (on hold) nothing is judged, and
    /// what was before is forgotten.
    pub(crate) fn sample(&mut self, sample: QualitySample) -> Vec<QualityChange> {
        if sample.expected == 0 {
            self.window.clear();
            return Vec::new();
        }
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back(sample);
        let expected: u64 = self.window.iter().map(|s| s.expected).sum();
        let unrecovered: u64 = self.window.iter().map(|s| s.unrecovered).sum();
        let delay = sample.round_trip_ms / 2.0 + sample.jitter_buffer_ms + CODING_DELAY_MS;
        self.mos = mean_opinion_score(delay, unrecovered as f64 / expected as f64);
        let mut changes = Vec::new();
        if self.window.len() == WINDOW {
            changes.extend(self.level_change());
        }
        let loss = sample.lost as f64 / sample.expected as f64;
        // Each with its value, the bound that raises, and the one that clears.
        let watched = [
            (WarningKind::HighRoundTrip, sample.round_trip_ms, 400.0, 300.0),
            (WarningKind::HighJitter, sample.jitter_ms, 30.0, 20.0),
            (WarningKind::HighLoss, loss, 0.03, 0.01),
            (WarningKind::HighRemoteLoss, sample.remote_loss, 0.03, 0.01),
            // The smaller the worse.
            (WarningKind::LowScore, -self.mos, -3.5, -3.8),
        ];
        for (gate, (kind, value, raise, clear)) in self.gates.iter_mut().zip(watched) {
            if let Some(is_raised) = gate.sample(value > raise, value < clear) {
                changes.push(QualityChange::Warning { kind, is_raised });
            }
        }
        changes
    }

    fn level_change(&mut self) -> Option<QualityChange> {
        let at = |mos: f64| {
            LEVELS
                .iter()
                .find(|(bound, _)| mos >= *bound)
                .map_or(QualityLevel::Bad, |(_, level)| *level)
        };
        let level = match self.level {
            None => at(self.mos),
            Some(current) => {
                let (low, high) = (at(self.mos - LEVEL_MARGIN), at(self.mos + LEVEL_MARGIN));
                current.clamp(low, high)
            }
        };
        let is_new = self.level.replace(level) != Some(level);
        is_new.then_some(QualityChange::Level { level, mos: self.mos })
    }
}

/// Raises with three bad samples of five, clears with five good ones in a row.
#[derive(Default)]
struct Gate {
    bad: VecDeque<bool>,
    good_run: usize,
    is_raised: bool,
}

impl Gate {
    fn sample(&mut self, is_bad: bool, is_good: bool) -> Option<bool> {
        if self.bad.len() == WINDOW {
            self.bad.pop_front();
        }
        self.bad.push_back(is_bad);
        self.good_run = if is_good { self.good_run + 1 } else { 0 };
        if !self.is_raised && self.bad.iter().filter(|bad| **bad).count() >= 3 {
            self.is_raised = true;
            return Some(true);
        }
        if self.is_raised && self.good_run >= WINDOW {
            self.is_raised = false;
            self.bad.clear();
            return Some(false);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_e_model() {
        // Computed from the formula apart; the first is G.107's value for R = 93.2.
        for (delay_ms, loss, wanted) in [
            (0.0, 0.0, 4.41),
            (100.0, 0.0, 4.36),
            (177.3, 0.0, 4.31),
            (300.0, 0.0, 3.71),
            (100.0, 0.01, 4.26),
            (100.0, 0.05, 3.82),
            (100.0, 0.1, 3.29),
            (100.0, 0.3, 2.02),
            (5000.0, 1.0, 1.00),
        ] {
            let mos = mean_opinion_score(delay_ms, loss);
            assert!((mos - wanted).abs() < 0.006, "{delay_ms} ms, {loss}: {mos:.3}, not {wanted}");
        }
    }

    fn fine() -> QualitySample {
        QualitySample {
            expected: 50,
            jitter_ms: 2.0,
            jitter_buffer_ms: 30.0,
            round_trip_ms: 40.0,
            ..QualitySample::default()
        }
    }

    fn run(monitor: &mut QualityMonitor, sample: QualitySample, count: usize) -> Vec<String> {
        let mut seen = Vec::new();
        for at in 1..=count {
            for change in monitor.sample(sample) {
                seen.push(match change {
                    QualityChange::Level { level, .. } => format!("{at} {level:?}"),
                    QualityChange::Warning { kind, is_raised: true } => format!("{at} +{kind:?}"),
                    QualityChange::Warning { kind, .. } => format!("{at} -{kind:?}"),
                });
            }
        }
        seen
    }

    #[test]
    fn warnings_come_and_go_in_pairs() {
        let lossy = QualitySample { lost: 5, unrecovered: 5, ..fine() };
        let recovered = QualitySample { lost: 5, ..fine() };
        let jittery = QualitySample { jitter_ms: 31.0, ..fine() };
        let far = QualitySample { round_trip_ms: 401.0, ..fine() };
        let unheard = QualitySample { remote_loss: 0.2, ..fine() };
        let cases: [(&str, QualitySample, &[&str], &[&str]); 5] = [
            (
                "loss",
                lossy,
                &["1 Good", "3 Fair", "3 +HighLoss", "5 Poor"],
                &["2 Fair", "4 Good", "5 Excellent", "5 -HighLoss"],
            ),
            ("loss that was recovered", recovered, &["3 +HighLoss"], &["5 -HighLoss"]),
            ("jitter", jittery, &["3 +HighJitter"], &["5 -HighJitter"]),
            (
                "distance",
                far,
                &["1 Good", "3 +HighRoundTrip"],
                &["1 Excellent", "5 -HighRoundTrip"],
            ),
            ("the other way", unheard, &["3 +HighRemoteLoss"], &["5 -HighRemoteLoss"]),
        ];
        for (name, bad, raised, cleared) in cases {
            let mut monitor = QualityMonitor::default();
            assert_eq!(run(&mut monitor, fine(), 10), ["5 Excellent"], "{name}");
            let seen = run(&mut monitor, bad, 6);
            assert!(seen.iter().any(|s| s.contains('+')), "{name}: {seen:?}");
            assert_eq!(
                seen.iter().filter(|s| s.contains('+')).collect::<Vec<_>>(),
                raised.iter().filter(|s| s.contains('+')).collect::<Vec<_>>(),
                "{name}"
            );
            let seen = run(&mut monitor, fine(), 20);
            assert_eq!(
                seen.iter().filter(|s| s.contains('-')).collect::<Vec<_>>(),
                cleared.iter().filter(|s| s.contains('-')).collect::<Vec<_>>(),
                "{name}"
            );
            assert_eq!(monitor.level, Some(QualityLevel::Excellent), "{name}");
        }
    }

    #[test]
    fn single_bad_seconds_and_values_in_between_change_nothing() {
        let mut monitor = QualityMonitor::default();
        run(&mut monitor, fine(), 5);
        let far = QualitySample { round_trip_ms: 900.0, jitter_ms: 90.0, ..fine() };
        for _ in 0..3 {
            let seen = run(&mut monitor, far, 1);
            assert!(!seen.iter().any(|s| s.contains('+')), "{seen:?}");
            run(&mut monitor, fine(), 4);
        }
        let jittery = QualitySample { jitter_ms: 35.0, ..fine() };
        assert_eq!(run(&mut monitor, jittery, 3), ["3 +HighJitter"]);
        let between = QualitySample { jitter_ms: 25.0, ..fine() };
        assert_eq!(run(&mut monitor, between, 50), Vec::<String>::new(), "neither bad nor good");
        assert_eq!(run(&mut monitor, fine(), 9), ["5 -HighJitter"]);
    }

    #[test]
    fn on_hold_nothing_is_judged() {
        let mut monitor = QualityMonitor::default();
        assert_eq!(monitor.mos(), 0.0);
        let silent = QualitySample { round_trip_ms: 900.0, ..QualitySample::default() };
        assert_eq!(run(&mut monitor, silent, 20), Vec::<String>::new());
        assert_eq!(run(&mut monitor, fine(), 5), ["5 Excellent"]);
        assert!(monitor.mos() > 4.3);
    }
}
