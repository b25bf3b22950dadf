"""A language model behind any OpenAI-compatible URL: OpenAI, vLLM, Ollama, llama.cpp, LiteLLM and the like.

One deadline covers everything; a failed attempt is repeated at most once and only while no token has come.
The protocol is spoken over plain HTTP (docs/adr/0018-speaking-openais-protocol.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2

from service.errors import DeadlineExceeded, FootnoteError, GeneratorUnavailable, Misconfigured
from service.generate.completion import BrokenOff, Completion, Piece
from service.generate.prompt import messages
from service.generate.thoughts import Thoughts
from service.settings import GenerateSettings
from service.types import Context, Draft, Question, Usage

_RETRY_AFTER_S = 0.2
_MAX_PATIENCE_S = 3600
"""Of the patience that a server asks for, what is passed on: its mistake must keep nobody away for days."""
_CHECK_S = 1.5
_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=32)
"""`api.max_concurrent_queries` bounds how many answers are written at once; idle connections are few."""
_NO_SUCH_LIST = (404, 405, 501)
_NO_KEY = "none"
"""Sent where no key is set, so that a key of the environment never goes to another server."""
_REFUSALS = {
    401: "refuses the API key",
    403: "refuses the API key",
    404: "does not know the model or the path",
}
_WORTH_REPEATING = (408, 409, 429)
_OPTIONAL_PARAMETERS = ("stream_options", "max_tokens", "temperature")


class _Refused(Exception):
    """The server answered with an error."""

    def __init__(self, status: int, retry_after: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.retry_after = retry_after


class ChatGenerator:
    """Streams a chat completion; holds one connection pool, so it is opened once and closed with `aclose`."""

    llm = True

    def __init__(
        self, settings: GenerateSettings, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._client = httpx2.AsyncClient(**_connection(settings), limits=_LIMITS, transport=transport)
        self._parameters: dict[str, Any] = {
            "stream_options": {"include_usage": True},
            "max_tokens": settings.max_tokens,
            "temperature": settings.temperature,
        }

    @property
    def model(self) -> str:
        """The model's name as the server knows it."""
        return self._settings.model

    def check(self) -> str:
        """Asks the address for its models; one that keeps no such list has answered as well."""
        try:
            with self._translated(), httpx2.Client(**_connection(self._settings, _CHECK_S)) as client:
                response = client.get("models")
                if response.is_error and response.status_code not in _NO_SUCH_LIST:
                    raise _refusal(response)
        except DeadlineExceeded as error:
            where = _shown(self._settings.base_url)
            raise GeneratorUnavailable(f"{where} does not answer within {_CHECK_S:g} s") from error
        return self.model

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def generate(self, question: Question, context: Context) -> AsyncGenerator[Draft, None]:
        """Yields the model's text as it comes, then its usage (zero where the server does not count).

        Raises `DeadlineExceeded` when `deadline_s` passes before the end, `Misconfigured` when the server
        refuses key or model, `GeneratorUnavailable` for everything else that keeps it from answering.
        """
        deadline = asyncio.get_running_loop().time() + self._settings.deadline_s
        stream, first = await self._started(question, context, deadline)
        thoughts, usage, cut_off = Thoughts(), Usage(), False
        try:
            piece = first
            while piece is not None:
                usage, cut_off = piece.usage or usage, cut_off or piece.cut_off
                if text := thoughts.visible(piece.text):
                    yield Draft(text=text)
                piece = await self._next(stream, deadline)
        finally:
            await stream.close()
        if text := thoughts.rest():
            yield Draft(text=text)
        yield Draft(usage=usage, cut_off=cut_off)

    async def _started(
        self, question: Question, context: Context, deadline: float
    ) -> tuple[Completion, Piece | None]:
        """The stream and its first chunk; tried twice, because nothing was shown yet.

        A server that asks for patience is left alone, and the caller told for how long.
        """
        chat = messages(question.query, context)
        try:
            return await self._attempt(chat, deadline)
        except GeneratorUnavailable as error:
            asks_for_patience = error.retry_after_s > GeneratorUnavailable.retry_after_s
            if not error.retryable or asks_for_patience or isinstance(error, DeadlineExceeded):
                raise
            with self._translated():
                async with self._until(deadline):
                    await asyncio.sleep(_RETRY_AFTER_S)
            return await self._attempt(chat, deadline)

    async def _attempt(self, chat: Any, deadline: float) -> tuple[Completion, Piece | None]:
        stream = await self._open(chat, deadline)
        try:
            return stream, await self._next(stream, deadline)
        except BaseException:
            await stream.close()
            raise

    async def _open(self, chat: Any, deadline: float) -> Completion:
        """Opens the stream, without the optional parameters that the server turns out not to know."""
        while True:
            body = {"model": self._settings.model, "messages": chat, "stream": True, **self._parameters}
            with self._translated():
                async with self._until(deadline):
                    response = await self._client.send(
                        self._client.build_request("POST", "chat/completions", json=body), stream=True
                    )
                    if response.is_success:
                        return Completion(response)
                    try:
                        complaint = (await response.aread()).decode(errors="replace")
                    finally:
                        await response.aclose()
                if response.status_code != 400 or not self._give_up_parameter(complaint):
                    raise _refusal(response)

    def _give_up_parameter(self, complaint: str) -> bool:
        """Drops the parameter that the server complains about; whether there was one."""
        named = next(
            (name for name in _OPTIONAL_PARAMETERS if name in complaint and name in self._parameters), None
        )
        if named is None:
            return False
        value = self._parameters.pop(named)
        if named == "max_tokens":
            self._parameters["max_completion_tokens"] = value
        return True

    async def _next(self, stream: Completion, deadline: float) -> Piece | None:
        with self._translated():
            async with self._until(deadline):
                return await stream.next()

    def _until(self, deadline: float) -> asyncio.Timeout:
        return asyncio.timeout_at(deadline)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What goes wrong as errors of ours; the server's text is left out, it may repeat the prompt."""
        try:
            yield
        except (_Refused, BrokenOff, httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError) as error:
            raise _translate(error, self._settings) from error


def _connection(settings: GenerateSettings, timeout_s: float | None = None) -> dict[str, Any]:
    return {
        "base_url": settings.base_url,
        "headers": {"Authorization": f"Bearer {settings.api_key.get_secret_value() or _NO_KEY}"},
        "timeout": timeout_s or settings.deadline_s,
        "follow_redirects": True,
    }


def _refusal(response: httpx2.Response) -> _Refused:
    return _Refused(response.status_code, response.headers.get("retry-after", ""))


def _translate(error: Exception, settings: GenerateSettings) -> FootnoteError:
    where = f"The language model at {_shown(settings.base_url)}"
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return DeadlineExceeded(
            f"{where} did not finish within {settings.deadline_s:g} s.",
            hint="Raise FOOTNOTE_GENERATE__DEADLINE_S.",
        )
    if not isinstance(error, _Refused):
        return GeneratorUnavailable(
            f"{where} does not answer ({type(error).__name__}).", hint="Check FOOTNOTE_GENERATE__BASE_URL."
        )
    if refusal := _REFUSALS.get(error.status):
        return Misconfigured(
            f"{where} {refusal} (HTTP {error.status}).",
            hint="Check FOOTNOTE_GENERATE__API_KEY, __MODEL and __BASE_URL.",
        )
    unavailable = GeneratorUnavailable(f"{where} answered with HTTP {error.status}.")
    unavailable.retryable = error.status in _WORTH_REPEATING or error.status >= 500
    unavailable.retry_after_s = _patience(error.retry_after)
    return unavailable


def _patience(retry_after: str) -> int:
    """The seconds of a `Retry-After` header (RFC 9110: a number, or a date); what makes no sense is one."""
    try:
        seconds = int(retry_after)
    except ValueError:
        try:
            seconds = round((parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):  # no date, or one without a time zone
            seconds = 1
    return min(max(1, seconds), _MAX_PATIENCE_S)


def _shown(url: str) -> str:
    """The address without credentials, query or fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
