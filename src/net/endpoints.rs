//! Which hosts a token leads to.

use crate::auth::token::Token;
use crate::config::ClientOptions;
use crate::error::{Error, Result};
use url::{Host, Url};

/// Where a token without `ch` leads (signalwire-js DependencyContainer.ts).
const DEFAULT_CLUSTER: &str = "puc.signalwire.com";

/// The two places a client talks to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) ws_url: Url,
    pub(crate) http_url: Url,
}

/// The application's own URLs, which win over what a token says.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    ws_url: Option<Url>,
    http_url: Option<Url>,
}

impl Hosts {
    /// Errors: `InvalidArgument` for URLs that cannot be.
    pub(crate) fn new(options: &ClientOptions) -> Result<Self> {
        let url = |name, text: &Option<String>, secure, plain| {
            text.as_deref().map(|text| parse(name, text, secure, plain)).transpose()
        };
        Ok(Self {
            ws_url: url("ws_url", &options.ws_url, "wss", "ws")?,
            http_url: url("http_url", &options.http_url, "https", "http")?,
        })
    }

    /// Explicit URL, else the token's cluster host, else the default cluster.
    pub(crate) fn resolve(&self, token: &Token) -> Result<Endpoints> {
        let cluster = token.cluster_host().unwrap_or(DEFAULT_CLUSTER);
        let ws_url = match &self.ws_url {
            Some(url) => url.clone(),
            None => parse("the token's host", &format!("wss://{cluster}"), "wss", "ws")?,
        };
        let http_url = match &self.http_url {
            Some(url) => url.clone(),
            None => parse("the token's host", &fabric_url(cluster), "https", "http")?,
        };
        Ok(Endpoints { ws_url, http_url })
    }
}

/// `puc.signalwire.com` → `https://fabric.signalwire.com`.
fn fabric_url(cluster: &str) -> String {
    match cluster.split_once('.') {
        Some((_, domain)) if !domain.is_empty() => format!("https://fabric.{domain}"),
        _ => "https://fabric.signalwire.com".to_owned(),
    }
}

/// An absolute URL without credentials; plain text is for loopback hosts only.
pub(crate) fn parse(name: &str, text: &str, secure: &str, plain: &str) -> Result<Url> {
    let url = Url::parse(text)
        .map_err(|error| Error::invalid(format!("{name}: {text:?} is not a URL: {error}")))?;
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err(Error::invalid(format!("{name} must be {secure}://host[:port]")));
    }
    let scheme = url.scheme();
    if scheme == secure || (scheme == plain && is_loopback(&url)) {
        return Ok(url);
    }
    Err(Error::invalid(format!(
        "{name} must start with {secure}:// ({plain}:// is accepted for loopback hosts only)"
    )))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use base64::Engine;

    fn token(ch: Option<&str>) -> Token {
        let header = match ch {
            Some(ch) => format!(r#"{{"typ":"SAT","ch":"{ch}"}}"#),
            None => r#"{"typ":"SAT"}"#.to_owned(),
        };
        Token::parse(&format!("{}..a.b.c", URL_SAFE_NO_PAD.encode(header))).unwrap()
    }

    fn resolve(ch: Option<&str>, ws: Option<&str>, http: Option<&str>) -> Result<(String, String)> {
        let mut options = ClientOptions::new("x");
        options.ws_url = ws.map(str::to_owned);
        options.http_url = http.map(str::to_owned);
        Hosts::new(&options)
            .and_then(|hosts| hosts.resolve(&token(ch)))
            .map(|found| (found.ws_url.to_string(), found.http_url.to_string()))
    }

    #[test]
    fn the_rule_for_hosts() {
        let default = ("wss://puc.signalwire.com/", "https://fabric.signalwire.com/");
        for (ch, ws, http, expected) in [
            (None, None, None, default),
            (Some("puc.swire.io"), None, None, ("wss://puc.swire.io/", "https://fabric.swire.io/")),
            (Some("bare"), None, None, ("wss://bare/", "https://fabric.signalwire.com/")),
            (
                Some("puc.swire.io"),
                Some("wss://gw.example:8443"),
                Some("http://127.0.0.1:80"),
                ("wss://gw.example:8443/", "http://127.0.0.1/"),
            ),
        ] {
            let (ws_url, http_url) = resolve(ch, ws, http).unwrap();
            assert_eq!((ws_url.as_str(), http_url.as_str()), expected);
        }
    }

    #[test]
    fn unsafe_or_broken_urls_are_refused() {
        for (ws, http) in [
            (Some("ws://example.com"), None),
            (Some("https://example.com"), None),
            (Some("nonsense"), None),
            (Some("wss://user:secret@example.com"), None),
            (None, Some("http://example.com")),
            (None, Some("ftp://example.com")),
        ] {
            let error = resolve(None, ws, http).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument);
        }
    }
}
