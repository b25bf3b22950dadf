"""A worker process of server mode, over words instead of a model, and what befalls it.

Whatever is to go wrong is put around the product's parts here; nothing in the product knows of it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from ingestion.sandbox import ChunkJob
from ingestion.types import Document, RawFile
from ingestion.worker import worker_for
from service.blobs.folder import FolderBlobs
from service.catalogue import Documents, Indexes, Jobs, Placements, TokenTable, documents
from service.reindexing import reindex_to
from service.settings import Settings
from service.store import server_indexes
from service.store.server import ServerStore
from service.store.server_moving import MovableStore
from service.types import Chunk
from service.upkeep.deletion import Deletion
from tests.fakes_core import LOCAL, FakeEmbedder, InlineParsers, a_tokenizer, opened, put
from tests.ingest.dying import signal_at
from tests.leading import moves_of

OWNERS: Mapping[str, type | ModuleType] = {
    **{
        known.__name__: known
        for known in (
            Deletion,
            Documents,
            FakeEmbedder,
            FolderBlobs,
            Indexes,
            Jobs,
            MovableStore,
            Placements,
            ServerStore,
            TokenTable,
        )
    },
    "documents": documents,
    "server_indexes": server_indexes,
}
POISON = "this file kills whoever reads it"


@dataclass(frozen=True, slots=True)
class Fate:
    """What befalls a process.

    `at` says when it sends itself a signal: `CLASS.METHOD CALL before|after`.
    """

    at: str = ""
    signal: signal.Signals = signal.SIGKILL
    pause_s: float = 0
    """How long each embedding takes."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a process needs to know: the shared folder and the settings of the services."""

    folder: Path
    services: Mapping[str, Any] = field(default_factory=dict)
    model: int = 1
    """Which embedding model its processes have: the vectors of another one cannot be compared."""

    def embedder(self) -> FakeEmbedder:
        tokenizer = a_tokenizer(self.folder / f"tokenizer-{os.getpid()}")
        return FakeEmbedder(tokenizer, fingerprint=f"words-{self.model}")


class Parsers(InlineParsers):
    """Parse in the worker's own process, which a poisonous file kills."""

    def run(self, raw: RawFile, job: ChunkJob) -> tuple[Document, tuple[Chunk, ...]]:
        if POISON.encode() in raw.content:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(raw, job)


def work(place: Place, fate: Fate) -> None:
    """Works through the queue until somebody ends it."""
    embedder = place.embedder()
    # Not `sleep`, which fails under a clock that was shifted.
    embedder.before_passages = lambda: threading.Event().wait(fate.pause_s)
    with opened(place.folder / "data", embedder, **place.services) as engine:
        _await(fate)
        worker_for(engine, Parsers).run_forever()


def upload(place: Place, fate: Fate, source: str, text: str) -> None:
    """Uploads one text."""
    with opened(place.folder / "data", place.embedder(), **place.services) as engine:
        _await(fate)
        put(engine, source, text)


def delete(place: Place, fate: Fate, document_id: str) -> None:
    """Deletes one document."""
    with opened(place.folder / "data", place.embedder(), **place.services) as engine:
        _await(fate)
        engine.deletion.delete(LOCAL, document_id, "")


def move_tenants(place: Place, fate: Fate) -> None:
    """Moves tenants as the leader does, until none has to be moved."""
    with opened(place.folder / "data", place.embedder(), **place.services) as engine:
        _await(fate)
        moves = moves_of(engine)
        while moves.footing.places.moving():
            moves.look()


def reindex(place: Place, fate: Fate) -> None:
    """Builds the index of the place's model, and puts it in force."""
    _await(fate)
    reindex_to(Settings(data_dir=place.folder / "data", **place.services), lambda _: place.embedder())


def _await(fate: Fate) -> None:
    if fate.at:
        target, call, when = fate.at.split()
        owner, _, method = target.partition(".")
        signal_at(OWNERS[owner], method, int(call), when, fate.signal)


if __name__ == "__main__":
    import pickle

    work(*pickle.load(sys.stdin.buffer))
