//! Digits as telephone-events in the audio, both ways and in both dialects.

mod common;

use common::*;
use serde_json::{json, Value};
use signalwire_client::{
    AnswerOptions, AudioCodec, Call, CallEvent, Client, ClientEvent, DialOptions, DtmfMethod,
    ErrorKind,
};
use signalwire_gateway::{Dialect, Gateway};

const BOTH: [Dialect; 2] = [Dialect::FreeSwitch, Dialect::Browser];

async fn dial(client: &Client, dtmf: Option<DtmfMethod>, codecs: &[AudioCodec]) -> Call {
    let options = DialOptions { dtmf, audio_codecs: codecs.to_vec(), ..DialOptions::default() };
    let call = client.dial("/public/echo", options).unwrap();
    let events = call.events();
    call.answered().await.unwrap();
    wait_for(&events, |event| matches!(event, CallEvent::MediaConnected { .. })).await;
    call
}

/// What the gateway heard as telephone-events, oldest first.
fn heard(gateway: &Gateway) -> Vec<Value> {
    let state = gateway.state();
    let streams = state["calls"][0]["streams"].as_array().expect("streams").clone();
    streams[0]["rtp_events"].as_array().expect("events").clone()
}

/// The next keys that the call tells of.
async fn received(
    call: &Call,
    events: &signalwire_client::CallEventStream,
    count: usize,
) -> Vec<(String, u32)> {
    let mut digits = Vec::new();
    while digits.len() < count {
        let seen = wait_for(events, |event| matches!(event, CallEvent::DigitReceived { .. })).await;
        if let Some(CallEvent::DigitReceived { digit, duration_ms }) = seen.last() {
            digits.push((digit.clone(), *duration_ms));
        }
    }
    assert!(call.state().is_answered());
    digits
}

#[test]
fn digits_in_the_audio_are_events_by_the_book() {
    for dialect in BOTH {
        for codec in [AudioCodec::Opus, AudioCodec::Pcma] {
            run(async move {
                let gateway = gateway(dialect);
                let client = connected(&gateway).await;
                let call = dial(&client, Some(DtmfMethod::Rtp), &[codec]).await;
                call.send_digits("1w#d").await.unwrap();
                gateway_hears(&gateway, "1#D").await;
                assert_eq!(gateway.state()["calls"][0]["digits"], "", "not through the service");
                for event in heard(&gateway) {
                    assert_eq!(event["duration_ms"], 100, "{event}");
                    assert_eq!(event["volume"], 10, "{event}");
                    assert_eq!((&event["packets"], &event["ends"]), (&json!(7), &json!(3)));
                    assert_eq!(
                        (&event["markers"], &event["starts_with_marker"]),
                        (&json!(1), &json!(true))
                    );
                    assert_eq!(
                        (&event["shrinks"], &event["audio_inside"]),
                        (&json!(false), &json!(0))
                    );
                    assert_eq!(event["resumed_after_ms"], 140, "{event}");
                }
                // Audio goes on afterwards.
                let ear = Ear::new();
                call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
                let tone = tone(500.0, MONO_48K, 20);
                while call.queued_audio_ms() < 180 {
                    call.push_audio(&tone, MONO_48K).unwrap();
                }
                ear.wait_for_tone(500.0, MONO_48K, 60).await;
                call.hangup().await.unwrap();
                assert_clean(&gateway);
            });
        }
    }
}

#[test]
fn digits_go_on_over_a_new_path() {
    for dialect in BOTH {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = dial(&client, Some(DtmfMethod::Rtp), &[AudioCodec::Opus]).await;
            let events = call.events();
            call.send_digits("1").await.unwrap();
            gateway_hears(&gateway, "1").await;
            gateway.fault(json!({"fault": "drop_media", "until_restart": true}));
            wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
            call.send_digits("2#").await.unwrap();
            gateway_hears(&gateway, "12#").await;
            gateway.fault(json!({"fault": "press_keys", "digits": "7"}));
            assert_eq!(received(&call, &events, 1).await, [("7".to_owned(), 100)]);
            call.hangup().await.unwrap();
            assert_clean(&gateway);
        });
    }
}

async fn gateway_hears(gateway: &Gateway, digits: &str) {
    let waiting = async {
        // The last of the three end packets follows the reply to the order within a tick.
        while gateway.state()["calls"][0]["rtp_digits"] != digits
            || heard(gateway).last().is_some_and(|event| event["resumed_after_ms"].is_null())
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let heard = tokio::time::timeout(DEADLINE, waiting).await;
    assert!(heard.is_ok(), "{digits} in {:#}", gateway.state()["calls"][0]);
}

#[test]
fn where_no_events_are_negotiated_the_service_is_the_other_way() {
    run(async {
        let gateway = gateway_without_events();
        let client = connected(&gateway).await;
        let call = dial(&client, Some(DtmfMethod::Rtp), &[]).await;
        let error = call.send_digits("1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSupported, "{error}");
        call.hangup().await.unwrap();
        let call = dial(&client, Some(DtmfMethod::Auto), &[]).await;
        call.send_digits("12").await.unwrap();
        let state = gateway.state();
        let digits = |key: &str| state["calls"][1][key].clone();
        assert_eq!((digits("digits"), digits("rtp_digits")), (json!("12"), json!("")));
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

fn gateway_without_events() -> Gateway {
    use signalwire_gateway::GatewayConfig;
    let config = GatewayConfig { telephone_events: false, ..GatewayConfig::default() };
    Gateway::start(config).expect("a gateway")
}

#[test]
fn on_hold_digits_do_not_vanish() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        for (method, wanted) in [(DtmfMethod::Rtp, ""), (DtmfMethod::Auto, "5")] {
            let call = dial(&client, Some(method), &[]).await;
            call.hold().await.unwrap();
            let sent = call.send_digits("5").await;
            match method {
                DtmfMethod::Rtp => {
                    assert_eq!(sent.unwrap_err().kind(), ErrorKind::InvalidState);
                }
                _ => sent.unwrap(),
            }
            let calls = gateway.state()["calls"].clone();
            let this = calls.as_array().unwrap().iter().find(|c| c["call_id"] == call.id());
            assert_eq!(this.unwrap()["digits"], wanted);
            call.hangup().await.unwrap();
        }
        assert_clean(&gateway);
    });
}

#[test]
fn the_end_of_the_call_ends_the_wait_for_digits() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = dial(&client, Some(DtmfMethod::Rtp), &[]).await;
        let sending = tokio::spawn({
            let call = call.clone();
            async move { call.send_digits(&"W".repeat(64)).await }
        });
        let error = loop {
            // Until the order is queued: the fifth one finds no room.
            match tokio::time::timeout(
                std::time::Duration::from_millis(5),
                call.send_digits(&"W".repeat(64)),
            )
            .await
            {
                Ok(result) => break result.unwrap_err(),
                Err(_) => continue,
            }
        };
        assert_eq!(error.kind(), ErrorKind::InvalidState, "{error}");
        call.hangup().await.unwrap();
        assert_eq!(sending.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    });
}

#[test]
fn keys_of_the_far_side_are_told_once_each() {
    for dialect in BOTH {
        for codec in [AudioCodec::Opus, AudioCodec::Pcmu] {
            run(async move {
                let gateway = gateway(dialect);
                let client = connected(&gateway).await;
                let call = dial(&client, None, &[codec]).await;
                let events = call.events();
                gateway
                    .fault(json!({ "fault": "press_keys", "digits": "09*#AD", "duration_ms": 60 }));
                let digits = received(&call, &events, 6).await;
                let wanted: Vec<_> = "09*#AD".chars().map(|c| (c.to_string(), 60)).collect();
                assert_eq!(digits, wanted);
                // Without any end packet the last duration that was heard counts.
                gateway.fault(json!({
                    "fault": "press_keys", "digits": "12", "duration_ms": 100, "without_end": true,
                }));
                let digits = received(&call, &events, 2).await;
                assert_eq!(digits, [("1".to_owned(), 80), ("2".to_owned(), 80)]);
                gateway.fault(json!({ "fault": "press_keys", "digits": "3" }));
                assert_eq!(received(&call, &events, 1).await, [("3".to_owned(), 100)]);
                let stats = call.stats();
                assert_eq!(stats.packets_lost, 0, "events are no loss: {stats:?}");
                call.hangup().await.unwrap();
                assert_clean(&gateway);
            });
        }
    }
}

#[test]
fn a_call_that_came_in_sends_and_hears_events() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let announced = client.events();
        client.online().await.unwrap();
        gateway.fault(json!({ "fault": "call_client", "telephone_events": true }));
        let call = loop {
            let event = tokio::time::timeout(DEADLINE, announced.next()).await.unwrap().unwrap();
            if let ClientEvent::IncomingCall { call_id, .. } = event {
                break client.call(&call_id).expect("the announced call");
            }
        };
        let events = call.events();
        let options = AnswerOptions { dtmf: Some(DtmfMethod::Rtp), ..AnswerOptions::default() };
        call.answer(options).await.unwrap();
        wait_for(&events, |event| matches!(event, CallEvent::MediaConnected { .. })).await;
        call.send_digits("42").await.unwrap();
        gateway_hears(&gateway, "42").await;
        gateway.fault(json!({ "fault": "press_keys", "digits": "7" }));
        assert_eq!(received(&call, &events, 1).await, [("7".to_owned(), 100)]);
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}
