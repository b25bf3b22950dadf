"""What is sent of a question, decoded from the wire."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from service.errors import StoreUnreachable
from service.local_engine import LocalEngine
from service.records import Feedback
from service.settings import CacheSettings, DecideSettings
from service.tracing.caller import Calling, TraceParent, calling
from service.types import Answer, Event, Query, QueryVectors, Scope
from tests.fakes_core import LOCAL, ingested
from tests.tracing.conftest import Open
from tests.tracing.receiver import Receiver, Seen

TEXT = "The warranty of the zyxomat lasts 24 months. Its housing is made of cast steel."
QUESTION = Query("How long does the warranty of the zyxomat last?")
STAGES = ["embed", "search", "fuse", "rerank", "decide", "generate", "cite"]
SURE = DecideSettings(threshold=0)


def ask(engine: LocalEngine, query: Query = QUESTION) -> Answer:
    return asyncio.run(engine.answer(LOCAL, query))


def spans_of(receiver: Receiver, answer: Answer) -> list[Seen]:
    return [span for span in receiver.spans if span.trace_id == answer.trace_id and span.name != "score"]


def test_a_trace_has_a_span_for_every_stage_under_the_whole(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings(), decide=SURE) as engine:
        ingested(engine, "a.md", TEXT)
        answer = ask(engine)
    root = receiver.only("query")
    spans = spans_of(receiver, answer)
    assert root.trace_id == answer.trace_id
    assert sorted(span.name for span in spans) == sorted([*STAGES, "query"])
    assert {span.parent_id for span in spans if span is not root} == {root.id}
    assert len({span.id for span in spans}) == len(spans)
    assert all(root.began <= span.began <= span.ended <= root.ended for span in spans)
    assert root.attributes["footnote.status"] == "answered"


def test_a_stage_has_its_figures(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings(), decide=SURE) as engine:
        ingested(engine, "a.md", TEXT)
        answer = ask(engine)
    hits = len(answer.hits)
    assert len(receiver.only("search").attributes["footnote.dense_ranks"]) == hits > 0
    assert len(receiver.only("rerank").attributes["footnote.scores"]) == hits
    decided = receiver.only("decide").attributes
    assert decided["footnote.p_answerable"] == pytest.approx(answer.decision.p_answerable)
    assert len(receiver.only("cite").attributes["footnote.supports"]) == len(answer.sentences) > 0


def test_scores_go_to_a_collector_as_spans_of_their_trace(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings(), decide=SURE) as engine:
        ingested(engine, "a.md", TEXT)
        answer = ask(engine)
        rated = Feedback(answer.id, "down")
        engine.keeper.flush()
        asyncio.run(engine.feedback(LOCAL, rated))
    scores = {span.attributes["footnote.score"]: span for span in receiver.named("score")}
    assert set(scores) == {"p_answerable", "support", "feedback"}
    assert scores["feedback"].attributes["footnote.score.value"] == 0
    assert {span.trace_id for span in scores.values()} == {answer.trace_id}
    assert {span.parent_id for span in scores.values()} == {receiver.only("query").id}


def test_an_abstention_says_its_reason_and_has_no_generation(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings()) as engine:
        answer = ask(engine)
    root = receiver.only("query")
    assert root.attributes["footnote.status"] == "abstained"
    assert root.attributes["footnote.reason"] == answer.decision.reason == "no_evidence"
    assert receiver.named("generate") == []


def test_a_cached_answer_is_a_trace_of_its_own_without_stages(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings(), decide=SURE) as engine:
        ingested(engine, "a.md", TEXT)
        first, second = ask(engine), ask(engine)
    assert first.trace_id != second.trace_id
    (span,) = spans_of(receiver, second)
    assert (span.name, span.attributes["footnote.cached"]) == ("query", True)


def test_a_reader_who_leaves_in_the_middle_leaves_a_trace(open_engine: Open, receiver: Receiver) -> None:
    async def leave(engine: LocalEngine) -> None:
        events: AsyncGenerator[Event, None] = engine.stream(LOCAL, QUESTION)
        async with aclosing(events):
            await anext(events)

    with open_engine(tracing=receiver.settings(), cache=CacheSettings(enabled=False)) as engine:
        ingested(engine, "a.md", TEXT)
        asyncio.run(leave(engine))
    root = receiver.only("query")
    assert root.failed
    assert root.attributes["error.type"] == "GeneratorExit"
    assert {"embed", "search", "fuse", "rerank"} <= {span.name for span in receiver.spans}


def test_a_stage_that_fails_says_which_error_it_was(
    open_engine: Open, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: object, scope: Scope, vectors: QueryVectors, filters: object, limit: int) -> None:
        raise StoreUnreachable("the store does not answer")

    with open_engine(tracing=receiver.settings()) as engine:
        monkeypatch.setattr(type(engine.pipeline.store), "search", away)
        with pytest.raises(StoreUnreachable):
            ask(engine)
    failed = {span.name for span in receiver.spans if span.failed}
    assert failed == {"query", "search"}
    assert receiver.only("search").attributes["error.type"] == StoreUnreachable.code


def test_a_search_is_a_trace_too(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings()) as engine:
        ingested(engine, "a.md", TEXT)
        asyncio.run(engine.search(LOCAL, QUESTION))
    root = next(span for span in receiver.named("search") if not span.parent_id)
    assert root.attributes["footnote.hits"] == 1


def test_the_trace_goes_on_where_the_caller_has_one(open_engine: Open, receiver: Receiver) -> None:
    parent = TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", sampled=True)
    # What the caller has sampled is sent whatever our own share is.
    with open_engine(tracing=receiver.settings(sample=0), decide=SURE) as engine:
        ingested(engine, "a.md", TEXT)
        token = calling.set(Calling("a1b2", parent))
        answer = ask(engine)
        calling.reset(token)
        engine.keeper.flush()
        asyncio.run(engine.feedback(LOCAL, Feedback(answer.id, "up")))
    root = receiver.only("query")
    assert answer.trace_id == root.trace_id == parent.trace_id
    assert root.parent_id == parent.span_id
    assert root.attributes["footnote.request_id"] == "a1b2"
    assert root.attributes["footnote.query_id"] == answer.id
    judged = [span for span in receiver.named("score") if span.attributes["footnote.score"] == "feedback"]
    assert [(span.trace_id, span.parent_id) for span in judged] == [(root.trace_id, root.id)]


def test_what_is_said_to_another_process_goes_to_the_callers_trace_too(
    open_engine: Open, receiver: Receiver
) -> None:
    parent = TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", sampled=True)
    with open_engine(tracing=receiver.settings(), decide=SURE) as engine:
        ingested(engine, "a.md", TEXT)
        token = calling.set(Calling("a1b2", parent))
        answer = ask(engine)
        calling.reset(token)
    with open_engine(tracing=receiver.settings()) as another:
        asyncio.run(another.feedback(LOCAL, Feedback(answer.id, "down")))
    judged = [span for span in receiver.named("score") if span.attributes["footnote.score"] == "feedback"]
    assert [(span.trace_id, span.parent_id) for span in judged] == [
        (parent.trace_id, receiver.only("query").id)
    ]


def test_what_is_not_in_the_sample_is_not_sent(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings(sample=0)) as engine:
        ask(engine)
    assert receiver.spans == []


def test_a_tenant_is_told_by_a_hash_and_nothing_of_the_content_is_sent(
    open_engine: Open, receiver: Receiver
) -> None:
    with open_engine(tracing=receiver.settings(), decide=SURE) as engine:
        ingested(engine, "secret-folder/zyxomat-price-list.md", TEXT, scope=Scope("norrask", LOCAL.groups))
        ask(engine)
        answer = asyncio.run(engine.answer(Scope("norrask", LOCAL.groups), QUESTION))
    assert answer.status == "answered"
    expected = hashlib.sha256(b"norrask").hexdigest()[:16]
    assert expected in {span.attributes.get("footnote.tenant") for span in receiver.spans}
    for word in (b"zyxomat", b"warranty", b"cast steel", b"norrask", b"secret-folder", b"price-list"):
        assert word not in receiver.raw.lower()
