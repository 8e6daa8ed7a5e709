//! What a leg notices about its own audio: quality, voices, a dead microphone.

use super::LegEvent;
use crate::media::activity::{SilentMicrophone, VoiceActivity};
use crate::media::jitter::JitterStats;
use crate::media::peer::PathReport;
use crate::media::port::AudioPort;
use crate::media::quality::{QualityChange, QualityMonitor, QualitySample, WarningKind};

/// Looks at the audio once per tick, and at its quality once per second.
#[derive(Default)]
pub(super) struct Watch {
    quality: QualityMonitor,
    microphone: SilentMicrophone,
    local: VoiceActivity,
    remote: VoiceActivity,
    before: JitterStats,
}

impl Watch {
    /// Looks at the frames of this tick; tells what changed.
    /// `has_audio`: whether the frame that was sent is the application's.
    pub(super) fn tick(&mut self, has_audio: bool, port: &AudioPort, tell: impl Fn(LegEvent)) {
        let (sent, heard) = (port.input().level(), port.output().level());
        for (activity, level, is_local) in
            [(&mut self.local, sent, true), (&mut self.remote, heard, false)]
        {
            if let Some(is_speaking) = activity.tick(level) {
                tell(LegEvent::Speaking { is_local, is_speaking });
            }
        }
        let is_fed = has_audio && !port.input().is_muted();
        if let Some(is_raised) = self.microphone.tick(is_fed.then_some(sent)) {
            let kind = WarningKind::SilentMicrophone;
            tell(LegEvent::Quality(QualityChange::Warning { kind, is_raised }));
        }
    }

    /// Takes the numbers of one more second; gives the mean opinion score.
    pub(super) fn second(
        &mut self,
        jitter: JitterStats,
        path: PathReport,
        tell: impl Fn(LegEvent),
    ) -> f64 {
        let before = std::mem::replace(&mut self.before, jitter);
        let lost = jitter.lost - before.lost;
        let recovered = jitter.fec_frames - before.fec_frames;
        let sample = QualitySample {
            expected: jitter.received - before.received + lost,
            lost,
            unrecovered: lost.saturating_sub(recovered),
            jitter_ms: jitter.jitter_ms.into(),
            jitter_buffer_ms: jitter.current_delay_ms.into(),
            round_trip_ms: path.round_trip_ms,
            remote_loss: path.remote_loss_fraction,
        };
        for change in self.quality.sample(sample) {
            tell(LegEvent::Quality(change));
        }
        self.quality.mos()
    }
}
