//! The first DTLS flight, sent again soon while the far side is silent.
//!
//! A FreeSWITCH-like media node drops DTLS until its own connectivity check was answered, which the
//! DTLS client cannot see. The client's timer repeats the flight only after the second that RFC 6347,
//! 4.2.4.1 proposes, and every answered call would begin with a second without sound. The same
//! section lets time-sensitive applications begin with less; these are the pauses that browsers use.

use super::Datagram;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The flight is sent again so long after ICE found a pair; then the timer of DTLS is alone.
const REPEATS_AFTER: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(150),
    Duration::from_millis(350),
    Duration::from_millis(750),
    Duration::from_millis(1550),
];
/// Datagrams kept at most: a ClientHello is one or two.
const MAX_KEPT: usize = 4;

/// See the module's documentation.
#[derive(Default)]
pub(super) struct FirstFlight {
    kept: Vec<Datagram>,
    due: VecDeque<Instant>,
    waiting: VecDeque<Datagram>,
    has_answer: bool,
}

impl FirstFlight {
    /// ICE has a pair: the flight goes out now.
    pub(super) fn begin(&mut self, now: Instant) {
        if !self.has_answer {
            self.due = REPEATS_AFTER.iter().map(|pause| now + *pause).collect();
        }
    }

    /// Keeps a copy of a DTLS datagram that goes out.
    pub(super) fn note(&mut self, datagram: &Datagram) {
        if !self.has_answer && self.kept.len() < MAX_KEPT {
            self.kept.push(datagram.copy());
        }
    }

    /// The far side has sent DTLS: the handshake runs by itself from here.
    pub(super) fn end(&mut self) {
        *self = Self { has_answer: true, ..Self::default() };
    }

    /// When [`FirstFlight::handle_timeout`] is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.due.front().copied()
    }

    /// Queues the flight again if it is time.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.due.front().is_none_or(|due| now < *due) {
            return;
        }
        self.due.retain(|due| now < *due);
        self.waiting.extend(self.kept.iter().map(Datagram::copy));
        if self.due.is_empty() {
            self.kept.clear();
        }
    }

    /// The next datagram to send again.
    pub(super) fn poll_datagram(&mut self) -> Option<Datagram> {
        self.waiting.pop_front()
    }
}
