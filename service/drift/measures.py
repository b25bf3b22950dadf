"""What is counted of each answer: a bin of a few for each quantity, and nothing of its words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.types import Answer

_TENTHS = tuple(n / 10 for n in range(1, 10))
EDGES: Mapping[str, tuple[float, ...]] = {
    "p_answerable": _TENTHS,
    "support": _TENTHS,
    "rerank": (-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0, 16.0),
    "length": (10.0, 20.0, 40.0, 60.0, 80.0, 120.0, 160.0, 240.0, 480.0),
    "corpus_age": (1.0, 7.0, 30.0, 60.0, 90.0, 180.0, 365.0, 730.0, 1460.0),
}
"""Where one bin ends and the next begins. They never move, so that the counts of any two hours can be added.

`p_answerable`: of the decision; `support`: mean of the answer's sentences; `rerank`: the best hit's score;
`length`: words of the answer; `corpus_age`: days since the newest document that is cited was put in."""
OUTCOME, LANGUAGE = "outcome", "language"
QUANTITIES = (*EDGES, OUTCOME, LANGUAGE)
"""`outcome`: answered, or why not; `language`: that of the best hit."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity of one answer; `value` is 0 where the bins are names."""

    quantity: str
    bin: str
    value: float = 0.0


def measured(quantity: str, value: float) -> Measure:
    """A quantity with the bin that its value falls into."""
    return Measure(quantity, str(bisect_right(EDGES[quantity], value)), value)


def measures_of(answer: Answer) -> tuple[Measure, ...]:
    """What is counted of an answer; its `corpus_age` is known to the catalogue alone."""
    return tuple(_measures(answer))


def _measures(answer: Answer) -> Iterator[Measure]:
    answered = answer.status == "answered"
    yield Measure(OUTCOME, "answered" if answered else answer.decision.reason or answer.status)
    yield measured("p_answerable", answer.decision.p_answerable)
    if answer.hits:
        yield Measure(LANGUAGE, answer.hits[0].chunk.language)
        if (best := answer.hits[0].rerank_score) is not None:
            yield measured("rerank", best)
    if answer.sentences:
        yield measured("support", sum(one.support for one in answer.sentences) / len(answer.sentences))
        yield measured("length", len(answer.text.split()))
