"""More questions than can be worked on at once wait for their turn, fairly and not for ever."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from service.errors import Overloaded
from service.routes.context import ClientLeft, while_connected
from service.settings import ApiSettings
from service.sharing.waiting_room import WaitingRoom
from tests.api.calling import calling, small_limits
from tests.fakes import FakeEngine

QUESTION = {"query": "How long?"}


def a_room(running: int = 1, waiting: int = 10, wait_s: float = 60) -> WaitingRoom:
    return WaitingRoom(
        ApiSettings(max_concurrent_queries=running, max_waiting_queries=waiting, max_wait_s=wait_s)
    )


class Crowd:
    """Takes turns, notes who was let in and lets go of each when told to."""

    def __init__(self, room: WaitingRoom) -> None:
        self._room = room
        self._done: dict[str, asyncio.Event] = {}
        self.let_in: list[str] = []

    async def come(self, name: str, tenant: str = "acme") -> asyncio.Task[None]:
        self._done[name] = asyncio.Event()
        task = asyncio.create_task(self._ask(name, tenant))
        await asyncio.sleep(0)
        return task

    async def _ask(self, name: str, tenant: str) -> None:
        if not self._room.enter_at_once():
            await self._room.enter(tenant)
        try:
            self.let_in.append(name)
            await self._done[name].wait()
        finally:
            self._room.leave()

    async def finish(self, name: str) -> None:
        self._done[name].set()
        for _ in range(4):
            await asyncio.sleep(0)


async def test_who_came_first_is_let_in_first() -> None:
    crowd = Crowd(a_room())
    for name in "abc":
        await crowd.come(name)
    for name in "abc":
        assert crowd.let_in[-1] == name
        await crowd.finish(name)


async def test_no_more_are_let_in_than_may_run_at_once() -> None:
    crowd = Crowd(a_room(running=2))
    for name in "abcd":
        await crowd.come(name)
    assert crowd.let_in == ["a", "b"]
    await crowd.finish("b")
    assert crowd.let_in == ["a", "b", "c"]
    for name in "acd":
        await crowd.finish(name)


async def test_a_tenant_that_asks_much_does_not_keep_another_waiting() -> None:
    crowd = Crowd(a_room())
    for name in ("many1", "many2", "many3"):
        await crowd.come(name, "many")
    await crowd.come("one", "few")
    for _ in range(4):
        await crowd.finish(crowd.let_in[-1])
    assert crowd.let_in == ["many1", "many2", "one", "many3"]


async def test_when_the_room_is_full_the_next_is_refused_at_once_with_the_setting() -> None:
    crowd = Crowd(a_room(waiting=1))
    await crowd.come("a")
    await crowd.come("b")
    with pytest.raises(Overloaded, match=r"api\.max_waiting_queries"):
        await (await crowd.come("c"))
    for name in "ab":
        await crowd.finish(name)


async def test_who_has_waited_long_enough_is_told_so_with_the_setting() -> None:
    room = a_room(wait_s=0.001)
    crowd = Crowd(room)
    await crowd.come("a")
    with pytest.raises(Overloaded, match=r"api\.max_wait_s"):
        await (await crowd.come("b"))
    assert room.waiting == 0
    await crowd.finish("a")
    await crowd.come("c")
    assert crowd.let_in == ["a", "c"]
    await crowd.finish("c")


async def test_who_leaves_while_waiting_costs_nobody_a_turn() -> None:
    room = a_room()
    crowd = Crowd(room)
    await crowd.come("a")
    leaving, _ = await crowd.come("b"), await crowd.come("c")
    leaving.cancel()
    await crowd.finish("a")
    assert crowd.let_in == ["a", "c"]
    await crowd.finish("c")
    assert room.waiting == 0


async def test_who_leaves_in_the_moment_of_being_let_in_passes_the_turn_on() -> None:
    room = a_room()
    crowd = Crowd(room)
    first = await crowd.come("a")
    leaving, _ = await crowd.come("b"), await crowd.come("c")
    first.cancel()
    await asyncio.sleep(0)  # the turn is b's now, and b does not know it yet
    leaving.cancel()
    for _ in range(4):
        await asyncio.sleep(0)
    assert crowd.let_in == ["a", "c"]
    await crowd.finish("c")


async def test_thirty_two_who_ask_at_once_are_all_answered() -> None:
    engine = FakeEngine()
    async with calling(engine, small_limits(max_concurrent_queries=2, max_waiting_queries=30)) as client:
        asking = [client.post("/query", json=QUESTION) for _ in range(32)]
        assert {response.status_code for response in await asyncio.gather(*asking)} == {200}


async def test_a_client_that_hangs_up_while_it_waits_frees_its_place() -> None:
    room = a_room(waiting=1)
    crowd = Crowd(room)
    await crowd.come("a")
    hung_up = asyncio.Event()

    async def receive() -> dict[str, str]:
        await hung_up.wait()
        return {"type": "http.disconnect"}

    request = Request({"type": "http"}, receive)
    waiting = asyncio.create_task(while_connected(request, room.enter("acme")))
    while not room.waiting:
        await asyncio.sleep(0)
    hung_up.set()
    with pytest.raises(ClientLeft):
        await waiting
    assert room.waiting == 0
    await crowd.finish("a")
