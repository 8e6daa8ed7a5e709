//! Whether the STUN and TURN servers can be reached from here, each for itself.

use super::{reflexive, stun_host};
use crate::media::relay::{Relay, RelayServer, RelayTransport};
use crate::proto::ice::IceServer;
use futures_util::future::join_all;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;

/// How long one server may take: a call would not wait as long.
const LIMIT: Duration = Duration::from_secs(4);
/// URLs that are tried; the service names two or three.
const MAX_URLS: usize = 16;

/// What asking the server of one URL came to.
#[derive(Debug)]
pub(crate) struct ServerProbe {
    /// As the service gave it; credentials are not part of it.
    pub(crate) url: String,
    /// Whether it gives relays (TURN) or addresses only (STUN).
    pub(crate) is_relay: bool,
    /// None for a URL that this client cannot use.
    pub(crate) transport: Option<RelayTransport>,
    pub(crate) took: Duration,
    /// The reflexive or relayed address, or why there is none.
    pub(crate) outcome: Result<SocketAddr, String>,
}

/// Asks all servers at once, at most [`LIMIT`] long. Must run inside the runtime.
pub(crate) async fn probe(
    servers: &[IceServer],
    tls: &Arc<rustls::ClientConfig>,
) -> Vec<ServerProbe> {
    let urls = servers.iter().flat_map(|server| server.urls.iter().map(move |url| (url, server)));
    join_all(urls.take(MAX_URLS).map(|(url, server)| probe_one(url, server, tls))).await
}

async fn probe_one(url: &str, server: &IceServer, tls: &Arc<rustls::ClientConfig>) -> ServerProbe {
    let relay = RelayServer::parse(url, &server.username, server.credential.expose());
    let transport = match &relay {
        Some(relay) => Some(relay.transport),
        None => stun_host(url).map(|_| RelayTransport::Udp),
    };
    let started = Instant::now();
    let asked = tokio::time::timeout(LIMIT, async {
        match &relay {
            Some(relay) => Relay::allocate(relay, tls, None).await.map(|relay| relay.relay_addr()),
            None => ask_stun(url).await,
        }
    });
    let outcome = asked.await.unwrap_or_else(|_| {
        Err(format!("no answer within {LIMIT:?}; a firewall may block the way to it"))
    });
    let is_relay = url.starts_with("turn:") || url.starts_with("turns:");
    ServerProbe { url: url.to_owned(), is_relay, transport, took: started.elapsed(), outcome }
}

async fn ask_stun(url: &str) -> Result<SocketAddr, String> {
    let (host, port) =
        stun_host(url).ok_or_else(|| "this kind of URL cannot be used here".to_owned())?;
    let address = tokio::net::lookup_host((host.as_str(), port))
        .await
        .ok()
        .and_then(|mut found| found.next())
        .ok_or_else(|| format!("the host name {host} cannot be resolved"))?;
    let any: IpAddr = match address {
        SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await.map_err(|error| error.to_string())?;
    match reflexive(&socket, &[address]).await {
        Some((mapped, _)) => Ok(mapped),
        None => Err("no answer; a firewall may block UDP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::redact::Secret;

    #[test]
    fn urls_that_cannot_be_used_are_said_to_be_so() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tls = crate::net::tls::client_config(None).unwrap();
        let server = IceServer {
            urls: vec!["stuns:x.example".into(), "nonsense".into()],
            username: "user".into(),
            credential: Secret::of("s3cret"),
        };
        let probes = runtime.block_on(probe(&[server], &tls));
        assert_eq!(probes.len(), 2);
        for probe in probes {
            assert_eq!(probe.transport, None);
            let why = probe.outcome.unwrap_err();
            assert!(why.contains("cannot be used"), "{why}");
        }
    }
}
