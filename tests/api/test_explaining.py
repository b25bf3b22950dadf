"""`POST /explain`, and what `explain` adds to `POST /query`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

QUESTION = {"query": "How long is the warranty?"}
NOTHING_SEEN = ("ranks", "reached", "decision", "written")


async def test_the_stage_is_named_with_what_was_seen(client: httpx.AsyncClient, document_id: str) -> None:
    body = (await client.post("/explain", json={**QUESTION, "expected_document_id": document_id})).json()
    assert (body["verdict"], body["documents"][0]["state"]) == ("found", "live")
    assert body["ranks"]["dense"] == {"rank": 1, "looked_at": 1, "served": 8}
    assert [one["text"] for one in body["written"]["rejected"]] == ["It lasts for ever.", "Surely."]


async def test_of_what_is_not_there_nothing_is_seen(client: httpx.AsyncClient) -> None:
    body = (await client.post("/explain", json={**QUESTION, "expected_document_id": "none"})).json()
    assert (body["verdict"], body["fix"]["command"]) == ("not_ingested", "footnote ingest PATH")
    assert [body[name] for name in NOTHING_SEEN] == [None] * 4


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"expected_text": "  "},
        {"expected_source": ""},
        {"expected_source": "a.md", "expected_document_id": "d1"},
        {"expected_text": "a" * 2001},
        {"expected_chunk": "c1"},
    ],
)
async def test_something_must_be_expected_and_one_document_at_most(
    client: httpx.AsyncClient, expected: dict[str, Any]
) -> None:
    assert (await client.post("/explain", json={**QUESTION, **expected})).status_code == 422


async def test_what_was_dropped_comes_only_when_an_explanation_is_asked_for(
    client: httpx.AsyncClient, document_id: str
) -> None:
    plain = (await client.post("/query", json=QUESTION)).json()
    explained = (await client.post("/query", json={**QUESTION, "explain": True})).json()
    assert plain["rejected"] is None
    assert explained["rejected"][0] == {
        "text": "It lasts for ever.",
        "reason": "unsupported",
        "support": 0.1,
        "missing": ["ever"],
        "named": [1],
    }
