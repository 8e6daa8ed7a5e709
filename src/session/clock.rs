//! How long each step to an authorized session took.

use crate::net::ws::OpenTimes;
use std::time::{Duration, Instant};

/// How long each step of the last connection to the service took, in milliseconds. The steps
/// follow on one another without a gap: their sum is `total_ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct ConnectTimes {
    /// Getting a token, 0 if there was a good one, and waiting for a turn of the processor.
    pub token_ms: f64,
    /// Resolving the host's name; 0 for an address.
    pub dns_ms: f64,
    /// The TCP connection, addresses that did not answer included.
    pub tcp_ms: f64,
    /// The TLS handshake; 0 without TLS.
    pub tls_ms: f64,
    /// The upgrade to a WebSocket (RFC 6455, 4).
    pub websocket_ms: f64,
    /// The service's answer to `signalwire.connect`.
    pub authorize_ms: f64,
    /// From the first step to the last.
    pub total_ms: f64,
}

/// Measures one connection.
#[derive(Clone, Copy, Default)]
pub(super) struct ConnectClock {
    started: Option<Instant>,
    opened: Option<(Instant, OpenTimes)>,
}

impl ConnectClock {
    pub(super) fn start() -> Self {
        Self { started: Some(Instant::now()), opened: None }
    }

    pub(super) fn opened(&mut self, times: OpenTimes) {
        self.opened = Some((Instant::now(), times));
    }

    /// The session is authorized now; `None` if there was no opening.
    pub(super) fn authorized(&self) -> Option<ConnectTimes> {
        let (started, (opened, steps)) = (self.started?, self.opened?);
        Some(times(opened - started, steps, opened.elapsed()))
    }
}

fn times(until_open: Duration, steps: OpenTimes, authorize: Duration) -> ConnectTimes {
    let opening = steps.dns + steps.tcp + steps.tls + steps.websocket;
    ConnectTimes {
        token_ms: milliseconds(until_open.saturating_sub(opening)),
        dns_ms: milliseconds(steps.dns),
        tcp_ms: milliseconds(steps.tcp),
        tls_ms: milliseconds(steps.tls),
        websocket_ms: milliseconds(steps.websocket),
        authorize_ms: milliseconds(authorize),
        total_ms: milliseconds(until_open.max(opening) + authorize),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_step_took_belongs_to_the_token_and_the_sum_is_the_total() {
        let ms = Duration::from_millis;
        let steps = OpenTimes { dns: ms(3), tcp: ms(20), tls: ms(40), websocket: ms(21) };
        let times = times(ms(100), steps, ms(50));
        assert_eq!(times.token_ms, 16.0);
        let sum = times.token_ms
            + times.dns_ms
            + times.tcp_ms
            + times.tls_ms
            + times.websocket_ms
            + times.authorize_ms;
        assert!((sum - times.total_ms).abs() < 1e-6, "{times:?}");
        assert_eq!(times.total_ms, 150.0);
    }
}
