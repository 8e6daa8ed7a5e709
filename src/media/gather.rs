//! Local candidates: sockets on the interfaces, how STUN servers see them, TURN relays.

pub(crate) mod probe;

use crate::config::{GATHER_GRACE, GATHER_TIMEOUT};
use crate::error::{Error, Result};
use crate::media::peer::LocalCandidate;
use crate::media::relay::{Relay, RelayServer};
use crate::media::sockets::Sockets;
use crate::proto::ice::IceServer;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rtc::stun::message::{
    Getter, Message, Setter, TransactionId, BINDING_REQUEST, BINDING_SUCCESS,
};
use rtc::stun::xoraddr::XorMappedAddress;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::Instant;

/// Interfaces that are used; each costs a socket and checks, and the service tries few.
const MAX_INTERFACES: usize = 4;
/// TURN servers that are asked; the service names one or two.
const MAX_RELAYS: usize = 3;
/// Retransmissions of a binding request (RFC 8489, 6.2.1, with a shorter start).
const FIRST_RTO: Duration = Duration::from_millis(100);

/// The sockets of one peer connection and the candidates that they have, best first.
pub(crate) struct Gathered {
    pub(crate) sockets: Sockets,
    pub(crate) candidates: Vec<LocalCandidate>,
}

/// Where to gather.
pub(crate) struct GatherConfig<'a> {
    /// These addresses come first.
    pub(crate) preferred: &'a [IpAddr],
    /// Whether no other interface is used.
    pub(crate) only_preferred: bool,
    /// Whether only TURN relays become candidates.
    pub(crate) relay_only: bool,
    pub(crate) servers: &'a [IceServer],
    pub(crate) tls: &'a Arc<rustls::ClientConfig>,
}

/// What asking one server came to.
enum Found {
    Reflexive { mapped: SocketAddr, base: SocketAddr },
    Relay(Relay),
    Nothing,
}

/// Binds a socket per address and asks the STUN and TURN servers, all at once.
///
/// It is over when every server answered; a server that stays silent costs [`GATHER_GRACE`] when
/// another one answered, [`GATHER_TIMEOUT`] when none did.
pub(crate) async fn gather(config: &GatherConfig<'_>) -> Result<Gathered> {
    let udp = match config.relay_only {
        true => Vec::new(),
        false => bind(config.preferred, config.only_preferred).await?,
    };
    let mut candidates = Vec::new();
    for socket in &udp {
        candidates.push(LocalCandidate::Host(local_address(socket)?));
    }
    let mut relays = Vec::new();
    {
        let mut asked = ask(&udp, config);
        let limit = tokio::time::sleep(GATHER_TIMEOUT);
        tokio::pin!(limit);
        let mut is_short = false;
        loop {
            let found = tokio::select! {
                found = asked.next() => found,
                () = limit.as_mut() => None,
            };
            match found {
                Some(Found::Reflexive { mapped, base }) => reflect(&mut candidates, mapped, base),
                Some(Found::Relay(relay)) => relays.push(relay),
                Some(Found::Nothing) => continue,
                None => break,
            }
            if !std::mem::replace(&mut is_short, true) {
                let grace = (Instant::now() + GATHER_GRACE).min(limit.deadline());
                limit.as_mut().reset(grace);
            }
        }
    }
    candidates.extend(relays.iter().map(|relay| LocalCandidate::Relay {
        relayed: relay.relay_addr(),
        base: relay.base_addr(),
    }));
    if candidates.is_empty() {
        return Err(Error::media(
            "relay_only is set, but no TURN server of the service gave a relay",
        ));
    }
    Ok(Gathered { sockets: Sockets::new(udp, relays), candidates })
}

type Asked<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = Found> + Send + 'a>>>;

fn ask<'a>(sockets: &'a [UdpSocket], config: &'a GatherConfig<'_>) -> Asked<'a> {
    let asked: Asked<'a> = FuturesUnordered::new();
    if config.servers.is_empty() {
        return asked;
    }
    for socket in sockets {
        asked.push(Box::pin(async move {
            match reflexive(socket, &stun_servers(config.servers).await).await {
                Some((mapped, base)) => Found::Reflexive { mapped, base },
                None => Found::Nothing,
            }
        }));
    }
    for server in turn_servers(config.servers) {
        asked.push(Box::pin(async move {
            match Relay::allocate(&server, config.tls, None).await {
                Ok(relay) => Found::Relay(relay),
                Err(error) => {
                    tracing::info!(%error, "a TURN server gave no relay");
                    Found::Nothing
                }
            }
        }));
    }
    asked
}

/// A mapped address that is the host's own adds nothing.
fn reflect(candidates: &mut Vec<LocalCandidate>, mapped: SocketAddr, base: SocketAddr) {
    let is_known = candidates.iter().any(|candidate| match candidate {
        LocalCandidate::Host(address) => *address == mapped,
        LocalCandidate::ServerReflexive { mapped: known, .. } => *known == mapped,
        LocalCandidate::Relay { .. } => false,
    });
    if !is_known {
        candidates.push(LocalCandidate::ServerReflexive { mapped, base });
    }
}

fn turn_servers(servers: &[IceServer]) -> Vec<RelayServer> {
    servers
        .iter()
        .flat_map(|server| server.urls.iter().map(move |url| (url, server)))
        .filter_map(|(url, server)| {
            RelayServer::parse(url, &server.username, server.credential.expose())
        })
        .take(MAX_RELAYS)
        .collect()
}

async fn bind(preferred: &[IpAddr], only: bool) -> Result<Vec<UdpSocket>> {
    let mut sockets = Vec::new();
    let mut last_error = None;
    for ip in addresses(preferred, only) {
        match UdpSocket::bind((ip, 0)).await {
            Ok(socket) => sockets.push(socket),
            Err(error) => last_error = Some(format!("{ip}: {error}")),
        }
    }
    if sockets.is_empty() {
        let why = last_error.unwrap_or_else(|| "none found".into());
        return Err(Error::media(format!(
            "no network interface can be used for media ({why}); check the network or \
             media_addresses"
        )));
    }
    Ok(sockets)
}

/// The preferred addresses, then the interfaces' own, without repetition.
fn addresses(preferred: &[IpAddr], only: bool) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    let mut add = |ip: IpAddr| {
        if !found.contains(&ip) && found.len() < MAX_INTERFACES {
            found.push(ip);
        }
    };
    preferred.iter().copied().for_each(&mut add);
    if only {
        return found;
    }
    let interfaces = rtc::shared::ifaces::ifaces().unwrap_or_default();
    for address in interfaces.iter().filter_map(|interface| interface.addr) {
        if is_usable(&address.ip()) {
            add(address.ip());
        }
    }
    found
}

/// Not loopback (nobody else can reach it; the preferred list may still name it) and not
/// link-local (meaningless without its scope).
fn is_usable(ip: &IpAddr) -> bool {
    if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() {
        return false;
    }
    match ip {
        IpAddr::V4(ip) => !ip.is_link_local(),
        IpAddr::V6(ip) => (ip.segments()[0] & 0xffc0) != 0xfe80,
    }
}

fn local_address(socket: &UdpSocket) -> Result<SocketAddr> {
    socket.local_addr().map_err(|error| Error::media(format!("a media socket failed: {error}")))
}

/// Addresses of the servers that answer binding requests over UDP: `stun:` and `turn:` ones.
async fn stun_servers(servers: &[IceServer]) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for url in servers.iter().flat_map(|server| &server.urls) {
        let Some((host, port)) = stun_host(url) else { continue };
        let resolved = tokio::time::timeout(
            GATHER_TIMEOUT / 2,
            tokio::net::lookup_host((host.as_str(), port)),
        )
        .await;
        match resolved {
            Ok(Ok(addresses)) => found.extend(addresses.take(2)),
            _ => tracing::debug!("a STUN server's name cannot be resolved, left out"),
        }
    }
    found.dedup();
    found
}

/// Host and port of a STUN or TURN URL that is reached over UDP (RFC 7064, RFC 7065).
fn stun_host(url: &str) -> Option<(String, u16)> {
    let rest = url.strip_prefix("stun:").or_else(|| url.strip_prefix("turn:"))?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    if query.contains("transport=tcp") {
        return None;
    }
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, port.parse().ok()?),
        _ => (place, 3478),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// Asks the servers in parallel from one socket; the first answer counts.
async fn reflexive(socket: &UdpSocket, servers: &[SocketAddr]) -> Option<(SocketAddr, SocketAddr)> {
    let base = socket.local_addr().ok()?;
    let servers: Vec<SocketAddr> =
        servers.iter().copied().filter(|server| server.is_ipv4() == base.is_ipv4()).collect();
    if servers.is_empty() {
        return None;
    }
    let request = binding_request()?;
    let asking = async {
        let mut rto = FIRST_RTO;
        loop {
            for server in &servers {
                let _ = socket.send_to(&request.raw, server).await;
            }
            if let Ok(mapped) = tokio::time::timeout(rto, answer(socket, &request)).await {
                return mapped;
            }
            rto *= 2;
        }
    };
    let mapped = tokio::time::timeout(GATHER_TIMEOUT, asking).await.ok()?;
    Some((mapped, base))
}

fn binding_request() -> Option<Message> {
    let mut request = Message::new();
    request
        .build(&[Box::new(TransactionId::new()) as Box<dyn Setter>, Box::new(BINDING_REQUEST)])
        .ok()?;
    Some(request)
}

/// The mapped address of the answer to `request`; everything else is ignored.
async fn answer(socket: &UdpSocket, request: &Message) -> SocketAddr {
    let mut buffer = [0u8; 1500];
    loop {
        let Ok((length, _)) = socket.recv_from(&mut buffer).await else {
            // An ICMP error of one of the servers; the others may still answer.
            tokio::task::yield_now().await;
            continue;
        };
        let mut response = Message::new();
        if response.unmarshal_binary(&buffer[..length]).is_err()
            || response.transaction_id != request.transaction_id
            || response.typ != BINDING_SUCCESS
        {
            continue;
        }
        let mut mapped = XorMappedAddress::default();
        if mapped.get_from(&response).is_ok() {
            return (mapped.ip, mapped.port).into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stun_urls() {
        for (url, expected) in [
            ("stun:s.example", Some(("s.example", 3478))),
            ("stun:s.example:19302", Some(("s.example", 19302))),
            ("turn:t.example:443?transport=udp", Some(("t.example", 443))),
            ("turn:t.example:443?transport=tcp", None),
            ("turns:t.example:443", None),
            ("stun:[2001:db8::1]:3478", Some(("2001:db8::1", 3478))),
            ("http://x", None),
            ("stun:", None),
            ("stun:x:notaport", None),
        ] {
            let expected = expected.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(stun_host(url), expected, "{url}");
        }
    }

    #[test]
    fn preferred_addresses_come_first_and_once() {
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let found = addresses(&[loopback, loopback], false);
        assert_eq!(found[0], loopback);
        assert_eq!(found.iter().filter(|ip| **ip == loopback).count(), 1);
        assert!(found.len() <= MAX_INTERFACES);
    }

    fn tls() -> Arc<rustls::ClientConfig> {
        crate::net::tls::client_config(None).expect("TLS")
    }

    async fn gather_on_loopback(servers: &[IceServer]) -> Gathered {
        let config = GatherConfig {
            preferred: &["127.0.0.1".parse().expect("an address")],
            only_preferred: true,
            relay_only: false,
            servers,
            tls: &tls(),
        };
        gather(&config).await.expect("gathers")
    }

    #[tokio::test]
    async fn without_servers_only_hosts() {
        let gathered = gather_on_loopback(&[]).await;
        assert_eq!(gathered.candidates.len(), 1);
        assert!(matches!(gathered.candidates[0], LocalCandidate::Host(a) if a.ip().is_loopback()));
    }

    #[tokio::test]
    async fn dead_servers_cost_at_most_the_limit_and_keep_the_hosts() {
        let dead = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let port = dead.local_addr().expect("its address").port();
        let server = IceServer {
            urls: vec![format!("stun:127.0.0.1:{port}"), format!("turn:127.0.0.1:{port}")],
            username: "u".to_owned(),
            credential: crate::util::redact::Secret::of("c"),
        };
        let started = Instant::now();
        let gathered = gather_on_loopback(&[server]).await;
        assert_eq!(gathered.candidates.len(), 1);
        assert!(started.elapsed() < GATHER_TIMEOUT * 2);
    }
}
