"""`footnote ingest`: uploads what the loader finds, then waits for the jobs, one bar for both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rich.console import Console

from service.cli.client import AT_WORK, PAGE, UNFINISHED, Client, Json, LocalFile
from service.cli.progress import Stalls, progress_on, shown
from service.errors import FootnoteError, NotFound, Unavailable
from service.types import Scalar

FILES_AN_UPLOAD = 32
BYTES_AN_UPLOAD = 16 * 1024 * 1024
POLL_S = 0.05
POLLS_A_LOOK = 20
LOOKS = 3
"""How often in a row a component has to be missing before waiting is given up: a moment's trouble passes."""
FOR_QUESTIONS = frozenset({"rerank", "decide", "generate", "cite"})
"""Components that an ingest does not need."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that could not be taken in: why, and whether anybody asked for it by name.

    `hides` where it is not known which documents it holds, because it could not be looked at.
    """

    source: str
    code: str
    message: str
    asked_for: bool = True
    hides: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What lies below the paths that were given, and what the sources below each folder begin with."""

    files: Iterator[LocalFile | Refused]
    prefixes: tuple[str, ...]


@dataclass
class Summary:
    """What became of everything that was given."""

    done: int = 0
    unchanged: int = 0
    resumed: int = 0
    """How many were read in by a job that an earlier, interrupted command had queued."""
    chunks: int = 0
    embedded: int = 0
    passed_over: int = 0
    """How many files of a folder are of no kind that is read; `skipped` names them."""
    skipped: list[Json] = field(default_factory=list)
    cancelled: int = 0
    queued: int = 0
    """How many were still waiting when the command was interrupted."""
    interrupted: bool = False
    failed: list[Json] = field(default_factory=list)
    warnings: list[Json] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    """Documents that the folder no longer holds; with `--dry-run` those that would have been removed."""
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
        told = {"source": refused.source, "code": refused.code, "message": refused.message}
        if refused.asked_for:
            self.failed.append(told)
        else:
            self.skipped.append(told)
            self.passed_over += 1


def ingest(
    client: Client,
    found: Iterable[LocalFile | Refused],
    metadata: Mapping[str, Scalar] | None,
    console: Console,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Summary:
    """Uploads and waits until every job has ended, or until Ctrl-C: the summary says which.

    Raises:
        Unavailable: the documents that are queued cannot be read in now; the message says why.
    """
    started = time.perf_counter()
    summary = Summary()
    waiting: list[str] = []
    ended = 0
    try:
        with progress_on(console) as progress:
            bar = progress.add_task("reading", total=None, file="")
            earlier = {job["source"]: job["job_id"] for job in client.jobs(UNFINISHED)}
            for batch in _batches(shown(found, progress, bar), summary):
                waiting.extend(job["job_id"] for job in client.upload(batch, metadata))
            progress.update(bar, description="ingesting", total=len(waiting), file="")
            jobs = Waiting(client, pause, Stalls(progress, bar, console).look)
            for job_id in waiting:
                _count(summary, jobs.finished(job_id), earlier, client)
                ended += 1
                progress.advance(bar)
    except KeyboardInterrupt:
        summary.interrupted = True
        summary.queued = len(waiting) - ended
        console.print(_farewell(client.goes_on, summary.queued), highlight=False)
    summary.seconds = round(time.perf_counter() - started, 2)
    return summary


class Waiting:
    """Waits for jobs, and looks now and then whether there is still anybody who works on them."""

    def __init__(
        self, client: Client, pause: Callable[[float], None], seen: Callable[[Sequence[Json]], None]
    ) -> None:
        """`seen` is given, at each look, the jobs that are at work."""
        self._client = client
        self._pause = pause
        self._seen = seen
        self._polls = 0
        self._missing = 0

    def finished(self, job_id: str) -> Json | None:
        """The job once it has ended; None when it was cancelled.

        Raises:
            Unavailable: it will not end, because something that it needs is not there.
        """
        while True:
            try:
                job = self._client.job(job_id)
            except NotFound:
                return None
            if job["error"] and (job["state"] != "failed" or job["error"]["retryable"]):
                raise _stuck(job["error"]["message"], job["error"]["code"])
            if job["state"] in ("done", "failed"):
                return job
            self._pause(POLL_S)
            self._look()

    def _look(self) -> None:
        self._polls += 1
        if self._polls % POLLS_A_LOOK:
            return
        self._seen(list(islice(self._client.jobs(AT_WORK), PAGE)))
        missing = [
            component
            for component in self._client.readiness()
            if not component["ready"] and component["component"] not in FOR_QUESTIONS
        ]
        self._missing = self._missing + 1 if missing else 0
        if self._missing == LOOKS:
            causes = "; ".join(f"{one['component']}: {one['detail'] or 'not ready'}" for one in missing)
            raise _stuck(causes, Unavailable.code)


def _stuck(cause: str, code: str) -> FootnoteError:
    error = Unavailable(
        f"the documents cannot be read in now: {cause}",
        hint="they stay queued; once that is mended, run the command again or `footnote worker --until-idle`",
    )
    error.code = code
    return error


def _count(summary: Summary, job: Json | None, earlier: Mapping[str, str], client: Client) -> None:
    """Counts a job that has ended; what an earlier command had queued and this one finds done is not
    unchanged: it was read in meanwhile, by that job.
    """
    if job is None:
        summary.cancelled += 1
        return
    if (job["report"] or {}).get("unchanged") and job["source"] in earlier:
        try:
            before = client.job(earlier[job["source"]])
        except NotFound:
            before = job
        if before["state"] == "done" and not before["report"].get("unchanged"):
            summary.resumed += 1
            job = before
    summary.add(job)


def _farewell(goes_on: str, queued: int) -> str:
    """What happens after Ctrl-C."""
    if goes_on:
        return (
            f"Interrupted. {goes_on} goes on with the {queued} documents that wait: "
            "`footnote jobs` shows them, `footnote jobs cancel --all` takes them back."
        )
    return (
        f"Stopping after the documents at hand. Up to {queued} stay queued: run the command again or "
        "`footnote worker --until-idle` to go on, `footnote jobs cancel --all` to take them back. "
        "Ctrl-C once more ends at once; nothing is lost."
    )


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
