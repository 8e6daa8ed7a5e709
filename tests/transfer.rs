//! Transfer where the service has it.

mod common;

use common::*;
use signalwire_client::{Call, CallEvent, CallEventStream, DialOptions, EndKind, ErrorKind};
use signalwire_gateway::{Gateway, GatewayConfig};

fn gateway() -> Gateway {
    let config = GatewayConfig { accept_transfer: true, ..GatewayConfig::default() };
    Gateway::start(config).expect("a gateway")
}

async fn joined(client: &signalwire_client::Client) -> (Call, CallEventStream) {
    let call = client.dial("/public/echo", DialOptions::default()).expect("dials");
    let events = call.events();
    wait_for(&events, |e| matches!(e, CallEvent::MediaConnected { .. })).await;
    if call.members().is_empty() {
        wait_for(&events, |e| matches!(e, CallEvent::Joined { .. })).await;
    }
    (call, events)
}

#[test]
fn a_transferred_call_hears_the_other_address() {
    run(async {
        let gateway = gateway();
        let client = connected(&gateway).await;
        let (call, events) = joined(&client).await;
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        let before = call.members();
        call.transfer("/public/tone?channel=audio").await.unwrap();
        let segment = wait_for(
            &events,
            |e| matches!(e, CallEvent::Joined { call_id, .. } if *call_id != call.id()),
        )
        .await;
        let Some(CallEvent::Joined { member_id, .. }) = segment.last() else { unreachable!() };
        assert!(call.state().is_answered());
        assert!(before.iter().all(|member| member.member_id != *member_id));
        assert!(call
            .members()
            .iter()
            .any(|member| member.is_self && member.member_id == *member_id));
        ear.wait_for_tone(440.0, MONO_48K, 200).await;
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_transfer_to_nobody_changes_nothing() {
    run(async {
        let gateway = gateway();
        let client = connected(&gateway).await;
        let (call, _events) = joined(&client).await;
        let error = call.transfer("/public/nobody").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
        assert!(call.state().is_answered());
        assert_eq!(call.members().len(), 1);
        call.mute().await.unwrap();
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn the_address_that_a_call_is_transferred_to_may_refuse_it() {
    run(async {
        let gateway = gateway();
        let client = connected(&gateway).await;
        let (call, _events) = joined(&client).await;
        call.transfer("/public/busy").await.unwrap();
        let end = call.ended().await.unwrap();
        assert_eq!((end.kind, end.code), (EndKind::RemoteHangup, 17), "{end:?}");
        assert_clean(&gateway);
    });
}
