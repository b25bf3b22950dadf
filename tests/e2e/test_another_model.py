"""Another index is built by the command line, killed, built again and put in force; a server answers on."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.settings import EmbedSettings, ServerStoreSettings
from tests.e2e.asking import ask, put
from tests.e2e.processes import LISTENS, administrators_key, started, variables
from tests.fakes_core import quick_folder
from tests.qdrant_server import connected

MODEL = EmbedSettings().model
OTHER_INDEX = {"FOOTNOTE_RERANK__TOKEN_DIMENSIONS": "64"}
"""Token vectors of another form need another index, and no second model to be compiled."""
QUESTION = {"query": "What does the valve of part 7 weigh?", "top_k": 50}
PARTS = 60


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


def manual() -> str:
    parts = (
        f"## Part {n}\n\nThe valve of part {n} is made of steel and weighs {n}02 g.\n" for n in range(PARTS)
    )
    return "\n".join(["# Pump\n", *parts])


def collections(server: ServerStoreSettings) -> int:
    with closing(connected(server)) as client:
        names = [one.name for one in client.get_collections().collections]
    return len([name for name in names if name.startswith(f"{server.alias}-")])


@contextmanager
def asking(api: httpx.Client) -> Iterator[list[tuple[int, int]]]:
    """Asks without a pause while the block runs: the statuses, and how many hits there were."""
    said: list[tuple[int, int]] = []
    ending = threading.Event()

    def ask_on() -> None:
        while not ending.is_set():
            response = api.post("/search", json=QUESTION)
            said.append((response.status_code, len(response.json().get("hits", ()))))

    thread = threading.Thread(target=ask_on)
    thread.start()
    try:
        yield said
    finally:
        ending.set()
        thread.join()


def test_a_server_answers_all_the_time_while_another_index_takes_the_place_of_its_own(
    folder: Path, services: dict[str, Any]
) -> None:
    settings, server = variables(services), services["store"].server
    bearer = {"Authorization": f"Bearer {administrators_key(services)}"}
    reindex = ("reindex", "--to", MODEL, "--json")
    with started(folder, settings, ("serve", "--port", "0"), ("worker",)) as (blue, worker):
        with httpx.Client(base_url=blue.said(LISTENS), headers=bearer, timeout=30) as api:
            put(api, "pump.md", manual())
            with asking(api) as said:
                with started(folder, settings | OTHER_INDEX, reindex) as (killed,):
                    until = time.monotonic() + 60
                    while collections(server) < 2 and time.monotonic() < until:
                        time.sleep(0.01)
                    killed.send(signal.SIGKILL)
                assert killed.ended() == -signal.SIGKILL
                with started(folder, settings | OTHER_INDEX, reindex) as (again,):
                    assert again.ended() == 0, again.log.read_text()
                    log = again.log.read_text()
            assert set(said) == {(200, 50)}
            assert json.loads(log[log.index("{") :])["earlier_removed"] is False
            parts = {one["component"]: one for one in api.get("/readyz").json()["components"]}
            assert f"restart it with FOOTNOTE_EMBED__MODEL={MODEL}" in parts["index"]["detail"]
        with (
            started(folder, settings | OTHER_INDEX, ("serve", "--port", "0")) as (green,),
            httpx.Client(base_url=green.said(LISTENS), headers=bearer, timeout=30) as api,
        ):
            assert "702 g" in ask(api, str(QUESTION["query"]))["answer"]
        for one in (blue, worker):
            one.send(signal.SIGTERM)
        assert [one.ended() for one in (blue, worker)] == [0, 0]
