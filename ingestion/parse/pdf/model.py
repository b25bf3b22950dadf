"""What a PDF page holds once it is read, and before anything is known about its layout.

Coordinates are points from the top left of the page as it is shown (its rotation applied).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Box = tuple[float, float, float, float]
"""(x0, y0, x1, y1)."""


@dataclass(frozen=True, slots=True)
class Word:
    """A run of characters without a gap; `size` is the font size as shown, in points."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    baseline: float
    size: float
    bold: bool = False
    italic: bool = False
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin straight line, horizontal or vertical."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def horizontal(self) -> bool:
        """Whether it runs along a row."""
        return self.x1 - self.x0 >= self.y1 - self.y0


@dataclass(frozen=True, slots=True)
class PageContent:
    """Everything read from one page; `number` counts from 1.

    `sideways` holds text that is not set horizontally, in drawing order. `bands` are filled areas, which
    often lie behind the rows of a table. `ocr_layer` says that the words are the invisible text beneath a
    scan. `segments` are the lines and curves drawn. `hidden` counts
    characters left out, by cause.
    """

    number: int
    width: float
    height: float
    words: tuple[Word, ...] = ()
    sideways: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    bands: tuple[Box, ...] = ()
    image_share: float = 0.0
    ocr_layer: bool = False
    unreadable: int = 0
    segments: int = 0
    hidden: Mapping[str, int] = field(default_factory=dict)

    @property
    def characters(self) -> int:
        """How many characters its words hold."""
        return sum(len(word.text) for word in self.words)


class Boxed(Protocol):
    """Anything that covers a rectangle."""

    @property
    def x0(self) -> float:
        """The left edge."""
        ...

    @property
    def y0(self) -> float:
        """The upper edge."""
        ...

    @property
    def x1(self) -> float:
        """The right edge."""
        ...

    @property
    def y1(self) -> float:
        """The lower edge."""
        ...


def bounds(things: Sequence[Boxed]) -> Box:
    """The smallest box around all of `things`, of which there is at least one."""
    return (
        min(thing.x0 for thing in things),
        min(thing.y0 for thing in things),
        max(thing.x1 for thing in things),
        max(thing.y1 for thing in things),
    )
