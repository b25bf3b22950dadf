"""One piece of work, watched by all who want its result: what is asked twenty times at once is done once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Generic, TypeVar

from service.background import ended
from service.cache.key import Key

Event = TypeVar("Event")


class Flight(Generic[Event]):
    """Work that goes on by itself, for as long as somebody watches it."""

    def __init__(self, work: AsyncGenerator[Event, None]) -> None:
        self.watchers = 0
        self._happened: list[Event] = []
        self._error: Exception | None = None
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._run(work))

    async def _run(self, work: AsyncGenerator[Event, None]) -> None:
        try:
            async with aclosing(work) as events:
                async for event in events:
                    self._happened.append(event)
                    self._tell()
        except Exception as error:  # it is every watcher's
            self._error = error

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def events(self) -> AsyncGenerator[Event, None]:
        """All that happened from the start, then what happens."""
        self.task.add_done_callback(lambda _: self._tell())
        seen = 0
        while True:
            while seen < len(self._happened):
                seen += 1
                yield self._happened[seen - 1]
            if self.task.done():
                if self._error is not None:
                    raise self._error
                return
            await self._changed.wait()


class Flights(Generic[Event]):
    """The work that is under way in this process; to be used on one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[Key, Flight[Event]] = {}

    @asynccontextmanager
    async def joined(
        self, key: Key, work: Callable[[], AsyncGenerator[Event, None]]
    ) -> AsyncIterator[tuple[Flight[Event], bool]]:
        """The work on this, begun if nobody has, and whether the caller is the first.

        Who leaves takes nothing from the others; when the last one leaves before the end, the work is
        cancelled and has ended when the block does.
        """
        flight = self._under_way.get(key)
        is_first = flight is None
        if flight is None:
            flight = self._under_way[key] = Flight(work())
            flight.task.add_done_callback(lambda _: self._forget(key, flight))
        flight.watchers += 1
        try:
            yield flight, is_first
        finally:
            flight.watchers -= 1
            if not flight.watchers and not flight.task.done():
                self._forget(key, flight)
                flight.task.cancel()
                await ended(flight.task)

    def _forget(self, key: Key, flight: Flight[Event]) -> None:
        if self._under_way.get(key) is flight:
            del self._under_way[key]
