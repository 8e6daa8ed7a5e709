"""Decoded pictures, received and sent.

Loaded when a call's pictures are first used. The wheels are built without codecs, which need a
library of the system; docs/video.md says how to build one with them.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import _native
from ._capi import check, ffi, lib
from ._sink import MediaPort, MediaSink, sink_of
from ._stream import MediaStream
from .errors import InvalidArgumentError, NotSupportedError
from .options import number, one_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

_log = logging.getLogger(__package__)

_FORMATS = {_native.PixelFormat.I420: 1, _native.PixelFormat.NV12: 2}
_FORMAT_OF = {value: format for format, value in _FORMATS.items()}
_DEGREES = {
    _native.Rotation.NONE: 0,
    _native.Rotation.CLOCKWISE90: 90,
    _native.Rotation.UPSIDE_DOWN: 180,
    _native.Rotation.CLOCKWISE270: 270,
}
_ROTATION_OF = {value: rotation for rotation, value in _DEGREES.items()}


class Picture:
    """A decoded picture that does not change. Its planes are shared and never copied.

    Received pictures come from :meth:`Call.pictures` or :meth:`Call.add_picture_sink`. To make one
    of memory of yours, whose planes are copied:

        Picture(PixelFormat.I420, 640, 360, [y, u, v], timestamp_us=33_333)

    - ``planes``: contiguous memory of bytes, such as ``bytes`` or a numpy array of ``uint8``: for
      ``I420`` Y, U, V; for ``NV12`` Y, and U and V by turns. Colour has half the width and height.
    - ``strides``: bytes from one row of each plane to the next; by default the rows have no gaps,
      or what an array of two dimensions says.
    - ``timestamp_us``: when it was captured, by any clock that never goes back.
    - ``rotation``: for cameras that are mounted so: it is turned before it is sent.

    Raises :class:`InvalidArgumentError` for a size below 16x16 or above 4096x2304 pixels, another
    number of planes and planes that are too short. Any thread.
    """

    __slots__ = ("__weakref__", "_handle", "_info")

    def __init__(
        self,
        format: _native.PixelFormat,
        width: int,
        height: int,
        planes: Sequence[Buffer],
        *,
        strides: Sequence[int] | None = None,
        timestamp_us: int = 0,
        rotation: _native.Rotation = _native.Rotation.NONE,
    ) -> None:
        info = ffi.new("sw_picture_info *")
        info.struct_size = ffi.sizeof("sw_picture_info")
        info.format = _FORMATS[one_of("format", format, _native.PixelFormat)]
        info.width = number("width", width)
        info.height = number("height", height)
        info.rotation = _DEGREES[one_of("rotation", rotation, _native.Rotation)]
        info.timestamp_us = _time(timestamp_us)
        sizes = _plane_sizes(format, width, height)
        if len(planes) != len(sizes) or (strides is not None and len(strides) != len(sizes)):
            raise InvalidArgumentError(
                f"a picture of {format.name} has {len(sizes)} planes; got {len(planes)}"
            )
        held = []
        for at, (plane, (row, rows)) in enumerate(zip(planes, sizes, strict=True)):
            view = memoryview(plane)
            if not view.c_contiguous:
                raise InvalidArgumentError(f"plane {at} must be contiguous memory")
            stride = row
            if strides is not None:
                stride = number("strides", strides[at])
            elif view.ndim == 2 and view.itemsize == 1 and view.shape is not None:
                stride = view.shape[1]
            if stride < row or view.nbytes < stride * (rows - 1) + row:
                raise InvalidArgumentError(
                    f"plane {at} of a picture of {width}x{height} has {rows} rows of {row} bytes;"
                    f" got {view.nbytes} bytes with a stride of {stride}"
                )
            memory = ffi.from_buffer("uint8_t[]", view)
            held.append(memory)
            info.planes[at] = memory
            info.strides[at] = stride
        out = ffi.new("sw_picture **")
        check(lib.sw_picture_new(info, out))
        self._take(out[0])

    def _take(self, handle: Any) -> None:
        """Takes over a reference, which ends with this object and its planes."""
        self._handle = ffi.gc(handle, lib.sw_picture_unref)
        self._info = ffi.new("sw_picture_info *")
        self._info.struct_size = ffi.sizeof("sw_picture_info")
        check(lib.sw_picture_get_info(self._handle, self._info))

    @property
    def format(self) -> _native.PixelFormat:
        """How the samples lie in memory."""
        return _FORMAT_OF[self._info.format]

    @property
    def width(self) -> int:
        """Width in pixels, before any rotation."""
        return int(self._info.width)

    @property
    def height(self) -> int:
        """Height in pixels, before any rotation."""
        return int(self._info.height)

    @property
    def timestamp_us(self) -> int:
        """Media time in microseconds: of a received picture since the stream's first one."""
        return int(self._info.timestamp_us)

    @property
    def rotation(self) -> _native.Rotation:
        """How far it has to be turned to stand upright. Received pictures do already."""
        return _ROTATION_OF[self._info.rotation]

    def plane(self, number: int) -> memoryview:
        """The samples of a plane as ``[rows, bytes of a row]``, read-only and without a copy.

        0 is Y. It may be kept: the picture stays in memory with it. ``numpy.asarray`` makes an
        array of it, also without a copy. Raises :class:`IndexError` beyond the format's planes.
        """
        sizes = _plane_sizes(self.format, self.width, self.height)
        if not 0 <= number < len(sizes):
            raise IndexError(f"a picture of {self.format.name} has {len(sizes)} planes")
        row, rows = sizes[number]
        # The library's planes have no gaps. Who holds the memory holds the picture.
        start = ffi.gc(ffi.cast("uint8_t *", self._info.planes[number]), _holding(self._handle))
        return memoryview(ffi.buffer(start, row * rows)).toreadonly().cast("B", (rows, row))

    def with_rotation(self, rotation: _native.Rotation) -> Picture:
        """The same samples, to be turned: when it is sent it is turned first."""
        degrees = _DEGREES[one_of("rotation", rotation, _native.Rotation)]
        return _made(lib.sw_picture_with_rotation, self._handle, degrees)

    def with_timestamp_us(self, timestamp_us: int) -> Picture:
        """The same samples at another time."""
        return _made(lib.sw_picture_with_timestamp_us, self._handle, _time(timestamp_us))

    def to_format(self, format: _native.PixelFormat) -> Picture:
        """The picture in another format; the same samples where it has that format already."""
        value = _FORMATS[one_of("format", format, _native.PixelFormat)]
        return _made(lib.sw_picture_to_format, self._handle, value)

    def upright(self) -> Picture:
        """The picture as it is to be seen: turned by its rotation, in I420."""
        return _made(lib.sw_picture_upright, self._handle)

    def scaled(self, width: int, height: int) -> Picture:
        """The picture at another size, in I420, its shape not kept.

        Raises :class:`InvalidArgumentError` for a size below 16x16 or above 4096x2304 pixels.
        """
        return _made(
            lib.sw_picture_scaled, self._handle, number("width", width), number("height", height)
        )

    def to_png(self) -> bytes:
        """The picture, upright, as a PNG file: a snapshot. Takes some milliseconds.

        Raises :class:`NotSupportedError` where the library was built without ``video-codecs``, as
        that of the wheels is.
        """
        files: list[bytes] = []
        handle = ffi.new_handle(files)
        _told(lib.sw_picture_to_png(self._handle, _ON_FILE, handle))
        return files[0]

    def __repr__(self) -> str:
        return (
            f"<Picture {self.width}x{self.height} {self.format.name}, {self.timestamp_us} us,"
            f" {_DEGREES[self.rotation]} degrees>"
        )


def _told(status: int) -> None:
    """As ``check``; says what users of the wheels can do about missing codecs."""
    try:
        check(status)
    except NotSupportedError as error:
        raise NotSupportedError(
            f"{error}. The wheels have no codecs: build one with"
            " SIGNALWIRE_CLIENT_FEATURES=capi,uniffi,rest-api,video-codecs"
            " sh bindings/python/build_wheel.sh"
        ) from None


def _time(timestamp_us: int) -> int:
    if isinstance(timestamp_us, bool) or not isinstance(timestamp_us, int):
        raise TypeError(f"timestamp_us must be an int, not {type(timestamp_us).__name__}")
    if not 0 <= timestamp_us < 2**64:
        raise InvalidArgumentError(f"timestamp_us must be from 0 to 2^64; got {timestamp_us}")
    return timestamp_us


def _plane_sizes(format: _native.PixelFormat, width: int, height: int) -> list[tuple[int, int]]:
    """Bytes of a row and rows of each plane."""
    half, rows = (width + 1) // 2, (height + 1) // 2
    if format == _native.PixelFormat.NV12:
        return [(width, height), (2 * half, rows)]
    return [(width, height), (half, rows), (half, rows)]


def _of(handle: Any) -> Picture:
    """A picture of a reference, which it takes over."""
    picture = Picture.__new__(Picture)
    picture._take(handle)
    return picture


def _made(function: Callable[..., int], *arguments: object) -> Picture:
    out = ffi.new("sw_picture **")
    check(function(*arguments, out))
    return _of(out[0])


def _holding(handle: Any) -> Callable[[object], None]:
    """Something that holds a picture for as long as it is held itself."""
    return functools.partial(_let_go, handle)


def _let_go(handle: object, memory: object) -> None:
    del handle, memory


class TestCard:
    """Makes test pictures, in place of a camera: bars that wander and a strip with their number.

    At least 96x48 pixels. Raises :class:`InvalidArgumentError`.
    """

    __test__ = False  # It is no test of pytest's.

    def __init__(self, width: int, height: int) -> None:
        self._size = (number("width", width), number("height", height))
        self.picture(0)

    def picture(self, number: int, timestamp_us: int = 0) -> Picture:
        """The picture of this number, 0 to 65535, in I420."""
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"number must be an int, not {type(number).__name__}")
        if not 0 <= number < 2**16:
            raise InvalidArgumentError(f"number must be from 0 to 65535; got {number}")
        return _made(lib.sw_test_card_picture, *self._size, number, _time(timestamp_us))

    def read(self, picture: Picture) -> int | None:
        """Reads the number of a test picture, of any format and size and after encoding.

        None when the picture is no test card or is damaged there.
        """
        out = ffi.new("int32_t *")
        check(lib.sw_test_card_read(picture._handle, out))
        return None if out[0] < 0 else int(out[0])


class PictureSink(MediaSink[Picture]):
    """A callback that gets the pictures of a call; made by :meth:`Call.add_picture_sink`."""

    _what = "picture"

    def _withdraw(self, call: Any, number: int) -> None:
        lib.sw_call_remove_picture_sink(call, number)


def _on_picture(picture: Any, info: Any, user_data: Any) -> None:
    sink: PictureSink = ffi.from_handle(user_data)
    try:
        check(lib.sw_picture_ref(picture))
        sink._callback(_of(picture))
    except BaseException:
        # Nobody is above this frame who could handle it.
        sink._failed()


def _on_file(file: Any, size: int, user_data: Any) -> None:
    ffi.from_handle(user_data).append(ffi.buffer(file, size)[:])


# One function for all sinks, and for as long as the process lives.
_ON_PICTURE = ffi.callback("void(sw_picture *, const sw_picture_info *, void *)", _on_picture)
_ON_FILE = ffi.callback("void(const uint8_t *, size_t, void *)", _on_file)


class PicturePort(MediaPort):
    """The pictures of one call."""

    def push(self, picture: Picture) -> int:
        one_of("picture", picture, Picture)
        dropped = ffi.new("uint32_t *")
        _told(lib.sw_call_push_picture(self.call, picture._info, dropped))
        return int(dropped[0])

    def add_sink(
        self, callback: Callable[[Picture], object], format: _native.PixelFormat
    ) -> PictureSink:
        return self._add(PictureSink(callback), format)

    def stream(self, format: _native.PixelFormat, queue_pictures: int) -> PictureStream:
        stream = PictureStream(queue_pictures)
        stream._sink = self._add(sink_of(stream, PictureSink), format)
        return stream

    def _add(self, sink: PictureSink, format: _native.PixelFormat) -> PictureSink:
        declared = ffi.new("sw_picture_sink *")
        declared.format = _FORMATS[one_of("format", format, _native.PixelFormat)]
        declared.on_picture = _ON_PICTURE

        def add(number: Any) -> None:
            _told(lib.sw_call_add_picture_sink(self.call, declared, number))

        return self.begin(sink, declared, add)


class PictureStream(MediaStream[Picture]):
    """The received pictures of a call: ``async for picture in stream``; see :meth:`Call.pictures`.

    For one reader. It ends with the call, or after :meth:`cancel`. Cancelling a wait for the next
    picture loses nothing.
    """

    def __init__(self, queue_pictures: int) -> None:
        super().__init__("queue_pictures", queue_pictures)
