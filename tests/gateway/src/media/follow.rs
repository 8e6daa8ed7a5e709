//! The clock of audio that is passed on.

/// Keeps the timestamps of passed-on audio at the source's pace, across packets that never came and
/// silence that was put in their place: without this a stream with losses would last too short.
#[derive(Default)]
pub struct Follower {
    offset: Option<u32>,
}

impl Follower {
    /// The timestamp to send for the source's, where `next` would follow what was sent before. Never
    /// earlier than `next`; more than a second away the source has begun anew.
    pub fn place(&mut self, source: u32, next: u32, clock: u32) -> u32 {
        let offset = *self.offset.get_or_insert(next.wrapping_sub(source));
        let ahead = source.wrapping_add(offset).wrapping_sub(next) as i32;
        if ahead.unsigned_abs() > clock {
            self.offset = Some(next.wrapping_sub(source));
            return next;
        }
        next.wrapping_add(ahead.max(0) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_s_pace_is_kept_across_losses_and_silence() {
        let mut follower = Follower::default();
        // The source's timestamp, what would follow, what is sent.
        let rows: [(u32, u32, u32); 7] = [
            (u32::MAX - 959, 5_000, 5_000),
            (0, 5_960, 5_960),
            // Two packets were lost.
            (2_880, 6_920, 8_840),
            // One was lost and silence sent in its place.
            (4_800, 10_760, 10_760),
            // One came late, behind silence.
            (5_760, 12_680, 12_680),
            // The debt is paid in the next gap.
            (8_640, 13_640, 14_600),
            (90_000_000, 15_560, 15_560),
        ];
        for (row, (source, next, wanted)) in rows.into_iter().enumerate() {
            assert_eq!(follower.place(source, next, 48_000), wanted, "row {row}");
        }
    }
}
