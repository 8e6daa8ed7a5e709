//! A message on its way: sent once, whatever happens to the connection.

use super::conversation;
use crate::error::{Error, ErrorKind, Result};
use crate::net::http::Http;
use crate::proto::conversation::{Message, MessageKind};
use crate::runtime::{self, Generation};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Sent messages that are remembered, to tell equal texts apart.
const REMEMBERED: usize = 256;
/// How far this clock and the service's may differ, in milliseconds.
const CLOCK_TOLERANCE_MS: i64 = 120_000;
/// How far back the history is looked through: messages per page, pages.
const SEARCH: (u32, usize) = (100, 10);

/// Where an outgoing message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum SendState {
    /// Not sent yet, or the service refused it: it is certainly not there.
    Unsent = 0,
    /// Being sent.
    Sending = 1,
    /// The service has it.
    Sent = 2,
    /// The answer was lost: the service may have it or not.
    Uncertain = 3,
}

/// One text message to be sent. A handle: cloning it is cheap, any thread may use it.
///
/// The service has no key by which it would tell a repetition, so a lost answer leaves it open
/// whether the message arrived. This object keeps that apart: [`OutgoingMessage::send`] may be
/// called again after any error and sends the text a second time only after the conversation's
/// history showed that the first did not arrive. Let go of the object to give the message up.
#[derive(Clone)]
pub struct OutgoingMessage(Arc<Outgoing>);

struct Outgoing {
    http: Http,
    runtime: Generation,
    log: Arc<SentLog>,
    conversation_id: String,
    from_address_id: String,
    text: String,
    progress: Mutex<Progress>,
}

struct Progress {
    state: SendState,
    /// When it was tried first.
    since_ms: i64,
}

impl OutgoingMessage {
    /// Checks the parts. Errors: see `Client::compose_message`.
    pub(crate) fn new(
        (http, runtime, log): (Http, Generation, Arc<SentLog>),
        conversation_id: &str,
        from_address_id: &str,
        text: &str,
    ) -> Result<Self> {
        for (name, value) in
            [("conversation_id", conversation_id), ("from_address_id", from_address_id)]
        {
            if value.is_empty() {
                return Err(Error::invalid(format!(
                    "{name} must not be empty; join_conversation gives both ids"
                )));
            }
        }
        if text.is_empty() || text.len() > conversation::MAX_TEXT {
            return Err(Error::invalid("a text must have 1 to 65536 bytes"));
        }
        Ok(Self(Arc::new(Outgoing {
            http,
            runtime,
            log,
            conversation_id: conversation_id.to_owned(),
            from_address_id: from_address_id.to_owned(),
            text: text.to_owned(),
            progress: Mutex::new(Progress { state: SendState::Unsent, since_ms: 0 }),
        })))
    }

    /// Where it stands.
    pub fn state(&self) -> SendState {
        self.0.progress().state
    }

    /// Sends it and waits for the service's answer. Needs no session.
    ///
    /// A sent message is not sent again: the second call is `Ok`. An uncertain one is looked for
    /// first, as [`OutgoingMessage::reconcile`] does, and sent again only if it is not there.
    /// Requests that the service certainly did not process (no connection, 429, 503 with
    /// `Retry-After`) are repeated by themselves, up to twice.
    /// Errors: `Uncertain` when the answer was lost or the service failed (HTTP 5xx): call this
    /// again to find out and go on; `Rejected` for an unknown conversation or another's address;
    /// `InvalidState` while it is being sent; `Network`, `Tls`, `Unauthorized`, `RateLimited`.
    /// Giving up the wait does not stop it. Source: `POST /api/fabric/messages`.
    pub async fn send(&self) -> Result<()> {
        self.0.runtime.check()?;
        let Some(mut attempt) = self.begin()? else { return Ok(()) };
        runtime::run(async move {
            if attempt.before == SendState::Uncertain && attempt.find().await? {
                return Ok(());
            }
            attempt.post().await
        })
        .await
    }

    /// Looks into the conversation's history whether an uncertain message arrived; gives `Sent`
    /// or `Unsent`. In any other state it gives that and asks nobody.
    ///
    /// It has arrived if the history has more messages with this text from this address, since the
    /// first try less two minutes (clocks differ), than were sent for certain by this client. The
    /// same text written by another device of the subscriber at that time is taken for it. The
    /// newest 1000 entries are looked at. A service that still works on the lost request may store
    /// it after the look: wait a little before sending anew where a repetition would do harm.
    /// Errors: as [`crate::Client::messages`]; the message stays uncertain.
    pub async fn reconcile(&self) -> Result<SendState> {
        self.0.runtime.check()?;
        if self.state() != SendState::Uncertain {
            return Ok(self.state());
        }
        let Some(mut attempt) = self.begin()? else { return Ok(SendState::Sent) };
        let found = runtime::run(async move { attempt.find().await }).await?;
        Ok(if found { SendState::Sent } else { SendState::Unsent })
    }

    /// `None` if it is sent already.
    fn begin(&self) -> Result<Option<Attempt>> {
        let mut progress = self.0.progress();
        let before = progress.state;
        match before {
            SendState::Sent => return Ok(None),
            SendState::Sending => {
                return Err(Error::new(
                    ErrorKind::InvalidState,
                    "the message is being sent; wait for that",
                ))
            }
            SendState::Unsent => progress.since_ms = now_ms(),
            SendState::Uncertain => {}
        }
        progress.state = SendState::Sending;
        let since_ms = progress.since_ms;
        drop(progress);
        Ok(Some(Attempt { of: Arc::clone(&self.0), before, since_ms, after: SendState::Uncertain }))
    }
}

impl Outgoing {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_it(&self, message: &Message, since_ms: i64) -> bool {
        message.kind == MessageKind::Chat
            && message.from_address_id == self.from_address_id
            && message.text == self.text
            // An entry without a time is taken for a new one: better not sent twice.
            && message.sent_at_ms.is_none_or(|at| at >= since_ms - CLOCK_TOLERANCE_MS)
    }
}

/// One try; when it is dropped, also in the middle, the message has the state it came to.
struct Attempt {
    of: Arc<Outgoing>,
    before: SendState,
    since_ms: i64,
    after: SendState,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.of.progress().state = self.after;
    }
}

impl Attempt {
    async fn post(mut self) -> Result<()> {
        self.after = SendState::Uncertain;
        let of = &self.of;
        let sent =
            conversation::send(&of.http, &of.conversation_id, &of.from_address_id, &of.text).await;
        match sent {
            Ok(()) => {
                of.log.add(&of.conversation_id, &of.text);
                self.after = SendState::Sent;
                Ok(())
            }
            Err(error) => {
                if error.kind() != ErrorKind::Uncertain {
                    self.after = SendState::Unsent;
                }
                Err(error)
            }
        }
    }

    /// Whether the history has it: then it is sent, else it is not.
    async fn find(&mut self) -> Result<bool> {
        let of = &self.of;
        let from_ms = self.since_ms - CLOCK_TOLERANCE_MS;
        let certain = of.log.count(&of.conversation_id, &of.text, from_ms);
        let (size, pages) = SEARCH;
        let mut page = conversation::messages(&of.http, &of.conversation_id, Some(size)).await?;
        let mut found = 0;
        for _ in 0..pages {
            found += page.messages.iter().filter(|m| of.is_it(m, self.since_ms)).count();
            let Some(link) = page.links.next.filter(|_| found <= certain) else { break };
            page = conversation::messages_at(&of.http, &link).await?;
        }
        let is_there = found > certain;
        if is_there {
            of.log.add(&of.conversation_id, &of.text);
        }
        self.after = if is_there { SendState::Sent } else { SendState::Unsent };
        Ok(is_there)
    }
}

/// What this client sent for certain, to tell equal texts apart.
#[derive(Default)]
pub(crate) struct SentLog(Mutex<VecDeque<SentEntry>>);

struct SentEntry {
    conversation_id: String,
    text: String,
    at_ms: i64,
}

impl SentLog {
    fn add(&self, conversation_id: &str, text: &str) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == REMEMBERED {
            entries.pop_front();
        }
        entries.push_back(SentEntry {
            conversation_id: conversation_id.to_owned(),
            text: text.to_owned(),
            at_ms: now_ms(),
        });
    }

    fn count(&self, conversation_id: &str, text: &str, from_ms: i64) -> usize {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |entry: &&SentEntry| {
            entry.conversation_id == conversation_id && entry.text == text && entry.at_ms >= from_ms
        };
        entries.iter().filter(is_same).count()
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl std::fmt::Debug for OutgoingMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutgoingMessage").field("state", &self.state()).finish_non_exhaustive()
    }
}
