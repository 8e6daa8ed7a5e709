//! A TURN client (RFC 8656) over UDP, TCP and TLS: one relayed address per [`Relay`].
//!
//! [`Relay`] is the owner's handle: two bounded queues to a task that lives as long as the handle.
//! `link` is the way to the server: datagrams, or a byte stream cut into messages. `agent` is the
//! protocol and does no I/O.
//!
//! `rtc`'s TURN client does the transactions of Allocate and Refresh inside the agent. Permissions,
//! channels and the checks on answers are done here, because that client
//! * forgets a channel when the server answers a ChannelBind with 438 (Stale Nonce): it drops what
//!   the peer still sends on it and asks for another number, which RFC 8656 §12.2 makes the server
//!   refuse;
//! * repeats a Refresh, or the renewal of permissions, answered with 438 only when the next one is
//!   due anyway, too late for permissions when a nonce lives shorter than that;
//! * does not verify MESSAGE-INTEGRITY of answers (RFC 8489 §9.2.5), and reports neither a refused
//!   Refresh nor XOR-MAPPED-ADDRESS.

mod agent;
mod link;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, timeout};

use self::agent::{Agent, NO_ANSWER};
use self::link::{open, Link};
use crate::util::redact::Secret;

/// Datagrams waiting between the owner and the task, in each direction.
const QUEUE: usize = 256;
/// Messages waiting for a slow connection before datagrams are dropped: about a second of audio,
/// as older media is of no use.
const BACKLOG: usize = 64;
/// Largest datagram taken: a Send indication around it still has a 16-bit length.
const MAX_PAYLOAD: usize = 65_000;
/// Bound on the Allocate exchange; longer than one request's retransmissions over UDP, 9.5 s.
const ALLOCATE_TIMEOUT: Duration = Duration::from_secs(12);
/// Bound on releasing the allocation once its owner is gone.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// How the TURN server is reached. What it relays is UDP in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelayTransport {
    /// Datagrams.
    Udp,
    /// A TCP connection.
    Tcp,
    /// TLS over TCP.
    Tls,
}

/// One TURN server to try, with its long-term credential.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RelayServer {
    /// Name or address; IPv6 without brackets.
    pub(crate) host: String,
    /// Port of the server.
    pub(crate) port: u16,
    /// How to reach it.
    pub(crate) transport: RelayTransport,
    /// User name of the long-term credential.
    pub(crate) username: String,
    /// Password of the long-term credential.
    pub(crate) credential: Secret,
}

impl fmt::Debug for RelayServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RelayServer");
        shown.field("host", &self.host).field("port", &self.port);
        shown.field("transport", &self.transport).finish_non_exhaustive()
    }
}

impl RelayServer {
    /// Reads a `turn:` or `turns:` URI (RFC 7065); None for anything else.
    ///
    /// Ports default to 3478 and 5349. `turns` with `transport=udp` means DTLS, which is not
    /// supported: None.
    pub(crate) fn parse(url: &str, username: &str, credential: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once(':')?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "turn" => false,
            "turns" => true,
            _ => return None,
        };
        let (authority, query) = match rest.split_once('?') {
            Some((authority, query)) => (authority, Some(query)),
            None => (rest, None),
        };
        let transport = match (secure, query.map(str::to_ascii_lowercase).as_deref()) {
            (false, None | Some("transport=udp")) => RelayTransport::Udp,
            (false, Some("transport=tcp")) => RelayTransport::Tcp,
            (true, None | Some("transport=tcp")) => RelayTransport::Tls,
            _ => return None,
        };
        let (host, port) = split_authority(authority)?;
        Some(Self {
            host,
            port: port.unwrap_or(if secure { 5349 } else { 3478 }),
            transport,
            username: username.to_owned(),
            credential: Secret::of(credential),
        })
    }
}

/// Splits `host[:port]`, the host of an IPv6 address being in brackets.
fn split_authority(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        match after.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if after.is_empty() => (host, None),
            None => return None,
        }
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    let is_text = |c: char| c.is_ascii_graphic() && !"/@[]?#".contains(c);
    if host.is_empty() || !host.chars().all(is_text) {
        return None;
    }
    match port {
        None => Some((host.to_owned(), None)),
        Some(port) => {
            let port = port.parse::<u16>().ok().filter(|port| *port != 0)?;
            Some((host.to_owned(), Some(port)))
        }
    }
}

/// Datagrams that were dropped, since the allocation began.
#[derive(Debug, Default)]
struct Drops {
    sent: AtomicU64,
    received: AtomicU64,
}

/// An allocation on a TURN server, kept alive by its own task until it is dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    relay_addr: SocketAddr,
    #[cfg_attr(not(test), allow(dead_code, reason = "read by tests"))]
    mapped_addr: Option<SocketAddr>,
    base_addr: SocketAddr,
    outbound: mpsc::Sender<(Bytes, SocketAddr)>,
    inbound: mpsc::Receiver<(Bytes, SocketAddr)>,
    drops: Arc<Drops>,
}

impl Relay {
    /// Reaches the server and allocates a relayed address for UDP.
    ///
    /// `tls` is used for [`RelayTransport::Tls`] only; `bind` picks the local address. Must run
    /// inside the runtime. Dropping the future closes the connection, and releases an allocation
    /// that was already on its way. The error is a text for people, without the credential.
    pub(crate) async fn allocate(
        server: &RelayServer,
        tls: &Arc<rustls::ClientConfig>,
        bind: Option<IpAddr>,
    ) -> Result<Self, String> {
        let (ready, allocated) = oneshot::channel();
        tokio::spawn(run(server.clone(), Arc::clone(tls), bind, ready));
        let result = allocated.await.unwrap_or_else(|_| Err("the allocation ended".to_owned()));
        result.map_err(|text| format!("TURN server {}:{}: {text}", server.host, server.port))
    }

    /// The relayed address: the candidate's own.
    pub(crate) fn relay_addr(&self) -> SocketAddr {
        self.relay_addr
    }

    /// Whether the allocation's task still runs.
    pub(crate) fn is_alive(&self) -> bool {
        !self.outbound.is_closed()
    }

    /// The local address that the server is reached from.
    pub(crate) fn base_addr(&self) -> SocketAddr {
        self.base_addr
    }

    /// This side's address as the server saw it.
    #[cfg(test)]
    pub(crate) fn mapped_addr(&self) -> Option<SocketAddr> {
        self.mapped_addr
    }

    /// Datagrams dropped so far, to peers and from peers.
    #[cfg(test)]
    pub(crate) fn dropped(&self) -> (u64, u64) {
        (self.drops.sent.load(Ordering::Relaxed), self.drops.received.load(Ordering::Relaxed))
    }

    /// Queues a datagram to a peer; never blocks.
    ///
    /// The first one asks for the peer's permission and is held until it is granted; the first
    /// one that is not STUN also asks for a channel. False, and counted, when the queue is full,
    /// the allocation is gone, or `data` or `peer` cannot be sent from this relayed address.
    pub(crate) fn try_send_to(&self, data: &[u8], peer: SocketAddr) -> bool {
        let fits = data.len() <= MAX_PAYLOAD && peer.is_ipv4() == self.relay_addr.is_ipv4();
        let queued = fits && self.outbound.try_send((Bytes::copy_from_slice(data), peer)).is_ok();
        if !queued {
            self.drops.sent.fetch_add(1, Ordering::Relaxed);
        }
        queued
    }

    /// Next datagram from a peer, and the peer; None when the allocation is gone. Cancel-safe.
    #[cfg(test)]
    pub(crate) async fn recv(&mut self) -> Option<(Bytes, SocketAddr)> {
        self.inbound.recv().await
    }

    /// As [`Relay::recv`], for a caller that polls.
    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Bytes, SocketAddr)>> {
        self.inbound.poll_recv(cx)
    }
}

/// The task of one allocation, from the look-up of the server to the release.
async fn run(
    server: RelayServer,
    tls: Arc<rustls::ClientConfig>,
    bind: Option<IpAddr>,
    mut ready: oneshot::Sender<Result<Relay, String>>,
) {
    let opened = tokio::select! {
        opened = open(&server, &tls, bind) => opened,
        () = ready.closed() => return,
    };
    let started = opened.and_then(|(link, local, remote)| {
        let agent = Agent::start(&server, local, remote, Instant::now())?;
        Ok((Driver { link, agent, drops: Arc::default() }, local))
    });
    let (mut driver, base_addr) = match started {
        Ok(started) => started,
        Err(text) => {
            // The caller may have given up meanwhile; then nobody wants the text.
            let _ = ready.send(Err(text));
            return;
        }
    };
    let allocated = tokio::select! {
        allocated = timeout(ALLOCATE_TIMEOUT, driver.allocate()) => allocated,
        () = ready.closed() => return driver.release().await,
    };
    let relay_addr = match allocated.unwrap_or_else(|_| Err(NO_ANSWER.to_owned())) {
        Ok(relay_addr) => relay_addr,
        Err(text) => {
            let _ = ready.send(Err(text));
            return;
        }
    };
    let (outbound, commands) = mpsc::channel(QUEUE);
    let (deliver, inbound) = mpsc::channel(QUEUE);
    let relay = Relay {
        relay_addr,
        mapped_addr: driver.agent.mapped,
        base_addr,
        outbound,
        inbound,
        drops: Arc::clone(&driver.drops),
    };
    // A caller that is gone drops the relay here, which ends `serve` at once.
    let _ = ready.send(Ok(relay));
    match driver.serve(commands, deliver).await {
        Ok(()) => driver.release().await,
        Err(text) => tracing::warn!("relay allocation lost: {text}"),
    }
}

/// Joins the protocol with its socket.
struct Driver {
    link: Link,
    agent: Agent,
    drops: Arc<Drops>,
}

impl Driver {
    /// Sends what is due, then waits for one message or timer. Cancel-safe.
    async fn step(&mut self) -> Result<(), String> {
        while let Some(message) = self.agent.poll_transmit() {
            self.link.outbox.push_back(message);
        }
        let wake = self.agent.poll_timeout(Instant::now());
        let read = std::future::poll_fn(|cx| self.link.poll_message(cx));
        let message = tokio::select! {
            message = read => Some(message?),
            () = sleep_until(wake.into()) => None,
        };
        match message {
            Some(message) => self.agent.handle_message(message, Instant::now()),
            None => self.agent.handle_timeout(Instant::now()),
        }
    }

    /// Drives the Allocate exchange to its end.
    async fn allocate(&mut self) -> Result<SocketAddr, String> {
        loop {
            if let Some(relayed) = self.agent.relayed {
                return Ok(relayed);
            }
            self.step().await?;
        }
    }

    /// Moves datagrams until the owner is gone (Ok) or the allocation is (Err).
    async fn serve(
        &mut self,
        mut commands: mpsc::Receiver<(Bytes, SocketAddr)>,
        deliver: mpsc::Sender<(Bytes, SocketAddr)>,
    ) -> Result<(), String> {
        loop {
            tokio::select! {
                stepped = self.step() => stepped?,
                command = commands.recv() => match command {
                    Some((data, peer)) if self.link.outbox.len() < BACKLOG => {
                        self.agent.send(data, peer, Instant::now());
                    }
                    Some(_) => self.agent.dropped += 1,
                    None => return Ok(()),
                },
            }
            while let Some(datagram) = self.agent.received.pop_front() {
                if deliver.try_send(datagram).is_err() {
                    self.drops.received.fetch_add(1, Ordering::Relaxed);
                }
            }
            let dropped = std::mem::take(&mut self.agent.dropped);
            self.drops.sent.fetch_add(dropped, Ordering::Relaxed);
        }
    }

    /// Gives the allocation back, also one whose Allocate is not answered yet.
    async fn release(&mut self) {
        let done = async {
            while !self.agent.release(Instant::now()) {
                if self.step().await.is_err() {
                    return;
                }
            }
            self.link.shutdown().await;
        };
        // When time is up, the server's own timer ends the allocation.
        let _ = timeout(RELEASE_TIMEOUT, done).await;
    }
}

#[cfg(test)]
mod tests;
