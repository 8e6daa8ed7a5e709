//! How long packets are under way relative to the fastest, and how long to wait for them.

use super::TICK_US;

/// Width of a histogram bin. 256 bins cover 256 ms.
const BIN_US: i64 = 1_000;
const BINS: usize = 256;

/// The part of packets that should be in time.
const QUANTILE: f32 = 0.97;

/// How fast old packets are forgotten: half the weight is gone after about 3.5 s of 20 ms packets,
/// and all that counts for the quantile after 17 s.
const FORGET: f32 = 0.996;

/// Time left between the slowest expected packet and its playout.
const MARGIN_US: i64 = 500;

/// The fastest packet is looked for in the current and the last span: at least this long, and as
/// many packets, unless they come so seldom that the longest span is over. A clock that drifts
/// moves on by as much as the spans are long, so they are short.
const FASTEST_SPAN_US: i64 = 1_000_000;
const FASTEST_PACKETS: u32 = 25;
const LONGEST_SPAN_US: i64 = 4_000_000;

/// A packet so late is not worth waiting for, whatever the limit of the delay.
const STRAY_US: i64 = 1_000_000;

/// When the fastest transit grows by more than this, the way or the sender's clock has changed:
/// what was late by the old measure says nothing about the new one.
const MAX_STEP_US: i64 = 40_000;

/// How fast the memory of a single late packet fades, in microseconds per second.
const PEAK_DECAY_US_PER_S: i64 = 10_000;

/// Learns the distribution of transit times. All times in microseconds.
pub(super) struct DelayEstimator {
    /// Fastest transit in the last full span and in the current one.
    fastest: [Option<i64>; 2],
    span_start: i64,
    span_packets: u32,
    bins: [f32; BINS],
    weight: f32,
    quantile_us: i64,
    peak_us: i64,
    peak_at: i64,
}

impl DelayEstimator {
    pub(super) fn new() -> Self {
        DelayEstimator {
            fastest: [None; 2],
            span_start: 0,
            span_packets: 0,
            bins: [0.0; BINS],
            weight: 0.0,
            quantile_us: 0,
            peak_us: 0,
            peak_at: 0,
        }
    }

    /// Notes one packet; `transit` is arrival minus media time, with any constant offset.
    pub(super) fn observe(&mut self, transit: i64, arrival: i64) {
        if self.fastest[1].is_none() {
            self.span_start = arrival;
        } else if self.is_span_over(arrival) {
            // The span moves on so that clock drift and route changes are followed.
            let before = self.fastest();
            self.fastest = [self.fastest[1], None];
            self.span_start = arrival;
            self.span_packets = 0;
            if self.fastest() - before > MAX_STEP_US {
                self.forget_lateness();
            }
        }
        self.span_packets += 1;
        let current = self.fastest[1].map_or(transit, |fastest| fastest.min(transit));
        self.fastest[1] = Some(current);
        let bin = (self.late_by(transit) / BIN_US).clamp(0, BINS as i64 - 1) as usize;
        self.bins.iter_mut().for_each(|b| *b *= FORGET);
        self.bins[bin] += 1.0;
        self.weight = self.weight * FORGET + 1.0;
        self.quantile_us = self.quantile();
    }

    /// Notes that a packet with this transit came too late: the delay rises at once.
    pub(super) fn note_late(&mut self, transit: i64, now: i64) {
        let late_by = self.late_by(transit);
        if late_by > self.faded_peak(now) && late_by < STRAY_US {
            self.peak_us = late_by;
            self.peak_at = now;
        }
    }

    /// The transit of the fastest packet lately.
    pub(super) fn fastest(&self) -> i64 {
        match self.fastest {
            [Some(a), Some(b)] => a.min(b),
            [a, b] => a.or(b).unwrap_or(0),
        }
    }

    /// The longest time that the fastest packet should wait, including the wait for the tick.
    pub(super) fn target(&self, now: i64) -> i64 {
        self.quantile_us.max(self.faded_peak(now)) + MARGIN_US + TICK_US
    }

    fn is_span_over(&self, arrival: i64) -> bool {
        let length = arrival - self.span_start;
        let has_many = self.span_packets >= FASTEST_PACKETS;
        length >= LONGEST_SPAN_US || length >= FASTEST_SPAN_US && has_many
    }

    fn forget_lateness(&mut self) {
        self.bins = [0.0; BINS];
        self.weight = 0.0;
        self.quantile_us = 0;
        self.peak_us = 0;
    }

    fn late_by(&self, transit: i64) -> i64 {
        transit - self.fastest()
    }

    fn faded_peak(&self, now: i64) -> i64 {
        let age_ms = (now - self.peak_at).max(0) / 1000;
        (self.peak_us - age_ms * PEAK_DECAY_US_PER_S / 1000).max(0)
    }

    fn quantile(&self) -> i64 {
        let mut left = self.weight * QUANTILE;
        for (i, weight) in self.bins.iter().enumerate() {
            left -= weight;
            if left <= 0.0 {
                return (i as i64 + 1) * BIN_US;
            }
        }
        BINS as i64 * BIN_US
    }
}
