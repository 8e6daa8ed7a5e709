//! One call as the platform's call screen sees it (CallKit, ConnectionService): what the
//! application must tell the system and the client, whatever happens in whatever order.
//!
//! A phone rings before its client is connected, the user answers before the invite is there, the
//! system grants the audio session when it likes, and a notification comes twice. [`HostCall`] is
//! told each of those and says what to do. It is pure: no clock, no network, no platform. The
//! application feeds it from the system's delegate and from the client's events, and carries the
//! actions out in order.
//!
//! | [`HostInput`] | CallKit | ConnectionService |
//! |---|---|---|
//! | `Pushed` | PushKit's `didReceiveIncomingPush` | FCM's `onMessageReceived` |
//! | `Invited`, `Connected`, `CallEnded` | events of the client and the call | the same |
//! | `ReportFailed` | error of `reportNewIncomingCall` or of the start transaction | `onCreateIncomingConnectionFailed`, `…Outgoing…` |
//! | `UserAnswers`, `UserEnds` | `CXAnswerCallAction`, `CXEndCallAction` | `onAnswer`; `onReject`, `onDisconnect` |
//! | `AppAnswers`, `AppEnds` | the application's own buttons | the same |
//! | `AudioActivated`, `AudioDeactivated` | `didActivate`, `didDeactivate` | audio focus gained, lost |
//! | `InterruptionBegan`, `InterruptionEnded` | `AVAudioSession.interruptionNotification` | transient loss of focus |
//! | `ActionTimedOut` | `timedOutPerforming` of the answer | – |
//! | `Reset` | `providerDidReset` | – |
//!
//! | [`HostAction`] | CallKit | ConnectionService |
//! |---|---|---|
//! | `ReportIncoming` | `reportNewIncomingCall` | `addNewIncomingCall` |
//! | `ReportAgain` | the same again; its error means nothing | – |
//! | `ReportAndEnd` | the same under a new id, then `reportCall(endedAt:)` | – |
//! | `ReportDialling`, `ReportConnected` | `reportOutgoingCall` started connecting, connected | `setDialing`, `setActive` |
//! | `FulfillAnswer`, `FailAnswer` | `fulfill`, `fail` of the answer action | `setActive`, – |
//! | `FulfillEnd` | `fulfill` of the end action | `setDisconnected`, `destroy` |
//! | `ReportEnded` | `reportCall(endedAt:reason:)` | `setDisconnected`, `destroy` |
//! | `RequestAnswer`, `RequestEnd` | a transaction with that action | what `onAnswer`, `onDisconnect` would do |
//! | `Answer`, `Reject`, `HangUp`, `Dial` | `ExpectedCall` or `Call`; `Client::dial` | the same |
//! | `StartAudio`, `StopAudio` | open and close microphone and speaker | the same |
//!
//! What is guaranteed, in every order of inputs of any length (`tests.rs` visits every state):
//! each notification is reported once, as iOS demands; a call is shown once and ends once, by
//! `ReportEnded` or by the user's own action; each of the user's actions is fulfilled or failed
//! once; audio runs only while the system has activated it, no interruption lasts and the call is
//! up or being dialled; the client is told to answer at most once, and to end the call exactly once
//! unless it ended by itself.

mod machine;
#[cfg(test)]
mod tests;

use machine::Machine;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where a call stands on the platform's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum HostPhase {
    /// Nothing was shown yet.
    New = 0,
    /// Shown, and rings.
    Ringing = 1,
    /// The user answered; the call is not up yet.
    Answering = 2,
    /// Dialled here; not answered yet.
    Dialling = 3,
    /// Up.
    Active = 4,
    /// Over. Final.
    Over = 5,
}

/// Why a call ended, for the platform's call history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum HostEndReason {
    /// The far side hung up or gave up (`EndKind` `RemoteHangup`, `Cancelled`, `Rejected`, `Busy`).
    RemoteEnded = 0,
    /// It failed (`EndKind` `MediaFailed`, `SignalingFailed`, `NotFound`; an expected call that
    /// expired).
    Failed = 1,
    /// Nobody answered (`EndKind` `NoAnswer`).
    Unanswered = 2,
    /// Another device of the subscriber took it (`EndKind` `AnsweredElsewhere`).
    AnsweredElsewhere = 3,
    /// Another device of the subscriber refused it.
    DeclinedElsewhere = 4,
}

/// What happened. See the table at the top of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum HostInput {
    /// A notification announced this call, for the first time or again.
    Pushed,
    /// The client announced it (`ClientEvent` `IncomingCall`).
    Invited,
    /// The user starts this call.
    Dialled,
    /// The system refused to show the call (do not disturb, a blocked caller), in answer to
    /// `ReportIncoming` or `ReportDialling`; not to `ReportAgain`.
    ReportFailed,
    /// The user answered on the system's screen.
    UserAnswers,
    /// The user declined or hung up on the system's screen.
    UserEnds,
    /// The user answered with the application's own button.
    AppAnswers,
    /// The user declined or hung up with the application's own button.
    AppEnds,
    /// The call is up (`CallState` `Active`).
    Connected,
    /// The call ended without the user, or the expected call will not come.
    CallEnded {
        /// Why.
        reason: HostEndReason,
    },
    /// The system granted the audio session.
    AudioActivated,
    /// The system took the audio session away.
    AudioDeactivated,
    /// Something else needs the audio: another call, an alarm.
    InterruptionBegan,
    /// It does not any more.
    InterruptionEnded {
        /// Whether the system says that audio should go on.
        should_resume: bool,
    },
    /// The system gave the answer up that it waits for.
    ActionTimedOut,
    /// The system dropped every call.
    Reset,
}

/// What to do now. See the table at the top of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum HostAction {
    /// System: show this call, ringing.
    ReportIncoming,
    /// System: show it once more, as every notification must be followed by a report.
    ReportAgain,
    /// System: show a call and end it at once: the notification is for one that is over.
    ReportAndEnd,
    /// System: this outgoing call is being made.
    ReportDialling,
    /// System: this outgoing call is up.
    ReportConnected,
    /// System: the user's answer worked.
    FulfillAnswer,
    /// System: the user's answer did not work.
    FailAnswer,
    /// System: the user's end worked.
    FulfillEnd,
    /// System: the call is over.
    ReportEnded {
        /// Why.
        reason: HostEndReason,
    },
    /// System: answer, as if the user had done it on its screen; `UserAnswers` follows.
    RequestAnswer,
    /// System: end, as if the user had done it on its screen; `UserEnds` follows.
    RequestEnd,
    /// Client: answer the call, expected or here.
    Answer,
    /// Client: reject the call, expected or here.
    Reject,
    /// Client: hang up; an expected call that is not here yet is rejected.
    HangUp,
    /// Client: dial.
    Dial,
    /// Open the microphone and the speaker. Never before the system activated the session.
    StartAudio,
    /// Close the microphone and the speaker.
    StopAudio,
}

/// One call on the platform's call screen. A handle: cloning it is cheap, any thread may use it.
///
/// Audio inputs are the system's, not one call's: give them to every call that is there.
#[derive(Clone)]
pub struct HostCall {
    call_id: String,
    machine: Arc<Mutex<Machine>>,
}

impl HostCall {
    /// A call of this id, of which nothing happened yet.
    pub fn new(call_id: &str) -> Self {
        Self { call_id: call_id.to_owned(), machine: Arc::default() }
    }

    /// The id that it was made with.
    pub fn call_id(&self) -> String {
        self.call_id.clone()
    }

    /// Where it stands.
    pub fn phase(&self) -> HostPhase {
        self.machine().phase()
    }

    /// Tells what happened and gives what to do, in this order; often nothing. Every input may
    /// come at any time and any number of times.
    pub fn handle(&self, input: HostInput) -> Vec<HostAction> {
        self.machine().handle(input)
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for HostCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostCall")
            .field("call_id", &self.call_id)
            .field("phase", &self.phase())
            .finish()
    }
}
