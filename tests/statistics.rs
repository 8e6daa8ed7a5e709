//! The numbers about a call, told now and then.

mod common;

use common::*;
use serde_json::json;
use signalwire_client::{
    AnswerOptions, Call, CallEvent, CallStats, ClientEvent, DeviceOptions, DialOptions, ErrorKind,
    ScreenShareOptions,
};
use signalwire_gateway::Dialect;

fn with_interval(statistics_interval_ms: u32) -> DialOptions {
    DialOptions { statistics_interval_ms, ..DialOptions::default() }
}

fn numbers(event: &CallEvent) -> Option<&CallStats> {
    match event {
        CallEvent::Statistics { stats } => Some(stats),
        _ => None,
    }
}

/// The events until the numbers came so often.
async fn until_numbers(call: &Call, times: usize) -> Vec<CallEvent> {
    let events = call.events();
    let mut seen = Vec::new();
    for _ in 0..times {
        seen.extend(wait_for(&events, |event| numbers(event).is_some()).await);
    }
    seen
}

#[test]
fn numbers_come_from_the_first_media_on_and_grow() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/tone", with_interval(200)).unwrap();
        let seen = until_numbers(&call, 4).await;
        let at = |fits: fn(&CallEvent) -> bool| seen.iter().position(fits).expect("it came");
        let media = at(|event| matches!(event, CallEvent::MediaConnected { .. }));
        assert!(media < at(|event| numbers(event).is_some()), "{seen:#?}");
        let told: Vec<&CallStats> = seen.iter().filter_map(numbers).collect();
        for pair in told.windows(2) {
            assert_eq!(pair[1].codec, "opus");
            assert!(pair[0].packets_sent < pair[1].packets_sent, "{told:#?}");
            assert!(pair[0].packets_received < pair[1].packets_received, "{told:#?}");
        }
        // Three intervals are 600 ms, or 30 packets; late timers make it more, never less than some.
        let sent = told[3].packets_sent - told[0].packets_sent;
        assert!((25..100).contains(&sent), "{sent} packets in 600 ms");
        // What comes again and again leaves the history of a call to what happened.
        let history = call.diagnostics();
        assert!(history.contains("MediaConnected") && !history.contains("Statistics"), "{history}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn screens_and_devices_tell_theirs_as_often_as_their_call() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/echo", with_interval(100)).unwrap();
        call.answered().await.unwrap();
        let screen = call.start_screen_share(ScreenShareOptions::default()).await.unwrap();
        let device = call.add_device(DeviceOptions::default()).await.unwrap();
        for leg in [&screen, &device] {
            until_numbers(leg, 2).await;
        }
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn without_the_option_there_are_none() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/tone", DialOptions::default()).unwrap();
        let events = call.events();
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        ear.wait_for_length(48_000).await;
        call.hangup().await.unwrap();
        let seen = wait_for(&events, |event| matches!(event, CallEvent::Ended { .. })).await;
        assert!(!seen.iter().any(|event| numbers(event).is_some()), "{seen:#?}");
    });
}

#[test]
fn an_answered_call_tells_them_too_also_while_its_media_are_lost() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        client.online().await.unwrap();
        gateway.fault(json!({ "fault": "call_client", "from": "/private/bob", "source": "tone" }));
        let announced = async {
            loop {
                match events.next().await.expect("the stream goes on") {
                    ClientEvent::IncomingCall { call_id, .. } => return call_id,
                    _ => continue,
                }
            }
        };
        let call_id = tokio::time::timeout(DEADLINE, announced).await.expect("a call");
        let call = client.call(&call_id).expect("the call that was announced");
        let refused = AnswerOptions { statistics_interval_ms: 99, ..AnswerOptions::default() };
        let error = call.answer(refused).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        let options = AnswerOptions { statistics_interval_ms: 100, ..AnswerOptions::default() };
        call.answer(options).await.unwrap();
        let calls = call.events();
        wait_for(&calls, |event| numbers(event).is_some()).await;
        gateway.fault(json!({ "fault": "drop_media" }));
        wait_for(&calls, |event| matches!(event, CallEvent::MediaLost)).await;
        let seen = wait_for(&calls, |event| numbers(event).is_some()).await;
        assert!(
            !seen.iter().any(|event| matches!(event, CallEvent::Recovered { .. })),
            "{seen:#?}"
        );
        call.hangup().await.unwrap();
    });
}

#[test]
fn intervals_that_cannot_be_are_refused() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        for interval in [1, 99, 3_600_001, u32::MAX] {
            let error = client.dial("/public/echo", with_interval(interval)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert!(error.to_string().contains("statistics_interval_ms"), "{error}");
        }
        assert!(client.calls().is_empty());
    });
}

/// What a screen draws bars of: silence is empty and a tone is high, each way for itself.
#[test]
fn the_levels_of_both_ways_make_a_waveform() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/tone", with_interval(100)).unwrap();
        let events = call.events();
        let next = async || loop {
            let event = tokio::time::timeout(DEADLINE, events.next()).await.expect("numbers");
            if let CallEvent::Statistics { stats } = event.expect("the call goes on") {
                return (stats.output_level_dbfs, stats.input_level_dbfs);
            }
        };
        let (quiet, loud) = (-60.0, -20.0);
        // The far side's tone is heard, nothing is sent.
        while !matches!(next().await, (sent, heard) if sent < quiet && heard > loud) {}
        // The same with a tone of our own.
        let speaker = call.clone();
        let speaking = tokio::spawn(async move {
            let frame = tone(500.0, MONO_48K, 20);
            let mut pace = tokio::time::interval(std::time::Duration::from_millis(5));
            loop {
                pace.tick().await;
                while speaker.queued_audio_ms() < 60 && speaker.push_audio(&frame, MONO_48K).is_ok()
                {
                }
                if speaker.end_reason().is_some() {
                    return;
                }
            }
        });
        while !matches!(next().await, (sent, heard) if sent > loud && heard > loud) {}
        // Muted, nothing of it is sent, nor drawn.
        call.mute().await.unwrap();
        while !matches!(next().await, (sent, heard) if sent < quiet && heard > loud) {}
        call.hangup().await.unwrap();
        speaking.await.unwrap();
    });
}
