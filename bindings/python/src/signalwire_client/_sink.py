"""Callbacks for received media, and the handle of the call that they belong to."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._capi import ffi, lib
from ._convert import guarded
from ._stream import MediaStream
from .errors import SignalWireError

if TYPE_CHECKING:
    from . import _native

_log = logging.getLogger(__package__)

Item = TypeVar("Item")
Sink = TypeVar("Sink", bound="MediaSink[Any]")

living: set[Any] = set()
"""The handles of the sinks that the library may still call."""


class MediaSink(Generic[Item]):
    """A callback that gets the media of a call."""

    _what = "media"

    def __init__(
        self, callback: Callable[[Item], object], ended: Callable[[], object] | None = None
    ) -> None:
        if not callable(callback):
            raise TypeError(f"the {self._what} callback must be callable")
        self._callback = callback
        self._ended = ended
        self._port: MediaPort | None = None
        self._id: int | None = None
        self._is_removed = False
        self._failures = 0

    @property
    def failures(self) -> int:
        """How often the callback raised."""
        return self._failures

    def remove(self) -> None:
        """Ends the deliveries; a second call does nothing.

        It waits for a running callback, unless it is called from inside it. So that callback must
        not wait for the thread that calls this.
        """
        self._is_removed = True
        # Without an id the sink is being added; who adds it looks at the flag afterwards.
        if self._port is not None and self._id is not None:
            self._withdraw(self._port.call, self._id)

    def _withdraw(self, call: Any, number: int) -> None:
        raise NotImplementedError

    def _failed(self) -> None:
        """Called where an exception is handled."""
        self._failures += 1
        # A callback that fails once tends to fail fifty times a second.
        if self._failures == 1:
            _log.exception("the %s callback failed; it goes on with what comes next", self._what)
        elif self._failures % 500 == 0:
            _log.error("the %s callback failed %d times", self._what, self._failures)


def _on_drop(user_data: Any) -> None:
    sink: MediaSink[Any] = ffi.from_handle(user_data)
    living.discard(user_data)
    if sink._failures > 1:
        _log.error("the %s callback failed %d times in all", sink._what, sink._failures)
    if sink._ended is not None:
        sink._ended()


# One function for all sinks, and for as long as the process lives.
_ON_DROP = ffi.callback("void(void *)", _on_drop)


class MediaPort:
    """The media of one call: a handle of the C interface."""

    def __init__(self, native: _native.Call) -> None:
        value = guarded(native.native_handle)
        self.call = ffi.cast("sw_call *", value)
        # At the end of the process the library is shut down, and the handle with it.
        weakref.finalize(self, lib.sw_call_unref, self.call).atexit = False

    def begin(self, sink: Sink, declared: Any, add: Callable[[Any], None]) -> Sink:
        """Fills in what all sinks have in common, and adds it: ``add`` puts its number there."""
        handle = ffi.new_handle(sink)
        declared.struct_size = ffi.sizeof(declared[0])
        declared.drop = _ON_DROP
        declared.user_data = handle
        number = ffi.new("uint64_t *")
        sink._port = self
        living.add(handle)
        try:
            add(number)
        except SignalWireError:
            living.discard(handle)
            raise
        sink._id = number[0]
        if sink._is_removed:
            sink.remove()
        return sink


def sink_of(stream: MediaStream[Item], kind: type[Sink]) -> Sink:
    """A sink for a stream that does not keep the stream alive, and ends with it."""
    reference = weakref.ref(stream)

    def put(item: Item) -> None:
        stream = reference()
        if stream is None:
            sink.remove()
        else:
            stream._put(item)

    def end() -> None:
        stream = reference()
        if stream is not None:
            stream._end()

    sink = kind(put, end)
    return sink
