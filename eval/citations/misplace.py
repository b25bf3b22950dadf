"""A sentence whose passage does not hold it: cited to a neighbour, invented, blended of two.

Each function gives the sentence and the number that it cites, or None where the case has no material.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from eval.citations.cases import Case
from eval.citations.written import alike
from service.text.words import terms
from service.types import Passage

Misplaced = tuple[str, int]

_MOST_SHARED = 0.8
"""A passage that holds more of a sentence's words may well support it: near-duplicates do."""
_SHORTEST_HALF = 4


def to_a_neighbour(case: Case, text: str, draw: random.Random) -> Misplaced | None:
    """The sentence cited to another passage of its context."""
    others = [p for p in case.context.passages if p.n != case.passage.n and not _may_hold(p, text)]
    return (text, draw.choice(others).n) if others else None


def without_source(case: Case, draw: random.Random, others: Sequence[Case]) -> Misplaced | None:
    """A sentence of another document, cited to this passage."""
    other = draw.choice(others)
    is_foreign = other.passage.document.id != case.passage.document.id
    return (other.text, case.passage.n) if is_foreign and not _may_hold(case.passage, other.text) else None


def blended(case: Case, text: str, draw: random.Random, others: Sequence[Case]) -> Misplaced | None:
    """The first half of the sentence with the second half of one from another passage."""
    near = [one for one in others if one.context is case.context and one.passage.n != case.passage.n]
    other = draw.choice(near or others)
    if other.passage.document.id == case.passage.document.id and other.passage.n == case.passage.n:
        return None
    return _joined(case, text, other.text)


def blended_in_the_passage(case: Case, text: str, draw: random.Random) -> Misplaced | None:
    """The first half of the sentence with the second half of its neighbour."""
    other = draw.choice([case.before, case.after])
    if len(other.split()) < 2 * _SHORTEST_HALF or "|" in other:
        return None
    first, second = _halves(text), _halves(other)
    if first is None or second is None:
        return None
    return f"{first[0]} {second[1]}", case.passage.n


def wrong_answer(case: Case, text: str, draw: random.Random) -> Misplaced | None:
    """One answer put in the place of another of the same passage."""
    said = [phrase for phrase in case.phrases if re.search(rf"\b{re.escape(phrase)}\b", text)]
    if not said:
        return None
    old = draw.choice(said)
    fit = [new for new in case.phrases if new not in text and old not in new and not alike(old, new)]
    if not fit:
        return None
    return re.sub(rf"\b{re.escape(old)}\b", lambda _: draw.choice(fit), text, count=1), case.passage.n


def _joined(case: Case, text: str, other: str) -> Misplaced | None:
    first, second = _halves(text), _halves(other)
    if first is None or second is None or _may_hold(case.passage, second[1]):
        return None
    return f"{first[0]} {second[1]}", case.passage.n


def _halves(text: str) -> tuple[str, str] | None:
    found = text.split()
    middle = len(found) // 2
    if "|" in text or middle < _SHORTEST_HALF:
        return None
    return " ".join(found[:middle]), " ".join(found[middle:])


def _may_hold(passage: Passage, text: str) -> bool:
    """Whether nearly all words of the text are in the passage."""
    said = set(terms(text))
    above = (passage.text, passage.document.title, *passage.heading_path, passage.header)
    return not said or len(said & set(terms("\n".join(above)))) > _MOST_SHARED * len(said)
