//! What lets another process take up a session and its calls.

use super::Inner;
use crate::call::RecordedCall;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::session::Resume;
use crate::util::redact::Secret;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// The form of the text; a library that changes it changes the number.
const PREFIX: &str = "sw1.";
/// Longer than any record: what is longer is none.
const MAX_LENGTH: usize = 256 * 1024;
/// Calls of an older record are not asked for: the service keeps them no longer (the SDK's limit).
const CALLS_LIVE_SECONDS: u64 = 300;

#[derive(Serialize, Deserialize)]
struct Content {
    saved_at: u64,
    protocol: String,
    authorization_state: Option<String>,
    calls: Vec<RecordedCall>,
}

/// What a new client begins with.
pub(crate) struct Restored {
    pub(crate) resume: Resume,
    pub(crate) calls: Vec<RecordedCall>,
}

/// The present session and its answered calls.
pub(super) fn export(client: &Inner) -> Result<Secret> {
    let resume = client.session.facts().resume.ok_or_else(|| {
        Error::new(ErrorKind::NotConnected, "there is no session yet; await connect() first")
    })?;
    let content = Content {
        saved_at: now(),
        protocol: resume.protocol,
        authorization_state: resume.authorization_state,
        calls: client.router.calls().iter().filter_map(RecordedCall::of).collect(),
    };
    let json = serde_json::to_vec(&content)
        .map_err(|_| Error::internal("the session cannot be written down; please report this"))?;
    Ok(Secret::from(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))))
}

/// Reads a record. The text itself is never part of an error.
pub(crate) fn import(text: &str) -> Result<Restored> {
    let invalid = |why: &str| {
        Error::invalid(format!(
            "resume_from is no session record of this library ({why}); leave it out"
        ))
    };
    if text.len() > MAX_LENGTH {
        return Err(invalid("it is too long"));
    }
    let body = text.strip_prefix(PREFIX).ok_or_else(|| match text.starts_with("sw") {
        true => invalid("it is of another version"),
        false => invalid("it begins otherwise"),
    })?;
    let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| invalid("it is damaged"))?;
    let content: Content = serde_json::from_slice(&json).map_err(|_| invalid("it is damaged"))?;
    if content.protocol.is_empty() {
        return Err(invalid("it names no session"));
    }
    let is_recent = now().saturating_sub(content.saved_at) <= CALLS_LIVE_SECONDS;
    Ok(Restored {
        resume: Resume {
            protocol: content.protocol,
            authorization_state: content.authorization_state,
        },
        calls: if is_recent { content.calls } else { Vec::new() },
    })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content: &Content) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(content).unwrap()))
    }

    fn content(saved_at: u64) -> Content {
        Content {
            saved_at,
            protocol: "signalwire_j_a_b".into(),
            authorization_state: Some("state".into()),
            calls: vec![RecordedCall {
                id: "c-1".into(),
                node: Some("n1".into()),
                destination: "/public/echo".into(),
                is_inbound: false,
                remote_name: String::new(),
                remote_number: "/public/echo".into(),
                sends_video: true,
                receives_video: false,
                statistics_ms: 0,
            }],
        }
    }

    #[test]
    fn what_was_written_is_read_and_old_calls_are_left_out() {
        for (saved_at, calls) in [(now(), 1), (now() - CALLS_LIVE_SECONDS - 2, 0)] {
            let restored = import(&record(&content(saved_at))).unwrap();
            assert_eq!(restored.resume.protocol, "signalwire_j_a_b");
            assert_eq!(restored.resume.authorization_state.as_deref(), Some("state"));
            assert_eq!(restored.calls.len(), calls);
        }
    }

    #[test]
    fn what_is_no_record_is_a_typed_error_that_does_not_repeat_it() {
        let good = record(&content(now()));
        let nameless = record(&Content { protocol: String::new(), ..content(now()) });
        for text in [
            "",
            "garbage",
            "sw2.abcdef",
            "sw1.",
            "sw1.!!!",
            "sw1.e30",
            &good[..good.len() - 7],
            &nameless,
            &"sw1.".repeat(MAX_LENGTH),
        ] {
            let error = import(text).err().expect("an error");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(text.len() < 6 || !error.message().contains(text), "{error}");
        }
    }
}
