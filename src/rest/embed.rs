//! Click-to-call: a token from a web page becomes a guest's access token.

use crate::auth::{AccessToken, CredentialProvider, Credentials, TokenRequest};
use crate::error::{Error, Result};
use crate::net::failure::{of_status, Answer};
use crate::net::post::Poster;
use crate::net::{endpoints, tls};
use crate::util::redact::Secret;
use serde_json::{json, Value};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The browser SDK's limit (signalwire-js EmbedTokenCredentialProvider.ts).
const TIMEOUT: Duration = Duration::from_secs(10);
const PATH: &str = "/api/fabric/embeds/tokens";
const ADVICE: &str =
    "the service refused the embed token; check it and the settings of its address";

impl Credentials {
    /// A click-to-call token (`c2c_…`), which is exchanged for a guest's token, and again before
    /// that expires. Guests reach the one resource that the token is for, and cannot be called.
    ///
    /// `host`: the space, such as `example.signalwire.com`, or a URL. `ca_certificates_pem`: further
    /// trusted CA certificates. Nothing is sent yet.
    /// Errors: `InvalidArgument` for an empty token or a host that cannot be; `Tls`.
    /// Source: `POST /api/fabric/embeds/tokens`.
    pub fn embed(
        host: &str,
        embed_token: impl Into<Secret>,
        ca_certificates_pem: Option<&str>,
    ) -> Result<Self> {
        let token = embed_token.into();
        if token.expose().trim().is_empty() {
            return Err(Error::invalid("the embed token is empty; it begins with c2c_"));
        }
        let base = match host.contains("://") {
            true => host.to_owned(),
            false => format!("https://{host}"),
        };
        let url = endpoints::parse("host", &base, "https", "http")?
            .join(PATH)
            .map_err(|error| Error::invalid(format!("host: {error}")))?;
        let poster = Poster::new(&tls::client_config(ca_certificates_pem)?, TIMEOUT)?;
        Ok(Self::provider(Arc::new(Embed { url, token, poster })))
    }
}

struct Embed {
    url: Url,
    token: Secret,
    poster: Poster,
}

#[async_trait::async_trait]
impl CredentialProvider for Embed {
    async fn access_token(&self, _: TokenRequest) -> Result<AccessToken> {
        let body = json!({ "token": self.token.expose().trim() }).to_string().into_bytes();
        let answer = self.poster.post(&self.url, "application/json", body, None).await?;
        if !answer.status.is_success() {
            let told =
                Answer { status: answer.status, headers: &answer.headers, body: &answer.body };
            return Err(of_status(&told, ADVICE, &[self.token.expose().trim()]));
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match body["token"].as_str().filter(|token| !token.is_empty()) {
            Some(token) => Ok(AccessToken::new(token)),
            None => Err(Error::protocol("the embed token's answer has no token; check the host")),
        }
    }
}
