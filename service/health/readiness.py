"""Whether each part can serve now: every part is asked itself, in a thread, with a deadline."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.errors import FootnoteError
from service.records import Readiness

log = logging.getLogger(__name__)

DEADLINE_S = 2.0
"""How long a part may take to answer for itself."""

FRESH_S = 3.0
"""How long what a part said holds, so that many who ask do not make work."""

MAX_PARTS = 16

Check = Callable[[], str]
"""Says how a part does; raises when it cannot serve."""


@dataclass
class _Part:
    """A check with what it said last; it never runs twice at once."""

    check: Check
    running: Future[Readiness] | None = None
    began: float = field(default=float("-inf"))


class Readinesses:
    """The checks of all parts, by component."""

    def __init__(
        self, checks: Mapping[str, Check], deadline_s: float = DEADLINE_S, fresh_s: float = FRESH_S
    ) -> None:
        self._parts = {component: _Part(check) for component, check in checks.items()}
        self._deadline_s = deadline_s
        self._fresh_s = fresh_s
        self._threads = ThreadPoolExecutor(MAX_PARTS, thread_name_prefix="readiness")

    @contextmanager
    def including(self, component: str, check: Check) -> Iterator[None]:
        """Another part is asked as well while the block runs."""
        self._parts[component] = _Part(check)
        try:
            yield
        finally:
            del self._parts[component]

    async def report(self) -> list[Readiness]:
        """What every part says; one that does not answer before the deadline is not ready."""
        asked = {component: self._asked(component, part) for component, part in self._parts.items()}
        await asyncio.wait([asyncio.wrap_future(one) for one in asked.values()], timeout=self._deadline_s)
        return [
            one.result()
            if one.done()
            else Readiness(component, False, f"no answer for {self._deadline_s:g} s")
            for component, one in asked.items()
        ]

    def close(self) -> None:
        """Waits for the checks that run."""
        self._threads.shutdown(cancel_futures=True)

    def _asked(self, component: str, part: _Part) -> Future[Readiness]:
        moment = time.monotonic()
        running = part.running
        if running is None or (running.done() and moment - part.began > self._fresh_s):
            running = self._threads.submit(_said, component, part.check)
            part.running, part.began = running, moment
        return running


def _said(component: str, check: Check) -> Readiness:
    try:
        return Readiness(component, True, check())
    except FootnoteError as error:
        return Readiness(component, False, str(error))
    except Exception as error:  # whatever it is, this part cannot serve
        log.exception("the check of a part failed", extra={"component": component})
        return Readiness(component, False, f"failed unexpectedly ({type(error).__name__})")
