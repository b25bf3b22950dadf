"""From real files to checked answers over HTTP."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.e2e.asking import ask, put, text_of
from tests.e2e.conftest import FILES

MANUAL, HOURS, TRAVEL = (
    "manuals/mv450-manual.md",
    "hr/arbeitszeit-kaltenbrunn.html",
    "policies/travel-policy-2025.html",
)
FACTS = {
    "What does the message MV-E07 mean on the MV450?": ("leak sensor", MANUAL),
    "Wie viele Tage beträgt der Jahresurlaub im Werk Kaltenbrunn?": ("30 Arbeitstage", HOURS),
    "What is the hotel limit per night in one's own country?": ("EUR 150", TRAVEL),
    "What is the daily meal allowance for a full day of travel?": ("EUR 32", TRAVEL),
    "How much is paid per kilometre for a private car?": ("EUR 0.38", TRAVEL),
}
QUESTIONS = [
    *FACTS,
    "Was bedeutet die Vereinbarung BV-2024-2 und ab wann gilt sie?",
    "How long is the warranty of a CR8 that was delivered in May 2024?",
    "Why was it late?",
]


def test_every_file_is_listed_at_its_first_version(http: httpx.Client) -> None:
    listed = {one["source"]: one for one in http.get("/documents", params={"limit": 200}).json()["documents"]}
    assert set(FILES) <= set(listed)
    for source in FILES:
        assert listed[source]["version"] >= 1
        assert listed[source]["chunks"] >= 1
        assert listed[source]["metadata"]["corpus"] == "demo"
    assert listed["hr/arbeitszeit-kaltenbrunn.html"]["language"] == "de"


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_quote_is_the_text_between_its_offsets(http: httpx.Client, question: str) -> None:
    answer = ask(http, question)
    assert answer["status"] in ("answered", "abstained")
    assert [citation["n"] for citation in answer["citations"]] == list(range(1, len(answer["citations"]) + 1))
    for citation in answer["citations"]:
        assert citation["quote"] == text_of(http, citation)[citation["start"] : citation["end"]]
    numbers = {citation["n"] for citation in answer["citations"]}
    for sentence in answer["sentences"]:
        assert sentence["citations"]
        assert set(sentence["citations"]) <= numbers


@pytest.mark.parametrize(("question", "fact", "source"), [(asked, *known) for asked, known in FACTS.items()])
def test_a_fact_that_stands_in_one_place_is_said_and_cited_from_there(
    http: httpx.Client, question: str, fact: str, source: str
) -> None:
    answer = ask(http, question)
    assert fact in answer["answer"]
    assert any(fact in one["quote"] for one in answer["citations"] if one["source"] == source)


def test_what_the_documents_do_not_hold_is_not_answered(http: httpx.Client) -> None:
    answer = ask(http, "Who won the chess championship in Reykjavik in 1972?")
    assert (answer["status"], answer["sentences"], answer["citations"]) == ("abstained", [], [])
    assert answer["decision"]["reason"] in ("off_topic", "low_confidence", "no_evidence")


def test_every_chunk_is_the_text_between_its_offsets(http: httpx.Client) -> None:
    for document in http.get("/documents", params={"limit": 200}).json()["documents"]:
        path = f"/documents/{document['document_id']}"
        text = http.get(f"{path}/text").json()["text"]
        chunks = http.get(f"{path}/chunks", params={"limit": 200}).json()["chunks"]
        assert chunks
        for chunk in chunks:
            assert chunk["text"] == text[chunk["start"] : chunk["end"]]


def test_a_search_keeps_to_its_filters(http: httpx.Client) -> None:
    body = {"query": "warranty", "filters": {"source_prefix": "policies/", "metadata": {"corpus": "demo"}}}
    hits = http.post("/search", json=body).json()["hits"]
    assert hits
    assert all(hit["source"].startswith("policies/") for hit in hits)


def test_a_streamed_answer_ends_with_the_whole_of_it(http: httpx.Client) -> None:
    body = {"query": QUESTIONS[0], "stream": True}
    with http.stream("POST", "/query", json=body) as response:
        lines = list(response.iter_lines())
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert (names[0], names[-1]) == ("retrieval", "done")
    assert names.count("sentence") == len(data[-1]["sentences"])
    assert data[-1]["answer"] == ask(http, QUESTIONS[0])["answer"]


def test_an_old_answer_still_points_into_the_text_that_it_was_given_from(http: httpx.Client) -> None:
    put(http, "notice.md", "# Notice\n\nThe Zephyr valve opens at exactly 17 bar of pressure.\n")
    before = ask(http, "At what pressure does the Zephyr valve open?")
    assert before["status"] == "answered"
    changed = "# News\n\nNothing else.\n\n# Notice\n\nThe Zephyr valve opens at exactly 19 bar of pressure.\n"
    assert put(http, "notice.md", changed)["report"]["version"] == 2
    for citation in before["citations"]:
        assert citation["version"] == 1
        assert citation["quote"] == text_of(http, citation)[citation["start"] : citation["end"]]
    after = ask(http, "At what pressure does the Zephyr valve open?")
    assert "19 bar" in after["answer"]
    assert "17 bar" not in after["answer"]


def test_after_a_delete_nothing_of_a_document_comes_back(http: httpx.Client) -> None:
    job = put(http, "secret.md", "# Secret\n\nThe Quagmire project ships on the fourth of May.\n")
    path = f"/documents/{job['document_id']}"
    assert "Quagmire" in ask(http, "When does the Quagmire project ship?")["answer"]
    receipt = http.delete(path).json()
    assert set(receipt["remaining"].values()) == {0}
    assert receipt["removed"]["vectors"] >= 1
    for route in (
        path,
        f"{path}/text",
        f"{path}/chunks",
        f"/jobs/{job['job_id']}",
    ):
        assert http.get(route).status_code == 404
    assert "Quagmire" not in http.post("/search", json={"query": "Quagmire project"}).text
    assert ask(http, "When does the Quagmire project ship?")["status"] == "abstained"
    assert "secret.md" not in http.get("/documents", params={"limit": 200}).text


def test_an_answer_can_be_judged_once_it_was_given(http: httpx.Client) -> None:
    answer = ask(http, QUESTIONS[0])
    given = http.post("/feedback", json={"query_id": answer["id"], "rating": "up"})
    assert given.status_code in (200, 201, 202)
    assert http.post("/feedback", json={"query_id": "0" * 32, "rating": "up"}).status_code == 404


def test_of_two_that_differ_by_which_number_stands_where_the_one_that_was_asked_for_comes_first(
    http: httpx.Client,
) -> None:
    for pump in range(12):
        parts = (
            f"## Part {n}\n\nThe valve of part {n} in pump {pump} weighs {pump}{n:02} g.\n" for n in range(12)
        )
        put(http, f"pump-{pump}.md", "\n".join([f"# Pump {pump}\n", *parts]))
    question = {"query": "What does the valve of part 7 in pump 3 weigh?", "top_k": 1}
    (first,) = http.post("/search", json=question).json()["hits"]
    assert "307 g" in first["text"]
