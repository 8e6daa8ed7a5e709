//! HTTP with the subscriber's token: JSON in and out, every failure a typed error.

use crate::auth::token::Token;
use crate::config::HTTP_TIMEOUT;
use crate::error::{Error, ErrorKind, Result};
use crate::net::failure::{self, Answer};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

mod write;
pub(crate) use write::{Repeat, Write};

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
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
            // Form encoding has `+` for a space, which not every server takes for one.
            let encoded = url.query().unwrap_or_default().replace('+', "%20");
            url.set_query(Some(&encoded));
        }
        self.read(url).await
    }

    /// Reads the page that a link of the service leads to, repeated like [`Http::get`]. A link to
    /// another host is refused: the token would go along.
    pub(crate) async fn get_link(&self, link: &str) -> Result<Value> {
        self.read(resolve(link, &self.base)?).await
    }

    fn url(&self, path: &str) -> Result<Url> {
        self.base
            .join(path)
            .map_err(|error| Error::internal(format!("cannot form the URL: {error}")))
    }

    async fn read(&self, url: Url) -> Result<Value> {
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
        let request = self.request(Method::GET, url);
        let mut response = request.send().await.map_err(failure::of_transport)?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let body = body_of(&mut response).await?;
        if !status.is_success() {
            let answer = Answer { status, headers: &headers, body: &body };
            return Err(failure::of_status(&answer, TOKEN_ADVICE, &[self.token.expose()]));
        }
        serde_json::from_slice(&body)
            .map_err(|_| Error::protocol("the answer of the HTTP API is not JSON"))
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client
            .request(method, url)
            .bearer_auth(self.token.expose())
            .header("accept", "application/json")
    }
}

/// The body of an answer, bounded.
async fn body_of(response: &mut Response) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failure::of_transport)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Error::protocol("the answer of the HTTP API is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A link of a page, absolute or relative, as a URL of the service's own host.
fn resolve(link: &str, base: &Url) -> Result<Url> {
    let url = base
        .join(link)
        .map_err(|_| Error::protocol("a page links to something that is not a URL"))?;
    if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
        let host: String = url.origin().ascii_serialization().chars().take(200).collect();
        return Err(Error::protocol(format!(
            "a page links to another host, {host}; the token is not sent there"
        )));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_at_the_service() {
        let base = Url::parse("https://fabric.signalwire.com").unwrap();
        for link in ["https://fabric.signalwire.com/api/x?page_number=1", "/api/x?page_number=1"] {
            let url = resolve(link, &base).unwrap();
            assert_eq!(url.as_str(), "https://fabric.signalwire.com/api/x?page_number=1");
        }
        for link in [
            "https://evil.example/api/x",
            "//evil.example/api/x",
            "http://fabric.signalwire.com/api/x",
            "https://fabric.signalwire.com:8443/x",
            "https://fabric.signalwire.com.evil.example/x",
            "https://u:p@fabric.signalwire.com/x",
            "data:text/plain,x",
            "https://",
        ] {
            assert_eq!(resolve(link, &base).unwrap_err().kind(), ErrorKind::Protocol, "{link}");
        }
    }
}
