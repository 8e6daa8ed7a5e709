//! Calls whose media path dies: the path is made anew, or the call ends with a clear word.

mod common;

use common::*;
use serde_json::{json, Value};
use signalwire_client::{Call, CallEvent, CallState, EndKind};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};
use std::time::Duration;

/// The call that the gateway has under this id.
fn at_gateway(gateway: &Gateway, call: &Call) -> Value {
    let state = gateway.state();
    let calls = state["calls"].as_array().cloned().unwrap_or_default();
    calls.into_iter().find(|at| at["call_id"] == call.id()).unwrap_or_default()
}

fn recovered(seen: &[CallEvent]) -> Option<u32> {
    seen.iter().find_map(|event| match event {
        CallEvent::Recovered { gap_ms } => Some(*gap_ms),
        _ => None,
    })
}

fn tries(seen: &[CallEvent]) -> Vec<u32> {
    seen.iter()
        .filter_map(|event| match event {
            CallEvent::Recovering { attempt, .. } => Some(*attempt),
            _ => None,
        })
        .collect()
}

#[test]
fn media_that_die_come_back_by_an_ice_restart_over_the_same_dtls() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = answered(&client, "/public/tone").await;
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
            let events = call.events();

            gateway.fault(json!({"fault": "drop_media", "until_restart": true}));
            wait_for(&events, |event| matches!(event, CallEvent::Recovering { .. })).await;
            assert!(call.is_recovering());
            assert_eq!(call.state(), CallState::Active);
            let seen = wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
            assert!(!call.is_recovering());
            assert!(recovered(&seen).is_some_and(|gap| (4_000..12_000).contains(&gap)), "{seen:?}");
            ear.forget();
            ear.wait_for_tone(440.0, MONO_48K, 100).await;

            let at = at_gateway(&gateway, &call);
            let updates = at["updates"].as_array().unwrap();
            assert_eq!(updates.len(), 1, "{updates:#?}");
            assert_eq!(updates[0]["new_credentials"], true);
            assert_eq!(updates[0]["new_certificate"], false, "DTLS goes on");
            assert!(updates[0]["candidates"].as_array().is_some_and(|all| !all.is_empty()));
            call.hangup().await.unwrap();
            assert_clean(&gateway);
        });
    }
}
