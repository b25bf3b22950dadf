"""All kinds of claims made from some cases: true ones and false ones, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.citations import corrupt, misplace, rewrite, written
from eval.citations.cases import Case

Rewrite = Callable[[Case, str, random.Random], str | None]

TRUE: Mapping[str, Rewrite] = {
    "verbatim": lambda _case, text, _draw: text,
    "synonyms": rewrite.synonyms,
    "word order": rewrite.order,
    "active or passive": rewrite.voice,
    "clause dropped": rewrite.clause_dropped,
    "two merged": rewrite.merged,
    "pronoun resolved": rewrite.pronoun_resolved,
    "source named": rewrite.source_named,
    "number written otherwise": rewrite.number_written_otherwise,
    "date written otherwise": rewrite.date_written_otherwise,
}
FALSE: Mapping[str, Rewrite] = {
    "number": corrupt.number,
    "unit": corrupt.unit,
    "date": corrupt.date,
    "name from the same passage": corrupt.name_from_the_passage,
    "negation added": corrupt.negation_added,
    "negation removed": corrupt.negation_removed,
}
"""Besides those that need other cases: see `_misplaced`."""
_LIGHT = (rewrite.synonyms, rewrite.order, rewrite.clause_dropped)
_REWRITTEN_FIRST = 0.33
"""The share of false claims whose sentence is rewritten before it is made false."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence that cites a passage of the case's context; `supported` is the truth about it."""

    kind: str
    supported: bool
    text: str
    cited: int
    case: Case


def claims(cases: Sequence[Case], seed: int = 1) -> Iterator[Claim]:
    """Every kind of claim that each case has the material for."""
    foreign = _names(cases)
    for index, case in enumerate(cases):
        draw = random.Random(f"{seed}-{index}-{case.text}")
        yield from _true(case, draw)
        yield from _false(case, draw)
        yield from _misplaced(case, draw, cases, foreign)


def _true(case: Case, draw: random.Random) -> Iterator[Claim]:
    for kind, made in TRUE.items():
        text = made(case, case.text, draw)
        if text is not None and (kind == "verbatim" or text != case.text):
            yield Claim(kind, True, text, case.passage.n, case)
    twice = rewrite.synonyms(case, case.text, draw)
    if twice is not None:
        text = rewrite.order(case, twice, draw) or rewrite.clause_dropped(case, twice, draw)
    if twice is not None and text is not None:
        yield Claim("synonyms and more", True, text, case.passage.n, case)


def _false(case: Case, draw: random.Random) -> Iterator[Claim]:
    for kind, made in FALSE.items():
        text = made(case, _base(case, draw), draw)
        if text is not None:
            yield Claim(kind, False, text, case.passage.n, case)


def _misplaced(
    case: Case, draw: random.Random, cases: Sequence[Case], foreign: Sequence[str]
) -> Iterator[Claim]:
    base = _base(case, draw)
    found = {
        "cited to a neighbour": misplace.to_a_neighbour(case, base, draw),
        "without source": misplace.without_source(case, draw, cases),
        "two passages blended": misplace.blended(case, base, draw, cases),
        "two sentences blended": misplace.blended_in_the_passage(case, base, draw),
        "wrong answer of the passage": misplace.wrong_answer(case, base, draw),
    }
    text = corrupt.name_from_elsewhere(case, base, draw, draw.sample(foreign, min(20, len(foreign))))
    found["name from elsewhere"] = (text, case.passage.n) if text is not None else None
    for kind, made in found.items():
        if made is not None:
            yield Claim(kind, False, made[0], made[1], case)


def _base(case: Case, draw: random.Random) -> str:
    """The sentence to be made false: as it is written, or rewritten first."""
    if draw.random() >= _REWRITTEN_FIRST:
        return case.text
    return draw.choice(_LIGHT)(case, case.text, draw) or case.text


def _names(cases: Sequence[Case]) -> list[str]:
    return sorted({case.text[slice(*span)] for case in cases for span in written.names(case.text)})
