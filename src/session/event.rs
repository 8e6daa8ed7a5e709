//! What the application is told about a client's session.

use crate::proto::conversation::Message;

/// Where a client stands. The number of a state never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum ClientState {
    /// Not connected, and not trying to.
    Disconnected = 0,
    /// The first connection is being made.
    Connecting = 1,
    /// The session is up.
    Connected = 2,
    /// The connection was lost; calls are kept and it is being made again.
    Reconnecting = 3,
    /// Shut down. Final.
    Closed = 4,
}

/// An event of the client, in the order in which things happened.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
pub enum ClientEvent {
    /// The session changed its state.
    StateChanged {
        /// The new state.
        state: ClientState,
        /// Why, for people; empty for expected changes.
        reason: String,
    },
    /// The session is authorized, for the first time or again.
    SessionReady {
        /// Whether the service took up the earlier session (calls go on), or made a new one.
        is_resumed: bool,
        /// When the token expires, in seconds since 1970, if the service said so.
        token_expires_at: Option<i64>,
    },
    /// The connection was lost or could not be made; the next try follows by itself.
    RetryScheduled {
        /// 1 for the first try after the loss.
        attempt: u32,
        /// How long it waits, in milliseconds.
        delay_ms: u32,
        /// What failed, for people.
        reason: String,
    },
    /// The service refused the token, and nobody had another one; the session is over. Log in again,
    /// install the new token with [`crate::Client::update_token`], and connect.
    AuthorizationFailed {
        /// The service's code.
        code: i32,
        /// The service's text.
        message: String,
    },
    /// The token expires soon. With a provider its replacement is on its way; otherwise install a new
    /// one with [`crate::Client::update_token`], or the service ends the session and its calls.
    TokenExpiring {
        /// When, in seconds since 1970.
        expires_at: i64,
        /// How long that is from now, in seconds.
        seconds_left: u32,
    },
    /// The client has a new token, and the session, if it was up, goes on with it.
    TokenRefreshed {
        /// When the new one expires, in seconds since 1970, if that is known.
        token_expires_at: Option<i64>,
    },
    /// No new token could be had, or the service did not take it. The session goes on with the
    /// present one as long as that is good.
    TokenRefreshFailed {
        /// The service's code; 0 without.
        code: i32,
        /// What failed, for people.
        message: String,
        /// When the next try is, in milliseconds from now; none if there will be no other.
        next_try_ms: Option<u32>,
    },
    /// The client has a device key, but its token cannot be bound to it; the session goes on with the
    /// token as it is. Ask the backend for one with `fingerprint` and the scope `sat:refresh`.
    TokenNotBound {
        /// Why, for people.
        message: String,
    },
    /// The session ended without being asked to, and its calls with it. `connect` begins a new one.
    SessionEnded {
        /// The service's code; 0 without.
        code: i32,
        /// Why, for people.
        message: String,
    },
    /// Somebody calls this subscriber. [`crate::Client::call`] gives the call, which rings until it
    /// is answered, rejected, or the caller gives up. Comes once for each call, after
    /// [`crate::Client::online`] or by a push notification.
    IncomingCall {
        /// The call's id.
        call_id: String,
        /// The caller's name for people; empty when there is none.
        from_name: String,
        /// The caller's address or number.
        from_number: String,
        /// The name of the address that was called.
        to_name: String,
        /// The own address that was called.
        to_number: String,
        /// Whether the caller offers video; it is answered with audio only.
        has_video: bool,
        /// What the caller's scripts say, as the text of one JSON object.
        user_variables_json: String,
    },
    /// A call of a process before goes on in this one, `Active`, with its audio; [`crate::Client::call`]
    /// gives it. It comes after a connection with `resume_from`, or when the service says by itself
    /// that it has the call. Source: `verto.attach`, and an invite with `attach`.
    CallRestored {
        /// The call's id.
        call_id: String,
        /// Whether it had come in here, else it had been dialled.
        is_inbound: bool,
        /// The other end's name for people; empty when there is none.
        remote_name: String,
        /// The other end's address or number.
        remote_number: String,
        /// What was dialled; of a call that came in, the own address that was called.
        destination: String,
    },
    /// A call of a process before could not be taken up; it is over.
    RestoreFailed {
        /// The call's id.
        call_id: String,
        /// Why, for people.
        message: String,
    },
    /// [`crate::Client::session_record`] gives something else than before: the service renewed the
    /// session's authorization. Store it anew if the session is to outlive the process.
    SessionRecordChanged,
    /// Somebody called and was refused as busy, because of [`crate::Client::set_do_not_disturb`].
    /// The call was not announced; other devices of the subscriber may ring.
    CallDeclined {
        /// The call's id.
        call_id: String,
        /// The caller's name for people; empty when there is none.
        from_name: String,
        /// The caller's address or number.
        from_number: String,
        /// The name of the address that was called.
        to_name: String,
        /// The own address that was called.
        to_number: String,
    },
    /// A call that was expected ([`crate::Client::expect_call`]) will not come; or, if it comes
    /// after the deadline nevertheless, it is announced as any other.
    ExpectedCallOver {
        /// The id that was expected.
        call_id: String,
        /// Whether the deadline passed; otherwise the caller gave up or another device took it.
        is_expired: bool,
    },
    /// A message arrived in one of the subscriber's conversations, from others or from another
    /// place of its own. Comes whenever the session is up, without subscription; what came while it
    /// was away is delivered with [`ClientEvent::SessionReady`] that `is_resumed`, else read it
    /// with [`crate::Client::messages`].
    Message {
        /// The message.
        message: Message,
    },
    /// A message changed: replace the one that has its id.
    MessageUpdated {
        /// The message as it is now.
        message: Message,
    },
    /// The session was made anew, and the service did not take this client as reachable again: no
    /// calls come in. Call [`crate::Client::online`] again.
    OnlineFailed {
        /// The service's code; 0 without.
        code: i32,
        /// What failed, for people.
        message: String,
    },
    /// An event of the service that belongs to no call, known to this library or not.
    Other {
        /// The service's name for it.
        event_type: String,
        /// The payload as JSON text.
        raw_json: String,
    },
}
