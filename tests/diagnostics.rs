//! What is attached to a report of a problem: it tells what happened, and no secret.

mod common;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use common::*;
use serde_json::{json, Value};
use signalwire_client::{Client, DialOptions};
use signalwire_gateway::{Gateway, GatewayConfig};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The values of the lines of a description that begin so.
fn lines<'a>(description: &'a str, start: &str) -> Vec<&'a str> {
    description.lines().filter_map(|line| line.strip_prefix(start)).collect()
}

#[test]
fn it_tells_what_happened_and_no_secret() {
    run(async {
        // Nobody listens there: gathering goes on without it.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = GatewayConfig {
            ice_servers: json!([{"urls": [format!("turn:127.0.0.1:{port}?transport=tcp")],
                "username": "cAnArY-user", "credential": "cAnArY-credential"}]),
            ..GatewayConfig::default()
        };
        let gateway = Gateway::start(config).unwrap();
        let mut options = options(&gateway);
        options.agent = Some("diagnosed".to_owned());
        let token = options.token.clone();
        let client = Client::new(options).unwrap();
        let before = parsed(&client.diagnostics());
        assert_eq!(before["state"], "Disconnected");
        assert_eq!(before["connect_times"], Value::Null);
        client.connect().await.unwrap();
        let record = client.session_record().unwrap();
        let call = answered(&client, "/public/echo").await;
        call.send_digits("739").await.unwrap();

        let text = client.diagnostics();
        let told = parsed(&text);
        assert_eq!(told["state"], "Connected");
        assert_eq!(told["options"]["agent"], "diagnosed");
        assert_eq!(told["library"], env!("CARGO_PKG_VERSION"));
        assert!(told["connect_times"]["total_ms"].as_f64().unwrap() > 0.0);
        let events = told["events"].to_string();
        assert!(events.contains("StateChanged Connected"), "{events}");
        let shown = &told["calls"][0];
        assert_eq!(shown["id"], call.id());
        assert_eq!(shown["state"], "Active");
        for name in ["local_description", "remote_description"] {
            let description = shown[name].as_str().expect(name);
            assert!(description.contains("m=audio "), "{description}");
            for secret in ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:"] {
                let values = lines(description, secret);
                assert!(!values.is_empty(), "{name} has no {secret}");
                assert!(values.iter().all(|value| *value == "<redacted>"), "{description}");
            }
        }
        let steps = shown["setup_steps"].as_array().unwrap();
        let sum: f64 = steps.iter().map(|step| step["took_ms"].as_f64().unwrap()).sum();
        let last = steps.last().unwrap()["at_ms"].as_f64().unwrap();
        assert!(steps.len() >= 6 && (sum - last).abs() < 1.0, "{steps:?}");
        assert!(!shown["statistics"]["local_candidate"].as_str().unwrap().is_empty());

        call.hangup().await.unwrap();
        let after = client.diagnostics();
        let ended = &parsed(&after)["ended_calls"][0];
        assert_eq!(ended["id"], call.id(), "{after}");
        assert_eq!(ended["end"]["kind"], "LocalHangup");
        assert_eq!(parsed(&call.diagnostics())["state"], "Ended");

        let all = [text, after, call.diagnostics()].concat();
        assert!(!all.contains("cAnArY"), "TURN credentials");
        for part in token.split('.').skip(1).filter(|part| part.len() >= 8) {
            assert!(!all.contains(part), "the token");
        }
        let body = record.expose().split_once('.').expect("a prefix").1;
        let record = parsed(&String::from_utf8(URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap());
        for secret in texts(&record).into_iter().filter(|text| text.len() >= 24) {
            let is_id = told["calls"].to_string().contains(&secret);
            assert!(is_id || !all.contains(&secret), "the session record's {secret:?}");
        }
        client.disconnect().await.unwrap();
    });
}

/// Every text in a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_last_eight_ended_calls_are_kept() {
    run(async {
        let gateway = Gateway::start(GatewayConfig::default()).unwrap();
        let client = connected(&gateway).await;
        let mut ids = Vec::new();
        for _ in 0..9 {
            let call = client.dial("/public/nobody", DialOptions::default()).unwrap();
            call.answered().await.unwrap_err();
            ids.push(call.id());
        }
        let told = parsed(&client.diagnostics());
        let kept: Vec<_> = told["ended_calls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| call["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(kept, ids[1..]);
        client.disconnect().await.unwrap();
    });
}
