"""`footnote ingest`: uploads what the loader finds, then waits for the jobs, one bar for both."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.cli.client import Client, Json, LocalFile
from service.errors import FootnoteError, Unavailable
from service.types import Scalar

FILES_AN_UPLOAD = 32
BYTES_AN_UPLOAD = 16 * 1024 * 1024
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that could not be taken in: why, and whether anybody asked for it by name."""

    source: str
    code: str
    message: str
    asked_for: bool = True


@dataclass
class Summary:
    """What became of everything that was given."""

    done: int = 0
    unchanged: int = 0
    chunks: int = 0
    embedded: int = 0
    passed_over: int = 0
    failed: list[Json] = field(default_factory=list)
    warnings: list[Json] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, job: Json) -> None:
        """Counts a finished job."""
        if job["state"] == "failed":
            self.failed.append({"source": job["source"], **job["error"]})
            return
        report = job["report"] or {}
        self.done += 1
        self.unchanged += bool(report.get("unchanged"))
        self.chunks += int(report.get("chunks", 0))
        self.embedded += int(report.get("embedded", 0))
        warnings = (report.get("receipt") or {}).get("warnings") or ()
        self.warnings.extend({"source": job["source"], "message": warning} for warning in warnings)

    def refuse(self, refused: Refused) -> None:
        """Counts a file that was not taken in."""
        if refused.asked_for:
            self.failed.append({"source": refused.source, "code": refused.code, "message": refused.message})
        else:
            self.passed_over += 1


def ingest(
    client: Client,
    found: Iterable[LocalFile | Refused],
    metadata: Mapping[str, Scalar] | None,
    groups: Sequence[str] | None,
    console: Console,
) -> Summary:
    """Uploads and waits until every job has ended."""
    started = time.perf_counter()
    summary = Summary()
    with _progress(console) as progress:
        bar = progress.add_task("reading", total=None)
        waiting: list[str] = []
        for batch in _batches(found, summary):
            waiting.extend(job["job_id"] for job in client.upload(batch, metadata, groups))
            progress.update(bar, total=len(waiting))
        progress.update(bar, description="ingesting", total=len(waiting))
        for job_id in waiting:
            summary.add(_finished(client, job_id))
            progress.advance(bar)
    summary.seconds = round(time.perf_counter() - started, 2)
    return summary


def _finished(client: Client, job_id: str) -> Json:
    while True:
        job = client.job(job_id)
        if job["state"] in ("done", "failed"):
            return job
        if job["error"]:
            raise _stalled(job["error"])
        time.sleep(POLL_S)


def _stalled(told: Json) -> FootnoteError:
    """What keeps the queue from going on, as an error that ends the command; the jobs stay queued."""
    error = Unavailable(str(told["message"]), hint=str(told["hint"]))
    error.code = str(told["code"])
    return error


def _batches(found: Iterable[LocalFile | Refused], summary: Summary) -> Iterator[list[LocalFile]]:
    batch: list[LocalFile] = []
    size = 0
    for file in found:
        if isinstance(file, Refused):
            summary.refuse(file)
            continue
        batch.append(file)
        size += len(file.content)
        if len(batch) == FILES_AN_UPLOAD or size > BYTES_AN_UPLOAD:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress
