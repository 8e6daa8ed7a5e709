//! Threads are shared by the whole process, so these tests run one at a time.

use std::sync::mpsc;
use std::sync::Weak;

use super::*;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const LIMIT: Duration = Duration::from_secs(5);

struct FnSink<F: Fn(&AudioFrame<'_>) + Send + Sync>(F);

impl<F: Fn(&AudioFrame<'_>) + Send + Sync> AudioSink for FnSink<F> {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        (self.0)(frame);
    }
}

fn sink(f: impl Fn(&AudioFrame<'_>) + Send + Sync + 'static) -> Arc<dyn AudioSink> {
    Arc::new(FnSink(f))
}

fn threaded(id: u64, sink: Arc<dyn AudioSink>) -> Arc<SinkSlot> {
    SinkSlot::threaded(SinkId(id), AudioFormat::MONO_8K, sink, DEFAULT_QUEUE_FRAMES).unwrap()
}

fn deliver(slot: &Arc<SinkSlot>, number: u64) {
    slot.deliver(&AudioFrame {
        samples: &[number as i16; 160],
        format: AudioFormat::MONO_8K,
        timestamp_us: number * 20_000,
        is_concealed: number % 2 == 1,
    });
}

/// Waits for `condition` with a deadline.
fn wait_for(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "the condition did not come true");
        std::thread::yield_now();
    }
}

#[test]
fn frames_arrive_in_order_and_unchanged_on_a_named_thread() {
    let _guard = lock(&ONE_AT_A_TIME);
    let (tx, rx) = mpsc::channel();
    let tx = Mutex::new(tx);
    let slot = threaded(
        1,
        sink(move |frame| {
            let name = std::thread::current().name().unwrap_or("").to_owned();
            let value = frame.samples[159];
            lock(&tx).send((value, frame.timestamp_us, frame.is_concealed, name)).unwrap();
        }),
    );
    for number in 0..100 {
        deliver(&slot, number);
        let (value, timestamp, is_concealed, name) = rx.recv_timeout(LIMIT).unwrap();
        assert_eq!((value as u64, timestamp), (number, number * 20_000));
        assert_eq!(is_concealed, number % 2 == 1);
        assert!(name.starts_with("sw-media-"), "{name}");
    }
    wait_for(|| slot.stats().delivered == 100);
    assert_eq!(slot.stats().dropped, 0);
}

#[test]
fn a_blocked_sink_loses_only_its_own_frames() {
    let _guard = lock(&ONE_AT_A_TIME);
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let slow = threaded(
        1,
        sink(move |_| {
            let _ = lock(&blocked).recv_timeout(LIMIT);
        }),
    );
    let (tx, rx) = mpsc::channel();
    let tx = Mutex::new(tx);
    let fast = threaded(2, sink(move |frame| lock(&tx).send(frame.samples[0]).unwrap()));
    for number in 0..30 {
        deliver(&slow, number);
        deliver(&fast, number);
        std::thread::sleep(Duration::from_millis(5));
    }
    wait_for(|| {
        deliver(&fast, 99);
        rx.try_iter().any(|value| value == 99)
    });
    let stats = slow.stats();
    assert!(stats.delivered <= 1, "{stats:?}");
    assert!((18..=20).contains(&stats.dropped), "{stats:?}");
    drop(release);
    slow.remove();
}

#[test]
fn a_panic_is_counted_and_the_next_frame_is_delivered() {
    let _guard = lock(&ONE_AT_A_TIME);
    let seen = Arc::new(AtomicU64::new(0));
    let count = seen.clone();
    let slot = threaded(
        1,
        sink(move |frame| {
            count.fetch_add(1, Ordering::SeqCst);
            assert!(frame.samples[0] != 0, "the first frame is not liked");
        }),
    );
    for number in 0..3 {
        deliver(&slot, number);
        wait_for(|| seen.load(Ordering::SeqCst) == number + 1);
    }
    wait_for(|| slot.stats().delivered == 3);
    assert_eq!(slot.stats().panicked, 1);
}

#[test]
fn removal_waits_for_the_callback_and_ends_it_for_good() {
    let _guard = lock(&ONE_AT_A_TIME);
    let (entered_tx, entered) = mpsc::channel();
    let entered_tx = Mutex::new(entered_tx);
    let done = Arc::new(AtomicBool::new(false));
    let is_done = done.clone();
    let slot = threaded(
        1,
        sink(move |_| {
            let _ = lock(&entered_tx).send(());
            std::thread::sleep(Duration::from_millis(50));
            is_done.store(true, Ordering::SeqCst);
        }),
    );
    deliver(&slot, 1);
    deliver(&slot, 2);
    entered.recv_timeout(LIMIT).unwrap();
    slot.remove();
    assert!(done.load(Ordering::SeqCst), "returned while the callback ran");
    let delivered = slot.stats().delivered;
    deliver(&slot, 3);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(slot.stats().delivered, delivered);
}

#[test]
fn a_sink_may_remove_itself() {
    let _guard = lock(&ONE_AT_A_TIME);
    for is_direct in [false, true] {
        let own: Arc<Mutex<Weak<SinkSlot>>> = Arc::default();
        let me = own.clone();
        let inner = sink(move |_| {
            let slot = lock(&me).upgrade();
            slot.expect("the slot lives while it is called").remove();
        });
        let slot = match is_direct {
            true => SinkSlot::direct(SinkId(1), AudioFormat::MONO_8K, inner),
            false => threaded(1, inner),
        };
        *lock(&own) = Arc::downgrade(&slot);
        deliver(&slot, 1);
        deliver(&slot, 2);
        wait_for(|| slot.stats().delivered == 1);
        deliver(&slot, 3);
        slot.remove();
        assert_eq!(slot.stats().delivered, 1);
    }
}

#[test]
fn shutdown_joins_and_a_new_sink_starts_again() {
    let _guard = lock(&ONE_AT_A_TIME);
    let old = threaded(1, sink(|_| {}));
    deliver(&old, 1);
    wait_for(|| old.stats().delivered == 1);
    assert!(shutdown());
    assert!(shutdown(), "a second call is harmless");
    deliver(&old, 2);
    let new = threaded(2, sink(|_| {}));
    deliver(&new, 1);
    wait_for(|| new.stats().delivered == 1);
    assert_eq!(old.stats().delivered, 1, "no frames after shutdown");
}

#[test]
fn shutdown_from_a_callback_does_not_wait_for_itself() {
    let _guard = lock(&ONE_AT_A_TIME);
    let (tx, rx) = mpsc::channel();
    let tx = Mutex::new(tx);
    let slot = threaded(1, sink(move |_| lock(&tx).send(shutdown()).unwrap()));
    deliver(&slot, 1);
    assert!(rx.recv_timeout(LIMIT).unwrap());
}

#[test]
fn dropping_the_last_handle_drops_the_sink() {
    let _guard = lock(&ONE_AT_A_TIME);
    let token = Arc::new(());
    let held = token.clone();
    let slot = threaded(1, sink(move |_| drop(held.clone())));
    deliver(&slot, 1);
    wait_for(|| slot.stats().delivered == 1);
    slot.remove();
    drop(slot);
    wait_for(|| Arc::strong_count(&token) == 1);
}

#[test]
fn a_sink_is_dropped_on_a_media_thread_even_when_that_panics() {
    let _guard = lock(&ONE_AT_A_TIME);
    struct Dropped(Mutex<mpsc::Sender<String>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let name = std::thread::current().name().unwrap_or("").to_owned();
            lock(&self.0).send(name).unwrap();
            panic!("not even this stops the thread");
        }
    }
    let (tx, rx) = mpsc::channel();
    for _ in 0..2 {
        let dropped = Dropped(Mutex::new(tx.clone()));
        let slot = threaded(1, sink(move |_| drop(lock(&dropped.0))));
        deliver(&slot, 1);
        wait_for(|| slot.stats().delivered == 1);
        drop(slot);
        assert!(rx.recv_timeout(LIMIT).unwrap().starts_with("sw-media-"));
    }
}

#[test]
fn many_sinks_that_come_and_go_under_load() {
    let _guard = lock(&ONE_AT_A_TIME);
    let seen = Arc::new(AtomicU64::new(0));
    let slots: Vec<_> = (0..50)
        .map(|id| {
            let seen = seen.clone();
            threaded(id, sink(move |_| drop(seen.fetch_add(1, Ordering::Relaxed).to_string())))
        })
        .collect();
    for number in 0..40 {
        slots.iter().for_each(|slot| deliver(slot, number));
        if number >= 20 {
            slots[number as usize].remove();
        }
    }
    let settled = |slot: &Arc<SinkSlot>| {
        let stats = slot.stats();
        stats.delivered + stats.dropped == 40
    };
    let kept: Vec<_> = slots.iter().take(20).collect();
    wait_for(|| kept.iter().all(|slot| settled(slot)));
    assert!(shutdown());
    assert_eq!(
        seen.load(Ordering::Relaxed),
        slots.iter().map(|s| s.stats().delivered).sum::<u64>()
    );
}
