//! A process that dies in a call, and another one that goes on with it.

mod common;

use common::*;
use serde_json::{json, Value};
use signalwire_client::{
    AnswerOptions, CallEvent, CallState, Client, ClientEvent, ClientEventStream, ClientOptions,
    DialOptions, Direction, EndKind, ErrorKind, MediaDirection,
};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const ROLE: &str = "SW_TEST_DYING_PROCESS";

async fn next(events: &ClientEventStream, fits: impl Fn(&ClientEvent) -> bool) -> ClientEvent {
    loop {
        let next = tokio::time::timeout(DEADLINE, events.next()).await;
        let event = next.expect("the event did not come").expect("the stream ended");
        if fits(&event) {
            return event;
        }
    }
}

/// Not a test of its own: what the process that dies does.
#[test]
fn the_process_that_dies() {
    let Ok(direction) = std::env::var(ROLE) else { return };
    run(async {
        let setting = |name: &str| std::env::var(name).unwrap();
        let mut options = ClientOptions::new(setting("SW_TOKEN"));
        options.ws_url = Some(setting("SW_WS_URL"));
        options.http_url = Some(setting("SW_HTTP_URL"));
        options.ca_certificates_pem = Some(setting("SW_CA"));
        let client = Client::new(options).unwrap();
        let events = client.events();
        client.connect().await.unwrap();
        next(&events, |event| matches!(event, ClientEvent::SessionRecordChanged)).await;
        if direction == "in" {
            client.online().await.unwrap();
            println!("\nONLINE");
            let event = next(&events, |e| matches!(e, ClientEvent::IncomingCall { .. })).await;
            let ClientEvent::IncomingCall { call_id, .. } = event else { unreachable!() };
            let call = client.call(&call_id).unwrap();
            call.answer(AnswerOptions::default()).await.unwrap();
        } else if direction == "out" {
            let options = DialOptions { statistics_interval_ms: 200, ..DialOptions::default() };
            client.dial("/public/tone", options).unwrap().answered().await.unwrap();
        } else if direction == "video" {
            let call = client.dial("/public/echo?channel=video", DialOptions::default()).unwrap();
            wait_for(&call.events(), |e| matches!(e, CallEvent::VideoConnected { .. })).await;
        }
        println!("\nRECORD {}", client.session_record().unwrap().expose());
        // Until it is killed.
        std::future::pending::<()>().await;
    });
}

/// Lets a process come into a call and kills it; gives its token and record.
fn dead_process(gateway: &Gateway, direction: &str) -> (String, String) {
    let token = gateway.mint_token("tester", 3600, None);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_process_that_dies", "--nocapture"])
        .env(ROLE, direction)
        .env("SW_TOKEN", &token)
        .env("SW_WS_URL", gateway.ws_url())
        .env("SW_HTTP_URL", gateway.http_url())
        .env("SW_CA", gateway.ca_pem())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut record = None;
    for line in output.lines().map_while(Result::ok) {
        if line == "ONLINE" {
            gateway
                .fault(json!({"fault": "call_client", "from": "/private/bob", "source": "tone"}));
        }
        if let Some(text) = line.strip_prefix("RECORD ") {
            record = Some(text.to_owned());
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    (token, record.expect("the process said its record"))
}

fn resuming(gateway: &Gateway, token: &str, record: String) -> ClientOptions {
    ClientOptions { token: token.to_owned(), resume_from: Some(record), ..options(gateway) }
}

fn with_attach(attach_on_resume: bool, dialect: Dialect) -> Gateway {
    Gateway::start(GatewayConfig { attach_on_resume, dialect, ..GatewayConfig::default() }).unwrap()
}

#[test]
fn another_process_goes_on_with_the_call_of_one_that_died() {
    for (attach_on_resume, dialect, direction) in [
        (false, Dialect::FreeSwitch, "out"),
        (true, Dialect::FreeSwitch, "out"),
        (false, Dialect::Browser, "out"),
        (true, Dialect::FreeSwitch, "in"),
    ] {
        run(async move {
            let gateway = with_attach(attach_on_resume, dialect);
            let (token, record) = dead_process(&gateway, direction);
            let client = Client::new(resuming(&gateway, &token, record)).unwrap();
            let events = client.events();
            client.connect().await.unwrap();
            next(&events, |e| matches!(e, ClientEvent::SessionReady { is_resumed: true, .. }))
                .await;
            let event = next(&events, |event| {
                matches!(
                    event,
                    ClientEvent::CallRestored { .. } | ClientEvent::RestoreFailed { .. }
                )
            })
            .await;
            let ClientEvent::CallRestored { call_id, is_inbound, remote_number, .. } = event else {
                panic!("{event:?}")
            };
            assert_eq!(is_inbound, direction == "in");
            let remote = if is_inbound { "/private/bob" } else { "/public/tone" };
            assert_eq!(remote_number, remote);
            let call = client.call(&call_id).unwrap();
            assert_eq!(call.state(), CallState::Active);
            assert_eq!(call.direction() == Direction::Inbound, is_inbound);
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
            // The numbers are told as often as they were.
            if direction == "out" {
                let is_numbers = |event: &CallEvent| matches!(event, CallEvent::Statistics { .. });
                wait_for(&call.events(), is_numbers).await;
            }
            call.send_digits("5").await.unwrap();
            let state = gateway.state();
            assert_eq!(state["calls"].as_array().map(Vec::len), Some(1), "{state:#}");
            assert_eq!(
                (&state["calls"][0]["digits"], &state["calls"][0]["reattaches"]),
                (&json!("5"), &json!(1))
            );
            call.hangup().await.unwrap();
            assert_eq!(gateway.state()["calls"][0]["ended_by"], "client");
            assert_clean(&gateway);
        });
    }
}

#[test]
fn a_call_with_video_goes_on_with_video() {
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        run(async move {
            let gateway = with_attach(false, dialect);
            let (token, record) = dead_process(&gateway, "video");
            let client = Client::new(resuming(&gateway, &token, record)).unwrap();
            let events = client.events();
            client.connect().await.unwrap();
            let event = next(&events, |e| matches!(e, ClientEvent::CallRestored { .. })).await;
            let ClientEvent::CallRestored { call_id, .. } = event else { unreachable!() };
            let call = client.call(&call_id).unwrap();
            wait_for(&call.events(), |e| matches!(e, CallEvent::VideoConnected { .. })).await;
            assert_eq!(call.media().video, MediaDirection::SendReceive);
            call.hangup().await.unwrap();
            assert_clean(&gateway);
        });
    }
}

#[test]
fn the_service_tells_of_a_call_that_the_record_does_not_have() {
    run(async {
        let gateway = with_attach(true, Dialect::FreeSwitch);
        let (token, record) = dead_process(&gateway, "in");
        let record = without_calls(&record);
        let client = Client::new(resuming(&gateway, &token, record)).unwrap();
        let events = client.events();
        client.connect().await.unwrap();
        let event = next(&events, |e| matches!(e, ClientEvent::CallRestored { .. })).await;
        let ClientEvent::CallRestored { call_id, is_inbound, remote_number, .. } = event else {
            unreachable!()
        };
        assert_eq!((is_inbound, remote_number.as_str()), (true, "/private/bob"));
        let call = client.call(&call_id).unwrap();
        gateway.fault(json!({"fault": "hang_up"}));
        assert_eq!(call.ended().await.unwrap().kind, EndKind::RemoteHangup);
        assert_clean(&gateway);
    });
}

/// A record of the same session as it was before the call.
fn without_calls(record: &str) -> String {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use base64::Engine;
    let json = URL_SAFE_NO_PAD.decode(record.strip_prefix("sw1.").unwrap()).unwrap();
    let mut content: Value = serde_json::from_slice(&json).unwrap();
    content["calls"] = json!([]);
    format!("sw1.{}", URL_SAFE_NO_PAD.encode(content.to_string()))
}

#[test]
fn a_call_that_ended_meanwhile_is_told_as_such() {
    run(async {
        let gateway = with_attach(true, Dialect::FreeSwitch);
        let (token, record) = dead_process(&gateway, "out");
        gateway.fault(json!({"fault": "hang_up"}));
        let client = Client::new(resuming(&gateway, &token, record)).unwrap();
        let events = client.events();
        client.connect().await.unwrap();
        let event = next(&events, |e| matches!(e, ClientEvent::RestoreFailed { .. })).await;
        let ClientEvent::RestoreFailed { call_id, .. } = event else { unreachable!() };
        assert!(client.call(&call_id).is_none() && client.calls().is_empty());
        assert_clean(&gateway);
    });
}

#[test]
fn a_session_that_the_service_forgot_is_replaced() {
    run(async {
        let gateway = with_attach(true, Dialect::FreeSwitch);
        let (token, record) = dead_process(&gateway, "out");
        gateway.fault(json!({"fault": "forget_sessions"}));
        let client = Client::new(resuming(&gateway, &token, record.clone())).unwrap();
        let events = client.events();
        client.connect().await.unwrap();
        next(&events, |e| matches!(e, ClientEvent::SessionReady { is_resumed: false, .. })).await;
        next(&events, |e| matches!(e, ClientEvent::RestoreFailed { .. })).await;
        assert!(client.calls().is_empty());
        // Usable as any other session.
        let call = client.dial("/public/echo", DialOptions::default()).unwrap();
        call.answered().await.unwrap();
        client.disconnect().await.unwrap();
        assert_eq!(client.session_record().unwrap_err().kind(), ErrorKind::Closed);
        assert_clean(&gateway);
    });
}

#[test]
fn a_bad_record_is_refused_before_anything_is_sent() {
    let gateway = with_attach(true, Dialect::FreeSwitch);
    for record in ["", "garbage", "sw2.AAAA", "sw1.AAAA", "sw1.\u{1f4a9}"] {
        let error = Client::new(resuming(&gateway, &options(&gateway).token, record.into()))
            .expect_err("a bad record");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
    let client = Client::new(options(&gateway)).unwrap();
    assert_eq!(client.session_record().unwrap_err().kind(), ErrorKind::NotConnected);
    let options = resuming(&gateway, "a.b.c.d.e", "sw1.secret".into());
    assert!(!format!("{options:?}").contains("secret"));
    assert_eq!(gateway.state()["counters"]["sockets"], 0);
}

#[test]
fn a_service_that_wants_its_own_offer_answered_gets_that() {
    for has_calls in [true, false] {
        run(async move {
            let config = GatewayConfig {
                attach_on_resume: true,
                attach_by_answer: true,
                ..GatewayConfig::default()
            };
            let gateway = Gateway::start(config).unwrap();
            let (token, record) = dead_process(&gateway, "out");
            let record = if has_calls { record } else { without_calls(&record) };
            let client = Client::new(resuming(&gateway, &token, record)).unwrap();
            let events = client.events();
            client.connect().await.unwrap();
            let event = next(&events, |event| {
                matches!(
                    event,
                    ClientEvent::CallRestored { .. } | ClientEvent::RestoreFailed { .. }
                )
            })
            .await;
            let ClientEvent::CallRestored { call_id, .. } = event else { panic!("{event:?}") };
            let call = client.call(&call_id).unwrap();
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            ear.wait_for_tone(440.0, MONO_48K, 100).await;
            call.hangup().await.unwrap();
            assert_clean(&gateway);
        });
    }
}
