use std::net::Ipv4Addr;

use bytes::BytesMut;
use rtc::crypto::default_provider;
use rtc::stun::attributes::{ATTR_NONCE, ATTR_REALM};
use rtc::stun::error_code::{ErrorCode, ErrorCodeAttribute};
use rtc::stun::integrity::MessageIntegrity;
use rtc::stun::message::{
    Getter, Message, MessageType, Method, Setter, CLASS_ERROR_RESPONSE, CLASS_REQUEST,
    CLASS_SUCCESS_RESPONSE, METHOD_ALLOCATE, METHOD_CHANNEL_BIND, METHOD_CREATE_PERMISSION,
    METHOD_REFRESH,
};
use rtc::stun::textattrs::TextAttribute;
use rtc::turn::proto::channum::ChannelNumber;
use rtc::turn::proto::lifetime::Lifetime;
use rtc::turn::proto::relayaddr::RelayedAddress;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use turn::allocation::AllocationInfo;
use turn::auth::{generate_auth_key, AuthHandler};
use turn::relay::relay_static::RelayAddressGeneratorStatic;
use turn::server::config::{ConnConfig, ServerConfig};
use turn::server::Server;

use super::link::Socket;
use super::*;

const REALM: &str = "example.net";
const USER: &str = "u";
const PASSWORD: &str = "a-credential";
const DEADLINE: Duration = Duration::from_secs(20);
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn within<T>(what: &str, future: impl std::future::Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what}: deadline passed"))
}

fn no_roots() -> Arc<rustls::ClientConfig> {
    tls_config(rustls::RootCertStore::empty())
}

fn tls_config(roots: rustls::RootCertStore) -> Arc<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

fn server_at(transport: RelayTransport, port: u16) -> RelayServer {
    RelayServer {
        host: "127.0.0.1".to_owned(),
        port,
        transport,
        username: USER.to_owned(),
        credential: Secret::of(PASSWORD),
    }
}

struct OneUser;

impl AuthHandler for OneUser {
    fn auth_handle(&self, user: &str, realm: &str, _: SocketAddr) -> Result<Vec<u8>, turn::Error> {
        match user {
            USER => Ok(generate_auth_key(user, realm, PASSWORD)),
            _ => Err(turn::Error::ErrNoSuchUser),
        }
    }
}

/// A TURN server over UDP on a port of its own.
struct TurnServer {
    server: Server,
    port: u16,
    closed: mpsc::Receiver<AllocationInfo>,
}

async fn turn_server() -> TurnServer {
    let socket = Arc::new(UdpSocket::bind((LOCALHOST, 0)).await.unwrap());
    let port = socket.local_addr().unwrap().port();
    let (notify, closed) = mpsc::channel(8);
    let server = Server::new(ServerConfig {
        conn_configs: vec![ConnConfig {
            conn: socket,
            relay_addr_generator: Box::new(RelayAddressGeneratorStatic {
                relay_address: LOCALHOST,
                address: "127.0.0.1".to_owned(),
                net: Arc::new(webrtc_util::vnet::net::Net::new(None)),
            }),
        }],
        realm: REALM.to_owned(),
        auth_handler: Arc::new(OneUser),
        channel_bind_timeout: Duration::ZERO,
        alloc_close_notify: Some(notify),
    })
    .await
    .unwrap();
    TurnServer { server, port, closed }
}

/// Size of the message a stream begins with, and of it without padding.
fn frame_size(header: [u8; 4]) -> (usize, usize) {
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    match header[0] >> 6 {
        0 => (length + 20, length + 20),
        1 => ((length + 4).div_ceil(4) * 4, length + 4),
        _ => panic!("neither STUN nor ChannelData: {header:?}"),
    }
}

/// Carries one TURN connection between a stream and a server that speaks UDP.
///
/// What the server sends reaches the stream in awkward pieces: several messages at once, and each write broken within a header.
async fn bridge(stream: impl AsyncRead + AsyncWrite, turn_port: u16) {
    let udp = UdpSocket::bind((LOCALHOST, 0)).await.unwrap();
    udp.connect((LOCALHOST, turn_port)).await.unwrap();
    let (mut read, mut write) = tokio::io::split(stream);
    let to_server = async {
        let mut frame = vec![0; 4];
        while read.read_exact(&mut frame[..4]).await.is_ok() {
            let (padded, bare) = frame_size([frame[0], frame[1], frame[2], frame[3]]);
            frame.resize(padded, 0);
            read.read_exact(&mut frame[4..]).await.unwrap();
            udp.send(&frame[..bare]).await.unwrap();
        }
    };
    let to_client = async {
        let mut datagram = vec![0; 65_536];
        loop {
            let mut batch = Vec::new();
            let first = udp.recv(&mut datagram).await.unwrap();
            let mut next = Some(first);
            while let Some(size) = next {
                batch.extend_from_slice(&datagram[..size]);
                // Padding of any value is allowed.
                batch.resize(batch.len().next_multiple_of(4), 0xEE);
                let more = timeout(Duration::from_millis(20), udp.recv(&mut datagram));
                next = if batch.len() < 2000 { more.await.ok().map(Result::unwrap) } else { None };
            }
            for piece in [&batch[..3], &batch[3..17], &batch[17..]] {
                write.write_all(piece).await.unwrap();
                write.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::select! {
        () = to_server => {}
        () = to_client => {}
    }
}

/// A port that bridges TCP, or TLS when there is an acceptor, to the TURN server.
async fn bridged(turn_port: u16, tls: Option<tokio_rustls::TlsAcceptor>) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            match &tls {
                None => bridge(stream, turn_port).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        bridge(stream, turn_port).await;
                    }
                }
            }
        }
    });
    (port, task)
}

/// A certificate for 127.0.0.1: what accepts with it, and a client that trusts it.
fn tls_pair() -> (tokio_rustls::TlsAcceptor, Arc<rustls::ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    (tokio_rustls::TlsAcceptor::from(Arc::new(server)), tls_config(roots))
}

async fn allocate(server: &RelayServer, tls: &Arc<rustls::ClientConfig>) -> Relay {
    within("allocate", Relay::allocate(server, tls, Some(LOCALHOST))).await.unwrap()
}

/// Exchanges datagrams of many sizes with a peer: held for the permission, then as indications,
/// then, being no STUN, on a channel.
async fn exchange(relay: &mut Relay) {
    let peer = UdpSocket::bind((LOCALHOST, 0)).await.unwrap();
    let peer_addr = peer.local_addr().unwrap();
    let mut buffer = vec![0; 2048];
    for size in (0..60).chain([512, 1200, 1201, 1202, 1203]) {
        let datagram = vec![0x80 | (size % 64) as u8; size];
        assert!(relay.try_send_to(&datagram, peer_addr));
        let (got, from) = within("peer", peer.recv_from(&mut buffer)).await.unwrap();
        assert_eq!((&buffer[..got], from), (&datagram[..], relay.relay_addr()));

        // Three at once, so that a stream carries them in one piece.
        for tag in 0..3u8 {
            let answer: Vec<u8> = [&[tag], &datagram[..]].concat();
            peer.send_to(&answer, relay.relay_addr()).await.unwrap();
        }
        for tag in 0..3u8 {
            let (got, from) = within("owner", relay.recv()).await.unwrap();
            assert_eq!((got[0], &got[1..], from), (tag, &datagram[..], peer_addr));
        }
    }
    assert_eq!(relay.dropped(), (0, 0));
}

/// Drops the relay and waits until the server has no allocation left.
async fn assert_released(relay: Relay, turn: &mut TurnServer) {
    let relayed = relay.relay_addr();
    assert_eq!(turn.server.get_allocations_info(None).await.unwrap().len(), 1);
    drop(relay);
    let closed = within("release", turn.closed.recv()).await.unwrap();
    assert_eq!(closed.relay_addr, relayed);
    turn.server.close().await.unwrap();
}

#[tokio::test]
async fn datagrams_pass_both_ways_over_udp() {
    let mut turn = turn_server().await;
    let mut relay = allocate(&server_at(RelayTransport::Udp, turn.port), &no_roots()).await;
    assert_eq!(relay.mapped_addr(), Some(relay.base_addr()));
    exchange(&mut relay).await;
    assert_released(relay, &mut turn).await;
}

#[tokio::test]
async fn datagrams_pass_both_ways_over_tcp() {
    let mut turn = turn_server().await;
    let (port, _bridge) = bridged(turn.port, None).await;
    let mut relay = allocate(&server_at(RelayTransport::Tcp, port), &no_roots()).await;
    exchange(&mut relay).await;
    assert_released(relay, &mut turn).await;
}

#[tokio::test]
async fn datagrams_pass_both_ways_over_tls() {
    let mut turn = turn_server().await;
    let (acceptor, trusting) = tls_pair();
    let (port, _bridge) = bridged(turn.port, Some(acceptor)).await;
    let server = server_at(RelayTransport::Tls, port);
    let refused = within("tls", Relay::allocate(&server, &no_roots(), None)).await.unwrap_err();
    assert!(refused.contains("invalid peer certificate"), "{refused}");
    let mut relay = allocate(&server, &trusting).await;
    exchange(&mut relay).await;
    assert_released(relay, &mut turn).await;
}

#[tokio::test]
async fn a_wrong_credential_is_named() {
    let turn = turn_server().await;
    let mut server = server_at(RelayTransport::Udp, turn.port);
    server.credential = Secret::of("not-the-one");
    let text = within("refusal", Relay::allocate(&server, &no_roots(), None)).await.unwrap_err();
    assert!(text.contains("credential is wrong"), "{text}");
    assert!(!text.contains("not-the-one"), "{text}");
}

#[tokio::test]
async fn an_unreachable_server_is_named() {
    let closed = TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let tls = no_roots();
    let server = server_at(RelayTransport::Tcp, port);
    let text = within("tcp", Relay::allocate(&server, &tls, None)).await.unwrap_err();
    assert!(text.contains("cannot connect"), "{text}");
    let server = server_at(RelayTransport::Udp, port);
    let text = within("udp", Relay::allocate(&server, &tls, None)).await.unwrap_err();
    assert!(text.contains("refused") || text.contains(agent::NO_ANSWER), "{text}");
}

#[tokio::test]
async fn a_lost_connection_ends_the_allocation() {
    let turn = turn_server().await;
    let (port, bridge) = bridged(turn.port, None).await;
    let mut relay = allocate(&server_at(RelayTransport::Tcp, port), &no_roots()).await;
    bridge.abort();
    assert!(within("end", relay.recv()).await.is_none());
    assert!(!relay.try_send_to(b"late", relay.relay_addr()));
    assert_eq!(relay.dropped().0, 1);
}

#[tokio::test]
async fn a_lost_udp_server_ends_the_allocation() {
    let TurnServer { server, port, .. } = turn_server().await;
    let mut relay = allocate(&server_at(RelayTransport::Udp, port), &no_roots()).await;
    server.close().await.unwrap();
    drop(server);
    let peer = SocketAddr::new(LOCALHOST, 9);
    let end = async {
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        loop {
            tokio::select! {
                datagram = relay.recv() => return datagram,
                _ = tick.tick() => {}
            }
            // Once the task is gone the queue refuses; `recv` ends the loop.
            relay.try_send_to(b"\x80", peer);
        }
    };
    assert!(within("end", end).await.is_none());
}

#[tokio::test]
async fn a_dropped_allocate_closes_its_connection() {
    let listener = TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let server = server_at(RelayTransport::Tcp, listener.local_addr().unwrap().port());
    let tls = no_roots();
    let allocating = tokio::spawn(async move { Relay::allocate(&server, &tls, None).await });
    let (mut silent, _) = within("accept", listener.accept()).await.unwrap();
    let mut request = vec![0; 20];
    within("request", silent.read_exact(&mut request)).await.unwrap();
    allocating.abort();
    let mut rest = Vec::new();
    within("end", silent.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn an_allocation_that_comes_too_late_is_released() {
    let mut turn = turn_server().await;
    // Holds the answers back until the caller has given up.
    let gate = UdpSocket::bind((LOCALHOST, 0)).await.unwrap();
    let server = server_at(RelayTransport::Udp, gate.local_addr().unwrap().port());
    let tls = no_roots();
    let allocating = tokio::spawn(async move { Relay::allocate(&server, &tls, None).await });
    let upstream = UdpSocket::bind((LOCALHOST, 0)).await.unwrap();
    upstream.connect((LOCALHOST, turn.port)).await.unwrap();
    let mut buffer = vec![0; 2048];
    let (size, client) = within("request", gate.recv_from(&mut buffer)).await.unwrap();
    allocating.abort();
    assert!(allocating.await.is_err());
    upstream.send(&buffer[..size]).await.unwrap();
    let released = async {
        let (mut down, mut up) = (vec![0; 2048], vec![0; 2048]);
        loop {
            tokio::select! {
                Ok(size) = upstream.recv(&mut down) => {
                    gate.send_to(&down[..size], client).await.unwrap();
                }
                Ok((size, _)) = gate.recv_from(&mut up) => {
                    upstream.send(&up[..size]).await.unwrap();
                }
                closed = turn.closed.recv() => return closed,
            }
        }
    };
    assert!(within("release", released).await.is_some());
}

#[tokio::test]
async fn what_cannot_be_sent_is_counted() {
    let turn = turn_server().await;
    let relay = allocate(&server_at(RelayTransport::Udp, turn.port), &no_roots()).await;
    let peer = SocketAddr::new(LOCALHOST, 9);
    assert!(!relay.try_send_to(b"x", SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 9)));
    assert!(!relay.try_send_to(&vec![0; MAX_PAYLOAD + 1], peer));
    // The task cannot run in between: the queue takes its length and no more.
    let taken = (0..QUEUE + 10).filter(|_| relay.try_send_to(b"x", peer)).count();
    assert_eq!((taken, relay.dropped()), (QUEUE, (12, 0)));
}

#[tokio::test]
async fn messages_are_cut_out_of_a_stream() {
    let stun = [&[0, 1, 0, 4], &[7u8; 16][..], &[1, 2, 3, 4]].concat();
    let channel = [&[0x40, 0, 0, 5], &b"media"[..], &[0; 3]].concat();
    let empty = vec![0x40, 1, 0, 0];
    let sent = [&stun[..], &channel, &empty, &stun].concat();
    for piece in [1, 2, 3, 5, 7, sent.len()] {
        let (near, mut far) = tokio::io::duplex(8);
        let mut link = Link::new(Socket::Stream(Box::new(near)));
        let bytes = sent.clone();
        tokio::spawn(async move {
            for piece in bytes.chunks(piece) {
                far.write_all(piece).await.unwrap();
            }
        });
        for expected in [&stun, &channel, &empty, &stun] {
            let message = std::future::poll_fn(|cx| link.poll_message(cx));
            assert_eq!(within("message", message).await.unwrap(), expected[..]);
        }
        let end = std::future::poll_fn(|cx| link.poll_message(cx));
        assert!(within("end", end).await.is_err());
    }
}

#[tokio::test]
async fn a_stream_that_is_not_turn_is_refused() {
    for first in [&b"\x80\x00\x00\x00"[..], b"\x00\x01\x00\x03", b"HTTP/1.1 400"] {
        let (near, mut far) = tokio::io::duplex(64);
        let mut link = Link::new(Socket::Stream(Box::new(near)));
        far.write_all(first).await.unwrap();
        far.shutdown().await.unwrap();
        let message = std::future::poll_fn(|cx| link.poll_message(cx));
        assert!(within("message", message).await.is_err(), "{first:?}");
    }
}

#[test]
fn turn_uris_are_read() {
    use RelayTransport::{Tcp, Tls, Udp};
    let table = [
        ("turn:turn.example.net", Some(("turn.example.net", 3478, Udp))),
        ("turn:turn.example.net:443?transport=tcp", Some(("turn.example.net", 443, Tcp))),
        ("TURN:192.0.2.1:80?transport=UDP", Some(("192.0.2.1", 80, Udp))),
        ("turns:turn.example.net", Some(("turn.example.net", 5349, Tls))),
        ("turns:turn.example.net:443?transport=tcp", Some(("turn.example.net", 443, Tls))),
        ("turn:[2001:db8::1]:3479", Some(("2001:db8::1", 3479, Udp))),
        ("turn:[2001:db8::1]?transport=tcp", Some(("2001:db8::1", 3478, Tcp))),
        ("turns:turn.example.net?transport=udp", None),
        ("turn:turn.example.net?transport=sctp", None),
        ("turn:turn.example.net:0", None),
        ("turn:turn.example.net:65536", None),
        ("turn:2001:db8::1", None),
        ("turn:[turn.example.net]", None),
        ("turn:[2001:db8::1]x", None),
        ("turn://turn.example.net", None),
        ("turn:u@turn.example.net", None),
        ("turn::3478", None),
        ("turn:", None),
        ("stun:stun.example.net", None),
        ("turn.example.net", None),
    ];
    for (url, expected) in table {
        let read = RelayServer::parse(url, USER, PASSWORD);
        let read = read.as_ref().map(|s| (s.host.as_str(), s.port, s.transport));
        assert_eq!(read, expected, "{url}");
    }
    let server = RelayServer::parse("turn:turn.example.net", USER, PASSWORD).unwrap();
    assert!(!format!("{server:?}").contains(PASSWORD));
}

/// The far side of an [`Agent`], one message at a time, on a clock that the test moves.
struct Far {
    agent: Agent,
    key: Vec<u8>,
    now: Instant,
}

const RELAYED: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 15)), 50_000);
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 150)), 32_102);

impl Far {
    fn start() -> Self {
        let server = server_at(RelayTransport::Udp, 3478);
        let (local, remote) = (SocketAddr::new(LOCALHOST, 1), SocketAddr::new(LOCALHOST, 3478));
        let now = Instant::now();
        let agent = Agent::start(&server, local, remote, now).unwrap();
        Self { agent, key: generate_auth_key(USER, REALM, PASSWORD), now }
    }

    /// An agent with an allocation.
    fn allocated() -> Self {
        let mut far = Self::start();
        let first = far.request(METHOD_ALLOCATE);
        far.refuse(&first, 401, "nonce-1").unwrap();
        let second = far.request(METHOD_ALLOCATE);
        assert_eq!(nonce_of(&second), "nonce-1");
        far.accept(&second, &far.key.clone());
        assert_eq!(far.agent.relayed, Some(RELAYED));
        far
    }

    /// An allocated agent that sends to a permitted peer, and its ChannelBind request.
    fn binding() -> (Self, Message) {
        let mut far = Self::allocated();
        far.agent.send(Bytes::from_static(b"\x80media"), PEER, far.now);
        let permission = far.request(METHOD_CREATE_PERMISSION);
        assert!(far.agent.poll_transmit().is_none(), "the datagram is held");
        far.accept(&permission, &far.key.clone());
        let bind = far.request(METHOD_CHANNEL_BIND);
        (far, bind)
    }

    fn next(&mut self) -> Option<Message> {
        let mut message = Message::new();
        message.raw = self.agent.poll_transmit()?.to_vec();
        message.decode().unwrap();
        Some(message)
    }

    fn request(&mut self, method: Method) -> Message {
        let message = self.next().expect("a request");
        assert_eq!(message.typ.method, method);
        message
    }

    fn refuse(&mut self, request: &Message, code: u16, nonce: &str) -> Result<(), String> {
        let code = ErrorCodeAttribute { code: ErrorCode(code), reason: Vec::new() };
        let attributes: [Box<dyn Setter>; 3] = [
            Box::new(code),
            Box::new(TextAttribute::new(ATTR_REALM, REALM.to_owned())),
            Box::new(TextAttribute::new(ATTR_NONCE, nonce.to_owned())),
        ];
        self.answer(request, CLASS_ERROR_RESPONSE, attributes)
    }

    fn accept(&mut self, request: &Message, key: &[u8]) {
        let crypto = default_provider().unwrap();
        let integrity = MessageIntegrity::new_raw_integrity_with_provider(key, crypto.crypto());
        let attributes: [Box<dyn Setter + '_>; 3] = [
            Box::new(RelayedAddress { ip: RELAYED.ip(), port: RELAYED.port() }),
            Box::new(Lifetime(Duration::from_secs(600))),
            Box::new(integrity),
        ];
        self.answer(request, CLASS_SUCCESS_RESPONSE, attributes).unwrap();
    }

    fn answer<'a, const N: usize>(
        &mut self,
        request: &Message,
        class: rtc::stun::message::MessageClass,
        attributes: [Box<dyn Setter + 'a>; N],
    ) -> Result<(), String> {
        let mut setters: Vec<Box<dyn Setter + 'a>> = vec![
            Box::new(request.transaction_id),
            Box::new(MessageType::new(request.typ.method, class)),
        ];
        setters.extend(attributes);
        let mut message = Message::new();
        message.build(&setters).unwrap();
        self.agent.handle_message(BytesMut::from(&message.raw[..]), self.now)
    }

    /// The next request of the kind; grants all others on the way.
    fn until(&mut self, method: Method) -> Message {
        for _ in 0..60 {
            while let Some(message) = self.next() {
                match message.typ.class {
                    CLASS_REQUEST if message.typ.method == method => return message,
                    CLASS_REQUEST => self.accept(&message, &self.key.clone()),
                    _ => {}
                }
            }
            self.advance(Duration::from_secs(10)).unwrap();
        }
        panic!("no such request in ten minutes");
    }

    fn advance(&mut self, by: Duration) -> Result<(), String> {
        self.now += by;
        self.agent.handle_timeout(self.now)
    }
}

fn nonce_of(message: &Message) -> String {
    TextAttribute::get_from_as(message, ATTR_NONCE).unwrap().text
}

fn channel_of(message: &Message) -> u16 {
    let mut number = ChannelNumber::default();
    number.get_from(message).unwrap();
    number.0
}

#[test]
fn a_stale_nonce_keeps_the_channel_and_its_number() {
    let (mut far, bind) = Far::binding();
    let number = channel_of(&bind);
    far.refuse(&bind, 438, "nonce-2").unwrap();
    assert_eq!(far.next().unwrap().typ.method, rtc::stun::message::METHOD_SEND);
    let again = far.request(METHOD_CHANNEL_BIND);
    assert_eq!((channel_of(&again), nonce_of(&again)), (number, "nonce-2".to_owned()));
    assert_ne!(again.transaction_id, bind.transaction_id);
    far.accept(&again, &far.key.clone());
    far.agent.send(Bytes::from_static(b"\x80media"), PEER, far.now);
    let frame = far.agent.poll_transmit().unwrap();
    assert_eq!(frame[..], [&number.to_be_bytes()[..], &[0, 6], b"\x80media"].concat());

    // The renewal meets a stale nonce as well; what the peer sends meanwhile still arrives.
    let renewal = far.until(METHOD_CHANNEL_BIND);
    assert_eq!(channel_of(&renewal), number);
    far.refuse(&renewal, 438, "nonce-3").unwrap();
    let again = far.request(METHOD_CHANNEL_BIND);
    assert_eq!((channel_of(&again), nonce_of(&again)), (number, "nonce-3".to_owned()));
    far.agent.handle_message(BytesMut::from(&frame[..]), far.now).unwrap();
    let received = far.agent.received.pop_front();
    assert_eq!(received, Some((Bytes::from_static(b"\x80media"), PEER)));
}

#[test]
fn a_stale_nonce_repeats_the_renewal_of_a_permission() {
    let (mut far, bind) = Far::binding();
    far.accept(&bind, &far.key.clone());
    let renewal = far.until(METHOD_CREATE_PERMISSION);
    far.refuse(&renewal, 438, "nonce-2").unwrap();
    let again = far.request(METHOD_CREATE_PERMISSION);
    assert_eq!(nonce_of(&again), "nonce-2");
}

#[test]
fn what_waits_for_permissions_is_bounded() {
    let mut far = Far::allocated();
    for _ in 0..40 {
        far.agent.send(Bytes::from_static(b"\x80"), PEER, far.now);
    }
    assert_eq!(far.agent.dropped, 8);
    for host in 0..70 {
        let peer = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, host)), 9);
        far.agent.send(Bytes::from_static(b"\x80"), peer, far.now);
    }
    assert_eq!(far.agent.dropped, 8 + 7);
}

#[test]
fn a_stale_nonce_repeats_allocate_refresh_and_permission() {
    let mut far = Far::start();
    let first = far.request(METHOD_ALLOCATE);
    far.refuse(&first, 401, "nonce-1").unwrap();
    let second = far.request(METHOD_ALLOCATE);
    far.refuse(&second, 438, "nonce-2").unwrap();
    let third = far.request(METHOD_ALLOCATE);
    far.refuse(&third, 401, "nonce-2").unwrap();
    let fourth = far.request(METHOD_ALLOCATE);
    assert_eq!(nonce_of(&fourth), "nonce-2");
    far.accept(&fourth, &far.key.clone());

    far.agent.send(Bytes::from_static(b"\x80"), PEER, far.now);
    let permission = far.request(METHOD_CREATE_PERMISSION);
    far.refuse(&permission, 438, "nonce-3").unwrap();
    let again = far.request(METHOD_CREATE_PERMISSION);
    assert_eq!(nonce_of(&again), "nonce-3");
    far.refuse(&again, 403, "nonce-3").unwrap();
    assert_eq!(far.agent.dropped, 1);
    assert!(far.next().is_none());

    far.advance(Duration::from_secs(60)).unwrap();
    let refresh = far.request(METHOD_REFRESH);
    far.refuse(&refresh, 438, "nonce-4").unwrap();
    let again = far.request(METHOD_REFRESH);
    assert_eq!(nonce_of(&again), "nonce-4");
    let gone = far.refuse(&again, 437, "nonce-4").unwrap_err();
    assert!(gone.contains("437"), "{gone}");
}

#[test]
fn refusals_are_told_apart() {
    for (code, expected) in
        [(401, "credential"), (437, "allocation"), (486, "quota"), (508, "capacity")]
    {
        let mut far = Far::start();
        let first = far.request(METHOD_ALLOCATE);
        far.refuse(&first, 401, "nonce-1").unwrap();
        let second = far.request(METHOD_ALLOCATE);
        let text = far.refuse(&second, code, "nonce-1").unwrap_err();
        assert!(text.contains(expected) && text.contains(&code.to_string()), "{text}");
    }
}

#[test]
fn a_forged_answer_is_ignored() {
    let mut far = Far::start();
    let first = far.request(METHOD_ALLOCATE);
    far.refuse(&first, 401, "nonce-1").unwrap();
    let second = far.request(METHOD_ALLOCATE);
    far.accept(&second, b"another key");
    assert_eq!(far.agent.relayed, None);
    far.accept(&second, &far.key.clone());
    assert_eq!(far.agent.relayed, Some(RELAYED));
}

#[test]
fn a_silent_server_is_given_up() {
    let (mut far, _) = Far::binding();
    let mut waited = 0;
    while far.advance(Duration::from_secs(1)).is_ok() {
        while far.next().is_some() {}
        waited += 1;
        assert!(waited < 120, "still alive");
        assert!(far.agent.poll_timeout(far.now) > far.now, "nothing is left due");
    }
    assert!(waited > 15, "gave up after {waited} s");
}
