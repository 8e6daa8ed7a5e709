//! Status codes: the numbers of [`ErrorKind`], negated, with their names.

use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, CStr, CString};

/// Result of a function: `SW_OK` (0), or one of the negative `SW_ERR_*` codes.
///
/// A newer library may give codes that this header does not list; treat them as failures.
pub type sw_status = i32;

/// The values of `sw_status`. Numbers never change.
#[repr(C)]
pub enum sw_status_codes {
    /// Success.
    SW_OK = 0,
    /// An argument cannot be used: NULL, not UTF-8, out of range. Correct the call.
    SW_ERR_INVALID_ARGUMENT = -1,
    /// The token is not a SignalWire access token at all. Get a token and make a new client.
    SW_ERR_INVALID_TOKEN = -2,
    /// The service refused the token: expired, revoked, of the wrong kind. Get a new token.
    SW_ERR_UNAUTHORIZED = -3,
    /// There is no connected session. Call `sw_client_connect` first, or wait for reconnection.
    SW_ERR_NOT_CONNECTED = -4,
    /// The object's state does not allow this, such as digits before the answer.
    SW_ERR_INVALID_STATE = -5,
    /// No answer came in time. The state is unchanged; trying again is safe.
    SW_ERR_TIMEOUT = -6,
    /// The network failed: unknown host, refused or lost connection. Check it, then retry.
    SW_ERR_NETWORK = -7,
    /// TLS failed: the certificate is not trusted or names another host. For a private
    /// deployment set `ca_certificates_pem`.
    SW_ERR_TLS = -8,
    /// The server sent something that cannot be understood. Report it with the message.
    SW_ERR_PROTOCOL = -9,
    /// The service understood and refused. The error's `code` holds the service's code.
    SW_ERR_REJECTED = -10,
    /// What was asked for does not exist.
    SW_ERR_NOT_FOUND = -11,
    /// Too many requests. Wait before the next one.
    SW_ERR_RATE_LIMITED = -12,
    /// The service failed (HTTP 5xx or an internal RPC error). Retry later.
    SW_ERR_SERVER = -13,
    /// Media could not be set up or was lost: ICE, DTLS, codecs, files.
    SW_ERR_MEDIA = -14,
    /// Not built in this version or not offered by this platform.
    SW_ERR_NOT_SUPPORTED = -15,
    /// Given up because its object was freed or the library shuts down.
    SW_ERR_CANCELLED = -16,
    /// The object has ended: a closed client, an ended call.
    SW_ERR_CLOSED = -17,
    /// A defect of this library, a caught panic included. Report it with the message.
    SW_ERR_INTERNAL = -18,
    /// The handle is NULL, was freed, or belongs to another type. Nothing was done.
    SW_ERR_INVALID_HANDLE = -19,
    /// A blocking function was called inside a callback. Nothing was done.
    SW_ERR_IN_CALLBACK = -20,
    /// The process forked after the object was made. Make a new client in the child.
    SW_ERR_FORKED = -21,
    /// The call was refused or ended before the answer. `code` holds the hang-up cause.
    SW_ERR_CALL_FAILED = -22,
    /// The answer to a request that changes something was lost: the service may have carried it
    /// out or not. Look before repeating it; the function's documentation says where.
    SW_ERR_UNCERTAIN = -23,
}

/// What failed. Borrowed: valid during the callback that gets it, or as `sw_last_error_info`
/// says. Contains no tokens, keys or SDP.
#[repr(C)]
pub struct sw_error {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// One of `SW_ERR_*`.
    pub status: sw_status,
    /// What went wrong and what to do about it, in English, UTF-8. Never NULL.
    pub message: *const c_char,
    /// Whether `code` means something.
    pub has_code: bool,
    /// The service's own code: RPC error, HTTP status or hang-up cause (ITU-T Q.850); else 0.
    pub code: i32,
}

/// The status code of an error kind. A new kind does not compile until it has a code here.
pub(super) fn code_of(kind: ErrorKind) -> sw_status {
    use sw_status_codes::*;
    let code = match kind {
        ErrorKind::InvalidArgument => SW_ERR_INVALID_ARGUMENT,
        ErrorKind::InvalidToken => SW_ERR_INVALID_TOKEN,
        ErrorKind::Unauthorized => SW_ERR_UNAUTHORIZED,
        ErrorKind::NotConnected => SW_ERR_NOT_CONNECTED,
        ErrorKind::InvalidState => SW_ERR_INVALID_STATE,
        ErrorKind::Timeout => SW_ERR_TIMEOUT,
        ErrorKind::Network => SW_ERR_NETWORK,
        ErrorKind::Tls => SW_ERR_TLS,
        ErrorKind::Protocol => SW_ERR_PROTOCOL,
        ErrorKind::Rejected => SW_ERR_REJECTED,
        ErrorKind::NotFound => SW_ERR_NOT_FOUND,
        ErrorKind::RateLimited => SW_ERR_RATE_LIMITED,
        ErrorKind::Server => SW_ERR_SERVER,
        ErrorKind::Media => SW_ERR_MEDIA,
        ErrorKind::NotSupported => SW_ERR_NOT_SUPPORTED,
        ErrorKind::Cancelled => SW_ERR_CANCELLED,
        ErrorKind::Closed => SW_ERR_CLOSED,
        ErrorKind::Internal => SW_ERR_INTERNAL,
        ErrorKind::InvalidHandle => SW_ERR_INVALID_HANDLE,
        ErrorKind::InCallback => SW_ERR_IN_CALLBACK,
        ErrorKind::Forked => SW_ERR_FORKED,
        ErrorKind::CallFailed => SW_ERR_CALL_FAILED,
        ErrorKind::Uncertain => SW_ERR_UNCERTAIN,
    };
    code as sw_status
}

/// `SW_OK`, as the functions return it.
pub(super) const OK: sw_status = sw_status_codes::SW_OK as sw_status;

/// The kind of a status code; `Internal` for numbers that are none.
fn kind_of(status: sw_status) -> ErrorKind {
    KINDS.into_iter().find(|kind| code_of(*kind) == status).unwrap_or(ErrorKind::Internal)
}

const KINDS: [ErrorKind; 23] = [
    ErrorKind::InvalidArgument,
    ErrorKind::InvalidToken,
    ErrorKind::Unauthorized,
    ErrorKind::NotConnected,
    ErrorKind::InvalidState,
    ErrorKind::Timeout,
    ErrorKind::Network,
    ErrorKind::Tls,
    ErrorKind::Protocol,
    ErrorKind::Rejected,
    ErrorKind::NotFound,
    ErrorKind::RateLimited,
    ErrorKind::Server,
    ErrorKind::Media,
    ErrorKind::NotSupported,
    ErrorKind::Cancelled,
    ErrorKind::Closed,
    ErrorKind::Internal,
    ErrorKind::InvalidHandle,
    ErrorKind::InCallback,
    ErrorKind::Forked,
    ErrorKind::CallFailed,
    ErrorKind::Uncertain,
];

/// Name and text of each status; the position is the negated number.
const TEXTS: [(&CStr, &CStr); 24] = [
    (c"SW_OK", c"success"),
    (c"SW_ERR_INVALID_ARGUMENT", c"an argument cannot be used"),
    (c"SW_ERR_INVALID_TOKEN", c"the token is not a subscriber access token"),
    (c"SW_ERR_UNAUTHORIZED", c"the service refused the token"),
    (c"SW_ERR_NOT_CONNECTED", c"the client is not connected"),
    (c"SW_ERR_INVALID_STATE", c"the object's state does not allow this"),
    (c"SW_ERR_TIMEOUT", c"no answer came in time"),
    (c"SW_ERR_NETWORK", c"the network failed"),
    (c"SW_ERR_TLS", c"TLS failed"),
    (c"SW_ERR_PROTOCOL", c"the server sent something that cannot be understood"),
    (c"SW_ERR_REJECTED", c"the service refused the request"),
    (c"SW_ERR_NOT_FOUND", c"what was asked for does not exist"),
    (c"SW_ERR_RATE_LIMITED", c"too many requests"),
    (c"SW_ERR_SERVER", c"the service failed"),
    (c"SW_ERR_MEDIA", c"media could not be set up or was lost"),
    (c"SW_ERR_NOT_SUPPORTED", c"not supported by this version or platform"),
    (c"SW_ERR_CANCELLED", c"the operation was given up"),
    (c"SW_ERR_CLOSED", c"the object has ended"),
    (c"SW_ERR_INTERNAL", c"a defect of the library"),
    (c"SW_ERR_INVALID_HANDLE", c"the handle is NULL, was freed or is of another type"),
    (c"SW_ERR_IN_CALLBACK", c"a blocking function was called inside a callback"),
    (c"SW_ERR_FORKED", c"the process forked after the object was made"),
    (c"SW_ERR_CALL_FAILED", c"the call was refused or ended before the answer"),
    (c"SW_ERR_UNCERTAIN", c"it is not known whether the service carried the request out"),
];

fn texts(status: sw_status) -> Option<(&'static CStr, &'static CStr)> {
    let index = usize::try_from(status.checked_neg()?).ok()?;
    TEXTS.get(index).copied()
}

/// Gives the name of a status, such as `SW_ERR_TIMEOUT`.
///
/// Any number may be passed; an unknown one gives `SW_ERR_UNKNOWN`. The text is never NULL and
/// static: never free it. Any thread.
#[no_mangle]
pub extern "C" fn sw_status_name(status: sw_status) -> *const c_char {
    texts(status).map_or(c"SW_ERR_UNKNOWN", |(name, _)| name).as_ptr()
}

/// Gives a short English description of a status.
///
/// For what happened in one case prefer `sw_last_error` or the `message` of an `sw_error`. The
/// text is never NULL and static: never free it. Any number may be passed. Any thread.
#[no_mangle]
pub extern "C" fn sw_status_text(status: sw_status) -> *const c_char {
    texts(status).map_or(c"unknown status", |(_, text)| text).as_ptr()
}

/// An error with the C struct that points into it.
pub(super) struct OwnedError {
    _message: CString,
    raw: sw_error,
}

impl OwnedError {
    pub(super) fn new(error: &Error) -> Self {
        let message = super::text::c_string(error.message());
        let raw = sw_error {
            struct_size: size_of::<sw_error>() as u32,
            status: code_of(error.kind()),
            // The heap text stays where it is when the struct moves.
            message: message.as_ptr(),
            has_code: error.code().is_some(),
            code: error.code().unwrap_or(0),
        };
        Self { _message: message, raw }
    }

    pub(super) fn raw(&self) -> &sw_error {
        &self.raw
    }
}

/// The result that a completion's arguments stand for.
///
/// # Safety
/// `error` is NULL or points to a valid `sw_error`.
pub(super) unsafe fn to_result(status: sw_status, error: *const sw_error) -> Result<()> {
    if status == OK {
        return Ok(());
    }
    let kind = kind_of(status);
    // SAFETY: the caller's promise.
    let Some(raw) = (unsafe { error.as_ref() }) else {
        // SAFETY: the text is static.
        let text = unsafe { CStr::from_ptr(sw_status_text(status)) };
        return Err(Error::new(kind, text.to_string_lossy()));
    };
    // SAFETY: the caller's promise covers the message too.
    let message = unsafe { super::text::optional(raw.message, "message") };
    let error = Error::new(kind, message.ok().flatten().unwrap_or_default());
    Err(if raw.has_code { error.with_code(raw.code) } else { error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_the_negated_kind_and_has_its_own_name() {
        for (number, (name, text)) in TEXTS.iter().enumerate().skip(1) {
            assert!(name.to_str().unwrap().starts_with("SW_ERR_"), "{number}");
            assert!(!text.is_empty());
        }
        for (kind, number) in KINDS.into_iter().zip(1..) {
            assert_eq!((kind as i32, code_of(kind)), (number, -number));
            let name = texts(-number).unwrap().0.to_str().unwrap().replace("SW_ERR_", "");
            let camel = format!("{kind:?}").to_uppercase();
            assert_eq!(name.replace('_', ""), camel);
        }
        for unknown in [1, -24, i32::MIN, i32::MAX] {
            assert_eq!(texts(unknown), None);
        }
    }
}
