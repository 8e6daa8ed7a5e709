//! What a login needs to know, and which redirect URIs are acceptable.

use super::redirect::Redirect;
use crate::error::{Error, Result};
use crate::net::endpoints;
use std::collections::HashMap;
use url::Url;

/// Where SignalWire's users log in (signalwire/docs, "SignalWire Client", authentication).
const AUTHORIZE_URL: &str = "https://id.fabric.signalwire.com/login/oauth/authorize";
/// Where codes become tokens.
const TOKEN_URL: &str = "https://id.fabric.signalwire.com/oauth/token";

/// Parameters of the authorization request that the library sets itself.
const RESERVED: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// Who logs in where.
///
/// [`OAuthConfig::signalwire`] has the service's endpoints; every one can be replaced, for private
/// deployments and tests.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct OAuthConfig {
    /// The client id that SignalWire issued for the application, with its redirect URIs.
    pub client_id: String,
    /// Where the browser returns to, exactly as it is registered:
    ///
    /// * `http://127.0.0.1:0/callback` (also `[::1]`, `localhost`): a port on this machine, for
    ///   programs that wait themselves, see [`crate::OAuth::begin_loopback`]. Port 0 takes a free
    ///   one, which the provider must allow (RFC 8252, 7.3).
    /// * `com.example.app://callback`: a scheme of the application's own, with a dot in it.
    /// * `https://example.com/callback`: a link that the platform gives to the application.
    pub redirect_uri: String,
    /// Scopes to ask for. Default: none, as no scopes are documented.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub scopes: Vec<String>,
    /// Authorization endpoint; `https://`, or `http://` for loopback hosts. Default: SignalWire's.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub authorize_url: Option<String>,
    /// Token endpoint; `https://`, or `http://` for loopback hosts. Default: SignalWire's.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub token_url: Option<String>,
    /// Further parameters of the authorization request, such as `prompt` = `login`, which asks
    /// for the password even if the browser is still logged in.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub extra_parameters: HashMap<String, String>,
    /// PEM text of additional trusted CA certificates for the token endpoint, besides the
    /// platform's own roots.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub ca_certificates_pem: Option<String>,
    /// How long the user may take from `begin` to `complete`, in milliseconds, 1 to 3600000.
    /// Default 900000, which is 15 minutes.
    #[cfg_attr(feature = "uniffi", uniffi(default = 900000))]
    pub flow_lifetime_ms: u32,
}

impl OAuthConfig {
    /// A login at SignalWire.
    pub fn signalwire(client_id: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            redirect_uri: redirect_uri.into(),
            scopes: Vec::new(),
            authorize_url: None,
            token_url: None,
            extra_parameters: HashMap::new(),
            ca_certificates_pem: None,
            flow_lifetime_ms: 900_000,
        }
    }

    /// The checked parts.
    pub(super) fn check(&self) -> Result<Checked> {
        if self.client_id.trim().is_empty() {
            return Err(Error::invalid(
                "client_id is empty; SignalWire issues one per application",
            ));
        }
        if self.flow_lifetime_ms == 0 || self.flow_lifetime_ms > 3_600_000 {
            return Err(Error::invalid(format!(
                "flow_lifetime_ms must be 1 to 3600000; got {}",
                self.flow_lifetime_ms
            )));
        }
        let scope = |scope: &&String| scope.is_empty() || scope.contains(char::is_whitespace);
        if let Some(scope) = self.scopes.iter().find(scope) {
            return Err(Error::invalid(format!("scopes: {scope:?} is not one scope")));
        }
        let reserved = |name: &&String| RESERVED.contains(&name.as_str());
        if let Some(name) = self.extra_parameters.keys().find(reserved) {
            return Err(Error::invalid(format!("extra_parameters: {name} is set by the library")));
        }
        let authorize = self.authorize_url.as_deref().unwrap_or(AUTHORIZE_URL);
        let token = self.token_url.as_deref().unwrap_or(TOKEN_URL);
        Ok(Checked {
            authorize_url: endpoints::parse("authorize_url", authorize, "https", "http")?,
            token_url: endpoints::parse("token_url", token, "https", "http")?,
            redirect: Redirect::parse(&self.redirect_uri)?,
        })
    }
}

/// A configuration that can be used.
pub(super) struct Checked {
    pub(super) authorize_url: Url,
    pub(super) token_url: Url,
    pub(super) redirect: Redirect,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn the_preset_is_signalwire_and_every_endpoint_can_be_replaced() {
        let mut config = OAuthConfig::signalwire("app", "com.example.app://callback");
        let checked = config.check().unwrap();
        assert_eq!(checked.authorize_url.as_str(), AUTHORIZE_URL);
        assert_eq!(checked.token_url.as_str(), TOKEN_URL);
        config.authorize_url = Some("http://127.0.0.1:1/a".into());
        config.token_url = Some("https://id.example/t".into());
        let checked = config.check().unwrap();
        assert_eq!(checked.authorize_url.as_str(), "http://127.0.0.1:1/a");
        assert_eq!(checked.token_url.as_str(), "https://id.example/t");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let good = OAuthConfig::signalwire("app", "http://127.0.0.1:0/callback");
        let bad: [fn(&mut OAuthConfig); 7] = [
            |c| c.client_id = " ".into(),
            |c| c.redirect_uri = "nonsense".into(),
            |c| c.authorize_url = Some("http://example.com".into()),
            |c| c.token_url = Some("ftp://example.com".into()),
            |c| c.scopes = vec!["two words".into()],
            |c| drop(c.extra_parameters.insert("state".into(), "mine".into())),
            |c| c.flow_lifetime_ms = 0,
        ];
        for change in bad {
            let mut config = good.clone();
            change(&mut config);
            let error = config.check().err().expect("is refused");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{config:?}");
        }
    }
}
