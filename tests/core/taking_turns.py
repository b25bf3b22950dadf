"""Threads that run one at a time, and change turns only where a test says so: every order can be tried."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from service.locks import DocumentLocks
from service.types import Scope


class Turns:
    """Runs actors as threads; `order` says, at each step, whose turn is next."""

    def __init__(self, order: Iterator[int]) -> None:
        self._order = order
        self._changed = threading.Condition()
        self._waiting: list[threading.Thread] = []
        self._running: threading.Thread | None = None
        self.errors: list[BaseException] = []

    def run(self, actors: Sequence[Callable[[], object]]) -> None:
        threads = [threading.Thread(target=self._act, args=(actor,), daemon=True) for actor in actors]
        self._waiting = list(threads)
        for thread in threads:
            thread.start()
        with self._changed:
            self._give()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def step(self) -> None:
        """Another actor may go on here, or this one."""
        with self._changed:
            self._waiting.append(threading.current_thread())
            self._give()
            self._await()

    def _act(self, actor: Callable[[], object]) -> None:
        with self._changed:
            self._await()
        try:
            actor()
        except BaseException as error:
            self.errors.append(error)
        with self._changed:
            self._give()

    def _give(self) -> None:
        self._running = None
        if self._waiting:
            self._running = self._waiting.pop(next(self._order, 0) % len(self._waiting))
        self._changed.notify_all()

    def _await(self) -> None:
        self._changed.wait_for(lambda: self._running is threading.current_thread())


class TurnLocks(DocumentLocks):
    """Locks under which who waits gives its turn away."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._held: set[tuple[str, str]] = set()

    @contextmanager
    def holding(self, scope: Scope, document_ids: Collection[str]) -> Iterator[None]:
        wanted = [(scope.tenant, one) for one in sorted(set(document_ids))]
        for key in wanted:
            self._turns.step()
            while key in self._held:
                self._turns.step()
            self._held.add(key)
        try:
            yield
        finally:
            self._held.difference_update(wanted)
