"""What a run has to say: to a script as JSON lines, to a person as text."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from enum import Enum
from typing import Any, Protocol

from .. import (
    Address,
    CallEvent,
    CallStats,
    Client,
    ClientEvent,
    EndReason,
    Layout,
    Member,
    SetupTimes,
    dial_string,
)

Line = tuple[str, dict[str, Any]]
"""The type of a line and its members."""


class Reporter(Protocol):
    """Who is told."""

    def line(self, kind: str, fields: dict[str, Any]) -> None:
        """Something happened."""


class JsonReporter:
    """One JSON object per line."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def line(self, kind: str, fields: dict[str, Any]) -> None:
        elapsed = round((time.monotonic() - self._started) * 1000, 3)
        print(json.dumps({"type": kind, "time_ms": elapsed, **fields}), flush=True)


class TextReporter:
    """Short lines; what only scripts need is left out."""

    _QUIET = frozenset(
        {"service_event", "member_talking", "speaking_changed", "client_event", "command_done"}
    )

    def line(self, kind: str, fields: dict[str, Any]) -> None:
        if kind == "result":
            self._result(fields)
        elif kind == "roster":
            for member in fields["members"]:
                flags = [name for name, value in member.items() if value is True]
                print(f"  {member['name']}  {member['member_id']}  {', '.join(flags)}", flush=True)
        elif kind not in self._QUIET:
            shown = {key: value for key, value in fields.items() if value not in (None, "", [], {})}
            print(f"{kind}: {json.dumps(shown)}" if shown else kind, flush=True)

    def _result(self, fields: dict[str, Any]) -> None:
        if error := fields.get("error"):
            print(f"softphone: {error['message']}", file=sys.stderr)
        elif end := fields.get("end"):
            print(f"{fields['outcome']}: {end['message']}", flush=True)


def plain(value: object) -> Any:
    """A record of the library as JSON has it."""
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (str, int, bool)) or value is None:
        return value
    if isinstance(value, float):
        return round(value, 3)
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
    names = [field.name for field in fields] or list(vars(value))
    return {name: plain(getattr(value, name)) for name in names}


def client_event(event: ClientEvent) -> Line:
    """A client's event as a line."""
    name = _variant(event)
    fields = plain(event)
    if name == "state_changed":
        return "client_state", fields
    if isinstance(event, ClientEvent.OTHER):
        return "client_event", {"event": event.event_type, "payload": json.loads(event.raw_json)}
    return "client_event", {"event": name, **fields}


def call_event(event: CallEvent) -> Line:
    """A call's event as a line."""
    kind = CallEvent
    if isinstance(event, kind.STATE_CHANGED):
        return "state", plain(event)
    if isinstance(event, kind.MEMBER_UPDATED):
        return "member_updated", {**member(event.member), "changed": list(event.changed)}
    if isinstance(event, kind.MEMBER_JOINED):
        return "member_joined", member(event.member)
    if isinstance(event, kind.MEMBER_LEFT):
        return "member_left", member(event.member)
    if isinstance(event, kind.LAYOUT_CHANGED):
        return "layout_changed", layout(event.layout)
    if isinstance(event, kind.ENDED):
        return "ended", plain(event.reason)
    if isinstance(event, kind.OTHER):
        fields = {"event": event.event_type, "payload": json.loads(event.raw_json)}
        return "service_event", fields
    if isinstance(event, kind.SERVER_STATE_CHANGED):
        return "service_event", {"event": "call.state", "payload": json.loads(event.raw_json)}
    if isinstance(event, kind.SEGMENT_LEFT):
        return "service_event", {"event": "call.left", "payload": json.loads(event.raw_json)}
    fields = plain(event)
    fields.pop("raw_json", None)
    return _variant(event), fields


def _variant(event: object) -> str:
    """``media_connected`` of ``CallEvent.MEDIA_CONNECTED``."""
    return type(event).__name__.rpartition(".")[2].lower()


def short_name(of: Member) -> str:
    """``alice`` of ``sip:alice@…;context=private``."""
    name = of.name.removeprefix("sip:")
    return name.split("@")[0].split(";")[0]


def member(of: Member) -> dict[str, Any]:
    """What a roster has of a member."""
    names = (
        "member_id is_self is_talking audio_muted video_muted is_deaf hand_raised position"
    ).split()
    return {"name": short_name(of), **{name: plain(getattr(of, name)) for name in names}}


def layout(of: Layout) -> dict[str, Any]:
    """A layout's name and how many are in it."""
    return {"name": of.name, "layers": len(of.layers)}


def address(of: Address, dial: str | None) -> dict[str, Any]:
    """An entry of the directory."""
    return {**plain(of), "dial": dial}


async def whole_subscriber(client: Client) -> dict[str, Any]:
    """The client's subscriber with its addresses."""
    of = await client.subscriber_info()
    return {
        **plain(of),
        "addresses": [address(entry, dial_string(entry)) for entry in of.addresses],
    }


def numbers(stats: CallStats, times: SetupTimes, end: EndReason) -> dict[str, Any]:
    """What is known of a call after its end."""
    return {"end": plain(end), "stats": plain(stats), "setup_times": plain(times)}
