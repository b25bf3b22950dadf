"""A passage read as evidence: its sentences and table rows, one unit each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.text import words
from service.text.markers import disarm
from service.text.names import folded
from service.text.sentences import spans
from service.types import Passage

_CELL = re.compile(r"(?<!\\)\||\t")


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A sentence or table row of a passage; `start` and `end` are offsets in the passage's text."""

    passage: Passage
    position: int
    start: int
    end: int
    text: str
    said: str
    """The text; a row as `Header: cell; Header: cell`."""
    folded: str
    """The words of `text` in lower case."""
    terms: frozenset[str]
    """Those of the row's header too."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One passage, read once for all sentences that cite it."""

    passage: Passage
    units: tuple[Unit, ...]
    background: str
    """Headings, title and table headers: they hold for every unit but cannot support a sentence alone."""
    language: str


def read(passage: Passage) -> Evidence:
    """The passage cut into units. Marks that look like ours are disarmed, offsets stay those of its text."""
    language = passage.hits[0].chunk.language if passage.hits else "en"
    text = disarm(passage.text)
    found = spans(text)
    headers = _header_rows(text, found)
    above = disarm(passage.header)
    units: list[Unit] = []
    for position, (start, end) in enumerate(found):
        if position in headers:
            above = text[start:end]
        elif any(map(str.isalnum, text[start:end])):
            units.append(_unit(passage, position, text[start:end], start, above, language))
    headers_text = [text[slice(*found[position])] for position in sorted(headers)]
    background = "\n".join((passage.document.title, *passage.heading_path, passage.header, *headers_text))
    return Evidence(passage, tuple(units), disarm(background), language)


def _header_rows(text: str, found: Sequence[tuple[int, int]]) -> set[int]:
    """The positions of rows that stand above a table's rule (`|---|`)."""
    units = [text[start:end] for start, end in found]
    return {
        at
        for at, below in enumerate(units[1:])
        if set(below) <= set("|:- ") and "|" in below and "-" in below
    }


def _unit(passage: Passage, position: int, text: str, start: int, above: str, language: str) -> Unit:
    is_row = text.startswith("|") or " | " in text or "\t" in text
    return Unit(
        passage=passage,
        position=position,
        start=start,
        end=start + len(text),
        text=text,
        said=_row(text, above) if is_row else text,
        folded=folded(text),
        terms=frozenset(words.terms(f"{above}\n{text}" if is_row else text, language)),
    )


def _row(text: str, header: str) -> str:
    """A table row as `Header: cell; Header: cell`; cells alone where the header does not fit them."""
    cells, names = _cells(text), _cells(header.split("\n")[0])
    if len(names) != len(cells):
        return "; ".join(cell for cell in cells if cell)
    return "; ".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=True) if cell)


def _cells(row: str) -> list[str]:
    return [" ".join(cell.split()) for cell in _CELL.split(row.strip().strip("|"))]
