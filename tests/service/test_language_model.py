"""A language model that is slow, full or silent, and readers who do not wait for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.settings import DecideSettings, GenerateSettings
from tests.api.calling import Served, serving
from tests.fakes_core import FakeEmbedder, a_tokenizer, ingested, opened
from tests.service.language_model import LanguageModel, refusing, speaking
from tests.service.running import MANUAL, QUESTION

SAID = ("The warranty of every pump lasts for ", "twenty four months from delivery [1]. ", "And more")
DEADLINE_S = 2


@dataclass(frozen=True)
class Asked:
    """A service that asks the model."""

    served: Served
    client: httpx.AsyncClient
    model: LanguageModel

    async def ask(self, **more: Any) -> httpx.Response:
        return await self.client.post("/query", json={"query": QUESTION, **more})


@asynccontextmanager
async def asking(folder: Path, model: LanguageModel, deadline_s: float = 60) -> AsyncIterator[Asked]:
    async with speaking(model):
        generate = GenerateSettings(base_url=model.address, model="stub", deadline_s=deadline_s)
        embedder = FakeEmbedder(a_tokenizer(folder / "tokenizer"))
        with opened(
            folder / "data", embedder, decide=DecideSettings(threshold=0), generate=generate
        ) as engine:
            await asyncio.to_thread(ingested, engine, "manual.md", MANUAL)
            settings = engine.settings.model_copy(
                update={
                    "api": engine.settings.api.model_copy(update={"port": 0, "max_concurrent_queries": 1})
                }
            )
            try:
                async with (
                    serving(engine, settings) as served,
                    httpx.AsyncClient(base_url=served.address, timeout=30) as client,
                ):
                    yield Asked(served, client, model)
            finally:
                await engine.aclose()


# --- readers who leave -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/query", "/v1/chat/completions"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_reader_who_leaves_ends_the_call_to_the_model_within_a_second(
    folder: Path, path: str, *, stream: bool
) -> None:
    chat = {"model": "footnote", "messages": [{"role": "user", "content": QUESTION}]}
    body = {**(chat if path.startswith("/v1") else {"query": QUESTION}), "stream": stream}
    async with asking(folder, LanguageModel(SAID, stalls=True)) as asked:
        _, writer = await asyncio.open_connection("127.0.0.1", asked.served.port)
        writer.write(posted(path, body))
        await asked.model.has_spoken.wait()
        writer.close()
        async with asyncio.timeout(1):
            await asked.model.hung_up.wait()
        asked.model.stalls = False
        assert (await asked.ask()).status_code == 200  # and its place is free


async def test_one_call_serves_all_who_ask_the_same_and_ends_when_the_last_of_them_leaves(
    folder: Path,
) -> None:
    async with asking(folder, LanguageModel(SAID, stalls=True)) as asked:
        writers = []
        for _ in range(2):
            _, writer = await asyncio.open_connection("127.0.0.1", asked.served.port)
            writer.write(posted("/query", {"query": QUESTION, "stream": True}))
            writers.append(writer)
        await asked.model.has_spoken.wait()
        for writer in writers:
            writer.close()
        async with asyncio.timeout(1):
            await asked.model.hung_up.wait()
        assert asked.model.asked == 1


def posted(path: str, body: dict[str, object]) -> bytes:
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(content)}\r\n"
    return head.encode() + b"Content-Type: application/json\r\n\r\n" + content


# --- a model that has no time ----------------------------------------------------------------


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_model_that_asks_for_patience_is_left_alone_and_quotations_answer(
    folder: Path, form: str
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=240), usegmt=True)
    refusal = refusing("429 Too Many Requests", **{"Retry-After": "240" if form == "seconds" else later})
    async with asking(folder, LanguageModel(refusal=refusal)) as asked:
        async with asyncio.timeout(DEADLINE_S):
            answer = (await asked.ask()).json()
        assert (answer["status"], answer["llm_generated"]) == ("answered", False)
        assert codes(answer)[-1] == "model_away"
        assert "429" in answer["warnings"][-1]["message"]
        assert asked.model.asked == 1


async def test_a_model_that_was_away_is_asked_again_by_the_next_one_who_asks_the_same(folder: Path) -> None:
    async with asking(folder, LanguageModel(SAID, refusal=refusing("400 Bad Request"))) as asked:
        assert (await asked.ask()).json()["llm_generated"] is False
        asked.model.refusal = b""
        assert (await asked.ask()).json()["llm_generated"] is True


def codes(answer: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


# --- a model that falls silent ---------------------------------------------------------------


async def test_a_model_that_says_nothing_by_its_deadline_is_hung_up_on_and_quotations_answer(
    folder: Path,
) -> None:
    async with asking(folder, LanguageModel(stalls=True), DEADLINE_S) as asked:
        async with asyncio.timeout(DEADLINE_S * 3):
            answer = (await asked.ask()).json()
        assert (answer["status"], answer["model"], answer["llm_generated"]) == (
            "answered",
            "extractive",
            False,
        )
        assert codes(answer)[-1] == "model_late"
        assert asked.model.hung_up.is_set()


async def test_what_was_checked_before_the_silence_stands_and_a_warning_says_that_it_is_not_all(
    folder: Path,
) -> None:
    async with asking(folder, LanguageModel(SAID, stalls=True), DEADLINE_S) as asked:
        async with asyncio.timeout(DEADLINE_S * 3):
            response = await asked.ask(stream=True)
        names = [line.removeprefix("event: ") for line in response.text.splitlines() if line[:6] == "event:"]
        assert names == ["retrieval", "sentence", "done"]
        assert "model_late" in response.text
        asked.model.stalls = False
        whole = (await asked.ask()).json()
        assert (whole["status"], whole["cached"]) == ("answered", False)
