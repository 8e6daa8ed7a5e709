//! SDP as sections of lines: merging and splitting between the service's one description per
//! call and one peer connection per m-section, and reading what was negotiated.
//!
//! The service's media nodes are of the FreeSWITCH family: they never bundle, write no `mid`,
//! give each m-line its own port, ICE credentials and candidates, put audio first and leave
//! rejected m-lines out (seen in production answers; FreeSWITCH `switch_core_media.c`). The
//! peer connection below wants a `mid` and one transport per description.

use crate::error::{Error, Result};

/// Kinds of media that calls have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Audio,
    Video,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }
}

/// A description cut into its session part and its m-sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    session: Vec<String>,
    sections: Vec<Section>,
}

/// One m-section: its lines, the `m=` line first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    lines: Vec<String>,
}

/// A codec of an m-section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Codec {
    pub(crate) payload_type: u8,
    pub(crate) name: String,
    pub(crate) clock_rate: u32,
}

/// Names of the payload types that RFC 3551 fixes, for m-lines without `rtpmap`.
const STATIC_CODECS: [(u8, &str, u32); 3] =
    [(0, "PCMU", 8000), (8, "PCMA", 8000), (9, "G722", 8000)];

impl Description {
    /// Cuts a description. Refuses what has no `v=` line or no m-section.
    pub(crate) fn parse(sdp: &str) -> Result<Self> {
        let mut session = Vec::new();
        let mut sections: Vec<Section> = Vec::new();
        for line in sdp.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if line.as_bytes().get(1) != Some(&b'=') {
                return Err(unusable("a line is not of the form x=..."));
            }
            if line.starts_with("m=") {
                sections.push(Section { lines: vec![line.to_owned()] });
            } else if let Some(section) = sections.last_mut() {
                section.lines.push(line.to_owned());
            } else {
                session.push(line.to_owned());
            }
        }
        if session.first().map(String::as_str) != Some("v=0") || sections.is_empty() {
            return Err(unusable("it has no session or no media"));
        }
        Ok(Self { session, sections })
    }

    /// The first accepted section of this kind; a port of 0 means rejected.
    pub(crate) fn section(&self, kind: Kind) -> Option<&Section> {
        self.sections.iter().find(|section| section.is_kind(kind) && !section.is_rejected())
    }

    /// The description for the peer connection of this kind: the session part, this one section,
    /// and the `mid` and group that the peer connection insists on.
    pub(crate) fn for_peer(&self, kind: Kind, mid: &str) -> Option<String> {
        let section = self.section(kind)?;
        let inherited =
            |line: &&String| !line.starts_with("a=group:") && !line.starts_with("a=msid-semantic");
        let mut lines: Vec<&str> =
            self.session.iter().filter(inherited).map(String::as_str).collect();
        let group = format!("a=group:BUNDLE {mid}");
        let mid_line = format!("a=mid:{mid}");
        lines.push(&group);
        lines.extend(
            section.lines.iter().map(String::as_str).filter(|line| !line.starts_with("a=mid:")),
        );
        lines.push(&mid_line);
        Some(join(&lines))
    }

    /// The answer to this offer: `accepted`, the peer connection's answer for the section of
    /// `kind`, and every other section rejected. Sections, their order and their `mid` are the
    /// offer's (RFC 3264, 6; RFC 9143, 7.3).
    pub(crate) fn answer_with(&self, kind: Kind, accepted: &Self) -> Option<String> {
        let chosen = self.section(kind)?;
        let answer = accepted.sections.first()?;
        let mut lines: Vec<String> =
            accepted.session.iter().filter(|line| !line.starts_with("a=group:")).cloned().collect();
        if let Some(mid) = chosen.mid().filter(|mid| self.bundles(mid)) {
            lines.push(format!("a=group:BUNDLE {mid}"));
        }
        for section in &self.sections {
            if std::ptr::eq(section, chosen) {
                let kept = answer.lines.iter().filter(|line| !line.starts_with("a=mid:"));
                lines.extend(kept.cloned());
            } else {
                lines.extend(section.rejected());
            }
            lines.extend(section.mid().map(|mid| format!("a=mid:{mid}")));
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Some(join(&lines))
    }

    fn bundles(&self, mid: &str) -> bool {
        self.session
            .iter()
            .filter_map(|line| line.strip_prefix("a=group:BUNDLE"))
            .any(|mids| mids.split_whitespace().any(|other| other == mid))
    }

    /// ICE user name fragment and password of the section of this kind, its own or the session's.
    pub(crate) fn ice_credentials(&self, kind: Kind) -> Option<(String, String)> {
        let value = |name| self.values(kind, name).into_iter().next().map(str::to_owned);
        Some((value("ice-ufrag")?, value("ice-pwd")?))
    }

    /// The certificate fingerprints that hold for the section of this kind, in a form that can be
    /// compared (RFC 8122, 5: neither order nor case matters).
    pub(crate) fn fingerprints(&self, kind: Kind) -> Vec<String> {
        let mut all: Vec<String> = self
            .values(kind, "fingerprint")
            .into_iter()
            .map(|value| value.trim().to_ascii_lowercase())
            .collect();
        all.sort();
        all
    }

    /// The values of an attribute in the section of this kind; where it has none, the session's.
    fn values<'a>(&'a self, kind: Kind, name: &'a str) -> Vec<&'a str> {
        let own: Vec<&str> =
            self.section(kind).into_iter().flat_map(|section| section.attributes(name)).collect();
        match own.is_empty() {
            false => own,
            true => attributes(&self.session, name).collect(),
        }
    }

    /// Whether there is such a section, accepted or offered.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.section(kind).is_some()
    }

    /// One description out of the descriptions of one peer connection per section, in order.
    pub(crate) fn merge(parts: &[Self]) -> Result<String> {
        let first = parts.first().ok_or_else(|| unusable("there is nothing to merge"))?;
        let mut lines: Vec<String> =
            first.session.iter().filter(|line| !line.starts_with("a=group:")).cloned().collect();
        for (index, part) in parts.iter().enumerate() {
            for section in &part.sections {
                lines.extend(section.lines.iter().map(|line| {
                    if line.starts_with("a=mid:") {
                        format!("a=mid:{index}")
                    } else {
                        line.clone()
                    }
                }));
            }
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Ok(join(&lines))
    }

    /// Puts the default candidate into the m- and c-lines (RFC 8839, 4.2.1.2) and ends the list
    /// of candidates, which is complete: there is no trickling, and RTCP shares the RTP port.
    pub(crate) fn complete(mut self, address: std::net::SocketAddr) -> Self {
        for section in &mut self.sections {
            section.complete(address);
        }
        self
    }
}

impl Section {
    fn mid(&self) -> Option<&str> {
        self.lines.iter().find_map(|line| line.strip_prefix("a=mid:")).map(str::trim)
    }

    /// This section's m-line with port 0, and what the grammar wants beside it.
    fn rejected(&self) -> Vec<String> {
        let mut words: Vec<&str> = self.lines[0].split(' ').collect();
        if let Some(port) = words.get_mut(1) {
            *port = "0";
        }
        vec![words.join(" "), "c=IN IP4 0.0.0.0".to_owned(), "a=inactive".to_owned()]
    }

    fn is_kind(&self, kind: Kind) -> bool {
        self.lines[0]
            .strip_prefix("m=")
            .and_then(|line| line.split(' ').next())
            .is_some_and(|word| word == kind.word())
    }

    fn is_rejected(&self) -> bool {
        self.lines[0].split(' ').nth(1) == Some("0")
    }

    fn attributes<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        attributes(&self.lines, name)
    }

    /// The codecs in the order of the m-line.
    pub(crate) fn codecs(&self) -> Vec<Codec> {
        self.lines[0]
            .split(' ')
            .skip(3)
            .filter_map(|word| word.parse().ok())
            .filter_map(|payload_type| self.codec(payload_type))
            .collect()
    }

    fn codec(&self, payload_type: u8) -> Option<Codec> {
        let mapped = self.attributes("rtpmap").find_map(|value| {
            let (number, encoding) = value.split_once(' ')?;
            if number.parse() != Ok(payload_type) {
                return None;
            }
            let mut parts = encoding.split('/');
            let name = parts.next()?.to_owned();
            let clock_rate = parts.next()?.trim().parse().ok()?;
            Some(Codec { payload_type, name, clock_rate })
        });
        mapped.or_else(|| {
            STATIC_CODECS.iter().find(|(number, ..)| *number == payload_type).map(
                |(_, name, clock_rate)| Codec {
                    payload_type,
                    name: (*name).to_owned(),
                    clock_rate: *clock_rate,
                },
            )
        })
    }

    /// Address and type of each candidate: `("host", 192.0.2.1:4000)`.
    pub(crate) fn candidates(&self) -> Vec<(String, std::net::SocketAddr)> {
        self.attributes("candidate")
            .filter_map(|value| {
                let words: Vec<&str> = value.split_whitespace().collect();
                let ip: std::net::IpAddr = words.get(4)?.parse().ok()?;
                let port = words.get(5)?.parse().ok()?;
                let kind = words.iter().position(|word| *word == "typ")?;
                Some(((*words.get(kind + 1)?).to_owned(), (ip, port).into()))
            })
            .collect()
    }

    fn complete(&mut self, address: std::net::SocketAddr) {
        let mut words: Vec<String> = self.lines[0].split(' ').map(str::to_owned).collect();
        if let Some(port) = words.get_mut(1) {
            *port = address.port().to_string();
        }
        self.lines[0] = words.join(" ");
        let family = if address.is_ipv4() { "IP4" } else { "IP6" };
        let connection = format!("c=IN {family} {}", address.ip());
        self.lines.retain(|line| {
            !line.starts_with("c=") && !line.starts_with("a=rtcp:") && !is_second_component(line)
        });
        self.lines.insert(1, connection);
        if !self.lines.iter().any(|line| line == "a=end-of-candidates") {
            self.lines.push("a=end-of-candidates".into());
        }
    }
}

fn attributes<'a>(lines: &'a [String], name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
    lines
        .iter()
        .filter_map(move |line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
}

/// A candidate for RTCP alone, which RTCP on the RTP port (RFC 5761) makes pointless.
fn is_second_component(line: &str) -> bool {
    line.strip_prefix("a=candidate:").is_some_and(|rest| rest.split(' ').nth(1) == Some("2"))
}

fn join(lines: &[&str]) -> String {
    let mut sdp = lines.join("\r\n");
    sdp.push_str("\r\n");
    sdp
}

fn unusable(why: &str) -> Error {
    Error::media(format!("the media description (SDP) cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of a production answer: no group, no mid, two transports.
    const ANSWER: &str = "v=0\r\no=FreeSWITCH 1 2 IN IP4 192.0.2.1\r\ns=FreeSWITCH\r\n\
        c=IN IP4 192.0.2.1\r\nt=0 0\r\na=msid-semantic: WMS x\r\n\
        m=audio 11826 UDP/TLS/RTP/SAVPF 111 110\r\na=rtpmap:111 opus/48000/2\r\n\
        a=rtpmap:110 telephone-event/48000\r\na=ice-ufrag:AAAA\r\n\
        a=candidate:18 1 udp 2130706431 192.0.2.1 11826 typ srflx raddr 172.17.0.2 rport 11826 generation 0\r\n\
        m=video 15240 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=ice-ufrag:BBBB\r\n";

    #[test]
    fn an_unbundled_answer_is_split_per_peer() {
        let answer = Description::parse(ANSWER).unwrap();
        let audio = answer.for_peer(Kind::Audio, "0").unwrap();
        assert!(audio.contains("a=group:BUNDLE 0\r\n") && audio.ends_with("a=mid:0\r\n"));
        assert!(audio.contains("AAAA") && !audio.contains("BBBB") && !audio.contains("m=video"));
        let video = answer.for_peer(Kind::Video, "0").unwrap();
        assert!(video.contains("BBBB") && !video.contains("m=audio"));
    }

    #[test]
    fn a_bundled_answer_keeps_one_group_and_one_mid() {
        let bundled = ANSWER
            .replace("t=0 0", "t=0 0\r\na=group:BUNDLE a1")
            .replace("a=ice-ufrag:AAAA", "a=mid:a1\r\na=ice-ufrag:AAAA");
        let audio = Description::parse(&bundled).unwrap().for_peer(Kind::Audio, "0").unwrap();
        assert_eq!(audio.matches("a=group:").count(), 1);
        assert_eq!(audio.matches("a=mid:").count(), 1);
        assert!(audio.contains("a=mid:0"));
    }

    #[test]
    fn an_answer_has_the_sections_of_the_offer() {
        let part = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
            m=audio 4000 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=setup:active\r\n";
        let accepted = Description::parse(part).unwrap();
        let offer = Description::parse(ANSWER).unwrap();
        let plain = offer.answer_with(Kind::Audio, &accepted).unwrap();
        assert!(!plain.contains("a=mid") && !plain.contains("a=group"), "{plain}");
        assert!(plain.contains("m=audio 4000 ") && plain.contains("a=setup:active"));
        assert!(plain.contains("m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=inactive"));
        // Video first, bundled: the order and the names stay.
        let bundled = "v=0\r\na=group:BUNDLE v a\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\n";
        let offer = Description::parse(bundled).unwrap();
        let answer = offer.answer_with(Kind::Audio, &accepted).unwrap();
        assert!(answer.contains("a=group:BUNDLE a\r\n"), "{answer}");
        let at = |text: &str| answer.find(text).unwrap();
        assert!(at("m=video 0 ") < at("a=mid:v") && at("a=mid:v") < at("m=audio 4000"));
        assert!(answer.ends_with("a=mid:a\r\n"));
        let video = Description::parse("v=0\r\nm=video 9 X 96\r\n").unwrap();
        assert!(video.answer_with(Kind::Audio, &accepted).is_none());
    }

    #[test]
    fn sections_that_are_missing_or_rejected_are_not_there() {
        let audio_only = ANSWER.split("m=video").next().unwrap();
        assert!(Description::parse(audio_only).unwrap().section(Kind::Video).is_none());
        let rejected = ANSWER.replace("m=audio 11826", "m=audio 0");
        assert!(Description::parse(&rejected).unwrap().section(Kind::Audio).is_none());
    }

    #[test]
    fn reads_codecs_and_candidates() {
        let answer = Description::parse(ANSWER).unwrap();
        let audio = answer.section(Kind::Audio).unwrap();
        let codecs = audio.codecs();
        assert_eq!(codecs[0].name, "opus");
        assert_eq!((codecs[0].payload_type, codecs[1].payload_type), (111, 110));
        assert_eq!(audio.candidates(), [("srflx".to_owned(), "192.0.2.1:11826".parse().unwrap())]);
        let plain = "v=0\r\nm=audio 4000 RTP/AVP 0 8 13\r\n";
        let plain = Description::parse(plain).unwrap();
        let names: Vec<String> =
            plain.section(Kind::Audio).unwrap().codecs().into_iter().map(|c| c.name).collect();
        assert_eq!(names, ["PCMU", "PCMA"]);
    }

    #[test]
    fn merging_numbers_the_sections_and_drops_the_groups() {
        let part = |kind: &str| {
            Description::parse(&format!(
                "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=group:BUNDLE 0\r\nm={kind} 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
            ))
            .unwrap()
        };
        let merged = Description::merge(&[part("audio"), part("video")]).unwrap();
        assert!(!merged.contains("a=group"));
        assert!(merged.contains("a=mid:0") && merged.contains("a=mid:1"));
        assert_eq!(merged.matches("m=").count(), 2);
    }

    #[test]
    fn the_default_candidate_is_written() {
        let sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n";
        let completed =
            Description::parse(sdp).unwrap().complete("192.0.2.7:5000".parse().unwrap());
        let text = Description::merge(&[completed]).unwrap();
        assert!(text.contains("m=audio 5000 UDP"));
        assert!(text.contains("c=IN IP4 192.0.2.7\r\n") && !text.contains("0.0.0.0"));
        assert!(text.ends_with("a=end-of-candidates\r\n"));
    }

    #[test]
    fn garbage_is_refused() {
        for sdp in ["", "hello", "v=0\r\n", "m=audio 1 RTP/AVP 0\r\n", "v=0\r\nm=audio\r\nxx\r\n"] {
            assert!(Description::parse(sdp).is_err(), "{sdp:?}");
        }
        // Odd but not fatal: no panic on missing words.
        let odd = Description::parse("v=0\r\nm=audio\r\na=candidate:1\r\na=rtpmap:x\r\n").unwrap();
        assert!(odd.section(Kind::Audio).is_some_and(|s| s.codecs().is_empty()));
    }
}
