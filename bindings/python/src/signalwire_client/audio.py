"""Received and sent audio.

Loaded when a call's audio is first used.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._capi import check, ffi, lib
from ._sink import MediaPort, MediaSink, sink_of
from ._stream import MediaStream
from .errors import InvalidArgumentError
from .options import number

if TYPE_CHECKING:
    import numpy
    from typing_extensions import Buffer

_log = logging.getLogger(__package__)

_SAMPLE_FORMATS = frozenset({"h", "@h", "=h", "<h", "b", "B", "c"})


class AudioFrame:
    """One frame of received audio, about 20 ms. It is a copy and may be kept."""

    __slots__ = ("channels", "data", "is_concealed", "sample_rate_hz", "timestamp_us")

    data: bytes
    """Native 16-bit samples, interleaved when there are two channels."""
    sample_rate_hz: int
    """The rate that was asked for."""
    channels: int
    """The channels that were asked for, 1 or 2."""
    timestamp_us: int
    """Media time of the first sample in microseconds since the stream began."""
    is_concealed: bool
    """True when the frame was made up because nothing arrived in time."""

    def __init__(
        self,
        data: bytes,
        sample_rate_hz: int,
        channels: int,
        timestamp_us: int,
        is_concealed: bool,
    ) -> None:
        self.data = data
        self.sample_rate_hz = sample_rate_hz
        self.channels = channels
        self.timestamp_us = timestamp_us
        self.is_concealed = is_concealed

    @property
    def samples(self) -> memoryview[int]:
        """The samples as integers, without a copy."""
        return memoryview(self.data).cast("h")  # type: ignore[return-value,unused-ignore]

    @property
    def samples_per_channel(self) -> int:
        """How many samples each channel has."""
        return len(self.data) // (2 * self.channels)

    def to_numpy(self) -> numpy.ndarray[Any, numpy.dtype[numpy.int16]]:
        """The samples as a read-only array ``[samples_per_channel, channels]``, without a copy."""
        import numpy

        return numpy.frombuffer(self.data, numpy.int16).reshape(-1, self.channels)

    def __repr__(self) -> str:
        return (
            f"<AudioFrame {self.samples_per_channel} x {self.channels} at {self.sample_rate_hz} Hz,"
            f" {self.timestamp_us} us>"
        )


class AudioSink(MediaSink[AudioFrame]):
    """A callback that gets the audio of a call; made by :meth:`Call.add_audio_sink`."""

    _what = "audio"

    def _withdraw(self, call: Any, number: int) -> None:
        lib.sw_call_remove_audio_sink(call, number)


def _on_frame(frame: Any, user_data: Any) -> None:
    sink: AudioSink = ffi.from_handle(user_data)
    try:
        channels = frame.channels
        data = ffi.buffer(frame.samples, frame.samples_per_channel * channels * 2)[:]
        sink._callback(
            AudioFrame(data, frame.sample_rate_hz, channels, frame.timestamp_us, frame.is_concealed)
        )
    except BaseException:
        # Nobody is above this frame who could handle it.
        sink._failed()


# One function for all sinks, and for as long as the process lives.
_ON_FRAME = ffi.callback("void(const sw_audio_frame *, void *)", _on_frame)


class AudioPort(MediaPort):
    """The audio of one call."""

    def push(self, pcm: Buffer, sample_rate_hz: int, channels: int) -> int:
        number("sample_rate_hz", sample_rate_hz)
        number("channels", channels)
        view = memoryview(pcm)
        if view.format not in _SAMPLE_FORMATS:
            raise TypeError(f"pcm must hold bytes or 16-bit integers, not {view.format!r}")
        if view.nbytes % 2:
            raise InvalidArgumentError(
                f"pcm must hold whole 16-bit samples, an even number of bytes; got {view.nbytes}"
            )
        samples = ffi.from_buffer("int16_t[]", view)
        dropped = ffi.new("uint32_t *")
        check(
            lib.sw_call_push_audio(
                self.call, samples, view.nbytes // 2, sample_rate_hz, channels, dropped
            )
        )
        return int(dropped[0])

    def add_sink(
        self, callback: Callable[[AudioFrame], object], sample_rate_hz: int, channels: int
    ) -> AudioSink:
        return self._add(AudioSink(callback), sample_rate_hz, channels)

    def stream(self, sample_rate_hz: int, channels: int, queue_frames: int) -> AudioStream:
        stream = AudioStream(queue_frames)
        stream._sink = self._add(sink_of(stream, AudioSink), sample_rate_hz, channels)
        return stream

    def _add(self, sink: AudioSink, sample_rate_hz: int, channels: int) -> AudioSink:
        number("sample_rate_hz", sample_rate_hz)
        number("channels", channels)
        declared = ffi.new("sw_audio_sink *")
        declared.on_frame = _ON_FRAME

        def add(out: Any) -> None:
            check(lib.sw_call_add_audio_sink(self.call, sample_rate_hz, channels, declared, out))

        return self.begin(sink, declared, add)


class AudioStream(MediaStream[AudioFrame]):
    """The received audio of a call: ``async for frame in stream``; made by :meth:`Call.audio`.

    For one reader. It ends with the call, or after :meth:`cancel`. Cancelling a wait for the next
    frame loses nothing.
    """

    def __init__(self, queue_frames: int) -> None:
        super().__init__("queue_frames", queue_frames)
