"""What every parser gives back, before the elements have a place in the normalised text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ingestion.types import Element, PageReceipt
from service.settings import ParseSettings
from service.types import Scalar


@dataclass(frozen=True, slots=True)
class Parsed:
    """The elements of one file in reading order, and what was left out on the way.

    `pages` is empty for formats without pages. `hidden` counts characters left out because a reader would
    not see them, by cause. `metadata` holds what the file says about itself (author, date, front matter).
    """

    parser: str
    elements: tuple[Element, ...]
    title: str = ""
    pages: tuple[PageReceipt, ...] = ()
    hidden: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    external_id: str | None = None


class Parser(Protocol):
    """One module per family of formats offers `parse` with this signature; it raises `ParseError`s only."""

    def __call__(self, content: bytes, filename: str, limits: ParseSettings) -> Parsed:
        """Read `content`; `filename` is for messages and for telling sub-formats apart, never opened."""
        ...
