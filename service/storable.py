"""What a store can hold: the one place that says so, whichever way a value comes in.

Integers of 64 bits and finite doubles, because that is what Qdrant and SQL compare; texts that are Unicode
(no half of a surrogate pair, which UTF-8 cannot spell) and hold no NUL, which PostgreSQL refuses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice

from service.types import Scalar

MAX_INTEGER = 2**63 - 1
MIN_INTEGER = -(2**63)
MAX_FIELDS = 64
"""Metadata fields of one document."""
MAX_TEXT_CHARACTERS = 1000
"""Of a metadata value, a source, a name."""


def why_unstorable(value: object) -> str:
    """Why `value` can be no metadata value; empty if it can."""
    if isinstance(value, str):
        return _why_unstorable_value_text(value)
    if isinstance(value, int):  # a truth value is one too
        return "" if MIN_INTEGER <= value <= MAX_INTEGER else "an integer has at most 64 bits"
    if isinstance(value, float):
        return "" if math.isfinite(value) else "a number is finite"
    return "a value is a text, a number or a truth value"


def why_unstorable_text(text: str) -> str:
    """Why no store can hold `text`, however long it may be; empty if it can."""
    if "\0" in text:
        return "a text holds no NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "a text holds no half of a surrogate pair"
    return ""


def storable_part(metadata: Mapping[str, Scalar]) -> tuple[dict[str, Scalar], tuple[str, ...]]:
    """What can be held of a document's own metadata, and a warning for each field that cannot."""
    kept: dict[str, Scalar] = {}
    warnings: list[str] = []
    for name, value in metadata.items():
        if reason := why_unstorable(value):
            warnings.append(f"The metadata field {name} was left out: {reason}.")
        else:
            kept[name] = value
    if len(kept) > MAX_FIELDS:
        warnings.append(f"Of {len(kept)} metadata fields the first {MAX_FIELDS} were kept.")
    return dict(islice(kept.items(), MAX_FIELDS)), tuple(warnings[:MAX_FIELDS])


def _why_unstorable_value_text(text: str) -> str:
    if len(text) > MAX_TEXT_CHARACTERS:
        return f"a text has at most {MAX_TEXT_CHARACTERS} characters"
    return why_unstorable_text(text)
