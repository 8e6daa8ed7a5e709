"""Where a client's tokens come from: the application, a login, or a click-to-call token."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol, TypeVar

from . import _native
from ._convert import awaited, guarded
from ._exit import mark_used
from .errors import InvalidTokenError, UnauthorizedError

T = TypeVar("T")


class AccessToken(NamedTuple):
    """A subscriber access token, and until when it is good."""

    token: str
    """The token. :func:`repr` does not show it."""
    expires_at: int | None = None
    """Seconds since 1970, if known; the service says it otherwise."""

    def __repr__(self) -> str:
        return f"AccessToken(<redacted>, expires_at={self.expires_at})"


TokenSource = Callable[[_native.TokenReason, "str | None"], "Awaitable[AccessToken | str]"]
"""An ``async def`` that is given the reason and, if there is a device key, its thumbprint."""


class _Provider(_native.CredentialProvider):
    """Runs a coroutine of the application in its event loop, and tells its end."""

    def __init__(self, source: TokenSource, loop: asyncio.AbstractEventLoop) -> None:
        self._source = source
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()

    def request_token(
        self, reason: _native.TokenReason, fingerprint: str | None, reply: _native.TokenReply
    ) -> None:
        def start() -> None:
            task = self._loop.create_task(self._answer(reason, fingerprint, reply))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        try:
            self._loop.call_soon_threadsafe(start)
        except RuntimeError:
            reply.fail("the event loop of the credentials is closed", True)

    async def _answer(
        self, reason: _native.TokenReason, fingerprint: str | None, reply: _native.TokenReply
    ) -> None:
        try:
            token = await self._source(reason, fingerprint)
        except (UnauthorizedError, InvalidTokenError) as error:
            reply.fail(error.reason, True)
        except Exception as error:
            reply.fail(f"the token source failed: {type(error).__name__}", False)
        except asyncio.CancelledError:
            reply.fail("the token source was cancelled", False)
            raise
        else:
            given = AccessToken(token) if isinstance(token, str) else token
            reply.give(given.token, given.expires_at)


class DeviceKey:
    """An RSA key of this installation: a token that is bound to it is of no use to anybody else.

    Make it once, keep :meth:`to_pkcs8` where the platform keeps secrets (a keyring, a file that
    only its owner can read), and read it back at the next start. The backend passes ``thumbprint``
    as ``fingerprint``, with ``scope="sat:refresh"``, when it makes a token; the client then renews
    that token by itself. Source: RFC 9449 and RFC 7638.
    """

    def __init__(self, native: _native.DeviceKey) -> None:
        self._native = native

    @classmethod
    async def generate(cls) -> DeviceKey:
        """Makes a new key, on another thread: it takes some tenths of a second."""
        return cls(await asyncio.to_thread(guarded, _native.DeviceKey.generate))

    @classmethod
    def from_pkcs8(cls, pkcs8: bytes) -> DeviceKey:
        """Reads an RSA key of 2048 bits or more, unencrypted, in DER.

        Raises :class:`InvalidArgumentError` for anything else.
        """
        return cls(guarded(_native.DeviceKey.from_pkcs8, pkcs8))

    def to_pkcs8(self) -> bytes:
        """The private key in DER. A secret."""
        return self._native.to_pkcs8()

    @property
    def thumbprint(self) -> str:
        """The key's thumbprint (RFC 7638, SHA-256): 43 characters of base64url."""
        return self._native.thumbprint()

    def __repr__(self) -> str:
        return f"DeviceKey({self.thumbprint})"


class Credentials:
    """How a client proves who it is, for :meth:`Client.with_credentials`."""

    def __init__(self, native: _native.Credentials) -> None:
        self._native = native

    @classmethod
    def provider(cls, source: TokenSource) -> Credentials:
        """Tokens from a coroutine of the application, which asks its backend for one.

        ``source`` is awaited in the event loop that is running now, whenever a token is needed: the
        first one, 30 s before the present one expires, and when the service refuses it. It gives
        an :class:`AccessToken` or just the text. :class:`UnauthorizedError` from it is final;
        after any other exception the client asks again. It is given up after 30 s.
        """
        provider = _Provider(source, asyncio.get_running_loop())
        return cls(_native.Credentials.provider(provider))

    @classmethod
    def embed(
        cls, host: str, embed_token: str, *, ca_certificates_pem: str | None = None
    ) -> Credentials:
        """A click-to-call token (``c2c_…``) of the space ``host``, exchanged for a guest's token.

        Raises :class:`InvalidArgumentError`, :class:`TlsError`.
        """
        return cls(guarded(_native.Credentials.embed, host, embed_token, ca_certificates_pem))

    @classmethod
    def token(cls, token: str, *, expires_at: int | None = None) -> Credentials:
        """One token, and until when it is good (seconds since 1970) if that is known."""
        return cls(_native.Credentials.token(token, expires_at))

    def bound_to(self, key: DeviceKey) -> Credentials:
        """The same for a client that proves with every connection that it has this key.

        A token with the scope ``sat:refresh`` is exchanged for one that is bound to the key before
        ``connect`` is done, and renewed with the key alone from then on. If the exchange fails,
        ``connect`` does. A token without the scope is used as it is, and the event
        ``TOKEN_NOT_BOUND`` says so; once a client was bound, that ends the session.
        """
        return Credentials(self._native.bound_to(key._native))


class TokenStore(Protocol):
    """Where the tokens of a login are kept between two runs.

    The text holds secrets: keep it in a keyring, or in a file that only its owner can read. The
    methods are called on a thread of the library, one at a time, and may raise anything.
    """

    def load(self) -> str | None:
        """The text of the last :meth:`save`; ``None`` before the first and after :meth:`clear`."""

    def save(self, text: str) -> None:
        """Keeps a text in place of the earlier one, which is no longer good."""

    def clear(self) -> None:
        """Forgets everything: the user is logged out."""


class MemoryTokenStore:
    """A store that lasts as long as the program."""

    def __init__(self, tokens: _native.OAuthTokens | None = None) -> None:
        self._text = None if tokens is None else tokens.to_text()
        self._lock = threading.Lock()

    def load(self) -> str | None:
        with self._lock:
            return self._text

    def save(self, text: str) -> None:
        with self._lock:
            self._text = text

    def clear(self) -> None:
        with self._lock:
            self._text = None


class _Store(_native.TokenStore):
    """A store whose exceptions the library understands."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store

    def load(self) -> str | None:
        return _reported(self._store.load)

    def save(self, text: str) -> None:
        _reported(lambda: self._store.save(text))

    def clear(self) -> None:
        _reported(self._store.clear)


def _reported(work: Callable[[], T]) -> T:
    try:
        return work()
    except Exception as error:
        failed: type[Exception] = getattr(_native.CallbackError, "Failed")  # noqa: B009
        raise failed(type(error).__name__) from error


class OAuth:
    """Logs users in with the system's browser, and renews what that gave.

    ``redirect_uri`` is as it is registered with the ``client_id``: ``http://127.0.0.1:0/callback``
    for :meth:`login`, or a scheme of the application's own for :meth:`begin` and :meth:`complete`.
    The endpoints are SignalWire's unless given. PKCE is always used.

    The ``code`` of an exception of a login is the number of its reason; :func:`oauth_failure` gives
    the :class:`OAuthFailure`. Raises :class:`InvalidArgumentError`, :class:`TlsError`.
    """

    def __init__(
        self,
        client_id: str,
        redirect_uri: str,
        *,
        scopes: tuple[str, ...] = (),
        authorize_url: str | None = None,
        token_url: str | None = None,
        extra_parameters: dict[str, str] | None = None,
        ca_certificates_pem: str | None = None,
        flow_lifetime_ms: int = 900_000,
    ) -> None:
        config = _native.OAuthConfig(
            client_id=client_id,
            redirect_uri=redirect_uri,
            scopes=list(scopes),
            authorize_url=authorize_url,
            token_url=token_url,
            extra_parameters=dict(extra_parameters or {}),
            ca_certificates_pem=ca_certificates_pem,
            flow_lifetime_ms=flow_lifetime_ms,
        )
        self._native = guarded(_native.OAuth, config)
        mark_used()

    def begin(self) -> _native.OAuthFlow:
        """Begins a login; open its ``authorize_url()`` in the system's browser."""
        return guarded(self._native.begin)

    def is_callback(self, url: str) -> bool:
        """Whether a URL that the application was opened with is the answer to a login."""
        return self._native.is_callback(url)

    async def complete(self, callback_url: str) -> _native.OAuthTokens:
        """Completes a login with the URL that the browser returned to. It is spent by it."""
        return await awaited(self._native.complete(callback_url))

    async def login(
        self, open_browser: Callable[[str], object], *, timeout_ms: int = 300_000
    ) -> _native.OAuthTokens:
        """Listens on this machine, calls ``open_browser`` with the URL, and waits for the browser.

        ``webbrowser.open`` of the standard library is such a function. Cancelling the wait gives
        the login up.
        """
        login = guarded(self._native.begin_loopback)
        try:
            open_browser(login.authorize_url())
            return await awaited(login.finish(timeout_ms))
        finally:
            login.cancel()

    async def refresh(self, tokens: _native.OAuthTokens) -> _native.OAuthTokens:
        """Gets new tokens for the refresh token of these. Keep what comes back at once."""
        return await awaited(self._native.refresh(tokens))

    def cancel(self, flow: _native.OAuthFlow) -> None:
        """Gives a login up."""
        self._native.cancel(flow)

    def credentials(self, store: TokenStore) -> Credentials:
        """Credentials whose tokens are taken from ``store`` and renewed.

        Each new pair is saved before it is used. Save ``tokens.to_text()`` of a login before the
        client connects. When the refresh token is refused the store is cleared.
        """
        return Credentials(self._native.credentials(_Store(store)))
