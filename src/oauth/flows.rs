//! Logins that were begun: each state is good once, for a limited time.

use super::redirect::Redirect;
use crate::error::{Error, OAuthFailure, Result};
use crate::util::redact::Secret;
use oauth2::CsrfToken;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Logins that are remembered; the oldest give way.
const REMEMBERED: usize = 16;

/// What the exchange of a code needs.
pub(super) struct Pending {
    pub(super) verifier: Secret,
    pub(super) redirect: Redirect,
}

enum Progress {
    Open(Pending),
    Used,
    Cancelled,
}

struct Flow {
    state: CsrfToken,
    redirect: Redirect,
    ends: Instant,
    progress: Progress,
}

/// See the module's documentation. Pure: it is told the time.
#[derive(Default)]
pub(super) struct Flows(VecDeque<Flow>);

impl Flows {
    pub(super) fn add(
        &mut self,
        state: CsrfToken,
        pending: Pending,
        now: Instant,
        lifetime: Duration,
    ) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        let redirect = pending.redirect.clone();
        let progress = Progress::Open(pending);
        self.0.push_back(Flow { state, redirect, ends: now + lifetime, progress });
    }

    /// The redirects of all that is remembered.
    pub(super) fn redirects(&self) -> impl Iterator<Item = &Redirect> {
        self.0.iter().map(|flow| &flow.redirect)
    }

    /// Takes the login that this state belongs to; the state is spent, whatever comes of it.
    pub(super) fn take(&mut self, state: Option<&str>, now: Instant) -> Result<Pending> {
        let Some(state) = state else { return Err(OAuthFailure::WrongState.error()) };
        let flow = self.find(state).ok_or_else(|| OAuthFailure::WrongState.error())?;
        if matches!(flow.progress, Progress::Open(_)) && flow.ends <= now {
            flow.progress = Progress::Used;
            return Err(OAuthFailure::FlowExpired.error());
        }
        match std::mem::replace(&mut flow.progress, Progress::Used) {
            Progress::Open(pending) => Ok(pending),
            Progress::Used => Err(OAuthFailure::UsedTwice.error()),
            Progress::Cancelled => {
                flow.progress = Progress::Cancelled;
                Err(OAuthFailure::Cancelled.error())
            }
        }
    }

    /// Gives a login up; one that is completed or unknown is left as it is.
    pub(super) fn cancel(&mut self, state: &str) {
        if let Some(flow) = self.find(state) {
            if matches!(flow.progress, Progress::Open(_)) {
                flow.progress = Progress::Cancelled;
            }
        }
    }

    /// Compares with every state, in a time that does not depend on how much of one was guessed.
    fn find(&mut self, state: &str) -> Option<&mut Flow> {
        let given = CsrfToken::new(state.to_owned());
        let mut found = None;
        for flow in &mut self.0 {
            // `CsrfToken` compares digests (feature `timing-resistant-secret-traits`).
            if flow.state == given {
                found = Some(flow);
            }
        }
        found
    }
}

/// An error that is told instead of a login that is no longer there.
pub(super) fn already_waiting() -> Error {
    Error::new(
        crate::ErrorKind::InvalidState,
        "this login is waited for already, or is over; begin a new one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(900);

    fn begun(flows: &mut Flows, state: &str, now: Instant) {
        let redirect = Redirect::parse("com.example.app://callback").unwrap();
        let pending = Pending { verifier: Secret::of(state), redirect };
        flows.add(CsrfToken::new(state.to_owned()), pending, now, LIFETIME);
    }

    fn failure(flows: &mut Flows, state: Option<&str>, now: Instant) -> Option<OAuthFailure> {
        flows.take(state, now).err().and_then(|error| error.oauth_failure())
    }

    #[test]
    fn a_state_is_good_once() {
        let now = Instant::now();
        let mut flows = Flows::default();
        begun(&mut flows, "a", now);
        begun(&mut flows, "b", now);
        assert_eq!(flows.take(Some("b"), now).unwrap().verifier.expose(), "b");
        assert_eq!(failure(&mut flows, Some("b"), now), Some(OAuthFailure::UsedTwice));
        assert_eq!(failure(&mut flows, Some("c"), now), Some(OAuthFailure::WrongState));
        assert_eq!(failure(&mut flows, None, now), Some(OAuthFailure::WrongState));
        assert_eq!(flows.take(Some("a"), now).unwrap().verifier.expose(), "a");
    }

    #[test]
    fn a_state_ends_after_its_time_and_when_it_is_cancelled() {
        let now = Instant::now();
        let mut flows = Flows::default();
        begun(&mut flows, "a", now);
        begun(&mut flows, "b", now);
        let late = now + LIFETIME;
        assert_eq!(failure(&mut flows, Some("a"), late), Some(OAuthFailure::FlowExpired));
        flows.cancel("b");
        flows.cancel("unknown");
        assert_eq!(failure(&mut flows, Some("b"), now), Some(OAuthFailure::Cancelled));
        assert_eq!(failure(&mut flows, Some("b"), now), Some(OAuthFailure::Cancelled));
    }

    #[test]
    fn the_number_of_logins_is_bounded() {
        let now = Instant::now();
        let mut flows = Flows::default();
        for n in 0..=REMEMBERED {
            begun(&mut flows, &n.to_string(), now);
        }
        assert_eq!(flows.redirects().count(), REMEMBERED);
        assert_eq!(failure(&mut flows, Some("0"), now), Some(OAuthFailure::WrongState));
        assert!(flows.take(Some("1"), now).is_ok());
    }
}
