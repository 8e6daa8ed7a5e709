//! No secret in any log line, error, event or `Debug` output, whatever happens and however much is
//! logged. The secrets are those of real sessions with the gateway, and canaries.

mod common;
mod login;

use common::*;
use login::{Browser, CALLBACK, PASSWORD};
use serde_json::json;
use signalwire_client::{
    AccessToken, Client, ClientOptions, CredentialProvider, Credentials, DeviceKey, DialOptions,
    Error, MemoryTokenStore, TokenRequest, TokenStore,
};
use signalwire_gateway::{Gateway, GatewayConfig};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Everything that was logged by this crate, at every level, and what the test adds.
struct Log;

impl Log {
    /// Listens to the whole process: the library logs on threads of its own.
    fn start() -> Self {
        listener::keep();
        Self
    }

    fn note(&self, text: &str) {
        listener::look_at(text, "what an application gets");
        listener::add(text);
    }

    fn text(&self) -> String {
        listener::kept()
    }
}

/// Secrets by name. Of tokens every long part counts, but not the header, which says nothing.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, name: &'static str, secret: &str) {
        assert!(secret.len() >= 6, "{name} is too short to be looked for");
        self.0.push((name, secret.to_owned()));
        let parts = secret.split('.').skip(1).filter(|part| part.len() >= 16);
        self.0.extend(parts.map(|part| (name, part.to_owned())));
    }

    fn found_in(&self, text: &str) -> Vec<&'static str> {
        let found = self.0.iter().filter(|(_, secret)| text.contains(secret.as_str()));
        found.map(|(name, _)| *name).collect()
    }
}

/// A backend that remembers what it gave.
struct Backend {
    gateway: Arc<Gateway>,
    given: Mutex<Vec<String>>,
}

#[async_trait::async_trait]
impl CredentialProvider for Backend {
    async fn access_token(&self, request: TokenRequest) -> Result<AccessToken, Error> {
        let thumbprint = request.fingerprint.unwrap_or_default();
        let mut given = self.given.lock().unwrap();
        // The first one is refused.
        let token = match given.len() {
            0 => self.gateway.mint_token("tester", -5, None),
            _ => self.gateway.mint_bound_token("tester", 3_600, &thumbprint),
        };
        given.push(token.clone());
        Ok(AccessToken::new(token))
    }
}

fn parameter(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name).expect("the parameter");
    found.1.into_owned()
}

fn bare(gateway: &Gateway) -> ClientOptions {
    ClientOptions { token: String::new(), ..options(gateway) }
}

/// Everything that a client says of itself.
fn describe(log: &Log, client: &Client, events: &signalwire_client::ClientEventStream) {
    log.note(&format!("{client:?}"));
    while let Some(event) = events.try_next() {
        log.note(&format!("{event:?}"));
    }
}

async fn calls(gateway: &Gateway, log: &Log, secrets: &mut Secrets) {
    let options = options(gateway);
    secrets.add("the token of the options", &options.token);
    log.note(&format!("{options:?}"));
    let client = Client::new(options).unwrap();
    let events = client.events();
    client.connect().await.unwrap();
    client.subscriber_info().await.unwrap();
    let call = answered(&client, "/public/echo").await;
    let call_events = call.events();
    call.send_digits("12").await.unwrap();
    gateway.fault(json!({"fault": "drop_sockets"}));
    let next = gateway.mint_token("tester", 3_600, None);
    secrets.add("the token of update_token", &next);
    client.update_token(AccessToken::new(next)).await.unwrap();
    let refused = gateway.mint_token("tester", -5, None);
    secrets.add("a refused token", &refused);
    let outcome = client.update_token(AccessToken::new(refused)).await;
    log.note(&format!("{outcome:?}"));
    let nonsense = client.update_token(AccessToken::new("cAnArY-t0ken")).await;
    secrets.add("no token at all", "cAnArY-t0ken");
    log.note(&format!("{:?} {call:?}", nonsense.unwrap_err()));
    call.hangup().await.unwrap();
    while let Some(event) = call_events.try_next() {
        log.note(&format!("{event:?}"));
    }
    let lost = client.dial("/public/nobody", DialOptions::default()).unwrap();
    log.note(&format!("{:?}", lost.answered().await));
    client.disconnect().await.unwrap();
    describe(log, &client, &events);
}

async fn bound(gateway: &Arc<Gateway>, log: &Log, secrets: &mut Secrets) {
    use base64::Engine;
    let key = DeviceKey::generate().unwrap();
    let private = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&*key.to_pkcs8());
    secrets.add("the device key", &private[100..160]);
    let backend = Arc::new(Backend { gateway: Arc::clone(gateway), given: Mutex::default() });
    let credentials = Credentials::provider(backend.clone()).bound_to(key.clone());
    log.note(&format!("{key:?} {credentials:?}"));
    let client = Client::with_credentials(bare(gateway), credentials).unwrap();
    let events = client.events();
    client.connect().await.unwrap();
    gateway.fault(json!({"fault": "fail_http", "status": 403, "path": "/subscriber/info"}));
    log.note(&format!("{:?}", client.subscriber_info().await));
    gateway.fault(json!({"fault": "expire_token"}));
    log.note(&format!("{:?}", client.subscriber_info().await));
    client.disconnect().await.unwrap();
    describe(log, &client, &events);
    for token in backend.given.lock().unwrap().iter() {
        secrets.add("a token of the provider", token);
    }
}

async fn embedded(gateway: &Gateway, log: &Log, secrets: &mut Secrets) {
    for token in ["c2c_cAnArY0123456789", "bad_cAnArY0123456789"] {
        secrets.add("an embed token", token);
        let credentials =
            Credentials::embed(&gateway.http_url(), token, Some(gateway.ca_pem())).unwrap();
        log.note(&format!("{credentials:?}"));
        let client = Client::with_credentials(bare(gateway), credentials).unwrap();
        let events = client.events();
        log.note(&format!("{:?}", client.connect().await));
        describe(log, &client, &events);
    }
}

async fn logins(gateway: &Gateway, log: &Log, secrets: &mut Secrets) {
    let oauth = login::oauth(gateway, CALLBACK);
    let browser = Browser::new(gateway);
    secrets.add("the password", PASSWORD);
    for what in ["", "deny", "wrong_state", "expired_code", "error"] {
        if !what.is_empty() {
            gateway.fault(json!({"fault": "oauth", "what": what}));
        }
        let flow = oauth.begin().unwrap();
        secrets.add("a state", &parameter(flow.authorize_url(), "state"));
        let callback = browser.log_in(flow.authorize_url(), "allow").await;
        if callback.contains("code=") {
            secrets.add("a code", &parameter(&callback, "code"));
        }
        let outcome = oauth.complete(&callback).await;
        log.note(&format!("{oauth:?} {flow:?} {outcome:?}"));
        log.note(&format!("{:?}", oauth.complete(&callback).await));
        let Ok(tokens) = outcome else { continue };
        let store = Arc::new(MemoryTokenStore::new(&tokens));
        log.note(&format!("{store:?}"));
        secrets.add("an access token", tokens.access_token.expose());
        secrets.add("a refresh token", tokens.refresh_token.as_ref().unwrap().expose());
        gateway.fault(json!({"fault": "expire_token"}));
        let credentials = Credentials::oauth(oauth.clone(), store.clone());
        let client = Client::with_credentials(bare(gateway), credentials).unwrap();
        let events = client.events();
        client.connect().await.unwrap();
        let renewed = store.load().unwrap().expect("tokens");
        let renewed = signalwire_client::OAuthTokens::from_text(renewed.expose()).unwrap();
        secrets.add("a renewed access token", renewed.access_token.expose());
        secrets.add("a renewed refresh token", renewed.refresh_token.as_ref().unwrap().expose());
        gateway.fault(json!({"fault": "revoke_refresh"}));
        gateway.fault(json!({"fault": "expire_token"}));
        log.note(&format!("{:?}", client.subscriber_info().await));
        client.disconnect().await.unwrap();
        describe(log, &client, &events);
    }
    let login = login::oauth(gateway, "http://127.0.0.1:0/callback");
    let login = login.begin_loopback().unwrap();
    secrets.add("a state", &parameter(login.authorize_url(), "state"));
    log.note(&format!("{login:?} {:?}", login.finish(Duration::from_millis(5)).await));
}

#[test]
fn secrets_are_in_no_log_error_event_or_description() {
    let log = Log::start();
    let mut secrets = Secrets::default();
    run(async {
        // A TURN server that nobody is behind: its credentials are used all the same.
        let turn = json!([{"urls": ["turn:127.0.0.1:1?transport=tcp"], "username": "cAnArYuser",
            "credential": "cAnArY-turn-s3cret", "credentialType": "password"}]);
        let config = GatewayConfig { ice_servers: turn, ..GatewayConfig::default() };
        let gateway = Arc::new(Gateway::start(config).unwrap());
        secrets.add("the TURN password", "cAnArY-turn-s3cret");
        calls(&gateway, &log, &mut secrets).await;
        bound(&gateway, &log, &mut secrets).await;
        embedded(&gateway, &log, &mut secrets).await;
        logins(&gateway, &log, &mut secrets).await;
    });
    let text = log.text();
    for expected in ["session", "ClientOptions", "TokenRefreshed", "RefreshRefused", "posted"] {
        assert!(text.contains(expected), "nothing is logged of {expected}");
    }
    assert!(secrets.0.len() > 30, "only {} secrets", secrets.0.len());
    let found = secrets.found_in(&text);
    assert!(found.is_empty(), "{found:?} in the log");
    // Each of them would have been found.
    for (name, secret) in &secrets.0 {
        assert!(secrets.found_in(&format!("x{secret}y")).contains(name));
    }
    for keys in ["ice-pwd", "a=fingerprint", "inline:"] {
        assert!(!text.contains(keys), "SDP with keys in the log: {keys}");
    }
}

/// What the listener of all tests would find: the same in a log line of whatever crate, in an
/// error, in a panic. In a process of its own, since whoever listens there has to fail from then on.
#[test]
fn a_secret_is_found_wherever_it_shows() {
    const STEP: &str = "SW_TEST_LEAK";
    if let Ok(step) = std::env::var(STEP) {
        leak(&step);
        return;
    }
    let this = std::env::current_exe().expect("the path of this test");
    for step in ["none", "exempt", "own", "below", "later", "error", "base64", "bytes", "panic"] {
        let output = std::process::Command::new(&this)
            .args(["--exact", "a_secret_is_found_wherever_it_shows", "--nocapture"])
            .env(STEP, step)
            .output()
            .expect("this test again");
        let text = String::from_utf8_lossy(&output.stderr);
        let is_quiet = ["none", "exempt"].contains(&step);
        assert_eq!(output.status.success(), is_quiet, "{step}: {text}");
        assert_eq!(text.contains("secrets were seen"), !is_quiet, "{step}: {text}");
    }
}

/// Shows a secret in one way.
fn leak(step: &str) {
    run(async {
        let gateway = Gateway::start(GatewayConfig::default()).unwrap();
        let token = gateway.mint_token("tester", 3_600, None);
        match step {
            "own" => tracing::trace!(target: "signalwire_client::session", ?token, "sent"),
            "below" => log::trace!(target: "rtc_dtls::conn", "connecting with {token}"),
            "exempt" => log::trace!(target: "tungstenite::protocol", "frame {token}"),
            // Nobody knows yet that this is one.
            "later" => {
                let foreign = "eyJhbGciOiJkaXIifQ..Zm9yZWlnbg.dG9rZW4.c2VjcmV0";
                log::debug!(target: "reqwest::connect", "with {foreign:?}");
                let client =
                    Client::new(ClientOptions { token: foreign.into(), ..options(&gateway) });
                client.unwrap().connect().await.unwrap_err();
            }
            "error" => listener::look_at(&format!("no way to {token}"), "an error"),
            "base64" => {
                use base64::Engine;
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("p:{token}"));
                log::info!(target: "hyper_util", "authorization: {pair}");
            }
            "bytes" => log::debug!(target: "rtc_dtls", "{:?}", token.as_bytes()),
            "panic" => {
                let thread = std::thread::spawn(move || panic!("no {token}"));
                thread.join().unwrap_err();
            }
            _ => {}
        }
    });
}

/// Names of fields that are secret, whatever their type.
const SECRET_FIELDS: [&str; 14] = [
    "access_token",
    "api_token",
    "authorization_state",
    "client_secret",
    "credential",
    "device_token",
    "ice_pwd",
    "invite",
    "password",
    "push_notification_key",
    "refresh_token",
    "resume_from",
    "token",
    "verifier",
];

/// By itself `Debug` shows every field: a struct whose secret is a bare text or bytes must write its
/// own.
#[test]
fn a_struct_that_holds_a_secret_does_not_derive_its_description() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let (mut structs, mut bad) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for part in source.split("derive(").skip(1) {
                let (derived, rest) = part.split_once(')').expect("a list");
                let Some((head, fields)) = rest.split_once(" {\n") else { continue };
                let is_struct = head.lines().last().is_some_and(|line| line.contains("struct "));
                if !is_struct || head.contains(';') || head.contains('}') {
                    continue;
                }
                structs += 1;
                let is_shown = derived.split(", ").any(|name| name == "Debug");
                let fields = fields.split("\n}").next().unwrap_or_default();
                let is_bare = fields.lines().any(|line| {
                    let line = line.trim().trim_start_matches("pub ");
                    let line = line.trim_start_matches("pub(crate) ");
                    line.split_once(": ").is_some_and(|(name, kind)| {
                        let is_text = kind.contains("String") || kind.contains("Vec<u8>");
                        SECRET_FIELDS.contains(&name) && is_text
                    })
                });
                if is_shown && is_bare {
                    bad.push(format!("{}: {}", path.display(), head.lines().last().unwrap()));
                }
            }
        }
    }
    assert!(structs > 150, "only {structs} structs were found");
    assert!(bad.is_empty(), "secrets are shown by {bad:#?}");
}
