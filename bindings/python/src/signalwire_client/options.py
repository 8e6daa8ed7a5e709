"""The options of clients, calls and queries: each set in one place.

They are given by name, ``client.dial("/public/echo", ring_timeout_ms=20_000)``; the classes here
say to a type checker and to an editor which there are. An option that nobody knows, or one of
another type, raises :class:`TypeError`; a number or text that cannot be, raises
:class:`InvalidArgumentError`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict, cast

from . import _native
from .errors import InvalidArgumentError

__all__ = ["AddressQuery", "AnswerOptions", "ClientOptions", "DialOptions"]


class ClientOptions(TypedDict, total=False):
    """What :class:`Client` takes beside the token."""

    ws_url: str | None
    """Replaces the address of the session that the token leads to."""
    http_url: str | None
    """Replaces the address of the REST interface that the token leads to."""
    ca_certificates_pem: str | None
    """PEM text of additional trusted CA certificates."""
    agent: str | None
    """Name of the application, for the service's logs."""
    media_addresses: Iterable[str]
    """Local IP addresses that media may use, best first; by default all."""
    relay_only: bool
    """Media goes through the service's TURN servers only, hiding local addresses."""
    resume_from: str | None
    """What :meth:`Client.session_record` gave in a process that is gone."""
    watch_network: bool
    """Notice by itself (on Linux) when the device's addresses change; True by default."""
    connect_timeout_ms: int
    """1 to 600000, by default 15000."""
    request_timeout_ms: int
    """1 to 600000, by default 10000."""


class AnswerOptions(TypedDict, total=False):
    """What :meth:`Call.answer` takes."""

    media_timeout_ms: int
    """Longest time from the answer to working media, by default 15000."""
    user_variables: Mapping[str, object] | None
    """For the far side's scripts; anything that becomes a JSON object."""
    audio_codecs: Iterable[_native.AudioCodec]
    """What to offer or accept, best first; by default Opus, G.722, PCMU, PCMA."""
    opus_bitrate_bps: int
    """6000 to 510000, by default 32000."""
    video: _native.MediaDirection | None
    """Whether the call has video, and in which directions; by default none."""
    video_codecs: Iterable[_native.VideoCodec]
    """What to offer or accept, best first; by default VP8, H.264."""
    dtmf: _native.DtmfMethod | None
    """How digits are sent: ``INFO`` through the service (default), ``RTP``, ``AUTO``."""
    opus_complexity: int
    """1 (least work) to 10 (best sound at a given bitrate), by default 5."""
    opus_dtx: bool
    """Whether silence is left out instead of sent; by default False."""
    statistics_interval_ms: int
    """How often the event ``STATISTICS`` comes, 100 to 3600000; 0, the default, is never."""
    packet_time_ms: int
    """How long packets of audio are to be, 10, 20, 40 or 60; 0, the default: as the other likes."""


class DialOptions(AnswerOptions, total=False):
    """What :meth:`Client.dial` and :meth:`Client.dial_address` take."""

    ring_timeout_ms: int
    """Longest time to the answer; 0, the default, means no limit."""
    audio_queue_ms: int
    """How much pushed audio may wait to be sent, 40 to 10000, by default 200."""
    from_fabric_address_id: str | None
    """The own address that the call is made from, which its log is attributed to."""
    node_id: str | None
    """The media node that should host the call; the service may ignore it."""


class AddressQuery(TypedDict, total=False):
    """What :meth:`Client.addresses` and :meth:`Client.all_addresses` take."""

    address_type: _native.AddressType | None
    """Only this type."""
    display_name: str | None
    """Only display names that match."""
    page_size: int | None
    """1 to 1000."""
    sort_by: _native.AddressSort | None
    """By what to sort."""
    sort_order: _native.SortOrder | None
    """In which order."""


_CLIENT: dict[str, Any] = {
    "ws_url": None,
    "http_url": None,
    "ca_certificates_pem": None,
    "agent": None,
    "media_addresses": (),
    "relay_only": False,
    "resume_from": None,
    "watch_network": True,
    "connect_timeout_ms": 15_000,
    "request_timeout_ms": 10_000,
}
_ANSWER: dict[str, Any] = {
    "media_timeout_ms": 15_000,
    "user_variables": None,
    "audio_codecs": (),
    "opus_bitrate_bps": 32_000,
    "video": None,
    "video_codecs": (),
    "dtmf": None,
    "opus_complexity": 5,
    "opus_dtx": False,
    "statistics_interval_ms": 0,
    "packet_time_ms": 0,
}
_DIAL: dict[str, Any] = {
    **_ANSWER,
    "ring_timeout_ms": 0,
    "audio_queue_ms": 200,
    "from_fabric_address_id": None,
    "node_id": None,
}
_QUERY: dict[str, Any] = {
    "address_type": None,
    "display_name": None,
    "page_size": None,
    "sort_by": None,
    "sort_order": None,
}
_KINDS: dict[str, type] = {
    "address_type": _native.AddressType,
    "dtmf": _native.DtmfMethod,
    "sort_by": _native.AddressSort,
    "sort_order": _native.SortOrder,
    "video": _native.MediaDirection,
}
"""The enumerations among them."""
_ENTRIES: dict[str, type] = {
    "audio_codecs": _native.AudioCodec,
    "media_addresses": str,
    "video_codecs": _native.VideoCodec,
}
"""The lists among them, with what is in them."""


def client_options(token: str, given: Mapping[str, Any]) -> _native.ClientOptions:
    """The library's form of the options of a client."""
    return _native.ClientOptions(token=text("token", token), **_complete(given, _CLIENT))


def dial_options(given: DialOptions) -> _native.DialOptions:
    """The library's form of the options of a call that is made."""
    return _native.DialOptions(**_of_a_call(given, _DIAL))


def answer_options(given: AnswerOptions) -> _native.AnswerOptions:
    """The library's form of the options of a call that is answered."""
    return _native.AnswerOptions(**_of_a_call(given, _ANSWER))


def address_query(given: AddressQuery) -> _native.AddressQuery:
    """The library's form of a query of the directory."""
    return _native.AddressQuery(**_complete(given, _QUERY))


def json_object(name: str, value: Mapping[str, object] | None) -> str | None:
    """The text of a JSON object; what cannot be one raises."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping, not {type(value).__name__}")
    try:
        return json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"{name} cannot be written as JSON: {error}") from None


def text(name: str, value: object) -> str:
    """A text that the library can take: half of a surrogate pair has no UTF-8."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} has a character that no UTF-8 text can have") from None
    return value


def number(name: str, value: object) -> int:
    """A whole number that is not negative; its range is the library's business."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if not 0 <= value < 2**32:
        raise InvalidArgumentError(f"{name} must be from 0 to {2**32 - 1}; got {value}")
    return value


def one_of(name: str, value: object, kind: type) -> Any:
    """A member of an enumeration."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be of {kind.__name__}, not {type(value).__name__}")
    return value


def _of_a_call(given: Mapping[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    options = _complete(given, defaults)
    variables = options.pop("user_variables")
    options["user_variables_json"] = json_object("user_variables", variables)
    return options


def _complete(given: Mapping[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """All options, those that were given checked."""
    for name in given:
        if name not in defaults:
            raise TypeError(f"there is no option {name!r}; there are {', '.join(sorted(defaults))}")
    checked = {name: _checked(name, value, defaults[name]) for name, value in given.items()}
    return {**defaults, **checked}


def _checked(name: str, value: Any, default: Any) -> Any:
    if name in _ENTRIES:
        return _entries(name, value, _ENTRIES[name])
    if name == "user_variables" or (value is None and default is None):
        return value
    if name in _KINDS:
        return one_of(name, value, _KINDS[name])
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be a bool, not {type(value).__name__}")
        return value
    if isinstance(default, int) or name == "page_size":
        return number(name, value)
    return text(name, value)


def _entries(name: str, value: Any, kind: type) -> list[Any]:
    # A text is a list of letters to Python, and never meant so.
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of {kind.__name__}, not {type(value).__name__}")
    check = cast("Callable[[str, object], Any]", text) if kind is str else None
    return [check(name, entry) if check else one_of(name, entry, kind) for entry in value]
