//! Descriptions of both dialects, split, joined and read.

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
    let audio = answer.for_peer(&[(Kind::Audio, "0")]).unwrap();
    assert!(audio.contains("a=group:BUNDLE 0\r\n") && audio.ends_with("a=mid:0\r\n"));
    assert!(audio.contains("AAAA") && !audio.contains("BBBB") && !audio.contains("m=video"));
    let video = answer.for_peer(&[(Kind::Video, "0")]).unwrap();
    assert!(video.contains("BBBB") && !video.contains("m=audio"));
}

#[test]
fn a_bundled_answer_keeps_one_group_and_one_mid() {
    let bundled = ANSWER
        .replace("t=0 0", "t=0 0\r\na=group:BUNDLE a1")
        .replace("a=ice-ufrag:AAAA", "a=mid:a1\r\na=ice-ufrag:AAAA");
    let audio = Description::parse(&bundled).unwrap().for_peer(&[(Kind::Audio, "0")]).unwrap();
    assert_eq!(audio.matches("a=group:").count(), 1);
    assert_eq!(audio.matches("a=mid:").count(), 1);
    assert!(audio.contains("a=mid:0"));
}

fn answer_part(description: &Description) -> Part<'_> {
    let (kind, direction) = (Kind::Audio, MediaDirection::SendReceive);
    Part { kind, description, direction, is_offer: false, is_bundled: false }
}

#[test]
fn an_answer_has_the_sections_of_the_offer() {
    let part = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
        m=audio 4000 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=setup:active\r\n";
    let accepted = Description::parse(part).unwrap();
    let offer = Description::parse(ANSWER).unwrap();
    let part = [answer_part(&accepted)];
    let plain = offer.replaced_by(&part).unwrap();
    assert!(!plain.contains("a=mid") && !plain.contains("a=group"), "{plain}");
    assert!(plain.contains("m=audio 4000 ") && plain.contains("a=setup:active"));
    assert!(plain.contains("m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=inactive"));
    // Video first, bundled: the order and the names stay.
    let bundled = "v=0\r\na=group:BUNDLE v a\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\n";
    let offer = Description::parse(bundled).unwrap();
    let answer = offer.replaced_by(&part).unwrap();
    assert!(answer.contains("a=group:BUNDLE a\r\n"), "{answer}");
    let at = |text: &str| answer.find(text).unwrap();
    assert!(at("m=video 0 ") < at("a=mid:v") && at("a=mid:v") < at("m=audio 4000"));
    assert!(answer.ends_with("a=mid:a\r\n"));
}

#[test]
fn a_bundled_offer_is_answered_in_its_bundle() {
    let offer = "v=0\r\na=group:BUNDLE v a\r\nm=video 0 X 96\r\na=mid:v\r\na=bundle-only\r\n\
        m=audio 9 X 111\r\na=mid:a\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
    let offer = Description::parse(offer).unwrap();
    assert!(offer.shares_transport());
    let for_peer = offer.for_peer(&[(Kind::Audio, "0"), (Kind::Video, "1")]).unwrap();
    assert!(for_peer.contains("a=group:BUNDLE 0 1\r\n"), "{for_peer}");
    assert!(for_peer.find("a=mid:0") < for_peer.find("m=video"), "{for_peer}");
    let local = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio 4000 X 111\r\na=mid:0\r\n\
        m=video 4000 X 96\r\na=mid:1\r\n";
    let local = Description::parse(local).unwrap();
    let parts = [(Kind::Audio, false), (Kind::Video, true)].map(|(kind, is_bundled)| Part {
        is_bundled,
        kind,
        ..answer_part(&local)
    });
    let answer = offer.replaced_by(&parts).unwrap();
    assert!(answer.contains("a=group:BUNDLE a v\r\n"), "{answer}");
    let at = |text: &str| answer.find(text).unwrap();
    assert!(at("m=video 4000") < at("a=mid:v") && at("a=mid:v") < at("m=audio 4000"));
}

#[test]
fn only_a_group_with_one_transport_is_shared() {
    let sdp = |group: &str, candidates: [&str; 2]| {
        let section = |kind: &str, candidate: &str| {
            let candidate = match candidate {
                "" => String::new(),
                address => format!("a=candidate:1 1 udp 1 {address} 9 typ host\r\n"),
            };
            format!("m={kind} 9 X 96\r\na=mid:{kind}\r\n{candidate}")
        };
        let [audio, video] = candidates;
        let sections = section("audio", audio) + &section("video", video);
        Description::parse(&format!("v=0\r\n{group}{sections}")).unwrap()
    };
    let both = "a=group:BUNDLE audio video\r\n";
    for (group, candidates, expected) in [
        (both, ["192.0.2.1", "192.0.2.1"], true),
        (both, ["192.0.2.1", ""], true),
        (both, ["192.0.2.1", "192.0.2.2"], false),
        ("a=group:BUNDLE audio\r\na=group:BUNDLE video\r\n", ["192.0.2.1", ""], false),
        ("", ["192.0.2.1", "192.0.2.1"], false),
    ] {
        assert_eq!(sdp(group, candidates).shares_transport(), expected, "{group}{candidates:?}");
    }
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
    let (audio, video) = (part("audio"), part("video"));
    let direction = MediaDirection::SendReceive;
    let parts = [(Kind::Audio, &audio), (Kind::Video, &video)].map(|(kind, description)| Part {
        kind,
        description,
        direction,
        is_offer: true,
        is_bundled: false,
    });
    let merged = Description::merge(&parts).unwrap();
    assert!(!merged.contains("a=group"));
    assert!(merged.contains("a=mid:0") && merged.contains("a=mid:1"));
    assert_eq!(merged.matches("m=").count(), 2);
}

#[test]
fn the_default_candidate_is_written() {
    let sdp =
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n";
    let completed =
        Description::parse(sdp).unwrap().complete("192.0.2.7:5000".parse().unwrap(), &[]);
    let text = Description::merge(&[answer_part(&completed)]).unwrap();
    assert!(text.contains("m=audio 5000 UDP"));
    assert!(text.contains("c=IN IP4 192.0.2.7\r\n") && !text.contains("0.0.0.0"));
    assert!(text.contains("a=end-of-candidates\r\n"));
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

#[test]
fn a_further_offer_keeps_the_sections_and_adds_what_is_new() {
    let part = |kind: &str| {
        let lines = format!("v=0\r\no=- 7 3 IN IP4 0.0.0.0\r\nm={kind} 4000 X 96\r\na=setup:active\r\na=ssrc:5 cname:x\r\na=msid:a b\r\na=sendrecv\r\na=mid:0\r\n");
        Description::parse(&lines).unwrap()
    };
    let (audio, video) = (part("audio"), part("video"));
    let with = |direction| {
        [(Kind::Audio, &audio, MediaDirection::SendReceive), (Kind::Video, &video, direction)].map(
            |(kind, description, direction)| Part {
                kind,
                description,
                direction,
                is_offer: true,
                is_bundled: false,
            },
        )
    };
    // The first description was the far side's, audio only: video comes behind it.
    for (mid, expected) in [("a=mid:x\r\n", Some("a=mid:video0")), ("", None)] {
        let first = format!("v=0\r\nm=audio 9 X 111\r\n{mid}");
        let first = Description::parse(&first).unwrap();
        let offer = first.replaced_by(&with(MediaDirection::ReceiveOnly)).unwrap();
        let video = offer.split("m=video").nth(1).unwrap();
        assert!(video.contains("a=recvonly") && !video.contains("a=ssrc"), "{offer}");
        assert_eq!(offer.matches("a=setup:actpass").count(), 2, "{offer}");
        assert_eq!(video.lines().find(|line| line.starts_with("a=mid")), expected);
    }
    // It had video that was rejected: its place is used.
    let first = Description::parse("v=0\r\nm=video 0 X 96\r\nm=audio 9 X 111\r\n").unwrap();
    let offer = first.replaced_by(&with(MediaDirection::Inactive)).unwrap();
    assert!(offer.find("m=video 4000") < offer.find("m=audio 4000"), "{offer}");
    assert_eq!(offer.matches("m=").count(), 2);
}

#[test]
fn directions_are_the_sections_or_the_sessions() {
    for (session, section, expected) in [
        ("", "", MediaDirection::SendReceive),
        ("a=recvonly\r\n", "", MediaDirection::ReceiveOnly),
        ("a=recvonly\r\n", "a=sendonly\r\n", MediaDirection::SendOnly),
        ("", "a=inactive\r\n", MediaDirection::Inactive),
    ] {
        let sdp = format!("v=0\r\n{session}m=audio 9 X 0\r\n{section}");
        let sdp = Description::parse(&sdp).unwrap();
        assert_eq!(sdp.direction(Kind::Audio), expected);
        assert_eq!(sdp.direction(Kind::Video), MediaDirection::Inactive, "there is none");
        let for_peer = sdp.for_peer(&[(Kind::Audio, "0")]).unwrap();
        assert_eq!(for_peer.matches("a=sendrecv").count(), 1, "{for_peer}");
        assert!(!for_peer.contains("only") && !for_peer.contains("inactive"));
    }
}

#[test]
fn feedback_parameters_and_bandwidth_are_read() {
    let sdp = "v=0\r\nm=video 9 X 96 97\r\nb=AS:2580\r\na=rtcp-fb:96 nack\r\n\
        a=rtcp-fb:* ccm fir\r\na=fmtp:97 packetization-mode=1\r\n";
    let sdp = Description::parse(sdp).unwrap();
    let video = sdp.section(Kind::Video).unwrap();
    for (payload_type, what, expected) in
        [(96, "nack", true), (97, "nack", false), (97, "ccm fir", true), (96, "nack pli", false)]
    {
        assert_eq!(video.has_feedback(payload_type, what), expected, "{payload_type} {what}");
    }
    assert_eq!((video.parameters(97), video.parameters(96)), (Some("packetization-mode=1"), None));
    assert_eq!(sdp.bandwidth_bps(Kind::Video), Some(2_580_000));
    assert_eq!(sdp.bandwidth_bps(Kind::Audio), None);
}

#[test]
fn one_side_is_one_session_whose_version_grows() {
    let mut origin = Origin::default();
    let sdp =
        |id: u32, version: u32| format!("v=0\r\no=- {id} {version} IN IP4 0.0.0.0\r\ns=-\r\n");
    assert!(origin.stamp(&sdp(7, 3)).contains("o=- 7 3 IN"));
    assert!(origin.stamp(&sdp(7, 3)).contains("o=- 7 4 IN"));
    assert!(origin.stamp(&sdp(9, 1)).contains("o=- 7 5 IN"));
}
