//! The jitter buffer: puts packets in order, waits as long as the network needs and no longer.
//!
//! A pure state machine: inputs are packets with their arrival and ticks with the time. Its
//! measure is the *delay* of a packet: the time since a packet of that timestamp would have
//! arrived had it been as fast as the fastest. In the steady state each packet is played when its
//! delay is within the last 20 ms before the target. The target is the 97th percentile of the
//! lateness seen, at least that of a recent late packet (both fade), and one packet more while
//! there is loss (so that the successor is there to recover it from).
//!
//! * Nothing there at a tick: `Empty`. The place of the missing packet is kept, so a late packet
//!   is still played and the delay has grown by what was concealed. If it was lost after all, its
//!   place is skipped because it was concealed already.
//! * Delay too small or too large: [`JitterBuffer::pace`] asks for slower or faster play-out, which
//!   the caller does without a change of pitch. So the buffer follows the target and clock drift.
//! * However the timestamps behave, a packet waits no longer than the largest target and 60 ms.
//! * Numbers that are missing before a packet which is long overdue are a jump of the numbers: they
//!   are skipped, not concealed.
//! * A gap in the timestamps without a gap in the numbers (silence that was not sent) is waited out.
//! * A timestamp jump against the arrival times, or a jump of the numbers confirmed by a second
//!   packet, starts the stream anew without moving the delay.

mod delay;
mod pace;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use self::delay::DelayEstimator;
use self::pace::Pacer;

pub use self::pace::Pace;

/// The time between two calls of [`JitterBuffer::pop`], in microseconds.
const TICK_US: i64 = 20_000;

/// Sequence numbers further ahead or behind than this are a restart, not loss.
const MAX_SEQ_JUMP: i64 = 256;

/// So many late packets with consecutive numbers, over so long, are a restart: what was held up
/// somewhere comes at once.
const LATE_RUN_RESTART: u32 = 10;
const LATE_RUN_US: i64 = 100_000;

/// Delay above the target at which packets are thrown away at once.
const FAR_ABOVE_US: i64 = 60_000;

/// Weight of one packet in the mean of the delay.
const DELAY_WEIGHT: f32 = 1.0 / 8.0;

/// The longest time that one packet can last, in microseconds.
const MAX_PACKET_US: i64 = 120_000;

/// Loss (exponential mean) at which the buffer waits for the successor of each packet, and ends:
/// one lost packet is enough, and after it three seconds without another.
const LOSS_ON: f32 = 0.002;
const LOSS_OFF: f32 = 0.001;
const LOSS_WEIGHT: f32 = 1.0 / 64.0;

/// Limits of the jitter buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterOptions {
    /// The smallest target delay in milliseconds. Default 20.
    pub min_delay_ms: u32,
    /// The largest target delay in milliseconds. Default 200.
    pub max_delay_ms: u32,
}

impl Default for JitterOptions {
    fn default() -> Self {
        JitterOptions { min_delay_ms: 20, max_delay_ms: 200 }
    }
}

/// One packet in the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// RTP sequence number.
    pub seq: u16,
    /// RTP timestamp.
    pub timestamp: u32,
    /// The encoded audio.
    pub payload: Bytes,
    /// RTP marker bit.
    pub marker: bool,
}

/// What to play next.
#[derive(Debug, PartialEq, Eq)]
pub enum Pop<'a> {
    /// Decode this packet.
    Packet(Packet),
    /// The packet for now is lost; make up `duration_us` of audio, from `next` if that is there.
    Lost {
        /// The packet right after the lost one.
        next: Option<&'a Packet>,
        /// The length of the lost packet in microseconds.
        duration_us: u32,
    },
    /// Audio is there but it is too early; make up 20 ms.
    Wait,
    /// Nothing is there; make up 20 ms.
    Empty,
}

/// The counters of a jitter buffer. They survive a restart of the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct JitterStats {
    /// Packets handed to the buffer, including late, duplicated and discarded ones.
    pub received: u64,
    /// Packets that were missing when their time came. A late packet counts here too.
    pub lost: u64,
    /// Packets that arrived after their time.
    pub late: u64,
    /// Packets that had arrived before.
    pub duplicated: u64,
    /// Packets that arrived in time but after a successor.
    pub reordered: u64,
    /// Packets thrown away: the buffer was far too full, or a jump was not confirmed.
    pub discarded: u64,
    /// Frames made up because nothing was there.
    pub concealed_frames: u64,
    /// Frames recovered from their successor.
    pub fec_frames: u64,
    /// Times that audio had to be made up after some that was received or recovered.
    pub concealment_events: u64,
    /// Audio made up, in microseconds, and the part of it that was silence.
    pub concealed_us: u64,
    pub silent_concealed_us: u64,
    /// Audio taken out to reduce the delay, in microseconds.
    pub removed_us: u64,
    /// Audio put in to increase the delay, in microseconds.
    pub inserted_us: u64,
    /// Starts after the first: jumps of the numbers, new sources.
    pub restarts: u64,
    /// Interarrival jitter (RFC 3550, 6.4.1) in milliseconds.
    pub jitter_ms: f32,
    /// The delay that the buffer aims at, in milliseconds.
    pub target_delay_ms: f32,
    /// The time from arrival to play-out of the packets played lately, in milliseconds.
    pub current_delay_ms: f32,
}

enum Slot {
    Missing,
    /// A packet that carries no audio of ours.
    Filler,
    Packet(Entry),
}

struct Entry {
    packet: Packet,
    media_us: i64,
    arrival_us: i64,
}

/// The newest packet in sequence: the reference for unwrapping.
struct Newest {
    seq: i64,
    timestamp: u32,
    media_us: i64,
    arrival_us: i64,
}

/// Late packets that came one after the other.
#[derive(Clone, Copy, Default)]
struct LateRun {
    next: u16,
    count: u32,
    began_us: i64,
}

/// See the module's text.
pub struct JitterBuffer {
    options: JitterOptions,
    clock_rate: i64,
    epoch: Option<Instant>,
    slots: VecDeque<Slot>,
    /// Extended sequence number of `slots[0]`: the packet to play next.
    base: i64,
    highest: i64,
    newest: Option<Newest>,
    /// Media time at which the packet `base` should begin.
    next_us: i64,
    packet_us: i64,
    /// Bit n: packet `base - 1 - n` was received.
    history: u64,
    has_played: bool,
    /// Time concealed by `Empty` since the last packet.
    concealed_us: i64,
    pacer: Pacer,
    suspect: Option<u16>,
    late_run: LateRun,
    loss: f32,
    has_fec: bool,
    is_loss_high: bool,
    estimator: DelayEstimator,
    jitter_us: f32,
    stats: JitterStats,
}

impl JitterBuffer {
    /// Makes an empty buffer for timestamps of `clock_rate` Hz.
    ///
    /// A maximum below the minimum is raised to it.
    pub fn new(clock_rate: u32, options: JitterOptions) -> Self {
        JitterBuffer {
            options,
            clock_rate: i64::from(clock_rate.max(1)),
            epoch: None,
            slots: VecDeque::with_capacity(MAX_SEQ_JUMP as usize + 1),
            base: 0,
            highest: 0,
            newest: None,
            next_us: 0,
            packet_us: TICK_US,
            history: 0,
            has_played: false,
            concealed_us: 0,
            pacer: Pacer::new(),
            suspect: None,
            late_run: LateRun::default(),
            loss: 0.0,
            has_fec: false,
            is_loss_high: false,
            estimator: DelayEstimator::new(),
            jitter_us: 0.0,
            stats: JitterStats::default(),
        }
    }

    /// Whether to wait for the successor of each packet while there is loss. Default false.
    pub fn set_fec(&mut self, has_fec: bool) {
        self.has_fec = has_fec;
    }

    /// Empties the buffer for a new stream of `clock_rate` Hz. The counters go on.
    pub fn restart(&mut self, clock_rate: u32) {
        let is_first = self.newest.is_none();
        let fresh = JitterBuffer::new(clock_rate, self.options);
        let old = std::mem::replace(self, fresh);
        self.has_fec = old.has_fec;
        self.stats = old.stats;
        self.stats.restarts += u64::from(!is_first);
        self.slots = old.slots;
        self.slots.clear();
    }

    /// The counters.
    pub fn stats(&self) -> JitterStats {
        JitterStats { jitter_ms: self.jitter_us / 1000.0, ..self.stats }
    }

    /// The usual length of a packet of this stream, in microseconds.
    pub fn packet_duration_us(&self) -> u32 {
        self.packet_us as u32
    }

    /// Notes a frame that the caller recovered from its successor, for the counters.
    pub fn count_recovered(&mut self) {
        self.stats.fec_frames += 1;
    }

    /// Notes a frame of `us` microseconds that the caller made up, for the counters.
    pub fn count_concealed(&mut self, us: u64, is_silent: bool, is_first: bool) {
        self.stats.concealed_frames += 1;
        self.stats.concealment_events += u64::from(is_first);
        self.stats.concealed_us += us;
        self.stats.silent_concealed_us += if is_silent { us } else { 0 };
    }

    /// Whether to change the length of the audio of this tick. Call it once per tick, after
    /// [`JitterBuffer::pop`], and tell [`JitterBuffer::paced`] what came of it.
    ///
    /// With it goes how well the signal must agree with itself at the seam, up to 1.0.
    pub fn pace(&mut self, is_quiet: bool) -> (Pace, f64) {
        (self.pacer.tick(is_quiet), self.pacer.agreement())
    }

    /// Notes what the caller did at a pace other than `Keep`, in microseconds; 0 if no seam fits.
    pub fn paced(&mut self, removed_us: u64, inserted_us: u64) {
        self.pacer.changed(removed_us + inserted_us > 0);
        self.stats.removed_us += removed_us;
        self.stats.inserted_us += inserted_us;
    }

    /// Whether the next packet in sequence is there.
    pub fn has_next(&self) -> bool {
        matches!(self.slots.front(), Some(Slot::Packet(_)))
    }

    /// Takes a packet as it arrives.
    pub fn insert(&mut self, packet: Packet, arrival: Instant) {
        self.stats.received += 1;
        let arrival_us = self.micros(arrival);
        let Some(seq) = self.extend_seq(packet.seq) else {
            let is_confirmed = self.suspect == Some(packet.seq);
            self.suspect = Some(packet.seq.wrapping_add(1));
            if is_confirmed {
                self.restart(self.clock_rate as u32);
                self.insert_first(packet, arrival);
            } else {
                self.stats.discarded += 1;
            }
            return;
        };
        self.suspect = None;
        if self.newest.is_none() {
            self.insert_first(packet, arrival);
            return;
        }
        if self.is_duplicate(seq) {
            self.stats.duplicated += 1;
            return;
        }
        let media_us = self.media_time(seq, packet.timestamp, arrival_us);
        self.estimator.observe(arrival_us - media_us, arrival_us);
        if seq < self.base && self.has_played {
            self.insert_late(packet, seq, arrival_us - media_us, arrival);
            return;
        }
        self.late_run = LateRun::default();
        if seq == self.base && self.concealed_us > 0 {
            // Its tick found nothing: played after all, but the wait was too short.
            self.estimator.note_late(arrival_us - media_us, arrival_us);
        }
        self.stats.reordered += u64::from(seq < self.highest);
        self.place(seq, Slot::Packet(Entry { packet, media_us, arrival_us }));
    }

    /// Notes the number of a packet without audio, so that it does not count as lost.
    pub fn insert_filler(&mut self, seq: u16) {
        if self.newest.is_none() {
            return;
        }
        if let Some(seq) = self.extend_seq(seq) {
            if seq >= self.base && !self.is_duplicate(seq) {
                self.place(seq, Slot::Filler);
            }
        }
    }

    /// Decides what to play now. Call it when less than 20 ms of audio is decoded.
    ///
    /// `rest_us` is how much is decoded already, in microseconds.
    pub fn pop(&mut self, now: Instant, rest_us: i64) -> Pop<'_> {
        if self.newest.is_none() {
            return Pop::Empty;
        }
        let now_us = self.micros(now);
        let target = self.target(now_us);
        loop {
            match self.slots.front() {
                Some(Slot::Filler) => self.advance(true),
                Some(Slot::Packet(entry)) => {
                    let media_us = entry.media_us;
                    let delay = now_us - self.estimator.fastest() - media_us;
                    let is_far_above =
                        delay > target + FAR_ABOVE_US && self.span_us() > target - TICK_US;
                    let waited = now_us - entry.arrival_us;
                    if is_far_above || waited + rest_us > self.max_us() + FAR_ABOVE_US {
                        self.stats.discarded += 1;
                        self.next_us = media_us + self.packet_us;
                        self.advance(true);
                        continue;
                    }
                    return self.play(media_us, delay, target, waited, rest_us);
                }
                Some(Slot::Missing) => {
                    let found = self.slots.iter().position(|s| matches!(s, Slot::Packet(_)));
                    let Some(found) = found else { break };
                    if self.is_overdue(found, now_us, target) {
                        // A jump of the numbers that the times do not have: nothing is missing.
                        self.advance(false);
                        continue;
                    }
                    let delay = now_us - self.estimator.fastest() - self.next_us;
                    if delay <= target - TICK_US {
                        return Pop::Wait;
                    }
                    let lost_us = self.lost_duration(found);
                    self.advance(false);
                    self.next_us += lost_us;
                    if self.concealed_us > 0 && delay > target {
                        self.concealed_us = (self.concealed_us - lost_us).max(0);
                        continue;
                    }
                    let next = match self.slots.front() {
                        Some(Slot::Packet(entry)) => Some(&entry.packet),
                        _ => None,
                    };
                    return Pop::Lost { next, duration_us: lost_us as u32 };
                }
                None => break,
            }
        }
        self.concealed_us += TICK_US;
        Pop::Empty
    }

    /// Whether the packet at this index should have been played long ago.
    fn is_overdue(&self, index: usize, now_us: i64, target: i64) -> bool {
        let Some(Slot::Packet(entry)) = self.slots.get(index) else { return false };
        now_us - self.estimator.fastest() - entry.media_us > target + FAR_ABOVE_US
    }

    /// The front is a packet: play it now, or later.
    fn play(
        &mut self,
        media_us: i64,
        delay: i64,
        target: i64,
        waited: i64,
        rest_us: i64,
    ) -> Pop<'_> {
        let reserve = delay - (target - TICK_US);
        let is_pause = media_us - self.next_us >= TICK_US / 2;
        if reserve <= 0 && (!self.has_played || is_pause) {
            return Pop::Wait;
        }
        self.pacer.played(reserve, rest_us);
        let waited_ms = (waited + rest_us) as f32 / 1000.0;
        let weight = if self.has_played { DELAY_WEIGHT } else { 1.0 };
        self.stats.current_delay_ms += (waited_ms - self.stats.current_delay_ms) * weight;
        self.has_played = true;
        self.concealed_us = 0;
        self.next_us = media_us + self.packet_us;
        match self.advance_taking(true) {
            Some(Slot::Packet(entry)) => Pop::Packet(entry.packet),
            _ => Pop::Empty,
        }
    }

    fn insert_first(&mut self, packet: Packet, arrival: Instant) {
        let seq = i64::from(packet.seq);
        let arrival_us = self.micros(arrival);
        self.base = seq;
        self.highest = seq;
        self.newest =
            Some(Newest { seq, timestamp: packet.timestamp, media_us: arrival_us, arrival_us });
        self.next_us = arrival_us;
        self.estimator.observe(0, arrival_us);
        self.place(seq, Slot::Packet(Entry { packet, media_us: arrival_us, arrival_us }));
    }

    fn insert_late(&mut self, packet: Packet, seq: i64, transit: i64, arrival: Instant) {
        let arrival_us = self.micros(arrival);
        let run = self.late_run;
        let run = match run.count > 0 && run.next == packet.seq {
            true => LateRun { count: run.count + 1, ..run },
            false => LateRun { count: 1, began_us: arrival_us, next: 0 },
        };
        self.late_run = LateRun { next: packet.seq.wrapping_add(1), ..run };
        if run.count >= LATE_RUN_RESTART && arrival_us - run.began_us >= LATE_RUN_US {
            self.restart(self.clock_rate as u32);
            self.insert_first(packet, arrival);
            return;
        }
        self.stats.late += 1;
        self.mark_received(seq);
        // It was taken for lost, and the redundancy of its successor is no help against lateness.
        self.note_loss((self.loss - LOSS_WEIGHT).max(0.0));
        self.estimator.note_late(transit, arrival_us);
    }

    fn place(&mut self, seq: i64, slot: Slot) {
        while seq < self.base {
            // Before the first tick the stream may still begin earlier than its first arrival.
            self.slots.push_front(Slot::Missing);
            self.base -= 1;
            if let Slot::Packet(entry) = &slot {
                self.next_us = entry.media_us;
            }
        }
        let index = (seq - self.base) as usize;
        while self.slots.len() <= index {
            self.slots.push_back(Slot::Missing);
        }
        self.slots[index] = slot;
        self.highest = self.highest.max(seq);
    }

    /// The extended number; none when it is too far away to belong to this stream.
    fn extend_seq(&self, seq: u16) -> Option<i64> {
        if self.newest.is_none() {
            return Some(i64::from(seq));
        }
        let delta = i64::from(seq.wrapping_sub(self.highest as u16) as i16);
        let seq = self.highest + delta;
        (delta.abs() <= MAX_SEQ_JUMP && seq - self.base <= MAX_SEQ_JUMP).then_some(seq)
    }

    fn is_duplicate(&self, seq: i64) -> bool {
        if seq >= self.base {
            let index = (seq - self.base) as usize;
            return !matches!(self.slots.get(index), None | Some(Slot::Missing));
        }
        let age = self.base - 1 - seq;
        self.has_played && age < 64 && self.history >> age & 1 == 1
    }

    fn mark_received(&mut self, seq: i64) {
        let age = self.base - 1 - seq;
        if (0..64).contains(&age) {
            self.history |= 1 << age;
        }
    }

    /// The media time of a packet on a scale without wraps and jumps; learns the packet length.
    fn media_time(&mut self, seq: i64, timestamp: u32, arrival_us: i64) -> i64 {
        let max_jump_us = i64::from(self.options.max_delay_ms) * 3_000;
        let clock_rate = self.clock_rate;
        let Some(newest) = &mut self.newest else {
            return arrival_us;
        };
        let ticks = i64::from(timestamp.wrapping_sub(newest.timestamp) as i32);
        let step_us = ticks * 1_000_000 / clock_rate;
        let mut media_us = newest.media_us + step_us;
        if seq <= newest.seq {
            return media_us;
        }
        let passed_us = arrival_us - newest.arrival_us;
        if (passed_us - step_us).abs() > max_jump_us {
            // The sender's clock jumped or stood still: go on as if it had kept to the time.
            media_us = newest.media_us + passed_us.max(self.packet_us);
        } else {
            let change = (passed_us - step_us).abs() as f32;
            self.jitter_us += (change - self.jitter_us) / 16.0;
            if seq == newest.seq + 1 && (1..=MAX_PACKET_US).contains(&step_us) {
                self.packet_us = step_us;
            }
        }
        *newest = Newest { seq, timestamp, media_us, arrival_us };
        media_us
    }

    fn target(&mut self, now_us: i64) -> i64 {
        let extra = if self.is_loss_high && self.has_fec { self.packet_us } else { 0 };
        let (min, max) = (i64::from(self.options.min_delay_ms) * 1000, self.max_us());
        let target = (self.estimator.target(now_us) + extra).clamp(min, max);
        self.stats.target_delay_ms = target as f32 / 1000.0;
        target
    }

    fn max_us(&self) -> i64 {
        i64::from(self.options.max_delay_ms.max(self.options.min_delay_ms)) * 1000
    }

    /// Audio in the buffer behind the first packet, by the numbers: timestamps may be wrong.
    fn span_us(&self) -> i64 {
        (self.slots.len() as i64 - 1) * self.packet_us
    }

    /// The length of the missing front packet, with the next one there at index `found`.
    fn lost_duration(&self, found: usize) -> i64 {
        let Some(Slot::Packet(entry)) = self.slots.get(found) else {
            return self.packet_us;
        };
        let each = (entry.media_us - self.next_us) / found.max(1) as i64;
        // A pause that was not sent may be part of the gap: then the usual length is the best guess.
        if (1..=self.packet_us * 3 / 2).contains(&each) {
            each
        } else {
            self.packet_us
        }
    }

    fn advance(&mut self, is_received: bool) {
        self.advance_taking(is_received);
    }

    fn advance_taking(&mut self, is_received: bool) -> Option<Slot> {
        let slot = self.slots.pop_front();
        self.base += 1;
        self.highest = self.highest.max(self.base - 1);
        self.history = self.history << 1 | u64::from(is_received);
        self.stats.lost += u64::from(!is_received);
        let now_lost = if is_received { 0.0 } else { 1.0 };
        self.note_loss(self.loss + (now_lost - self.loss) * LOSS_WEIGHT);
        slot
    }

    fn note_loss(&mut self, loss: f32) {
        self.loss = loss;
        let bound = if self.is_loss_high { LOSS_OFF } else { LOSS_ON };
        self.is_loss_high = loss > bound;
    }

    fn micros(&mut self, at: Instant) -> i64 {
        let epoch = *self.epoch.get_or_insert(at);
        match at.checked_duration_since(epoch) {
            Some(since) => since.as_micros() as i64,
            None => -(epoch.duration_since(at).as_micros() as i64),
        }
    }
}

#[cfg(test)]
mod tests;
