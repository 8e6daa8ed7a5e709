//! The client for the generated languages.

use super::credentials::Credentials;
use super::{wait, Call, ClientEvents, Result};
use crate::{ClientOptions, ClientState, DialOptions, DoNotDisturb, Subscriber};
use std::sync::Arc;

/// One subscriber's connection to SignalWire.
///
/// Every method may be called from any thread. When the last reference is gone the session is
/// closed in the background; `disconnect` does it and waits. All clients of a process share the
/// library's threads.
#[derive(uniffi::Object)]
pub struct Client(pub(super) crate::Client);

#[uniffi::export]
impl Client {
    /// Makes a client; nothing is sent yet.
    ///
    /// Errors: `InvalidToken` if the token is not one; `InvalidArgument` for unusable options;
    /// `Tls` for unreadable CA certificates; `Internal` if the threads cannot be started.
    #[uniffi::constructor]
    pub fn new(options: ClientOptions) -> Result<Self> {
        Ok(Self(crate::Client::new(options)?))
    }

    /// Makes a client that gets its tokens from `credentials`; nothing is sent yet.
    ///
    /// Each token is replaced 30 s before it expires, or when the service refuses it; calls stay up.
    /// The token in `options` may be empty. Errors: those of `Client(options)`.
    #[uniffi::constructor]
    pub fn with_credentials(options: ClientOptions, credentials: Arc<Credentials>) -> Result<Self> {
        Ok(Self(crate::Client::with_credentials(options, credentials.0.clone())?))
    }

    /// Installs another token, which HTTP and the session use from now on; calls stay up.
    ///
    /// For applications that renew tokens themselves. While the session is up the service is asked at
    /// once, and the earlier token stays in use if it refuses. `expires_at`: seconds since 1970, if
    /// known. Errors: `InvalidToken`; `Unauthorized` if the service refuses it; `Closed`.
    #[uniffi::method(default(expires_at = None))]
    pub async fn update_token(&self, token: String, expires_at: Option<i64>) -> Result<()> {
        let token = crate::AccessToken { expires_at, ..crate::AccessToken::new(token) };
        wait(self.0.update_token(token)).await
    }

    /// Opens the session and waits until the service authorized it.
    ///
    /// From then on a lost connection is made again by itself, with the same session where the
    /// service allows it. Connecting a connected client does nothing.
    /// Errors: `Network` (unknown or unreachable host), `Tls`, `Unauthorized` (expired or refused
    /// token), `Timeout` after `connect_timeout_ms`, `Protocol`, `Closed` after `disconnect`.
    pub async fn connect(&self) -> Result<()> {
        wait(self.0.connect()).await
    }

    /// Ends all calls, closes the session and waits until both are done, at most 5 s. Final.
    ///
    /// The last event is `StateChanged` to `Closed`. Disconnecting twice does nothing.
    pub async fn disconnect(&self) -> Result<()> {
        wait(self.0.disconnect()).await
    }

    /// Where the client stands at this moment.
    pub fn state(&self) -> ClientState {
        self.0.state()
    }

    /// A stream of this client's events; the first one holds everything since the client was made.
    pub fn events(&self) -> Arc<ClientEvents> {
        ClientEvents::new(self.0.events())
    }

    /// Reads the subscriber that the token belongs to. Needs no session.
    ///
    /// Errors: `Unauthorized`, `Network`, `Tls`, `Timeout`, `RateLimited`, `Server`, `Protocol`.
    pub async fn subscriber_info(&self) -> Result<Subscriber> {
        wait(self.0.subscriber_info()).await
    }

    /// Issues a token with which somebody who has none may call an address of this subscriber: for a
    /// link that is sent to them. Needs no session.
    ///
    /// `address_id`: the id of one of the own addresses, as `subscriber_info` gives them.
    /// `expires_at`: seconds since 1970; nothing: two hours from now. Whoever has the token can call,
    /// but cannot be called. The result is a secret.
    /// Errors: `InvalidArgument` for an empty address or an expiry that is not in seconds; `Rejected`
    /// for an address that is not the subscriber's or a time in the past; else those of
    /// `subscriber_info`.
    #[uniffi::method(default(expires_at = None))]
    pub async fn create_invite(
        &self,
        address_id: String,
        expires_at: Option<i64>,
    ) -> Result<String> {
        let token = wait(self.0.create_invite(&address_id, expires_at)).await?;
        Ok(token.expose().to_owned())
    }

    /// Starts a call and gives it at once, in state `New`, so that it can be watched and
    /// hung up before it is answered. The call's `answered` waits for the answer.
    ///
    /// `address`: `/context/name` with an optional `?channel=audio` or `?channel=video`, `+` and an E.164 number,
    /// or `sip:user@host`.
    /// Errors: `InvalidArgument` for an address or option that cannot be, `NotSupported` for the
    /// messaging channel, `NotConnected` before `connect`, `Closed` after `disconnect`. What
    /// happens to the call later is told by the call.
    #[uniffi::method(default(options))]
    pub fn dial(&self, address: &str, options: DialOptions) -> Result<Arc<Call>> {
        Ok(Call::new(self.0.dial(address, options)?))
    }

    /// Makes this client reachable: from now on calls come in as the event `IncomingCall`, also
    /// after a reconnection. Being online twice does nothing.
    ///
    /// A device that is registered for push should not be online as well: calls would come twice.
    /// Errors: `NotConnected` before `connect`; `Rejected` (guest and invite tokens cannot be
    /// called); `Timeout`; `Closed`.
    pub async fn online(&self) -> Result<()> {
        wait(self.0.online()).await
    }

    /// Undoes `online`; calls that are up go on. Errors as there.
    pub async fn offline(&self) -> Result<()> {
        wait(self.0.offline()).await
    }

    /// The session and its answered calls as a text with which another process can go on, by
    /// `resume_from`, when this one dies. It is out of date with every `SessionReady` and
    /// `SessionRecordChanged` and when a call is answered, ends or changes its media: store it anew
    /// then. A secret,
    /// like the token. Do not use it while this process lives: a session has one connection.
    ///
    /// Errors: `NotConnected` before the first connection; `Closed` after `disconnect`.
    pub fn session_record(&self) -> Result<String> {
        Ok(self.0.session_record()?.expose().to_owned())
    }

    /// Tells the client that the device's network changed: another Wi-Fi, mobile data instead of
    /// Wi-Fi, a VPN, waking up. Call it from the platform's own notice (`NWPathMonitor`,
    /// `ConnectivityManager.NetworkCallback`); on Linux the client notices by itself unless
    /// `watch_network` is off. Does not wait; harmless when nothing changed.
    ///
    /// The connection to the service is checked at once, and made anew without a pause if it is
    /// dead. Calls whose local address is gone make their media path anew (`Recovering`).
    /// Errors: `Closed` after `disconnect`.
    pub fn network_changed(&self) -> Result<()> {
        Ok(self.0.network_changed()?)
    }

    /// Sets which calls that come in are refused as busy from now on, without being announced:
    /// each is the event `CallDeclined`. Calls that ring already ring on, and the subscriber's
    /// other devices ring in any case. Off at first.
    pub fn set_do_not_disturb(&self, mode: DoNotDisturb) {
        self.0.set_do_not_disturb(mode);
    }

    /// The call of this id, if it is this client's and not over.
    pub fn call(&self, id: &str) -> Option<Arc<Call>> {
        self.0.call(id).map(Call::new)
    }

    /// The calls of this client that are not over.
    pub fn calls(&self) -> Vec<Arc<Call>> {
        self.0.calls().into_iter().map(Call::new).collect()
    }
}
