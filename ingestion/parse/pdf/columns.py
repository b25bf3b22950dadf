"""Reading order: where a page is set in columns, the left one is read before the right one.

A gutter is an upright strip that most text lines keep clear of, with running text on both sides. Text that
crosses it (a title, a full-width table) divides the page into bands, each read column by column: a cut of
the page in the manner of the recursive XY-cut (Nagy and Seth 1984), except that a table's columns, which
hold short cells rather than running text, are never cut apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.parse.pdf.lines import Segment, rows_of
from ingestion.parse.pdf.model import Box, Word

FEWEST_LINES = 4
"""Lines that each of two columns must have."""
FEWEST_WORDS = 3
FILLED = 0.5
LONG_SHARE = 0.3
"""In running text this share of the lines has more words than that and takes this much of the column."""
NEXT_LINE = 1.4
"""Font sizes from one line of a block to the next."""
LIKE_WIDTH = 0.65
"""Columns of text are about as wide; a much narrower one holds the terms of a list of definitions."""
MAX_CROSSING = 0.5
DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece that is never cut: a segment, or a block with `index` that was recognised before."""

    x0: float
    y0: float
    x1: float
    y1: float
    words: tuple[Word, ...] = ()
    index: int = -1


Region = tuple[Word, ...] | int
"""The words of one stretch of one column, or the index of a block that was given."""


def regions(words: Sequence[Word], blocks: Sequence[Box] = ()) -> list[Region]:
    """Stretches of the page in reading order, with the given blocks (tables) in their places."""
    atoms = [_atom(segment) for row in rows_of(words) for segment in row.segments] if words else []
    atoms += [Atom(*box, index=index) for index, box in enumerate(blocks)]
    ordered: list[Region] = []
    for group in _ordered(atoms, DEEPEST):
        ordered.extend(_split_at_blocks(group))
    return ordered


def _atom(segment: Segment) -> Atom:
    return Atom(*segment.box, words=segment.words)


def _split_at_blocks(group: list[Atom]) -> list[Region]:
    """The words above, between and below the blocks of one column."""
    blocks = sorted((atom for atom in group if atom.index >= 0), key=lambda atom: atom.y0)
    found: list[Region] = []
    rest = [atom for atom in group if atom.index < 0]
    for block in blocks:
        above = [atom for atom in rest if (atom.y0 + atom.y1) / 2 < (block.y0 + block.y1) / 2]
        rest = [atom for atom in rest if (atom.y0 + atom.y1) / 2 >= (block.y0 + block.y1) / 2]
        found.extend((_words(above), block.index))
    found.append(_words(rest))
    return [region for region in found if region != ()]


def _words(atoms: list[Atom]) -> tuple[Word, ...]:
    return tuple(word for atom in atoms for word in atom.words)


def _ordered(atoms: list[Atom], depth: int) -> list[list[Atom]]:
    gutter = _gutter(atoms) if depth else None
    if gutter is None:
        return [atoms] if atoms else []
    groups: list[list[Atom]] = []
    for crossing, band in _bands(atoms, gutter):
        if crossing:
            groups.append(band)
            continue
        left = [atom for atom in band if atom.x1 <= gutter]
        right = [atom for atom in band if atom.x1 > gutter]
        groups += _ordered(left, depth - 1) + _ordered(right, depth - 1)
    return groups


def _bands(atoms: list[Atom], gutter: float) -> list[tuple[bool, list[Atom]]]:
    """The atoms from top to bottom, in runs that cross the gutter and runs that do not."""
    bands: list[tuple[bool, list[Atom]]] = []
    ordered = sorted(atoms, key=lambda atom: (atom.y0 + atom.y1) / 2)
    for atom, below in zip(ordered, [*ordered[1:], None], strict=True):
        crossing = _crosses(atom, gutter)
        if bands and bands[-1][0] and not crossing and not _beside(atom, below):
            crossing = _goes_on(bands[-1][1][-1], atom)
        if bands and bands[-1][0] == crossing:
            bands[-1][1].append(atom)
        else:
            bands.append((crossing, [atom]))
    return bands


def _beside(atom: Atom, below: Atom | None) -> bool:
    """Whether the next atom stands in the same line."""
    return below is not None and (below.y0 + below.y1) / 2 < atom.y1 - 0.2 * (atom.y1 - atom.y0)


def _goes_on(above: Atom, atom: Atom) -> bool:
    """Whether a short line ends the full-width text right above it."""
    if not above.words or not atom.words:
        return False
    size, before = atom.words[0].size, above.words[0].size
    step = atom.words[0].baseline - above.words[0].baseline
    return abs(size - before) < 0.05 * before and 0 < step <= NEXT_LINE * before


def _crosses(atom: Atom, gutter: float) -> bool:
    return atom.x0 < gutter < atom.x1


def _gutter(atoms: list[Atom]) -> float | None:
    """The x of the clearest strip between two columns of running text, or None."""
    texts = [atom for atom in atoms if atom.index < 0]
    starts = Counter(round(atom.x0) for atom in texts)
    leftmost = min(starts, default=0)
    candidates = [start - 2.0 for start, count in starts.items() if count >= 3 and start > leftmost + 30]
    crossing = {gutter: sum(_crosses(atom, gutter) for atom in texts) for gutter in candidates}
    for gutter in sorted(candidates, key=lambda gutter: (crossing[gutter], gutter)):
        if crossing[gutter] > MAX_CROSSING * len(texts):
            return None
        if _divides(texts, gutter):
            return gutter
    return None


def _divides(texts: list[Atom], gutter: float) -> bool:
    left = [atom for atom in texts if atom.x1 <= gutter]
    right = [atom for atom in texts if atom.x0 >= gutter]
    if not (_running_text(left) and _running_text(right) and _side_by_side(left, right)):
        return False
    narrow, wide = sorted((_width(left), _width(right)))
    return narrow >= LIKE_WIDTH * wide


def _width(side: list[Atom]) -> float:
    return max(atom.x1 for atom in side) - min(atom.x0 for atom in side)


def _running_text(side: list[Atom]) -> bool:
    """Whether a side has enough lines that hold several words and fill much of its width."""
    if len(side) < FEWEST_LINES:
        return False
    width = _width(side)
    long = [atom for atom in side if atom.x1 - atom.x0 >= FILLED * width and len(atom.words) > FEWEST_WORDS]
    lines = len({round(atom.y1 / 3) for atom in side})
    if len(long) >= max(FEWEST_LINES, LONG_SHARE * lines):
        return True
    return _unspaced(side, width)


def _unspaced(side: list[Atom], width: float) -> bool:
    """Whether this is running text of a script that writes no spaces."""
    long = [atom for atom in side if atom.x1 - atom.x0 > 0.8 * width]
    return len(long) >= FEWEST_LINES and all(len(word.text) > 8 for atom in long for word in atom.words[:1])


def _side_by_side(left: list[Atom], right: list[Atom]) -> bool:
    top = max(min(atom.y0 for atom in left), min(atom.y0 for atom in right))
    bottom = min(max(atom.y1 for atom in left), max(atom.y1 for atom in right))
    lowest = sum(top <= atom.y1 and atom.y0 <= bottom for atom in left)
    return min(lowest, sum(top <= atom.y1 and atom.y0 <= bottom for atom in right)) >= FEWEST_LINES - 1
