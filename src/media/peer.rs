//! One peer connection: ICE, DTLS and SRTP of one m-section, or of two that share a transport, without
//! I/O and without a clock.
//!
//! This file and those below it are the only ones that know the crate `rtc` (the sans-I/O core of
//! `webrtc`). Datagrams and time go in, datagrams, events, RTP and feedback come out; the leg's task
//! owns the sockets.
//!
//! Why not the async driver of `webrtc`: it nominates on a fixed tick, sends the first
//! ClientHello on the next one, and drops the far side's ClientHello that arrives before the
//! nomination, which a FreeSWITCH-like far side repeats only after a second.

mod codecs;
mod feedback;
mod first_flight;
mod nominations;
mod reports;

pub(crate) use codecs::Offered;
#[cfg(any(test, fuzzing))]
pub(crate) use feedback::read as read_feedback;
pub(crate) use feedback::ReceivedFeedback;

use self::reports::{ReportReader, ReportedLoss};
use crate::error::{Error, Result};
use crate::media::video::assembler::Feedback;
use crate::media::video::sender::OutPacket;
use crate::proto::sdp::{Description, Kind};
use bytes::{Bytes, BytesMut};
use rtc::interceptor::Slot;
use rtc::peer_connection::certificate::{CertificateParams, RTCCertificate};
use rtc::peer_connection::configuration::interceptor_registry::configure_rtcp_reports;
use rtc::peer_connection::configuration::media_engine::MediaEngine;
use rtc::peer_connection::configuration::setting_engine::{SettingEngine, SettingEngineBuilder};
use rtc::peer_connection::configuration::RTCConfigurationBuilder;
use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::peer_connection::event::RTCPeerConnectionEvent;
use rtc::peer_connection::message::{RTCMessage, TaggedRTCMessage};
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::{RTCIceConnectionState, RTCPeerConnectionState};
use rtc::peer_connection::transport::{
    CandidateConfig, CandidateHostConfig, CandidateRelayConfig, CandidateServerReflexiveConfig,
    RTCIceCandidate,
};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp_transceiver::rtp_sender::RTCRtpCodecParameters;
use rtc::rtp_transceiver::RTCRtpSenderId;
use rtc::sansio::Protocol;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Between two rounds of connectivity checks: dense at first, for near servers; then sparse.
const CHECK_PACE: [(Duration, Duration); 3] = [
    (Duration::from_millis(200), Duration::from_millis(20)),
    (Duration::from_secs(2), Duration::from_millis(50)),
    (Duration::MAX, Duration::from_millis(200)),
];
/// How soon the agent may do a round of checks after the last one: at once, for it is asked only
/// when a round is due. (Zero would mean its default, 200 ms.)
const ROUND_INTERVAL: Duration = Duration::from_nanos(1);
/// The first bytes of a binding success response (RFC 8489, 5 and 6).
const BINDING_SUCCESS_TYPE: [u8; 2] = [0x01, 0x01];
/// Checks per candidate pair before it is given up: far more than the media time-out allows.
const MAX_CHECKS: u16 = 1000;
/// Consent: lost after this long without a sign of the far side, failed after that much more.
const ICE_DISCONNECTED: Duration = Duration::from_secs(4);
const ICE_FAILED: Duration = Duration::from_secs(15);
const ICE_KEEPALIVE: Duration = Duration::from_secs(1);
/// DTLS datagrams kept until ICE has a pair: one flight of the far side, with room.
const MAX_HELD: usize = 16;

/// A repeated packet comes after many newer ones; the default of 64 would take it for a replay.
const REPLAY_WINDOW: usize = 1024;

/// A local candidate, as the gatherer found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LocalCandidate {
    Host(SocketAddr),
    /// The address that a STUN server saw, and the socket's own.
    ServerReflexive {
        mapped: SocketAddr,
        base: SocketAddr,
    },
    Relay {
        relayed: SocketAddr,
        base: SocketAddr,
    },
}

impl LocalCandidate {
    /// Its priority among those of its description, in which it is the one at this place, the best
    /// one first (RFC 8445, 5.1.2.1): the crate gives all of a kind the same one.
    fn priority(&self, at: usize) -> u32 {
        let of_kind: u32 = match self {
            Self::Host(_) => 126,
            Self::ServerReflexive { .. } => 100,
            Self::Relay { .. } => 0,
        };
        let local = u16::MAX.saturating_sub(u16::try_from(at).unwrap_or(u16::MAX));
        (of_kind << 24) | (u32::from(local) << 8) | 255
    }

    /// The address that the far side sees.
    fn address(&self) -> SocketAddr {
        match self {
            Self::Host(address) => *address,
            Self::ServerReflexive { mapped, .. } => *mapped,
            Self::Relay { relayed, .. } => *relayed,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Host(_) => "host",
            Self::ServerReflexive { .. } => "srflx",
            Self::Relay { .. } => "relay",
        }
    }
}

/// What happened in a peer connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerEvent {
    IceConnected,
    /// DTLS is done: RTP may flow.
    Connected,
    /// No sign of the far side for a while.
    Disconnected,
    Failed,
}

/// A received RTP packet, decrypted.
pub(crate) struct ReceivedRtp {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
    pub(crate) payload: Bytes,
    /// When its datagram came.
    pub(crate) at: Instant,
}

/// A datagram to send.
pub(crate) struct Datagram {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: BytesMut,
}

impl Datagram {
    fn copy(&self) -> Self {
        Self { from: self.from, to: self.to, bytes: BytesMut::from(&self.bytes[..]) }
    }
}

/// What RTCP and ICE tell about the path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct PathReport {
    pub(crate) round_trip_ms: f64,
    pub(crate) remote_loss_fraction: f64,
    /// Whether the far side ever told its loss.
    pub(crate) has_remote_report: bool,
}

/// What a peer connection is known by: its certificate, and where its stream of packets stands.
/// A connection that takes the place of another one goes on with it.
pub(crate) struct Identity {
    certificate: RTCCertificate,
    /// ICE credentials that were offered already; `None` for new ones.
    credentials: Option<(String, String)>,
    stream: Stream,
}

/// Where the packets that are sent stand.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    ssrc: u32,
    /// The source of a second section that shares the transport.
    second_ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Identity {
    /// A new certificate and new credentials for this stream; without one, a new stream.
    pub(crate) fn new(stream: Option<Stream>) -> Result<Self> {
        let provider = rtc::crypto::default_provider().map_err(|error| {
            Error::internal(format!("there is no cryptography for media: {error}"))
        })?;
        let name = uuid::Uuid::new_v4().simple().to_string();
        let certificate = CertificateParams::new(vec![name])
            .map_err(|error| rtc::shared::error::Error::Other(error.to_string()))
            .and_then(|params| {
                let scheme = rtc::crypto::SignatureScheme::EcdsaP256Sha256;
                RTCCertificate::generate(provider.crypto(), scheme, params)
            })
            .map_err(|error| failed(&error))?;
        let stream = stream.unwrap_or_else(|| Stream {
            ssrc: rand::random(),
            second_ssrc: rand::random(),
            sequence: rand::random::<u16>() & 0x7fff,
            timestamp: rand::random(),
        });
        Ok(Self { certificate, credentials: None, stream })
    }
}

/// See the module's documentation.
pub(crate) struct Peer {
    connection: RTCPeerConnection,
    certificate: RTCCertificate,
    kind: Kind,
    sender: RTCRtpSenderId,
    /// Sender and source of the video: the only ones, or those of the second section.
    video: (RTCRtpSenderId, u32),
    stream: Stream,
    reported_loss: ReportedLoss,
    feedback: feedback::Waiting,
    /// DTLS that came before ICE had a pair.
    held: VecDeque<TaggedBytesMut>,
    nominations: nominations::Nominations,
    first_flight: first_flight::FirstFlight,
    is_ice_connected: bool,
    is_connected: bool,
    /// Whether a check of ours was answered.
    has_answer: bool,
    /// When checking began and when the last round was.
    checking_since: Option<Instant>,
    last_round: Instant,
    events: VecDeque<PeerEvent>,
}

impl Peer {
    /// A peer connection for a section that sends and receives, and for one that shares its transport.
    pub(crate) fn new(offered: &[Offered<'_>], now: Instant) -> Result<Self> {
        Self::with_identity(Identity::new(None)?, offered, now)
    }

    /// The same under a given identity.
    pub(crate) fn with_identity(
        identity: Identity,
        offered: &[Offered<'_>],
        now: Instant,
    ) -> Result<Self> {
        let Identity { certificate, credentials, stream } = identity;
        let mut media = MediaEngine::default();
        for section in offered {
            for codec in section.parameters() {
                media.register_codec(codec, section.rtc_kind()).map_err(|error| failed(&error))?;
            }
        }
        let reported_loss = ReportedLoss::default();
        let tap = feedback::Tap::default();
        let feedback = tap.waiting.clone();
        let registry = configure_rtcp_reports(rtc::interceptor::Registry::new())
            .with(Slot::NackResponder, tap)
            // Behind the two of the reports, which pass on what they read.
            .with(Slot::from(11_500), ReportReader::new(stream.ssrc, reported_loss.clone()));
        let configuration =
            RTCConfigurationBuilder::new().with_certificates(vec![certificate.clone()]).build();
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_configuration(configuration)
            .with_media_engine(media)
            .with_setting_engine(settings(credentials))
            .with_interceptor_registry(registry)
            .build(now)
            .map_err(|error| failed(&error))?;
        let mut senders = Vec::new();
        for (section, ssrc) in offered.iter().zip([stream.ssrc, stream.second_ssrc]) {
            let added = connection.add_track(section.track(ssrc));
            senders.push((added.map_err(|error| failed(&error))?, ssrc));
            prefer(&mut connection, senders.len() - 1, section.parameters())?;
        }
        let nothing = || Error::internal("a peer connection needs a section");
        let sender = senders.first().ok_or_else(nothing)?.0;
        let video = *senders.last().ok_or_else(nothing)?;
        Ok(Self {
            connection,
            certificate,
            kind: offered.first().ok_or_else(nothing)?.kind(),
            sender,
            video,
            stream,
            reported_loss,
            feedback,
            held: VecDeque::new(),
            nominations: nominations::Nominations::default(),
            first_flight: first_flight::FirstFlight::default(),
            is_ice_connected: false,
            is_connected: false,
            has_answer: false,
            checking_since: None,
            last_round: now,
            events: VecDeque::new(),
        })
    }

    /// Makes the offer with these candidates, complete.
    pub(crate) fn offer(
        &mut self,
        candidates: &[LocalCandidate],
        now: Instant,
    ) -> Result<Description> {
        let offer = self.connection.create_offer(None).map_err(|error| failed(&error))?;
        self.connection.set_local_description(now, offer).map_err(|error| failed(&error))?;
        self.complete_local(candidates)
    }

    /// Makes an offer that restarts ICE over these candidates (RFC 8839, 4.4.1.1.1): new credentials,
    /// the same certificate. The path of before is given up at once; DTLS and SRTP stay.
    pub(crate) fn restart(
        &mut self,
        candidates: &[LocalCandidate],
        now: Instant,
    ) -> Result<Description> {
        let options = RTCOfferOptions { ice_restart: true };
        let offer = self.connection.create_offer(Some(options)).map_err(|error| failed(&error))?;
        self.connection.set_local_description(now, offer).map_err(|error| failed(&error))?;
        self.held.clear();
        self.nominations.clear();
        self.is_ice_connected = false;
        self.is_connected = false;
        self.has_answer = false;
        self.checking_since = None;
        self.complete_local(candidates)
    }

    /// The identity under which this connection's last offer can be taken over by a new one:
    /// the far side chose a new DTLS association for it.
    pub(crate) fn as_offered(&self) -> Result<Identity> {
        let local = self.connection.local_description().map(|local| Description::parse(&local.sdp));
        let local = local.ok_or_else(|| Error::internal("there is no offer to take over"))??;
        let credentials = local.ice_credentials(self.kind);
        Ok(Identity { certificate: self.certificate.clone(), credentials, stream: self.stream })
    }

    /// Where the packets that are sent stand.
    pub(crate) fn stream(&self) -> Stream {
        self.stream
    }

    /// Goes on where another connection's packets stand.
    pub(crate) fn continue_stream(&mut self, stream: Stream) {
        let Stream { ssrc, second_ssrc, .. } = self.stream;
        self.stream = Stream { ssrc, second_ssrc, ..stream };
    }

    /// Takes the far side's offer for this section and makes the complete answer; checks start at
    /// once.
    pub(crate) fn answer(
        &mut self,
        offer: String,
        candidates: &[LocalCandidate],
        now: Instant,
    ) -> Result<Description> {
        let offer = RTCSessionDescription::offer(codecs::hidden(&offer))
            .map_err(|error| unusable(&error))?;
        self.connection.set_remote_description(now, offer).map_err(|error| unusable(&error))?;
        let answer = self.connection.create_answer(None).map_err(|error| unusable(&error))?;
        self.connection.set_local_description(now, answer).map_err(|error| failed(&error))?;
        let description = self.complete_local(candidates)?;
        self.checking_since = Some(now);
        self.handle_timeout(now);
        Ok(description)
    }

    fn complete_local(&mut self, candidates: &[LocalCandidate]) -> Result<Description> {
        for (at, candidate) in candidates.iter().enumerate() {
            self.add_local(candidate, candidate.priority(at))?;
        }
        let local = self
            .connection
            .local_description()
            .ok_or_else(|| Error::internal("there is no local description after it was set"))?;
        let sdp = codecs::shown(&local.sdp);
        let addresses: Vec<SocketAddr> = candidates.iter().map(LocalCandidate::address).collect();
        let nothing = || Error::media("there is no network interface that media can use");
        let default = *addresses.first().ok_or_else(nothing)?;
        Ok(Description::parse(&sdp)?.complete(default, &addresses))
    }

    fn add_local(&mut self, candidate: &LocalCandidate, priority: u32) -> Result<()> {
        let config = |address: &SocketAddr| CandidateConfig {
            network: "udp".to_owned(),
            address: address.ip().to_string(),
            port: address.port(),
            component: 1,
            priority,
            ..Default::default()
        };
        let made = match candidate {
            LocalCandidate::Host(address) => {
                CandidateHostConfig { base_config: config(address), ..Default::default() }
                    .new_candidate_host()
            }
            LocalCandidate::ServerReflexive { mapped, base } => CandidateServerReflexiveConfig {
                base_config: config(mapped),
                rel_addr: base.ip().to_string(),
                rel_port: base.port(),
                ..Default::default()
            }
            .new_candidate_server_reflexive(),
            LocalCandidate::Relay { relayed, base } => CandidateRelayConfig {
                base_config: config(relayed),
                rel_addr: base.ip().to_string(),
                rel_port: base.port(),
                ..Default::default()
            }
            .new_candidate_relay(),
        };
        let made = made.map_err(|error| failed(&error))?;
        let init = RTCIceCandidate::from(&made).to_json().map_err(|error| failed(&error))?;
        self.connection.add_local_candidate(init).map_err(|error| failed(&error))
    }

    /// Applies the far side's answer for this section; checks start at once.
    pub(crate) fn apply_answer(&mut self, sdp: String, now: Instant) -> Result<()> {
        let answer = RTCSessionDescription::answer(codecs::hidden(&sdp))
            .map_err(|error| unusable(&error))?;
        self.connection.set_remote_description(now, answer).map_err(|error| unusable(&error))?;
        self.checking_since = Some(now);
        self.handle_timeout(now);
        Ok(())
    }

    /// Takes a datagram from a socket, that came at `now`.
    pub(crate) fn handle_datagram(
        &mut self,
        local: SocketAddr,
        from: SocketAddr,
        bytes: BytesMut,
        now: Instant,
    ) {
        let datagram = TaggedBytesMut {
            now,
            transport: TransportContext {
                local_addr: local,
                peer_addr: from,
                ecn: None,
                transport_protocol: TransportProtocol::UDP,
            },
            message: bytes,
        };
        if is_dtls(&datagram.message) {
            self.first_flight.end();
        }
        if !self.is_ice_connected && is_dtls(&datagram.message) {
            if self.held.len() < MAX_HELD {
                self.held.push_back(datagram);
            }
            return;
        }
        let is_step = self.is_step(&datagram.message);
        let mut nomination = None;
        if !self.is_ice_connected {
            self.nominations.note(&datagram);
            if datagram.message.starts_with(&BINDING_SUCCESS_TYPE) {
                nomination = self.nominations.take(&datagram);
            }
        }
        self.feed(datagram);
        if let Some(nomination) = nomination {
            self.feed(nomination);
        }
        if is_step {
            self.handle_timeout(now);
        } else if !self.is_connected {
            // A pair may be there now: what was held back goes in.
            self.collect_events(now);
        }
    }

    /// Whether the next step is due at once, which by itself would wait for a timer: the first
    /// answered check lets the pair be nominated, a DTLS flight wants its reply. Not every check:
    /// each round sends checks, and their answers must not cause rounds without end.
    fn is_step(&mut self, bytes: &[u8]) -> bool {
        if self.is_connected {
            return false;
        }
        let is_answer = bytes.starts_with(&BINDING_SUCCESS_TYPE);
        is_dtls(bytes) || (is_answer && !std::mem::replace(&mut self.has_answer, true))
    }

    fn feed(&mut self, datagram: TaggedBytesMut) {
        if let Err(error) = self.connection.handle_read(datagram) {
            tracing::debug!(%error, "a datagram was not usable");
        }
    }

    /// Lets timers run. Calling it early is harmless.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.last_round = now;
        self.first_flight.handle_timeout(now);
        if let Err(error) = self.connection.handle_timeout(now) {
            tracing::debug!(%error, "a timer failed");
        }
        self.collect_events(now);
    }

    /// When [`Peer::handle_timeout`] is due.
    pub(crate) fn poll_timeout(&mut self) -> Option<Instant> {
        let repeat = self.first_flight.poll_timeout();
        let due = self.due_of_connection();
        due.into_iter().chain(repeat).min()
    }

    fn due_of_connection(&mut self) -> Option<Instant> {
        let due = self.connection.poll_timeout()?;
        match self.checking_since {
            Some(since) if !self.is_connected => {
                let elapsed = self.last_round.saturating_duration_since(since);
                let pace = CHECK_PACE
                    .iter()
                    .find(|(until, _)| elapsed < *until)
                    .map_or(CHECK_PACE[2].1, |(_, pace)| *pace);
                Some(due.max(self.last_round + pace))
            }
            _ => Some(due),
        }
    }

    /// The next datagram to send.
    pub(crate) fn poll_datagram(&mut self) -> Option<Datagram> {
        let Some(datagram) = self.connection.poll_write() else {
            return self.first_flight.poll_datagram();
        };
        let datagram = Datagram {
            from: datagram.transport.local_addr,
            to: datagram.transport.peer_addr,
            bytes: datagram.message,
        };
        if is_dtls(&datagram.bytes) {
            self.first_flight.note(&datagram);
        }
        Some(datagram)
    }

    /// The next event.
    pub(crate) fn poll_event(&mut self, now: Instant) -> Option<PeerEvent> {
        self.collect_events(now);
        self.events.pop_front()
    }

    /// The next received RTP packet.
    pub(crate) fn poll_rtp(&mut self) -> Option<ReceivedRtp> {
        loop {
            let TaggedRTCMessage { message, now } = self.connection.poll_read()?;
            if let RTCMessage::RtpPacket(_, packet) = message {
                return Some(ReceivedRtp {
                    ssrc: packet.header.ssrc,
                    sequence: packet.header.sequence_number,
                    timestamp: packet.header.timestamp,
                    payload_type: packet.header.payload_type,
                    marker: packet.header.marker,
                    payload: packet.payload,
                    at: now,
                });
            }
        }
    }

    /// Sends one encoded audio frame. `duration` is its length in RTP clock ticks.
    pub(crate) fn send_rtp(
        &mut self,
        payload_type: u8,
        payload: &[u8],
        duration: u32,
        marker: bool,
        now: Instant,
    ) -> Result<()> {
        let header = rtc::rtp::Header {
            version: 2,
            marker,
            payload_type,
            sequence_number: self.stream.sequence,
            timestamp: self.stream.timestamp,
            ssrc: self.stream.ssrc,
            ..Default::default()
        };
        self.stream.sequence = self.stream.sequence.wrapping_add(1);
        self.skip(duration);
        self.write(self.sender, header, Bytes::copy_from_slice(payload), now)
    }

    /// Sends one packet of video.
    pub(crate) fn send_video(
        &mut self,
        payload_type: u8,
        packet: OutPacket,
        now: Instant,
    ) -> Result<()> {
        let header = rtc::rtp::Header {
            version: 2,
            marker: packet.marker,
            payload_type,
            sequence_number: packet.sequence,
            timestamp: packet.timestamp,
            ssrc: self.video.1,
            ..Default::default()
        };
        self.write(self.video.0, header, packet.payload, now)
    }

    fn write(
        &mut self,
        sender: RTCRtpSenderId,
        header: rtc::rtp::Header,
        payload: Bytes,
        now: Instant,
    ) -> Result<()> {
        let mut sender = self
            .connection
            .rtp_sender(sender)
            .ok_or_else(|| Error::internal("the sender is gone"))?;
        sender.write_rtp(now, rtc::rtp::Packet { header, payload }).map_err(|error| failed(&error))
    }

    /// The next feedback of the far side.
    pub(crate) fn poll_feedback(&mut self) -> Option<ReceivedFeedback> {
        self.feedback.pop()
    }

    /// Tells the far side what is missing.
    pub(crate) fn send_feedback(&mut self, feedback: &Feedback, now: Instant) -> Result<()> {
        let (sender, own) = self.video;
        let packet = match feedback {
            Feedback::Nack { ssrc, sequences } => feedback::nack(own, *ssrc, sequences),
            Feedback::KeyFrame { ssrc } => feedback::picture_loss(own, *ssrc),
        };
        let compound = feedback::compound(own, packet);
        let mut sender = self
            .connection
            .rtp_sender(sender)
            .ok_or_else(|| Error::internal("the sender is gone"))?;
        sender.write_rtcp(now, compound).map_err(|error| failed(&error))
    }

    /// Sends one encoded frame as [`Peer::send_rtp`] does, or lets its time pass if it is empty.
    pub(crate) fn send_or_skip(
        &mut self,
        payload_type: u8,
        payload: &[u8],
        duration: u32,
        marker: bool,
        now: Instant,
    ) -> Result<()> {
        if payload.is_empty() {
            self.skip(duration);
            return Ok(());
        }
        self.send_rtp(payload_type, payload, duration, marker, now)
    }

    /// Lets `duration` RTP clock ticks pass without a packet.
    pub(crate) fn skip(&mut self, duration: u32) {
        self.stream.timestamp = self.stream.timestamp.wrapping_add(duration);
    }

    /// What is known about the path now.
    pub(crate) fn path_report(&mut self, now: Instant) -> PathReport {
        use rtc::statistics::report::RTCStatsReportEntry;
        use rtc::statistics::StatsSelector;
        let report = self.connection.get_stats(now, StatsSelector::None);
        let mut path = PathReport {
            remote_loss_fraction: self.reported_loss.fraction().unwrap_or(0.0),
            has_remote_report: self.reported_loss.fraction().is_some(),
            ..PathReport::default()
        };
        for pair in report.candidate_pairs().filter(|pair| pair.nominated) {
            path.round_trip_ms = pair.current_round_trip_time * 1000.0;
        }
        for entry in report.iter() {
            if let RTCStatsReportEntry::RemoteInboundRtp(remote) = entry {
                if remote.round_trip_time > 0.0 {
                    path.round_trip_ms = remote.round_trip_time * 1000.0;
                }
            }
        }
        path
    }

    /// Ends the connection; the last datagrams are still to be sent.
    pub(crate) fn close(&mut self) {
        if let Err(error) = self.connection.close() {
            tracing::debug!(%error, "a peer connection did not close cleanly");
        }
    }

    fn collect_events(&mut self, now: Instant) {
        while let Some(event) = self.connection.poll_event() {
            match event {
                RTCPeerConnectionEvent::OnIceConnectionStateChangeEvent(state) => {
                    self.ice_changed(state, now);
                }
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) => match state {
                    RTCPeerConnectionState::Connected => {
                        self.is_connected = true;
                        self.events.push_back(PeerEvent::Connected);
                    }
                    RTCPeerConnectionState::Disconnected => {
                        self.events.push_back(PeerEvent::Disconnected);
                    }
                    RTCPeerConnectionState::Failed => self.events.push_back(PeerEvent::Failed),
                    _ => {}
                },
                _ => {}
            }
        }
    }

    fn ice_changed(&mut self, state: RTCIceConnectionState, now: Instant) {
        if self.is_ice_connected || state != RTCIceConnectionState::Connected {
            return;
        }
        self.is_ice_connected = true;
        self.events.push_back(PeerEvent::IceConnected);
        self.first_flight.begin(now);
        for mut datagram in std::mem::take(&mut self.held) {
            datagram.now = now;
            self.feed(datagram);
        }
        // As DTLS client, the first flight is only handed out by the timer.
        if let Err(error) = self.connection.handle_timeout(now) {
            tracing::debug!(%error, "a timer failed");
        }
    }
}

/// Offers all of these: by itself a transceiver offers the codec of its track only.
fn prefer(
    connection: &mut RTCPeerConnection,
    at: usize,
    codecs: Vec<RTCRtpCodecParameters>,
) -> Result<()> {
    let id = connection.get_transceivers().nth(at);
    let transceiver = id.and_then(|id| connection.rtp_transceiver(id));
    let mut transceiver = transceiver.ok_or_else(|| Error::internal("the transceiver is gone"))?;
    transceiver.set_codec_preferences(codecs).map_err(|error| failed(&error))
}

/// Whether a datagram is DTLS (RFC 7983, 7).
fn is_dtls(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(20..=63))
}

fn settings(credentials: Option<(String, String)>) -> SettingEngine {
    let none = Some(Duration::ZERO);
    let builder = match credentials {
        Some((ufrag, pwd)) => SettingEngineBuilder::new().with_ice_credentials(ufrag, pwd),
        None => SettingEngineBuilder::new(),
    };
    builder
        .with_discard_local_candidates_during_ice_restart(true)
        .with_ice_connection_attempts(Some(ROUND_INTERVAL), Some(MAX_CHECKS))
        .with_host_acceptance_min_wait(none)
        .with_srflx_acceptance_min_wait(none)
        .with_prflx_acceptance_min_wait(none)
        .with_relay_acceptance_min_wait(none)
        .with_ice_timeouts(Some(ICE_DISCONNECTED), Some(ICE_FAILED), Some(ICE_KEEPALIVE))
        .with_multicast_dns_mode(rtc::ice::mdns::MulticastDnsMode::Disabled)
        .with_include_loopback_candidate(true)
        .with_sdp_media_level_fingerprints(true)
        .with_srtp_replay_protection_window(REPLAY_WINDOW)
        .build()
}

fn failed(error: &rtc::shared::error::Error) -> Error {
    Error::media(format!("the peer connection failed: {error}"))
}

fn unusable(error: &rtc::shared::error::Error) -> Error {
    Error::media(format!("the far side's media description cannot be used: {error}"))
}

#[cfg(test)]
#[path = "peer_tests.rs"]
mod tests;
