//! Making a leg's path anew, and noticing that it has to be.
//!
//! Either ICE is restarted in place, so that DTLS and SRTP go on over another path; or a fresh peer
//! connection with its own certificate takes over once the far side answered it. The audio of the
//! leg, and with it the application's side, stays in both cases.

use super::describe::Gathering;
use super::line::Media;
use super::{LegEvent, Task};
use crate::config::{MediaDirection, MediaDirections};
use crate::error::{Error, Result};
use crate::media::gather::Gathered;
use crate::media::peer::{Identity, LocalCandidate, Peer};
use crate::proto::ice::IceServer;
use crate::proto::sdp::{Description, Kind};
use std::net::IpAddr;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// So long after the last packet the far side is still heard.
const HEARD: Duration = Duration::from_secs(1);
/// A stream that stopped no longer before the loss was noticed than this is expected back.
const FLOWED: Duration = Duration::from_secs(8);

/// How a path is to be made anew.
pub(crate) struct Restart {
    /// Whether only TURN relays are offered.
    pub(crate) relay_only: bool,
    /// A new peer connection instead of an ICE restart. The path of before stays until the answer.
    pub(crate) is_fresh: bool,
    /// The service's servers, as it named them last.
    pub(crate) ice_servers: Vec<IceServer>,
    /// The local address that reaches the service now.
    pub(crate) local_address: Option<IpAddr>,
}

/// What candidates are gathered for, in a call that has media.
pub(super) enum Purpose {
    /// All paths are made anew, in place or by fresh connections.
    Restart { is_fresh: bool },
    /// One more section.
    Add(Kind, MediaDirection),
}

/// An offer whose candidates are being gathered.
pub(super) struct Pending {
    pub(super) purpose: Purpose,
    pub(super) gathering: Gathering,
    pub(super) reply: oneshot::Sender<Result<String>>,
}

/// A path that is gone, or was given up.
pub(super) struct Loss {
    /// When the far side was heard last.
    since: Instant,
    /// Whether packets came until then: only they tell that the new path works.
    expects_packets: bool,
}

/// The candidates that are gathered for, when they are there; for ever pending without any.
pub(super) async fn gathered(pending: &mut Option<Pending>) -> Result<Vec<Gathered>> {
    match pending {
        Some(pending) => pending.gathering.as_mut().await,
        None => std::future::pending().await,
    }
}

impl Task {
    /// Starts to gather; the offer follows. What was still gathering is replaced.
    pub(super) fn restart(&mut self, restart: Restart, reply: oneshot::Sender<Result<String>>) {
        self.withdraw();
        if !self.lines.iter().any(|line| line.transport.is_settled) {
            let error = Error::media("there is no media yet that could be restarted");
            let _ = reply.send(Err(error));
            return;
        }
        let config = &mut self.config;
        config.ice_servers = restart.ice_servers;
        if !config.only_these_addresses {
            config.local_addresses = restart.local_address.into_iter().collect();
        }
        let gathering = config.gathering(self.lines.len(), restart.relay_only);
        self.lines.iter_mut().for_each(|line| line.successor = None);
        let purpose = Purpose::Restart { is_fresh: restart.is_fresh };
        self.pending = Some(Pending { purpose, gathering, reply });
    }

    /// The candidates are there: the offer can be made.
    pub(super) fn candidates_ready(&mut self, gathered: Result<Vec<Gathered>>) {
        let Some(Pending { purpose, reply, .. }) = self.pending.take() else { return };
        let offer = gathered.and_then(|gathered| {
            match purpose {
                Purpose::Restart { is_fresh: true } => self.prepare_successors(gathered)?,
                Purpose::Restart { is_fresh: false } => self.restart_in_place(gathered)?,
                Purpose::Add(kind, wish) => {
                    for gathered in gathered {
                        let line = self.open_line(Media::wanted(kind, wish), gathered)?;
                        self.lines.push(line);
                    }
                }
            }
            self.compose_offer()
        });
        if offer.is_err() {
            self.withdraw();
        }
        let _ = reply.send(offer);
    }

    fn restart_in_place(&mut self, gathered: Vec<Gathered>) -> Result<()> {
        let now = Instant::now();
        self.give_up_path(now);
        for (line, Gathered { sockets, candidates }) in self.lines.iter_mut().zip(gathered) {
            let transport = &mut line.transport;
            let local = transport.peer.restart(&candidates, now)?;
            transport.local = self.config.described(local);
            transport.candidates = candidates;
            transport.is_restarting = true;
            transport.has_own_dtls = false;
            line.sockets = sockets;
        }
        Ok(())
    }

    fn prepare_successors(&mut self, gathered: Vec<Gathered>) -> Result<()> {
        let now = Instant::now();
        for (line, gathered) in self.lines.iter_mut().zip(gathered) {
            let identity = Identity::new(Some(line.transport.peer.stream()))?;
            let mut peer =
                Peer::with_identity(identity, &self.config.all_offered(line.media()), now)?;
            let local = self.config.described(peer.offer(&gathered.candidates, now)?);
            line.succeed(peer, gathered, local);
        }
        Ok(())
    }

    /// Before an answer is applied: which peer connection is it for? False if for none, because the
    /// path stays as it is.
    pub(super) fn take_over(&mut self, kind: Kind, answer: &Description) -> Result<bool> {
        let now = Instant::now();
        let is_call = self.lines.first().is_some_and(|line| line.kind() == kind);
        if is_call && self.lines[0].successor.is_some() {
            self.give_up_path(now);
        }
        let Some(line) = self.lines.iter_mut().find(|line| line.kind() == kind) else {
            return Ok(false);
        };
        if let Some((mut transport, sockets)) = line.successor.take() {
            transport.peer.continue_stream(line.transport.peer.stream());
            // The old one ends without a word: a goodbye could be taken for the new one's.
            line.transport = transport;
            line.sockets = sockets;
            return Ok(true);
        }
        let transport = &mut line.transport;
        if !transport.is_settled {
            return Ok(true);
        }
        if !std::mem::replace(&mut transport.is_restarting, false) {
            return Ok(false);
        }
        if transport.remote_fingerprints == answer.fingerprints(kind) {
            return Ok(true);
        }
        // The far side begins a new DTLS association (RFC 8842, 5.2): so must this side, under
        // what the offer said.
        tracing::info!("the far side answered an ICE restart with another certificate");
        self.begin_anew(kind)?;
        Ok(true)
    }

    /// Takes another answer to the offer that was answered already, while the call is set up: early
    /// media came from one place, and another one answers. Whose path is the same keeps it.
    pub(super) fn replace_answer(&mut self, sdp: &str) -> Result<MediaDirections> {
        let answer = Description::parse(sdp)?;
        for kind in [Kind::Audio, Kind::Video] {
            let is_elsewhere = self.lines.iter().any(|line| {
                line.kind() == kind
                    && line.transport.is_settled
                    && line.transport.remote_credentials != answer.ice_credentials(kind)
            });
            if is_elsewhere {
                tracing::info!(?kind, "the call is answered by another place than its early media");
                self.begin_anew(kind)?;
            }
        }
        self.apply_answer(sdp)
    }

    /// A new connection under what the last offer said, whose answer is to come.
    fn begin_anew(&mut self, kind: Kind) -> Result<()> {
        let now = Instant::now();
        let Some(line) = self.lines.iter_mut().find(|line| line.kind() == kind) else {
            return Ok(());
        };
        let offered = self.config.all_offered(line.media());
        let transport = &mut line.transport;
        let mut peer = Peer::with_identity(transport.peer.as_offered()?, &offered, now)?;
        peer.offer(&transport.candidates, now)?;
        transport.peer = peer;
        transport.has_own_dtls = true;
        transport.is_settled = false;
        Ok(())
    }

    fn give_up_path(&mut self, now: Instant) {
        if self.loss.is_none() {
            self.loss = Some(self.loss_at(now));
        }
        self.is_doubtful = false;
    }

    fn loss_at(&self, now: Instant) -> Loss {
        let since = self.last_packet.unwrap_or(now);
        let silence = now.saturating_duration_since(since);
        Loss { since, expects_packets: self.last_packet.is_some() && silence < FLOWED }
    }

    fn is_heard(&self, now: Instant) -> bool {
        self.last_packet.is_some_and(|last| now.saturating_duration_since(last) < HEARD)
    }

    /// No check was answered for a while. While packets come the path works one way at least,
    /// and nothing is done before they stop, or ICE gives up for good.
    pub(super) fn path_doubtful(&mut self, now: Instant) {
        self.is_doubtful = true;
        self.look_at_path(now);
    }

    /// Says that the path is lost once it is doubtful and nothing is heard.
    pub(super) fn look_at_path(&mut self, now: Instant) {
        if self.is_doubtful && !self.is_heard(now) {
            self.path_lost(now);
        }
    }

    pub(super) fn path_lost(&mut self, now: Instant) {
        if self.loss.is_none() {
            self.give_up_path(now);
            (self.events)(LegEvent::Lost);
        }
    }

    /// Whether the address from which media go is still one of the device's.
    pub(super) fn look_at_address(&mut self, addresses: &[IpAddr]) {
        let (Some((from, _)), Some(line)) = (self.route, self.lines.first()) else { return };
        let own = match line.transport.candidate_at(from) {
            Some(LocalCandidate::Relay { base, .. }) => base.ip(),
            _ => from.ip(),
        };
        if !addresses.contains(&own) {
            (self.events)(LegEvent::AddressGone);
        }
    }

    /// A second of silence says little by itself, but much after the session's own path was lost.
    pub(super) fn look_for_silence(&self, now: Instant) {
        let is_expected = self.directions.audio.receives() && self.loss_at(now).expects_packets;
        if self.is_connected() && !self.is_heard(now) && is_expected {
            (self.events)(LegEvent::Silent);
        }
    }

    /// ICE and DTLS are up, for the first time or again. Over the DTLS of before, a far side that took
    /// the restart for a new association is up and yet unheard; only its packets tell.
    pub(super) fn path_up(&mut self, now: Instant) {
        self.is_doubtful = false;
        let expects_packets = self.loss.as_ref().is_some_and(|loss| loss.expects_packets);
        let is_proven = self.lines.first().is_some_and(|line| line.transport.has_own_dtls);
        if is_proven || !expects_packets || self.is_heard(now) {
            self.path_works(now);
        }
    }

    /// A packet came.
    pub(super) fn heard(&mut self, now: Instant) {
        self.last_packet = Some(now);
        if self.loss.is_some() {
            self.path_works(now);
        }
    }

    fn path_works(&mut self, now: Instant) {
        if let Some(loss) = self.loss.take() {
            let gap = now.saturating_duration_since(loss.since);
            (self.events)(LegEvent::Recovered { gap });
        }
    }
}
