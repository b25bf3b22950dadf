"""The two ways to reach an engine: in this process, or through the HTTP API of a server that runs already.

Both give the API's JSON, so that a command prints the same whichever it was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import httpx
from pydantic import ValidationError

from service.errors import FootnoteError, InvalidInput, NotFound, Unavailable
from service.local_engine import LocalEngine
from service.records import Upload
from service.schemas.answers import AnswerOut, SearchOut
from service.schemas.asking import QueryIn, SearchIn
from service.schemas.documents import JobOut, JobsOut
from service.settings import Settings
from service.types import Scalar, Scope

Json = dict[str, Any]
Form = TypeVar("Form", bound=SearchIn)
LOOK_S = 2.0
ANSWER_S = 120.0
RUNNING = "server.json"
"""In the data folder, while a server holds it: where that server listens."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on its way in."""

    source: str
    filename: str
    content: bytes


class Client(Protocol):
    """What the commands ask for."""

    def upload(self, files: Sequence[LocalFile], metadata: Mapping[str, Scalar]) -> list[Json]:
        """Queues files; a job's id, document and source each."""
        ...

    def job(self, job_id: str) -> Json:
        """The state of a job."""
        ...

    def ask(self, request: Json) -> Json:
        """The answer to a `POST /query` body."""
        ...

    def search(self, request: Json) -> Json:
        """The hits for a `POST /search` body."""
        ...


class LocalClient:
    """An engine in this process."""

    def __init__(self, engine: LocalEngine, settings: Settings, scope: Scope) -> None:
        self._engine = engine
        self._settings = settings
        self._scope = scope
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._engine.aclose())
        self._runner.close()

    def upload(self, files: Sequence[LocalFile], metadata: Mapping[str, Scalar]) -> list[Json]:
        """See `Client`."""
        uploads = [Upload(file.source, file.filename, BytesIO(file.content)) for file in files]
        jobs = self._runner.run(
            self._engine.upload(self._scope, uploads, metadata=metadata, groups=(), idempotency_key=None)
        )
        return [job.model_dump(mode="json") for job in JobsOut.of(jobs).jobs]

    def job(self, job_id: str) -> Json:
        """See `Client`."""
        return JobOut.of(self._runner.run(self._engine.job(self._scope, job_id))).model_dump(mode="json")

    def ask(self, request: Json) -> Json:
        """See `Client`."""
        asked = _checked(QueryIn, request)
        answer = self._runner.run(self._engine.answer(self._scope, asked.to_query(self._settings.api)))
        return AnswerOut.of(answer, explain=asked.explain).model_dump(mode="json")

    def search(self, request: Json) -> Json:
        """See `Client`."""
        query = _checked(SearchIn, request).to_query(self._settings.api)
        found = self._runner.run(self._engine.search(self._scope, query))
        return SearchOut.of(found).model_dump(mode="json")


class HttpClient:
    """A server that runs already."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=ANSWER_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def upload(self, files: Sequence[LocalFile], metadata: Mapping[str, Scalar]) -> list[Json]:
        """See `Client`."""
        form: Json = {"metadata": json.dumps(dict(metadata)), "source": [file.source for file in files]}
        parts = [("file", (file.filename, file.content)) for file in files]
        jobs: list[Json] = self._send("POST", "/documents", data=form, files=parts)["jobs"]
        return jobs

    def job(self, job_id: str) -> Json:
        """See `Client`."""
        return self._send("GET", f"/jobs/{job_id}")

    def ask(self, request: Json) -> Json:
        """See `Client`."""
        return self._send("POST", "/query", json=request)

    def search(self, request: Json) -> Json:
        """See `Client`."""
        return self._send("POST", "/search", json=request)

    def _send(self, method: str, path: str, **parts: Any) -> Json:
        try:
            response = self._http.request(method, path, **parts)
        except httpx.HTTPError as error:
            raise Unavailable(f"the server at {self._http.base_url} does not answer: {error}") from error
        if response.is_error:
            raise _problem(response)
        body: Json = response.json()
        return body


def _checked(form: type[Form], request: Json) -> Form:
    """The request, checked as the API checks it."""
    try:
        return form.model_validate(request)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{place}: {first['msg']}") from None


def running_server(data_dir: Path) -> str | None:
    """The address of the server that holds the folder, if one does and answers."""
    try:
        url = str(json.loads((data_dir / RUNNING).read_text(encoding="utf-8"))["url"])
        httpx.get(f"{url}/healthz", timeout=LOOK_S, trust_env=False).raise_for_status()
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return None
    return url


def _problem(response: httpx.Response) -> FootnoteError:
    """The server's problem as an error of the same code."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    message = str(problem.get("detail") or problem.get("title") or f"HTTP {response.status_code}")
    error = (NotFound if response.status_code == 404 else FootnoteError)(
        message, hint=str(problem.get("hint") or "")
    )
    error.code = str(problem.get("code") or error.code)
    return error
