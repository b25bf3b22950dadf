"""A language model behind any OpenAI-compatible URL: OpenAI, vLLM, Ollama, llama.cpp, LiteLLM and the like.

One deadline covers everything; a failed attempt is repeated at most once and only while no token has come.
The protocol is spoken over plain HTTP (docs/adr/0018-speaking-openais-protocol.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ssl import PROTOCOL_TLS_CLIENT
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from truststore import SSLContext

from service.errors import DeadlineExceeded, FootnoteError, GeneratorUnavailable, Misconfigured
from service.generate.completion import BrokenOff, Completion, Piece, beginning
from service.generate.prompt import messages
from service.generate.thoughts import Thoughts
from service.settings import GenerateSettings
from service.types import Context, Draft, Question, Usage

_RETRY_AFTER_S = 0.2
_MAX_PATIENCE_S = 3600
"""Of the patience that a server asks for, what is passed on: its mistake must keep nobody away for days."""
_CHECK_S = 1.5
_AS_MANY_AS_ASKED = 0
"""Connections: `api.max_concurrent_queries` bounds how many answers are written at once."""
_NO_SUCH_LIST = (404, 405, 501)
_NO_KEY = "none"
"""Sent where no key is set, so that a key of the environment never goes to another server."""
_ELSEWHERE = "points to another address, and what documents say is sent to none but the one that is set"
_REFUSALS = {
    **dict.fromkeys((301, 302, 303, 307, 308), _ELSEWHERE),
    401: "refuses the API key",
    403: "refuses the API key",
    404: "does not know the model or the path",
}
_WORTH_REPEATING = (408, 409, 429)
_BROKEN = (aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError)
_OPTIONAL_PARAMETERS = ("stream_options", "max_tokens", "temperature")


class _Refused(Exception):
    """The server answered with an error."""

    def __init__(self, status: int, retry_after: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.retry_after = retry_after


class ChatGenerator:
    """Streams a chat completion; holds one connection pool, so it is opened once and closed with `aclose`.

    To be used on one event loop until then.
    """

    llm = True

    def __init__(self, settings: GenerateSettings) -> None:
        self._settings = settings
        self._client: aiohttp.ClientSession | None = None
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
            with self._translated():
                asyncio.run(self._ask_for_models())
        except DeadlineExceeded as error:
            where = _shown(self._settings.base_url)
            raise GeneratorUnavailable(f"{where} does not answer within {_CHECK_S:g} s") from error
        return self.model

    async def _ask_for_models(self) -> None:
        client = _client(self._settings)
        asked = client.get("models", allow_redirects=False)
        async with asyncio.timeout(_CHECK_S), client, asked as response:
            if response.status >= 300 and response.status not in _NO_SUCH_LIST:
                raise _refusal(response)

    async def aclose(self) -> None:
        """Closes the connections; who asks again opens others."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

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
                    response = await self._connected().post(
                        "chat/completions", json=body, allow_redirects=False
                    )
                    if response.status < 300:
                        return Completion(response)
                    async with response:
                        complaint = await beginning(response)
                if response.status != 400 or not self._give_up_parameter(complaint, body):
                    raise _refusal(response)

    def _connected(self) -> aiohttp.ClientSession:
        """The connections, which belong to the loop that runs at the first use."""
        if self._client is None:
            self._client = _client(self._settings)
        return self._client

    def _give_up_parameter(self, complaint: str, body: Mapping[str, Any]) -> bool:
        """Drops the parameter of a request that the server complains about; whether there was one.

        Another request may have dropped it meanwhile.
        """
        named = next((name for name in _OPTIONAL_PARAMETERS if name in complaint and name in body), None)
        if named is None:
            return False
        if self._parameters.pop(named, None) is not None and named == "max_tokens":
            self._parameters["max_completion_tokens"] = body[named]
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
        except (_Refused, BrokenOff, *_BROKEN, TimeoutError, ValueError) as error:
            raise _translate(error, self._settings) from error


def _client(settings: GenerateSettings) -> aiohttp.ClientSession:
    """Connections that outlive a request, without a deadline of their own.

    They keep no cookie, which would be sent with the requests of all tenants. Nothing is asked for in
    compressed form: a little of it can stand for more than one turn of the event loop should take.
    """
    parts = urlsplit(settings.base_url)
    address = parts._replace(netloc=_host(parts), path=f"{parts.path.rstrip('/')}/")
    return aiohttp.ClientSession(
        urlunsplit(address),
        connector=aiohttp.TCPConnector(limit=_AS_MANY_AS_ASKED, ssl=SSLContext(PROTOCOL_TLS_CLIENT)),
        headers={"Authorization": _authorization(parts, settings), "Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(),
        proxy=_proxy(parts),
    )


def _proxy(parts: SplitResult) -> str | None:
    """The one that the environment names for the address.

    Found once: aiohttp would look for it at each request, and for passwords in files as well.
    """
    named = getproxies()
    proxy = named.get(parts.scheme) or named.get("all")
    if not proxy or proxy_bypass(parts.hostname or "") or proxy_bypass(_host(parts)):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _authorization(parts: SplitResult, settings: GenerateSettings) -> str:
    """The key; a name and a password in the address are sent in its place."""
    if parts.username:
        return aiohttp.encode_basic_auth(unquote(parts.username), unquote(parts.password or ""))
    return f"Bearer {settings.api_key.get_secret_value() or _NO_KEY}"


def _refusal(response: aiohttp.ClientResponse) -> _Refused:
    return _Refused(response.status, response.headers.get("retry-after", ""))


def _translate(error: Exception, settings: GenerateSettings) -> FootnoteError:
    where = f"The language model at {_shown(settings.base_url)}"
    if isinstance(error, TimeoutError):
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
    return urlunsplit((parts.scheme, _host(parts), parts.path, "", ""))


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
