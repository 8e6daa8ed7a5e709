//! The state machine behind [`super::HostCall`].
//!
//! | phase | `Pushed` | `Invited` | `Dialled` | `UserAnswers` | `UserEnds` | `Connected` | `CallEnded` |
//! |---|---|---|---|---|---|---|---|
//! | New | Ringing: report | Ringing: report | Dialling: report, dial | fail | fulfil | – | Over |
//! | Ringing | again | – | – | Answering: answer | Over: reject, fulfil | Active: request answer | Over: report end |
//! | Answering | again | – | – | fail | Over: hang up, fail, fulfil | Active: fulfil | Over: fail, report end |
//! | Dialling | again | – | – | fail | Over: hang up, fulfil | Active: report | Over: report end |
//! | Active | again | – | – | fulfil | Over: hang up, fulfil | – | Over: report end |
//! | Over | report and end | – | – | fail | fulfil | – | – |
//!
//! `ReportFailed` ends what was reported and has not been answered, without a report; so does
//! `Reset` in every phase. `AppAnswers` and `AppEnds` go through the system, or its screen and its
//! audio session would know nothing of them.

use super::{HostAction, HostEndReason, HostInput, HostPhase};
use HostAction::*;

/// Where the call stands and what the audio is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Machine {
    phase: HostPhase,
    /// The system activated the audio session.
    is_activated: bool,
    /// Something else has the audio.
    is_interrupted: bool,
    /// Audio was started and not stopped.
    is_running: bool,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            phase: HostPhase::New,
            is_activated: false,
            is_interrupted: false,
            is_running: false,
        }
    }
}

impl Machine {
    pub(super) fn phase(&self) -> HostPhase {
        self.phase
    }

    pub(super) fn handle(&mut self, input: HostInput) -> Vec<HostAction> {
        match input {
            HostInput::Pushed => self.pushed(),
            HostInput::Invited => self.invited(),
            HostInput::Dialled => self.dialled(),
            HostInput::ReportFailed => self.report_failed(),
            HostInput::UserAnswers => self.user_answers(),
            HostInput::UserEnds => self.user_ends(),
            HostInput::AppAnswers if self.phase == HostPhase::Ringing => vec![RequestAnswer],
            HostInput::AppAnswers => Vec::new(),
            HostInput::AppEnds if self.is_shown() => vec![RequestEnd],
            HostInput::AppEnds => Vec::new(),
            HostInput::Connected => self.connected(),
            HostInput::CallEnded { reason } => self.call_ended(reason),
            HostInput::ActionTimedOut => self.timed_out(),
            HostInput::Reset => self.reset(),
            HostInput::AudioActivated
            | HostInput::AudioDeactivated
            | HostInput::InterruptionBegan
            | HostInput::InterruptionEnded { .. } => self.audio(input),
        }
    }

    /// Whether the system shows the call now.
    fn is_shown(&self) -> bool {
        !matches!(self.phase, HostPhase::New | HostPhase::Over)
    }

    fn pushed(&mut self) -> Vec<HostAction> {
        match self.phase {
            HostPhase::New => self.invited(),
            HostPhase::Over => vec![ReportAndEnd],
            _ => vec![ReportAgain],
        }
    }

    fn invited(&mut self) -> Vec<HostAction> {
        if self.phase != HostPhase::New {
            return Vec::new();
        }
        self.phase = HostPhase::Ringing;
        vec![ReportIncoming]
    }

    fn dialled(&mut self) -> Vec<HostAction> {
        if self.phase != HostPhase::New {
            return Vec::new();
        }
        self.phase = HostPhase::Dialling;
        self.with_audio(vec![ReportDialling, Dial])
    }

    fn report_failed(&mut self) -> Vec<HostAction> {
        match self.phase {
            HostPhase::Ringing => self.over(vec![Reject]),
            HostPhase::Dialling => self.over(vec![HangUp]),
            _ => Vec::new(),
        }
    }

    fn user_answers(&mut self) -> Vec<HostAction> {
        match self.phase {
            HostPhase::Ringing => {
                self.phase = HostPhase::Answering;
                vec![Answer]
            }
            // The system is behind: the application answered by itself.
            HostPhase::Active => vec![FulfillAnswer],
            _ => vec![FailAnswer],
        }
    }

    fn user_ends(&mut self) -> Vec<HostAction> {
        match self.phase {
            HostPhase::New | HostPhase::Over => vec![FulfillEnd],
            HostPhase::Ringing => self.over(vec![Reject, FulfillEnd]),
            HostPhase::Answering => self.over(vec![HangUp, FailAnswer, FulfillEnd]),
            HostPhase::Dialling | HostPhase::Active => self.over(vec![HangUp, FulfillEnd]),
        }
    }

    fn connected(&mut self) -> Vec<HostAction> {
        let action = match self.phase {
            HostPhase::Ringing => RequestAnswer,
            HostPhase::Answering => FulfillAnswer,
            HostPhase::Dialling => ReportConnected,
            HostPhase::New | HostPhase::Active | HostPhase::Over => return Vec::new(),
        };
        self.phase = HostPhase::Active;
        self.with_audio(vec![action])
    }

    fn call_ended(&mut self, reason: HostEndReason) -> Vec<HostAction> {
        match self.phase {
            // A notification may still come for it.
            HostPhase::New => self.over(Vec::new()),
            HostPhase::Over => Vec::new(),
            HostPhase::Answering => self.over(vec![FailAnswer, ReportEnded { reason }]),
            _ => self.over(vec![ReportEnded { reason }]),
        }
    }

    fn timed_out(&mut self) -> Vec<HostAction> {
        match self.phase {
            // The system has failed the action itself.
            HostPhase::Answering => {
                self.over(vec![HangUp, ReportEnded { reason: HostEndReason::Failed }])
            }
            _ => Vec::new(),
        }
    }

    fn reset(&mut self) -> Vec<HostAction> {
        match self.phase {
            HostPhase::New | HostPhase::Over => Vec::new(),
            HostPhase::Ringing => self.over(vec![Reject]),
            _ => self.over(vec![HangUp]),
        }
    }

    fn audio(&mut self, input: HostInput) -> Vec<HostAction> {
        match input {
            HostInput::AudioActivated => {
                // Whoever interrupted has left, or the system would not have granted it.
                (self.is_activated, self.is_interrupted) = (true, false);
            }
            HostInput::AudioDeactivated => self.is_activated = false,
            HostInput::InterruptionBegan => self.is_interrupted = true,
            // Otherwise the system grants the session anew before audio goes on.
            HostInput::InterruptionEnded { should_resume: true } => self.is_interrupted = false,
            _ => {}
        }
        self.with_audio(Vec::new())
    }

    /// Adds the start or the stop of audio where it is due.
    fn with_audio(&mut self, mut actions: Vec<HostAction>) -> Vec<HostAction> {
        let is_due = self.is_activated
            && !self.is_interrupted
            && matches!(self.phase, HostPhase::Dialling | HostPhase::Active);
        if is_due != self.is_running {
            self.is_running = is_due;
            actions.push(if is_due { StartAudio } else { StopAudio });
        }
        actions
    }

    /// Ends the call; audio stops before anything is told.
    fn over(&mut self, actions: Vec<HostAction>) -> Vec<HostAction> {
        self.phase = HostPhase::Over;
        let mut all = self.with_audio(Vec::new());
        all.extend(actions);
        all
    }
}
