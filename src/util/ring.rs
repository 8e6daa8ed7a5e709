//! Bounded rings for audio: a ring of samples and a ring of whole frames.
//!
//! Both keep the newest data: when they are full the oldest is thrown away and counted. Both are
//! meant for one writer and one reader but are safe from any thread; the lock is held only while
//! samples are copied. All memory is taken when the ring is made.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much went through a ring since it was made. The unit is the ring's: samples or frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingCounters {
    /// Written to the ring, including what was dropped later.
    pub pushed: u64,
    /// Taken by the reader.
    pub popped: u64,
    /// Thrown away because the ring was full, or by `clear`.
    pub dropped: u64,
}

/// What came of [`SampleRing::take`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Samples that were moved.
    pub count: usize,
    /// Samples that wait on.
    pub left: usize,
    /// How often the ring had been cleared before.
    pub clears: u64,
}

struct Samples {
    buf: Box<[i16]>,
    head: usize,
    len: usize,
    clears: u64,
    counters: RingCounters,
}

impl Samples {
    fn pop(&mut self, out: &mut [i16]) -> usize {
        let capacity = self.buf.len();
        let n = out.len().min(self.len);
        let first = n.min(capacity - self.head);
        out[..first].copy_from_slice(&self.buf[self.head..self.head + first]);
        out[first..n].copy_from_slice(&self.buf[..n - first]);
        self.head = (self.head + n) % capacity;
        self.len -= n;
        self.counters.popped += n as u64;
        n
    }

    fn discard(&mut self, n: usize) {
        self.head = (self.head + n) % self.buf.len();
        self.len -= n;
        self.counters.dropped += n as u64;
    }
}

/// A bounded ring of 16-bit samples; full means that the oldest samples are dropped.
pub struct SampleRing {
    inner: Mutex<Samples>,
}

impl SampleRing {
    /// Makes an empty ring that holds `capacity` samples (at least 1).
    pub fn new(capacity: usize) -> Self {
        SampleRing {
            inner: Mutex::new(Samples {
                buf: vec![0; capacity.max(1)].into_boxed_slice(),
                head: 0,
                len: 0,
                clears: 0,
                counters: RingCounters::default(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Samples> {
        // Every critical section leaves the indices consistent, so poisoning carries no news.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes all of `data` and returns how many samples were dropped to make room.
    ///
    /// When `data` alone exceeds the capacity only its end is kept.
    pub fn push(&self, data: &[i16]) -> usize {
        let mut ring = self.lock();
        let capacity = ring.buf.len();
        ring.counters.pushed += data.len() as u64;
        let skipped = data.len().saturating_sub(capacity);
        ring.counters.dropped += skipped as u64;
        let data = &data[skipped..];
        let evicted = (ring.len + data.len()).saturating_sub(capacity);
        ring.discard(evicted);
        let tail = (ring.head + ring.len) % capacity;
        let first = data.len().min(capacity - tail);
        ring.buf[tail..tail + first].copy_from_slice(&data[..first]);
        ring.buf[..data.len() - first].copy_from_slice(&data[first..]);
        ring.len += data.len();
        skipped + evicted
    }

    /// Moves up to `out.len()` of the oldest samples to `out` and returns how many.
    pub fn pop_into(&self, out: &mut [i16]) -> usize {
        self.lock().pop(out)
    }

    /// As [`SampleRing::pop_into`], in one step with the news of a clearing; with `must_fill` nothing
    /// is moved unless it fills `out`.
    pub fn take(&self, out: &mut [i16], must_fill: bool) -> Taken {
        let mut ring = self.lock();
        let is_short = ring.len < out.len();
        let count = if must_fill && is_short { 0 } else { ring.pop(out) };
        Taken { count, left: ring.len, clears: ring.clears }
    }

    /// Throws away everything in the ring and returns how many samples that was.
    pub fn clear(&self) -> usize {
        let mut ring = self.lock();
        let n = ring.len;
        ring.discard(n);
        ring.clears += 1;
        n
    }

    /// How often the ring was cleared.
    pub fn clears(&self) -> u64 {
        self.lock().clears
    }

    /// Empties the ring and gives it another capacity in samples (at least 1). Counters go on.
    pub fn reset(&self, capacity: usize) {
        let mut ring = self.lock();
        let n = ring.len;
        ring.discard(n);
        if ring.buf.len() != capacity.max(1) {
            ring.buf = vec![0; capacity.max(1)].into_boxed_slice();
        }
        ring.head = 0;
    }

    /// Samples waiting for the reader.
    pub fn len(&self) -> usize {
        self.lock().len
    }

    /// Whether no sample waits for the reader.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The capacity in samples.
    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.lock().buf.len()
    }

    /// The counters in samples.
    #[cfg(test)]
    pub fn counters(&self) -> RingCounters {
        self.lock().counters
    }
}

struct Slot<M> {
    samples: Vec<i16>,
    meta: Option<M>,
}

struct Frames<M> {
    slots: Box<[Slot<M>]>,
    head: usize,
    len: usize,
    counters: RingCounters,
}

/// A bounded ring of frames with a note of type `M` on each; full means drop the oldest frame.
pub struct FrameRing<M> {
    inner: Mutex<Frames<M>>,
}

impl<M> FrameRing<M> {
    /// Makes an empty ring of `frames` frames (at least 1), each sized for `samples` samples.
    ///
    /// A frame longer than `samples` is accepted and makes its slot grow once.
    pub fn new(frames: usize, samples: usize) -> Self {
        let slot = |_| Slot { samples: Vec::with_capacity(samples), meta: None };
        FrameRing {
            inner: Mutex::new(Frames {
                slots: (0..frames.max(1)).map(slot).collect(),
                head: 0,
                len: 0,
                counters: RingCounters::default(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Frames<M>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies one frame into the ring; returns true when the oldest frame was dropped for it.
    pub fn push(&self, samples: &[i16], meta: M) -> bool {
        let mut ring = self.lock();
        let capacity = ring.slots.len();
        let is_full = ring.len == capacity;
        if is_full {
            ring.head = (ring.head + 1) % capacity;
            ring.len -= 1;
            ring.counters.dropped += 1;
        }
        let tail = (ring.head + ring.len) % capacity;
        let slot = &mut ring.slots[tail];
        slot.samples.clear();
        slot.samples.extend_from_slice(samples);
        slot.meta = Some(meta);
        ring.len += 1;
        ring.counters.pushed += 1;
        is_full
    }

    /// Takes the oldest frame: its samples are swapped into `out`, so nothing is copied.
    ///
    /// The old storage of `out` stays in the ring and is used for a later frame.
    pub fn pop_swap(&self, out: &mut Vec<i16>) -> Option<M> {
        let mut ring = self.lock();
        if ring.len == 0 {
            return None;
        }
        let head = ring.head;
        let meta = ring.slots[head].meta.take();
        std::mem::swap(&mut ring.slots[head].samples, out);
        ring.head = (head + 1) % ring.slots.len();
        ring.len -= 1;
        ring.counters.popped += 1;
        meta
    }

    /// Throws away all frames and returns how many.
    pub fn clear(&self) -> usize {
        let mut ring = self.lock();
        let n = ring.len;
        ring.head = 0;
        ring.len = 0;
        ring.counters.dropped += n as u64;
        n
    }

    /// Frames waiting for the reader.
    pub fn len(&self) -> usize {
        self.lock().len
    }

    /// Whether no frame waits for the reader.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The counters in frames.
    pub fn counters(&self) -> RingCounters {
        self.lock().counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pop_all(ring: &SampleRing) -> Vec<i16> {
        let mut out = vec![0; ring.len()];
        let n = ring.pop_into(&mut out);
        assert_eq!(n, out.len());
        out
    }

    #[test]
    fn keeps_the_newest_samples() {
        // (capacity, pushes, what is left, dropped by each push)
        type Case = (usize, &'static [&'static [i16]], &'static [i16], &'static [usize]);
        let cases: &[Case] = &[
            (4, &[&[1, 2], &[3]], &[1, 2, 3], &[0, 0]),
            (4, &[&[1, 2, 3], &[4, 5]], &[2, 3, 4, 5], &[0, 1]),
            (4, &[&[1, 2, 3, 4, 5, 6]], &[3, 4, 5, 6], &[2]),
            (4, &[&[1], &[2, 3, 4, 5, 6, 7]], &[4, 5, 6, 7], &[0, 3]),
            (1, &[&[1], &[2]], &[2], &[0, 1]),
            (3, &[&[], &[1]], &[1], &[0, 0]),
        ];
        for (capacity, pushes, left, dropped) in cases {
            let ring = SampleRing::new(*capacity);
            let got: Vec<usize> = pushes.iter().map(|p| ring.push(p)).collect();
            assert_eq!(&got, dropped);
            let counters = ring.counters();
            assert_eq!(counters.dropped as usize, dropped.iter().sum::<usize>());
            assert_eq!(counters.pushed - counters.dropped, ring.len() as u64);
            assert_eq!(&pop_all(&ring), left);
            assert!(ring.is_empty());
        }
    }

    #[test]
    fn sample_order_survives_many_wraps() {
        let ring = SampleRing::new(7);
        let (mut next_in, mut next_out) = (0i16, 0i16);
        for round in 0..200 {
            let n = round % 5;
            let data: Vec<i16> = (0..n).map(|i| next_in + i).collect();
            next_in += n;
            assert_eq!(ring.push(&data), 0);
            for v in pop_all(&ring) {
                assert_eq!(v, next_out);
                next_out += 1;
            }
        }
        assert_eq!(next_in, next_out);
    }

    #[test]
    fn reset_and_clear_count_as_dropped() {
        let ring = SampleRing::new(4);
        ring.push(&[1, 2, 3]);
        assert_eq!(ring.clear(), 3);
        ring.push(&[1]);
        ring.reset(10);
        assert_eq!((ring.capacity(), ring.len(), ring.counters().dropped), (10, 0, 4));
    }

    #[test]
    fn taking_can_wait_for_all_and_tells_of_clearing() {
        let ring = SampleRing::new(4);
        let mut out = [0; 3];
        ring.push(&[1, 2]);
        assert_eq!(ring.take(&mut out, true), Taken { count: 0, left: 2, clears: 0 });
        assert_eq!(ring.take(&mut out[..1], true), Taken { count: 1, left: 1, clears: 0 });
        assert_eq!(ring.take(&mut out[1..], false), Taken { count: 1, left: 0, clears: 0 });
        assert_eq!(out, [1, 2, 0]);
        ring.push(&[3, 4]);
        assert_eq!((ring.clear(), ring.clears()), (2, 1));
        assert_eq!(ring.take(&mut out, false), Taken { count: 0, left: 0, clears: 1 });
    }

    #[test]
    fn frames_drop_oldest_and_reuse_storage() {
        let ring = FrameRing::new(2, 3);
        assert!(!ring.push(&[1, 1], 'a'));
        assert!(!ring.push(&[2, 2], 'b'));
        assert!(ring.push(&[3, 3, 3], 'c'));
        let mut out = Vec::with_capacity(3);
        assert_eq!(ring.pop_swap(&mut out), Some('b'));
        assert_eq!(out, [2, 2]);
        assert_eq!(ring.pop_swap(&mut out), Some('c'));
        assert_eq!(out, [3, 3, 3]);
        assert_eq!(ring.pop_swap(&mut out), None);
        assert_eq!(ring.counters(), RingCounters { pushed: 3, popped: 2, dropped: 1 });
        ring.push(&[4], 'd');
        assert_eq!((ring.clear(), ring.len(), ring.is_empty()), (1, 0, true));
    }

    #[test]
    fn counters_add_up_with_a_writer_and_a_reader_thread() {
        let ring = std::sync::Arc::new(SampleRing::new(64));
        let writer = {
            let ring = ring.clone();
            std::thread::spawn(move || {
                for _ in 0..1000 {
                    ring.push(&[5; 13]);
                }
            })
        };
        let mut out = [0; 10];
        while !writer.is_finished() {
            let n = ring.pop_into(&mut out);
            assert!(out[..n].iter().all(|&v| v == 5));
        }
        writer.join().unwrap();
        let c = ring.counters();
        assert_eq!(c.pushed, 13_000);
        assert_eq!(c.pushed, c.popped + c.dropped + ring.len() as u64);
    }
}
