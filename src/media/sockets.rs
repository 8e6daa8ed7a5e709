//! The places from which one peer connection sends: UDP sockets and TURN allocations.

mod quiet;

use self::quiet::{Moment, QuietSocket};
use crate::media::relay::Relay;
use bytes::BytesMut;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

/// Datagrams taken at once from a socket: a flood must not keep the media task.
const MAX_DRAINED: usize = 64;

/// A socket that was silent for so many drains is asked only every so often: usually one of several
/// carries the call, and each question is a system call.
const SILENT_DRAINS: u32 = 50;
const SILENT_EVERY: u32 = 5;

/// See the module's documentation. Empty until gathered.
#[derive(Default)]
pub(crate) struct Sockets {
    udp: Vec<UdpSocket>,
    relays: Vec<Relay>,
    /// Former `udp`, once media flows.
    quiet: Vec<QuietSocket>,
}

/// A datagram that came in.
pub(crate) struct Received {
    /// Where it came in: a socket's own address or a relayed one.
    pub(crate) local: SocketAddr,
    pub(crate) from: SocketAddr,
    pub(crate) bytes: BytesMut,
    /// When it came.
    pub(crate) at: Instant,
}

impl Sockets {
    pub(crate) fn new(udp: Vec<UdpSocket>, relays: Vec<Relay>) -> Self {
        Self { udp, relays, quiet: Vec::new() }
    }

    /// The next datagram of any of them that is not quiet; for ever pending without any.
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
                    return Poll::Ready(Received { local, from, bytes, at: Instant::now() });
                }
                read.clear();
            }
        }
        let mut is_gone = false;
        for relay in &mut self.relays {
            match relay.poll_recv(context) {
                Poll::Ready(Some((data, from))) => {
                    let (local, bytes) = (relay.relay_addr(), BytesMut::from(&data[..]));
                    return Poll::Ready(Received { local, from, bytes, at: Instant::now() });
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

    /// From now on the UDP sockets wake nobody and are read by [`Sockets::drain`]: media is only
    /// looked at once per tick, so a wake-up per packet would be in vain. Where the system cannot
    /// tell when a datagram came, this does nothing. Call it when setting up is done, which waits
    /// for each datagram.
    pub(crate) fn quieten(&mut self) {
        for socket in std::mem::take(&mut self.udp) {
            match QuietSocket::new(socket) {
                Ok(socket) => self.quiet.push(socket),
                Err(socket) => self.udp.push(socket),
            }
        }
    }

    /// Gives what has come to the quiet sockets to `take`, with the times at which it came.
    pub(crate) fn drain(
        &mut self,
        buffer: &mut [u8],
        now: Instant,
        mut take: impl FnMut(Received),
    ) {
        if self.quiet.is_empty() {
            return;
        }
        let moment = Moment::new(now);
        for socket in &mut self.quiet {
            socket.silent_drains = socket.silent_drains.wrapping_add(1);
            let is_silent = socket.silent_drains > SILENT_DRAINS;
            if is_silent && !socket.silent_drains.is_multiple_of(SILENT_EVERY) {
                continue;
            }
            for _ in 0..MAX_DRAINED {
                match socket.receive(buffer, moment) {
                    Ok((length, from, at)) => {
                        socket.silent_drains = 0;
                        let bytes = BytesMut::from(&buffer[..length]);
                        take(Received { local: socket.local, from, bytes, at });
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // An ICMP message about an earlier datagram.
                    Err(_) => {}
                }
            }
        }
    }

    /// Sends without waiting: media that does not fit a buffer is late anyway.
    pub(crate) fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if let Some(relay) = self.relays.iter().find(|relay| relay.relay_addr() == from) {
            relay.try_send_to(bytes, to);
            return;
        }
        let sent = if let Some(quiet) = self.quiet.iter().find(|socket| socket.local == from) {
            quiet.send(to, bytes)
        } else {
            let own =
                |socket: &&UdpSocket| socket.local_addr().is_ok_and(|address| address == from);
            match (self.udp.iter().find(own).or(self.udp.first()), self.quiet.first()) {
                (Some(socket), _) => socket.try_send_to(bytes, to),
                (None, Some(quiet)) => quiet.send(to, bytes),
                (None, None) => return,
            }
        };
        if let Err(error) = sent {
            tracing::trace!(%error, "a datagram was not sent");
        }
    }
}

#[cfg(test)]
mod tests;
