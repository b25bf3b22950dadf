"""Questions go first: bulk work waits, for a bounded time, while one is being answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MOST_WAIT_S = 2.0
"""So that a stream of questions slows an ingest down, but never stops it."""


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
        """Waits until no question is being answered, at most `MOST_WAIT_S`."""
        with self._changed:
            self._changed.wait_for(lambda: self._questions == 0, MOST_WAIT_S)
