"""Versions and jobs made up for the catalogue's tests."""

from __future__ import annotations

from collections.abc import Callable
from uuid import NAMESPACE_OID, uuid5

from service.catalogue import ClaimedJob, Database, Documents, Jobs, Labels, NewJob, NewVersion
from service.records import IngestReport, QueuedJob
from service.types import EVERY_GROUP, Chunk, Fused, Scope

OpenDatabase = Callable[[], Database]
"""Opens the test's catalogue once more, as another process would."""

ACME = Scope("acme", frozenset({EVERY_GROUP}))
GLOBEX = Scope("globex", frozenset({EVERY_GROUP}))


def identifier(scope: Scope, source: str) -> str:
    return str(uuid5(NAMESPACE_OID, f"{scope.tenant}/{source}"))


def a_job(scope: Scope, source: str, size_bytes: int = 10) -> NewJob:
    return NewJob(identifier(scope, source), source, source, f"sha-{source}", size_bytes)


def a_version(
    scope: Scope, source: str, *words: str, groups: tuple[str, ...] = (), language: str = "en"
) -> NewVersion:
    """A version whose chunks are its words."""
    document = identifier(scope, source)
    text = " ".join(words)
    starts = [sum(len(word) + 1 for word in words[:n]) for n in range(len(words))]
    chunks = tuple(
        Chunk(
            id=chunk_id(scope, source, word),
            document_id=document,
            ordinal=n,
            text=word,
            start=start,
            end=start + len(word),
            section=(0, len(text)),
            heading_path=("Manual",),
            kinds=("paragraph",),
            language=language,
        )
        for n, (word, start) in enumerate(zip(words, starts, strict=True))
    )
    return NewVersion(
        document_id=document,
        source=source,
        title=source.title(),
        filename=source,
        media_type="text/plain",
        size_bytes=len(text),
        language=language,
        sha256=f"sha-{text}",
        made_by="test",
        text=text,
        report=IngestReport(document, receipt={"parser": "test"}),
        chunks=chunks,
        labels=Labels(groups=groups),
    )


def chunk_id(scope: Scope, source: str, word: str) -> str:
    return str(uuid5(NAMESPACE_OID, f"{scope.tenant}/{source}/{word}"))


def publish(database: Database, scope: Scope, new: NewVersion, keep_versions: int = 10) -> int:
    """Makes a version live; its number."""
    (queued,) = Jobs(database).add(scope, [a_job(scope, new.source)])
    job = taken(database, queued)
    number = Documents(database, keep_versions).publish([(job.lease, scope, new)])[job.id]
    Jobs(database).finish({job.lease: IngestReport(job.document_id)})
    return number


def taken(database: Database, job: QueuedJob) -> ClaimedJob:
    """The job, taken by a worker that takes no other."""
    jobs = Jobs(database)
    claimed = {one.id: one for one in jobs.claim(256, 10**9)}
    jobs.release([one.lease for one in claimed.values() if one.id != job.id], suspected=False)
    return claimed[job.id]


def fused(*chunk_ids: str) -> tuple[Fused, ...]:
    return tuple(Fused(one, 1 / (60 + rank)) for rank, one in enumerate(chunk_ids, start=1))
