//! Reading session descriptions (RFC 8866, RFC 8839, RFC 8842) leniently in form, strictly in sense.

use std::net::IpAddr;

/// A media direction, from the point of view of the side that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    /// The attribute name.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// The same flow seen from the other side.
    pub fn reversed(self) -> Direction {
        match self {
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            other => other,
        }
    }

    /// Whether the writer sends.
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    fn parse(text: &str) -> Option<Direction> {
        Some(match text {
            "sendrecv" => Direction::SendRecv,
            "sendonly" => Direction::SendOnly,
            "recvonly" => Direction::RecvOnly,
            "inactive" => Direction::Inactive,
            _ => return None,
        })
    }
}

/// The DTLS role attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    ActPass,
    Active,
    Passive,
}

impl Setup {
    /// The attribute value.
    pub fn as_str(self) -> &'static str {
        match self {
            Setup::ActPass => "actpass",
            Setup::Active => "active",
            Setup::Passive => "passive",
        }
    }
}

/// A certificate fingerprint, e.g. `sha-256` and upper-case hex with colons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    pub algorithm: String,
    pub value: String,
}

/// A candidate line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub component: u8,
    pub transport: String,
    pub priority: u32,
    pub address: String,
    pub port: u16,
    pub kind: String,
}

impl Candidate {
    /// The address when this is a UDP candidate of component 1 that IPv4 sockets can reach.
    pub fn usable(&self) -> Option<std::net::SocketAddr> {
        let udp = self.transport.eq_ignore_ascii_case("udp") && self.component == 1;
        let ip: IpAddr = self.address.parse().ok()?;
        (udp && ip.is_ipv4() && !ip.is_unspecified() && self.port != 0)
            .then(|| (ip, self.port).into())
    }

    fn parse(text: &str) -> Option<Candidate> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let kind = fields.iter().position(|f| *f == "typ").and_then(|at| fields.get(at + 1))?;
        Some(Candidate {
            component: fields.get(1)?.parse().ok()?,
            transport: (*fields.get(2)?).to_owned(),
            priority: fields.get(3)?.parse().ok()?,
            address: (*fields.get(4)?).to_owned(),
            port: fields.get(5)?.parse().ok()?,
            kind: (*kind).to_owned(),
        })
    }
}

/// A payload format of an m-line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    pub payload_type: u8,
    pub name: String,
    pub clock: u32,
    pub channels: u8,
    pub parameters: String,
    pub feedback: Vec<String>,
}

/// One m-section.
#[derive(Clone, Debug, Default)]
pub struct Section {
    pub kind: String,
    pub port: u16,
    pub protocol: String,
    pub formats: Vec<Format>,
    pub direction: Direction,
    pub mid: Option<String>,
    pub ufrag: Option<String>,
    pub pwd: Option<String>,
    pub fingerprints: Vec<Fingerprint>,
    pub setup: Option<Setup>,
    pub rtcp_mux: bool,
    pub candidates: Vec<Candidate>,
    pub ptime: Option<u32>,
    pub bundle_only: bool,
    pub ssrcs: Vec<u32>,
}

impl Section {
    /// The format with this codec name and clock, ignoring case.
    pub fn format(&self, name: &str, clock: u32) -> Option<&Format> {
        self.formats.iter().find(|f| f.name.eq_ignore_ascii_case(name) && f.clock == clock)
    }
}

/// A parsed description. Session-level ICE and DTLS attributes are copied into each section.
#[derive(Clone, Debug, Default)]
pub struct Description {
    pub bundle: Vec<String>,
    pub sections: Vec<Section>,
}

impl Description {
    /// Parses a description; the error names the line.
    pub fn parse(text: &str) -> Result<Description, String> {
        if !text.starts_with("v=0") {
            return Err("the description does not start with v=0".into());
        }
        let mut description = Description::default();
        let mut defaults = Section::default();
        for line in text.lines().map(str::trim_end).filter(|l| !l.is_empty()) {
            let (kind, value) = line
                .split_once('=')
                .filter(|(kind, _)| kind.len() == 1)
                .ok_or_else(|| format!("not an SDP line: {line:?}"))?;
            match kind {
                "m" => {
                    let section = media_line(value, &defaults)
                        .ok_or_else(|| format!("malformed m-line: {line:?}"))?;
                    description.sections.push(section);
                }
                "a" => match description.sections.last_mut() {
                    Some(section) => section_attribute(section, value),
                    None => {
                        if let Some(group) = value.strip_prefix("group:BUNDLE") {
                            description.bundle =
                                group.split_ascii_whitespace().map(str::to_owned).collect();
                        }
                        section_attribute(&mut defaults, value);
                    }
                },
                _ => {}
            }
        }
        Ok(description)
    }

    /// The first section of this kind that is not rejected.
    pub fn section(&self, kind: &str) -> Option<&Section> {
        self.sections.iter().find(|s| s.kind == kind && (s.port != 0 || s.bundle_only))
    }
}

fn media_line(value: &str, defaults: &Section) -> Option<Section> {
    let mut fields = value.split_ascii_whitespace();
    let mut section = Section {
        kind: fields.next()?.to_owned(),
        port: fields.next()?.split('/').next()?.parse().ok()?,
        protocol: fields.next()?.to_owned(),
        formats: Vec::new(),
        ..defaults.clone()
    };
    section.formats = fields.filter_map(|pt| pt.parse().ok()).map(static_format).collect();
    Some(section)
}

/// The formats that need no rtpmap (RFC 3551 section 6).
fn static_format(payload_type: u8) -> Format {
    let (name, clock) = match payload_type {
        0 => ("PCMU", 8000),
        8 => ("PCMA", 8000),
        9 => ("G722", 8000),
        13 => ("CN", 8000),
        _ => ("", 0),
    };
    Format {
        payload_type,
        name: name.to_owned(),
        clock,
        channels: 1,
        parameters: String::new(),
        feedback: Vec::new(),
    }
}

fn section_attribute(section: &mut Section, attribute: &str) {
    if let Some(direction) = Direction::parse(attribute) {
        section.direction = direction;
        return;
    }
    let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
    match name {
        "mid" => section.mid = Some(value.to_owned()),
        "ice-ufrag" => section.ufrag = Some(value.to_owned()),
        "ice-pwd" => section.pwd = Some(value.to_owned()),
        "rtcp-mux" => section.rtcp_mux = true,
        "bundle-only" => section.bundle_only = true,
        "ptime" => section.ptime = value.parse().ok(),
        "candidate" => section.candidates.extend(Candidate::parse(value)),
        "setup" => section.setup = parse_setup(value),
        "fingerprint" => section.fingerprints.extend(value.split_once(' ').map(|(a, v)| {
            Fingerprint { algorithm: a.to_ascii_lowercase(), value: v.trim().to_ascii_uppercase() }
        })),
        "ssrc" => {
            let ssrc = value.split(' ').next().and_then(|s| s.parse().ok());
            if let Some(ssrc) = ssrc.filter(|s| !section.ssrcs.contains(s)) {
                section.ssrcs.push(ssrc);
            }
        }
        "rtpmap" | "fmtp" | "rtcp-fb" => format_attribute(section, name, value),
        _ => {}
    }
}

fn parse_setup(value: &str) -> Option<Setup> {
    match value {
        "actpass" => Some(Setup::ActPass),
        "active" => Some(Setup::Active),
        "passive" => Some(Setup::Passive),
        _ => None,
    }
}

fn format_attribute(section: &mut Section, name: &str, value: &str) {
    let Some((payload_type, rest)) = value.split_once(' ') else {
        return;
    };
    let every = payload_type == "*" && name == "rtcp-fb";
    let payload_type = payload_type.parse::<u8>().ok();
    for format in &mut section.formats {
        if !every && Some(format.payload_type) != payload_type {
            continue;
        }
        match name {
            "fmtp" => format.parameters = rest.trim().to_owned(),
            "rtcp-fb" => format.feedback.push(rest.trim().to_owned()),
            _ => {
                let mut fields = rest.trim().split('/');
                format.name = fields.next().unwrap_or_default().to_owned();
                format.clock = fields.next().and_then(|c| c.parse().ok()).unwrap_or(0);
                format.channels = fields.next().and_then(|c| c.parse().ok()).unwrap_or(1);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What a browser offers for an audio call with two codecs, shortened.
    pub(crate) const BROWSER_AUDIO: &str = "v=0\r\n\
        o=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
        m=audio 40000 UDP/TLS/RTP/SAVPF 111 0 110 126\r\nc=IN IP4 192.0.2.1\r\n\
        a=candidate:1 1 udp 2122260223 ab12.local 50000 typ host generation 0\r\n\
        a=candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active\r\n\
        a=candidate:3 1 udp 2122260223 192.0.2.1 40000 typ host generation 0\r\n\
        a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n\
        a=fingerprint:sha-256 aa:BB\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n\
        a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n\
        a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:110 telephone-event/48000\r\n\
        a=rtpmap:126 telephone-event/8000\r\na=ssrc:77 cname:x\r\na=ssrc:77 msid:y z\r\n";

    #[test]
    fn a_browser_offer_is_read() {
        let offer = Description::parse(BROWSER_AUDIO).unwrap();
        assert_eq!(offer.bundle, ["0"]);
        let audio = offer.section("audio").unwrap();
        let opus = audio.format("OPUS", 48_000).unwrap();
        assert_eq!((opus.payload_type, opus.channels), (111, 2));
        assert_eq!(opus.parameters, "minptime=10;useinbandfec=1");
        assert_eq!(audio.format("PCMU", 8000).unwrap().payload_type, 0);
        assert_eq!(audio.setup, Some(Setup::ActPass));
        assert_eq!(audio.fingerprints[0].value, "AA:BB");
        assert_eq!(audio.ssrcs, [77]);
        let usable: Vec<_> = audio.candidates.iter().filter_map(Candidate::usable).collect();
        assert_eq!(usable, ["192.0.2.1:40000".parse::<std::net::SocketAddr>().unwrap()]);
    }

    #[test]
    fn session_level_transport_attributes_count_for_each_section() {
        let offer = Description::parse(
            "v=0\na=ice-ufrag:u\na=ice-pwd:p\na=fingerprint:sha-256 AA\na=setup:active\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 0\nm=video 0 UDP/TLS/RTP/SAVPF 96\n",
        )
        .unwrap();
        assert_eq!(offer.sections[1].ufrag.as_deref(), Some("u"));
        assert_eq!(offer.sections[0].setup, Some(Setup::Active));
        assert!(offer.section("video").is_none(), "a section with port 0 is rejected");
    }

    #[test]
    fn rubbish_is_refused_with_a_reason() {
        assert!(Description::parse("hello").is_err());
        assert!(Description::parse("v=0\nm=audio\n").unwrap_err().contains("m-line"));
        assert!(Description::parse("v=0\nrubbish\n").unwrap_err().contains("SDP line"));
    }

    #[test]
    fn directions_are_mirrored() {
        assert_eq!(Direction::SendOnly.reversed(), Direction::RecvOnly);
        assert_eq!(Direction::SendRecv.reversed(), Direction::SendRecv);
        assert!(Direction::SendOnly.sends() && !Direction::Inactive.sends());
    }
}
