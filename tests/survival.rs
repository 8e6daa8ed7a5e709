//! Calls whose media path dies: the path is made anew, or the call ends with a clear word.

mod common;

use common::*;
use serde_json::{json, Value};
use signalwire_client::{
    AnswerOptions, Call, CallEvent, CallState, Client, ClientEvent, DialOptions, EndKind, ErrorKind,
};
use signalwire_gateway::{Dialect, Gateway};
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
            let seen =
                wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
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

#[test]
fn a_far_side_with_a_new_certificate_gets_a_new_dtls_association() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = answered(&client, "/public/tone").await;
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            let events = call.events();
            gateway.fault(json!({"fault": "renew_certificate"}));
            gateway.fault(json!({"fault": "drop_media", "until_restart": true}));
            let seen =
                wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
            assert_eq!(tries(&seen), [1]);
            ear.forget();
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
            call.hangup().await.unwrap();
            assert_clean(&gateway);
        });
    }
}

/// A client whose media use an address of the loopback network that no interface has: for it,
/// every notice of a changed network takes away the address of its calls.
async fn client_without_address(gateway: &Gateway) -> Client {
    let mut options = options(gateway);
    options.media_addresses = vec!["127.0.0.9".to_owned()];
    let client = Client::new(options).unwrap();
    client.connect().await.unwrap();
    client
}

#[test]
fn a_call_whose_address_is_gone_is_moved_at_once_while_its_audio_goes_on() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(async move {
            let gateway = gateway(dialect);
            let client = client_without_address(&gateway).await;
            let options = DialOptions { audio_queue_ms: 5_000, ..DialOptions::default() };
            let call = client.dial("/public/echo", options).unwrap();
            let started = call.events();
            wait_for(&started, |event| matches!(event, CallEvent::MediaConnected { .. })).await;
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            let events = call.events();
            client.network_changed().unwrap();
            let seen =
                wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
            assert_eq!(tries(&seen), [1]);
            assert!(recovered(&seen).is_some_and(|gap| gap < 2_000), "{seen:?}");
            assert!(!seen.iter().any(|event| matches!(event, CallEvent::MediaLost)), "{seen:?}");
            // The same call, the same sink, the same source.
            ear.forget();
            call.push_audio(&tone(800.0, MONO_48K, 5_000), MONO_48K).unwrap();
            ear.wait_for_tone(800.0, MONO_48K, 100).await;
            call.hangup().await.unwrap();
            assert_clean(&gateway);
        });
    }
}

#[test]
fn a_call_that_came_in_is_moved_too() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client_without_address(&gateway).await;
        let call = taken(&gateway, &client, "tone").await;
        let events = call.events();
        wait_for(&events, |event| matches!(event, CallEvent::MediaConnected { .. })).await;
        client.network_changed().unwrap();
        wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        ear.wait_for_tone(440.0, MONO_48K, 100).await;
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_call_that_came_in_comes_back_by_an_ice_restart_too() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = taken(&gateway, &client, "tone").await;
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        ear.wait_for_tone(440.0, MONO_48K, 100).await;
        let events = call.events();
        gateway.fault(json!({"fault": "drop_media", "until_restart": true}));
        let seen = wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
        assert_eq!(tries(&seen), [1], "{seen:?}");
        ear.forget();
        ear.wait_for_tone(440.0, MONO_48K, 100).await;
        let at = at_gateway(&gateway, &call);
        assert_eq!(at["updates"][0]["new_certificate"], false, "DTLS goes on");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

/// A call of the gateway, answered.
async fn taken(gateway: &Gateway, client: &Client, source: &str) -> Call {
    let events = client.events();
    client.online().await.unwrap();
    gateway.fault(json!({"fault": "call_client", "source": source}));
    let id = loop {
        let event = tokio::time::timeout(DEADLINE, events.next()).await.unwrap().unwrap();
        if let ClientEvent::IncomingCall { call_id, .. } = event {
            break call_id;
        }
    };
    let call = client.call(&id).unwrap();
    call.answer(AnswerOptions::default()).await.unwrap();
    call
}

#[test]
fn a_refused_restart_is_tried_again_with_a_fresh_connection() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client_without_address(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let events = call.events();
        gateway.fault(json!({"fault": "refuse_update", "count": 1}));
        client.network_changed().unwrap();
        let seen = wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
        assert_eq!(tries(&seen), [1, 2]);
        let updates = at_gateway(&gateway, &call)["updates"].clone();
        assert_eq!(updates[0]["new_certificate"], true, "{updates:#}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_path_that_nothing_brings_back_ends_the_call_with_a_bye() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client_without_address(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let events = call.events();
        gateway.fault(json!({"fault": "refuse_update", "count": 100}));
        client.network_changed().unwrap();
        let seen = wait_for(&events, |event| matches!(event, CallEvent::Ended { .. })).await;
        assert_eq!(tries(&seen), [1, 2, 3]);
        let reason = call.end_reason().unwrap();
        assert_eq!((reason.kind, reason.cause.as_str()), (EndKind::MediaFailed, "MEDIA_TIMEOUT"));
        assert!(reason.message.contains("recovery failed after 3 tries"), "{reason:?}");
        let at = at_gateway(&gateway, &call);
        assert_eq!((&at["ended_by"], &at["cause_code"]), (&json!("client"), &json!(804)));
        assert!(!call.is_recovering());
        assert_clean(&gateway);
    });
}

#[test]
fn a_call_can_be_hung_up_while_it_recovers() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client_without_address(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let events = call.events();
        gateway.fault(json!({"fault": "ignore_requests", "method": "verto.modify"}));
        client.network_changed().unwrap();
        wait_for(&events, |event| matches!(event, CallEvent::Recovering { .. })).await;
        call.hangup().await.unwrap();
        assert_eq!(call.end_reason().unwrap().kind, EndKind::LocalHangup);
        assert_eq!(at_gateway(&gateway, &call)["ended_by"], "client");
    });
}

#[test]
fn two_notices_at_once_make_one_renegotiation_at_a_time() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client_without_address(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let events = call.events();
        gateway.fault(json!({"fault": "delay_answers", "ms": 300}));
        for _ in 0..5 {
            client.network_changed().unwrap();
        }
        wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
        gateway.fault(json!({"fault": "delay_answers", "ms": 0}));
        call.send_digits("5").await.unwrap();
        let updates = at_gateway(&gateway, &call)["updates"].as_array().map(Vec::len);
        assert!(updates.is_some_and(|count| count <= 2), "{updates:?}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn calls_of_a_forgotten_session_are_taken_over_into_the_new_one() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = answered(&client, "/public/tone").await;
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            let events = call.events();
            gateway.fault(json!({"fault": "forget_sessions"}));
            let seen =
                wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
            assert!(recovered(&seen).is_some_and(|gap| gap < 1_000), "{seen:?}");
            let at = at_gateway(&gateway, &call);
            assert_eq!((&at["reattaches"], &at["state"]), (&json!(1), &json!("answered")));
            ear.forget();
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
            // The service's events reach it again.
            gateway.fault(json!({"fault": "hang_up"}));
            assert_eq!(call.ended().await.unwrap().kind, EndKind::RemoteHangup);
            assert_clean(&gateway);
        });
    }
}

#[test]
fn media_that_die_while_the_session_is_away_wait_for_it() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client_without_address(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let events = call.events();
        let session = client.events();
        gateway.fault(json!({"fault": "refuse_sockets", "ms": 800}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        loop {
            let event = tokio::time::timeout(DEADLINE, session.next()).await.unwrap().unwrap();
            if matches!(event, ClientEvent::RetryScheduled { .. }) {
                break;
            }
        }
        client.network_changed().unwrap();
        let seen = wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
        assert_eq!(tries(&seen), [1], "{seen:?}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_call_that_fell_silent_with_the_session_does_not_wait_for_ice() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        ear.wait_for_tone(440.0, MONO_48K, 100).await;
        let events = call.events();
        gateway.fault(json!({"fault": "drop_media", "until_restart": true}));
        // Until nothing was received for more than a second.
        let (mut last, mut since) = (0, std::time::Instant::now());
        while since.elapsed() < Duration::from_millis(1_300) {
            let received = call.stats().packets_received;
            if received != last {
                (last, since) = (received, std::time::Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        gateway.fault(json!({"fault": "drop_sockets"}));
        let seen = wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
        assert_eq!(tries(&seen), [1], "{seen:?}");
        assert!(recovered(&seen).is_some_and(|gap| gap < 4_000), "{seen:?}");
        assert!(!seen.iter().any(|event| matches!(event, CallEvent::MediaLost)), "{seen:?}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn after_a_change_of_the_network_a_dead_connection_is_replaced_at_once() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let events = client.events();
        gateway.fault(json!({"fault": "half_open"}));
        client.network_changed().unwrap();
        let started = std::time::Instant::now();
        loop {
            let event = tokio::time::timeout(DEADLINE, events.next()).await.unwrap().unwrap();
            if matches!(event, ClientEvent::SessionReady { is_resumed: true, .. }) {
                break;
            }
        }
        // Far less than the 15 s without a ping, or the 10 s of a request.
        assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
        call.send_digits("1").await.unwrap();
        call.hangup().await.unwrap();
    });
}

#[test]
fn a_change_of_the_network_leaves_what_is_well_alone() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let events = call.events();
        client.network_changed().unwrap();
        call.send_digits("1").await.unwrap();
        call.hangup().await.unwrap();
        let seen = wait_for(&events, |event| matches!(event, CallEvent::Ended { .. })).await;
        assert!(tries(&seen).is_empty(), "{seen:?}");
        assert_eq!(gateway.state()["counters"]["sockets"], 1);
        client.disconnect().await.unwrap();
        assert_eq!(client.network_changed().unwrap_err().kind(), ErrorKind::Closed);
        assert_clean(&gateway);
    });
}

const OWN_NETWORK: &str = "SW_TEST_OWN_NETWORK";

/// Not a test of its own: what runs in a network of its own, whose addresses it may change.
#[cfg(target_os = "linux")]
#[test]
fn inside_a_network_of_its_own() {
    if std::env::var_os(OWN_NETWORK).is_none() {
        return;
    }
    let ip = |words: &str| {
        let status = std::process::Command::new("ip").args(words.split(' ')).status().unwrap();
        assert!(status.success(), "ip {words}");
    };
    ip("link set lo up");
    ip("addr add 192.0.2.1/32 dev lo");
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let mut options = options(&gateway);
        options.media_addresses = vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()];
        let client = Client::new(options).unwrap();
        client.connect().await.unwrap();
        let call = answered(&client, "/public/tone").await;
        assert!(call.stats().local_candidate.contains("192.0.2.1"), "{:?}", call.stats());
        let events = call.events();
        ip("addr add 192.0.2.2/32 dev lo");
        ip("addr del 192.0.2.1/32 dev lo");
        let seen = wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
        // ICE alone would need four seconds to notice.
        assert!(recovered(&seen).is_some_and(|gap| gap < 3_000), "{seen:?}");
        let deadline = std::time::Instant::now() + DEADLINE;
        while !call.stats().local_candidate.contains("192.0.2.2") {
            assert!(std::time::Instant::now() < deadline, "{:?}", call.stats());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(gateway.state()["counters"]["sockets"], 1, "the session was well");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
    println!("\nMOVED");
}

#[cfg(target_os = "linux")]
#[test]
fn an_address_that_goes_is_noticed_without_being_told() {
    let unshare = ["--user", "--map-root-user", "--net"];
    let is_possible = std::process::Command::new("unshare")
        .args(unshare)
        .args(["ip", "link", "set", "lo", "up"])
        .status()
        .is_ok_and(|status| status.success());
    if !is_possible {
        eprintln!("this machine allows no network namespaces: not tested");
        return;
    }
    let output = std::process::Command::new("unshare")
        .args(unshare)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "inside_a_network_of_its_own", "--nocapture"])
        .env(OWN_NETWORK, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("MOVED"), "{text}\n{errors}");
}
