//! What a person does in a browser during a login, without one: forms are filled in and sent, and
//! redirects are followed by whoever asks.
#![allow(dead_code)] // Each test file uses its part.

use signalwire_client::{OAuth, OAuthConfig};
use signalwire_gateway::Gateway;

pub const USER: &str = "olive@example.com";
pub const PASSWORD: &str = "correct horse battery";
pub const CALLBACK: &str = "com.example.app://callback";

/// Logins at this gateway.
pub fn config(gateway: &Gateway, redirect_uri: &str) -> OAuthConfig {
    let mut config = OAuthConfig::signalwire("gateway-app", redirect_uri);
    config.authorize_url = Some(format!("{}/login/oauth/authorize", gateway.http_url()));
    config.token_url = Some(format!("{}/oauth/token", gateway.http_url()));
    config.ca_certificates_pem = Some(gateway.ca_pem().to_owned());
    config
}

pub fn oauth(gateway: &Gateway, redirect_uri: &str) -> OAuth {
    OAuth::new(config(gateway, redirect_uri)).expect("a usable configuration")
}

/// A browser that trusts the gateway and follows nothing by itself.
pub struct Browser {
    client: reqwest::Client,
    base: String,
}

impl Browser {
    pub fn new(gateway: &Gateway) -> Self {
        // An error only says that the process has a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ca = reqwest::Certificate::from_pem(gateway.ca_pem().as_bytes()).expect("PEM");
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_merge([ca])
            .build()
            .expect("HTTP");
        Self { client, base: gateway.http_url() }
    }

    /// Status, `Location` and text of a page.
    pub async fn get(&self, url: &str) -> (u16, Option<String>, String) {
        page(self.client.get(url).send().await.expect("an answer")).await
    }

    async fn send(&self, path: &str, form: &[(&str, &str)]) -> (u16, Option<String>, String) {
        let body: String =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        page(request.send().await.expect("an answer")).await
    }

    /// Logs in and answers the question with `decision` (`allow` or `deny`); gives the URL that the
    /// browser is sent to.
    pub async fn log_in(&self, authorize_url: &str, decision: &str) -> String {
        let (status, _, html) = self.get(authorize_url).await;
        assert_eq!(status, 200, "{html}");
        let request = hidden(&html);
        let wrong = [("request", request.as_str()), ("username", USER), ("password", "wrong")];
        let (status, _, html) = self.send("/login/oauth/login", &wrong).await;
        assert!(status == 401 && html.contains("wrong"), "{status} {html}");
        let right = [("request", request.as_str()), ("username", USER), ("password", PASSWORD)];
        let (status, _, html) = self.send("/login/oauth/login", &right).await;
        assert!(status == 200 && html.contains(USER), "{status} {html}");
        let consent = [("request", request.as_str()), ("decision", decision)];
        let (status, location, html) = self.send("/login/oauth/consent", &consent).await;
        assert_eq!(status, 302, "{html}");
        location.expect("a redirect")
    }
}

async fn page(response: reqwest::Response) -> (u16, Option<String>, String) {
    let status = response.status().as_u16();
    let location = response.headers().get("location");
    let location = location.map(|value| value.to_str().expect("a text").to_owned());
    (status, location, response.text().await.expect("a body"))
}

fn hidden(html: &str) -> String {
    let (_, rest) = html.split_once("name=\"request\" value=\"").expect("a form");
    rest.split('"').next().expect("a value").to_owned()
}
