"""The exceptions of this package: one class for each kind of failure."""

from __future__ import annotations


class SignalWireError(Exception):
    """What failed. Catch a subclass to decide what to do; show ``reason`` to a person.

    Errors never contain tokens, passwords, keys or SDP.
    """

    reason: str
    """What went wrong and what to do about it."""
    code: int | None
    """The service's own code, if any: RPC error, HTTP status or hang-up cause."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason, code)
        self.reason = reason
        self.code = code

    def __str__(self) -> str:
        return self.reason if self.code is None else f"{self.reason} (code {self.code})"


class InvalidArgumentError(SignalWireError, ValueError):
    """An argument cannot be used: a bad address, option, PCM size or rate. Correct the call."""


class InvalidTokenError(SignalWireError, ValueError):
    """The token is not a SignalWire access token at all. Get a token and make a new client."""


class UnauthorizedError(SignalWireError):
    """The service refused the token: expired, revoked or of the wrong kind. Get a new token."""


class NotConnectedError(SignalWireError):
    """There is no connected session. Connect first, or wait for the reconnection."""


class InvalidStateError(SignalWireError):
    """The object is in a state that does not allow this, such as digits on an ended call."""


class TimedOutError(SignalWireError):
    """No answer came in time. The state is unchanged; trying again is safe."""


class NetworkError(SignalWireError):
    """The network failed: unknown host, refused or lost connection. Check it, then retry."""


class TlsError(SignalWireError):
    """TLS failed: the certificate is not trusted or does not match the host.

    For a private deployment pass its CA certificate: ``Client(..., ca_certificates_pem=...)``.
    """


class ProtocolError(SignalWireError):
    """The server sent something that cannot be understood. Report it with the reason."""


class RejectedError(SignalWireError):
    """The service understood and refused. ``code`` holds its code."""


class NotFoundError(SignalWireError):
    """What was asked for does not exist: an address, a subscriber."""


class RateLimitedError(SignalWireError):
    """Too many requests. Wait before the next one."""


class ServerError(SignalWireError):
    """The service failed (HTTP 5xx or an internal RPC error). Retry later."""


class MediaError(SignalWireError):
    """Media could not be set up or was lost: ICE, DTLS, codecs, files."""


class NotSupportedError(SignalWireError):
    """Not built in this version or not offered by this platform."""


class GivenUpError(SignalWireError):
    """The operation was given up because its object was freed or the library shuts down."""


class ClosedError(SignalWireError):
    """The object has ended: a closed client, an ended call."""


class InternalError(SignalWireError):
    """A defect of this library. Report it with the reason."""


class InvalidHandleError(SignalWireError):
    """A call object was used that the library does not know."""


class InCallbackError(SignalWireError):
    """A blocking function was called inside a callback."""


class ForkedError(SignalWireError):
    """The process was forked after the library was used; make a new client in the child."""


class CallFailedError(SignalWireError):
    """The call was refused or ended before it was answered. ``code`` holds the hang-up cause."""


class UncertainError(SignalWireError):
    """The answer was lost: the service may have carried the request out or not.

    Look before repeating it.
    """


BY_KIND: dict[str, type[SignalWireError]] = {
    "InvalidArgument": InvalidArgumentError,
    "InvalidToken": InvalidTokenError,
    "Unauthorized": UnauthorizedError,
    "NotConnected": NotConnectedError,
    "InvalidState": InvalidStateError,
    "Timeout": TimedOutError,
    "Network": NetworkError,
    "Tls": TlsError,
    "Protocol": ProtocolError,
    "Rejected": RejectedError,
    "NotFound": NotFoundError,
    "RateLimited": RateLimitedError,
    "Server": ServerError,
    "Media": MediaError,
    "NotSupported": NotSupportedError,
    "Cancelled": GivenUpError,
    "Closed": ClosedError,
    "Internal": InternalError,
    "InvalidHandle": InvalidHandleError,
    "InCallback": InCallbackError,
    "Forked": ForkedError,
    "CallFailed": CallFailedError,
    "Uncertain": UncertainError,
}
"""The class for each kind, by the kind's name in the library."""

__all__ = [
    "CallFailedError",
    "ClosedError",
    "ForkedError",
    "GivenUpError",
    "InCallbackError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidHandleError",
    "InvalidStateError",
    "InvalidTokenError",
    "MediaError",
    "NetworkError",
    "NotConnectedError",
    "NotFoundError",
    "NotSupportedError",
    "ProtocolError",
    "RateLimitedError",
    "RejectedError",
    "ServerError",
    "SignalWireError",
    "TimedOutError",
    "TlsError",
    "UnauthorizedError",
    "UncertainError",
]
