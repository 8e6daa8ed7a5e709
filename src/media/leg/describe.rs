//! What a leg says about its media and what it takes from the far side: the first description, and
//! changes of directions. How paths are made anew is in `restart`.
//!
//! A change without a new path repeats what was said of the transports and never reaches the peer
//! connections: directions are kept here.

use super::audio::{negotiate, packet_ms};
use super::line::{Line, Media, Transport};
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
    before: Vec<Media>,
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
    pub(super) fn described(&self, local: Description) -> Description {
        match self.packet_ms {
            0 => local,
            ms => local.with_packet_ms(ms, MAX_PACKET_MS),
        }
    }

    /// What each of these sections offers.
    pub(super) fn all_offered(&self, media: &[Media]) -> Vec<Offered<'_>> {
        media.iter().map(|media| self.offered(media.kind)).collect()
    }

    fn wanted(&self) -> Vec<Media> {
        let MediaDirections { audio, video } = self.directions;
        let all = [Media::wanted(Kind::Audio, audio), Media::wanted(Kind::Video, video)];
        all.into_iter().filter(|media| media.wish != MediaDirection::Inactive).collect()
    }

    /// Gathers for so many transports at the same time; each has its own sockets.
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
        for (media, gathered) in wanted.into_iter().zip(gathered) {
            let line = self.open_line(media, gathered)?;
            self.lines.push(line);
        }
        self.compose_offer()
    }

    pub(super) fn open_line(
        &self,
        media: Media,
        Gathered { sockets, candidates }: Gathered,
    ) -> Result<Line> {
        let now = Instant::now();
        let mut peer = Peer::new(&[self.config.offered(media.kind)], now)?;
        let local = self.config.described(peer.offer(&candidates, now)?);
        Ok(Line::new(vec![media], Transport::new(peer, candidates, local), sockets))
    }

    /// A further offer has the sections of the first description, in its order (RFC 3264, 8).
    pub(super) fn compose_offer(&mut self) -> Result<String> {
        let parts: Vec<Part> = self.lines.iter().flat_map(Line::offered).collect();
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
        wanted.retain(|media| media.kind == Kind::Audio || self.can_take_video(&offer));
        let transports: Vec<Vec<Media>> = match offer.shares_transport() {
            true => vec![wanted],
            false => wanted.into_iter().map(|media| vec![media]).collect(),
        };
        let gathered = self.config.gathering(transports.len(), false).await?;
        // An offer of our own may have been refused before.
        self.lines.clear();
        for (media, gathered) in transports.into_iter().zip(gathered) {
            let is_video = media.iter().all(|media| media.kind == Kind::Video);
            match self.accept_line(&offer, media, gathered) {
                Ok(line) => self.lines.push(line),
                Err(error) if is_video => {
                    tracing::warn!(%error, "the caller's video cannot be used");
                }
                Err(error) => return Err(error),
            }
        }
        let parts: Vec<Part> = self.lines.iter().flat_map(Line::answered).collect();
        let answer = self.origin.stamp(&offer.replaced_by(&parts)?);
        self.first_offer = Some(offer);
        self.tell_directions();
        Ok(answer)
    }

    /// Whether the offered video has a codec and a transport that can be used.
    fn can_take_video(&self, offer: &Description) -> bool {
        let Some(section) = offer.section(Kind::Video) else { return false };
        let has_transport = section.has_transport() || offer.shares_transport();
        has_transport && negotiate_video(section, &self.config.video_codecs).is_ok()
    }

    fn accept_line(
        &mut self,
        offer: &Description,
        mut media: Vec<Media>,
        Gathered { sockets, candidates }: Gathered,
    ) -> Result<Line> {
        let vanished = || Error::internal("a section vanished");
        let named: Vec<(Kind, &str)> =
            media.iter().map(|media| media.kind).zip(["0", "1"]).collect();
        let for_peer = offer.for_peer(&named).ok_or_else(vanished)?;
        let now = Instant::now();
        let mut peer = Peer::new(&self.config.all_offered(&media), now)?;
        let local = self.config.described(peer.answer(for_peer, &candidates, now)?);
        for media in &mut media {
            let chosen = local
                .section(media.kind)
                .ok_or_else(|| Error::media("the caller's media cannot be used"))?;
            match media.kind {
                Kind::Audio => {
                    let negotiated = negotiate(chosen, &self.config.codecs)?;
                    let offered = offer.section(media.kind).ok_or_else(vanished)?;
                    let packet_ms = packet_ms(offered, negotiated[0].0, self.config.packet_ms);
                    self.adopt_audio(chosen, negotiated, packet_ms)?;
                }
                Kind::Video => {
                    let negotiated = negotiate_video(chosen, &self.config.video_codecs)?;
                    self.adopt_video(negotiated, offer);
                }
            }
            media.direction = media.wish.and(offer.direction(media.kind).reversed());
        }
        let mut line = Line::new(media, Transport::new(peer, candidates, local), sockets);
        line.transport.settle(line.kind(), offer);
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
        }
        let kinds: Vec<Kind> =
            self.lines.iter().flat_map(Line::media).map(|media| media.kind).collect();
        for kind in &kinds {
            match kind {
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
                        Some(Err(error)) if kinds.len() == 1 => return Err(error),
                        None if kinds.len() == 1 => {
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
        let remote = answer.ice_credentials(line.kind());
        if is_new || remote.is_none() || remote == transport.remote_credentials {
            return Ok(());
        }
        Err(Error::media("the far side replaced a media path that was not offered anew"))
    }

    fn settle_line(&mut self, kind: Kind, answer: &Description) -> Result<()> {
        let is_new = self.take_over(kind, answer)?;
        if let Some(media) = self.media_mut(kind) {
            media.direction = media.wish.and(answer.direction(kind).reversed());
        }
        let Some(line) = self.line_mut(kind).filter(|_| is_new) else { return Ok(()) };
        let for_peer = answer
            .for_peer(&line.transport.local.named())
            .ok_or_else(|| Error::internal("a section of the answer vanished"))?;
        line.transport.settle(kind, answer);
        line.transport.peer.apply_answer(for_peer, Instant::now())
    }

    /// There is no video in the answer: a new section is dropped, an old one stays without media.
    fn refuse_video(&mut self) {
        self.lines.retain(|line| line.kind() != Kind::Video || line.transport.is_settled);
        if let Some(media) = self.media_mut(Kind::Video) {
            media.direction = MediaDirection::Inactive;
        }
        if let Some(line) = self.lines.iter_mut().find(|line| line.kind() == Kind::Video) {
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
        let before = self.lines.iter().flat_map(Line::media).copied().collect();
        self.change = Some(Change { before });
        for media in self.lines.iter_mut().flat_map(Line::media_mut) {
            media.wish = match media.kind {
                Kind::Audio => directions.audio,
                Kind::Video => directions.video,
            };
        }
        let has_video = self.lines.iter().any(|line| line.carries(Kind::Video));
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
        let has_audio = self.lines.iter().any(|line| line.carries(Kind::Audio));
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
        self.lines.retain(|line| before.iter().any(|media| media.kind == line.kind()));
        for Media { kind, wish, .. } in before {
            if let Some(media) = self.media_mut(kind) {
                media.wish = wish;
            }
        }
    }

    /// Brings everything in line with what was agreed on.
    fn tell_directions(&mut self) {
        let of = |kind: Kind| {
            let media = self.lines.iter().find_map(|line| line.of(kind));
            media.map_or(MediaDirection::Inactive, |media| media.direction)
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
