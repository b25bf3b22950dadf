"""A real language model behind a real server, and Footnote before it.

The model is far too small to write answers: nothing here judges what it says.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.lifeline import ending_with_us
from service.settings import CiteSettings, ContextSettings, DecideSettings, GenerateSettings
from tests.api.calling import serving
from tests.fakes_core import FakeEmbedder, a_tokenizer, ingested, opened, quick_folder
from tests.service.running import MANUAL

PYTHON = Path(sys.prefix) / "llm" / "bin" / "python"
"""Where `make test-llm` installs the model and its server."""
PATIENCE_S = 300
"""More than anything here takes on a busy machine."""

Serves = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@dataclass(frozen=True)
class ModelServer:
    """A server of the model, which answers one request at a time."""

    process: subprocess.Popen[str]
    address: str

    @property
    def base_url(self) -> str:
        return f"{self.address}/v1"

    def slot(self) -> dict[str, Any]:
        """What it is doing."""
        (slot,) = httpx.get(f"{self.address}/slots", timeout=PATIENCE_S).json()
        found: dict[str, Any] = slot
        return found

    @property
    def is_writing(self) -> bool:
        """Whether it is at work on an answer, and has begun to write."""
        slot = self.slot()
        return bool(slot["is_processing"]) and slot["next_token"][0]["n_decoded"] > 0

    @property
    def is_idle(self) -> bool:
        return not self.slot()["is_processing"]


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """One that listens; it ends with the block."""
    if not PYTHON.is_file():
        pytest.skip(f"there is no {PYTHON}: `make test-llm` installs a language model and its server there")
    command = [str(PYTHON), str(Path(__file__).with_name("model_server.py"))]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout
    with process, ending_with_us(process):
        try:
            address = process.stdout.readline().strip()
            assert address, f"the model's server ended with {process.wait()}"
            yield ModelServer(process, address)
        finally:
            process.kill()


@pytest.fixture(scope="package")
def model() -> Iterator[ModelServer]:
    """A server that all tests share: none may leave it at work."""
    with model_server() as server:
        yield server


@pytest.fixture
def served() -> Serves:
    """Opens Footnote, with one document, before a model's server, and gives a client of it."""

    @asynccontextmanager
    async def serve(
        server: ModelServer, threshold: float = 0, in_a_row: int = 1_000, deadline_s: float = PATIENCE_S
    ) -> AsyncIterator[httpx.AsyncClient]:
        sections = {
            "generate": GenerateSettings(base_url=server.base_url, model="gemma", deadline_s=deadline_s),
            "decide": DecideSettings(threshold=threshold),
            "cite": CiteSettings(max_dropped_in_a_row=in_a_row),
            "context": ContextSettings(max_passages=1),
        }
        with quick_folder() as folder:
            embedder = FakeEmbedder(a_tokenizer(folder / "tokenizer"))
            with opened(folder / "data", embedder, **sections) as engine:
                await asyncio.to_thread(ingested, engine, "manual.md", MANUAL)
                api = engine.settings.api.model_copy(update={"port": 0})
                try:
                    async with (
                        serving(engine, engine.settings.model_copy(update={"api": api})) as service,
                        httpx.AsyncClient(base_url=service.address, timeout=PATIENCE_S) as client,
                    ):
                        yield client
                finally:
                    await engine.aclose()

    return serve


async def until(what: Callable[[], bool]) -> None:
    """Waits for it."""
    end = time.monotonic() + PATIENCE_S
    while not await asyncio.to_thread(what):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
