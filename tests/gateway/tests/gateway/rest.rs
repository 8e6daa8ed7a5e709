//! REST: tokens, subscriber, addresses, error bodies.

use crate::common::{gateway, http};
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use serde_json::{json, Value};
use signalwire_gateway::Gateway;

const TOKENS: &str = "/api/fabric/subscribers/tokens";

fn basic(gateway: &Gateway) -> String {
    let pair = format!("{}:{}", gateway.project(), gateway.api_token());
    format!("Basic {}", STANDARD.encode(pair))
}

fn error_code(body: &Value) -> (&str, &str) {
    let error = &body["errors"][0];
    (error["code"].as_str().unwrap_or_default(), error["attribute"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_subscriber_token_opens_the_subscriber() {
    let gateway = gateway(|_| {});
    let body = json!({ "reference": "dora@example.com", "display_name": "Dora" });
    let (status, made) = http(&gateway, "POST", TOKENS, &basic(&gateway), Some(body)).await;
    assert_eq!(status, 200);
    let bearer = format!("Bearer {}", made["token"].as_str().unwrap());
    let (status, info) = http(&gateway, "GET", "/api/fabric/subscriber/info", &bearer, None).await;
    assert_eq!(status, 200);
    assert_eq!(info["id"], made["subscriber_id"]);
    assert_eq!(
        (&info["email"], &info["display_name"]),
        (&json!("dora@example.com"), &json!("Dora"))
    );
    let path = format!("{TOKENS}/refresh");
    let body = json!({ "refresh_token": made["refresh_token"] });
    let (status, next) = http(&gateway, "POST", &path, &basic(&gateway), Some(body.clone())).await;
    assert_eq!(status, 201);
    assert_ne!(next["refresh_token"], made["refresh_token"]);
    let (status, spent) = http(&gateway, "POST", &path, &basic(&gateway), Some(body)).await;
    assert_eq!((status, error_code(&spent)), (422, ("token_invalid", "refresh_token")));
}

#[tokio::test]
async fn token_requests_are_validated() {
    let gateway = gateway(|_| {});
    let cases = [
        (json!({}), "missing_required_parameter", "reference"),
        (json!({ "reference": 5 }), "invalid_parameter", "reference"),
        (json!({ "reference": "a", "expire_at": 5 }), "invalid_parameter", "expire_at"),
        (json!({ "reference": "a", "expire_at": "soon" }), "invalid_parameter", "expire_at"),
        (json!({ "reference": "a", "fingerprint": "short" }), "invalid_parameter", "fingerprint"),
        (json!({ "reference": "a", "scope": "all" }), "invalid_parameter", "scope"),
        (json!({ "reference": "a", "country": 1 }), "invalid_parameter", "country"),
    ];
    for (body, code, attribute) in cases {
        let (status, answer) = http(&gateway, "POST", TOKENS, &basic(&gateway), Some(body)).await;
        assert_eq!((status, error_code(&answer)), (422, (code, attribute)));
    }
    let (status, answer) = http(&gateway, "POST", TOKENS, "Basic eDp5", Some(json!({}))).await;
    assert_eq!((status, answer), (401, json!({ "error": "Unauthorized" })));
}

#[tokio::test]
async fn addresses_are_filtered_sorted_and_paged() {
    let gateway = gateway(|_| {});
    let bearer = format!("Bearer {}", gateway.mint_token("e@example.com", 60, None));
    let mut path = "/api/fabric/addresses?page_size=4&type=call".to_owned();
    let mut names = Vec::new();
    loop {
        let (status, page) = http(&gateway, "GET", &path, &bearer, None).await;
        assert_eq!(status, 200);
        names.extend(page["data"].as_array().unwrap().iter().map(|a| a["name"].clone()));
        match page["links"]["next"].as_str() {
            Some(next) => path = next.trim_start_matches("http://gw.test").to_owned(),
            None => break,
        }
    }
    assert_eq!(json!(names), json!(["bye", "early", "early-bye", "elsewhere", "moved", "never"]));
    for name in ["echo", "%2Fpublic%2Fecho"] {
        let path = format!("/api/fabric/addresses?name={name}");
        let (_, page) = http(&gateway, "GET", &path, &bearer, None).await;
        assert_eq!(page["data"][0]["channels"]["audio"], "/public/echo?channel=audio");
        let path = format!("/api/fabric/addresses/{}", page["data"][0]["id"].as_str().unwrap());
        assert_eq!(http(&gateway, "GET", &path, &bearer, None).await.1, page["data"][0]);
    }
    let (status, answer) =
        http(&gateway, "GET", "/api/fabric/addresses?sort_by=age", &bearer, None).await;
    assert_eq!((status, error_code(&answer)), (422, ("invalid_parameter", "sort_by")));
    let (status, answer) = http(&gateway, "GET", "/api/fabric/addresses/x", &bearer, None).await;
    assert_eq!((status, answer), (404, json!({ "error": "Not Found" })));
}

#[tokio::test]
async fn expired_tokens_and_injected_failures() {
    let gateway = gateway(|_| {});
    let token = gateway.mint_token("f@example.com", 60, None);
    let bearer = format!("Bearer {token}");
    gateway.fault(json!({ "fault": "fail_http", "status": 503, "path": "/addresses" }));
    let status = |path: &'static str| http(&gateway, "GET", path, &bearer, None);
    assert_eq!(status("/api/fabric/subscriber/info").await.0, 200);
    assert_eq!(status("/api/fabric/addresses").await.0, 503);
    assert_eq!(status("/api/fabric/addresses").await.0, 200);
    gateway.fault(json!({ "fault": "expire_token", "reference": "f@example.com" }));
    assert_eq!(status("/api/fabric/addresses").await.0, 401);
}

#[tokio::test]
async fn guests_see_what_they_may_call() {
    let gateway = gateway(|_| {});
    let bearer = format!("Bearer {}", gateway.mint_token("g@example.com", 60, None));
    let (_, page) = http(&gateway, "GET", "/api/fabric/addresses?name=echo", &bearer, None).await;
    let echo = &page["data"][0]["id"];
    let path = "/api/fabric/guests/tokens";
    let body = json!({ "allowed_addresses": [echo] });
    let (status, made) = http(&gateway, "POST", path, &basic(&gateway), Some(body)).await;
    assert_eq!(status, 201);
    let guest = format!("Bearer {}", made["token"].as_str().unwrap());
    let (_, page) = http(&gateway, "GET", "/api/fabric/addresses", &guest, None).await;
    assert_eq!(page["data"].as_array().map(Vec::len), Some(1));
    let body = json!({ "allowed_addresses": ["11111111-2222-4333-8444-555555555555"] });
    let (status, answer) = http(&gateway, "POST", path, &basic(&gateway), Some(body)).await;
    assert_eq!((status, error_code(&answer).0), (422, "must_belong_to_project"));
}

#[tokio::test]
async fn the_control_endpoint_reports_and_misbehaves() {
    let gateway = gateway(|_| {});
    let (status, state) = http(&gateway, "GET", "/_gateway/state", "", None).await;
    assert_eq!((status, &state["violations"]), (200, &json!([])));
    let fault = json!({ "fault": "nonsense" });
    assert_eq!(http(&gateway, "POST", "/_gateway/fault", "", Some(fault)).await.0, 400);
    let (status, made) = http(&gateway, "POST", "/_gateway/token", "", Some(json!({}))).await;
    assert_eq!((status, made["token"].as_str().map(|t| t.split('.').count())), (200, Some(5)));
}

#[tokio::test]
async fn push_registrations_come_and_go() {
    let gateway = gateway(|_| {});
    let bearer = format!("Bearer {}", gateway.mint_token("h@example.com", 60, None));
    let body = json!({ "device_type": "iOS", "device_token": "abc" });
    let (status, device) = http(&gateway, "POST", "/subscriber/devices", &bearer, Some(body)).await;
    assert_eq!((status, &device["device_type"]), (201, &json!("iOS")));
    let path = format!("/subscriber/devices/{}", device["id"].as_str().unwrap());
    assert_eq!(http(&gateway, "DELETE", &path, &bearer, None).await.0, 204);
    assert_eq!(http(&gateway, "DELETE", &path, &bearer, None).await.0, 404);
}
