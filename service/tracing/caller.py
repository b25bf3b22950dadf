"""The caller's own trace: the header `traceparent` of the W3C's recommendation Trace Context (level 1)."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass

from service.tracing.spans import Experiment

FORM = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class TraceParent:
    """The span of the caller that asks; ids in hexadecimal."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def header(self) -> str:
        """The same as the header says it."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


@dataclass(frozen=True, slots=True)
class Calling:
    """The request that is answered: its id in the log, and the span of the caller, if he told one.

    `experiment` is the item of a dataset that is asked in this process; no request can name one.
    """

    request_id: str = ""
    parent: TraceParent | None = None
    experiment: Experiment | None = None


calling: ContextVar[Calling] = ContextVar("calling", default=Calling())  # noqa: B039 - it is frozen
"""The request that is answered in this context."""


def read_traceparent(header: str | None) -> TraceParent | None:
    """What the header says; a malformed one says nothing, as the recommendation wants."""
    found = FORM.fullmatch((header or "").strip())
    if found is None or (found[1] == "00" and found[5]):
        return None
    return TraceParent(found[2], found[3], bool(int(found[4], 16) & 1))
