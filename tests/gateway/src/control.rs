//! `/_gateway/`: what a test may ask of the gateway over HTTP.

use std::sync::Arc;

use serde_json::{json, Value};

use crate::fault;
use crate::hub::Hub;
use crate::rpc;
use crate::server::{Answer, Call};
use crate::state;

/// Routes a request under `/_gateway`.
pub fn handle(hub: &Arc<Hub>, request: &Call) -> Answer {
    let path = request.path.trim_end_matches('/');
    match (request.method.as_str(), path) {
        ("GET", "/_gateway/state") => Answer::json(200, state::report(hub)),
        ("POST", "/_gateway/fault") => match serde_json::from_slice::<Value>(&request.body) {
            Ok(fault) => apply(hub, &fault),
            Err(error) => Answer::json(400, json!({ "error": error.to_string() })),
        },
        ("POST", "/_gateway/token") => token(hub, request),
        ("GET", path) => match recording_id(path) {
            Some(id) => recording(hub, id),
            None => Answer::json(404, json!({ "error": "Not Found" })),
        },
        _ => Answer::json(404, json!({ "error": "Not Found" })),
    }
}

fn apply(hub: &Arc<Hub>, fault: &Value) -> Answer {
    match fault::apply(hub, fault) {
        Ok(done) => Answer::json(200, done),
        Err(reason) => Answer::json(400, json!({ "error": reason })),
    }
}

/// `{"reference", "ttl"?, "ch"?, "scope"?, "fingerprint"?}` makes a subscriber token; with a
/// fingerprint it is bound to that key.
fn token(hub: &Hub, request: &Call) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_else(|_| json!({}));
    let reference = rpc::text(&body, "reference").unwrap_or("alice@example.com");
    let ttl = body["ttl"].as_i64().unwrap_or(7_200);
    let mut grant = hub.subscriber_grant(reference, ttl);
    grant.scope = rpc::text(&body, "scope").map(str::to_owned).into_iter().collect();
    grant.thumbprint = rpc::text(&body, "fingerprint").map(str::to_owned);
    let token = hub.issue(grant, rpc::text(&body, "ch"));
    Answer::json(200, json!({ "token": token }))
}

fn recording_id(path: &str) -> Option<&str> {
    path.strip_prefix("/_gateway/calls/")?.strip_suffix("/recording.wav")
}

fn recording(hub: &Hub, id: &str) -> Answer {
    let recorded = hub.call(id).and_then(|call| {
        call.with(|leg| {
            let live = leg.media.as_ref().and_then(crate::media::Media::recording);
            live.or_else(|| leg.recording.clone())
        })
    });
    match recorded {
        Some((rate, samples)) => Answer {
            status: 200,
            kind: "audio/wav",
            body: wav(rate, &samples),
            headers: Vec::new(),
        },
        None => Answer::json(404, json!({ "error": "Not Found" })),
    }
}

/// A mono 16-bit WAV file.
fn wav(rate: u32, samples: &[i16]) -> Vec<u8> {
    let bytes = (samples.len() * 2) as u32;
    let mut out = Vec::with_capacity(44 + bytes as usize);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + bytes).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16_u32.to_le_bytes());
    for value in [1_u16, 1] {
        out.extend_from_slice(&value.to_le_bytes());
    }
    out.extend_from_slice(&rate.to_le_bytes());
    out.extend_from_slice(&(rate * 2).to_le_bytes());
    for value in [2_u16, 16] {
        out.extend_from_slice(&value.to_le_bytes());
    }
    out.extend_from_slice(b"data");
    out.extend_from_slice(&bytes.to_le_bytes());
    samples.iter().for_each(|s| out.extend_from_slice(&s.to_le_bytes()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wav_file_has_44_bytes_of_header() {
        let file = wav(48_000, &[1, -1]);
        assert_eq!(file.len(), 48);
        assert_eq!(&file[..4], b"RIFF");
        assert_eq!(file[40..44], 4_u32.to_le_bytes());
    }

    #[test]
    fn recording_paths() {
        assert_eq!(recording_id("/_gateway/calls/c-1/recording.wav"), Some("c-1"));
        assert_eq!(recording_id("/_gateway/calls"), None);
    }
}
