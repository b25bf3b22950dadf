"""The caller's own trace: the header `traceparent` of the W3C's recommendation Trace Context (level 1)."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass

FORM = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class TraceParent:
    """The span of the caller that asks; ids in hexadecimal."""

    trace_id: str
    span_id: str
    sampled: bool


@dataclass(frozen=True, slots=True)
class Calling:
    """The request that is answered: its id in the log, and the span of the caller, if he told one."""

    request_id: str = ""
    parent: TraceParent | None = None


calling: ContextVar[Calling] = ContextVar("calling", default=Calling())  # noqa: B039 - it is frozen
"""The request that is answered in this context."""


def read_traceparent(header: str | None) -> TraceParent | None:
    """What the header says; a malformed one says nothing, as the recommendation wants."""
    found = FORM.fullmatch((header or "").strip())
    if found is None or (found[1] == "00" and found[5]):
        return None
    return TraceParent(found[2], found[3], bool(int(found[4], 16) & 1))
