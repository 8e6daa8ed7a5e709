//! The device's own addresses, and when they change.

use std::net::IpAddr;

/// Every address of every interface, loopback included.
pub(crate) fn addresses() -> Vec<IpAddr> {
    let interfaces = rtc::shared::ifaces::ifaces().unwrap_or_default();
    interfaces.iter().filter_map(|interface| interface.addr).map(|address| address.ip()).collect()
}

/// Calls `changed` once after each change of addresses or routes, when it has become quiet, until
/// it returns `false`. Returns at once where the platform does not tell.
pub(crate) async fn watch(changed: impl FnMut() -> bool + Send) {
    platform::watch(changed).await;
}

#[cfg(target_os = "linux")]
mod platform {
    use crate::config::NETWORK_QUIET;
    use netlink_sys::protocols::NETLINK_ROUTE;
    use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};
    use std::io;
    use std::time::Duration;
    use tokio::time::{timeout, Instant};

    /// Multicast groups of rtnetlink(7): links, and the addresses and routes of IPv4 and IPv6.
    const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

    pub(super) async fn watch(mut changed: impl FnMut() -> bool + Send) {
        let socket = open();
        let mut socket = match socket {
            Ok(socket) => socket,
            Err(error) => {
                tracing::info!(%error, "changes of the network are not noticed by themselves");
                return;
            }
        };
        loop {
            if let Err(error) = next(&mut socket).await {
                tracing::info!(%error, "changes of the network are not noticed any more");
                return;
            }
            quiet(&mut socket).await;
            if !changed() {
                return;
            }
        }
    }

    fn open() -> io::Result<TokioSocket> {
        let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
        socket.socket_mut().bind(&SocketAddr::new(0, GROUPS))?;
        Ok(socket)
    }

    /// Waits for a message; what it says is read from the interfaces themselves.
    async fn next(socket: &mut TokioSocket) -> io::Result<()> {
        match socket.recv_from_full().await {
            Ok(_) => Ok(()),
            // Messages were lost: all the more something changed.
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A change of the network comes as a burst of messages.
    async fn quiet(socket: &mut TokioSocket) {
        let (pause, longest) = NETWORK_QUIET;
        let end = Instant::now() + longest;
        loop {
            let left = end.saturating_duration_since(Instant::now()).min(pause);
            if left == Duration::ZERO || !matches!(timeout(left, next(socket)).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    pub(super) async fn watch(changed: impl FnMut() -> bool + Send) {
        drop(changed);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_loopback_address_is_among_them() {
        assert!(super::addresses().iter().any(std::net::IpAddr::is_loopback));
    }
}
