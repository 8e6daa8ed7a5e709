//! Credentials that stay alive: renewals before the end, on refusal, and on the live session.

mod common;

use common::*;
use serde_json::{json, Value};
use signalwire_client::{
    AccessToken, AddressQuery, CallState, Client, ClientEvent, ClientEventStream, ClientOptions,
    ClientState, CredentialProvider, Credentials, EndKind, Error, ErrorKind, TokenReason,
    TokenRequest,
};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};
use std::sync::{Arc, Mutex};

/// A backend that gives tokens of this gateway, or fails as told.
struct Backend {
    gateway: Arc<Gateway>,
    /// Lifetimes of the next tokens in seconds, or errors; 3600 s after them.
    answers: Mutex<Vec<Result<i64, Error>>>,
    asked: Mutex<Vec<TokenReason>>,
}

impl Backend {
    fn new(gateway: &Arc<Gateway>, mut answers: Vec<Result<i64, Error>>) -> Arc<Self> {
        answers.reverse();
        Arc::new(Self {
            gateway: Arc::clone(gateway),
            answers: Mutex::new(answers),
            asked: Mutex::default(),
        })
    }

    fn asked(&self) -> Vec<TokenReason> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl CredentialProvider for Backend {
    async fn access_token(&self, request: TokenRequest) -> Result<AccessToken, Error> {
        self.asked.lock().unwrap().push(request.reason);
        let answer = self.answers.lock().unwrap().pop().unwrap_or(Ok(3_600));
        Ok(AccessToken::new(self.gateway.mint_token("tester", answer?, None)))
    }
}

/// Options without a token.
fn bare(gateway: &Gateway) -> ClientOptions {
    ClientOptions { token: String::new(), ..options(gateway) }
}

fn client(gateway: &Gateway, backend: &Arc<Backend>) -> Client {
    let provider: Arc<dyn CredentialProvider> = backend.clone();
    Client::with_credentials(bare(gateway), Credentials::provider(provider)).expect("a client")
}

fn started() -> Arc<Gateway> {
    Arc::new(gateway(Dialect::FreeSwitch))
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

fn is_refreshed(event: &ClientEvent) -> bool {
    matches!(event, ClientEvent::TokenRefreshed { .. })
}

fn session(gateway: &Gateway) -> Value {
    gateway.state()["sessions"][0].clone()
}

#[test]
fn the_first_token_comes_from_the_provider() {
    run(async {
        let gateway = started();
        let backend = Backend::new(&gateway, vec![]);
        let client = client(&gateway, &backend);
        assert!(backend.asked().is_empty(), "nothing is asked for before it is needed");
        // HTTP and the session want it at the same time.
        let (connected, info) = tokio::join!(client.connect(), client.subscriber_info());
        connected.unwrap();
        assert!(info.unwrap().token_expires_at.is_some());
        assert_eq!(backend.asked(), [TokenReason::Initial]);
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_token_is_replaced_before_it_expires_and_the_call_goes_on() {
    run(async {
        let gateway = started();
        // 31 s: the renewal is due after one.
        let backend = Backend::new(&gateway, vec![Ok(31)]);
        let client = client(&gateway, &backend);
        let events = client.events();
        client.connect().await.unwrap();
        let call = answered(&client, "/public/echo").await;
        let before = session(&gateway);
        let seen = event(&events, is_refreshed).await;
        let expiring = seen.iter().find_map(|event| match event {
            ClientEvent::TokenExpiring { seconds_left, .. } => Some(*seconds_left),
            _ => None,
        });
        assert!(expiring.is_some_and(|left| (25..=30).contains(&left)), "{seen:?}");
        let Some(ClientEvent::TokenRefreshed { token_expires_at }) = seen.last() else {
            panic!("{seen:?}")
        };
        let after = session(&gateway);
        assert_eq!(after["expires_at"].as_i64(), *token_expires_at);
        assert!(after["expires_at"].as_i64() > before["expires_at"].as_i64());
        assert_eq!(after["protocol"], before["protocol"], "the same session");
        assert_eq!(backend.asked(), [TokenReason::Initial, TokenReason::Expiring]);
        assert_eq!(call.state(), CallState::Active);
        call.hangup().await.unwrap();
        // HTTP has the new one, too.
        gateway.fault(json!({"fault": "clear_violations"}));
        client.addresses(AddressQuery::default()).await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_token_that_is_refused_at_connect_is_replaced_once() {
    run(async {
        let gateway = started();
        let backend = Backend::new(&gateway, vec![Ok(-5)]);
        let renewed = client(&gateway, &backend);
        renewed.connect().await.unwrap();
        assert_eq!(backend.asked(), [TokenReason::Initial, TokenReason::Refused]);
        renewed.disconnect().await.unwrap();

        let backend = Backend::new(&gateway, vec![Ok(-5), Ok(-5), Ok(-5)]);
        let refused = client(&gateway, &backend);
        let error = refused.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert_eq!(backend.asked(), [TokenReason::Initial, TokenReason::Refused]);
        assert_eq!(refused.state(), ClientState::Disconnected);
    });
}

#[test]
fn a_token_that_http_refuses_is_replaced_for_the_session_as_well() {
    run(async {
        let gateway = started();
        let backend = Backend::new(&gateway, vec![]);
        let client = client(&gateway, &backend);
        let events = client.events();
        client.connect().await.unwrap();
        let before = session(&gateway);
        gateway.fault(json!({"fault": "expire_token"}));
        let (first, second) =
            tokio::join!(client.subscriber_info(), client.addresses(AddressQuery::default()));
        first.unwrap();
        second.unwrap();
        assert_eq!(backend.asked(), [TokenReason::Initial, TokenReason::Refused], "asked once");
        event(&events, is_refreshed).await;
        assert_eq!(session(&gateway)["protocol"], before["protocol"]);
        assert_clean(&gateway);
    });
}

#[test]
fn a_backend_that_is_away_is_asked_again() {
    run(async {
        let gateway = started();
        let away = || Err(Error::new(ErrorKind::Network, "the backend is away"));
        let backend = Backend::new(&gateway, vec![Ok(31), away(), away(), Ok(3_600)]);
        let client = client(&gateway, &backend);
        let events = client.events();
        client.connect().await.unwrap();
        let seen = event(&events, is_refreshed).await;
        let pauses: Vec<u32> = seen
            .iter()
            .filter_map(|event| match event {
                ClientEvent::TokenRefreshFailed { next_try_ms, message, .. } => {
                    assert!(message.contains("away"));
                    Some(next_try_ms.expect("another try"))
                }
                _ => None,
            })
            .collect();
        assert_eq!(pauses.len(), 2, "{seen:?}");
        assert!((500..=1_000).contains(&pauses[0]) && (1_000..=2_000).contains(&pauses[1]));
        let warnings =
            seen.iter().filter(|event| matches!(event, ClientEvent::TokenExpiring { .. })).count();
        assert_eq!(warnings, 1);
        assert_clean(&gateway);
    });
}

#[test]
fn a_user_who_is_logged_out_keeps_the_session_until_the_token_ends() {
    run(async {
        let gateway = started();
        let out = || Err(Error::new(ErrorKind::Unauthorized, "logged out"));
        // Asked once more if the service ends the session before the client does.
        let backend = Backend::new(&gateway, vec![Ok(3), out(), out()]);
        let client = client(&gateway, &backend);
        let events = client.events();
        client.connect().await.unwrap();
        let call = answered(&client, "/public/echo").await;
        let failed = |event: &ClientEvent| matches!(event, ClientEvent::TokenRefreshFailed { .. });
        let seen = event(&events, failed).await;
        assert!(
            matches!(
                seen.last(),
                Some(ClientEvent::TokenRefreshFailed { next_try_ms: None, message, .. })
                    if message.contains("logged out")
            ),
            "{seen:?}"
        );
        assert_eq!((client.state(), call.state()), (ClientState::Connected, CallState::Active));
        let ended = |event: &ClientEvent| matches!(event, ClientEvent::SessionEnded { .. });
        event(&events, ended).await;
        assert_eq!(call.ended().await.unwrap().kind, EndKind::SignalingFailed);
        assert_eq!(client.state(), ClientState::Disconnected);
        // Logged in again.
        let next = AccessToken::new(gateway.mint_token("tester", 3_600, None));
        client.update_token(next).await.unwrap();
        client.connect().await.unwrap();
        client.disconnect().await.unwrap();
    });
}

#[test]
fn the_application_can_replace_the_token_itself() {
    run(async {
        let gateway = started();
        let mut options = options(&gateway);
        options.token = gateway.mint_token("tester", 50, None);
        let client = Client::new(options).unwrap();
        let events = client.events();
        client.connect().await.unwrap();
        let call = answered(&client, "/public/echo").await;
        let expiring = |event: &ClientEvent| matches!(event, ClientEvent::TokenExpiring { .. });
        event(&events, expiring).await;
        let next = gateway.mint_token("tester", 3_600, None);
        client.update_token(AccessToken::new(next.clone())).await.unwrap();
        event(&events, is_refreshed).await;
        let renewed = session(&gateway);
        assert!(renewed["expires_at"].as_i64().unwrap() > now() + 3_000);

        // One that the service refuses leaves everything as it was.
        let expired = gateway.mint_token("tester", -1, None);
        let error = client.update_token(AccessToken::new(expired.clone())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert!(!format!("{error:?}").contains(&expired));
        let error = client.update_token(AccessToken::new("nonsense")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidToken);
        client.subscriber_info().await.unwrap();
        assert_eq!((client.state(), call.state()), (ClientState::Connected, CallState::Active));

        // A new session begins with the new token.
        gateway.fault(json!({"fault": "stale_resume"}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        let fresh = |event: &ClientEvent| {
            matches!(event, ClientEvent::SessionReady { is_resumed: false, .. })
        };
        event(&events, fresh).await;
        client.disconnect().await.unwrap();
        let after = client.update_token(AccessToken::new(next)).await;
        assert_eq!(after.unwrap_err().kind(), ErrorKind::Closed);
        assert_clean(&gateway);
    });
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_secs() as i64
}

#[test]
fn a_token_that_ends_without_another_ends_the_session() {
    run(async {
        let gateway = started();
        let mut options = options(&gateway);
        options.token = gateway.mint_token("tester", 2, None);
        let client = Client::new(options).unwrap();
        let events = client.events();
        client.connect().await.unwrap();
        let ended = |event: &ClientEvent| matches!(event, ClientEvent::SessionEnded { .. });
        let seen = event(&events, ended).await;
        let refused =
            |event: &ClientEvent| matches!(event, ClientEvent::AuthorizationFailed { .. });
        assert!(seen.iter().any(refused), "{seen:?}");
    });
}

#[test]
fn a_new_token_that_the_service_does_not_take_is_replaced() {
    run(async {
        let gateway = started();
        let backend = Backend::new(&gateway, vec![Ok(31), Ok(3_600), Ok(3_600)]);
        let client = client(&gateway, &backend);
        let events = client.events();
        client.connect().await.unwrap();
        gateway.fault(json!({"fault": "refuse_reauthenticate"}));
        let failed = |event: &ClientEvent| matches!(event, ClientEvent::TokenRefreshFailed { .. });
        let seen = event(&events, failed).await;
        assert!(
            matches!(
                seen.last(),
                Some(ClientEvent::TokenRefreshFailed { code: -32002, next_try_ms: Some(_), .. })
            ),
            "{seen:?}"
        );
        event(&events, is_refreshed).await;
        let reasons = [TokenReason::Initial, TokenReason::Expiring, TokenReason::Refused];
        assert_eq!(backend.asked(), reasons);
        assert_eq!(client.state(), ClientState::Connected);
    });
}

#[test]
fn a_renewal_during_a_loss_reaches_the_session_when_it_is_back() {
    run(async {
        let gateway = started();
        let client = Client::new(options(&gateway)).unwrap();
        let events = client.events();
        client.connect().await.unwrap();
        let before = session(&gateway);
        gateway.fault(json!({"fault": "refuse_sockets", "ms": 300}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        let lost = |event: &ClientEvent| {
            matches!(event, ClientEvent::StateChanged { state: ClientState::Reconnecting, .. })
        };
        event(&events, lost).await;
        let next = gateway.mint_token("tester", 7_200, None);
        client.update_token(AccessToken::new(next)).await.unwrap();
        let resumed = |event: &ClientEvent| {
            matches!(event, ClientEvent::SessionReady { is_resumed: true, .. })
        };
        event(&events, resumed).await;
        let deadline = std::time::Instant::now() + DEADLINE;
        while session(&gateway)["expires_at"].as_i64().unwrap() < now() + 7_000 {
            assert!(std::time::Instant::now() < deadline, "the session has the earlier token");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert_eq!(session(&gateway)["protocol"], before["protocol"]);
        assert_clean(&gateway);
    });
}

fn with_clock(clock_offset: i64) -> Arc<Gateway> {
    let config = GatewayConfig { clock_offset, ..GatewayConfig::default() };
    Arc::new(Gateway::start(config).expect("a gateway"))
}

fn is_ready(event: &ClientEvent) -> bool {
    matches!(event, ClientEvent::SessionReady { .. })
}

/// Every token seems to be over when it comes: that must not be a reason to ask for the next one
/// at once, and the one that is over in truth has to be replaced all the same.
#[test]
fn a_clock_that_is_an_hour_ahead_renews_once_and_then_when_the_service_refuses() {
    run(async {
        let gateway = with_clock(-3_600);
        let backend = Backend::new(&gateway, vec![Ok(3_600), Ok(6), Ok(3_600)]);
        let client = client(&gateway, &backend);
        let events = client.events();
        client.connect().await.unwrap();
        event(&events, is_ready).await;
        event(&events, is_refreshed).await;
        // That token lives for six seconds, and is then refused with its socket.
        let seen = event(&events, is_ready).await;
        let refusals =
            |event: &&ClientEvent| matches!(event, ClientEvent::TokenRefreshFailed { .. });
        assert_eq!(seen.iter().filter(refusals).count(), 0, "{seen:?}");
        let reasons = [TokenReason::Initial, TokenReason::Expiring, TokenReason::Refused];
        assert_eq!(backend.asked(), reasons, "{seen:?}");
        client.subscriber_info().await.unwrap();
        assert_eq!(client.state(), ClientState::Connected);
    });
}

/// The token seems to be over and cannot be replaced: what counts is that the service takes it.
#[test]
fn a_clock_that_is_ahead_and_a_backend_that_refuses_end_nothing_before_the_service_does() {
    run(async {
        let gateway = with_clock(-3_600);
        let out = || Err(Error::new(ErrorKind::Unauthorized, "logged out"));
        let refusals = std::iter::repeat_with(out).take(100);
        let backend = Backend::new(&gateway, [Ok(3_600)].into_iter().chain(refusals).collect());
        let client = client(&gateway, &backend);
        let events = client.events();
        client.connect().await.unwrap();
        let failed = |event: &ClientEvent| {
            matches!(event, ClientEvent::TokenRefreshFailed { next_try_ms: None, message, .. }
                if message.contains("logged out"))
        };
        event(&events, failed).await;
        // The service is asked about the token, and takes it.
        let deadline = std::time::Instant::now() + DEADLINE;
        while gateway.state()["counters"]["http_requests"] == 0 {
            assert!(std::time::Instant::now() < deadline, "nobody asks the service");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let call = answered(&client, "/public/echo").await;
        client.subscriber_info().await.unwrap();
        call.hangup().await.unwrap();
        // A new session with the same token.
        gateway.fault(json!({"fault": "forget_sessions"}));
        let seen = event(&events, is_ready).await;
        let ended = |event: &ClientEvent| matches!(event, ClientEvent::SessionEnded { .. });
        assert!(!seen.iter().any(ended), "{seen:?}");

        // Now the service says that it is over.
        gateway.fault(json!({"fault": "expire_token"}));
        gateway.fault(json!({"fault": "forget_sessions"}));
        event(&events, ended).await;
        assert_eq!(client.state(), ClientState::Disconnected);
    });
}

#[test]
fn a_clock_that_is_an_hour_behind_lets_no_token_run_out_silently() {
    run(async {
        let gateway = with_clock(3_600);
        let backend = Backend::new(&gateway, vec![Ok(2), Ok(3_600)]);
        let client = client(&gateway, &backend);
        let events = client.events();
        client.connect().await.unwrap();
        event(&events, is_ready).await;
        // The token seems to last for an hour and is over after two seconds.
        event(&events, is_ready).await;
        assert_eq!(backend.asked(), [TokenReason::Initial, TokenReason::Refused]);
        client.subscriber_info().await.unwrap();

        // Without a backend the application is told.
        let token = gateway.mint_token("tester", 2, None);
        let alone = Client::new(ClientOptions { token, ..options(&gateway) }).unwrap();
        let events = alone.events();
        alone.connect().await.unwrap();
        let ended = |event: &ClientEvent| matches!(event, ClientEvent::SessionEnded { .. });
        let seen = event(&events, ended).await;
        let refused =
            |event: &ClientEvent| matches!(event, ClientEvent::AuthorizationFailed { .. });
        assert!(seen.iter().any(refused), "{seen:?}");
    });
}

#[test]
fn without_a_backend_a_clock_that_is_ahead_warns_once_and_ends_nothing() {
    run(async {
        let gateway = with_clock(-3_600);
        let client = Client::new(options(&gateway)).unwrap();
        let events = client.events();
        client.connect().await.unwrap();
        let expiring = |event: &ClientEvent| matches!(event, ClientEvent::TokenExpiring { .. });
        event(&events, expiring).await;
        // A call, and a new session with the same token.
        let call = answered(&client, "/public/echo").await;
        call.hangup().await.unwrap();
        gateway.fault(json!({"fault": "forget_sessions"}));
        event(&events, is_ready).await;
        client.subscriber_info().await.unwrap();
        client.disconnect().await.unwrap();
        let mut seen = Vec::new();
        while let Ok(Some(event)) = tokio::time::timeout(DEADLINE, events.next()).await {
            seen.push(event);
        }
        assert_eq!(seen.iter().filter(|event| expiring(event)).count(), 0, "{seen:?}");
        assert_clean(&gateway);
    });
}

#[test]
fn a_click_to_call_token_is_exchanged() {
    run(async {
        let gateway = started();
        let ca = gateway.ca_pem();
        let embed = |token| Credentials::embed(&gateway.http_url(), token, Some(ca)).unwrap();
        let client =
            Client::with_credentials(bare(&gateway), embed("c2c_7acc0e5e968706a0")).unwrap();
        client.connect().await.unwrap();
        assert_eq!(client.online().await.unwrap_err().kind(), ErrorKind::Rejected, "a guest");
        client.disconnect().await.unwrap();
        let bad = Client::with_credentials(bare(&gateway), embed("wr0ng_key")).unwrap();
        let error = bad.connect().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthorized, Some(403)));
        assert!(!format!("{error:?}").contains("wr0ng_key"));
        for (host, token) in [("", "c2c_x"), ("http://example.com", "c2c_x"), ("a.example", " ")] {
            assert!(Credentials::embed(host, token, None).is_err(), "{host:?} {token:?}");
        }
        assert_clean(&gateway);
    });
}

#[test]
fn without_a_token_and_without_a_provider_there_is_nothing_to_connect_with() {
    run(async {
        let gateway = started();
        let client = Client::with_credentials(bare(&gateway), Credentials::default()).unwrap();
        assert_eq!(client.connect().await.unwrap_err().kind(), ErrorKind::Unauthorized);
        let token = AccessToken::new(gateway.mint_token("tester", 3_600, None));
        client.update_token(token).await.unwrap();
        client.connect().await.unwrap();
        assert_eq!(Client::new(bare(&gateway)).unwrap_err().kind(), ErrorKind::InvalidToken);
    });
}
