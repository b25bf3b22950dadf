"""Answers, and who asked, are written down behind their reader's back: who asks does not wait for the write
lock.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Generic, TypeVar

from service.catalogue.answers import Answers, GivenAnswer, Judged
from service.catalogue.audit import AuditLog
from service.errors import FootnoteError, NotFound
from service.records import Feedback
from service.tenancy import AuditEntry
from service.types import Scope

Note = TypeVar("Note")

log = logging.getLogger(__name__)

MAX_WAITING = 1_000
"""Notes that may wait for a catalogue that does not take them; what comes beyond is lost, and counted."""

BATCH = 100
GATHER_S = 0.2
"""How long the first note waits for others: a transaction takes longer than a cached answer does, and twenty
of them a second a fortieth of a core."""
RETRY_S = 5.0
ANOTHERS_RECORD_S = (0.05, 0.1, 0.2, 0.4)
"""How feedback waits for the record of its answer, which whoever gave it writes some 200 ms later."""


class Keeper(Generic[Note]):
    """Collects notes in memory and writes them in batches, on a thread of its own.

    Args:
        write: writes a batch; one that is written twice is there once.
        what: the notes' name in the log.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Note]], None],
        what: str,
        max_waiting: int = MAX_WAITING,
        retry_s: float = RETRY_S,
        gather_s: float = GATHER_S,
    ) -> None:
        self._write = write
        self._gather_s = gather_s
        self._what = what
        self._max_waiting = max_waiting
        self._retry_s = retry_s
        self._waiting: deque[Note] = deque()
        self._writing = threading.Lock()
        self._changed = threading.Condition()
        self._closing = False
        self.lost = 0
        """How many were not kept since the start."""

    def keep(self, note: Note) -> None:
        """Leaves a note to be written; returns at once, whatever the catalogue does."""
        with self._changed:
            if len(self._waiting) < self._max_waiting:
                self._waiting.append(note)
                if len(self._waiting) == 1:  # else the thread knows already, and would be woken for nothing
                    self._changed.notify_all()
                return
            self.lost += 1
        log.error("%s were not kept: the catalogue takes none", self._what, extra={"lost": self.lost})

    def flush(self) -> None:
        """Writes all that wait, now.

        Raises:
            CatalogueUnavailable: they cannot be written; they go on waiting.
        """
        with self._writing:
            while batch := self._first():
                self._write(batch)
                for _ in batch:
                    self._waiting.popleft()

    def _first(self) -> list[Note]:
        with self._changed:
            return list(islice(self._waiting, BATCH))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Writes while the block runs; at its end what still waits is written, or counted as lost."""
        thread = threading.Thread(target=self._run, name=f"keeper of {self._what}")
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
                self._changed.wait_for(lambda: self._closing, self._gather_s)
            if not self._flushed():
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, self._retry_s)
        if not self._flushed():
            self.lost += len(self._waiting)
            log.error("%s were not kept before the end", self._what, extra={"lost": len(self._waiting)})

    def _flushed(self) -> bool:
        try:
            self.flush()
        except FootnoteError as error:
            waiting = {"waiting": len(self._waiting)}
            log.warning("%s wait to be kept: %s", self._what, error, extra=waiting)
            return False
        return True


class AnswerKeeper(Keeper[GivenAnswer]):
    """Keeps answers, so that they can be judged."""

    def __init__(self, answers: Answers, max_waiting: int = MAX_WAITING, retry_s: float = RETRY_S) -> None:
        super().__init__(answers.keep, "answers", max_waiting, retry_s)
        self._answers = answers

    async def judged(self, scope: Scope, feedback: Feedback, *, waits: bool) -> Judged:
        """Feedback that is kept; with `waits` another process may have given the answer just now.

        Raises:
            NotFound: the answer is not there, or not the scope's.
        """
        for wait_s in ANOTHERS_RECORD_S if waits else ():
            with suppress(NotFound):
                return await asyncio.to_thread(self._judge, scope, feedback)
            await asyncio.sleep(wait_s)
        return await asyncio.to_thread(self._judge, scope, feedback)

    def _judge(self, scope: Scope, feedback: Feedback) -> Judged:
        self.flush()  # the answer may have been given a moment ago
        return self._answers.judge(scope, feedback)


class AuditKeeper(Keeper[AuditEntry]):
    """Keeps who did what."""

    def __init__(self, audit: AuditLog, max_waiting: int = MAX_WAITING, retry_s: float = RETRY_S) -> None:
        super().__init__(audit.write, "entries of the audit log", max_waiting, retry_s)
