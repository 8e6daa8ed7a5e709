//! Secrets that can be looked for: those that the gateway makes up carry a mark, and those that its
//! clients bring are remembered.

use std::collections::BTreeSet;
use std::sync::Mutex;

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::Engine;
use serde_json::Value;

use crate::media::{lock, random, token};
use crate::server::{percent_decode, Call};

/// Part of every secret that the gateway makes up: tokens, codes, states of a session, passwords of
/// ICE, keys. Letters alone, so that no encoding of URLs or JSON changes it, and as long as nine
/// bytes in base64.
pub const MARK: &str = "cAnArYsEcReT";

/// Shorter texts occur by chance.
const SHORTEST: usize = 12;
/// What is remembered at most, in a process with many gateways.
const CAPACITY: usize = 20_000;

/// Members of messages that are secret, and parameters of forms.
const NAMES: [&str; 16] = [
    "access_token",
    "api_token",
    "authorization_state",
    "client_secret",
    "code",
    "code_verifier",
    "credential",
    "device_token",
    "dpop_token",
    "embed_token",
    "jwt_token",
    "password",
    "push_notification_key",
    "refresh_token",
    "subscriber_token",
    "token",
];

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The secrets of 12 characters and more that clients of this process' gateways brought so far:
/// tokens that are not the gateway's, proofs, verifiers, states, passwords of ICE and of people.
pub fn seen() -> Vec<String> {
    lock(&SEEN).iter().cloned().collect()
}

/// A secret of letters and digits that is longer than its mark.
pub(crate) fn text(length: usize) -> String {
    format!("{MARK}{}", token(length.saturating_sub(MARK.len())))
}

/// Bytes whose base64, in either alphabet, begins with the mark.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = random::<N>();
    let mark = STANDARD.decode(MARK).unwrap_or_default();
    let length = mark.len().min(N);
    bytes[..length].copy_from_slice(&mark[..length]);
    bytes
}

/// The opaque parts of a token: each begins with the mark.
pub(crate) fn part<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<N>())
}

/// Remembers a secret.
pub(crate) fn notice(secret: &str) {
    let mut seen = lock(&SEEN);
    if secret.len() >= SHORTEST && !secret.contains(MARK) && seen.len() < CAPACITY {
        seen.insert(secret.to_owned());
    }
}

/// Remembers the secrets of a message.
pub(crate) fn notice_in(message: &Value) {
    match message {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "sdp" => notice_sdp(text),
                    Value::String(text) => notice_named(name, text),
                    other => notice_in(other),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(notice_in),
        _ => {}
    }
}

/// Remembers the value of a member or parameter of this name, if that is secret.
pub(crate) fn notice_named(name: &str, value: &str) {
    if NAMES.contains(&name) {
        notice(value);
    }
}

/// Remembers the secrets of a request: its credentials, and those in its body and parameters.
pub(crate) fn notice_request(request: &Call) {
    let credentials = request.headers.get("authorization").and_then(|value| value.to_str().ok());
    if let Some((_, credentials)) = credentials.and_then(|value| value.split_once(' ')) {
        notice(credentials.trim());
    }
    if request.has_json() {
        notice_in(&serde_json::from_slice(&request.body).unwrap_or_default());
        return;
    }
    let body = std::str::from_utf8(&request.body).unwrap_or_default();
    for pair in body.split('&').chain(request.raw_query.split('&')) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // The state of a login; elsewhere the word is an ordinary one.
        if name == "state" {
            notice(&percent_decode(value));
        }
        notice_named(name, &percent_decode(value));
    }
}

/// Remembers what opens the media path.
fn notice_sdp(sdp: &str) {
    for line in sdp.lines() {
        if let Some(password) = line.strip_prefix("a=ice-pwd:") {
            notice(password);
        } else if let Some((_, keys)) = line.split_once("inline:") {
            notice(keys.split(['|', ' ']).next().unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_made_up_has_the_mark() {
        assert!(text(40).starts_with(MARK) && text(40).len() == 40 && text(40) != text(40));
        assert!(STANDARD.encode(bytes::<32>()).starts_with(MARK));
        assert!(part::<12>().starts_with(MARK) && part::<12>() != part::<12>());
    }

    #[test]
    fn secrets_of_messages_are_remembered() {
        let sdp = "v=0\r\na=ice-ufrag:abcdabcdabcdabcd\r\na=ice-pwd:rememberedremembered22\r\n\
                   a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:keykeykeykeykeykey|2^20\r\n";
        notice_in(&json!({"params": {"sdp": sdp, "list": [{"token": "a-foreign-token"}],
            "password": "short", "name": "no-secret-at-all", "jwt_token": MARK}}));
        let seen = seen();
        for secret in ["rememberedremembered22", "keykeykeykeykeykey", "a-foreign-token"] {
            assert!(seen.iter().any(|known| known == secret), "{secret}");
        }
        for other in ["abcdabcdabcdabcd", "short", "no-secret-at-all", MARK] {
            assert!(seen.iter().all(|known| known != other), "{other}");
        }
    }
}
