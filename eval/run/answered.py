"""The family `answer`: what the answer says, beside what it should say.

`exact`, `f1` and `rouge_l` compare words as SQuAD does (Rajpurkar et al. 2016), in any script; ROUGE-L (Lin
2004) is ours, because its usual library brings NLTK along for ten lines. An abstention says nothing: it gets
0 where there was an answer to give.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from typing_extensions import override

from eval.dataset import holds
from eval.labelled.types import folded
from eval.run.families import Family
from eval.run.records import Case, Fact, Number, Outcome

NAMES = ("facts", "holds_answer", "exact", "f1", "rouge_l", "right")


class Answers(Family):
    """Measured for cases that say what a right answer holds; `right` for every case: whether it went well."""

    name = "answer"

    @override
    async def measure(self, outcome: Outcome) -> Mapping[str, Number | None]:
        found: dict[str, Number | None] = dict.fromkeys(NAMES)
        if outcome.error:
            return found | {"right": 0.0}
        found["right"] = float(is_right(outcome))
        if not outcome.case.answerable:
            return found
        return found | _worded(outcome.case, outcome.answer)


def _worded(case: Case, answer: str) -> dict[str, Number | None]:
    found: dict[str, Number | None] = {}
    if case.facts:
        found["facts"] = sum(holds(answer, fact) for fact in case.facts) / len(case.facts)
    if case.answers:
        found["holds_answer"] = float(any(holds(answer, [one]) for one in case.answers))
    if wordings := [*case.answers, *filter(None, [case.reference])]:
        said = words(answer)
        references = [words(one) for one in wordings]
        found["exact"] = float(any(said == one for one in references))
        found["f1"] = max(f1(said, one) for one in references)
        found["rouge_l"] = max(rouge_l(said, one) for one in references)
    return found


def needed(case: Case) -> tuple[Fact, ...]:
    """What a right answer must hold, each in one of its wordings; empty where nothing is known."""
    return case.facts or ((case.answers,) if case.answers else ())


def is_right(outcome: Outcome) -> bool:
    """Whether a case went well: declined where there is no answer, else answered with all that is needed.

    Where only documents are expected, it is one of them that must be cited.
    """
    case = outcome.case
    if not case.answerable or not outcome.answered:
        return case.answerable == outcome.answered
    if facts := needed(case):
        return all(holds(outcome.answer, fact) for fact in facts)
    return not case.expected or bool(cited(outcome) & case.expected.keys())


def cited(outcome: Outcome) -> set[str]:
    """The names, sources and external ids, of the documents that the answer cites."""
    sources = [str(one["source"]) for one in outcome.response.get("citations", ())]
    return set().union(*(names_of(outcome, source) for source in sources))


def names_of(outcome: Outcome, source: str) -> set[str]:
    """Under which names a document that was found may be expected."""
    external = (hit.external_id for hit in outcome.hits if hit.source == source and hit.external_id)
    return {source, *external}


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return folded(text).split()


def f1(said: Sequence[str], reference: Sequence[str]) -> float:
    """The harmonic mean of precision and recall of the words, each as often as it stands."""
    return _harmonic((Counter(said) & Counter(reference)).total(), said, reference)


def rouge_l(said: Sequence[str], reference: Sequence[str]) -> float:
    """The same of the longest common subsequence."""
    row = [0] * (len(reference) + 1)
    for word in said:
        diagonal = 0
        for place, other in enumerate(reference, start=1):
            above = row[place]
            row[place] = diagonal + 1 if word == other else max(above, row[place - 1])
            diagonal = above
    return _harmonic(row[-1], said, reference)


def _harmonic(shared: int, said: Sequence[str], reference: Sequence[str]) -> float:
    return 2 * shared / (len(said) + len(reference)) if shared else 0.0
