//! Types of events that the application asked for, and asking for them again: the service forgets
//! them when it takes a call up in another session (signalwire-js v4, Call.ts).

use super::{Actor, Done, Reply};
use crate::error::{Error, ErrorKind};

/// Types that are remembered for one call; applications ask for a handful.
const MAX_TYPES: usize = 256;

impl Actor {
    pub(super) fn subscribe(&mut self, event_type: String, reply: Reply) {
        let Some(reply) = self.answered_or_refuse(reply) else { return };
        if self.subscribed.len() >= MAX_TYPES && !self.subscribed.contains(&event_type) {
            let text = format!("a call takes at most {MAX_TYPES} types of events; use fewer");
            let _ = reply.send(Err(Error::new(ErrorKind::InvalidState, text)));
            return;
        }
        let id = self.verto_id();
        let request = self.verto(self.dialog.subscribe(&id, &event_type));
        self.work.push(Box::pin(async move {
            Done::Subscribed { event_type, result: request.await.map(drop), reply }
        }));
    }

    pub(super) fn note_subscribed(&mut self, event_type: String) {
        if !self.subscribed.contains(&event_type) {
            self.subscribed.push(event_type);
        }
    }

    /// The service took the call up again.
    pub(super) fn subscribe_again(&mut self) {
        for event_type in self.subscribed.clone() {
            let id = self.verto_id();
            self.background(self.verto(self.dialog.subscribe(&id, &event_type)));
        }
    }
}
