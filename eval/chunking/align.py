"""Where texts that a parser normalised lie in the raw file: an alignment of the two sequences of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rapidfuzz.distance import Indel

Span = tuple[int, int]

_WORD = re.compile(r"[^\W_]+")
_MARKS_BEFORE = re.compile(r"(?<!\S)(?:[^\w\s]|_)+\Z")
_MARKS_AFTER = re.compile(r"(?:[^\w\s]|_)*")
_LONGEST_MARKS = 20


def locate(raw: str, texts: Sequence[str]) -> list[Span | None]:
    """The span in `raw` of each of the `texts`, which together are (nearly) the words of `raw` in order.

    A text none of whose words can be found has no span. Overlapping texts cannot be located this way.
    """
    words = [match.span() for match in _WORD.finditer(raw)]
    found = [[match.group() for match in _WORD.finditer(text)] for text in texts]
    matches = _matches([raw[start:end] for start, end in words], [word for part in found for word in part])
    spans: list[Span | None] = []
    position = 0
    for part in found:
        places = [matches[index] for index in range(position, position + len(part)) if index in matches]
        spans.append(_with_marks(raw, words[places[0]][0], words[places[-1]][1]) if places else None)
        position += len(part)
    return spans


def _with_marks(raw: str, start: int, end: int) -> Span:
    """The span with the punctuation that adheres to its first and last word."""
    before = _MARKS_BEFORE.search(raw, max(0, start - _LONGEST_MARKS), start)
    after = _MARKS_AFTER.match(raw, end, end + _LONGEST_MARKS)
    return before.start() if before else start, after.end() if after else end


def _matches(raw: Sequence[str], parsed: Sequence[str]) -> dict[int, int]:
    """Indices of `parsed` with the index of the same word in `raw`, by a longest common subsequence."""
    if raw == parsed:
        return {index: index for index in range(len(raw))}
    numbers: dict[str, int] = {}
    blocks = Indel.opcodes(_numbered(raw, numbers), _numbered(parsed, numbers))
    return {
        block.dest_start + offset: block.src_start + offset
        for block in blocks
        if block.tag == "equal"
        for offset in range(block.src_end - block.src_start)
    }


def _numbered(words: Iterable[str], numbers: dict[str, int]) -> list[int]:
    return [numbers.setdefault(word, len(numbers)) for word in words]
