//! Streams that no sound sender makes: whatever comes, each tick gives one frame, and a second after
//! the nonsense ends the stream is heard as if nothing had been.

use super::*;

/// So many ticks after the nonsense everything is as before.
const RECOVERY: usize = 50;

struct Case {
    rig: Rig,
    sink: Arc<Recorder>,
}

impl Case {
    fn new(codec: AudioCodec) -> Self {
        let mut rig = Rig::new(codec);
        let sink = rig.listen(AudioFormat::MONO_48K);
        rig.steps(50);
        Self { rig, sink }
    }

    /// Takes packets that come now, before the one of this tick.
    fn burst(&mut self, packets: impl IntoIterator<Item = RtpAudio>) {
        let now = self.rig.time();
        packets.into_iter().for_each(|packet| self.rig.pipeline.insert(packet, now));
    }

    /// One second to recover, another one that must be whole. Gives what is wrong with it.
    fn recover(&mut self) -> Option<String> {
        self.rig.steps(RECOVERY + 50);
        let frames = self.sink.frames();
        let stats = self.rig.pipeline.stats();
        let last = &frames[frames.len() - 50..];
        let peak = |frame: &Heard| frame.samples.iter().map(|s| s.saturating_abs()).max();
        let concealed = last.iter().filter(|frame| frame.is_concealed).count();
        let faint = last.iter().filter(|frame| peak(frame) < Some(8_000)).count();
        let is_well = frames.len() == self.rig.sent as usize
            && (concealed, faint) == (0, 0)
            && stats.jitter.current_delay_ms < 260.0;
        (!is_well).then(|| {
            format!("{} frames, {concealed} concealed, {faint} faint: {stats:?}", frames.len())
        })
    }

    fn recovers(mut self, what: &str) -> AudioReceiveStats {
        if let Some(wrong) = self.recover() {
            panic!("{what}: {wrong}");
        }
        self.rig.pipeline.stats()
    }
}

const CODECS: [AudioCodec; 3] = [AudioCodec::Opus, AudioCodec::Pcmu, AudioCodec::G722];

#[test]
fn a_foreign_source_of_an_unknown_payload_type_changes_nothing() {
    for codec in CODECS {
        let mut case = Case::new(codec);
        for seq in 0..100 {
            case.burst([RtpAudio {
                ssrc: 9,
                seq,
                timestamp: 7,
                payload_type: 77,
                marker: true,
                payload: vec![0; 160].into(),
            }]);
            case.rig.steps(1);
        }
        assert!(case.sink.frames()[10..].iter().all(|frame| !frame.is_concealed), "{codec:?}");
        let stats = case.recovers("a foreign source");
        assert_eq!(stats.other_payload_types, 100);
        assert_eq!((stats.source_changes, stats.jitter.restarts, stats.jitter.lost), (0, 0, 0));
    }
}

#[test]
fn packets_that_come_seconds_late_are_not_played_any_more() {
    for codec in CODECS {
        for seconds in [1, 3, 8] {
            let mut case = Case::new(codec);
            let mut held = Vec::new();
            for _ in 0..25 {
                case.rig.step(|packet| {
                    held.push(packet);
                    None
                });
            }
            case.rig.steps(seconds * 50);
            case.burst(held);
            case.recovers(&format!("{codec:?}, {seconds} s late"));
        }
    }
}

#[test]
fn what_was_heard_is_not_heard_again() {
    for codec in CODECS {
        let mut case = Case::new(codec);
        let mut copies = Vec::new();
        for _ in 0..100 {
            case.rig.step(|packet| {
                copies.push(packet.clone());
                Some(packet)
            });
        }
        case.burst(copies.iter().cloned());
        case.burst(copies.iter().rev().cloned());
        case.rig.steps(25);
        case.burst(copies);
        case.recovers(&format!("{codec:?} replayed"));
    }
}

#[test]
fn packets_far_too_large_and_far_too_short() {
    for codec in CODECS {
        for size in [1_500, 9_000, 65_000] {
            let mut case = Case::new(codec);
            case.rig.step(|packet| Some(RtpAudio { payload: vec![0x55; size].into(), ..packet }));
            case.recovers(&format!("{codec:?} of {size} bytes"));
        }
        let mut case = Case::new(codec);
        for length in 0..60 {
            case.rig.step(|packet| {
                let length = packet.payload.len().min(length);
                Some(RtpAudio { payload: packet.payload.slice(..length), ..packet })
            });
        }
        case.recovers(&format!("{codec:?} cut off"));
    }
}

#[test]
fn numbers_and_times_that_jump() {
    let mut wrong = Vec::new();
    for codec in CODECS {
        for seq in [1, 200, 300, 0x7fff, 0x8000, 0xff00] {
            for time in [0, 1, 960, 48_000, 0x7fff_ffff, 0x8000_0000, 0xffff_0000] {
                let mut case = Case::new(codec);
                // For good, then for one packet.
                case.rig.seq = case.rig.seq.wrapping_add(seq);
                case.rig.timestamp = case.rig.timestamp.wrapping_add(time);
                case.rig.steps(RECOVERY);
                case.rig.step(|packet| {
                    let seq = packet.seq.wrapping_add(seq);
                    let timestamp = packet.timestamp.wrapping_add(time);
                    Some(RtpAudio { seq, timestamp, ..packet })
                });
                let found = case.recover().map(|what| format!("{codec:?} {seq} {time}: {what}"));
                wrong.extend(found);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn two_sources_at_once_until_one_of_them_stays() {
    for codec in CODECS {
        let mut case = Case::new(codec);
        for n in 0..50 {
            case.rig.step(|packet| Some(RtpAudio { ssrc: 1 + n % 2, ..packet }));
        }
        let stats = case.recovers(&format!("{codec:?} of two sources"));
        assert!(stats.source_changes >= 49, "{stats:?}");
    }
}
