"""``anext`` and ``aiter`` of the built-in functions, which Python has from 3.10 on."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

if sys.version_info >= (3, 10):
    from builtins import aiter as aiter
    from builtins import anext as anext
else:

    def aiter(iterable: AsyncIterable[Any]) -> AsyncIterator[Any]:
        """The iterator of what ``async for`` takes."""
        return iterable.__aiter__()

    async def anext(iterator: AsyncIterator[Any], *default: Any) -> Any:
        """The next of an iterator; the default, if one is given, at its end."""
        try:
            return await iterator.__anext__()
        except StopAsyncIteration:
            if default:
                return default[0]
            raise
