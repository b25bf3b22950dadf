"""Why a case went wrong: the stage that lost what it needed, as `/explain` names it.

Each case that was missed is asked again, through the steps of the pipeline itself, for the facts that its
answer lacks and the documents that it expects. Where the key may not ask that, the stage is estimated from
the response, and the diagnosis says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eval.labelled.facts import holds
from eval.run.answered import is_right
from eval.run.estimate import MENDS, Corpus, cited_another, estimated, missing, quoted
from eval.run.records import Case, Diagnosis, Fact, Json, Outcome, Stage
from service.errors import FootnoteError
from service.explaining import pattern_of
from service.schemas.explaining import MAX_EXPECTED_CHARACTERS

MOST_FACTS = 2
"""Of a case's that are followed."""
MOST_PLACES = 2
"""In which one fact is followed: so a case is asked again four times at most."""
MOST_DOCUMENTS = 8
"""Of those that a case expects, by grade, whose texts are looked at for where a fact stands."""
ORDER = tuple(MENDS)
"""The stages as they follow upon each other."""


async def diagnose_all(
    corpus: Corpus, outcomes: Sequence[Outcome], tell: Callable[[int, int], None]
) -> tuple[Outcome, ...]:
    """All outcomes, one after the other, with the diagnoses of those that did not go well."""
    found: list[Outcome] = []
    for outcome in outcomes:
        found.append(await diagnosed(corpus, outcome))
        tell(len(found), len(outcomes))
    return tuple(found)


async def diagnosed(corpus: Corpus, outcome: Outcome) -> Outcome:
    """The outcome with its diagnosis where it did not go well."""
    if outcome.error is None and is_right(outcome) and not cited_another(outcome):
        return outcome
    return outcome.model_copy(update={"diagnosis": await _diagnosis(corpus, outcome)})


async def _diagnosis(corpus: Corpus, outcome: Outcome) -> Diagnosis:
    lost_a_passage = outcome.error is None and outcome.case.answerable and not is_right(outcome)
    if not lost_a_passage or not (outcome.case.expected or missing(outcome)):
        return await estimated(corpus, outcome)  # what is to be seen is in the response
    if corpus.refused:
        return await estimated(corpus, outcome, corpus.refused)
    try:
        return await _explained(corpus, outcome)
    except FootnoteError as error:
        why = f"Estimated: /explain was refused ({error.code}). "
        if error.status in (403, 404, 405):  # whoever is refused once is refused again
            corpus.refused = why
        return await estimated(corpus, outcome, why)


async def _explained(corpus: Corpus, outcome: Outcome) -> Diagnosis:
    """What was lost first, of all that the answer lacks."""
    facts: Sequence[Fact] = missing(outcome)[:MOST_FACTS] or ((),)
    followed = [await _followed(corpus, outcome, fact) for fact in facts]
    return min(followed, key=_came_to)


async def _followed(corpus: Corpus, outcome: Outcome, fact: Fact) -> Diagnosis:
    """How far the fact came from the place from which it came furthest."""
    places = await _places(corpus, outcome.case, fact)
    asked = [{"query": outcome.case.question, **place} for place in places[:MOST_PLACES]]
    return max([_of(outcome, fact, one, await corpus.asked.explain(one)) for one in asked], key=_came_to)


def _came_to(diagnosis: Diagnosis) -> int:
    return ORDER.index(diagnosis.stage)


async def _places(corpus: Corpus, case: Case, fact: Fact) -> list[Json]:
    """Where the answer could take a fact from, as `/explain` is told; where none holds it, what should."""
    if not case.expected:
        return [{"expected_text": _short(spelling)} for spelling in fact]
    names = sorted(case.expected, key=lambda name: -case.expected[name])[:MOST_DOCUMENTS]
    holding: list[Json] = []
    others: list[Json] = []
    for name in names:
        id = await corpus.document(name)
        place: Json = {"expected_source": name} if id is None else {"expected_document_id": id}
        text = (await corpus.read(id))[0] if id else ""
        spelling = next((one for one in fact if pattern_of(one).search(text)), "")
        if spelling and len(spelling) <= MAX_EXPECTED_CHARACTERS:
            holding.append({**place, "expected_text": spelling})
        elif not fact or holds(text, fact):  # it stands there in other marks: any passage of it counts
            holding.append(place)
        else:
            others.append({**place, "expected_text": _short(fact[0])})
    return holding or others


def _short(spelling: str) -> str:
    return spelling[:MAX_EXPECTED_CHARACTERS]


def _of(outcome: Outcome, fact: Fact, asked: Json, explained: Json) -> Diagnosis:
    stage, why, fix = explained["verdict"], explained["why"], explained["fix"]
    mend = " ".join(filter(None, (fix["advice"], f"`{fix['command']}`" if fix["command"] else "")))
    if stage == "found":
        stage, why = _found(outcome, fact)
        mend = MENDS[stage]
    sources = [one["source"] for one in explained["documents"] if one["source"]]
    what = f"“{asked['expected_text']}”" if "expected_text" in asked else "what is expected"
    where = f" in {sources[0]}" if sources else ""
    return Diagnosis(stage=stage, seen=f"Looked for {what}{where}. {why}", mend=mend)


def _found(outcome: Outcome, fact: Fact) -> tuple[Stage, str]:
    """It is cited, and the case was missed all the same."""
    if not outcome.answered:
        return "abstained", "Asked again it was answered, from there: the answer is not the same each time."
    return "generated_wrongly", f"The answer cites it, and lacks {quoted((fact,) if fact else ())}."
