"""A server that runs already, over its HTTP API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

import httpx2
from typing_extensions import override

from service.cli.client import PAGE, Client, Json, LocalFile, every
from service.errors import Conflict, FootnoteError, Forbidden, NotFound, Unauthenticated, Unavailable
from service.tracing.caller import calling
from service.types import Scalar

ANSWER_S = 120.0
KINDS: Mapping[int, type[FootnoteError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
}
"""Errors that a command tells apart, by the status of the response."""


class HttpClient(Client):
    """A client of the server at `url`; what it uploads is for these groups, if any are named."""

    def __init__(self, url: str, api_key: str = "", groups: Sequence[str] = ()) -> None:
        self.url = url
        self.goes_on = f"The server at {url}"
        self._groups = list(groups)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=ANSWER_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @override
    def upload(self, files: Sequence[LocalFile], metadata: Mapping[str, Scalar] | None) -> list[Json]:
        form: Json = {"source": [file.source for file in files]}
        if metadata is not None:
            form["metadata"] = json.dumps(dict(metadata))
        if self._groups:
            form["groups"] = self._groups
        parts = [("file", (file.filename, file.content)) for file in files]
        jobs: list[Json] = self._json("POST", "/documents", data=form, files=parts)["jobs"]
        return jobs

    @override
    def job(self, job_id: str) -> Json:
        return self._json("GET", f"/jobs/{_part(job_id)}")

    @override
    def jobs(self, states: Sequence[str] = ()) -> Iterator[Json]:
        return self._every("jobs", "/jobs", state=list(states))

    @override
    def cancel(self, job_id: str) -> None:
        self._send("DELETE", f"/jobs/{_part(job_id)}")

    @override
    def retry(self, job_id: str) -> Json:
        return self._json("POST", f"/jobs/{_part(job_id)}/retry")

    @override
    def receipts(self) -> Iterator[Json]:
        return self._every("receipts", "/receipts")

    @override
    def receipts_key(self) -> str:
        return str(self._json("GET", "/receipts", params={"limit": 1})["public_key"])

    @override
    def documents(self, *, source: str = "", source_prefix: str = "") -> Iterator[Json]:
        return self._every("documents", "/documents", source=source, source_prefix=source_prefix)

    @override
    def document(self, document_id: str) -> Json:
        return self._json("GET", f"/documents/{_part(document_id)}")

    @override
    def text(self, document_id: str) -> str:
        return str(self._json("GET", f"/documents/{_part(document_id)}/text")["text"])

    @override
    def chunks(self, document_id: str) -> Iterator[Json]:
        return self._every("chunks", f"/documents/{_part(document_id)}/chunks")

    @override
    def delete(self, document_id: str) -> Json:
        return self._json("DELETE", f"/documents/{_part(document_id)}")

    @override
    def readiness(self) -> list[Json]:
        response = self._request("GET", "/readyz")
        if response.is_error and response.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
            raise _problem(response)
        components: list[Json] = response.json().get("components", [])
        return components

    @override
    def ask(self, request: Json) -> Json:
        return self._json("POST", "/query", json=request)

    @override
    def search(self, request: Json) -> Json:
        return self._json("POST", "/search", json=request)

    @override
    def feedback(self, request: Json) -> Json:
        return self._json("POST", "/feedback", json=request)

    @override
    def drift(self) -> Json:
        return self._json("GET", "/drift")

    @override
    def explain(self, request: Json) -> Json:
        return self._json("POST", "/explain", json=request)

    def _every(self, name: str, path: str, **asked: Any) -> Iterator[Json]:
        def page(cursor: str | None) -> Json:
            given = {**asked, "limit": PAGE, "cursor": cursor}
            return self._json("GET", path, params={key: value for key, value in given.items() if value})

        return every(name, page)

    def _json(self, method: str, path: str, **parts: Any) -> Json:
        body: Json = self._send(method, path, **parts).json()
        return body

    def _send(self, method: str, path: str, **parts: Any) -> httpx2.Response:
        response = self._request(method, path, **parts)
        if response.is_error:
            raise _problem(response)
        return response

    def _request(self, method: str, path: str, **parts: Any) -> httpx2.Response:
        parent = calling.get().parent
        within = {"traceparent": parent.header} if parent else {}
        try:
            return self._http.request(method, path, headers=within, **parts)
        except httpx2.HTTPError as error:
            raise Unavailable(
                f"the server at {self.url} does not answer: {error}",
                hint="start it, or look at its address; what it had queued is read in when it runs again",
            ) from error


def _part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


def _problem(response: httpx2.Response) -> FootnoteError:
    """The server's problem as an error of the same code."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    message = str(problem.get("detail") or problem.get("title") or f"HTTP {response.status_code}")
    kind = KINDS.get(response.status_code, FootnoteError)
    error = kind(message, hint=str(problem.get("hint") or ""))
    error.code = str(problem.get("code") or error.code)
    return error
