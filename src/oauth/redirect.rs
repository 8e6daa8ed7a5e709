//! Redirect URIs: which are safe, and what comes back on them.

use super::failure;
use crate::error::{Error, OAuthFailure, Result};
use crate::util::redact::Secret;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Schemes that a browser acts on itself, or that anybody may register.
const NOT_PRIVATE: [&str; 8] = ["javascript", "data", "file", "blob", "about", "ftp", "ws", "wss"];

/// A redirect URI that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    /// As the application wrote it: providers compare it letter by letter.
    text: String,
    url: Url,
}

/// What a redirect says, once its state is known to be right.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The code to exchange.
    Code(Secret),
    Failed(Error),
}

impl Redirect {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text)
            .map_err(|error| Error::invalid(format!("redirect_uri is not a URL: {error}")))?;
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(Error::invalid("redirect_uri must have no fragment, user or password"));
        }
        let is_safe = match url.scheme() {
            "https" => url.host().is_some(),
            "http" => loopback(&url).is_some(),
            scheme => scheme.contains('.') && !NOT_PRIVATE.contains(&scheme),
        };
        if !is_safe {
            return Err(Error::invalid(
                "redirect_uri must be https://, http:// on 127.0.0.1, [::1] or localhost, or a \
                 scheme of your own with a dot in it, such as com.example.app://callback",
            ));
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The text for the provider.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Where to listen, if this leads to the machine itself.
    pub(super) fn listen_on(&self) -> Option<(IpAddr, u16)> {
        let ip = loopback(&self.url).filter(|_| self.url.scheme() == "http")?;
        Some((ip, self.url.port_or_known_default().unwrap_or(80)))
    }

    /// The same with the port that was bound.
    pub(super) fn with_port(&self, port: u16) -> Result<Self> {
        let mut url = self.url.clone();
        url.set_port(Some(port)).map_err(|()| Error::internal("a redirect URI without a port"))?;
        // `Url` writes a slash after the host where the application wrote none.
        let is_as_written = self.text == self.url.as_str();
        let text = match (is_as_written, self.url.path()) {
            (false, "/") => url.to_string().replacen(&format!(":{port}/"), &format!(":{port}"), 1),
            _ => url.to_string(),
        };
        Ok(Self { text, url })
    }

    /// `127.0.0.1:4711`, as a browser names it in `Host`.
    pub(super) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The URL of a request to the listener.
    pub(super) fn join(&self, target: &str) -> Option<Url> {
        self.url.join(target).ok()
    }

    /// Whether a URL is this one but for its parameters.
    pub(super) fn leads_to(&self, url: &Url) -> bool {
        let own = (self.url.scheme(), self.url.host(), self.url.port_or_known_default());
        let other = (url.scheme(), url.host(), url.port_or_known_default());
        own == other
            && path(&self.url) == path(url)
            && url.username().is_empty()
            && url.password().is_none()
            && self.url.query_pairs().all(|own| url.query_pairs().any(|pair| pair == own))
    }
}

/// `com.example.app://callback` and `…/` are the same place.
fn path(url: &Url) -> &str {
    match url.path() {
        "" => "/",
        path => path,
    }
}

fn loopback(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain("localhost") => Some(Ipv4Addr::LOCALHOST.into()),
        Host::Ipv4(ip) if ip.is_loopback() => Some(ip.into()),
        Host::Ipv6(ip) if ip == Ipv6Addr::LOCALHOST => Some(ip.into()),
        _ => None,
    }
}

/// The only value of a parameter. One that comes twice counts as missing (RFC 6749, 3.1).
pub(super) fn parameter(url: &Url, name: &str) -> Option<Secret> {
    let mut values = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value);
    let value = values.next()?;
    (values.next().is_none() && !value.is_empty()).then(|| Secret::of(&value))
}

/// Whether a URL has what only an authorization response has.
pub(super) fn is_response(url: &Url) -> bool {
    let has = |name: &str| url.query_pairs().any(|(key, _)| key == name);
    has("code") || has("error") || has("state")
}

/// What the provider decided. The error counts before the code.
pub(super) fn verdict(url: &Url) -> Verdict {
    if let Some(code) = parameter(url, "error") {
        let description = parameter(url, "error_description");
        let failure = failure::of_redirect(code.expose());
        let secrets = [parameter(url, "code"), parameter(url, "state")];
        let secrets: Vec<&str> = secrets.iter().flatten().map(Secret::expose).collect();
        let description = description.as_ref().map(Secret::expose);
        return Verdict::Failed(failure.told(code.expose(), description, &secrets));
    }
    match parameter(url, "code") {
        Some(code) => Verdict::Code(code),
        None => Verdict::Failed(OAuthFailure::NoCode.error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_redirects_only() {
        for (text, listens) in [
            ("http://127.0.0.1:0/callback", Some("127.0.0.1:0")),
            ("http://[::1]:7/x", Some("[::1]:7")),
            ("http://localhost:3000", Some("127.0.0.1:3000")),
            ("com.dialer://oauth-callback", None),
            ("com.example.app:/oauth", None),
            ("https://app.example.com/oauth", None),
        ] {
            let redirect = Redirect::parse(text).unwrap();
            assert_eq!(redirect.as_str(), text);
            let at = redirect.listen_on().map(|at| std::net::SocketAddr::from(at).to_string());
            assert_eq!(at.as_deref(), listens, "{text}");
        }
        for text in [
            "http://example.com/callback",
            "http://127.0.0.1.example.com/",
            "http://192.168.0.1/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc",
            "myapp://callback",
            "https://user@example.com/",
            "https://example.com/#f",
            "/callback",
        ] {
            assert!(Redirect::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_bound_port_is_put_in_and_nothing_else_changes() {
        for (text, expected) in [
            ("http://127.0.0.1:0/callback", "http://127.0.0.1:4711/callback"),
            ("http://localhost:0", "http://localhost:4711"),
            ("http://[::1]:0/", "http://[::1]:4711/"),
            ("http://127.0.0.1:0?app=1", "http://127.0.0.1:4711?app=1"),
            ("http://127.0.0.1:0/x/?app=1", "http://127.0.0.1:4711/x/?app=1"),
        ] {
            let bound = Redirect::parse(text).unwrap().with_port(4711).unwrap();
            assert_eq!(bound.as_str(), expected);
        }
    }

    #[test]
    fn only_the_exact_place_is_a_callback() {
        let own = Redirect::parse("http://127.0.0.1:4711/callback?app=1").unwrap();
        for (text, expected) in [
            ("http://127.0.0.1:4711/callback?app=1&code=x&state=y", true),
            ("http://127.0.0.1:4711/callback?code=x&state=y", false),
            ("http://127.0.0.1:4712/callback?app=1&code=x", false),
            ("http://127.0.0.1:4711/callback/?app=1&code=x", false),
            ("https://127.0.0.1:4711/callback?app=1&code=x", false),
            ("http://localhost:4711/callback?app=1&code=x", false),
        ] {
            assert_eq!(own.leads_to(&Url::parse(text).unwrap()), expected, "{text}");
        }
        let own = Redirect::parse("com.dialer://oauth-callback").unwrap();
        for (text, expected) in [
            ("com.dialer://oauth-callback?code=x", true),
            ("com.dialer://oauth-callback/?code=x", true),
            ("com.dialer://other?code=x", false),
            ("com.dialers://oauth-callback?code=x", false),
        ] {
            assert_eq!(own.leads_to(&Url::parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn the_error_counts_before_the_code() {
        let verdict = |query: &str| verdict(&Url::parse(&format!("com.a.b://c?{query}")).unwrap());
        let failure = |query: &str| match verdict(query) {
            Verdict::Failed(error) => error.oauth_failure(),
            Verdict::Code(_) => None,
        };
        assert!(matches!(verdict("code=c&state=s"), Verdict::Code(code) if code.expose() == "c"));
        let denied = failure("error=access_denied&code=c&error_description=no");
        assert_eq!(denied, Some(OAuthFailure::AccessDenied));
        assert_eq!(failure("error=server_error"), Some(OAuthFailure::ProviderError));
        assert_eq!(failure("state=s"), Some(OAuthFailure::NoCode));
        assert_eq!(failure("code=a&code=b"), Some(OAuthFailure::NoCode));
        assert_eq!(failure("code="), Some(OAuthFailure::NoCode));
    }
}
