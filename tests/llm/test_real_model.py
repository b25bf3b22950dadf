"""Footnote and a real language model: protocol, deadline, and what answers when nothing of it can be used."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from service.generate.chat import ChatGenerator
from service.settings import GenerateSettings
from tests.answering import a_context, a_question
from tests.llm.conftest import PATIENCE_S, ModelServer, Serves, model_server, until
from tests.service.running import MANUAL, QUESTION

pytestmark = pytest.mark.llm

SOON_S = 30
"""After a deadline, on a busy machine."""


def is_by_quotations(answer: dict[str, Any]) -> bool:
    """Whether the document's own words answer."""
    quotes = [citation["quote"] for citation in answer["citations"]]
    by_itself = (answer["status"], answer["model"], answer["llm_generated"])
    return by_itself == ("answered", "extractive", False) and all(quote in MANUAL for quote in quotes)


def last_warning(answer: dict[str, Any]) -> str:
    return str(answer["warnings"][-1]["code"])


async def test_text_comes_in_pieces_and_then_its_tokens_counted(model: ModelServer) -> None:
    settings = GenerateSettings(base_url=model.base_url, model="gemma", max_tokens=12, deadline_s=PATIENCE_S)
    generator = ChatGenerator(settings)
    assert await asyncio.to_thread(generator.check) == "gemma"
    drafts = [draft async for draft in generator.generate(a_question(QUESTION), a_context(MANUAL))]
    await generator.aclose()
    *pieces, last = drafts
    assert len([piece for piece in pieces if piece.text]) > 1
    assert last.usage is not None
    assert last.usage.prompt_tokens > len(MANUAL.split())
    assert 0 < last.usage.completion_tokens <= 12
    assert last.cut_off is (last.usage.completion_tokens == 12)


async def test_an_answer_comes_when_the_deadline_passes_and_the_model_is_hung_up_on(
    model: ModelServer, served: Serves
) -> None:
    async with served(model, deadline_s=0.5) as client:
        began = time.monotonic()
        answer = (await client.post("/query", json={"query": QUESTION})).json()
        assert time.monotonic() - began < SOON_S
    assert is_by_quotations(answer)
    assert last_warning(answer) == "model_late"
    await until(lambda: model.is_idle)


async def test_without_words_of_the_model_what_does_not_pass_the_bar_of_quotations_is_declined(
    model: ModelServer, served: Serves
) -> None:
    async with served(model, threshold=1, deadline_s=0.5) as client:
        answer = (await client.post("/query", json={"query": QUESTION})).json()
    assert (answer["status"], answer["llm_generated"], last_warning(answer)) == (
        "abstained",
        False,
        "model_late",
    )
    assert [citation["quote"] in MANUAL for citation in answer["closest"]] == [True]
    await until(lambda: model.is_idle)


async def test_a_model_that_babbles_is_stopped_and_quotations_are_streamed_in_its_place(
    model: ModelServer, served: Serves
) -> None:
    async with served(model, in_a_row=2) as client:
        response = await client.post("/query", json={"query": QUESTION, "stream": True})
    names = [line[7:] for line in response.text.splitlines() if line.startswith("event: ")]
    assert (names[0], {*names[1:-1]}, names[-1]) == ("retrieval", {"sentence"}, "done")
    answer = json.loads(response.text.rpartition("data: ")[2])
    assert is_by_quotations(answer)
    assert (last_warning(answer), answer["dropped_sentences"]) == ("model_stopped", 2)
    await until(lambda: model.is_idle)


async def test_quotations_answer_when_the_models_server_is_killed_in_mid_answer(served: Serves) -> None:
    with model_server() as server:
        async with served(server) as client:
            asking = asyncio.create_task(client.post("/query", json={"query": QUESTION}))
            await until(lambda: asking.done() or server.is_writing)
            server.process.kill()
            answer = (await asking).json()
    assert is_by_quotations(answer)
    assert last_warning(answer) == "model_away"
