"""Answers are written down behind their reader's back: who asks does not wait for the write lock."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from service.catalogue.answers import Answers, GivenAnswer
from service.errors import FootnoteError

log = logging.getLogger(__name__)

MAX_WAITING = 1_000
"""Answers that may wait for a catalogue that does not take them; what comes beyond is lost, and counted."""

BATCH = 100
RETRY_S = 5.0


class AnswerKeeper:
    """Collects answers in memory and writes them in batches, on a thread of its own."""

    def __init__(self, answers: Answers, max_waiting: int = MAX_WAITING, retry_s: float = RETRY_S) -> None:
        self._answers = answers
        self._max_waiting = max_waiting
        self._retry_s = retry_s
        self._waiting: deque[GivenAnswer] = deque()
        self._writing = threading.Lock()
        self._changed = threading.Condition()
        self._closing = False
        self.lost = 0
        """How many answers were not kept since the start."""

    def keep(self, given: GivenAnswer) -> None:
        """Leaves an answer to be written; returns at once, whatever the catalogue does."""
        with self._changed:
            if len(self._waiting) < self._max_waiting:
                self._waiting.append(given)
                self._changed.notify_all()
                return
            self.lost += 1
        log.error("an answer was not kept: the catalogue takes none", extra={"lost": self.lost})

    def flush(self) -> None:
        """Writes all that wait, now.

        Raises:
            CatalogueUnavailable: they cannot be written; they go on waiting.
        """
        with self._writing:
            while batch := self._first():
                self._answers.keep(batch)
                for _ in batch:
                    self._waiting.popleft()

    def _first(self) -> list[GivenAnswer]:
        with self._changed:
            return list(islice(self._waiting, BATCH))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Writes while the block runs; at its end what still waits is written, or counted as lost."""
        thread = threading.Thread(target=self._run, name="answer-keeper")
        thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._closing = True
                self._changed.notify_all()
            thread.join()

    def _run(self) -> None:
        while not self._closing:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
            if not self._flushed():
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, self._retry_s)
        if not self._flushed():
            self.lost += len(self._waiting)
            log.error("answers were not kept before the end", extra={"lost": len(self._waiting)})

    def _flushed(self) -> bool:
        try:
            self.flush()
        except FootnoteError as error:
            log.warning("answers wait to be kept: %s", error, extra={"waiting": len(self._waiting)})
            return False
        return True
