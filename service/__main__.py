"""`footnote`: the composition root, where the engine and the ingestion worker meet."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

from ingestion.embedded import embedded_engine, find, known_formats, working
from ingestion.worker import Worker, worker_for
from service.access import open_access
from service.background import LoopThread
from service.cli.app import run
from service.cli.client import Client
from service.cli.local_client import LocalClient
from service.cli.running import (
    CHALLENGE_PATH,
    PROOF_HEADER,
    Announcement,
    announce,
    forget,
    new_secret,
    prove,
)
from service.cli.runtime import Runtime
from service.gate import step_back
from service.local_engine import LocalEngine
from service.metrics import Metrics
from service.records import Finding
from service.reindexing import Reindexed, reindex_to
from service.settings import Settings
from service.types import LOCAL
from service.wiring import open_resources, served_embedder, start_reindex

if TYPE_CHECKING:
    from fastapi import FastAPI

TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
}


def main() -> None:
    """The console script."""
    os.environ.update(TELEMETRY_OFF)
    run(
        Runtime(
            find=find,
            local=_local,
            serve=_serve,
            work=_work,
            reindex=_reindex,
            fsck=_fsck,
            rebuild=_rebuild,
            formats=known_formats,
        )
    )


@contextmanager
def _local(settings: Settings, work: bool) -> Iterator[Client]:
    with embedded_engine(settings) as engine, ExitStack() as stack:
        is_working = stack.enter_context(working(engine)) if work else None
        loop = stack.enter_context(closing(LoopThread()))
        yield stack.enter_context(LocalClient(engine, settings, LOCAL, loop, is_working))


def _serve(settings: Settings, say: Callable[[str], None]) -> int:
    """In server mode the API alone; documents are read in by workers, and nobody holds the data folder."""
    from service.app import create_app
    from service.server import serve

    with (
        open_resources(settings) as engine,
        open_access(settings, engine.database, engine.parts) as access,
    ):
        metrics = Metrics(settings.generate)
        app = create_app(
            engine,
            settings,
            metrics=metrics,
            access=access,
            limits=engine.sharing.limits,
            lifespan=partial(_closing, engine),
        )
        if settings.mode == "server":
            return serve(app, settings, announce=say)
        with working(engine, metrics), _announcing(app, settings, say) as announced:
            return serve(app, settings, announce=announced)


@contextmanager
def _announcing(
    app: FastAPI, settings: Settings, say: Callable[[str], None]
) -> Iterator[Callable[[str], None]]:
    """Gives what says where the server listens, to the user and to this folder's command line."""
    from service.routes.identity import identity_router

    secret = new_secret()
    app.include_router(identity_router(CHALLENGE_PATH, PROOF_HEADER, partial(prove, secret)))

    def announced(url: str) -> None:
        announce(settings.data_dir, Announcement(url, os.getpid(), secret))
        say(url)

    try:
        yield announced
    finally:
        forget(settings.data_dir)


@asynccontextmanager
async def _closing(engine: LocalEngine, _app: object) -> AsyncIterator[None]:
    yield
    await engine.aclose()


def _work(settings: Settings, until_idle: bool, stopping: Callable[[], None]) -> bool:
    with open_resources(settings) as engine:
        if settings.mode == "embedded":
            forget(settings.data_dir)
        metrics = Metrics(settings.generate)
        worker = worker_for(engine, metrics=metrics.ingests)
        with (
            metrics.serving(settings.metrics, engine.state_now),
            _stopped_by_signals(worker, stopping) as interrupted,
        ):
            worker.run_until_idle() if until_idle else worker.run_forever()
        return interrupted.is_set()


@contextmanager
def _stopped_by_signals(worker: Worker, stopping: Callable[[], None]) -> Iterator[threading.Event]:
    """SIGINT and SIGTERM end the worker in order; the event tells whether one came."""
    interrupted = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not interrupted.is_set():
            interrupted.set()
            stopping()
            # In a thread, because the one that was interrupted may hold what `stop` waits for.
            threading.Thread(target=worker.stop).start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _reindex(settings: Settings, stopping: Callable[[], None]) -> int:
    queued = start_reindex(settings)
    _work(settings, True, stopping)
    return queued


def _rebuild(settings: Settings, tell: Callable[[int, int], None]) -> Reindexed:
    step_back()  # before the model is loaded, so that its threads do too
    return reindex_to(settings, served_embedder, tell)


def _fsck(settings: Settings, repair: bool) -> Sequence[Finding]:
    with open_resources(settings) as engine:
        return engine.fsck.run(repair=repair)


if __name__ == "__main__":
    main()
