"""Events as asynchronous iterators."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

Event = TypeVar("Event")
EventOut = TypeVar("EventOut", covariant=True)


class _Source(Protocol[EventOut]):
    async def next(self) -> EventOut | None: ...
    def try_next(self) -> EventOut | None: ...
    def missed(self) -> int: ...
    def cancel(self) -> None: ...


class EventStream(Generic[Event]):
    """The events of a client or a call, in order, for one reader: ``async for event in stream``.

    Each stream has its own queue of 1024 events; a reader that stays away longer loses the
    oldest, and :attr:`missed` counts them. The first stream of an object also holds everything
    since the object was made. The loop ends after the last event, or after :meth:`cancel`,
    which the end of an ``async with`` block does, too.
    Cancelling a wait for the next event loses nothing.
    """

    def __init__(self, source: _Source[Event]) -> None:
        self._source = source

    async def __aenter__(self) -> EventStream[Event]:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.cancel()

    def __aiter__(self) -> EventStream[Event]:
        return self

    async def __anext__(self) -> Event:
        event = await self._source.next()
        if event is None:
            raise StopAsyncIteration
        return event

    def try_next(self) -> Event | None:
        """The next event if one is already there."""
        return self._source.try_next()

    @property
    def missed(self) -> int:
        """How many events were dropped because this reader was too slow."""
        return self._source.missed()

    def cancel(self) -> None:
        """Ends this stream, also for whoever waits for it. A second call does nothing."""
        self._source.cancel()
