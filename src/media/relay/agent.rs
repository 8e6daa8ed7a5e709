//! The protocol of one allocation: requests, permissions, channels.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use rtc::crypto::RTCCryptoProvider;
use rtc::sansio::Protocol;
use rtc::shared::{TransportContext, TransportMessage, TransportProtocol};
use rtc::stun::attributes::{ATTR_NONCE, ATTR_REALM, ATTR_USERNAME};
use rtc::stun::error_code::ErrorCodeAttribute;
use rtc::stun::fingerprint::FINGERPRINT;
use rtc::stun::integrity::MessageIntegrity;
use rtc::stun::message::{
    is_stun_message, Getter, Message, MessageType, Setter, TransactionId, CLASS_ERROR_RESPONSE,
    CLASS_INDICATION, CLASS_REQUEST, CLASS_SUCCESS_RESPONSE, METHOD_ALLOCATE, METHOD_CHANNEL_BIND,
    METHOD_CREATE_PERMISSION, METHOD_DATA, METHOD_REFRESH, METHOD_SEND,
};
use rtc::stun::textattrs::{Nonce, Realm, TextAttribute, Username};
use rtc::stun::xoraddr::XorMappedAddress;
use rtc::turn::client::{Client, ClientConfig, Event};
use rtc::turn::proto::channum::ChannelNumber;
use rtc::turn::proto::data::Data;
use rtc::turn::proto::peeraddr::PeerAddress;
use zeroize::Zeroizing;

use super::{RelayServer, RelayTransport};
use crate::util::redact::Secret;

/// Datagrams kept for one peer address until its permission is granted.
const HELD_PER_PEER: usize = 32;
/// Peer addresses one allocation talks to; ICE tries fewer remote candidates than this.
const MAX_PEERS: usize = 64;
/// Peers that get a channel; the others are reached with Send indications.
const MAX_CHANNELS: u16 = 16;
/// Longest pause between two Refresh requests: notices a lost server, keeps a NAT binding.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);
/// How long the server may keep silent, after the first request without an answer.
const MAX_SILENCE: Duration = Duration::from_secs(15);
/// Repeats of one request with the nonce of a 438 answer.
const MAX_NONCE_RETRIES: u8 = 3;
/// Lifetime of a permission (RFC 8656 §9).
const PERMISSION_LIFETIME: Duration = Duration::from_secs(300);
/// Age at which a permission is renewed: twice within its lifetime.
const PERMISSION_REFRESH: Duration = Duration::from_secs(120);
/// Pause before a refused permission or channel is asked for again.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);
/// Lifetime of a channel binding (RFC 8656 §12).
const CHANNEL_LIFETIME: Duration = Duration::from_secs(600);
/// Age at which a channel binding is renewed: twice within its lifetime.
const CHANNEL_REFRESH: Duration = Duration::from_secs(240);
/// First number for channels; RFC 8656 §12 allows 0x4000 to 0x4FFF.
const FIRST_CHANNEL: u16 = 0x4000;
/// First retransmission of a request over UDP, doubled each time (RTO, RFC 8489 §6.2.1).
const RTO: Duration = Duration::from_millis(500);
/// Transmissions of one request over UDP (Rc, RFC 8489 §6.2.1).
const MAX_TRANSMISSIONS: u8 = 7;
/// Wait for the answer to a request sent over a stream (Ti, RFC 8489 §6.2.2).
const STREAM_REQUEST_TIMEOUT: Duration = Duration::from_millis(39_500);

/// The text for a server that keeps silent.
pub(super) const NO_ANSWER: &str = "no answer";

/// What the server is asked for, per peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// Traffic with an IP address, whatever the ports (RFC 8656 §9).
    Permission(IpAddr),
    /// A channel with its number (RFC 8656 §12); the number is never given to another peer.
    Channel(SocketAddr, u16),
}

/// A permission or a channel, from the first request on.
struct Grant {
    target: Target,
    /// Valid until then; None when the server has not agreed yet.
    until: Option<Instant>,
    request: Option<Request>,
    /// When to ask (again).
    ask_at: Instant,
    nonce_retries: u8,
    /// Datagrams that wait for the permission.
    held: VecDeque<(Bytes, SocketAddr)>,
}

impl Grant {
    fn is_valid(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// When a request has to be sent.
    fn due(&self) -> Option<Instant> {
        match (&self.request, self.target) {
            (Some(request), _) => Some(request.again_at),
            // A refused permission is asked for again only when there is something to send.
            (None, Target::Permission(_)) if self.until.is_none() && self.held.is_empty() => None,
            (None, _) => Some(self.ask_at),
        }
    }
}

/// A request on its way.
struct Request {
    id: TransactionId,
    message: Bytes,
    transmissions: u8,
    /// When to send it again, or to give up.
    again_at: Instant,
}

/// The long-term credential mechanism (RFC 8489 §9.2).
struct Auth {
    crypto: Arc<dyn RTCCryptoProvider>,
    username: String,
    credential: Secret,
    realm: String,
    nonce: String,
    key: Zeroizing<Vec<u8>>,
}

impl Auth {
    /// Learns realm and nonce from a 401 or 438 answer.
    fn learn(&mut self, message: &Message) {
        if let Ok(nonce) = TextAttribute::get_from_as(message, ATTR_NONCE) {
            self.nonce = nonce.text;
        }
        let realm = TextAttribute::get_from_as(message, ATTR_REALM);
        // The realm stays; one in a later answer could only be a mistake or forged.
        let (Ok(realm), true) = (realm, self.key.is_empty()) else {
            return;
        };
        let key = MessageIntegrity::long_term_integrity_key(
            self.username.clone(),
            realm.text.clone(),
            self.credential.expose().to_owned(),
            self.crypto.crypto(),
        );
        if let Ok(key) = key {
            self.realm = realm.text;
            self.key = Zeroizing::new(key);
        }
    }

    /// Whether the message carries a MESSAGE-INTEGRITY made with our key.
    fn is_genuine(&self, message: &mut Message) -> bool {
        MessageIntegrity::check(message, &self.key, self.crypto.crypto()).is_ok()
    }

    /// A signed request for a permission or a channel.
    fn request(&self, id: TransactionId, target: Target) -> Option<Bytes> {
        let (method, peer) = match target {
            // Servers ignore the port of a permission (RFC 8656 §10).
            Target::Permission(ip) => (METHOD_CREATE_PERMISSION, SocketAddr::new(ip, 0)),
            Target::Channel(peer, _) => (METHOD_CHANNEL_BIND, peer),
        };
        let mut attributes: Vec<Box<dyn Setter + '_>> = vec![
            Box::new(id),
            Box::new(MessageType::new(method, CLASS_REQUEST)),
            Box::new(PeerAddress { ip: peer.ip(), port: peer.port() }),
        ];
        if let Target::Channel(_, number) = target {
            attributes.push(Box::new(ChannelNumber(number)));
        }
        let (key, crypto) = (self.key.to_vec(), self.crypto.crypto());
        let signature = MessageIntegrity::new_raw_integrity_with_provider(key, crypto);
        attributes.push(Box::new(Username::new(ATTR_USERNAME, self.username.clone())));
        attributes.push(Box::new(Realm::new(ATTR_REALM, self.realm.clone())));
        attributes.push(Box::new(Nonce::new(ATTR_NONCE, self.nonce.clone())));
        attributes.push(Box::new(signature));
        attributes.push(Box::new(FINGERPRINT));
        let mut message = Message::new();
        message.build(&attributes).ok().map(|()| Bytes::from(message.raw))
    }
}

/// The protocol of one allocation. Does no I/O; time comes in with each call.
pub(super) struct Agent {
    client: Client,
    auth: Auth,
    context: TransportContext,
    /// The relayed address, once allocated.
    pub(super) relayed: Option<SocketAddr>,
    /// Our address as the server saw it.
    pub(super) mapped: Option<SocketAddr>,
    grants: Vec<Grant>,
    /// Channels so far.
    channels: u16,
    transmits: VecDeque<Bytes>,
    /// Datagrams from peers, for the owner.
    pub(super) received: VecDeque<(Bytes, SocketAddr)>,
    /// Datagrams to peers dropped since the owner last looked.
    pub(super) dropped: u64,
    nonce_retries: u8,
    /// When a request first stayed without an answer, if nothing was heard since.
    silent_since: Option<Instant>,
    is_releasing: bool,
}

impl Agent {
    /// Starts the Allocate exchange.
    pub(super) fn start(
        server: &RelayServer,
        local: SocketAddr,
        remote: SocketAddr,
        now: Instant,
    ) -> Result<Self, String> {
        let transport_protocol = match server.transport {
            RelayTransport::Udp => TransportProtocol::UDP,
            RelayTransport::Tcp | RelayTransport::Tls => TransportProtocol::TCP,
        };
        let crypto = rtc::crypto::default_provider().map_err(|error| error.to_string())?;
        let config = ClientConfig {
            turn_serv_addr: remote.to_string(),
            local_addr: local,
            transport_protocol,
            username: server.username.clone(),
            password: server.credential.expose().to_owned(),
            rto_in_ms: u64::try_from(RTO.as_millis()).unwrap_or_default(),
            allocation_refresh_interval_cap: Some(REFRESH_INTERVAL),
            ..ClientConfig::default()
        };
        let mut client = Client::new(config, Arc::clone(&crypto)).map_err(|e| e.to_string())?;
        client.allocate(now).map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            auth: Auth {
                crypto,
                username: server.username.clone(),
                credential: server.credential.clone(),
                realm: String::new(),
                nonce: String::new(),
                key: Zeroizing::default(),
            },
            context: TransportContext {
                local_addr: local,
                peer_addr: remote,
                transport_protocol,
                ecn: None,
            },
            relayed: None,
            mapped: None,
            grants: Vec::new(),
            channels: 0,
            transmits: VecDeque::new(),
            received: VecDeque::new(),
            dropped: 0,
            nonce_retries: 0,
            silent_since: None,
            is_releasing: false,
        })
    }

    fn is_stream(&self) -> bool {
        self.context.transport_protocol == TransportProtocol::TCP
    }

    /// Next message for the server.
    pub(super) fn poll_transmit(&mut self) -> Option<Bytes> {
        let queued = self.transmits.pop_front();
        queued.or_else(|| self.client.poll_write().map(|write| write.message.freeze()))
    }

    /// When [`Agent::handle_timeout`] wants to be called.
    pub(super) fn poll_timeout(&mut self, now: Instant) -> Instant {
        let grants = self.grants.iter().filter_map(Grant::due);
        let due = grants.chain(self.client.poll_timeout()).min();
        due.unwrap_or(now + REFRESH_INTERVAL)
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), String> {
        for index in 0..self.grants.len() {
            self.tick(index, now);
        }
        // Only the requests it fails to build are errors, and they come up again.
        let _ = self.client.handle_timeout(now);
        self.drain_events(None, now)
    }

    /// Asks for the release, once there is an allocation; true when the server has confirmed it.
    pub(super) fn release(&mut self, now: Instant) -> bool {
        let Some(relayed) = self.relayed else {
            return false;
        };
        match self.client.relay(relayed) {
            Err(_) => true,
            Ok(_) if self.is_releasing => false,
            Ok(mut relay) => {
                self.is_releasing = true;
                relay.close(now).is_err()
            }
        }
    }

    /// Sends a datagram, or holds it until its permission is granted.
    pub(super) fn send(&mut self, data: Bytes, peer: SocketAddr, now: Instant) {
        let known = self.find(|target| target == Target::Permission(peer.ip()));
        let index = known.or_else(|| {
            let permissions =
                self.grants.iter().filter(|g| matches!(g.target, Target::Permission(_)));
            (permissions.count() < MAX_PEERS).then(|| self.add(Target::Permission(peer.ip()), now))
        });
        let Some(index) = index else {
            self.dropped += 1;
            return;
        };
        let permission = &mut self.grants[index];
        let is_paused = permission.request.is_none() && now < permission.ask_at;
        if permission.is_valid(now) {
            self.transmit(&data, peer, now);
        } else if is_paused || permission.held.len() >= HELD_PER_PEER {
            self.dropped += 1;
        } else {
            permission.held.push_back((data, peer));
            self.tick(index, now);
        }
    }

    fn find(&self, is_wanted: impl Fn(Target) -> bool) -> Option<usize> {
        self.grants.iter().position(|grant| is_wanted(grant.target))
    }

    /// Adds a permission or channel that is to be asked for at once.
    fn add(&mut self, target: Target, now: Instant) -> usize {
        self.grants.push(Grant {
            target,
            until: None,
            request: None,
            ask_at: now,
            nonce_retries: 0,
            held: VecDeque::new(),
        });
        self.grants.len() - 1
    }

    /// Sends a datagram to a permitted peer.
    fn transmit(&mut self, data: &[u8], peer: SocketAddr, now: Instant) {
        let channel = self.find(|target| matches!(target, Target::Channel(of, _) if of == peer));
        let valid = channel.map(|index| &self.grants[index]).filter(|grant| grant.is_valid(now));
        if let Some(Target::Channel(_, number)) = valid.map(|grant| grant.target) {
            let frame = self.channel_data(number, data);
            self.transmits.push_back(frame);
            return;
        }
        // STUN goes to every remote candidate, DTLS and media to the selected one only; the first
        // byte tells them apart (RFC 7983 §7).
        let is_stun = data.first().is_none_or(|first| *first < 4);
        if channel.is_none() && !is_stun && self.channels < MAX_CHANNELS {
            let index = self.add(Target::Channel(peer, FIRST_CHANNEL + self.channels), now);
            self.channels += 1;
            self.tick(index, now);
        }
        let mut message = Message::new();
        let built = message.build(&[
            Box::new(TransactionId::new()),
            Box::new(MessageType::new(METHOD_SEND, CLASS_INDICATION)),
            Box::new(PeerAddress { ip: peer.ip(), port: peer.port() }),
            Box::new(Data(data.to_vec())),
            Box::new(FINGERPRINT),
        ]);
        match built {
            Ok(()) => self.transmits.push_back(Bytes::from(message.raw)),
            Err(_) => self.dropped += 1,
        }
    }

    /// A ChannelData message (RFC 8656 §12.4).
    fn channel_data(&self, number: u16, data: &[u8]) -> Bytes {
        let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
        let mut frame = BytesMut::with_capacity(data.len() + 8);
        frame.put_u16(number);
        frame.put_u16(length);
        frame.extend_from_slice(data);
        if self.is_stream() {
            // Over a stream the padding is required (RFC 8656 §12.5).
            frame.resize(frame.len().next_multiple_of(4), 0);
        }
        frame.freeze()
    }

    /// Sends the request for a permission or channel if it is due, or sends it again.
    fn tick(&mut self, index: usize, now: Instant) {
        let is_stream = self.is_stream();
        let grant = &mut self.grants[index];
        if grant.due().is_none_or(|due| now < due) {
            return;
        }
        let Some(request) = &mut grant.request else {
            let id = TransactionId::new();
            grant.ask_at = now + REFUSED_PAUSE;
            if let Some(message) = self.auth.request(id, grant.target) {
                self.transmits.push_back(message.clone());
                let wait = if is_stream { STREAM_REQUEST_TIMEOUT } else { RTO };
                let again_at = now + wait;
                grant.request = Some(Request { id, message, transmissions: 1, again_at });
            }
            return;
        };
        if is_stream || request.transmissions >= MAX_TRANSMISSIONS {
            self.silent_since.get_or_insert(now);
            self.deny(index, now);
            return;
        }
        request.again_at = now + RTO * 2u32.pow(u32::from(request.transmissions).min(2));
        request.transmissions += 1;
        self.transmits.push_back(request.message.clone());
    }

    /// Takes one whole message from the server. Err when the allocation is gone or refused.
    pub(super) fn handle_message(&mut self, raw: BytesMut, now: Instant) -> Result<(), String> {
        if raw.first().is_some_and(|first| first >> 6 == 1) {
            self.handle_channel_data(raw.freeze());
            return Ok(());
        }
        let mut message = Message::new();
        message.raw = raw.to_vec();
        if !is_stun_message(&raw) || message.decode().is_err() {
            return Ok(());
        }
        match message.typ.class {
            CLASS_INDICATION if message.typ.method == METHOD_DATA => {
                let (mut peer, mut data) = (PeerAddress::default(), Data::default());
                if peer.get_from(&message).is_ok() && data.get_from(&message).is_ok() {
                    let peer = SocketAddr::new(peer.ip, peer.port);
                    self.received.push_back((Bytes::from(data.0), peer));
                    self.silent_since = None;
                }
                Ok(())
            }
            CLASS_SUCCESS_RESPONSE | CLASS_ERROR_RESPONSE => self.handle_answer(message, raw, now),
            _ => Ok(()),
        }
    }

    fn handle_channel_data(&mut self, mut frame: Bytes) {
        if frame.len() < 4 {
            return;
        }
        let number = frame.get_u16();
        let length = usize::from(frame.get_u16());
        let peer = self.grants.iter().find_map(|grant| match grant.target {
            Target::Channel(peer, of) if of == number => Some(peer),
            _ => None,
        });
        if let (Some(peer), true) = (peer, frame.len() >= length) {
            // What follows is padding.
            frame.truncate(length);
            self.received.push_back((frame, peer));
            self.silent_since = None;
        }
    }

    /// Takes the answer to a request of ours.
    fn handle_answer(
        &mut self,
        mut message: Message,
        raw: BytesMut,
        now: Instant,
    ) -> Result<(), String> {
        let id = message.transaction_id;
        let asked = |grant: &Grant| grant.request.as_ref().is_some_and(|r| r.id == id);
        let grant = self.grants.iter().position(asked);
        if grant.is_none() && !self.client.has_transaction(&id) {
            return Ok(());
        }
        let code = match message.typ.class {
            CLASS_ERROR_RESPONSE => Some(error_code(&message)),
            _ => None,
        };
        if code.is_none() && !self.auth.key.is_empty() && !self.auth.is_genuine(&mut message) {
            tracing::debug!("relay: an answer without a valid MESSAGE-INTEGRITY is ignored");
            return Ok(());
        }
        self.silent_since = None;
        if matches!(code, Some(401 | 438)) {
            self.auth.learn(&message);
        }
        if let Some(index) = grant {
            self.answered(index, code, now);
            return Ok(());
        }
        let mut mapped = XorMappedAddress::default();
        if message.typ.method == METHOD_ALLOCATE && mapped.get_from(&message).is_ok() {
            self.mapped = Some(SocketAddr::new(mapped.ip, mapped.port));
        }
        let transport = self.context;
        let handled = self.client.handle_read(TransportMessage { now, transport, message: raw });
        match message.typ.method {
            METHOD_REFRESH => self.refreshed(code, now)?,
            METHOD_ALLOCATE if handled.is_err() => return Err("malformed answer".to_owned()),
            _ => {}
        }
        self.drain_events(code, now)
    }

    /// What a Refresh answer means for the allocation.
    fn refreshed(&mut self, code: Option<u16>, now: Instant) -> Result<(), String> {
        let relay = match self.relayed.map(|relayed| self.client.relay(relayed)) {
            Some(Ok(relay)) => relay,
            _ if self.is_releasing => return Ok(()),
            _ => return Err("the server ended the allocation".to_owned()),
        };
        match code {
            None => self.nonce_retries = 0,
            Some(438) if self.nonce_retries < MAX_NONCE_RETRIES => {
                self.nonce_retries += 1;
                // The client has the new nonce, but would use it only at its next refresh.
                let _ = if self.is_releasing {
                    let mut relay = relay;
                    relay.close(now)
                } else {
                    self.client.refresh_allocations(now)
                };
            }
            Some(437) => return Err(refusal(437)),
            // The allocation lives on; a later refresh may pass, or bring 437.
            Some(code) => {
                self.nonce_retries = 0;
                tracing::warn!("relay: refresh failed: {}", refusal(code));
            }
        }
        Ok(())
    }

    /// Takes the answer to a request for a permission or channel.
    fn answered(&mut self, index: usize, code: Option<u16>, now: Instant) {
        let grant = &mut self.grants[index];
        grant.request = None;
        match code {
            None => {
                let (lifetime, refresh) = match grant.target {
                    Target::Permission(_) => (PERMISSION_LIFETIME, PERMISSION_REFRESH),
                    Target::Channel(..) => (CHANNEL_LIFETIME, CHANNEL_REFRESH),
                };
                grant.until = Some(now + lifetime);
                grant.ask_at = now + refresh;
                grant.nonce_retries = 0;
                for (data, peer) in std::mem::take(&mut grant.held) {
                    self.transmit(&data, peer, now);
                }
            }
            Some(438) if grant.nonce_retries < MAX_NONCE_RETRIES => {
                grant.nonce_retries += 1;
                grant.ask_at = now;
                self.tick(index, now);
            }
            Some(code) => {
                tracing::debug!("relay: permission or channel: {}", refusal(code));
                self.deny(index, now);
            }
        }
    }

    /// A request for a permission or channel failed: what it already grants stays until it ends,
    /// and Send indications do the work of a missing channel.
    fn deny(&mut self, index: usize, now: Instant) {
        let grant = &mut self.grants[index];
        grant.request = None;
        grant.nonce_retries = 0;
        grant.ask_at = now + REFUSED_PAUSE;
        grant.until = grant.until.filter(|until| now < *until);
        self.dropped += std::mem::take(&mut grant.held).len() as u64;
    }

    /// Takes the client's events; `code` is the error of the answer that led to them.
    fn drain_events(&mut self, code: Option<u16>, now: Instant) -> Result<(), String> {
        while let Some(event) = self.client.poll_event() {
            match event {
                Event::AllocateResponse(_, relayed) => {
                    self.relayed = Some(relayed);
                    self.nonce_retries = 0;
                }
                Event::AllocateError(..) if code == Some(438) => {
                    if self.nonce_retries >= MAX_NONCE_RETRIES {
                        return Err(refusal(438));
                    }
                    self.nonce_retries += 1;
                    self.client.allocate(now).map_err(|error| error.to_string())?;
                }
                Event::AllocateError(..) => {
                    return Err(code.map_or_else(|| "malformed answer".to_owned(), refusal));
                }
                Event::TransactionTimeout(_) => self.timed_out(now)?,
                _ => {}
            }
        }
        // Over a stream, the wait for one answer is long enough.
        let limit = if self.is_stream() { Duration::ZERO } else { MAX_SILENCE };
        if self.silent_since.is_some_and(|since| now - since >= limit) {
            return Err(NO_ANSWER.to_owned());
        }
        Ok(())
    }

    /// A request of the client stayed without an answer.
    fn timed_out(&mut self, now: Instant) -> Result<(), String> {
        self.silent_since.get_or_insert(now);
        if self.relayed.is_none() {
            return Err(NO_ANSWER.to_owned());
        }
        if !self.is_releasing {
            // Finds out whether the server is still there.
            let _ = self.client.refresh_allocations(now);
        }
        Ok(())
    }
}

/// The number in ERROR-CODE; 0 when it is missing.
fn error_code(message: &Message) -> u16 {
    let mut attribute = ErrorCodeAttribute::default();
    attribute.get_from(message).map_or(0, |()| attribute.code.0)
}

/// What an error answer means (RFC 8489 §14.8, RFC 8656 §19).
fn refusal(code: u16) -> String {
    let text = match code {
        300 => "the server points to another one, which is not followed",
        // What servers derived from Pion answer to a wrong credential.
        400 => "the server calls the request malformed, or the credential is wrong",
        401 | 441 => "the user name or the credential is wrong",
        403 => "forbidden by the server",
        437 => "the server has no such allocation, or another one for this address",
        438 => "the server keeps calling its nonces stale",
        440 | 443 => "the address family is not supported",
        442 => "the transport protocol is not supported",
        486 => "the quota of allocations for this user is reached",
        508 => "the server has no capacity left",
        _ => "the server refused",
    };
    format!("{text} (error {code})")
}
