"""Each stage is broken in turn, and the explanation names it; catalogue, store and pipeline are real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from service.explaining import Expected, Explainer, Explanation
from service.explaining.corpus import CorpusLook
from service.local_engine import LocalEngine
from service.pipeline import Pipeline
from service.rerank import FusedOrder
from service.settings import Settings
from service.types import (
    LOCAL,
    Candidates,
    Context,
    Decision,
    Draft,
    Filters,
    Found,
    Hit,
    Query,
    QueryVectors,
    Question,
    Scope,
    Warning,
)
from tests.fakes_core import BROKEN, ingested, put, sections

WARRANTY = "The warranty of the pump lasts 24 months."
OTHERS = {f"Part_{n}": f"The pump has part number {n}, which no warranty names." for n in range(8)}
QUESTION = "How long does the warranty of the pump last?"
ASKED = Query(QUESTION)
THE_WARRANTY = Expected(text=WARRANTY)


@dataclass
class Says:
    """A generator that says this, and nothing else."""

    text: str
    model: str = "scripted"
    llm: bool = True

    async def generate(self, question: Question, context: Context) -> AsyncIterator[Draft]:
        yield Draft(self.text)

    def check(self) -> str:
        return self.model

    async def aclose(self) -> None:
        pass


@dataclass
class Decides:
    """Always decides so."""

    answer: bool
    warning: Warning | None = None

    def decide(self, found: Found) -> Decision:
        p, reason = (0.99, None) if self.answer else (0.2, "low_confidence")
        added = {"bias": 1.0, "coverage": -2.5}
        # Below the floor no language model is asked either.
        return Decision(self.answer, p, 0.5, True, reason, floor=0.3, contributions=added)  # type: ignore[arg-type] # one of the reasons


class LastFirst(FusedOrder):
    """Turns the order round."""

    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        return tuple(hits)[::-1]


@dataclass
class WithoutFirst:
    """A store whose lists begin so late that the best of what is there is served to nobody."""

    store: Any
    hidden: Callable[[], frozenset[str]]

    def search(self, scope: Scope, vectors: QueryVectors, filters: Filters, limit: int) -> Candidates:
        found = self.store.search(scope, vectors, filters, 1000)
        lists = [
            (*(one for one in part if one.chunk_id not in self.hidden()),
             *(one for one in part if one.chunk_id in self.hidden()))
            for part in (found.dense, found.sparse)
        ]  # fmt: skip
        return Candidates(*(part[:limit] for part in lists))


def pumps(engine: LocalEngine) -> None:
    """A document of many sections, one of which answers the question."""
    ingested(engine, "pump.md", sections(Warranty=WARRANTY, **OTHERS))


def explained(
    engine: LocalEngine,
    expected: Expected = THE_WARRANTY,
    *,
    scope: Scope = LOCAL,
    query: Query = ASKED,
    settings: Mapping[str, Any] | None = None,
    **parts: Any,
) -> Explanation:
    """The explanation by the engine's pipeline with these parts of it, and these settings, in their place."""
    parts = {"decider": Decides(True), "generator": Says(f"{WARRANTY[:-1]} [1]."), **parts}
    pipeline: Pipeline = replace(engine.pipeline, settings=_changed(engine.settings, settings), **parts)
    return asyncio.run(Explainer(pipeline, CorpusLook(engine.database)).explain(scope, query, expected))


def _changed(settings: Settings, changes: Mapping[str, Any] | None) -> Settings:
    parts = {
        section: getattr(settings, section).model_copy(update=values)
        for section, values in (changes or {}).items()
    }
    return settings.model_copy(update=parts)


# --- it is there -----------------------------------------------------------------------------


def test_what_the_answer_cites_is_found(engine: LocalEngine) -> None:
    pumps(engine)
    told = explained(engine)
    assert told.verdict == "found"
    way = told.seen.way
    assert way is not None
    assert (way.ranks.dense.rank, way.ranks.sparse.rank, way.ranks.reranked.rank) == (1, 1, 1)
    assert way.reached.passages
    assert [place.whole for place in told.seen.corpus.places] == [True]


@pytest.mark.parametrize("by", ["source", "id", "text in another form", "text in a document"])
def test_what_is_expected_is_named_by_its_source_its_id_or_its_words(engine: LocalEngine, by: str) -> None:
    id = ingested(engine, "pump.md", sections(Warranty=WARRANTY)).document_id
    expected = {
        "source": Expected(source="pump.md"),
        "id": Expected(document_id=id),
        "text in another form": Expected(text="WARRANTY of\n the   pump"),
        "text in a document": Expected(source="pump.md", text="24 months"),
    }
    assert explained(engine, expected[by]).verdict == "found"


# --- it is not in the corpus -----------------------------------------------------------------


@pytest.mark.parametrize("expected", [Expected(source="none.md"), Expected(text="no such words anywhere")])
def test_what_was_never_put_in_is_not_in_the_corpus(engine: LocalEngine, expected: Expected) -> None:
    pumps(engine)
    told = explained(engine, expected)
    assert (told.verdict, told.fix.command) == ("not_ingested", "footnote ingest PATH")
    assert told.seen.way is None


def test_what_waits_in_the_queue_is_not_in_the_corpus_yet(engine: LocalEngine) -> None:
    put(engine, "late.md", WARRANTY)
    told = explained(engine, Expected(source="late.md"))
    assert (told.verdict, told.seen.corpus.documents[0].state) == ("not_ingested", "waiting")
    assert "queued" in told.why
    assert told.fix.command == "footnote jobs"


def test_what_was_deleted_is_told_to_who_reads_everything(engine: LocalEngine) -> None:
    id = ingested(engine, "pump.md", WARRANTY).document_id
    asyncio.run(engine.delete(LOCAL, id))
    told = explained(engine, Expected(document_id=id))
    assert (told.verdict, told.seen.corpus.documents[0].state) == ("not_ingested", "deleted")
    assert "deleted" in told.why


@pytest.mark.parametrize("by", ["id", "source", "text"])
@pytest.mark.parametrize("what", ["another tenant's", "another group's", "deleted"])
def test_what_the_caller_may_not_read_is_told_as_what_is_not_there(
    engine: LocalEngine, what: str, by: str
) -> None:
    scope = Scope("local", frozenset({"sales"}))
    owner = Scope("globex", LOCAL.groups) if what == "another tenant's" else LOCAL
    groups = ("legal",) if what == "another group's" else ()
    id = ingested(engine, "secret.md", WARRANTY, scope=owner, groups=groups).document_id
    put(engine, "secret.md", WARRANTY + " Or more.", scope=owner, groups=groups)
    if what == "deleted":
        asyncio.run(engine.delete(owner, id))
    if by == "id":
        there, nowhere = Expected(document_id=id), Expected(document_id="none")
    elif by == "source":
        there, nowhere = Expected(source="secret.md"), Expected(source="none.md")
    else:
        there, nowhere = Expected(text=WARRANTY), Expected(text="no such words")
    told, of_nothing = (explained(engine, expected, scope=scope) for expected in (there, nowhere))
    assert (told.verdict, told.why, told.fix) == (of_nothing.verdict, of_nothing.why, of_nothing.fix)
    assert [one.state for one in told.seen.corpus.documents] == [
        one.state for one in of_nothing.seen.corpus.documents
    ]
    assert all(one.upload is None and one.deleted_at is None for one in told.seen.corpus.documents)


# --- it was not read in ----------------------------------------------------------------------


def test_a_file_that_could_not_be_read_is_not_parsed_and_says_why(engine: LocalEngine) -> None:
    job = ingested(engine, "torn.md", BROKEN)
    told = explained(engine, Expected(source="torn.md"))
    assert (told.verdict, told.fix.command) == ("not_parsed", f"footnote jobs retry {job.id}")
    assert "corrupt_file" in told.why


def test_text_that_the_parser_did_not_get_is_not_parsed(engine: LocalEngine) -> None:
    pumps(engine)
    told = explained(engine, Expected(source="pump.md", text="a text in a picture"))
    assert (told.verdict, told.fix.command) == ("not_parsed", "footnote show pump.md --text")
    assert told.seen.corpus.documents[0].receipt


# --- it was lost on the way ------------------------------------------------------------------


def test_text_that_goes_over_the_end_of_a_chunk_is_not_chunked_whole(engine: LocalEngine) -> None:
    body = " ".join(f"Sentence number {n} tells of valve {n} and of nothing else." for n in range(60))
    ingested(engine, "valves.md", sections(Valves=body))
    chunks = asyncio.run(engine.chunks(LOCAL, engine.listing.documents(LOCAL, None, 1).items[0].id, None, 9))
    first, second = chunks.items[:2]
    split = f"{first.text[-30:]} {second.text[:30]}"
    cut = {"context": {"max_passage_tokens": 12, "max_passages": 1}}
    told = explained(engine, Expected(text=split), settings=cut)
    assert told.verdict == "not_chunked_whole"
    assert [place.whole for place in told.seen.corpus.places] == [False, False]
    assert "1, 2" in told.why


def test_text_that_stands_in_a_heading_alone_is_held_by_the_chunks_below_it(engine: LocalEngine) -> None:
    ingested(engine, "pump.md", sections(**{"Warranty of 24 months": "It counts from the day of delivery."}))
    says = Says("It counts from the day of delivery [1].")
    told = explained(engine, Expected(text="Warranty of 24 months"), generator=says)
    assert told.verdict == "found"
    assert [(place.whole, place.above) for place in told.seen.corpus.places] == [(True, True)]


def test_what_neither_list_serves_is_not_retrieved_and_its_rank_is_told(engine: LocalEngine) -> None:
    pumps(engine)
    id = explained(engine).seen.corpus.places[0].chunk_id
    store = WithoutFirst(engine.pipeline.store, lambda: frozenset({id}))
    told = explained(engine, store=store, settings={"search": {"candidates": 3}})
    assert told.verdict == "not_retrieved"
    ranks = told.seen.way.ranks  # type: ignore[union-attr] # there is one after the search
    assert (ranks.dense.rank, ranks.dense.served, ranks.dense.is_served) == (9, 3, False)
    assert told.fix.command == "FOOTNOTE_SEARCH__CANDIDATES=9"


def test_what_the_filters_leave_out_is_not_retrieved_because_of_them(engine: LocalEngine) -> None:
    pumps(engine)
    told = explained(engine, query=Query(QUESTION, Filters(source_prefix="other/")))
    assert told.verdict == "not_retrieved"
    assert "filters" in told.why


def test_what_is_fused_too_far_down_to_be_reranked_is_fused_away(engine: LocalEngine) -> None:
    pumps(engine)
    id = explained(engine).seen.corpus.places[0].chunk_id
    store = WithoutFirst(engine.pipeline.store, lambda: frozenset({id}))
    settings = {"rerank": {"depth": 2}}
    told = explained(engine, store=store, query=Query(QUESTION, top_k=2), settings=settings)
    assert (told.verdict, told.fix.command) == ("fused_away", "FOOTNOTE_RERANK__DEPTH=9")
    way = told.seen.way
    assert way is not None
    assert (way.ranks.fused.rank, way.ranks.fused.served, way.ranks.reranked.rank) == (9, 2, None)


def test_what_the_reranker_puts_behind_the_first_is_reranked_away(engine: LocalEngine) -> None:
    pumps(engine)
    told = explained(engine, reranker=LastFirst(), query=Query(QUESTION, top_k=3))
    assert (told.verdict, told.fix.command) == ("reranked_away", "footnote ask QUESTION --top-k 9")


def test_what_does_not_fit_into_the_context_is_cut_by_the_budget(engine: LocalEngine) -> None:
    pumps(engine)
    two = {"context": {"max_passages": 2}}
    told = explained(engine, reranker=LastFirst(), query=Query(QUESTION, top_k=9), settings=two)
    assert told.verdict == "cut_by_budget"
    assert told.seen.way.reached.left_out == "budget"  # type: ignore[union-attr] # as above


def test_a_copy_of_a_better_hit_is_left_out_and_that_is_told(engine: LocalEngine) -> None:
    ingested(engine, "a.md", sections(Warranty=WARRANTY))
    ingested(engine, "b.md", sections(Warranty=WARRANTY))
    both = [explained(engine, Expected(source=source)) for source in ("a.md", "b.md")]
    assert sorted(told.verdict for told in both) == ["cut_by_budget", "found"]
    assert any("nearly the same" in told.why for told in both)


# --- it was read, and not told ---------------------------------------------------------------


def test_what_is_not_decided_to_be_answered_is_abstained_with_what_spoke_against_it(
    engine: LocalEngine,
) -> None:
    pumps(engine)
    told = explained(engine, decider=Decides(False))
    assert (told.verdict, told.fix.command) == ("abstained", "footnote tune calibrator")
    assert "coverage -2.50" in told.why


def test_a_model_that_says_that_it_does_not_know_abstained(engine: LocalEngine) -> None:
    pumps(engine)
    assert explained(engine, generator=Says("I don't know.")).verdict == "abstained"


def test_what_the_generator_passes_over_is_generated_wrongly(engine: LocalEngine) -> None:
    ingested(engine, "pump.md", WARRANTY)
    ingested(engine, "valve.md", "The valve is made of brass and opens at 7 bar.")
    told = explained(engine, generator=Says(""))
    assert told.verdict == "generated_wrongly"


@pytest.mark.parametrize("said", ["It lasts 36 months [1].", "The warranty of the pump lasts 24 months."])
def test_what_was_written_and_not_let_through_is_dropped_by_the_check(engine: LocalEngine, said: str) -> None:
    ingested(engine, "pump.md", WARRANTY)
    told = explained(engine, generator=Says(said))
    assert told.verdict == "dropped_by_check"
    assert [one.text for one in told.seen.way.run.answer.rejected]  # type: ignore[union-attr] # as above


def test_what_is_told_with_another_place_is_cited_wrongly(engine: LocalEngine) -> None:
    ingested(engine, "pump.md", sections(Warranty=WARRANTY))
    ingested(engine, "faq.md", sections(Questions=f"{WARRANTY} Ask the dealer, who keeps the invoice."))
    context = explained(engine).seen.way.run.context  # type: ignore[union-attr] # as above
    faq = next(one.n for one in context.passages if one.document.source == "faq.md")
    said = Says(f"{WARRANTY[:-1]} [{faq}].")
    assert explained(engine, Expected(source="pump.md"), generator=said).verdict == "cited_wrongly"
