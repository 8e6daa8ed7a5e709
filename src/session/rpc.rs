//! Requests in flight and requests that wait for the session.

use super::Outgoing;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::jsonrpc;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Requests that may wait for a session that is being made anew.
const QUEUE: usize = 256;

struct Entry {
    frame: String,
    deadline: Instant,
    sent_at: Option<Instant>,
    survives_reconnect: bool,
    /// None where nobody cares for the answer.
    reply: Option<oneshot::Sender<Result<Value>>>,
}

impl Entry {
    fn answer(self, result: Result<Value>) {
        if let Some(reply) = self.reply {
            let _ = reply.send(result);
        }
    }

    /// Whether somebody waited for the answer and does not any more.
    fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_some_and(oneshot::Sender::is_closed)
    }
}

/// See the module's documentation. Every request is answered exactly once.
#[derive(Default)]
pub(crate) struct Requests {
    entries: HashMap<String, Entry>,
    /// Ids that have not been sent, in order.
    waiting: VecDeque<String>,
}

impl Requests {
    /// Takes a request; it waits until [`Requests::next_to_send`] asks for it.
    pub(crate) fn add(&mut self, outgoing: Outgoing, now: Instant) {
        if self.waiting.len() >= QUEUE {
            let error = Error::new(
                ErrorKind::NotConnected,
                "too many requests wait for the connection; try again when it is back",
            );
            outgoing.refuse(error);
            return;
        }
        let id = uuid::Uuid::new_v4().to_string();
        let entry = Entry {
            frame: jsonrpc::request(&id, &outgoing.method, &outgoing.params),
            deadline: now + outgoing.timeout,
            sent_at: None,
            survives_reconnect: outgoing.survives_reconnect,
            reply: outgoing.reply,
        };
        self.entries.insert(id.clone(), entry);
        self.waiting.push_back(id);
    }

    /// The next frame that waits, now in flight.
    pub(crate) fn next_to_send(&mut self, now: Instant) -> Option<String> {
        while let Some(id) = self.waiting.pop_front() {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.sent_at = Some(now);
                return Some(entry.frame.clone());
            }
        }
        None
    }

    /// Answers a request; gives back the response if none waits for it.
    pub(crate) fn answer(&mut self, id: &str, body: &Value) -> bool {
        let Some(entry) = self.entries.remove(id) else { return false };
        entry.answer(jsonrpc::unwrap(body).map_err(Error::from));
        true
    }

    /// The earliest deadline, if anything is pending.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.entries.values().map(|entry| entry.deadline).min()
    }

    /// Fails what is over its time. Tells since when the oldest of those in flight had been sent,
    /// except those whose answer nobody expects.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Instant> {
        let expired: Vec<String> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.deadline <= now || entry.is_abandoned())
            .map(|(id, _)| id.clone())
            .collect();
        let mut oldest = None;
        for id in expired {
            let Some(entry) = self.entries.remove(&id) else { continue };
            if entry.reply.is_none() || entry.is_abandoned() {
                continue;
            }
            oldest = match (oldest, entry.sent_at) {
                (Some(known), Some(sent)) => Some(std::cmp::min(known, sent)),
                (known, sent) => known.or(sent),
            };
            let text = match entry.sent_at {
                Some(_) => "the service did not answer in time; the state is unknown, try again",
                None => "the connection did not come back in time; try again later",
            };
            entry.answer(Err(Error::new(ErrorKind::Timeout, text)));
        }
        oldest
    }

    /// The socket is gone: what survives waits again with its id, the rest fails.
    pub(crate) fn drop_in_flight(&mut self, reason: &str) {
        let sent: Vec<String> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.sent_at.is_some())
            .map(|(id, _)| id.clone())
            .collect();
        for id in sent {
            let survives = self.entries.get(&id).is_some_and(|entry| entry.survives_reconnect);
            if survives {
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.sent_at = None;
                }
                self.waiting.push_front(id);
            } else if let Some(entry) = self.entries.remove(&id) {
                let error = Error::new(
                    ErrorKind::Network,
                    format!("{reason}; whether the service acted is unknown"),
                );
                entry.answer(Err(error));
            }
        }
    }

    /// Fails everything.
    pub(crate) fn fail_all(&mut self, error: &Error) {
        self.waiting.clear();
        for (_, entry) in self.entries.drain() {
            entry.answer(Err(error.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    fn add(
        requests: &mut Requests,
        survives: bool,
        now: Instant,
    ) -> oneshot::Receiver<Result<Value>> {
        let (reply, answer) = oneshot::channel();
        let outgoing = Outgoing {
            method: "subscriber.online".into(),
            params: json!({}),
            timeout: Duration::from_secs(10),
            survives_reconnect: survives,
            reply: Some(reply),
        };
        requests.add(outgoing, now);
        answer
    }

    fn id_of(frame: &str) -> String {
        serde_json::from_str::<Value>(frame).unwrap()["id"].as_str().unwrap().to_owned()
    }

    #[test]
    fn answers_go_to_their_request() {
        let now = Instant::now();
        let mut requests = Requests::default();
        let mut first = add(&mut requests, false, now);
        let mut second = add(&mut requests, false, now);
        let first_id = id_of(&requests.next_to_send(now).unwrap());
        let second_id = id_of(&requests.next_to_send(now).unwrap());
        assert!(requests.next_to_send(now).is_none());
        assert!(requests.answer(&second_id, &json!({"result":{"code":"200","result":{"a":2}}})));
        assert!(!requests.answer(&second_id, &json!({"result":{}})));
        assert!(requests.answer(&first_id, &json!({"error":{"code":-32001,"message":"no"}})));
        assert_eq!(second.try_recv().unwrap().unwrap(), json!({"a":2}));
        assert_eq!(first.try_recv().unwrap().unwrap_err().code(), Some(-32001));
        assert!(!requests.answer("unknown", &json!({"result":{}})));
    }

    #[test]
    fn a_lost_socket_fails_what_cannot_be_repeated() {
        let now = Instant::now();
        let mut requests = Requests::default();
        let mut lost = add(&mut requests, false, now);
        let mut kept = add(&mut requests, true, now);
        let _ = requests.next_to_send(now);
        let sent = requests.next_to_send(now).unwrap();
        let mut queued = add(&mut requests, false, now);
        requests.drop_in_flight("the connection was lost");
        assert_eq!(lost.try_recv().unwrap().unwrap_err().kind(), ErrorKind::Network);
        assert_eq!(requests.next_to_send(now), Some(sent), "the same id again, before the others");
        assert!(requests.next_to_send(now).is_some());
        assert!(kept.try_recv().is_err() && queued.try_recv().is_err());
    }

    #[test]
    fn time_is_up_for_sent_and_for_waiting_requests() {
        let start = Instant::now();
        let mut requests = Requests::default();
        let mut sent = add(&mut requests, false, start);
        let _ = requests.next_to_send(start);
        let mut waiting = add(&mut requests, false, start);
        assert_eq!(requests.deadline(), Some(start + Duration::from_secs(10)));
        assert_eq!(requests.expire(start + Duration::from_secs(9)), None);
        assert_eq!(requests.expire(start + Duration::from_secs(10)), Some(start));
        for answer in [&mut sent, &mut waiting] {
            assert_eq!(answer.try_recv().unwrap().unwrap_err().kind(), ErrorKind::Timeout);
        }
        assert!(requests.deadline().is_none());
    }

    #[test]
    fn what_nobody_waits_for_is_sent_and_tells_nothing_when_it_stays_unanswered() {
        let start = Instant::now();
        let mut requests = Requests::default();
        requests.add(
            Outgoing {
                method: "webrtc.verto".into(),
                params: json!({}),
                timeout: Duration::from_secs(10),
                survives_reconnect: false,
                reply: None,
            },
            start,
        );
        assert_eq!(requests.expire(start), None);
        assert!(requests.next_to_send(start).is_some());
        assert_eq!(requests.expire(start + Duration::from_secs(10)), None);
        assert!(requests.deadline().is_none());
    }

    #[test]
    fn the_queue_is_bounded() {
        let now = Instant::now();
        let mut requests = Requests::default();
        let mut kept: Vec<_> = (0..QUEUE).map(|_| add(&mut requests, false, now)).collect();
        let mut extra = add(&mut requests, false, now);
        assert_eq!(extra.try_recv().unwrap().unwrap_err().kind(), ErrorKind::NotConnected);
        requests.fail_all(&Error::closed("the client"));
        assert!(kept.iter_mut().all(|answer| answer.try_recv().unwrap().is_err()));
    }
}
