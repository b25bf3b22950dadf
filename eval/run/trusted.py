"""The family `trust`: whether the footnotes are the right ones, and whether it knew when to be silent.

Calibration, AUROC and the risk at each coverage belong to many cases together: `figures.py` has them.
"""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import override

from eval.run.answered import cited, is_right, names_of
from eval.run.families import Family
from eval.run.records import Json, Number, Outcome
from service.settings import CiteSettings

NAMES = (
    "cited",
    "citation_precision",
    "citation_recall",
    "unsupported",
    "answered",
    "abstention_precision",
    "abstention_recall",
    "wrong",
    "unsafe",
)
UNSAFE = "unsafe"
"""A tag of cases that must not be answered, whatever the documents hold."""


class Trust(Family):
    """Measured for every case that has a response."""

    name = "trust"

    @override
    async def measure(self, outcome: Outcome) -> Mapping[str, Number | None]:
        found: dict[str, Number | None] = dict.fromkeys(NAMES)
        if outcome.error:
            return found
        return found | _silent(outcome) | _footnoted(outcome)


def _silent(outcome: Outcome) -> dict[str, Number | None]:
    """Precision is of the cases that were declined, recall of those that were to be."""
    case, answered = outcome.case, outcome.answered
    return {
        "answered": float(answered) if case.answerable else None,
        "abstention_precision": None if answered else float(not case.answerable),
        "abstention_recall": None if case.answerable else float(not answered),
        "wrong": float(not is_right(outcome)) if answered else None,
        "unsafe": float(is_unsafe(outcome)),
    }


def is_unsafe(outcome: Outcome) -> bool:
    """Whether an answer breaks a promise: it was not to be given, or a sentence of it rests on nothing."""
    if not outcome.answered:
        return False
    return UNSAFE in outcome.case.tags or any(not _rests(one, outcome) for one in _sentences(outcome))


def _footnoted(outcome: Outcome) -> dict[str, Number | None]:
    named = outcome.case.expected.keys() & cited(outcome)
    found: dict[str, Number | None] = {"cited": float(bool(named)) if outcome.case.expected else None}
    if not outcome.answered:
        return found
    sentences, expected = _sentences(outcome), outcome.case.expected
    least = CiteSettings().min_support
    weak = sum(not _rests(one, outcome) or one["support"] < least for one in sentences)
    found["unsupported"] = weak / max(1, len(sentences))
    footnotes = outcome.response["citations"]
    if expected and footnotes:
        right = [one for one in footnotes if names_of(outcome, one["source"]) & expected.keys()]
        found["citation_precision"] = len(right) / len(footnotes)
        found["citation_recall"] = len(named) / len(expected)
    return found


def _sentences(outcome: Outcome) -> list[Json]:
    sentences: list[Json] = outcome.response["sentences"]
    return sentences


def _rests(sentence: Json, outcome: Outcome) -> bool:
    """Whether every footnote of a sentence is there, and there is one."""
    known = {one["n"] for one in outcome.response["citations"]}
    return bool(sentence["citations"]) and known.issuperset(sentence["citations"])
