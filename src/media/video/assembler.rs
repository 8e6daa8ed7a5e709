//! From received packets to frames: put in order, missing ones asked for, whole pictures given out.
//!
//! A picture that cannot be completed makes all that follow useless, so after a loss that is not
//! repaired in time nothing is given out before the next key frame, which is asked for.

use super::{h264, us_of_ticks, vp8, EncodedVideoFrame, VideoCodec, VideoPacket, MAX_FRAME_BYTES};
use bytes::{Bytes, BytesMut};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Packets that may wait for a missing one: a key frame of the largest size, and more.
const WINDOW: u64 = 2048;
/// Packets that may be missing at once; more is not a loss but a new beginning.
const MAX_MISSING: usize = 512;
/// Before a missing packet is asked for it may be just late.
const REORDERING: Duration = Duration::from_millis(10);
/// Between two requests for one packet, at least; the round trip where that is longer.
const RETRY: Duration = Duration::from_millis(40);
const MAX_TRIES: u8 = 10;
/// How long a missing packet holds up the picture, with and without requests.
const PATIENCE: Duration = Duration::from_millis(600);
const PATIENCE_WITHOUT_NACK: Duration = Duration::from_millis(80);
/// Between two requests for a key frame.
const KEY_FRAME_PAUSE: Duration = Duration::from_millis(500);
/// Packet numbers in one NACK message.
const MAX_PER_NACK: usize = 128;

/// What the far side is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Feedback {
    /// These packets are missing (RFC 4585, 6.2.1).
    Nack { ssrc: u32, sequences: Vec<u16> },
    /// A key frame is needed (RFC 4585, 6.3.1).
    KeyFrame { ssrc: u32 },
}

/// Counters of a received stream, over all its sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReceiveCounters {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// Packets that never came.
    pub(crate) lost: u64,
    /// Packets that came after they were asked for.
    pub(crate) repaired: u64,
    pub(crate) frames: u64,
    pub(crate) key_frames: u64,
    /// Pictures that were incomplete, or useless without one that was.
    pub(crate) frames_dropped: u64,
    pub(crate) nacks: u64,
    pub(crate) key_frame_requests: u64,
    pub(crate) malformed: u64,
}

/// What a kept packet has.
enum Content {
    /// Part of a picture, and whether one may or does begin with it.
    Part { codec: VideoCodec, place: h264::Place, data: Bytes },
    /// Nothing: padding.
    Padding,
    /// Not readable; its picture is lost.
    Malformed,
}

struct Kept {
    timestamp: u32,
    marker: bool,
    content: Content,
}

struct Missing {
    noticed: Instant,
    asked: Option<Instant>,
    tries: u8,
}

/// See the module's documentation.
pub(crate) struct FrameAssembler {
    ssrc: Option<u32>,
    has_nack: bool,
    round_trip: Duration,
    /// The next packet that is to be looked at, and the highest that came, with their cycles.
    next: u64,
    highest: u64,
    kept: BTreeMap<u64, Kept>,
    missing: BTreeMap<u64, Missing>,
    needs_key_frame: bool,
    /// Whether the packet before `next` ended a picture.
    is_at_start: bool,
    wants_key_frame: bool,
    asked_for_key_frame: Option<Instant>,
    clock: Clock,
    frames: VecDeque<EncodedVideoFrame>,
    counters: ReceiveCounters,
}

/// Media time over all wraps and sources.
#[derive(Default)]
struct Clock {
    /// The last RTP timestamp of this source and its ticks since the first one.
    last: Option<(u32, i64)>,
    /// The media time at which this source began.
    origin_us: u64,
    latest_us: u64,
    latest_at: Option<Instant>,
}

impl Clock {
    fn us(&mut self, timestamp: u32, now: Instant) -> u64 {
        let ticks = match self.last {
            Some((last, ticks)) => ticks + i64::from(timestamp.wrapping_sub(last) as i32),
            None => 0,
        };
        self.last = Some((timestamp, ticks));
        let us = self.origin_us + us_of_ticks(u64::try_from(ticks).unwrap_or(0));
        self.latest_us = self.latest_us.max(us);
        self.latest_at = Some(now);
        us
    }

    /// Another source goes on where this one is by now.
    fn restart(&mut self, now: Instant) {
        let since = self.latest_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.origin_us = self.latest_us + u64::try_from(since.as_micros()).unwrap_or(0);
        self.last = None;
    }
}

impl FrameAssembler {
    /// `has_nack`: whether the far side sends packets again.
    pub(crate) fn new(has_nack: bool) -> Self {
        Self {
            ssrc: None,
            has_nack,
            round_trip: Duration::ZERO,
            next: 0,
            highest: 0,
            kept: BTreeMap::new(),
            missing: BTreeMap::new(),
            needs_key_frame: true,
            is_at_start: false,
            wants_key_frame: false,
            asked_for_key_frame: None,
            clock: Clock::default(),
            frames: VecDeque::new(),
            counters: ReceiveCounters::default(),
        }
    }

    pub(crate) fn counters(&self) -> ReceiveCounters {
        self.counters
    }

    /// Whether the far side sends packets again, as a later description says.
    pub(crate) fn set_nack(&mut self, has_nack: bool) {
        self.has_nack = has_nack;
    }

    /// How long a request and its answer take.
    pub(crate) fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = round_trip;
    }

    /// Asks for a key frame, as soon as there is a source to ask; at most every half second.
    pub(crate) fn request_key_frame(&mut self) {
        self.wants_key_frame = true;
    }

    /// Nothing is given out before the next key frame: somebody lost frames.
    pub(crate) fn skip_to_key_frame(&mut self) {
        self.needs_key_frame = true;
        self.wants_key_frame = true;
    }

    /// Takes a packet.
    pub(crate) fn insert(&mut self, packet: VideoPacket, now: Instant) {
        self.counters.packets += 1;
        self.counters.bytes += packet.payload.len() as u64;
        if self.ssrc != Some(packet.ssrc) {
            self.begin(packet.ssrc, packet.sequence, now);
        }
        let mut position = self.position(packet.sequence);
        if position > self.highest + WINDOW {
            self.begin(packet.ssrc, packet.sequence, now);
            position = self.position(packet.sequence);
        }
        if position < self.next || self.kept.contains_key(&position) {
            return;
        }
        if self.missing.remove(&position).is_some_and(|missing| missing.tries > 0) {
            self.counters.repaired += 1;
        }
        for absent in self.highest + 1..position {
            self.missing.insert(absent, Missing { noticed: now, asked: None, tries: 0 });
        }
        self.highest = self.highest.max(position);
        let kept = self.read(packet);
        self.kept.insert(position, kept);
        if self.missing.len() > MAX_MISSING || self.highest - self.next >= WINDOW {
            self.give_up_before(self.highest.saturating_sub(WINDOW / 2).max(self.next + 1));
        }
        self.take_frames(now);
    }

    fn begin(&mut self, ssrc: u32, sequence: u16, now: Instant) {
        if self.ssrc.is_some() {
            self.clock.restart(now);
            self.wants_key_frame = true;
        }
        self.ssrc = Some(ssrc);
        self.kept.clear();
        self.missing.clear();
        // High enough that earlier ones have a place, too.
        self.next = 0x1_0000 + u64::from(sequence);
        self.highest = self.next;
        self.needs_key_frame = true;
        self.is_at_start = false;
    }

    /// The number with its cycles: the one nearest to the highest that came.
    fn position(&self, sequence: u16) -> u64 {
        let ahead = i64::from(sequence.wrapping_sub(self.highest as u16) as i16);
        self.highest.saturating_add_signed(ahead)
    }

    fn read(&mut self, packet: VideoPacket) -> Kept {
        let VideoPacket { codec, payload, timestamp, marker, .. } = packet;
        let content = if payload.is_empty() {
            Content::Padding
        } else {
            let part = match codec {
                VideoCodec::Vp8 => vp8::depacketize(&payload).map(|part| {
                    let place =
                        if part.is_start { h264::Place::Begins } else { h264::Place::Inside };
                    (place, part.data)
                }),
                VideoCodec::H264 => h264::place(&payload).map(|place| (place, payload)),
            };
            match part {
                Some((place, data)) => Content::Part { codec, place, data },
                None => {
                    self.counters.malformed += 1;
                    Content::Malformed
                }
            }
        };
        Kept { timestamp, marker, content }
    }

    fn take_frames(&mut self, now: Instant) {
        while self.take_frame(now) {}
    }

    /// Deals with the picture at `next` if it is whole; whether there may be another one.
    fn take_frame(&mut self, now: Instant) -> bool {
        self.skip_padding();
        let Some(first) = self.kept.get(&self.next) else { return false };
        let timestamp = first.timestamp;
        let mut end = self.next;
        loop {
            let Some(kept) = self.kept.get(&end) else { return false };
            if kept.timestamp != timestamp {
                break;
            }
            end += 1;
            if kept.marker {
                break;
            }
        }
        let packets: Vec<Kept> =
            (self.next..end).filter_map(|position| self.kept.remove(&position)).collect();
        let was_at_start = std::mem::replace(&mut self.is_at_start, true);
        self.next = end;
        match join(&packets, was_at_start) {
            Some((codec, data)) => {
                let us = self.clock.us(timestamp, now);
                self.give(EncodedVideoFrame::read(codec, data, us));
            }
            None => self.broken(),
        }
        true
    }

    /// Packets without content, and an end of a picture that was dealt with.
    fn skip_padding(&mut self) {
        while let Some(Kept { content: Content::Padding, .. }) = self.kept.get(&self.next) {
            self.kept.remove(&self.next);
            self.next += 1;
        }
    }

    fn give(&mut self, frame: EncodedVideoFrame) {
        if self.needs_key_frame && !frame.is_key_frame {
            self.counters.frames_dropped += 1;
            self.wants_key_frame = true;
            return;
        }
        if frame.is_key_frame {
            self.needs_key_frame = false;
            self.wants_key_frame = false;
            self.counters.key_frames += 1;
        }
        self.counters.frames += 1;
        self.frames.push_back(frame);
    }

    fn broken(&mut self) {
        self.counters.frames_dropped += 1;
        self.needs_key_frame = true;
        self.wants_key_frame = true;
    }

    /// Goes on behind `limit`; what is missing until there is lost.
    fn give_up_before(&mut self, limit: u64) {
        let absent =
            (self.next..limit).filter(|position| !self.kept.contains_key(position)).count();
        self.counters.lost += absent as u64;
        self.kept = self.kept.split_off(&limit);
        self.missing = self.missing.split_off(&limit);
        self.next = limit;
        self.is_at_start = false;
        self.broken();
        // What is absent right behind stays missing: it may come.
    }

    /// The next whole picture.
    pub(crate) fn poll_frame(&mut self) -> Option<EncodedVideoFrame> {
        self.frames.pop_front()
    }

    /// What is due now.
    pub(crate) fn poll_feedback(&mut self, now: Instant) -> Option<Feedback> {
        let ssrc = self.ssrc?;
        let pause_is_over =
            self.asked_for_key_frame.is_none_or(|asked| now >= asked + KEY_FRAME_PAUSE);
        if self.wants_key_frame && pause_is_over {
            self.wants_key_frame = false;
            self.asked_for_key_frame = Some(now);
            self.counters.key_frame_requests += 1;
            return Some(Feedback::KeyFrame { ssrc });
        }
        let sequences = self.ask_for(now);
        if sequences.is_empty() {
            return None;
        }
        self.counters.nacks += 1;
        Some(Feedback::Nack { ssrc, sequences })
    }

    fn ask_for(&mut self, now: Instant) -> Vec<u16> {
        if !self.has_nack {
            return Vec::new();
        }
        let retry = RETRY.max(self.round_trip);
        self.missing
            .iter_mut()
            .filter(|(_, missing)| missing.due(retry).is_some_and(|due| due <= now))
            .take(MAX_PER_NACK)
            .map(|(position, missing)| {
                missing.asked = Some(now);
                missing.tries += 1;
                *position as u16
            })
            .collect()
    }

    fn patience(&self) -> Duration {
        if self.has_nack {
            PATIENCE.max(self.round_trip * 3)
        } else {
            PATIENCE_WITHOUT_NACK
        }
    }

    /// Gives up what is missing for too long.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let patience = self.patience();
        let late = self.missing.iter().rev().find(|(_, missing)| missing.noticed + patience <= now);
        if let Some(limit) = late.map(|(position, _)| position + 1) {
            self.give_up_before(limit.max(self.next));
            self.take_frames(now);
        }
    }

    /// When [`FrameAssembler::handle_timeout`] or [`FrameAssembler::poll_feedback`] is due.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.ssrc?;
        let retry = RETRY.max(self.round_trip);
        let patience = self.patience();
        let asked =
            self.missing.values().filter(|_| self.has_nack).filter_map(|m| m.due(retry)).min();
        let given_up = self.missing.values().map(|missing| missing.noticed + patience).min();
        // Without a request before it is due at once: any time of the past says so.
        let key_frame = self.asked_for_key_frame.filter(|_| self.wants_key_frame);
        let key_frame = key_frame.map(|asked| asked + KEY_FRAME_PAUSE);
        [asked, given_up, key_frame].into_iter().flatten().min()
    }
}

impl Missing {
    /// When it is to be asked for; `None` when it was asked for often enough.
    fn due(&self, retry: Duration) -> Option<Instant> {
        if self.tries >= MAX_TRIES {
            return None;
        }
        Some(self.asked.map_or(self.noticed + REORDERING, |asked| asked + retry))
    }
}

/// One picture out of its packets, the first of which comes right behind an end if `is_at_start`.
fn join(packets: &[Kept], is_at_start: bool) -> Option<(VideoCodec, Bytes)> {
    let mut parts = Vec::with_capacity(packets.len());
    let mut size = 0;
    for packet in packets {
        match &packet.content {
            Content::Part { codec, place, data } => {
                size += data.len();
                parts.push((*codec, *place, data));
            }
            Content::Padding => {}
            Content::Malformed => return None,
        }
    }
    let (codec, place, first) = *parts.first()?;
    let begins = match place {
        h264::Place::Begins => true,
        h264::Place::MayBegin => is_at_start,
        h264::Place::Inside => false,
    };
    if !begins || size > MAX_FRAME_BYTES || parts.iter().any(|(other, ..)| *other != codec) {
        return None;
    }
    match codec {
        VideoCodec::H264 => h264::depacketize(parts.iter().map(|(.., data)| *data)),
        VideoCodec::Vp8 if parts.len() == 1 => Some(first.clone()),
        VideoCodec::Vp8 => {
            let mut whole = BytesMut::with_capacity(size);
            parts.iter().for_each(|(.., data)| whole.extend_from_slice(data));
            Some(whole.freeze())
        }
    }
    .map(|data| (codec, data))
}

#[cfg(test)]
#[path = "assembler_tests.rs"]
mod tests;
