"""A recording of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _native
from ._convert import guarded

if TYPE_CHECKING:
    from types import TracebackType


class Recorder:
    """A running recording of a call."""

    def __init__(self, native: _native.Recorder) -> None:
        self._native = native

    def finish(self) -> None:
        """Ends the recording and completes the file. A second call does nothing but say the same.

        Raises :class:`MediaError` if something could not be written, such as on a full disk, or if
        the disk was too slow.
        """
        guarded(self._native.finish)

    def lost_ms(self) -> int:
        """Milliseconds that are silent in the file because the disk was too slow for 10 s."""
        return self._native.lost_ms()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.finish()
