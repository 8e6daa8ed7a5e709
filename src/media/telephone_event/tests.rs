use super::*;
use crate::proto::sdp::{Description, Kind};

fn section(lines: &str) -> Section {
    let sdp = format!("v=0\r\n{lines}");
    Description::parse(&sdp).unwrap().section(Kind::Audio).unwrap().clone()
}

#[test]
fn the_format_of_the_codec_s_clock_is_sent_with() {
    let both = "m=audio 1 X 111 126 110\r\na=rtpmap:111 opus/48000/2\r\n\
        a=rtpmap:126 Telephone-Event/8000\r\na=rtpmap:110 telephone-event/48000\r\n";
    let one = "m=audio 1 X 0 101\r\na=rtpmap:101 telephone-event/48000\r\n";
    let none = "m=audio 1 X 0 101\r\na=rtpmap:101 telephone-event/0\r\n";
    for (lines, codec, wanted) in [
        (both, AudioCodec::Opus, vec![(110, 48_000), (126, 8_000)]),
        (both, AudioCodec::Pcmu, vec![(126, 8_000), (110, 48_000)]),
        (one, AudioCodec::Pcmu, vec![(101, 48_000)]),
        (none, AudioCodec::Pcmu, vec![]),
    ] {
        let found = EventFormat::negotiated(&section(lines), codec);
        let found: Vec<_> = found.iter().map(|f| (f.payload_type, f.clock_rate)).collect();
        assert_eq!(found, wanted, "{codec:?} {lines}");
    }
}

#[test]
fn texts_become_steps() {
    assert_eq!(
        parse("1#aDwW").unwrap(),
        [
            Step::Event(1),
            Step::Event(11),
            Step::Event(12),
            Step::Event(15),
            Step::Pause { ticks: 25 },
            Step::Pause { ticks: 50 },
        ]
    );
    assert_eq!(parse("1x"), None);
    assert_eq!(parse("é"), None);
}

#[test]
fn a_digit_is_seven_packets_and_a_pause() {
    for (clock_rate, tick) in [(48_000, 960), (8_000, 160)] {
        let mut sender = EventSender::new(clock_rate);
        sender.push(parse("5").unwrap(), "done").unwrap();
        let mut packets = Vec::new();
        let mut ticks = 0;
        loop {
            let (packet, done) = sender.tick();
            packets.extend(packet);
            if done.is_some() {
                break;
            }
            ticks += 1;
        }
        assert_eq!(ticks, 8, "60 ms after 100 ms of the key");
        let durations: Vec<u16> =
            packets.iter().map(|p| u16::from_be_bytes([p.payload[2], p.payload[3]])).collect();
        assert_eq!(durations, [1, 2, 3, 4, 5, 5, 5].map(|n| n * tick), "{clock_rate}");
        let ends: Vec<bool> = packets.iter().map(|p| p.payload[1] & 0x80 != 0).collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
        assert!(packets.iter().all(|p| p.payload[0] == 5 && p.payload[1] & 0x7f == 10));
        let markers: Vec<bool> = packets.iter().map(|p| p.marker).collect();
        assert_eq!(markers, [true, false, false, false, false, false, false]);
        let after: Vec<u32> = packets.iter().map(|p| p.ticks_after).collect();
        assert_eq!(after, [0, 0, 0, 0, 0, 0, 7], "one timestamp, then the time that passed");
    }
}

#[test]
fn orders_are_done_in_turn_and_the_queue_is_bounded() {
    let mut sender = EventSender::new(8_000);
    sender.push(parse("1w").unwrap(), 1).unwrap();
    sender.push(parse("2").unwrap(), 2).unwrap();
    let mut done = Vec::new();
    for tick in 0..50 {
        let (packet, token) = sender.tick();
        assert!(packet.is_none() || token.is_none());
        done.extend(token.map(|token| (tick, token)));
    }
    assert_eq!(done, [(8 + 25, 1), (8 + 25 + 1 + 8, 2)]);
    let mut accepted = 0;
    while sender.push(vec![Step::Event(1); 64], accepted).is_ok() {
        accepted += 1;
    }
    assert_eq!(accepted, 3);
}

/// One packet: milliseconds after the begin, timestamp, marker, payload.
type Row = (u64, u32, bool, [u8; 4]);

const fn row(ms: u64, timestamp: u32, event: u8, is_end: bool, duration: u16) -> Row {
    let [high, low] = duration.to_be_bytes();
    (ms, timestamp, false, [event, if is_end { 0x8a } else { 10 }, high, low])
}

/// Milliseconds after the begin, digit, duration in milliseconds.
type Told = (u64, char, u32);

/// What is told, and when; `rows` at 8000 Hz, looked at every 20 ms up to one second.
fn told(rows: &[Row]) -> Vec<Told> {
    let begin = Instant::now();
    let mut receiver =
        EventReceiver::new(vec![EventFormat { payload_type: 101, clock_rate: 8000 }]);
    let mut told = Vec::new();
    let last = rows.last().map_or(0, |row| row.0);
    for ms in (0..last + 1000).step_by(20) {
        let now = begin + Duration::from_millis(ms);
        for (_, timestamp, marker, payload) in rows.iter().filter(|row| row.0 == ms) {
            let packet = EventRtp {
                ssrc: 1,
                payload_type: 101,
                timestamp: *timestamp,
                marker: *marker,
                payload,
            };
            let over = receiver.insert(&packet, now);
            told.extend(over.iter().map(|d| (ms, d.digit, d.duration_ms)));
        }
        told.extend(receiver.tick(now).map(|d| (ms, d.digit, d.duration_ms)));
    }
    told
}

#[test]
fn each_event_is_told_once_whatever_is_lost() {
    let whole = [
        row(0, 80, 5, false, 160),
        row(20, 80, 5, false, 320),
        row(40, 80, 5, true, 480),
        row(60, 80, 5, true, 480),
        row(80, 80, 5, true, 480),
    ];
    let cases: [(&str, Vec<Row>, Vec<Told>); 8] = [
        ("whole", whole.to_vec(), vec![(40, '5', 60)]),
        ("only the last packet came", whole[4..].to_vec(), vec![(80, '5', 60)]),
        ("every end was lost", whole[..2].to_vec(), vec![(220, '5', 40)]),
        ("only the begin came", whole[..1].to_vec(), vec![(200, '5', 20)]),
        (
            "every end was lost and the next key follows",
            vec![
                row(0, 80, 5, false, 160),
                row(60, 900, 6, false, 160),
                row(80, 900, 6, true, 320),
            ],
            vec![(60, '5', 20), (80, '6', 40)],
        ),
        (
            "the same key again",
            vec![row(0, 80, 5, true, 480), row(100, 2000, 5, true, 480)],
            vec![(0, '5', 60), (100, '5', 60)],
        ),
        (
            "an end comes after the next key began",
            vec![
                row(0, 80, 5, true, 480),
                row(20, 900, 6, false, 160),
                row(40, 80, 5, true, 480),
                row(60, 900, 6, true, 320),
            ],
            vec![(0, '5', 60), (60, '6', 40)],
        ),
        (
            "packets out of order",
            vec![row(0, 80, 5, false, 320), row(20, 80, 5, false, 160), row(40, 80, 5, true, 480)],
            vec![(40, '5', 60)],
        ),
    ];
    for (name, rows, wanted) in cases {
        assert_eq!(told(&rows), wanted, "{name}");
    }
}

#[test]
fn a_long_event_in_parts_is_one() {
    let full = u16::MAX;
    let second = 80 + u32::from(full);
    let rows = [
        row(0, 80, 1, false, 160),
        row(20, 80, 1, false, full),
        row(40, second, 1, false, 160),
        row(60, 80, 1, false, full),
        row(80, second, 1, true, 320),
    ];
    assert_eq!(told(&rows), [(80, '1', (65_535 + 320) / 8)]);
    // With a marker it is a new press of the key.
    let mut anew = rows;
    anew[2].2 = true;
    assert_eq!(told(&anew).len(), 2);
}

#[test]
fn what_is_no_event_is_ignored() {
    let now = Instant::now();
    let mut receiver =
        EventReceiver::new(vec![EventFormat { payload_type: 101, clock_rate: 48_000 }]);
    for (payload_type, payload) in [
        (101, &[][..]),
        (101, &[1, 0x8a, 0]),
        (101, &[16, 0x8a, 0, 10]),
        (101, &[255, 0xff, 0xff, 0xff]),
        (111, &[1, 0x8a, 0, 10]),
    ] {
        let packet = EventRtp { ssrc: 1, payload_type, timestamp: 1, marker: true, payload };
        assert_eq!(receiver.insert(&packet, now), [], "{payload_type} {payload:?}");
    }
    assert_eq!(receiver.tick(now + Duration::from_secs(1)), None);
    // Another source begins anew: its timestamps are its own.
    for ssrc in [1, 2] {
        let packet = EventRtp {
            ssrc,
            payload_type: 101,
            timestamp: 7,
            marker: true,
            payload: &[1, 0x8a, 0x12, 0xc0, 9],
        };
        let over = receiver.insert(&packet, now);
        assert_eq!(over, [Digit { digit: '1', duration_ms: 100 }]);
    }
}
