"""What the user asks for during a call: one line each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .. import Call, MemberTarget
from ..errors import InvalidArgumentError
from . import report

Answer = list[report.Line]
"""What a command brought, beside being done."""

WHO = "a member: an id, a name as roster shows it, or all"
TARGETS: Any = MemberTarget
"""Its variants are made by calls that the generated module does not annotate."""

KNOWN = (
    "answer, reject, mute, unmute, hold, unhold, dtmf DIGITS, play FILE, stats, hangup, and for"
    " rooms roster, mute, unmute, deaf, undeaf and remove MEMBER, hand up, hand down, lock,"
    " unlock, layouts, layout NAME and transfer ADDRESS"
)


class Unknown(Exception):
    """A line that is no command."""


async def run(call: Call, line: str, answer: Callable[[], Awaitable[None]]) -> Answer:
    """Does what a line asks for. ``play``, which goes on meanwhile, is not among it."""
    word, _, rest = line.partition(" ")
    rest = rest.strip()
    if rest:
        return await _with_argument(call, word, rest)
    simple: dict[str, Callable[[], Awaitable[None]]] = {
        "answer": answer,
        "reject": call.reject,
        "mute": call.mute,
        "unmute": call.unmute,
        "hold": call.hold,
        "unhold": call.unhold,
        "hangup": call.hangup,
        "lock": lambda: call.set_locked(True),
        "unlock": lambda: call.set_locked(False),
    }
    if word in simple:
        await simple[word]()
        return []
    if word == "stats":
        return [("stats", report.plain(call.stats))]
    if word == "roster":
        seen = call.layout
        members = [report.member(member) for member in call.members]
        return [("roster", {"members": members, "layout": report.layout(seen) if seen else None})]
    if word == "layouts":
        return [("layouts", {"names": await call.layouts()})]
    if word in ("dtmf", "play", "layout", "transfer", "hand", "deaf", "undeaf", "remove"):
        raise Unknown(f"{word} needs more: {WHO if word in ('deaf', 'undeaf', 'remove') else '?'}")
    raise Unknown(f"unknown command; there are {KNOWN}")


async def _with_argument(call: Call, word: str, rest: str) -> Answer:
    target: Callable[[], Any] = lambda: _target(call, rest)  # noqa: E731
    actions: dict[str, Callable[[], Awaitable[None]]] = {
        "dtmf": lambda: call.send_digits(rest),
        "layout": lambda: call.set_layout(rest),
        "transfer": lambda: call.transfer(rest),
        "mute": lambda: call.set_audio_muted(target(), True),
        "unmute": lambda: call.set_audio_muted(target(), False),
        "deaf": lambda: call.set_deaf(target(), True),
        "undeaf": lambda: call.set_deaf(target(), False),
        "remove": lambda: call.remove_member(_one(call, rest)),
    }
    if word in actions:
        await actions[word]()
    elif (word, rest) in (("hand", "up"), ("hand", "down")):
        await call.set_hand_raised(TARGETS.OWN(), rest == "up")
    elif (word, rest) == ("reject", "everywhere"):
        await call.reject_everywhere()
    else:
        raise Unknown(f"unknown command; there are {KNOWN}")
    return []


def _one(call: Call, who: str) -> str:
    if who == "all":
        raise InvalidArgumentError("remove takes one member, not all")
    named = [member for member in call.members if report.short_name(member) == who]
    if len(named) > 1:
        raise InvalidArgumentError(f"{who!r} is the name of several members: take an id")
    # The library says when there is no such id.
    return named[0].member_id if named else who


def _target(call: Call, who: str) -> Any:
    return TARGETS.ALL() if who == "all" else _one(call, who)
