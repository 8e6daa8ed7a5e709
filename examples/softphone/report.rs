//! What a run has to say, whoever reads it.

use crate::outcome::{Failure, Outcome};
use signalwire_client::{
    Address, AudioDevice, AudioDeviceEvent, CallEvent, CallState, CallStats, ClientEvent,
    EndReason, Layout, Member, SetupTimes, Subscriber,
};
use std::path::Path;
use std::time::Duration;

/// Something that happened.
pub enum Report<'a> {
    Client(&'a ClientEvent),
    LoginPage { url: &'a str },
    LoggedIn { file: &'a Path },
    Subscriber(&'a Subscriber),
    Addresses { addresses: &'a [Address], has_next: bool },
    Devices(&'a [AudioDevice]),
    Device(&'a AudioDeviceEvent),
    NoDevice { error: &'a signalwire_client::Error },
    Dialing { call_id: &'a str, address: &'a str },
    Listening,
    Incoming { call_id: &'a str, name: &'a str, number: &'a str },
    Recording { file: &'a Path },
    Call(&'a CallEvent),
    Playing { file: &'a Path },
    PlayFinished { file: &'a Path, is_complete: bool },
    CommandDone { command: &'a str },
    Stats(&'a CallStats),
    Roster { members: &'a [Member], layout: Option<Layout> },
    Layouts(&'a [String]),
    Error { command: Option<&'a str>, failure: &'a Failure },
}

/// The call at this moment, for a line that is drawn again and again.
pub struct Status {
    pub state: CallState,
    /// Since the answer, or since the dial before it.
    pub elapsed: Duration,
    pub is_muted: bool,
    pub stats: CallStats,
}

/// A call that is over.
pub struct CallResult {
    pub outcome: Outcome,
    pub end: EndReason,
    pub was_answered: bool,
    /// Since the answer.
    pub duration: Duration,
    pub stats: CallStats,
    pub times: SetupTimes,
    pub recording: Option<std::path::PathBuf>,
}

/// How a run ended; the last thing that is said.
pub enum Ending {
    Done,
    Call(Box<CallResult>),
    Failed(Failure),
}

impl Ending {
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Done => Outcome::Ok,
            Self::Call(result) => result.outcome,
            Self::Failed(failure) => failure.outcome,
        }
    }
}

/// Who is told: a script or a person.
pub trait Ui {
    fn report(&mut self, report: &Report<'_>);
    fn status(&mut self, status: &Status);
    fn ending(&mut self, ending: &Ending);
    /// How often it wants a [`Status`].
    fn status_interval(&self) -> Option<Duration>;
    /// Nobody reads any more: the pipe is closed.
    fn is_closed(&self) -> bool;
}
