//! HTTP with a project's secret: any method, bounded, repeated only where that is safe.

use crate::error::{Error, ErrorKind, Result};
use crate::net::failure::{self, Answer};
use crate::util::backoff::Backoff;
use crate::util::redact::Secret;
use bytes::Bytes;
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// How often a request is repeated at most.
const REPETITIONS: u32 = 2;
/// First and longest pause before a repetition, where the service asks for none.
const PAUSE: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(2));
/// A larger answer is not one of this API's.
const MAX_BODY: usize = 4 * 1024 * 1024;
const AGENT: &str = concat!("signalwire-client/", env!("SIGNALWIRE_CLIENT_BUILD"));

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// Project id and API token.
    Basic { user: String, password: Secret },
    /// A subscriber's access token.
    Bearer(Secret),
    /// Nobody in particular.
    None,
}

impl Credential {
    fn advice(&self) -> &'static str {
        match self {
            Self::Basic { .. } => {
                "the service refused the project id, the API token or the token's scopes; check them"
            }
            Self::Bearer(_) => "the service refused the subscriber's token; get a new one",
            Self::None => "the service refused the token; check it and the settings of its address",
        }
    }

    fn secret(&self) -> Option<&str> {
        match self {
            Self::Basic { password, .. } => Some(password.expose()),
            Self::Bearer(token) => Some(token.expose()),
            Self::None => None,
        }
    }
}

/// One request of the REST API.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<Bytes>,
    pub(crate) credential: Credential,
    /// Secrets in the body, which no error may repeat.
    pub(crate) secrets: Vec<Secret>,
}

impl Request {
    fn is_read(&self) -> bool {
        self.method == Method::GET
    }
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Opening the connection.
    pub(crate) connect: Duration,
    /// One try, from the request to the last byte of its answer.
    pub(crate) request: Duration,
    /// Everything, with repetitions and pauses.
    pub(crate) total: Duration,
}

/// Sends requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct Exchange {
    client: Client,
    limits: Limits,
}

/// Why a try failed, and whether another one could do harm.
struct Failure {
    error: Error,
    /// The service cannot have acted on the request.
    is_unprocessed: bool,
}

impl Exchange {
    pub(crate) fn new(tls: Arc<rustls::ClientConfig>, limits: Limits) -> Result<Self> {
        let client = Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .user_agent(AGENT)
            .build()
            .map_err(|error| Error::internal(format!("cannot set up HTTP: {error}")))?;
        Ok(Self { client, limits })
    }

    /// Sends it and reads the JSON of a 2xx answer; `Null` where that has no body.
    ///
    /// Repeated up to twice, within the total time: whatever the service certainly did not
    /// process (429, 503 with `Retry-After`, no connection), and reads after 5xx and lost
    /// connections, too.
    pub(crate) async fn send(&self, request: &Request) -> Result<Value> {
        let deadline = Instant::now() + self.limits.total;
        let mut backoff = Backoff::new(PAUSE.0, PAUSE.1);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let failure = match self.send_once(request, left).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let error = failure.error;
            let is_transient = matches!(error.kind(), ErrorKind::Network | ErrorKind::Server);
            let may_repeat = failure.is_unprocessed || (request.is_read() && is_transient);
            if !may_repeat || backoff.attempts() == REPETITIONS {
                return Err(error);
            }
            // Never earlier than asked for, and not everybody at the same moment.
            let jittered = backoff.next(rand::random());
            let pause = error.retry_after().unwrap_or_default().saturating_add(jittered);
            if pause >= deadline.saturating_duration_since(Instant::now()) {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn send_once(&self, request: &Request, left: Duration) -> Result<Value, Failure> {
        let builder = self
            .client
            .request(request.method.clone(), request.url.clone())
            .timeout(self.limits.request.min(left))
            .header("accept", "application/json");
        let builder = match &request.credential {
            Credential::Basic { user, password } => {
                builder.basic_auth(user, Some(password.expose()))
            }
            Credential::Bearer(token) => builder.bearer_auth(token.expose()),
            Credential::None => builder,
        };
        let builder = match &request.body {
            Some(body) => builder.header("content-type", "application/json").body(body.clone()),
            None => builder,
        };
        let mut response = builder.send().await.map_err(|error| lost(request, error))?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        tracing::debug!(method = %request.method, path = request.url.path(), %status, "REST");
        let mut body = Vec::new();
        let mut is_too_large = false;
        while let Some(chunk) = response.chunk().await.map_err(|error| lost(request, error))? {
            is_too_large = body.len() + chunk.len() > MAX_BODY;
            if is_too_large {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            if is_too_large {
                body.clear();
            }
            return Err(refused(request, &Answer { status, headers: &headers, body: &body }));
        }
        if is_too_large {
            return Err(final_failure("the answer of the HTTP API is too large"));
        }
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body)
            .map_err(|_| final_failure("the answer of the HTTP API is not JSON; check the host"))
    }
}

fn final_failure(message: &str) -> Failure {
    Failure { error: Error::protocol(message), is_unprocessed: false }
}

/// The connection was not made, or broke.
fn lost(request: &Request, error: reqwest::Error) -> Failure {
    let is_unprocessed = error.is_connect() && !error.is_timeout();
    let may_be_done = !request.is_read() && !error.is_connect();
    let mut error = failure::of_transport(error);
    if may_be_done {
        let message = "the answer was lost and the request may have been carried out; \
                       look before repeating it";
        error = Error::new(error.kind(), format!("{message} ({})", error.message()));
    }
    // A certificate does not get better.
    let is_unprocessed = is_unprocessed && error.kind() == ErrorKind::Network;
    Failure { error, is_unprocessed }
}

fn refused(request: &Request, answer: &Answer<'_>) -> Failure {
    if answer.status.is_redirection() {
        let error = redirected(&request.url, answer.status, answer.headers);
        return Failure { error, is_unprocessed: false };
    }
    let secrets: Vec<&str> =
        request.secrets.iter().map(Secret::expose).chain(request.credential.secret()).collect();
    let error = failure::of_status(answer, request.credential.advice(), &secrets);
    let is_unprocessed = match answer.status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::SERVICE_UNAVAILABLE => error.retry_after().is_some(),
        _ => false,
    };
    Failure { error, is_unprocessed }
}

/// The API documents no redirects, and the credentials must not go where one leads.
fn redirected(from: &Url, status: StatusCode, headers: &HeaderMap) -> Error {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| from.join(location).ok());
    let where_to = match target {
        Some(target) if target.origin() != from.origin() => {
            format!("another host, {}", target.origin().ascii_serialization())
        }
        Some(_) => "another path".to_owned(),
        None => "nowhere".to_owned(),
    };
    let message = format!(
        "the service redirects to {where_to}; credentials do not follow. Correct the space or URL"
    );
    Error::new(ErrorKind::Rejected, message).with_code(status.as_u16().into())
}
