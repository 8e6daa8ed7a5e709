//! HTTP with the subscriber's token: JSON in and out, every failure a typed error.

use crate::auth::tokens::{Current, Tokens};
use crate::auth::TokenReason;
use crate::config::HTTP_TIMEOUT;
use crate::error::{Error, ErrorKind, Result};
use crate::net::endpoints::Hosts;
use crate::net::failure::{self, Answer};
use crate::net::links;
use reqwest::{Client, RequestBuilder, Response};
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
        self.read(|base| {
            let mut url = join(base, path)?;
            if !query.is_empty() {
                url.query_pairs_mut().extend_pairs(query);
                // Form encoding has `+` for a space, which not every server takes for one.
                let encoded = url.query().unwrap_or_default().replace('+', "%20");
                url.set_query(Some(&encoded));
            }
            Ok(url)
        })
        .await
    }

    /// Reads the page that a link of the service leads to, repeated like [`Http::get`]. The
    /// token goes to the own host alone, see [`links`].
    pub(crate) async fn get_link(&self, link: &str) -> Result<Value> {
        self.read(|base| links::resolve(link, base, base)).await
    }

    async fn read(&self, url: impl Fn(&Url) -> Result<Url>) -> Result<Value> {
        let mut pauses = PAUSES.iter();
        let mut is_renewed = false;
        loop {
            let current = self.tokens.obtain().await?;
            let request = self.client.get(url(&self.base(&current)?)?);
            let error = match self.exchange(request, &current).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if self.renewed(&error, &current, &mut is_renewed).await? {
                continue;
            }
            let may_repeat = matches!(error.kind(), ErrorKind::Network | ErrorKind::Server);
            match pauses.next() {
                Some(pause) if may_repeat => tokio::time::sleep(*pause).await,
                _ => return Err(error),
            }
        }
    }

    /// Whether there is another token in place of one that was refused, once.
    async fn renewed(&self, error: &Error, refused: &Current, was: &mut bool) -> Result<bool> {
        let is_refused = error.code() == Some(401) && self.tokens.can_renew();
        if !is_refused || std::mem::replace(was, true) {
            return Ok(false);
        }
        self.tokens.renew(refused.generation, TokenReason::Refused).await?;
        Ok(true)
    }

    /// Whether the service takes this token: `false` only if it says that it does not.
    ///
    /// Errors: whatever keeps it from saying so.
    pub(crate) async fn accepts(&self, token: &Current) -> Result<bool> {
        let url = join(&self.base(token)?, "/api/fabric/subscriber/info")?;
        match self.exchange(self.client.get(url), token).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some(401) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends JSON once, with this token whatever has become of it.
    #[cfg_attr(not(feature = "dpop"), allow(dead_code, reason = "for client-bound tokens"))]
    pub(crate) async fn post(&self, path: &str, body: &Value, with: &Current) -> Result<Value> {
        let request = self
            .client
            .post(join(&self.base(with)?, path)?)
            .header("content-type", "application/json")
            .body(body.to_string());
        self.exchange(request, with).await
    }

    fn base(&self, current: &Current) -> Result<Url> {
        Ok(self.hosts.resolve(&current.token)?.http_url)
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
        let body = body_of(&mut response).await?;
        if !status.is_success() {
            let answer = Answer { status, headers: &headers, body: &body };
            return Err(failure::of_status(&answer, TOKEN_ADVICE, &[token]));
        }
        serde_json::from_slice(&body)
            .map_err(|_| Error::protocol("the answer of the HTTP API is not JSON"))
    }
}

fn join(base: &Url, path: &str) -> Result<Url> {
    base.join(path).map_err(|error| Error::internal(format!("cannot form the URL: {error}")))
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
