"""Turns what the generated module raises into this package's exceptions."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import _native
from .errors import BY_KIND, InternalError, InvalidArgumentError, SignalWireError

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    P = ParamSpec("P")

T = TypeVar("T")


# The generated class of failures is written twice, which confuses type checkers.
_NATIVE = cast("tuple[type[Exception], ...]", (_native.SignalWireError, _native.InternalError))


_RANGE = re.compile(r"[iu]\d+ requires")
"""How the generated module begins when a number does not fit."""


def from_native(error: Any) -> SignalWireError:
    """The exception of this package for one of the generated module."""
    if isinstance(error, _native.InternalError):
        return InternalError(f"the library panicked: {error}; please report it")
    kind = type(error).__name__.rsplit(".", 1)[-1]
    return BY_KIND[kind](error.reason, error.code)


def guarded(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls ``function`` and raises this package's exceptions."""
    try:
        return function(*args, **kwargs)
    except _NATIVE as error:
        raise from_native(error) from None
    except ValueError as error:
        raise _unfit(error) from None


async def awaited(work: Awaitable[T]) -> T:
    """Awaits ``work`` and raises this package's exceptions."""
    try:
        return await work
    except _NATIVE as error:
        raise from_native(error) from None
    except ValueError as error:
        raise _unfit(error) from None


def _unfit(error: ValueError) -> Exception:
    """What to raise for an argument that the generated module could not pass on."""
    if isinstance(error, UnicodeEncodeError):
        return InvalidArgumentError("a text has a character that no UTF-8 text can have")
    if _RANGE.match(str(error)):
        return InvalidArgumentError(f"a number is out of its range: {error}")
    # Of an enumeration it says no more than what it got.
    return TypeError(f"{error.args[0] if error.args else None!r} is none of the values to choose")
