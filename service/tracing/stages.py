"""Who listens to the stages of what is worked on in this context; `stopwatch.py` tells."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

Listener = Callable[[str, int, int, BaseException | None], None]
"""Told of a stage that has ended: its name, when it began and ended (nanoseconds since 1970), its error."""

listening: ContextVar[Listener | None] = ContextVar("listening", default=None)


@dataclass(slots=True)
class Stage:
    """All uses of one stage together; `busy_ns` may be less than it lasted, where others ran in between."""

    began: int
    ended: int
    busy_ns: int = 0
    error: BaseException | None = None


class Stages(dict[str, Stage]):
    """The stages of one piece of work by name, in the order in which they began."""

    def told(self, name: str, began: int, ended: int, error: BaseException | None) -> None:
        """Counts one more use of a stage."""
        stage = self.setdefault(name, Stage(began, ended))
        stage.ended = ended
        stage.busy_ns += ended - began
        stage.error = error or stage.error


def now_ns() -> int:
    """Nanoseconds since 1970, as traces count."""
    return time.time_ns()
