//! The media of one dialog: sockets, peer connection and audio, driven by one task.
//!
//! The service has one transport per m-section, so a leg keeps one peer connection per section
//! and cuts and joins the descriptions. A bundled answer is the same thing with one section.

mod digits;
mod watch;

use self::digits::Digits;
use self::watch::Watch;
use crate::error::{Error, Result};
use crate::media::codec::{AudioCodec, EncoderOptions};
use crate::media::expected_loss::ExpectedLoss;
use crate::media::gather::{gather, GatherConfig, Gathered};
use crate::media::grid::{next_on_grid, TICK};
use crate::media::inbound::{AudioReceivePipeline, ReceiveOptions, RtpAudio};
use crate::media::outbound::{AudioEncoderPipeline, EncodedFrame};
use crate::media::peer::{LocalCandidate, PathReport, Peer, PeerEvent};
use crate::media::port::AudioPort;
use crate::media::quality::QualityChange;
use crate::media::sockets::{Received, Sockets};
use crate::media::telephone_event::{Digit, EventPacket, Step};
use crate::proto::ice::IceServer;
use crate::proto::sdp::{Description, Kind, Section};
use crate::runtime;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, Instant as TokioInstant};

/// After a longer standstill (a suspended machine) ticks are not made up for.
const MAX_LAG: Duration = Duration::from_millis(200);
/// How often the path is asked about: it is not cheap.
const REPORT_EVERY_TICKS: u32 = 50;
const MTU: usize = 1500;
/// How a leg is to be made.
pub(crate) struct LegConfig {
    pub(crate) local_addresses: Vec<IpAddr>,
    /// Whether no other interface may be used besides these.
    pub(crate) only_these_addresses: bool,
    /// Whether only TURN relays are offered.
    pub(crate) relay_only: bool,
    pub(crate) ice_servers: Vec<IceServer>,
    /// For TURN servers that are reached over TLS.
    pub(crate) tls: Arc<rustls::ClientConfig>,
    pub(crate) codecs: Vec<AudioCodec>,
    pub(crate) encoder: EncoderOptions,
    pub(crate) port: AudioPort,
}

impl LegConfig {
    async fn gather(&self) -> Result<Gathered> {
        gather(&GatherConfig {
            preferred: &self.local_addresses,
            only_preferred: self.only_these_addresses,
            relay_only: self.relay_only,
            servers: &self.ice_servers,
            tls: &self.tls,
        })
        .await
    }
}

/// What a leg tells its call. Called on the leg's task.
pub(crate) enum LegEvent {
    Connected {
        codec: AudioCodec,
    },
    /// No sign of the far side; it may come back.
    Lost,
    /// The quality changed, or something spoils it.
    Quality(QualityChange),
    /// Somebody here or there began or stopped speaking.
    Speaking {
        is_local: bool,
        is_speaking: bool,
    },
    /// The far side pressed a key, as telephone-events in the stream say.
    Digit(Digit),
    Failed(Error),
}

enum Command {
    Offer(oneshot::Sender<Result<String>>),
    Answer(String, oneshot::Sender<Result<()>>),
    Accept(String, oneshot::Sender<Result<String>>),
    Digits(Vec<Step>, oneshot::Sender<Result<()>>),
    Close(oneshot::Sender<()>),
}

/// A handle on the leg's task. Dropping it ends the task without a DTLS goodbye.
pub(crate) struct Leg {
    commands: mpsc::Sender<Command>,
}

impl Leg {
    /// Starts the task; nothing is bound or sent before [`Leg::offer`].
    pub(crate) fn start(
        config: LegConfig,
        events: impl Fn(LegEvent) + Send + Sync + 'static,
    ) -> Result<Self> {
        let (commands, queue) = mpsc::channel(8);
        runtime::spawn(Task::new(config, Box::new(events)).run(queue))?;
        Ok(Self { commands })
    }

    /// Gathers and gives the complete offer.
    pub(crate) async fn offer(&self) -> Result<String> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Offer(reply)).await?;
        answer.await.map_err(|_| gone())?
    }

    /// Applies the far side's answer; ICE starts at once.
    pub(crate) async fn apply_answer(&self, sdp: String) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Answer(sdp, reply)).await?;
        answer.await.map_err(|_| gone())?
    }

    /// Gathers and gives the complete answer to the far side's offer; ICE starts at once.
    pub(crate) async fn accept(&self, offer: String) -> Result<String> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Accept(offer, reply)).await?;
        answer.await.map_err(|_| gone())?
    }

    /// Sends digits as telephone-events in the stream and waits until the last one is out.
    ///
    /// Errors: `NotSupported` where the far side takes none, `InvalidState` before media.
    pub(crate) async fn send_digits(&self, steps: Vec<Step>) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Digits(steps, reply)).await?;
        answer.await.map_err(|_| Error::closed("the call"))?
    }

    /// Says goodbye and waits for the end of the task; no sink is called any more afterwards.
    pub(crate) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.send(Command::Close(reply)).await.is_ok() {
            let _ = done.await;
        }
    }

    async fn send(&self, command: Command) -> Result<()> {
        self.commands.send(command).await.map_err(|_| gone())
    }
}

fn gone() -> Error {
    Error::internal("the call's media task is gone; please report this with a log")
}

/// One m-section's connection.
struct Transport {
    peer: Peer,
    candidates: Vec<LocalCandidate>,
    remote_candidates: Vec<(String, SocketAddr)>,
}

/// Audio both ways, from the negotiation on.
struct Audio {
    encoder: AudioEncoderPipeline,
    receiver: AudioReceivePipeline,
    payload_type: u8,
    expected_loss: ExpectedLoss,
    watch: Watch,
}

struct Task {
    config: LegConfig,
    events: Box<dyn Fn(LegEvent) + Send + Sync>,
    transport: Option<Transport>,
    /// Beside the peer connection, because reading from them is shared with waiting.
    sockets: Sockets,
    audio: Option<Audio>,
    digits: Option<Digits>,
    is_connected: bool,
    next_tick: Instant,
    ticks: u32,
    /// For one datagram.
    buffer: Vec<u8>,
    /// Who waits for the end of the task.
    closing: Option<oneshot::Sender<()>>,
}

enum Wake {
    Command(Option<Command>),
    Datagram(Received),
    Time,
}

impl Task {
    fn new(config: LegConfig, events: Box<dyn Fn(LegEvent) + Send + Sync>) -> Self {
        Self {
            config,
            events,
            transport: None,
            sockets: Sockets::default(),
            audio: None,
            digits: None,
            is_connected: false,
            next_tick: Instant::now(),
            ticks: 0,
            buffer: vec![0; MTU],
            closing: None,
        }
    }

    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let timer = sleep_until(TokioInstant::now());
        tokio::pin!(timer);
        loop {
            let due = self.next_deadline();
            if let Some(due) = due {
                if timer.deadline().into_std() != due {
                    timer.as_mut().reset(due.into());
                }
            }
            let wake = tokio::select! {
                biased;
                command = commands.recv() => Wake::Command(command),
                received = self.sockets.receive(&mut self.buffer) => Wake::Datagram(received),
                () = timer.as_mut(), if due.is_some() => Wake::Time,
            };
            match wake {
                Wake::Command(Some(Command::Close(reply))) => {
                    self.closing = Some(reply);
                    break;
                }
                Wake::Command(None) => break,
                Wake::Command(Some(command)) => self.command(command).await,
                Wake::Datagram(received) => self.datagram(received),
                Wake::Time => self.time(),
            }
            self.pump();
        }
        self.end();
    }

    fn end(mut self) {
        if let Some(transport) = &mut self.transport {
            transport.peer.close();
        }
        self.pump();
        self.report();
        self.config.port.end();
        if let Some(done) = self.closing {
            let _ = done.send(());
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Offer(reply) => drop(reply.send(self.offer().await)),
            Command::Answer(sdp, reply) => drop(reply.send(self.apply_answer(&sdp))),
            Command::Accept(offer, reply) => drop(reply.send(self.accept(&offer).await)),
            Command::Digits(steps, reply) => self.send_digits(steps, reply),
            // Handled by the loop.
            Command::Close(reply) => drop(reply.send(())),
        }
    }

    async fn offer(&mut self) -> Result<String> {
        let Gathered { sockets, candidates } = self.config.gather().await?;
        let now = Instant::now();
        let mut peer = Peer::audio(&self.config.codecs, now)?;
        let description = peer.offer(&candidates, now)?;
        self.sockets = sockets;
        self.transport = Some(Transport { peer, candidates, remote_candidates: Vec::new() });
        Description::merge(&[description])
    }

    async fn accept(&mut self, sdp: &str) -> Result<String> {
        let offer = Description::parse(sdp)?;
        let section = offer
            .section(Kind::Audio)
            .ok_or_else(|| Error::media("the caller offers no audio; nothing could be heard"))?;
        negotiate(section, &self.config.codecs)?;
        let for_peer = offer
            .for_peer(Kind::Audio, "0")
            .ok_or_else(|| Error::internal("the audio section vanished"))?;
        let Gathered { sockets, candidates } = self.config.gather().await?;
        let now = Instant::now();
        let mut peer = Peer::audio(&self.config.codecs, now)?;
        let accepted = peer.answer(for_peer, &candidates, now)?;
        let chosen = accepted
            .section(Kind::Audio)
            .ok_or_else(|| Error::media("the caller's audio cannot be used"))?;
        let negotiated = negotiate(chosen, &self.config.codecs)?;
        let answer = offer
            .answer_with(Kind::Audio, &accepted)
            .ok_or_else(|| Error::internal("the audio section vanished"))?;
        self.sockets = sockets;
        self.audio = Some(Audio::new(&negotiated, &self.config)?);
        self.digits = Some(Digits::negotiated(chosen, negotiated[0].1));
        self.config.port.facts().codec = negotiated[0].1.sdp_name();
        let remote_candidates = section.candidates();
        self.transport = Some(Transport { peer, candidates, remote_candidates });
        Ok(answer)
    }

    fn apply_answer(&mut self, sdp: &str) -> Result<()> {
        let transport = self
            .transport
            .as_mut()
            .ok_or_else(|| Error::protocol("the far side answered before there was an offer"))?;
        let answer = Description::parse(sdp)?;
        let section = answer
            .section(Kind::Audio)
            .ok_or_else(|| Error::media("the far side refused audio; nothing can be heard"))?;
        let negotiated = negotiate(section, &self.config.codecs)?;
        let for_peer = answer
            .for_peer(Kind::Audio, "0")
            .ok_or_else(|| Error::internal("the audio section vanished"))?;
        transport.remote_candidates = section.candidates();
        self.audio = Some(Audio::new(&negotiated, &self.config)?);
        self.digits = Some(Digits::negotiated(section, negotiated[0].1));
        self.config.port.facts().codec = negotiated[0].1.sdp_name();
        transport.peer.apply_answer(for_peer, Instant::now())
    }

    fn datagram(&mut self, Received { local, from, bytes, at }: Received) {
        if let Some(transport) = &mut self.transport {
            transport.peer.handle_datagram(local, from, bytes, at);
        }
        self.take_rtp();
    }

    fn time(&mut self) {
        let now = Instant::now();
        let Some(transport) = &mut self.transport else { return };
        self.sockets.drain(&mut self.buffer, now, |Received { local, from, bytes, at }| {
            transport.peer.handle_datagram(local, from, bytes, at);
        });
        if transport.peer.poll_timeout().is_some_and(|due| due <= now) {
            transport.peer.handle_timeout(now);
        }
        if self.is_connected && self.next_tick <= now {
            self.take_rtp();
            self.tick(now);
            self.next_tick += TICK;
            if now.saturating_duration_since(self.next_tick) > MAX_LAG {
                self.next_tick = now + TICK;
            }
        }
    }

    /// While media flows the ticks are dense enough for every timer of the peer connection.
    fn next_deadline(&mut self) -> Option<Instant> {
        if self.is_connected {
            return Some(self.next_tick);
        }
        self.transport.as_mut().and_then(|transport| transport.peer.poll_timeout())
    }

    /// 20 ms of audio out and in.
    fn tick(&mut self, now: Instant) {
        let (Some(transport), Some(audio)) = (&mut self.transport, &mut self.audio) else {
            return;
        };
        let mut sent = 0;
        let event = self.digits.as_mut().and_then(Digits::next_packet);
        let frame = match &event {
            Some((payload_type, packet)) => Ok((*payload_type, audio.suspend(packet))),
            None => {
                let payload_type = audio.payload_type;
                audio.encoder.tick().map(|frame| (payload_type, frame))
            }
        };
        match frame {
            Ok((payload_type, frame)) => {
                sent = frame.payload.len() as u64;
                let result = transport.peer.send_or_skip(
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
                transport.peer.skip(audio.encoder.rtp_duration());
            }
        }
        audio.receiver.tick(now);
        let stats = audio.receiver.stats();
        self.ticks = self.ticks.wrapping_add(1);
        let path =
            self.ticks.is_multiple_of(REPORT_EVERY_TICKS).then(|| transport.peer.path_report(now));
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

    /// Takes what there is to do out of the peer connection: events, which may make datagrams, and
    /// datagrams.
    fn pump(&mut self) {
        let now = Instant::now();
        while let Some(event) =
            self.transport.as_mut().and_then(|transport| transport.peer.poll_event(now))
        {
            self.event(event, now);
        }
        let Some(transport) = &mut self.transport else { return };
        let mut route = None;
        while let Some(datagram) = transport.peer.poll_datagram() {
            if !is_stun(&datagram.bytes) {
                route = Some((datagram.from, datagram.to));
            }
            self.sockets.send(datagram.from, datagram.to, &datagram.bytes);
        }
        if let Some((from, to)) = route.filter(|_| !self.is_connected) {
            self.note_route(from, to);
        }
    }

    /// Puts what was received into the jitter buffer.
    fn take_rtp(&mut self) {
        let Some(transport) = &mut self.transport else { return };
        let mut heard = Vec::new();
        while let Some(rtp) = transport.peer.poll_rtp() {
            let Some(audio) = &mut self.audio else { continue };
            let mut facts = self.config.port.facts();
            facts.first_packet.get_or_insert(rtp.at);
            drop(facts);
            let packet = RtpAudio {
                ssrc: rtp.ssrc,
                seq: rtp.sequence,
                timestamp: rtp.timestamp,
                payload_type: rtp.payload_type,
                marker: rtp.marker,
                payload: rtp.payload,
            };
            heard.extend(self.digits.iter_mut().flat_map(|digits| digits.hear(&packet, rtp.at)));
            audio.receiver.insert(packet, rtp.at);
        }
        self.tell_digits(heard);
    }

    fn note_route(&mut self, from: SocketAddr, to: SocketAddr) {
        let Some(transport) = &self.transport else { return };
        let local = transport.candidates.iter().find(|candidate| match candidate {
            LocalCandidate::Host(address) => *address == from,
            LocalCandidate::ServerReflexive { base, .. } => *base == from,
            LocalCandidate::Relay { relayed, .. } => *relayed == from,
        });
        let remote = transport.remote_candidates.iter().find(|(_, address)| *address == to);
        let mut facts = self.config.port.facts();
        facts.local_candidate = format!("{} {from}", local.map_or("prflx", LocalCandidate::kind));
        facts.remote_candidate =
            format!("{} {to}", remote.map_or("prflx", |(kind, _)| kind.as_str()));
    }

    fn event(&mut self, event: PeerEvent, now: Instant) {
        match event {
            PeerEvent::IceConnected => {
                self.config.port.facts().ice_connected.get_or_insert(now);
            }
            PeerEvent::Connected => {
                self.config.port.facts().media_connected.get_or_insert(now);
                if !self.is_connected {
                    self.is_connected = true;
                    self.next_tick = next_on_grid(now);
                    self.sockets.quieten();
                }
                let codec = self.audio.as_ref().map(|audio| audio.encoder.codec());
                (self.events)(LegEvent::Connected { codec: codec.unwrap_or(AudioCodec::Opus) });
            }
            PeerEvent::Disconnected => (self.events)(LegEvent::Lost),
            PeerEvent::Failed => (self.events)(LegEvent::Failed(Error::media(
                "no media path to the far side works any more; check the network",
            ))),
        }
    }

    /// The last numbers, for a call that is over.
    fn report(&mut self) {
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

    fn new(negotiated: &[(u8, AudioCodec)], config: &LegConfig) -> Result<Self> {
        let (payload_type, codec) = negotiated[0];
        let input = config.port.input().clone();
        // What was pushed before the answer is old by now.
        input.clear();
        let output = config.port.output().clone();
        Ok(Self {
            encoder: AudioEncoderPipeline::new(codec, input, &config.encoder)?,
            receiver: AudioReceivePipeline::new(
                negotiated.iter().copied(),
                output,
                &ReceiveOptions::default(),
            ),
            payload_type,
            expected_loss: ExpectedLoss::default(),
            watch: Watch::default(),
        })
    }
}

/// The codecs that both sides have, in the answer's order; its payload types are the ones to use.
fn negotiate(section: &Section, offered: &[AudioCodec]) -> Result<Vec<(u8, AudioCodec)>> {
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

fn is_stun(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0..=3))
}

#[cfg(test)]
mod tests {
    use super::*;

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
