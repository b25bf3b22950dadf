"""What the commands ask of an engine, in this process or behind the HTTP API of a server that runs already.

Both give the API's JSON, so that a command prints the same whichever it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from service.types import Scalar

Json = dict[str, Any]
PAGE = 200
"""How many documents, chunks or jobs are asked for at once."""
FAILED = ("failed",)
AT_WORK = ("parsing", "chunking", "embedding", "storing")
UNFINISHED = ("queued", *AT_WORK)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on its way in."""

    source: str
    filename: str
    content: bytes


class Client(Protocol):
    """What the commands ask for."""

    goes_on: str
    """Who works on what is queued once this command has ended; empty where nobody does."""

    def upload(self, files: Sequence[LocalFile], metadata: Mapping[str, Scalar] | None) -> list[Json]:
        """Queues files; a job's id, document and source each. Without metadata documents keep theirs."""
        ...

    def job(self, job_id: str) -> Json:
        """The state of a job, or `NotFound`."""
        ...

    def jobs(self, states: Sequence[str] = ()) -> Iterator[Json]:
        """The jobs in these states, oldest first; in all of them when none is named."""
        ...

    def cancel(self, job_id: str) -> None:
        """Takes a queued job back; `Conflict` when it runs or has ended."""
        ...

    def retry(self, job_id: str) -> Json:
        """Queues a failed job again; its state. `Conflict` when it cannot be."""
        ...

    def receipts(self) -> Iterator[Json]:
        """The signed receipts of deletes, oldest first."""
        ...

    def receipts_key(self) -> str:
        """The public key that receipts are verified with."""
        ...

    def documents(self, *, source: str = "", source_prefix: str = "") -> Iterator[Json]:
        """All documents, the one of a source, or those whose sources begin with something."""
        ...

    def document(self, document_id: str) -> Json:
        """One document with its receipt, or `NotFound`."""
        ...

    def text(self, document_id: str) -> str:
        """The text of a document that citations point into."""
        ...

    def chunks(self, document_id: str) -> Iterator[Json]:
        """The pieces in which a document is searched, in reading order."""
        ...

    def delete(self, document_id: str) -> Json:
        """Removes a document everywhere; the receipt."""
        ...

    def readiness(self) -> list[Json]:
        """Each component, whether it can serve now, and why not."""
        ...

    def ask(self, request: Json) -> Json:
        """The answer to a `POST /query` body."""
        ...

    def search(self, request: Json) -> Json:
        """The hits for a `POST /search` body."""
        ...

    def feedback(self, request: Json) -> Json:
        """Keeps the judgement of a `POST /feedback` body; `NotFound` where there is no such answer."""
        ...

    def drift(self) -> Json:
        """What answers are like, against what they were like."""
        ...

    def explain(self, request: Json) -> Json:
        """The explanation for a `POST /explain` body."""
        ...


def every(name: str, page_after: Callable[[str | None], Json]) -> Iterator[Json]:
    """The items called `name` of all pages, each asked for with the cursor of the one before."""
    cursor: str | None = None
    while True:
        page = page_after(cursor)
        yield from page[name]
        cursor = page["next_cursor"]
        if cursor is None:
            return
