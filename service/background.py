"""Work beside the event loop: threads for questions, and what is done again and again."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import ParamSpec, TypeVar

import anyio

from service.errors import FootnoteError

log = logging.getLogger(__name__)

Given = ParamSpec("Given")
Result = TypeVar("Result")


def cores() -> int:
    """How many the process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class QuestionThreads:
    """The threads on which questions are worked on; documents are managed on others.

    Whose turn it is goes by who came first. There are `size` of them, at 0 one a core: more would take the
    cores, and Python's one lock, from each other. Each thread does `begin` first.
    """

    def __init__(self, size: int = 0, begin: Callable[[], None] | None = None) -> None:
        self._threads = ThreadPoolExecutor(size or cores(), "question", begin)

    async def run(self, work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """The result of `work`, done in a thread in the caller's context.

        A thread cannot be stopped: who is cancelled waits until its work has ended, so that what it holds, a
        slot for a query above all, is not given to the next while the processor is still busy with it.
        """
        context = contextvars.copy_context()
        working = self._threads.submit(lambda: context.run(work, *args, **kwargs))
        done = asyncio.wrap_future(working)
        try:
            await asyncio.wait({done})  # an `await done` would let go of the work when it is cancelled
        except asyncio.CancelledError:
            working.cancel()  # has an effect only before it began
            await ended(done)
            raise
        return done.result()

    def close(self) -> None:
        """Waits for the threads to end."""
        self._threads.shutdown()


async def ended(done: asyncio.Future[Result]) -> None:
    """Waits for the end of what was cancelled, however often who waits is cancelled too."""
    with anyio.CancelScope(shield=True):
        while not done.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({done})


@contextmanager
def repeating(work: Callable[[], object], every_s: float, name: str) -> Iterator[None]:
    """Does `work` every `every_s` seconds in a thread of its own, until the block ends."""
    ending = threading.Event()

    def loop() -> None:
        while not ending.wait(every_s):
            try:
                work()
            except FootnoteError as error:
                log.warning("%s is tried again later: %s", name, error)
            except Exception:  # the next turn may succeed, and nobody else would do it
                log.exception("%s failed, and is tried again later", name)

    thread = threading.Thread(target=loop, name=name)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
