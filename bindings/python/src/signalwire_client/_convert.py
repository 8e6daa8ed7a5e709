"""Turns what the generated module raises into this package's exceptions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from . import _native
from .errors import BY_KIND, SignalWireError

P = ParamSpec("P")
T = TypeVar("T")


def from_native(error: _native.SignalWireError) -> SignalWireError:
    """The exception of this package for one of the generated module."""
    kind = type(error).__name__.rsplit(".", 1)[-1]
    return BY_KIND[kind](error.reason, error.code)


def guarded(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls ``function`` and raises this package's exceptions."""
    try:
        return function(*args, **kwargs)
    except _native.SignalWireError as error:
        raise from_native(error) from None


async def awaited(work: Awaitable[T]) -> T:
    """Awaits ``work`` and raises this package's exceptions."""
    try:
        return await work
    except _native.SignalWireError as error:
        raise from_native(error) from None
