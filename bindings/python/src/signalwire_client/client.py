"""One subscriber's connection to SignalWire."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Iterable, Mapping
from types import TracebackType

from . import _native
from ._convert import awaited, guarded
from .call import Call
from .events import EventStream


class Client:
    """One subscriber's connection to SignalWire.

    ``async with Client(token) as client:`` connects on entering and disconnects on leaving;
    :meth:`connect` and :meth:`disconnect` do the same by hand. Methods may be called from any
    thread; each wait belongs to the event loop that it is made in.

    Only ``token`` is required: a subscriber access token. Further options:

    - ``ws_url``, ``http_url``: replace the addresses that the token leads to.
    - ``ca_certificates_pem``: PEM text of additional trusted CA certificates.
    - ``agent``: name of the application, for the service's logs.
    - ``media_addresses``: local IP addresses that media may use, best first.
    - ``relay_only``: media goes through the service's TURN servers only, hiding local addresses;
      calls fail where there is no such server.
    - ``connect_timeout_ms``, ``request_timeout_ms``: 1 to 600000.

    Raises :class:`InvalidTokenError`, :class:`InvalidArgumentError`, :class:`TlsError`.
    """

    def __init__(
        self,
        token: str,
        *,
        ws_url: str | None = None,
        http_url: str | None = None,
        ca_certificates_pem: str | None = None,
        agent: str | None = None,
        media_addresses: Iterable[str] = (),
        relay_only: bool = False,
        connect_timeout_ms: int = 15_000,
        request_timeout_ms: int = 10_000,
    ) -> None:
        options = _native.ClientOptions(
            token=token,
            ws_url=ws_url,
            http_url=http_url,
            ca_certificates_pem=ca_certificates_pem,
            agent=agent,
            media_addresses=list(media_addresses),
            relay_only=relay_only,
            connect_timeout_ms=connect_timeout_ms,
            request_timeout_ms=request_timeout_ms,
        )
        self._native = guarded(_native.Client, options)
        global _used_in_process
        _used_in_process = os.getpid()

    async def __aenter__(self) -> Client:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.disconnect()

    async def connect(self) -> None:
        """Opens the session and waits until the service authorized it.

        From then on a lost connection is made again by itself. Connecting a connected client
        does nothing. Raises :class:`NetworkError`, :class:`TlsError`, :class:`UnauthorizedError`,
        :class:`TimedOutError`, :class:`ProtocolError`, :class:`ClosedError`.
        """
        await awaited(self._native.connect())

    async def disconnect(self) -> None:
        """Ends all calls, closes the session and waits until both are done, at most 5 s. Final."""
        await awaited(self._native.disconnect())

    @property
    def state(self) -> _native.ClientState:
        """Where the client stands at this moment."""
        return self._native.state()

    def events(self) -> EventStream[_native.ClientEvent]:
        """A stream of this client's events; the first one holds everything since it was made."""
        return EventStream(self._native.events())

    async def subscriber_info(self) -> _native.Subscriber:
        """Reads the subscriber that the token belongs to. Needs no session.

        Raises :class:`UnauthorizedError`, :class:`NetworkError`, :class:`TlsError`,
        :class:`TimedOutError`, :class:`RateLimitedError`, :class:`ServerError`,
        :class:`ProtocolError`.
        """
        return await awaited(self._native.subscriber_info())

    async def addresses(
        self,
        *,
        address_type: _native.AddressType | None = None,
        display_name: str | None = None,
        page_size: int | None = None,
    ) -> _native.AddressPage:
        """Reads the first page of the addresses that the subscriber can see. Needs no session.

        ``page_size`` is 1 to 1000. Raises :class:`InvalidArgumentError` for the query, else as
        :meth:`subscriber_info`.
        """
        query = _native.AddressQuery(
            address_type=address_type, display_name=display_name, page_size=page_size
        )
        return await awaited(self._native.addresses(query))

    def dial(
        self,
        address: str,
        *,
        ring_timeout_ms: int = 0,
        media_timeout_ms: int = 15_000,
        user_variables: Mapping[str, object] | None = None,
        audio_codecs: Iterable[_native.AudioCodec] = (),
        opus_bitrate_bps: int = 32_000,
        audio_queue_ms: int = 200,
        dtmf: _native.DtmfMethod | None = None,
        opus_complexity: int = 5,
        opus_dtx: bool = False,
    ) -> Call:
        """Starts an audio call and gives it at once; ``await call.answered()`` waits for it.

        - ``address``: ``/context/name`` with an optional ``?channel=audio``, ``+`` and an E.164
          number, or ``sip:user@host``.
        - ``ring_timeout_ms``: longest time to the answer; 0 means no limit.
        - ``media_timeout_ms``: longest time from the answer to working media.
        - ``user_variables``: for the far side's scripts; anything that becomes a JSON object.
        - ``audio_codecs``: what to offer, best first; by default Opus, PCMU, PCMA.
        - ``opus_bitrate_bps``: 6000 to 510000.
        - ``audio_queue_ms``: how much pushed audio may wait to be sent, 40 to 10000; when it is
          full the oldest is dropped. 200 suits a live source, more whole sentences.
        - ``dtmf``: how digits are sent: ``DtmfMethod.INFO`` through the service (default), ``RTP``
          as telephone-events in the audio stream, ``AUTO`` there if that can be.
        - ``opus_complexity``: 1 (least work) to 10 (best sound at a given bitrate).
        - ``opus_dtx``: whether silence is left out instead of sent, which saves data and power.

        Raises :class:`InvalidArgumentError`, :class:`NotSupportedError`,
        :class:`NotConnectedError`, :class:`ClosedError`.
        """
        variables = None if user_variables is None else json.dumps(dict(user_variables))
        options = _native.DialOptions(
            ring_timeout_ms=ring_timeout_ms,
            media_timeout_ms=media_timeout_ms,
            user_variables_json=variables,
            audio_codecs=list(audio_codecs),
            opus_bitrate_bps=opus_bitrate_bps,
            audio_queue_ms=audio_queue_ms,
            dtmf=dtmf,
            opus_complexity=opus_complexity,
            opus_dtx=opus_dtx,
        )
        return Call(guarded(self._native.dial, address, options))

    async def online(self) -> None:
        """Makes this client reachable: calls come in as the event ``IncomingCall`` from now on.

        That holds after a reconnection too. :meth:`call` gives the call of the event. Being online
        twice does nothing. Raises :class:`NotConnectedError`, :class:`RejectedError` (guest and
        invite tokens cannot be called), :class:`TimedOutError`, :class:`ClosedError`.
        """
        await awaited(self._native.online())

    async def offline(self) -> None:
        """Undoes :meth:`online`; calls that are up go on. Raises as there."""
        await awaited(self._native.offline())

    def call(self, id: str) -> Call | None:
        """The call of this id, if it is this client's and not over."""
        call = self._native.call(id)
        return None if call is None else Call(call)

    def calls(self) -> list[Call]:
        """The calls of this client that are not over."""
        return [Call(call) for call in self._native.calls()]

    def __repr__(self) -> str:
        return f"<Client {self.state.name}>"


def shutdown() -> bool:
    """Ends the library: all clients with their calls, then every thread. Takes at most 8 s.

    It runs by itself at the end of the process. It blocks: from a coroutine use
    ``await asyncio.to_thread(shutdown)``. In an audio callback it does nothing and gives False.
    The library may be used again and starts anew.
    """
    return _native.shutdown()


_used_in_process = 0
"""The process that made a client last; a forked child has nothing to shut down."""


def _shutdown_at_exit() -> None:
    if os.getpid() == _used_in_process:
        shutdown()


# A thread of the library that is inside a callback while the interpreter ends would abort the
# process; the library must end first.
atexit.register(_shutdown_at_exit)
