//! What the application is told about a client's session.

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
    /// The service refused the token; the session is over. Make a client with a new token.
    AuthorizationFailed {
        /// The service's code.
        code: i32,
        /// The service's text.
        message: String,
    },
    /// Somebody calls this subscriber. [`crate::Client::call`] gives the call, which rings until it
    /// is answered, rejected, or the caller gives up. Comes only after [`crate::Client::online`].
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
