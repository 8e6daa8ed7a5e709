//! A call that was announced by other means than its invite, such as a push notification: it can
//! be answered and rejected before the invite is there.

use super::Call;
use crate::config::AnswerOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// Where an expected call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum ExpectedCallState {
    /// Its invite has not come yet.
    Waiting = 0,
    /// Its invite is there; see the call itself. Final.
    Arrived = 1,
    /// The invite did not come in time. Final.
    Expired = 2,
    /// The call was over before it could be taken: the caller gave up, or another device took it.
    /// Final.
    Over = 3,
    /// Given up by [`ExpectedCall::cancel`]. Final.
    Cancelled = 4,
    /// The client was disconnected. Final.
    Closed = 5,
}

/// A call whose invite is on its way. A handle: cloning it is cheap, any thread may use it.
///
/// What is decided before the invite comes holds: an answer is given the moment that it comes, a
/// rejected call is refused then and not announced. Letting go of the handle changes nothing.
#[derive(Clone)]
pub struct ExpectedCall(Arc<Expectation>);

/// What the handles, the router and the deadline share.
pub(crate) struct Expectation {
    call_id: String,
    stage: watch::Sender<Stage>,
    decision: Mutex<Decision>,
    deadline: Mutex<Instant>,
}

#[derive(Clone)]
enum Stage {
    Waiting,
    Arrived(Call),
    Ended(ExpectedCallState, Error),
}

#[derive(Clone, Copy, PartialEq)]
enum Decision {
    None,
    Answer,
    Reject,
}

impl ExpectedCall {
    pub(crate) fn from_shared(shared: Arc<Expectation>) -> Self {
        Self(shared)
    }

    /// The id that was announced.
    pub fn call_id(&self) -> String {
        self.0.call_id.clone()
    }

    /// Where it stands.
    pub fn state(&self) -> ExpectedCallState {
        match &*self.0.stage.borrow() {
            Stage::Waiting => ExpectedCallState::Waiting,
            Stage::Arrived(_) => ExpectedCallState::Arrived,
            Stage::Ended(state, _) => *state,
        }
    }

    /// Waits for the invite and gives the call.
    ///
    /// Errors: `Timeout` when the deadline passed; `CallFailed` when the call was over before;
    /// `Cancelled` after [`ExpectedCall::cancel`]; `Closed` after the client's end. Once one of
    /// them came, every later wait gives it too.
    pub async fn arrived(&self) -> Result<Call> {
        let shared = Arc::clone(&self.0);
        runtime::run_while_awaited(async move { shared.arrived().await }).await
    }

    /// Answers the call as soon as its invite is there, and waits until it is up.
    ///
    /// Errors: those of [`ExpectedCall::arrived`] and [`Call::answer`]; `InvalidState` if it was
    /// answered or rejected before. Giving up the wait does not take the answer back.
    pub async fn answer(&self, options: AnswerOptions) -> Result<()> {
        options.validate()?;
        self.0.decide(Decision::Answer)?;
        let shared = Arc::clone(&self.0);
        runtime::run(async move {
            let call = shared.arrived().await?;
            // It may have been rejected while it was waited for.
            if *shared.decision() == Decision::Reject {
                return Err(decided());
            }
            call.answer(options).await
        })
        .await
    }

    /// Rejects the call as soon as its invite is there, as busy, and waits for that. It is not
    /// announced then. Rejecting takes an answer back that could not be given yet.
    ///
    /// Errors: those of [`ExpectedCall::arrived`] and [`Call::reject`]; `InvalidState` if it was
    /// rejected before. An invite that comes after the deadline is ignored. Giving up the wait
    /// does not take the rejection back.
    pub async fn reject(&self) -> Result<()> {
        self.0.decide(Decision::Reject)?;
        let shared = Arc::clone(&self.0);
        runtime::run(async move { shared.arrived().await?.reject().await }).await
    }

    /// Gives up waiting, as when the platform took the announcement back. A call that comes
    /// nevertheless is announced as any other. Does nothing once it arrived or ended.
    pub fn cancel(&self) {
        let error = Error::new(ErrorKind::Cancelled, "the expected call was given up here");
        self.0.end(ExpectedCallState::Cancelled, error);
    }
}

impl Expectation {
    pub(crate) fn new(call_id: &str, deadline: Instant) -> Arc<Self> {
        Arc::new(Self {
            call_id: call_id.to_owned(),
            stage: watch::Sender::new(Stage::Waiting),
            decision: Mutex::new(Decision::None),
            deadline: Mutex::new(deadline),
        })
    }

    pub(crate) fn call_id(&self) -> &str {
        &self.call_id
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Waiting)
    }

    pub(crate) fn is_rejected(&self) -> bool {
        *self.decision() == Decision::Reject
    }

    pub(crate) fn deadline(&self) -> Instant {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announced again: the later deadline counts.
    pub(crate) fn extend(&self, deadline: Instant) {
        let mut present = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        *present = deadline.max(*present);
    }

    /// The invite came. `false` if nobody waits for it any more.
    pub(crate) fn arrive(&self, call: Call) -> bool {
        self.leave(Stage::Arrived(call))
    }

    /// There will be no call. `false` if it arrived or ended before.
    pub(crate) fn end(&self, state: ExpectedCallState, error: Error) -> bool {
        self.leave(Stage::Ended(state, error))
    }

    /// Waits until nobody needs to wait any more.
    pub(crate) async fn settled(&self) {
        let mut stage = self.stage.subscribe();
        // The sender lives as long as `self`.
        let _ = stage.wait_for(|stage| !matches!(stage, Stage::Waiting)).await;
    }

    async fn arrived(&self) -> Result<Call> {
        self.settled().await;
        match &*self.stage.borrow() {
            Stage::Arrived(call) => Ok(call.clone()),
            Stage::Ended(_, error) => Err(error.clone()),
            Stage::Waiting => Err(Error::internal("an expected call went back to waiting")),
        }
    }

    fn leave(&self, next: Stage) -> bool {
        self.stage.send_if_modified(|stage| {
            let is_waiting = matches!(stage, Stage::Waiting);
            if is_waiting {
                *stage = next;
            }
            is_waiting
        })
    }

    fn decide(&self, decision: Decision) -> Result<()> {
        let mut present = self.decision();
        let may = match (*present, decision) {
            (Decision::None, _) => true,
            (Decision::Answer, Decision::Reject) => self.is_waiting(),
            _ => false,
        };
        if !may {
            return Err(decided());
        }
        *present = decision;
        Ok(())
    }

    fn decision(&self) -> MutexGuard<'_, Decision> {
        self.decision.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn decided() -> Error {
    Error::new(
        ErrorKind::InvalidState,
        "the expected call was answered or rejected already; use the call itself",
    )
}

pub(crate) fn expired() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the announced call did not come in time; tell the platform that it failed",
    )
}

pub(crate) fn over(code: i32, cause: &str) -> Error {
    let text = format!("the announced call was over before it came ({cause})");
    Error::new(ErrorKind::CallFailed, text).with_code(code)
}

impl std::fmt::Debug for ExpectedCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExpectedCall")
            .field("call_id", &self.0.call_id)
            .field("state", &self.state())
            .finish()
    }
}
