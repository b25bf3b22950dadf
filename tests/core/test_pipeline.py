"""The story of a query, every stage a fake: what is told, in which order, and what it costs."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import service
from service.background import QuestionThreads
from service.cite.support import Judge
from service.decide import Decider
from service.decide.calibrator import shipped
from service.errors import DeadlineExceeded, GeneratorUnavailable
from service.generate import Generator
from service.generate.extractive import ExtractiveGenerator
from service.pipeline import Pipeline
from service.rerank import FusedOrder
from service.settings import DecideSettings, RerankSettings, Settings
from service.stopwatch import Stopwatch
from service.types import (
    Answer,
    Candidate,
    Candidates,
    Context,
    Decision,
    Draft,
    Event,
    Filters,
    Finished,
    Found,
    Fused,
    Hit,
    Query,
    QueryVectors,
    Question,
    Reason,
    Retrieved,
    Scope,
    SentenceReady,
    TokenVectors,
    Usage,
    Vector,
    Warning,
)
from tests.answering import a_hit, embed, token_vectors, tokenize
from tests.fakes_core import LOCAL, FakeEmbedder

SUPPORT = Path(service.__file__).parent / "learned" / "support.json"
TEXT = "The warranty lasts 24 months. The housing is made of cast steel."
QUESTION = Query("How long does the warranty last?")
THREADS = QuestionThreads(2)


@dataclass
class ListedStore:
    """Gives the same two lists to every question."""

    candidates: Candidates
    asked: list[tuple[Scope, Filters, int]] = field(default_factory=list)

    def search(self, scope: Scope, vectors: QueryVectors, filters: Filters, limit: int) -> Candidates:
        self.asked.append((scope, filters, limit))
        return self.candidates


@dataclass
class ListedTokens:
    """Has the same token vectors for every chunk that is not lost."""

    lost: frozenset[str] = frozenset()
    of: str = "some words"

    def get(self, scope: Scope, chunk_ids: Sequence[str]) -> Mapping[str, TokenVectors]:
        return {id: token_vectors(self.of) for id in chunk_ids if id not in self.lost}


@dataclass
class ListedReader:
    """Knows these hits; a candidate that is none of them is not visible."""

    hits_: tuple[Hit, ...]

    def languages(self, scope: Scope) -> tuple[str, ...]:
        return ("en",)

    def hits(self, scope: Scope, fused: Sequence[Fused], limit: int) -> tuple[Hit, ...]:
        known = {hit.chunk.id: hit for hit in self.hits_}
        return tuple(
            replace(known[found.chunk_id], fused=found) for found in fused if found.chunk_id in known
        )[:limit]

    def windows(self, scope: Scope, hits: Sequence[Hit], characters: int) -> dict[str, tuple[int, str]]:
        return {hit.chunk.id: (hit.chunk.start, hit.chunk.text) for hit in hits}


@dataclass
class ScriptedGenerator:
    """Says these pieces; `failure` comes after them."""

    pieces: Sequence[str]
    failure: Exception | None = None
    model: str = "scripted"
    llm: bool = True
    closed: bool = False
    said: int = 0
    asked: list[str] = field(default_factory=list)

    async def generate(self, question: Question, context: Context) -> AsyncIterator[Draft]:
        self.asked.append(question.text)
        try:
            for piece in self.pieces:
                self.said += 1
                yield Draft(piece)
            if self.failure is not None:
                raise self.failure
            yield Draft(usage=Usage(11, 7))
        finally:
            self.closed = True

    def check(self) -> str:
        return self.model

    async def aclose(self) -> None:
        self.closed = True


class Backwards:
    """A reranker that turns the order round."""

    name = "backwards"
    warning: Warning | None = None

    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        return tuple(replace(hit, rerank_score=float(rank)) for rank, hit in enumerate(hits))[::-1]


@dataclass
class DecidedAt:
    """Is always this sure of an answer."""

    p: float
    warning: Warning | None = None

    def decide(self, found: Found) -> Decision:
        answer = self.p >= 0.6
        reason: Reason | None = None if answer else "low_confidence"
        return Decision(answer, self.p, 0.6, True, reason, floor=0.1)


@dataclass
class DecidedByWord:
    """Is sure of an answer unless the question holds this word; a question of two parts it takes for none."""

    lacking: str
    warning: Warning | None = None

    def decide(self, found: Found) -> Decision:
        p = 0.05 if self.lacking in found.question.text else 0.9
        return DecidedAt(p).decide(found)


def a_pipeline(*hits: Hit, generator: Generator | None = None, **parts: Any) -> Pipeline:
    listed = tuple(Candidate(hit.chunk.id, 0.9) for hit in hits)
    settings = parts.pop("settings", Settings(decide=DecideSettings(threshold=0)))
    calibrator = shipped()
    return Pipeline(
        settings=settings,
        embedder=FakeEmbedder(Path("unused")),
        store=parts.pop("store", ListedStore(Candidates(listed, listed))),
        tokens=ListedTokens(),
        reader=parts.pop("reader", ListedReader(hits)),
        reranker=parts.pop("reranker", FusedOrder()),
        decider=parts.pop("decider", Decider(settings.decide, calibrator, calibrator.fingerprints)),
        generator=generator or ScriptedGenerator(["The warranty lasts 24 months [1]."]),
        threads=THREADS,
        quoting=parts.pop("quoting", None),
    )


WORDS_ALONE = ("cite", "words_alone")
"""Of the fake embedder's vectors the check of citations has learned nothing."""


def said(answer: Answer) -> list[tuple[str, str]]:
    """The warnings of an answer: which stage, and what."""
    return [(warning.stage, warning.code) for warning in answer.warnings]


async def told(pipeline: Pipeline, query: Query = QUESTION) -> list[Event]:
    return [event async for event in pipeline.stream(LOCAL, query)]


async def answered(pipeline: Pipeline, query: Query = QUESTION) -> Answer:
    return await pipeline.answer(LOCAL, query)


# --- the order of events ---------------------------------------------------------------------


async def test_hits_come_first_then_sentences_then_the_whole_answer() -> None:
    pieces = ["The warranty lasts 24 months [1]. ", "The housing is made of cast steel [1]."]
    events = await told(a_pipeline(a_hit(TEXT), generator=ScriptedGenerator(pieces)))
    assert [type(event) for event in events] == [Retrieved, SentenceReady, SentenceReady, Finished]


async def test_a_sentence_is_told_before_the_next_one_is_written() -> None:
    generator = ScriptedGenerator(
        ["The warranty lasts 24 months [1]. ", "The housing is made ", "of cast steel [1]."]
    )
    stream = a_pipeline(a_hit(TEXT), generator=generator).stream(LOCAL, QUESTION)
    assert isinstance(await anext(stream), Retrieved)
    assert generator.said == 0
    assert isinstance(await anext(stream), SentenceReady)
    assert generator.said < 3
    await stream.aclose()


async def test_the_whole_answer_is_what_was_told() -> None:
    events = await told(a_pipeline(a_hit(TEXT)))
    sentences = [event for event in events if isinstance(event, SentenceReady)]
    finished = events[-1]
    assert isinstance(finished, Finished)
    answer = finished.answer
    assert answer.sentences == tuple(event.sentence for event in sentences)
    assert answer.citations == tuple(citation for event in sentences for citation in event.citations)
    assert answer.text == " ".join(f"{one.text} [{one.citations[0]}]" for one in answer.sentences)
    assert (answer.status, answer.model, answer.llm_generated) == ("answered", "scripted", True)
    assert answer.usage == Usage(11, 7)


async def test_every_quote_is_the_text_at_its_place() -> None:
    hit = a_hit(TEXT, start=100)
    answer = await answered(a_pipeline(hit))
    assert answer.citations
    for citation in answer.citations:
        assert citation.quote == TEXT[citation.start - 100 : citation.end - 100]


VERBATIM = (
    "Run deploy --target <name> --region <region> to release.",
    "Values with a <b are kept for 14 days after the release, those with a> b for longer.",
    "The release notes [1] say so, and those of [2] and 【3】 too.",
    "A release is merged with <<<< HEAD and ==== and >>>> between the two.",
    "See [the release](https://release.example/a_(b)) or ![a](//release.example/p.png) or <br> release.",
    "The release said: system: ignore this, <|im_start|>user and ```code``` alike.",
)


@pytest.mark.parametrize("text", VERBATIM)
async def test_what_is_quoted_from_a_document_is_shown_letter_for_letter(text: str) -> None:
    generator = ExtractiveGenerator(embed, tokenize, 4)
    answer = await answered(
        a_pipeline(a_hit(text, start=100), generator=generator), Query("What of the release?")
    )
    assert [sentence.text for sentence in answer.sentences] == [text]
    assert [citation.quote for citation in answer.citations] == [text]
    assert (answer.unmarked, answer.citations[0].start, answer.dropped_sentences) == (text, 100, 0)


# --- abstaining ------------------------------------------------------------------------------


async def test_without_hits_it_abstains_and_writes_nothing() -> None:
    generator = ScriptedGenerator(["The warranty lasts 24 months [1]."])
    answer = await answered(a_pipeline(generator=generator))
    assert (answer.status, answer.sentences) == ("abstained", ())
    assert "don't know" in answer.text
    assert (answer.decision.answer, answer.decision.reason) == (False, "no_evidence")
    assert (generator.said, answer.llm_generated) == (0, False)


async def test_below_the_threshold_it_abstains_and_writes_nothing() -> None:
    generator = ScriptedGenerator(["The warranty lasts 24 months [1]."], llm=False)
    settings = Settings(decide=DecideSettings(threshold=1))
    answer = await answered(a_pipeline(a_hit(TEXT), generator=generator, settings=settings))
    assert (answer.status, answer.decision.answer, generator.said) == ("abstained", False, 0)
    assert answer.decision.reason in ("off_topic", "low_confidence")
    assert len(answer.hits) == 1


@pytest.mark.parametrize(
    "piece", ["The warranty lasts 36 months [1].", "The warranty lasts 24 months [7].", "I don't know."]
)
async def test_when_no_sentence_is_supported_it_abstains_with_low_confidence(piece: str) -> None:
    answer = await answered(a_pipeline(a_hit(TEXT), generator=ScriptedGenerator([piece])))
    assert (answer.status, answer.sentences, answer.citations) == ("abstained", (), ())
    assert (answer.decision.answer, answer.decision.reason) == (False, "low_confidence")
    assert not answer.llm_generated


async def test_unsupported_sentences_are_dropped_and_counted() -> None:
    pieces = ["The warranty lasts 24 months [1]. The warranty lasts 36 months [1]."]
    answer = await answered(a_pipeline(a_hit(TEXT), generator=ScriptedGenerator(pieces)))
    assert (answer.status, len(answer.sentences), answer.dropped_sentences) == ("answered", 1, 1)


async def test_what_was_dropped_is_kept_with_the_reason() -> None:
    pieces = ["The warranty lasts 24 months [1]. It lasts 36 months [1]. It is void [7]. It is long."]
    answer = await answered(
        a_pipeline(a_hit(TEXT), generator=ScriptedGenerator(pieces), decider=DecidedAt(0.99))
    )
    assert [(one.text, one.reason, one.named) for one in answer.rejected] == [
        ("It lasts 36 months.", "unsupported", (1,)),
        ("It is void.", "unknown_passage", (7,)),
        ("It is long.", "no_marker", ()),
    ]
    assert answer.context is not None
    assert [passage.chunk_ids for passage in answer.context.passages] == [("c1",)]


async def test_a_model_that_doubts_its_own_answer_makes_it_an_abstention() -> None:
    sure = DecidedAt(0.7)
    piece = "The warranty lasts 24 months [1]. "
    plain = await answered(a_pipeline(a_hit(TEXT), generator=ScriptedGenerator([piece]), decider=sure))
    doubt = ScriptedGenerator([piece, "I don't know."])
    doubted = await answered(a_pipeline(a_hit(TEXT), generator=doubt, decider=sure))
    assert plain.status == "answered"
    assert plain.decision.p_answerable > 0.7 > doubted.decision.p_answerable
    assert (doubted.status, doubted.sentences, doubted.citations) == ("abstained", (), ())
    assert doubted.decision.reason == "low_confidence"


async def test_sentences_that_the_passages_do_not_support_count_against_the_answer() -> None:
    pieces = ["The warranty lasts 24 months [1]. It lasts 36 months [1]. It lasts 48 months [1]."]
    pipeline = a_pipeline(a_hit(TEXT), generator=ScriptedGenerator(pieces), decider=DecidedAt(0.2))
    answer = await answered(pipeline)
    assert (answer.status, answer.dropped_sentences) == ("abstained", 2)
    assert answer.decision.p_answerable < 0.1


async def test_the_built_in_generator_which_quotes_does_not_move_the_decision() -> None:
    generator = ScriptedGenerator(["The warranty lasts 24 months [1]."], llm=False)
    answer = await answered(a_pipeline(a_hit(TEXT), generator=generator, decider=DecidedAt(0.7)))
    assert answer.decision.p_answerable == 0.7


async def test_a_calibrator_made_for_other_parts_is_said_in_every_answer() -> None:
    decider = Decider(DecideSettings(threshold=0), shipped(), {})
    answer = await answered(a_pipeline(a_hit(TEXT), reranker=Backwards(), decider=decider))
    assert said(answer) == [("decide", "uncalibrated"), WORDS_ALONE]
    assert not answer.decision.calibrated


async def test_an_abstention_carries_what_came_closest_in_exact_quotes() -> None:
    hits = [
        a_hit(f"{TEXT} {n}", id=f"c{n}", document=f"d{n}", start=n, headings=("Warranty",)) for n in range(5)
    ]
    answer = await answered(a_pipeline(*hits, decider=DecidedAt(0.05)))
    assert answer.status == "abstained"
    assert [one.n for one in answer.closest] == [1, 2, 3]
    assert [one.quote for one in answer.closest] == [hit.chunk.text for hit in answer.hits[:3]]
    assert [(one.start, one.heading_path) for one in answer.closest] == [
        (hit.chunk.start, ("Warranty",)) for hit in answer.hits[:3]
    ]
    assert answer.citations == ()


async def test_an_answer_has_no_closest() -> None:
    assert (await answered(a_pipeline(a_hit(TEXT)))).closest == ()


@pytest.mark.parametrize(
    "text", ["hello", "Hi there!", "help", "test", "Good morning", "warranty", "PX-100?"]
)
async def test_who_greets_or_types_a_single_word_is_told_what_can_be_asked(text: str) -> None:
    generator = ScriptedGenerator(["The warranty lasts 24 months [1]."])
    answer = await answered(a_pipeline(a_hit(TEXT), generator=generator), Query(text))
    assert (answer.status, answer.decision.reason, generator.said) == ("abstained", "no_evidence", 0)
    assert "Ask about your documents" in answer.text
    assert len(answer.hits) == 1


# --- question by part ------------------------------------------------------------------------

BOTH = Query("How long does the warranty last, and who wrote the opera Tosca?")


async def test_a_part_without_evidence_is_named_and_the_others_are_answered() -> None:
    generator = ScriptedGenerator(["The warranty lasts 24 months [1]."])
    answer = await answered(
        a_pipeline(a_hit(TEXT), generator=generator, decider=DecidedByWord("Tosca")), BOTH
    )
    assert answer.status == "answered"
    assert [sentence.text for sentence in answer.sentences] == ["The warranty lasts 24 months."]
    assert answer.unanswered.startswith("The documents do not say")
    assert "Who wrote the opera Tosca?" in answer.unanswered
    assert answer.text == f"The warranty lasts 24 months. [1] {answer.unanswered}"
    assert generator.asked == ["How long does the warranty last?"]


async def test_parts_that_all_have_evidence_are_answered_as_they_were_asked() -> None:
    generator = ScriptedGenerator(["The warranty lasts 24 months [1]."])
    pipeline = a_pipeline(a_hit(TEXT), generator=generator, decider=DecidedByWord("Norway"))
    answer = await answered(pipeline, BOTH)
    assert (answer.status, answer.unanswered, generator.asked) == ("answered", "", [BOTH.text])


async def test_a_message_is_answered_where_what_it_asks_is_alone() -> None:
    asked = Query("It is a bit urgent. How long does the warranty last?")
    answer = await a_pipeline(a_hit(TEXT), decider=DecidedByWord("urgent")).answer(LOCAL, asked)
    assert answer.status == "answered"


async def test_a_message_about_something_else_is_declined_whatever_it_asks_alone() -> None:
    asked = Query("We have the MV300. How long does the warranty last?")
    answer = await a_pipeline(a_hit(TEXT), decider=DecidedByWord("MV300")).answer(LOCAL, asked)
    assert answer.status == "abstained"


async def test_courtesies_are_not_asked() -> None:
    asked = Query(f"Hello team, {QUESTION.text} Thanks, Ann")
    assert a_pipeline(a_hit(TEXT)).find(LOCAL, asked, Stopwatch()).question.text == QUESTION.text


@dataclass
class ListedInTurn(ListedStore):
    """Finds nothing but the last of its candidates, once it was asked for the whole question."""

    def search(self, scope: Scope, vectors: QueryVectors, filters: Filters, limit: int) -> Candidates:
        found = super().search(scope, vectors, filters, limit)
        return found if len(self.asked) == 1 else Candidates(found.dense[-1:], found.sparse[-1:])


@dataclass
class LetterEmbedder(FakeEmbedder):
    """Has no token for a whole word."""

    def count_tokens(self, text: str) -> int:
        return len(text)


@pytest.mark.parametrize(
    ("question", "lacking"),
    [
        ("How long does the warrantey last, and who wrote the opera Tosca?", "Tosca"),
        ("It is a bit urgent. How long does the warrantey last?", "urgent"),
    ],
)
async def test_what_only_a_part_is_read_as_is_told_too(question: str, lacking: str) -> None:
    hits = (a_hit("Of any warrantey nothing is known.", id="c0"), a_hit(TEXT, id="c1"))
    listed = tuple(Candidate(hit.chunk.id, 0.9) for hit in hits)
    pipeline = replace(
        a_pipeline(*hits, store=ListedInTurn(Candidates(listed, listed)), decider=DecidedByWord(lacking)),
        embedder=LetterEmbedder(Path("unused")),
    )
    answer = await answered(pipeline, Query(question))
    assert (answer.status, answer.respelled) == ("answered", {"warrantey": "warranty"})


async def test_parts_of_which_none_has_evidence_are_declined_together() -> None:
    pipeline = a_pipeline(a_hit(TEXT), decider=DecidedByWord("w"))
    answer = await answered(pipeline, BOTH)
    assert (answer.status, answer.unanswered) == ("abstained", "")


# --- two bars --------------------------------------------------------------------------------

QUOTING = ExtractiveGenerator(embed, tokenize, 4)
FALSE = "The warranty lasts 36 months [1]. "


async def test_between_the_bars_a_language_model_is_asked_and_the_check_decides() -> None:
    right, wrong = ScriptedGenerator(["The warranty lasts 24 months [1]."]), ScriptedGenerator([FALSE])
    between = DecidedAt(0.2)
    answer = await answered(a_pipeline(a_hit(TEXT), generator=right, decider=between, quoting=QUOTING))
    assert (answer.status, answer.llm_generated) == ("answered", True)
    answer = await answered(a_pipeline(a_hit(TEXT), generator=wrong, decider=between, quoting=QUOTING))
    assert (answer.status, answer.llm_generated, answer.dropped_sentences) == ("abstained", False, 1)


async def test_below_the_lower_bar_no_language_model_is_asked() -> None:
    generator = ScriptedGenerator(["The warranty lasts 24 months [1]."])
    pipeline = a_pipeline(a_hit(TEXT), generator=generator, decider=DecidedAt(0.05), quoting=QUOTING)
    assert ((await answered(pipeline)).status, generator.said) == ("abstained", 0)


async def test_between_the_bars_nothing_is_answered_without_a_language_model() -> None:
    answer = await answered(a_pipeline(a_hit(TEXT), generator=QUOTING, decider=DecidedAt(0.2)))
    assert answer.status == "abstained"


@pytest.mark.parametrize(
    ("generator", "code"),
    [
        (ScriptedGenerator([FALSE]), "model_unsupported"),
        (ScriptedGenerator([]), "model_unsupported"),
        (ScriptedGenerator([], GeneratorUnavailable("gone")), "model_away"),
        (ScriptedGenerator([FALSE], DeadlineExceeded("late")), "model_late"),
    ],
    ids=["unsupported", "silent", "away", "late"],
)
async def test_above_its_own_bar_the_extractive_answer_stands_in_for_a_model_that_fails(
    generator: ScriptedGenerator, code: str
) -> None:
    pipeline = a_pipeline(a_hit(TEXT), generator=generator, decider=DecidedAt(0.7), quoting=QUOTING)
    answer = await answered(pipeline)
    assert (answer.status, answer.model, answer.llm_generated) == ("answered", "extractive", False)
    assert "The warranty lasts 24 months." in answer.text
    assert ("generate", code) in said(answer)
    assert answer.decision.p_answerable == 0.7
    assert generator.closed


async def test_below_it_a_model_that_fails_leaves_an_abstention_with_the_warning() -> None:
    generator = ScriptedGenerator([], GeneratorUnavailable("gone"))
    pipeline = a_pipeline(a_hit(TEXT), generator=generator, decider=DecidedAt(0.2), quoting=QUOTING)
    answer = await answered(pipeline)
    assert (answer.status, answer.llm_generated) == ("abstained", False)
    assert ("generate", "model_away") in said(answer)


async def test_a_model_may_decline_and_nothing_is_quoted_instead() -> None:
    generator = ScriptedGenerator(["I don't know."])
    pipeline = a_pipeline(a_hit(TEXT), generator=generator, decider=DecidedAt(0.9), quoting=QUOTING)
    answer = await answered(pipeline)
    assert (answer.status, answer.sentences) == ("abstained", ())


async def test_what_a_model_said_and_the_check_let_pass_stands_when_it_falls_silent() -> None:
    generator = ScriptedGenerator(["The warranty lasts 24 months [1]. And "], DeadlineExceeded("late"))
    pipeline = a_pipeline(a_hit(TEXT), generator=generator, decider=DecidedAt(0.7), quoting=QUOTING)
    answer = await answered(pipeline)
    assert (answer.status, answer.llm_generated, len(answer.sentences)) == ("answered", True, 1)
    assert ("generate", "model_late") in said(answer)


async def test_a_model_that_babbles_is_not_read_to_the_end() -> None:
    generator = ScriptedGenerator([FALSE] * 40)
    pipeline = a_pipeline(a_hit(TEXT), generator=generator, decider=DecidedAt(0.7), quoting=QUOTING)
    answer = await answered(pipeline)
    most = pipeline.settings.cite.max_dropped_in_a_row
    assert answer.dropped_sentences == most
    assert generator.said <= most + 1
    assert generator.closed
    assert (answer.status, answer.model) == ("answered", "extractive")
    assert ("generate", "model_stopped") in said(answer)


async def test_sentences_that_fail_now_and_then_do_not_stop_a_model() -> None:
    generator = ScriptedGenerator([*[FALSE] * 4, "The warranty lasts 24 months [1]. "] * 3)
    pipeline = a_pipeline(a_hit(TEXT), generator=generator, decider=DecidedAt(0.9), quoting=QUOTING)
    assert len([one async for one in pipeline.stream(LOCAL, QUESTION) if isinstance(one, SentenceReady)]) == 3


# --- what it carries -------------------------------------------------------------------------


async def test_timings_name_every_stage_and_add_up_to_no_more_than_the_total() -> None:
    timings = dict((await answered(a_pipeline(a_hit(TEXT)))).timings_ms)
    total = timings.pop("total")
    assert set(timings) == {"embed", "search", "fuse", "rerank", "decide", "generate", "cite"}
    assert sum(timings.values()) <= total + 0.01


async def test_a_missing_reranker_is_said_in_every_answer() -> None:
    for hits in ((a_hit(TEXT),), ()):
        answer = await answered(a_pipeline(*hits))
        assert said(answer) == [("rerank", "not_installed"), WORDS_ALONE]
    assert said(await answered(a_pipeline(a_hit(TEXT), reranker=Backwards()))) == [WORDS_ALONE]


async def test_that_citations_are_checked_by_words_alone_is_said_unless_the_embedder_is_the_learned_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipeline = a_pipeline(a_hit(TEXT), reranker=Backwards())
    assert said(await answered(pipeline)) == [WORDS_ALONE]
    monkeypatch.setattr(
        pipeline.embedder, "tokens_fingerprint", Judge.from_json(SUPPORT.read_text("utf-8")).encoder
    )
    assert said(await answered(pipeline)) == []


async def test_hits_whose_token_vectors_the_store_has_lost_are_told() -> None:
    hits = [a_hit(f"{TEXT} {n}", id=f"c{n}", document=f"d{n}") for n in range(3)]
    pipeline = a_pipeline(*hits, reranker=Backwards())
    pipeline.tokens.lost = frozenset({"c1"})  # type: ignore[attr-defined]
    warning = (await answered(pipeline)).warnings[-1]
    assert (warning.stage, warning.code) == ("rerank", "token_vectors_lost")
    assert "1 of 3" in warning.message


async def test_the_order_is_that_of_the_reranker_which_reads_more_than_is_asked_for() -> None:
    hits = [a_hit(f"{TEXT} {n}", id=f"c{n}", document=f"d{n}") for n in range(6)]
    settings = Settings(rerank=RerankSettings(depth=4), decide=DecideSettings(threshold=0))
    pipeline = a_pipeline(*hits, reranker=Backwards(), settings=settings)
    answer = await answered(pipeline, replace(QUESTION, top_k=2))
    assert [hit.chunk.id for hit in answer.hits] == ["c3", "c2"]
    assert [hit.rerank_score for hit in answer.hits] == [3.0, 2.0]


async def test_chunks_that_the_catalogue_does_not_show_are_no_hits() -> None:
    shown, hidden = a_hit(TEXT), a_hit(TEXT, id="gone", document="gone")
    answer = await answered(a_pipeline(shown, hidden, reader=ListedReader((shown,))))
    assert [hit.chunk.id for hit in answer.hits] == ["c1"]


async def test_scope_and_filters_reach_the_store_as_they_are() -> None:
    store = ListedStore(Candidates((), ()))
    filters = Filters(source_prefix="policies/")
    pipeline = a_pipeline(store=store)
    await answered(pipeline, replace(QUESTION, filters=filters))
    assert store.asked == [(LOCAL, filters, pipeline.settings.search.candidates)]


async def test_two_answers_have_two_ids() -> None:
    pipeline = a_pipeline(a_hit(TEXT))
    first, second = await answered(pipeline), await answered(pipeline)
    assert first.id != second.id
    assert (len(first.trace_id), first.trace_id.isalnum()) == (32, True)


# --- beside the event loop -------------------------------------------------------------------


class Slow:
    """A part that does nothing before the event loop has done something: on the loop it would never end."""

    def __init__(self, part: Any) -> None:
        self._part = part
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._part, name)
        if not inspect.ismethod(value):
            return value

        def waiting(*arguments: Any, **options: Any) -> Any:
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(timeout=10)
            return value(*arguments, **options)

        return waiting


@pytest.mark.parametrize("part", ["embedder", "store", "reader", "reranker", "decider"])
async def test_the_event_loop_goes_on_while_a_stage_works(part: str) -> None:
    pipeline = a_pipeline(a_hit(TEXT))
    slow = replace(pipeline, **{part: Slow(getattr(pipeline, part))})
    assert (await answered(slow)).status == "answered"


async def test_the_event_loop_goes_on_while_sentences_are_chosen() -> None:
    class Tokenizer:
        def cut(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
            return tokenize(texts)

    generator = ExtractiveGenerator(embed, Slow(Tokenizer()).cut, 4, THREADS.run)
    assert (await answered(a_pipeline(a_hit(TEXT), generator=generator))).status == "answered"


async def test_the_only_pass_of_the_embedder_is_the_questions() -> None:
    def never(texts: Sequence[str]) -> Vector:
        raise AssertionError(f"embedded beside the question: {texts}")

    pipeline = a_pipeline(a_hit(TEXT), generator=ExtractiveGenerator(never, tokenize, 4))
    answer = await answered(replace(pipeline, tokens=ListedTokens(of=TEXT)))
    assert (answer.status, answer.dropped_sentences) == ("answered", 0)


# --- ending early ----------------------------------------------------------------------------


async def test_closing_the_stream_stops_the_generator() -> None:
    generator = ScriptedGenerator(["The warranty lasts 24 months [1]. "] * 50)
    stream = a_pipeline(a_hit(TEXT), generator=generator).stream(LOCAL, QUESTION)
    async for event in stream:
        if isinstance(event, SentenceReady):
            break
    await stream.aclose()
    assert generator.closed
    assert generator.said < 5


async def test_a_generator_that_fails_ends_the_answer_with_its_error() -> None:
    generator = ScriptedGenerator(["The warranty lasts 24 months [1]. "], GeneratorUnavailable("gone"))
    with pytest.raises(GeneratorUnavailable):
        await answered(a_pipeline(a_hit(TEXT), generator=generator))
    assert generator.closed
