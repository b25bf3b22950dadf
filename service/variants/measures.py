"""What answers of a candidate and of the pipeline in force are compared by. Of each measure more is worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from service.records import Sums
from service.types import Answer
from service.variants.sequential import is_worse

ALPHA = 0.05
"""How probable it is that a candidate which is worse by no more than the margins is ever taken back, all
measures together."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How much worse a candidate may be: stated, as those of `eval/gate.toml` are, not learned."""

    worse_by: float
    means: str


MARGINS: Mapping[str, Margin] = {
    "abstained": Margin(0.05, "share of questions that were not answered"),
    "risk": Margin(0.05, "how probable it is that an answer is wrong, by its own `p_answerable`"),
    "unsupported": Margin(0.05, "what the support of an answer's sentences lacks to 1, on average"),
    "dropped": Margin(0.05, "share of the answers that had a sentence dropped"),
    "down": Margin(0.10, "share of the judged answers that were rated down"),
    "failed": Margin(0.02, "share of questions that ended in an error"),
    "latency": Margin(log(1.5), "logarithm of the time that an answer took"),
}

FAILED: Mapping[str, float] = {"failed": 1.0}
"""What a question that ended in an error is counted as."""


def measures_of(answer: Answer) -> Mapping[str, float]:
    """An answer in numbers; the time only where it was worked out, and of an abstention what it has."""
    answered = answer.status == "answered"
    measured = {
        "failed": 0.0,
        "abstained": float(not answered),
        "risk": 1 - answer.decision.p_answerable if answered else 0.0,
    }
    if answered:
        supports = [sentence.support for sentence in answer.sentences]
        measured["unsupported"] = 1 - sum(supports) / len(supports)
        measured["dropped"] = float(answer.dropped_sentences > 0)
    if not answer.cached and (total := answer.timings_ms.get("total", 0.0)) > 0:
        measured["latency"] = log(total)
    return measured


def down(rating: str) -> Mapping[str, float]:
    """A judgement in numbers."""
    return {"down": float(rating == "down")}


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure on both sides; `worse` where the candidate's is surely beyond the margin."""

    measure: str
    served: Sums
    candidate: Sums
    worse: bool


def compared(served: Mapping[str, Sums], candidate: Mapping[str, Sums]) -> list[Compared]:
    """Every measure; what none was seen of is compared as nothing. Each has its part of `ALPHA`."""
    alpha = ALPHA / len(MARGINS)
    found = []
    for name, margin in MARGINS.items():
        one, other = served.get(name, Sums()), candidate.get(name, Sums())
        found.append(Compared(name, one, other, is_worse(one, other, margin.worse_by, alpha)))
    return found


def told(found: list[Compared]) -> str:
    """Measures in words, with both means: `abstained 0.21 to 0.98`."""
    return ", ".join(f"{one.measure} {_mean(one.served)} to {_mean(one.candidate)}" for one in found)


def _mean(sums: Sums) -> str:
    return "none" if sums.mean is None else f"{sums.mean:.2f}"
