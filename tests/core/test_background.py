"""Questions are worked on beside the event loop, and nothing is let go of before its work has ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import anyio
import pytest

from service.background import QuestionThreads, repeating
from service.errors import CatalogueUnavailable

NAME: ContextVar[str] = ContextVar("NAME")


@pytest.fixture
def threads() -> Iterator[QuestionThreads]:
    made = QuestionThreads(1)
    yield made
    made.close()


class Work:
    """Begins, and ends when it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go, self.ended = (threading.Event() for _ in range(3))

    def __call__(self) -> str:
        self.begun.set()
        self.let_go.wait()
        self.ended.set()
        return "done"


async def test_the_loop_goes_on_while_work_is_done(threads: QuestionThreads) -> None:
    work = Work()
    running = asyncio.create_task(threads.run(work))
    await asyncio.to_thread(work.begun.wait)
    work.let_go.set()
    assert await running == "done"


async def test_an_error_of_the_work_is_the_callers(threads: QuestionThreads) -> None:
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 / 0)


async def test_work_is_done_in_the_context_of_its_caller(threads: QuestionThreads) -> None:
    NAME.set("caller")
    assert await threads.run(NAME.get) == "caller"


async def test_who_is_cancelled_leaves_only_when_the_work_has_ended(threads: QuestionThreads) -> None:
    work = Work()
    running = asyncio.create_task(threads.run(work))
    await asyncio.to_thread(work.begun.wait)
    for _ in range(3):
        running.cancel()
        await asyncio.sleep(0)
    assert not running.done()
    work.let_go.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert work.ended.is_set()


async def test_a_cancelled_scope_is_left_only_when_the_work_has_ended(threads: QuestionThreads) -> None:
    work = Work()
    async with anyio.create_task_group() as group:
        group.start_soon(threads.run, work)
        await asyncio.to_thread(work.begun.wait)
        group.cancel_scope.cancel()
        asyncio.get_running_loop().call_soon(work.let_go.set)
    assert work.ended.is_set()


async def test_work_that_has_not_begun_is_not_done_for_who_is_gone(threads: QuestionThreads) -> None:
    first, second = Work(), Work()
    running = asyncio.create_task(threads.run(first))
    await asyncio.to_thread(first.begun.wait)
    waiting = asyncio.create_task(threads.run(second))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    first.let_go.set()
    await running
    assert not second.begun.is_set()


def test_what_is_repeated_goes_on_after_a_failure_until_the_block_ends() -> None:
    turns, third = [], threading.Event()

    def work() -> None:
        turns.append(len(turns))
        if len(turns) == 1:
            raise CatalogueUnavailable("away for a moment")
        if len(turns) == 2:
            raise ZeroDivisionError
        third.set()

    with repeating(work, 0.001, "counting"):
        assert third.wait(10)
    ended = len(turns)
    assert len(turns) == ended
