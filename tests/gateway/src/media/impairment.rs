//! The fault of a bad network.

use std::time::Duration;

use super::random;

/// A bad network: the share of datagrams that are lost in each direction, and how late those of
/// the gateway are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Impairment {
    pub loss: f64,
    pub delay: Duration,
    pub jitter: Duration,
}

impl Impairment {
    /// Whether this datagram is lost.
    pub fn loses(&self) -> bool {
        self.loss > 0.0 && f64::from(u32::from_be_bytes(random())) / f64::from(u32::MAX) < self.loss
    }

    /// How late this datagram is.
    pub fn lateness(&self) -> Duration {
        let share = f64::from(u32::from_be_bytes(random())) / f64::from(u32::MAX);
        self.delay + self.jitter.mul_f64(share)
    }
}
