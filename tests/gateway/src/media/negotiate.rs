//! Choosing codecs, directions and DTLS roles for an offer, as a media node does.

use super::sdp::{Candidate, Description, Direction, Fingerprint, Format, Section, Setup};

/// The codecs that the gateway speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Opus,
    Pcmu,
    Pcma,
    G722,
    Vp8,
    H264,
}

impl Codec {
    /// The encoding name of the rtpmap line.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
            Codec::Vp8 => "VP8",
            Codec::H264 => "H264",
        }
    }

    /// The RTP clock.
    pub fn clock(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            // Of G.722, too, which has twice as many samples (RFC 3551, 4.5.2).
            Codec::Pcmu | Codec::Pcma | Codec::G722 => 8_000,
            Codec::Vp8 | Codec::H264 => 90_000,
        }
    }

    /// Samples of audio per second.
    pub fn rate(self) -> u32 {
        match self {
            Codec::G722 => 16_000,
            other => other.clock(),
        }
    }

    /// Whether this is a video codec.
    pub fn is_video(self) -> bool {
        matches!(self, Codec::Vp8 | Codec::H264)
    }

    fn of(format: &Format) -> Option<Codec> {
        let all = [Codec::Opus, Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Vp8, Codec::H264];
        all.into_iter()
            .find(|c| format.name.eq_ignore_ascii_case(c.name()) && format.clock == c.clock())
    }
}

/// What was agreed for one m-section.
#[derive(Clone, Debug)]
pub struct Agreed {
    pub codec: Codec,
    pub payload_type: u8,
    /// The fmtp parameters of our side, empty for none.
    pub parameters: String,
    pub feedback: Vec<String>,
    /// Payload type and clock of telephone-event.
    pub events: Option<(u8, u32)>,
    pub ptime: u32,
    /// Our direction.
    pub direction: Direction,
    pub mid: Option<String>,
}

/// The transport parameters of the client for one m-section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub ufrag: String,
    pub pwd: String,
    pub candidates: Vec<Candidate>,
    pub fingerprint: Fingerprint,
    pub setup: Setup,
}

/// Why an offer cannot be accepted; the call ends with INCOMPATIBLE_DESTINATION.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing wrong with the offer, but nothing in common.
    NoCommonCodec,
    /// No UDP candidate that an IPv4 socket can reach.
    NoCandidate,
    /// The offer breaks the WebRTC rules; a violation.
    Broken(String),
}

/// Agrees on an audio or video section; `None` when no codec is shared.
pub fn agree(section: &Section) -> Option<Agreed> {
    let video = section.kind == "video";
    let supported = |format: &&Format| Codec::of(format).is_some_and(|c| c.is_video() == video);
    let format = section
        .formats
        .iter()
        .filter(supported)
        // Single NAL unit mode comes first in some offers, and nobody wants it.
        .find(|f| {
            !f.name.eq_ignore_ascii_case("H264") || f.parameters.contains("packetization-mode=1")
        })
        .or_else(|| section.formats.iter().find(supported))?;
    let codec = Codec::of(format)?;
    let events = if video { None } else { telephone_event(section, codec) };
    Some(Agreed {
        codec,
        payload_type: format.payload_type,
        parameters: match codec {
            Codec::Opus => opus_parameters(&format.parameters),
            _ => format.parameters.clone(),
        },
        feedback: if video { feedback(format) } else { Vec::new() },
        events,
        ptime: section.ptime.filter(|p| [10, 20, 40, 60].contains(p)).unwrap_or(20),
        direction: section.direction.reversed(),
        mid: section.mid.clone(),
    })
}

/// The telephone-event whose clock is that of the codec, else the first one.
fn telephone_event(section: &Section, codec: Codec) -> Option<(u8, u32)> {
    section
        .format("telephone-event", codec.clock())
        .or_else(|| section.formats.iter().find(|f| f.name.eq_ignore_ascii_case("telephone-event")))
        .map(|f| (f.payload_type, f.clock))
}

/// FreeSWITCH mirrors some parameters, always adds FEC, and joins with "; ".
fn opus_parameters(offered: &str) -> String {
    let mut out = vec!["useinbandfec=1".to_owned()];
    if offered.is_empty() {
        out.extend(["minptime=10".to_owned(), "maxptime=40".to_owned()]);
    }
    for parameter in offered.split(';').map(str::trim) {
        let name = parameter.split('=').next().unwrap_or_default();
        if ["minptime", "maxptime", "ptime", "stereo", "sprop-stereo"].contains(&name) {
            out.push(parameter.to_owned());
        }
    }
    out.join("; ")
}

fn feedback(format: &Format) -> Vec<String> {
    ["ccm fir", "nack", "nack pli"]
        .into_iter()
        .filter(|wanted| format.feedback.iter().any(|f| f == wanted))
        .map(str::to_owned)
        .collect()
}

/// The transport parameters of a section; an error when they are unusable.
pub fn remote(description: &Description, section: &Section) -> Result<Remote, Refusal> {
    // In a bundle the later sections may leave everything to the first one.
    let first = description.sections.iter().find(|s| {
        s.mid.is_some() && s.mid.as_deref() == description.bundle.first().map(|s| s.as_str())
    });
    let shared = first.filter(|_| section.bundle_only || section.candidates.is_empty());
    let source = shared.unwrap_or(section);
    let broken = |what: &str| Refusal::Broken(format!("m={} {what}", section.kind));
    if !section.rtcp_mux {
        return Err(broken("without a=rtcp-mux"));
    }
    let ufrag = source.ufrag.clone().ok_or_else(|| broken("without a=ice-ufrag"))?;
    let pwd = source.pwd.clone().ok_or_else(|| broken("without a=ice-pwd"))?;
    if ufrag.len() < 4 || pwd.len() < 22 {
        return Err(broken("with ICE credentials shorter than RFC 8839 allows"));
    }
    // With several fingerprints FreeSWITCH takes the last one.
    let fingerprint =
        source.fingerprints.last().cloned().ok_or_else(|| broken("without a=fingerprint"))?;
    if !source.candidates.iter().any(|c| c.usable().is_some()) {
        return Err(Refusal::NoCandidate);
    }
    Ok(Remote {
        ufrag,
        pwd,
        candidates: source.candidates.clone(),
        fingerprint,
        setup: source.setup.ok_or_else(|| broken("without a=setup"))?,
    })
}

/// Our DTLS role towards the offered one: active unless the client insists on being it.
pub fn our_setup(offered: Setup) -> Setup {
    match offered {
        Setup::ActPass | Setup::Passive => Setup::Active,
        Setup::Active => Setup::Passive,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sdp::tests::BROWSER_AUDIO;
    use super::*;

    fn with(from: &str, to: &str) -> Description {
        Description::parse(&BROWSER_AUDIO.replace(from, to)).unwrap()
    }

    #[test]
    fn the_first_shared_codec_of_the_offer_wins() {
        let offer = Description::parse(BROWSER_AUDIO).unwrap();
        let agreed = agree(offer.section("audio").unwrap()).unwrap();
        assert_eq!((agreed.codec, agreed.payload_type), (Codec::Opus, 111));
        assert_eq!(agreed.parameters, "useinbandfec=1; minptime=10");
        assert_eq!(agreed.events, Some((110, 48_000)));
        let offer = with("111 0 110 126", "0 111 110 126");
        let agreed = agree(offer.section("audio").unwrap()).unwrap();
        assert_eq!((agreed.codec, agreed.events), (Codec::Pcmu, Some((126, 8000))));
    }

    #[test]
    fn nothing_in_common() {
        let offer = with("111 0 110 126", "3 13 126");
        assert!(agree(offer.section("audio").unwrap()).is_none());
    }

    #[test]
    fn only_reachable_udp_candidates_count() {
        let offer = with("192.0.2.1 40000", "cd34.local 40000");
        assert_eq!(remote(&offer, &offer.sections[0]), Err(Refusal::NoCandidate));
    }

    #[test]
    fn missing_transport_attributes_are_named() {
        let offer = with("a=rtcp-mux\r\n", "");
        let refusal = remote(&offer, &offer.sections[0]).unwrap_err();
        assert_eq!(refusal, Refusal::Broken("m=audio without a=rtcp-mux".into()));
    }

    #[test]
    fn roles() {
        assert_eq!(our_setup(Setup::ActPass), Setup::Active);
        assert_eq!(our_setup(Setup::Active), Setup::Passive);
    }
}
