"""An answer as JSON, and back."""

from __future__ import annotations

import dataclasses
import logging
from functools import cache

from pydantic import ConfigDict, TypeAdapter, ValidationError

from service.types import Answer

log = logging.getLogger(__name__)

FORMAT = 4
"""Raised whenever what an answer is made of changes; entries of another format are not read."""

_Entry = tuple[int, Answer]


@cache
def _adapter() -> TypeAdapter[_Entry]:
    # Made at the first use, so that nobody waits for it at the start.
    return TypeAdapter(_Entry, config=ConfigDict(arbitrary_types_allowed=True, ser_json_inf_nan="constants"))


def unburdened(answer: Answer) -> Answer:
    """The answer with all that its readers are shown, without the token vectors of its hits."""
    hits = tuple(dataclasses.replace(hit, tokens=None, match=None) for hit in answer.hits)
    return dataclasses.replace(answer, hits=hits)


def written(answer: Answer) -> bytes:
    """The answer as `unburdened` leaves it."""
    return _adapter().dump_json((FORMAT, unburdened(answer)))


def read(entry: bytes) -> Answer | None:
    """The answer, or None where another version of Footnote has written it."""
    if not entry.startswith(f"[{FORMAT},".encode()):
        return None
    try:
        return _adapter().validate_json(entry)[1]
    except ValidationError:
        log.warning("a cached answer cannot be read, and is worked out anew")
        return None
