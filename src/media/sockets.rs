//! The places from which one peer connection sends: UDP sockets and TURN allocations.

use crate::media::relay::Relay;
use bytes::BytesMut;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

/// See the module's documentation. Empty until gathered.
#[derive(Default)]
pub(crate) struct Sockets {
    pub(crate) udp: Vec<UdpSocket>,
    pub(crate) relays: Vec<Relay>,
}

/// A datagram that came in.
pub(crate) struct Received {
    /// Where it came in: a socket's own address or a relayed one.
    pub(crate) local: SocketAddr,
    pub(crate) from: SocketAddr,
    pub(crate) bytes: BytesMut,
}

impl Sockets {
    /// The next datagram of any of them; for ever pending without any.
    pub(crate) fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Received> {
        for socket in &self.udp {
            let mut read = ReadBuf::new(buffer);
            // An error is an ICMP message about an earlier datagram: read on.
            while let Poll::Ready(result) = socket.poll_recv_from(context, &mut read) {
                if let (Ok(from), Ok(local)) = (result, socket.local_addr()) {
                    let bytes = BytesMut::from(read.filled());
                    return Poll::Ready(Received { local, from, bytes });
                }
                read.clear();
            }
        }
        let mut is_gone = false;
        for relay in &mut self.relays {
            match relay.poll_recv(context) {
                Poll::Ready(Some((data, from))) => {
                    let local = relay.relay_addr();
                    return Poll::Ready(Received { local, from, bytes: BytesMut::from(&data[..]) });
                }
                Poll::Ready(None) => is_gone = true,
                Poll::Pending => {}
            }
        }
        if is_gone {
            tracing::debug!("a TURN allocation ended");
            self.relays.retain(Relay::is_alive);
        }
        Poll::Pending
    }

    /// Sends without waiting: media that does not fit a buffer is late anyway.
    pub(crate) fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if let Some(relay) = self.relays.iter().find(|relay| relay.relay_addr() == from) {
            relay.try_send_to(bytes, to);
            return;
        }
        let own = |socket: &&UdpSocket| socket.local_addr().is_ok_and(|address| address == from);
        let Some(socket) = self.udp.iter().find(own).or(self.udp.first()) else { return };
        if let Err(error) = socket.try_send_to(bytes, to) {
            tracing::trace!(%error, "a datagram was not sent");
        }
    }
}
