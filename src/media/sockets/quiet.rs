//! A UDP socket that wakes nobody: datagrams wait in the kernel until they are asked for, and the
//! kernel notes when each one came.
//!
//! Linux and Android only, whose `SO_TIMESTAMPNS` tells the times: without them the wait would look
//! like jitter of the network.
#![cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, reason = "no socket is quiet there")
)]

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};
use tokio::net::UdpSocket;

/// The longest wait that is counted: a tick, and what it may be late. More is a step of the system's
/// clock, or this process did not get to run, which is no delay of the network: counting it would
/// make the jitter buffer throw away what waited.
const MAX_WAIT: Duration = Duration::from_millis(25);

/// The moment at which sockets are asked, on both clocks.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    now: Instant,
    system: SystemTime,
}

impl Moment {
    pub(super) fn new(now: Instant) -> Self {
        Self { now, system: SystemTime::now() }
    }

    /// When something came that the kernel noted at `noted`.
    fn instant_of(self, noted: SystemTime) -> Instant {
        let waited = self.system.duration_since(noted).unwrap_or_default().min(MAX_WAIT);
        self.now.checked_sub(waited).unwrap_or(self.now)
    }
}

/// See the module's documentation.
pub(super) struct QuietSocket {
    socket: std::net::UdpSocket,
    pub(super) local: SocketAddr,
    /// Drains since the last datagram.
    pub(super) silent_drains: u32,
    /// For what the kernel notes.
    notes: Vec<u8>,
}

impl QuietSocket {
    pub(super) fn send(&self, to: SocketAddr, bytes: &[u8]) -> io::Result<usize> {
        self.socket.send_to(bytes, to)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use super::*;
    use nix::sys::socket::sockopt::ReceiveTimestampns;
    use nix::sys::socket::{recvmsg, setsockopt, ControlMessageOwned, MsgFlags, SockaddrStorage};
    use nix::sys::time::TimeSpec;
    use std::io::IoSliceMut;
    use std::os::fd::{AsFd, AsRawFd};

    impl QuietSocket {
        /// Gives the socket back if the kernel notes no times for it.
        pub(in super::super) fn new(socket: UdpSocket) -> Result<Self, UdpSocket> {
            let Ok(local) = socket.local_addr() else { return Err(socket) };
            if setsockopt(&socket, ReceiveTimestampns, &true).is_err() {
                return Err(socket);
            }
            // Another name for the same socket: tokio takes only its own out of its selector.
            let Ok(same) = socket.as_fd().try_clone_to_owned() else { return Err(socket) };
            Ok(Self {
                socket: same.into(),
                local,
                silent_drains: 0,
                notes: nix::cmsg_space!(TimeSpec),
            })
        }

        /// The next datagram that is there: its length, sender and time. Error `WouldBlock`: none.
        pub(in super::super) fn receive(
            &mut self,
            buffer: &mut [u8],
            moment: Moment,
        ) -> io::Result<(usize, SocketAddr, Instant)> {
            let mut parts = [IoSliceMut::new(buffer)];
            let message = recvmsg::<SockaddrStorage>(
                self.socket.as_raw_fd(),
                &mut parts,
                Some(&mut self.notes),
                MsgFlags::MSG_DONTWAIT,
            )?;
            let from =
                message.address.as_ref().and_then(to_std).ok_or(io::ErrorKind::InvalidData)?;
            let noted = message.cmsgs().ok().and_then(|mut notes| {
                notes.find_map(|note| match note {
                    ControlMessageOwned::ScmTimestampns(time) => Some(time),
                    _ => None,
                })
            });
            let at = noted.map_or(moment.now, |time| {
                moment.instant_of(SystemTime::UNIX_EPOCH + Duration::from(time))
            });
            Ok((message.bytes, from, at))
        }
    }

    fn to_std(address: &SockaddrStorage) -> Option<SocketAddr> {
        if let Some(v4) = address.as_sockaddr_in() {
            return Some(SocketAddr::V4((*v4).into()));
        }
        address.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into()))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::*;

    impl QuietSocket {
        /// There are no quiet sockets on this system.
        pub(in super::super) fn new(socket: UdpSocket) -> Result<Self, UdpSocket> {
            Err(socket)
        }

        pub(in super::super) fn receive(
            &mut self,
            _buffer: &mut [u8],
            _moment: Moment,
        ) -> io::Result<(usize, SocketAddr, Instant)> {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_time_becomes_ours_but_a_stall_or_a_set_clock_counts_little() {
        let now = Instant::now() + Duration::from_secs(3600);
        let moment = Moment { now, system: SystemTime::UNIX_EPOCH + Duration::from_secs(1000) };
        let noted = |ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
        for (noted_ms, waited_ms) in [(999_985, 15), (1_000_000, 0), (1_000_700, 0), (900_000, 25)]
        {
            let waited = now.saturating_duration_since(moment.instant_of(noted(noted_ms)));
            assert_eq!(waited, Duration::from_millis(waited_ms), "{noted_ms}");
        }
    }
}
