//! Changes of the directions of a call's media, one after the other, never beside a recovery.

use super::{Actor, Done, Reply};
use crate::config::{MediaDirections, CHANGE_ANSWER};
use crate::error::{Error, ErrorKind, Result};
use serde_json::Value;
use std::collections::VecDeque;

/// Changes that may wait for the one under way.
const MAX_WAITING: usize = 8;

/// The changes under way and waiting.
#[derive(Default)]
pub(super) struct Changing {
    waiting: VecDeque<(MediaDirections, Reply)>,
    current: Option<Current>,
    /// Of the last change that was begun: what belongs to an older one comes too late.
    number: u64,
}

struct Current {
    wanted: MediaDirections,
    reply: Reply,
}

/// What a change came to by now.
pub(super) enum Step {
    Offered(Result<String>),
    Answered(Result<Value>),
    Applied(Result<MediaDirections>),
}

impl Actor {
    pub(super) fn change_media(&mut self, wanted: MediaDirections, reply: Reply) {
        let Some(reply) = self.answered_or_refuse(reply) else { return };
        if self.changing.waiting.len() >= MAX_WAITING {
            let text = "too many changes of the media wait already; wait for them";
            let _ = reply.send(Err(Error::new(ErrorKind::InvalidState, text)));
            return;
        }
        self.changing.waiting.push_back((wanted, reply));
        self.next_change();
    }

    /// Begins the next change if nothing else is being negotiated.
    pub(super) fn next_change(&mut self) {
        if self.changing.current.is_some() || !self.recovery.is_idle() {
            return;
        }
        let Some(leg) = self.leg.clone() else { return };
        let Some((wanted, reply)) = self.changing.waiting.pop_front() else { return };
        let before = self.port.video().facts().directions;
        if wanted.video.sends() && !before.is_some_and(|before| before.video.sends()) {
            // Who begins to send wants to be seen, whatever was said while there was no video.
            self.port.video().set_muted(false);
        }
        self.changing.number += 1;
        let number = self.changing.number;
        self.changing.current = Some(Current { wanted, reply });
        self.work.push(Box::pin(async move {
            Done::Change(number, Step::Offered(leg.change(wanted).await))
        }));
    }

    pub(super) fn change_step(&mut self, number: u64, step: Step) {
        if number != self.changing.number || self.changing.current.is_none() {
            return;
        }
        let Some(leg) = self.leg.clone() else { return };
        match step {
            Step::Offered(Ok(sdp)) => {
                self.progress().descriptions.note_local(&sdp);
                let id = self.verto_id();
                let params = self.dialog.update_media(&id, &sdp);
                let session = self.session.clone();
                self.work.push(Box::pin(async move {
                    let asked =
                        session.request_with("webrtc.verto", params, CHANGE_ANSWER, false).await;
                    Done::Change(number, Step::Answered(asked))
                }));
            }
            Step::Answered(Ok(result)) => match result["sdp"].as_str() {
                Some(answer) => {
                    let answer = answer.to_owned();
                    self.progress().descriptions.note_remote(&answer);
                    self.work.push(Box::pin(async move {
                        Done::Change(number, Step::Applied(leg.apply_answer(answer).await))
                    }));
                }
                None => self.change_failed(Error::protocol(
                    "the service answered updateMedia without a description",
                )),
            },
            Step::Applied(Ok(agreed)) => self.change_done(agreed),
            Step::Offered(Err(error)) | Step::Answered(Err(error)) | Step::Applied(Err(error)) => {
                self.change_failed(error);
            }
        }
    }

    fn change_done(&mut self, agreed: MediaDirections) {
        let Some(Current { wanted, reply }) = self.changing.current.take() else { return };
        let result = match agreed == wanted {
            true => Ok(()),
            false => Err(Error::media(format!(
                "the far side agreed on {agreed:?} only; wanted was {wanted:?}"
            ))),
        };
        let _ = reply.send(result);
        self.next_change();
    }

    fn change_failed(&mut self, error: Error) {
        let Some(Current { reply, .. }) = self.changing.current.take() else { return };
        let Some(leg) = self.leg.clone() else { return };
        self.work.push(Box::pin(async move {
            leg.withdraw().await;
            Done::Replied { result: Err(error), reply }
        }));
        self.next_change();
    }

    /// The path is made anew: the offer of the change is void.
    pub(super) fn interrupt_change(&mut self) {
        if let Some(Current { reply, .. }) = self.changing.current.take() {
            self.changing.number += 1;
            let text = "the media path broke under the change of media; ask again when it is back";
            let _ = reply.send(Err(Error::new(ErrorKind::Network, text)));
        }
    }
}
