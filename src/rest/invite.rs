//! `/api/fabric/subscriber/invites`: tokens with which invited people call the subscriber.

use crate::error::{Error, Result};
use crate::net::http::{Http, Repeat, Write};
use crate::proto::value::text;
use crate::util::redact::Secret;
use reqwest::Method;
use serde_json::json;

const PATH: &str = "/api/fabric/subscriber/invites";

/// Issues one. Errors: see `Client::create_invite`.
pub(crate) async fn create(
    http: &Http,
    address_id: &str,
    expires_at: Option<i64>,
) -> Result<Secret> {
    if address_id.is_empty() {
        return Err(Error::invalid("address_id must be the id of one of your own addresses"));
    }
    check_expiry("expires_at", expires_at)?;
    let mut body = json!({ "address_id": address_id });
    if let Some(at) = expires_at {
        body["expires_at"] = at.into();
    }
    // A token more does no harm: the one whose answer was lost expires unused.
    let (method, repeat) = (Method::POST, Repeat::Safe);
    let answer =
        http.write(&Write { method, path: PATH, body: Some(body), repeat, secret: "" }).await?;
    let token = text(&answer, "token");
    if token.is_empty() {
        return Err(Error::protocol("the answer to the invite has no token; try again later"));
    }
    Ok(Secret::from(token))
}

/// An expiry must look like seconds since 1970. Whether it is in the future the service decides,
/// by its own clock.
pub(crate) fn check_expiry(name: &str, value: Option<i64>) -> Result<()> {
    match value {
        Some(at) if at <= 0 => {
            Err(Error::invalid(format!("{name} must be seconds since 1970; got {at}")))
        }
        Some(at) if at > 100_000_000_000 => Err(Error::invalid(format!(
            "{name} must be seconds since 1970; {at} looks like milliseconds"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiries_are_seconds() {
        for (value, is_good) in [
            (None, true),
            (Some(1_790_000_000), true),
            (Some(0), false),
            (Some(-1), false),
            (Some(1_790_000_000_000), false),
            (Some(i64::MAX), false),
        ] {
            assert_eq!(check_expiry("expire_at", value).is_ok(), is_good, "{value:?}");
        }
    }
}
