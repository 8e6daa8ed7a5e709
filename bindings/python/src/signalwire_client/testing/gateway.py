"""The gateway as an object."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import itertools
import json
import os
import queue
import re
import shutil
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .. import Client

START_LIMIT = 20.0
"""Seconds in which the gateway has to be there; it takes a few milliseconds."""

MISSING = (
    "the test gateway is not installed: pip install 'signalwire-client[testing]', or let the"
    " environment variable SW_GATEWAY_BIN name the program sw-gateway"
)


class GatewayError(Exception):
    """The gateway is missing, did not start, or refused a request; the text says what to do."""


@dataclass(frozen=True)
class Subscriber:
    """A subscriber of the gateway."""

    reference: str
    """By what the token was asked for, such as ``alice@example.com``."""
    token: str = field(repr=False)
    """An access token. It is good at this gateway only."""

    @property
    def address(self) -> str:
        """What others dial to reach this subscriber, such as ``/private/alice-example-com``."""
        return "/private/" + re.sub(r"[^A-Za-z0-9-]", "-", self.reference).lower()


@dataclass
class Gateway:
    """A running gateway. Made by :func:`run_gateway`.

    Its methods speak to it over loopback and block for about a millisecond; all of them may be
    called from any thread, and they raise :class:`GatewayError`.

    It answers ``/public/echo`` (the media come back), ``/public/tone`` (440 Hz),
    ``/public/record`` (keeps what comes), ``/public/reject``, ``/public/busy``, ``/public/slow``
    (rings 3 s), ``/public/never`` (rings for ever), ``/public/bye`` (hangs up after 1 s),
    ``/public/room``, ``/public/agent``, and ``/private/…`` of subscribers that are online.
    """

    ws_url: str
    """Where clients connect."""
    http_url: str
    """Where its REST interface and its controls are."""
    ca_pem: str
    """The certificate to trust."""
    ca_file: str
    """The same as a file."""
    default_token: str = field(repr=False)
    """A token of ``alice@example.com``."""
    project: str
    """The project id, for the REST interface of backends."""
    api_token: str = field(repr=False)
    """Its secret."""
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def options(self) -> dict[str, Any]:
        """The options of :class:`Client` that lead to this gateway."""
        return {
            "ws_url": self.ws_url,
            "http_url": self.http_url,
            "ca_certificates_pem": self.ca_pem,
            "media_addresses": ["127.0.0.1"],
        }

    def environment(self, token: str | None = None) -> dict[str, str]:
        """The variables that lead the examples and the command line to this gateway."""
        return {
            "SW_TOKEN": token or self.default_token,
            "SW_WS_URL": self.ws_url,
            "SW_HTTP_URL": self.http_url,
            "SW_CA_FILE": self.ca_file,
        }

    def client(self, token: str | Subscriber | None = None, **options: Any) -> Client:
        """A client of this gateway that is not connected yet; ``options`` as of :class:`Client`.

        Without a token it has that of a subscriber of its own.
        """
        from .. import Client

        if token is None:
            token = self.subscriber()
        text = token.token if isinstance(token, Subscriber) else token
        return Client(text, **(self.options() | options))

    def subscriber(self, reference: str | None = None, *, ttl: int = 3600) -> Subscriber:
        """A subscriber with a token that is good for ``ttl`` seconds; by default a new one."""
        if reference is None:
            reference = f"user-{next(self._numbers)}-{os.getpid()}@example.com"
        return Subscriber(reference, self.token(reference, ttl))

    def token(self, reference: str = "python@example.com", ttl: int = 3600) -> str:
        """An access token; expired already when ``ttl`` is negative."""
        return str(self._post("/_gateway/token", reference=reference, ttl=ttl)["token"])

    def call_subscriber(
        self, subscriber: Subscriber | str | None = None, *, source: str = "echo", **members: Any
    ) -> str:
        """Calls a subscriber that is online, and gives the call's id (the first one's, of several).

        ``source`` is what the caller sends: ``echo`` of what it hears, ``tone`` (440 Hz) or
        ``silence``. None calls everybody who is online. Further members: ``from`` (the caller),
        ``video``, ``telephone_events`` (needed for :meth:`press_keys`). Raises when nobody is
        online.
        """
        if isinstance(subscriber, Subscriber):
            subscriber = subscriber.reference
        if subscriber is not None:
            members["reference"] = subscriber
        return str(self.fault("call_client", source=source, **members)["calls"][0])

    def press_keys(self, digits: str, *, call_id: str | None = None, duration_ms: int = 100) -> int:
        """The far side presses keys: telephone-events in the audio. Gives how many calls hear."""
        named = {} if call_id is None else {"call_id": call_id}
        answer = self.fault("press_keys", digits=digits, duration_ms=duration_ms, **named)
        return int(answer.get("calls", 0))

    def hang_up(self, call_id: str | None = None, **members: Any) -> None:
        """The far side hangs up: one call, or all. Members: ``cause_code``, ``cause``."""
        named = {} if call_id is None else {"call_id": call_id}
        self.fault("hang_up", **named, **members)

    def fault(self, fault: str, /, **members: Any) -> dict[str, Any]:
        """Lets something happen, and gives the gateway's answer.

        The most useful ones; ``call_id`` may name one call, else all are meant:

        - ``drop_sockets``: all sessions lose their connection. ``refuse_sockets`` (``ms``): nobody
          can connect for this long. ``half_open``: connections that are dead without a sign.
        - ``stale_resume``: the next session that comes back is unknown. ``forget_sessions``.
        - ``delay_answers`` (``ms``), ``ignore_requests`` (``method``, ``count``): slow, or silent.
        - ``expire_token``: tokens expire now. ``fail_http`` (``status``, ``count``, ``path``).
        - ``drop_media`` (``on``): no media in or out. ``impair_media`` (``loss`` 0 to 1,
          ``delay_ms``, ``jitter_ms``): a bad network.
        - ``hang_up``, ``press_keys``, ``call_client``: see the methods of these names.
        - ``send_event`` (``event_type``, ``params``), ``malformed``, ``unknown_event``: odd things.
        - ``clear``: ends what lasts.
        """
        return self._post("/_gateway/fault", fault=fault, **members)

    def clear_faults(self) -> None:
        """Ends all faults that last; media that were impaired or dropped flow again."""
        self.fault("clear")
        self.fault("impair_media", loss=0, delay_ms=0, jitter_ms=0)
        self.fault("drop_media", on=False)

    def state(self) -> dict[str, Any]:
        """What the gateway knows: ``sessions``, ``calls``, ``invites``, ``violations``, counters.

        ``violations`` are requests that no proper client sends.
        """
        return self._request("/_gateway/state", None)

    def call(self, call_id: str) -> dict[str, Any]:
        """What the gateway knows about a call.

        Among it: ``state`` (created, ringing, early, answered, ended), ``digits`` and
        ``rtp_digits`` (what was pressed here), ``user_variables``, ``held``, ``audio_muted``, and
        of the audio that it hears ``frequency`` (Hz, 0 for silence) and ``level`` (0 to 1).
        """
        for call in self.state()["calls"]:
            if call["call_id"] == call_id:
                return dict(call)
        raise GatewayError(f"the gateway has no call {call_id}")

    async def until(self, condition: Callable[[Gateway], object], *, seconds: float = 15.0) -> Any:
        """Waits for something at the gateway and gives what the condition gave, which is true.

        ``await gateway.until(lambda gateway: gateway.call(id)["digits"] == "12#")``. Raises
        :class:`asyncio.TimeoutError`. A condition that raises :class:`GatewayError`, as for a call
        that is not there yet, is not true yet.
        """
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(GatewayError):
                if value := condition(self):
                    return value
            if time.monotonic() > deadline:
                raise asyncio.TimeoutError("it did not come true at the gateway in time")
            await asyncio.sleep(0.02)

    def recording(self, call_id: str) -> bytes:
        """What a client said in a call to ``/public/record`` or from the gateway: a WAV file."""
        return self._read(f"/_gateway/calls/{urllib.parse.quote(call_id)}/recording.wav", None)

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        return self._request(path, json.dumps(body).encode())

    def _request(self, path: str, body: bytes | None) -> dict[str, Any]:
        return dict(json.loads(self._read(path, body)))

    def _read(self, path: str, body: bytes | None) -> bytes:
        trust = ssl.create_default_context(cadata=self.ca_pem)
        try:
            with urllib.request.urlopen(
                self.http_url + path, body, timeout=10, context=trust
            ) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as refused:
            why = refused.read().decode(errors="replace")
            raise GatewayError(f"the gateway refused {path}: {refused.code} {why}") from None
        except OSError as error:
            raise GatewayError(f"the gateway does not answer: {error}") from None


def find_gateway() -> str:
    """The program ``sw-gateway``: that of ``SW_GATEWAY_BIN``, else the installed one.

    Raises :class:`GatewayError` if there is none.
    """
    if named := os.environ.get("SW_GATEWAY_BIN"):
        if shutil.which(named) is None:
            raise GatewayError(f"SW_GATEWAY_BIN names no program: {named}")
        return named
    try:
        package = importlib.import_module("signalwire_client_testing")
    except ModuleNotFoundError:
        raise GatewayError(MISSING) from None
    return str(package.program())


@contextlib.contextmanager
def run_gateway(*arguments: str) -> Iterator[Gateway]:
    """A gateway of its own for the ``with`` block; ``arguments`` are those of ``sw-gateway``.

    It ends with the block, and with this process however that ends. Raises :class:`GatewayError`.
    """
    program = find_gateway()
    try:
        process = subprocess.Popen(
            [program, "--exit-on-stdin-close", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    except OSError as error:
        raise GatewayError(f"{program} cannot be run: {error}") from None
    assert process.stdin is not None and process.stdout is not None
    try:
        yield _gateway(program, _first_line(process.stdout))
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _first_line(stdout: IO[str]) -> str:
    # A pipe cannot be read with a time limit on every platform; a thread can be left alone.
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
    try:
        return lines.get(timeout=START_LIMIT)
    except queue.Empty:
        return ""


def _gateway(program: str, line: str) -> Gateway:
    if not line:
        raise GatewayError(f"{program} did not start; what it said is on standard error")
    there = json.loads(line)
    if there["ca_file"] is None:
        raise GatewayError("a gateway without TLS (--plain) is not for these tests")
    return Gateway(
        ws_url=there["ws_url"],
        http_url=there["http_url"],
        ca_pem=Path(there["ca_file"]).read_text(),
        ca_file=there["ca_file"],
        default_token=there["token"],
        project=there["project"],
        api_token=there["api_token"],
    )
