//! A bad network in virtual time, for tests: the same packets at the same times for the same seed.

use std::time::Duration;

/// What the network does to packets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Impairment {
    /// The two states of Gilbert and Elliott.
    pub(super) loss: Loss,
    pub(super) delay: Duration,
    /// Added to the delay, uniform from nothing to this.
    pub(super) jitter: Duration,
    /// Whether packets may overtake each other; otherwise a late one holds up those behind it.
    pub(super) may_reorder: bool,
    /// The share of packets that come twice.
    pub(super) duplicates: f64,
    /// The most that passes, in bits per second; 0 for no limit. Packets queue before it.
    pub(super) rate_bps: u64,
}

/// Loss with a memory: in bursts of `1 / to_good` packets in the mean, all of which are lost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    pub(super) to_bad: f64,
    pub(super) to_good: f64,
}

impl Loss {
    /// The share `loss` of the packets, in bursts of `burst` in the mean.
    pub(super) fn bursty(loss: f64, burst: f64) -> Loss {
        let to_good = 1.0 / burst;
        Loss { to_bad: loss * to_good / (1.0 - loss), to_good }
    }

    /// Each packet by itself.
    pub(super) fn random(loss: f64) -> Loss {
        Loss { to_bad: loss, to_good: 1.0 - loss }
    }
}

/// The network as it goes on.
pub(super) struct Network {
    impairment: Impairment,
    random: u64,
    is_bad: bool,
    last: Duration,
    link_free: Duration,
}

impl Network {
    pub(super) fn new(impairment: Impairment, seed: u64) -> Network {
        let (random, zero) = (seed | 1, Duration::ZERO);
        Network { impairment, random, is_bad: false, last: zero, link_free: zero }
    }

    /// From 0 to 1.
    pub(super) fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1u64 << 53) as f64
    }

    /// When a packet of `bytes` sent at `sent` arrives: not at all, once, or twice.
    pub(super) fn send(&mut self, sent: Duration, bytes: usize) -> [Option<Duration>; 2] {
        let Impairment { loss, delay, jitter, may_reorder, duplicates, rate_bps } = self.impairment;
        let change = if self.is_bad { loss.to_good } else { loss.to_bad };
        if self.random() < change {
            self.is_bad = !self.is_bad;
        }
        if self.is_bad {
            return [None, None];
        }
        let mut out = sent;
        if rate_bps > 0 {
            out = self.link_free.max(sent)
                + Duration::from_secs_f64(bytes as f64 * 8.0 / rate_bps as f64);
            self.link_free = out;
        }
        let mut arrival = out + delay + jitter.mul_f64(self.random());
        if !may_reorder {
            arrival = arrival.max(self.last);
            self.last = arrival;
        }
        let again = (self.random() < duplicates).then(|| arrival + Duration::from_millis(1));
        [Some(arrival), again]
    }
}

#[test]
fn losses_have_the_share_and_the_length_asked_for() {
    for (loss, burst) in [(0.05, 1.0), (0.1, 2.0), (0.2, 4.0)] {
        let model = if burst > 1.0 { Loss::bursty(loss, burst) } else { Loss::random(loss) };
        let mut network = Network::new(Impairment { loss: model, ..Impairment::default() }, 11);
        let (mut lost, mut bursts, mut was_lost) = (0.0, 0.0, false);
        for _ in 0..100_000 {
            let is_lost = network.send(Duration::ZERO, 100)[0].is_none();
            lost += f64::from(u8::from(is_lost));
            bursts += f64::from(u8::from(is_lost && !was_lost));
            was_lost = is_lost;
        }
        assert!((lost / 1e5 / loss - 1.0).abs() < 0.1, "{loss} {burst}: {lost}");
        // By chance two losses by themselves follow each other, too.
        let expected = if burst > 1.0 { burst } else { 1.0 / (1.0 - loss) };
        assert!((lost / bursts / expected - 1.0).abs() < 0.1, "{loss} {burst}: {}", lost / bursts);
    }
}

#[test]
fn a_narrow_link_makes_packets_wait_for_each_other() {
    let impairment = Impairment { rate_bps: 8_000, ..Impairment::default() };
    let mut network = Network::new(impairment, 1);
    for n in 1..=5 {
        let [arrival, again] = network.send(Duration::ZERO, 100);
        assert_eq!((arrival, again), (Some(Duration::from_millis(100 * n)), None));
    }
}
