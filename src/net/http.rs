//! HTTP with the subscriber's token: JSON in and out, every failure a typed error.

use crate::auth::tokens::{Current, Tokens};
use crate::auth::TokenReason;
use crate::config::HTTP_TIMEOUT;
use crate::error::{Error, ErrorKind, Result};
use crate::net::endpoints::Hosts;
use crate::net::failure::{self, Answer};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Tries for a request that may be repeated, and the pause before each repetition.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_000)];
/// What to do about 401 and 403.
const TOKEN_ADVICE: &str = "the service refused the token; get a new one";
/// A larger answer is not one of this API's.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// A client of the HTTP API, with the client's current token and on the host that it leads to.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client,
    hosts: Hosts,
    tokens: Arc<Tokens>,
}

impl Http {
    pub(crate) fn new(
        hosts: Hosts,
        tokens: Arc<Tokens>,
        tls: &Arc<rustls::ClientConfig>,
    ) -> Result<Self> {
        let client = Client::builder()
            .tls_backend_preconfigured((**tls).clone())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(HTTP_TIMEOUT)
            .build()
            .map_err(|error| Error::internal(format!("cannot set up HTTP: {error}")))?;
        Ok(Self { client, hosts, tokens })
    }

    /// Reads JSON. Repeated up to twice on network errors and HTTP 5xx, and once with another
    /// token where the present one is refused and there is somebody to ask for one.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value> {
        let mut pauses = PAUSES.iter();
        let mut is_renewed = false;
        loop {
            let current = self.tokens.obtain().await?;
            let mut url = self.url(&current, path)?;
            if !query.is_empty() {
                url.query_pairs_mut().extend_pairs(query);
            }
            let error = match self.exchange(self.client.get(url), &current).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let is_refused = error.code() == Some(401) && self.tokens.can_renew();
            if is_refused && !std::mem::replace(&mut is_renewed, true) {
                self.tokens.renew(current.generation, TokenReason::Refused).await?;
                continue;
            }
            let may_repeat = matches!(error.kind(), ErrorKind::Network | ErrorKind::Server);
            match pauses.next() {
                Some(pause) if may_repeat => tokio::time::sleep(*pause).await,
                _ => return Err(error),
            }
        }
    }

    /// Sends JSON once, with this token whatever has become of it.
    #[cfg_attr(not(feature = "dpop"), allow(dead_code, reason = "for client-bound tokens"))]
    pub(crate) async fn post(&self, path: &str, body: &Value, with: &Current) -> Result<Value> {
        let request = self
            .client
            .post(self.url(with, path)?)
            .header("content-type", "application/json")
            .body(body.to_string());
        self.exchange(request, with).await
    }

    fn url(&self, current: &Current, path: &str) -> Result<Url> {
        let base = self.hosts.resolve(&current.token)?.http_url;
        base.join(path).map_err(|error| Error::internal(format!("cannot form the URL: {error}")))
    }

    async fn exchange(&self, request: RequestBuilder, current: &Current) -> Result<Value> {
        let token = current.token.expose();
        let mut response = request
            .bearer_auth(token)
            .header("accept", "application/json")
            .send()
            .await
            .map_err(failure::of_transport)?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure::of_transport)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Error::protocol("the answer of the HTTP API is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            let answer = Answer { status, headers: &headers, body: &body };
            return Err(failure::of_status(&answer, TOKEN_ADVICE, &[token]));
        }
        serde_json::from_slice(&body)
            .map_err(|_| Error::protocol("the answer of the HTTP API is not JSON"))
    }
}
