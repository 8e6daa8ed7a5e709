//! Media through a TURN server.

mod common;

use common::*;
use serde_json::json;
use signalwire_client::{CallEvent, Client, DialOptions, EndKind};
use signalwire_gateway::{Gateway, GatewayConfig};
use std::net::IpAddr;
use std::sync::Arc;
use turn::auth::{generate_auth_key, AuthHandler};
use turn::relay::relay_static::RelayAddressGeneratorStatic;
use turn::server::config::{ConnConfig, ServerConfig};
use turn::server::Server;
use webrtc_util::vnet::net::Net;

struct OneUser;

impl AuthHandler for OneUser {
    fn auth_handle(
        &self,
        username: &str,
        realm: &str,
        _: std::net::SocketAddr,
    ) -> Result<Vec<u8>, turn::Error> {
        Ok(generate_auth_key(username, realm, "credential"))
    }
}

async fn turn_server() -> (Server, u16) {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let loopback: IpAddr = "127.0.0.1".parse().unwrap();
    let config = ServerConfig {
        conn_configs: vec![ConnConfig {
            conn: Arc::new(socket),
            relay_addr_generator: Box::new(RelayAddressGeneratorStatic {
                relay_address: loopback,
                address: "127.0.0.1".to_owned(),
                net: Arc::new(Net::new(None)),
            }),
        }],
        realm: "example".to_owned(),
        auth_handler: Arc::new(OneUser),
        channel_bind_timeout: std::time::Duration::ZERO,
        alloc_close_notify: None,
    };
    (Server::new(config).await.unwrap(), port)
}

fn gateway_with(servers: serde_json::Value) -> Gateway {
    Gateway::start(GatewayConfig { ice_servers: servers, ..GatewayConfig::default() }).unwrap()
}

#[test]
fn a_call_through_a_relay_only() {
    run(async {
        let (server, port) = turn_server().await;
        let gateway = gateway_with(json!([{"urls": [format!("turn:127.0.0.1:{port}")],
            "username": "user", "credential": "credential"}]));
        let mut options = options(&gateway);
        options.relay_only = true;
        let client = Client::new(options).unwrap();
        client.connect().await.unwrap();
        let call = answered(&client, "/public/tone").await;
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        ear.wait_for_tone(440.0, MONO_48K, 200).await;
        let stats = call.stats();
        assert!(stats.local_candidate.starts_with("relay "), "{stats:?}");
        call.hangup().await.unwrap();
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
        server.close().await.unwrap();
    });
}

#[test]
fn without_a_relay_such_a_call_fails_and_says_why() {
    run(async {
        let gateway = gateway_with(json!([]));
        let mut options = options(&gateway);
        options.relay_only = true;
        let client = Client::new(options).unwrap();
        client.connect().await.unwrap();
        let call = client.dial("/public/tone", DialOptions::default()).unwrap();
        let reason = call.ended().await.unwrap();
        assert_eq!(reason.kind, EndKind::MediaFailed);
        assert!(reason.message.contains("TURN"), "{reason:?}");
    });
}

#[test]
fn a_dead_server_does_not_keep_the_call_from_working() {
    run(async {
        let dead = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = dead.local_addr().unwrap().port();
        let gateway = gateway_with(json!([
            {"urls": [format!("stun:127.0.0.1:{port}")]},
            {"urls": [format!("turn:127.0.0.1:{port}"), format!("turns:127.0.0.1:{port}")],
             "username": "user", "credential": "credential"}]));
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        assert!(call.stats().local_candidate.starts_with("host "));
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn the_second_try_to_make_a_path_anew_is_by_relay() {
    run(async {
        let (server, port) = turn_server().await;
        let gateway = gateway_with(json!([{"urls": [format!("turn:127.0.0.1:{port}")],
            "username": "user", "credential": "credential"}]));
        let mut options = options(&gateway);
        // No interface has it, so a notice of a changed network takes it away from the call.
        options.media_addresses = vec!["127.0.0.9".to_owned()];
        let client = Client::new(options).unwrap();
        client.connect().await.unwrap();
        let call = answered(&client, "/public/tone").await;
        assert!(call.stats().local_candidate.starts_with("host "), "{:?}", call.stats());
        let events = call.events();
        gateway.fault(json!({"fault": "refuse_update", "count": 1}));
        client.network_changed().unwrap();
        wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
        let updates = gateway.state()["calls"][0]["updates"].clone();
        assert_eq!(updates[0]["candidates"], json!(["relay"]), "{updates:#}");
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        ear.wait_for_tone(440.0, MONO_48K, 200).await;
        call.hangup().await.unwrap();
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
        server.close().await.unwrap();
    });
}
