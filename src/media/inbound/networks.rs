//! A voice through encoder, bad networks, jitter buffer and decoder, in virtual time.
//!
//! `cargo test --lib inbound::networks -- --nocapture` prints the table.

use super::impairment::{Impairment, Loss, Network};
use super::tests::Rig;
use super::*;
use crate::media::frame::AudioFrame;
use proptest::prelude::*;
use std::time::Duration;

const TICKS: usize = 1_000;

/// Sends a voice through `network`; the pipeline's numbers and what was heard.
fn through(codec: AudioCodec, impairment: Impairment, seed: u64) -> (JitterStats, Vec<i16>) {
    let mut rig = Rig::new(codec);
    rig.is_voice = true;
    let sink = rig.listen(AudioFormat::MONO_48K);
    let mut network = Network::new(impairment, seed);
    let mut under_way: Vec<(Duration, RtpAudio)> = Vec::new();
    for tick in 0..TICKS {
        let time = Duration::from_millis(tick as u64 * 20);
        let packet = rig.next_packet();
        let arrivals = network.send(time, packet.payload.len());
        under_way.extend(arrivals.into_iter().flatten().map(|at| (at, packet.clone())));
        under_way.sort_by_key(|(at, _)| *at);
        let now = time + Duration::from_millis(7);
        while under_way.first().is_some_and(|(at, _)| *at <= now) {
            let (at, packet) = under_way.remove(0);
            rig.pipeline.insert(packet, rig.begin + at);
        }
        rig.pipeline.tick(rig.begin + now);
        rig.sent += 1;
    }
    let heard = sink.frames().into_iter().flat_map(|frame| frame.samples).collect();
    (rig.pipeline.stats().jitter, heard)
}

fn power(pcm: &[i16]) -> f64 {
    pcm.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / pcm.len().max(1) as f64
}

#[test]
fn a_voice_survives() {
    let ms = Duration::from_millis;
    let with = |loss: Loss, jitter: u64| Impairment {
        loss,
        delay: ms(20),
        jitter: ms(jitter),
        may_reorder: true,
        ..Impairment::default()
    };
    let none = Loss::default();
    // Most that is made up beyond what was lost, in percent, and the largest mean delay in ms.
    #[rustfmt::skip]
    let cases = [
        ("clean", with(none, 0), 0.1, 22.0),
        ("jitter 40 ms", with(none, 40), 2.0, 60.0),
        ("jitter 80 ms", with(none, 80), 3.0, 100.0),
        ("5 % loss", with(Loss::random(0.05), 0), 0.5, 45.0),
        ("20 % loss, jitter 40 ms", with(Loss::random(0.2), 40), 3.0, 90.0),
        ("10 % in bursts of 4", with(Loss::bursty(0.1, 4.0), 20), 2.0, 70.0),
        ("twice", Impairment { duplicates: 0.3, ..with(none, 20) }, 2.0, 45.0),
    ];
    println!(
        "{:<26} {:>7} {:>7} {:>8} {:>8} {:>6}",
        "network, codec", "lost", "made up", "delay", "target", "power"
    );
    for codec in [AudioCodec::Opus, AudioCodec::Pcmu] {
        let (_, clean) = through(codec, Impairment::default(), 1);
        for (name, impairment, extra, most_delay) in cases {
            let (stats, heard) = through(codec, impairment, 0x5eed_1234);
            let of_all = |n: f64| 100.0 * n / TICKS as f64;
            let lost = of_all(stats.lost as f64 - stats.late as f64);
            let made_up = of_all(stats.concealed_us as f64 / 20_000.0);
            let ratio = power(&heard) / power(&clean);
            println!(
                "{:<26} {lost:6.2}% {made_up:6.2}% {:6.1}ms {:6.1}ms {ratio:6.2}",
                format!("{name}, {}", codec.sdp_name()),
                stats.current_delay_ms,
                stats.target_delay_ms
            );
            let name = format!("{name} {codec:?} {stats:?}");
            // The delay of the network passes before the first frame.
            assert!((TICKS - 4..=TICKS).contains(&(heard.len() / 960)), "{name}");
            assert!(made_up <= lost + extra, "{made_up} {lost}: {name}");
            assert!(f64::from(stats.current_delay_ms) < most_delay, "{name}");
            assert!((0.75..1.15).contains(&ratio), "{ratio}: {name}");
        }
    }
}

/// In-band redundancy beside whole copies of earlier packets (RED, RFC 2198). Both need the packet behind
/// the lost one before its turn; the copies are counted as if that were always there.
#[test]
fn in_band_redundancy_does_much_of_what_a_copy_in_the_next_packet_could() {
    const SEED: u64 = 0x5eed_1234;
    println!("{:<22} {:>6} {:>8} {:>8} {:>8}", "loss", "lost", "in band", "1 copy", "2 copies");
    for (name, loss) in [
        ("10 %", Loss::random(0.1)),
        ("20 %", Loss::random(0.2)),
        ("10 % in bursts of 2", Loss::bursty(0.1, 2.0)),
        ("20 % in bursts of 2", Loss::bursty(0.2, 2.0)),
    ] {
        let impairment =
            Impairment { loss, delay: Duration::from_millis(20), ..Impairment::default() };
        let mut network = Network::new(impairment, SEED);
        let lost: Vec<bool> =
            (0..TICKS).map(|_| network.send(Duration::ZERO, 100)[0].is_none()).collect();
        let left =
            |copies: usize| lost.windows(copies + 1).filter(|run| !run.contains(&false)).count();
        let (stats, _) = through(AudioCodec::Opus, impairment, SEED);
        let made_up = (stats.concealed_us / 20_000) as usize;
        println!("{name:<22} {:>6} {made_up:>8} {:>8} {:>8}", left(0), left(1), left(2));
        let recovered = stats.fec_frames as usize;
        assert!(recovered * 3 >= left(0) - left(1), "{name}: {recovered} recovered, {stats:?}");
        assert!(made_up + TICKS / 100 >= left(1), "{name}: more than there can be, {stats:?}");
    }
}

/// Counts samples.
#[derive(Default)]
struct Count(AtomicU64);

impl AudioSink for Count {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        self.0.fetch_add(frame.samples.len() as u64, Ordering::Relaxed);
    }
}

/// A packet: how much its number and its timestamp are ahead, when it arrives after the one before
/// in milliseconds, and its length.
type Step = (i32, i64, u64, usize);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = prop_oneof![8 => Just(1i32), 1 => -300..300, 1 => -40_000..40_000];
    let timestamp = prop_oneof![8 => Just(160i64), 1 => -8_000..8_000i64, 1 => any::<i32>().prop_map(i64::from)];
    let wait = prop_oneof![8 => 0..40u64, 1 => 0..400u64];
    let length = prop_oneof![6 => Just(160usize), 2 => 0..1_000usize];
    proptest::collection::vec((number, timestamp, wait, length), 1..300)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Whatever comes: every tick gives one frame, and no packet waits longer than it may.
    #[test]
    fn any_packets_give_one_frame_per_tick_within_the_bound(steps in steps()) {
        let output = AudioOutput::new();
        let count = Arc::new(Count::default());
        output.add_direct_sink(AudioFormat::MONO_8K, count.clone()).unwrap();
        let mut pipeline =
            AudioReceivePipeline::new([(0, AudioCodec::Pcmu)], output, &ReceiveOptions::default());
        let begin = Instant::now();
        let (mut seq, mut timestamp, mut arrival, mut ticks) = (0u16, 0u32, 0u64, 0u64);
        let mut due = 0u64;
        for (number, step, wait, length) in steps {
            seq = seq.wrapping_add(number as u16);
            timestamp = timestamp.wrapping_add(step as u32);
            arrival += wait;
            let payload = Bytes::from(vec![(arrival * 7) as u8; length]);
            let packet =
                RtpAudio { ssrc: 1, seq, timestamp, payload_type: 0, marker: false, payload };
            pipeline.insert(packet, begin + Duration::from_millis(arrival));
            while due <= arrival {
                pipeline.tick(begin + Duration::from_millis(due.max(arrival)));
                due += 20;
                ticks += 1;
                prop_assert_eq!(count.0.load(Ordering::Relaxed), ticks * 160);
            }
            let stats = pipeline.stats().jitter;
            prop_assert!(stats.target_delay_ms <= 200.0, "{:?}", stats);
            prop_assert!(stats.current_delay_ms <= 265.0, "{:?}", stats);
        }
    }
}
