//! Who speaks: voice activity from the levels of frames, and a microphone that gives nothing.
//!
//! Pure: one frame of 20 ms per call. The noise floor is the lowest level lately: it falls at once
//! and rises by 3 dB a second. A frame well above it and above what a quiet room has is voice; it
//! begins with three of them in a row (a click is none) and ends when none came for half a second.

use super::frame::AudioLevel;

/// Levels in dBFS: what is silence whatever the floor, and how far voice is above the floor.
const LEAST_VOICE: f32 = -50.0;
const ABOVE_FLOOR: f32 = 9.0;
/// Highest floor: steady louder sound counts as voice.
const MOST_FLOOR: f32 = -35.0;
const FLOOR_RISE_PER_TICK: f32 = 0.06;
const ONSET_TICKS: u32 = 3;
const HOLD_TICKS: u32 = 25;

/// The loudest sample of a microphone that is taken for switched off, and for how long.
const DEAD_PEAK: f32 = -70.0;
const DEAD_TICKS: u32 = 250;
/// So long nothing was pushed when the application has stopped sending audio.
const IDLE_TICKS: u32 = 10;

/// One direction of a call.
pub(crate) struct VoiceActivity {
    floor: f32,
    onset: u32,
    quiet: u32,
    is_speaking: bool,
}

impl Default for VoiceActivity {
    fn default() -> Self {
        Self { floor: MOST_FLOOR, onset: 0, quiet: 0, is_speaking: false }
    }
}

impl VoiceActivity {
    /// Takes the level of the next frame; tells a change.
    pub(crate) fn tick(&mut self, level: AudioLevel) -> Option<bool> {
        let level = level.rms_dbfs;
        let is_voice = level > LEAST_VOICE && level > self.floor + ABOVE_FLOOR;
        self.floor = level
            .min(self.floor + FLOOR_RISE_PER_TICK)
            .clamp(AudioLevel::SILENCE.rms_dbfs, MOST_FLOOR);
        self.onset = if is_voice { self.onset + 1 } else { 0 };
        self.quiet = if is_voice { 0 } else { self.quiet.saturating_add(1) };
        let is_speaking = match self.is_speaking {
            false => self.onset >= ONSET_TICKS,
            true => self.quiet < HOLD_TICKS,
        };
        (is_speaking != std::mem::replace(&mut self.is_speaking, is_speaking))
            .then_some(is_speaking)
    }
}

/// Notices a microphone that gives nothing; see `WarningKind::SilentMicrophone`.
#[derive(Default)]
pub(crate) struct SilentMicrophone {
    ticks: u32,
    idle_ticks: u32,
    is_raised: bool,
}

impl SilentMicrophone {
    /// Takes the next frame that was sent; `level` is none when there was no audio to send or it
    /// is muted. Tells a change.
    pub(crate) fn tick(&mut self, level: Option<AudioLevel>) -> Option<bool> {
        let is_dead = level.is_some_and(|level| level.peak_dbfs < DEAD_PEAK);
        self.idle_ticks = if level.is_none() { self.idle_ticks.saturating_add(1) } else { 0 };
        // A short gap between two pushes is neither the end of the microphone nor a sign of life.
        match (is_dead, self.idle_ticks) {
            (true, _) => self.ticks = self.ticks.saturating_add(1),
            (false, 1..IDLE_TICKS) => {}
            _ => self.ticks = 0,
        }
        let is_raised = self.ticks >= DEAD_TICKS;
        (is_raised != std::mem::replace(&mut self.is_raised, is_raised)).then_some(is_raised)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(dbfs: f32) -> AudioLevel {
        AudioLevel { rms_dbfs: dbfs, peak_dbfs: dbfs }
    }

    /// The ticks of changes while these levels come for so many ticks.
    fn changes(rows: &[(f32, u32)]) -> Vec<(u32, bool)> {
        let mut activity = VoiceActivity::default();
        let mut seen = Vec::new();
        let mut at = 0;
        for (dbfs, count) in rows {
            for _ in 0..*count {
                at += 1;
                seen.extend(activity.tick(level(*dbfs)).map(|now| (at, now)));
            }
        }
        assert_eq!(activity.is_speaking, seen.last().is_some_and(|(_, now)| *now));
        seen
    }

    #[test]
    fn voice_begins_soon_and_is_held_over_pauses() {
        type Levels = &'static [(f32, u32)];
        type Changes = &'static [(u32, bool)];
        let cases: [(&str, Levels, Changes); 7] = [
            ("silence", &[(-127.0, 200)], &[]),
            ("a word", &[(-127.0, 50), (-20.0, 10), (-127.0, 50)], &[(53, true), (85, false)]),
            ("a click", &[(-127.0, 50), (-10.0, 2), (-127.0, 50)], &[]),
            (
                "pauses between words",
                &[(-70.0, 50), (-25.0, 10), (-70.0, 20), (-25.0, 10), (-70.0, 50)],
                &[(53, true), (115, false)],
            ),
            ("a quiet room", &[(-55.0, 500)], &[]),
            ("a fan is no voice, a voice above it is", &[(-40.0, 300), (-28.0, 5)], &[(303, true)]),
            ("from the first frame on", &[(-20.0, 5)], &[(3, true)]),
        ];
        for (name, rows, wanted) in cases {
            assert_eq!(changes(rows), wanted, "{name}");
        }
    }

    #[test]
    fn a_dead_microphone_is_noticed_after_five_seconds() {
        let mut microphone = SilentMicrophone::default();
        const NONE: [bool; 0] = [];
        let mut run = |dbfs: Option<f32>, ticks: u32| {
            let each = |_| microphone.tick(dbfs.map(level));
            (0..ticks).filter_map(each).collect::<Vec<bool>>()
        };
        assert_eq!(run(Some(-127.0), 249), NONE);
        assert_eq!(run(Some(-127.0), 200), [true], "once");
        assert_eq!(run(Some(-60.0), 10), [false]);
        assert_eq!(run(None, 1000), NONE, "nothing is pushed, or it is muted");
        assert_eq!(run(Some(-127.0), 250), [true]);
        assert_eq!(run(None, 9), NONE, "a gap between two pushes");
        assert_eq!(run(Some(-127.0), 5), NONE);
        assert_eq!(run(None, 10), [false]);
    }
}
