"""Streams of received media for one reader."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .errors import InvalidArgumentError
from .options import number

if TYPE_CHECKING:
    from typing_extensions import Self

Item = TypeVar("Item")


class MediaStream(Generic[Item]):
    """What a sink gets, for ``async for``. The oldest of its queue goes for what is newer."""

    def __init__(self, name: str, length: int) -> None:
        if number(name, length) < 1:
            raise InvalidArgumentError(f"{name} must be at least 1; got 0")
        self._queue: deque[Item] = deque(maxlen=length)
        self._dropped = 0
        self._is_over = False
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None
        self._sink: Any = None

    @property
    def dropped(self) -> int:
        """How many were dropped because the reader was too slow."""
        return self._dropped

    def cancel(self) -> None:
        """Ends the stream, also for whoever waits for it. A second call does nothing."""
        if self._sink is not None:
            self._sink.remove()
        self._queue.clear()
        self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while True:
            if self._queue:
                return self._queue.popleft()
            if self._is_over:
                raise StopAsyncIteration
            if self._waiter is not None:
                raise RuntimeError("the stream is already being read")
            loop = asyncio.get_running_loop()
            waiter = loop.create_future()
            self._waiter = (loop, waiter)
            try:
                # What came before the waiter was set has woken nobody.
                if not self._queue and not self._is_over:
                    await waiter
            finally:
                self._waiter = None

    def _put(self, frame: Item) -> None:
        if len(self._queue) == self._queue.maxlen:
            self._dropped += 1
        self._queue.append(frame)
        self._wake()

    def _end(self) -> None:
        self._is_over = True
        self._wake()

    def _wake(self) -> None:
        waiting = self._waiter
        if waiting is None:
            return
        loop, waiter = waiting
        try:
            loop.call_soon_threadsafe(_resolve, waiter)
        except RuntimeError:
            # The loop was closed under its reader, who is gone then.
            self._waiter = None


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
