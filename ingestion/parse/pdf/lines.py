"""Words to rows of segments: what stands side by side on one baseline, split where the gap is wide."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter

from ingestion.parse.pdf.model import Box, Word, bounds

GAP = 1.0
"""A gap of this many font sizes separates columns or cells; a space is about a quarter."""
CURRENCY_GAP = 0.5
"""A lone currency sign this far from what precedes it begins a cell."""
SAME_BASELINE = 0.35
SMALLER = 0.8
"""A superscript or subscript is at most this large, beside its line."""
RAISED = 0.62
"""How far (in sizes of the larger text) a smaller superscript or subscript may stand off its line."""
BULLETS = "•‣◦▪▫●○■□–—-*·∙⁃\uf0b7\uf0a7\uf0d8\uf02d✓➢►❖"
MARKER = re.compile(
    rf"^(?:[{re.escape(BULLETS)}]|\(?(?:\d{{1,3}}|[a-zA-Z]|[ivxIVX]{{1,5}})[.)]|\d{{1,2}}(?:\.\d{{1,2}})+\.?|(?i:item|note)\s\d+[a-z]?\.?)$"
)
CURRENCY = frozenset({"$", "€", "£", "¥", "US$"})
TRAILING = frozenset({")", "%", ")%", "pts"})
TRAILING_GAP = 2.0


@dataclass(frozen=True)
class Segment:
    """Words side by side without a wide gap, from left to right."""

    words: tuple[Word, ...]

    @cached_property
    def box(self) -> Box:
        """The area it covers."""
        return bounds(self.words)

    x0 = property(lambda self: self.box[0])
    y0 = property(lambda self: self.box[1])
    x1 = property(lambda self: self.box[2])
    y1 = property(lambda self: self.box[3])

    @cached_property
    def text(self) -> str:
        """The words in the order they are read."""
        return reading_text(self.words)

    @cached_property
    def size(self) -> float:
        """The font size of most of its characters."""
        return main_size(self.words)


@dataclass(frozen=True)
class Row:
    """Everything on one baseline, from left to right."""

    segments: tuple[Segment, ...]

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """All words, from left to right."""
        return tuple(word for segment in self.segments for word in segment.words)

    @cached_property
    def box(self) -> Box:
        """The area it covers."""
        return bounds(self.words)

    x0 = property(lambda self: self.box[0])
    y0 = property(lambda self: self.box[1])
    x1 = property(lambda self: self.box[2])
    y1 = property(lambda self: self.box[3])

    @cached_property
    def text(self) -> str:
        """The words in the order they are read."""
        return reading_text(self.words)

    @cached_property
    def size(self) -> float:
        """The font size of most of its characters."""
        return main_size(self.words)

    @cached_property
    def baseline(self) -> float:
        """The baseline of its main text."""
        size = self.size
        return next((word.baseline for word in self.words if word.size >= 0.9 * size), self.words[0].baseline)


def is_bullet(text: str) -> bool:
    """Whether `text` is one sign that stands before list items; symbol fonts have private code points."""
    return len(text) == 1 and (text in BULLETS or "\ue000" <= text <= "\uf8ff") and text not in "-–—*"


def main_size(words: Iterable[Word]) -> float:
    """The font size, to half a point, that most characters have."""
    weights: dict[float, int] = {}
    for word in words:
        size = round(word.size * 2) / 2
        weights[size] = weights.get(size, 0) + len(word.text)
    return max(weights, key=lambda size: (weights[size], size))


def right_to_left(text: str) -> bool:
    """Whether most letters of `text` are of a right-to-left script."""
    if text.isascii():
        return False
    sides = [unicodedata.bidirectional(character) for character in text]
    return sum(side in ("R", "AL") for side in sides) > sum(side == "L" for side in sides)


def reading_text(words: Sequence[Word]) -> str:
    """Words given from left to right, joined in reading order.

    In a right-to-left line the words run from the right, and numbers and Latin words keep their own order.
    """
    text = " ".join(word.text for word in words)
    if not right_to_left(text):
        return text
    ordered: list[str] = []
    for foreign, run in groupby(reversed(words), key=lambda word: _left_to_right(word.text)):
        texts = [word.text for word in run]
        ordered.extend(reversed(texts) if foreign else texts)
    return " ".join(ordered)


def _left_to_right(text: str) -> bool:
    return any(
        unicodedata.bidirectional(character) in ("L", "EN") for character in text
    ) and not right_to_left(text)


def rows_of(words: Sequence[Word]) -> list[Row]:
    """Rows from top to bottom. The words must belong to one column, or the rows run across columns."""
    groups: list[list[Word]] = []
    for word in sorted(words, key=attrgetter("baseline")):
        if not (groups and _level(groups[-1][0], word)):
            groups.append([word])
        elif word.size > 1.2 * groups[-1][0].size:
            groups[-1].insert(0, word)  # the line is where its large letters stand
        else:
            groups[-1].append(word)
    _lower_raised(groups)
    return sorted((_row(group) for group in groups if group), key=attrgetter("baseline"))


def _level(first: Word, word: Word) -> bool:
    return word.baseline - first.baseline <= SAME_BASELINE * min(first.size, word.size)


def _lower_raised(groups: list[list[Word]]) -> None:
    """Move superscripts and subscripts, which have baselines of their own, to the line they belong to."""
    largest = [max(word.size for word in group) for group in groups]
    for index, group in enumerate(groups):
        for near in (index - 2, index - 1, index + 1, index + 2):
            if not 0 <= near < len(groups):
                continue
            small = [word for word in group if word.size <= SMALLER * largest[near]]
            raised = [word for word in small if any(_raised(word, base) for base in groups[near])]
            groups[near].extend(raised)
            group[:] = [word for word in group if word not in raised] if raised else group


def _raised(word: Word, base: Word) -> bool:
    if word.size > SMALLER * base.size or abs(word.baseline - base.baseline) > RAISED * base.size:
        return False
    return (
        -0.2 * base.size < word.x0 - base.x1 < base.size or -0.2 * base.size < base.x0 - word.x1 < base.size
    )


def _row(words: list[Word]) -> Row:
    words.sort(key=attrgetter("x0"))
    size = main_size(words)
    pieces: list[list[Word]] = [[words[0]]]
    reach = words[0].x1
    for word in words[1:]:
        gap = (word.x0 - reach) / max(min(size, word.size), 4)
        if gap > GAP or (gap > CURRENCY_GAP and word.text in CURRENCY):
            pieces.append([word])
        else:
            pieces[-1].append(word)
        reach = max(reach, word.x1)
    return Row(tuple(Segment(tuple(piece)) for piece in _glued(pieces)))


def _glued(pieces: list[list[Word]]) -> list[list[Word]]:
    """Put a lone currency sign to its number, a closing bracket to its opening, a list marker to its text."""
    kept: list[list[Word]] = []
    for piece in pieces:
        if kept and (_waits(kept[-1], piece, first=len(kept) == 1) or _trails(kept[-1], piece)):
            kept[-1].extend(piece)
        else:
            kept.append(list(piece))
    return kept


def _trails(before: list[Word], piece: list[Word]) -> bool:
    near = piece[0].x0 - before[-1].x1 < TRAILING_GAP * piece[0].size
    return near and len(piece) == 1 and piece[0].text in TRAILING


def _waits(before: list[Word], piece: list[Word], *, first: bool) -> bool:
    text = " ".join(word.text for word in before)
    if text in CURRENCY:
        return piece[0].text[0].isdigit() or piece[0].text[0] in "(-–—."
    if not any(character.isalnum() for character in piece[0].text):
        return False
    return is_bullet(text) or (first and bool(MARKER.match(text)) and any(map(str.isalpha, piece[0].text)))


def amount(text: str) -> str:
    """A cell as written, without the space that a right-aligned currency sign or bracket leaves."""
    text = re.sub(r"^((?:US)?[$€£¥])\s+(?=[\d(.,—–-])", r"\1", text)
    return re.sub(r"(?<=[\d)—–])\s+(\)?%|\))$", r"\1", text)
