"""Work beside the caller's: threads for questions, a loop in a thread, and what is done again and again."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, ParamSpec, TypeVar

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


class LoopThread:
    """An event loop in a thread of its own, for those who have none, or whose own one is at work already.

    Any thread may run something on it.
    """

    def __init__(self) -> None:
        self._doing: set[Future[Any]] = set()
        self._changing = threading.Lock()
        self._is_closed = False
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._until_closed(ready)), name="loop")
        self._thread.start()
        ready.wait()

    async def _until_closed(self, ready: threading.Event) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await self._closing.wait()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`, which is cancelled where who waits for it is interrupted (Ctrl-C).

        Raises:
            concurrent.futures.CancelledError: the loop was closed.
        """
        with self._changing:
            if self._is_closed:
                work.close()
                raise CancelledError
            doing = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._doing.add(doing)
        try:
            return doing.result()
        except BaseException:
            doing.cancel()
            raise
        finally:
            self._doing.discard(doing)

    def close(self) -> None:
        """Ends the loop and its thread; what still runs on it is cancelled."""
        with self._changing:
            self._is_closed = True
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        for doing in list(self._doing):  # what had not begun yet
            doing.cancel()


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
