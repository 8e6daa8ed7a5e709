//! Logging in: what the authorization page and the token endpoint refuse.

use crate::common::{gateway, page};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use ring::digest::{digest, SHA256};
use serde_json::{json, Value};
use signalwire_gateway::Gateway;

const CALLBACK: &str = "com.example.app%3A%2F%2Fcallback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()))
}

/// A correct authorization request.
fn request() -> String {
    format!(
        "/login/oauth/authorize?response_type=code&client_id=gateway-app&redirect_uri={CALLBACK}\
         &state=0123456789012345678901&code_challenge_method=S256&code_challenge={}",
        challenge()
    )
}

/// Logs in; gives where the browser is sent to.
async fn log_in(gateway: &Gateway) -> String {
    let (status, _, html) = page(gateway, &request(), None).await;
    assert_eq!(status, 200);
    let id = html.split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = format!("request={id}&username=olive%40example.com&password=correct+horse+battery");
    let (status, _, html) = page(gateway, "/login/oauth/login", Some(&form)).await;
    assert!(status == 200 && html.contains("olive@example.com"), "{html}");
    let form = format!("request={id}&decision=allow");
    let (status, head, _) = page(gateway, "/login/oauth/consent", Some(&form)).await;
    assert_eq!(status, 302);
    location(&head)
}

fn location(head: &str) -> String {
    let line = head.lines().find_map(|line| line.strip_prefix("location: "));
    line.unwrap_or_else(|| panic!("no redirect: {head}")).to_owned()
}

async fn token(gateway: &Gateway, form: &str) -> (u16, Value) {
    let (status, head, body) = page(gateway, "/oauth/token", Some(form)).await;
    assert!(head.contains("cache-control: no-store"), "{head}");
    (status, serde_json::from_str(&body).unwrap())
}

fn exchange(code: &str, redirect_uri: &str, verifier: &str) -> String {
    format!(
        "grant_type=authorization_code&client_id=gateway-app&code={code}\
         &redirect_uri={redirect_uri}&code_verifier={verifier}"
    )
}

async fn code(gateway: &Gateway) -> String {
    let callback = log_in(gateway).await;
    assert!(callback.ends_with("&state=0123456789012345678901"), "{callback}");
    callback.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_that_is_not_right_is_refused() {
    let gateway = gateway(|_| {});
    // Nobody is redirected to a place that is not known.
    for (from, to) in [("gateway-app", "stranger"), (CALLBACK, "https%3A%2F%2Fevil.example")] {
        let (status, head, _) = page(&gateway, &request().replace(from, to), None).await;
        assert!(status == 400 && !head.contains("location"), "{head}");
    }
    let challenge = challenge();
    for (from, to, error) in [
        ("response_type=code", "response_type=token", "unsupported_response_type"),
        ("method=S256", "method=plain", "invalid_request"),
        (challenge.as_str(), "short", "invalid_request"),
        ("state=0123456789012345678901", "state=1", "invalid_request"),
    ] {
        let (status, head, _) = page(&gateway, &request().replace(from, to), None).await;
        let location = location(&head);
        assert!(status == 302 && location.contains(&format!("error={error}")), "{location}");
    }
    assert_eq!(gateway.state()["violations"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_code_is_good_once_for_who_asked() {
    let gateway = gateway(|_| {});
    let wrong = "A".repeat(43);
    for (redirect_uri, verifier) in [(CALLBACK, wrong.as_str()), ("com.example.app", VERIFIER)] {
        let code = code(&gateway).await;
        let (status, body) = token(&gateway, &exchange(&code, redirect_uri, verifier)).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
        // It is spent by the first try.
        let (status, _) = token(&gateway, &exchange(&code, CALLBACK, VERIFIER)).await;
        assert_eq!(status, 400);
    }
    let code = code(&gateway).await;
    let good = exchange(&code, CALLBACK, VERIFIER);
    for (form, error, status) in [
        (good.replace("gateway-app", "stranger"), "invalid_client", 401),
        (format!("{good}&client_secret=x"), "invalid_client", 401),
        (good.replace("authorization_code", "password"), "unsupported_grant_type", 400),
        (good.replace("&code_verifier=", "&no="), "invalid_request", 400),
        (format!("{good}&code=again"), "invalid_request", 400),
    ] {
        let (got, body) = token(&gateway, &form).await;
        assert_eq!((got, body["error"].as_str()), (status, Some(error)), "{form}");
    }
    let (status, first) = token(&gateway, &good).await;
    assert_eq!((status, &first["token_type"]), (200, &json!("Bearer")));

    // A second use ends what the first one gave.
    let (status, _) = token(&gateway, &good).await;
    assert_eq!(status, 400);
    let refresh = first["refresh_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&client_id=gateway-app&refresh_token={refresh}");
    assert_eq!(token(&gateway, &form).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn refresh_tokens_rotate() {
    let gateway = gateway(|_| {});
    let code = code(&gateway).await;
    let (_, first) = token(&gateway, &exchange(&code, CALLBACK, VERIFIER)).await;
    let form = |tokens: &Value| {
        let refresh = tokens["refresh_token"].as_str().unwrap();
        format!("grant_type=refresh_token&client_id=gateway-app&refresh_token={refresh}")
    };
    let (status, second) = token(&gateway, &form(&first)).await;
    assert_eq!(status, 200);
    // Whoever comes with the first one has stolen it, or was robbed.
    assert_eq!(token(&gateway, &form(&first)).await.0, 400);
    assert_eq!(token(&gateway, &form(&second)).await.0, 400);
}
