//! A call under random interleavings of what the application, the service, media, timers and the
//! session do: whatever comes in whatever order, some things must hold.

use super::event::CallState;
use super::reason;
use super::state::{Input, Limits, Output, State, Timer};
use crate::error::{Error, ErrorKind};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::time::Duration;

const INTERLEAVINGS: u32 = 1_000;
const LIMITS: Limits = Limits {
    ring: Duration::from_secs(30),
    media: Duration::from_secs(15),
    bye: Duration::from_secs(2),
};

/// One thing that happens. What answers a question of the machine is left out while none is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    // The application.
    Accept,
    Reject,
    Hangup,
    Shutdown,
    // The service.
    InviteAccepted,
    InviteRefused,
    InviteUncertain,
    Rings,
    EarlyMedia(bool),
    Answer(bool),
    Bye,
    Redirect,
    Attached,
    Joined,
    Announced,
    Held(bool),
    AnswerAccepted,
    AnswerRefused,
    ByeDone,
    // Media.
    OfferReady,
    OfferFailed,
    AnswerReady,
    AnswerUnusable,
    MediaConnected,
    MediaFailed,
    // The session.
    SessionLost,
    SessionBack(bool),
    // Time.
    Elapsed(Timer),
}

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let steps = [
        Accept,
        Reject,
        Hangup,
        Shutdown,
        InviteAccepted,
        InviteRefused,
        InviteUncertain,
        Rings,
        EarlyMedia(true),
        EarlyMedia(false),
        Answer(true),
        Answer(false),
        Bye,
        Redirect,
        Attached,
        Joined,
        Announced,
        Held(true),
        Held(false),
        AnswerAccepted,
        AnswerRefused,
        ByeDone,
        OfferReady,
        OfferFailed,
        AnswerReady,
        AnswerUnusable,
        MediaConnected,
        MediaFailed,
        SessionLost,
        SessionBack(true),
        SessionBack(false),
        Elapsed(Timer::Ring),
        Elapsed(Timer::Media),
        Elapsed(Timer::Bye),
    ];
    proptest::sample::select(steps.to_vec())
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Dialled,
    CameIn,
    Restored,
}

/// A call and what it asked for so far.
struct World {
    call: State,
    kind: Kind,
    states: Vec<CallState>,
    is_offer_made: bool,
    invites: u32,
    applied: u32,
    wants_answer: bool,
    sent_answer: bool,
    byes: u32,
    far_side_ended: bool,
    was_refused: bool,
    armed: Vec<Timer>,
    media_closed: bool,
    ends: u32,
}

impl World {
    fn new(kind: Kind) -> Self {
        let call = match kind {
            Kind::Dialled => State::new(LIMITS),
            Kind::CameIn => State::inbound(LIMITS),
            Kind::Restored => State::restored(LIMITS, None),
        };
        let mut world = Self {
            states: vec![call.current()],
            call,
            kind,
            is_offer_made: false,
            invites: 0,
            applied: 0,
            wants_answer: false,
            sent_answer: false,
            byes: 0,
            far_side_ended: false,
            was_refused: false,
            armed: Vec::new(),
            media_closed: false,
            ends: 0,
        };
        let begin = world.call.begin();
        world.note(begin).expect("a call begins well");
        world
    }

    /// The input of a step, if it can happen now.
    fn input(&mut self, step: Step) -> Option<Input> {
        let sdp = |is_there: bool| is_there.then(|| "sdp".to_owned());
        let error = || Error::new(ErrorKind::Timeout, "x");
        let outbound = !matches!(self.kind, Kind::CameIn);
        Some(match step {
            Step::Accept => Input::Accept,
            Step::Reject if self.call.is_undecided() => Input::Reject(reason::NORMAL_CLEARING),
            Step::Reject => return None,
            Step::Hangup => Input::Hangup,
            Step::Shutdown => Input::Shutdown,
            Step::InviteAccepted if self.invites > 0 => Input::InviteAccepted,
            Step::InviteUncertain if self.invites > 0 => Input::InviteRefused(error()),
            Step::InviteRefused if self.invites > 0 => {
                self.was_refused = true;
                Input::InviteRefused(Error::new(ErrorKind::Rejected, "x"))
            }
            Step::Rings if outbound => Input::ServerRings,
            Step::EarlyMedia(is_there) if outbound => Input::EarlyMedia(sdp(is_there)),
            Step::Answer(is_there) => Input::Answer(sdp(is_there)),
            Step::Bye | Step::Redirect => {
                let redirect = (step == Step::Redirect).then(|| "node".to_owned());
                Input::Bye { cause: "CAUSE".into(), code: 16, redirect }
            }
            Step::Attached => Input::Attached(sdp(true)),
            Step::Joined => Input::Joined,
            Step::Announced => Input::Announced,
            Step::Held(is_held) => Input::Held(is_held),
            Step::AnswerAccepted if self.sent_answer => Input::AnswerAccepted,
            Step::AnswerRefused if self.sent_answer => Input::AnswerRefused(error()),
            Step::ByeDone if self.byes > 0 => Input::ByeDone,
            Step::OfferReady | Step::OfferFailed if outbound && !self.is_offer_made => {
                self.is_offer_made = true;
                match step {
                    Step::OfferReady => Input::OfferReady("offer".into()),
                    _ => Input::OfferFailed(error()),
                }
            }
            Step::AnswerReady if self.wants_answer => {
                self.wants_answer = false;
                Input::AnswerReady("answer".into())
            }
            Step::AnswerUnusable if self.applied > 0 => Input::AnswerUnusable(error()),
            Step::MediaConnected if self.applied > 0 || self.sent_answer => Input::MediaConnected,
            Step::MediaFailed => Input::MediaFailed(error()),
            Step::SessionLost => Input::SessionLost(error()),
            Step::SessionBack(is_resumed) => Input::SessionBack { is_resumed },
            Step::Elapsed(timer) if self.armed.contains(&timer) => {
                self.armed.retain(|armed| *armed != timer);
                Input::Elapsed(timer)
            }
            _ => return None,
        })
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        let Some(input) = self.input(step) else { return Ok(()) };
        let was_over = self.call.current() == CallState::Ended;
        self.far_side_ended |= matches!(input, Input::Bye { .. } | Input::SessionLost(_));
        let outputs = self.call.handle(input);
        prop_assert!(!was_over || outputs.is_empty(), "an ended call does {:?}", outputs);
        self.note(outputs)
    }

    fn note(&mut self, outputs: Vec<Output>) -> Result<(), TestCaseError> {
        for output in outputs {
            prop_assert_eq!(self.ends, 0, "after the end comes {:?}", output);
            match output {
                Output::Enter(next) => self.enter(next)?,
                Output::SendInvite { .. } | Output::RepeatInvite(_) => self.invites += 1,
                Output::ApplyAnswer(_) => {
                    prop_assert!(self.invites > 0, "an answer without an invite");
                    self.applied += 1;
                }
                Output::ReplaceAnswer(_) => {
                    prop_assert!(self.applied > 0, "another answer before the first one");
                }
                Output::MakeAnswer | Output::AcceptAttach(_) => self.wants_answer = true,
                Output::SendAnswer(_) | Output::SendAttach(_) => self.sent_answer = true,
                Output::SendBye(_) => {
                    prop_assert!(self.media_closed, "a bye while media flow");
                    self.byes += 1;
                }
                Output::CloseMedia => self.media_closed = true,
                Output::Arm(timer, limit) => {
                    prop_assert!(limit > Duration::ZERO && limit <= Duration::from_secs(60));
                    self.armed.push(timer);
                }
                Output::Disarm(timer) => self.armed.retain(|armed| *armed != timer),
                Output::End(_) => self.ends += 1,
            }
        }
        self.check()
    }

    fn enter(&mut self, next: CallState) -> Result<(), TestCaseError> {
        use CallState::{Active, Held};
        let last = *self.states.last().expect("it began somewhere");
        let is_hold = matches!((last, next), (Held, Active) | (Active, Held));
        prop_assert!(next > last || is_hold, "{:?} after {:?}", next, last);
        self.states.push(next);
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let current = self.call.current();
        prop_assert_eq!(self.states.last(), Some(&current), "the state was not told");
        prop_assert!(self.byes <= 1, "{} byes", self.byes);
        prop_assert_eq!(self.ends, u32::from(current == CallState::Ended));
        if current == CallState::Ending {
            prop_assert!(self.byes == 1 && self.armed.contains(&Timer::Bye), "it may never end");
        }
        if current == CallState::Ended {
            prop_assert!(self.media_closed, "ended with media");
            // The far side may know of the call: it must have been told, or have told us.
            let is_known = self.invites > 0 || matches!(self.kind, Kind::CameIn);
            let is_told = self.byes > 0 || self.far_side_ended;
            // A refused invite has made no call.
            let is_told = is_told || self.was_refused;
            prop_assert!(!is_known || is_told, "the far side was not told");
        }
        Ok(())
    }

    /// Whatever was before: a hang-up ends the call, even if nobody answers any more.
    fn hang_up(&mut self) -> Result<(), TestCaseError> {
        self.take(Step::Hangup)?;
        self.take(Step::Elapsed(Timer::Bye))?;
        prop_assert_eq!(self.call.current(), CallState::Ended);
        Ok(())
    }
}

fn run(mut runner: TestRunner) {
    let kinds = prop_oneof![Just(Kind::Dialled), Just(Kind::CameIn), Just(Kind::Restored)];
    let steps = proptest::collection::vec(step(), 0..60);
    let result = runner.run(&(kinds, steps), |(kind, steps)| {
        let mut world = World::new(kind);
        steps.into_iter().try_for_each(|step| world.take(step))?;
        world.hang_up()
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn config() -> Config {
    Config { cases: INTERLEAVINGS, failure_persistence: None, ..Config::default() }
}

#[test]
fn what_must_hold_holds_in_the_same_interleavings_each_time() {
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    run(TestRunner::new_with_rng(config(), random));
}

#[test]
fn what_must_hold_holds_in_new_interleavings() {
    run(TestRunner::new(config()));
}
