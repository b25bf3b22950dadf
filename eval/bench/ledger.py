"""Jobs claimed and documents published: PostgreSQL beside SQLite, in turns."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from eval.bench.figures import Baseline, Figure, Spread
from eval.bench.stack import postgres
from service.catalogue import Database, Documents, Jobs, NewJob, NewVersion, document_id
from service.records import IngestReport
from service.types import LOCAL, Chunk

Result = TypeVar("Result")

CHUNKS_A_DOCUMENT = 10
DOCUMENTS_A_TURN = 16
TEXT = "The pump is made of steel and weighs 12 kg, with its valve and all of its seals. "


@dataclass
class _Ledger:
    """One catalogue, and the milliseconds a document of each step."""

    name: str
    database: Database
    steps: dict[str, list[float]] = field(default_factory=lambda: {"queue": [], "claim": [], "publish": []})

    def turn(self, number: int) -> None:
        sources = [f"manual-{number}-{n}" for n in range(DOCUMENTS_A_TURN)]
        jobs, documents = Jobs(self.database), Documents(self.database, keep_versions=2)
        self._timed("queue", lambda: jobs.add(LOCAL, [_job(source) for source in sources]))
        claimed = self._timed("claim", lambda: jobs.claim(DOCUMENTS_A_TURN, 10**9))
        new = [(job.lease, LOCAL, _version(job.source)) for job in claimed]

        def publish() -> None:
            documents.publish(new)
            jobs.finish({job.lease: IngestReport(job.document_id) for job in claimed})

        self._timed("publish", publish)

    def _timed(self, step: str, work: Callable[[], Result]) -> Result:
        started = time.perf_counter()
        result = work()
        self.steps[step].append((time.perf_counter() - started) * 1000 / DOCUMENTS_A_TURN)
        return result


def beside_sqlite(turns: int) -> Iterator[Figure]:
    """The median of so many turns of 16 documents each, and one that warms up.

    Both are set up so that no commit waits for the disk: PostgreSQL's does where it is run in earnest.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footnote-bench-")))
        file = _Ledger("SQLite", stack.enter_context(closing(Database.in_folder(folder))))
        url = stack.enter_context(postgres())
        server = _Ledger("PostgreSQL", stack.enter_context(closing(Database(url))))
        for number in range(turns + 1):
            for ledger in (file, server):
                ledger.turn(number)
    for step, times in server.steps.items():
        baseline = Baseline(file.name, _p50(file.steps[step]))
        yield Figure("ledger", f"{step}, PostgreSQL, p50 a document", _p50(times), "ms", baseline=baseline)


def _p50(times: Sequence[float]) -> float:
    return Spread.of(times[1:]).p50


def _job(source: str) -> NewJob:
    return NewJob(document_id(LOCAL, source), source, source, f"sha-{source}", len(TEXT))


def _version(source: str) -> NewVersion:
    document, length = document_id(LOCAL, source), len(TEXT)
    chunks = tuple(
        Chunk(
            id=document_id(LOCAL, f"{source}/{n}"),
            document_id=document,
            ordinal=n,
            text=TEXT.strip(),
            start=n * length,
            end=n * length + len(TEXT.strip()),
            section=(0, CHUNKS_A_DOCUMENT * length),
            heading_path=("Manual",),
            kinds=("paragraph",),
            language="en",
        )
        for n in range(CHUNKS_A_DOCUMENT)
    )
    return NewVersion(
        document_id=document,
        source=source,
        title=source,
        filename=source,
        media_type="text/markdown",
        size_bytes=CHUNKS_A_DOCUMENT * length,
        language="en",
        sha256=f"sha-{source}",
        made_by="bench",
        text=TEXT * CHUNKS_A_DOCUMENT,
        report=IngestReport(document),
        chunks=chunks,
    )
