//! The telephone-events of a leg: digits that are sent in the stream and those that come in it.

use super::{LegEvent, Task};
use crate::error::{Error, ErrorKind, Result};
use crate::media::codec::AudioCodec;
use crate::media::inbound::RtpAudio;
use crate::media::telephone_event::{
    Digit, EventFormat, EventPacket, EventReceiver, EventRtp, EventSender, Step,
};
use crate::proto::sdp::Section;
use std::time::Instant;
use tokio::sync::oneshot;

type Reply = oneshot::Sender<Result<()>>;

/// Both ways, from the negotiation on. Without a negotiated format nothing is sent or understood.
pub(super) struct Digits {
    formats: Vec<EventFormat>,
    sender: EventSender<Reply>,
    receiver: EventReceiver,
}

impl Digits {
    /// What the far side's description allows beside this codec.
    pub(super) fn negotiated(section: &Section, codec: AudioCodec) -> Self {
        let formats = EventFormat::negotiated(section, codec);
        Self {
            sender: EventSender::new(formats.first().map_or(0, |format| format.clock_rate)),
            receiver: EventReceiver::new(formats.clone()),
            formats,
        }
    }

    /// Whether the same was negotiated: then what waits to be sent may go on.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.formats == other.formats
    }

    /// The packet of this tick, with its payload type. Whoever waits for its order hears of it.
    /// What waits while no audio may be sent is given up: digits out of time do harm.
    pub(super) fn next_packet(&mut self, may_send: bool) -> Option<(u8, EventPacket)> {
        if !may_send {
            for reply in self.sender.clear() {
                let _ = reply.send(Err(Error::media(
                    "the digits were cut off because the call's audio was stopped; send the rest \
                     when it flows again",
                )));
            }
            return None;
        }
        let (packet, done) = self.sender.tick();
        if let Some(reply) = done {
            let _ = reply.send(Ok(()));
        }
        Some((self.formats.first()?.payload_type, packet?))
    }

    /// Takes what may be an event.
    pub(super) fn hear(&mut self, packet: &RtpAudio, now: Instant) -> Vec<Digit> {
        let event = EventRtp {
            ssrc: packet.ssrc,
            payload_type: packet.payload_type,
            timestamp: packet.timestamp,
            marker: packet.marker,
            payload: &packet.payload,
        };
        self.receiver.insert(&event, now)
    }

    /// Looks at the clock.
    pub(super) fn tick(&mut self, now: Instant) -> Option<Digit> {
        self.receiver.tick(now)
    }
}

impl Task {
    /// Queues digits; the reply comes when the last one was sent.
    pub(super) fn send_digits(&mut self, steps: Vec<Step>, reply: Reply) {
        let Some(digits) = &mut self.digits else {
            let _ = reply.send(Err(Error::new(
                ErrorKind::InvalidState,
                "there is no media yet to send digits in; wait until media is connected",
            )));
            return;
        };
        if digits.formats.is_empty() {
            let _ = reply.send(Err(Error::new(
                ErrorKind::NotSupported,
                "the far side takes no telephone-events in the audio; send the digits through \
                 the service",
            )));
            return;
        }
        if !self.directions.audio.sends() {
            let _ = reply.send(Err(Error::new(
                ErrorKind::InvalidState,
                "no audio is sent that digits could go with; turn the call's audio on first",
            )));
            return;
        }
        if let Err(reply) = digits.sender.push(steps, reply) {
            let _ = reply.send(Err(Error::new(
                ErrorKind::InvalidState,
                "too many digits wait to be sent; send the next ones when these are done",
            )));
        }
    }

    /// Tells the call of digits that came.
    pub(super) fn tell_digits(&self, digits: impl IntoIterator<Item = Digit>) {
        for digit in digits {
            (self.events)(LegEvent::Digit(digit));
        }
    }
}
