//! A leg's video: frames out and in, and what both sides tell each other about them.

use super::{LegEvent, Task};
use crate::error::{Error, Result};
use crate::media::peer::{ReceivedFeedback, ReceivedRtp};
use crate::media::video::assembler::FrameAssembler;
use crate::media::video::port::VideoPort;
use crate::media::video::sender::VideoSender;
use crate::media::video::{VideoCodec, VideoPacket, CLOCK_HZ};
use crate::proto::sdp::{Description, Kind, Section};
use std::time::{Duration, Instant};

/// How often the path is asked about: it is not cheap.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// Requests for key frames that come closer to each other are one.
const KEY_FRAME_PAUSE: Duration = Duration::from_millis(100);

/// Video both ways, from the negotiation on.
pub(super) struct Video {
    negotiated: Vec<(u8, VideoCodec)>,
    sender: VideoSender,
    receiver: FrameAssembler,
    /// Whether the path is up, so that timers make sense.
    is_live: bool,
    /// Whether the application may push frames.
    is_open: bool,
    /// The far side waits for a key frame that the application was not asked for yet.
    owes_key_frame: bool,
    asked_for_key_frame: Option<Instant>,
    next_report: Option<Instant>,
}

impl Video {
    fn new(negotiated: Vec<(u8, VideoCodec)>) -> Self {
        Self {
            negotiated,
            sender: VideoSender::new(rand::random()),
            receiver: FrameAssembler::new(false),
            is_live: false,
            is_open: false,
            owes_key_frame: false,
            asked_for_key_frame: None,
            next_report: None,
        }
    }

    /// The codec that is sent.
    pub(super) fn codec(&self) -> VideoCodec {
        self.negotiated[0].1
    }

    /// Whether this payload type was agreed on.
    pub(super) fn takes(&self, payload_type: u8) -> bool {
        self.negotiated.iter().any(|(number, _)| *number == payload_type)
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        if !self.is_live {
            return None;
        }
        let asks = self.asked_for_key_frame.filter(|_| self.owes_key_frame);
        let asks = asks.map(|asked| asked + KEY_FRAME_PAUSE);
        [self.sender.poll_timeout(), self.receiver.poll_timeout(), self.next_report, asks]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether the application is to be asked for a key frame now.
    fn asks(&mut self, now: Instant) -> bool {
        let pause_is_over =
            self.asked_for_key_frame.is_none_or(|asked| now >= asked + KEY_FRAME_PAUSE);
        if !self.owes_key_frame || !pause_is_over {
            return false;
        }
        self.owes_key_frame = false;
        self.asked_for_key_frame = Some(now);
        true
    }

    fn deliver(&mut self, port: &VideoPort) {
        while let Some(frame) = self.receiver.poll_frame() {
            let mut facts = port.facts();
            facts.received = self.receiver.counters();
            if frame.width > 0 {
                (facts.width, facts.height) = (frame.width, frame.height);
            }
            drop(facts);
            port.deliver(&frame);
        }
    }
}

impl Task {
    /// Takes what both sides can; the far side's order decides.
    pub(super) fn adopt_video(&mut self, negotiated: Vec<(u8, VideoCodec)>, far: &Description) {
        let port = self.config.port.video();
        let (payload_type, codec) = negotiated[0];
        let has_nack = far
            .section(Kind::Video)
            .is_some_and(|section| section.has_feedback(payload_type, "nack"));
        let mut facts = port.facts();
        facts.codec = Some(codec);
        if let Some(limit) = far.bandwidth_bps(Kind::Video) {
            facts.bitrate_limit_bps = limit;
        }
        drop(facts);
        let video = self.video.get_or_insert_with(|| Video::new(negotiated.clone()));
        if video.codec() != codec {
            video.is_open = false;
        }
        video.negotiated = negotiated;
        video.receiver.set_nack(has_nack);
    }

    /// The path of the video is up, for the first time or again.
    pub(super) fn video_connected(&mut self) {
        let Some(video) = &mut self.video else { return };
        if video.is_live {
            // Frames were lost meanwhile, in both directions.
            video.receiver.skip_to_key_frame();
            video.is_open = false;
            video.owes_key_frame = true;
        }
        let codec = video.codec();
        self.sync_video(false);
        (self.events)(LegEvent::VideoConnected { codec });
    }

    /// Opens or closes the way for the application's frames. `begins`: video is received from now on.
    pub(super) fn sync_video(&mut self, begins: bool) {
        let line = self.lines.iter().find(|line| line.carries(Kind::Video));
        let (Some(video), Some(line)) = (&mut self.video, line) else { return };
        video.is_live = line.is_connected;
        if begins {
            video.receiver.skip_to_key_frame();
        }
        let may_send =
            line.is_connected && line.of(Kind::Video).is_some_and(|media| media.direction.sends());
        if video.is_open != may_send {
            video.is_open = may_send;
            video.sender.clear();
            self.config.port.video().open(may_send.then(|| video.codec()));
        }
    }

    /// Takes a received packet.
    pub(super) fn see(&mut self, rtp: ReceivedRtp, now: Instant) {
        let receives = self.directions.video.receives();
        let Some(video) = self.video.as_mut().filter(|_| receives) else { return };
        let known = video.negotiated.iter().find(|(number, _)| *number == rtp.payload_type);
        let Some((_, codec)) = known.copied() else { return };
        self.config.port.facts().first_packet.get_or_insert(now);
        video.receiver.insert(
            VideoPacket {
                ssrc: rtp.ssrc,
                sequence: rtp.sequence,
                timestamp: rtp.timestamp,
                codec,
                marker: rtp.marker,
                payload: rtp.payload,
            },
            now,
        );
        video.deliver(self.config.port.video());
    }

    /// Sends what is due: frames, repetitions, feedback; tells the application what it has to know.
    pub(super) fn pump_video(&mut self, now: Instant) {
        let line = self.lines.iter_mut().find(|line| line.carries(Kind::Video));
        let (Some(video), Some(line)) = (&mut self.video, line) else { return };
        if !line.is_connected {
            return;
        }
        let port = self.config.port.video();
        let peer = &mut line.transport.peer;
        let mut facts = port.facts();
        let mut limit = None;
        while let Some(feedback) = peer.poll_feedback() {
            match feedback {
                ReceivedFeedback::Nack(missing) => {
                    facts.nacks_received += 1;
                    video.sender.missed(missing.into_iter());
                }
                ReceivedFeedback::KeyFrame => {
                    facts.key_frame_requests_received += 1;
                    video.owes_key_frame |= video.is_open;
                }
                ReceivedFeedback::BitrateLimit(bits) if bits != facts.bitrate_limit_bps => {
                    facts.bitrate_limit_bps = bits;
                    limit = Some(bits);
                }
                ReceivedFeedback::BitrateLimit(_) => {}
            }
        }
        video.owes_key_frame |= port.take_lack();
        while video.is_open {
            if video.sender.is_idle() {
                if let Some(frame) = port.pop() {
                    facts.frames_sent += 1;
                    facts.key_frames_sent += u64::from(frame.is_key_frame);
                    video.owes_key_frame &= !frame.is_key_frame;
                    video.sender.push(&frame);
                }
            }
            let Some(packet) = video.sender.poll_packet(now) else { break };
            if packet.is_repeat {
                facts.packets_repeated += 1;
            } else {
                facts.packets_sent += 1;
                facts.bytes_sent += packet.payload.len() as u64;
            }
            if let Err(error) = peer.send_video(video.negotiated[0].0, packet, now) {
                tracing::debug!(%error, "a packet could not be sent");
            }
        }
        drop(facts);
        if port.take_key_frame_request() {
            video.receiver.request_key_frame();
        }
        video.receiver.handle_timeout(now);
        video.deliver(port);
        while let Some(feedback) = video.receiver.poll_feedback(now) {
            if let Err(error) = peer.send_feedback(&feedback, now) {
                tracing::debug!(%error, "feedback could not be sent");
            }
        }
        let mut facts = port.facts();
        facts.received = video.receiver.counters();
        if video.next_report.is_none_or(|due| due <= now) {
            video.next_report = Some(now + REPORT_EVERY);
            let path = peer.path_report(now);
            facts.round_trip_ms = path.round_trip_ms;
            facts.remote_loss_fraction = path.remote_loss_fraction;
            let round_trip = Duration::from_secs_f64(path.round_trip_ms.clamp(0.0, 10_000.0) / 1e3);
            video.receiver.set_round_trip(round_trip);
        }
        drop(facts);
        if let Some(bits) = limit {
            (self.events)(LegEvent::BitrateLimit(bits));
        }
        if video.asks(now) {
            self.config.port.video().owe_key_frame();
            (self.events)(LegEvent::KeyFrameWanted);
        }
    }
}

/// The codecs that both sides have, in the answer's order; its payload types are the ones to use.
pub(super) fn negotiate_video(
    section: &Section,
    offered: &[VideoCodec],
) -> Result<Vec<(u8, VideoCodec)>> {
    let codecs: Vec<(u8, VideoCodec)> = section
        .codecs()
        .iter()
        .filter_map(|codec| {
            let known = VideoCodec::from_sdp_name(&codec.name)?;
            let parameters = section.parameters(codec.payload_type).unwrap_or_default();
            // Mode 0 has neither fragments nor aggregates, so pictures would have to fit packets.
            let fits = known == VideoCodec::Vp8 || parameters.contains("packetization-mode=1");
            let is_usable =
                fits && u64::from(codec.clock_rate) == CLOCK_HZ && offered.contains(&known);
            is_usable.then_some((codec.payload_type, known))
        })
        .collect();
    if codecs.is_empty() {
        return Err(Error::media("the far side has none of the offered video codecs"));
    }
    Ok(codecs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_far_side_decides_codec_and_payload_type() {
        let both = VideoCodec::ALL;
        for (lines, offered, expected) in [
            ("96 97\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=1\r\n", &both[..], vec![(96, VideoCodec::Vp8), (97, VideoCodec::H264)]),
            ("97 96\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 profile-level-id=42e01f;packetization-mode=1\r\n", &both, vec![(97, VideoCodec::H264), (96, VideoCodec::Vp8)]),
            ("97 96\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 H264/90000\r\n", &both, vec![(96, VideoCodec::Vp8)]),
            ("101\r\na=rtpmap:101 VP9/90000\r\n", &both, vec![]),
            ("96\r\na=rtpmap:96 VP8/90000\r\n", &[VideoCodec::H264], vec![]),
        ] {
            let sdp = format!("v=0\r\nm=video 1 X {lines}");
            let sdp = Description::parse(&sdp).unwrap();
            let section = sdp.section(Kind::Video).unwrap();
            assert_eq!(negotiate_video(section, offered).unwrap_or_default(), expected, "{lines}");
        }
    }
}
