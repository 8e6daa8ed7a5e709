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

from . import errors
from .errors import *  # noqa: F403

if TYPE_CHECKING:
    from ._native import (
        Address,
        AddressPage,
        AddressSort,
        AddressType,
        AudioCodec,
        AudioDevice,
        AudioDeviceEvent,
        AudioDeviceKind,
        AudioProcessingStats,
        CallEvent,
        CallLog,
        CallState,
        CallStats,
        Channels,
        ClientEvent,
        ClientState,
        ConnectTimes,
        Conversation,
        ConversationPage,
        Device,
        DeviceType,
        Direction,
        DoNotDisturb,
        DtmfMethod,
        EndKind,
        EndReason,
        ExpectedCallState,
        HostAction,
        HostEndReason,
        HostInput,
        HostPhase,
        Layout,
        LayoutLayer,
        LoopbackLogin,
        LoudspeakerStats,
        MediaDirection,
        MediaDirections,
        Member,
        MemberKind,
        MemberTarget,
        Message,
        MessageKind,
        MessagePage,
        MicrophoneStats,
        NoiseSuppression,
        OAuthFailure,
        OAuthFlow,
        OAuthTokens,
        PageLinks,
        PictureStats,
        PixelFormat,
        PreflightCall,
        PreflightOptions,
        PreflightProblem,
        PreflightProblemKind,
        PreflightReport,
        PreflightServer,
        PreflightTransport,
        PreflightVerdict,
        PushPayload,
        QualityLevel,
        RecordFormat,
        RecordSide,
        RemoteParty,
        Rotation,
        SendState,
        ServerCallState,
        SetupTimes,
        SortOrder,
        Speaker,
        Subscriber,
        TokenReason,
        VideoCodec,
        VideoStats,
        WarningKind,
        oauth_failure,
        version,
    )
    from .audio import AudioFrame, AudioSink, AudioStream
    from .call import Call
    from .client import Client, dial_string, shutdown
    from .credentials import (
        AccessToken,
        Credentials,
        DeviceKey,
        MemoryTokenStore,
        OAuth,
        TokenStore,
    )
    from .devices import AudioDevices, AudioProcessor, Loudspeaker, Microphone
    from .events import EventStream
    from .lists import EntryList
    from .messages import OutgoingMessage
    from .mixer import Mixer
    from .options import AddressQuery, AnswerOptions, ClientOptions, DialOptions
    from .pictures import Picture, PictureSink, PictureStream, TestCard
    from .recorder import Recorder
    from .video import VideoFrame, VideoSink
    from .wake_up import ExpectedCall, HostCall, parse_push

_HOME = {
    **dict.fromkeys(("Client", "dial_string", "shutdown"), "client"),
    "Call": "call",
    "Recorder": "recorder",
    **dict.fromkeys(("AudioFrame", "AudioSink", "AudioStream"), "audio"),
    **dict.fromkeys(
        ("AccessToken", "Credentials", "DeviceKey", "MemoryTokenStore", "OAuth", "TokenStore"),
        "credentials",
    ),
    **dict.fromkeys(("AudioDevices", "AudioProcessor", "Loudspeaker", "Microphone"), "devices"),
    **dict.fromkeys(("Picture", "PictureSink", "PictureStream", "TestCard"), "pictures"),
    **dict.fromkeys(("VideoFrame", "VideoSink"), "video"),
    "EventStream": "events",
    "Mixer": "mixer",
    "EntryList": "lists",
    "OutgoingMessage": "messages",
    **dict.fromkeys(("AddressQuery", "AnswerOptions", "ClientOptions", "DialOptions"), "options"),
    **dict.fromkeys(("ExpectedCall", "HostCall", "parse_push"), "wake_up"),
    **dict.fromkeys(
        (
            "Address",
            "AddressPage",
            "AddressSort",
            "AddressType",
            "AudioCodec",
            "AudioDevice",
            "AudioDeviceEvent",
            "AudioDeviceKind",
            "AudioProcessingStats",
            "CallEvent",
            "CallLog",
            "CallState",
            "CallStats",
            "Channels",
            "ClientEvent",
            "ClientState",
            "ConnectTimes",
            "Conversation",
            "ConversationPage",
            "Device",
            "DeviceType",
            "Direction",
            "DoNotDisturb",
            "DtmfMethod",
            "EndKind",
            "EndReason",
            "ExpectedCallState",
            "HostAction",
            "HostEndReason",
            "HostInput",
            "HostPhase",
            "Layout",
            "LayoutLayer",
            "LoopbackLogin",
            "LoudspeakerStats",
            "MediaDirection",
            "MediaDirections",
            "Member",
            "MemberKind",
            "MemberTarget",
            "Message",
            "MessageKind",
            "MessagePage",
            "MicrophoneStats",
            "NoiseSuppression",
            "OAuthFailure",
            "OAuthFlow",
            "OAuthTokens",
            "PageLinks",
            "PictureStats",
            "PixelFormat",
            "PreflightCall",
            "PreflightOptions",
            "PreflightProblem",
            "PreflightProblemKind",
            "PreflightReport",
            "PreflightServer",
            "PreflightTransport",
            "PreflightVerdict",
            "PushPayload",
            "QualityLevel",
            "RecordFormat",
            "RecordSide",
            "RemoteParty",
            "Rotation",
            "SendState",
            "ServerCallState",
            "SetupTimes",
            "SortOrder",
            "Speaker",
            "Subscriber",
            "TokenReason",
            "VideoCodec",
            "VideoStats",
            "WarningKind",
            "oauth_failure",
            "version",
        ),
        "_native",
    ),
}

__all__ = [
    "AccessToken",
    "Address",
    "AddressPage",
    "AddressQuery",
    "AddressSort",
    "AddressType",
    "AnswerOptions",
    "AudioCodec",
    "AudioDevice",
    "AudioDeviceEvent",
    "AudioDeviceKind",
    "AudioDevices",
    "AudioFrame",
    "AudioProcessingStats",
    "AudioProcessor",
    "AudioSink",
    "AudioStream",
    "Call",
    "CallEvent",
    "CallLog",
    "CallState",
    "CallStats",
    "Channels",
    "Client",
    "ClientEvent",
    "ClientOptions",
    "ClientState",
    "ConnectTimes",
    "Conversation",
    "ConversationPage",
    "Credentials",
    "Device",
    "DeviceKey",
    "DeviceType",
    "DialOptions",
    "Direction",
    "DoNotDisturb",
    "DtmfMethod",
    "EndKind",
    "EndReason",
    "EntryList",
    "EventStream",
    "ExpectedCall",
    "ExpectedCallState",
    "HostAction",
    "HostCall",
    "HostEndReason",
    "HostInput",
    "HostPhase",
    "Layout",
    "LayoutLayer",
    "LoopbackLogin",
    "Loudspeaker",
    "LoudspeakerStats",
    "MediaDirection",
    "MediaDirections",
    "Member",
    "MemberKind",
    "MemberTarget",
    "MemoryTokenStore",
    "Message",
    "MessageKind",
    "MessagePage",
    "Microphone",
    "MicrophoneStats",
    "Mixer",
    "NoiseSuppression",
    "OAuth",
    "OAuthFailure",
    "OAuthFlow",
    "OAuthTokens",
    "OutgoingMessage",
    "PageLinks",
    "Picture",
    "PictureSink",
    "PictureStats",
    "PictureStream",
    "PixelFormat",
    "PreflightCall",
    "PreflightOptions",
    "PreflightProblem",
    "PreflightProblemKind",
    "PreflightReport",
    "PreflightServer",
    "PreflightTransport",
    "PreflightVerdict",
    "PushPayload",
    "QualityLevel",
    "RecordFormat",
    "RecordSide",
    "Recorder",
    "RemoteParty",
    "Rotation",
    "SendState",
    "ServerCallState",
    "SetupTimes",
    "SortOrder",
    "Speaker",
    "Subscriber",
    "TestCard",
    "TokenReason",
    "TokenStore",
    "VideoCodec",
    "VideoFrame",
    "VideoSink",
    "VideoStats",
    "WarningKind",
    "dial_string",
    "oauth_failure",
    "parse_push",
    "shutdown",
    "version",
]
__all__ += errors.__all__


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
