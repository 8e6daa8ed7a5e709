"""What a run came to: one word for scripts, one exit code for the shell."""

from __future__ import annotations

import re

from .. import OAuthFailure, errors, oauth_failure

EXIT_CODES = {
    "ok": 0,
    "answered": 0,
    "usage": 1,
    "unauthorized": 2,
    "network": 3,
    "refused": 4,
    "busy": 5,
    "no_answer": 6,
    "media_failed": 7,
    "other": 8,
}

_BY_KIND = {
    "InvalidArgument": "usage",
    "InvalidToken": "unauthorized",
    "Unauthorized": "unauthorized",
    "Network": "network",
    "Tls": "network",
    "Timeout": "network",
    "Rejected": "refused",
    "NotFound": "refused",
    "Media": "media_failed",
}

_KINDS = {kind: name for name, kind in errors.BY_KIND.items()}

_BY_END = {
    "REJECTED": "refused",
    "NOT_FOUND": "refused",
    "BUSY": "busy",
    "NO_ANSWER": "no_answer",
    "MEDIA_FAILED": "media_failed",
    "SIGNALING_FAILED": "network",
}


class Failure(Exception):
    """Why a run could not do what it was asked for."""

    def __init__(self, outcome: str, message: str, kind: str = "", code: int | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message
        self.kind = kind or outcome
        self.code = code

    @classmethod
    def of(cls, error: errors.SignalWireError) -> Failure:
        """The failure that an error of the library is."""
        kind = _KINDS.get(type(error), "Internal")
        name = re.sub(r"(?<!^)([A-Z])", r"_\1", kind).lower()
        return cls(_BY_KIND.get(kind, "other"), error.reason, name, error.code)

    @classmethod
    def of_login(cls, error: errors.SignalWireError) -> Failure:
        """The failure of a login, whose reason is a number of its own."""
        failure = cls.of(error)
        reason = None if error.code is None else oauth_failure(error.code)
        if reason in (OAuthFailure.NO_CALLBACK, OAuthFailure.PORT_TAKEN, OAuthFailure.CANCELLED):
            failure.outcome = "other"
        elif reason is not None:
            failure.outcome = "unauthorized"
        return failure


def of_call(end_kind: str, was_answered: bool) -> str:
    """The class of a call's end."""
    if end_kind in ("LOCAL_HANGUP", "REMOTE_HANGUP") and was_answered:
        return "answered"
    return _BY_END.get(end_kind, "other")
