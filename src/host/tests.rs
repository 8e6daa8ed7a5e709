//! Every order of inputs, of every length: the states of the machine together with those of a
//! monitor are few, so all that can be reached are visited.

use super::machine::Machine;
use super::{HostAction, HostCall, HostEndReason, HostInput, HostPhase};
use std::collections::{HashSet, VecDeque};
use HostAction::*;
use HostInput as In;

const REASON: HostEndReason = HostEndReason::RemoteEnded;

const INPUTS: [HostInput; 17] = [
    In::Pushed,
    In::Invited,
    In::Dialled,
    In::ReportFailed,
    In::UserAnswers,
    In::UserEnds,
    In::AppAnswers,
    In::AppEnds,
    In::Connected,
    In::CallEnded { reason: REASON },
    In::AudioActivated,
    In::AudioDeactivated,
    In::InterruptionBegan,
    In::InterruptionEnded { should_resume: true },
    In::InterruptionEnded { should_resume: false },
    In::ActionTimedOut,
    In::Reset,
];

/// What the system and the client know by now; counts end at 2, which is one too many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Monitor {
    shown: u8,
    /// How often the call ended on the screen: by report, by the user's action, or because the
    /// system never had it or dropped it.
    screen_ends: u8,
    /// Answers of the user that wait to be fulfilled or failed.
    open_answers: u8,
    answers: u8,
    dials: u8,
    /// The client was told to end the call.
    client_ends: u8,
    /// The call ended by itself.
    ended_alone: bool,
    is_activated: bool,
    is_interrupted: bool,
    is_running: bool,
}

impl Monitor {
    /// Takes note of one step and says what is wrong with it.
    fn step(
        &mut self,
        input: HostInput,
        actions: &[HostAction],
        phase: HostPhase,
    ) -> Option<String> {
        let was_shown = self.shown > 0 && self.screen_ends == 0;
        let was_answering = self.open_answers;
        self.note_input(input, was_shown);
        let mut wrong = Vec::new();
        let reports = |a: &&HostAction| matches!(a, ReportIncoming | ReportAgain | ReportAndEnd);
        let count = actions.iter().filter(reports).count();
        match input {
            In::Pushed if count != 1 => wrong.push("a notification is not reported once"),
            In::Pushed | In::Invited => {}
            _ if count != 0 => wrong.push("a report without a notification"),
            _ => {}
        }
        let end_actions = actions.iter().filter(|a| **a == FulfillEnd).count();
        if end_actions != usize::from(input == In::UserEnds) {
            wrong.push("an end of the user is not fulfilled once");
        }
        for action in actions {
            wrong.extend(self.note_action(*action));
        }
        // The system dropped the call, never showed it, or failed the answer itself.
        let is_dropped = match input {
            In::Reset => was_shown,
            In::ReportFailed => was_shown && phase == HostPhase::Over,
            _ => false,
        };
        if is_dropped {
            (self.screen_ends, self.open_answers) = (1, 0);
        }
        if input == In::ActionTimedOut && was_answering > 0 {
            self.open_answers = 0;
        }
        wrong.extend(self.check(phase));
        (!wrong.is_empty()).then(|| wrong.join("; "))
    }

    fn note_input(&mut self, input: HostInput, was_shown: bool) {
        match input {
            In::UserAnswers => self.open_answers += 1,
            In::UserEnds if was_shown => self.screen_ends += 1,
            In::CallEnded { .. } => self.ended_alone = true,
            In::AudioActivated => (self.is_activated, self.is_interrupted) = (true, false),
            In::AudioDeactivated => self.is_activated = false,
            In::InterruptionBegan => self.is_interrupted = true,
            In::InterruptionEnded { should_resume: true } => self.is_interrupted = false,
            _ => {}
        }
    }

    fn note_action(&mut self, action: HostAction) -> Option<&'static str> {
        match action {
            ReportIncoming | ReportDialling => self.shown = (self.shown + 1).min(2),
            ReportAgain if self.shown == 0 || self.screen_ends > 0 => {
                return Some("shown again without a call on the screen")
            }
            ReportAndEnd if self.shown > 0 && self.screen_ends == 0 => {
                return Some("ended while it is on the screen")
            }
            ReportConnected | RequestAnswer | RequestEnd
                if self.shown == 0 || self.screen_ends > 0 =>
            {
                return Some("the system is told of a call that it does not show")
            }
            FulfillAnswer | FailAnswer => match self.open_answers.checked_sub(1) {
                Some(left) => self.open_answers = left,
                None => return Some("an answer is finished that was not given"),
            },
            ReportEnded { .. } => self.screen_ends = (self.screen_ends + 1).min(2),
            Answer if self.client_ends > 0 || self.dials > 0 => {
                return Some("answered after the end, or what was dialled")
            }
            Answer => self.answers = (self.answers + 1).min(2),
            Dial => self.dials = (self.dials + 1).min(2),
            Reject if self.answers > 0 || self.dials > 0 => return Some("rejected too late"),
            Reject | HangUp if self.ended_alone => return Some("ended what ended by itself"),
            Reject | HangUp => self.client_ends = (self.client_ends + 1).min(2),
            StartAudio if self.is_running => return Some("audio started twice"),
            StartAudio => self.is_running = true,
            StopAudio if !self.is_running => return Some("audio stopped twice"),
            StopAudio => self.is_running = false,
            _ => {}
        }
        None
    }

    fn check(&self, phase: HostPhase) -> Vec<&'static str> {
        let is_over = phase == HostPhase::Over;
        let may_run = self.is_activated
            && !self.is_interrupted
            && matches!(phase, HostPhase::Dialling | HostPhase::Active);
        [
            (self.shown > 1, "shown twice"),
            (self.screen_ends > 1, "ended twice on the screen"),
            (self.screen_ends > self.shown, "ended without being shown"),
            (is_over && self.screen_ends != self.shown, "over, but on the screen"),
            (!is_over && self.screen_ends > 0, "ended on the screen, but not over"),
            (self.answers > 1 || self.dials > 1, "answered or dialled twice"),
            (self.client_ends > 1, "the client ends it twice"),
            (
                is_over && !self.ended_alone && self.client_ends != 1,
                "over, but the client does not end it",
            ),
            (self.open_answers > 1, "two answers wait"),
            (
                (self.open_answers == 1) != (phase == HostPhase::Answering),
                "an answer waits without reason, or is forgotten",
            ),
            (self.is_running != may_run, "audio runs when it may not, or does not when it may"),
        ]
        .into_iter()
        .filter_map(|(is_wrong, what)| is_wrong.then_some(what))
        .collect()
    }
}

#[test]
fn the_invariants_hold_in_every_order_of_inputs() {
    let first = (Machine::default(), Monitor::default());
    let mut seen = HashSet::from([first.clone()]);
    let mut waiting = VecDeque::from([(first, Vec::new())]);
    let mut phases = HashSet::new();
    while let Some(((machine, monitor), path)) = waiting.pop_front() {
        for input in INPUTS {
            let (mut machine, mut monitor) = (machine.clone(), monitor.clone());
            let actions = machine.handle(input);
            let mut path: Vec<HostInput> = path.clone();
            path.push(input);
            if let Some(wrong) = monitor.step(input, &actions, machine.phase()) {
                panic!("{wrong}\nafter {path:?}\nwith {actions:?}\n{machine:?}\n{monitor:?}");
            }
            phases.insert(machine.phase());
            let state = (machine, monitor);
            if seen.insert(state.clone()) {
                waiting.push_back((state, path));
            }
        }
    }
    assert_eq!(phases.len(), 6, "every phase is reached");
    assert!(seen.len() > 50, "{}", seen.len());
}

#[test]
fn every_sequence_of_four_inputs_without_taking_states_for_equal() {
    fn go(machine: &Machine, monitor: &Monitor, depth: u32) {
        for input in INPUTS {
            let (mut machine, mut monitor) = (machine.clone(), monitor.clone());
            let actions = machine.handle(input);
            let wrong = monitor.step(input, &actions, machine.phase());
            assert_eq!(wrong, None, "{input:?} {actions:?} {machine:?} {monitor:?}");
            if depth > 1 {
                go(&machine, &monitor, depth - 1);
            }
        }
    }
    go(&Machine::default(), &Monitor::default(), 4);
}

/// What a story of inputs makes a call do.
fn told(story: &[HostInput]) -> Vec<HostAction> {
    let call = HostCall::new("c-1");
    story.iter().flat_map(|input| call.handle(*input)).collect()
}

#[test]
fn stories() {
    let ended = |reason| In::CallEnded { reason };
    let report = |reason| ReportEnded { reason };
    let resume = |should_resume| In::InterruptionEnded { should_resume };
    for (story, expected) in [
        // Woken by a notification, answered before the invite, audio granted late.
        (
            vec![In::Pushed, In::UserAnswers, In::Invited, In::Connected, In::AudioActivated],
            vec![ReportIncoming, Answer, FulfillAnswer, StartAudio],
        ),
        // Audio granted before the call is up: not used before.
        (
            vec![In::Pushed, In::UserAnswers, In::AudioActivated, In::Connected, In::UserEnds],
            vec![ReportIncoming, Answer, FulfillAnswer, StartAudio, StopAudio, HangUp, FulfillEnd],
        ),
        // Declined.
        (vec![In::Invited, In::UserEnds], vec![ReportIncoming, Reject, FulfillEnd]),
        // Another device took it; the user's tap comes too late.
        (
            vec![In::Pushed, ended(HostEndReason::AnsweredElsewhere), In::UserEnds],
            vec![ReportIncoming, report(HostEndReason::AnsweredElsewhere), FulfillEnd],
        ),
        // The invite never came.
        (
            vec![In::Pushed, In::UserAnswers, ended(HostEndReason::Failed)],
            vec![ReportIncoming, Answer, FailAnswer, report(HostEndReason::Failed)],
        ),
        // The notification again, during the call and after it.
        (
            vec![In::Pushed, In::Pushed, ended(REASON), In::Pushed],
            vec![ReportIncoming, ReportAgain, report(REASON), ReportAndEnd],
        ),
        // Over before anything was shown.
        (vec![ended(REASON), In::Pushed, In::Invited], vec![ReportAndEnd]),
        // Dialled, early media, interrupted by another call, resumed.
        (
            vec![
                In::Dialled,
                In::AudioActivated,
                In::Connected,
                In::InterruptionBegan,
                resume(true),
            ],
            vec![ReportDialling, Dial, StartAudio, ReportConnected, StopAudio, StartAudio],
        ),
        // Interrupted; the system grants the session anew.
        (
            vec![
                In::Dialled,
                In::AudioActivated,
                In::InterruptionBegan,
                resume(false),
                In::AudioActivated,
            ],
            vec![ReportDialling, Dial, StartAudio, StopAudio, StartAudio],
        ),
        // Answered and ended with the application's buttons: by way of the system.
        (
            vec![In::Invited, In::AppAnswers, In::UserAnswers, In::Connected, In::AppEnds],
            vec![ReportIncoming, RequestAnswer, Answer, FulfillAnswer, RequestEnd],
        ),
        // Do not disturb.
        (vec![In::Pushed, In::ReportFailed], vec![ReportIncoming, Reject]),
        // The system lost patience.
        (
            vec![In::Pushed, In::UserAnswers, In::ActionTimedOut],
            vec![ReportIncoming, Answer, HangUp, report(HostEndReason::Failed)],
        ),
        (
            vec![In::Dialled, In::Reset, In::UserEnds],
            vec![ReportDialling, Dial, HangUp, FulfillEnd],
        ),
    ] {
        assert_eq!(told(&story), expected, "{story:?}");
    }
}
