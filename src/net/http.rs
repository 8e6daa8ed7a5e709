//! HTTP with the subscriber's token: JSON in and out, every failure a typed error.

use crate::auth::token::Token;
use crate::config::HTTP_TIMEOUT;
use crate::error::{Error, ErrorKind, Result};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Tries for a request that may be repeated, and the pause before each repetition.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_000)];
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
            .map_err(transport_error)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Error::protocol("the answer of the HTTP API is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(status_error(status, &body));
        }
        serde_json::from_slice(&body)
            .map_err(|_| Error::protocol("the answer of the HTTP API is not JSON"))
    }
}

/// The text of the innermost cause, which names the actual fault; URLs are left out.
fn transport_error(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if error.is_timeout() {
        return Error::new(ErrorKind::Timeout, "the HTTP API did not answer in time; try again");
    }
    let mut cause: &dyn std::error::Error = &error;
    let mut is_tls = false;
    while let Some(inner) = cause.source() {
        cause = inner;
        is_tls |= cause.is::<rustls::Error>();
    }
    let is_tls = is_tls || cause.to_string().contains("certificate");
    let kind = if is_tls { ErrorKind::Tls } else { ErrorKind::Network };
    Error::new(kind, format!("the HTTP API cannot be reached: {cause}"))
}

fn status_error(status: StatusCode, body: &[u8]) -> Error {
    let detail = serde_json::from_slice::<Value>(body).ok().and_then(|body| error_text(&body));
    let detail = detail.map(|text| format!(": {text}")).unwrap_or_default();
    let (kind, advice) = match status.as_u16() {
        401 | 403 => (ErrorKind::Unauthorized, "the service refused the token; get a new one"),
        404 => (ErrorKind::NotFound, "the service does not know this resource"),
        429 => (ErrorKind::RateLimited, "too many requests; wait before the next one"),
        500..=599 => (ErrorKind::Server, "the service failed; try again later"),
        _ => (ErrorKind::Rejected, "the service refused the request"),
    };
    Error::new(kind, format!("{advice}{detail}")).with_code(status.as_u16().into())
}

/// The text in any of the service's error bodies: `errors[]` of two shapes, `error`, `message`.
fn error_text(body: &Value) -> Option<String> {
    if let Some(errors) = body["errors"].as_array() {
        let texts: Vec<String> = errors
            .iter()
            .filter_map(|entry| {
                let text = entry["message"].as_str().or(entry["detail"].as_str())?;
                Some(match entry["attribute"].as_str() {
                    Some(attribute) => format!("{attribute} {text}"),
                    None => text.to_owned(),
                })
            })
            .collect();
        if !texts.is_empty() {
            return Some(texts.join("; "));
        }
    }
    body["error"].as_str().or(body["message"].as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_body_becomes_a_typed_error() {
        for (status, body, kind, text) in [
            (401, r#"{"error":"Unauthorized"}"#, ErrorKind::Unauthorized, "Unauthorized"),
            (404, r#"{"error":"Not Found"}"#, ErrorKind::NotFound, "Not Found"),
            (
                422,
                r#"{"errors":[{"code":"x","message":"is missing","attribute":"reference"}]}"#,
                ErrorKind::Rejected,
                "reference is missing",
            ),
            (422, r#"{"errors":[{"detail":"old shape"}]}"#, ErrorKind::Rejected, "old shape"),
            (429, "", ErrorKind::RateLimited, "wait"),
            (500, "<html>", ErrorKind::Server, "later"),
            (503, r#"{"message":"down"}"#, ErrorKind::Server, "down"),
            (302, "", ErrorKind::Rejected, "refused"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let error = status_error(status, body.as_bytes());
            assert_eq!(error.kind(), kind, "{status}");
            assert_eq!(error.code(), Some(i32::from(status.as_u16())));
            assert!(error.message().contains(text), "{}", error.message());
        }
    }
}
