"""One subscriber's connection to SignalWire."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from . import _native
from ._convert import awaited, guarded
from ._exit import mark_used
from .call import Call
from .credentials import Credentials
from .events import EventStream
from .lists import EntryList
from .messages import OutgoingMessage
from .options import (
    AddressQuery,
    ClientOptions,
    DialOptions,
    address_query,
    client_options,
    dial_options,
    one_of,
    text,
)
from .wake_up import ExpectedCall

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Client:
    """One subscriber's connection to SignalWire.

    ``async with Client(token) as client:`` connects on entering and disconnects on leaving;
    :meth:`connect` and :meth:`disconnect` do the same by hand. Methods may be called from any
    thread; each wait belongs to the event loop that it is made in.

    Only ``token`` is required: a subscriber access token. Further options, see
    :class:`ClientOptions`:

    - ``ws_url``, ``http_url``: replace the addresses that the token leads to.
    - ``ca_certificates_pem``: PEM text of additional trusted CA certificates.
    - ``agent``: name of the application, for the service's logs.
    - ``media_addresses``: local IP addresses that media may use, best first.
    - ``relay_only``: media goes through the service's TURN servers only, hiding local addresses;
      calls fail where there is no such server.
    - ``resume_from``: what :meth:`session_record` gave in a process that is gone; its calls come as
      the event ``CALL_RESTORED``. A damaged one raises :class:`InvalidArgumentError`.
    - ``watch_network``: notice by itself (on Linux) when the device's addresses change.
    - ``connect_timeout_ms``, ``request_timeout_ms``: 1 to 600000.

    Raises :class:`InvalidTokenError`, :class:`InvalidArgumentError`, :class:`TlsError`.
    """

    def __init__(self, token: str, **options: Unpack[ClientOptions]) -> None:
        self._native = guarded(_native.Client, client_options(token, options))
        mark_used()

    @classmethod
    def with_credentials(
        cls, credentials: Credentials, *, token: str = "", **options: Unpack[ClientOptions]
    ) -> Client:
        """A client that gets its tokens from ``credentials``; the options are those of the class.

        Each token is replaced 30 s before it expires, or when the service refuses it; calls stay
        up. ``token`` is the first one, if there is one already.
        """
        native = client_options(token, options)
        if not isinstance(credentials, Credentials):
            raise TypeError(f"credentials must be Credentials, not {type(credentials).__name__}")
        client = cls.__new__(cls)
        client._native = guarded(_native.Client.with_credentials, native, credentials._native)
        mark_used()
        return client

    async def update_token(self, token: str, *, expires_at: int | None = None) -> None:
        """Installs another token, which HTTP and the session use from now on; calls stay up.

        While the session is up the service is asked at once, and the earlier token stays in use if
        it refuses. ``expires_at`` is in seconds since 1970, if known. Raises
        :class:`InvalidTokenError`, :class:`UnauthorizedError`, :class:`ClosedError`.
        """
        await awaited(self._native.update_token(token, expires_at))

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

    async def addresses(self, **query: Unpack[AddressQuery]) -> _native.AddressPage:
        """Reads the first page of the addresses that the subscriber can see. Needs no session.

        The query may have ``address_type``, ``display_name``, ``page_size`` (1 to 1000),
        ``sort_by``, ``sort_order``. The page's ``links`` lead to the others, see
        :meth:`addresses_at`; :meth:`all_addresses` reads on by itself. Raises
        :class:`InvalidArgumentError` for the query, else as :meth:`subscriber_info`.
        """
        return await awaited(self._native.addresses(address_query(query)))

    async def addresses_at(self, link: str) -> _native.AddressPage:
        """Reads the page of the directory that a link of another page leads to.

        Raises :class:`ProtocolError` for a link to another host, which would get the token,
        :class:`NotFoundError` for a page that is gone, else as :meth:`subscriber_info`.
        """
        return await awaited(self._native.addresses_at(link))

    def all_addresses(self, **query: Unpack[AddressQuery]) -> EntryList[_native.Address]:
        """Every address that the query finds: ``async for address in client.all_addresses()``.

        Nothing is sent before the first is asked for, and exceptions of the query come then.
        """
        return EntryList(self._native.all_addresses(address_query(query)))

    async def address(self, id: str) -> _native.Address:
        """Reads one address by its id, always from the service.

        Raises :class:`NotFoundError` if there is none, or none that this subscriber can see,
        :class:`InvalidArgumentError` for an empty id, else as :meth:`subscriber_info`.
        """
        return await awaited(self._native.address(id))

    async def address_by_name(self, name: str) -> _native.Address:
        """Finds one address by its name, always at the service.

        ``name`` is ``/context/name``, such as ``/private/alice`` (a ``?channel=`` is ignored), or
        the name alone, which may exist in several contexts: the service's first is given. Raises
        :class:`NotFoundError`, :class:`InvalidArgumentError`, else as :meth:`subscriber_info`.
        """
        return await awaited(self._native.address_by_name(name))

    def cached_address(self, id: str) -> _native.Address | None:
        """The address of this id as it was read last in this session; asks nobody.

        The last 1024 addresses are kept, until a session is made anew or :meth:`update_token`.
        :meth:`address` reads it anew.
        """
        return guarded(self._native.cached_address, id)

    async def conversations(self, page_size: int | None = None) -> _native.ConversationPage:
        """Reads the first page of the subscriber's conversations. Needs no session.

        ``page_size`` is 1 to 1000. Raises :class:`InvalidArgumentError` for it, else as
        :meth:`subscriber_info`.
        """
        return await awaited(self._native.conversations(page_size))

    async def conversations_at(self, link: str) -> _native.ConversationPage:
        """Reads the page of conversations that a link leads to, as :meth:`addresses_at`."""
        return await awaited(self._native.conversations_at(link))

    def all_conversations(self) -> EntryList[_native.Conversation]:
        """Every conversation of the subscriber, for ``async for``."""
        return EntryList(self._native.all_conversations())

    async def join_conversation(
        self, address_id: str, from_address_id: str | None = None
    ) -> _native.Conversation:
        """Finds the conversation with an address, or begins it. Needs no session.

        ``from_address_id`` is the own address that takes part, by default the subscriber's first.
        Joining twice gives the same conversation. Raises :class:`InvalidArgumentError` for the own
        address, or when the subscriber has none, :class:`RejectedError` for an address that the
        service does not know, else as :meth:`subscriber_info`.
        """
        return await awaited(self._native.join_conversation(address_id, from_address_id))

    async def messages(
        self, conversation_id: str, page_size: int | None = None
    ) -> _native.MessagePage:
        """Reads the first page of a conversation's messages, with the calls among them.

        ``page_size`` is 1 to 1000. Needs no session. Raises :class:`NotFoundError` for an unknown
        conversation, :class:`InvalidArgumentError`, else as :meth:`subscriber_info`.
        """
        return await awaited(self._native.messages(conversation_id, page_size))

    async def messages_at(self, link: str) -> _native.MessagePage:
        """Reads the page of messages that a link leads to, as :meth:`addresses_at`."""
        return await awaited(self._native.messages_at(link))

    def all_messages(self, conversation_id: str) -> EntryList[_native.Message]:
        """Every message of a conversation, for ``async for``."""
        return EntryList(self._native.all_messages(conversation_id))

    def compose_message(
        self, conversation_id: str, from_address_id: str, text: str
    ) -> OutgoingMessage:
        """Makes a text message for a conversation; its :meth:`OutgoingMessage.send` sends it, once.

        The ids are the conversation's ``id`` and ``from_address_id``; the text has 1 to 65536
        bytes. Raises :class:`InvalidArgumentError` for an empty id or text.
        """
        make = self._native.compose_message
        return OutgoingMessage(guarded(make, conversation_id, from_address_id, text))

    async def create_invite(self, address_id: str, *, expires_at: int | None = None) -> str:
        """A token with which somebody who has none may call an address of this subscriber.

        For a link that is sent to them; needs no session. ``address_id`` is the id of one of the
        own addresses, as :meth:`subscriber_info` gives them. ``expires_at``: seconds since 1970; by
        default it is two hours from now. The result is a secret. Raises
        :class:`InvalidArgumentError`, :class:`RejectedError` for an address that is not the
        subscriber's or a time in the past, else as :meth:`subscriber_info`.
        """
        return await awaited(self._native.create_invite(address_id, expires_at))

    async def register_device(
        self, device_type: _native.DeviceType, device_token: str
    ) -> _native.Device:
        """Registers this device for push notifications of calls. Needs no session.

        ``device_token`` is what the platform gave. The answer's key opens the notifications: keep
        it where the platform keeps secrets. A device that is registered should not be online as
        well, or calls come twice; this client announces each once nevertheless. Newer deployments
        of the service send no notifications. Raises :class:`InvalidArgumentError` for an empty
        token, :class:`UncertainError` when the answer was lost (registering again is safe),
        :class:`NotFoundError` where the service has no push, :class:`RejectedError`, else as
        :meth:`subscriber_info`.
        """
        return await awaited(self._native.register_device(device_type, device_token))

    async def unregister_device(self, device_id: str) -> None:
        """Takes the registration of a device back. Needs no session.

        Raises :class:`NotFoundError` for an id that is not registered,
        :class:`InvalidArgumentError` for an empty one, else as :meth:`subscriber_info`.
        """
        await awaited(self._native.unregister_device(device_id))

    async def handle_push(
        self, notification: str, push_notification_key: str | None = None
    ) -> Call:
        """Takes the call that a notification of the service announces, and gives it, ringing.

        Decrypts the notification (the text of its JSON), connects if the client is not connected,
        and announces the call by the event ``IncomingCall`` unless it was announced before. The
        key is what :meth:`register_device` gave; by default what this client's own registration
        gave, else what the subscriber info says. Raises :class:`InvalidArgumentError` for another
        notification or a key that does not fit, :class:`NotSupportedError`,
        :class:`ProtocolError`, :class:`CallFailedError` if that call is over by now, and as
        :meth:`connect`.
        """
        work = self._native.handle_push(notification, push_notification_key)
        return Call(await awaited(work))

    def expect_call(self, call_id: str, deadline_ms: int = 20_000) -> ExpectedCall:
        """Waits for a call that was announced by a notification of the application's own backend.

        The result can be answered and rejected at once. The invite comes when the client is
        connected and online, or with :meth:`handle_push`; this does not connect. ``deadline_ms`` is
        1 to 600000. Raises :class:`InvalidArgumentError`, :class:`ClosedError` after
        :meth:`disconnect`, :class:`InvalidStateError` when 256 calls are expected.
        """
        return ExpectedCall(guarded(self._native.expect_call, call_id, deadline_ms))

    def dial(self, address: str, **options: Unpack[DialOptions]) -> Call:
        """Starts a call and gives it at once; ``await call.answered()`` waits for it.

        ``async with client.dial(address) as call:`` does both and hangs up at the end, also when
        it is cancelled. The options, see :class:`DialOptions`:

        - ``address``: ``/context/name`` with an optional ``?channel=audio`` or
          ``?channel=video``, ``+`` and an E.164 number, or ``sip:user@host``.
        - ``ring_timeout_ms``: longest time to the answer; 0 means no limit.
        - ``media_timeout_ms``: longest time from the answer to working media.
        - ``user_variables``: for the far side's scripts; anything that becomes a JSON object.
        - ``audio_codecs``: what to offer, best first; by default Opus, G.722, PCMU, PCMA.
        - ``opus_bitrate_bps``: 6000 to 510000.
        - ``audio_queue_ms``: how much pushed audio may wait to be sent, 40 to 10000; when it is
          full the oldest is dropped. 200 suits a live source, more whole sentences.
        - ``from_fabric_address_id``: the own address that the call is made from, which its log is
          attributed to.
        - ``node_id``: the media node that should host the call; the service may ignore it.
        - ``video``: whether the call has video, and in which directions; by default both ways if
          the address says ``?channel=video``, else none.
        - ``video_codecs``: what to offer, best first; by default VP8, H.264.
        - ``dtmf``: how digits are sent: ``DtmfMethod.INFO`` through the service (default), ``RTP``
          as telephone-events in the audio stream, ``AUTO`` there if that can be.
        - ``opus_complexity``: 1 (least work) to 10 (best sound at a given bitrate).
        - ``opus_dtx``: whether silence is left out instead of sent, which saves data and power.
        - ``packet_time_ms``: how long packets of audio should be, 10, 20, 40 or 60; 0: as the far
          side likes. The far side is asked to send such, and has the last word on what it gets.
        - ``statistics_interval_ms``: how often the event ``Statistics`` tells the numbers about the
          call, 100 to 3600000, from the first media to the end; 0 means never.

        Raises :class:`InvalidArgumentError`, :class:`NotSupportedError`,
        :class:`NotConnectedError`, :class:`ClosedError`.
        """
        return Call(guarded(self._native.dial, text("address", address), dial_options(options)))

    def dial_address(self, address: _native.Address, **options: Unpack[DialOptions]) -> Call:
        """Calls an entry of the directory by its best channel, see :func:`dial_string`.

        Options and exceptions as :meth:`dial`; :class:`NotSupportedError` if it has no channel
        for calls.
        """
        entry = one_of("address", address, _native.Address)
        return Call(guarded(self._native.dial_address, entry, dial_options(options)))

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

    def session_record(self) -> str:
        """The session and its answered calls, for ``resume_from`` of a client in another process.

        It is out of date with every event ``SESSION_READY`` and ``SESSION_RECORD_CHANGED`` and when
        a call is answered, ends or changes its media: store it anew then. A secret, like the
        token. Do not use it while this process lives: a session has one connection. Raises
        :class:`NotConnectedError` before the first connection, :class:`ClosedError` at the end.
        """
        return guarded(self._native.session_record)

    def network_changed(self) -> None:
        """Tells the client that the device's network changed; on Linux it notices by itself.

        The connection to the service is checked at once, and made anew if it is dead. Calls whose
        local address is gone make their media path anew. Raises :class:`ClosedError`.
        """
        guarded(self._native.network_changed)

    def set_do_not_disturb(self, mode: _native.DoNotDisturb) -> None:
        """Sets which calls that come in are refused as busy from now on, without being announced.

        Each is the event ``CallDeclined``. Calls that ring already ring on, and the subscriber's
        other devices ring in any case. Off at first.
        """
        guarded(self._native.set_do_not_disturb, mode)

    @property
    def connect_times(self) -> _native.ConnectTimes | None:
        """How long each step of the last connection to the service took; None before the first."""
        return self._native.connect_times()

    async def preflight(
        self, echo_address: str | None = None, *, call_ms: int = 6_000
    ) -> _native.PreflightReport:
        """Tests what a call needs, and connects if the client is not connected.

        It tries the way to the service, each of its STUN and TURN servers and, with
        ``echo_address`` (an address that answers and sends back what it hears; it is called and
        billed like any other), a call that sends a tone and listens for it ``call_ms`` (1000 to
        60000) milliseconds long. Whatever does not work is in the report, which says what to do
        about it. Cancelling the wait ends the test and hangs up its call.
        Raises :class:`InvalidArgumentError`, :class:`ClosedError` after :meth:`disconnect`.
        """
        options = _native.PreflightOptions(echo_address=echo_address, call_ms=call_ms)
        return await awaited(self._native.preflight(options))

    def diagnostics(self) -> str:
        """What happened to this client and its calls, as JSON to attach to a report of a problem.

        Version, platform, options, state, the last events by name, how long the last connection
        took, and :meth:`Call.diagnostics` of its calls, of the last eight that are over, too.
        Network addresses, host names and the numbers of calls are in it; tokens, keys, ICE and
        TURN credentials, messages, transcripts and names of people are not.
        """
        return self._native.diagnostics()

    def call(self, id: str) -> Call | None:
        """The call of this id, if it is this client's and not over."""
        call = guarded(self._native.call, id)
        return None if call is None else Call(call)

    def calls(self) -> list[Call]:
        """The calls of this client that are not over."""
        return [Call(call) for call in self._native.calls()]

    def __repr__(self) -> str:
        return f"<Client {self.state.name}>"


def dial_string(address: _native.Address) -> str | None:
    """What to dial for an entry of the directory: its best channel. None if it has none."""
    return guarded(_native.dial_string, one_of("address", address, _native.Address))


def shutdown() -> bool:
    """Ends the library: all clients with their calls, then every thread. Takes at most 8 s.

    It runs by itself at the end of the process. It blocks: from a coroutine use
    ``await asyncio.to_thread(shutdown)``. In an audio callback it does nothing and gives False.
    The library may be used again and starts anew.
    """
    return _native.shutdown()
