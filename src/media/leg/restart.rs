//! Making a leg's path anew, and noticing that it has to be.
//!
//! Either ICE is restarted in place, so that DTLS and SRTP go on over another path; or a fresh peer
//! connection with its own certificate takes over once the far side answered it. The audio of the
//! leg, and with it the application's side, stays in both cases.

use super::{Audio, LegEvent, Task, Transport};
use crate::error::{Error, Result};
use crate::media::gather::{gather, GatherConfig, Gathered};
use crate::media::peer::{Identity, LocalCandidate, Peer};
use crate::media::sockets::Sockets;
use crate::proto::ice::IceServer;
use crate::proto::sdp::{Description, Kind};
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
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

type Gathering = Pin<Box<dyn Future<Output = Result<Gathered>> + Send>>;

/// A restart whose candidates are being gathered.
pub(super) struct Pending {
    is_fresh: bool,
    gathering: Gathering,
    reply: oneshot::Sender<Result<String>>,
}

/// A peer connection that takes over when its offer is answered.
pub(super) struct Successor {
    transport: Transport,
    sockets: Sockets,
}

/// A path that is gone, or was given up.
pub(super) struct Loss {
    /// When the far side was heard last.
    since: Instant,
    /// Whether packets came until then: only they tell that the new path works.
    expects_packets: bool,
}

/// The candidates of a restart, when they are there; for ever pending without one.
pub(super) async fn gathered(pending: &mut Option<Pending>) -> Result<Gathered> {
    match pending {
        Some(pending) => pending.gathering.as_mut().await,
        None => std::future::pending().await,
    }
}

impl Task {
    /// Starts to gather; the offer follows. A restart that was still gathering is replaced.
    pub(super) fn restart(&mut self, restart: Restart, reply: oneshot::Sender<Result<String>>) {
        if self.audio.is_none() {
            let error = Error::media("there is no media yet that could be restarted");
            let _ = reply.send(Err(error));
            return;
        }
        let config = &mut self.config;
        config.ice_servers = restart.ice_servers;
        if !config.only_these_addresses {
            config.local_addresses = restart.local_address.into_iter().collect();
        }
        let (addresses, only) = (config.local_addresses.clone(), config.only_these_addresses);
        let relay_only = config.relay_only || restart.relay_only;
        let (servers, tls) = (config.ice_servers.clone(), config.tls.clone());
        let gathering = Box::pin(async move {
            gather(&GatherConfig {
                preferred: &addresses,
                only_preferred: only,
                relay_only,
                servers: &servers,
                tls: &tls,
            })
            .await
        });
        self.successor = None;
        self.pending = Some(Pending { is_fresh: restart.is_fresh, gathering, reply });
    }

    /// The candidates are there: the offer can be made.
    pub(super) fn candidates_ready(&mut self, gathered: Result<Gathered>) {
        let Some(Pending { is_fresh, reply, .. }) = self.pending.take() else { return };
        let offer = gathered.and_then(|gathered| match is_fresh {
            true => self.offer_successor(gathered),
            false => self.offer_in_place(gathered),
        });
        let _ = reply.send(offer);
    }

    fn offer_in_place(&mut self, gathered: Gathered) -> Result<String> {
        let now = Instant::now();
        self.give_up_path(now);
        let transport = self.transport.as_mut().ok_or_else(no_transport)?;
        let description = transport.peer.restart(&gathered.candidates, now)?;
        transport.candidates = gathered.candidates;
        transport.is_restarting = true;
        self.sockets = gathered.sockets;
        self.as_reoffer(description)
    }

    fn offer_successor(&mut self, Gathered { sockets, candidates }: Gathered) -> Result<String> {
        let now = Instant::now();
        let stream = self.transport.as_ref().map(|transport| transport.peer.stream());
        let mut peer = Peer::audio_as(Identity::new(stream)?, &self.config.codecs, now)?;
        let description = peer.offer(&candidates, now)?;
        let transport = Transport::new(peer, candidates);
        self.successor = Some(Successor { transport, sockets });
        self.as_reoffer(description)
    }

    /// A further offer has the sections of the first description, in its order (RFC 3264, 8).
    fn as_reoffer(&self, description: Description) -> Result<String> {
        match &self.first_offer {
            Some(first) => first
                .answer_with(Kind::Audio, &description)
                .ok_or_else(|| Error::internal("the audio section vanished")),
            None => Description::merge(&[description]),
        }
    }

    /// Before an answer is applied: which peer connection is it for?
    pub(super) fn prepare_for_answer(&mut self, answer: &Description) -> Result<()> {
        if let Some(Successor { mut transport, sockets }) = self.successor.take() {
            self.give_up_path(Instant::now());
            if let Some(before) = &self.transport {
                transport.peer.continue_stream(before.peer.stream());
            }
            // The old one ends without a word: a goodbye could be taken for the new one's.
            self.transport = Some(transport);
            self.sockets = sockets;
            return Ok(());
        }
        let Some(transport) = self.transport.as_mut().filter(|own| own.is_restarting) else {
            return Ok(());
        };
        transport.is_restarting = false;
        if transport.remote_fingerprints == answer.fingerprints(Kind::Audio) {
            return Ok(());
        }
        // The far side begins a new DTLS association (RFC 8842, 5.2): so must this side, under
        // what the offer said.
        tracing::info!("the far side answered an ICE restart with another certificate");
        let now = Instant::now();
        let identity = transport.peer.as_offered()?;
        let mut peer = Peer::audio_as(identity, &self.config.codecs, now)?;
        peer.offer(&transport.candidates, now)?;
        transport.peer = peer;
        Ok(())
    }

    /// Keeps the audio where the answer did not change the codec.
    pub(super) fn adopt_audio(
        &mut self,
        negotiated: Vec<(u8, crate::media::codec::AudioCodec)>,
    ) -> Result<()> {
        if self.audio.as_ref().is_some_and(|audio| audio.negotiated == negotiated) {
            return Ok(());
        }
        if self.audio.is_none() {
            // What was pushed before the answer is old by now.
            self.config.port.input().clear();
        }
        self.config.port.facts().codec = negotiated[0].1.sdp_name();
        self.audio = Some(Audio::new(negotiated, &self.config)?);
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
        let (Some((from, _)), Some(transport)) = (self.route, &self.transport) else { return };
        let own = match transport.candidate_at(from) {
            Some(LocalCandidate::Relay { base, .. }) => base.ip(),
            _ => from.ip(),
        };
        if !addresses.contains(&own) {
            (self.events)(LegEvent::AddressGone);
        }
    }

    /// ICE and DTLS are up, for the first time or again.
    pub(super) fn path_up(&mut self, now: Instant) {
        self.is_doubtful = false;
        if self.loss.as_ref().is_some_and(|loss| !loss.expects_packets) || self.is_heard(now) {
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

fn no_transport() -> Error {
    Error::internal("there is audio without a transport")
}
