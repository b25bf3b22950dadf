from __future__ import annotations

import httpx
import pytest

from service.records import Feedback
from service.types import LOCAL, Condition, Filters
from tests.api.calling import WARRANTY
from tests.fakes import FakeEngine

QUESTION = {"query": "How long is the warranty?"}


async def test_an_answer_has_every_field_that_the_api_promises(
    client: httpx.AsyncClient, document_id: str
) -> None:
    body = (await client.post("/query", json=QUESTION)).json()
    assert set(body) == {
        "id", "status", "answer", "sentences", "citations", "decision", "model", "llm_generated", "usage",
        "timings_ms", "trace_id", "dropped_sentences", "warnings", "cached", "hits", "context", "rejected",
        "closest", "unanswered", "variant", "respelled",
    }  # fmt: skip
    assert body["status"] == "answered"
    assert set(body["decision"]) == {
        "p_answerable", "threshold", "calibrated", "reason", "features", "contributions",
    }  # fmt: skip


async def test_a_citation_points_to_the_exact_text(client: httpx.AsyncClient, document_id: str) -> None:
    body = (await client.post("/query", json=QUESTION)).json()
    citation = body["citations"][0]
    text = (await client.get(f"/documents/{document_id}/text")).json()["text"]
    assert body["sentences"][0]["citations"] == [citation["n"]]
    assert citation["document_id"] == document_id
    assert citation["quote"] == text[citation["start"] : citation["end"]]


async def test_offsets_count_code_points(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    files = {"file": ("emoji.txt", "🔧🔩 warranty: 2 years")}
    await client.post("/documents", files=files)
    citation = (await client.post("/query", json={"query": "warranty:"})).json()["citations"][0]
    assert citation["end"] == len("🔧🔩 warranty: 2 years")


async def test_no_evidence_is_an_answer(client: httpx.AsyncClient) -> None:
    response = await client.post("/query", json={"query": "Who won?"})
    body = response.json()
    assert response.status_code == 200
    assert (body["status"], body["decision"]["reason"]) == ("abstained", "no_evidence")
    assert body["sentences"] == []


async def test_hits_come_only_when_an_explanation_is_asked_for(
    client: httpx.AsyncClient, document_id: str
) -> None:
    plain = (await client.post("/query", json=QUESTION)).json()
    explained = (await client.post("/query", json={**QUESTION, "explain": True})).json()
    assert plain["hits"] is None
    assert explained["hits"][0]["scores"] == {
        "dense_rank": 1,
        "sparse_rank": None,
        "fused": pytest.approx(1 / 61),
        "rerank": 0.9,
    }


async def test_a_search_gives_hits_with_their_text(client: httpx.AsyncClient, document_id: str) -> None:
    body = (await client.post("/search", json=QUESTION)).json()
    assert [hit["text"] for hit in body["hits"]] == [WARRANTY]
    assert "total" in body["timings_ms"]


async def test_the_local_caller_reads_everything_of_the_local_tenant(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    await client.post("/search", json=QUESTION)
    assert engine.scopes == [LOCAL]


async def test_filters_become_conditions(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    metadata = {"year": 2024, "team": ["a", "b"], "date": {"gte": "2024-01-01", "lt": "2025-01-01"}}
    filters = {"document_ids": ["d1"], "source_prefix": "policies/", "metadata": metadata}
    await client.post("/search", json={**QUESTION, "filters": filters, "top_k": 3})
    asked = engine.queries[0]
    assert asked.top_k == 3
    assert (asked.filters.document_ids, asked.filters.source_prefix) == (("d1",), "policies/")
    by_field = {(condition.field, condition.op): condition.value for condition in asked.filters.metadata}
    assert by_field["year", "eq"] == 2024
    assert by_field["team", "in"] == ("a", "b")
    assert str(by_field["date", "gte"]) == "2024-01-01 00:00:00+00:00"
    assert ("date", "lt") in by_field


async def test_a_number_and_a_truth_value_keep_their_types_in_a_filter(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    filters = {"metadata": {"open": True, "level": 1, "ratio": 1.5, "code": "1"}}
    await client.post("/search", json={**QUESTION, "filters": filters})
    assert engine.queries[0].filters == Filters(
        metadata=(
            Condition("open", "eq", True),
            Condition("level", "eq", 1),
            Condition("ratio", "eq", 1.5),
            Condition("code", "eq", "1"),
        )
    )
    assert engine.queries[0].filters.metadata[0].value is True


@pytest.mark.parametrize(
    "bounds", [{}, {"gte": "soon"}, {"gte": "0001-01-01T00:00:00+14:00"}], ids=["none", "words", "too early"]
)
async def test_a_range_needs_a_bound_that_can_be_compared(
    client: httpx.AsyncClient, bounds: dict[str, str]
) -> None:
    response = await client.post("/search", json={**QUESTION, "filters": {"metadata": {"date": bounds}}})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_filter")


@pytest.mark.parametrize(
    "wrong",
    [
        {"query": ""},
        {"query": "  \n "},
        {},
        {**QUESTION, "top_k": 0},
        {**QUESTION, "conversation_id": "c"},
        {**QUESTION, "filters": {"metadata": {"a": []}}},
        {**QUESTION, "filters": {"tenant": "other"}},
        {**QUESTION, "filter": {}},
        {**QUESTION, "top_k": True},
        {**QUESTION, "top_k": "5"},
        {**QUESTION, "stream": "yes"},
        {**QUESTION, "filters": {"metadata": {"year": {"gte": True}}}},
        {**QUESTION, "filters": {"metadata": {f"f{n}": list(range(100)) for n in range(11)}}},
        {f"field {n}": 1 for n in range(60)},
    ],
)
async def test_what_breaks_a_rule_is_refused(client: httpx.AsyncClient, wrong: dict[str, object]) -> None:
    response = await client.post("/query", json=wrong)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert response.json()["errors"]


async def test_half_a_surrogate_pair_is_no_question(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/query", content=b'{"query": "\\ud83d"}', headers=headers)
    assert response.status_code == 422


async def test_a_question_that_is_too_long_names_the_setting(client: httpx.AsyncClient) -> None:
    response = await client.post("/query", json={"query": "x" * 201})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (413, "limit_exceeded")
    assert "api.max_question_characters" in problem["detail"]
    assert "FOOTNOTE_API__MAX_QUESTION_CHARACTERS" in problem["hint"]


async def test_asking_for_too_many_hits_names_the_setting(client: httpx.AsyncClient) -> None:
    problem = (await client.post("/search", json={**QUESTION, "top_k": 21})).json()
    assert problem["code"] == "limit_exceeded"
    assert "api.max_top_k" in problem["detail"]


async def test_feedback_is_kept(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    given = (await client.post("/query", json={"query": "Who won?"})).json()["id"]
    judgement = {"query_id": given, "rating": "down", "correction": "36 months"}
    response = await client.post("/feedback", json=judgement)
    assert (response.status_code, response.json()) == (201, {"feedback_id": "feedback-1"})
    assert engine.feedbacks == [Feedback(given, "down", "", "36 months")]


async def test_who_asks_for_another_answer_is_counted_apart_from_who_calls_it_bad(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    given = (await client.post("/query", json={"query": "Who won?"})).json()["id"]
    for rating in ("again", "again", "down"):
        await client.post("/feedback", json={"query_id": given, "rating": rating})
    told = (await client.get("/metrics")).text
    assert 'footnote_feedback_total{rating="again"} 2.0' in told
    assert 'footnote_feedback_total{rating="down"} 1.0' in told


async def test_feedback_on_an_unknown_answer_is_not_found(client: httpx.AsyncClient) -> None:
    response = await client.post("/feedback", json={"query_id": "unknown", "rating": "up"})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
