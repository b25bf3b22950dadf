"""Times the stages of one request, in milliseconds, and tells who listens (`tracing/stages.py`)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from service.tracing.stages import listening, now_ns


class Stopwatch:
    """Started when made; each stage's time adds up over its uses."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._stages: dict[str, float] = {}
        self._listener = listening.get()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts the block's time to the stage `name`."""
        started = time.perf_counter()
        began = 0 if self._listener is None else now_ns()
        error: BaseException | None = None
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            spent = time.perf_counter() - started
            self._stages[name] = self._stages.get(name, 0.0) + spent * 1000
            if self._listener is not None:
                self._listener(name, began, max(began, now_ns()), error)

    def timings_ms(self) -> Mapping[str, float]:
        """Milliseconds by stage, with the `total` since the start."""
        total = (time.perf_counter() - self._started) * 1000
        return {name: round(spent, 3) for name, spent in {**self._stages, "total": total}.items()}
