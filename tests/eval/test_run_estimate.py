"""Where /explain is refused, the stage that lost what a question needs is estimated from the response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from eval.run.diagnosis import diagnosed
from eval.run.estimate import MENDS, Corpus
from eval.run.records import FoundHit, Json, Outcome
from service.errors import Unavailable
from tests.eval.running import PUMP, Product24, case, hit, outcome, response

WARRANTY = case(expected={"pump.md": 1}, facts=(("24 months",),))
OTHER = "The filter is cleaned every week."
NEAR = [hit(f"other{number}.md", f"o{number}", OTHER, fused=1 - number / 100) for number in range(8)]
ABSTAINED = response("")


async def stage(
    body: Json, hits: Sequence[FoundHit], texts: Mapping[str, Sequence[str]] | None = None
) -> str | None:
    corpus = Corpus(Product24() if texts is None else Product24(texts=texts))
    found = await diagnosed(corpus, outcome(WARRANTY, body, hits))
    if found.diagnosis is None:
        return None
    assert found.diagnosis.seen
    assert found.diagnosis.estimated == (found.diagnosis.stage != "cited_wrongly")
    assert found.diagnosis.mend == MENDS[found.diagnosis.stage]
    return found.diagnosis.stage


def beyond(fused: float, ranks: tuple[int | None, int | None]) -> FoundHit:
    return hit("pump.md", "c1", "", fused=fused, ranks=ranks)


async def test_a_right_answer_needs_no_diagnosis() -> None:
    assert await stage(response(), [hit("pump.md")]) is None


async def test_a_document_that_is_not_there_was_not_ingested() -> None:
    assert await stage(ABSTAINED, NEAR, {"other.md": [OTHER]}) == "not_ingested"


async def test_a_text_without_the_fact_was_not_parsed() -> None:
    assert await stage(ABSTAINED, NEAR, {"pump.md": ["The warranty of the pump lasts"]}) == "not_parsed"


async def test_a_fact_across_two_chunks_was_not_chunked_whole() -> None:
    halves = {"pump.md": ["The warranty of the pump lasts 24", "months."]}
    assert await stage(ABSTAINED, NEAR, halves) == "not_chunked_whole"


async def test_a_chunk_in_neither_list_was_not_retrieved() -> None:
    assert await stage(ABSTAINED, NEAR) == "not_retrieved"


async def test_a_chunk_far_down_in_both_lists_was_not_retrieved() -> None:
    assert await stage(ABSTAINED, [*NEAR, beyond(0.1, (30, 40))]) == "not_retrieved"


async def test_a_chunk_on_top_of_one_list_alone_was_fused_away() -> None:
    assert await stage(ABSTAINED, [*NEAR, beyond(0.1, (None, 2))]) == "fused_away"


async def test_a_chunk_that_was_high_before_reranking_was_reranked_away() -> None:
    assert await stage(ABSTAINED, [*NEAR, beyond(2.0, (1, 1))]) == "reranked_away"


async def test_a_passage_behind_a_full_budget_was_cut() -> None:
    long = [hit(f"other{number}.md", f"o{number}", OTHER * 100) for number in range(7)]
    assert await stage(response(OTHER), [*long, hit("pump.md")]) == "cut_by_budget"


async def test_a_found_passage_without_an_answer_is_an_abstention() -> None:
    assert await stage(ABSTAINED, [hit("pump.md")]) == "abstained"


async def test_a_draft_of_which_nothing_was_left_was_dropped_by_the_check() -> None:
    assert await stage(response("", dropped=2), [hit("pump.md")]) == "dropped_by_check"


async def test_an_answer_that_lacks_what_its_passage_says_was_generated_wrongly() -> None:
    assert await stage(response(OTHER), [hit("pump.md")]) == "generated_wrongly"


async def test_a_right_answer_on_another_document_is_cited_wrongly() -> None:
    assert await stage(response(PUMP, ["copy.md"]), [hit("pump.md")]) == "cited_wrongly"


async def test_an_answer_to_what_has_none_is_named() -> None:
    found = await diagnosed(Corpus(Product24()), outcome(case(answerable=False)))
    assert found.diagnosis is not None
    assert found.diagnosis.stage == "answered_unanswerable"


async def test_a_case_without_a_response_failed_with_its_error() -> None:
    found = await diagnosed(Corpus(Product24()), Outcome(case=WARRANTY, error="limit_exceeded: too long"))
    assert found.diagnosis is not None
    assert (found.diagnosis.stage, found.diagnosis.seen) == ("failed", "limit_exceeded: too long")


async def test_a_corpus_that_cannot_be_looked_at_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_self: Product24) -> list[Json]:
        raise Unavailable("gone")

    monkeypatch.setattr(Product24, "documents", gone)
    found = await diagnosed(Corpus(Product24()), outcome(WARRANTY, ABSTAINED, NEAR))
    assert found.diagnosis is not None
    assert "could not be looked at (unavailable)" in found.diagnosis.seen
