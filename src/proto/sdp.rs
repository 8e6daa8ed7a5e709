//! SDP as sections of lines: merging and splitting between the service's one description per
//! call and one peer connection per m-section, and reading what was negotiated.
//!
//! The service's media nodes are of the FreeSWITCH family: they never bundle, write no `mid`,
//! give each m-line its own port, ICE credentials and candidates, put audio first and leave
//! rejected m-lines out (seen in production answers; FreeSWITCH `switch_core_media.c`). The
//! peer connection below wants a `mid` and one transport per description.

use crate::config::MediaDirection;
use crate::error::{Error, Result};
use std::net::SocketAddr;

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

/// Where a side's descriptions come from: one session whose version grows (RFC 3264, 8).
#[derive(Default)]
pub(crate) struct Origin(Option<(String, u64)>);

impl Origin {
    /// Puts the origin into the next description of this side.
    pub(crate) fn stamp(&mut self, sdp: &str) -> String {
        let mut lines: Vec<String> = sdp.lines().map(str::to_owned).collect();
        let origin = lines.iter_mut().find(|line| line.starts_with("o="));
        if let Some(line) = origin {
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            if let [_, id, version, ..] = &mut words[..] {
                let own = version.parse().unwrap_or(1);
                let (known, last) = self.0.get_or_insert_with(|| (id.clone(), own));
                id.clone_from(known);
                *version = last.to_string();
                *last = last.wrapping_add(1);
            }
            *line = words.join(" ");
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        join(&lines)
    }
}

/// What one peer connection contributes to a description.
pub(crate) struct Part<'a> {
    pub(crate) kind: Kind,
    pub(crate) description: &'a Description,
    pub(crate) direction: MediaDirection,
    /// Whether it is to be an offer's: then the far side chooses the DTLS role (RFC 8842, 5.2).
    pub(crate) is_offer: bool,
    /// Whether it shares the transport of the part before it (RFC 9143).
    pub(crate) is_bundled: bool,
}

impl Part<'_> {
    /// The section's lines without a `mid`.
    fn lines(&self) -> Result<Vec<String>> {
        let mut sections = self.description.sections.iter();
        let section = sections.find(|section| section.is_kind(self.kind));
        let section = section.ok_or_else(|| unusable("a peer connection lacks a section"))?;
        let mut lines = section.directed(self.direction).lines;
        lines.retain(|line| !line.starts_with("a=mid:"));
        if !self.direction.sends() {
            // Sources that are announced would be waited for.
            lines.retain(|line| !line.starts_with("a=ssrc:") && !line.starts_with("a=msid:"));
        }
        if self.is_offer {
            for line in &mut lines {
                if line.starts_with("a=setup:") {
                    "a=setup:actpass".clone_into(line);
                }
            }
        }
        Ok(lines)
    }
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

    /// The description for the peer connection of these sections, under the names that it knows them
    /// by: the session part, the sections in the given order, and the `mid` and group that the peer
    /// connection insists on. The first section has to be there; another one that is refused stays
    /// so. For the peer connection media always flow both ways: directions change without it (its
    /// own handling of them cannot end a hold of the far side's).
    pub(crate) fn for_peer(&self, named: &[(Kind, &str)]) -> Option<String> {
        self.section(named.first()?.0)?;
        let inherited = |line: &&String| {
            !line.starts_with("a=group:")
                && !line.starts_with("a=msid-semantic")
                && direction_of(line).is_none()
        };
        let mut lines: Vec<&str> =
            self.session.iter().filter(inherited).map(String::as_str).collect();
        let accepted = named.iter().filter(|(kind, _)| self.has(*kind)).map(|(_, mid)| *mid);
        let group = format!("a=group:BUNDLE {}", accepted.collect::<Vec<_>>().join(" "));
        lines.push(&group);
        let sections: Vec<(Vec<String>, String)> = named
            .iter()
            .filter_map(|(kind, mid)| Some((self.section_for_peer(*kind)?, format!("a=mid:{mid}"))))
            .collect();
        for (section, mid) in &sections {
            lines.extend(section.iter().map(String::as_str));
            lines.push(mid);
        }
        Some(join(&lines))
    }

    fn section_for_peer(&self, kind: Kind) -> Option<Vec<String>> {
        let Some(section) = self.section(kind) else {
            return self.sections.iter().find(|own| own.is_kind(kind)).map(Section::rejected);
        };
        let mut lines = section.directed(MediaDirection::SendReceive).lines;
        lines.retain(|line| !line.starts_with("a=mid:"));
        Some(lines)
    }

    /// A description with the sections of this one, in its order and under its `mid` (RFC 3264, 6
    /// and 8; RFC 9143, 7.3): those of `parts` in place of the ones of their kinds, every other one
    /// rejected, and behind them the parts that this one has no section for.
    pub(crate) fn replaced_by(&self, parts: &[Part]) -> Result<String> {
        let first = parts.first().ok_or_else(|| unusable("there is nothing to say"))?;
        let mut lines: Vec<String> = first
            .description
            .session
            .iter()
            .filter(|line| !line.starts_with("a=group:"))
            .cloned()
            .collect();
        let chosen = |kind: Kind| {
            let is_kind = |section: &&Section| section.is_kind(kind);
            let accepted = |section: &&Section| section.is_kind(kind) && !section.is_rejected();
            let mut all = self.sections.iter();
            all.find(accepted).or_else(|| self.sections.iter().find(is_kind))
        };
        let bundled = 1 + parts.iter().skip(1).take_while(|part| part.is_bundled).count();
        if bundled > 1 || parts.len() == 1 {
            let mids = parts[..bundled].iter().filter_map(|part| chosen(part.kind)?.mid());
            let mids: Vec<&str> = mids.filter(|mid| self.bundles(mid)).collect();
            if !mids.is_empty() {
                lines.push(format!("a=group:BUNDLE {}", mids.join(" ")));
            }
        }
        for section in &self.sections {
            let part = parts
                .iter()
                .find(|part| chosen(part.kind).is_some_and(|own| std::ptr::eq(own, section)));
            match part {
                Some(part) => lines.extend(part.lines()?),
                None => lines.extend(section.rejected()),
            }
            lines.extend(section.mid().map(|mid| format!("a=mid:{mid}")));
        }
        let has_mids = self.sections.iter().any(|section| section.mid().is_some());
        let more = parts.iter().filter(|part| chosen(part.kind).is_none());
        for (index, part) in more.enumerate() {
            lines.extend(part.lines()?);
            if has_mids {
                lines.push(format!("a=mid:{}{index}", part.kind.word()));
            }
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Ok(join(&lines))
    }

    /// In which directions media of this kind flow, as this description's side sees it.
    pub(crate) fn direction(&self, kind: Kind) -> MediaDirection {
        let Some(section) = self.section(kind) else { return MediaDirection::Inactive };
        let stated = |lines: &[String]| lines.iter().find_map(|line| direction_of(line));
        stated(&section.lines)
            .or_else(|| stated(&self.session))
            .unwrap_or(MediaDirection::SendReceive)
    }

    /// The most that the far side takes of this kind, in bits per second (RFC 8866, 5.8; RFC 3890).
    pub(crate) fn bandwidth_bps(&self, kind: Kind) -> Option<u64> {
        let lines = &self.section(kind)?.lines;
        let value = |name: &str| -> Option<u64> {
            lines.iter().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
        };
        value("b=TIAS:").or_else(|| value("b=AS:").map(|kilobits| kilobits.saturating_mul(1000)))
    }

    /// Whether this side put both kinds onto one transport: they are in one group, and the video
    /// names no transport, or the audio's (RFC 9143, 7.2 and 7.4).
    pub(crate) fn shares_transport(&self) -> bool {
        let (Some(audio), Some(video)) = (self.section(Kind::Audio), self.section(Kind::Video))
        else {
            return false;
        };
        let groups = self.session.iter().filter_map(|line| line.strip_prefix("a=group:BUNDLE"));
        let has = |group: &str, section: &Section| {
            section.mid().is_some_and(|mid| group.split_whitespace().any(|other| other == mid))
        };
        let mut common = groups.filter(|group| has(group, audio) && has(group, video));
        let is_own = video.has_transport() && video.candidates() != audio.candidates();
        common.next().is_some() && !is_own
    }

    /// The sections under their names, in order.
    pub(crate) fn named(&self) -> Vec<(Kind, &str)> {
        let kind = |section: &Section| {
            [Kind::Audio, Kind::Video].into_iter().find(|kind| section.is_kind(*kind))
        };
        self.sections.iter().filter_map(|own| Some((kind(own)?, own.mid()?))).collect()
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
    pub(crate) fn merge(parts: &[Part]) -> Result<String> {
        let first = parts.first().ok_or_else(|| unusable("there is nothing to merge"))?;
        let session = &first.description.session;
        let mut lines: Vec<String> =
            session.iter().filter(|line| !line.starts_with("a=group:")).cloned().collect();
        for (index, part) in parts.iter().enumerate() {
            lines.extend(part.lines()?);
            lines.push(format!("a=mid:{index}"));
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Ok(join(&lines))
    }

    /// Says how long the packets of audio should be that the far side sends, and how long they may be
    /// (RFC 8866, 6.4; RFC 3264, 5.1).
    pub(crate) fn with_packet_ms(mut self, wanted: u32, longest: u32) -> Self {
        for section in self.sections.iter_mut().filter(|section| section.is_kind(Kind::Audio)) {
            section.lines.push(format!("a=ptime:{wanted}"));
            section.lines.push(format!("a=maxptime:{longest}"));
        }
        self
    }

    /// Puts the default candidate into the m- and c-lines (RFC 8839, 4.2.1.2) and ends the list
    /// of candidates, which is complete: there is no trickling, and RTCP shares the RTP port. Only the
    /// candidates at `own` are left: an ICE restart would name those of before, and first.
    pub(crate) fn complete(mut self, address: SocketAddr, own: &[SocketAddr]) -> Self {
        for section in &mut self.sections {
            section.complete(address, own);
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

    /// A port of 0 means rejected, or in an offer that there is only the bundle's (RFC 9143, 6).
    fn is_rejected(&self) -> bool {
        self.lines[0].split(' ').nth(1) == Some("0") && !self.is_bundle_only()
    }

    fn is_bundle_only(&self) -> bool {
        self.lines.iter().any(|line| line == "a=bundle-only")
    }

    /// The same section with this direction.
    fn directed(&self, direction: MediaDirection) -> Self {
        let mut lines = self.lines.clone();
        let place = lines.iter().position(|line| direction_of(line).is_some());
        lines.retain(|line| direction_of(line).is_none());
        let own = format!("a={}", direction_word(direction));
        lines.insert(place.unwrap_or(lines.len()), own);
        Self { lines }
    }

    /// The format parameters of a payload type.
    pub(crate) fn parameters(&self, payload_type: u8) -> Option<&str> {
        self.attributes("fmtp").find_map(|value| {
            let (number, parameters) = value.split_once(' ')?;
            (number.parse() == Ok(payload_type)).then(|| parameters.trim())
        })
    }

    /// The value of an attribute that is a length of packets, in whole milliseconds (RFC 8866, 6.4:
    /// not zero, maybe with a fraction).
    pub(crate) fn milliseconds(&self, name: &str) -> Option<u32> {
        milliseconds(self.attributes(name).next()?)
    }

    /// The same as a parameter of a payload type, which is not in any standard.
    pub(crate) fn parameter_ms(&self, payload_type: u8, name: &str) -> Option<u32> {
        self.parameters(payload_type)?.split(';').find_map(|parameter| {
            let (key, value) = parameter.trim().split_once('=')?;
            key.eq_ignore_ascii_case(name).then(|| milliseconds(value)).flatten()
        })
    }

    /// Whether this RTCP feedback is there for a payload type (RFC 4585, 4.2), such as `nack`.
    pub(crate) fn has_feedback(&self, payload_type: u8, feedback: &str) -> bool {
        self.attributes("rtcp-fb").any(|value| {
            let Some((number, what)) = value.split_once(' ') else { return false };
            (number == "*" || number.parse() == Ok(payload_type)) && what.trim() == feedback
        })
    }

    /// Whether the section has a transport of its own that candidates are known for.
    pub(crate) fn has_transport(&self) -> bool {
        self.attributes("candidate").next().is_some() && !self.is_bundle_only()
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
    pub(crate) fn candidates(&self) -> Vec<(String, SocketAddr)> {
        self.attributes("candidate").filter_map(candidate).collect()
    }

    fn complete(&mut self, address: SocketAddr, own: &[SocketAddr]) {
        let mut words: Vec<String> = self.lines[0].split(' ').map(str::to_owned).collect();
        if let Some(port) = words.get_mut(1) {
            *port = address.port().to_string();
        }
        self.lines[0] = words.join(" ");
        let family = if address.is_ipv4() { "IP4" } else { "IP6" };
        let connection = format!("c=IN {family} {}", address.ip());
        self.lines.retain(|line| {
            let is_old = || {
                line.strip_prefix("a=candidate:").is_some_and(|value| {
                    candidate(value)
                        .is_some_and(|(_, address)| !own.iter().any(|own| is_same(own, &address)))
                })
            };
            !line.starts_with("c=")
                && !line.starts_with("a=rtcp:")
                && !is_second_component(line)
                && !is_old()
        });
        self.lines.insert(1, connection);
        if !self.lines.iter().any(|line| line == "a=end-of-candidates") {
            self.lines.push("a=end-of-candidates".into());
        }
    }
}

fn milliseconds(text: &str) -> Option<u32> {
    let whole = text.trim().split('.').next()?;
    whole.parse().ok().filter(|ms| *ms > 0)
}

fn direction_of(line: &str) -> Option<MediaDirection> {
    match line.strip_prefix("a=")?.trim() {
        "sendrecv" => Some(MediaDirection::SendReceive),
        "sendonly" => Some(MediaDirection::SendOnly),
        "recvonly" => Some(MediaDirection::ReceiveOnly),
        "inactive" => Some(MediaDirection::Inactive),
        _ => None,
    }
}

fn direction_word(direction: MediaDirection) -> &'static str {
    match direction {
        MediaDirection::SendReceive => "sendrecv",
        MediaDirection::SendOnly => "sendonly",
        MediaDirection::ReceiveOnly => "recvonly",
        MediaDirection::Inactive => "inactive",
    }
}

fn attributes<'a>(lines: &'a [String], name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
    lines
        .iter()
        .filter_map(move |line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
}

/// The scope of an IPv6 address is not in descriptions.
fn is_same(one: &SocketAddr, other: &SocketAddr) -> bool {
    (one.ip(), one.port()) == (other.ip(), other.port())
}

/// Type and address of a candidate (RFC 8839, 5.1).
fn candidate(value: &str) -> Option<(String, SocketAddr)> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let ip: std::net::IpAddr = words.get(4)?.parse().ok()?;
    let port = words.get(5)?.parse().ok()?;
    let kind = words.iter().position(|word| *word == "typ")?;
    Some(((*words.get(kind + 1)?).to_owned(), (ip, port).into()))
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
mod tests;
