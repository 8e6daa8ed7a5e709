//! Waking up: devices that are registered for notifications, and calls that a notification
//! announces.

use super::Client;
use crate::call::ExpectedCall;
use crate::error::{Error, Result};
use crate::rest::device::{self, Device, DeviceType};
use crate::util::redact::Secret;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Longest time that a call may be expected.
const MAX_DEADLINE_MS: u32 = 600_000;
/// Longer than any call's id.
const MAX_CALL_ID: usize = 256;

impl Client {
    /// Registers this device for push notifications of calls. Needs no session.
    ///
    /// `device_token`: what the platform gave: APNs' VoIP token as hexadecimal text, FCM's token.
    /// The answer's key opens the notifications: keep it in the platform's secret store for
    /// [`Client::handle_push`], which knows it for the rest of this client's life by itself.
    /// A device that is registered should not be online as well, or calls come twice; this client
    /// announces each once nevertheless. Newer deployments of the service send no notifications.
    /// Errors: `InvalidArgument` for an empty token; `Uncertain` when the answer was lost:
    /// registering again is safe, at worst the device has a second entry; `NotFound` where the
    /// service has no push; `Rejected`; else those of [`Client::subscriber_info`].
    /// Source: `POST /subscriber/devices`.
    pub async fn register_device(
        &self,
        device_type: DeviceType,
        device_token: &str,
    ) -> Result<Device> {
        let (inner, token) = (Arc::clone(&self.0), Secret::of(device_token));
        self.run(async move {
            let device = device::register(&inner.http, device_type, token.expose()).await?;
            let mut key = inner.push_key.lock().unwrap_or_else(PoisonError::into_inner);
            *key = Some(Secret::of(&device.push_notification_key));
            drop(key);
            Ok(device)
        })
        .await
    }

    /// Takes the registration of a device back. Needs no session.
    ///
    /// `device_id`: [`Device::id`]. Errors: `NotFound` for an id that is not registered;
    /// `InvalidArgument` for an empty one; else those of [`Client::subscriber_info`].
    /// Source: `DELETE /subscriber/devices/{id}`.
    pub async fn unregister_device(&self, device_id: &str) -> Result<()> {
        let (inner, id) = (Arc::clone(&self.0), device_id.to_owned());
        self.run(async move { device::unregister(&inner.http, &id).await }).await
    }

    /// Waits for a call that was announced by other means than its invite: by a notification of
    /// the application's own backend, which carries the call's id. The handle can be answered and
    /// rejected at once.
    ///
    /// The invite comes when the client is connected and [`Client::online`], or with
    /// [`Client::handle_push`]; this does not connect. `deadline_ms`: how long to wait, 1 to
    /// 600000; 20000 suits most platforms' patience. When it is over, the handle ends with
    /// `Timeout` and [`crate::ClientEvent::ExpectedCallOver`] tells. A call that is here already
    /// has arrived at once; expecting a call twice is the same handle with the later deadline.
    /// Errors: `InvalidArgument` for the id or the deadline; `Closed` after `disconnect`;
    /// `InvalidState` when 256 calls are expected.
    pub fn expect_call(&self, call_id: &str, deadline_ms: u32) -> Result<ExpectedCall> {
        self.0.runtime.check()?;
        if call_id.is_empty() || call_id.len() > MAX_CALL_ID {
            return Err(Error::invalid("call_id must have 1 to 256 bytes"));
        }
        if deadline_ms == 0 || deadline_ms > MAX_DEADLINE_MS {
            let text = format!("deadline_ms must be 1 to {MAX_DEADLINE_MS}; got {deadline_ms}");
            return Err(Error::invalid(text));
        }
        if self.state() == crate::ClientState::Closed {
            return Err(Error::closed("the client"));
        }
        let deadline = Instant::now() + Duration::from_millis(deadline_ms.into());
        self.0.router.expect(call_id, deadline)
    }
}
