//! How long the packets of audio are.

mod common;

use common::*;
use signalwire_client::{AudioCodec, Call, CallEvent, CallState, Client, DialOptions, ErrorKind};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};

async fn dial(client: &Client, codec: AudioCodec, packet_time_ms: u32) -> Call {
    let options =
        DialOptions { audio_codecs: vec![codec], packet_time_ms, ..DialOptions::default() };
    let call = client.dial("/public/echo", options).unwrap();
    let events = call.events();
    wait_for(&events, |event| matches!(event, CallEvent::MediaConnected { .. })).await;
    call
}

/// Says a tone until the echo of it is heard, and gives what the gateway asked for and got.
async fn speak(gateway: &Gateway, call: &Call) -> (u64, u64) {
    let ear = Ear::new();
    let sink = call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
    let (speaker, frame) = (call.clone(), tone(500.0, MONO_48K, 20));
    let speaking = tokio::spawn(async move {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(10));
        while speaker.state() != CallState::Ended {
            pace.tick().await;
            while speaker.queued_audio_ms() < 60 && speaker.push_audio(&frame, MONO_48K).is_ok() {}
        }
    });
    ear.wait_for_tone(500.0, MONO_48K, 200).await;
    call.remove_audio_sink(sink);
    let state = gateway.state();
    let calls = state["calls"].as_array().expect("a list of calls");
    let state = calls.iter().find(|state| state["call_id"] == *call.id()).expect("the call");
    let packets = (state["ptime"].as_u64().unwrap(), state["packet_ms"].as_u64().unwrap());
    call.hangup().await.unwrap();
    speaking.await.unwrap();
    packets
}

#[test]
fn packets_are_as_long_as_the_application_wants() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        for (codec, packet_ms) in [
            (AudioCodec::Opus, 10),
            (AudioCodec::Opus, 60),
            (AudioCodec::Pcmu, 40),
            (AudioCodec::Pcma, 10),
            (AudioCodec::G722, 60),
        ] {
            run(async move {
                let gateway = gateway(dialect);
                let client = connected(&gateway).await;
                let call = dial(&client, codec, packet_ms).await;
                let packets = speak(&gateway, &call).await;
                let wanted = u64::from(packet_ms);
                // The browser's answers do not say; what is asked for is sent all the same.
                assert_eq!(packets, (wanted, wanted), "{dialect:?} {codec:?}");
                assert_clean(&gateway);
            });
        }
    }
}

#[test]
fn the_far_side_has_the_last_word() {
    run(async {
        let config = GatewayConfig { ptime: Some(40), ..GatewayConfig::default() };
        let gateway = Gateway::start(config).unwrap();
        let client = connected(&gateway).await;
        for (codec, packet_ms) in [(AudioCodec::Opus, 0), (AudioCodec::Pcmu, 10)] {
            let call = dial(&client, codec, packet_ms).await;
            assert_eq!(speak(&gateway, &call).await, (40, 40), "{codec:?} {packet_ms}");
        }
        assert_clean(&gateway);
    });
}

#[test]
fn without_a_wish_nothing_is_said_and_packets_are_20_ms() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = dial(&client, AudioCodec::Opus, 0).await;
        assert_eq!(speak(&gateway, &call).await, (20, 20));
        for packet_time_ms in [1, 30, 80] {
            let options = DialOptions { packet_time_ms, ..DialOptions::default() };
            let error = client.dial("/public/echo", options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        }
        assert_clean(&gateway);
    });
}
