"""waking: workers learn that there is work; one that is not told finds it a few seconds later.

The queue is in SQL alone. A wake-up says nothing of what there is to do; it only ends a wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Protocol

from typing_extensions import override

from service.errors import RedisUnavailable
from service.redis import RedisServer

LISTEN_S = 0.5
"""How long to listen before looking whether to stop."""


class Waker(Protocol):
    """Ends the waits of workers; safe to use from any thread."""

    def set(self) -> None:
        """There is work, or a reason to look."""
        ...

    def wait(self, timeout: float) -> bool:
        """Waits for a wake-up, at most so many seconds; whether one came."""
        ...

    def clear(self) -> None:
        """Whoever waited has looked."""
        ...


class SharedWaker(Waker):
    """Wakes the workers of this process at once, and those of all others through Redis."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._channel = server.key("wake")
        self._here = threading.Event()
        self._ending = threading.Event()

    @override
    def set(self) -> None:
        self._here.set()
        try:
            self._server.run(lambda client: client.publish(self._channel, b""))
        except RedisUnavailable:
            return  # the others look by themselves

    @override
    def wait(self, timeout: float) -> bool:
        return self._here.wait(timeout)

    @override
    def clear(self) -> None:
        self._here.clear()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hears the others' wake-ups until the block ends."""
        thread = threading.Thread(target=self._listen, name="waker")
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            thread.join()

    def _listen(self) -> None:
        while not self._ending.is_set():
            try:
                self._server.run(lambda _: self._hear())
            except RedisUnavailable:
                self._ending.wait(LISTEN_S)

    def _hear(self) -> None:
        with closing(self._server.subscription(self._channel)) as heard:
            self._here.set()  # what was said before the subscription is not repeated
            while not self._ending.is_set():
                message: Any = heard.get_message(timeout=LISTEN_S)
                if message is not None:
                    self._here.set()
