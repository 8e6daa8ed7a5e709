//! The token endpoint: a code or a refresh token becomes tokens.

use super::flows::Pending;
use super::tokens::{now, OAuthTokens};
use super::{failure, TypedClient};
use crate::error::{Error, OAuthFailure, Result};
use crate::net::failure::{of_status, Answer};
use crate::net::post::{PostAnswer, Poster};
use crate::util::redact::Secret;
use futures_util::future::BoxFuture;
use oauth2::basic::{BasicErrorResponse, BasicTokenType};
use oauth2::http::header::CONTENT_TYPE;
use oauth2::{
    AccessToken, AuthorizationCode, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, Scope,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;
use url::Url;

/// A token endpoint's answer, with less than RFC 6749 demands: no `token_type` is needed, and
/// numbers may be texts.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct TokenAnswer {
    access_token: AccessToken,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    refresh_token: Option<RefreshToken>,
    #[serde(default)]
    scope: Option<String>,
}

impl oauth2::TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &BasicTokenType::Bearer
    }

    fn expires_in(&self) -> Option<Duration> {
        let seconds = match self.expires_in.as_ref()? {
            serde_json::Value::String(text) => text.trim().parse().ok()?,
            value => value.as_f64()?,
        };
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

impl TokenAnswer {
    /// The tokens; `kept` is the refresh token that goes on when no new one came.
    fn into_tokens(self, kept: Option<Secret>) -> Result<OAuthTokens> {
        let kind = self.token_type.as_deref().unwrap_or("bearer");
        if !kind.eq_ignore_ascii_case("bearer") {
            return Err(Error::protocol(format!(
                "the provider issued a token of the type {kind:.40}, which cannot be used"
            )));
        }
        if self.access_token.secret().is_empty() {
            return Err(Error::protocol("the provider issued an empty access token"));
        }
        let lifetime = oauth2::TokenResponse::expires_in(&self);
        let expires_at = lifetime
            .map(|life| now().saturating_add(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)));
        let refresh_token = self
            .refresh_token
            .map(|token| Secret::from(token.into_secret()))
            .filter(|token| !token.expose().is_empty());
        Ok(OAuthTokens {
            access_token: Secret::from(self.access_token.into_secret()),
            refresh_token: refresh_token.or(kept),
            expires_at,
            scope: self.scope,
        })
    }
}

/// Exchanges a code. Sent once: a code is spent by the first try.
pub(super) async fn code(
    client: &TypedClient,
    poster: &Poster,
    code: Secret,
    pending: Pending,
) -> Result<OAuthTokens> {
    let redirect = RedirectUrl::new(pending.redirect.as_str().to_owned())
        .map_err(|_| Error::internal("a redirect URI that was checked is none"))?;
    let secrets = [code.clone(), pending.verifier.clone()];
    let answer = client
        .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.expose().to_owned()))
        .set_redirect_uri(Cow::Owned(redirect))
        .request_async(&sender(poster, &secrets))
        .await;
    answer
        .map_err(|error| of_token_request(error, OAuthFailure::CodeRefused, &secrets))?
        .into_tokens(None)
}

/// Redeems a refresh token. The provider may issue another one, which replaces it.
pub(super) async fn refresh(
    client: &TypedClient,
    poster: &Poster,
    refresh_token: Secret,
) -> Result<OAuthTokens> {
    let secrets = [refresh_token.clone()];
    let token = RefreshToken::new(refresh_token.expose().to_owned());
    let answer =
        client.exchange_refresh_token(&token).request_async(&sender(poster, &secrets)).await;
    answer
        .map_err(|error| of_token_request(error, OAuthFailure::RefreshRefused, &secrets))?
        .into_tokens(Some(refresh_token))
}

type Answering = BoxFuture<'static, Result<HttpResponse, Error>>;

/// The library's own HTTP in the form that `oauth2` takes.
fn sender(poster: &Poster, secrets: &[Secret]) -> impl Fn(HttpRequest) -> Answering {
    let (poster, secrets) = (poster.clone(), secrets.to_vec());
    move |request| Box::pin(send(poster.clone(), request, secrets.clone()))
}

async fn send(
    poster: Poster,
    request: HttpRequest,
    secrets: Vec<Secret>,
) -> Result<HttpResponse, Error> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string())
        .map_err(|_| Error::internal("the token endpoint is no URL"))?;
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or("application/x-www-form-urlencoded");
    let answer = poster.post(&url, kind, body, None).await?;
    let is_json = serde_json::from_slice::<serde_json::Value>(&answer.body)
        .is_ok_and(|body| answer.status.is_success() || body["error"].is_string());
    if !is_json {
        return Err(unreadable(&answer, &secrets));
    }
    // Any 2xx is a success here, whatever the body was declared as.
    let status = if answer.status.is_success() { 200 } else { answer.status.as_u16() };
    oauth2::http::Response::builder()
        .status(status)
        .body(answer.body)
        .map_err(|_| Error::internal("an HTTP answer that cannot be represented"))
}

/// An answer that is not one of a token endpoint, such as a page of HTML.
fn unreadable(answer: &PostAnswer, secrets: &[Secret]) -> Error {
    if answer.status.is_success() {
        return Error::protocol("the token endpoint's answer is not JSON; check token_url");
    }
    if answer.status.is_redirection() {
        let message = "the token endpoint redirects; secrets do not follow. Correct token_url";
        return Error::new(crate::ErrorKind::Rejected, message)
            .with_code(answer.status.as_u16().into());
    }
    let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    let answer = Answer { status: answer.status, headers: &answer.headers, body: &answer.body };
    of_status(&answer, "the token endpoint refused; begin a new login", &secrets)
}

fn of_token_request(
    error: RequestTokenError<Error, BasicErrorResponse>,
    of_grant: OAuthFailure,
    secrets: &[Secret],
) -> Error {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(told) => {
            let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
            let code = told.error().as_ref().to_owned();
            let failure = failure::of_token_endpoint(&code, of_grant);
            failure.told(&code, told.error_description().map(String::as_str), &secrets)
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Error::protocol("the token endpoint's answer has no access token; check token_url")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tokens(answer: serde_json::Value) -> Result<OAuthTokens> {
        serde_json::from_value::<TokenAnswer>(answer).unwrap().into_tokens(Some(Secret::of("old")))
    }

    #[test]
    fn answers_as_they_come() {
        let full = tokens(json!({"access_token": "a", "token_type": "BEARER", "expires_in": 60,
            "refresh_token": "r", "scope": "x y", "id_token": "i"}))
        .unwrap();
        assert_eq!(full.refresh_token.as_ref().unwrap().expose(), "r");
        assert!((59..=60).contains(&(full.expires_at.unwrap() - now())));
        let bare = tokens(json!({"access_token": "a"})).unwrap();
        assert_eq!(bare.refresh_token.unwrap().expose(), "old", "the earlier one goes on");
        assert_eq!(bare.expires_at, None);
        let text = tokens(json!({"access_token": "a", "expires_in": "3600"})).unwrap();
        assert!(text.expires_at.unwrap() > now() + 3_500);
        for odd in [json!(-1), json!("soon"), json!([]), json!(1e300), json!(null)] {
            let odd = tokens(json!({"access_token": "a", "expires_in": odd})).unwrap();
            assert_eq!(odd.expires_at, None);
        }
        assert!(tokens(json!({"access_token": "a", "token_type": "mac"})).is_err());
        assert!(tokens(json!({"access_token": ""})).is_err());
    }
}
