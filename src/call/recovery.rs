//! What is done when the media of an answered call die, as a pure state machine.
//!
//! ```text
//! Idle ─lost─► Doubting ─debounce─► Offering ─offer─► Asking ─answer─► Connecting ─back─► Idle
//!   │                                  ▲   ▲            │ refused          │ too long
//!   └─address gone, new session────────┘   └──Pausing◄──┴──────────────────┘
//! ```
//! One renegotiation is in flight at a time. The first try restarts ICE in place, the others use a
//! fresh peer connection and, where there are TURN servers, relays only. Tries are made while the
//! session is up; when it is not, they wait for it. A service that does not know the call (any
//! more, in this session) is asked to take it up again by an invite with `attach`.

use crate::config::{
    RECOVERY_ANSWER, RECOVERY_ATTEMPTS, RECOVERY_CONNECT, RECOVERY_DEBOUNCE, RECOVERY_LIMIT,
    RECOVERY_PAUSE,
};
use std::time::Duration;

/// Timers that the machine asks for; arming one again replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The next step of a try.
    Step,
    /// The whole recovery.
    Limit,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// Nothing is heard of the far side.
    Lost,
    /// The far side is heard (again).
    Back,
    /// There is no need to wait: why.
    PathGone(&'static str),
    SessionAway,
    SessionReady {
        is_resumed: bool,
    },
    OfferReady,
    OfferFailed(String),
    /// The service's answer was applied.
    Applied,
    Refused(Refusal),
    /// The service took the invite with `attach`; its answer comes as an event.
    Reattached,
    Elapsed(Timer),
}

/// Why a request of the recovery failed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The service does not know this call.
    Unknown(String),
    /// It does not take this offer, or not now.
    Refused(String),
    /// The session went away under the request.
    NoSession,
}

/// What to do, in this order.
#[derive(Debug, PartialEq)]
pub(crate) enum Output {
    /// Tell the application that a try begins.
    Announce {
        reason: String,
        attempt: u32,
    },
    /// Make an offer; with `is_fresh` by a new peer connection, with `prefers_relay` over relays.
    MakeOffer {
        is_fresh: bool,
        prefers_relay: bool,
    },
    /// Send the offer as `updateMedia`.
    Ask,
    /// Send the offer as an invite that takes the call up again.
    Reattach,
    Arm(Timer, Duration),
    Disarm(Timer),
    /// It was announced, and media are back.
    Recovered,
    /// Nothing helped.
    GiveUp(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Doubting,
    /// Waits for the session.
    Waiting,
    Offering,
    Asking,
    Reattaching,
    Connecting,
    Pausing,
}

/// See the module's documentation.
pub(crate) struct Recovery {
    phase: Phase,
    attempt: u32,
    reason: String,
    /// Whether the media path is (still) there: then it must stay until another one is.
    has_path: bool,
    /// An offer of this recovery may still be open in the peer connection.
    was_offered: bool,
    is_session_up: bool,
    /// Another reason came while a renegotiation was in flight.
    is_again: bool,
}

impl Recovery {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Idle,
            attempt: 0,
            reason: String::new(),
            has_path: true,
            was_offered: false,
            is_session_up: true,
            is_again: false,
        }
    }

    /// Whether an answer that comes as an event belongs to the recovery.
    pub(crate) fn expects_answer(&self) -> bool {
        self.phase == Phase::Reattaching
    }

    /// Whether no renegotiation is under way or about to begin.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle | Phase::Doubting)
    }

    /// Takes one input; gives what to do.
    pub(crate) fn handle(&mut self, input: Input) -> Vec<Output> {
        match input {
            Input::Lost => self.lost(),
            Input::Back => self.back(),
            Input::PathGone(why) => {
                self.has_path = false;
                self.begin(why)
            }
            Input::SessionAway => {
                self.is_session_up = false;
                Vec::new()
            }
            Input::SessionReady { is_resumed } => self.session_ready(is_resumed),
            Input::OfferReady if self.phase == Phase::Offering => self.ask(Phase::Asking),
            Input::OfferFailed(why) if self.phase == Phase::Offering => self.failed(why),
            Input::Applied if matches!(self.phase, Phase::Asking | Phase::Reattaching) => {
                self.phase = Phase::Connecting;
                vec![Output::Arm(Timer::Step, RECOVERY_CONNECT)]
            }
            Input::Refused(refusal) => self.refused(refusal),
            Input::Elapsed(timer) => self.elapsed(timer),
            Input::OfferReady | Input::OfferFailed(_) | Input::Applied | Input::Reattached => {
                Vec::new()
            }
        }
    }

    fn lost(&mut self) -> Vec<Output> {
        self.has_path = false;
        if self.phase != Phase::Idle {
            return Vec::new();
        }
        self.phase = Phase::Doubting;
        vec![Output::Arm(Timer::Step, RECOVERY_DEBOUNCE)]
    }

    fn back(&mut self) -> Vec<Output> {
        match self.phase {
            Phase::Doubting => {
                self.has_path = true;
                self.phase = Phase::Idle;
                vec![Output::Disarm(Timer::Step)]
            }
            // An offer under way replaces the path that came back, so it is seen through.
            Phase::Connecting | Phase::Waiting | Phase::Pausing => {
                self.has_path = true;
                self.phase = Phase::Idle;
                self.attempt = 0;
                let mut outputs = vec![Output::Disarm(Timer::Step), Output::Disarm(Timer::Limit)];
                outputs.push(Output::Recovered);
                if std::mem::take(&mut self.is_again) {
                    outputs.extend(self.begin("the network changed again"));
                }
                outputs
            }
            _ => Vec::new(),
        }
    }

    /// A reason to act at once; one that comes during a try is looked at after it.
    fn begin(&mut self, reason: &str) -> Vec<Output> {
        match self.phase {
            Phase::Idle | Phase::Doubting => {
                self.attempt = 0;
                self.was_offered = false;
                self.reason = reason.to_owned();
                let mut outputs = vec![Output::Arm(Timer::Limit, RECOVERY_LIMIT)];
                outputs.extend(self.next_try());
                outputs
            }
            // Its candidates may be of the network that is gone.
            Phase::Offering | Phase::Asking | Phase::Reattaching | Phase::Connecting => {
                self.is_again = true;
                Vec::new()
            }
            Phase::Waiting | Phase::Pausing => Vec::new(),
        }
    }

    fn session_ready(&mut self, is_resumed: bool) -> Vec<Output> {
        self.is_session_up = true;
        match self.phase {
            Phase::Waiting => self.next_try(),
            // What the service sends about the call goes to the session that it forgot.
            Phase::Idle | Phase::Doubting if !is_resumed => self.begin("the session was made anew"),
            _ => Vec::new(),
        }
    }

    fn next_try(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        if self.attempt >= RECOVERY_ATTEMPTS {
            return self.give_up();
        }
        if !self.is_session_up {
            // Told once, though nothing can be done yet.
            if self.phase != Phase::Waiting && self.attempt == 0 {
                outputs.push(Output::Announce { reason: self.reason.clone(), attempt: 1 });
            }
            self.phase = Phase::Waiting;
            outputs.push(Output::Disarm(Timer::Step));
            return outputs;
        }
        let was_announced = self.phase == Phase::Waiting && self.attempt == 0;
        self.attempt += 1;
        self.is_again = false;
        self.phase = Phase::Offering;
        if !was_announced {
            let reason = self.reason.clone();
            outputs.push(Output::Announce { reason, attempt: self.attempt });
        }
        outputs.push(Output::Disarm(Timer::Step));
        let is_fresh = self.attempt > 1 || self.has_path || self.was_offered;
        self.was_offered = true;
        outputs.push(Output::MakeOffer { is_fresh, prefers_relay: self.attempt > 1 });
        outputs
    }

    fn ask(&mut self, phase: Phase) -> Vec<Output> {
        self.phase = phase;
        let request = match phase {
            Phase::Reattaching => Output::Reattach,
            _ => Output::Ask,
        };
        vec![request, Output::Arm(Timer::Step, RECOVERY_ANSWER)]
    }

    fn refused(&mut self, refusal: Refusal) -> Vec<Output> {
        if !matches!(self.phase, Phase::Asking | Phase::Reattaching) {
            return Vec::new();
        }
        match refusal {
            Refusal::Unknown(_) if self.phase == Phase::Asking => self.ask(Phase::Reattaching),
            Refusal::Unknown(why) => {
                self.reason = why;
                self.give_up()
            }
            Refusal::Refused(why) => self.failed(why),
            // Whether the service acted is unknown; the try does not count.
            Refusal::NoSession => {
                self.attempt = self.attempt.saturating_sub(1);
                self.phase = Phase::Waiting;
                match self.is_session_up {
                    true => vec![Output::Arm(Timer::Step, RECOVERY_PAUSE)],
                    false => vec![Output::Disarm(Timer::Step)],
                }
            }
        }
    }

    fn failed(&mut self, why: String) -> Vec<Output> {
        self.reason = why;
        if self.attempt >= RECOVERY_ATTEMPTS {
            return self.give_up();
        }
        self.phase = Phase::Pausing;
        vec![Output::Arm(Timer::Step, RECOVERY_PAUSE)]
    }

    fn give_up(&mut self) -> Vec<Output> {
        self.phase = Phase::Idle;
        let tries = self.attempt;
        let why = std::mem::take(&mut self.reason);
        vec![
            Output::Disarm(Timer::Step),
            Output::Disarm(Timer::Limit),
            Output::GiveUp(format!("media recovery failed after {tries} tries: {why}")),
        ]
    }

    fn elapsed(&mut self, timer: Timer) -> Vec<Output> {
        match (timer, self.phase) {
            (Timer::Limit, Phase::Idle | Phase::Doubting) => Vec::new(),
            (Timer::Limit, _) => self.give_up(),
            (Timer::Step, Phase::Doubting) => self.begin("nothing is heard of the far side"),
            (Timer::Step, Phase::Pausing | Phase::Waiting) => self.next_try(),
            (Timer::Step, Phase::Connecting) => {
                self.reason = "the new path did not come up in time".to_owned();
                self.next_try()
            }
            (Timer::Step, Phase::Asking | Phase::Reattaching) => {
                self.failed("the service did not answer the offer in time".to_owned())
            }
            (Timer::Step, _) => Vec::new(),
        }
    }
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
