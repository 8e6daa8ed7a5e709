//! Devices, notifications and expected calls for the generated languages.

use super::{wait, Call, Client, Result};
use crate::push::PushPayload;
use crate::{AnswerOptions, Device, DeviceType, Error, ExpectedCallState};
use std::sync::Arc;

/// A call whose invite is on its way.
///
/// What is decided before the invite comes holds: an answer is given the moment that it comes, a
/// rejected call is refused then and not announced. Letting go of the object changes nothing.
#[derive(uniffi::Object)]
pub struct ExpectedCall(crate::ExpectedCall);

/// Reads the JSON text of a notification that announces a call, still encrypted: the caller's
/// name and number, to be shown at once. They are not authenticated.
///
/// Errors: `InvalidArgument` for any other notification; `Protocol` for one that lacks something.
#[uniffi::export]
pub fn parse_push(notification: &str) -> Result<PushPayload> {
    Ok(PushPayload::parse(notification).map_err(Error::from)?)
}

#[uniffi::export]
impl ExpectedCall {
    /// The id that was announced.
    pub fn call_id(&self) -> String {
        self.0.call_id()
    }

    /// Where it stands.
    pub fn state(&self) -> ExpectedCallState {
        self.0.state()
    }

    /// Waits for the invite and gives the call.
    ///
    /// Errors: `Timeout` when the deadline passed; `CallFailed` when the call was over before;
    /// `Cancelled` after `cancel`; `Closed` after the client's end.
    pub async fn arrived(&self) -> Result<Arc<Call>> {
        wait(self.0.arrived()).await.map(Call::new)
    }

    /// Answers the call as soon as its invite is there, and waits until it is up.
    ///
    /// Errors: those of `arrived` and of the call's `answer`; `InvalidState` if it was answered or
    /// rejected before. Giving up the wait does not take the answer back.
    #[uniffi::method(default(options))]
    pub async fn answer(&self, options: AnswerOptions) -> Result<()> {
        wait(self.0.answer(options)).await
    }

    /// Rejects the call as soon as its invite is there, as busy, and waits for that. It is not
    /// announced then. Rejecting takes an answer back that could not be given yet.
    ///
    /// Errors: those of `arrived` and of the call's `reject`; `InvalidState` if it was rejected
    /// before. An invite that comes after the deadline is ignored.
    pub async fn reject(&self) -> Result<()> {
        wait(self.0.reject()).await
    }

    /// Gives up waiting, as when the platform took the announcement back. A call that comes
    /// nevertheless is announced as any other. Does nothing once it arrived or ended.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

#[uniffi::export]
impl Client {
    /// Registers this device for push notifications of calls. Needs no session.
    ///
    /// `device_token`: what the platform gave: APNs' VoIP token as hexadecimal text, FCM's token.
    /// The answer's key opens the notifications: keep it in the platform's secret store. A device
    /// that is registered should not be online as well, or calls come twice; this client announces
    /// each once nevertheless. Newer deployments of the service send no notifications.
    /// Errors: `InvalidArgument` for an empty token; `Uncertain` when the answer was lost:
    /// registering again is safe; `NotFound` where the service has no push; `Rejected`; else
    /// those of `subscriber_info`.
    pub async fn register_device(
        &self,
        device_type: DeviceType,
        device_token: String,
    ) -> Result<Device> {
        wait(self.0.register_device(device_type, &device_token)).await
    }

    /// Takes the registration of a device back. Needs no session.
    ///
    /// Errors: `NotFound` for an id that is not registered; `InvalidArgument` for an empty one;
    /// else those of `subscriber_info`.
    pub async fn unregister_device(&self, device_id: String) -> Result<()> {
        wait(self.0.unregister_device(&device_id)).await
    }

    /// Takes the call that a notification of the service announces, and gives it, ringing.
    ///
    /// Decrypts the notification, connects if the client is not connected, and announces the call
    /// by the event `IncomingCall` unless it was announced before: then it gives that call.
    /// `push_notification_key`: what `register_device` gave; by default what this client's own
    /// registration gave, else what the subscriber info says.
    /// Errors: `InvalidArgument` for another notification or a key that does not fit;
    /// `NotSupported`, `Protocol`; those of `connect`; `CallFailed` if that call is over by now.
    #[uniffi::method(default(push_notification_key = None))]
    pub async fn handle_push(
        &self,
        notification: String,
        push_notification_key: Option<String>,
    ) -> Result<Arc<Call>> {
        let key = push_notification_key.as_deref();
        wait(self.0.handle_push(&notification, key)).await.map(Call::new)
    }

    /// Waits for a call that was announced by other means than its invite: by a notification of
    /// the application's own backend, which carries the call's id. The result can be answered and
    /// rejected at once.
    ///
    /// The invite comes when the client is connected and online, or with `handle_push`; this does
    /// not connect. `deadline_ms`: how long to wait, 1 to 600000. When it is over, it ends with
    /// `Timeout` and the event `ExpectedCallOver` tells.
    /// Errors: `InvalidArgument` for the id or the deadline; `Closed` after `disconnect`;
    /// `InvalidState` when 256 calls are expected.
    #[uniffi::method(default(deadline_ms = 20000))]
    pub fn expect_call(&self, call_id: &str, deadline_ms: u32) -> Result<Arc<ExpectedCall>> {
        Ok(Arc::new(ExpectedCall(self.0.expect_call(call_id, deadline_ms)?)))
    }
}
