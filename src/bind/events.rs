//! Events as pull streams: the application's own task asks for the next one.

use super::WakeOnDispatcher;
use crate::{CallEvent, CallEventStream, ClientEvent, ClientEventStream};
use std::sync::Arc;

/// The events of a client, in order, for one reader.
///
/// Each stream has its own queue of 1024 events; a reader that stays away longer loses the
/// oldest, and `missed` counts them. The first stream of a client also holds everything since
/// the client was made.
#[derive(uniffi::Object)]
pub struct ClientEvents(ClientEventStream);

/// The events of a call, in order, for one reader.
///
/// Each stream has its own queue of 1024 events; a reader that stays away longer loses the
/// oldest, and `missed` counts them. The first stream of a call also holds everything since the
/// call was dialled. `Ended` is the last event.
#[derive(uniffi::Object)]
pub struct CallEvents(CallEventStream);

impl ClientEvents {
    pub(super) fn new(stream: ClientEventStream) -> Arc<Self> {
        Arc::new(Self(stream))
    }
}

impl CallEvents {
    pub(super) fn new(stream: CallEventStream) -> Arc<Self> {
        Arc::new(Self(stream))
    }
}

#[uniffi::export]
impl ClientEvents {
    /// Waits for the next event. None after the client ended or `cancel`.
    pub async fn next(&self) -> Option<ClientEvent> {
        WakeOnDispatcher::new(self.0.next()).await
    }

    /// The next event if one is already there.
    pub fn try_next(&self) -> Option<ClientEvent> {
        self.0.try_next()
    }

    /// How many events were dropped because this reader was too slow.
    pub fn missed(&self) -> u64 {
        self.0.missed()
    }

    /// Ends this stream: every waiting and later `next` gives None. A second call does nothing.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

#[uniffi::export]
impl CallEvents {
    /// Waits for the next event. None after the call ended or `cancel`.
    pub async fn next(&self) -> Option<CallEvent> {
        WakeOnDispatcher::new(self.0.next()).await
    }

    /// The next event if one is already there.
    pub fn try_next(&self) -> Option<CallEvent> {
        self.0.try_next()
    }

    /// How many events were dropped because this reader was too slow.
    pub fn missed(&self) -> u64 {
        self.0.missed()
    }

    /// Ends this stream: every waiting and later `next` gives None. A second call does nothing.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}
