use super::super::sender::VideoSender;
use super::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const SSRC: u32 = 77;

/// A VP8 frame of this length; key frames say that they are 320x240.
fn vp8_frame(is_key: bool, length: usize, number: u64) -> EncodedVideoFrame {
    let mut data = vec![number as u8; length.max(10)];
    data[0] = u8::from(!is_key);
    if is_key {
        data[3..10].copy_from_slice(&[0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00]);
    }
    EncodedVideoFrame::new(VideoCodec::Vp8, data, number * 33_333).expect("a frame")
}

fn h264_frame(is_key: bool, length: usize, number: u64) -> EncodedVideoFrame {
    let mut data = Vec::new();
    if is_key {
        data.extend_from_slice(&[
            0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1e, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0xc0,
        ]);
        data.extend_from_slice(&[0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80]);
    }
    data.extend_from_slice(&[0, 0, 0, 1, if is_key { 0x65 } else { 0x41 }]);
    data.extend(std::iter::repeat_n(number as u8 | 0x80, length));
    EncodedVideoFrame::new(VideoCodec::H264, data, number * 33_333).expect("a frame")
}

/// The packets of these frames as they would arrive.
fn packets(frames: &[EncodedVideoFrame], seed: u64) -> Vec<VideoPacket> {
    let mut sender = VideoSender::new(seed);
    let mut now = Instant::now();
    let mut all = Vec::new();
    for frame in frames {
        sender.push(frame);
        while !sender.is_idle() {
            now += Duration::from_millis(2);
            while let Some(packet) = sender.poll_packet(now) {
                all.push(VideoPacket {
                    ssrc: SSRC,
                    sequence: packet.sequence,
                    timestamp: packet.timestamp,
                    codec: frame.codec,
                    marker: packet.marker,
                    payload: packet.payload,
                });
            }
        }
    }
    all
}

fn clip(codec: VideoCodec, count: u64) -> Vec<EncodedVideoFrame> {
    (0..count)
        .map(|n| match codec {
            VideoCodec::Vp8 => vp8_frame(n % 10 == 0, 500 + n as usize * 700, n),
            VideoCodec::H264 => h264_frame(n % 10 == 0, 500 + n as usize * 700, n),
        })
        .collect()
}

fn data_of(assembler: &mut FrameAssembler) -> Vec<Bytes> {
    std::iter::from_fn(|| assembler.poll_frame()).map(|frame| frame.data).collect()
}

fn feedback(assembler: &mut FrameAssembler, now: Instant) -> Vec<Feedback> {
    std::iter::from_fn(|| assembler.poll_feedback(now)).collect()
}

const ASK: Feedback = Feedback::KeyFrame { ssrc: SSRC };

#[test]
fn frames_come_as_they_were_sent_over_the_wrap_of_sequence_and_time() {
    for codec in VideoCodec::ALL {
        let frames = clip(codec, 20);
        let mut assembler = FrameAssembler::new(true);
        let now = Instant::now();
        // The numbers wrap after a few packets, and the timestamps after a few frames.
        let all = packets(&frames, (0xffff_e000_u64 << 16) | 0x7ff0);
        for mut packet in all {
            packet.sequence = packet.sequence.wrapping_add(0x8000);
            assembler.insert(packet, now);
        }
        let received: Vec<_> = std::iter::from_fn(|| assembler.poll_frame()).collect();
        assert_eq!(received.len(), frames.len());
        for (sent, back) in frames.iter().zip(&received) {
            assert_eq!((&sent.data, sent.is_key_frame), (&back.data, back.is_key_frame));
            assert!(sent.timestamp_us.abs_diff(back.timestamp_us) <= 12, "{sent:?}");
        }
        let expected = if codec == VideoCodec::Vp8 { (320, 240) } else { (640, 360) };
        assert_eq!((received[0].width, received[0].height), expected);
        assert_eq!(received[1].width, 0);
        assert_eq!(feedback(&mut assembler, now + Duration::from_secs(1)), []);
    }
}

#[test]
fn reordered_and_repeated_packets_change_nothing() {
    let frames = clip(VideoCodec::Vp8, 8);
    let mut all = packets(&frames, 5);
    for at in (1..all.len() - 2).step_by(3) {
        all.swap(at, at + 1);
    }
    let mut assembler = FrameAssembler::new(true);
    let now = Instant::now();
    for packet in all {
        assembler.insert(packet.clone(), now);
        assembler.insert(packet, now);
        assert_eq!(feedback(&mut assembler, now), [], "not asked for before it is late");
    }
    let expected: Vec<Bytes> = frames.iter().map(|frame| frame.data.clone()).collect();
    assert_eq!(data_of(&mut assembler), expected);
}

#[test]
fn a_missing_packet_is_asked_for_with_pauses_and_the_picture_waits() {
    let frames = clip(VideoCodec::Vp8, 6);
    let all = packets(&frames, 9);
    let (start, lost) = (Instant::now(), 4);
    let mut assembler = FrameAssembler::new(true);
    for (at, packet) in all.iter().enumerate() {
        if at != lost {
            assembler.insert(packet.clone(), start);
        }
    }
    let whole_before = data_of(&mut assembler).len();
    assert!(whole_before < frames.len());
    let nack = Feedback::Nack { ssrc: SSRC, sequences: vec![all[lost].sequence] };
    let mut asked = 0;
    for ms in 0..u64::try_from(PATIENCE.as_millis()).expect("short") {
        let said = feedback(&mut assembler, start + Duration::from_millis(ms));
        assert!(said.is_empty() || said == [nack.clone()], "{said:?}");
        asked += said.len();
    }
    assert_eq!(asked, MAX_TRIES as usize);
    assembler.insert(all[lost].clone(), start + PATIENCE / 2);
    assert_eq!(data_of(&mut assembler).len(), frames.len() - whole_before);
    assert_eq!(assembler.counters().repaired, 1);
    assert_eq!(assembler.poll_timeout(), None);
}

#[test]
fn after_a_loss_nothing_comes_before_the_next_key_frame_which_is_asked_for() {
    for has_nack in [true, false] {
        let frames = clip(VideoCodec::H264, 14);
        let all = packets(&frames, 11);
        let start = Instant::now();
        let mut assembler = FrameAssembler::new(has_nack);
        let third = all.iter().filter(|p| p.marker).nth(2).expect("three frames").timestamp;
        let lost = all.iter().position(|p| p.timestamp == third).expect("the third");
        let (early, late): (Vec<_>, Vec<_>) = all
            .into_iter()
            .enumerate()
            .filter(|(at, _)| *at != lost)
            .map(|(_, packet)| packet)
            .partition(|packet| {
                packet.timestamp.wrapping_sub(third) < 6 * 3000 + 10
                    || packet.timestamp.wrapping_sub(third) > u32::MAX / 2
            });
        early.into_iter().for_each(|packet| assembler.insert(packet, start));
        assert_eq!(data_of(&mut assembler).len(), 2);
        let due = assembler.patience();
        assembler.handle_timeout(start + due - Duration::from_millis(1));
        assert_eq!(assembler.counters().lost, 0);
        assembler.handle_timeout(start + due);
        let said = feedback(&mut assembler, start + due);
        assert!(said.contains(&ASK), "{said:?}");
        assert_eq!(data_of(&mut assembler), Vec::<Bytes>::new());
        late.into_iter().for_each(|packet| assembler.insert(packet, start + due));
        let after: Vec<_> = std::iter::from_fn(|| assembler.poll_frame()).collect();
        assert_eq!(
            after.iter().map(|f| f.is_key_frame).collect::<Vec<_>>(),
            [true, false, false, false]
        );
        assert_eq!(assembler.counters().lost, 1);
        assert_eq!(feedback(&mut assembler, start + due + Duration::from_secs(1)), [], "it came");
    }
}

#[test]
fn key_frames_are_asked_for_again_but_not_often() {
    let start = Instant::now();
    let mut assembler = FrameAssembler::new(true);
    assembler.request_key_frame();
    assert_eq!(feedback(&mut assembler, start), [], "there is nobody to ask");
    let deltas: Vec<_> = (1..61).map(|n| vp8_frame(false, 100, n)).collect();
    let mut asked = 0;
    for (n, packet) in (0u32..).zip(packets(&deltas, 3)) {
        let now = start + Duration::from_millis(33) * n;
        assembler.insert(packet, now);
        asked += feedback(&mut assembler, now).len();
    }
    assert_eq!(asked, 4, "two seconds, one each half");
    assert_eq!(assembler.counters().frames_dropped, 60);
    assert!(assembler.poll_timeout().is_some());
}

#[test]
fn another_source_begins_anew_and_time_goes_on() {
    let frames = clip(VideoCodec::Vp8, 5);
    let start = Instant::now();
    let mut assembler = FrameAssembler::new(true);
    packets(&frames, 1).into_iter().for_each(|packet| assembler.insert(packet, start));
    assert_eq!(data_of(&mut assembler).len(), 5);
    let later = start + Duration::from_millis(100);
    for mut packet in packets(&frames, 0xabcd_ef01_2345) {
        packet.ssrc = 78;
        assembler.insert(packet, later);
    }
    let again: Vec<_> = std::iter::from_fn(|| assembler.poll_frame()).collect();
    assert_eq!(again.len(), 5);
    assert!(again[0].timestamp_us > 4 * 33_000 + 90_000, "{}", again[0].timestamp_us);
}

#[test]
fn malformed_packets_and_padding_cost_their_picture_or_nothing() {
    let frames = [vp8_frame(true, 3000, 0), vp8_frame(false, 3000, 1), vp8_frame(true, 50, 2)];
    let now = Instant::now();
    let mut all = packets(&frames, 1);
    all[4].payload = Bytes::from_static(&[0x90, 0x80]);
    // Padding between the second and the third frame: a place, no content.
    let mut third = all.pop().expect("a packet");
    let mut padding = all.last().expect("a packet").clone();
    padding.sequence = third.sequence;
    padding.marker = false;
    padding.payload = Bytes::new();
    third.sequence = third.sequence.wrapping_add(1);
    all.extend([padding, third]);
    let mut assembler = FrameAssembler::new(true);
    all.into_iter().for_each(|packet| assembler.insert(packet, now));
    assert_eq!(data_of(&mut assembler), [frames[0].data.clone(), frames[2].data.clone()]);
    assert_eq!(assembler.counters().malformed, 1);
    assert_eq!(feedback(&mut assembler, now), [], "the key frame is there already");
}

#[test]
fn a_great_gap_is_given_up_at_once() {
    let frames = [vp8_frame(true, 100, 0), vp8_frame(true, 100, 1)];
    let now = Instant::now();
    for (gap, lost) in [(MAX_MISSING as u16 + 1, true), (WINDOW as u16 + 1, false)] {
        let mut all = packets(&frames, 1);
        all[1].sequence = all[0].sequence.wrapping_add(gap);
        let mut assembler = FrameAssembler::new(true);
        all.into_iter().for_each(|packet| assembler.insert(packet, now));
        assert_eq!(data_of(&mut assembler).len(), if lost { 1 } else { 2 }, "{gap}");
        assert!(assembler.missing.len() <= MAX_MISSING + WINDOW as usize / 2);
    }
}

/// Anything may come; what is kept stays bounded, what is given out begins with a key frame and is
/// one of the frames that were sent unless packets were forged.
#[test]
fn random_packets_neither_panic_nor_grow() {
    for seed in 0..12 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut assembler = FrameAssembler::new(random.random());
        let mut now = Instant::now();
        for _ in 0..2000 {
            now += Duration::from_millis(random.random_range(0..20));
            let length = random.random_range(0..40);
            let mut payload: Vec<u8> = (0..length).map(|_| random.random()).collect();
            if let (Some(first), true) = (payload.first_mut(), random.random()) {
                *first = [0x10, 0x90, 0x78, 0x7c, 0x65, 0x67][random.random_range(0..6)];
            }
            assembler.insert(
                VideoPacket {
                    ssrc: u32::from(random.random_range(0..50u8) == 0),
                    sequence: random
                        .random_range(0..200u16)
                        .wrapping_mul(random.random_range(1..40)),
                    timestamp: random.random_range(0..4u32) * 3000,
                    codec: VideoCodec::ALL[random.random_range(0..2)],
                    marker: random.random(),
                    payload: payload.into(),
                },
                now,
            );
            assembler.handle_timeout(now);
            while assembler.poll_frame().is_some() {}
            while let Some(said) = assembler.poll_feedback(now) {
                if let Feedback::Nack { sequences, .. } = said {
                    assert!(sequences.len() <= MAX_PER_NACK);
                }
            }
            assert!(assembler.kept.len() as u64 <= WINDOW + 1);
            assert!(assembler.missing.len() <= MAX_MISSING + WINDOW as usize);
        }
    }
}

/// Loss, repetition and disorder, with a sender that answers: what comes out is what went in.
#[test]
fn a_lossy_way_is_repaired() {
    for seed in 0..20 {
        let mut random = StdRng::seed_from_u64(seed);
        let frames = clip(VideoCodec::ALL[seed as usize % 2], 30);
        let mut sender = VideoSender::new(random.random());
        let mut assembler = FrameAssembler::new(true);
        let mut now = Instant::now();
        let mut waiting = frames.iter();
        let mut received = Vec::new();
        for turn in 0..4000 {
            now += Duration::from_millis(1);
            if turn % 33 == 0 {
                waiting.next().into_iter().for_each(|frame| sender.push(frame));
            }
            while let Some(packet) = sender.poll_packet(now) {
                // The first frame comes through, so that all can.
                if turn > 32 && random.random_bool(0.1) {
                    continue;
                }
                let packet = VideoPacket {
                    ssrc: SSRC,
                    sequence: packet.sequence,
                    timestamp: packet.timestamp,
                    codec: frames[0].codec,
                    marker: packet.marker,
                    payload: packet.payload,
                };
                assembler.insert(packet, now);
            }
            assembler.handle_timeout(now);
            while let Some(said) = assembler.poll_feedback(now) {
                match said {
                    Feedback::Nack { sequences, .. } => sender.missed(sequences.into_iter()),
                    Feedback::KeyFrame { .. } => panic!("nothing was lost for good"),
                }
            }
            received.extend(std::iter::from_fn(|| assembler.poll_frame()));
        }
        let sent: Vec<_> = frames.iter().map(|frame| &frame.data).collect();
        // Nobody notices that the very last packets are missing: nothing comes after them.
        let back: Vec<_> = received.iter().map(|frame| &frame.data).collect();
        assert!(back.len() >= sent.len() - 1, "{} of {}", back.len(), sent.len());
        assert_eq!(back, sent[..back.len()]);
        assert!(assembler.counters().repaired > 0);
    }
}
