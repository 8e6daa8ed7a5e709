//! The two sides of a call on one time line. Pure.
//!
//! The sent side is the clock: it has 20 ms in every tick, silent or not. What was received in the
//! same tick comes right after it; a tick without it, before the first packet, has silence there.

use crate::config::RecordSide;

/// Puts the sides of each tick together.
pub(super) struct Sides {
    side: RecordSide,
    /// What was sent in this tick, while the received side of it is not there yet.
    sent: Option<Vec<i16>>,
    silence: Vec<i16>,
}

impl Sides {
    pub(super) fn new(side: RecordSide) -> Self {
        Self { side, sent: None, silence: Vec::new() }
    }

    /// Takes what is sent in the next tick; appends what it completes.
    pub(super) fn sent(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        match self.side {
            RecordSide::Received => {}
            RecordSide::Sent => out.extend_from_slice(samples),
            RecordSide::Both | RecordSide::Mixed => {
                self.finish(out);
                self.sent = Some(samples.to_vec());
            }
        }
    }

    /// Takes what was received in this tick; appends what it completes.
    pub(super) fn received(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        match self.side {
            RecordSide::Received => out.extend_from_slice(samples),
            RecordSide::Sent => {}
            RecordSide::Both | RecordSide::Mixed => {
                let sent = self.sent.take().unwrap_or_default();
                join(self.side, &sent, samples, out);
            }
        }
    }

    /// Appends the tick that has a sent side only.
    pub(super) fn finish(&mut self, out: &mut Vec<i16>) {
        if let Some(sent) = self.sent.take() {
            self.silence.resize(sent.len(), 0);
            join(self.side, &sent, &self.silence, out);
        }
    }
}

fn join(side: RecordSide, sent: &[i16], received: &[i16], out: &mut Vec<i16>) {
    for at in 0..sent.len().max(received.len()) {
        let sent = sent.get(at).copied().unwrap_or(0);
        let received = received.get(at).copied().unwrap_or(0);
        match side {
            RecordSide::Mixed => out.push(sent.saturating_add(received)),
            _ => out.extend([sent, received]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    enum Step {
        Sent(i16),
        Received(i16),
    }
    use Step::{Received, Sent};

    fn recorded(side: RecordSide, steps: &[Step]) -> Vec<i16> {
        let (mut sides, mut out) = (Sides::new(side), Vec::new());
        for step in steps {
            match step {
                Sent(sample) => sides.sent(&[*sample], &mut out),
                Received(sample) => sides.received(&[*sample], &mut out),
            }
        }
        sides.finish(&mut out);
        out
    }

    #[test]
    fn each_tick_has_both_sides() {
        // Nothing received in the first and the last tick.
        let call = [Sent(1), Sent(2), Received(20), Sent(3), Received(30), Sent(4)];
        let cases: [(RecordSide, &[i16]); 4] = [
            (RecordSide::Received, &[20, 30]),
            (RecordSide::Sent, &[1, 2, 3, 4]),
            (RecordSide::Both, &[1, 0, 2, 20, 3, 30, 4, 0]),
            (RecordSide::Mixed, &[1, 22, 33, 4]),
        ];
        for (side, wanted) in cases {
            assert_eq!(recorded(side, &call), wanted, "{side:?}");
        }
        assert_eq!(recorded(RecordSide::Both, &[Received(5)]), [0, 5]);
        assert!(recorded(RecordSide::Both, &[]).is_empty());
    }

    #[test]
    fn too_loud_is_clipped() {
        let loud = [Sent(30_000), Received(30_000), Sent(-30_000), Received(-30_000)];
        assert_eq!(recorded(RecordSide::Mixed, &loud), [i16::MAX, i16::MIN]);
    }
}
