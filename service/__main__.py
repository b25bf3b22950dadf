"""`footnote`: the composition root of embedded mode, where the engine and the ingestion worker meet."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

from ingestion.load import LoadFailure, Skipped, iter_paths
from ingestion.worker import worker_for
from service.cli.app import Runtime, run
from service.cli.client import RUNNING, Client, LocalClient, LocalFile
from service.cli.ingesting import Refused
from service.gate import step_back
from service.local_engine import LocalEngine
from service.settings import Settings
from service.types import LOCAL
from service.wiring import open_resources, start_reindex

log = logging.getLogger(__name__)
TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
}


def main() -> None:
    """The console script."""
    os.environ.update(TELEMETRY_OFF)
    run(Runtime(find=_find, local=_local, serve=_serve, work=_work, reindex=_reindex))


@contextmanager
def working(engine: LocalEngine) -> Iterator[None]:
    """The worker runs in a thread of its own until the block ends; what it has under way is queued again."""
    worker = worker_for(engine)

    def work() -> None:
        step_back()  # the model for bulk work is loaded here, so its threads step back as well
        worker.run_forever()

    thread = threading.Thread(target=work, name="ingestion-worker")
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


@contextmanager
def _local(settings: Settings) -> Iterator[Client]:
    with (
        open_resources(settings) as engine,
        working(engine),
        LocalClient(engine, settings, LOCAL) as client,
    ):
        yield client


def _serve(settings: Settings, announce: Callable[[str], None]) -> int:
    from service.app import create_app
    from service.server import serve

    with open_resources(settings) as engine, working(engine):
        running = settings.data_dir / RUNNING

        def announced(url: str) -> None:
            running.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
            announce(url)

        try:
            app = create_app(engine, settings, lifespan=partial(_closing, engine))
            return serve(app, settings, announce=announced)
        finally:
            running.unlink(missing_ok=True)


@asynccontextmanager
async def _closing(engine: LocalEngine, _app: object) -> AsyncIterator[None]:
    yield
    await engine.aclose()


def _work(settings: Settings, until_idle: bool) -> None:
    with open_resources(settings) as engine:
        worker = worker_for(engine)
        try:
            worker.run_until_idle() if until_idle else worker.run_forever()
        except KeyboardInterrupt:
            worker.stop()


def _reindex(settings: Settings) -> int:
    queued = start_reindex(settings)
    _work(settings, True)
    return queued


def _find(paths: Sequence[Path], settings: Settings) -> Iterator[LocalFile | Refused]:
    for found in iter_paths(paths, settings.load):
        if isinstance(found, Skipped):
            yield Refused(found.source, "unsupported_media", "no parser reads it", asked_for=False)
        elif isinstance(found, LoadFailure):
            yield Refused(found.source, found.error.code, str(found.error))
        else:
            yield LocalFile(found.source, found.filename, found.content)


if __name__ == "__main__":
    main()
