//! Loss, silence and speech as the application is told of them.

mod common;

use common::*;
use serde_json::json;
use signalwire_client::{Call, CallEvent, CallState, CallStats, DialOptions, WarningKind};
use signalwire_gateway::Dialect;
use std::time::Duration;

/// Pushes what `next` gives, in real time, until the call ends.
fn push(call: &Call, next: impl Fn() -> Vec<i16> + Send + 'static) -> tokio::task::JoinHandle<()> {
    let call = call.clone();
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        while call.state() != CallState::Ended {
            pace.tick().await;
            while call.queued_audio_ms() < 60 {
                if call.push_audio(&next(), MONO_48K).is_err() {
                    return;
                }
            }
        }
    })
}

/// Two seconds of something like a voice, piece by piece. Opus codes a steady tone in its music mode,
/// which has no redundancy.
fn voice() -> impl Fn() -> Vec<i16> + Send {
    let at = std::cell::Cell::new(0u32);
    move || {
        let from = at.replace(at.get() + 960);
        let sample = |n: u32| {
            let t = f64::from(n % 96_000) / 48_000.0;
            let pitch = 140.0 + 40.0 * (t * std::f64::consts::PI).sin();
            let loudness = 6_000.0 * (0.6 + 0.4 * (t * 9.0).sin());
            let tones =
                (1..6).map(f64::from).map(|k| (t * pitch * k * std::f64::consts::TAU).sin() / k);
            (loudness * tones.sum::<f64>()) as i16
        };
        (from..from + 960).map(sample).collect()
    }
}

fn warning(event: &CallEvent, wanted: WarningKind, raised: bool) -> bool {
    matches!(event, CallEvent::Warning { kind, is_raised } if *kind == wanted && *is_raised == raised)
}

#[test]
fn loss_is_warned_of_until_it_is_over() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let events = call.events();
        wait_for(&events, |event| matches!(event, CallEvent::QualityChanged { .. })).await;
        assert!(call.stats().mos > 4.0, "{:?}", call.stats());
        gateway.fault(json!({ "fault": "impair_media", "loss": 0.25 }));
        wait_for(&events, |event| warning(event, WarningKind::HighLoss, true)).await;
        let worst = call.stats();
        assert!(worst.mos < 4.0 && worst.packets_lost > 0, "{worst:?}");
        gateway.fault(json!({ "fault": "impair_media" }));
        wait_for(&events, |event| warning(event, WarningKind::HighLoss, false)).await;
        call.hangup().await.unwrap();
    });
}

#[test]
fn the_far_side_s_reports_of_loss_are_heard() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let events = call.events();
        gateway.fault(json!({ "fault": "impair_media", "loss": 0.3 }));
        wait_for(&events, |event| warning(event, WarningKind::HighRemoteLoss, true)).await;
        assert!(call.stats().remote_loss_fraction > 0.03, "{:?}", call.stats());
        call.hangup().await.unwrap();
    });
}

#[test]
fn a_microphone_without_sound_is_noticed() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let events = call.events();
        let is_on = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let switch = is_on.clone();
        let speaking =
            push(&call, move || match switch.load(std::sync::atomic::Ordering::Relaxed) {
                true => tone(500.0, MONO_48K, 20),
                false => vec![0; 960],
            });
        let seen =
            wait_for(&events, |event| warning(event, WarningKind::SilentMicrophone, true)).await;
        let speaks = |event: &CallEvent| matches!(event, CallEvent::SpeakingChanged { .. });
        assert!(!seen.iter().any(speaks), "{seen:?}");
        is_on.store(true, std::sync::atomic::Ordering::Relaxed);
        wait_for(&events, |event| warning(event, WarningKind::SilentMicrophone, false)).await;
        // First here, then, by the echo, there.
        for local in [true, false] {
            wait_for(&events, |event| {
                matches!(event, CallEvent::SpeakingChanged { is_local, is_speaking: true } if *is_local == local)
            })
            .await;
        }
        call.hangup().await.unwrap();
        speaking.await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn silence_is_left_out_where_the_application_wants_it() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        for (opus_dtx, most) in [(true, 30), (false, u64::MAX)] {
            let options = DialOptions { opus_dtx, opus_complexity: 1, ..DialOptions::default() };
            let call = client.dial("/public/tone", options).unwrap();
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            ear.wait_for_length(48_000).await;
            let before = call.stats().packets_sent;
            ear.forget();
            // Two seconds, a hundred packets without DTX.
            ear.wait_for_length(96_000).await;
            let sent = call.stats().packets_sent - before;
            assert!(sent <= most && (opus_dtx || sent >= 90), "DTX {opus_dtx}: {sent}");
            call.hangup().await.unwrap();
        }
        assert_clean(&gateway);
    });
}

#[test]
fn lost_packets_come_back_from_the_redundancy_of_the_next_ones() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let speaking = push(&call, voice());
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        ear.wait_for_length(48_000).await;
        assert_eq!(call.stats().frames_recovered, 0, "nothing is lost yet");
        // The far side reports the loss, redundancy is sent, and the echo brings it back.
        gateway.fault(json!({ "fault": "impair_media", "loss": 0.2 }));
        // The numbers after each 100 ms, once there are such; the delay stays within its bound, which
        // is the buffer's largest of 200 ms and what it tolerates beyond.
        let numbers = |wanted: fn(&CallStats, &CallStats) -> bool, since: CallStats| {
            let (ear, call) = (ear.clone(), call.clone());
            let change = async move {
                loop {
                    ear.forget();
                    ear.wait_for_length(4_800).await;
                    let stats = call.stats();
                    assert!(stats.jitter_buffer_ms < 260.0, "{stats:?}");
                    if wanted(&stats, &since) {
                        return stats;
                    }
                }
            };
            tokio::time::timeout(DEADLINE, change)
        };
        let none = CallStats::default();
        let first = numbers(|now, _| now.frames_recovered > 0, none).await;
        let first = first.unwrap_or_else(|_| panic!("nothing recovered: {:?}", call.stats()));
        // From now on most losses are made good: those whose next packet is there and has a copy.
        let later =
            numbers(|now, first| now.packets_lost >= first.packets_lost + 40, first.clone());
        let later = later.await.expect("goes on");
        let lost = later.packets_lost - first.packets_lost;
        let recovered = later.frames_recovered - first.frames_recovered;
        assert!(recovered * 100 >= lost * 35, "{recovered} of {lost}: {later:?}");
        call.hangup().await.unwrap();
        speaking.await.unwrap();
    });
}
