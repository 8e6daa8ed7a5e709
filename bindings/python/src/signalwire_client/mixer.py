"""Calls of this process in one conference."""

from __future__ import annotations

from collections.abc import Callable

from . import _native
from ._convert import guarded
from .call import Call


class _Sink(_native.AudioSink):
    def __init__(self, callback: Callable[[bytes], object]) -> None:
        self._callback = callback

    def on_frame(self, frame: _native.PcmFrame) -> None:
        try:
            self._callback(frame.pcm)
        except Exception as error:
            # Type checkers see only the first of the two classes of this name.
            failed: type[Exception] = getattr(_native.CallbackError, "Failed")  # noqa: B009
            raise failed(repr(error)) from error


class Mixer:
    """Joins calls into one conference: each hears the others and the application, not itself.

    One tick of 20 ms mixes all of them in mono 48 kHz; what is too loud is clipped. A voice that is
    late has silence in its place and may wait up to 200 ms, then its oldest audio is dropped. With
    a gain of 0 for every call they hear the application only: one source for many calls. Calls
    that are over leave by themselves. When the mixer is collected its calls leave it and go on.
    Every method may be called from any thread and does not block.
    """

    def __init__(self) -> None:
        self._native = guarded(_native.Mixer)

    def add(self, call: Call) -> None:
        """Takes a call in; one that is in already stays as it is.

        What the application pushes into the call itself competes with the mix: push it here.
        Raises :class:`ClosedError` for a call that is over, :class:`InvalidArgumentError` for more
        than 64 calls.
        """
        guarded(self._native.add, call._native)

    def remove(self, call: Call) -> None:
        """Takes a call out; it goes on without the others. One that is not in is ignored."""
        self._native.remove(call._native)

    def call_ids(self) -> list[str]:
        """The ids of the calls that are in."""
        return self._native.call_ids()

    def set_gain(self, call: Call, gain: float) -> None:
        """Sets how loud a call is for the others: 1.0 as it comes, 0.0 not at all, at most 4.0.

        Raises :class:`InvalidArgumentError` for a gain outside, and for a call that is not in.
        """
        guarded(self._native.set_gain, call._native, gain)

    def push_audio(self, pcm: bytes) -> int:
        """Queues audio that all calls are to hear: 16-bit mono 48 kHz, at most 200 ms.

        Of more, the oldest is dropped; gives the milliseconds that were dropped since the mixer was
        made. Raises :class:`InvalidArgumentError` for half a sample.
        """
        return guarded(self._native.push_audio, bytes(pcm))

    def clear_audio(self) -> int:
        """Discards at once what the application pushed and was not mixed yet, at most 200 ms.

        What the calls say is not touched. Gives the milliseconds, rounded up.
        """
        return self._native.clear_audio()

    def set_sink(self, callback: Callable[[bytes], object] | None) -> None:
        """Calls ``callback`` with every 20 ms of what all calls say: 16-bit mono 48 kHz.

        It runs on a media thread until it is replaced or ``None`` is set, and does not hear what
        the application pushes. A callback that is slower than real time loses the oldest of 10
        frames; what it raises is logged. It must not wait for the event loop.
        """
        guarded(self._native.set_sink, None if callback is None else _Sink(callback))
