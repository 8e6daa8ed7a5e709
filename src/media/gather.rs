//! Local candidates: sockets on the interfaces, and how STUN servers see them.

use crate::config::GATHER_TIMEOUT;
use crate::error::{Error, Result};
use crate::media::ice::IceServer;
use crate::media::peer::LocalCandidate;
use rtc::stun::message::{
    Getter, Message, Setter, TransactionId, BINDING_REQUEST, BINDING_SUCCESS,
};
use rtc::stun::xoraddr::XorMappedAddress;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;

/// Interfaces that are used; each costs a socket and checks, and the service tries few.
const MAX_INTERFACES: usize = 4;
/// Retransmissions of a binding request (RFC 8489, 6.2.1, with a shorter start).
const FIRST_RTO: Duration = Duration::from_millis(100);

/// The sockets of one peer connection and the candidates that they have, best first.
pub(crate) struct Gathered {
    pub(crate) sockets: Vec<UdpSocket>,
    pub(crate) candidates: Vec<LocalCandidate>,
}

/// Binds a socket per address and asks the STUN servers, within [`GATHER_TIMEOUT`].
///
/// `preferred` come first, then, unless `only` these are wanted, the other usable interfaces.
pub(crate) async fn gather(
    preferred: &[IpAddr],
    only: bool,
    servers: &[IceServer],
) -> Result<Gathered> {
    let sockets = bind(preferred, only).await?;
    let mut candidates = Vec::new();
    for socket in &sockets {
        candidates.push(LocalCandidate::Host(local_address(socket)?));
    }
    let servers = stun_servers(servers).await;
    if !servers.is_empty() {
        let asked = sockets.iter().map(|socket| reflexive(socket, &servers));
        for mapped in futures_util::future::join_all(asked).await.into_iter().flatten() {
            // A mapped address that is the host's own adds nothing.
            let known = |candidate: &LocalCandidate| match candidate {
                LocalCandidate::Host(address) => address == &mapped.0,
                LocalCandidate::ServerReflexive { mapped: known, .. } => known == &mapped.0,
                LocalCandidate::Relay { .. } => false,
            };
            if !candidates.iter().any(known) {
                let (mapped, base) = mapped;
                candidates.push(LocalCandidate::ServerReflexive { mapped, base });
            }
        }
    }
    Ok(Gathered { sockets, candidates })
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

    #[tokio::test]
    async fn without_servers_only_hosts() {
        let gathered = gather(&["127.0.0.1".parse().unwrap()], false, &[]).await.unwrap();
        assert_eq!(gathered.sockets.len(), gathered.candidates.len());
        assert!(matches!(gathered.candidates[0], LocalCandidate::Host(a) if a.ip().is_loopback()));
    }

    #[tokio::test]
    async fn a_dead_server_costs_at_most_the_limit_and_keeps_the_hosts() {
        let dead = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = IceServer {
            urls: vec![format!("stun:127.0.0.1:{}", dead.local_addr().unwrap().port())],
            username: String::new(),
            credential: crate::util::redact::Secret::of(""),
        };
        let gathered = gather(&["127.0.0.1".parse().unwrap()], true, &[server]).await.unwrap();
        assert!(!gathered.candidates.is_empty());
    }
}
