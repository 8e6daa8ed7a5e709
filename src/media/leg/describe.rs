//! What a leg says about its media and what it takes from the far side: the first description, and
//! changes of directions. How paths are made anew is in `restart`.
//!
//! A change without a new path repeats what was said of the transports and never reaches the peer
//! connections: directions are kept here.

use super::audio::{negotiate, packet_ms};
use super::line::{Line, Transport};
use super::restart::{Pending, Purpose};
use super::video::negotiate_video;
use super::{LegConfig, LegEvent, Task};
use crate::config::{MediaDirection, MediaDirections};
use crate::error::{Error, ErrorKind, Result};
use crate::media::codec::{AudioCodec, MAX_PACKET_MS};
use crate::media::gather::{gather, GatherConfig, Gathered};
use crate::media::peer::{Offered, Peer};
use crate::media::video::VideoCodec;
use crate::proto::sdp::{Description, Kind, Part};
use std::future::Future;
use std::pin::Pin;
use std::time::Instant;
use tokio::sync::oneshot;

/// What nobody is told of, because it is what calls are.
pub(super) const AUDIO_ONLY: MediaDirections =
    MediaDirections { audio: MediaDirection::SendReceive, video: MediaDirection::Inactive };

/// A change whose offer is not answered yet: what was wanted before it.
pub(super) struct Change {
    before: Vec<(Kind, MediaDirection)>,
}

pub(super) type Gathering = Pin<Box<dyn Future<Output = Result<Vec<Gathered>>> + Send>>;

/// What an answer has for the lines.
struct Answered {
    audio: Option<Vec<(u8, AudioCodec)>>,
    video: Option<Vec<(u8, VideoCodec)>>,
}

impl LegConfig {
    pub(super) fn offered(&self, kind: Kind) -> Offered<'_> {
        match kind {
            Kind::Audio => Offered::Audio(&self.codecs),
            Kind::Video => Offered::Video(&self.video_codecs),
        }
    }

    /// Adds what this side says of its packets; nothing where the application has no wish.
    pub(super) fn described(&self, kind: Kind, local: Description) -> Description {
        match kind {
            Kind::Audio if self.packet_ms != 0 => {
                local.with_packet_ms(self.packet_ms, MAX_PACKET_MS)
            }
            _ => local,
        }
    }

    fn wanted(&self) -> Vec<(Kind, MediaDirection)> {
        let MediaDirections { audio, video } = self.directions;
        let all = [(Kind::Audio, audio), (Kind::Video, video)];
        all.into_iter().filter(|(_, wish)| *wish != MediaDirection::Inactive).collect()
    }

    /// Gathers for so many m-sections at the same time; each has its own sockets.
    pub(super) fn gathering(&self, count: usize, relay_only: bool) -> Gathering {
        let (addresses, only) = (self.local_addresses.clone(), self.only_these_addresses);
        let relay_only = self.relay_only || relay_only;
        let (servers, tls) = (self.ice_servers.clone(), self.tls.clone());
        Box::pin(async move {
            let config = GatherConfig {
                preferred: &addresses,
                only_preferred: only,
                relay_only,
                servers: &servers,
                tls: &tls,
            };
            futures_util::future::try_join_all((0..count).map(|_| gather(&config))).await
        })
    }
}

impl Task {
    pub(super) async fn offer(&mut self) -> Result<String> {
        let wanted = self.config.wanted();
        let gathered = self.config.gathering(wanted.len(), false).await?;
        for ((kind, wish), gathered) in wanted.into_iter().zip(gathered) {
            let line = self.open_line(kind, wish, gathered)?;
            self.lines.push(line);
        }
        self.compose_offer()
    }

    pub(super) fn open_line(
        &self,
        kind: Kind,
        wish: MediaDirection,
        Gathered { sockets, candidates }: Gathered,
    ) -> Result<Line> {
        let now = Instant::now();
        let mut peer = Peer::new(self.config.offered(kind), now)?;
        let local = self.config.described(kind, peer.offer(&candidates, now)?);
        Ok(Line::new(kind, wish, Transport::new(peer, candidates, local), sockets))
    }

    /// A further offer has the sections of the first description, in its order (RFC 3264, 8).
    pub(super) fn compose_offer(&mut self) -> Result<String> {
        let parts: Vec<Part> = self.lines.iter().map(Line::offered).collect();
        let sdp = match &self.first_offer {
            Some(first) => first.replaced_by(&parts)?,
            None => Description::merge(&parts)?,
        };
        Ok(self.origin.stamp(&sdp))
    }

    pub(super) async fn accept(&mut self, sdp: &str) -> Result<String> {
        let offer = Description::parse(sdp)?;
        let section = offer
            .section(Kind::Audio)
            .ok_or_else(|| Error::media("the caller offers no audio; nothing could be heard"))?;
        negotiate(section, &self.config.codecs)?;
        let mut wanted = self.config.wanted();
        wanted.retain(|(kind, _)| *kind == Kind::Audio || self.can_take_video(&offer));
        let gathered = self.config.gathering(wanted.len(), false).await?;
        // An offer of our own may have been refused before.
        self.lines.clear();
        for ((kind, wish), gathered) in wanted.into_iter().zip(gathered) {
            match self.accept_line(&offer, (kind, wish), gathered) {
                Ok(line) => self.lines.push(line),
                Err(error) if kind == Kind::Video => {
                    tracing::warn!(%error, "the caller's video cannot be used");
                }
                Err(error) => return Err(error),
            }
        }
        let parts: Vec<Part> = self.lines.iter().map(Line::answered).collect();
        let answer = self.origin.stamp(&offer.replaced_by(&parts)?);
        self.first_offer = Some(offer);
        self.tell_directions();
        Ok(answer)
    }

    /// Whether the offered video has a codec and a transport that can be used.
    fn can_take_video(&self, offer: &Description) -> bool {
        let Some(section) = offer.section(Kind::Video) else { return false };
        let audio = offer.section(Kind::Audio).map(|section| section.candidates());
        let is_own = section.has_transport() && Some(section.candidates()) != audio;
        if !is_own {
            tracing::info!("the caller's video shares the transport of the audio: it is left out");
        }
        is_own && negotiate_video(section, &self.config.video_codecs).is_ok()
    }

    fn accept_line(
        &mut self,
        offer: &Description,
        (kind, wish): (Kind, MediaDirection),
        Gathered { sockets, candidates }: Gathered,
    ) -> Result<Line> {
        let vanished = || Error::internal("a section vanished");
        let for_peer = offer.for_peer(kind, "0").ok_or_else(vanished)?;
        let now = Instant::now();
        let mut peer = Peer::new(self.config.offered(kind), now)?;
        let local = self.config.described(kind, peer.answer(for_peer, &candidates, now)?);
        let chosen =
            local.section(kind).ok_or_else(|| Error::media("the caller's media cannot be used"))?;
        match kind {
            Kind::Audio => {
                let negotiated = negotiate(chosen, &self.config.codecs)?;
                let offered = offer.section(kind).ok_or_else(vanished)?;
                let packet_ms = packet_ms(offered, negotiated[0].0, self.config.packet_ms);
                self.adopt_audio(chosen, negotiated, packet_ms)?;
            }
            Kind::Video => {
                let negotiated = negotiate_video(chosen, &self.config.video_codecs)?;
                self.adopt_video(negotiated, offer);
            }
        }
        let mut line = Line::new(kind, wish, Transport::new(peer, candidates, local), sockets);
        line.transport.settle(kind, offer);
        line.direction = wish.and(offer.direction(kind).reversed());
        Ok(line)
    }

    /// Takes the answer to the last offer; what was agreed on.
    pub(super) fn apply_answer(&mut self, sdp: &str) -> Result<MediaDirections> {
        if self.lines.is_empty() {
            return Err(Error::protocol("the far side answered before there was an offer"));
        }
        let answer = Description::parse(sdp)?;
        let answered = self.look_at_answer(&answer)?;
        if let (Some(negotiated), Some(section)) = (answered.audio, answer.section(Kind::Audio)) {
            self.settle_line(Kind::Audio, &answer)?;
            let packet_ms = packet_ms(section, negotiated[0].0, self.config.packet_ms);
            self.adopt_audio(section, negotiated, packet_ms)?;
        }
        match answered.video {
            Some(negotiated) => {
                self.settle_line(Kind::Video, &answer)?;
                self.adopt_video(negotiated, &answer);
            }
            None => self.refuse_video(),
        }
        self.change = None;
        self.tell_directions();
        Ok(self.directions)
    }

    /// Looks whether an answer can be used, before anything is changed.
    fn look_at_answer(&self, answer: &Description) -> Result<Answered> {
        let mut answered = Answered { audio: None, video: None };
        for line in &self.lines {
            self.check_transport(line, answer)?;
            match line.kind {
                Kind::Audio => {
                    let section = answer.section(Kind::Audio).ok_or_else(|| {
                        Error::media("the far side refused audio; nothing can be heard")
                    })?;
                    answered.audio = Some(negotiate(section, &self.config.codecs)?);
                }
                Kind::Video => {
                    let section = answer.section(Kind::Video);
                    let negotiated =
                        section.map(|section| negotiate_video(section, &self.config.video_codecs));
                    match negotiated {
                        Some(Ok(negotiated)) => answered.video = Some(negotiated),
                        Some(Err(error)) if self.lines.len() == 1 => return Err(error),
                        None if self.lines.len() == 1 => {
                            return Err(Error::media("the far side refused video"));
                        }
                        Some(Err(_)) | None => {}
                    }
                }
            }
        }
        Ok(answered)
    }

    /// Only a path that is offered anew may be answered with another one.
    fn check_transport(&self, line: &Line, answer: &Description) -> Result<()> {
        let transport = &line.transport;
        let is_new = !transport.is_settled || transport.is_restarting || line.successor.is_some();
        let remote = answer.ice_credentials(line.kind);
        if is_new || remote.is_none() || remote == transport.remote_credentials {
            return Ok(());
        }
        Err(Error::media("the far side replaced a media path that was not offered anew"))
    }

    fn settle_line(&mut self, kind: Kind, answer: &Description) -> Result<()> {
        let is_new = self.take_over(kind, answer)?;
        let Some(line) = self.line_mut(kind) else { return Ok(()) };
        line.direction = line.wish.and(answer.direction(kind).reversed());
        if !is_new {
            return Ok(());
        }
        let for_peer = answer
            .for_peer(kind, "0")
            .ok_or_else(|| Error::internal("a section of the answer vanished"))?;
        line.transport.settle(kind, answer);
        line.transport.peer.apply_answer(for_peer, Instant::now())
    }

    /// There is no video in the answer: a new section is dropped, an old one stays without media.
    fn refuse_video(&mut self) {
        self.lines.retain(|line| line.kind != Kind::Video || line.transport.is_settled);
        if let Some(line) = self.line_mut(Kind::Video) {
            line.direction = MediaDirection::Inactive;
            line.successor = None;
        }
    }

    /// Offers other directions. The audio of a leg that has none cannot be added.
    pub(super) fn change(
        &mut self,
        directions: MediaDirections,
        reply: oneshot::Sender<Result<String>>,
    ) {
        if let Err(error) = self.can_change(directions) {
            let _ = reply.send(Err(error));
            return;
        }
        let before = self.lines.iter().map(|line| (line.kind, line.wish)).collect();
        self.change = Some(Change { before });
        for line in &mut self.lines {
            line.wish = match line.kind {
                Kind::Audio => directions.audio,
                Kind::Video => directions.video,
            };
        }
        let has_video = self.lines.iter().any(|line| line.kind == Kind::Video);
        if directions.video != MediaDirection::Inactive && !has_video {
            let gathering = self.config.gathering(1, false);
            let purpose = Purpose::Add(Kind::Video, directions.video);
            self.pending = Some(Pending { purpose, gathering, reply });
            return;
        }
        let _ = reply.send(self.compose_offer());
    }

    fn can_change(&self, directions: MediaDirections) -> Result<()> {
        let state = |text: &str| Err(Error::new(ErrorKind::InvalidState, text));
        let is_settled = self.lines.iter().all(|line| line.transport.is_settled);
        if self.lines.is_empty() || !is_settled || self.pending.is_some() {
            return state("the call's media are being negotiated; try again later");
        }
        let has_audio = self.lines.iter().any(|line| line.kind == Kind::Audio);
        if !has_audio && directions.audio != MediaDirection::Inactive {
            return state("this call has video only; audio cannot be added to it");
        }
        Ok(())
    }

    /// Undoes the change that was offered last, unless it was answered.
    pub(super) fn withdraw(&mut self) {
        let Some(Change { before }) = self.change.take() else { return };
        if matches!(self.pending, Some(Pending { purpose: Purpose::Add(..), .. })) {
            self.pending = None;
        }
        self.lines.retain(|line| before.iter().any(|(kind, _)| *kind == line.kind));
        for (kind, wish) in before {
            if let Some(line) = self.line_mut(kind) {
                line.wish = wish;
            }
        }
    }

    /// Brings everything in line with what was agreed on.
    fn tell_directions(&mut self) {
        let of = |kind: Kind| {
            let line = self.lines.iter().find(|line| line.kind == kind);
            line.map_or(MediaDirection::Inactive, |line| line.direction)
        };
        let directions = MediaDirections { audio: of(Kind::Audio), video: of(Kind::Video) };
        let before = std::mem::replace(&mut self.directions, directions);
        self.config.port.video().facts().directions = Some(directions);
        self.sync_video(directions.video.receives() && !before.video.receives());
        if before != directions {
            (self.events)(LegEvent::Directions(directions));
        }
    }
}
