//! One WebSocket: DNS, TCP, TLS and upgrade with typed errors, then text frames both ways.

use crate::config::SOCKET_OPEN_TIMEOUT;
use crate::error::{Error, ErrorKind, Result};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes};
use tokio_tungstenite::{client_async_with_config, WebSocketStream};
use url::{Host, Url};

/// Larger than any message of the service; a bigger one is garbage.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

type Socket = WebSocketStream<Box<dyn Io>>;

/// The writing half.
pub(crate) struct WsSender(SplitSink<Socket, Message>);
/// The reading half.
pub(crate) struct WsReceiver(SplitStream<Socket>);

/// What one read gave.
pub(crate) enum WsFrame {
    Text(Utf8Bytes),
    /// The answer to [`WsSender::ping`], or the server's own ping.
    Alive,
    /// A frame that this protocol does not have (binary): ignored by the caller.
    Foreign,
    /// The socket is closed; the text says how, for people.
    Closed(String),
}

/// How long each step to an open socket took. They follow on one another without a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct OpenTimes {
    /// Zero for a URL with an address.
    pub(crate) dns: Duration,
    /// Of all addresses that were tried.
    pub(crate) tcp: Duration,
    /// Zero without TLS.
    pub(crate) tls: Duration,
    pub(crate) websocket: Duration,
}

/// An open socket.
pub(crate) struct OpenSocket {
    pub(crate) sender: WsSender,
    pub(crate) receiver: WsReceiver,
    /// The local address that reaches the service.
    pub(crate) local: IpAddr,
    pub(crate) times: OpenTimes,
}

/// Opens a WebSocket.
pub(crate) async fn open(url: &Url, tls: &Arc<rustls::ClientConfig>) -> Result<OpenSocket> {
    tokio::time::timeout(SOCKET_OPEN_TIMEOUT, open_unbounded(url, tls)).await.unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Timeout,
            format!("{} did not answer within {SOCKET_OPEN_TIMEOUT:?}", place(url)),
        ))
    })
}

async fn open_unbounded(url: &Url, tls: &Arc<rustls::ClientConfig>) -> Result<OpenSocket> {
    let mut times = OpenTimes::default();
    let mut lap = Instant::now();
    let addresses = resolve(url).await?;
    times.dns = take_lap(&mut lap);
    let tcp = connect_tcp(url, addresses).await?;
    times.tcp = take_lap(&mut lap);
    tcp.set_nodelay(true).map_err(|error| network(url, &error))?;
    let local = tcp.local_addr().map_err(|error| network(url, &error))?.ip();
    let stream: Box<dyn Io> = match url.scheme() {
        "wss" => {
            let name = server_name(url)?;
            let stream = TlsConnector::from(Arc::clone(tls))
                .connect(name, tcp)
                .await
                .map_err(|error| tls_error(url, &error))?;
            Box::new(stream)
        }
        _ => Box::new(tcp),
    };
    times.tls = take_lap(&mut lap);
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let (socket, _) = client_async_with_config(url.as_str(), stream, Some(config))
        .await
        .map_err(|error| upgrade_error(url, error))?;
    times.websocket = take_lap(&mut lap);
    let (sender, receiver) = socket.split();
    Ok(OpenSocket { sender: WsSender(sender), receiver: WsReceiver(receiver), local, times })
}

/// The time since the last lap; the next one begins now.
fn take_lap(lap: &mut Instant) -> Duration {
    let now = Instant::now();
    now - std::mem::replace(lap, now)
}

async fn resolve(url: &Url) -> Result<Vec<SocketAddr>> {
    let port = url.port_or_known_default().unwrap_or(443);
    Ok(match url.host() {
        Some(Host::Ipv4(ip)) => vec![(ip, port).into()],
        Some(Host::Ipv6(ip)) => vec![(ip, port).into()],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|_| {
                Error::new(
                    ErrorKind::Network,
                    format!("the host name {name} cannot be resolved; check it and the network"),
                )
            })?
            .collect(),
        None => Vec::new(),
    })
}

async fn connect_tcp(url: &Url, addresses: Vec<SocketAddr>) -> Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(network(url, &last))
}

fn server_name(url: &Url) -> Result<ServerName<'static>> {
    match url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned())
            .map_err(|_| Error::invalid(format!("{name} is not a host name"))),
        Some(Host::Ipv4(ip)) => Ok(ServerName::IpAddress(IpAddr::V4(ip).into())),
        Some(Host::Ipv6(ip)) => Ok(ServerName::IpAddress(IpAddr::V6(ip).into())),
        None => Err(Error::invalid("the URL has no host")),
    }
}

impl WsSender {
    /// Writes one text frame. An error means that the socket is gone.
    pub(crate) async fn send(&mut self, text: String) -> std::result::Result<(), String> {
        self.0.send(Message::text(text)).await.map_err(|error| error.to_string())
    }

    /// Asks for a sign of life (RFC 6455, 5.5.2). An error means that the socket is gone.
    pub(crate) async fn ping(&mut self) -> std::result::Result<(), String> {
        self.0.send(Message::Ping(bytes::Bytes::new())).await.map_err(|error| error.to_string())
    }

    /// Sends a close frame; failures do not matter any more.
    pub(crate) async fn close(&mut self) {
        let _ = self.0.close().await;
    }
}

impl WsReceiver {
    /// The next frame. Protocol pings are answered inside. Cancel-safe.
    pub(crate) async fn next(&mut self) -> WsFrame {
        loop {
            return match self.0.next().await {
                Some(Ok(Message::Text(text))) => WsFrame::Text(text),
                Some(Ok(Message::Binary(_))) => WsFrame::Foreign,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => WsFrame::Alive,
                Some(Ok(Message::Frame(_))) => continue,
                Some(Ok(Message::Close(frame))) => WsFrame::Closed(match frame {
                    Some(frame) => format!("the server closed it with code {}", frame.code),
                    None => "the server closed it".into(),
                }),
                Some(Err(error)) => WsFrame::Closed(error.to_string()),
                None => WsFrame::Closed("the connection ended".into()),
            };
        }
    }
}

fn place(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or(443);
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

fn network(url: &Url, error: &io::Error) -> Error {
    Error::new(ErrorKind::Network, format!("cannot reach {}: {error}", place(url)))
}

fn tls_error(url: &Url, error: &io::Error) -> Error {
    let is_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    if !is_tls && error.kind() != io::ErrorKind::InvalidData {
        return network(url, error);
    }
    Error::new(
        ErrorKind::Tls,
        format!(
            "TLS with {} failed: {error}. For a private deployment pass its CA certificate",
            place(url)
        ),
    )
}

fn upgrade_error(url: &Url, error: WsError) -> Error {
    let place = place(url);
    match error {
        WsError::Http(response) => {
            let status = response.status().as_u16();
            Error::new(
                ErrorKind::Protocol,
                format!("{place} is no SignalWire service: it answered with HTTP status {status}"),
            )
            .with_code(status.into())
        }
        WsError::Io(error) => network(url, &error),
        other => Error::new(ErrorKind::Protocol, format!("{place} speaks no WebSocket: {other}")),
    }
}
