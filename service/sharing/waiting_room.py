"""waiting_room: some questions are under way, some wait for their turn, the rest are refused at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from service.errors import Overloaded
from service.settings import ApiSettings


class WaitingRoom:
    """Lets questions in: of each tenant who came first, and the tenants in turns.

    To be used on one event loop.
    """

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._free = settings.max_concurrent_queries
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def enter_at_once(self) -> bool:
        """Takes a turn where one is free; whether one was."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def enter(self, tenant: str) -> None:
        """Waits for a turn, and takes it; whoever has one leaves in the end.

        Raises:
            Overloaded: too many wait, or the turn did not come in time; the message names the setting.
        """
        limits = self._settings
        if self.waiting >= limits.max_waiting_queries:
            raise Overloaded(
                f"{limits.max_concurrent_queries} queries run already and {self.waiting} wait (settings "
                "api.max_concurrent_queries, api.max_waiting_queries).",
                hint="Wait a second, or raise FOOTNOTE_API__MAX_WAITING_QUERIES.",
            )
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(turn)
        try:
            async with asyncio.timeout(limits.max_wait_s):
                await turn
        except BaseException as error:
            self._give_up(tenant, turn)
            if not isinstance(error, TimeoutError):
                raise
            raise Overloaded(
                f"The query's turn did not come within {limits.max_wait_s:g} s (setting api.max_wait_s).",
                hint="Ask again later, or raise FOOTNOTE_API__MAX_WAIT_S.",
            ) from None

    def _give_up(self, tenant: str, turn: asyncio.Future[None]) -> None:
        """Gives up waiting; a turn that came at this very moment is the next one's."""
        if turn.done() and not turn.cancelled():
            self.leave()
        elif turn in self._waiting.get(tenant, ()):
            self._waiting[tenant].remove(turn)
            if not self._waiting[tenant]:
                del self._waiting[tenant]

    def leave(self) -> None:
        """Gives the turn to the next one; its tenant goes to the end of the row."""
        while self._waiting:
            tenant, row = self._waiting.popitem(last=False)
            turn = row.popleft()
            if row:
                self._waiting[tenant] = row
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
