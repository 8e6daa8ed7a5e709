//! The client of the REST API: where the space is, who asks, how long it may take.

use super::paging::{Page, PageSource};
use crate::error::{Error, Result};
use crate::net::endpoints;
use crate::net::exchange::{Credential, Exchange, Limits, Request};
use crate::net::links;
use crate::net::tls;
use crate::runtime;
use crate::util::redact::Secret;
use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Where spaces live when only their name is given.
const SPACE_DOMAIN: &str = "signalwire.com";

/// Where a space is and which project asks. Make it with [`RestOptions::new`], then change fields.
#[derive(Clone)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record), uniffi::export(Debug, Display))]
#[non_exhaustive]
pub struct RestOptions {
    /// The space: its name (`example`), its host (`example.signalwire.com`) or its base URL
    /// (`https://example.signalwire.com`). `http://` is accepted for loopback hosts only.
    pub space: String,
    /// The project's id (UUID): the user name of Basic authentication.
    pub project_id: String,
    /// The API token: the password of Basic authentication. It needs at least one of the scopes
    /// Voice, Messaging, Fax and Video. Never logged; wiped when the last copy is dropped.
    pub api_token: Secret,
    /// PEM text of additional trusted CA certificates, besides the platform's own roots.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub ca_certificates_pem: Option<String>,
    /// Base URL of the host that exchanges embed tokens. Default: the space. The REST reference
    /// names `https://embeds.signalwire.com`, the browser SDK uses the space.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub embeds_url: Option<String>,
    /// Path of the subscribers. Default `/api/fabric/resources/subscribers`; older documents have
    /// `/api/fabric/subscribers`.
    #[cfg_attr(feature = "uniffi", uniffi(default = "/api/fabric/resources/subscribers"))]
    pub subscribers_path: String,
    /// Longest time for opening a connection in milliseconds, 1 to 600000. Default 10000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 10000))]
    pub connect_timeout_ms: u32,
    /// Longest time for one try, to the last byte of the answer, in milliseconds, 1 to 600000.
    /// Default 30000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 30000))]
    pub request_timeout_ms: u32,
    /// Longest time for one operation with its repetitions and pauses in milliseconds, 1 to
    /// 600000. Default 60000. An answer that asks for a longer pause is an error at once.
    #[cfg_attr(feature = "uniffi", uniffi(default = 60000))]
    pub total_timeout_ms: u32,
}

impl RestOptions {
    /// Options for this project of this space, with the defaults for everything else.
    pub fn new(
        space: impl Into<String>,
        project_id: impl Into<String>,
        api_token: impl Into<Secret>,
    ) -> Self {
        Self {
            space: space.into(),
            project_id: project_id.into(),
            api_token: api_token.into(),
            ca_certificates_pem: None,
            embeds_url: None,
            subscribers_path: "/api/fabric/resources/subscribers".to_owned(),
            connect_timeout_ms: 10_000,
            request_timeout_ms: 30_000,
            total_timeout_ms: 60_000,
        }
    }

    fn limits(&self) -> Result<Limits> {
        let checked = |name: &str, value: u32| match value {
            1..=600_000 => Ok(Duration::from_millis(value.into())),
            _ => Err(Error::invalid(format!("{name} must be 1 to 600000; got {value}"))),
        };
        Ok(Limits {
            connect: checked("connect_timeout_ms", self.connect_timeout_ms)?,
            request: checked("request_timeout_ms", self.request_timeout_ms)?,
            total: checked("total_timeout_ms", self.total_timeout_ms)?,
        })
    }

    fn space_url(&self) -> Result<Url> {
        let space = self.space.trim();
        let text = match space {
            "" => return Err(Error::invalid("space must not be empty")),
            url if url.contains("://") => url.to_owned(),
            host if host.contains(['.', ':']) => format!("https://{host}"),
            name => format!("https://{name}.{SPACE_DOMAIN}"),
        };
        base_url("space", &text)
    }

    fn credential(&self) -> Result<Credential> {
        let user = self.project_id.trim();
        if user.is_empty() || user.contains(|c: char| c == ':' || c.is_control()) {
            return Err(Error::invalid("project_id must be the id (UUID) of a project"));
        }
        let token = self.api_token.expose().trim();
        if token.is_empty() || token.contains(char::is_control) {
            return Err(Error::invalid("api_token must be an API token of the project"));
        }
        Ok(Credential::Basic { user: user.to_owned(), password: Secret::of(token) })
    }
}

impl std::fmt::Debug for RestOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RestOptions")
            .field("space", &self.space)
            .field("project_id", &self.project_id)
            .field("api_token", &self.api_token)
            .field("ca_certificates_pem", &self.ca_certificates_pem.as_ref().map(|_| "<pem>"))
            .field("embeds_url", &self.embeds_url)
            .field("subscribers_path", &self.subscribers_path)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .field("request_timeout_ms", &self.request_timeout_ms)
            .field("total_timeout_ms", &self.total_timeout_ms)
            .finish()
    }
}

/// A base URL names a host and nothing else.
fn base_url(name: &str, text: &str) -> Result<Url> {
    let url = endpoints::parse(name, text, "https", "http")?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(Error::invalid(format!("{name} must be a host without path or query")));
    }
    Ok(url)
}

/// A project's access to the REST API of its space.
///
/// A handle: cloning it is cheap, and every method may be called from any thread. Nothing is sent
/// before the first method is awaited.
///
/// All methods give these errors, besides those they name: `Unauthorized` (401, 403: project id,
/// API token or its scopes), `NotFound` (404), `Rejected` (other 4xx, with
/// [`Error::problems`]; redirects, which are never followed), `RateLimited` (429, with
/// [`Error::retry_after`]), `Server` (5xx), `Timeout`, `Network`, `Tls`, `Protocol` (an answer
/// that is not JSON, larger than 4 MiB, or lacks a member, which is named). [`Error::code`] is the
/// HTTP status where there is one.
///
/// Requests are repeated up to twice, with growing random pauses, where that can do no harm: when
/// the service did not process them (429, 503 with `Retry-After`, no connection), and reads also
/// after other 5xx and lost connections. `Retry-After` is obeyed; where it is longer than what is
/// left of `total_timeout_ms` the error comes at once.
#[derive(Clone)]
pub struct RestClient(Arc<Inner>);

struct Inner {
    exchange: Exchange,
    space: Url,
    embeds: Url,
    subscribers_path: String,
    credential: Credential,
    runtime: runtime::Generation,
}

impl RestClient {
    /// Makes a client; nothing is sent yet.
    ///
    /// Errors: `InvalidArgument` for options that cannot be, `Tls` for unreadable CA
    /// certificates, `Internal` if the threads cannot be started.
    pub fn new(options: RestOptions) -> Result<Self> {
        let space = options.space_url()?;
        let embeds = match &options.embeds_url {
            Some(text) => base_url("embeds_url", text)?,
            None => space.clone(),
        };
        let path = options.subscribers_path.trim_end_matches('/');
        if !path.starts_with('/') || path.starts_with("//") || path.contains(['?', '#', '\\']) {
            return Err(Error::invalid("subscribers_path must be a path such as /api/fabric/…"));
        }
        let tls = tls::client_config(options.ca_certificates_pem.as_deref())?;
        let inner = Inner {
            credential: options.credential()?,
            exchange: Exchange::new(tls, options.limits()?)?,
            subscribers_path: path.to_owned(),
            space,
            embeds,
            runtime: runtime::ensure()?,
        };
        Ok(Self(Arc::new(inner)))
    }

    pub(super) fn subscribers_path(&self) -> &str {
        &self.0.subscribers_path
    }

    pub(super) fn space(&self) -> &Url {
        &self.0.space
    }

    /// A URL of the space.
    pub(super) fn url(&self, path: &str) -> Result<Url> {
        join(&self.0.space, path)
    }

    /// A URL of the host for embed tokens.
    pub(super) fn embeds_url(&self, path: &str) -> Result<Url> {
        join(&self.0.embeds, path)
    }

    /// A request with the project's credentials.
    pub(super) fn request(&self, method: Method, url: Url) -> Request {
        let credential = self.0.credential.clone();
        Request { method, url, body: None, credential, secrets: Vec::new() }
    }

    /// A write with the project's credentials.
    pub(super) fn write(&self, method: Method, path: &str, body: Bytes) -> Result<Request> {
        Ok(Request { body: Some(body), ..self.request(method, self.url(path)?) })
    }

    /// Reads; given up when nobody waits any more.
    pub(super) async fn get(&self, url: Url) -> Result<Value> {
        self.0.runtime.check()?;
        let (inner, request) = (Arc::clone(&self.0), self.request(Method::GET, url));
        runtime::run_while_awaited(async move { inner.exchange.send(&request).await }).await
    }

    /// Writes; goes on to its end even when nobody waits.
    pub(super) async fn send(&self, request: Request) -> Result<Value> {
        self.0.runtime.check()?;
        let inner = Arc::clone(&self.0);
        runtime::run(async move { inner.exchange.send(&request).await }).await
    }

    /// The page that a link of another page leads to.
    pub(super) async fn page_at<T>(
        &self,
        link: &str,
        parse: fn(&Value) -> Result<T>,
    ) -> Result<Page<T>> {
        let url = links::resolve(link, self.space(), self.space())?;
        PageSource::new(self.clone(), parse).read(url).await
    }

    /// The first page of a list.
    pub(super) async fn first_page<T>(
        &self,
        path: &str,
        page_size: Option<u32>,
        parse: fn(&Value) -> Result<T>,
    ) -> Result<Page<T>> {
        let mut url = self.url(path)?;
        if let Some(size) = page_size {
            if size == 0 || size > 1000 {
                return Err(Error::invalid(format!("page_size must be 1 to 1000; got {size}")));
            }
            url.query_pairs_mut().append_pair("page_size", &size.to_string());
        }
        PageSource::new(self.clone(), parse).read(url).await
    }
}

impl std::fmt::Debug for RestClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RestClient")
            .field("space", &self.0.space.as_str())
            .field("credential", &self.0.credential)
            .finish()
    }
}

fn join(base: &Url, path: &str) -> Result<Url> {
    base.join(path).map_err(|error| Error::internal(format!("cannot form the URL: {error}")))
}

/// `collection/id`, where the id cannot lead anywhere else.
pub(super) fn item_path(collection: &str, name: &str, id: &str) -> Result<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !id.is_empty() && id.len() <= 128 && id.chars().all(is_plain) {
        true => Ok(format!("{collection}/{id}")),
        false => Err(Error::invalid(format!("{name} must be the id (UUID) of the resource"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn options(space: &str) -> RestOptions {
        RestOptions::new(space, "p-1", "PTs3cr3t")
    }

    #[test]
    fn the_space_in_every_form() {
        for (space, expected) in [
            ("example", "https://example.signalwire.com/"),
            (" example.signalwire.com ", "https://example.signalwire.com/"),
            ("https://example.signalwire.com", "https://example.signalwire.com/"),
            ("gw.example:8443", "https://gw.example:8443/"),
            ("http://127.0.0.1:80", "http://127.0.0.1/"),
        ] {
            assert_eq!(options(space).space_url().unwrap().as_str(), expected);
        }
    }

    #[test]
    fn unusable_options_are_refused_and_never_repeat_the_secret() {
        let with = |change: fn(&mut RestOptions)| {
            let mut options = options("example");
            change(&mut options);
            options
        };
        for options in [
            options(""),
            options("http://example.com"),
            options("https://example.com/api"),
            options("https://user:PTs3cr3t@example.com"),
            options("a b"),
            with(|o| o.project_id = String::new()),
            with(|o| o.project_id = "a:b".into()),
            with(|o| o.api_token = "  ".into()),
            with(|o| o.api_token = "PTs3cr3t\nx".into()),
            with(|o| o.embeds_url = Some("ftp://x".into())),
            with(|o| o.subscribers_path = "https://x".into()),
            with(|o| o.subscribers_path = "//x/y".into()),
            with(|o| o.connect_timeout_ms = 0),
            with(|o| o.request_timeout_ms = 0),
            with(|o| o.total_timeout_ms = 600_001),
        ] {
            let shown = format!("{options:?}");
            let error = RestClient::new(options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{shown}");
            assert!(!error.message().contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn nothing_shows_the_secret() {
        let options = options("example");
        assert!(!format!("{options:?}").contains("s3cr3t"));
        let client = RestClient::new(options).unwrap();
        assert!(!format!("{client:?}").contains("s3cr3t"));
    }

    #[test]
    fn ids_cannot_lead_elsewhere() {
        for id in ["", "..", "a/b", "a?b", "a#b", "%2e%2e", "ü", &"a".repeat(129)] {
            assert!(item_path("/x", "id", id).is_err(), "{id}");
        }
        assert_eq!(item_path("/x", "id", "7c11-a_9").unwrap(), "/x/7c11-a_9");
    }
}
