"""Questions go first: bulk work waits, for a bounded time, while one is answered, and has a low priority."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

MAX_WAIT_S = 2.0
"""So that a stream of questions slows an ingest down, but never stops it."""

NICENESS = 15
"""So that an answer hardly notices an ingest, and the ingest goes on beside other programs."""


def step_back() -> None:
    """Gives this thread, and all that it starts, a low priority, where a thread can have its own (Linux)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


class Gate:
    """Counts the questions that are being answered; safe to use from any thread."""

    def __init__(self) -> None:
        self._questions = 0
        self._changed = threading.Condition()

    @contextmanager
    def question(self) -> Iterator[None]:
        """A question is being answered while the block runs."""
        with self._changed:
            self._questions += 1
        try:
            yield
        finally:
            with self._changed:
                self._questions -= 1
                self._changed.notify_all()

    def give_way(self) -> None:
        """Waits until no question is being answered, at most `MAX_WAIT_S`."""
        with self._changed:
            self._changed.wait_for(lambda: self._questions == 0, MAX_WAIT_S)
