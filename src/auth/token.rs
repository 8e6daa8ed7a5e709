//! Subscriber access tokens: compact JWE, of which a client can read the protected header only.

use crate::error::{Error, ErrorKind, Result};
use crate::util::redact::Secret;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use serde_json::Value;

/// Longer than any token seen; bounds what is kept and sent.
const MAX_LENGTH: usize = 16 * 1024;

/// A token whose form has been checked. Never shown.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    text: Secret,
    cluster_host: Option<String>,
}

impl Token {
    /// Checks the form: five (JWE) or three (JWS) dot-separated base64url parts, the first of
    /// which is a JSON object. What is inside and whether it is valid only the service knows.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let parts: Vec<&str> = text.split('.').collect();
        if text.is_empty() || text.len() > MAX_LENGTH || !matches!(parts.len(), 3 | 5) {
            return Err(malformed("it must have five parts separated by dots"));
        }
        let header = URL_SAFE_NO_PAD
            .decode(parts[0].trim_end_matches('='))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
            .filter(Value::is_object)
            .ok_or_else(|| malformed("its first part is not a token header"))?;
        let encoded = |part: &&str| {
            part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'='))
        };
        if !parts.iter().all(encoded) {
            return Err(malformed("it has characters that no token has"));
        }
        if header["typ"] == "Refresh" {
            return Err(malformed("it is a refresh token; pass the access token instead"));
        }
        let cluster_host = header["ch"].as_str().filter(|host| !host.is_empty());
        Ok(Self { text: Secret::of(text), cluster_host: cluster_host.map(str::to_owned) })
    }

    /// The token itself, for the wire only.
    pub(crate) fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The cluster host (`ch`) that the token names, such as `puc.signalwire.com`.
    pub(crate) fn cluster_host(&self) -> Option<&str> {
        self.cluster_host.as_deref()
    }
}

fn malformed(why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidToken,
        format!("this is not a subscriber access token: {why}. Get one from your backend"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> String {
        format!("{}..aXY.Y2lwaGVy.dGFn", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn reads_the_cluster_host() {
        let with = token(r#"{"alg":"dir","enc":"A256GCM","typ":"SAT","ch":"puc.example.com"}"#);
        assert_eq!(Token::parse(&with).unwrap().cluster_host(), Some("puc.example.com"));
        let without = token(r#"{"alg":"dir","typ":"SAT"}"#);
        assert_eq!(Token::parse(&format!(" {without}\n")).unwrap().cluster_host(), None);
    }

    #[test]
    fn refuses_what_cannot_be_a_token_and_never_repeats_it() {
        let refresh = token(r#"{"typ":"Refresh"}"#);
        let long = format!("{}{}", token("{}"), "A".repeat(MAX_LENGTH));
        for text in [
            "",
            "   ",
            "secret",
            "a.b",
            "a.b.c.d",
            "!!.x.y.z.w",
            "c2VjcmV0..a.b.c",
            &refresh,
            &long,
            "e30..a.b\n.c",
            "e30..a.\u{e9}.c",
        ] {
            let error = Token::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidToken, "{text:?}");
            assert!(!error.message().contains("secret"));
        }
    }
}
