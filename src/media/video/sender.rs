//! From frames to packets: cut, numbered, spread over time, and kept for a while to be sent again.

use super::{h264, ticks_of_us, vp8, EncodedVideoFrame, VideoCodec};
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Packets that may be sent at once, and after how long as many more: 75 Mbit/s, so that a key frame
/// neither waits nor overruns the buffers of the way.
const BURST: u32 = 16;
const PACE: Duration = Duration::from_millis(2);
/// Packets that are kept for being sent again: 2.4 MB, two seconds at 10 Mbit/s.
const KEPT: usize = 2048;
/// A packet is not sent again sooner than this after the last time, nor more often.
const REPEAT_PAUSE: Duration = Duration::from_millis(10);
const MAX_REPEATS: u8 = 12;
/// Repetitions that may wait; what is missing beyond that only a key frame cures.
const MAX_WAITING_REPEATS: usize = 512;

/// A packet to send; the payload type and the source are the connection's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutPacket {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload: Bytes,
    /// Whether it was sent before.
    pub(crate) is_repeat: bool,
}

struct Kept {
    packet: OutPacket,
    last_sent: Instant,
    repeats: u8,
}

/// See the module's documentation.
pub(crate) struct VideoSender {
    sequence: u16,
    timestamp: u32,
    /// The media time at which `timestamp` was due.
    last_us: Option<u64>,
    picture_id: u16,
    waiting: VecDeque<OutPacket>,
    repeats: VecDeque<u16>,
    kept: VecDeque<Kept>,
    /// Packets that may still go in this burst, which ends then.
    allowance: u32,
    burst_ends: Option<Instant>,
}

impl VideoSender {
    /// `seed` decides where sequence numbers and timestamps begin (RFC 3550, 5.1: at random).
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            sequence: seed as u16 & 0x7fff,
            timestamp: (seed >> 16) as u32,
            last_us: None,
            picture_id: (seed >> 48) as u16,
            waiting: VecDeque::new(),
            repeats: VecDeque::new(),
            kept: VecDeque::new(),
            allowance: BURST,
            burst_ends: None,
        }
    }

    /// Whether the last frame is on its way, so that another one may be taken.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a frame; its packets come from [`VideoSender::poll_packet`].
    pub(crate) fn push(&mut self, frame: &EncodedVideoFrame) {
        let payloads = match frame.codec {
            VideoCodec::Vp8 => vp8::packetize(&frame.data, self.picture_id),
            VideoCodec::H264 => h264::packetize(&frame.data),
        };
        self.picture_id = self.picture_id.wrapping_add(1);
        let elapsed = self.last_us.map_or(0, |last| {
            // Differences of rounded times, so that errors do not add up. A clock that goes back
            // stands still.
            ticks_of_us(frame.timestamp_us.max(last)) - ticks_of_us(last)
        });
        self.last_us = Some(frame.timestamp_us.max(self.last_us.unwrap_or(0)));
        self.timestamp = self.timestamp.wrapping_add(elapsed as u32);
        let last = payloads.len().saturating_sub(1);
        for (index, payload) in payloads.into_iter().enumerate() {
            self.waiting.push_back(OutPacket {
                sequence: self.sequence,
                timestamp: self.timestamp,
                marker: index == last,
                payload,
                is_repeat: false,
            });
            self.sequence = self.sequence.wrapping_add(1);
        }
    }

    /// The far side misses these.
    pub(crate) fn missed(&mut self, sequences: impl Iterator<Item = u16>) {
        for sequence in sequences {
            if self.repeats.len() < MAX_WAITING_REPEATS && !self.repeats.contains(&sequence) {
                self.repeats.push_back(sequence);
            }
        }
    }

    /// The next packet that may go now.
    pub(crate) fn poll_packet(&mut self, now: Instant) -> Option<OutPacket> {
        if self.burst_ends.is_none_or(|end| end <= now) {
            self.allowance = BURST;
            self.burst_ends = None;
        }
        if self.allowance == 0 {
            return None;
        }
        let packet = self.repeat(now).or_else(|| self.fresh(now))?;
        self.allowance -= 1;
        self.burst_ends.get_or_insert(now + PACE);
        Some(packet)
    }

    fn fresh(&mut self, now: Instant) -> Option<OutPacket> {
        let packet = self.waiting.pop_front()?;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Kept { packet: packet.clone(), last_sent: now, repeats: 0 });
        Some(packet)
    }

    fn repeat(&mut self, now: Instant) -> Option<OutPacket> {
        while let Some(sequence) = self.repeats.pop_front() {
            let oldest = self.kept.front()?.packet.sequence;
            // Sequence numbers are contiguous, so they are places.
            let Some(kept) = self.kept.get_mut(usize::from(sequence.wrapping_sub(oldest))) else {
                continue;
            };
            if kept.repeats >= MAX_REPEATS || now < kept.last_sent + REPEAT_PAUSE {
                continue;
            }
            kept.repeats += 1;
            kept.last_sent = now;
            return Some(OutPacket { is_repeat: true, ..kept.packet.clone() });
        }
        None
    }

    /// When [`VideoSender::poll_packet`] may give more.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let has_more = !self.waiting.is_empty() || !self.repeats.is_empty();
        if has_more && self.allowance == 0 {
            self.burst_ends
        } else {
            None
        }
    }

    /// Forgets what waits to be sent: the path is gone.
    pub(crate) fn clear(&mut self) {
        // Their numbers are taken back, since the far side never saw them.
        if let Some(first) = self.waiting.front() {
            self.sequence = first.sequence;
        }
        self.waiting.clear();
        self.repeats.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize, us: u64) -> EncodedVideoFrame {
        EncodedVideoFrame::new(VideoCodec::Vp8, vec![0x10; length], us).expect("a frame")
    }

    fn drain(sender: &mut VideoSender, mut now: Instant) -> (Vec<OutPacket>, Instant) {
        let mut packets = Vec::new();
        loop {
            while let Some(packet) = sender.poll_packet(now) {
                packets.push(packet);
            }
            match sender.poll_timeout() {
                Some(due) => now = due,
                None => return (packets, now),
            }
        }
    }

    #[test]
    fn the_marker_ends_each_frame_and_time_advances_by_the_clock() {
        let now = Instant::now();
        let mut sender = VideoSender::new(u64::from(u16::MAX) - 1);
        for (length, us) in [(3000, 1_000_000), (10, 1_033_333), (10, 1_066_667), (10, 900_000)] {
            sender.push(&frame(length, us));
        }
        let (packets, _) = drain(&mut sender, now);
        let markers: Vec<bool> = packets.iter().map(|packet| packet.marker).collect();
        assert_eq!(markers, [false, false, true, true, true, true]);
        let base = packets[0].timestamp;
        let times: Vec<u32> = packets.iter().map(|p| p.timestamp.wrapping_sub(base)).collect();
        assert_eq!(times, [0, 0, 0, 3000, 6000, 6000], "a clock that goes back stands still");
        let first = packets[0].sequence;
        let numbers: Vec<u16> = packets.iter().map(|p| p.sequence.wrapping_sub(first)).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_large_frame_is_spread_over_time() {
        let now = Instant::now();
        let mut sender = VideoSender::new(7);
        sender.push(&frame(100_000, 0));
        let mut first = 0;
        while sender.poll_packet(now).is_some() {
            first += 1;
        }
        assert_eq!(first, BURST);
        assert_eq!(sender.poll_timeout(), Some(now + PACE));
        let (rest, end) = drain(&mut sender, now);
        assert_eq!(rest.len() as u32 + first, 100_000_u32.div_ceil(1168));
        assert_eq!(end - now, PACE * (rest.len() as u32).div_ceil(BURST));
        assert!(sender.is_idle());
    }

    #[test]
    fn what_is_missed_is_sent_again_within_bounds() {
        let now = Instant::now();
        let mut sender = VideoSender::new(0xfff0);
        sender.push(&frame(5000, 0));
        let (packets, now) = drain(&mut sender, now);
        let wanted = packets[2].sequence;
        sender.missed(
            [wanted, wanted, wanted.wrapping_sub(100), wanted.wrapping_add(100)].into_iter(),
        );
        assert_eq!(sender.poll_packet(now), None, "it may still be on its way");
        let mut now = now;
        for turn in 0..u32::from(MAX_REPEATS) + 3 {
            now += REPEAT_PAUSE;
            sender.missed(std::iter::once(wanted));
            let repeated = sender.poll_packet(now);
            let expected = (turn < u32::from(MAX_REPEATS)).then(|| packets[2].payload.clone());
            assert_eq!(repeated.map(|packet| packet.payload), expected, "{turn}");
        }
    }

    #[test]
    fn the_history_is_bounded() {
        let mut now = Instant::now();
        let mut sender = VideoSender::new(60_000);
        let mut first = None;
        for n in 0..KEPT as u64 + 10 {
            sender.push(&frame(10, n * 1000));
            let (packets, later) = drain(&mut sender, now + PACE);
            now = later;
            first.get_or_insert(packets[0].sequence);
        }
        assert_eq!(sender.kept.len(), KEPT);
        let gone = first.expect("one");
        sender.missed([gone, gone.wrapping_add(10)].into_iter());
        let again = sender.poll_packet(now + REPEAT_PAUSE).expect("the second is there");
        assert_eq!((again.sequence, again.is_repeat), (gone.wrapping_add(10), true));
    }

    #[test]
    fn numbers_of_what_was_never_sent_are_used_again() {
        let now = Instant::now();
        let mut sender = VideoSender::new(1);
        sender.push(&frame(100_000, 0));
        let sent = std::iter::from_fn(|| sender.poll_packet(now)).last().expect("some");
        sender.clear();
        sender.push(&frame(10, 1000));
        let (next, _) = drain(&mut sender, now + PACE);
        assert_eq!(next[0].sequence, sent.sequence.wrapping_add(1));
    }
}
