"""What the HTTP routes and the command line may ask of the running service.

`wiring.open_resources` returns the real one; tests use a fake. Every method that touches documents takes
a `Scope` first, so that a call without one does not type-check.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol

from service.drift import Drift
from service.explaining import Expected, Explanation
from service.records import (
    DeletionReceipt,
    DocumentRecord,
    DocumentText,
    Feedback,
    Job,
    JobState,
    Page,
    QueuedJob,
    Readiness,
    State,
    Upload,
)
from service.types import Answer, Chunk, Event, Query, Scalar, Scope, SearchResult


class Asking(Protocol):
    """Questions, and what readers say of the answers."""

    async def answer(self, scope: Scope, query: Query) -> Answer:
        """The whole answer; it always carries its hits. Abstaining is an answer, not an error."""
        ...

    def stream(self, scope: Scope, query: Query) -> AsyncGenerator[Event, None]:
        """`Retrieved`, then a `SentenceReady` for each checked sentence, then `Finished`.

        The answer's id is `query.answer_id`, where there is one.

        Closing the generator stops the work.
        """
        ...

    async def search(self, scope: Scope, query: Query) -> SearchResult:
        """The best `query.top_k` hits, without an answer."""
        ...

    async def explain(self, scope: Scope, query: Query, expected: Expected) -> Explanation:
        """Ask once more, and name the stage that lost what the answer was expected to rest on.

        It is neither cached nor kept. What the scope may not read is told as what is not there.
        """
        ...

    async def feedback(self, scope: Scope, feedback: Feedback) -> str:
        """Keep a judgement and return its id; `NotFound` when no such answer was given in this scope."""
        ...


class Managing(Protocol):
    """Documents in, listed, read back and out again."""

    async def upload(
        self,
        scope: Scope,
        uploads: Sequence[Upload],
        *,
        metadata: Mapping[str, Scalar] | None,
        groups: tuple[str, ...] | None,
        idempotency_key: str | None,
    ) -> list[QueuedJob]:
        """Keep the files and queue one job each; returns before they are parsed.

        Metadata or groups of None stay as they are; those that are given, also empty, take their place.

        The same key with the same content returns the jobs of the first call, and queues nothing: a document
        that was deleted meanwhile stays deleted. With other content it is a `Conflict`. A key is forgotten
        after `catalogue.keep_idempotency_hours`.
        """
        ...

    async def job(self, scope: Scope, job_id: str) -> Job:
        """The state of one ingest, or `NotFound`.

        An `error` of a job that has not ended says why the queue does not move; it may go on by itself.
        """
        ...

    async def find_jobs(
        self, scope: Scope, states: Sequence[JobState], cursor: str | None, limit: int
    ) -> Page[Job]:
        """Ingests in these states (none named: in all), oldest first; a foreign cursor is `InvalidInput`."""
        ...

    async def cancel_job(self, scope: Scope, job_id: str) -> None:
        """Take a queued ingest back, with its kept file if nothing else needs it.

        `Conflict` when it runs or has ended, `NotFound` when there is none.
        """
        ...

    async def retry_job(self, scope: Scope, job_id: str) -> Job:
        """Queue a failed ingest again, as if it were new.

        `Conflict` when it has not failed, its document was uploaded again since or its file is gone;
        `NotFound` when there is none.
        """
        ...

    async def documents(
        self, scope: Scope, cursor: str | None, limit: int, *, source: str = "", source_prefix: str = ""
    ) -> Page[DocumentRecord]:
        """Live documents in a stable order; a cursor that was not given out is `InvalidInput`.

        With `source` the one of that source, with `source_prefix` those whose sources begin with it.
        """
        ...

    async def document(self, scope: Scope, document_id: str) -> DocumentRecord:
        """One live document, or `NotFound`."""
        ...

    async def document_text(self, scope: Scope, document_id: str, version: int | None) -> DocumentText:
        """The normalised text of one version (None: the live one), or `NotFound`."""
        ...

    async def chunks(self, scope: Scope, document_id: str, cursor: str | None, limit: int) -> Page[Chunk]:
        """The chunks of the live version in reading order, or `NotFound`."""
        ...

    async def delete(self, scope: Scope, document_id: str) -> DeletionReceipt:
        """Remove every version and upload, and the answers that quoted it; or `NotFound`.

        It is counted that nothing is left, and the signed receipt that says so is kept.
        """
        ...

    async def receipts(self, scope: Scope, cursor: str | None, limit: int) -> Page[Mapping[str, object]]:
        """The signed receipts of deletes, oldest first; a foreign cursor is `InvalidInput`."""
        ...

    def receipts_key(self) -> str:
        """The public key that receipts are verified with, in base64."""
        ...


class Observing(Protocol):
    """How the service itself is doing."""

    async def readiness(self) -> list[Readiness]:
        """Every component that a query needs."""
        ...

    async def state(self) -> State:
        """How it is doing, for its measurements."""
        ...

    async def drift(self, scope: Scope) -> Drift:
        """Whether the answers to the tenant's questions have become other than they were."""
        ...

    def model_names(self) -> list[str]:
        """The names under which this service answers on the OpenAI-compatible routes."""
        ...


class Engine(Asking, Managing, Observing, Protocol):
    """All of it."""
