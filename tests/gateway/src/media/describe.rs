//! Writing session descriptions in the two dialects.

use super::negotiate::{Agreed, Codec};
use super::sdp::{Fingerprint, Section, Setup};
use std::fmt::Write;

/// The looks of the server's descriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Dialect {
    /// As FreeSWITCH writes: no BUNDLE, no mid, one transport per m-section, audio first.
    #[default]
    FreeSwitch,
    /// As a browser answers: BUNDLE, mid, one transport.
    Browser,
}

/// How an offer of a browser says that its sections share one transport (RFC 9143).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundle {
    /// All sections name it.
    Shared,
    /// The first one names it, the others are `bundle-only`.
    Only,
}

/// The parameters of a local transport.
#[derive(Clone, Debug)]
pub struct Local {
    pub address: std::net::SocketAddr,
    pub ufrag: String,
    pub pwd: String,
    pub setup: Setup,
    pub foundation: u64,
}

/// One m-section of ours.
pub struct LocalSection<'a> {
    pub agreed: &'a Agreed,
    pub local: &'a Local,
    pub ssrc: u32,
}

/// What all sections of a description share.
pub struct Session<'a> {
    pub id: u64,
    pub version: u64,
    pub fingerprint: &'a Fingerprint,
    pub cname: &'a str,
    pub stream: &'a str,
}

fn head(session: &Session, user: &str, address: &str) -> String {
    let (id, version) = (session.id, session.version);
    format!("v=0\r\no={user} {id} {version} IN IP4 {address}\r\n")
}

/// An answer of FreeSWITCH: sections in its own order, rejected ones left out.
pub fn freeswitch_answer(
    session: &Session,
    sections: &[LocalSection],
    extra_audio: usize,
) -> String {
    let mut out = freeswitch_head(session, sections);
    for section in sections {
        let video = section.agreed.codec.is_video();
        freeswitch_media_line(&mut out, section, "UDP/TLS/RTP/SAVPF", &[]);
        if !video {
            out.push_str("a=silenceSupp:off - - - -\r\n");
            let _ = write!(out, "a=ptime:{}\r\n", section.agreed.ptime);
        }
        freeswitch_direction_and_dtls(&mut out, session, section);
        if video {
            feedback(&mut out, section.agreed, &[]);
            sources(&mut out, session, section);
            ice(&mut out, section, false);
            out.push_str("a=end-of-candidates\r\n");
        } else {
            ice(&mut out, section, false);
            out.push_str("a=end-of-candidates\r\n");
            sources(&mut out, session, section);
        }
    }
    for _ in 0..extra_audio {
        out.push_str("m=audio 0 RTP/AVP 19\r\n");
    }
    out
}

/// An offer of FreeSWITCH: another profile, candidates for component 2, more codecs.
pub fn freeswitch_offer(session: &Session, sections: &[LocalSection], only: bool) -> String {
    let mut out = freeswitch_head(session, sections);
    for section in sections {
        let video = section.agreed.codec.is_video();
        let more: &[(u8, &str)] = match video || only {
            true => &[],
            false => &[(0, "PCMU/8000"), (8, "PCMA/8000")],
        };
        freeswitch_media_line(&mut out, section, "RTP/SAVPF", more);
        if video {
            freeswitch_direction_and_dtls(&mut out, session, section);
            feedback(&mut out, section.agreed, &["ccm tmmbr"]);
        } else {
            freeswitch_dtls(&mut out, session, section);
        }
        sources(&mut out, session, section);
        ice(&mut out, section, true);
        if video {
            out.push_str("a=end-of-candidates\r\n");
        } else {
            out.push_str("a=silenceSupp:off - - - -\r\na=ptime:20\r\n");
            let _ = write!(out, "a={}\r\n", section.agreed.direction.as_str());
        }
    }
    out
}

fn freeswitch_head(session: &Session, sections: &[LocalSection]) -> String {
    let ip = sections.first().map_or("127.0.0.1".to_owned(), |s| s.local.address.ip().to_string());
    let mut out = head(session, "FreeSWITCH", &ip);
    let _ = write!(
        out,
        "s=FreeSWITCH\r\nc=IN IP4 {ip}\r\nt=0 0\r\na=msid-semantic: WMS {}\r\n",
        session.stream
    );
    out
}

fn freeswitch_media_line(
    out: &mut String,
    section: &LocalSection,
    profile: &str,
    more: &[(u8, &str)],
) {
    let agreed = section.agreed;
    let kind = if agreed.codec.is_video() { "video" } else { "audio" };
    let port = section.local.address.port();
    let _ = write!(out, "m={kind} {port} {profile} {}", agreed.payload_type);
    for (payload_type, _) in more {
        let _ = write!(out, " {payload_type}");
    }
    if let Some((payload_type, _)) = agreed.events {
        let _ = write!(out, " {payload_type}");
    }
    out.push_str("\r\n");
    if agreed.codec.is_video() {
        out.push_str("b=AS:1024\r\n");
    }
    format_lines(out, agreed);
    for (payload_type, map) in more {
        let _ = write!(out, "a=rtpmap:{payload_type} {map}\r\n");
    }
    if let Some((payload_type, clock)) = agreed.events {
        let _ = write!(out, "a=rtpmap:{payload_type} telephone-event/{clock}\r\n");
    }
}

fn format_lines(out: &mut String, agreed: &Agreed) {
    let channels = if agreed.codec == Codec::Opus { "/2" } else { "" };
    let (payload_type, codec) = (agreed.payload_type, agreed.codec);
    let (name, clock) = (codec.name(), codec.clock());
    let _ = write!(out, "a=rtpmap:{payload_type} {name}/{clock}{channels}\r\n");
    if !agreed.parameters.is_empty() {
        let _ = write!(out, "a=fmtp:{payload_type} {}\r\n", agreed.parameters);
    }
}

fn feedback(out: &mut String, agreed: &Agreed, more: &[&str]) {
    for item in agreed.feedback.iter().map(String::as_str).chain(more.iter().copied()) {
        let _ = write!(out, "a=rtcp-fb:{} {item}\r\n", agreed.payload_type);
    }
}

fn freeswitch_direction_and_dtls(out: &mut String, session: &Session, section: &LocalSection) {
    let _ = write!(out, "a={}\r\n", section.agreed.direction.as_str());
    freeswitch_dtls(out, session, section);
}

fn freeswitch_dtls(out: &mut String, session: &Session, section: &LocalSection) {
    let address = section.local.address;
    let fingerprint = session.fingerprint;
    let _ = write!(
        out,
        "a=fingerprint:{} {}\r\na=setup:{}\r\na=rtcp-mux\r\na=rtcp:{} IN IP4 {}\r\n",
        fingerprint.algorithm,
        fingerprint.value,
        section.local.setup.as_str(),
        address.port(),
        address.ip()
    );
}

fn ice(out: &mut String, section: &LocalSection, component_two: bool) {
    let local = section.local;
    let _ = write!(out, "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", local.ufrag, local.pwd);
    for component in 1..=if component_two { 2 } else { 1 } {
        let _ = write!(
            out,
            "a=candidate:{:010} {component} udp {} {} {} typ host generation 0\r\n",
            local.foundation,
            2_130_706_431_u32,
            local.address.ip(),
            local.address.port()
        );
    }
}

fn sources(out: &mut String, session: &Session, section: &LocalSection) {
    let (ssrc, stream) = (section.ssrc, session.stream);
    let track = if section.agreed.codec.is_video() { "v0" } else { "a0" };
    let _ = write!(
        out,
        "a=ssrc:{ssrc} cname:{}\r\na=ssrc:{ssrc} msid:{stream} {track}\r\n\
         a=ssrc:{ssrc} mslabel:{stream}\r\na=ssrc:{ssrc} label:{stream}{track}\r\n",
        session.cname
    );
}

/// A browser's answer: one section for each offered one, in its order, all on one transport.
///
/// Sections are bundled only if that was offered (`bundle`: their names), or if there is but one.
pub fn browser_answer(
    session: &Session,
    (offered, bundle): (&[Section], &[String]),
    sections: &[LocalSection],
) -> String {
    let mids: Vec<&str> = sections
        .iter()
        .filter_map(|s| s.agreed.mid.as_deref())
        .filter(|mid| sections.len() == 1 || bundle.iter().any(|offered| offered == mid))
        .collect();
    let mut out = head(session, "-", "127.0.0.1");
    out.push_str("s=-\r\nt=0 0\r\n");
    if !mids.is_empty() {
        let _ = write!(out, "a=group:BUNDLE {}\r\n", mids.join(" "));
    }
    let _ = write!(out, "a=msid-semantic: WMS {}\r\n", session.stream);
    for offer in offered {
        let ours = sections.iter().find(|section| {
            let kind = if section.agreed.codec.is_video() { "video" } else { "audio" };
            section.agreed.mid == offer.mid && kind == offer.kind
        });
        match ours {
            Some(section) => browser_section(&mut out, session, section),
            None => rejected_section(&mut out, offer),
        }
    }
    out
}

/// A browser's offer: all sections on one transport.
pub fn browser_offer(session: &Session, sections: &[LocalSection], bundle: Bundle) -> String {
    let mids: Vec<&str> = sections.iter().filter_map(|s| s.agreed.mid.as_deref()).collect();
    let mut out = head(session, "-", "127.0.0.1");
    let (names, stream) = (mids.join(" "), session.stream);
    let _ = write!(out, "s=-\r\nt=0 0\r\na=group:BUNDLE {names}\r\n");
    let _ = write!(out, "a=msid-semantic: WMS {stream}\r\n");
    for (at, section) in sections.iter().enumerate() {
        let mut lines = String::new();
        browser_section(&mut lines, session, section);
        if at > 0 && bundle == Bundle::Only {
            let port = format!(" {} ", section.local.address.port());
            lines = lines.replacen(&port, " 0 ", 1);
            let is_own =
                |line: &&str| !line.starts_with("a=candidate:") && !line.starts_with("a=ice-");
            lines = lines.split_inclusive("\r\n").filter(is_own).collect();
            lines.push_str("a=bundle-only\r\n");
        }
        out.push_str(&lines);
    }
    out
}

fn rejected_section(out: &mut String, offer: &Section) {
    let payload_type = offer.formats.first().map_or(0, |f| f.payload_type);
    let _ = write!(out, "m={} 0 {} {payload_type}\r\n", offer.kind, offer.protocol);
    out.push_str("c=IN IP4 0.0.0.0\r\n");
    if let Some(mid) = &offer.mid {
        let _ = write!(out, "a=mid:{mid}\r\n");
    }
    out.push_str("a=inactive\r\n");
}

fn browser_section(out: &mut String, session: &Session, section: &LocalSection) {
    let (agreed, local) = (section.agreed, section.local);
    let kind = if agreed.codec.is_video() { "video" } else { "audio" };
    let (ip, port) = (local.address.ip(), local.address.port());
    let _ = write!(out, "m={kind} {port} UDP/TLS/RTP/SAVPF {}", agreed.payload_type);
    if let Some((payload_type, _)) = agreed.events {
        let _ = write!(out, " {payload_type}");
    }
    let _ = write!(
        out,
        "\r\nc=IN IP4 {ip}\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
         a=candidate:{} 1 udp 2122260223 {ip} {port} typ host generation 0 network-id 1\r\n\
         a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:{} {}\r\na=setup:{}\r\n{}a={}\r\n\
         a=msid:{} {kind}0\r\na=rtcp-mux\r\n",
        local.foundation,
        local.ufrag,
        local.pwd,
        session.fingerprint.algorithm,
        session.fingerprint.value,
        local.setup.as_str(),
        agreed.mid.as_ref().map(|mid| format!("a=mid:{mid}\r\n")).unwrap_or_default(),
        agreed.direction.as_str(),
        session.stream,
    );
    format_lines(out, agreed);
    feedback(out, agreed, &[]);
    if let Some((payload_type, clock)) = agreed.events {
        let _ = write!(out, "a=rtpmap:{payload_type} telephone-event/{clock}\r\n");
    }
    let _ = write!(out, "a=ssrc:{} cname:{}\r\n", section.ssrc, session.cname);
}

#[cfg(test)]
mod tests {
    use super::super::negotiate::agree;
    use super::super::sdp::{tests::BROWSER_AUDIO, Description};
    use super::*;

    fn written(dialect: Dialect) -> String {
        let offer = Description::parse(BROWSER_AUDIO).unwrap();
        let agreed = agree(offer.section("audio").unwrap()).unwrap();
        let fingerprint = Fingerprint { algorithm: "sha-256".into(), value: "2F:A8".into() };
        let session = Session {
            id: 1,
            version: 2,
            fingerprint: &fingerprint,
            cname: "sgy5Vzf1vVvag21w",
            stream: "pjdp",
        };
        let local = Local {
            address: "127.0.0.1:16402".parse().unwrap(),
            ufrag: "yHXg5qM2RLExPwXR".into(),
            pwd: "SPdr0Zkpowjkheojbs7mWYZ1".into(),
            setup: Setup::Active,
            foundation: 402_951_660,
        };
        let section = LocalSection { agreed: &agreed, local: &local, ssrc: 3_339_768_195 };
        match dialect {
            Dialect::FreeSwitch => freeswitch_answer(&session, &[section], 0),
            Dialect::Browser => browser_answer(&session, (&offer.sections, &[]), &[section]),
        }
    }

    #[test]
    fn an_audio_answer_of_freeswitch_line_by_line() {
        let expected = "v=0
o=FreeSWITCH 1 2 IN IP4 127.0.0.1
s=FreeSWITCH
c=IN IP4 127.0.0.1
t=0 0
a=msid-semantic: WMS pjdp
m=audio 16402 UDP/TLS/RTP/SAVPF 111 110
a=rtpmap:111 opus/48000/2
a=fmtp:111 useinbandfec=1; minptime=10
a=rtpmap:110 telephone-event/48000
a=silenceSupp:off - - - -
a=ptime:20
a=sendrecv
a=fingerprint:sha-256 2F:A8
a=setup:active
a=rtcp-mux
a=rtcp:16402 IN IP4 127.0.0.1
a=ice-ufrag:yHXg5qM2RLExPwXR
a=ice-pwd:SPdr0Zkpowjkheojbs7mWYZ1
a=candidate:0402951660 1 udp 2130706431 127.0.0.1 16402 typ host generation 0
a=end-of-candidates
a=ssrc:3339768195 cname:sgy5Vzf1vVvag21w
a=ssrc:3339768195 msid:pjdp a0
a=ssrc:3339768195 mslabel:pjdp
a=ssrc:3339768195 label:pjdpa0
";
        assert_eq!(written(Dialect::FreeSwitch).replace("\r\n", "\n"), expected);
    }

    #[test]
    fn a_browser_answer_has_bundle_and_mid() {
        let answer = written(Dialect::Browser);
        assert!(answer.contains("a=group:BUNDLE 0\r\n") && answer.contains("a=mid:0\r\n"));
        let read = Description::parse(&answer).unwrap();
        assert_eq!(read.sections[0].candidates.len(), 1);
        assert_eq!(read.sections[0].format("telephone-event", 48_000).unwrap().payload_type, 110);
    }

    #[test]
    fn a_rejected_section_of_a_browser_keeps_its_place() {
        let text = format!("{BROWSER_AUDIO}m=application 9 UDP/DTLS/SCTP 5000\r\na=mid:1\r\n");
        let offer = Description::parse(&text).unwrap();
        let fingerprint = Fingerprint { algorithm: "sha-256".into(), value: "AA".into() };
        let session =
            Session { id: 1, version: 1, fingerprint: &fingerprint, cname: "c", stream: "s" };
        let answer = browser_answer(&session, (&offer.sections, &[]), &[]);
        assert!(answer.contains("m=application 0 UDP/DTLS/SCTP"));
    }
}
