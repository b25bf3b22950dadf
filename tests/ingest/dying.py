"""A process that ingests or deletes and is killed with -9 at a chosen call: `python -m tests.ingest.dying`.

python -m tests.ingest.dying FOLDER ACTION CLASS.METHOD CALL before|after
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from ingestion import reading_ahead
from ingestion.ingest import Ingestor
from service.blobs.folder import FolderBlobs
from service.catalogue import Documents, Jobs, document_id
from service.store.edge import EdgeStore
from service.store.token_file import TokenFile
from tests.fakes_core import LOCAL, FakeEmbedder, a_tokenizer, drain, opened, put, sections

CLASSES: dict[str, type] = {
    known.__name__: known
    for known in (EdgeStore, TokenFile, Documents, FolderBlobs, Jobs, Ingestor, FakeEmbedder)
}
DOCUMENTS = 4


def text_of(document: int, *, changed: bool) -> str:
    """25 sections; a changed document has other words in five of them, one less and one more."""
    bodies = {
        f"Part_{n}": f"Pump {document} has a part with the number {n}, made of {_material(n, changed)}."
        for n in range(1 if changed else 0, 26 if changed else 25)
    }
    return sections(**bodies)


def _material(number: int, changed: bool) -> str:
    return "bronze" if changed and number % 5 == 0 else "steel"


def die_at(target: str, call: int, when: str) -> None:
    """Kills this process before or after the `call`-th call of `Class.method`."""
    owner, _, method = target.partition(".")
    signal_at(CLASSES[owner], method, call, when, signal.SIGKILL)


def signal_at(owner: object, method: str, call: int, when: str, number: signal.Signals) -> None:
    """This process sends itself a signal before or after the `call`-th call of a method."""
    right, calls = getattr(owner, method), 0

    def surprised(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        this = calls
        if this == call and when == "before":
            os.kill(os.getpid(), number)
        result = right(*arguments, **options)
        if this == call and when == "after":
            os.kill(os.getpid(), number)
        return result

    setattr(owner, method, surprised)


def main() -> None:
    folder, action, target, call, when = sys.argv[1:]
    reading_ahead.PATIENCE_S = 60  # all documents in one batch, however slow the machine
    embedder = FakeEmbedder(a_tokenizer(Path(folder) / "tokenizer"))
    with opened(Path(folder) / "data", embedder) as engine:
        if action == "ingest":
            for number in range(DOCUMENTS):
                put(engine, f"{number}.md", text_of(number, changed=True))
        die_at(target, int(call), when)
        if action == "ingest":
            drain(engine)
        else:
            asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "0.md")))


if __name__ == "__main__":
    main()
