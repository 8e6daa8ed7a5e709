//! The media of one dialog: sockets, peer connections, audio and video, driven by one task.
//!
//! The service has one transport per m-section, so a leg keeps one peer connection per section
//! and cuts and joins the descriptions. A caller that bundles gets one peer connection for both.

mod audio;
mod describe;
mod digits;
mod line;
mod restart;
mod video;
mod watch;

pub(crate) use restart::Restart;

use crate::config::MediaDirections;
use crate::error::{Error, Result};
use crate::media::codec::{AudioCodec, EncoderOptions};
use crate::media::gather::Gathered;
use crate::media::grid::{next_on_grid, TICK};
use crate::media::peer::{LocalCandidate, PeerEvent};
use crate::media::port::AudioPort;
use crate::media::quality::QualityChange;
use crate::media::sockets::Received;
use crate::media::telephone_event::{Digit, Step};
use crate::media::video::VideoCodec;
use crate::proto::ice::IceServer;
use crate::proto::sdp::{Description, Kind, Origin};
use crate::runtime;
use audio::Audio;
use digits::Digits;
use line::{Line, Media};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, Instant as TokioInstant};
use video::Video;

/// After a longer standstill (a suspended machine) ticks are not made up for.
const MAX_LAG: Duration = Duration::from_millis(200);
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
    pub(crate) video_codecs: Vec<VideoCodec>,
    /// What the application wants; nothing is offered of a kind that is inactive.
    pub(crate) directions: MediaDirections,
    pub(crate) encoder: EncoderOptions,
    /// How long packets should be in milliseconds, if the application has a wish; else 0.
    pub(crate) packet_ms: u32,
    pub(crate) port: AudioPort,
}

/// What a leg tells its call. Called on the leg's task.
pub(crate) enum LegEvent {
    /// The first path is up: the audio codec's name, or the video codec's of a leg without audio.
    Connected { codec: &'static str },
    /// Video flows, or may.
    VideoConnected { codec: VideoCodec },
    /// Both sides agreed on other directions than before.
    Directions(MediaDirections),
    /// The far side needs a key frame.
    KeyFrameWanted,
    /// The far side takes no more video than this, in bits per second.
    BitrateLimit(u64),
    /// No sign of the far side; it may come back.
    Lost,
    /// The path works after it was lost or restarted; so long nothing was heard.
    Recovered { gap: Duration },
    /// The path's local address is not the device's any more.
    AddressGone,
    /// Packets came until a moment ago and do no more.
    Silent,
    /// The quality changed, or something spoils it.
    Quality(QualityChange),
    /// Somebody here or there began or stopped speaking.
    Speaking { is_local: bool, is_speaking: bool },
    /// The far side pressed a key, as telephone-events in the stream say.
    Digit(Digit),
    /// There never was a path, and none is to come.
    Failed(Error),
}

enum Command {
    Offer(oneshot::Sender<Result<String>>),
    Answer(String, oneshot::Sender<Result<MediaDirections>>),
    AnotherAnswer(String, oneshot::Sender<Result<MediaDirections>>),
    Accept(String, oneshot::Sender<Result<String>>),
    Restart(Restart, oneshot::Sender<Result<String>>),
    Change(MediaDirections, oneshot::Sender<Result<String>>),
    Withdraw,
    NetworkChanged(Vec<IpAddr>),
    LookForSilence,
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
        self.ask(Command::Offer).await
    }

    /// Applies the far side's answer; ICE starts at once. Gives what was agreed on.
    pub(crate) async fn apply_answer(&self, sdp: String) -> Result<MediaDirections> {
        self.ask(|reply| Command::Answer(sdp, reply)).await
    }

    /// Applies another answer to the offer that was answered already.
    pub(crate) async fn replace_answer(&self, sdp: String) -> Result<MediaDirections> {
        self.ask(|reply| Command::AnotherAnswer(sdp, reply)).await
    }

    /// Gathers and gives the complete answer to the far side's offer; ICE starts at once.
    pub(crate) async fn accept(&self, offer: String) -> Result<String> {
        self.ask(|reply| Command::Accept(offer, reply)).await
    }

    /// Gathers anew and gives the offer of a restart; [`Leg::apply_answer`] takes its answer.
    pub(crate) async fn restart(&self, restart: Restart) -> Result<String> {
        self.ask(|reply| Command::Restart(restart, reply)).await
    }

    /// Gives the offer of other directions; [`Leg::apply_answer`] takes its answer, and
    /// [`Leg::withdraw`] undoes it.
    pub(crate) async fn change(&self, directions: MediaDirections) -> Result<String> {
        self.ask(|reply| Command::Change(directions, reply)).await
    }

    /// The offer of the last change was refused: everything stays as it was before it.
    pub(crate) async fn withdraw(&self) {
        let _ = self.send(Command::Withdraw).await;
    }

    /// The device has these addresses now; tells by an event if the path's own is not among them.
    pub(crate) fn network_changed(&self, addresses: Vec<IpAddr>) {
        let _ = self.commands.try_send(Command::NetworkChanged(addresses));
    }

    /// The session was away and is back: tells by an event if the far side fell silent meanwhile.
    pub(crate) fn look_for_silence(&self) {
        let _ = self.commands.try_send(Command::LookForSilence);
    }

    /// Sends digits as telephone-events in the stream and waits until the last one is out.
    ///
    /// Errors: `NotSupported` where the far side takes none, `InvalidState` before media and while
    /// no audio is sent.
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

    async fn ask<T>(&self, make: impl FnOnce(oneshot::Sender<Result<T>>) -> Command) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.send(make(reply)).await?;
        answer.await.map_err(|_| gone())?
    }

    async fn send(&self, command: Command) -> Result<()> {
        self.commands.send(command).await.map_err(|_| gone())
    }
}

fn gone() -> Error {
    Error::internal("the call's media task is gone; please report this with a log")
}

struct Task {
    config: LegConfig,
    events: Box<dyn Fn(LegEvent) + Send + Sync>,
    /// One for each transport, the audio's first. The first one's path is the call's.
    lines: Vec<Line>,
    audio: Option<Audio>,
    digits: Option<Digits>,
    video: Option<Video>,
    /// The caller's offer, whose sections every further offer repeats.
    first_offer: Option<Description>,
    origin: Origin,
    /// What was agreed on and told.
    directions: MediaDirections,
    change: Option<describe::Change>,
    pending: Option<restart::Pending>,
    loss: Option<restart::Loss>,
    /// Whether checks stay unanswered while packets still come.
    is_doubtful: bool,
    /// From where to where media go.
    route: Option<(SocketAddr, SocketAddr)>,
    last_packet: Option<Instant>,
    next_tick: Instant,
    ticks: u32,
    /// For one datagram.
    buffer: Vec<u8>,
    /// Who waits for the end of the task.
    closing: Option<oneshot::Sender<()>>,
}

enum Wake {
    Command(Option<Command>),
    Gathered(Result<Vec<Gathered>>),
    Datagram(usize, Received),
    Video,
    Time,
}

impl Task {
    fn new(config: LegConfig, events: Box<dyn Fn(LegEvent) + Send + Sync>) -> Self {
        Self {
            config,
            events,
            lines: Vec::new(),
            audio: None,
            digits: None,
            video: None,
            first_offer: None,
            origin: Origin::default(),
            directions: describe::AUDIO_ONLY,
            change: None,
            pending: None,
            loss: None,
            is_doubtful: false,
            route: None,
            last_packet: None,
            next_tick: Instant::now(),
            ticks: 0,
            buffer: vec![0; MTU],
            closing: None,
        }
    }

    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let port = self.config.port.video().clone();
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
                gathered = restart::gathered(&mut self.pending) => Wake::Gathered(gathered),
                (at, received) = line::receive(&mut self.lines, &mut self.buffer) => {
                    Wake::Datagram(at, received)
                }
                () = port.woken(), if self.video.is_some() => Wake::Video,
                () = timer.as_mut(), if due.is_some() => Wake::Time,
            };
            match wake {
                Wake::Command(Some(Command::Close(reply))) => {
                    self.closing = Some(reply);
                    break;
                }
                Wake::Command(None) => break,
                Wake::Command(Some(command)) => self.command(command).await,
                Wake::Gathered(gathered) => self.candidates_ready(gathered),
                Wake::Datagram(at, received) => {
                    self.datagram(at, received);
                    // A flood of them must not keep the audio waiting.
                    if self.next_tick <= Instant::now() {
                        self.time();
                    }
                }
                Wake::Video => {}
                Wake::Time => self.time(),
            }
            self.pump();
        }
        self.end();
    }

    fn end(mut self) {
        for line in &mut self.lines {
            line.transport.peer.close();
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
            Command::AnotherAnswer(sdp, reply) => drop(reply.send(self.replace_answer(&sdp))),
            Command::Accept(offer, reply) => drop(reply.send(self.accept(&offer).await)),
            Command::Restart(restart, reply) => self.restart(restart, reply),
            Command::Change(directions, reply) => self.change(directions, reply),
            Command::Withdraw => self.withdraw(),
            Command::NetworkChanged(addresses) => self.look_at_address(&addresses),
            Command::LookForSilence => self.look_for_silence(Instant::now()),
            Command::Digits(steps, reply) => self.send_digits(steps, reply),
            // Handled by the loop.
            Command::Close(reply) => drop(reply.send(())),
        }
    }

    fn line_mut(&mut self, kind: Kind) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.carries(kind))
    }

    fn media_mut(&mut self, kind: Kind) -> Option<&mut Media> {
        self.lines.iter_mut().flat_map(Line::media_mut).find(|media| media.kind == kind)
    }

    fn datagram(&mut self, at: usize, Received { local, from, bytes, at: when }: Received) {
        if let Some(line) = self.lines.get_mut(at) {
            line.transport.peer.handle_datagram(local, from, bytes, when);
        }
    }

    /// Whether the call's path is up, or was.
    fn is_connected(&self) -> bool {
        self.lines.first().is_some_and(|line| line.is_connected)
    }

    fn time(&mut self) {
        let now = Instant::now();
        for line in &mut self.lines {
            let peer = &mut line.transport.peer;
            line.sockets.drain(&mut self.buffer, now, |Received { local, from, bytes, at }| {
                peer.handle_datagram(local, from, bytes, at);
            });
            if peer.poll_timeout().is_some_and(|due| due <= now) {
                peer.handle_timeout(now);
            }
        }
        if self.second_packet_at().is_some_and(|due| due <= now) {
            self.send_rest(now);
        }
        if self.is_connected() && self.next_tick <= now {
            self.take_rtp(now);
            self.tick(now);
            self.look_at_path(now);
            self.next_tick += TICK;
            if now.saturating_duration_since(self.next_tick) > MAX_LAG {
                self.next_tick = now + TICK;
            }
        }
    }

    /// While audio alone flows the ticks are dense enough for every timer of the connection.
    fn next_deadline(&mut self) -> Option<Instant> {
        let second = self.second_packet_at();
        let tick = self.is_connected().then_some(self.next_tick);
        let tick = tick.into_iter().chain(second).min();
        if self.is_connected() && self.lines.len() == 1 && self.video.is_none() {
            return tick;
        }
        let video = self.video.as_ref().and_then(Video::poll_timeout);
        let timers = self.lines.iter_mut().filter_map(|line| line.transport.peer.poll_timeout());
        timers.chain(tick).chain(video).min()
    }

    /// Takes everything out of the peer connections: events, which may make datagrams; packets;
    /// datagrams.
    fn pump(&mut self) {
        let now = Instant::now();
        for at in 0..self.lines.len() {
            while let Some(event) = self.lines[at].transport.peer.poll_event(now) {
                self.event(at, event, now);
            }
        }
        self.take_rtp(now);
        self.pump_video(now);
        for at in 0..self.lines.len() {
            let line = &mut self.lines[at];
            let mut route = None;
            while let Some(datagram) = line.transport.peer.poll_datagram() {
                if !is_stun(&datagram.bytes) {
                    route = Some((datagram.from, datagram.to));
                }
                line.sockets.send(datagram.from, datagram.to, &datagram.bytes);
            }
            let is_new = |route: &(SocketAddr, SocketAddr)| at == 0 && self.route != Some(*route);
            if let Some((from, to)) = route.filter(is_new) {
                self.route = Some((from, to));
                self.note_route(from, to);
            }
        }
    }

    /// Takes what was received: before play-out, and whenever something came.
    fn take_rtp(&mut self, now: Instant) {
        for at in 0..self.lines.len() {
            while let Some(rtp) = self.lines[at].transport.peer.poll_rtp() {
                match self.kind_of(at, rtp.payload_type) {
                    Kind::Audio => {
                        self.heard(rtp.at);
                        self.hear(rtp);
                    }
                    Kind::Video => self.see(rtp, now),
                }
            }
        }
    }

    /// What a received packet carries: where a transport is shared its payload type tells
    /// (RFC 9143, 9.2).
    fn kind_of(&self, at: usize, payload_type: u8) -> Kind {
        let line = &self.lines[at];
        let is_shared = line.media().len() > 1;
        let is_video = || self.video.as_ref().is_some_and(|video| video.takes(payload_type));
        if is_shared && is_video() {
            Kind::Video
        } else {
            line.kind()
        }
    }

    fn note_route(&mut self, from: SocketAddr, to: SocketAddr) {
        let Some(Line { transport, .. }) = self.lines.first() else { return };
        let local = transport.candidate_at(from);
        let remote = transport.remote_candidates.iter().find(|(_, address)| *address == to);
        let mut facts = self.config.port.facts();
        facts.local_candidate = format!("{} {from}", local.map_or("prflx", LocalCandidate::kind));
        facts.remote_candidate =
            format!("{} {to}", remote.map_or("prflx", |(kind, _)| kind.as_str()));
    }

    fn event(&mut self, at: usize, event: PeerEvent, now: Instant) {
        let is_call = at == 0;
        match event {
            PeerEvent::IceConnected if is_call => {
                self.config.port.facts().ice_connected.get_or_insert(now);
            }
            PeerEvent::Connected => {
                let was_connected = std::mem::replace(&mut self.lines[at].is_connected, true);
                // Pictures do not wait for a tick.
                let has_video = self.lines[at].carries(Kind::Video);
                if !has_video {
                    self.lines[at].sockets.quieten();
                }
                if is_call {
                    self.path_connected(was_connected, now);
                }
                if has_video {
                    self.video_connected();
                }
            }
            PeerEvent::Disconnected if is_call => self.path_doubtful(now),
            PeerEvent::Failed if is_call && self.is_connected() => self.path_lost(now),
            PeerEvent::Failed if is_call => (self.events)(LegEvent::Failed(Error::media(
                "no media path to the far side works any more; check the network",
            ))),
            PeerEvent::Failed => tracing::warn!("no path for video works; the call goes on"),
            PeerEvent::IceConnected | PeerEvent::Disconnected => {}
        }
    }

    fn path_connected(&mut self, was_connected: bool, now: Instant) {
        self.config.port.facts().media_connected.get_or_insert(now);
        if !was_connected {
            self.next_tick = next_on_grid(now);
        }
        let audio = self.audio.as_ref().map(|audio| audio.encoder.codec().sdp_name());
        let video = self.video.as_ref().map(|video| video.codec().sdp_name());
        (self.events)(LegEvent::Connected { codec: audio.or(video).unwrap_or("opus") });
        self.path_up(now);
    }
}

fn is_stun(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0..=3))
}
