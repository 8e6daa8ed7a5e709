//! Events from one object to any number of pull streams: ordered, bounded, never blocking.

use crate::runtime::Generation;
use once_cell::sync::OnceCell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::time::SystemTime;
use tokio::sync::Notify;

/// Events that one reader may leave unread before the oldest are dropped and counted.
const CAPACITY: usize = 1024;

/// Events that are remembered in words.
const HISTORY: usize = 64;

/// The sending side; cheap to clone.
pub(crate) struct Bus<T>(Arc<BusInner<T>>);

struct BusInner<T> {
    digest: fn(&T) -> Option<String>,
    state: Mutex<BusState<T>>,
}

struct BusState<T> {
    queues: Vec<Weak<Queue<T>>>,
    /// Kept until the first stream is made, so that nothing is lost between making an object
    /// and listening to it.
    backlog: Option<VecDeque<T>>,
    /// What the last events were, in words, for who looks for a fault.
    history: VecDeque<(SystemTime, String)>,
    ended: bool,
}

struct Queue<T> {
    state: Mutex<QueueState<T>>,
    ready: Notify,
    /// After a fork nobody is there who would send.
    runtime: Generation,
    cancelled: OnceCell<()>,
}

struct QueueState<T> {
    events: VecDeque<T>,
    missed: u64,
    ended: bool,
}

impl<T> Clone for Bus<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Bus<T> {
    /// `digest` says in words what happened, without what must not be shown; nothing for what is not
    /// worth remembering.
    pub(crate) fn new(digest: fn(&T) -> Option<String>) -> Self {
        Self(Arc::new(BusInner {
            digest,
            state: Mutex::new(BusState {
                queues: Vec::new(),
                backlog: Some(VecDeque::new()),
                history: VecDeque::new(),
                ended: false,
            }),
        }))
    }

    /// Gives the event to every stream. Nothing happens after [`Bus::end`].
    pub(crate) fn publish(&self, event: T) {
        let note = (self.0.digest)(&event).map(|words| (SystemTime::now(), words));
        let queues = {
            let mut state = lock(&self.0.state);
            if state.ended {
                return;
            }
            if note.is_some() && state.history.len() == HISTORY {
                state.history.pop_front();
            }
            state.history.extend(note);
            if let Some(backlog) = &mut state.backlog {
                if backlog.len() == CAPACITY {
                    backlog.pop_front();
                }
                backlog.push_back(event.clone());
            }
            state.queues.retain(|queue| queue.strong_count() > 0);
            state.queues.iter().filter_map(Weak::upgrade).collect::<Vec<_>>()
        };
        for queue in queues {
            queue.push(event.clone());
        }
    }

    /// The last events in words, oldest first.
    pub(crate) fn history(&self) -> Vec<(SystemTime, String)> {
        lock(&self.0.state).history.iter().cloned().collect()
    }

    /// Ends every stream after what is already queued.
    pub(crate) fn end(&self) {
        let queues = {
            let mut state = lock(&self.0.state);
            state.ended = true;
            std::mem::take(&mut state.queues)
        };
        for queue in queues.iter().filter_map(Weak::upgrade) {
            lock(&queue.state).ended = true;
            queue.ready.notify_waiters();
            queue.ready.notify_one();
        }
    }

    /// A stream of all later events; the first one also gets everything since the beginning.
    pub(crate) fn stream(&self) -> EventStream<T> {
        let mut state = lock(&self.0.state);
        let queue = Arc::new(Queue {
            state: Mutex::new(QueueState {
                events: state.backlog.take().unwrap_or_default(),
                missed: 0,
                ended: state.ended,
            }),
            ready: Notify::new(),
            runtime: Generation::current(),
            cancelled: OnceCell::new(),
        });
        state.queues.push(Arc::downgrade(&queue));
        EventStream { queue }
    }
}

impl<T> Queue<T> {
    fn push(&self, event: T) {
        {
            let mut state = lock(&self.state);
            if state.events.len() == CAPACITY {
                state.events.pop_front();
                state.missed += 1;
            }
            state.events.push_back(event);
        }
        self.ready.notify_one();
    }
}

/// The events of a client or a call, in order, for one reader.
///
/// Each stream has its own queue of 1024 events; a reader that stays away longer loses the
/// oldest, and [`EventStream::missed`] counts them. The first stream made for an object also
/// holds the events since the object was made. Any thread; dropping it is fine at any time.
pub struct EventStream<T> {
    queue: Arc<Queue<T>>,
}

impl<T> EventStream<T> {
    /// Waits for the next event. `None` after the object ended or [`EventStream::cancel`], and in a
    /// forked child once what was there before is read.
    pub async fn next(&self) -> Option<T> {
        loop {
            let notified = self.queue.ready.notified();
            match self.poll_queue() {
                Next::Event(event) => return Some(event),
                Next::End => return None,
                Next::Empty if self.queue.runtime.check().is_err() => return None,
                Next::Empty => notified.await,
            }
        }
    }

    /// The next event if one is already there.
    pub fn try_next(&self) -> Option<T> {
        match self.poll_queue() {
            Next::Event(event) => Some(event),
            Next::End | Next::Empty => None,
        }
    }

    /// How many events were dropped because this reader was too slow.
    pub fn missed(&self) -> u64 {
        lock(&self.queue.state).missed
    }

    /// Ends this stream: every waiting and later `next` gives `None`. A second call does nothing.
    pub fn cancel(&self) {
        let _ = self.queue.cancelled.set(());
        lock(&self.queue.state).events.clear();
        self.queue.ready.notify_waiters();
        self.queue.ready.notify_one();
    }

    fn poll_queue(&self) -> Next<T> {
        if self.queue.cancelled.get().is_some() {
            self.queue.ready.notify_one();
            return Next::End;
        }
        let mut state = lock(&self.queue.state);
        match state.events.pop_front() {
            Some(event) => {
                if !state.events.is_empty() || state.ended {
                    self.queue.ready.notify_one();
                }
                Next::Event(event)
            }
            None if state.ended => {
                self.queue.ready.notify_one();
                Next::End
            }
            None => Next::Empty,
        }
    }
}

enum Next<T> {
    Event(T),
    End,
    Empty,
}

/// A poisoned lock only means that another thread panicked between two plain assignments here.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn first_stream_gets_the_backlog_later_ones_do_not() {
        let bus = Bus::new(|number| Some(format!("{number}")));
        bus.publish(1);
        bus.publish(2);
        let first = bus.stream();
        let second = bus.stream();
        bus.publish(3);
        bus.end();
        bus.publish(4);
        let mut seen = Vec::new();
        while let Some(event) = first.next().await {
            seen.push(event);
        }
        assert_eq!(seen, [1, 2, 3]);
        assert_eq!(second.next().await, Some(3));
        assert_eq!(second.next().await, None);
        assert_eq!(second.next().await, None);
    }

    #[tokio::test]
    async fn a_slow_reader_loses_the_oldest_and_knows_how_many() {
        let bus = Bus::new(|number| Some(format!("{number}")));
        let stream = bus.stream();
        for i in 0..CAPACITY + 5 {
            bus.publish(i);
        }
        assert_eq!(stream.missed(), 5);
        assert_eq!(stream.next().await, Some(5));
    }

    #[tokio::test]
    async fn cancel_wakes_a_waiting_reader() {
        let bus: Bus<u8> = Bus::new(|number| Some(format!("{number}")));
        let stream = Arc::new(bus.stream());
        let waiting = tokio::spawn({
            let stream = Arc::clone(&stream);
            async move { stream.next().await }
        });
        tokio::task::yield_now().await;
        stream.cancel();
        assert_eq!(waiting.await.unwrap(), None);
    }
}
