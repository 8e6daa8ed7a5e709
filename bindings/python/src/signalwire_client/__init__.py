"""The native SignalWire client: calls, audio and the directory.

    import asyncio
    from signalwire_client import Client

    async def main(token: str) -> None:
        async with Client(token) as client:
            call = client.dial("/public/echo")
            await call.answered()
            await call.play_wav("hello.wav")
            await call.hangup()

    asyncio.run(main(token))

Waiting never blocks the event loop: the library has its own threads. Cancelling a wait is always
safe and never hangs up a call. At the end of the process all calls are hung up and the threads
end by themselves; :func:`shutdown` does it earlier.

A forked child cannot use the objects of its parent (they raise :class:`ForkedError`); it may make
a new client. With ``multiprocessing`` prefer the start methods ``spawn`` and ``forkserver``.

Importing this package is cheap: the library itself is loaded when the first name that needs it
is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from .errors import *  # noqa: F403
from .errors import __all__ as _errors

if TYPE_CHECKING:
    from ._native import (
        Address,
        AddressPage,
        AddressType,
        AudioCodec,
        CallEvent,
        CallState,
        CallStats,
        Channels,
        ClientEvent,
        ClientState,
        Direction,
        DtmfMethod,
        EndKind,
        EndReason,
        Layout,
        LayoutLayer,
        Member,
        MemberKind,
        MemberTarget,
        QualityLevel,
        RemoteParty,
        ServerCallState,
        SetupTimes,
        Speaker,
        Subscriber,
        WarningKind,
        dial_string,
        version,
    )
    from .audio import AudioFrame, AudioSink, AudioStream
    from .call import Call, WavRecorder
    from .client import Client, shutdown
    from .events import EventStream

_HOME = {
    **dict.fromkeys(("Client", "shutdown"), "client"),
    **dict.fromkeys(("Call", "WavRecorder"), "call"),
    **dict.fromkeys(("AudioFrame", "AudioSink", "AudioStream"), "audio"),
    "EventStream": "events",
    **dict.fromkeys(
        (
            "Address",
            "AddressPage",
            "AddressType",
            "AudioCodec",
            "CallEvent",
            "CallState",
            "CallStats",
            "Channels",
            "ClientEvent",
            "ClientState",
            "Direction",
            "DtmfMethod",
            "EndKind",
            "EndReason",
            "Layout",
            "LayoutLayer",
            "Member",
            "MemberKind",
            "MemberTarget",
            "QualityLevel",
            "RemoteParty",
            "ServerCallState",
            "SetupTimes",
            "Speaker",
            "Subscriber",
            "WarningKind",
            "dial_string",
            "version",
        ),
        "_native",
    ),
}

__all__ = [
    "Address",
    "AddressPage",
    "AddressType",
    "AudioCodec",
    "AudioFrame",
    "AudioSink",
    "AudioStream",
    "Call",
    "CallEvent",
    "CallState",
    "CallStats",
    "Channels",
    "Client",
    "ClientEvent",
    "ClientState",
    "Direction",
    "DtmfMethod",
    "EndKind",
    "EndReason",
    "EventStream",
    "Layout",
    "LayoutLayer",
    "Member",
    "MemberKind",
    "MemberTarget",
    "QualityLevel",
    "RemoteParty",
    "ServerCallState",
    "SetupTimes",
    "Speaker",
    "Subscriber",
    "WarningKind",
    "WavRecorder",
    "dial_string",
    "shutdown",
    "version",
]
__all__ += _errors


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
