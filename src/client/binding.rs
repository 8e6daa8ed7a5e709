//! Tokens that are bound to the device key: the exchange and the renewal, without a backend.

use crate::auth::device_key::DeviceKey;
use crate::auth::schedule;
use crate::auth::tokens::{is_final, Current, Renew, Renewed};
use crate::auth::{AccessToken, TokenReason};
use crate::error::{Error, Result};
use crate::net::http::Http;
use crate::proto::value::epoch_seconds;
use serde_json::{json, Value};
use std::sync::Arc;

/// Source of paths and bodies: signalwire-js DeviceTokenManager.ts.
const EXCHANGE: &str = "/api/fabric/subscriber/devices/token";
const REFRESH: &str = "/api/fabric/subscriber/devices/refresh";
/// How long a bound token is asked to last, in seconds.
const LIFE: i64 = 900;
/// The scope of a token that its holder may exchange.
pub(super) const SCOPE: &str = "sat:refresh";

/// What exchanges tokens for bound ones.
#[derive(Clone)]
pub(super) struct Binding {
    pub(super) http: Http,
    pub(super) key: DeviceKey,
}

impl Binding {
    /// The bound token for one that may be exchanged.
    pub(super) async fn exchange(&self, current: &Current) -> Result<AccessToken> {
        self.post(EXCHANGE, current, None).await
    }

    async fn refresh(&self, current: &Current) -> Result<AccessToken> {
        self.post(REFRESH, current, Some(current.token.expose())).await
    }

    /// Every try has a proof of its own.
    async fn post(&self, path: &str, with: &Current, token: Option<&str>) -> Result<AccessToken> {
        let proof = self.key.for_post(path, token)?;
        let body = json!({ "dpop_token": proof.expose(), "expire_in": LIFE });
        let answer = self.http.post(path, &body, with).await?;
        read(&answer, schedule::now())
    }
}

fn read(answer: &Value, now: i64) -> Result<AccessToken> {
    let token = answer["token"].as_str().filter(|token| !token.is_empty()).ok_or_else(|| {
        Error::protocol("the answer has no bound token; report this to SignalWire")
    })?;
    let life = answer["expires_in"].as_i64().filter(|life| *life > 0).unwrap_or(LIFE);
    let expires_at = epoch_seconds(&answer["expires_at"]);
    let expires_at = expires_at.or(Some(now.saturating_add(life)));
    Ok(AccessToken { expires_at, ..AccessToken::new(token) })
}

/// Renews bound tokens with the key; where that is refused for good, the application's provider has
/// the next one, which is then bound again.
pub(super) struct BoundRenewal {
    pub(super) binding: Binding,
    pub(super) provider: Option<Arc<dyn Renew>>,
}

#[async_trait::async_trait]
impl Renew for BoundRenewal {
    async fn renew(&self, current: Option<&Current>, reason: TokenReason) -> Result<Renewed> {
        let failure = match current {
            Some(bound) if bound.is_bound => match self.binding.refresh(bound).await {
                Ok(token) => return Ok(Renewed { token, is_bound: true }),
                Err(error) if !is_final(&error) => return Err(error),
                Err(error) => Some(error),
            },
            _ => None,
        };
        match (&self.provider, failure) {
            (Some(provider), None) => provider.renew(current, reason).await,
            (Some(provider), Some(_)) => provider.renew(current, TokenReason::Refused).await,
            (None, Some(error)) => Err(error),
            (None, None) => {
                let current = current.ok_or_else(|| Error::internal("no token to renew"))?;
                let token = self.binding.exchange(current).await?;
                Ok(Renewed { token, is_bound: true })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_bound_token_in_every_form() {
        for (answer, expected) in [
            (json!({"token": "t", "expires_at": 1_790_000_000}), 1_790_000_000),
            (json!({"token": "t", "expires_at": "2026-09-21T14:13:20Z"}), 1_790_000_000),
            (json!({"token": "t", "expires_in": 60}), 1_060),
            (json!({"token": "t"}), 1_900),
            (json!({"token": "t", "expires_in": -1, "expires_at": null}), 1_900),
        ] {
            assert_eq!(read(&answer, 1_000).unwrap().expires_at, Some(expected), "{answer}");
        }
        assert!(read(&json!({"token": ""}), 0).is_err() && read(&json!([]), 0).is_err());
    }
}
