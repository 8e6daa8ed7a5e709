//! DTMF in the audio stream: telephone-event packets (RFC 4733), made and understood.
//!
//! Pure: the sender is asked once per tick of 20 ms, the receiver is told the time.
//!
//! A digit takes eight ticks: five packets of a growing duration up to 100 ms, the fifth with the
//! end bit and two more times the same against loss (RFC 4733, 2.5.1.4), then a pause. FreeSWITCH
//! takes nothing shorter than 80 ms for a key. All packets of a digit have the timestamp of its
//! begin, and no audio is sent in their place.

use crate::media::codec::AudioCodec;
use crate::media::frame::TICK_MS;
use crate::proto::sdp::Section;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The encoding name in `a=rtpmap`.
pub(crate) const SDP_NAME: &str = "telephone-event";

/// The characters of the events 0 to 15 (RFC 4733, 3.2).
const DIGITS: &[u8; 16] = b"0123456789*#ABCD";
const END: u8 = 0x80;
/// In -dBm0, as browsers send it.
const VOLUME: u8 = 10;

/// Ticks with a growing duration, with packets at all, and from one digit to the next.
const EVENT_TICKS: u32 = 5;
const PACKET_TICKS: u32 = EVENT_TICKS + 2;
const DIGIT_TICKS: u32 = EVENT_TICKS + 3;
/// What `w` and `W` mean.
const SHORT_PAUSE_TICKS: u32 = 500 / TICK_MS;
const LONG_PAUSE_TICKS: u32 = 1000 / TICK_MS;
/// More than four of the longest texts need not wait.
const MAX_WAITING: usize = 256;

/// An event whose packets stop without the end bit is over after this long.
const EVENT_TIMEOUT: Duration = Duration::from_millis(200);
/// Finished events that are remembered, since their last packets may come late.
const REMEMBERED: usize = 8;

/// A payload type that carries events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventFormat {
    pub(crate) payload_type: u8,
    /// Of the durations; normally the audio codec's own.
    pub(crate) clock_rate: u32,
}

impl EventFormat {
    /// The events of a negotiated section, the one to send with first: that of the codec's clock.
    pub(crate) fn negotiated(section: &Section, codec: AudioCodec) -> Vec<Self> {
        let mut formats: Vec<Self> = section
            .codecs()
            .iter()
            .filter(|format| format.name.eq_ignore_ascii_case(SDP_NAME) && format.clock_rate > 0)
            .map(|format| Self { payload_type: format.payload_type, clock_rate: format.clock_rate })
            .collect();
        formats.sort_by_key(|format| format.clock_rate != codec.rtp_clock_rate());
        formats
    }
}

/// One thing to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Event(u8),
    Pause { ticks: u32 },
}

/// The steps of a text; none for a character that is neither a digit nor a pause.
pub(crate) fn parse(digits: &str) -> Option<Vec<Step>> {
    digits.bytes().map(step).collect()
}

fn step(character: u8) -> Option<Step> {
    match character {
        b'w' => Some(Step::Pause { ticks: SHORT_PAUSE_TICKS }),
        b'W' => Some(Step::Pause { ticks: LONG_PAUSE_TICKS }),
        digit => {
            let event = DIGITS.iter().position(|known| *known == digit.to_ascii_uppercase())?;
            Some(Step::Event(event as u8))
        }
    }
}

/// A packet that takes the place of this tick's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventPacket {
    pub(crate) payload: [u8; 4],
    pub(crate) marker: bool,
    /// By how many ticks the timestamp of the next packet is larger.
    pub(crate) ticks_after: u32,
}

enum Waiting<T> {
    Step(Step),
    /// The end of one order.
    Done(T),
}

/// Sends digits one after the other; `T` is given back when an order is done.
pub(crate) struct EventSender<T> {
    clock_rate: u32,
    waiting: VecDeque<Waiting<T>>,
    current: Option<(Step, u32)>,
}

impl<T> EventSender<T> {
    pub(crate) fn new(clock_rate: u32) -> Self {
        Self { clock_rate, waiting: VecDeque::new(), current: None }
    }

    /// Queues an order behind the others; gives the token back when too much waits.
    pub(crate) fn push(&mut self, steps: Vec<Step>, token: T) -> Result<(), T> {
        if self.waiting.len() + steps.len() >= MAX_WAITING {
            return Err(token);
        }
        self.waiting.extend(steps.into_iter().map(Waiting::Step));
        self.waiting.push_back(Waiting::Done(token));
        Ok(())
    }

    /// Forgets what waits and what is being sent; gives the tokens back.
    pub(crate) fn clear(&mut self) -> Vec<T> {
        self.current = None;
        let done = |waiting| match waiting {
            Waiting::Step(_) => None,
            Waiting::Done(token) => Some(token),
        };
        self.waiting.drain(..).filter_map(done).collect()
    }

    /// What this tick sends instead of audio, and which order is done with it. Between two orders
    /// a tick of audio passes.
    pub(crate) fn tick(&mut self) -> (Option<EventPacket>, Option<T>) {
        if self.current.is_none() {
            match self.waiting.pop_front() {
                None => return (None, None),
                Some(Waiting::Done(token)) => return (None, Some(token)),
                Some(Waiting::Step(step)) => self.current = Some((step, 0)),
            }
        }
        let Some((step, tick)) = &mut self.current else { return (None, None) };
        let (now, step) = (*tick, *step);
        *tick += 1;
        let (length, packet) = match step {
            Step::Pause { ticks } => (ticks, None),
            Step::Event(event) => (DIGIT_TICKS, packet(event, now, self.clock_rate)),
        };
        if now + 1 >= length {
            self.current = None;
        }
        (packet, None)
    }
}

fn packet(event: u8, tick: u32, clock_rate: u32) -> Option<EventPacket> {
    if tick >= PACKET_TICKS {
        return None;
    }
    let length = (tick + 1).min(EVENT_TICKS);
    let end = if tick + 1 >= EVENT_TICKS { END } else { 0 };
    let duration = u16::try_from(length * clock_rate / 1000 * TICK_MS).unwrap_or(u16::MAX);
    let [high, low] = duration.to_be_bytes();
    Some(EventPacket {
        payload: [event, end | VOLUME, high, low],
        marker: tick == 0,
        ticks_after: if tick + 1 == PACKET_TICKS { PACKET_TICKS } else { 0 },
    })
}

/// A key that the far side pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digit {
    pub(crate) digit: char,
    pub(crate) duration_ms: u32,
}

/// Tells each event once, when it is over: with its end bit, with the begin of the next one, or
/// when its packets stop.
#[derive(Default)]
pub(crate) struct EventReceiver {
    formats: Vec<EventFormat>,
    ssrc: Option<u32>,
    current: Option<Current>,
    /// Timestamps of the events that were told, the newest last.
    told: VecDeque<u32>,
}

struct Current {
    event: u8,
    /// Of the event, or of its present part: a long event comes in several (RFC 4733, 2.5.1.3).
    timestamp: u32,
    duration: u32,
    parts: u32,
    clock_rate: u32,
    heard: Instant,
}

impl EventReceiver {
    pub(crate) fn new(formats: Vec<EventFormat>) -> Self {
        Self { formats, ..Self::default() }
    }

    /// Takes a packet; whatever is no event is ignored. Gives the events that are over by it.
    pub(crate) fn insert(&mut self, packet: &EventRtp<'_>, now: Instant) -> Vec<Digit> {
        let Some(format) = self.formats.iter().find(|f| f.payload_type == packet.payload_type)
        else {
            return Vec::new();
        };
        let &[event, flags, high, low, ..] = packet.payload else { return Vec::new() };
        if usize::from(event) >= DIGITS.len() {
            return Vec::new();
        }
        let clock_rate = format.clock_rate;
        let mut over = Vec::new();
        if self.ssrc.replace(packet.ssrc) != Some(packet.ssrc) {
            over.extend(self.finish());
            self.told.clear();
        }
        if self.told.contains(&packet.timestamp) {
            return over;
        }
        let is_other = match &mut self.current {
            Some(current) if current.timestamp == packet.timestamp => false,
            Some(current) if current.is_continued_by(event, packet) => {
                current.parts += current.duration;
                current.duration = 0;
                remember(&mut self.told, current.timestamp);
                current.timestamp = packet.timestamp;
                false
            }
            _ => true,
        };
        if is_other {
            over.extend(self.finish());
            let timestamp = packet.timestamp;
            self.current =
                Some(Current { event, timestamp, duration: 0, parts: 0, clock_rate, heard: now });
        }
        if let Some(current) = &mut self.current {
            let duration = u32::from(u16::from_be_bytes([high, low]));
            current.duration = current.duration.max(duration);
            current.heard = now;
        }
        if flags & END != 0 {
            over.extend(self.finish());
        }
        over
    }

    /// Looks at the clock; gives an event whose end was lost.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<Digit> {
        let heard = self.current.as_ref()?.heard;
        if now.saturating_duration_since(heard) < EVENT_TIMEOUT {
            return None;
        }
        self.finish()
    }

    fn finish(&mut self) -> Option<Digit> {
        let current = self.current.take()?;
        remember(&mut self.told, current.timestamp);
        let ticks = u64::from(current.parts) + u64::from(current.duration);
        let duration_ms = ticks * 1000 / u64::from(current.clock_rate);
        Some(Digit {
            digit: char::from(DIGITS[usize::from(current.event)]),
            duration_ms: u32::try_from(duration_ms).unwrap_or(u32::MAX),
        })
    }
}

/// An RTP packet that may be an event.
pub(crate) struct EventRtp<'a> {
    pub(crate) ssrc: u32,
    pub(crate) payload_type: u8,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload: &'a [u8],
}

impl Current {
    /// Whether a packet begins the next part of the same long event: without a marker, where the
    /// full part before it ends.
    fn is_continued_by(&self, event: u8, packet: &EventRtp<'_>) -> bool {
        let is_full = self.duration > u32::from(u16::MAX) - self.clock_rate / 10;
        let is_adjacent = packet.timestamp.wrapping_sub(self.timestamp) == self.duration
            || packet.timestamp.wrapping_sub(self.timestamp) == u32::from(u16::MAX);
        event == self.event && !packet.marker && is_full && is_adjacent
    }
}

fn remember(told: &mut VecDeque<u32>, timestamp: u32) {
    if told.len() == REMEMBERED {
        told.pop_front();
    }
    told.push_back(timestamp);
}

#[cfg(test)]
mod tests;
