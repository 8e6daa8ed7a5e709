//! The way to a TURN server: sockets, and messages cut out of streams.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{lookup_host, TcpSocket, TcpStream, UdpSocket};
use tokio::time::timeout;

use super::{RelayServer, RelayTransport};

/// Resolved addresses of the server that are tried.
const MAX_ADDRESSES: usize = 4;
/// Bound on the name look-up, and on TCP and TLS to one address of the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// A UDP socket that only fails for this long, hearing nothing, has lost its server.
const UNREACHABLE_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes read at once; also holds the largest UDP datagram.
const READ_BUFFER: usize = 65_536;

/// A TCP or TLS connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What carries the messages.
pub(super) enum Socket {
    Udp(UdpSocket),
    Stream(Box<dyn Stream>),
}

/// The way to the server: whole TURN messages in and out.
pub(super) struct Link {
    socket: Socket,
    /// Messages that wait for the socket.
    pub(super) outbox: VecDeque<Bytes>,
    inbox: BytesMut,
    scratch: Box<[u8]>,
    is_unflushed: bool,
    failing_since: Option<Instant>,
}

impl Link {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            outbox: VecDeque::new(),
            inbox: BytesMut::new(),
            scratch: vec![0; READ_BUFFER].into_boxed_slice(),
            is_unflushed: false,
            failing_since: None,
        }
    }

    /// Writes what the socket takes, then yields the next message from the server.
    pub(super) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<BytesMut, String>> {
        self.poll_drain(cx)?;
        loop {
            if let Some(message) = self.take_frame()? {
                return Poll::Ready(Ok(message));
            }
            let mut buffer = ReadBuf::new(&mut self.scratch);
            let read = match &mut self.socket {
                Socket::Udp(socket) => socket.poll_recv(cx, &mut buffer),
                Socket::Stream(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            };
            match std::task::ready!(read) {
                Ok(()) => {}
                Err(error) => {
                    self.tolerate(&error)?;
                    if !is_passing(&error) {
                        return Poll::Ready(Err(error.kind().to_string()));
                    }
                    continue;
                }
            }
            let filled = buffer.filled();
            match self.socket {
                Socket::Udp(_) => {
                    self.failing_since = None;
                    return Poll::Ready(Ok(BytesMut::from(filled)));
                }
                Socket::Stream(_) if filled.is_empty() => {
                    return Poll::Ready(Err("the server closed the connection".to_owned()));
                }
                Socket::Stream(_) => self.inbox.extend_from_slice(filled),
            }
        }
    }

    /// Takes one whole message off a stream (RFC 8489 §6.2.2, RFC 8656 §12.5).
    ///
    /// Messages are cut out before more is read, so the buffer never holds more than one message
    /// and one read.
    fn take_frame(&mut self) -> Result<Option<BytesMut>, String> {
        let &[first, _, high, low, ..] = &self.inbox[..] else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let size = match first >> 6 {
            0 if length % 4 == 0 => length + 20,
            1 => (length + 4).next_multiple_of(4),
            _ => return Err("the server does not speak TURN".to_owned()),
        };
        Ok((self.inbox.len() >= size).then(|| self.inbox.split_to(size)))
    }

    /// Writes queued messages for as long as the socket takes them.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        loop {
            let written = match (&mut self.socket, self.outbox.front()) {
                (Socket::Udp(socket), Some(message)) => socket.poll_send(cx, message),
                (Socket::Stream(stream), Some(message)) => Pin::new(stream).poll_write(cx, message),
                (Socket::Stream(stream), None) if self.is_unflushed => {
                    Pin::new(stream).poll_flush(cx).map_ok(|()| 0)
                }
                _ => return Ok(()),
            };
            let Poll::Ready(written) = written else {
                return Ok(());
            };
            let is_stream = matches!(self.socket, Socket::Stream(_));
            match (written, self.outbox.front_mut()) {
                (Ok(0), Some(_)) if is_stream => return Err("the connection is closed".to_owned()),
                (Ok(count), Some(message)) if is_stream => {
                    message.advance(count);
                    self.is_unflushed = true;
                    if message.is_empty() {
                        self.outbox.pop_front();
                    }
                }
                (Ok(_), Some(_)) => drop(self.outbox.pop_front()),
                (Ok(_), None) => self.is_unflushed = false,
                (Err(error), _) => {
                    // A datagram that cannot be sent is lost, as on the way.
                    self.tolerate(&error)?;
                    self.outbox.pop_front();
                }
            }
        }
    }

    /// Ends a connection in order, as far as the far side lets us.
    pub(super) async fn shutdown(&mut self) {
        if let Socket::Stream(stream) = &mut self.socket {
            // The allocation is released by now, so a failure costs nothing.
            let _ = stream.shutdown().await;
        }
    }

    /// Lets a UDP socket survive passing errors for a while; a stream never recovers.
    fn tolerate(&mut self, error: &io::Error) -> Result<(), String> {
        let is_lasting = is_passing(error)
            && self.failing_since.get_or_insert_with(Instant::now).elapsed() > UNREACHABLE_TIMEOUT;
        if is_lasting || matches!(self.socket, Socket::Stream(_)) {
            return Err(error.kind().to_string());
        }
        Ok(())
    }
}

/// Whether the error is what a moment without a route, or an ICMP message, leaves on a UDP socket.
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown
    )
}

/// Looks the server up and connects to its first address that answers.
pub(super) async fn open(
    server: &RelayServer,
    tls: &Arc<rustls::ClientConfig>,
    bind: Option<IpAddr>,
) -> Result<(Link, SocketAddr, SocketAddr), String> {
    let addresses: Vec<_> =
        match timeout(CONNECT_TIMEOUT, lookup_host((server.host.as_str(), server.port))).await {
            Ok(Ok(found)) => found
                .filter(|address| bind.is_none_or(|ip| ip.is_ipv4() == address.is_ipv4()))
                .take(MAX_ADDRESSES)
                .collect(),
            Ok(Err(error)) => return Err(format!("cannot resolve the name: {error}")),
            Err(_) => return Err("cannot resolve the name: timed out".to_owned()),
        };
    let mut failure = "no address of a usable family".to_owned();
    for remote in addresses {
        match timeout(CONNECT_TIMEOUT, connect(server, tls, bind, remote)).await {
            Ok(Ok((socket, local))) => return Ok((Link::new(socket), local, remote)),
            Ok(Err(error)) => failure = format!("cannot connect: {error}"),
            Err(_) => failure = "cannot connect: timed out".to_owned(),
        }
    }
    Err(failure)
}

/// Connects to one address of the server.
async fn connect(
    server: &RelayServer,
    tls: &Arc<rustls::ClientConfig>,
    bind: Option<IpAddr>,
    remote: SocketAddr,
) -> io::Result<(Socket, SocketAddr)> {
    if server.transport == RelayTransport::Udp {
        let any = match remote {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let socket = UdpSocket::bind((bind.unwrap_or(any), 0)).await?;
        socket.connect(remote).await?;
        let local = socket.local_addr()?;
        return Ok((Socket::Udp(socket), local));
    }
    let tcp = connect_tcp(bind, remote).await?;
    let local = tcp.local_addr()?;
    if server.transport == RelayTransport::Tcp {
        return Ok((Socket::Stream(Box::new(tcp)), local));
    }
    let name = rustls::pki_types::ServerName::try_from(server.host.clone())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "not a name for TLS"))?;
    let tls = tokio_rustls::TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await?;
    Ok((Socket::Stream(Box::new(tls)), local))
}

async fn connect_tcp(bind: Option<IpAddr>, remote: SocketAddr) -> io::Result<TcpStream> {
    let socket = if remote.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let Some(ip) = bind {
        socket.bind(SocketAddr::new(ip, 0))?;
    }
    let stream = socket.connect(remote).await?;
    // Media must not wait for an acknowledgement of the datagram before it.
    stream.set_nodelay(true)?;
    Ok(stream)
}
