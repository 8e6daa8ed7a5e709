//! The WebSocket session: connecting, resuming, keep-alive, faults.

use std::time::Duration;

use crate::common::{gateway, Client, OFFER};
use serde_json::json;

#[tokio::test]
async fn nothing_is_accepted_before_connect() {
    let gateway = gateway(|_| {});
    let mut client = Client::open(&gateway).await.unwrap();
    let answer = client.request("subscriber.online", json!({})).await;
    assert_eq!(answer["error"]["code"], -32002);
    assert_eq!(gateway.state()["violations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn connect_checks_version_and_token() {
    let gateway = gateway(|_| {});
    let mut client = Client::open(&gateway).await.unwrap();
    let answer = client.request("signalwire.connect", json!({})).await;
    assert_eq!(answer["error"]["code"], -32602);
    let answer = client.connect("nobody.knows.this.to.ken", json!({})).await;
    assert_eq!(answer["error"]["code"], -32002);
    let expired = gateway.mint_token("carol@example.com", -1, None);
    assert_eq!(client.connect(&expired, json!({})).await["error"]["code"], -32002);
    let token = gateway.mint_token("carol@example.com", 60, None);
    let result = client.connect(&token, json!({})).await["result"].clone();
    let jti = result["authorization"]["jti"].as_str().unwrap();
    assert_eq!(client.protocol.split('_').nth(1), Some(jti));
    assert!(result["authorization"]["fabric_subscriber"]["expires_at"].is_i64());
}

#[tokio::test]
async fn a_session_is_resumed_with_an_expired_token_but_not_with_a_stale_state() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    let token = gateway.mint_token("carol@example.com", -5, None);
    let resume = json!({ "protocol": client.protocol, "authorization_state": client.state });
    client.invite("c-1", "/public/never", OFFER).await;
    drop(client);
    let mut second = Client::open(&gateway).await.unwrap();
    let stale = json!({ "protocol": resume["protocol"], "authorization_state": "old" });
    let answer = second.connect(&token, stale).await;
    assert_eq!(answer["error"]["code"], -32003);
    assert_eq!(answer["error"]["message"], "Requester validation failed");
    let answer = second.connect(&token, resume.clone()).await;
    assert_eq!(answer["result"]["protocol"], resume["protocol"]);
    let state = gateway.state();
    assert_eq!(state["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(state["calls"].as_array().map(Vec::len), Some(1), "the call outlived the socket");
    assert!(
        gateway.wait_for(|state| state["calls"][0]["state"] == "ringing", Duration::from_secs(10))
    );
}

#[tokio::test]
async fn events_sent_without_a_socket_come_after_the_resume() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/never", OFFER).await;
    let resume = json!({ "protocol": client.protocol, "authorization_state": client.state });
    drop(client);
    let gone = |state: &serde_json::Value| state["sessions"][0]["connected"] == false;
    assert!(gateway.wait_for(gone, Duration::from_secs(2)));
    gateway.fault(json!({ "fault": "hang_up", "cause_code": 17, "cause": "USER_BUSY" }));
    let mut second = Client::open(&gateway).await.unwrap();
    let token = gateway.mint_token("carol@example.com", 60, None);
    second.connect(&token, resume).await;
    let bye = second.verto_event("verto.bye").await;
    assert_eq!(bye["params"], json!({ "callID": "c-1", "causeCode": 17, "cause": "USER_BUSY" }));
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    let first = client.request_as("same", "subscriber.online", json!({})).await;
    let second = client.request_as("same", "subscriber.online", json!({})).await;
    assert_eq!(first, second);
    assert_eq!(gateway.state()["counters"]["duplicate_requests"], 1);
}

#[tokio::test]
async fn a_lazy_client_is_found_out() {
    let gateway = gateway(|config| {
        config.ack_limit = Duration::from_millis(100);
        config.ping_interval = Duration::from_millis(100);
    });
    let mut client = Client::connected(&gateway).await;
    client.polite = false;
    gateway.fault(json!({ "fault": "unknown_event" }));
    client.event("nobody.knows").await;
    let found = |state: &serde_json::Value| {
        let text = state["violations"].to_string();
        text.contains("not acknowledged") && text.contains("signalwire.ping unanswered")
    };
    assert!(gateway.wait_for(found, Duration::from_secs(3)), "{}", gateway.state());
}

#[tokio::test]
async fn a_polite_client_is_not() {
    let gateway = gateway(|config| {
        config.ack_limit = Duration::from_millis(100);
        config.ping_interval = Duration::from_millis(50);
    });
    let mut client = Client::connected(&gateway).await;
    for _ in 0..5 {
        client.event("signalwire.ping").await;
    }
    gateway.fault(json!({ "fault": "duplicate_events" }));
    gateway.fault(json!({ "fault": "unknown_event" }));
    client.event("nobody.knows").await;
    client.event("nobody.knows").await;
    client.event("signalwire.ping").await;
    assert_eq!(gateway.state()["violations"], json!([]));
    assert_eq!(gateway.state()["counters"]["unacked"], 0);
}

#[tokio::test]
async fn sockets_are_dropped_closed_refused_and_frozen() {
    let gateway = gateway(|_| {});
    for fault in [
        json!({ "fault": "drop_sockets" }),
        json!({ "fault": "close_sockets", "code": 1012 }),
        json!({ "fault": "disconnect", "close_after_ms": 20 }),
    ] {
        let mut client = Client::connected(&gateway).await;
        gateway.fault(fault);
        client.closed().await;
    }
    gateway.fault(json!({ "fault": "refuse_sockets", "ms": 200 }));
    assert!(Client::open(&gateway).await.is_err());
    let mut client = loop {
        match Client::open(&gateway).await {
            Ok(client) => break client,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let token = gateway.mint_token("carol@example.com", 60, None);
    client.connect(&token, json!({})).await;
    client.event("signalwire.authorization.state").await;
    gateway.fault(json!({ "fault": "half_open", "protocol": client.protocol }));
    let online =
        json!({ "jsonrpc": "2.0", "id": "x", "method": "subscriber.online", "params": {} });
    client.send(&online).await;
    let silence = tokio::time::timeout(Duration::from_millis(300), client.frame()).await;
    assert!(silence.is_err(), "nothing comes from a half-open connection");
}

#[tokio::test]
async fn answers_can_be_late_and_rubbish_can_be_sent() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    gateway.fault(json!({ "fault": "delay_answers", "ms": 200 }));
    let start = std::time::Instant::now();
    client.request("subscriber.online", json!({})).await;
    assert!(start.elapsed() >= Duration::from_millis(190));
    gateway.fault(json!({ "fault": "clear" }));
    gateway.fault(json!({ "fault": "huge", "bytes": 100_000 }));
    assert!(
        client.event("nobody.knows").await["params"]["filling"].as_str().unwrap().len() > 99_999
    );
    gateway.fault(json!({ "fault": "malformed" }));
    assert!(client.frame().await.is_none(), "a frame that is not JSON");
}

#[tokio::test]
async fn reauthentication_renews_the_grant() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    let token = gateway.mint_token("carol@example.com", 5_000, None);
    let authentication = json!({ "project": gateway.project(), "jwt_token": token });
    let params = json!({ "authentication": authentication });
    let answer = client.request("signalwire.reauthenticate", params).await;
    assert!(answer["result"]["authorization"]["jti"].is_string(), "{answer}");
    client.event("signalwire.authorization.state").await;
    let params = json!({ "authentication": { "project": gateway.project(), "jwt_token": "x" } });
    let answer = client.request("signalwire.reauthenticate", params).await;
    assert_eq!(answer["error"]["code"], -32002);
}

#[tokio::test]
async fn an_abandoned_session_is_forgotten_with_its_calls() {
    let gateway = gateway(|config| config.session_keep = Duration::from_millis(100));
    let mut client = Client::connected(&gateway).await;
    client.invite("c-1", "/public/never", OFFER).await;
    drop(client);
    let gone = |state: &serde_json::Value| {
        state["sessions"] == json!([]) && state["calls"][0]["cause_code"] == 102
    };
    assert!(gateway.wait_for(gone, Duration::from_secs(3)), "{}", gateway.state());
}

#[test]
fn a_gateway_lives_and_ends_without_a_runtime_of_the_test() {
    let gateway = gateway(|_| {});
    let address = gateway.http_url().trim_start_matches("http://").to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(gateway);
    assert!(std::net::TcpStream::connect(&address).is_err(), "the listener is gone");
}

#[tokio::test]
async fn nonsense_is_answered_or_ignored_and_never_fatal() {
    let gateway = gateway(|_| {});
    let mut client = Client::connected(&gateway).await;
    let strange =
        [json!(null), json!(5), json!("x"), json!([1]), json!({ "a": {} }), json!(-1e300)];
    let methods = ["signalwire.reauthenticate", "webrtc.verto", "call.mute"];
    for method in methods.iter().chain(&["call.member.position.set", "subscriber.online", ""]) {
        for value in &strange {
            client
                .request(method, json!({ "message": value, "self": value, "target": value }))
                .await;
            let message = json!({ "jsonrpc": "2.0", "id": value, "method": "verto.invite",
                "params": { "sdp": value, "dialogParams": value } });
            client.request("webrtc.verto", json!({ "message": message })).await;
            let dialog = json!({ "callID": "c", "destination_number": value, "version": value });
            for verto in ["verto.invite", "verto.modify", "verto.info", "verto.bye", "verto.attach"]
            {
                let params = json!({ "sdp": "v=0\r\nm=audio 9 X 0\r\na=candidate:", "action": value,
                    "dtmf": value, "causeCode": value, "dialogParams": dialog });
                let message =
                    json!({ "jsonrpc": "2.0", "id": 1, "method": verto, "params": params });
                client.request("webrtc.verto", json!({ "message": message })).await;
            }
        }
    }
    for value in &strange {
        client.send(value).await;
        client.send(&json!({ "jsonrpc": "2.0", "id": value, "result": value })).await;
        client
            .send(&json!({ "jsonrpc": "2.0", "id": "s", "method": value, "params": value }))
            .await;
    }
    let answer = client.request("subscriber.online", json!({})).await;
    assert_eq!(answer["result"]["code"], "200");
    assert!(gateway.state()["violations"].as_array().unwrap().len() > 100);
}
