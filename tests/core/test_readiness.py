"""Each part answers for itself: one that is broken is named, and no other."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingestion.embedded import working
from service.errors import GeneratorUnavailable, Misconfigured, ModelUnavailable, StoreUnavailable
from service.local_engine import LocalEngine
from service.readiness import Check, Readinesses
from service.records import Readiness
from service.settings import BlobSettings, CiteSettings, GenerateSettings
from service.stage_checks import stage_checks
from service.types import Found, Hit, Question
from tests.fakes_core import FakeEmbedder, opened


def not_ready(parts: Readinesses) -> list[str]:
    async def asked() -> list[str]:
        return [part.component for part in await parts.report() if not part.ready]

    return asyncio.run(asked())


@contextmanager
def asking(checks: dict[str, Check], **limits: float) -> Iterator[Readinesses]:
    with closing(Readinesses(checks, **limits)) as parts:
        yield parts


def stage_says(engine: LocalEngine, stage: str) -> Readiness:
    """What a stage of the engine's pipeline, as it is now, says of itself."""
    with asking({stage: stage_checks(engine.pipeline)[stage]}) as parts:
        (said,) = asyncio.run(parts.report())
    return said


def broken(*_: object) -> Any:
    raise ModelUnavailable("broken on purpose")


# --- how parts are asked ---------------------------------------------------------------------


async def test_a_part_says_how_it_does_or_why_it_cannot_serve() -> None:
    with asking({"well": lambda: "very", "ill": broken, "odd": lambda: str(1 / 0)}) as parts:
        said = {part.component: (part.ready, part.detail) for part in await parts.report()}
    assert said == {
        "well": (True, "very"),
        "ill": (False, "broken on purpose"),
        "odd": (False, "failed unexpectedly (ZeroDivisionError)"),
    }


async def test_a_part_that_does_not_answer_in_time_is_not_ready_and_holds_no_other_up() -> None:
    let_go = threading.Event()
    with asking({"stuck": lambda: str(let_go.wait()), "well": str}, deadline_s=0.01) as parts:
        await parts.report()
        said = {part.component: part.ready for part in await parts.report()}
        let_go.set()
    assert said == {"stuck": False, "well": True}


async def test_a_part_that_does_not_answer_is_not_asked_twice_at_once() -> None:
    let_go, asked = threading.Event(), []

    def stuck() -> str:
        asked.append(1)
        return str(let_go.wait())

    with asking({"stuck": stuck}, deadline_s=0.01, fresh_s=0) as parts:
        for _ in range(3):
            await parts.report()
        let_go.set()
    assert len(asked) == 1


@pytest.mark.parametrize(("fresh_s", "times"), [(1000, 1), (0, 3)])
async def test_what_a_part_said_holds_for_a_while(fresh_s: float, times: int) -> None:
    asked: list[int] = []
    with asking({"part": lambda: str(asked.append(1))}, fresh_s=fresh_s) as parts:
        for _ in range(3):
            await parts.report()
    assert len(asked) == times


async def test_the_event_loop_goes_on_while_parts_are_asked() -> None:
    loop = asyncio.get_running_loop()

    def slow() -> str:
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(timeout=10)
        return "answered"

    with asking({"slow": slow}) as parts:
        assert [part.detail for part in await parts.report()] == ["answered"]


async def test_a_part_is_asked_as_long_as_it_is_there() -> None:
    with asking({"store": str}) as parts:
        with parts.including("worker", str):
            assert [part.component for part in await parts.report()] == ["store", "worker"]
        assert [part.component for part in await parts.report()] == ["store"]


async def test_originals_that_are_away_keep_nobody_from_answering(
    folder: Path, embedder: FakeEmbedder
) -> None:
    nowhere = BlobSettings(
        bucket="originals", endpoint="http://127.0.0.1:9", access_key_id="test", timeout_s=1
    )
    with opened(folder / "data", embedder, blobs=nowhere) as engine:
        said = {part.component: part for part in await engine.readiness()}
    assert said["originals"].ready
    assert "documents wait" in said["originals"].detail


# --- the parts of a query --------------------------------------------------------------------


class BrokenReranker:
    name, fingerprint, warning = "broken", "none", None

    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        raise ModelUnavailable("broken on purpose")


class BrokenDecider:
    warning, detail = None, ""

    def decide(self, found: Found) -> Any:
        raise ModelUnavailable("broken on purpose")


class SilentGenerator:
    model, llm = "silent", True

    def check(self) -> str:
        raise GeneratorUnavailable("broken on purpose")


class BrokenEmbedder(FakeEmbedder):
    embed_query = broken


BROKEN: dict[str, Callable[[LocalEngine], dict[str, Any]]] = {
    "embed": lambda engine: {"embedder": BrokenEmbedder(engine.pipeline.embedder.tokenizer_file)},
    "rerank": lambda engine: {"reranker": BrokenReranker()},
    "decide": lambda engine: {"decider": BrokenDecider()},
    "generate": lambda engine: {"generator": SilentGenerator()},
    "cite": lambda engine: {
        "settings": engine.settings.model_copy(update={"cite": CiteSettings.model_construct(min_support=2)})
    },
}


@pytest.mark.parametrize("stage", BROKEN)
def test_a_stage_that_is_broken_is_the_only_one_that_says_so(engine: LocalEngine, stage: str) -> None:
    pipeline = replace(engine.pipeline, **BROKEN[stage](engine))
    with asking(dict(stage_checks(pipeline))) as parts:
        assert not_ready(parts) == [stage]


def test_a_store_that_does_not_answer_is_not_ready(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> int:
        raise StoreUnavailable("broken on purpose")

    monkeypatch.setattr(engine.index.vectors, "size", away)
    assert not_ready(engine.parts) == ["store"]


def test_token_vectors_that_cannot_be_read_are_not_ready(folder: Path, engine: LocalEngine) -> None:
    (file,) = (folder / "data" / "index").glob("*/tokens.db")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE tokens")
    assert not_ready(engine.parts) == ["token_vectors"]


def test_a_catalogue_without_its_tables_is_not_ready(folder: Path, engine: LocalEngine) -> None:
    with closing(sqlite3.connect(folder / "data" / "catalogue.sqlite3")) as connection:
        connection.execute("DROP TABLE tenants")
    assert not_ready(engine.parts) == ["catalogue"]


def test_an_ingest_that_writes_does_not_make_the_service_unready(folder: Path, engine: LocalEngine) -> None:
    with closing(sqlite3.connect(folder / "data" / "catalogue.sqlite3", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert not_ready(engine.parts) == []


async def test_answers_that_were_not_kept_are_told(engine: LocalEngine) -> None:
    engine.keeper.lost = 3
    said = {part.component: part.detail for part in await engine.readiness()}
    assert "3 answers were not kept" in said["catalogue"]


async def test_without_its_language_model_a_process_answers_with_quotations_and_says_so(
    folder: Path, embedder: FakeEmbedder
) -> None:
    silent = GenerateSettings(base_url="http://127.0.0.1:9/v1", model="stub")
    with opened(folder / "data", embedder, generate=silent) as engine:
        said = {part.component: part for part in await engine.readiness()}
    assert said["generate"].ready
    assert said["generate"].detail.startswith("quotations answer in its place")


def test_a_language_model_that_refuses_the_key_is_not_ready(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> str:
        raise Misconfigured("refuses the API key")

    monkeypatch.setattr(engine.pipeline.generator, "check", refused)
    assert not stage_says(engine, "generate").ready


# --- the worker ------------------------------------------------------------------------------


def test_a_worker_that_runs_is_ready_and_one_that_has_ended_is_not(engine: LocalEngine) -> None:
    with working(engine):
        assert not_ready(engine.parts) == []
    assert "worker" not in {part.component for part in asyncio.run(engine.readiness())}


def test_a_worker_that_died_is_not_ready(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.__main__.step_back", lambda: None)
    monkeypatch.setattr("ingestion.worker.Worker.run_forever", lambda self: None)
    with working(engine):
        for thread in threading.enumerate():
            if thread.name == "ingestion-worker":
                thread.join()
        assert not_ready(engine.parts) == ["worker"]
