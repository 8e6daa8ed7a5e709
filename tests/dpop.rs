//! Tokens that are bound to a key of this installation.

mod common;

use common::*;
use serde_json::{json, Value};
use signalwire_client::{
    AccessToken, CallState, Client, ClientEvent, ClientEventStream, ClientOptions, ClientState,
    CredentialProvider, Credentials, DeviceKey, Error, ErrorKind, TokenReason, TokenRequest,
};
use signalwire_gateway::{Gateway, GatewayConfig};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// One for all tests: making it takes a moment.
fn key() -> DeviceKey {
    static KEY: OnceLock<DeviceKey> = OnceLock::new();
    KEY.get_or_init(|| DeviceKey::generate().expect("a key")).clone()
}

/// A backend that makes tokens for the key that the client names.
struct Backend {
    gateway: Arc<Gateway>,
    /// Whether its tokens may be exchanged; they may when this is used up.
    scopes: Mutex<Vec<bool>>,
    asked: Mutex<Vec<TokenRequest>>,
}

#[async_trait::async_trait]
impl CredentialProvider for Backend {
    async fn access_token(&self, request: TokenRequest) -> Result<AccessToken, Error> {
        let thumbprint = request.fingerprint.clone().expect("the client has a key");
        self.asked.lock().unwrap().push(request);
        Ok(AccessToken::new(match self.scopes.lock().unwrap().pop().unwrap_or(true) {
            true => self.gateway.mint_bound_token("tester", 3_600, &thumbprint),
            false => self.gateway.mint_token("tester", 3_600, None),
        }))
    }
}

impl Backend {
    fn reasons(&self) -> Vec<TokenReason> {
        self.asked.lock().unwrap().iter().map(|request| request.reason).collect()
    }
}

fn started(bound_life: u64) -> Arc<Gateway> {
    let bound_life = Duration::from_secs(bound_life);
    Arc::new(Gateway::start(GatewayConfig { bound_life, ..GatewayConfig::default() }).unwrap())
}

fn bound_client(gateway: &Arc<Gateway>, mut scopes: Vec<bool>) -> (Client, Arc<Backend>) {
    scopes.reverse();
    let gateway = Arc::clone(gateway);
    let options = ClientOptions { token: String::new(), ..options(&gateway) };
    let backend =
        Arc::new(Backend { gateway, scopes: Mutex::new(scopes), asked: Mutex::default() });
    let credentials = Credentials::provider(backend.clone()).bound_to(key());
    (Client::with_credentials(options, credentials).unwrap(), backend)
}

async fn event(
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

fn session(gateway: &Gateway) -> Value {
    let state = gateway.state();
    let sessions = state["sessions"].as_array().unwrap();
    sessions.iter().find(|session| session["connected"] == true).cloned().unwrap_or_default()
}

fn is_ready(event: &ClientEvent) -> bool {
    matches!(event, ClientEvent::SessionReady { .. })
}

#[test]
fn connect_is_done_when_the_token_is_bound() {
    run(async {
        let gateway = started(900);
        let (client, backend) = bound_client(&gateway, vec![]);
        client.connect().await.unwrap();
        let bound = session(&gateway);
        assert_eq!(bound["thumbprint"], key().thumbprint());
        let left = bound["expires_at"].as_i64().unwrap() - now();
        assert!((890..=900).contains(&left), "the bound token lasts 900 s: {left}");
        assert_eq!(gateway.state()["counters"]["bound_exchanges"], 1);
        assert_eq!(backend.reasons(), [TokenReason::Initial]);
        client.subscriber_info().await.unwrap();

        // After a loss the bound token goes on, with the session and without it.
        let events = client.events();
        event(&events, is_ready).await;
        gateway.fault(json!({"fault": "drop_sockets"}));
        event(&events, is_ready).await;
        gateway.fault(json!({"fault": "stale_resume"}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        event(&events, is_ready).await;
        assert_eq!(session(&gateway)["thumbprint"], key().thumbprint());
        assert_eq!(gateway.state()["counters"]["bound_exchanges"], 1);
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_secs() as i64
}

#[test]
fn a_bound_token_is_renewed_with_the_key_alone() {
    run(async {
        let gateway = started(31);
        let (client, backend) = bound_client(&gateway, vec![]);
        let events = client.events();
        client.connect().await.unwrap();
        let call = answered(&client, "/public/echo").await;
        let refreshed = |event: &ClientEvent| matches!(event, ClientEvent::TokenRefreshed { .. });
        event(&events, refreshed).await;
        assert_eq!(gateway.state()["counters"]["bound_refreshes"], 1);
        assert_eq!(session(&gateway)["thumbprint"], key().thumbprint());
        assert_eq!(backend.reasons(), [TokenReason::Initial], "the backend is needed once");
        assert_eq!(call.state(), CallState::Active);
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_bound_token_that_is_refused_is_replaced_and_bound_again() {
    run(async {
        let gateway = started(900);
        let (client, backend) = bound_client(&gateway, vec![]);
        client.connect().await.unwrap();
        let events = client.events();
        gateway.fault(json!({"fault": "expire_token"}));
        client.subscriber_info().await.unwrap();
        let refreshed = |event: &ClientEvent| matches!(event, ClientEvent::TokenRefreshed { .. });
        event(&events, refreshed).await;
        assert_eq!(backend.reasons(), [TokenReason::Initial, TokenReason::Refused]);
        let deadline = std::time::Instant::now() + DEADLINE;
        while gateway.state()["counters"]["bound_exchanges"] != 2 {
            assert!(std::time::Instant::now() < deadline, "it is not bound again");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_clean(&gateway);
    });
}

#[test]
fn an_exchange_that_fails_is_tried_again_and_in_the_end_fails_the_connection() {
    run(async {
        let gateway = started(900);
        let path = "/devices/token";
        gateway.fault(json!({"fault": "fail_http", "status": 500, "path": path}));
        let (client, _) = bound_client(&gateway, vec![]);
        client.connect().await.unwrap();
        assert_eq!(gateway.state()["counters"]["bound_exchanges"], 1);
        client.disconnect().await.unwrap();

        gateway.fault(json!({"fault": "fail_http", "status": 403, "path": path}));
        let (client, _) = bound_client(&gateway, vec![]);
        let error = client.connect().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthorized, Some(403)));
        let deadline = std::time::Instant::now() + DEADLINE;
        while client.state() != ClientState::Disconnected {
            assert!(std::time::Instant::now() < deadline, "the session is still up, unbound");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        client.connect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn what_cannot_be_bound_is_said_and_never_follows_a_bound_token() {
    run(async {
        let gateway = started(900);
        let (client, _) = bound_client(&gateway, vec![false]);
        let events = client.events();
        client.connect().await.unwrap();
        let unbound = |event: &ClientEvent| matches!(event, ClientEvent::TokenNotBound { .. });
        event(&events, unbound).await;
        client.disconnect().await.unwrap();

        let (client, _) = bound_client(&gateway, vec![true, false]);
        let events = client.events();
        client.connect().await.unwrap();
        gateway.fault(json!({"fault": "expire_token"}));
        client.subscriber_info().await.unwrap();
        let ended = |event: &ClientEvent| matches!(event, ClientEvent::SessionEnded { .. });
        let seen = event(&events, ended).await;
        assert!(
            matches!(seen.last(), Some(ClientEvent::SessionEnded { message, .. })
                if message.contains("bound")),
            "{seen:?}"
        );
        assert_clean(&gateway);
    });
}

#[test]
fn a_token_that_cannot_be_bound_is_told_once() {
    run(async {
        let gateway = started(900);
        let (client, _) = bound_client(&gateway, vec![false]);
        let events = client.events();
        let unbound = |event: &ClientEvent| matches!(event, ClientEvent::TokenNotBound { .. });
        client.connect().await.unwrap();
        let mut seen = event(&events, is_ready).await;
        // Neither the token's becoming known nor another connection is news.
        gateway.fault(json!({"fault": "drop_sockets"}));
        seen.extend(event(&events, is_ready).await);
        client.connect().await.unwrap();
        client.disconnect().await.unwrap();
        while let Ok(Some(event)) = tokio::time::timeout(DEADLINE, events.next()).await {
            seen.push(event);
        }
        assert_eq!(seen.iter().filter(|event| unbound(event)).count(), 1, "{seen:#?}");

        // Another token is.
        let (client, _) = bound_client(&gateway, vec![false]);
        let events = client.events();
        client.connect().await.unwrap();
        event(&events, unbound).await;
        client
            .update_token(AccessToken::new(gateway.mint_token("tester", 3_600, None)))
            .await
            .unwrap();
        event(&events, unbound).await;
        assert_clean(&gateway);
    });
}

#[test]
fn a_bound_token_is_of_no_use_without_its_key() {
    run(async {
        let gateway = started(900);
        let mut options = options(&gateway);
        options.token = gateway.mint_bound_token("tester", 3_600, key().thumbprint());
        let thief = Client::new(options.clone()).unwrap();
        assert_eq!(thief.connect().await.unwrap_err().kind(), ErrorKind::Unauthorized);
        let other = Credentials::default().bound_to(DeviceKey::generate().unwrap());
        let thief = Client::with_credentials(options.clone(), other).unwrap();
        assert_eq!(thief.connect().await.unwrap_err().kind(), ErrorKind::Unauthorized);
        let owner = Credentials::default().bound_to(key());
        let owner = Client::with_credentials(options, owner).unwrap();
        owner.connect().await.unwrap();
        assert_clean(&gateway);
    });
}
