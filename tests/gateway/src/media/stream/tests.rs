//! What one stream makes of packets and of time.

use super::super::negotiate::agree;
use super::super::sdp::{tests::BROWSER_AUDIO, Description};
use super::*;

fn stream() -> Stream {
    let offer = Description::parse(BROWSER_AUDIO).unwrap();
    let agreed = agree(offer.section("audio").unwrap()).unwrap();
    Stream::new(Arc::new(Shared::new(agreed, false))).unwrap()
}

fn opus(marker: bool, sequence: u16) -> Vec<u8> {
    let payload = AudioCodec::new(super::super::negotiate::Codec::Opus).unwrap().tone(20);
    rtp::packet(marker, 111, sequence, u32::from(sequence) * 960, 5, &payload)
}

#[test]
fn an_echo_has_the_same_payload_and_its_own_numbering() {
    let (mut stream, controls) = (stream(), Controls::new(Source::Echo));
    let sent = opus(true, 10);
    let back = stream.receive(&sent, &controls, Instant::now()).unwrap();
    let header = Header::parse(&back).unwrap();
    assert_eq!(back[header.payload_at..], sent[12..]);
    assert_eq!(header.ssrc, stream.shared.ssrc);
    assert!(header.marker, "the first packet of the call");
    let back = stream.receive(&opus(false, 11), &controls, Instant::now()).unwrap();
    assert!(!Header::parse(&back).unwrap().marker);
}

#[test]
fn a_marker_on_each_packet_is_counted_and_costs_the_packets() {
    let (mut stream, controls) = (stream(), Controls::new(Source::Echo));
    for sequence in 0..10 {
        stream.receive(&opus(true, sequence), &controls, Instant::now());
    }
    let report = stream.shared.report();
    assert_eq!(report["marker_violations"], 9);
    assert_eq!(report["echoed"], 1);
}

#[test]
fn muted_audio_is_replaced_by_silence() {
    let (mut stream, controls) = (stream(), Controls::new(Source::Echo));
    controls.audio_muted.store(true, Ordering::Relaxed);
    let now = Instant::now();
    assert!(stream.receive(&opus(false, 1), &controls, now).is_none());
    assert_eq!(stream.tick(&controls, now).len(), 1);
    assert_eq!(stream.tick(&controls, now + Duration::from_millis(200)).len(), 10);
}

#[test]
fn silence_for_an_echo_keeps_the_pace_of_the_clock() {
    let (mut stream, controls) = (stream(), Controls::new(Source::Echo));
    let (now, ms) = (Instant::now(), Duration::from_millis);
    let back = stream.receive(&opus(false, 1), &controls, now).unwrap();
    let first = Header::parse(&back).unwrap().timestamp;
    // A packet that is late by less is waited for.
    assert!(stream.tick(&controls, now + ms(79)).is_empty());
    let silence = stream.tick(&controls, now + ms(80));
    let timestamps: Vec<u32> = silence
        .iter()
        .map(|packet| Header::parse(packet).unwrap().timestamp.wrapping_sub(first))
        .collect();
    assert_eq!(timestamps, [80 * 48]);
}

#[test]
fn on_hold_nothing_is_sent() {
    let (mut stream, controls) = (stream(), Controls::new(Source::Tone));
    controls.held.store(true, Ordering::Relaxed);
    assert!(stream.tick(&controls, Instant::now()).is_empty());
}

#[test]
fn losses_and_reordering_are_counted() {
    let (mut stream, controls) = (stream(), Controls::new(Source::Silence));
    for sequence in [65_534, 65_535, 1, 0, 4] {
        stream.receive(&opus(false, sequence), &controls, Instant::now());
    }
    let report = stream.shared.report();
    assert_eq!((report["lost"].as_u64(), report["reordered"].as_u64()), (Some(2), Some(1)));
}

#[test]
fn a_telephone_event_counts_once() {
    let (mut stream, controls) = (stream(), Controls::new(Source::Echo));
    for sequence in 0..5 {
        let packet = rtp::packet(sequence == 0, 110, sequence, 777, 5, &[5, 10, 0, 0]);
        assert!(stream.receive(&packet, &controls, Instant::now()).is_none());
    }
    assert_eq!(stream.shared.report()["rtp_digits"], "5");
}
