"""Why an answer does, or does not, say what was expected: on the sample corpus, with the real model."""

from __future__ import annotations

from typing import Any

import httpx

FACT = "What is the hotel limit per night in one's own country?"
TRAVEL = "policies/travel-policy-2025.html"


def explained(http: httpx.Client, question: str, **expected: Any) -> dict[str, Any]:
    response = http.post("/explain", json={"query": question, **expected})
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


def test_what_is_answered_is_found_and_every_stage_says_where(http: httpx.Client) -> None:
    told = explained(http, FACT, expected_source=TRAVEL, expected_text="EUR 150")
    assert told["verdict"] == "found"
    assert told["documents"][0]["receipt"]
    assert told["ranks"]["reranked"]["rank"] <= 8
    assert told["reached"]["passages"]
    assert "bias" in told["decision"]["contributions"]


def test_what_no_document_holds_is_not_in_the_corpus(http: httpx.Client) -> None:
    assert explained(http, FACT, expected_text="EUR 150 million")["verdict"] == "not_ingested"


def test_what_is_asked_of_another_matter_is_lost_on_the_way_or_not_told(http: httpx.Client) -> None:
    told = explained(http, "Which seals resist acetone?", expected_source=TRAVEL)
    assert told["verdict"] in ("not_retrieved", "reranked_away", "abstained", "generated_wrongly")
    assert told["why"]
    assert told["fix"]["command"]
