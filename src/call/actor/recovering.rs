//! Does what the recovery of a call's media says.

use super::{Actor, AnyTimer, Done};
use crate::call::diagnostics::note_remote;
use crate::call::event::CallEvent;
use crate::call::recovery::{Input, Output, Refusal, Timer};
use crate::call::state;
use crate::config::RECOVERY_ANSWER;
use crate::error::{Error, ErrorKind};
use crate::media::leg::Restart;
use crate::proto::ice::IceServer;
use crate::proto::verto::InviteAccepted;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// FreeSWITCH's cause for a call that is not there (`INVALID_CALL_REFERENCE`).
const INVALID_CALL_REFERENCE: i32 = 101;

impl Actor {
    /// Only the media of an answered call are made anew.
    pub(super) fn recover(&mut self, input: Input) {
        if self.leg.is_none() || !self.state.current().is_answered() {
            return;
        }
        for output in self.recovery.handle(input) {
            self.perform_recovery(output);
        }
        // A change of media may have waited for it.
        self.next_change();
    }

    /// The path works again, after so long.
    pub(super) fn media_back(&mut self, gap: Duration) {
        self.last_gap = gap;
        self.recover(Input::Back);
    }

    fn perform_recovery(&mut self, output: Output) {
        match output {
            Output::Announce { reason, attempt } => {
                tracing::info!(call = self.dialog.call_id(), reason, attempt, "media recovery");
                self.progress().is_recovering = true;
                self.events.publish(CallEvent::Recovering { reason, attempt });
            }
            Output::MakeOffer { is_fresh, prefers_relay } => self.reoffer(is_fresh, prefers_relay),
            Output::Ask => self.update_media(),
            Output::Reattach => self.reattach(),
            Output::Arm(timer, delay) => self.arm(AnyTimer::Recovery(timer), delay),
            Output::Disarm(timer) => self.disarm(AnyTimer::Recovery(timer)),
            Output::Recovered => {
                let gap_ms = u32::try_from(self.last_gap.as_millis()).unwrap_or(u32::MAX);
                tracing::info!(call = self.dialog.call_id(), gap_ms, "media recovered");
                self.progress().is_recovering = false;
                self.events.publish(CallEvent::Recovered { gap_ms });
            }
            Output::GiveUp(why) => {
                self.progress().is_recovering = false;
                self.input(state::Input::MediaFailed(Error::media(why)));
            }
        }
    }

    fn reoffer(&mut self, is_fresh: bool, prefers_relay: bool) {
        let Some(leg) = self.leg.clone() else { return };
        self.interrupt_change();
        let facts = self.session.facts();
        let restart = Restart {
            relay_only: prefers_relay && facts.ice_servers.iter().any(IceServer::is_relay),
            is_fresh,
            ice_servers: facts.ice_servers,
            local_address: facts.local_address,
        };
        self.work.push(Box::pin(async move { Done::Reoffer(leg.restart(restart).await) }));
    }

    pub(super) fn reoffered(&mut self, offer: Result<String, Error>) {
        match offer {
            Ok(sdp) => {
                self.progress().descriptions.note_local(&sdp);
                self.reoffer = Some(sdp);
                self.recover(Input::OfferReady);
            }
            Err(error) => self.recover(Input::OfferFailed(error.message().to_owned())),
        }
    }

    fn update_media(&mut self) {
        let (Some(leg), Some(sdp)) = (self.leg.clone(), self.reoffer.clone()) else { return };
        let id = self.verto_id();
        let params = self.dialog.update_media(&id, &sdp);
        let (session, progress) = (self.session.clone(), Arc::clone(&self.progress));
        self.work.push(Box::pin(async move {
            let asked = session.request_with("webrtc.verto", params, RECOVERY_ANSWER, false).await;
            let input = match asked {
                Ok(result) => match result["sdp"].as_str() {
                    Some(answer) => {
                        note_remote(&progress, answer);
                        match leg.apply_answer(answer.to_owned()).await {
                            Ok(_) => Input::Applied,
                            Err(error) => {
                                Input::Refused(Refusal::Refused(error.message().to_owned()))
                            }
                        }
                    }
                    None => Input::Refused(Refusal::Refused(
                        "the service answered updateMedia without a description".to_owned(),
                    )),
                },
                Err(error) => Input::Refused(refusal(&error)),
            };
            Done::Recovery(input)
        }));
    }

    fn reattach(&mut self) {
        let Some(sdp) = self.reoffer.clone() else { return };
        self.send_reattach(&sdp, |result| match result {
            Ok(_) => Input::Reattached,
            Err(error) => Input::Refused(refusal(&error)),
        });
    }

    fn send_reattach(
        &mut self,
        sdp: &str,
        then: impl FnOnce(Result<InviteAccepted, Error>) -> Input + Send + 'static,
    ) {
        let id = self.verto_id();
        let params = self.dialog.reattach(&id, sdp);
        let session = self.session.clone();
        self.work.push(Box::pin(async move {
            let sent = session.request_with("webrtc.verto", params, RECOVERY_ANSWER, false).await;
            Done::Recovery(then(sent.map(|result| InviteAccepted::parse(&result))))
        }));
    }

    /// The answer to an invite that took the call up again, which comes as an event.
    pub(super) fn reattach_answered(&mut self, sdp: String) {
        self.progress().descriptions.note_remote(&sdp);
        let Some(leg) = self.leg.clone() else { return };
        self.work.push(Box::pin(async move {
            Done::Recovery(match leg.apply_answer(sdp).await {
                Ok(_) => Input::Applied,
                Err(error) => Input::Refused(Refusal::Refused(error.message().to_owned())),
            })
        }));
    }

    pub(super) fn arm(&mut self, timer: AnyTimer, delay: Duration) {
        self.disarm(timer);
        self.timers.push((timer, Instant::now() + delay));
    }

    pub(super) fn disarm(&mut self, timer: AnyTimer) {
        self.timers.retain(|(armed, _)| *armed != timer);
    }

    pub(super) fn stop_recovery(&mut self) {
        self.disarm(AnyTimer::Recovery(Timer::Step));
        self.disarm(AnyTimer::Recovery(Timer::Limit));
        self.progress().is_recovering = false;
    }
}

/// What a failed request means for the recovery.
fn refusal(error: &Error) -> Refusal {
    let text = error.message().to_owned();
    match error.kind() {
        ErrorKind::Network | ErrorKind::NotConnected => Refusal::NoSession,
        ErrorKind::NotFound => Refusal::Unknown(text),
        _ if is_unknown_call(error) => Refusal::Unknown(text),
        _ => Refusal::Refused(text),
    }
}

/// All errors about calls have one code (-32002 of mod_verto); the text tells them apart.
fn is_unknown_call(error: &Error) -> bool {
    let text = error.message().to_ascii_lowercase();
    error.code() == Some(INVALID_CALL_REFERENCE)
        || ["does not exist", "invalid_call_reference", "not found", "no such call"]
            .iter()
            .any(|phrase| text.contains(phrase))
}
