"""Standard input as an asynchronous iterator of lines."""

from __future__ import annotations

import asyncio
import sys
import threading


class Lines:
    """Lines of standard input, read on a thread of their own: reading cannot be interrupted."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def _read(self) -> None:
        try:
            for line in sys.stdin:
                if line.strip():
                    self._loop.call_soon_threadsafe(self._queue.put_nowait, line.strip())
            self._loop.call_soon_threadsafe(self._queue.put_nowait, None)
        except RuntimeError:
            # The loop is over; nobody reads any more.
            return

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> str:
        line = await self._queue.get()
        if line is None:
            raise StopAsyncIteration
        return line
