//! Tokens for clients: of subscribers, guests, invited people and embedded buttons.

use super::client::RestClient;
use super::wire::{not_empty, required, Fields};
use crate::auth::token::Token;
use crate::error::{Error, Result};
use crate::net::exchange::{Credential, Request};
use crate::rest::invite::check_expiry;
use crate::util::redact::Secret;
use reqwest::Method;
use serde_json::Value;

/// How many addresses a guest may be allowed to call.
const MAX_GUEST_ADDRESSES: usize = 10;
/// An RFC 7638 thumbprint with SHA-256, in base64url.
const FINGERPRINT_LENGTH: usize = 43;

/// Whom a subscriber token is for. Make it with [`SubscriberTokenRequest::new`].
///
/// The service creates the subscriber if it does not know the reference; else the profile fields
/// that are given replace the old ones.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record), uniffi::export(Debug, Display))]
#[non_exhaustive]
pub struct SubscriberTokenRequest {
    /// The application's own stable and unique name for the subscriber, often an e-mail address.
    pub reference: String,
    /// When the token expires, in seconds since 1970. Default: two hours from now.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub expire_at: Option<i64>,
    /// The application (UUID) that the token belongs to.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub application_id: Option<String>,
    /// A new password for the subscriber; unchanged if absent or empty.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub password: Option<Secret>,
    /// Thumbprint (RFC 7638, SHA-256, base64url: 43 characters) of the key that the token is
    /// bound to.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub fingerprint: Option<String>,
    /// `sat:refresh` lets the holder renew the token without the backend. Without `fingerprint`
    /// such a token lives 60 s.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub scope: Option<String>,
    /// First name.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub first_name: Option<String>,
    /// Last name.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub last_name: Option<String>,
    /// Name to show.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub display_name: Option<String>,
    /// Job title.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub job_title: Option<String>,
    /// Time zone.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub time_zone: Option<String>,
    /// Country.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub country: Option<String>,
    /// Company.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub company_name: Option<String>,
    /// The cluster that serves the subscriber, such as `us-central`.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub region: Option<String>,
}

impl SubscriberTokenRequest {
    /// A request for the subscriber with this reference and the defaults for everything else.
    pub fn new(reference: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            expire_at: None,
            application_id: None,
            password: None,
            fingerprint: None,
            scope: None,
            first_name: None,
            last_name: None,
            display_name: None,
            job_title: None,
            time_zone: None,
            country: None,
            company_name: None,
            region: None,
        }
    }

    fn check(&self) -> Result<()> {
        not_empty("reference", &self.reference)?;
        check_expiry("expire_at", self.expire_at)?;
        let base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match &self.fingerprint {
            Some(text) if text.len() != FINGERPRINT_LENGTH || !text.chars().all(base64url) => {
                Err(Error::invalid("fingerprint must be 43 characters of base64url (RFC 7638)"))
            }
            _ => Ok(()),
        }
    }

    fn fields(&self) -> Fields<'_> {
        Fields::default()
            .text("reference", Some(&self.reference))
            .number("expire_at", self.expire_at)
            .text("application_id", self.application_id.as_ref())
            .text("password", self.password.as_ref())
            .text("fingerprint", self.fingerprint.as_ref())
            .text("scope", self.scope.as_ref())
            .text("first_name", self.first_name.as_ref())
            .text("last_name", self.last_name.as_ref())
            .text("display_name", self.display_name.as_ref())
            .text("job_title", self.job_title.as_ref())
            .text("time_zone", self.time_zone.as_ref())
            .text("country", self.country.as_ref())
            .text("company_name", self.company_name.as_ref())
            .text("region", self.region.as_ref())
    }
}

/// What a guest may do. Make it with [`GuestTokenRequest::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct GuestTokenRequest {
    /// The ids (UUIDs) of the addresses that the guest may call, 1 to 10, all of the project.
    pub allowed_addresses: Vec<String>,
    /// When the token expires, in seconds since 1970. Default: two hours from now.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub expire_at: Option<i64>,
    /// The cluster that serves the guest, such as `us-central`.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub region: Option<String>,
    /// The cluster host for the header of the token.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub ch: Option<String>,
}

impl GuestTokenRequest {
    /// A request for these addresses and the defaults for everything else.
    pub fn new<T: Into<String>>(allowed_addresses: impl IntoIterator<Item = T>) -> Self {
        Self {
            allowed_addresses: allowed_addresses.into_iter().map(Into::into).collect(),
            expire_at: None,
            region: None,
            ch: None,
        }
    }

    fn check(&self) -> Result<()> {
        let count = self.allowed_addresses.len();
        if count == 0 || count > MAX_GUEST_ADDRESSES {
            return Err(Error::invalid(format!(
                "allowed_addresses must be 1 to {MAX_GUEST_ADDRESSES} address ids; got {count}"
            )));
        }
        for id in &self.allowed_addresses {
            not_empty("allowed_addresses: an id", id)?;
        }
        check_expiry("expire_at", self.expire_at)
    }
}

/// What an invited person may call. Make it with [`InviteTokenRequest::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct InviteTokenRequest {
    /// The id (UUID) of the inviting subscriber's address.
    pub address_id: String,
    /// When the token expires, in seconds since 1970. Default: two hours from now.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub expires_at: Option<i64>,
}

impl InviteTokenRequest {
    /// A request for this address, with the default expiry.
    pub fn new(address_id: impl Into<String>) -> Self {
        Self { address_id: address_id.into(), expires_at: None }
    }
}

/// A new token of a subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriberToken {
    /// The subscriber's id (UUID).
    pub subscriber_id: String,
    /// The access token: what `ClientOptions::new` takes.
    pub token: Secret,
    /// What [`RestClient::refresh_subscriber_token`] takes; stays on the backend.
    pub refresh_token: Secret,
}

/// An access token and its refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenPair {
    /// The access token: what `ClientOptions::new` takes.
    pub token: Secret,
    /// What [`RestClient::refresh_subscriber_token`] takes; stays on the backend.
    pub refresh_token: Secret,
}

impl RestClient {
    /// Issues a token for a subscriber, who is created if unknown.
    ///
    /// Errors: `InvalidArgument` for an empty reference, an expiry that is not in seconds, or a
    /// malformed fingerprint; else see [`RestClient`]. It is not repeated once it may have been
    /// processed. Source: `POST /api/fabric/subscribers/tokens`.
    pub async fn create_subscriber_token(
        &self,
        request: SubscriberTokenRequest,
    ) -> Result<SubscriberToken> {
        request.check()?;
        let body = request.fields().into_body()?;
        let mut http = self.write(Method::POST, "/api/fabric/subscribers/tokens", body)?;
        http.secrets.extend(request.password);
        let answer = self.send(http).await?;
        let what = "the subscriber's token";
        Ok(SubscriberToken {
            subscriber_id: required(&answer, "subscriber_id", what)?,
            token: required(&answer, "token", what)?.into(),
            refresh_token: required(&answer, "refresh_token", what)?.into(),
        })
    }

    /// Exchanges a refresh token for a new access token (2 h) and a new refresh token (2 h 5 min),
    /// which replaces the old one: store it at once.
    ///
    /// Errors: `InvalidArgument` for an empty token; `Rejected` with the problem `token_expired`
    /// or `token_invalid`, then issue a new token; else see [`RestClient`]. After `Timeout` or
    /// `Network` the old refresh token may be spent.
    /// Source: `POST /api/fabric/subscribers/tokens/refresh`.
    pub async fn refresh_subscriber_token(&self, refresh_token: &Secret) -> Result<TokenPair> {
        not_empty("refresh_token", refresh_token.expose())?;
        let body = Fields::default().text("refresh_token", Some(refresh_token)).into_body()?;
        let mut http = self.write(Method::POST, "/api/fabric/subscribers/tokens/refresh", body)?;
        http.secrets.push(refresh_token.clone());
        pair(&self.send(http).await?, "the refreshed token")
    }

    /// Issues a token for a guest, who may call the given addresses and cannot be called.
    ///
    /// Errors: `InvalidArgument` unless there are 1 to 10 addresses; `Rejected` with the problem
    /// `must_belong_to_project` for an unknown address; else see [`RestClient`].
    /// Source: `POST /api/fabric/guests/tokens`.
    pub async fn create_guest_token(&self, request: GuestTokenRequest) -> Result<TokenPair> {
        request.check()?;
        let body = Fields::default()
            .texts("allowed_addresses", &request.allowed_addresses)
            .number("expire_at", request.expire_at)
            .text("region", request.region.as_ref())
            .text("ch", request.ch.as_ref())
            .into_body()?;
        let http = self.write(Method::POST, "/api/fabric/guests/tokens", body)?;
        pair(&self.send(http).await?, "the guest's token")
    }

    /// Issues a token with which an invited person may call one address of a subscriber.
    ///
    /// `subscriber_token`: the inviting subscriber's access token, which authorizes it; the
    /// project's credentials are not sent.
    /// Errors: `InvalidToken` if that is not an access token; `Unauthorized` if it was refused;
    /// `InvalidArgument` for an empty address or an expiry that is not in seconds; else see
    /// [`RestClient`]. Source: `POST /api/fabric/subscriber/invites`.
    pub async fn create_invite_token(
        &self,
        subscriber_token: &Secret,
        request: InviteTokenRequest,
    ) -> Result<Secret> {
        let bearer = Token::parse(subscriber_token.expose())?;
        not_empty("address_id", &request.address_id)?;
        check_expiry("expires_at", request.expires_at)?;
        let body = Fields::default()
            .text("address_id", Some(&request.address_id))
            .number("expires_at", request.expires_at)
            .into_body()?;
        let http = Request {
            credential: Credential::Bearer(Secret::of(bearer.expose())),
            ..self.write(Method::POST, "/api/fabric/subscriber/invites", body)?
        };
        required(&self.send(http).await?, "token", "the invite token").map(Secret::from)
    }

    /// Exchanges the public token of an embedded button (`c2c_…`, `c2t_…`) for a guest's access
    /// token. Sent without credentials, to `RestOptions::embeds_url`.
    ///
    /// The answer has no expiry; the browser SDK counts on one hour.
    /// Errors: `InvalidArgument` for an empty token; `Unauthorized` (403) if the token is unknown
    /// or disabled; else see [`RestClient`]. Source: `POST /api/fabric/embeds/tokens`.
    pub async fn exchange_embed_token(&self, embed_token: &Secret) -> Result<Secret> {
        not_empty("embed_token", embed_token.expose())?;
        let body = Fields::default().text("token", Some(embed_token)).into_body()?;
        let http = Request {
            method: Method::POST,
            url: self.embeds_url("/api/fabric/embeds/tokens")?,
            body: Some(body),
            credential: Credential::None,
            secrets: vec![embed_token.clone()],
        };
        required(&self.send(http).await?, "token", "the embed's token").map(Secret::from)
    }
}

fn pair(answer: &Value, what: &str) -> Result<TokenPair> {
    Ok(TokenPair {
        token: required(answer, "token", what)?.into(),
        refresh_token: required(answer, "refresh_token", what)?.into(),
    })
}
