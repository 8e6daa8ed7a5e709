//! Media through coturn, a TURN server that others wrote, over UDP, TCP and TLS.

mod common;

use common::*;
use serde_json::json;
use signalwire_client::{Client, DialOptions, EndKind};
use signalwire_gateway::{Gateway, GatewayConfig};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long coturn may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(20);

/// coturn on loopback; it ends with this, and its files go.
struct Coturn {
    child: Child,
    folder: PathBuf,
    port: u16,
    tls_port: u16,
    /// The certificate that its TLS port shows.
    certificate_pem: String,
}

impl Drop for Coturn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A port that TCP has free now; coturn takes the same number for UDP.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Coturn {
    fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("sw-coturn-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate_pem = made.cert.pem();
        std::fs::write(folder.join("cert.pem"), &certificate_pem).unwrap();
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let (port, tls_port) = (free_port(), free_port());
        let file = |name: &str| folder.join(name).display().to_string();
        let child = Command::new("turnserver")
            .args(["-n", "--no-cli", "--lt-cred-mech", "--user=user:credential"])
            .args(["--realm=example", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"])
            .args(["--allow-loopback-peers", "--no-dtls", "--log-file=stdout"])
            .arg(format!("--listening-port={port}"))
            .arg(format!("--tls-listening-port={tls_port}"))
            .arg(format!("--cert={}", file("cert.pem")))
            .arg(format!("--pkey={}", file("key.pem")))
            .arg(format!("--pidfile={}", file("pid")))
            .arg(format!("--userdb={}", file("users")))
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(folder.join("log")).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .expect("turnserver of the Debian package coturn, which scripts/setup.sh installs");
        let coturn = Self { child, folder, port, tls_port, certificate_pem };
        coturn.wait_until_it_listens();
        coturn
    }

    fn wait_until_it_listens(&self) {
        let until = Instant::now() + START_LIMIT;
        for port in [self.port, self.tls_port] {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(Instant::now() < until, "coturn does not listen:\n{}", self.log());
                std::thread::yield_now();
            }
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

async fn hears_the_tone(coturn: &Coturn, url: &str) {
    let servers = json!([{"urls": [url], "username": "user", "credential": "credential"}]);
    let config = GatewayConfig { ice_servers: servers, ..GatewayConfig::default() };
    let gateway = Gateway::start(config).unwrap();
    let mut options = options(&gateway);
    options.relay_only = true;
    let trusted = options.ca_certificates_pem.get_or_insert_default();
    trusted.push_str(&coturn.certificate_pem);
    let client = Client::new(options).unwrap();
    client.connect().await.unwrap();
    let call = answered(&client, "/public/tone").await;
    let ear = Ear::new();
    call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
    ear.wait_for_tone(440.0, MONO_48K, 200).await;
    let stats = call.stats();
    assert!(stats.local_candidate.starts_with("relay "), "{url}: {stats:?}");
    call.hangup().await.unwrap();
    client.disconnect().await.unwrap();
    assert_clean(&gateway);
}

#[test]
fn a_call_through_coturn_over_udp() {
    run(async {
        let coturn = Coturn::start("udp");
        let url = format!("turn:127.0.0.1:{}?transport=udp", coturn.port);
        hears_the_tone(&coturn, &url).await;
    });
}

#[test]
fn a_call_through_coturn_over_tcp() {
    run(async {
        let coturn = Coturn::start("tcp");
        let url = format!("turn:127.0.0.1:{}?transport=tcp", coturn.port);
        hears_the_tone(&coturn, &url).await;
    });
}

#[test]
fn a_call_through_coturn_over_tls() {
    run(async {
        let coturn = Coturn::start("tls");
        let url = format!("turns:127.0.0.1:{}?transport=tcp", coturn.tls_port);
        hears_the_tone(&coturn, &url).await;
    });
}

#[test]
fn coturn_s_refusal_ends_a_call_that_may_only_be_relayed() {
    run(async {
        let coturn = Coturn::start("refusal");
        let servers = json!([{"urls": [format!("turn:127.0.0.1:{}", coturn.port)],
            "username": "user", "credential": "wrong"}]);
        let config = GatewayConfig { ice_servers: servers, ..GatewayConfig::default() };
        let gateway = Gateway::start(config).unwrap();
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
