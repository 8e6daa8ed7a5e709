//! Real media for one call: session descriptions, transports and streams.

pub mod audio;
pub mod describe;
pub mod dtls;
pub mod follow;
pub mod g711;
pub mod ice;
pub mod impairment;
pub mod keys;
pub mod mixer;
pub mod negotiate;
pub mod rtp;
pub mod sdp;
pub mod stream;
pub mod stun;
pub mod transport;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{json, Value};
use tokio::sync::mpsc;

use describe::{Bundle, Dialect, LocalSection, Session as Lines};
use dtls::Identity;
use negotiate::{Agreed, Codec, Refusal, Remote};
use sdp::{Description, Direction, Section, Setup};
use stream::{Controls, Relay, Relayed, Shared};
use transport::{Setting, Transport};

/// What the media of a call reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaEvent {
    /// SRTP keys are there; comes once for each transport.
    Connected,
    /// A transport cannot work.
    Failed(String),
    /// Nothing came from the client for long.
    Vanished,
    /// The client's media break a rule; the call goes on.
    Violation(String),
}

/// Locks a mutex whose holder never panics on purpose.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system generator fails only before the machine has any entropy.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes
}

/// Random letters and digits.
pub(crate) fn token(length: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..length)
        .map(|_| char::from(ALPHABET[usize::from(random::<1>()[0]) % ALPHABET.len()]))
        .collect()
}

/// What all calls of a gateway share.
#[derive(Clone)]
pub struct MediaConfig {
    pub dialect: Dialect,
    pub identity: Arc<Identity>,
    pub vanish_after: Duration,
    /// Whether telephone-events are accepted.
    pub telephone_events: bool,
    /// The packet time in milliseconds that every answer asks for and keeps to.
    pub ptime: Option<u32>,
}

/// What an update of the client brought for one section.
#[derive(Clone)]
struct Update {
    new_credentials: bool,
    new_certificate: bool,
    /// The kinds of the candidates.
    candidates: Vec<String>,
}

struct Leg {
    transport: Transport,
    remote: Option<Remote>,
    streams: Vec<Arc<Shared>>,
}

impl Leg {
    fn stream(&self, video: bool) -> Option<&Arc<Shared>> {
        self.streams.iter().find(|s| lock(&s.agreed).codec.is_video() == video)
    }

    /// Takes what the answer to a bundled offer says of the sections behind the first one.
    fn take_bundle(&mut self, answer: &Description) -> Result<(), Refusal> {
        let Some(section) = answer.section("video") else {
            self.streams.truncate(1);
            return Ok(());
        };
        let is_whole = answer.sections.iter().all(|section| {
            section.mid.as_ref().is_some_and(|mid| answer.bundle.iter().any(|other| other == mid))
        });
        if !is_whole {
            let reason = "a bundled offer was answered with another bundle";
            return Err(Refusal::Broken(reason.into()));
        }
        let agreed = negotiate::agree(section).ok_or(Refusal::NoCommonCodec)?;
        *lock(&self.streams[1].agreed) = agreed;
        Ok(())
    }
}

/// The media of one call. Dropping it ends its tasks.
pub struct Media {
    config: MediaConfig,
    pub controls: Arc<Controls>,
    setting: Setting,
    legs: Vec<Leg>,
    started: bool,
    record: bool,
    id: u64,
    version: u64,
    stream_id: String,
    updates: Vec<Update>,
}

impl Media {
    fn new(
        config: &MediaConfig,
        controls: Controls,
        record: bool,
        events: mpsc::UnboundedSender<MediaEvent>,
    ) -> Media {
        let controls = Arc::new(controls);
        let id = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |d| d.as_secs());
        Media {
            config: config.clone(),
            setting: Setting {
                identity: config.identity.clone(),
                controls: controls.clone(),
                events,
                cname: token(16),
                vanish_after: config.vanish_after,
            },
            controls,
            legs: Vec::new(),
            started: false,
            record,
            id,
            version: id,
            stream_id: token(32),
            updates: Vec::new(),
        }
    }

    /// Answers an offer; the second value is the answer. The ports open with `start`.
    pub fn answer(
        config: &MediaConfig,
        offer: &Description,
        controls: Controls,
        record: bool,
        events: mpsc::UnboundedSender<MediaEvent>,
    ) -> Result<(Media, String), Refusal> {
        let mut media = Media::new(config, controls, record, events);
        let answer = media.negotiate(offer)?;
        Ok((media, answer))
    }

    /// Offers media to a client; the second value is the offer.
    pub fn offer(
        config: &MediaConfig,
        wanted: Wanted,
        controls: Controls,
        record: bool,
        events: mpsc::UnboundedSender<MediaEvent>,
    ) -> Result<(Media, String), Refusal> {
        let mut media = Media::new(config, controls, record, events);
        let sections =
            [Some(offered_audio(wanted.audio, wanted.events)), wanted.video.map(offered_video)];
        let sections = sections.into_iter().flatten();
        media.version += 1;
        let Some(bundle) = wanted.bundle else {
            for agreed in sections {
                media.open_leg(vec![agreed], None, Setup::ActPass)?;
            }
            let only = wanted.audio.is_some();
            let offer =
                media.written(|lines, sections| describe::freeswitch_offer(lines, sections, only));
            return Ok((media, offer));
        };
        let name = |(mid, agreed): (i32, Agreed)| Agreed { mid: Some(mid.to_string()), ..agreed };
        let sections = (0..).zip(sections).map(name).collect();
        media.open_leg(sections, None, Setup::ActPass)?;
        let offer =
            media.written(|lines, sections| describe::browser_offer(lines, sections, bundle));
        Ok((media, offer))
    }

    /// Takes the client's answer to our offer and opens the ports.
    pub fn accept(&mut self, answer: &Description) -> Result<(), Refusal> {
        let video_answered = answer.section("video").is_some();
        self.legs.retain(|leg| video_answered || leg.stream(false).is_some());
        let record = self.record;
        for leg in &mut self.legs {
            if leg.streams.len() > 1 {
                leg.take_bundle(answer)?;
            }
            let is_video = lock(&leg.streams[0].agreed).codec.is_video();
            let kind = if is_video { "video" } else { "audio" };
            let section = answer.section(kind).ok_or(Refusal::NoCommonCodec)?;
            let agreed = negotiate::agree(section).ok_or(Refusal::NoCommonCodec)?;
            let remote = negotiate::remote(answer, section)?;
            let setup = match remote.setup {
                Setup::Active => Setup::Passive,
                Setup::Passive => Setup::Active,
                Setup::ActPass => return Err(Refusal::Broken("answer with setup:actpass".into())),
            };
            // The offer named the SSRC and the port, so both have to stay; only codec and roles
            // follow the answer, and the transport has not begun to use either.
            let shared = &leg.streams[0];
            if lock(&shared.agreed).codec == agreed.codec {
                *lock(&shared.agreed) = agreed;
            } else {
                let fresh = Arc::new(Shared::new(agreed, record));
                leg.streams = vec![fresh.clone()];
                leg.transport.replace_streams(fresh);
            }
            leg.transport.set_setup(setup);
            leg.remote = Some(remote);
        }
        self.start();
        Ok(())
    }

    /// Answers a re-offer inside the call.
    pub fn update(&mut self, offer: &Description) -> Result<String, Refusal> {
        let answer = self.negotiate(offer)?;
        if self.started {
            self.started = false;
            self.start();
        }
        Ok(answer)
    }

    fn negotiate(&mut self, offer: &Description) -> Result<String, Refusal> {
        let bundled = self.config.dialect == Dialect::Browser && !offer.bundle.is_empty();
        let mut agreed_any = false;
        let mut new_sections = Vec::new();
        for kind in ["audio", "video"] {
            let Some(section) = offer.section(kind) else {
                continue;
            };
            let Some(mut agreed) = negotiate::agree(section) else {
                // A call without a common audio codec fails, without a video codec it is audio.
                if kind == "audio" {
                    return Err(Refusal::NoCommonCodec);
                }
                continue;
            };
            agreed_any = true;
            agreed.events = agreed.events.filter(|_| self.config.telephone_events);
            agreed.ptime = self.config.ptime.unwrap_or(agreed.ptime);
            let remote = negotiate::remote(offer, section)?;
            match self.legs.iter().position(|leg| leg.stream(kind == "video").is_some()) {
                Some(at) => self.renegotiate(at, kind == "video", agreed, remote),
                None => new_sections.push((agreed, remote, section)),
            }
        }
        if !agreed_any {
            return Err(Refusal::NoCommonCodec);
        }
        for (agreed, remote, section) in new_sections {
            self.add_section(agreed, remote, section, bundled)?;
        }
        self.version += 1;
        let extra = offer.sections.iter().filter(|s| s.kind == "audio").count().saturating_sub(1);
        Ok(match self.config.dialect {
            Dialect::FreeSwitch => {
                self.written(|lines, sections| describe::freeswitch_answer(lines, sections, extra))
            }
            Dialect::Browser => self.written(|lines, sections| {
                describe::browser_answer(lines, (&offer.sections, &offer.bundle), sections)
            }),
        })
    }

    fn add_section(
        &mut self,
        agreed: Agreed,
        remote: Remote,
        section: &Section,
        bundled: bool,
    ) -> Result<(), Refusal> {
        if bundled && !self.legs.is_empty() {
            let shared = Arc::new(Shared::new(agreed, self.record));
            let leg = &mut self.legs[0];
            leg.transport.add(shared.clone());
            leg.streams.push(shared);
            return Ok(());
        }
        // A section added inside a call makes the client the DTLS client.
        let setup = match (self.started, section.setup) {
            (true, Some(Setup::ActPass)) => Setup::Passive,
            (_, offered) => negotiate::our_setup(offered.unwrap_or(Setup::ActPass)),
        };
        self.open_leg(vec![agreed], Some(remote), setup)
    }

    fn open_leg(
        &mut self,
        agreed: Vec<Agreed>,
        remote: Option<Remote>,
        setup: Setup,
    ) -> Result<(), Refusal> {
        let streams: Vec<_> =
            agreed.into_iter().map(|a| Arc::new(Shared::new(a, self.record))).collect();
        let transport = Transport::open(self.setting.clone(), setup, streams.clone())
            .map_err(Refusal::Broken)?;
        self.legs.push(Leg { transport, remote, streams });
        Ok(())
    }

    fn renegotiate(&mut self, at: usize, video: bool, agreed: Agreed, remote: Remote) {
        let fresh = self.config.dialect == Dialect::Browser;
        let leg = &mut self.legs[at];
        if let Some(stream) = leg.stream(video) {
            let mut current = lock(&stream.agreed);
            // Codec and clock stay for the life of a stream.
            let codec = current.codec;
            if agreed.codec == codec {
                *current = agreed;
            } else {
                current.direction = agreed.direction;
                current.mid = agreed.mid;
            }
        }
        let Some(old) = leg.remote.clone() else {
            return;
        };
        let restarted = old.ufrag != remote.ufrag || old.pwd != remote.pwd;
        let renewed = self.controls.renew_certificate.swap(false, Relaxed);
        let identity = renewed.then(|| Identity::new().ok()).flatten().map(Arc::new);
        let new_certificate = old.fingerprint != remote.fingerprint || identity.is_some();
        self.updates.push(Update {
            new_credentials: restarted,
            new_certificate: old.fingerprint != remote.fingerprint,
            candidates: remote.candidates.iter().map(|c| c.kind.clone()).collect(),
        });
        if restarted || new_certificate {
            if self.controls.until_restart.swap(false, Relaxed) {
                self.controls.dropped.store(false, Relaxed);
            }
            let setup = match new_certificate {
                true => negotiate::our_setup(remote.setup),
                false => leg.transport.local.setup,
            };
            if let Some(identity) = &identity {
                self.config.identity = identity.clone();
            }
            leg.transport.update(&remote, fresh, setup, identity);
            leg.remote = Some(remote);
        }
    }

    fn written(&self, write: impl Fn(&Lines, &[LocalSection]) -> String) -> String {
        let lines = Lines {
            id: self.id,
            version: self.version,
            fingerprint: &self.config.identity.fingerprint,
            cname: &self.setting.cname,
            stream: &self.stream_id,
        };
        let agreed: Vec<(&Leg, Agreed, u32)> = self
            .legs
            .iter()
            .flat_map(|leg| leg.streams.iter().map(move |s| (leg, lock(&s.agreed).clone(), s.ssrc)))
            .collect();
        let mut sections: Vec<LocalSection> = agreed
            .iter()
            .map(|(leg, agreed, ssrc)| LocalSection {
                agreed,
                local: &leg.transport.local,
                ssrc: *ssrc,
            })
            .collect();
        sections.sort_by_key(|s| s.agreed.codec.is_video());
        write(&lines, &sections)
    }

    /// Opens the ports: from now on checks are answered.
    pub fn start(&mut self) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        for leg in &self.legs {
            if let (Some(remote), false) = (&leg.remote, leg.transport.status().started) {
                leg.transport.start(remote);
            }
        }
    }

    /// Asks the client for a key frame.
    pub fn refresh_video(&self) {
        self.legs.iter().for_each(|leg| leg.transport.refresh_video());
    }

    /// The codec of a kind of media.
    pub fn codec(&self, video: bool) -> Option<Codec> {
        let stream = self.legs.iter().find_map(|leg| leg.stream(video))?;
        let codec = lock(&stream.agreed).codec;
        Some(codec)
    }

    /// How loud the client's audio is (RMS, 0 to 1), and the digits it sent with it so far.
    pub fn hearing(&self) -> (f64, String) {
        let Some(stream) = self.legs.iter().find_map(|leg| leg.stream(false)) else {
            return (0.0, String::new());
        };
        let level = lock(&stream.meter).level();
        (level, lock(&stream.counters).digits.clone())
    }

    /// The way into this call for the media of another one; it keeps nothing alive.
    pub fn relay(&self) -> Relay {
        let entrance = |video: bool| {
            let leg = self.legs.iter().find(|leg| leg.stream(video).is_some());
            leg.map(|leg| leg.transport.entrance())
        };
        let (audio, video) = (entrance(false), entrance(true));
        Arc::new(move |relayed| {
            let to_video = match &relayed {
                Relayed::Packet { video, .. } => *video,
                Relayed::KeyFrameRequest => true,
            };
            if let Some(entrance) = if to_video { &video } else { &audio } {
                entrance(relayed);
            }
        })
    }

    /// Whether all transports carry SRTP.
    pub fn connected(&self) -> bool {
        !self.legs.is_empty() && self.legs.iter().all(|l| l.transport.status().dtls_connected)
    }

    /// The media part of a call's state.
    pub fn report(&self) -> Value {
        let transports: Vec<Value> =
            self.legs.iter().map(|l| l.transport.status().report()).collect();
        let streams: Vec<Value> =
            self.legs.iter().flat_map(|l| l.streams.iter().map(|s| s.report())).collect();
        let updates: Vec<Value> = self
            .updates
            .iter()
            .map(|update| {
                json!({
                    "new_credentials": update.new_credentials,
                    "new_certificate": update.new_certificate,
                    "candidates": update.candidates,
                })
            })
            .collect();
        json!({
            "transports": transports, "streams": streams, "connected": self.connected(),
            "updates": updates,
        })
    }

    /// Sample rate and samples of what was recorded.
    pub fn recording(&self) -> Option<(u32, Vec<i16>)> {
        let stream = self.legs.iter().find_map(|leg| leg.stream(false))?;
        let meter = lock(&stream.meter);
        meter.recording().map(|(rate, samples)| (rate, samples.to_vec()))
    }
}

/// What an offer of the gateway asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Exactly this codec; the whole list for `None`.
    pub audio: Option<Codec>,
    pub video: Option<Codec>,
    /// Whether telephone-events are offered with the audio.
    pub events: bool,
    /// Audio and video on one transport, as browsers offer them.
    pub bundle: Option<Bundle>,
}

/// What FreeSWITCH offers for audio.
fn offered_audio(only: Option<Codec>, events: bool) -> Agreed {
    let codec = only.unwrap_or(Codec::Opus);
    let opus = "useinbandfec=1; maxaveragebitrate=30000; maxplaybackrate=48000; ptime=20; \
                minptime=10; maxptime=40; stereo=1";
    Agreed {
        codec,
        payload_type: match codec {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
            _ => 102,
        },
        parameters: if codec == Codec::Opus { opus.into() } else { String::new() },
        feedback: Vec::new(),
        events: events.then_some((101, codec.clock())),
        ptime: 20,
        direction: Direction::SendRecv,
        mid: None,
    }
}

/// What FreeSWITCH offers for video.
fn offered_video(codec: Codec) -> Agreed {
    let h264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
    Agreed {
        codec,
        payload_type: if codec == Codec::H264 { 101 } else { 97 },
        parameters: if codec == Codec::H264 { h264.into() } else { String::new() },
        feedback: vec!["ccm fir".into(), "nack".into(), "nack pli".into()],
        events: None,
        ptime: 20,
        direction: Direction::SendRecv,
        mid: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stream::Source;

    fn config() -> MediaConfig {
        MediaConfig {
            dialect: Dialect::FreeSwitch,
            identity: Arc::new(Identity::new().unwrap()),
            vanish_after: Duration::from_secs(30),
            telephone_events: true,
            ptime: None,
        }
    }

    fn wanted(video: bool) -> Wanted {
        Wanted { audio: None, video: video.then_some(Codec::Vp8), events: false, bundle: None }
    }

    /// A media pair over real sockets: the first offers, the second answers.
    fn pair(offering: Source, answering: Source, video: bool) -> (Media, Media) {
        pair_with(wanted(video), offering, answering)
    }

    fn pair_with(wanted: Wanted, offering: Source, answering: Source) -> (Media, Media) {
        let config = config();
        let (sender, _) = mpsc::unbounded_channel();
        let (mut offerer, offer) =
            Media::offer(&config, wanted, Controls::new(offering), true, sender).unwrap();
        let offer = Description::parse(&offer).unwrap();
        let (sender, _) = mpsc::unbounded_channel();
        let (mut answerer, answer) =
            Media::answer(&config, &offer, Controls::new(answering), true, sender).unwrap();
        offerer.accept(&Description::parse(&answer).unwrap()).unwrap();
        answerer.start();
        (offerer, answerer)
    }

    async fn until(what: &str, condition: impl Fn() -> bool) {
        for _ in 0..500 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what} did not come about");
    }

    fn frequency(media: &Media) -> f64 {
        media.report()["streams"][0]["frequency"].as_f64().unwrap_or(0.0)
    }

    #[tokio::test]
    async fn a_tone_goes_out_and_its_echo_comes_back() {
        let (offerer, answerer) = pair(Source::Tone, Source::Echo, false);
        until("the tone", || (frequency(&answerer) - audio::TONE_HZ).abs() < 3.0).await;
        until("the echo", || (frequency(&offerer) - audio::TONE_HZ).abs() < 3.0).await;
        let report = answerer.report();
        assert_eq!(report["transports"][0]["dtls_role"], "client");
        assert_eq!(report["streams"][0]["marker_violations"], 0);
        assert_eq!(offerer.report()["transports"][0]["dtls_role"], "server");
        assert!(offerer.recording().is_some_and(|(rate, s)| rate == 48_000 && !s.is_empty()));
    }

    #[tokio::test]
    async fn the_old_codecs_carry_it_too() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let wanted = Wanted { audio: Some(codec), video: None, events: true, bundle: None };
            let (offerer, answerer) = pair_with(wanted, Source::Tone, Source::Echo);
            assert_eq!(answerer.codec(false), Some(codec));
            until("the echo", || (frequency(&offerer) - audio::TONE_HZ).abs() < 3.0).await;
        }
    }

    #[tokio::test]
    async fn audio_and_video_have_a_transport_each() {
        let (offerer, answerer) = pair(Source::Silence, Source::Silence, true);
        until("the connection", || offerer.connected() && answerer.connected()).await;
        assert_eq!(answerer.report()["transports"].as_array().map(Vec::len), Some(2));
    }

    #[tokio::test]
    async fn a_wrong_fingerprint_fails_the_media() {
        let config = config();
        let (sender, _) = mpsc::unbounded_channel();
        let (mut offerer, offer) =
            Media::offer(&config, wanted(false), Controls::new(Source::Tone), false, sender)
                .unwrap();
        let line = offer.lines().find(|l| l.starts_with("a=fingerprint")).unwrap();
        let forged = offer.replace(line, &format!("a=fingerprint:sha-256 {}", "AA:".repeat(32)));
        let offer = Description::parse(&forged).unwrap();
        let (sender, mut events) = mpsc::unbounded_channel();
        let (mut answerer, answer) =
            Media::answer(&config, &offer, Controls::new(Source::Echo), false, sender).unwrap();
        offerer.accept(&Description::parse(&answer).unwrap()).unwrap();
        answerer.start();
        let event = tokio::time::timeout(Duration::from_secs(5), events.recv()).await.unwrap();
        assert!(matches!(event, Some(MediaEvent::Failed(_))), "{event:?}");
        assert!(!answerer.connected());
    }

    #[tokio::test]
    async fn a_client_may_come_back_with_a_new_peer_connection() {
        let (first, mut answerer) = pair(Source::Tone, Source::Echo, false);
        until("the echo", || (frequency(&first) - audio::TONE_HZ).abs() < 3.0).await;
        drop(first);
        // The offer has another port, other ICE credentials and another certificate.
        let (sender, _) = mpsc::unbounded_channel();
        let (mut second, offer) =
            Media::offer(&config(), wanted(false), Controls::new(Source::Tone), true, sender)
                .unwrap();
        let answer = answerer.update(&Description::parse(&offer).unwrap()).unwrap();
        second.accept(&Description::parse(&answer).unwrap()).unwrap();
        until("the echo", || (frequency(&second) - audio::TONE_HZ).abs() < 3.0).await;
    }

    #[tokio::test]
    async fn a_bridge_carries_media_both_ways() {
        let (alice, left) = pair(Source::Tone, Source::Bridge, false);
        let (bob, right) = pair(Source::Echo, Source::Bridge, false);
        left.controls.set_relay(Some(right.relay()));
        right.controls.set_relay(Some(left.relay()));
        until("the tone at Bob", || (frequency(&bob) - audio::TONE_HZ).abs() < 3.0).await;
        until("the echo at Alice", || (frequency(&alice) - audio::TONE_HZ).abs() < 3.0).await;
    }
}
