//! What the media of a call tell, as the application and the state machines hear it.

use super::Actor;
use crate::call::event::{CallEvent, CallState};
use crate::call::recovery;
use crate::call::state::Input;
use crate::media::leg::LegEvent;
use crate::media::quality::QualityChange;
use crate::media::telephone_event::Digit;

impl Actor {
    pub(super) fn media(&mut self, event: LegEvent) {
        match event {
            LegEvent::Connected { codec } => {
                tracing::info!(call = self.dialog.call_id(), codec, "media is up");
                self.events.publish(CallEvent::MediaConnected { codec: codec.to_owned() });
                self.begin_statistics();
                self.input(Input::MediaConnected);
            }
            LegEvent::VideoConnected { codec } => {
                let codec = codec.sdp_name().to_owned();
                self.events.publish(CallEvent::VideoConnected { codec });
                self.begin_statistics();
            }
            LegEvent::Directions(directions) => {
                self.events.publish(CallEvent::MediaChanged { directions });
            }
            LegEvent::KeyFrameWanted => self.events.publish(CallEvent::KeyFrameRequested),
            LegEvent::BitrateLimit(bits_per_second) => {
                self.events.publish(CallEvent::VideoBitrateLimit { bits_per_second });
            }
            LegEvent::Lost => {
                self.events.publish(CallEvent::MediaLost);
                self.recover(recovery::Input::Lost);
            }
            LegEvent::Recovered { gap } => self.media_back(gap),
            LegEvent::AddressGone => {
                self.recover(recovery::Input::PathGone("the network changed"));
            }
            LegEvent::Silent if self.state.current() == CallState::Active => {
                self.recover(recovery::Input::PathGone("the network fell away under the call"));
            }
            LegEvent::Silent => {}
            LegEvent::Quality(QualityChange::Level { level, mos }) => {
                self.events.publish(CallEvent::QualityChanged { level, mos });
            }
            LegEvent::Quality(QualityChange::Warning { kind, is_raised }) => {
                self.events.publish(CallEvent::Warning { kind, is_raised });
            }
            LegEvent::Speaking { is_local, is_speaking } => {
                self.events.publish(CallEvent::SpeakingChanged { is_local, is_speaking });
            }
            LegEvent::Digit(Digit { digit, duration_ms }) => self
                .events
                .publish(CallEvent::DigitReceived { digit: digit.to_string(), duration_ms }),
            LegEvent::Failed(error) => self.input(Input::MediaFailed(error)),
        }
    }
}
