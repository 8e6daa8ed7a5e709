//! A leg's audio: 20 ms out and in per tick.

use super::digits::Digits;
use super::watch::Watch;
use super::{LegConfig, Task};
use crate::error::{Error, Result};
use crate::media::codec::{AudioCodec, PACKET_MS};
use crate::media::expected_loss::ExpectedLoss;
use crate::media::frame::{AudioError, TICK_MS};
use crate::media::inbound::{AudioReceivePipeline, ReceiveOptions, RtpAudio};
use crate::media::outbound::{AudioEncoderPipeline, EncodedFrame};
use crate::media::peer::{PathReport, Peer, ReceivedRtp};
use crate::media::telephone_event::EventPacket;
use crate::proto::sdp::{Kind, Section};
use std::time::{Duration, Instant};

/// How often the path is asked about: it is not cheap.
const REPORT_EVERY_TICKS: u32 = 50;

/// From the first of the two packets of a tick to the second.
const SECOND_PACKET: Duration = Duration::from_millis(TICK_MS as u64 / 2);

/// Audio both ways, from the negotiation on.
pub(super) struct Audio {
    pub(super) encoder: AudioEncoderPipeline,
    receiver: AudioReceivePipeline,
    pub(super) negotiated: Vec<(u8, AudioCodec)>,
    payload_type: u8,
    expected_loss: ExpectedLoss,
    watch: Watch,
    /// When the second packet of this tick is due.
    second_at: Option<Instant>,
    sent: Sent,
}

/// What went out in this tick.
#[derive(Clone, Copy, Default)]
struct Sent {
    packets: u64,
    bytes: u64,
}

impl Task {
    /// Keeps the audio where the answer did not change the codec, and likewise the digits.
    pub(super) fn adopt_audio(
        &mut self,
        section: &Section,
        negotiated: Vec<(u8, AudioCodec)>,
        packet_ms: u32,
    ) -> Result<()> {
        let digits = Digits::negotiated(section, negotiated[0].1);
        if !self.digits.as_ref().is_some_and(|present| present.is_like(&digits)) {
            self.digits = Some(digits);
        }
        if let Some(audio) = self.audio.as_mut().filter(|audio| audio.negotiated == negotiated) {
            audio.encoder.set_packet_ms(packet_ms);
            return Ok(());
        }
        if self.audio.is_none() {
            // What was pushed before the answer is old by now.
            self.config.port.input().clear();
        }
        self.config.port.facts().codec = negotiated[0].1.sdp_name();
        let mut audio = Audio::new(negotiated, &self.config)?;
        audio.encoder.set_packet_ms(packet_ms);
        self.audio = Some(audio);
        Ok(())
    }

    /// When the second packet of this tick is to go out.
    pub(super) fn second_packet_at(&self) -> Option<Instant> {
        self.audio.as_ref().and_then(|audio| audio.second_at)
    }

    /// Sends what is left of the last tick, where packets are shorter than ticks.
    pub(super) fn send_rest(&mut self, now: Instant) {
        let line = self.lines.iter_mut().find(|line| line.carries(Kind::Audio));
        let (Some(line), Some(audio)) = (line, &mut self.audio) else { return };
        audio.second_at = None;
        let may_send = line.of(Kind::Audio).is_some_and(|media| media.direction.sends());
        let mut way = Way { peer: &mut line.transport.peer, may_send, now };
        while audio.encoder.has_packet() {
            audio.send_next(&mut way);
        }
    }

    /// 20 ms of audio out and in.
    pub(super) fn tick(&mut self, now: Instant) {
        self.send_rest(now);
        let line = self.lines.iter_mut().find(|line| line.carries(Kind::Audio));
        let (Some(line), Some(audio)) = (line, &mut self.audio) else { return };
        if !line.is_connected {
            return;
        }
        let may_send = line.of(Kind::Audio).is_some_and(|media| media.direction.sends());
        let mut way = Way { peer: &mut line.transport.peer, may_send, now };
        match self.digits.as_mut().and_then(|digits| digits.next_packet(may_send)) {
            Some((payload_type, event)) => audio.send_event(&mut way, payload_type, &event),
            None => audio.send_tick(&mut way),
        }
        let sent = std::mem::take(&mut audio.sent);
        audio.receiver.tick(now);
        let has_played = audio.receiver.has_played();
        let stats = audio.receiver.stats();
        self.ticks = self.ticks.wrapping_add(1);
        let path = self.ticks.is_multiple_of(REPORT_EVERY_TICKS).then(|| way.peer.path_report(now));
        let mut facts = self.config.port.facts();
        facts.packets_sent += sent.packets;
        facts.bytes_sent += sent.bytes;
        facts.bytes_received = stats.payload_bytes;
        facts.jitter = stats.jitter;
        if has_played {
            facts.first_audio.get_or_insert(now);
        }
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

/// Where packets go.
struct Way<'a> {
    peer: &'a mut Peer,
    may_send: bool,
    now: Instant,
}

impl Way<'_> {
    /// Sends a packet, or lets its time pass; `duration` is that of one that could not be encoded.
    fn send(
        &mut self,
        payload_type: u8,
        frame: std::result::Result<EncodedFrame<'_>, AudioError>,
        duration: u32,
    ) -> Sent {
        let frame = match frame {
            Ok(frame) if self.may_send => frame,
            Ok(frame) => {
                self.peer.skip(frame.rtp_duration);
                return Sent::default();
            }
            Err(error) => {
                tracing::warn!(%error, "a frame could not be encoded");
                self.peer.skip(duration);
                return Sent::default();
            }
        };
        let EncodedFrame { payload, rtp_duration, marker } = frame;
        let result = self.peer.send_or_skip(payload_type, payload, rtp_duration, marker, self.now);
        if let Err(error) = result {
            tracing::debug!(%error, "a packet could not be sent");
        }
        Sent { packets: u64::from(!payload.is_empty()), bytes: payload.len() as u64 }
    }
}

impl Sent {
    fn add(&mut self, more: Self) {
        self.packets += more.packets;
        self.bytes += more.bytes;
    }
}

impl Audio {
    /// Takes the next 20 ms and sends the packet that they complete; the second of two is sent later,
    /// so that packets keep their distance.
    fn send_tick(&mut self, way: &mut Way<'_>) {
        self.encoder.set_sending(way.may_send);
        let duration = self.encoder.packet_duration();
        self.sent.add(way.send(self.payload_type, self.encoder.tick(), duration));
        self.second_at = self.encoder.has_packet().then(|| way.now + SECOND_PACKET);
        if !way.may_send {
            self.encoder.pause();
        }
    }

    fn send_next(&mut self, way: &mut Way<'_>) {
        let duration = self.encoder.packet_duration();
        self.sent.add(way.send(self.payload_type, self.encoder.next_packet(), duration));
    }

    /// Sends an event, in whose place no audio is sent; what was to be said is lost.
    fn send_event(&mut self, way: &mut Way<'_>, payload_type: u8, event: &EventPacket) {
        way.peer.skip(self.encoder.abandon_packet());
        self.encoder.skip();
        let frame = EncodedFrame {
            payload: &event.payload,
            rtp_duration: event.ticks_after * self.encoder.tick_duration(),
            marker: event.marker,
        };
        let duration = frame.rtp_duration;
        self.sent.add(way.send(payload_type, Ok(frame), duration));
    }

    /// Makes as much redundancy as the loss that the far side reports asks for.
    fn adapt(&mut self, path: PathReport) {
        let loss = path.has_remote_report.then_some(path.remote_loss_fraction);
        let Some(percent) = self.expected_loss.report(loss) else { return };
        if let Err(error) = self.encoder.set_expected_loss(percent) {
            tracing::debug!(%error, "the encoder took no loss report");
        }
    }

    fn new(negotiated: Vec<(u8, AudioCodec)>, config: &LegConfig) -> Result<Self> {
        let (payload_type, codec) = negotiated[0];
        let input = config.port.input().clone();
        let output = config.port.output().clone();
        let expected_loss = ExpectedLoss::default();
        let mut encoder = AudioEncoderPipeline::new(codec, input, &config.encoder)?;
        encoder.set_expected_loss(expected_loss.percent())?;
        Ok(Self {
            encoder,
            receiver: AudioReceivePipeline::new(
                negotiated.iter().copied(),
                output,
                &ReceiveOptions::default(),
            ),
            negotiated,
            payload_type,
            expected_loss,
            watch: Watch::default(),
            second_at: None,
            sent: Sent::default(),
        })
    }
}

/// How long packets are to be, in milliseconds: as the far side wishes, else as this side does, and
/// no longer than it takes (RFC 8866, 6.4). FreeSWITCH says the same among Opus' parameters, too.
pub(super) fn packet_ms(section: &Section, payload_type: u8, wish: u32) -> u32 {
    let [own, least, most] = ["ptime", "minptime", "maxptime"]
        .map(|name| section.milliseconds(name).or(section.parameter_ms(payload_type, name)));
    let wanted = own.unwrap_or(if wish == 0 { TICK_MS } else { wish });
    let allowed = wanted.max(least.unwrap_or(0)).min(most.unwrap_or(u32::MAX));
    PACKET_MS.into_iter().rev().find(|ms| *ms <= allowed).unwrap_or(PACKET_MS[0])
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
        let all = AudioCodec::ALL;
        for (lines, expected) in [
            (
                "m=audio 1 X 102 110\r\na=rtpmap:102 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n",
                vec![(102, AudioCodec::Opus)],
            ),
            ("m=audio 1 X 9\r\n", vec![(9, AudioCodec::G722)]),
            ("m=audio 1 X 8 0\r\n", vec![(8, AudioCodec::Pcma), (0, AudioCodec::Pcmu)]),
        ] {
            assert_eq!(negotiate(&section(lines), &all).unwrap(), expected);
        }
        assert!(negotiate(&section("m=audio 1 X 3\r\n"), &all).is_err());
        assert!(negotiate(&section("m=audio 1 X 0\r\n"), &[AudioCodec::Opus]).is_err());
    }

    #[test]
    fn the_far_side_says_how_long_packets_are() {
        // What it says, the wish, what is sent.
        let cases: [(&str, u32, u32); 14] = [
            ("", 0, 20),
            ("", 60, 60),
            ("a=ptime:20\r\n", 60, 20),
            ("a=ptime:40\r\n", 0, 40),
            ("a=ptime:10\r\n", 0, 10),
            ("a=ptime:30\r\n", 0, 20),
            ("a=ptime:120\r\n", 0, 60),
            ("a=ptime:2.5\r\n", 0, 10),
            ("a=ptime:nonsense\r\n", 40, 40),
            ("a=ptime:0\r\n", 40, 40),
            ("a=maxptime:40\r\n", 60, 40),
            ("a=maxptime:5\r\n", 60, 10),
            ("a=fmtp:102 useinbandfec=1; minptime=10; maxptime=40\r\n", 60, 40),
            ("a=fmtp:102 ptime=40; minptime=20\r\na=ptime:10\r\n", 0, 20),
        ];
        for (lines, wish, expected) in cases {
            let section = section(&format!("m=audio 1 X 102\r\n{lines}"));
            assert_eq!(packet_ms(&section, 102, wish), expected, "{lines:?} {wish}");
        }
    }
}
