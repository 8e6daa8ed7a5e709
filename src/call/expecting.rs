//! The router's part in calls that were announced before their invite.

use super::expected::{self, Expectation, ExpectedCall, ExpectedCallState};
use super::router::Router;
use super::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::verto::VertoEvent;
use crate::runtime;
use crate::session::ClientEvent;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::time::sleep_until;

/// Calls that may be expected at once.
const MAX_EXPECTED: usize = 256;

/// The calls that are expected, by their ids.
#[derive(Default)]
pub(super) struct Expected(Mutex<HashMap<String, Arc<Expectation>>>);

impl Expected {
    fn table(&self) -> MutexGuard<'_, HashMap<String, Arc<Expectation>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, call_id: &str) -> Option<Arc<Expectation>> {
        self.table().get(call_id).cloned()
    }

    /// The client's end.
    pub(super) fn close(&self) {
        let all: Vec<_> = self.table().drain().map(|(_, expected)| expected).collect();
        for expected in all {
            expected.end(ExpectedCallState::Closed, Error::closed("the client"));
        }
    }
}

impl Router {
    /// Waits for a call of this id until `deadline`; what is known of it already is found.
    pub(crate) fn expect(
        self: &Arc<Self>,
        call_id: &str,
        deadline: Instant,
    ) -> Result<ExpectedCall> {
        // Not between the look at what is known and the entry in the table.
        let _turn = self.announcing();
        if let Some(known) = self.expected().get(call_id).filter(|known| known.is_waiting()) {
            known.extend(deadline);
            return Ok(ExpectedCall::from_shared(known));
        }
        let expected = Expectation::new(call_id, deadline);
        if let Some(call) = self.call(call_id) {
            expected.arrive(call);
            return Ok(ExpectedCall::from_shared(expected));
        }
        if self.is_known(call_id) {
            expected.end(ExpectedCallState::Over, expected::over(0, "it is over by now"));
            return Ok(ExpectedCall::from_shared(expected));
        }
        {
            let mut table = self.expected().table();
            if table.len() >= MAX_EXPECTED {
                return Err(Error::new(
                    ErrorKind::InvalidState,
                    "too many calls are expected; cancel those that are not any more",
                ));
            }
            table.insert(call_id.to_owned(), Arc::clone(&expected));
        }
        let (router, waiting) = (Arc::clone(self), Arc::clone(&expected));
        let guarded = runtime::spawn(async move { router.watch(waiting).await });
        if let Err(error) = guarded {
            self.expected().table().remove(call_id);
            return Err(error);
        }
        Ok(ExpectedCall::from_shared(expected))
    }

    /// Ends an expectation at its deadline, and takes it out of the table when it has ended.
    async fn watch(&self, expected: Arc<Expectation>) {
        loop {
            let deadline = expected.deadline();
            tokio::select! {
                biased;
                () = expected.settled() => break,
                () = sleep_until(deadline.into()) => {
                    if expected.deadline() <= deadline {
                        self.keep_silent_if_rejected(&expected);
                        let is_end = expected.end(ExpectedCallState::Expired, expected::expired());
                        if is_end {
                            self.tell(&expected, ExpectedCallState::Expired);
                        }
                        break;
                    }
                }
            }
        }
        self.keep_silent_if_rejected(&expected);
        let mut table = self.expected().table();
        let is_this = |known: &Arc<Expectation>| Arc::ptr_eq(known, &expected);
        if table.get(expected.call_id()).is_some_and(is_this) {
            table.remove(expected.call_id());
        }
    }

    /// A rejected call must not ring when it comes after all.
    fn keep_silent_if_rejected(&self, expected: &Expectation) {
        if expected.is_rejected() {
            self.forget_call(expected.call_id());
        }
    }

    /// A `verto.bye` for a call that is expected. `false` if it is for no such call.
    pub(super) fn expected_is_over(&self, event: &VertoEvent) -> bool {
        let Some(expected) = event.call_id().and_then(|id| self.expected().get(id)) else {
            return false;
        };
        if !expected.is_waiting() {
            return false;
        }
        // Before anybody hears of it, who may expect it anew.
        self.forget_call(expected.call_id());
        let (cause, code) = event.cause();
        let is_end = expected.end(ExpectedCallState::Over, expected::over(code, &cause));
        if is_end {
            self.tell(&expected, ExpectedCallState::Over);
        }
        is_end
    }

    /// Hands a call that came in to who expects it. `false` if it must not be announced, as it
    /// is rejected already.
    pub(super) fn expected_arrives(&self, call: &Call) -> bool {
        match self.expected().get(&call.id()) {
            Some(expected) => !(expected.arrive(call.clone()) && expected.is_rejected()),
            None => true,
        }
    }

    fn tell(&self, expected: &Expectation, state: ExpectedCallState) {
        let call_id = expected.call_id().to_owned();
        let is_expired = state == ExpectedCallState::Expired;
        self.publish(ClientEvent::ExpectedCallOver { call_id, is_expired });
    }
}
