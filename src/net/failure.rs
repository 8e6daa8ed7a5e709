//! What a failed HTTP exchange means: transport faults, statuses, and the service's error bodies.

use crate::error::{Error, ErrorKind, Problem};
use reqwest::header::{HeaderMap, DATE, RETRY_AFTER};
use reqwest::StatusCode;
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// Longest text of the service that is passed on, in characters.
const MAX_TEXT: usize = 300;
/// More reasons than this help nobody.
const MAX_PROBLEMS: usize = 20;

/// An answer with a status other than 2xx.
pub(crate) struct Answer<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// The text of the innermost cause, which names the actual fault; URLs are left out.
pub(crate) fn of_transport(error: reqwest::Error) -> Error {
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

/// The error for an answer. `credential_advice` is what to do about 401 and 403; none of `secrets`
/// gets into the error, should the service repeat one.
pub(crate) fn of_status(answer: &Answer<'_>, credential_advice: &str, secrets: &[&str]) -> Error {
    let body = serde_json::from_slice::<Value>(answer.body).unwrap_or_default();
    let problems = problems(&body, secrets);
    let detail = text_of(&body, &problems, secrets);
    let retry_after = retry_after(answer.headers, SystemTime::now());
    let (kind, advice) = match answer.status.as_u16() {
        401 | 403 => (ErrorKind::Unauthorized, credential_advice),
        404 => (ErrorKind::NotFound, "the service does not know this resource"),
        429 => (ErrorKind::RateLimited, "too many requests; wait before the next one"),
        500..=599 => (ErrorKind::Server, "the service failed; try again later"),
        _ => (ErrorKind::Rejected, "the service refused the request"),
    };
    let mut message = advice.to_owned();
    if let Some(detail) = detail {
        message.push_str(": ");
        message.push_str(&detail);
    }
    if let Some(wait) = retry_after {
        message.push_str(&format!(" (it asks to wait {} s)", wait.as_secs()));
    }
    Error::new(kind, message)
        .with_code(answer.status.as_u16().into())
        .with_service(problems, retry_after)
}

/// The entries of `errors`: objects of either shape, or plain texts.
fn problems(body: &Value, secrets: &[&str]) -> Vec<Problem> {
    let entries = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let member = |entry: &Value, key: &str| match &entry[key] {
        Value::String(text) => Some(shown(text, secrets)).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    entries
        .iter()
        .map(|entry| Problem {
            code: member(entry, "code").unwrap_or_default(),
            message: member(entry, "message")
                .or_else(|| member(entry, "detail"))
                .or_else(|| member(entry, "title"))
                .or_else(|| entry.as_str().map(|text| shown(text, secrets)))
                .unwrap_or_default(),
            attribute: member(entry, "attribute"),
        })
        .filter(|problem| !problem.code.is_empty() || !problem.message.is_empty())
        .take(MAX_PROBLEMS)
        .collect()
}

/// All that any of the service's error bodies says: `errors[]`, else `error` and `message`.
fn text_of(body: &Value, problems: &[Problem], secrets: &[&str]) -> Option<String> {
    if !problems.is_empty() {
        let texts: Vec<String> = problems.iter().map(text_of_problem).collect();
        return Some(texts.join("; "));
    }
    let texts: Vec<String> = [&body["error"], &body["message"]]
        .into_iter()
        .filter_map(|value| value.as_str().map(|text| shown(text, secrets)))
        .filter(|text| !text.is_empty())
        .collect();
    (!texts.is_empty()).then(|| texts.join(": "))
}

fn text_of_problem(problem: &Problem) -> String {
    let text = if problem.message.is_empty() { &problem.code } else { &problem.message };
    match &problem.attribute {
        // Most texts start with the attribute already.
        Some(attribute) if !text.starts_with(attribute.as_str()) => format!("{attribute} {text}"),
        _ => text.clone(),
    }
}

/// A text of the service as it may be shown: one line, bounded, without secrets.
fn shown(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "<redacted>");
    }
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", line[..end].trim()),
        None => line.trim().to_owned(),
    }
}

/// `Retry-After` as a time to wait from now: seconds, or an HTTP date (RFC 9110, 10.2.3), which is
/// read against the answer's own `Date` where there is one, as this clock may be wrong.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now = date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(at.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, headers: &HeaderMap, body: &str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers, body: body.as_bytes() };
        of_status(&answer, "get a new token", &["s3cr3t"])
    }

    #[test]
    fn every_error_body_becomes_a_typed_error() {
        for (status, body, kind, text) in [
            (401, r#"{"error":"Unauthorized"}"#, ErrorKind::Unauthorized, "Unauthorized"),
            (401, "", ErrorKind::Unauthorized, "get a new token"),
            (404, r#"{"error":"Not Found"}"#, ErrorKind::NotFound, "Not Found"),
            (
                422,
                r#"{"errors":[{"code":"x","message":"is missing","attribute":"reference"}]}"#,
                ErrorKind::Rejected,
                "reference is missing",
            ),
            (422, r#"{"errors":[{"detail":"old shape"}]}"#, ErrorKind::Rejected, "old shape"),
            (
                422,
                r#"{"errors":[{"code":"a","message":"one"},{"title":"two","status":"422"},"three"]}"#,
                ErrorKind::Rejected,
                "one; two; three",
            ),
            (422, r#"{"errors":[{},7,null]}"#, ErrorKind::Rejected, "refused"),
            (422, r#"{"errors":{"email":["taken"]}}"#, ErrorKind::Rejected, "refused"),
            (400, r#"{"error":"e","message":"m"}"#, ErrorKind::Rejected, "e: m"),
            (429, "", ErrorKind::RateLimited, "wait"),
            (500, "<html>", ErrorKind::Server, "later"),
            (503, r#"{"message":"down"}"#, ErrorKind::Server, "down"),
            (302, "", ErrorKind::Rejected, "refused"),
        ] {
            let error = error(status, &HeaderMap::new(), body);
            assert_eq!(error.kind(), kind, "{status}");
            assert_eq!(error.code(), Some(i32::from(status)));
            assert!(error.message().contains(text), "{}", error.message());
        }
    }

    #[test]
    fn the_reasons_can_be_told_apart() {
        let body = r#"{"errors":[{"type":"validation_error","code":"token_expired",
            "message":"Token has expired.","attribute":"refresh_token","url":"u"}]}"#;
        let error = error(422, &HeaderMap::new(), body);
        let expected = Problem {
            code: "token_expired".into(),
            message: "Token has expired.".into(),
            attribute: Some("refresh_token".into()),
        };
        assert_eq!(error.problems(), [expected]);
    }

    #[test]
    fn texts_of_the_service_are_bounded_and_without_secrets() {
        let long = format!(r#"{{"error":"s3cr3t\n{}"}}"#, "é".repeat(5_000));
        let error = error(400, &HeaderMap::new(), &long);
        assert!(!format!("{error:?}").contains("s3cr3t"));
        assert!(error.message().contains("<redacted> é"));
        assert!(error.message().chars().count() < 400);
    }

    #[test]
    fn retry_after_in_both_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480 - 30);
        let date = "Wed, 21 Oct 2015 07:28:00 GMT"; // 1445412480
        for (text, server_date, expected) in [
            ("120", None, Some(120)),
            (" 0 ", None, Some(0)),
            (date, None, Some(30)),
            (date, Some("Wed, 21 Oct 2015 07:27:58 GMT"), Some(2)),
            (date, Some("Wed, 21 Oct 2015 07:29:00 GMT"), Some(0)),
            (date, Some("nonsense"), Some(30)),
            ("-5", None, None),
            ("soon", None, None),
            ("99999999999999999999999", None, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            if let Some(date) = server_date {
                headers.insert(DATE, date.parse().unwrap());
            }
            let found = retry_after(&headers, now).map(|wait| wait.as_secs());
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
