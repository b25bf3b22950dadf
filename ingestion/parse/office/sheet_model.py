"""What a spreadsheet reader gives: the filled cells that a reader of the workbook sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from service.types import Scalar


@dataclass(frozen=True, slots=True)
class Sheet:
    """The filled, visible cells of one sheet by (row, column), as text."""

    name: str
    cells: Mapping[tuple[int, int], str]


@dataclass(slots=True)
class Book:
    """A workbook while it is read; `hidden` counts the characters of what is not seen, by cause."""

    sheets: list[Sheet] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    title: str = ""
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
