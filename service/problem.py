"""Errors as RFC 9457 `application/problem+json`, the same body wherever the error arose.

Written out rather than taken from `fastapi-problem`: the body's fields are those of our own error tree, and
refusals of the outermost middleware, which no exception handler sees, must read the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import FootnoteError, InvalidInput, LimitExceeded, NotFound, ReceiveTimeout
from service.settings import ApiSettings

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
MAX_FIELD_PROBLEMS = 20
"""Named in one response; who sends thousands of wrong fields is not answered in thousands."""
OPENAI_PATHS = "/v1/"
"""Whose callers are programs made for OpenAI's API."""
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
MAX_NAME_CHARACTERS = 100
"""Of a field's name that is repeated: the caller may have made it up, and a megabyte long."""

logger = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    """What is wrong with one field of a request; its value is not repeated."""

    field: str = Field(examples=["filters.source_prefix"])
    message: str = Field(examples=["Input should be a valid string"])


class OpenAIError(BaseModel):
    """The same error as OpenAI's own clients look for it: they show `message`, and no other field."""

    message: str
    type: str = Field(examples=["invalid_request_error"])
    param: None = None
    code: str


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable; `title` and `detail` are for people."""

    model_config = ConfigDict(json_schema_extra={"required": ["type", "title", "status", "detail", "code"]})

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["query: String should have at least 1 character"])
    code: str = Field(examples=["invalid_input"])
    stage: str = Field("", description="The stage that failed, where there is one.", examples=["search"])
    retryable: bool = Field(False, description="Whether the same call may succeed later.")
    hint: str = Field("", description="What the caller can do about it.")
    request_id: str = Field("", description="Also in the `X-Request-ID` header and in the logs.")
    errors: list[FieldProblem] | None = None
    components: list[dict[str, Any]] | None = Field(None, description="What is not ready, on `/readyz`.")
    error: OpenAIError | None = Field(None, description="On `/v1/…` alone.")

    def for_openai(self) -> OpenAIError:
        """The same as OpenAI's clients read it."""
        kind = _OPENAI_TYPES.get(
            self.status, "invalid_request_error" if self.status < 500 else "server_error"
        )
        message = f"{self.detail} {self.hint}".strip()
        return OpenAIError(message=message, type=kind, code=self.code)


def problem_of(error: FootnoteError, **extra: Any) -> Problem:
    """An error of ours as the body that its caller reads."""
    return Problem(
        title=_title(error.status),
        status=error.status,
        detail=str(error),
        code=error.code,
        stage=error.stage,
        retryable=error.retryable,
        hint=error.hint,
        request_id=correlation_id.get() or "",
        **extra,
    )


def internal_problem() -> Problem:
    """The body for an error that nobody foresaw; its cause is in the log, under the same request id."""
    return problem_of(
        FootnoteError(
            "Something went wrong inside the service.", hint="The log has it under this request id."
        )
    )


def problem_response(problem: Problem, retry_after_s: int = RETRY_AFTER_S, *, path: str = "") -> Response:
    """The HTTP response for a problem; where OpenAI's clients call, with the error that they look for."""
    if path.startswith(OPENAI_PATHS):
        problem = problem.model_copy(update={"error": problem.for_openai()})
    headers = {"Retry-After": str(retry_after_s)} if problem.status in (429, 503) else {}
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="footnote"'
    if problem.status in (400, 408, 413):
        headers["Connection"] = "close"  # what remains of the body is not worth reading
    return Response(
        problem.model_dump_json(exclude_none=True), problem.status, headers=headers, media_type=MEDIA_TYPE
    )


def install(app: FastAPI, limits: ApiSettings, observe: Callable[[FootnoteError], None]) -> None:
    """Make every error that reaches the application's exception handlers a problem; ours are observed."""

    async def on_footnote_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, FootnoteError)
        observe(error)
        return _footnote_error(error, request.url.path)

    async def on_http_exception(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        ours = _error_of_status(error.status_code, str(error.detail), request.scope, limits)
        response = problem_response(problem_of(ours), path=request.url.path)
        response.headers.update(error.headers or {})
        if error.status_code == 405:
            response.headers["Allow"] = ", ".join(_methods(app, request.url.path))
        return response

    app.add_exception_handler(FootnoteError, on_footnote_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, on_http_exception)


def _methods(app: FastAPI, path: str) -> list[str]:
    """Those of all routes of a path; the framework names those of the first one alone."""
    routes = (one for one in iter_route_contexts(app.routes) if one.path_regex.match(path))
    return sorted({method for route in routes for method in route.methods or ()})


class ProblemMiddleware:
    """Turns what the exception handlers cannot see into problems.

    That is: errors raised by other middleware, plain-text refusals of libraries, and errors that nobody
    foresaw, which are logged here with their trace.
    """

    def __init__(self, app: ASGIApp, limits: ApiSettings) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and watch the response."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        outgoing = _Outgoing(scope, send, self.limits)
        try:
            await self.app(scope, receive, outgoing.send)
        except FootnoteError as error:
            replacement = problem_of(error)
        except Exception:
            logger.exception("unforeseen error")
            if outgoing.started:
                raise  # the server must cut the connection, so that nobody takes the rest for complete
            replacement = internal_problem()
        else:
            if outgoing.replacement is None:
                return
            replacement = outgoing.replacement
        await problem_response(replacement, path=scope["path"])(scope, receive, send)


class _Outgoing:
    """Forwards a response, unless it is an error in another form than ours: that one it holds back."""

    def __init__(self, scope: Scope, send: Send, limits: ApiSettings) -> None:
        self._scope = scope
        self._send = send
        self._limits = limits
        self.started = False
        self.replacement: Problem | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._is_foreign(message):
            self.replacement = problem_of(_error_of_status(message["status"], "", self._scope, self._limits))
        if self.replacement is None:
            self.started = True
            await self._send(message)

    @staticmethod
    def _is_foreign(message: Message) -> bool:
        media_type = Headers(raw=message.get("headers", [])).get("content-type", "")
        return message["status"] >= 400 and media_type.startswith("text/plain")


class _StatusError(FootnoteError):
    """An error that a library raised as a bare HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = _title(status).lower().replace(" ", "_").replace("-", "_")


def _error_of_status(status: int, detail: str, scope: Scope, limits: ApiSettings) -> FootnoteError:
    """Our error for a library's HTTP status."""
    if status == 413:
        return _too_large(scope, limits)
    if status == 400:  # malformed JSON is a 422 from the framework, and so is what else cannot be read
        hint = _form_hint(limits) if detail.startswith("Too many files") else ""
        return InvalidInput(detail or "The request cannot be read.", hint=hint)
    if status == 404:
        return NotFound("There is no such route.", hint="GET /openapi.json lists them.")
    if status == 408:
        return ReceiveTimeout(detail)
    return _StatusError(status, detail or _title(status))


def _too_large(scope: Scope, limits: ApiSettings) -> LimitExceeded:
    """Names the limit that was in force where the body was refused: the route's own, or that of all."""
    most = scope.get(MAX_BODY_SIZE_SCOPE_KEY, limits.max_body_bytes)
    name = "max_json_bytes" if most == limits.max_json_bytes else "max_body_bytes"
    return LimitExceeded(
        f"The request's body is larger than {most:,} bytes (setting api.{name}).",
        hint=f"Send less at once, or raise FOOTNOTE_API__{name.upper()}.",
    )


def _form_hint(limits: ApiSettings) -> str:
    return f"An upload has at most {limits.max_upload_files} files (setting api.max_upload_files)."


def _footnote_error(error: FootnoteError, path: str) -> Response:
    if error.status >= 500 and not error.retryable:
        logger.error("request failed", exc_info=error)
    return problem_response(problem_of(error), getattr(error, "retry_after_s", RETRY_AFTER_S), path=path)


_AS_JSON = "send an object of JSON, with the header Content-Type: application/json"


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[:MAX_FIELD_PROBLEMS]
    fields = [FieldProblem(field=_field(item["loc"]), message=_in_words(item)) for item in first]
    if first[0]["type"] == "json_invalid":
        place = first[0]["loc"][-1]
        fields = [FieldProblem(field="body", message=f"the JSON ends or breaks at character {place}")]
    detail = "; ".join(f"{field.field}: {field.message}" for field in fields[:3])
    hint = _AS_JSON if first[0]["type"] == "model_attributes_type" and len(first[0]["loc"]) == 1 else ""
    return problem_response(problem_of(InvalidInput(detail, hint=hint), errors=fields), path=request.url.path)


def _in_words(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "extra_forbidden":
        return "there is no such field"
    if problem["type"] == "model_attributes_type":
        return "this is no object of JSON"
    return str(problem["msg"])


def _field(location: Sequence[str | int]) -> str:
    """`filters.metadata` for `("body", "filters", "metadata")`; `body` where the whole of it is wrong."""
    return ".".join(str(part)[:MAX_NAME_CHARACTERS] for part in location[1:]) or str(location[0])


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
