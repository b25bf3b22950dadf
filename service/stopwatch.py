"""Times the stages of one request, in milliseconds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Stopwatch:
    """Started when made; each stage's time adds up over its uses."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts the block's time to the stage `name`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._stages[name] = self._stages.get(name, 0.0) + (time.perf_counter() - started) * 1000

    def timings_ms(self) -> Mapping[str, float]:
        """Milliseconds by stage, with the `total` since the start."""
        total = (time.perf_counter() - self._started) * 1000
        return {name: round(spent, 3) for name, spent in {**self._stages, "total": total}.items()}
