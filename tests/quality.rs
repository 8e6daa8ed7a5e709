//! Loss, silence and speech as the application is told of them.

mod common;

use common::*;
use serde_json::json;
use signalwire_client::{Call, CallEvent, CallState, DialOptions, WarningKind};
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
