//! Logging in with a browser, against the gateway's login pages and token endpoint.

mod common;
mod login;
mod scripted;

use common::*;
use login::*;
use scripted::{json_answer, Reply, Scripted};
use serde_json::json;
use signalwire_client::{
    Client, ClientEvent, ClientOptions, Credentials, ErrorKind, MemoryTokenStore, OAuth,
    OAuthConfig, OAuthFailure, OAuthTokens, Secret, TokenStore,
};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig, OAuthSettings};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn failure<T: std::fmt::Debug>(result: signalwire_client::Result<T>) -> Option<OAuthFailure> {
    result.expect_err("fails").oauth_failure()
}

fn parameter(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("no {name}")).1.into_owned()
}

#[test]
fn a_login_gives_a_token_that_connects() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let oauth = oauth(&gateway, CALLBACK);
        let flow = oauth.begin().unwrap();
        let url = flow.authorize_url();
        assert_eq!(parameter(url, "response_type"), "code");
        assert_eq!(parameter(url, "client_id"), "gateway-app");
        assert_eq!(parameter(url, "redirect_uri"), CALLBACK);
        assert_eq!(parameter(url, "code_challenge_method"), "S256");
        assert_eq!(parameter(url, "code_challenge").len(), 43);
        assert!(parameter(url, "state").len() >= 22);
        assert!(!url.contains("scope="), "none is documented");

        let callback = Browser::new(&gateway).log_in(url, "allow").await;
        assert!(oauth.is_callback(&callback));
        for other in ["com.example.app://callback", "com.example.app://settings?code=1", "", url] {
            assert!(!oauth.is_callback(other), "{other}");
        }
        let tokens = oauth.complete(&callback).await.unwrap();
        assert!(tokens.refresh_token.is_some() && tokens.expires_at.is_some());

        let mut options = options(&gateway);
        options.token = tokens.access_token.expose().to_owned();
        let client = Client::new(options).unwrap();
        client.connect().await.unwrap();
        assert_eq!(client.subscriber_info().await.unwrap().email, USER);
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn every_login_has_its_own_state_and_verifier() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let oauth = oauth(&gateway, CALLBACK);
        let browser = Browser::new(&gateway);
        let (first, second) = (oauth.begin().unwrap(), oauth.begin().unwrap());
        for name in ["state", "code_challenge"] {
            let (a, b) = (first.authorize_url(), second.authorize_url());
            assert_ne!(parameter(a, name), parameter(b, name));
        }
        // Completed in the other order, each with its own verifier.
        let late = browser.log_in(second.authorize_url(), "allow").await;
        let early = browser.log_in(first.authorize_url(), "allow").await;
        oauth.complete(&early).await.unwrap();
        oauth.complete(&late).await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_redirect_counts_once_and_only_for_who_began() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (oauth, stranger) = (oauth(&gateway, CALLBACK), oauth(&gateway, CALLBACK));
        let browser = Browser::new(&gateway);
        let flow = oauth.begin().unwrap();
        let callback = browser.log_in(flow.authorize_url(), "allow").await;
        assert_eq!(failure(stranger.complete(&callback).await), Some(OAuthFailure::WrongState));
        let elsewhere = callback.replace("callback", "other");
        assert_eq!(failure(oauth.complete(&elsewhere).await), Some(OAuthFailure::NotACallback));
        oauth.complete(&callback).await.unwrap();
        let again = oauth.complete(&callback).await;
        assert_eq!(failure(again), Some(OAuthFailure::UsedTwice));
        assert_eq!(gateway.state()["oauth"]["exchanges"], 1, "the code was sent once");

        let flow = oauth.begin().unwrap();
        oauth.cancel(&flow);
        let callback = browser.log_in(flow.authorize_url(), "allow").await;
        assert_eq!(failure(oauth.complete(&callback).await), Some(OAuthFailure::Cancelled));

        let mut config = config(&gateway, CALLBACK);
        config.flow_lifetime_ms = 1;
        let hasty = OAuth::new(config).unwrap();
        let flow = hasty.begin().unwrap();
        let callback = browser.log_in(flow.authorize_url(), "allow").await;
        assert_eq!(failure(hasty.complete(&callback).await), Some(OAuthFailure::FlowExpired));
        assert_clean(&gateway);
    });
}

#[test]
fn what_goes_wrong_at_the_provider_has_a_name() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let oauth = oauth(&gateway, CALLBACK);
        let browser = Browser::new(&gateway);
        for (fault, decision, expected, kind) in [
            (None, "deny", OAuthFailure::AccessDenied, ErrorKind::Rejected),
            (
                Some(json!({"what": "error", "error": "server_error"})),
                "allow",
                OAuthFailure::ProviderError,
                ErrorKind::Rejected,
            ),
            (
                Some(json!({"what": "wrong_state"})),
                "allow",
                OAuthFailure::WrongState,
                ErrorKind::Rejected,
            ),
            (Some(json!({"what": "no_code"})), "allow", OAuthFailure::NoCode, ErrorKind::Protocol),
            (
                Some(json!({"what": "expired_code"})),
                "allow",
                OAuthFailure::CodeRefused,
                ErrorKind::Unauthorized,
            ),
        ] {
            if let Some(mut fault) = fault {
                fault["fault"] = json!("oauth");
                gateway.fault(fault);
            }
            let flow = oauth.begin().unwrap();
            let callback = browser.log_in(flow.authorize_url(), decision).await;
            let result = oauth.complete(&callback).await;
            let error = result.expect_err("fails");
            assert_eq!((error.oauth_failure(), error.kind()), (Some(expected), kind), "{error}");
            assert!(!error.message().contains(&parameter(flow.authorize_url(), "state")));
        }
        assert_clean(&gateway);
    });
}

#[test]
fn a_verifier_that_does_not_fit_is_refused() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let oauth = oauth(&gateway, CALLBACK);
        let browser = Browser::new(&gateway);
        // The browser is led to ask with another challenge.
        let flow = oauth.begin().unwrap();
        let challenge = parameter(flow.authorize_url(), "code_challenge");
        let forged = flow.authorize_url().replace(&challenge, &"A".repeat(43));
        let callback = browser.log_in(&forged, "allow").await;
        let error = oauth.complete(&callback).await.unwrap_err();
        assert_eq!(error.oauth_failure(), Some(OAuthFailure::CodeRefused));
        assert_eq!(error.problems()[0].code, "invalid_grant");
    });
}

#[test]
fn refresh_tokens_rotate_and_can_be_revoked() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let oauth = oauth(&gateway, CALLBACK);
        let flow = oauth.begin().unwrap();
        let callback = Browser::new(&gateway).log_in(flow.authorize_url(), "allow").await;
        let first = oauth.complete(&callback).await.unwrap();
        let second = oauth.refresh(&first).await.unwrap();
        assert_ne!(first.access_token, second.access_token);
        assert_ne!(first.refresh_token, second.refresh_token);
        let third = oauth.refresh(&second).await.unwrap();
        gateway.fault(json!({"fault": "revoke_refresh", "reference": USER}));
        let error = oauth.refresh(&third).await.unwrap_err();
        assert_eq!(error.oauth_failure(), Some(OAuthFailure::RefreshRefused));
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        let none = OAuthTokens::new("x");
        assert_eq!(failure(oauth.refresh(&none).await), Some(OAuthFailure::NotLoggedIn));
        assert_clean(&gateway);
    });
}

#[test]
fn a_provider_that_does_not_rotate_keeps_the_refresh_token() {
    run(async {
        let settings =
            OAuthSettings { rotates: false, tells_expiry: false, ..OAuthSettings::default() };
        let config = GatewayConfig { oauth: settings, ..GatewayConfig::default() };
        let gateway = Gateway::start(config).unwrap();
        let oauth = oauth(&gateway, CALLBACK);
        let flow = oauth.begin().unwrap();
        let callback = Browser::new(&gateway).log_in(flow.authorize_url(), "allow").await;
        let first = oauth.complete(&callback).await.unwrap();
        assert_eq!(first.expires_at, None);
        let second = oauth.refresh(&first).await.unwrap();
        assert_eq!(first.refresh_token, second.refresh_token);
        oauth.refresh(&second).await.unwrap();
    });
}

/// Tokens of a login.
async fn logged_in(gateway: &Gateway, oauth: &OAuth) -> OAuthTokens {
    let flow = oauth.begin().unwrap();
    let callback = Browser::new(gateway).log_in(flow.authorize_url(), "allow").await;
    oauth.complete(&callback).await.unwrap()
}

/// Options without a token.
fn bare(gateway: &Gateway) -> ClientOptions {
    ClientOptions { token: String::new(), ..options(gateway) }
}

#[test]
fn a_logged_in_client_renews_its_token_and_keeps_what_it_got() {
    run(async {
        // Tokens of 31 s: the renewal is due after one.
        let settings =
            OAuthSettings { access_life: Duration::from_secs(31), ..OAuthSettings::default() };
        let config = GatewayConfig { oauth: settings, ..GatewayConfig::default() };
        let gateway = Gateway::start(config).unwrap();
        let oauth = oauth(&gateway, CALLBACK);
        let first = logged_in(&gateway, &oauth).await;
        let store = Arc::new(MemoryTokenStore::new(&first));
        let credentials = Credentials::oauth(oauth.clone(), store.clone());
        let client = Client::with_credentials(bare(&gateway), credentials).unwrap();
        let events = client.events();
        client.connect().await.unwrap();
        assert_eq!(client.subscriber_info().await.unwrap().email, USER);
        loop {
            match tokio::time::timeout(DEADLINE, events.next()).await.unwrap().unwrap() {
                ClientEvent::TokenRefreshed { token_expires_at: Some(_) } => break,
                ClientEvent::TokenRefreshFailed { message, .. } => panic!("{message}"),
                _ => {}
            }
        }
        let kept = OAuthTokens::from_text(store.load().unwrap().unwrap().expose()).unwrap();
        assert_ne!(kept.refresh_token, first.refresh_token);
        client.disconnect().await.unwrap();

        // The next start goes on with what was kept, although its access token is refused.
        gateway.fault(json!({"fault": "expire_token"}));
        let credentials = Credentials::oauth(oauth, store.clone());
        let client = Client::with_credentials(bare(&gateway), credentials).unwrap();
        client.connect().await.unwrap();
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn a_revoked_login_is_told_and_forgotten() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let oauth = oauth(&gateway, CALLBACK);
        let tokens = logged_in(&gateway, &oauth).await;
        let store = Arc::new(MemoryTokenStore::new(&tokens));
        gateway.fault(json!({"fault": "revoke_refresh"}));
        gateway.fault(json!({"fault": "expire_token"}));
        let credentials = Credentials::oauth(oauth.clone(), store.clone());
        let client = Client::with_credentials(bare(&gateway), credentials).unwrap();
        let error = client.connect().await.unwrap_err();
        assert_eq!(error.oauth_failure(), Some(OAuthFailure::RefreshRefused), "{error}");
        assert!(store.load().unwrap().is_none());
        let error = client.connect().await.unwrap_err();
        assert_eq!(error.oauth_failure(), Some(OAuthFailure::NotLoggedIn), "{error}");
        // Logged in again, the same client connects.
        store.save(&logged_in(&gateway, &oauth).await.to_text()).unwrap();
        client.connect().await.unwrap();
        assert_clean(&gateway);
    });
}

/// One request on a connection of its own; the whole answer.
async fn request(authority: &str, head: &str) -> String {
    let mut stream = TcpStream::connect(authority).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn authority(redirect_uri: &str) -> String {
    let url = url::Url::parse(redirect_uri).unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
}

#[test]
fn the_listener_answers_the_redirect_once_and_nothing_else() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let oauth = oauth(&gateway, "http://127.0.0.1:0/callback");
        assert_eq!(oauth.begin().unwrap_err().kind(), ErrorKind::InvalidArgument);
        let login = oauth.begin_loopback().unwrap();
        let at = authority(login.redirect_uri());
        assert_eq!(parameter(login.authorize_url(), "redirect_uri"), login.redirect_uri());
        let callback = Browser::new(&gateway).log_in(login.authorize_url(), "allow").await;
        assert!(callback.starts_with(login.redirect_uri()));
        let target = callback.split_once(&at).unwrap().1.to_owned();
        let visits = async {
            // A connection that a browser opens and does not use.
            let _idle = TcpStream::connect(&at).await.unwrap();
            for (line, host, status) in [
                ("GET /favicon.ico HTTP/1.1", at.as_str(), "404"),
                ("GET /callback HTTP/1.1", &at, "404"),
                ("GET /other?code=1&state=2 HTTP/1.1", &at, "404"),
                (&format!("POST {target} HTTP/1.1"), &at, "405"),
                (&format!("GET {target} HTTP/1.1"), "evil.example", "400"),
                ("\u{16}\u{3}\u{1}nonsense", &at, "400"),
                (&format!("GET /{} HTTP/1.1", "x".repeat(20_000)), &at, "431"),
            ] {
                let answer = request(&at, &format!("{line}\r\nHost: {host}\r\n\r\n")).await;
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line:.60} {answer}");
            }
            request(&at, &format!("GET {target} HTTP/1.1\r\nHost: {at}\r\n\r\n")).await
        };
        let (tokens, page) = tokio::join!(login.finish(DEADLINE), visits);
        assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Logged in"), "{page}");
        assert!(page.contains("cache-control: no-store") && page.contains("no-referrer"));
        assert!(tokens.unwrap().refresh_token.is_some());
        assert!(TcpStream::connect(&at).await.is_err(), "the port is free again");
        assert_eq!(login.finish(DEADLINE).await.unwrap_err().kind(), ErrorKind::InvalidState);
        assert_clean(&gateway);
    });
}

#[test]
fn a_refused_login_ends_the_wait_of_the_listener_at_once() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let oauth = oauth(&gateway, "http://127.0.0.1:0/callback");
        for (what, expected) in
            [("deny", OAuthFailure::AccessDenied), ("wrong_state", OAuthFailure::WrongState)]
        {
            gateway.fault(json!({"fault": "oauth", "what": what}));
            let login = oauth.begin_loopback().unwrap();
            let callback = Browser::new(&gateway).log_in(login.authorize_url(), "allow").await;
            let at = authority(login.redirect_uri());
            let target = callback.split_once(&at).unwrap().1.to_owned();
            let head = format!("GET {target} HTTP/1.1\r\nhost: {at}\r\n\r\n");
            let (result, page) = tokio::join!(login.finish(DEADLINE), request(&at, &head));
            assert!(page.starts_with("HTTP/1.1 400 "), "{page}");
            assert_eq!(failure(result), Some(expected));
        }
    });
}

#[test]
fn a_browser_that_never_returns_and_a_port_that_is_taken() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let first = oauth(&gateway, "http://127.0.0.1:0/callback").begin_loopback().unwrap();
        let taken = oauth(&gateway, first.redirect_uri());
        assert_eq!(failure(taken.begin_loopback()), Some(OAuthFailure::PortTaken));
        let result = first.finish(Duration::from_millis(20)).await;
        assert_eq!(failure(result), Some(OAuthFailure::NoCallback));
        drop(first);

        let login = taken.begin_loopback().unwrap();
        let at = authority(login.redirect_uri());
        let (result, ()) = tokio::join!(login.finish(DEADLINE), async {
            // It listens before it is cancelled.
            request(&at, &format!("GET / HTTP/1.1\r\nhost: {at}\r\n\r\n")).await;
            login.cancel();
        });
        assert_eq!(failure(result), Some(OAuthFailure::Cancelled));
        assert!(TcpStream::connect(&at).await.is_err());
        let again = login.finish(DEADLINE).await;
        assert_eq!(failure(again), Some(OAuthFailure::Cancelled), "also when it begins too late");
        let elsewhere = oauth(&gateway, CALLBACK).begin_loopback();
        assert_eq!(elsewhere.unwrap_err().kind(), ErrorKind::InvalidArgument);
    });
}

/// A login whose token endpoint answers as told.
async fn exchanged(reply: Reply) -> (signalwire_client::Result<OAuthTokens>, Scripted) {
    let server = Scripted::start(vec![reply]).await;
    let mut config = OAuthConfig::signalwire("app", CALLBACK);
    config.token_url = Some(format!("{}/token", server.url()));
    config.scopes = vec!["one".into(), "two".into()];
    config.extra_parameters.insert("prompt".into(), "login".into());
    let oauth = OAuth::new(config).unwrap();
    let flow = oauth.begin().unwrap();
    assert!(flow.authorize_url().starts_with("https://id.fabric.signalwire.com/login/oauth/"));
    assert_eq!(parameter(flow.authorize_url(), "scope"), "one two");
    assert_eq!(parameter(flow.authorize_url(), "prompt"), "login");
    let state = parameter(flow.authorize_url(), "state");
    let result = oauth.complete(&format!("{CALLBACK}?code=c0de&state={state}")).await;
    (result, server)
}

#[test]
fn the_exchange_is_a_form_without_a_secret() {
    run(async {
        let answer = json!({"access_token": "a", "refresh_token": "r", "expires_in": "60"});
        let (result, server) = exchanged(json_answer(201, &answer)).await;
        assert_eq!(result.unwrap().access_token, Secret::from("a"));
        let seen = server.seen();
        assert_eq!((seen[0].method.as_str(), seen[0].target.as_str()), ("POST", "/token"));
        assert_eq!(seen[0].header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(seen[0].header("authorization"), None);
        let form: Vec<(String, String)> =
            url::form_urlencoded::parse(seen[0].body()).into_owned().collect();
        let value = |name: &str| {
            let mut found = form.iter().filter(|(key, _)| key == name);
            let first = found.next().map(|(_, value)| value.as_str());
            assert!(found.next().is_none(), "{name} comes twice");
            first
        };
        assert_eq!(value("grant_type"), Some("authorization_code"));
        assert_eq!(value("client_id"), Some("app"));
        assert_eq!(value("code"), Some("c0de"));
        assert_eq!(value("redirect_uri"), Some(CALLBACK));
        assert_eq!(value("code_verifier").map(str::len), Some(43));
        assert_eq!(form.len(), 5, "{form:?}");
    });
}

#[test]
fn bad_answers_of_the_token_endpoint_are_typed_and_the_code_is_sent_once() {
    run(async {
        let html = [("content-type", "text/html")];
        for (reply, kind, expected) in [
            (
                json_answer(
                    400,
                    &json!({"error": "invalid_grant", "error_description": "c0de is spent"}),
                ),
                ErrorKind::Unauthorized,
                Some(OAuthFailure::CodeRefused),
            ),
            (
                json_answer(401, &json!({"error": "invalid_client"})),
                ErrorKind::Unauthorized,
                Some(OAuthFailure::ClientRefused),
            ),
            (
                json_answer(400, &json!({"error": "invalid_scope"})),
                ErrorKind::Rejected,
                Some(OAuthFailure::ProviderError),
            ),
            (json_answer(200, &json!({"token": "a"})), ErrorKind::Protocol, None),
            (json_answer(200, &json!([])), ErrorKind::Protocol, None),
            (Reply::answer(200, &html, "<html>c0de"), ErrorKind::Protocol, None),
            (Reply::answer(403, &html, "<html>c0de"), ErrorKind::Unauthorized, None),
            (Reply::answer(502, &html, "<html>"), ErrorKind::Server, None),
            (
                Reply::answer(302, &[("location", "https://evil.example/")], ""),
                ErrorKind::Rejected,
                None,
            ),
            (Reply::Drop, ErrorKind::Network, None),
        ] {
            let told = format!("{reply:?}");
            let (result, server) = exchanged(reply).await;
            let error = result.expect_err("fails");
            assert_eq!((error.kind(), error.oauth_failure()), (kind, expected), "{told} {error}");
            assert!(!format!("{error:?}").contains("c0de"), "{error:?}");
            assert_eq!(server.seen().len(), 1, "{told}");
        }
    });
}
