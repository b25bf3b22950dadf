"""A crowd of readers counts what it was answered and what it was not, and the stub language model cites."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from eval.bench.crowd import crowd
from eval.bench.stub_model import BABBLE, BABBLING, said, stub_model
from eval.bench.ways import way_of
from service.errors import Overloaded
from service.generate.prompt import messages
from service.types import Query
from tests.answering import a_context
from tests.api.calling import serving, small_limits
from tests.fakes import FakeEngine


async def test_every_question_is_asked_in_turn_and_every_answer_counted() -> None:
    engine = FakeEngine()
    async with serving(engine, small_limits(max_waiting_queries=10)) as served:
        seen = await asyncio.to_thread(crowd, [served.address], ["a", "b"], 3, 0.0, 6)
    assert sorted(query.text for query in engine.queries)[:6] == ["a", "a", "a", "b", "b", "b"]
    assert len(seen.milliseconds) == len(engine.queries)
    assert (seen.refused, seen.rate > 0, seen.spread.p50 > 0) == ({}, True, True)


async def test_what_is_no_answer_is_counted_by_its_status() -> None:
    engine = FakeEngine(failure=Overloaded("too many"))
    async with serving(engine, small_limits()) as served:
        seen = await asyncio.to_thread(crowd, [served.address], ["a"], 1, 0.0, 2)
    assert (seen.milliseconds, dict(seen.refused)) == ((), {429: 2})


def test_the_stub_says_the_first_sentence_of_the_first_passage_and_cites_it() -> None:
    context = a_context("It lasts 24 months. It is made of steel.", "Another passage.")
    chat = messages(Query("How long?"), context)
    assert said({"messages": chat}) == "It lasts 24 months. [1]"


def test_what_the_stub_babbles_stands_in_no_passage() -> None:
    chat = messages(Query("How long?"), a_context("It lasts 24 months."))
    assert said({"messages": chat, "model": BABBLING}) == BABBLE


@pytest.mark.parametrize(
    ("llm_generated", "status", "way"),
    [(True, "answered", "written"), (False, "answered", "quoted"), (False, "abstained", "nothing written")],
)
def test_an_answer_tells_which_way_it_took(llm_generated: bool, status: str, way: str) -> None:
    assert way_of({"llm_generated": llm_generated, "status": status}) == way


def test_the_stub_streams_it_and_has_no_list_of_models() -> None:
    chat = messages(Query("How long?"), a_context("It lasts 24 months."))
    with stub_model() as model, httpx.Client(base_url=model.url) as client:
        response = client.post("/chat/completions", json={"messages": chat})
        assert response.text.endswith("data: [DONE]\n\n")
        assert client.get("/models").status_code == 404
