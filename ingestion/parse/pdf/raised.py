"""Small raised signs of a page put to the word before them, or left out where they are marks of footnotes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ingestion.parse.notes import raised
from ingestion.parse.pdf.model import Word

SIGNS = frozenset("0123456789*\u2020\u2021\u00a7\u00b6()[],")
SMALLER = 0.8
"""A raised sign is at most this large, beside its word."""
LOWEST, HIGHEST = 0.15, 0.7
"""How far (in sizes of the word) a sign is raised above its line."""
NEAR, JOINED = 0.6, 0.12
"""Gaps, in sizes of the word: before a sign, and before what goes on behind it (a space: a quarter)."""
FRACTION = ("/", "\u2044")


def is_raised(size: float, baseline: float, over: float, line: float) -> bool:
    """Whether letters of `size` stand above the `line` of letters of the size `over`."""
    return size <= SMALLER * over and LOWEST * over <= line - baseline <= HIGHEST * over


def resolved(words: Iterable[Word]) -> list[Word]:
    """Words in the order of the file, without marks, and with exponents as part of their word."""
    kept: list[Word] = []
    ended: Word | None = None
    """The sign that the last kept word ended with."""
    waiting = list(words)
    for place, word in enumerate(waiting):
        base = kept[-1] if kept else None
        if base is not None and ended is not None and _goes_on(base, ended, word):
            kept[-1], ended = _joined(base, word, word.text), None
        elif base is not None and _is_sign(base, word) and not _begins_fraction(waiting, place):
            shown = raised(base.text, word.text)
            kept[-1], ended = _joined(base, word, shown) if shown else base, word
        else:
            kept.append(word)
            ended = None
    return kept


def _is_sign(base: Word, word: Word) -> bool:
    if not SIGNS.issuperset(word.text) or not is_raised(word.size, word.baseline, base.size, base.baseline):
        return False
    return -0.2 * base.size < word.x0 - base.x1 < NEAR * base.size


def _goes_on(base: Word, sign: Word, word: Word) -> bool:
    """Whether a word is the rest of the one that a sign stood in, such as its full stop."""
    level = abs(word.baseline - base.baseline) < LOWEST * base.size
    return level and -0.1 * base.size < word.x0 - sign.x1 < JOINED * base.size


def _begins_fraction(words: list[Word], place: int) -> bool:
    return place + 1 < len(words) and words[place + 1].text.startswith(FRACTION)


def _joined(base: Word, word: Word, text: str) -> Word:
    x1, y0, y1 = max(base.x1, word.x1), min(base.y0, word.y0), max(base.y1, word.y1)
    return replace(base, text=base.text + text, x1=x1, y0=y0, y1=y1)
