//! Calls that a push notification of the service announces (feature `push`).

use super::{Client, Inner};
use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::verto::{Dialog, Invite, VertoEvent};
use crate::push::{self, PushError, PushInvite, PushPayload};
use crate::rest;
use crate::util::redact::Secret;
use serde_json::{Map, Value};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Longest wait for the service to let this session take part in the call.
const ADOPT_TIMEOUT: Duration = Duration::from_secs(2);

impl Client {
    /// Takes the call that a notification of the service announces, and gives it, ringing.
    ///
    /// Decrypts the notification, connects if the client is not connected, and announces the
    /// call by [`crate::ClientEvent::IncomingCall`] unless it was announced before, by the
    /// socket or an earlier notification: then it gives that call. Show the caller's name
    /// before, from [`PushPayload::parse`]: platforms give little time.
    ///
    /// `notification`: its JSON text, in any of the platforms' wrappings.
    /// `push_notification_key`: what [`Client::register_device`] gave; by default what this
    /// client's own registration gave, else what the subscriber info says.
    /// Errors: those of [`push::decrypt`] as [`Error`]: `InvalidArgument` for another
    /// notification or a key that does not fit, `NotSupported`, `Protocol`; those of
    /// [`Client::connect`]; `CallFailed` if that call is over by now. The invite may be stale:
    /// then answering fails with `Rejected` or `CallFailed`.
    /// Source: signalwire-js WSClient.ts, `verto.subscribe`.
    pub async fn handle_push(
        &self,
        notification: &str,
        push_notification_key: Option<&str>,
    ) -> Result<Call> {
        let payload = PushPayload::parse(notification)?;
        let key = push_notification_key.map(Secret::of);
        let inner = Arc::clone(&self.0);
        self.run(async move { take(&inner, &payload, key).await }).await
    }
}

async fn take(inner: &Inner, payload: &PushPayload, key: Option<Secret>) -> Result<Call> {
    let pushed = open(inner, payload, key).await?;
    if let Some(call) = inner.router.call(&pushed.call_id) {
        return Ok(call);
    }
    let limit = Duration::from_millis(inner.options.connect_timeout_ms.into());
    inner.session.connect(limit).await?;
    let invite = invite(&pushed)?;
    let adopt = Dialog::inbound(&invite, Map::new()).adopt(&uuid::Uuid::new_v4().to_string());
    // An error means that the service knows better, which the answer will show.
    let request = inner.session.request("webrtc.verto", adopt);
    if let Ok(Err(error)) = tokio::time::timeout(ADOPT_TIMEOUT, request).await {
        tracing::debug!(%error, "the service did not take the subscription to the call");
    }
    inner.router.announce(invite)?.ok_or_else(|| {
        Error::new(ErrorKind::CallFailed, "the call of this notification is over by now")
    })
}

async fn open(inner: &Inner, payload: &PushPayload, key: Option<Secret>) -> Result<PushInvite> {
    if let Some(key) = key {
        return Ok(push::decrypt(payload, key.expose())?);
    }
    let own = inner.push_key.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match own.map(|key| push::decrypt(payload, key.expose())) {
        Some(Ok(pushed)) => return Ok(pushed),
        // Another registration's key, perhaps the one that the subscriber info has.
        None | Some(Err(PushError::DoesNotOpen)) => {}
        Some(Err(error)) => return Err(error.into()),
    }
    let subscriber = rest::subscriber::info(&inner.http).await?;
    Ok(push::decrypt(payload, &subscriber.push_notification_key)?)
}

fn invite(pushed: &PushInvite) -> Result<Invite> {
    let params: Value = serde_json::from_str(&pushed.invite_json)
        .map_err(|_| Error::protocol("the invite of the notification cannot be read"))?;
    let event = VertoEvent { id: Value::Null, method: "verto.invite".into(), params };
    Invite::parse(&event, Some(pushed.node_id.clone())).map_err(|missing| {
        Error::protocol(format!("the invite of the notification has no {missing}"))
    })
}
