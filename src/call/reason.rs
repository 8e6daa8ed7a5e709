//! Hang-up causes: what ended a call, in words and as a class.

use super::event::{EndKind, EndReason};
use crate::error::{Error, ErrorKind};

/// A cause as it goes over the wire (ITU-T Q.850; 487 and up are FreeSWITCH's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) name: &'static str,
    pub(crate) code: i32,
}

pub(crate) const NORMAL_CLEARING: Cause = Cause { name: "NORMAL_CLEARING", code: 16 };
pub(crate) const USER_BUSY: Cause = Cause { name: "USER_BUSY", code: 17 };
/// Makes the service stop ringing the subscriber's other devices too (signalwire-js
/// BaseConnection.ts).
pub(crate) const REJECT_ALL: Cause = Cause { name: "REJECT_ALL", code: 825 };
pub(crate) const MEDIA_TIMEOUT: Cause = Cause { name: "MEDIA_TIMEOUT", code: 804 };
pub(crate) const INCOMPATIBLE_DESTINATION: Cause =
    Cause { name: "INCOMPATIBLE_DESTINATION", code: 88 };
pub(crate) const NO_ANSWER: Cause = Cause { name: "NO_ANSWER", code: 19 };

impl EndReason {
    /// The error for whoever waited for the answer.
    pub(crate) fn into_error(self) -> Error {
        let kind = match self.kind {
            EndKind::Shutdown => ErrorKind::Cancelled,
            _ => ErrorKind::CallFailed,
        };
        Error::new(kind, self.message).with_code(self.code)
    }
}

fn reason(kind: EndKind, cause: Cause, message: impl Into<String>) -> EndReason {
    EndReason { kind, cause: cause.name.to_owned(), code: cause.code, message: message.into() }
}

pub(crate) fn local_hangup() -> EndReason {
    reason(EndKind::LocalHangup, NORMAL_CLEARING, "hung up here")
}

/// This side refused a call that came in.
pub(crate) fn declined(cause: Cause) -> EndReason {
    reason(EndKind::LocalHangup, cause, "refused here")
}

/// The service did not take our answer.
pub(crate) fn answer_refused(error: &Error) -> EndReason {
    EndReason {
        kind: EndKind::SignalingFailed,
        cause: "NORMAL_TEMPORARY_FAILURE".to_owned(),
        code: error.code().unwrap_or(41),
        message: format!("the answer was not taken: {}", error.message()),
    }
}

/// The caller's `verto.bye` before our answer. Losing the race for a call that rings on several
/// devices is 502, 503 or 702 in FreeSWITCH (`switch_types.h`).
pub(crate) fn withdrawn(cause: String, code: i32) -> EndReason {
    let (kind, message) = match code {
        502 | 503 | 702 => (EndKind::AnsweredElsewhere, "answered on another device"),
        88 => (EndKind::MediaFailed, "no common way to carry media was found"),
        _ => (EndKind::Cancelled, "the caller gave up"),
    };
    EndReason { kind, message: format!("{message} ({cause})"), cause, code }
}

/// The session was away while the call rang, and nothing was heard of the caller since.
pub(crate) fn caller_unknown() -> EndReason {
    let message = "the connection was lost while the call rang; the caller may have given up";
    reason(EndKind::Cancelled, NO_ANSWER, message)
}

pub(crate) fn no_answer() -> EndReason {
    reason(EndKind::NoAnswer, NO_ANSWER, "nobody answered within the ring time-out")
}

pub(crate) fn shutdown() -> EndReason {
    reason(EndKind::Shutdown, NORMAL_CLEARING, "the client was shut down")
}

pub(crate) fn media_failed(message: &str) -> EndReason {
    reason(EndKind::MediaFailed, MEDIA_TIMEOUT, message)
}

/// No description of media could be made: of a dialled call the far side never hears.
pub(crate) fn no_media(message: &str) -> EndReason {
    reason(EndKind::MediaFailed, INCOMPATIBLE_DESTINATION, message)
}

/// The service refused the invite, or the session is lost for good.
pub(crate) fn signaling_failed(error: &Error) -> EndReason {
    EndReason {
        kind: match error.kind() {
            ErrorKind::NotFound => EndKind::NotFound,
            _ => EndKind::SignalingFailed,
        },
        cause: "NORMAL_TEMPORARY_FAILURE".to_owned(),
        code: error.code().unwrap_or(41),
        message: error.message().to_owned(),
    }
}

/// The far side's `verto.bye`.
pub(crate) fn remote(cause: String, code: i32, was_answered: bool) -> EndReason {
    let (kind, message) = match code {
        88 => (EndKind::MediaFailed, "no common way to carry media was found"),
        804 => (EndKind::MediaFailed, "the far side received no media"),
        702 => (EndKind::AnsweredElsewhere, "answered on another device"),
        _ if was_answered => (EndKind::RemoteHangup, "the far side hung up"),
        1..=3 => (EndKind::NotFound, "there is no such address, or it cannot be reached"),
        17 => (EndKind::Busy, "the far side is busy"),
        18..=20 => (EndKind::NoAnswer, "nobody answered"),
        487 => (EndKind::Cancelled, "the call was given up"),
        16 | 21 | 825 => (EndKind::Rejected, "the far side refused the call"),
        _ => (EndKind::Rejected, "the call was refused"),
    };
    EndReason { kind, message: format!("{message} ({cause})"), cause, code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_have_a_class_that_depends_on_the_answer() {
        for (code, was_answered, kind) in [
            (16, true, EndKind::RemoteHangup),
            (16, false, EndKind::Rejected),
            (21, false, EndKind::Rejected),
            (17, false, EndKind::Busy),
            (3, false, EndKind::NotFound),
            (3, true, EndKind::RemoteHangup),
            (19, false, EndKind::NoAnswer),
            (487, false, EndKind::Cancelled),
            (88, false, EndKind::MediaFailed),
            (88, true, EndKind::MediaFailed),
            (702, false, EndKind::AnsweredElsewhere),
            (9999, false, EndKind::Rejected),
        ] {
            assert_eq!(remote("X".into(), code, was_answered).kind, kind, "{code}");
        }
    }
}
