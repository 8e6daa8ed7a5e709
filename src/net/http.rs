//! HTTP with the subscriber's token: JSON in and out, every failure a typed error.

use crate::auth::token::Token;
use crate::config::HTTP_TIMEOUT;
use crate::error::{Error, ErrorKind, Result};
use crate::net::failure::{self, Answer};
use reqwest::Client;
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

/// A client of the HTTP API, bound to one host and one token.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client,
    base: Url,
    token: Token,
}

impl Http {
    pub(crate) fn new(base: &Url, token: Token, tls: Arc<rustls::ClientConfig>) -> Result<Self> {
        let client = Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(HTTP_TIMEOUT)
            .build()
            .map_err(|error| Error::internal(format!("cannot set up HTTP: {error}")))?;
        Ok(Self { client, base: base.clone(), token })
    }

    /// Reads JSON. Repeated up to twice on network errors and HTTP 5xx.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value> {
        let mut url = self
            .base
            .join(path)
            .map_err(|error| Error::internal(format!("cannot form the URL: {error}")))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut pauses = PAUSES.iter();
        loop {
            let error = match self.get_once(url.clone()).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let may_repeat = matches!(error.kind(), ErrorKind::Network | ErrorKind::Server);
            match pauses.next() {
                Some(pause) if may_repeat => tokio::time::sleep(*pause).await,
                _ => return Err(error),
            }
        }
    }

    async fn get_once(&self, url: Url) -> Result<Value> {
        let mut response = self
            .client
            .get(url)
            .bearer_auth(self.token.expose())
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
            return Err(failure::of_status(&answer, TOKEN_ADVICE, &[self.token.expose()]));
        }
        serde_json::from_slice(&body)
            .map_err(|_| Error::protocol("the answer of the HTTP API is not JSON"))
    }
}
