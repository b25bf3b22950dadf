"""The commands on the real engine over a fake model, in this process: asked directly or over HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from ingestion.embedded import find, known_formats
from service.app import create_app
from service.background import LoopThread
from service.cli.app import run
from service.cli.client import Client, Json, LocalFile
from service.cli.http_client import HttpClient
from service.cli.local_client import LocalClient
from service.cli.runtime import Runtime
from service.local_engine import LocalEngine
from service.reindexing import Reindexed
from service.server import serve_until_stopped
from service.settings import ApiSettings, Settings
from service.types import LOCAL, Scalar
from tests.fakes_core import FakeEmbedder, a_tokenizer, drain, opened


class DrainedLocally(LocalClient):
    """Reads in at once what is uploaded, so that no worker has to run beside the test."""

    def __init__(self, engine: LocalEngine) -> None:
        self._loop = LoopThread()
        super().__init__(engine, engine.settings, LOCAL, self._loop, None)
        self._drain = lambda: drain(engine)

    @override
    def __exit__(self, *raised: object) -> None:
        super().__exit__(*raised)
        self._loop.close()

    @override
    def upload(self, files: Sequence[LocalFile], metadata: Mapping[str, Scalar] | None) -> list[Json]:
        jobs = super().upload(files, metadata)
        self._drain()
        return jobs


class DrainedRemotely(HttpClient):
    """The same, of a server that shares the engine with the test."""

    def __init__(self, url: str, engine: LocalEngine) -> None:
        super().__init__(url)
        self._drain = lambda: drain(engine)

    @override
    def upload(self, files: Sequence[LocalFile], metadata: Mapping[str, Scalar] | None) -> list[Json]:
        jobs = super().upload(files, metadata)
        self._drain()
        return jobs


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> Any:
        """The JSON that it printed."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass
class Program:
    """`footnote` with its engine."""

    engine: LocalEngine
    client: Callable[[], AbstractContextManager[Client]]
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Done:
        runtime = Runtime(
            find=find,
            local=lambda *_: self.client(),
            serve=lambda *_: 0,
            work=lambda *_: False,
            reindex=lambda *_: 0,
            rebuild=lambda settings, _: Reindexed(settings.embed.model, "2-384-x-y", 1_200, 1_100, False),
            fsck=lambda _, repair: self.engine.fsck.run(repair=repair),
            formats=known_formats,
        )
        with pytest.raises(SystemExit) as ended:
            run(runtime, [*arguments, "--data-dir", str(self.engine.settings.data_dir)])
        printed = self.capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)


@contextmanager
def engine_in(folder: Path) -> Iterator[LocalEngine]:
    """The engine on a folder of its own."""
    with opened(folder / "data", FakeEmbedder(a_tokenizer(folder / "tokenizer"))) as engine:
        yield engine


@contextmanager
def served(engine: LocalEngine) -> Iterator[str]:
    """The engine behind HTTP; the address."""
    settings = Settings(data_dir=engine.settings.data_dir, api=ApiSettings(port=0))
    stop, address, started = asyncio.Event(), [""], threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def announce(url: str) -> None:
        address[0] = url
        loops.append(asyncio.get_running_loop())
        started.set()

    app = create_app(engine, settings)
    thread = threading.Thread(
        target=lambda: asyncio.run(serve_until_stopped(app, settings, announce=announce, stop=stop))
    )
    thread.start()
    assert started.wait(30)
    try:
        yield address[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()
