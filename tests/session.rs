//! The session with the service: connecting, surviving losses, ending.

mod common;

use common::*;
use serde_json::{json, Value};
use signalwire_client::{
    AddressQuery, AddressType, CallState, Client, ClientEvent, ClientEventStream, ClientState,
    DialOptions, EndKind, ErrorKind,
};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};
use std::time::Duration;

async fn wait_for_state(events: &ClientEventStream, wanted: ClientState) -> Vec<ClientEvent> {
    wait_for_event(
        events,
        |event| matches!(event, ClientEvent::StateChanged { state, .. } if *state == wanted),
    )
    .await
}

async fn wait_for_event(
    events: &ClientEventStream,
    fits: impl Fn(&ClientEvent) -> bool,
) -> Vec<ClientEvent> {
    let mut seen = Vec::new();
    loop {
        let next = tokio::time::timeout(DEADLINE, events.next()).await;
        let event = next
            .unwrap_or_else(|_| panic!("the event did not come; seen: {seen:#?}"))
            .unwrap_or_else(|| panic!("the stream ended; seen: {seen:#?}"));
        let found = fits(&event);
        seen.push(event);
        if found {
            return seen;
        }
    }
}

/// Waits, off this thread, until the gateway's state fits.
async fn gateway_sees(gateway: &Gateway, what: &str, fits: impl Fn(&Value) -> bool) {
    let deadline = std::time::Instant::now() + DEADLINE;
    while !fits(&gateway.state()) {
        assert!(std::time::Instant::now() < deadline, "{what}: {:#}", gateway.state());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn connects_reads_the_subscriber_and_the_addresses_and_ends() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = Client::new(options(&gateway)).unwrap();
        let events = client.events();
        assert_eq!(client.state(), ClientState::Disconnected);
        client.connect().await.unwrap();
        client.connect().await.unwrap();
        assert_eq!(client.state(), ClientState::Connected);
        let subscriber = client.subscriber_info().await.unwrap();
        assert!(!subscriber.id.is_empty() && !subscriber.addresses.is_empty());
        let page = client.addresses(AddressQuery::default()).await.unwrap();
        assert!(page.addresses.iter().any(|address| address.name == "echo"), "{page:?}");
        let rooms = AddressQuery { address_type: Some(AddressType::Room), ..Default::default() };
        let rooms = client.addresses(rooms).await.unwrap();
        assert!(rooms.addresses.iter().all(|a| a.address_type == AddressType::Room));
        let small = AddressQuery { page_size: Some(1), ..Default::default() };
        let small = client.addresses(small).await.unwrap();
        assert!(small.addresses.len() == 1 && small.has_next);

        client.disconnect().await.unwrap();
        client.disconnect().await.unwrap();
        assert_eq!(client.state(), ClientState::Closed);
        let mut states = Vec::new();
        while let Some(event) = events.next().await {
            if let ClientEvent::StateChanged { state, .. } = event {
                states.push(state);
            }
        }
        assert_eq!(states, [ClientState::Connecting, ClientState::Connected, ClientState::Closed]);
        assert_eq!(client.connect().await.unwrap_err().kind(), ErrorKind::Closed);
        let dialled = client.dial("/public/echo", DialOptions::default());
        assert_eq!(dialled.unwrap_err().kind(), ErrorKind::Closed);
        assert_clean(&gateway);
    });
}

#[test]
fn a_lost_socket_is_replaced_and_the_call_goes_on() {
    for fault in [
        json!({"fault": "drop_sockets"}),
        json!({"fault": "close_sockets", "code": 1012}),
        json!({"fault": "disconnect", "close_after_ms": 50}),
    ] {
        run(async move {
            let gateway = gateway(Dialect::FreeSwitch);
            let client = connected(&gateway).await;
            let events = client.events();
            let call = answered(&client, "/public/tone").await;
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
            wait_for_state(&events, ClientState::Connected).await;

            gateway.fault(fault);
            wait_for_state(&events, ClientState::Reconnecting).await;
            let seen =
                wait_for_event(&events, |event| matches!(event, ClientEvent::SessionReady { .. }))
                    .await;
            assert!(
                matches!(seen.last(), Some(ClientEvent::SessionReady { is_resumed: true, .. })),
                "{seen:?}"
            );
            assert_eq!(call.state(), CallState::Active);
            ear.forget();
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
            call.send_digits("7").await.unwrap();
            gateway_sees(&gateway, "the digit", |state| state["calls"][0]["digits"] == "7").await;
            call.hangup().await.unwrap();
            assert_eq!(call.end_reason().unwrap().kind, EndKind::LocalHangup);
            assert_clean(&gateway);
        });
    }
}

#[test]
fn a_half_open_socket_is_noticed_without_pings_by_an_unanswered_request() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let mut options = options(&gateway);
        options.request_timeout_ms = 300;
        let client = Client::new(options).unwrap();
        client.connect().await.unwrap();
        let call = answered(&client, "/public/echo").await;
        let events = client.events();
        gateway.fault(json!({"fault": "half_open"}));
        let error = call.send_digits("1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        wait_for_state(&events, ClientState::Reconnecting).await;
        wait_for_state(&events, ClientState::Connected).await;
        call.hangup().await.unwrap();
    });
}

#[test]
fn a_stale_resume_leads_to_a_new_session_without_a_storm() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        wait_for_state(&events, ClientState::Connected).await;
        gateway.fault(json!({"fault": "stale_resume"}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        wait_for_state(&events, ClientState::Reconnecting).await;
        let seen =
            wait_for_event(&events, |event| matches!(event, ClientEvent::SessionReady { .. }))
                .await;
        assert!(matches!(seen.last(), Some(ClientEvent::SessionReady { is_resumed: false, .. })));
        let counters = gateway.state()["counters"].clone();
        assert!(counters["sockets"].as_u64() <= Some(3), "{counters}");
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_token_that_expires_during_the_loss_ends_the_session_with_a_clear_word() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        let call = answered(&client, "/public/echo").await;
        gateway.fault(json!({"fault": "expire_token"}));
        gateway.fault(json!({"fault": "forget_sessions"}));
        let seen = wait_for_state(&events, ClientState::Disconnected).await;
        let told = seen.iter().any(|e| matches!(e, ClientEvent::AuthorizationFailed { .. }));
        assert!(told, "{seen:?}");
        assert_eq!(call.ended().await.unwrap().kind, EndKind::SignalingFailed);
        let error = client.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
    });
}

#[test]
fn refused_sockets_are_tried_again_until_they_are_taken() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        gateway.fault(json!({"fault": "refuse_sockets", "ms": 700}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        wait_for_state(&events, ClientState::Reconnecting).await;
        let seen = wait_for_state(&events, ClientState::Connected).await;
        let tries = seen.iter().filter(|e| matches!(e, ClientEvent::RetryScheduled { .. })).count();
        assert!((2..=8).contains(&tries), "{seen:?}");
    });
}

#[test]
fn a_digit_sent_during_the_loss_arrives_once_the_session_is_back() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let events = client.events();
        gateway.fault(json!({"fault": "refuse_sockets", "ms": 400}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        wait_for_state(&events, ClientState::Reconnecting).await;
        call.send_digits("42").await.unwrap();
        gateway_sees(&gateway, "digits once", |state| state["calls"][0]["digits"] == "42").await;
        call.hangup().await.unwrap();
    });
}

#[test]
fn pings_are_answered_and_every_event_is_acknowledged() {
    run(async {
        let config = GatewayConfig {
            ping_interval: Duration::from_millis(50),
            verto_ping_interval: Duration::from_millis(50),
            ..GatewayConfig::default()
        };
        let gateway = Gateway::start(config).unwrap();
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        gateway_sees(&gateway, "pongs", |state| {
            state["counters"]["pongs"].as_u64() >= Some(3)
                && state["counters"]["verto_pongs"].as_u64() >= Some(3)
                && state["counters"]["verto_results"].as_u64() >= Some(1)
        })
        .await;
        call.hangup().await.unwrap();
        gateway_sees(&gateway, "acks", |state| state["counters"]["unacked"] == 0).await;
        assert_clean(&gateway);
    });
}

#[test]
fn garbage_from_the_server_changes_nothing() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        let call = answered(&client, "/public/echo").await;
        for fault in [
            json!({"fault": "malformed"}),
            json!({"fault": "binary"}),
            json!({"fault": "unknown_method"}),
            json!({"fault": "huge", "bytes": 1_000_000}),
            json!({"fault": "send_text", "text": "[]"}),
            json!({"fault": "send_text", "text": "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}"}),
            json!({"fault": "send_verto", "method": "verto.answer", "params": {}}),
            json!({"fault": "send_verto", "method": "verto.nonsense",
                "params": {"callID": call.id()}}),
            json!({"fault": "send_verto", "method": "verto.answer",
                "params": {"callID": call.id(), "sdp": "garbage"}}),
            json!({"fault": "send_event", "event_type": "call.joined", "params": 7}),
            json!({"fault": "send_event", "event_type": "member.updated",
                "params": {"call_id": call.id(), "member": null}}),
            json!({"fault": "unknown_event", "event_type": "surprise.party"}),
        ] {
            gateway.fault(fault);
        }
        wait_for_event(
            &events,
            |e| matches!(e, ClientEvent::Other { event_type, .. } if event_type == "surprise.party"),
        )
        .await;
        call.send_digits("9").await.unwrap();
        assert_eq!(call.state(), CallState::Active);
        call.hangup().await.unwrap();
    });
}

#[test]
fn events_that_come_twice_are_handled_once() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        gateway.fault(json!({"fault": "duplicate_events", "count": 50}));
        let call = client.dial("/public/echo", DialOptions::default()).unwrap();
        let events = call.events();
        call.answered().await.unwrap();
        let seen =
            wait_for(&events, |e| matches!(e, signalwire_client::CallEvent::MediaConnected { .. }))
                .await;
        let active = states(&seen).iter().filter(|s| **s == CallState::Active).count();
        assert_eq!(active, 1, "{seen:?}");
        call.hangup().await.unwrap();
        let rest =
            wait_for(&events, |e| matches!(e, signalwire_client::CallEvent::Ended { .. })).await;
        let joined = seen
            .iter()
            .chain(&rest)
            .filter(|e| matches!(e, signalwire_client::CallEvent::Joined { .. }))
            .count();
        assert!(joined <= 1, "{seen:?} {rest:?}");
    });
}

#[test]
fn disconnect_with_a_call_up_says_goodbye() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        client.disconnect().await.unwrap();
        assert_eq!(call.ended().await.unwrap().kind, EndKind::Shutdown);
        let ended_by_bye = gateway.state()["calls"][0]["ended_by"].clone();
        assert_eq!(ended_by_bye, "client", "{:#}", gateway.state());
        assert_clean(&gateway);
    });
}

#[test]
fn dropping_the_last_handle_closes_the_session() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        drop(client);
        assert_eq!(call.ended().await.unwrap().kind, EndKind::Shutdown);
        gateway_sees(&gateway, "the end of the session", |state| {
            state["sessions"]
                .as_array()
                .is_none_or(|all| all.iter().all(|s| s["connected"] == false))
        })
        .await;
    });
}
