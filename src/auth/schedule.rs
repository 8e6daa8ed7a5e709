//! When something is due about a token: pure, told the time in seconds since 1970.

use std::time::Duration;

/// How long before its end a token is replaced.
pub(crate) const RENEW_BEFORE: i64 = 30;
/// How long before its end the application is told about a token that only it can replace.
pub(crate) const WARN_BEFORE: i64 = 60;
/// The shortest pause between two renewals.
const SHORTEST: Duration = Duration::from_secs(1);
/// The pause between renewals whose tokens seem to be over when they come: then one clock is wrong.
/// The service refuses a token that is over in truth, which renews it at once.
const CLOCK_IS_OFF: Duration = Duration::from_secs(60);
/// The service may say anything; timers cannot take everything.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);
/// The first and the longest pause after a renewal that failed; each is jittered to 50–100 %.
pub(crate) const RETRY_PAUSE: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(30));
/// The pause between two questions whether a token that seems to be over is still taken.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(60);
/// Renewals of a token that seems to be over that may fail before the service is asked about it.
pub(crate) const ATTEMPTS: u32 = 5;

/// How long to wait until a token is replaced. `was_renewed`: it is not the first one.
///
/// 30 s before its end. A renewal that gives tokens as short as that would run in a circle: those
/// are replaced after half their life. A new one that is over already tells of a wrong clock.
pub(crate) fn renew_in(expires_at: i64, now: i64, was_renewed: bool) -> Duration {
    let left = expires_at.saturating_sub(now);
    if was_renewed && left <= 0 {
        return CLOCK_IS_OFF;
    }
    let wait = match left.saturating_sub(RENEW_BEFORE) {
        ahead if ahead > 0 => ahead,
        _ if was_renewed => left / 2,
        _ => 0,
    };
    seconds_until(wait, 0).max(SHORTEST)
}

/// How long to wait until the application is told that a token ends.
pub(crate) fn warn_in(expires_at: i64, now: i64) -> Duration {
    seconds_until(expires_at.saturating_sub(WARN_BEFORE), now)
}

/// The time until a moment, a year at most; none if it has passed.
pub(crate) fn seconds_until(moment: i64, now: i64) -> Duration {
    Duration::from_secs(u64::try_from(moment.saturating_sub(now)).unwrap_or(0)).min(LONGEST)
}

/// Seconds since 1970 by this machine's clock.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_seconds_before_the_end_and_never_in_a_circle() {
        for (left, was_renewed, expected) in [
            (7_200, false, 7_170),
            (900, true, 870),
            (40, false, 10),
            (31, true, 1),
            (30, false, 1),
            (5, false, 1),
            (30, true, 15),
            (4, true, 2),
            (1, true, 1),
            (-10, false, 1),
            // This machine's clock is an hour ahead; an hour behind.
            (-2_700, true, 60),
            (0, true, 60),
            (900 + 3_600, true, 4_470),
            (i64::MIN, true, 60),
            (i64::MAX, true, 365 * 86_400),
        ] {
            let wait = renew_in(1_000_i64.saturating_add(left), 1_000, was_renewed);
            assert_eq!(wait.as_secs(), expected, "{left} {was_renewed}");
        }
    }

    #[test]
    fn the_application_is_told_a_minute_ahead() {
        assert_eq!(warn_in(1_100, 1_000), Duration::from_secs(40));
        assert_eq!(warn_in(1_010, 1_000), Duration::ZERO);
        assert_eq!(seconds_until(900, 1_000), Duration::ZERO);
    }
}
