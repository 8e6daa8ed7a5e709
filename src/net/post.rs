//! One HTTP POST to one URL: no redirects, never repeated, bounded in time and size.

use crate::error::{Error, Result};
use crate::net::failure;
use reqwest::header::{HeaderMap, CONTENT_TYPE};
use reqwest::{Client, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A larger answer is no token.
const MAX_BODY: usize = 256 * 1024;

/// Sends requests that carry or fetch secrets; cheap to clone.
#[derive(Clone)]
pub(crate) struct Poster {
    client: Client,
}

/// What came back, whatever its status.
pub(crate) struct PostAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Poster {
    /// `limit`: from the request to the last byte of its answer.
    pub(crate) fn new(tls: &Arc<rustls::ClientConfig>, limit: Duration) -> Result<Self> {
        let client = Client::builder()
            .tls_backend_preconfigured((**tls).clone())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(limit)
            .build()
            .map_err(|error| Error::internal(format!("cannot set up HTTP: {error}")))?;
        Ok(Self { client })
    }

    /// Sends `body` as `content_type`, with a bearer token if there is one.
    ///
    /// Errors: `Network`, `Tls`, `Timeout`; `Protocol` for an answer that is too large. An answer
    /// with any status is `Ok`.
    pub(crate) async fn post(
        &self,
        url: &Url,
        content_type: &str,
        body: Vec<u8>,
        bearer: Option<&str>,
    ) -> Result<PostAnswer> {
        let request = self
            .client
            .post(url.clone())
            .header(CONTENT_TYPE, content_type)
            .header("accept", "application/json")
            .body(body);
        let request = match bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let mut response = request.send().await.map_err(failure::of_transport)?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        tracing::debug!(path = url.path(), %status, "posted");
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure::of_transport)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Error::protocol("the answer is too large to be a token"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(PostAnswer { status, headers, body })
    }
}
