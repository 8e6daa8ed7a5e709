//! Tables and races of the way out.

use super::*;
use crate::media::codec::Decoder;
use crate::media::wav::WavWriter;

fn pipeline(codec: AudioCodec, input: &AudioInput) -> AudioEncoderPipeline {
    AudioEncoderPipeline::new(codec, input.clone(), &EncoderOptions::default()).unwrap()
}

#[test]
fn push_rejects_what_is_not_audio() {
    let input = AudioInput::default();
    let cases: [(usize, AudioFormat, &str); 4] = [
        (0, AudioFormat::MONO_8K, "samples must not be empty"),
        (3, AudioFormat::STEREO_48K, "multiple of channels (2); got 3"),
        (2, AudioFormat::new(0, 1), "between 8000 and 192000; got 0"),
        (2, AudioFormat::new(8_000, 9), "channels must be 1 or 2; got 9"),
    ];
    for (len, format, text) in cases {
        let error = input.push(&vec![0; len], format).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    assert_eq!(input.buffered_ms(), 0);
}

#[test]
fn a_full_queue_drops_the_oldest_and_says_so() {
    let input = AudioInput::default();
    let ms = |n: usize| vec![1i16; n * 48];
    // (pushed ms, accepted, dropped, buffered)
    let cases = [(100, 100, 0, 100), (100, 100, 0, 200), (30, 30, 30, 200), (1000, 200, 1000, 200)];
    for (push, accepted_ms, dropped_ms, buffered) in cases {
        let outcome = input.push(&ms(push), AudioFormat::MONO_48K).unwrap();
        assert_eq!(outcome, PushOutcome { accepted_ms, dropped_ms });
        assert_eq!(input.buffered_ms(), buffered);
    }
    assert_eq!(input.dropped_ms(), 1030);
    input.clear();
    assert_eq!((input.buffered_ms(), input.dropped_ms()), (0, 1030));
}

#[test]
fn short_bursts_are_heard_whatever_their_rate() {
    let input = AudioInput::default();
    let mut pipeline = pipeline(AudioCodec::Pcmu, &input);
    let mut decoder = Decoder::new(AudioCodec::Pcmu, 1).unwrap();
    for rate in [8_000, 16_000, 44_100, 48_000] {
        for burst in 0..4 {
            let samples = rate as usize / 50;
            input.push(&vec![8_000; samples], AudioFormat::new(rate, 1)).unwrap();
            let mut heard = Vec::new();
            for _ in 0..15 {
                decoder.decode(pipeline.tick().unwrap().payload, &mut heard).unwrap();
            }
            let loud = heard.iter().filter(|&&sample| sample > 7_000).count();
            assert!((120..=165).contains(&loud), "{rate} Hz, burst {burst}: {loud} of 160");
        }
    }
}

/// Ticks until two files of one second were played; how many samples at 8 kHz were loud.
fn play_two(format: AudioFormat, capacity_ms: u32) -> usize {
    let name = format!("sw-out-{}-{format:?}-{capacity_ms}.wav", std::process::id());
    let path = std::env::temp_dir().join(name.replace([' ', '{', '}', ':', ','], ""));
    let writer = WavWriter::create(&path, format).unwrap();
    let samples = format.sample_rate_hz as usize * format.channels as usize;
    writer.write(&vec![8_000; samples]).unwrap();
    writer.finish().unwrap();
    let input = AudioInput::new(capacity_ms);
    let mut pipeline = pipeline(AudioCodec::Pcmu, &input);
    let mut ends = Vec::new();
    for _ in 0..2 {
        let (playback, finished) = Playback::open(&path).unwrap();
        input.play(playback);
        ends.push(finished);
    }
    let mut decoder = Decoder::new(AudioCodec::Pcmu, 1).unwrap();
    let mut heard = Vec::new();
    while !ends.is_empty() {
        decoder.decode(pipeline.tick().unwrap().payload, &mut heard).unwrap();
        ends.retain_mut(|end| end.try_recv().is_err());
        // The disk is read by another thread, which nothing here waits for.
        std::thread::yield_now();
    }
    let _ = std::fs::remove_file(&path);
    assert_eq!(input.dropped_ms(), 0);
    heard.iter().filter(|&&sample| sample > 7_000).count()
}

#[test]
fn files_are_played_whole_one_after_the_other() {
    for (rate, channels) in [(8_000, 1), (11_025, 2), (16_000, 1), (44_100, 2), (48_000, 1)] {
        for capacity_ms in [40, 200] {
            let loud = play_two(AudioFormat::new(rate, channels), capacity_ms);
            assert!((15_900..=16_010).contains(&loud), "{rate} {channels}: {loud}");
        }
    }
}

#[test]
fn what_is_pushed_is_sent_before_a_file_and_a_stopped_file_is_silent() {
    let path = std::env::temp_dir().join(format!("sw-out-{}-stop.wav", std::process::id()));
    let writer = WavWriter::create(&path, AudioFormat::MONO_8K).unwrap();
    writer.write(&[8_000; 8_000]).unwrap();
    writer.finish().unwrap();
    let input = AudioInput::default();
    let mut pipeline = pipeline(AudioCodec::Pcmu, &input);
    let (playback, mut finished) = Playback::open(&path).unwrap();
    input.play(playback.clone());
    input.push(&[80; 320], AudioFormat::MONO_8K).unwrap();
    let mut level = || {
        pipeline.tick().unwrap();
        input.level().rms_dbfs
    };
    assert!(level() < -40.0 && level() < -40.0, "what was pushed is quiet");
    assert!(level() > -20.0, "then comes the file");
    input.stop_playing(&playback);
    assert_eq!(level(), AudioLevel::SILENCE.rms_dbfs);
    drop(playback);
    assert!(finished.try_recv().is_err());
    let _ = std::fs::remove_file(&path);
}

#[test]
fn the_marker_is_set_only_after_packets_were_not_sent() {
    let input = AudioInput::default();
    let mut pipeline = pipeline(AudioCodec::Pcmu, &input);
    // Frames pushed before each tick, and whether that packet has the marker. Silence is sent.
    let mut script = vec![(0, true), (0, false), (1, false)];
    script.extend([(0, false); 20]);
    script.extend([(1, false), (1, false)]);
    for (i, (frames, marker)) in script.into_iter().enumerate() {
        if frames > 0 {
            input.push(&[9_000; 160], AudioFormat::MONO_8K).unwrap();
        }
        let frame = pipeline.tick().unwrap();
        assert_eq!(frame.marker, marker, "tick {i}");
        assert_eq!((frame.payload.len(), frame.rtp_duration), (160, 160));
    }
    pipeline.pause();
    assert!(pipeline.tick().unwrap().marker);
    assert!(!pipeline.tick().unwrap().marker);
}

#[test]
fn silence_is_left_out_on_demand_and_speech_is_not() {
    let input = AudioInput::default();
    let options = EncoderOptions { has_dtx: true, ..EncoderOptions::default() };
    let mut pipeline =
        AudioEncoderPipeline::new(AudioCodec::Opus, input.clone(), &options).unwrap();
    // A voice: harmonics that move and swell. A steady tone counts as noise.
    let voice = |i: u32| {
        let t = i as f32 / 48_000.0;
        let phase = t * 900.0 + 30.0 * (t * 9.0).sin();
        let harmonics: f32 = (1..8).map(|h| (phase * h as f32).sin() / h as f32).sum();
        harmonics * (0.5 + 0.5 * (t * 25.0).sin())
    };
    let mut sent = |volume: f32| {
        let (mut count, mut markers) = (0, 0);
        for tick in 0..100u32 {
            let pcm: Vec<i16> =
                (tick * 960..(tick + 1) * 960).map(|i| (voice(i) * volume) as i16).collect();
            input.push(&pcm, AudioFormat::MONO_48K).unwrap();
            let frame = pipeline.tick().unwrap();
            assert_eq!(frame.rtp_duration, 960);
            count += u32::from(!frame.payload.is_empty());
            markers += u32::from(frame.marker);
        }
        (count, markers)
    };
    let rows = [sent(5_000.0), sent(0.0), sent(5_000.0)];
    assert_eq!(rows.map(|row| row.1), [1, 0, 1], "markers: the call, and the talkspurt");
    let counts = rows.map(|row| row.0);
    assert!(counts[0] >= 90 && counts[2] >= 90, "{counts:?} of 100");
    assert!((1..50).contains(&counts[1]), "{counts:?} of 100: an update now and then");
}

#[test]
fn skipped_audio_is_not_sent_later() {
    let input = AudioInput::default();
    let mut pipeline = pipeline(AudioCodec::Pcmu, &input);
    input.push(&[20_000; 160], AudioFormat::MONO_8K).unwrap();
    input.push(&[80; 160], AudioFormat::MONO_8K).unwrap();
    pipeline.skip();
    assert_eq!(input.level(), AudioLevel::SILENCE);
    pipeline.tick().unwrap();
    assert!(input.level().rms_dbfs < -40.0, "the quiet second frame: {:?}", input.level());
    assert_eq!(input.buffered_ms(), 0);
}

#[test]
fn packets_are_as_long_as_they_should_be_and_lose_nothing() {
    for codec in AudioCodec::ALL {
        for packet_ms in PACKET_MS {
            let input = AudioInput::new(1_000);
            let mut pipeline = pipeline(codec, &input);
            pipeline.set_packet_ms(packet_ms);
            let clock = codec.rtp_clock_rate() / 1000;
            let mut sent = Vec::new();
            let mut time = 0;
            for _ in 0..12 {
                input.push(&[1_000; 960], AudioFormat::MONO_48K).unwrap();
                let mut take = |frame: EncodedFrame<'_>| {
                    if !frame.payload.is_empty() {
                        sent.push((time, frame.marker));
                        assert_eq!(frame.rtp_duration, packet_ms * clock);
                    }
                    time += frame.rtp_duration;
                };
                take(pipeline.tick().unwrap());
                while pipeline.has_packet() {
                    take(pipeline.next_packet().unwrap());
                }
            }
            assert_eq!(time, 240 * clock, "{codec:?} {packet_ms} ms");
            assert_eq!(sent.len() as u32, 240 / packet_ms, "{codec:?} {packet_ms} ms");
            assert!(sent[0].1 && sent[1..].iter().all(|(_, marker)| !marker), "{sent:?}");
        }
    }
}

#[test]
fn another_length_begins_with_the_next_packet() {
    let input = AudioInput::default();
    let mut pipeline = pipeline(AudioCodec::G722, &input);
    pipeline.set_packet_ms(60);
    assert!(pipeline.tick().unwrap().payload.is_empty());
    assert!(pipeline.tick().unwrap().payload.is_empty());
    // An event takes over: what waited is given up, and its time passes.
    assert_eq!(pipeline.abandon_packet(), 320);
    assert!(pipeline.tick().unwrap().payload.is_empty());
    pipeline.set_packet_ms(20);
    assert_eq!(pipeline.tick().unwrap().payload.len(), 160);
    assert!(pipeline.has_packet());
    assert_eq!(pipeline.next_packet().unwrap().payload.len(), 160);
    assert!(!pipeline.has_packet());
    pipeline.set_packet_ms(17);
    assert_eq!(pipeline.packet_duration(), 160);
}

#[test]
fn opus_packets_advance_by_960() {
    let input = AudioInput::default();
    let mut pipeline = pipeline(AudioCodec::Opus, &input);
    let frame = pipeline.tick().unwrap();
    assert_eq!((frame.rtp_duration, frame.marker), (960, true));
    assert!(!frame.payload.is_empty());
}

#[test]
fn muted_audio_is_thrown_away_and_sent_as_silence() {
    let input = AudioInput::default();
    let mut pipeline = pipeline(AudioCodec::Pcma, &input);
    input.set_muted(true);
    assert!(input.is_muted());
    input.push(&[20_000; 480], AudioFormat::MONO_8K).unwrap();
    for _ in 0..3 {
        assert!(pipeline.tick().unwrap().payload.iter().all(|&b| b == 0xd5));
        assert_eq!(input.level(), AudioLevel::SILENCE);
    }
    assert_eq!(input.buffered_ms(), 0);
    input.set_muted(false);
    input.push(&[20_000; 160], AudioFormat::MONO_8K).unwrap();
    pipeline.tick().unwrap();
    assert!((input.level().peak_dbfs + 4.29).abs() < 0.01);
}

#[test]
fn gain_is_applied_before_the_meter_and_clips() {
    let input = AudioInput::default();
    let mut pipeline = pipeline(AudioCodec::Pcmu, &input);
    for (gain, peak) in [(0.5, -12.04), (1.0, -6.02), (100.0, 0.0), (f32::NAN, -6.02)] {
        input.set_gain(gain);
        input.push(&[16_384; 160], AudioFormat::MONO_8K).unwrap();
        pipeline.tick().unwrap();
        assert!((input.level().peak_dbfs - peak).abs() < 0.01, "{gain} {:?}", input.level());
    }
}

#[test]
fn small_pushes_lose_nothing_and_a_rest_is_padded() {
    let input = AudioInput::default();
    let mut pipeline = pipeline(AudioCodec::Pcmu, &input);
    let mut decoder = Decoder::new(AudioCodec::Pcmu, 1).unwrap();
    let mut heard = Vec::new();
    for tick in 0..20 {
        if tick < 10 {
            input.push(&[8_031; 75], AudioFormat::MONO_8K).unwrap();
            input.push(&[8_031; 75], AudioFormat::MONO_8K).unwrap();
        }
        decoder.decode(pipeline.tick().unwrap().payload, &mut heard).unwrap();
    }
    assert_eq!(heard.iter().filter(|&&s| s > 7_000).count(), 1_500);
}

#[test]
fn formats_may_change_and_audio_survives_a_new_pipeline() {
    let input = AudioInput::default();
    drop(pipeline(AudioCodec::Opus, &input));
    for format in [AudioFormat::MONO_16K, AudioFormat::STEREO_48K, AudioFormat::MONO_48K] {
        let pcm = vec![5; format.samples_per_20ms() * format.channels as usize];
        assert_eq!(input.push(&pcm, format).unwrap().accepted_ms, 20);
    }
    assert_eq!(input.buffered_ms(), 60);
    drop(pipeline(AudioCodec::Opus, &input));
    assert_eq!(input.buffered_ms(), 60, "same format: kept");
    drop(pipeline(AudioCodec::Pcmu, &input));
    assert_eq!(input.buffered_ms(), 0, "other format: thrown away");
    input.push(&[1; 48], AudioFormat::MONO_48K).unwrap();
}

#[test]
fn cleared_audio_is_never_sent_and_newer_audio_is() {
    let input = AudioInput::default();
    let mut pipeline = pipeline(AudioCodec::Pcmu, &input);
    // One and a half frames: the half one waits to be filled up, in the queue or for its conversion.
    for (rate, format) in [(8, AudioFormat::MONO_8K), (48, AudioFormat::MONO_48K)] {
        input.push(&vec![20_000; 30 * rate], format).unwrap();
        pipeline.tick().unwrap();
        pipeline.tick().unwrap();
        assert!((9..=12).contains(&input.clear()), "{rate} kHz: the half frame that waits");
        assert_eq!((input.clear(), input.buffered_ms(), input.dropped_ms()), (0, 0, 0));
    }
    input.push(&[80; 160], AudioFormat::MONO_8K).unwrap();
    pipeline.tick().unwrap();
    let level = input.level();
    assert!(level.rms_dbfs < -45.0 && level.peak_dbfs < -45.0, "only the newer audio: {level:?}");
}

#[test]
fn cleared_audio_is_taken_out_of_a_packet_that_fills() {
    for (packet_ms, ticks) in [(60, 2), (40, 1), (10, 1)] {
        let input = AudioInput::default();
        let mut pipeline = pipeline(AudioCodec::Pcmu, &input);
        pipeline.set_packet_ms(packet_ms);
        input.push(&[20_000; 160 * 3], AudioFormat::MONO_8K).unwrap();
        for _ in 0..ticks {
            pipeline.tick().unwrap();
        }
        input.clear();
        let mut heard = Vec::new();
        let mut decoder = Decoder::new(AudioCodec::Pcmu, 1).unwrap();
        if pipeline.has_packet() {
            decoder.decode(pipeline.next_packet().unwrap().payload, &mut heard).unwrap();
        }
        input.push(&[80; 160], AudioFormat::MONO_8K).unwrap();
        decoder.decode(pipeline.tick().unwrap().payload, &mut heard).unwrap();
        while pipeline.has_packet() {
            decoder.decode(pipeline.next_packet().unwrap().payload, &mut heard).unwrap();
        }
        assert!(heard.iter().all(|sample| sample.abs() < 100), "{packet_ms} ms: {heard:?}");
        let newer = heard.iter().filter(|sample| **sample > 50).count();
        assert_eq!(newer, 160, "{packet_ms} ms: the newer audio is whole");
    }
}

/// Pushes count up, so that what is sent shows its order and what is missing.
#[test]
fn clearing_races_with_neither_a_push_nor_a_tick() {
    const FRAMES: i16 = 3_000;
    let input = AudioInput::new(1_000);
    let mut pipeline = pipeline(AudioCodec::G722, &input);
    let (mut sent, mut cleared_ms) = (Vec::new(), 0);
    std::thread::scope(|threads| {
        let input = &input;
        let pusher = threads.spawn(|| {
            for n in 1..=FRAMES {
                while input.buffered_ms() > 500 {
                    std::thread::yield_now();
                }
                input.push(&[n; 320], AudioFormat::MONO_16K).unwrap();
            }
        });
        let clearer = threads.spawn(move || {
            let mut cleared_ms = 0;
            while !pusher.is_finished() {
                cleared_ms += input.clear();
                std::thread::yield_now();
            }
            cleared_ms
        });
        while !clearer.is_finished() || input.buffered_ms() > 0 {
            if pipeline.fill() {
                sent.push(pipeline.pcm.clone());
            }
        }
        cleared_ms = clearer.join().unwrap();
    });
    // A frame is sent whole or not at all, in order, and none is both sent and cleared.
    let mut last = 0;
    for frame in &sent {
        assert!(frame.iter().all(|sample| *sample == frame[0]), "two pushes in one frame");
        assert!(frame[0] > last, "{} after {last}", frame[0]);
        last = frame[0];
    }
    assert_eq!(sent.len() as u32 * 20 + cleared_ms, FRAMES as u32 * 20);
    assert_eq!(input.dropped_ms(), 0);
}
