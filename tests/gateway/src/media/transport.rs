//! The task behind one UDP port: ICE, DTLS, SRTP and the streams that run over it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{json, Value};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::describe::Local;
use super::dtls::{Association, Identity, Keys, Progress};
use super::ice::Agent;
use super::negotiate::Remote;
use super::rtp::{self, Header, Rtcp};
use super::sdp::{Candidate, Setup};
use super::stream::{Controls, Relay, Relayed, Shared, Stream};
use super::{lock, stun, token, MediaEvent};
use crate::secrets;

/// What the owner tells the task.
enum Command {
    /// The answer is out (or in): open the port.
    Start(Box<Remote>),
    /// The client restarted ICE, DTLS or both.
    Update(Box<Update>),
    /// A section joined the bundle.
    Add(Arc<Shared>),
    /// The answer to our offer chose another codec.
    Replace(Arc<Shared>),
    /// The answer to our offer decided on the DTLS role.
    Setup(Setup),
    /// A packet of the other leg of a bridge.
    Forward { video: bool, header: Header, payload: Vec<u8> },
    /// Ask the client for a key frame.
    RefreshVideo,
}

/// What a restart of the client changes.
struct Update {
    remote: Remote,
    credentials: Option<(String, String)>,
    setup: Setup,
    /// Another certificate of ours.
    identity: Option<Arc<Identity>>,
}

/// What others may know about a transport.
#[derive(Clone, Default)]
pub struct Status {
    pub started: bool,
    pub ice_connected: bool,
    pub nominated: bool,
    pub ice_controlling: bool,
    pub remote: Option<SocketAddr>,
    pub dtls_role: &'static str,
    pub dtls_connected: bool,
    pub dtls_closed: bool,
    pub early_client_hello: bool,
    pub failure: Option<String>,
    pub wrong_address: u64,
    pub undecryptable: u64,
    pub unauthentic_checks: u64,
    pub milliseconds_to_media: Option<u64>,
}

impl Status {
    /// The status for `/_gateway/state`.
    pub fn report(&self) -> Value {
        json!({
            "started": self.started,
            "ice_connected": self.ice_connected,
            "nominated": self.nominated,
            "ice_controlling": self.ice_controlling,
            "remote": self.remote.map(|r| r.to_string()),
            "dtls_role": self.dtls_role,
            "dtls_connected": self.dtls_connected,
            "dtls_closed": self.dtls_closed,
            "early_client_hello": self.early_client_hello,
            "failure": self.failure,
            "wrong_address": self.wrong_address,
            "undecryptable": self.undecryptable,
            "unauthentic_checks": self.unauthentic_checks,
            "milliseconds_to_media": self.milliseconds_to_media,
        })
    }
}

/// What every transport of a call needs.
#[derive(Clone)]
pub struct Setting {
    pub identity: Arc<Identity>,
    pub controls: Arc<Controls>,
    pub events: mpsc::UnboundedSender<MediaEvent>,
    pub cname: String,
    /// Silence of the client after which the call is given up.
    pub vanish_after: Duration,
}

/// The owner's side. Dropping it ends the task.
pub struct Transport {
    pub local: Local,
    commands: mpsc::UnboundedSender<Command>,
    status: Arc<Mutex<Status>>,
}

impl Transport {
    /// Reserves a port. Nothing is read from it before `start`.
    pub fn open(setting: Setting, setup: Setup, streams: Vec<Arc<Shared>>) -> Result<Self, String> {
        let socket =
            std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
        socket.set_nonblocking(true).map_err(|e| e.to_string())?;
        let address = socket.local_addr().map_err(|e| e.to_string())?;
        let socket = Arc::new(UdpSocket::from_std(socket).map_err(|e| e.to_string())?);
        let local = Local {
            address,
            ufrag: token(16),
            pwd: secrets::text(32),
            setup,
            foundation: u64::from(u32::from_be_bytes(super::random())),
        };
        let streams = streams.into_iter().map(Stream::new).collect::<Result<_, _>>()?;
        let (commands, inbox) = mpsc::unbounded_channel();
        let status = Arc::new(Mutex::new(Status::default()));
        let task = Task {
            socket,
            setting,
            status: status.clone(),
            credentials: (local.ufrag.clone(), local.pwd.clone()),
            setup,
            streams,
            agent: None,
            remote: None,
            association: None,
            keys: None,
            started: Instant::now(),
            last_heard: Instant::now(),
        };
        tokio::spawn(task.run(inbox));
        Ok(Transport { local, commands, status })
    }

    /// Opens the port towards this client.
    pub fn start(&self, remote: &Remote) {
        let _ = self.commands.send(Command::Start(Box::new(remote.clone())));
    }

    /// Follows a restart of ICE or DTLS; `fresh` makes new local credentials.
    pub fn update(
        &mut self,
        remote: &Remote,
        fresh: bool,
        setup: Setup,
        identity: Option<Arc<Identity>>,
    ) {
        let credentials = fresh.then(|| (token(16), secrets::text(32)));
        if let Some((ufrag, pwd)) = &credentials {
            (self.local.ufrag, self.local.pwd) = (ufrag.clone(), pwd.clone());
        }
        self.local.setup = setup;
        let update = Update { remote: remote.clone(), credentials, setup, identity };
        let _ = self.commands.send(Command::Update(Box::new(update)));
    }

    /// Adds a stream to the bundle.
    pub fn add(&self, stream: Arc<Shared>) {
        let _ = self.commands.send(Command::Add(stream));
    }

    /// Takes the stream of another codec instead of the offered one.
    pub fn replace_streams(&self, stream: Arc<Shared>) {
        let _ = self.commands.send(Command::Replace(stream));
    }

    /// Takes the DTLS role that the answer left to us.
    pub fn set_setup(&mut self, setup: Setup) {
        self.local.setup = setup;
        let _ = self.commands.send(Command::Setup(setup));
    }

    /// The way into this transport for the other leg of a bridge; it does not keep it alive.
    pub fn entrance(&self) -> Relay {
        let commands = self.commands.downgrade();
        Arc::new(move |relayed| {
            let Some(commands) = commands.upgrade() else { return };
            let _ = commands.send(match relayed {
                Relayed::Packet { video, header, payload } => {
                    Command::Forward { video, header, payload }
                }
                Relayed::KeyFrameRequest => Command::RefreshVideo,
            });
        })
    }

    /// Asks the client for a key frame.
    pub fn refresh_video(&self) {
        let _ = self.commands.send(Command::RefreshVideo);
    }

    /// A snapshot of the status.
    pub fn status(&self) -> Status {
        lock(&self.status).clone()
    }
}

struct Task {
    socket: Arc<UdpSocket>,
    setting: Setting,
    status: Arc<Mutex<Status>>,
    credentials: (String, String),
    setup: Setup,
    streams: Vec<Stream>,
    agent: Option<Agent>,
    remote: Option<Remote>,
    association: Option<Association>,
    keys: Option<Keys>,
    started: Instant,
    last_heard: Instant,
}

impl Task {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Command>) {
        let mut buffer = vec![0; 2048];
        loop {
            let open = self.agent.is_some();
            let wake = tokio::time::Instant::from_std(self.wake_at());
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.command(command),
                    None => break,
                },
                received = self.socket.recv_from(&mut buffer), if open => {
                    // An ICMP error of a vanished client comes out here; it does not matter.
                    if let Ok((length, from)) = received {
                        self.receive(&buffer[..length], from);
                    }
                }
                () = tokio::time::sleep_until(wake), if open => {}
            }
            self.turn();
        }
        if let Some(association) = &mut self.association {
            let datagrams = association.close(Instant::now());
            self.send_dtls(datagrams);
        }
    }

    fn command(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Start(remote) => self.start(*remote, now),
            Command::Update(update) => self.update(*update, now),
            Command::Add(shared) => match Stream::new(shared) {
                Ok(stream) => self.streams.push(stream),
                Err(reason) => self.fail(&reason),
            },
            Command::Replace(shared) => match Stream::new(shared) {
                Ok(stream) => self.streams = vec![stream],
                Err(reason) => self.fail(&reason),
            },
            Command::Setup(setup) => self.setup = setup,
            Command::Forward { video, header, payload } => {
                self.forward(video, &header, &payload, now);
            }
            Command::RefreshVideo => {
                self.streams.iter_mut().for_each(|s| s.want_key_frame(now));
            }
        }
    }

    fn forward(&mut self, video: bool, header: &Header, payload: &[u8], now: Instant) {
        let controls = self.setting.controls.clone();
        let stream = self.streams.iter_mut().find(|s| s.is_video() == video);
        let packet = stream.and_then(|s| s.forward(header, payload, &controls, now));
        if let Some(packet) = packet {
            self.send_rtp(&packet);
        }
    }

    fn start(&mut self, remote: Remote, now: Instant) {
        // What came before the answer was never read by anyone.
        let mut buffer = [0; 2048];
        while self.socket.try_recv_from(&mut buffer).is_ok() {}
        let candidates = usable(&remote.candidates);
        if candidates.is_empty() {
            return self.fail("no usable candidate");
        }
        // The role follows DTLS: FreeSWITCH as the DTLS server controls.
        let controlling = self.setup == Setup::Passive;
        self.agent = Some(Agent::new(
            self.credentials.clone(),
            (remote.ufrag.clone(), remote.pwd.clone()),
            candidates,
            controlling,
            now,
        ));
        self.started = now;
        self.last_heard = now;
        self.associate(&remote);
        self.remote = Some(remote);
        let mut status = lock(&self.status);
        status.started = true;
        status.ice_controlling = controlling;
    }

    fn associate(&mut self, remote: &Remote) {
        let is_client = self.setup == Setup::Active;
        let identity = self.setting.identity.clone();
        match Association::new(&identity, &remote.fingerprint, is_client) {
            Ok(association) => self.association = Some(association),
            Err(reason) => return self.fail(&reason),
        }
        self.keys = None;
        let mut status = lock(&self.status);
        status.dtls_role = if is_client { "client" } else { "server" };
        status.dtls_connected = false;
        status.dtls_closed = false;
    }

    fn update(&mut self, update: Update, now: Instant) {
        let Update { remote, credentials, setup, identity } = update;
        let old = self.remote.replace(remote.clone());
        let new_certificate =
            identity.is_some() || old.as_ref().is_none_or(|o| o.fingerprint != remote.fingerprint);
        if let Some(identity) = identity {
            self.setting.identity = identity;
        }
        self.setup = setup;
        let candidates = usable(&remote.candidates);
        if let (Some(agent), false) = (&mut self.agent, candidates.is_empty()) {
            let pair = (remote.ufrag.clone(), remote.pwd.clone());
            agent.restart(credentials, pair, candidates, now);
        }
        if new_certificate {
            self.associate(&remote);
        }
    }

    fn wake_at(&self) -> Instant {
        let agent = self.agent.as_ref().map(Agent::wake_at);
        let association = self.association.as_ref().and_then(Association::wake_at);
        let streams =
            self.keys.as_ref().and_then(|_| self.streams.iter().filter_map(Stream::wake_at).min());
        let all = agent.into_iter().chain(association).chain(streams).min();
        all.unwrap_or_else(|| Instant::now() + Duration::from_secs(1))
    }

    fn receive(&mut self, datagram: &[u8], from: SocketAddr) {
        let now = Instant::now();
        let controls = &self.setting.controls;
        let lost = controls.is(&controls.dropped) || lock(&controls.impairment).loses();
        if lost || datagram.is_empty() {
            return;
        }
        match datagram[0] {
            0..=3 if stun::is_stun(datagram) => self.receive_stun(datagram, from, now),
            20..=63 => self.receive_dtls(datagram, now),
            128..=191 => self.receive_media(datagram, from, now),
            _ => {}
        }
    }

    fn receive_stun(&mut self, datagram: &[u8], from: SocketAddr, now: Instant) {
        let Some(agent) = &mut self.agent else { return };
        let out = agent.handle(datagram, from, now);
        self.last_heard = self.last_heard.max(agent.last_heard);
        let mut status = lock(&self.status);
        status.ice_connected |= agent.ready();
        status.nominated |= agent.nominated;
        status.ice_controlling = agent.controlling;
        status.remote = Some(agent.remote);
        status.unauthentic_checks = agent.unauthentic;
        drop(status);
        for (bytes, to) in out {
            self.transmit(bytes, to);
        }
    }

    fn receive_dtls(&mut self, datagram: &[u8], now: Instant) {
        let Some(association) = &mut self.association else {
            return;
        };
        let progress = association.receive(datagram, now);
        self.progress(progress, now);
    }

    fn progress(&mut self, progress: Result<Progress, String>, now: Instant) {
        let progress = match progress {
            Ok(progress) => progress,
            Err(reason) => return self.fail(&format!("DTLS: {reason}")),
        };
        self.send_dtls(progress.datagrams);
        if let Some(keys) = progress.keys {
            self.keys = Some(keys);
            if let Some(agent) = &mut self.agent {
                agent.settled = true;
            }
            let mut status = lock(&self.status);
            status.dtls_connected = true;
            let elapsed = (now - self.started).as_millis() as u64;
            status.milliseconds_to_media.get_or_insert(elapsed);
            drop(status);
            let _ = self.setting.events.send(MediaEvent::Connected);
        }
        if progress.closed {
            self.keys = None;
            lock(&self.status).dtls_closed = true;
        }
    }

    fn send_dtls(&self, datagrams: Vec<Vec<u8>>) {
        let Some(agent) = &self.agent else { return };
        datagrams.into_iter().for_each(|datagram| self.transmit(datagram, agent.remote));
    }

    fn receive_media(&mut self, datagram: &[u8], from: SocketAddr, now: Instant) {
        if self.agent.as_ref().is_some_and(|a| a.remote != from) {
            lock(&self.status).wrong_address += 1;
            return;
        }
        let Some(keys) = &mut self.keys else { return };
        if rtp::is_rtcp(datagram) {
            match keys.inbound.decrypt_rtcp(datagram) {
                Ok(packet) => self.receive_rtcp(&packet, now),
                Err(_) => lock(&self.status).undecryptable += 1,
            }
            return;
        }
        let Ok(packet) = keys.inbound.decrypt_rtp(datagram) else {
            lock(&self.status).undecryptable += 1;
            return;
        };
        self.last_heard = now;
        let payload_type = packet.get(1).map_or(0, |b| b & 0x7F);
        let controls = self.setting.controls.clone();
        match self.streams.iter_mut().find(|s| s.takes(payload_type)) {
            Some(stream) => {
                let back = stream.receive(&packet, &controls, now);
                if let Some(text) = stream.complaint() {
                    self.complain(text);
                }
                if let Some(back) = back {
                    self.send_rtp(&back);
                }
            }
            None => self.foreign_payload_type(payload_type),
        }
    }

    fn foreign_payload_type(&mut self, payload_type: u8) {
        let Some(stream) = self.streams.first() else { return };
        let mut counters = lock(&stream.shared.counters);
        counters.wrong_payload_type += 1;
        let first = counters.wrong_payload_type == 1;
        drop(counters);
        if first {
            self.complain(format!("RTP with payload type {payload_type}, which was not agreed"));
        }
    }

    fn complain(&self, text: String) {
        let _ = self.setting.events.send(MediaEvent::Violation(text));
    }

    fn receive_rtcp(&mut self, packet: &[u8], now: Instant) {
        let packets: Vec<Rtcp> = rtp::parse_rtcp(packet);
        let sender = packet.get(4..8).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
        let alone = self.streams.len() == 1;
        let video_feedback = packets
            .iter()
            .any(|p| matches!(p, Rtcp::PictureLoss | Rtcp::FullIntra | Rtcp::Nack { .. }));
        for stream in &mut self.streams {
            let is_video = stream.is_video();
            if alone || stream.knows(sender) || (video_feedback && is_video) {
                stream.control(&packets, &self.setting.controls, now);
            }
        }
    }

    fn send_rtp(&mut self, packet: &[u8]) {
        let (Some(keys), Some(agent)) = (&mut self.keys, &self.agent) else {
            return;
        };
        if let Ok(protected) = keys.outbound.encrypt_rtp(packet) {
            let remote = agent.remote;
            self.transmit(protected.to_vec(), remote);
        }
    }

    /// The only way out, where faults get hold of the datagrams.
    fn transmit(&self, datagram: Vec<u8>, to: SocketAddr) {
        let controls = &self.setting.controls;
        let impairment = *lock(&controls.impairment);
        if controls.is(&controls.dropped) || impairment.loses() {
            return;
        }
        let lateness = impairment.lateness();
        if lateness.is_zero() {
            let _ = self.socket.try_send_to(&datagram, to);
            return;
        }
        let socket = self.socket.clone();
        tokio::spawn(async move {
            tokio::time::sleep(lateness).await;
            let _ = socket.try_send_to(&datagram, to);
        });
    }

    /// Everything that is due.
    fn turn(&mut self) {
        let now = Instant::now();
        self.checks(now);
        self.handshake(now);
        if self.keys.is_some() {
            self.media(now);
        }
        if self.agent.is_some() && now - self.last_heard > self.setting.vanish_after {
            self.last_heard = now;
            let _ = self.setting.events.send(MediaEvent::Vanished);
        }
    }

    fn checks(&mut self, now: Instant) {
        let Some(agent) = &mut self.agent else { return };
        let Some((bytes, to)) = agent.poll(now) else {
            return;
        };
        self.transmit(bytes, to);
    }

    fn handshake(&mut self, now: Instant) {
        let Some(agent) = &self.agent else { return };
        let (ready, nominated) = (agent.ready(), agent.nominated);
        let Some(association) = &mut self.association else {
            return;
        };
        if association.is_client && ready {
            let progress = association.connect(now);
            let hello = progress.as_ref().is_ok_and(|p| !p.datagrams.is_empty());
            if hello && !nominated {
                lock(&self.status).early_client_hello = true;
            }
            self.progress(progress, now);
        }
        let Some(association) = &mut self.association else {
            return;
        };
        if association.wake_at().is_some_and(|at| at <= now) {
            let progress = association.timeout(now);
            self.progress(progress, now);
        }
    }

    fn media(&mut self, now: Instant) {
        let controls = self.setting.controls.clone();
        let cname = self.setting.cname.clone();
        let mut packets = Vec::new();
        let mut reports = Vec::new();
        for stream in &mut self.streams {
            packets.extend(stream.tick(&controls, now));
            packets.extend(stream.again());
            reports.extend(stream.report(&cname, now));
            reports.extend(stream.complaint_about_loss());
        }
        packets.iter().for_each(|p| self.send_rtp(p));
        let (Some(keys), Some(agent)) = (&mut self.keys, &self.agent) else {
            return;
        };
        let remote = agent.remote;
        let protected: Vec<_> =
            reports.iter().filter_map(|r| keys.outbound.encrypt_rtcp(r).ok()).collect();
        protected.into_iter().for_each(|report| self.transmit(report.to_vec(), remote));
    }

    fn fail(&mut self, reason: &str) {
        self.association = None;
        lock(&self.status).failure = Some(reason.to_owned());
        let _ = self.setting.events.send(MediaEvent::Failed(reason.to_owned()));
    }
}

/// Addresses in the order of preference: as written, relays last.
fn usable(candidates: &[Candidate]) -> Vec<SocketAddr> {
    let (relays, direct): (Vec<_>, Vec<_>) =
        candidates.iter().partition(|candidate| candidate.kind == "relay");
    direct.into_iter().chain(relays).filter_map(Candidate::usable).collect()
}
