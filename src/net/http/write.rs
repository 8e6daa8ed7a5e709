//! Requests that change something. They are repeated only where that cannot do harm; where it is
//! not known whether the service acted, the error says so.

use super::{body_of, failure, join, Http};
use crate::auth::tokens::Current;
use crate::config::HTTP_TIMEOUT;
use crate::error::{Error, ErrorKind, Result};
use crate::net::failure::Answer;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// How often a request is repeated at most.
const REPETITIONS: u32 = 2;
/// Pause before a repetition where the service asks for none; doubled the second time.
const PAUSE: Duration = Duration::from_millis(300);

/// What may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Doing it twice is the same as doing it once.
    Safe,
    /// Only what the service certainly did not process: 429, 503 with `Retry-After`, no
    /// connection. Otherwise a failure is `Uncertain`.
    IfUnprocessed,
}

/// One request that changes something.
pub(crate) struct Write<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) body: Option<Value>,
    pub(crate) repeat: Repeat,
    /// A secret in the body, which no error may repeat.
    pub(crate) secret: &'a str,
}

/// Why a try failed, and what is known about its effect.
struct Failure {
    error: Error,
    /// The service certainly did not act on it.
    is_unprocessed: bool,
    /// The service may have acted on it.
    is_uncertain: bool,
}

impl Http {
    /// Sends it and reads the JSON of a 2xx answer; `Null` where that has no JSON body.
    ///
    /// Errors: `Uncertain` for [`Repeat::IfUnprocessed`] if the answer was lost or is a 5xx.
    pub(crate) async fn write(&self, write: &Write<'_>) -> Result<Value> {
        let deadline = Instant::now() + HTTP_TIMEOUT;
        let mut repetitions = 0;
        let mut was_uncertain = false;
        let mut is_renewed = false;
        loop {
            let current = self.tokens.obtain().await?;
            let left = deadline.saturating_duration_since(Instant::now());
            let failure = match self.write_once(write, &current, left).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            // A refused token: the service did nothing.
            if self.renewed(&failure.error, &current, &mut is_renewed).await? {
                continue;
            }
            // The try before this one was carried out after all.
            let is_gone = write.method == Method::DELETE
                && was_uncertain
                && failure.error.kind() == ErrorKind::NotFound;
            if is_gone {
                return Ok(Value::Null);
            }
            was_uncertain |= failure.is_uncertain;
            let may_repeat =
                failure.is_unprocessed || (failure.is_uncertain && write.repeat == Repeat::Safe);
            let pause = failure.error.retry_after().unwrap_or(PAUSE * (repetitions + 1));
            let in_time = pause < deadline.saturating_duration_since(Instant::now());
            if !may_repeat || repetitions == REPETITIONS || !in_time {
                return Err(final_error(write, failure));
            }
            repetitions += 1;
            tokio::time::sleep(pause).await;
        }
    }

    async fn write_once(
        &self,
        write: &Write<'_>,
        current: &Current,
        left: Duration,
    ) -> Result<Value, Failure> {
        let url = self.base(current).and_then(|base| join(&base, write.path)).map_err(certain)?;
        let mut request = self
            .client
            .request(write.method.clone(), url)
            .bearer_auth(current.token.expose())
            .header("accept", "application/json")
            .timeout(left);
        if let Some(body) = &write.body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        tracing::debug!(method = %write.method, path = write.path, %status, "REST");
        let body = body_of(&mut response).await;
        if status.is_success() {
            // It is done, whatever became of the answer's body.
            return Ok(body.ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default());
        }
        let body = body.unwrap_or_default();
        let answer = Answer { status, headers: &headers, body: &body };
        let secrets = [current.token.expose(), write.secret];
        let error = failure::of_status(&answer, super::TOKEN_ADVICE, &secrets);
        let is_unprocessed = match status {
            StatusCode::TOO_MANY_REQUESTS => true,
            StatusCode::SERVICE_UNAVAILABLE => error.retry_after().is_some(),
            _ => false,
        };
        let is_uncertain = status.is_server_error() && !is_unprocessed;
        Err(Failure { error, is_unprocessed, is_uncertain })
    }
}

fn certain(error: Error) -> Failure {
    Failure { error, is_unprocessed: false, is_uncertain: false }
}

/// The connection was not made, or broke.
fn lost(error: reqwest::Error) -> Failure {
    let is_connect = error.is_connect();
    let error = failure::of_transport(error);
    // A certificate does not get better.
    let is_unprocessed = is_connect && error.kind() == ErrorKind::Network;
    Failure { error, is_unprocessed, is_uncertain: !is_connect }
}

fn final_error(write: &Write<'_>, failure: Failure) -> Error {
    let Failure { error, is_uncertain, .. } = failure;
    if !is_uncertain || write.repeat == Repeat::Safe {
        return error;
    }
    let uncertain = Error::new(
        ErrorKind::Uncertain,
        format!(
            "the answer was lost, and the service may have carried the request out; look before \
             repeating it ({})",
            error.message()
        ),
    );
    match error.code() {
        Some(code) => uncertain.with_code(code),
        None => uncertain,
    }
}
