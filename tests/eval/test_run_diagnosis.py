"""What became of a missed case is named by `/explain`, and by nothing else where that may be asked."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest

from eval.engines import SCOPE, asked_in_process
from eval.run.diagnosis import ORDER, diagnosed
from eval.run.estimate import Corpus
from eval.run.records import Case, Diagnosis, Json, Outcome, Stage
from service.errors import Forbidden, Overloaded
from service.explaining.explanation import Verdict
from service.local_engine import LocalEngine
from tests.core.conftest import embedder, engine, folder
from tests.eval.running import PUMP, Product24, case, explanation, hit, outcome, response
from tests.fakes_core import ingested

__all__ = ["embedder", "engine", "folder"]

WARRANTY = case(expected={"pump.md": 1}, facts=(("two years", "24 months"),))
ABSTAINED = response("")


async def of(product: Product24, missed: Case = WARRANTY, body: Json | None = None) -> Diagnosis:
    found = await diagnosed(Corpus(product), outcome(missed, ABSTAINED if body is None else body))
    assert found.diagnosis is not None
    return found.diagnosis


def test_every_verdict_of_explain_is_a_stage_by_the_same_word() -> None:
    assert set(get_args(Verdict)) - {"found"} < set(get_args(Stage))
    assert set(ORDER) == set(get_args(Stage))


async def test_a_missed_case_is_asked_again_for_the_spelling_that_its_document_has() -> None:
    product = Product24(explanations={"id of pump.md": explanation("reranked_away")})
    told = await of(product)
    assert (told.stage, told.estimated) == ("reranked_away", False)
    assert told.seen == "Looked for “24 months” in pump.md. It is reranked_away."
    assert told.mend == "Mend reranked_away. `footnote mend`"
    assert product.explained == [
        {"query": "Question a?", "expected_document_id": "id of pump.md", "expected_text": "24 months"}
    ]


async def test_a_case_that_went_well_is_not_asked_again() -> None:
    product = Product24()
    found = await diagnosed(Corpus(product), outcome(WARRANTY, response(), [hit("pump.md")]))
    assert (found.diagnosis, product.explained) == (None, [])


async def test_an_answer_to_what_has_none_is_not_asked_again() -> None:
    product = Product24()
    assert (await of(product, case(answerable=False), response())).stage == "answered_unanswerable"
    assert product.explained == []


async def test_a_fact_in_two_documents_is_lost_where_it_came_furthest() -> None:
    product = Product24(
        texts={"pump.md": [PUMP], "copy.md": [PUMP]},
        explanations={
            "id of pump.md": explanation("not_retrieved"),
            "id of copy.md": explanation("cut_by_budget"),
        },
    )
    both = case(expected={"pump.md": 1, "copy.md": 1}, facts=(("24 months",),))
    assert (await of(product, both)).stage == "cut_by_budget"


async def test_of_two_facts_the_one_that_was_lost_first_is_told() -> None:
    product = Product24(
        texts={"pump.md": [PUMP], "other.md": ["It weighs 3 kg."]},
        explanations={
            "id of pump.md": explanation("abstained"),
            "id of other.md": explanation("not_retrieved"),
        },
    )
    both = case(expected={"pump.md": 1, "other.md": 1}, facts=(("24 months",), ("3 kg",)))
    assert (await of(product, both)).seen.startswith("Looked for “3 kg”")


async def test_a_document_that_is_not_there_is_asked_for_by_its_name() -> None:
    product = Product24(texts={}, explanations={"pump.md": explanation("not_ingested")})
    assert (await of(product)).stage == "not_ingested"


async def test_what_is_cited_and_not_said_was_generated_wrongly() -> None:
    product = Product24(explanations={"id of pump.md": explanation("found")})
    told = await of(product, body=response("The filter is cleaned every week."))
    assert told.stage == "generated_wrongly"
    assert told.seen.endswith("The answer cites it, and lacks “two years”.")


async def test_an_answer_that_comes_only_the_second_time_is_said_to() -> None:
    told = await of(Product24(explanations={"id of pump.md": explanation("found")}))
    assert (told.stage, "not the same each time" in told.seen) == ("abstained", True)


async def test_a_key_that_may_not_ask_is_refused_once_and_each_diagnosis_is_an_estimate() -> None:
    product = Product24(explanations=Forbidden("for editors"))
    corpus = Corpus(product)
    for _ in range(2):
        found = await diagnosed(corpus, outcome(WARRANTY, ABSTAINED, [hit("pump.md")]))
        assert found.diagnosis is not None
        assert (found.diagnosis.stage, found.diagnosis.estimated) == ("abstained", True)
        assert found.diagnosis.seen.startswith("Estimated: /explain was refused (forbidden).")
    assert len(product.explained) == 1


async def test_a_service_that_is_busy_once_is_asked_for_the_next_case() -> None:
    product = Product24(explanations=Overloaded("busy"))
    corpus = Corpus(product)
    for _ in range(2):
        await diagnosed(corpus, outcome(WARRANTY, ABSTAINED, [hit("pump.md")]))
    assert len(product.explained) == 2


@pytest.mark.parametrize(
    ("missed", "stage"),
    [
        (case(expected={"lost.md": 1}, facts=(("24 months",),)), "not_ingested"),
        (case(expected={"pump.md": 1}, facts=(("36 months",),)), "not_parsed"),
    ],
)
def test_an_engine_of_this_process_explains_what_its_corpus_lacks(
    engine: LocalEngine, missed: Case, stage: Stage
) -> None:
    ingested(engine, "pump.md", PUMP, scope=SCOPE)

    async def look() -> Outcome:
        async with asked_in_process(engine) as asked:
            return await diagnosed(Corpus(asked), outcome(missed, ABSTAINED))

    found = asyncio.run(look())
    assert found.diagnosis is not None
    assert (found.diagnosis.stage, found.diagnosis.estimated) == (stage, False)
