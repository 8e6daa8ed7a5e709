//! Links between the pages of a list, and where they may lead.
//!
//! What is sent to them carries the token or the project's secret, so it is sent to the host that
//! the list came from, whatever the link says. The service has more than one name for the same
//! pages: lists of `fabric.example.com` were seen with links to the space (`name.example.com`).
//! A link to such a neighbour is followed at the own host, by its path and query; any other host is
//! refused.

use crate::error::{Error, Result};
use url::{Host, Url};

/// A link, absolute or relative to `from`, as a URL of the host of `base`.
pub(crate) fn resolve(link: &str, from: &Url, base: &Url) -> Result<Url> {
    let url = from
        .join(link)
        .map_err(|_| Error::protocol("a page links to something that is not a URL"))?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    if !has_user && url.origin() == base.origin() {
        return Ok(url);
    }
    if has_user || !are_neighbours(&url, base) {
        let host: String = url.origin().ascii_serialization().chars().take(200).collect();
        return Err(Error::protocol(format!(
            "a page links to another host, {host}; credentials are not sent there"
        )));
    }
    let mut own = base.clone();
    own.set_path(url.path());
    own.set_query(url.query());
    own.set_fragment(None);
    Ok(own)
}

/// Whether both are HTTPS hosts of one domain, which differ in their first label alone.
fn are_neighbours(url: &Url, base: &Url) -> bool {
    let domain = |url: &Url| match url.host() {
        Some(Host::Domain(name)) => {
            let (_, domain) = name.trim_end_matches('.').split_once('.')?;
            // Hosts below a whole top-level domain have nothing to do with each other.
            domain.contains('.').then(|| domain.to_owned())
        }
        _ => None,
    };
    let is_secure = url.scheme() == "https" && base.scheme() == "https";
    let (theirs, ours) = (domain(url), domain(base));
    is_secure
        && url.port_or_known_default() == base.port_or_known_default()
        && theirs.is_some()
        && theirs == ours
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn followed(link: &str, base: &str) -> Result<String> {
        let base = Url::parse(base).unwrap();
        let from = base.join("/api/fabric/addresses?page_size=2").unwrap();
        resolve(link, &from, &base).map(|url| url.to_string())
    }

    #[test]
    fn links_to_the_own_host_are_followed_as_they_are() {
        for (link, expected) in [
            ("https://fabric.signalwire.com/api/x?page_number=1", "/api/x?page_number=1"),
            ("/api/x?page_number=1&page_token=PA%2F1", "/api/x?page_number=1&page_token=PA%2F1"),
            ("?page_number=1", "/api/fabric/addresses?page_number=1"),
        ] {
            let found = followed(link, "https://fabric.signalwire.com").unwrap();
            assert_eq!(found, format!("https://fabric.signalwire.com{expected}"), "{link}");
        }
    }

    #[test]
    fn links_to_a_neighbour_are_followed_at_the_own_host() {
        for link in [
            "https://example.signalwire.com/api/fabric/addresses?page_number=1",
            "https://EXAMPLE.signalwire.com:443/api/fabric/addresses?page_number=1#top",
            "//example.signalwire.com/api/fabric/addresses?page_number=1",
        ] {
            let found = followed(link, "https://fabric.signalwire.com").unwrap();
            let expected = "https://fabric.signalwire.com/api/fabric/addresses?page_number=1";
            assert_eq!(found, expected, "{link}");
        }
    }

    #[test]
    fn links_to_any_other_host_are_refused() {
        let base = "https://fabric.signalwire.com";
        for (link, base) in [
            ("https://evil.example/api/x", base),
            ("//evil.example/api/x", base),
            ("http://fabric.signalwire.com/api/x", base),
            ("http://example.signalwire.com/api/x", base),
            ("https://fabric.signalwire.com:8443/x", base),
            ("https://example.signalwire.com:8443/x", base),
            ("https://fabric.signalwire.com.evil.example/x", base),
            ("https://a.b.signalwire.com/x", base),
            ("https://signalwire.com/x", base),
            ("https://notsignalwire.com/x", base),
            ("https://u:p@fabric.signalwire.com/x", base),
            ("https://u@example.signalwire.com/x", base),
            ("data:text/plain,x", base),
            ("https://", base),
            ("https://[", base),
            ("https://other.com/x", "https://mine.com"),
            ("https://127.0.0.2/x", "https://127.0.0.1"),
            ("http://b.localhost/x", "http://a.localhost"),
        ] {
            let error = followed(link, base).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{link}");
        }
    }
}
