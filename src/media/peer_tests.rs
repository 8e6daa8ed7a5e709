//! Descriptions, early DTLS and garbage, without a network.

use super::*;
use crate::media::codec::AudioCodec;

const ALL: [AudioCodec; 4] = AudioCodec::ALL;

fn host() -> LocalCandidate {
    LocalCandidate::Host("192.0.2.7:4000".parse().expect("an address"))
}

fn merged(kind: Kind, description: &Description) -> String {
    let direction = crate::config::MediaDirection::SendReceive;
    let part =
        crate::proto::sdp::Part { kind, description, direction, is_offer: true, is_bundled: false };
    Description::merge(&[part]).expect("one description")
}

#[test]
fn a_video_offer_has_both_codecs_and_the_feedback_that_is_served() {
    let now = Instant::now();
    let offered = Offered::Video(&crate::media::video::VideoCodec::ALL);
    let mut peer = Peer::new(&[offered], now).expect("a peer");
    let sdp = merged(Kind::Video, &peer.offer(&[host()], now).expect("an offer"));
    for line in [
        "m=video 4000 UDP/TLS/RTP/SAVPF 96 97",
        "a=rtpmap:96 VP8/90000",
        "a=rtpmap:97 H264/90000",
        "a=fmtp:97 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:97 nack",
        "a=sendrecv",
    ] {
        assert!(sdp.lines().any(|l| l == line), "{line} is missing in\n{sdp}");
    }
    for word in ["transport-cc", "goog-remb", "rtx", "extmap:", "red/", "ulpfec"] {
        assert!(!sdp.contains(word), "{word} is not served:\n{sdp}");
    }
}

fn offer() -> String {
    let now = Instant::now();
    let mapped = LocalCandidate::ServerReflexive {
        mapped: "198.51.100.9:5000".parse().expect("an address"),
        base: "192.0.2.7:4000".parse().expect("an address"),
    };
    let mut peer = Peer::new(&[Offered::Audio(&ALL)], now).expect("a peer");
    let description = peer.offer(&[host(), mapped], now).expect("an offer");
    merged(Kind::Audio, &description)
}

#[test]
fn the_offer_is_complete_and_unbundled() {
    let sdp = offer();
    for line in [
        "a=setup:actpass",
        "a=rtcp-mux",
        "a=sendrecv",
        "a=end-of-candidates",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:110 telephone-event/48000",
        "a=rtpmap:126 telephone-event/8000",
        "c=IN IP4 192.0.2.7",
        "a=mid:0",
    ] {
        assert!(sdp.lines().any(|l| l == line), "{line} is missing in\n{sdp}");
    }
    assert!(sdp.contains("m=audio 4000 UDP/TLS/RTP/SAVPF 111 9 0 8 110 126\r\n"), "{sdp}");
    assert!(sdp.contains("typ srflx raddr 192.0.2.7 rport 4000"), "{sdp}");
    assert!(!sdp.contains("a=group"), "{sdp}");
    assert_eq!(sdp.matches("a=fingerprint:sha-256").count(), 1, "one fingerprint: {sdp}");
    assert_eq!(sdp.matches("a=ice-ufrag").count(), 1);
}

#[test]
fn every_candidate_has_a_priority_of_its_own_in_the_order_of_the_candidates() {
    let now = Instant::now();
    let at = |address: &str| LocalCandidate::Host(address.parse().expect("an address"));
    let (relayed, base) = (at("198.51.100.9:5000").address(), at("192.0.2.7:4000").address());
    let candidates = [host(), at("[2001:db8::7]:4001"), LocalCandidate::Relay { relayed, base }];
    let mut peer = Peer::new(&[Offered::Audio(&ALL)], now).expect("a peer");
    let sdp = merged(Kind::Audio, &peer.offer(&candidates, now).expect("an offer"));
    let priority = |line: &str| line.split(' ').nth(3).and_then(|word| word.parse::<u32>().ok());
    let found: Vec<_> = sdp
        .lines()
        .filter_map(|line| line.strip_prefix("a=candidate:"))
        .filter_map(priority)
        .collect();
    assert_eq!(found, [0x7eff_ffff, 0x7eff_feff, 0x00ff_fdff], "{sdp}");
}

#[test]
fn telephone_events_are_answered_at_the_clock_of_the_codec() {
    let offered = offer();
    let format = |line: &str| offered.replace(line, "");
    let opus = "a=rtpmap:111 opus/48000/2\r\n";
    for (offered, wanted) in [
        (offered.clone(), vec!["110 telephone-event/48000", "126 telephone-event/8000"]),
        (offered.replace("126", "101"), vec!["101 telephone-event/8000"]),
        (offered.replace(":126 telephone-event/8000", ":126 telephone-event/16000"), vec![]),
        (format("a=rtpmap:126 telephone-event/8000\r\n"), vec![]),
        (format(opus), vec!["126 telephone-event/8000"]),
    ] {
        let now = Instant::now();
        let mut peer = Peer::new(&[Offered::Audio(&ALL)], now).expect("a peer");
        let description = Description::parse(&offered).expect("an offer");
        let for_peer = description.for_peer(&[(Kind::Audio, "0")]).expect("audio");
        let answer = peer.answer(for_peer, &[host()], now).expect("an answer");
        let answer = merged(Kind::Audio, &answer);
        for map in wanted {
            assert!(answer.contains(&format!("a=rtpmap:{map}\r\n")), "{map}:\n{answer}");
        }
        let foreign = ["/16000", "event-8000", "event-16000"];
        assert!(!foreign.iter().any(|part| answer.contains(part)), "{answer}");
    }
}

#[test]
fn early_dtls_waits_for_a_pair_and_is_bounded() {
    let now = Instant::now();
    let mut peer = Peer::new(&[Offered::Audio(&ALL)], now).expect("a peer");
    peer.offer(&[host()], now).expect("an offer");
    let (local, from) = ("192.0.2.7:4000", "192.0.2.9:9000");
    let (local, from) = (local.parse().expect("local"), from.parse().expect("remote"));
    for _ in 0..MAX_HELD + 4 {
        peer.handle_datagram(local, from, BytesMut::from(&[22u8, 254, 253][..]), now);
    }
    assert_eq!(peer.held.len(), MAX_HELD);
    assert!(peer.poll_event(now).is_none());
}

#[test]
fn garbage_from_the_network_changes_nothing() {
    let now = Instant::now();
    let mut peer = Peer::new(&[Offered::Audio(&ALL)], now).expect("a peer");
    peer.offer(&[host()], now).expect("an offer");
    let (local, from) = ("192.0.2.7:4000", "192.0.2.9:9000");
    let (local, from) = (local.parse().expect("local"), from.parse().expect("remote"));
    for bytes in [&[][..], &[0], &[1; 20], &[128; 11], &[255; 1500], &[22]] {
        peer.handle_datagram(local, from, BytesMut::from(bytes), now);
    }
    assert!(peer.poll_rtp().is_none());
    assert!(peer.poll_event(now).is_none());
}

#[test]
fn an_answer_that_is_none_is_an_error() {
    let now = Instant::now();
    let mut peer = Peer::new(&[Offered::Audio(&ALL)], now).expect("a peer");
    peer.offer(&[host()], now).expect("an offer");
    assert!(peer.apply_answer("v=0\r\n".into(), now).is_err());
    let sdp = "v=0\r\nm=audio 1 RTP/AVP 0\r\n";
    let for_peer = Description::parse(sdp).expect("parses").for_peer(&[(Kind::Audio, "0")]);
    assert!(peer.apply_answer(for_peer.expect("audio"), now).is_err());
}

/// Two peers with a path between them, over which datagrams go when told; no time passes.
struct Path {
    peers: [Peer; 2],
    addresses: [SocketAddr; 2],
    now: Instant,
}

impl Path {
    /// The first one has offered, the second one answered.
    fn new() -> Self {
        let now = Instant::now();
        let addresses = ["192.0.2.7:4000", "192.0.2.9:9000"];
        let addresses = addresses.map(|text| text.parse::<SocketAddr>().expect("an address"));
        let mut peers = [(); 2].map(|()| Peer::new(&[Offered::Audio(&ALL)], now).expect("a peer"));
        let for_peer = |description: Description| {
            let sdp = merged(Kind::Audio, &description);
            let parsed = Description::parse(&sdp).expect("parses");
            parsed.for_peer(&[(Kind::Audio, "0")]).expect("audio")
        };
        let own = |at: usize| [LocalCandidate::Host(addresses[at])];
        let offer = peers[0].offer(&own(0), now).expect("an offer");
        let answer = peers[1].answer(for_peer(offer), &own(1), now).expect("an answer");
        let answer = for_peer(answer).replace("a=setup:actpass", "a=setup:active");
        peers[0].apply_answer(answer, now).expect("is applied");
        Self { peers, addresses, now: now + Duration::from_millis(1) }
    }

    /// What one of them has to send.
    fn sent_by(&mut self, at: usize) -> Vec<BytesMut> {
        std::iter::from_fn(|| self.peers[at].poll_datagram()).map(|out| out.bytes).collect()
    }

    fn bring_to(&mut self, at: usize, bytes: BytesMut) {
        let (local, from) = (self.addresses[at], self.addresses[1 - at]);
        self.peers[at].handle_datagram(local, from, bytes, self.now);
    }
}

impl Path {
    /// Lets both talk until they are silent. The first one is deaf for DTLS until `hears_from`;
    /// what the second one sends of it is kept in `flights`.
    fn exchange(&mut self, hears_from: Instant, flights: &mut Vec<BytesMut>) {
        loop {
            let (to_second, to_first) = (self.sent_by(0), self.sent_by(1));
            if to_second.is_empty() && to_first.is_empty() {
                return;
            }
            for bytes in to_second {
                self.bring_to(1, bytes);
            }
            for bytes in to_first {
                if is_dtls(&bytes) {
                    flights.push(bytes.clone());
                }
                if !is_dtls(&bytes) || self.now >= hears_from {
                    self.bring_to(0, bytes);
                }
            }
        }
    }

    /// Goes on to the next timer.
    fn wait(&mut self) {
        let due = self.peers.iter_mut().filter_map(Peer::poll_timeout).min();
        let least = self.now + Duration::from_millis(1);
        self.now = due.map_or(least, |due| due.max(least));
        for peer in &mut self.peers {
            peer.handle_timeout(self.now);
        }
    }
}

#[test]
fn the_first_dtls_flight_is_sent_again_soon_while_the_far_side_is_silent() {
    let mut path = Path::new();
    let hears_from = path.now + Duration::from_millis(100);
    let mut flights = Vec::new();
    path.exchange(hears_from, &mut flights);
    assert!(path.peers[1].is_ice_connected && !flights.is_empty());
    while !path.peers.iter().all(|peer| peer.is_connected) {
        assert!(path.now < hears_from + Duration::from_millis(100), "the second of the timer");
        path.wait();
        path.exchange(hears_from, &mut flights);
    }
}

#[test]
fn a_dtls_flight_that_was_answered_is_not_sent_again() {
    let mut path = Path::new();
    let (start, mut flights) = (path.now, Vec::new());
    while path.now < start + Duration::from_secs(3) {
        path.exchange(start, &mut flights);
        path.wait();
    }
    assert!(path.peers.iter().all(|peer| peer.is_connected));
    let all = flights.len();
    flights.sort();
    flights.dedup();
    assert_eq!(flights.len(), all);
}

#[test]
fn a_dtls_flight_that_is_never_answered_is_repeated_a_few_times_only() {
    let mut path = Path::new();
    let (start, mut flights) = (path.now, Vec::new());
    let never = start + Duration::from_secs(60);
    while path.now < start + Duration::from_secs(3) {
        path.exchange(never, &mut flights);
        path.wait();
    }
    let first = flights.first().cloned().expect("a ClientHello");
    let repeats = flights.iter().filter(|bytes| **bytes == first).count() - 1;
    assert_eq!(repeats, 5, "50, 150, 350, 750 and 1550 ms after the pair");
}

#[test]
fn a_nomination_before_the_own_check_was_answered_counts() {
    let mut path = Path::new();
    let mut late = Vec::new();
    let mut is_nominated = false;
    // Everything goes to and fro, but the answers to the second one's checks are slow.
    loop {
        let from_second = path.sent_by(1);
        let from_first = path.sent_by(0);
        if from_first.is_empty() && from_second.is_empty() {
            break;
        }
        for bytes in from_second {
            path.bring_to(0, bytes);
        }
        for bytes in from_first {
            is_nominated |= nominations::nominates(&bytes);
            match bytes.starts_with(&BINDING_SUCCESS_TYPE) {
                true => late.push(bytes),
                false => path.bring_to(1, bytes),
            }
        }
    }
    assert!(is_nominated && !late.is_empty());
    assert!(path.peers[1].poll_event(path.now).is_none());
    for bytes in late {
        path.bring_to(1, bytes);
    }
    let connected = path.peers[1].poll_event(path.now);
    assert_eq!(connected, Some(PeerEvent::IceConnected), "no further round of checks is needed");
    // The nomination is answered, too.
    for bytes in path.sent_by(1) {
        path.bring_to(0, bytes);
    }
    assert_eq!(path.peers[0].poll_event(path.now), Some(PeerEvent::IceConnected));
}

#[test]
fn a_restart_offers_the_new_candidates_alone() {
    let mut path = Path::new();
    let moved: SocketAddr = "192.0.2.7:4444".parse().expect("an address");
    let peer = &mut path.peers[0];
    let offer = peer.restart(&[LocalCandidate::Host(moved)], path.now).expect("an offer");
    let section = offer.section(Kind::Audio).expect("audio");
    assert_eq!(section.candidates(), [("host".to_owned(), moved)]);
}
