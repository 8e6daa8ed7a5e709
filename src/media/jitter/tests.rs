//! Whole streams through the buffer in virtual time: a table of networks, and special events.

use std::collections::HashSet;
use std::time::Duration;

use super::*;

/// Milliseconds after the start of the test at which something happens.
type Ms = f64;

struct Sent {
    seq: u16,
    timestamp: u32,
    arrival: Ms,
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Played {
    Seq(u16),
    Lost(bool),
    Wait,
    Empty,
}

struct Run {
    played: Vec<Played>,
    stats: JitterStats,
    /// Time from arrival to playout of each packet played, in order.
    waits: Vec<Ms>,
}

impl Run {
    fn seqs(&self) -> Vec<u16> {
        let seq = |p: &Played| match p {
            Played::Seq(s) => Some(*s),
            _ => None,
        };
        self.played.iter().filter_map(seq).collect()
    }

    fn count(&self, wanted: impl Fn(&Played) -> bool) -> usize {
        self.played.iter().filter(|p| wanted(p)).count()
    }

    /// Ticks with made-up audio between the first and the last packet.
    fn made_up(&self) -> usize {
        let is_audio = |p: &Played| matches!(p, Played::Seq(_));
        let first = self.played.iter().position(is_audio).unwrap();
        let last = self.played.iter().rposition(is_audio).unwrap();
        self.played[first..last].iter().filter(|p| !is_audio(p)).count()
    }
}

/// A deterministic generator, 0 to 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn packet(seq: u16, timestamp: u32) -> Packet {
    Packet { seq, timestamp, payload: Bytes::from_static(b"x"), marker: false }
}

/// Plays `sent` with ticks at `phase`, `phase` + 20, …; each packet lasts `packet_ms`.
fn run(sent: &[Sent], phase: Ms, packet_ms: u32, is_quiet: bool) -> Run {
    run_with(JitterBuffer::new(48_000, JitterOptions::default()), sent, phase, packet_ms, is_quiet)
}

fn run_with(
    mut buffer: JitterBuffer,
    sent: &[Sent],
    phase: Ms,
    packet_ms: u32,
    is_quiet: bool,
) -> Run {
    let begin = Instant::now();
    let at = |ms: Ms| begin + Duration::from_micros((ms * 1000.0) as u64);
    let mut order: Vec<&Sent> = sent.iter().collect();
    order.sort_by(|a, b| a.arrival.total_cmp(&b.arrival));
    let end = order.last().map_or(0.0, |s| s.arrival) + 400.0;
    let (mut next, mut played, mut waits) = (0, Vec::new(), Vec::new());
    let (mut time, mut decoded_ms) = (phase, 0u32);
    let mut has_paced = false;
    while time < end {
        while next < order.len() && order[next].arrival <= time {
            buffer.insert(packet(order[next].seq, order[next].timestamp), at(order[next].arrival));
            next += 1;
        }
        loop {
            if decoded_ms >= 20 && !has_paced {
                // One period of 8 ms, or in silence 10.
                has_paced = true;
                let made_up = !matches!(played.last(), Some(Played::Seq(_)));
                let period = if is_quiet { 10 } else { 8 };
                let pace = if made_up { Pace::Keep } else { buffer.pace(is_quiet).0 };
                let has_room = match pace {
                    Pace::Keep => false,
                    Pace::Faster => buffer.has_next() || decoded_ms >= 20 + period,
                    Pace::FasterByRest => decoded_ms >= 20 + period,
                    Pace::Slower => true,
                };
                let us = if has_room { u64::from(period) * 1000 } else { 0 };
                match pace {
                    Pace::Keep => {}
                    Pace::Slower => {
                        decoded_ms += period;
                        buffer.paced(0, us);
                    }
                    _ => {
                        decoded_ms -= if has_room { period } else { 0 };
                        buffer.paced(us, 0);
                    }
                }
            }
            if decoded_ms >= 20 {
                break;
            }
            let pop = buffer.pop(at(time), i64::from(decoded_ms) * 1000);
            let (what, ms) = match pop {
                Pop::Packet(p) => (Played::Seq(p.seq), packet_ms),
                Pop::Lost { next, duration_us } => {
                    (Played::Lost(next.is_some()), duration_us / 1000)
                }
                Pop::Wait => (Played::Wait, 20),
                Pop::Empty => (Played::Empty, 20),
            };
            if let Played::Seq(seq) = what {
                let arrival = sent.iter().find(|s| s.seq == seq).unwrap().arrival;
                waits.push(time + f64::from(decoded_ms) - arrival);
            }
            played.push(what);
            decoded_ms += ms;
        }
        decoded_ms -= 20;
        has_paced = false;
        time += 20.0;
    }
    Run { played, stats: buffer.stats(), waits }
}

/// `n` packets of 20 ms sent at 0, 20, … with a delay of `delay(i)`; none means lost.
fn stream(n: usize, first_seq: u16, mut delay: impl FnMut(usize) -> Option<Ms>) -> Vec<Sent> {
    (0..n)
        .filter_map(|i| {
            Some(Sent {
                seq: first_seq.wrapping_add(i as u16),
                timestamp: (i as u32).wrapping_mul(960).wrapping_add(u32::MAX - 5_000),
                arrival: i as f64 * 20.0 + delay(i)?,
            })
        })
        .collect()
}

#[test]
fn a_clean_stream_waits_less_than_25_ms_and_loses_nothing() {
    for phase in [0.0, 0.1, 1.0, 2.9, 3.1, 7.0, 13.0, 19.9] {
        let run = run(&stream(500, 10, |_| Some(0.0)), phase, 20, false);
        assert_eq!(run.seqs(), (10..510).collect::<Vec<u16>>(), "phase {phase}");
        assert_eq!(run.made_up(), 0, "phase {phase}");
        assert!(run.waits.iter().all(|&w| (0.0..25.0).contains(&w)), "phase {phase}");
        assert_eq!((run.stats.lost, run.stats.late, run.stats.received), (0, 0, 500));
        assert!(run.stats.jitter_ms < 0.1);
        assert!(run.stats.target_delay_ms <= 25.0, "{}", run.stats.target_delay_ms);
    }
}

#[test]
fn networks() {
    struct Case {
        name: &'static str,
        loss: f64,
        jitter_ms: f64,
        /// Most packets that may be missing at their time beyond the loss, in percent.
        extra_loss: f64,
        /// Longest mean wait in the second half.
        mean_wait: f64,
        has_fec: bool,
        /// Least share of losses that have their successor at hand.
        with_next: f64,
    }
    #[rustfmt::skip]
    let cases = [
        Case { name: "small jitter", loss: 0.0, jitter_ms: 5.0, extra_loss: 0.2, mean_wait: 25.0, has_fec: true, with_next: 0.0 },
        Case { name: "jitter", loss: 0.0, jitter_ms: 40.0, extra_loss: 1.0, mean_wait: 45.0, has_fec: true, with_next: 0.0 },
        Case { name: "strong jitter", loss: 0.0, jitter_ms: 100.0, extra_loss: 2.0, mean_wait: 90.0, has_fec: true, with_next: 0.0 },
        Case { name: "loss", loss: 0.1, jitter_ms: 0.0, extra_loss: 0.1, mean_wait: 45.0, has_fec: true, with_next: 0.75 },
        Case { name: "loss, no fec", loss: 0.1, jitter_ms: 0.0, extra_loss: 0.1, mean_wait: 25.0, has_fec: false, with_next: 0.0 },
        Case { name: "loss and jitter", loss: 0.1, jitter_ms: 50.0, extra_loss: 2.0, mean_wait: 75.0, has_fec: true, with_next: 0.7 },
    ];
    for case in cases {
        for is_quiet in [false, true] {
            let mut random = Random(0x9e37_79b9_7f4a_7c15);
            let n = 3000;
            let sent = stream(n, 65_000, |_| {
                let is_lost = random.next() < case.loss;
                let delay = random.next() * case.jitter_ms;
                (!is_lost).then_some(delay)
            });
            let mut buffer = JitterBuffer::new(48_000, JitterOptions::default());
            buffer.set_fec(case.has_fec);
            let run = run_with(buffer, &sent, 6.0, 20, is_quiet);
            let name = format!("{} quiet {is_quiet} {:?}", case.name, run.stats);
            let seqs = run.seqs();
            assert!(seqs.windows(2).all(|w| w[1].wrapping_sub(w[0]) as i16 > 0), "order: {name}");
            let not_played = (sent.len() - seqs.len()) as f64 / n as f64 * 100.0;
            assert!(not_played <= case.extra_loss, "{not_played} % not played: {name}");
            let late_half = &run.waits[run.waits.len() / 2..];
            let mean = late_half.iter().sum::<f64>() / late_half.len() as f64;
            assert!(mean <= case.mean_wait, "mean wait {mean}: {name}");
            let truly_lost = (n - sent.len()) as f64;
            let with_next = run.count(|p| *p == Played::Lost(true)) as f64;
            assert!(with_next >= truly_lost * case.with_next, "{with_next}/{truly_lost}: {name}");
            assert!(
                run.made_up() as f64 <= truly_lost + n as f64 * 0.04,
                "{}: {name}",
                run.made_up()
            );
        }
    }
}

#[test]
fn late_ticks_cost_no_audio() {
    // A busy machine: ticks come up to 15 ms late, packets up to 5 ms.
    let begin = Instant::now();
    let at = |ms: f64| begin + Duration::from_micros((ms * 1000.0) as u64);
    let mut random = Random(42);
    let mut buffer = JitterBuffer::new(48_000, JitterOptions::default());
    let sent = stream(3000, 1, |_| Some(random.next() * 5.0));
    let (mut next, mut played, mut other) = (0, 0, 0);
    for tick in 0..3000 {
        let time = tick as f64 * 20.0 + 9.0 + if tick % 7 == 3 { 15.0 } else { 0.0 };
        while next < sent.len() && sent[next].arrival <= time {
            buffer.insert(packet(sent[next].seq, sent[next].timestamp), at(sent[next].arrival));
            next += 1;
        }
        match buffer.pop(at(time), 0) {
            Pop::Packet(_) => played += 1,
            _ => other += 1,
        }
    }
    assert!(played >= 2995 && other <= 5, "{played} {other} {:?}", buffer.stats());
}

#[test]
fn reordered_packets_are_sorted_and_duplicates_dropped() {
    let mut sent = stream(100, 65_500, |i| Some(if i % 10 == 5 { 25.0 } else { 4.0 }));
    for i in (0..90).step_by(9) {
        let (seq, timestamp, arrival) = (sent[i].seq, sent[i].timestamp, sent[i].arrival);
        sent.push(Sent { seq, timestamp, arrival: arrival + 1.0 + i as f64 });
    }
    let run = run(&sent, 3.0, 20, false);
    let unique: HashSet<u16> = run.seqs().into_iter().collect();
    assert_eq!(unique.len(), run.seqs().len(), "nothing twice");
    assert!(run.seqs().len() >= 98, "{:?}", run.stats);
    assert_eq!(run.stats.duplicated, 10);
    assert!(run.stats.reordered + run.stats.late >= 9, "{:?}", run.stats);
}

#[test]
fn the_first_packets_may_arrive_in_the_wrong_order() {
    let mut sent = stream(20, 65_530, |_| Some(0.0));
    sent[0].arrival = 1.0;
    let run = run(&sent, 2.0, 20, false);
    assert_eq!(run.seqs()[..2], [65_530, 65_531]);
}

#[test]
fn a_stall_is_followed_by_everything_and_the_delay_comes_back() {
    for (is_quiet, settled_s) in [(true, 14), (false, 25)] {
        // 100 ms of packets arrive together after 5 s.
        let sent = stream(settled_s * 50 + 500, 0, |i| {
            Some(if (250..255).contains(&i) { (255 - i) as f64 * 20.0 } else { 1.0 })
        });
        let run = run(&sent, 5.0, 20, is_quiet);
        assert_eq!(run.stats.lost + run.stats.discarded, 0, "{:?}", run.stats);
        assert_eq!(run.seqs().len(), sent.len());
        let peak = run.waits[252..400].iter().cloned().fold(0.0, f64::max);
        assert!(peak >= 90.0, "{peak}");
        assert!(*run.waits.last().unwrap() < 45.0, "{:?} {:?}", run.waits.last(), run.stats);
    }
}

#[test]
fn a_long_outage_does_not_leave_a_long_delay() {
    for outage in [300.0, 1_000.0, 5_000.0] {
        let lost_to = 250 + (outage / 20.0) as usize;
        let sent = stream(1000, 0, |i| {
            let is_held = (250..lost_to).contains(&i);
            Some(if is_held { (lost_to - i) as f64 * 20.0 } else { 1.0 })
        });
        let run = run(&sent, 5.0, 20, true);
        let after: Vec<&Ms> = run.waits.iter().rev().take(100).collect();
        assert!(after.iter().all(|w| **w < 215.0), "{outage} {:?}", run.stats);
    }
}

#[test]
fn clock_drift_is_followed_both_ways() {
    for ppm in [-300.0, -100.0, 100.0, 300.0] {
        let drift = 1.0 + ppm / 1e6;
        let sent: Vec<Sent> = (0..15_000usize)
            .map(|i| Sent {
                seq: i as u16,
                timestamp: i as u32 * 960,
                arrival: i as f64 * 20.0 * drift + 3.0,
            })
            .collect();
        let run = run(&sent, 1.0, 20, true);
        let (first, last) = (run.waits[50], *run.waits.last().unwrap());
        assert!(run.waits.iter().all(|w| (0.0..50.0).contains(w)), "{ppm}: {first} {last}");
        let slips = (run.stats.removed_us + run.stats.inserted_us) as usize / 10_000;
        assert_eq!(run.made_up(), 0, "{ppm}: {:?}", run.stats);
        // 300 s at 300 ppm are 90 ms; the rest is slack for periods that do not fit.
        assert!(slips <= 15, "{ppm}: {slips} {:?}", run.stats);
        assert_eq!(run.seqs().len(), 15_000);
    }
}

#[test]
fn pauses_that_are_not_sent_cost_nothing() {
    // 1 s of audio, 3 s of nothing, again; numbers go on, timestamps jump.
    let mut sent = Vec::new();
    for spurt in 0..5u32 {
        for i in 0..50u32 {
            sent.push(Sent {
                seq: (spurt * 50 + i) as u16,
                timestamp: (spurt * 200 + i) * 960,
                arrival: f64::from(spurt * 200 + i) * 20.0,
            });
        }
    }
    let run = run(&sent, 4.0, 20, false);
    assert_eq!(run.seqs().len(), 250);
    assert!(run.waits.iter().all(|&w| w < 45.0), "{:?}", run.waits);
    assert_eq!((run.stats.lost, run.stats.restarts), (0, 0));
}

#[test]
fn a_sender_clock_that_stands_still_in_a_pause_is_no_delay() {
    for (pause_ms, jump) in [(3_000.0, 0u32), (30_000.0, 0), (0.0, 48_000 * 60), (0.0, 0x8000_1234)]
    {
        let mut sent = stream(200, 7, |_| Some(0.0));
        for s in &mut sent[100..] {
            s.arrival += pause_ms;
            s.timestamp = s.timestamp.wrapping_add(jump);
        }
        let run = run(&sent, 4.0, 20, false);
        assert_eq!(run.seqs().len(), 200, "{pause_ms} {jump}");
        assert!(run.waits.iter().all(|&w| w < 65.0), "{pause_ms} {jump} {:?}", run.waits);
        assert_eq!(run.stats.discarded + run.stats.lost, 0);
    }
}

#[test]
fn a_lasting_step_of_the_transit_time_is_no_jitter() {
    // A longer route, or a sender whose clock stood still for less than a restart.
    for step in [60.0, 150.0, 500.0] {
        let sent = stream(2_000, 0, |i| Some(if i < 500 { 2.0 } else { 2.0 + step }));
        let run = run(&sent, 9.0, 20, true);
        let tail = &run.waits[run.waits.len() - 500..];
        assert!(tail.iter().all(|&w| w < 45.0), "{step} {:?} {:?}", tail.last(), run.stats);
        assert_eq!(run.seqs().len(), 2_000, "{step} {:?}", run.stats);
    }
}

#[test]
fn numbers_that_jump_start_anew_after_a_second_packet() {
    for jump in [1_000u16, 30_000, 65_000] {
        let mut sent = stream(200, 0, |_| Some(0.0));
        for s in &mut sent[100..] {
            s.seq = s.seq.wrapping_add(jump);
        }
        let run = run(&sent, 4.0, 20, false);
        assert_eq!(run.stats.restarts, 1, "{jump}");
        assert_eq!(run.stats.discarded, 1);
        assert!(run.seqs().len() >= 198, "{}", run.seqs().len());
        assert!(run.waits.iter().all(|&w| w < 45.0));
    }
    let mut stray = stream(100, 0, |_| Some(0.0));
    stray.push(Sent { seq: 40_000, timestamp: 5, arrival: 1_000.5 });
    let run = run(&stray, 4.0, 20, false);
    assert_eq!((run.stats.restarts, run.stats.discarded), (0, 1));
    assert_eq!(run.seqs().len(), 100);
}

#[test]
fn numbers_that_jump_back_a_little_are_silent_only_for_a_moment() {
    let mut sent = stream(200, 500, |_| Some(0.0));
    for s in &mut sent[100..] {
        s.seq -= 150;
    }
    let begin = Instant::now();
    let mut buffer = JitterBuffer::new(48_000, JitterOptions::default());
    let mut after = 0;
    for (i, s) in sent.iter().enumerate() {
        let now = begin + Duration::from_millis(i as u64 * 20);
        buffer.insert(packet(s.seq, s.timestamp), now);
        let pop = buffer.pop(now + Duration::from_millis(5), 0);
        after += usize::from(i >= 100 && matches!(pop, Pop::Packet(_)));
    }
    assert!(after >= 85, "{after}");
    assert_eq!(buffer.stats().restarts, 1);
}

#[test]
fn packet_lengths() {
    for packet_ms in [10u32, 20, 40, 60] {
        let n = 3000 / packet_ms as usize;
        let sent: Vec<Sent> = (0..n)
            .filter(|i| i % 20 != 13)
            .map(|i| Sent {
                seq: i as u16,
                timestamp: i as u32 * packet_ms * 48,
                arrival: i as f64 * f64::from(packet_ms),
            })
            .collect();
        let run = run(&sent, 7.0, packet_ms, false);
        assert_eq!(run.seqs().len(), sent.len(), "{packet_ms} {:?}", run.stats);
        assert_eq!(run.stats.lost as usize, n / 20 + usize::from(n % 20 > 13), "{packet_ms}");
        assert!(run.waits.iter().all(|&w| w < 25.0 + 2.0 * f64::from(packet_ms)), "{packet_ms}");
    }
}

#[test]
fn fillers_are_neither_lost_nor_played() {
    let begin = Instant::now();
    let mut buffer = JitterBuffer::new(8_000, JitterOptions::default());
    let mut played = 0;
    for i in 0..100u64 {
        let now = begin + Duration::from_millis(i * 20);
        // Every tenth packet and a run of them are something else.
        if i % 10 == 3 || (40..52).contains(&i) {
            buffer.insert_filler(i as u16);
        } else {
            buffer.insert(packet(i as u16, i as u32 * 160), now);
        }
        let pop = buffer.pop(now + Duration::from_millis(8), 0);
        assert!(!matches!(pop, Pop::Lost { .. }), "{i}");
        played += u64::from(matches!(pop, Pop::Packet(_)));
    }
    assert!(played >= 76, "{played}");
    assert_eq!(buffer.stats().lost, 0);
}

#[test]
fn garbage_numbers_never_panic_or_grow_the_buffer() {
    let begin = Instant::now();
    let mut random = Random(77);
    let mut buffer =
        JitterBuffer::new(48_000, JitterOptions { min_delay_ms: 500, max_delay_ms: 0 });
    for i in 0..20_000u64 {
        let now = begin + Duration::from_millis(i * 3);
        let seq = (random.next() * 65_536.0) as u16;
        let near = (i / 3) as u16 + (random.next() * 300.0) as u16;
        let seq = if i % 5 == 0 { seq } else { near };
        buffer.insert(packet(seq, (random.next() * 4e9) as u32), now);
        if i % 4 == 0 {
            buffer.insert_filler(seq.wrapping_add(3));
        }
        buffer.pop(now, 0);
        assert!(buffer.slots.len() <= 2 * MAX_SEQ_JUMP as usize + 2, "{}", buffer.slots.len());
    }
    buffer.insert(packet(1, 1), begin - Duration::from_secs(5));
    buffer.pop(begin - Duration::from_secs(9), 0);
}

/// What the sender's timestamps and the network may do; the delay stays within its bound.
#[test]
fn the_delay_is_bounded_whatever_the_timestamps_do() {
    type Timestamp = fn(usize, &mut Random) -> u32;
    let cases: [(&str, f64, f64, Timestamp); 7] = [
        // An echo that numbers what it got: neither numbers nor timestamps tell of the loss.
        ("renumbered after 5 % loss", 0.05, 20.0, |i, _| i as u32 * 960),
        ("renumbered after 30 % loss", 0.3, 40.0, |i, _| i as u32 * 960),
        ("standing still", 0.0, 10.0, |_, _| 7),
        ("backwards", 0.0, 10.0, |i, _| 0u32.wrapping_sub(i as u32 * 960)),
        ("twice as fast", 0.0, 10.0, |i, _| i as u32 * 1_920),
        ("jumping to and fro", 0.0, 10.0, |i, _| i as u32 * 960 + (i as u32 % 2) * 14_400),
        ("at random", 0.0, 10.0, |_, random| (random.next() * 4e9) as u32),
    ];
    for (name, loss, jitter, timestamp) in cases {
        let mut random = Random(0x1234_5678_9abc_def1);
        let (mut sent, mut number) = (Vec::new(), 0usize);
        for i in 0..3_000 {
            if random.next() < loss {
                continue;
            }
            let arrival = i as f64 * 20.0 + random.next() * jitter;
            let timestamp = timestamp(number, &mut random);
            sent.push(Sent { seq: number as u16, timestamp, arrival });
            number += 1;
        }
        let run = run(&sent, 6.0, 20, false);
        // The largest target, 60 ms, and what is decoded.
        assert!(run.waits.iter().all(|&w| w < 280.0), "{name} {:?}", run.stats);
        assert!(run.stats.current_delay_ms < 280.0, "{name} {:?}", run.stats);
        assert!(run.stats.target_delay_ms <= 200.0, "{name} {:?}", run.stats);
        let played = run.seqs().len() as f64 / sent.len() as f64;
        assert!(played > 0.9, "{name}: {played} {:?}", run.stats);
    }
}

#[test]
fn jitter_that_ends_leaves_no_delay() {
    let mut random = Random(99);
    let sent = stream(3_000, 0, |i| {
        let jitter = if (500..1_000).contains(&i) { 120.0 } else { 1.0 };
        Some(random.next() * jitter)
    });
    let run = run(&sent, 4.0, 20, false);
    let mean = |waits: &[Ms]| waits.iter().sum::<f64>() / waits.len() as f64;
    assert!(mean(&run.waits[700..900]) > 40.0, "{:?}", run.stats);
    // 26 s later: late packets are forgotten, and the delay has followed.
    let after = mean(&run.waits[2_300..]);
    assert!(after < 30.0, "{after} {:?}", run.stats);
    assert!(run.stats.removed_us > 50_000 && run.stats.discarded == 0, "{:?}", run.stats);
}

#[test]
fn a_clock_one_percent_off_neither_starves_nor_fills_the_buffer() {
    for drift in [0.99, 1.01] {
        // Three minutes, 1.8 s of drift.
        let sent: Vec<Sent> = (0..9_000usize)
            .map(|i| Sent {
                seq: i as u16,
                timestamp: i as u32 * 960,
                arrival: i as f64 * 20.0 * drift + 3.0,
            })
            .collect();
        let run = run(&sent, 1.0, 20, false);
        assert!(run.waits.iter().all(|&w| w < 90.0), "{drift} {:?}", run.stats);
        assert!(run.made_up() <= 3, "{drift}: {} {:?}", run.made_up(), run.stats);
        assert_eq!(run.seqs().len(), 9_000, "{drift} {:?}", run.stats);
        let changed = run.stats.removed_us + run.stats.inserted_us;
        assert!((1_600_000..2_400_000).contains(&changed), "{drift} {:?}", run.stats);
    }
}
