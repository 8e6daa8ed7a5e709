//! One transport of a leg: its connection, its sockets, and what was agreed on for its m-section, or
//! for its two where the far side bundled them.

use crate::config::MediaDirection;
use crate::media::gather::Gathered;
use crate::media::peer::{LocalCandidate, Peer};
use crate::media::sockets::{Received, Sockets};
use crate::proto::sdp::{Description, Kind, Part};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;

/// A connection and what both sides said about it.
pub(super) struct Transport {
    pub(super) peer: Peer,
    pub(super) candidates: Vec<LocalCandidate>,
    /// This side's description of it, which every further one repeats.
    pub(super) local: Description,
    pub(super) remote_candidates: Vec<(String, SocketAddr)>,
    pub(super) remote_credentials: Option<(String, String)>,
    pub(super) remote_fingerprints: Vec<String>,
    /// Whether an offer to restart ICE waits for its answer.
    pub(super) is_restarting: bool,
    /// Whether DTLS is to be done on the present path: then it proves that the path works.
    pub(super) has_own_dtls: bool,
    /// Whether both sides described it.
    pub(super) is_settled: bool,
}

impl Transport {
    pub(super) fn new(peer: Peer, candidates: Vec<LocalCandidate>, local: Description) -> Self {
        Self {
            peer,
            candidates,
            local,
            remote_candidates: Vec::new(),
            remote_credentials: None,
            remote_fingerprints: Vec::new(),
            is_restarting: false,
            has_own_dtls: true,
            is_settled: false,
        }
    }

    /// Notes what the far side said.
    pub(super) fn settle(&mut self, kind: Kind, remote: &Description) {
        self.remote_candidates =
            remote.section(kind).map(|section| section.candidates()).unwrap_or_default();
        self.remote_credentials = remote.ice_credentials(kind);
        self.remote_fingerprints = remote.fingerprints(kind);
        self.is_settled = true;
    }

    /// The local candidate that sends from this address.
    pub(super) fn candidate_at(&self, from: SocketAddr) -> Option<&LocalCandidate> {
        self.candidates.iter().find(|candidate| match candidate {
            LocalCandidate::Host(address) => *address == from,
            LocalCandidate::ServerReflexive { base, .. } => *base == from,
            LocalCandidate::Relay { relayed, .. } => *relayed == from,
        })
    }
}

/// One m-section.
#[derive(Clone, Copy)]
pub(super) struct Media {
    pub(super) kind: Kind,
    /// What this side wants.
    pub(super) wish: MediaDirection,
    /// What both sides agreed on.
    pub(super) direction: MediaDirection,
}

impl Media {
    /// A section that is not agreed on yet.
    pub(super) fn wanted(kind: Kind, wish: MediaDirection) -> Self {
        Self { kind, wish, direction: MediaDirection::Inactive }
    }
}

/// See the module's documentation.
pub(super) struct Line {
    /// The section that has the transport, and behind it one that shares it.
    media: Vec<Media>,
    pub(super) transport: Transport,
    /// Beside the peer connection, because reading from them is shared with waiting.
    pub(super) sockets: Sockets,
    /// A connection that takes over when its offer is answered.
    pub(super) successor: Option<(Transport, Sockets)>,
    /// Whether the path is up, or was.
    pub(super) is_connected: bool,
}

impl Line {
    /// A line of these sections; there is at least one.
    pub(super) fn new(media: Vec<Media>, transport: Transport, sockets: Sockets) -> Self {
        Self { media, transport, sockets, successor: None, is_connected: false }
    }

    /// The kind of the section that has the transport.
    pub(super) fn kind(&self) -> Kind {
        self.media[0].kind
    }

    /// The sections.
    pub(super) fn media(&self) -> &[Media] {
        &self.media
    }

    pub(super) fn media_mut(&mut self) -> &mut [Media] {
        &mut self.media
    }

    /// The section of this kind.
    pub(super) fn of(&self, kind: Kind) -> Option<&Media> {
        self.media.iter().find(|media| media.kind == kind)
    }

    /// Whether there is a section of this kind.
    pub(super) fn carries(&self, kind: Kind) -> bool {
        self.of(kind).is_some()
    }

    /// What this line contributes to an offer.
    pub(super) fn offered(&self) -> impl Iterator<Item = Part<'_>> {
        let transport = self.successor.as_ref().map_or(&self.transport, |(next, _)| next);
        self.parts(&transport.local, true)
    }

    /// What this line contributes to an answer.
    pub(super) fn answered(&self) -> impl Iterator<Item = Part<'_>> {
        self.parts(&self.transport.local, false)
    }

    fn parts<'a>(
        &'a self,
        description: &'a Description,
        is_offer: bool,
    ) -> impl Iterator<Item = Part<'a>> {
        self.media.iter().enumerate().map(move |(at, media)| Part {
            kind: media.kind,
            description,
            direction: if is_offer { media.wish } else { media.direction },
            is_offer,
            is_bundled: at > 0,
        })
    }

    /// Another connection over these candidates, once it is answered.
    pub(super) fn succeed(&mut self, peer: Peer, gathered: Gathered, local: Description) {
        let Gathered { sockets, candidates } = gathered;
        self.successor = Some((Transport::new(peer, candidates, local), sockets));
    }
}

/// The next datagram of any line, with the line's place; for ever pending without any. Cancel-safe.
pub(super) async fn receive(lines: &mut [Line], buffer: &mut [u8]) -> (usize, Received) {
    poll_fn(|context| {
        for (at, line) in lines.iter_mut().enumerate() {
            if let Poll::Ready(received) = line.sockets.poll_receive(context, buffer) {
                return Poll::Ready((at, received));
            }
        }
        Poll::Pending
    })
    .await
}
