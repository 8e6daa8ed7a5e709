//! A leg's audio: 20 ms out and in per tick.

use super::digits::Digits;
use super::watch::Watch;
use super::{LegConfig, Task};
use crate::error::{Error, Result};
use crate::media::codec::AudioCodec;
use crate::media::expected_loss::ExpectedLoss;
use crate::media::inbound::{AudioReceivePipeline, ReceiveOptions, RtpAudio};
use crate::media::outbound::{AudioEncoderPipeline, EncodedFrame};
use crate::media::peer::{PathReport, ReceivedRtp};
use crate::media::telephone_event::EventPacket;
use crate::proto::sdp::{Kind, Section};
use std::time::Instant;

/// How often the path is asked about: it is not cheap.
const REPORT_EVERY_TICKS: u32 = 50;

/// Audio both ways, from the negotiation on.
pub(super) struct Audio {
    pub(super) encoder: AudioEncoderPipeline,
    receiver: AudioReceivePipeline,
    pub(super) negotiated: Vec<(u8, AudioCodec)>,
    payload_type: u8,
    expected_loss: ExpectedLoss,
    watch: Watch,
}

impl Task {
    /// Keeps the audio where the answer did not change the codec, and likewise the digits.
    pub(super) fn adopt_audio(
        &mut self,
        section: &Section,
        negotiated: Vec<(u8, AudioCodec)>,
    ) -> Result<()> {
        let digits = Digits::negotiated(section, negotiated[0].1);
        if !self.digits.as_ref().is_some_and(|present| present.is_like(&digits)) {
            self.digits = Some(digits);
        }
        if self.audio.as_ref().is_some_and(|audio| audio.negotiated == negotiated) {
            return Ok(());
        }
        if self.audio.is_none() {
            // What was pushed before the answer is old by now.
            self.config.port.input().clear();
        }
        self.config.port.facts().codec = negotiated[0].1.sdp_name();
        self.audio = Some(Audio::new(negotiated, &self.config)?);
        Ok(())
    }

    /// 20 ms of audio out and in.
    pub(super) fn tick(&mut self, now: Instant) {
        let line = self.lines.iter_mut().find(|line| line.carries(Kind::Audio));
        let (Some(line), Some(audio)) = (line, &mut self.audio) else { return };
        if !line.is_connected {
            return;
        }
        let may_send = line.of(Kind::Audio).is_some_and(|media| media.direction.sends());
        let peer = &mut line.transport.peer;
        let mut sent = 0;
        let event = self.digits.as_mut().and_then(|digits| digits.next_packet(may_send));
        let frame = match &event {
            Some((payload_type, packet)) => Ok((*payload_type, audio.suspend(packet))),
            None => {
                let payload_type = audio.payload_type;
                audio.encoder.tick().map(|frame| (payload_type, frame))
            }
        };
        match frame {
            // Time goes by while nothing may be sent.
            Ok((_, frame)) if !may_send => peer.skip(frame.rtp_duration),
            Ok((payload_type, frame)) => {
                sent = frame.payload.len() as u64;
                let result = peer.send_or_skip(
                    payload_type,
                    frame.payload,
                    frame.rtp_duration,
                    frame.marker,
                    now,
                );
                if let Err(error) = result {
                    tracing::debug!(%error, "a packet could not be sent");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a frame could not be encoded");
                peer.skip(audio.encoder.rtp_duration());
            }
        }
        audio.receiver.tick(now);
        let stats = audio.receiver.stats();
        self.ticks = self.ticks.wrapping_add(1);
        let path = self.ticks.is_multiple_of(REPORT_EVERY_TICKS).then(|| peer.path_report(now));
        let mut facts = self.config.port.facts();
        facts.packets_sent += u64::from(sent > 0);
        facts.bytes_sent += sent;
        facts.bytes_received = stats.payload_bytes;
        facts.jitter = stats.jitter;
        if let Some(path) = path {
            facts.path = path;
            drop(facts);
            audio.adapt(path);
            let mos = audio.watch.second(stats.jitter, path, &self.events);
            self.config.port.facts().mos = mos;
        } else {
            drop(facts);
        }
        audio.watch.tick(audio.encoder.has_audio(), &self.config.port, &self.events);
        let over = self.digits.as_mut().and_then(|digits| digits.tick(now));
        self.tell_digits(over);
    }

    /// Takes a received packet.
    pub(super) fn hear(&mut self, rtp: ReceivedRtp) {
        let Some(audio) = &mut self.audio else { return };
        self.config.port.facts().first_packet.get_or_insert(rtp.at);
        let packet = RtpAudio {
            ssrc: rtp.ssrc,
            seq: rtp.sequence,
            timestamp: rtp.timestamp,
            payload_type: rtp.payload_type,
            marker: rtp.marker,
            payload: rtp.payload,
        };
        let heard = self.digits.as_mut().map(|digits| digits.hear(&packet, rtp.at));
        audio.receiver.insert(packet, rtp.at);
        self.tell_digits(heard.into_iter().flatten());
    }

    /// The last numbers, for a call that is over.
    pub(super) fn report(&mut self) {
        let Some(audio) = &self.audio else { return };
        let stats = audio.receiver.stats();
        let mut facts = self.config.port.facts();
        facts.bytes_received = stats.payload_bytes;
        facts.jitter = stats.jitter;
    }
}

impl Audio {
    /// The frame of an event, in whose place no audio is sent; what was to be said is lost.
    fn suspend<'a>(&mut self, event: &'a EventPacket) -> EncodedFrame<'a> {
        self.encoder.skip();
        EncodedFrame {
            payload: &event.payload,
            rtp_duration: event.ticks_after * self.encoder.rtp_duration(),
            marker: event.marker,
        }
    }

    /// Makes as much redundancy as the loss that the far side reports asks for.
    fn adapt(&mut self, path: PathReport) {
        let Some(percent) = self.expected_loss.report(path.remote_loss_fraction) else { return };
        if let Err(error) = self.encoder.set_expected_loss(percent) {
            tracing::debug!(%error, "the encoder took no loss report");
        }
    }

    fn new(negotiated: Vec<(u8, AudioCodec)>, config: &LegConfig) -> Result<Self> {
        let (payload_type, codec) = negotiated[0];
        let input = config.port.input().clone();
        let output = config.port.output().clone();
        Ok(Self {
            encoder: AudioEncoderPipeline::new(codec, input, &config.encoder)?,
            receiver: AudioReceivePipeline::new(
                negotiated.iter().copied(),
                output,
                &ReceiveOptions::default(),
            ),
            negotiated,
            payload_type,
            expected_loss: ExpectedLoss::default(),
            watch: Watch::default(),
        })
    }
}

/// The codecs that both sides have, in the answer's order; its payload types are the ones to use.
pub(super) fn negotiate(
    section: &Section,
    offered: &[AudioCodec],
) -> Result<Vec<(u8, AudioCodec)>> {
    let codecs: Vec<(u8, AudioCodec)> = section
        .codecs()
        .iter()
        .filter_map(|codec| {
            let known = AudioCodec::from_sdp_name(&codec.name)?;
            let fits = known.rtp_clock_rate() == codec.clock_rate && offered.contains(&known);
            fits.then_some((codec.payload_type, known))
        })
        .collect();
    if codecs.is_empty() {
        return Err(Error::media("the far side has none of the offered audio codecs"));
    }
    Ok(codecs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::sdp::Description;

    fn section(lines: &str) -> Section {
        let sdp = format!("v=0\r\n{lines}");
        Description::parse(&sdp).unwrap().section(Kind::Audio).unwrap().clone()
    }

    #[test]
    fn the_answer_decides_codec_and_payload_type() {
        let all = [AudioCodec::Opus, AudioCodec::Pcmu, AudioCodec::Pcma];
        for (lines, expected) in [
            (
                "m=audio 1 X 102 110\r\na=rtpmap:102 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n",
                vec![(102, AudioCodec::Opus)],
            ),
            ("m=audio 1 X 8 0\r\n", vec![(8, AudioCodec::Pcma), (0, AudioCodec::Pcmu)]),
        ] {
            assert_eq!(negotiate(&section(lines), &all).unwrap(), expected);
        }
        assert!(negotiate(&section("m=audio 1 X 9\r\n"), &all).is_err());
        assert!(negotiate(&section("m=audio 1 X 0\r\n"), &[AudioCodec::Opus]).is_err());
    }
}
