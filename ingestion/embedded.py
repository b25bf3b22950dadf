"""What an engine of this process has of ingestion: files found below paths, a worker beside questions."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingestion.load import RECORDS, Loaded, LoadFailure, Skipped, iter_paths
from ingestion.parse.registry import FORMATS, RECORD
from ingestion.roots import remembered
from ingestion.sandbox import ParserPool
from ingestion.worker import OpenParsers, worker_for
from service.cli.client import LocalFile
from service.cli.ingesting import Found, Refused
from service.cli.running import forget
from service.cli.runtime import Asked, KnownFormat
from service.errors import Misconfigured, NotReady
from service.gate import step_back
from service.local_engine import LocalEngine
from service.metrics import Metrics
from service.settings import Settings
from service.wiring import EmbedderFactory, open_resources, served_embedder


@contextmanager
def embedded_engine(
    settings: Settings, *, make_embedder: EmbedderFactory = served_embedder
) -> Iterator[LocalEngine]:
    """The engine of the one local tenant, on the settings' data folder, until the block ends.

    Raises:
        Misconfigured: the settings are those of server mode, or do not fit each other.
        FootnoteError: what `open_resources` raises.
    """
    if settings.mode == "server":
        raise Misconfigured(
            "in server mode documents belong to tenants, and an API key says to which",
            hint="set FOOTNOTE_CLIENT__URL and FOOTNOTE_CLIENT__API_KEY to a server's, or call its API",
        )
    with open_resources(settings, make_embedder=make_embedder) as engine:
        forget(settings.data_dir)  # this process holds the folder, so what a server left there is stale
        yield engine


@contextmanager
def working(
    engine: LocalEngine, metrics: Metrics | None = None, open_parsers: OpenParsers = ParserPool
) -> Iterator[Callable[[], bool]]:
    """The worker runs in a thread of its own until the block ends; what it has under way is queued again.

    Gives what tells whether it still runs.
    """
    worker = worker_for(engine, open_parsers, None if metrics is None else metrics.ingests)

    def work() -> None:
        step_back()  # the model for bulk work is loaded here, so its threads step back as well
        worker.run_forever()

    thread = threading.Thread(target=work, name="ingestion-worker")

    def alive() -> str:
        if not thread.is_alive():
            raise NotReady("the ingestion worker has ended: documents wait until the next start")
        return f"{engine.jobs.depth()} jobs wait or run"

    thread.start()
    try:
        with engine.parts.including("worker", alive):
            yield thread.is_alive
    finally:
        worker.stop()
        thread.join()


def find(asked: Asked, settings: Settings) -> Found:
    """What lies below the paths, under the sources that their roots give."""
    with remembered(settings.data_dir, asked.in_use, keep=asked.remember) as roots:
        there = [path for path in asked.paths if os.path.exists(path)]
        sources = {path: roots.add(path, asked.name) for path in there}
    prefixes = tuple(f"{source}/" for path, source in sources.items() if os.path.isdir(path))
    return Found(map(_as_found, iter_paths(asked.paths, settings.load, roots.source_of)), prefixes)


def known_formats() -> list[KnownFormat]:
    """What is read, and what of it needs what this installation has not."""
    known = [
        KnownFormat(
            one.extensions,
            one.media_type,
            tuple(need.name for need in one.needs),
            tuple(need.repair for need in one.missing()),
        )
        for one in FORMATS
        if one.extensions
    ]
    return [*known, KnownFormat((RECORDS,), RECORD, (), ())]


def _as_found(loaded: Loaded) -> LocalFile | Refused:
    if isinstance(loaded, Skipped):
        return Refused(loaded.source, loaded.error.code, str(loaded.error), asked_for=False)
    if isinstance(loaded, LoadFailure):
        return Refused(loaded.source, loaded.error.code, str(loaded.error), hides=loaded.hides)
    return LocalFile(loaded.source, loaded.filename, loaded.content)
