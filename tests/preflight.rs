//! The test of everything that a call needs, against a gateway that has it or lacks it.

mod common;

use common::*;
use serde_json::{json, Value};
use signalwire_client::{
    CallState, Client, ClientState, ErrorKind, PreflightOptions, PreflightProblemKind,
    PreflightReport, PreflightTransport, PreflightVerdict,
};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};
use std::time::Duration;

fn echo(address: &str) -> PreflightOptions {
    PreflightOptions { echo_address: Some(address.to_owned()), call_ms: 2_000 }
}

fn kinds(report: &PreflightReport) -> Vec<PreflightProblemKind> {
    report.problems.iter().map(|problem| problem.kind).collect()
}

fn sum_of_steps(times: &signalwire_client::ConnectTimes) -> f64 {
    times.token_ms + times.dns_ms + times.tcp_ms + times.tls_ms + times.websocket_ms
}

#[test]
fn a_good_network_passes_and_the_steps_sum_up() {
    run(async {
        let gateway = gateway(Dialect::default());
        let client = Client::new(options(&gateway)).unwrap();
        assert_eq!(client.connect_times(), None);
        let report = client.preflight(echo("/public/echo")).await.unwrap();
        assert_eq!(report.verdict, PreflightVerdict::Passed, "{report:#?}");
        assert_eq!(client.state(), ClientState::Connected, "the test connects");
        let times = report.signalling.unwrap();
        assert_eq!(client.connect_times(), Some(times), "the test made this connection");
        let sum = sum_of_steps(&times) + times.authorize_ms;
        assert!((sum - times.total_ms).abs() < 1.0, "{times:?}");
        assert!(times.tls_ms > 0.0 && times.websocket_ms > 0.0 && times.authorize_ms > 0.0);
        let call = report.call.clone().unwrap();
        assert!(call.is_echo_heard && call.first_packet_ms.is_some(), "{call:?}");
        assert_eq!(call.loss_fraction, 0.0, "{call:?}");
        assert!(client.calls().iter().all(|call| call.state() >= CallState::Ending));

        let json: Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(json["verdict"], "passed");
        assert_eq!(json["call"]["is_echo_heard"], true);

        // Once more, connected already, and without a call.
        let again = client.preflight(PreflightOptions::default()).await.unwrap();
        let times = again.signalling.unwrap();
        assert!((sum_of_steps(&times) - times.total_ms).abs() < 1.0, "{times:?}");
        assert!(again.call.is_none());
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn an_address_that_says_nothing_back_is_no_echo() {
    run(async {
        let gateway = gateway(Dialect::default());
        let client = connected(&gateway).await;
        let report = client.preflight(echo("/public/record")).await.unwrap();
        assert_eq!(report.verdict, PreflightVerdict::Failed, "{report:#?}");
        assert!(kinds(&report).contains(&PreflightProblemKind::NoEcho), "{report:#?}");
        let report = client.preflight(echo("/public/nobody")).await.unwrap();
        assert_eq!(kinds(&report), [PreflightProblemKind::CallFailed], "{report:#?}");
        client.disconnect().await.unwrap();
    });
}

#[test]
fn a_call_whose_media_do_not_come_is_told_from_one_that_is_refused() {
    run(async {
        let gateway = gateway(Dialect::default());
        let client = connected(&gateway).await;
        let testing = tokio::spawn(async move { client.preflight(echo("/public/slow")).await });
        // The fault needs the call's media at the gateway; it rings for three seconds.
        let deadline = std::time::Instant::now() + DEADLINE;
        while gateway.state()["calls"][0]["state"] != "ringing" {
            assert!(std::time::Instant::now() < deadline, "the test call rings");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        gateway.fault(json!({"fault": "drop_media"}));
        let report = testing.await.unwrap().unwrap();
        assert_eq!(report.verdict, PreflightVerdict::Failed, "{report:#?}");
        assert_eq!(kinds(&report), [PreflightProblemKind::NoMedia], "{report:#?}");
    });
}

#[test]
fn silent_servers_are_named_one_by_one() {
    run(async {
        // Bound and never read: nobody answers.
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let udp = silent.local_addr().unwrap().port();
        // Nobody listens any more.
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = GatewayConfig {
            ice_servers: json!([
                {"urls": [format!("stun:127.0.0.1:{udp}")]},
                {"urls": [format!("turn:127.0.0.1:{tcp}?transport=tcp")],
                 "username": "user", "credential": "cAnArY-credential"},
            ]),
            ..GatewayConfig::default()
        };
        let gateway = Gateway::start(config).unwrap();
        let client = connected(&gateway).await;
        let report = client.preflight(PreflightOptions::default()).await.unwrap();
        use PreflightProblemKind::{NoRelay, ServerUnreachable, UdpBlocked};
        assert_eq!(
            kinds(&report),
            [ServerUnreachable, ServerUnreachable, UdpBlocked, NoRelay],
            "{report:#?}"
        );
        assert_eq!(report.verdict, PreflightVerdict::Impaired);
        let transports: Vec<_> = report.servers.iter().map(|server| server.transport).collect();
        assert_eq!(transports, [PreflightTransport::Udp, PreflightTransport::Tcp]);
        assert!(report.servers.iter().all(|server| !server.is_reached));
        let told = format!("{report:?}{}", report.to_json());
        assert!(!told.contains("cAnArY"), "{told}");
        client.disconnect().await.unwrap();
    });
}

#[test]
fn without_a_service_or_a_good_token_the_report_says_which() {
    run(async {
        let gateway = gateway(Dialect::default());
        let mut nowhere = options(&gateway);
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        nowhere.ws_url = Some(format!("wss://127.0.0.1:{port}"));
        nowhere.connect_timeout_ms = 3_000;
        let mut expired = options(&gateway);
        expired.token = gateway.mint_token("tester", -5, None);
        for (options, expected) in [
            (nowhere, PreflightProblemKind::NoSignalling),
            (expired, PreflightProblemKind::Unauthorized),
        ] {
            let client = Client::new(options).unwrap();
            let report = client.preflight(echo("/public/echo")).await.unwrap();
            assert_eq!(kinds(&report), [expected], "{report:#?}");
            assert_eq!(report.verdict, PreflightVerdict::Failed);
            assert!(report.signalling.is_none() && report.call.is_none());
            client.disconnect().await.unwrap();
        }
    });
}

#[test]
fn options_that_cannot_be_and_a_closed_client_are_errors() {
    run(async {
        let gateway = gateway(Dialect::default());
        let client = Client::new(options(&gateway)).unwrap();
        for options in [
            PreflightOptions { call_ms: 999, ..PreflightOptions::default() },
            PreflightOptions { call_ms: 60_001, ..PreflightOptions::default() },
            echo("no address"),
        ] {
            let error = client.preflight(options).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
        client.disconnect().await.unwrap();
        let error = client.preflight(PreflightOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
    });
}

#[test]
fn a_test_that_nobody_waits_for_hangs_up() {
    run(async {
        let gateway = gateway(Dialect::default());
        let client = connected(&gateway).await;
        let events = client.clone();
        let test = client.preflight(PreflightOptions { call_ms: 60_000, ..echo("/public/echo") });
        let has_call = async {
            loop {
                if let Some(call) = events.calls().pop() {
                    call.answered().await.unwrap();
                    return call;
                }
                tokio::task::yield_now().await;
            }
        };
        let call = tokio::select! {
            call = has_call => call,
            report = test => panic!("it ended: {report:?}"),
        };
        let ended = tokio::time::timeout(Duration::from_secs(10), call.ended()).await;
        ended.expect("is hung up").unwrap();
        client.disconnect().await.unwrap();
    });
}
