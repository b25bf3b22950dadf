"""Two answers to one question, side by side; and such pairs of which it is known which is better.

The known ones, the anchors, judge the judge: a right answer beside one to another question, and beside none.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.run.records import Case, Outcome
from service.errors import InvalidInput

Side = Literal["a", "b"]
Winner = Literal["a", "b", "tie"]
NO_ANSWER = "I don't know: the documents do not say."
"""In the place of the answer of a run that gave none, and the worse side of an anchor."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers; `better` is the side that is known to be, None where that is the question."""

    id: str
    case: Case
    a: str
    b: str
    better: Side | None = None


def paired(first: Sequence[Outcome], second: Sequence[Outcome]) -> list[Pair]:
    """The answers of two runs to the same cases; those of one run are `a`.

    Raises:
        InvalidInput: the runs are not of the same cases, or a case has no response in one.
    """
    others = {outcome.case.id: outcome for outcome in second}
    if {outcome.case.id for outcome in first} != others.keys():
        raise InvalidInput("the two runs are not of the same cases", hint="compare runs of one set")
    failed = [one.case.id for one in (*first, *second) if one.error or not one.response]
    if failed:
        raise InvalidInput(
            f"{len(failed)} cases have no response in one of the runs, such as {failed[0]}",
            hint="`footnote eval run` with the same --out asks them again",
        )
    return [Pair(one.case.id, one.case, shown(one), shown(others[one.case.id])) for one in first]


def shown(outcome: Outcome) -> str:
    """The answer as it is put before a judge."""
    return outcome.answer or NO_ANSWER


def anchors(runs: Sequence[Sequence[Outcome]], count: int, seed: int) -> list[Pair]:
    """Pairs with a known better side, as many from each kind, each on either side by chance.

    Raises:
        InvalidInput: too few cases have an answer that is known to be right.
    """
    right = _right_answers(runs)
    if len(right) < 2:
        raise InvalidInput(
            "fewer than two cases have an answer that is known to be right: the judge cannot be judged",
            hint="add references or facts to the cases",
        )
    draw = random.Random(seed)
    cases = draw.sample(list(right), min(len(right), count))
    return [_sided(pair, draw) for pair in _bad_beside(cases, right)]


def _bad_beside(cases: Sequence[str], right: Mapping[str, tuple[Case, str]]) -> Iterator[Pair]:
    known = list(right)
    for number, id in enumerate(cases):
        case, good = right[id]
        _, other = right[known[(known.index(id) + 1) % len(known)]]
        bad = NO_ANSWER if number % 2 else other
        yield Pair(f"anchor-{id}", case, good, bad, "a")


def _sided(pair: Pair, draw: random.Random) -> Pair:
    return pair if draw.random() < 0.5 else Pair(pair.id, pair.case, pair.b, pair.a, "b")


def _right_answers(runs: Sequence[Sequence[Outcome]]) -> dict[str, tuple[Case, str]]:
    """By case: its reference, or an answer of the runs that holds every fact."""
    found: dict[str, tuple[Case, str]] = {}
    for outcome in (outcome for run in runs for outcome in run):
        case = outcome.case
        known = case.reference or (outcome.answer if outcome.metrics.get("facts") == 1 and case.facts else "")
        if case.answerable and known:
            found.setdefault(case.id, (case, known))
    return found
