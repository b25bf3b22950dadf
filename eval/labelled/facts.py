"""Whether a text holds an expected fact."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Invisible characters with which a line break splits a word, also the one that pdfium puts there.
WORD_BREAKS = str.maketrans("", "", "\u00ad\ufffe\ufeff\u200b")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
PARTS = re.compile(r"\d+|[^\W\d_]+|[^\w\s]|_")


def holds(text: str, fact: Sequence[str]) -> bool:
    """Whether any accepted spelling occurs in the text.

    Case, spaces, commas between thousands and characters of equal meaning (NFKC) make no difference; a
    number is found only as a whole, so that `15` is neither in `150` nor in `1.15`.
    """
    plain = _plain(text)
    return any(_pattern(spelling).search(plain) for spelling in fact)


def fact_recall(text: str, facts: Sequence[Sequence[str]]) -> float:
    """The share of the facts that a text holds, in [0, 1]; 1 where there are none."""
    found = [holds(text, fact) for fact in facts]
    return sum(found) / len(found) if found else 1.0


def _plain(text: str) -> str:
    joined = unicodedata.normalize("NFKC", text).translate(WORD_BREAKS).casefold()
    return THOUSANDS.sub("", joined)


def _same_value(parts: Sequence[str]) -> str:
    """Zeros that may follow a number without changing it: 246.00 is 246, and 6.50 is 6.5."""
    return "0*" if parts[-2:-1] == ["."] else r"(?:\.0+)?"


def _pattern(spelling: str) -> re.Pattern[str]:
    parts = PARTS.findall(_plain(spelling))
    before = r"(?<!\d)(?<!\d[.,])" if parts[0].isdigit() else r"(?<![^\W\d_])"
    after = _same_value(parts) + r"(?![.,]?\d)" if parts[-1].isdigit() else ""
    return re.compile(before + r"\s*".join(map(re.escape, parts)) + after)
