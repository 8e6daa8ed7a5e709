//! Audio through real calls: codecs, rates, channels, files.

mod common;

use common::*;
use signalwire_client::{
    AudioCodec, AudioFormat, Call, CallEvent, CallState, CallStats, Client, DialOptions,
};
use signalwire_gateway::Dialect;
use std::time::Duration;

const BOTH: [Dialect; 2] = [Dialect::FreeSwitch, Dialect::Browser];

async fn dial_with(client: &Client, address: &str, codec: AudioCodec) -> Call {
    let options = DialOptions { audio_codecs: vec![codec], ..DialOptions::default() };
    let call = client.dial(address, options).unwrap();
    let events = call.events();
    wait_for(&events, |event| matches!(event, CallEvent::MediaConnected { .. })).await;
    call
}

/// Pushes a tone until the call ends, keeping 60 to 80 ms queued.
fn speak(call: &Call, hz: f64, format: AudioFormat) -> tokio::task::JoinHandle<()> {
    let call = call.clone();
    tokio::spawn(async move {
        let frame = tone(hz, format, 20);
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        while call.state() != CallState::Ended {
            pace.tick().await;
            while call.queued_audio_ms() < 60 {
                if call.push_audio(&frame, format).is_err() {
                    return;
                }
            }
        }
    })
}

#[test]
fn every_codec_in_both_dialects() {
    for dialect in BOTH {
        for codec in [AudioCodec::Opus, AudioCodec::G722, AudioCodec::Pcmu, AudioCodec::Pcma] {
            run(async move {
                let gateway = gateway(dialect);
                let client = connected(&gateway).await;
                let call = dial_with(&client, "/public/echo", codec).await;
                let ear = Ear::new();
                call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
                let speaking = speak(&call, 500.0, MONO_48K);
                ear.wait_for_tone(500.0, MONO_48K, 200).await;
                let times = call.setup_times();
                assert!(times.first_packet_ms.is_some(), "{times:?}");
                assert!(times.first_audio_ms >= times.first_packet_ms, "{times:?}");
                assert!(call.stats().jitter_buffer_ms < 60.0, "{:?}", call.stats());
                // A moment in which nobody got to speak is silent.
                let is_loud = |stats: CallStats| {
                    stats.input_level_dbfs > -30.0 && stats.output_level_dbfs > -30.0
                };
                while !is_loud(call.stats()) {
                    ear.forget();
                    ear.wait_for_length(960).await;
                }
                call.hangup().await.unwrap();
                speaking.await.unwrap();
                assert_clean(&gateway);
            });
        }
    }
}

#[test]
fn any_usual_rate_and_both_channel_counts() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        for (sample_rate_hz, channels) in [
            (8_000, 1),
            (16_000, 1),
            (22_050, 1),
            (24_000, 2),
            (44_100, 2),
            (48_000, 2),
            (96_000, 1),
        ] {
            let format = AudioFormat { sample_rate_hz, channels };
            let call = answered(&client, "/public/echo").await;
            let ear = Ear::new();
            call.add_audio_sink(format, ear.clone()).unwrap();
            let speaking = speak(&call, 500.0, format);
            ear.wait_for_tone(500.0, format, 200).await;
            call.hangup().await.unwrap();
            speaking.await.unwrap();
        }
        assert_clean(&gateway);
    });
}

#[test]
fn frames_are_20_ms_in_the_format_that_was_asked_for() {
    #[derive(Default)]
    struct Shapes(std::sync::Mutex<Vec<(usize, AudioFormat, u64)>>, tokio::sync::Notify);
    impl signalwire_client::AudioSink for Shapes {
        fn on_frame(&self, frame: &signalwire_client::AudioFrame<'_>) {
            let shape = (frame.samples.len(), frame.format, frame.timestamp_us);
            self.0.lock().unwrap().push(shape);
            self.1.notify_one();
        }
    }
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let format = AudioFormat { sample_rate_hz: 16_000, channels: 2 };
        let shapes = std::sync::Arc::new(Shapes::default());
        call.add_audio_sink(format, shapes.clone()).unwrap();
        while shapes.0.lock().unwrap().len() < 25 {
            tokio::time::timeout(DEADLINE, shapes.1.notified()).await.unwrap();
        }
        call.hangup().await.unwrap();
        let shapes = shapes.0.lock().unwrap().clone();
        assert!(shapes.iter().all(|(length, f, _)| *length == 640 && *f == format), "{shapes:?}");
        assert!(shapes.windows(2).all(|pair| pair[1].2 - pair[0].2 == 20_000), "{shapes:?}");
    });
}

#[test]
fn a_file_is_played_and_the_echo_is_recorded() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let folder = std::env::temp_dir().join(format!("signalwire-client-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (played, recorded) = (folder.join("played.wav"), folder.join("recorded.wav"));
        let source = AudioFormat { sample_rate_hz: 16_000, channels: 1 };
        write_wav(&played, source, &tone(600.0, source, 1_000));

        let recorder = call.record_wav(&recorded, MONO_48K).unwrap();
        let started = std::time::Instant::now();
        call.play_wav(&played).await.unwrap();
        let took = started.elapsed();
        assert!(took > Duration::from_millis(750), "played in real time, not {took:?}");
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        recorder.finish().unwrap();
        recorder.finish().unwrap();
        call.hangup().await.unwrap();

        let mut reader = hound::WavReader::open(&recorded).unwrap();
        assert_eq!(reader.spec().sample_rate, 48_000);
        let heard: Vec<i16> = reader.samples::<i16>().map(|s| s.unwrap()).collect();
        let loudest =
            heard.chunks(4_800).map(|chunk| purity(chunk, 600.0, MONO_48K)).fold(0.0, f64::max);
        assert!(loudest > 0.8, "the tone is in the recording: {loudest}");
        std::fs::remove_dir_all(&folder).unwrap();
        assert_clean(&gateway);
    });
}

fn write_wav(path: &std::path::Path, format: AudioFormat, samples: &[i16]) {
    let spec = hound::WavSpec {
        channels: format.channels as u16,
        sample_rate: format.sample_rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
    writer.finalize().unwrap();
}

#[test]
fn a_full_queue_drops_the_oldest_and_says_so() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let dropped = call.push_audio(&tone(500.0, MONO_48K, 1_000), MONO_48K).unwrap();
        assert!((780..=820).contains(&dropped), "{dropped}");
        assert!(call.queued_audio_ms() <= 200);
        assert!(call.stats().input_dropped_ms >= 780);
        call.hangup().await.unwrap();
    });
}

#[test]
fn what_is_cleared_the_far_side_never_hears() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let options = DialOptions {
            audio_codecs: vec![AudioCodec::Pcmu],
            audio_queue_ms: 10_000,
            ..DialOptions::default()
        };
        let call = client.dial("/public/echo", options).unwrap();
        let events = call.events();
        wait_for(&events, |event| matches!(event, CallEvent::MediaConnected { .. })).await;
        let ear = Ear::new();
        let format = AudioFormat::MONO_8K;
        call.add_audio_sink(format, ear.clone()).unwrap();
        assert_eq!(call.push_audio(&tone(500.0, format, 10_000), format).unwrap(), 0);
        ear.wait_for_tone(500.0, format, 200).await;
        let cleared_ms = call.clear_audio();
        assert_eq!((call.clear_audio(), call.queued_audio_ms()), (0, 0));
        // What comes next need not wait for it.
        call.push_audio(&tone(1_000.0, format, 5_000), format).unwrap();
        ear.wait_for_tone(1_000.0, format, 200).await;
        let heard = ear.heard();
        let frames = heard.chunks(160).filter(|frame| purity(frame, 500.0, format) > 0.5).count();
        // Half of it is room for what a lost packet is replaced with.
        let heard_ms = frames as u32 * 20;
        assert!(cleared_ms > 0 && heard_ms <= 10_000 - cleared_ms / 2, "{heard_ms} {cleared_ms}");
        assert_eq!(call.stats().input_dropped_ms, 0);
        call.hangup().await.unwrap();
        assert_eq!(call.clear_audio(), 0);
    });
}
