"""Lists that come in pages, entry by entry."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from ._convert import awaited

Entry = TypeVar("Entry")
EntryOut = TypeVar("EntryOut", covariant=True)


class _Source(Protocol[EntryOut]):
    async def next(self) -> EntryOut | None: ...


class EntryList(Generic[Entry]):
    """The entries of a whole list, in order, for one reader: ``async for entry in entries``.

    Pages are read as they are needed. After an exception the same page is tried again by the next
    step: nothing is skipped. What is added or removed meanwhile may be missed or come twice.
    """

    def __init__(self, source: _Source[Entry]) -> None:
        self._source = source

    def __aiter__(self) -> EntryList[Entry]:
        return self

    async def __anext__(self) -> Entry:
        entry = await awaited(self._source.next())
        if entry is None:
            raise StopAsyncIteration
        return entry
