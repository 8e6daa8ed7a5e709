//! One dialog as a pure state machine: told what happened, it says what to do.
//!
//! Inputs come from media (offer, path), from the service (invite result, Verto requests, server
//! events), from timers, from the application (hangup) and from the session (lost, shutdown).
//! Requests may overtake results: `verto.answer` may come before the result of the invite.

use super::event::{CallState, Direction, EndReason};
use super::reason::{self, Cause};
use crate::config::{ATTACH_GRACE, RECOVERY_ANSWER, RING_AFTER_LOSS, RING_AFTER_RESUME};
use crate::error::{Error, ErrorKind};
use std::time::Duration;

/// Timers that the machine asks for; arming one again replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// From the dial to the answer, if the application wants a limit.
    Ring,
    /// From the answer to working media.
    Media,
    /// Waiting for the confirmation of our bye.
    Bye,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Input {
    OfferReady(String),
    OfferFailed(Error),
    /// The application takes the call that came in.
    Accept,
    /// The application refuses it.
    Reject(Cause),
    /// Our answer to the caller's offer is complete.
    AnswerReady(String),
    /// The service took our answer.
    AnswerAccepted,
    /// It did not: the caller is gone, or somebody else was faster.
    AnswerRefused(Error),
    /// The service put the leg into its session.
    Joined,
    InviteAccepted,
    /// `verto.attach`: the service offers media for a call that it has.
    Attached(Option<String>),
    InviteRefused(Error),
    ServerRings,
    /// `verto.media`: early media.
    EarlyMedia(Option<String>),
    /// `verto.answer`, with an SDP unless early media had it.
    Answer(Option<String>),
    /// The answer could not be applied.
    AnswerUnusable(Error),
    Bye {
        cause: String,
        code: i32,
        redirect: Option<String>,
    },
    MediaConnected,
    MediaFailed(Error),
    Held(bool),
    Hangup,
    Shutdown,
    ByeDone,
    SessionLost(Error),
    /// The session is up after it was away: the same one, or a new one.
    SessionBack {
        is_resumed: bool,
    },
    /// The call that came in was announced once more: its caller is still there.
    Announced,
    Elapsed(Timer),
}

/// What to do, in this order.
#[derive(Debug, PartialEq)]
pub(crate) enum Output {
    Enter(CallState),
    SendInvite {
        sdp: String,
        node: Option<String>,
    },
    /// The invite of this offer again, for a service that has the call but not its session.
    RepeatInvite(String),
    ApplyAnswer(String),
    /// Another answer to the same offer: who answers is not who sent the early media.
    ReplaceAnswer(String),
    /// Make the answer to the caller's offer.
    MakeAnswer,
    SendAnswer(String),
    /// Make the answer to the offer in `verto.attach`, instead of the offer that was refused.
    AcceptAttach(String),
    SendAttach(String),
    SendBye(Cause),
    CloseMedia,
    Arm(Timer, Duration),
    Disarm(Timer),
    /// The call is over; nothing follows.
    End(EndReason),
}

/// See the module's documentation.
pub(crate) struct State {
    current: CallState,
    offer: Option<String>,
    has_remote_sdp: bool,
    /// The answer that was applied last.
    applied: Option<String>,
    is_media_connected: bool,
    was_answered: bool,
    /// Redirections that were followed; a loop of nodes must end.
    redirects: u32,
    /// Why the call will have ended when the bye is confirmed.
    ending: Option<EndReason>,
    limits: Limits,
    direction: Direction,
    /// An inbound call was taken by the application.
    is_accepted: bool,
    /// The service has the call already.
    is_restored: bool,
    /// The service's own offer for it, for when ours is refused.
    attach_offer: Option<String>,
    /// Ours was refused; theirs may be on its way.
    refusal: Option<Error>,
}

/// Time limits of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Zero means none.
    pub(crate) ring: Duration,
    pub(crate) media: Duration,
    pub(crate) bye: Duration,
}

const MAX_REDIRECTS: u32 = 5;

impl State {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            current: CallState::New,
            offer: None,
            has_remote_sdp: false,
            applied: None,
            is_media_connected: false,
            was_answered: false,
            redirects: 0,
            ending: None,
            limits,
            direction: Direction::Outbound,
            is_accepted: false,
            is_restored: false,
            attach_offer: None,
            refusal: None,
        }
    }

    /// A call that the service has already and whose media are made anew, whoever called whom.
    pub(crate) fn restored(limits: Limits, attach_offer: Option<String>) -> Self {
        // Taking up is no ringing: an answer is due at once.
        let limits = Limits { ring: RECOVERY_ANSWER, ..limits };
        Self { is_restored: true, attach_offer, ..Self::new(limits) }
    }

    /// A call that came in: it rings until the application decides.
    pub(crate) fn inbound(limits: Limits) -> Self {
        Self { current: CallState::Ringing, direction: Direction::Inbound, ..Self::new(limits) }
    }

    /// Whether the application may still take or refuse a call that came in.
    pub(crate) fn is_undecided(&self) -> bool {
        self.direction == Direction::Inbound
            && self.current == CallState::Ringing
            && !self.is_accepted
    }

    pub(crate) fn current(&self) -> CallState {
        self.current
    }

    /// Another limit from the answer to working media.
    pub(crate) fn set_media_limit(&mut self, limit: Duration) {
        self.limits.media = limit;
    }

    /// What is to be done when the call begins.
    pub(crate) fn begin(&self) -> Vec<Output> {
        match self.limits.ring {
            Duration::ZERO => Vec::new(),
            limit => vec![Output::Arm(Timer::Ring, limit)],
        }
    }

    /// Takes one input; gives what to do.
    pub(crate) fn handle(&mut self, input: Input) -> Vec<Output> {
        match self.current {
            CallState::Ended => Vec::new(),
            CallState::Ending => self.handle_ending(input),
            _ => self.handle_live(input),
        }
    }

    fn handle_live(&mut self, input: Input) -> Vec<Output> {
        match input {
            Input::OfferReady(sdp) => {
                self.offer = Some(sdp.clone());
                match self.is_restored {
                    true => vec![Output::RepeatInvite(sdp)],
                    false => vec![Output::SendInvite { sdp, node: None }],
                }
            }
            Input::OfferFailed(error) => {
                self.give_up(reason::INCOMPATIBLE_DESTINATION, reason::no_media(error.message()))
            }
            Input::Accept => self.accept(),
            Input::Reject(cause) => self.give_up(cause, reason::declined(cause)),
            Input::AnswerReady(sdp) if self.is_restored => vec![Output::SendAttach(sdp)],
            Input::AnswerReady(sdp) => vec![Output::SendAnswer(sdp)],
            Input::AnswerAccepted if self.is_restored => {
                self.has_remote_sdp = true;
                self.answered(None)
            }
            Input::AnswerAccepted => {
                self.has_remote_sdp = true;
                vec![Output::Arm(Timer::Media, self.limits.media)]
            }
            // A bye of the caller may be on its way; without one the leg must not stay up.
            Input::AnswerRefused(error) => {
                self.give_up(reason::NORMAL_CLEARING, reason::answer_refused(&error))
            }
            Input::Joined => self.established(),
            Input::InviteAccepted => self.advance(CallState::Trying),
            Input::Attached(offer) => {
                self.attach_offer = offer.filter(|_| self.is_restored);
                self.accept_attach()
            }
            Input::InviteRefused(error) if self.is_restored && !self.was_answered => {
                self.refusal = Some(error);
                let mut outputs = vec![Output::Arm(Timer::Ring, ATTACH_GRACE)];
                outputs.extend(self.accept_attach());
                outputs
            }
            // The answer made the dialog: what became of the result does not matter any more.
            Input::InviteRefused(_) if self.was_answered => Vec::new(),
            Input::InviteRefused(error) => self.not_invited(&error),
            Input::ServerRings => self.advance(CallState::Ringing),
            Input::EarlyMedia(sdp) => {
                let mut outputs = self.advance(CallState::Early);
                outputs.extend(self.remote_sdp(sdp));
                outputs
            }
            // On an inbound leg it confirms our answer (mod_verto sends it without SDP).
            Input::Answer(_) if self.direction == Direction::Inbound => self.established(),
            Input::Answer(sdp) => self.answered(sdp),
            Input::AnswerUnusable(error) | Input::MediaFailed(error) => {
                self.give_up(reason::MEDIA_TIMEOUT, reason::media_failed(error.message()))
            }
            Input::Bye { cause, code, redirect } => self.bye(cause, code, redirect),
            Input::MediaConnected => {
                self.is_media_connected = true;
                let mut outputs = vec![Output::Disarm(Timer::Media)];
                outputs.extend(self.established());
                outputs
            }
            Input::Held(is_held) => self.held(is_held),
            Input::Hangup => self.give_up(reason::NORMAL_CLEARING, reason::local_hangup()),
            Input::Shutdown => self.give_up(reason::NORMAL_CLEARING, reason::shutdown()),
            Input::ByeDone => Vec::new(),
            Input::SessionLost(error) => self.end(reason::signaling_failed(&error)),
            Input::SessionBack { is_resumed } => self.session_back(is_resumed),
            Input::Announced if self.is_undecided() => vec![Output::Disarm(Timer::Ring)],
            Input::Announced => Vec::new(),
            Input::Elapsed(Timer::Ring) if self.refusal.is_some() && !self.was_answered => {
                let error = self.refusal.take().unwrap_or_else(|| Error::closed("the call"));
                self.not_invited(&error)
            }
            Input::Elapsed(Timer::Ring) if self.is_undecided() => {
                self.give_up(reason::NO_ANSWER, reason::caller_unknown())
            }
            Input::Elapsed(Timer::Ring) if !self.was_answered && !self.is_accepted => {
                self.give_up(reason::NO_ANSWER, reason::no_answer())
            }
            Input::Elapsed(Timer::Media) if !self.is_media_connected => self.give_up(
                reason::MEDIA_TIMEOUT,
                reason::media_failed("answered, but no media path came up in time"),
            ),
            Input::Elapsed(_) => Vec::new(),
        }
    }

    /// While our bye is on its way only its end and the far side's own bye count.
    fn handle_ending(&mut self, input: Input) -> Vec<Output> {
        match input {
            Input::ByeDone
            | Input::Bye { .. }
            | Input::SessionLost(_)
            | Input::Elapsed(Timer::Bye) => {
                let reason = self.ending.take().unwrap_or_else(reason::local_hangup);
                self.end(reason)
            }
            // The invite is lost, but the far side may have it: the bye still counts.
            _ => Vec::new(),
        }
    }

    /// Enters `next` if it lies ahead; calls never go back before the answer.
    fn advance(&mut self, next: CallState) -> Vec<Output> {
        if next <= self.current {
            return Vec::new();
        }
        self.current = next;
        vec![Output::Enter(next)]
    }

    /// Nothing came of the invite, or nobody knows whether it arrived: then the far side must not
    /// ring on.
    fn not_invited(&mut self, error: &Error) -> Vec<Output> {
        let reason = reason::signaling_failed(error);
        match is_uncertain(error) {
            true => self.give_up(reason::NORMAL_CLEARING, reason),
            false => self.end(reason),
        }
    }

    fn remote_sdp(&mut self, sdp: Option<String>) -> Vec<Output> {
        let Some(sdp) = sdp.filter(|_| self.offer.is_some()) else { return Vec::new() };
        // Most often the answer repeats the early description.
        if self.applied.as_ref() == Some(&sdp) {
            return Vec::new();
        }
        self.applied = Some(sdp.clone());
        if !std::mem::replace(&mut self.has_remote_sdp, true) {
            return vec![Output::ApplyAnswer(sdp)];
        }
        self.is_media_connected = false;
        vec![Output::ReplaceAnswer(sdp)]
    }

    fn answered(&mut self, sdp: Option<String>) -> Vec<Output> {
        if self.was_answered {
            return Vec::new();
        }
        self.was_answered = true;
        let mut outputs = vec![Output::Disarm(Timer::Ring)];
        outputs.extend(self.remote_sdp(sdp));
        outputs.extend(self.advance(CallState::Active));
        if !self.has_remote_sdp {
            let reason = reason::media_failed("answered without a media description");
            outputs.extend(self.give_up(reason::MEDIA_TIMEOUT, reason));
        } else if !self.is_media_connected {
            outputs.push(Output::Arm(Timer::Media, self.limits.media));
        }
        outputs
    }

    /// The caller's bye may have been lost with the session, so a call rings on for a while only. Of
    /// a call that is being set up the service tells a session that it forgot: it is asked again.
    fn session_back(&mut self, is_resumed: bool) -> Vec<Output> {
        if self.is_undecided() {
            let limit = if is_resumed { RING_AFTER_RESUME } else { RING_AFTER_LOSS };
            return vec![Output::Arm(Timer::Ring, limit)];
        }
        match &self.offer {
            Some(offer) if !is_resumed && !self.was_answered && self.current > CallState::New => {
                vec![Output::RepeatInvite(offer.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// Answers the service's offer once it refused ours.
    fn accept_attach(&mut self) -> Vec<Output> {
        if self.was_answered || self.refusal.is_none() {
            return Vec::new();
        }
        match self.attach_offer.take() {
            Some(offer) => {
                vec![Output::Arm(Timer::Ring, self.limits.ring), Output::AcceptAttach(offer)]
            }
            None => Vec::new(),
        }
    }

    fn accept(&mut self) -> Vec<Output> {
        if !self.is_undecided() {
            return Vec::new();
        }
        self.is_accepted = true;
        vec![Output::Disarm(Timer::Ring), Output::MakeAnswer]
    }

    /// An inbound call is up with the first sign of it: media, `call.joined` or `verto.answer`.
    fn established(&mut self) -> Vec<Output> {
        if self.direction == Direction::Outbound || !self.is_accepted || self.was_answered {
            return Vec::new();
        }
        self.was_answered = true;
        self.advance(CallState::Active)
    }

    fn held(&mut self, is_held: bool) -> Vec<Output> {
        let next = if is_held { CallState::Held } else { CallState::Active };
        if !self.current.is_answered() || next == self.current {
            return Vec::new();
        }
        self.current = next;
        vec![Output::Enter(next)]
    }

    fn bye(&mut self, cause: String, code: i32, redirect: Option<String>) -> Vec<Output> {
        if let (Some(node), Some(sdp)) = (redirect, &self.offer) {
            if self.redirects < MAX_REDIRECTS && !self.has_remote_sdp {
                self.redirects += 1;
                return vec![Output::SendInvite { sdp: sdp.clone(), node: Some(node) }];
            }
        }
        match self.direction {
            Direction::Inbound if !self.was_answered => self.end(reason::withdrawn(cause, code)),
            _ => self.end(reason::remote(cause, code, self.was_answered)),
        }
    }

    /// Ends from this side: with a bye if the far side may know the call.
    fn give_up(&mut self, cause: Cause, reason: EndReason) -> Vec<Output> {
        if self.offer.is_none() && self.direction == Direction::Outbound {
            return self.end(reason);
        }
        self.ending = Some(reason);
        let mut outputs = self.advance(CallState::Ending);
        outputs.extend([
            Output::Disarm(Timer::Ring),
            Output::Disarm(Timer::Media),
            Output::CloseMedia,
            Output::SendBye(cause),
            Output::Arm(Timer::Bye, self.limits.bye),
        ]);
        outputs
    }

    fn end(&mut self, reason: EndReason) -> Vec<Output> {
        self.current = CallState::Ended;
        vec![Output::CloseMedia, Output::Enter(CallState::Ended), Output::End(reason)]
    }
}

/// Whether a request may have been carried out although it failed.
fn is_uncertain(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Network | ErrorKind::NotConnected)
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
