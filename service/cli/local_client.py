"""An engine in this process, asked as the HTTP API would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Self, TypeVar, cast

from pydantic import ValidationError
from typing_extensions import override

from service.background import LoopThread
from service.cli.client import PAGE, Client, Json, LocalFile, every
from service.errors import InvalidInput
from service.local_engine import LocalEngine
from service.records import JobState, Upload
from service.schemas.answers import AnswerOut, FeedbackOut, SearchOut
from service.schemas.asking import FeedbackIn, QueryIn, Request, SearchIn
from service.schemas.documents import (
    ChunksOut,
    DeletionOut,
    DocumentOut,
    DocumentsOut,
    JobListOut,
    JobOut,
    JobsOut,
    ReceiptsOut,
)
from service.schemas.drifting import DriftOut
from service.schemas.explaining import ExplainIn, ExplanationOut
from service.settings import Settings
from service.types import Scalar, Scope

Form = TypeVar("Form", bound=Request)


class LocalClient(Client):
    """A client of an engine of this process.

    Args:
        engine: asked as `scope`, closed with this client.
        settings: the limits of what may be asked.
        loop: where the engine works.
        working: whether the worker still runs that reads documents in; None where none was started.
    """

    def __init__(
        self,
        engine: LocalEngine,
        settings: Settings,
        scope: Scope,
        loop: LoopThread,
        working: Callable[[], bool] | None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._scope = scope
        self._working = working
        self._run = loop.run
        self.goes_on = "A worker" if settings.mode == "server" else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._engine.aclose())

    @override
    def upload(self, files: Sequence[LocalFile], metadata: Mapping[str, Scalar] | None) -> list[Json]:
        uploads = [Upload(file.source, file.filename, BytesIO(file.content)) for file in files]
        jobs = self._run(
            self._engine.upload(self._scope, uploads, metadata=metadata, groups=None, idempotency_key=None)
        )
        return [job.model_dump(mode="json") for job in JobsOut.of(jobs).jobs]

    @override
    def job(self, job_id: str) -> Json:
        return JobOut.of(self._run(self._engine.job(self._scope, job_id))).model_dump(mode="json")

    @override
    def jobs(self, states: Sequence[str] = ()) -> Iterator[Json]:
        asked = cast("Sequence[JobState]", states)

        def page(cursor: str | None) -> Json:
            found = self._run(self._engine.find_jobs(self._scope, asked, cursor, PAGE))
            return JobListOut.of(found).model_dump(mode="json")

        return every("jobs", page)

    @override
    def cancel(self, job_id: str) -> None:
        self._run(self._engine.cancel_job(self._scope, job_id))

    @override
    def retry(self, job_id: str) -> Json:
        return JobOut.of(self._run(self._engine.retry_job(self._scope, job_id))).model_dump(mode="json")

    @override
    def receipts(self) -> Iterator[Json]:
        def page(cursor: str | None) -> Json:
            found = self._run(self._engine.receipts(self._scope, cursor, PAGE))
            return ReceiptsOut.of(found, self.receipts_key()).model_dump(mode="json")

        return every("receipts", page)

    @override
    def receipts_key(self) -> str:
        return self._engine.receipts_key()

    @override
    def documents(self, *, source: str = "", source_prefix: str = "") -> Iterator[Json]:
        def page(cursor: str | None) -> Json:
            found = self._run(
                self._engine.documents(self._scope, cursor, PAGE, source=source, source_prefix=source_prefix)
            )
            return DocumentsOut.of(found).model_dump(mode="json")

        return every("documents", page)

    @override
    def document(self, document_id: str) -> Json:
        return DocumentOut.of(self._run(self._engine.document(self._scope, document_id))).model_dump(
            mode="json"
        )

    @override
    def text(self, document_id: str) -> str:
        return self._run(self._engine.document_text(self._scope, document_id, None)).text

    @override
    def chunks(self, document_id: str) -> Iterator[Json]:
        def page(cursor: str | None) -> Json:
            found = self._run(self._engine.chunks(self._scope, document_id, cursor, PAGE))
            return ChunksOut.of(found).model_dump(mode="json")

        return every("chunks", page)

    @override
    def delete(self, document_id: str) -> Json:
        receipt = self._run(self._engine.delete(self._scope, document_id))
        return DeletionOut.model_validate(receipt).model_dump(mode="json")

    @override
    def readiness(self) -> list[Json]:
        found = self._run(self._engine.readiness())
        components = [{"component": one.component, "ready": one.ready, "detail": one.detail} for one in found]
        if self._working is not None and not self._working():
            ended = "it ended unexpectedly, the log says why"
            components.append({"component": "worker", "ready": False, "detail": ended})
        return components

    @override
    def ask(self, request: Json) -> Json:
        asked = checked(QueryIn, request)
        answer = self._run(self._engine.answer(self._scope, asked.to_query(self._settings.api)))
        return AnswerOut.of(answer, explain=asked.explain, shows_dropped=True).model_dump(mode="json")

    @override
    def search(self, request: Json) -> Json:
        query = checked(SearchIn, request).to_query(self._settings.api)
        return SearchOut.of(self._run(self._engine.search(self._scope, query))).model_dump(mode="json")

    @override
    def feedback(self, request: Json) -> Json:
        judged = checked(FeedbackIn, request).to_feedback()
        kept = self._run(self._engine.feedback(self._scope, judged))
        return FeedbackOut(feedback_id=kept).model_dump(mode="json")

    @override
    def drift(self) -> Json:
        return DriftOut.of(self._run(self._engine.drift(self._scope))).model_dump(mode="json")

    @override
    def explain(self, request: Json) -> Json:
        asked = checked(ExplainIn, request)
        query = asked.to_query(self._settings.api)
        explained = self._run(self._engine.explain(self._scope, query, asked.to_expected()))
        return ExplanationOut.of(explained).model_dump(mode="json")


def checked(form: type[Form], request: Json) -> Form:
    """The request, checked as the API checks it."""
    try:
        return form.model_validate(request)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{place}: {first['msg']}") from None
