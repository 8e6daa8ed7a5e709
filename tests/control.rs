//! Controlling an answered call.

mod common;

use common::*;
use signalwire_client::{CallEvent, CallState, DialOptions, ErrorKind};
use signalwire_gateway::Dialect;
use std::time::Duration;

#[test]
fn digits_mute_and_hold_reach_the_service() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = answered(&client, "/public/echo").await;
            let events = call.events();
            let sees = |key: &str| gateway.state()["calls"][0][key].clone();

            call.send_digits("12*#").await.unwrap();
            assert_eq!(sees("digits"), "12*#");

            call.mute().await.unwrap();
            assert!(call.is_muted());
            assert_eq!(sees("audio_muted"), true);
            call.mute().await.unwrap();
            wait_for(&events, |e| {
                matches!(e, CallEvent::MemberUpdated { audio_muted: Some(true), .. })
            })
            .await;
            call.unmute().await.unwrap();
            assert!(!call.is_muted());
            assert_eq!(sees("audio_muted"), false);

            call.hold().await.unwrap();
            assert_eq!((call.state(), sees("held")), (CallState::Held, true.into()));
            call.hold().await.unwrap();
            call.unhold().await.unwrap();
            assert_eq!((call.state(), sees("held")), (CallState::Active, false.into()));

            call.hangup().await.unwrap();
            client.disconnect().await.unwrap();
            assert_clean(&gateway);
        });
    }
}

#[test]
fn an_answer_from_elsewhere_takes_over_from_early_media() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = client.dial("/public/elsewhere", DialOptions::default()).unwrap();
            let events = call.events();
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            ear.wait_for_tone(440.0, MONO_48K, 60).await;
            assert_eq!(call.state(), CallState::Early);
            call.answered().await.unwrap();
            ear.forget();
            let sound = tone(700.0, MONO_48K, 20);
            let speaking = async {
                loop {
                    while call.queued_audio_ms() < 100 {
                        call.push_audio(&sound, MONO_48K).unwrap();
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::select! {
                () = ear.wait_for_tone(700.0, MONO_48K, 60) => {}
                () = speaking => {}
            }
            call.hangup().await.unwrap();
            while let Some(event) = events.next().await {
                let is_loss = matches!(event, CallEvent::MediaLost | CallEvent::Recovering { .. });
                assert!(!is_loss, "by a recovery: {event:?}");
            }
            assert_clean(&gateway);
        });
    }
}

#[test]
fn early_media_is_heard_before_the_answer() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/early", signalwire_client::DialOptions::default()).unwrap();
        let events = call.events();
        let seen = wait_for(&events, |e| {
            matches!(e, CallEvent::StateChanged { state: CallState::Active, .. })
        })
        .await;
        let early = states(&seen).iter().position(|s| *s == CallState::Early);
        let media = seen.iter().position(|e| matches!(e, CallEvent::MediaConnected { .. }));
        assert!(early.is_some() && media.is_some(), "{seen:?}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn many_calls_at_once_on_one_client() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let mut calls = Vec::new();
        for _ in 0..10 {
            calls.push(answered(&client, "/public/tone").await);
        }
        assert_eq!(client.calls().len(), 10);
        for call in &calls {
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
        }
        client.disconnect().await.unwrap();
        assert!(client.calls().is_empty());
        assert_clean(&gateway);
    });
}

#[test]
fn the_delay_is_small_again_after_a_short_hold() {
    for address in ["/public/tone", "/public/echo"] {
        run(hold_shortly(address));
    }
}

async fn hold_shortly(address: &'static str) {
    let gateway = gateway(Dialect::FreeSwitch);
    let client = connected(&gateway).await;
    let call = answered(&client, address).await;
    let ear = Ear::new();
    call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
    ear.wait_for_length(24_000).await;
    call.hold().await.unwrap();
    // Held for half a second of frames that nobody sent.
    ear.forget();
    ear.wait_for_length(24_000).await;
    call.unhold().await.unwrap();
    ear.forget();
    ear.wait_for_length(48_000).await;
    // A busy machine jitters, and its delay is large for some seconds longer.
    for _ in 0..50 {
        if call.stats().jitter_buffer_ms < 100.0 {
            break;
        }
        ear.forget();
        ear.wait_for_length(4_800).await;
    }
    let stats = call.stats();
    assert!(stats.jitter_buffer_ms < 100.0, "{address}: {stats:?}");
    call.hangup().await.unwrap();
}

#[test]
fn any_request_of_the_service_can_be_made() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/echo", Default::default()).unwrap();
        let events = call.events();
        call.answered().await.unwrap();
        wait_for(&events, |e| matches!(e, CallEvent::Joined { .. })).await;
        let result = call.execute("call.layout.list", None).await.unwrap();
        assert!(result.contains("layouts"), "{result}");
        call.execute("call.mute", Some(r#"{"channels": ["audio"]}"#)).await.unwrap();
        assert_eq!(gateway.state()["calls"][0]["audio_muted"], true);
        wait_for(&events, |e| {
            matches!(e, CallEvent::MemberUpdated { audio_muted: Some(true), .. })
        })
        .await;
        assert!(call.is_muted(), "the service's own word counts");
        call.subscribe("user_event").await.unwrap();
        for (method, params, kind) in [
            ("mute", None, ErrorKind::InvalidArgument),
            ("call.mute", Some("[]"), ErrorKind::InvalidArgument),
            ("call.mute", Some("no JSON"), ErrorKind::InvalidArgument),
            ("call.nobody.knows", None, ErrorKind::NotFound),
        ] {
            let error = call.execute(method, params).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{method}: {error}");
        }
        assert_eq!(call.subscribe("").await.unwrap_err().kind(), ErrorKind::InvalidArgument);
        call.hangup().await.unwrap();
        let late = call.execute("call.lock", None).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Closed);
        let ringing = client.dial("/public/slow", Default::default()).unwrap();
        let early = ringing.execute("call.lock", None).await.unwrap_err();
        assert_eq!(early.kind(), ErrorKind::InvalidState);
        ringing.hangup().await.unwrap();
    });
}
