"""Received and sent encoded video.

Loaded when a call's video is first used.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _native
from ._capi import check, ffi, lib
from ._sink import MediaPort, MediaSink
from .errors import InvalidArgumentError
from .options import one_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

_log = logging.getLogger(__package__)

_NUMBERS = {_native.VideoCodec.VP8: 1, _native.VideoCodec.H264: 2}
_CODECS = {number: codec for codec, number in _NUMBERS.items()}


class VideoFrame:
    """One received encoded picture. It is a copy and may be kept."""

    __slots__ = ("codec", "data", "height", "is_key_frame", "timestamp_us", "width")

    codec: _native.VideoCodec
    """How ``data`` is encoded."""
    data: bytes
    """A VP8 frame, or an H.264 access unit in Annex B format."""
    timestamp_us: int
    """Media time in microseconds since the stream began."""
    is_key_frame: bool
    """Whether a decoder can begin with this picture."""
    width: int
    """Width in pixels, where the picture says so; else 0."""
    height: int
    """Height in pixels; 0 where unknown."""

    def __init__(
        self,
        codec: _native.VideoCodec,
        data: bytes,
        timestamp_us: int,
        is_key_frame: bool,
        size: tuple[int, int] = (0, 0),
    ) -> None:
        self.codec = codec
        self.data = data
        self.timestamp_us = timestamp_us
        self.is_key_frame = is_key_frame
        self.width, self.height = size

    def __repr__(self) -> str:
        kind = "key frame" if self.is_key_frame else "frame"
        return f"<VideoFrame {self.codec.name} {kind}, {len(self.data)} bytes>"


class VideoSink(MediaSink[VideoFrame]):
    """A callback that gets the video of a call; made by :meth:`Call.add_video_sink`."""

    _what = "video"

    def _withdraw(self, call: Any, number: int) -> None:
        lib.sw_call_remove_video_sink(call, number)


def _on_frame(frame: Any, user_data: Any) -> None:
    sink: VideoSink = ffi.from_handle(user_data)
    try:
        data = ffi.buffer(frame.data, frame.size)[:]
        size = (frame.width, frame.height)
        codec = _CODECS[frame.codec]
        sink._callback(VideoFrame(codec, data, frame.timestamp_us, frame.is_key_frame, size))
    except BaseException:
        # Nobody is above this frame who could handle it.
        sink._failed()


# One function for all sinks, and for as long as the process lives.
_ON_FRAME = ffi.callback("void(const sw_video_frame *, void *)", _on_frame)


class VideoPort(MediaPort):
    """The video of one call."""

    def push(self, data: Buffer, codec: _native.VideoCodec, timestamp_us: int) -> int:
        view = memoryview(data)
        dropped = ffi.new("uint32_t *")
        picture = ffi.from_buffer("uint8_t[]", view)
        number = _NUMBERS[one_of("codec", codec, _native.VideoCodec)]
        if not isinstance(timestamp_us, int):
            raise TypeError(f"timestamp_us must be an int, not {type(timestamp_us).__name__}")
        if not 0 <= timestamp_us < 2**64:
            raise InvalidArgumentError(f"timestamp_us must be from 0 to 2^64; got {timestamp_us}")
        check(
            lib.sw_call_push_video(self.call, number, picture, view.nbytes, timestamp_us, dropped)
        )
        return int(dropped[0])

    def add_sink(self, callback: Callable[[VideoFrame], object]) -> VideoSink:
        declared = ffi.new("sw_video_sink *")
        declared.on_frame = _ON_FRAME

        def add(number: Any) -> None:
            check(lib.sw_call_add_video_sink(self.call, declared, number))

        return self.begin(VideoSink(callback), declared, add)
