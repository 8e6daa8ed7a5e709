//! Keys in the audio stream: telephone-events (RFC 4733) sent on demand, and what the client's are
//! like.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use super::rtp::{self, Header};

const EVENTS: &str = "0123456789*#ABCD";
const STEP: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_millis(60);
/// Events of the client that are kept for the report.
const MOST_HEARD: usize = 256;

/// A key to press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    event: u8,
    length: Duration,
    /// Fault: the packets with the end bit are lost.
    without_end: bool,
}

impl Key {
    /// The keys of a text; `None` for what is no key.
    pub fn all(digits: &str, length: Duration, without_end: bool) -> Option<Vec<Key>> {
        let key = |digit| {
            let event = EVENTS.find(digit)? as u8;
            Some(Key { event, length, without_end })
        };
        digits.chars().map(key).collect()
    }
}

/// One packet of a key.
#[derive(Debug, PartialEq, Eq)]
pub struct Stroke {
    pub marker: bool,
    pub payload: [u8; 4],
}

/// Presses keys one after the other; between and during them no audio is sent.
#[derive(Default)]
pub struct Presser {
    current: Option<(Key, Instant)>,
    strokes: u32,
    free_at: Option<Instant>,
}

impl Presser {
    /// Whether audio has to wait.
    pub fn is_busy(&self) -> bool {
        self.current.is_some()
    }

    /// When the next packet is due.
    pub fn wake_at(&self) -> Option<Instant> {
        self.current.map(|(_, due)| due)
    }

    /// The packets that are due, and how long the event was when it is over.
    pub fn press(
        &mut self,
        waiting: &mut VecDeque<Key>,
        clock: u32,
        now: Instant,
    ) -> (Vec<Stroke>, Option<Duration>) {
        let mut out = Vec::new();
        if self.current.is_none() && self.free_at.is_none_or(|at| at <= now) {
            self.current = waiting.pop_front().map(|key| (key, now));
            self.strokes = 0;
        }
        while let Some((key, due)) = self.current.filter(|(_, due)| *due <= now) {
            self.strokes += 1;
            let length = (STEP * self.strokes).min(key.length);
            let is_over = length == key.length;
            let units = length.as_millis() as u32 * clock / 1000;
            let [high, low] = (units.min(u32::from(u16::MAX)) as u16).to_be_bytes();
            let flags = if is_over { 0x80 | 10 } else { 10 };
            let payload = [key.event, flags, high, low];
            // The end comes three times at once, as FreeSWITCH sends it.
            let copies = match (is_over, key.without_end) {
                (true, true) => 0,
                (true, false) => 3,
                _ => 1,
            };
            for copy in 0..copies {
                out.push(Stroke { marker: self.strokes == 1 && copy == 0, payload });
            }
            if is_over {
                self.current = None;
                self.free_at = Some(now + PAUSE);
                return (out, Some(key.length));
            }
            self.current = Some((key, due + STEP));
        }
        (out, None)
    }
}

/// One event of the client.
#[derive(Debug, Default)]
struct Heard {
    digit: char,
    timestamp: u32,
    packets: u64,
    ends: u64,
    markers: u64,
    starts_with_marker: bool,
    duration: u16,
    shrinks: bool,
    volume: u8,
    audio_inside: u64,
    resumed_after: Option<u32>,
    clock: u32,
}

/// The events of the client.
#[derive(Debug, Default)]
pub struct KeyLog {
    heard: VecDeque<Heard>,
}

impl KeyLog {
    /// Takes a packet of an event; gives the digit if it begins one.
    pub fn event(&mut self, header: &Header, payload: &[u8], clock: u32) -> Option<char> {
        let (digit, is_end) = rtp::telephone_event(payload)?;
        let duration = u16::from_be_bytes([*payload.get(2)?, *payload.get(3)?]);
        let is_new = !self.heard.iter().any(|heard| heard.timestamp == header.timestamp);
        if is_new {
            if self.heard.len() == MOST_HEARD {
                self.heard.pop_front();
            }
            self.heard.push_back(Heard {
                digit,
                timestamp: header.timestamp,
                starts_with_marker: header.marker,
                volume: payload[1] & 0x3F,
                clock,
                ..Heard::default()
            });
        }
        let heard = self.heard.iter_mut().find(|heard| heard.timestamp == header.timestamp)?;
        heard.packets += 1;
        heard.ends += u64::from(is_end);
        heard.markers += u64::from(header.marker);
        heard.shrinks |= duration < heard.duration;
        heard.duration = heard.duration.max(duration);
        is_new.then_some(digit)
    }

    /// Takes note of a packet of audio.
    pub fn audio(&mut self, header: &Header) {
        let Some(last) = self.heard.back_mut() else { return };
        if last.ends == 0 {
            last.audio_inside += 1;
        }
        last.resumed_after.get_or_insert(header.timestamp.wrapping_sub(last.timestamp));
    }

    /// For `/_gateway/state`.
    pub fn report(&self) -> Value {
        let millis = |units: u32, clock: u32| u64::from(units) * 1000 / u64::from(clock.max(1));
        let one = |heard: &Heard| {
            json!({
                "digit": heard.digit,
                "packets": heard.packets,
                "ends": heard.ends,
                "markers": heard.markers,
                "starts_with_marker": heard.starts_with_marker,
                "duration_ms": millis(u32::from(heard.duration), heard.clock),
                "shrinks": heard.shrinks,
                "volume": heard.volume,
                "audio_inside": heard.audio_inside,
                "resumed_after_ms": heard.resumed_after.map(|units| millis(units, heard.clock)),
            })
        };
        self.heard.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_pressed_in_real_time() {
        let mut waiting: VecDeque<Key> =
            Key::all("1#", Duration::from_millis(60), false).unwrap().into();
        let mut presser = Presser::default();
        let begin = Instant::now();
        let mut seen = Vec::new();
        for ms in (0..300).step_by(10) {
            let (strokes, _) = presser.press(&mut waiting, 8000, begin + Duration::from_millis(ms));
            seen.extend(strokes.into_iter().map(|s| (ms, s.marker, s.payload)));
        }
        let key = |at, event| {
            vec![
                (at, true, [event, 10, 0, 160]),
                (at + 20, false, [event, 10, 1, 64]),
                (at + 40, false, [event, 138, 1, 224]),
                (at + 40, false, [event, 138, 1, 224]),
                (at + 40, false, [event, 138, 1, 224]),
            ]
        };
        assert_eq!(seen, [key(0, 1), key(100, 11)].concat());
        assert!(Key::all("1x", STEP, false).is_none());
    }
}
