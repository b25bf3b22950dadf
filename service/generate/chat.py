"""A language model behind any OpenAI-compatible URL: OpenAI, vLLM, Ollama, llama.cpp, LiteLLM and the like.

The SDK's own defaults (600 s, three attempts) are switched off: one deadline covers everything, and a failed
attempt is repeated at most once and only while no token has come.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from service.errors import DeadlineExceeded, FootnoteError, GeneratorUnavailable, Misconfigured
from service.generate.prompt import messages
from service.settings import GenerateSettings
from service.types import Context, Draft, Question, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk
    from openai.types.completion_usage import CompletionUsage

_RETRY_AFTER_S = 0.2
_MAX_PATIENCE_S = 3600
"""Of the patience that a server asks for, what is passed on: its mistake must keep nobody away for days."""
_CHECK_S = 1.5
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
_THOUGHT = re.compile(r"<think>.*?(?:</think>\s*|\Z)", re.DOTALL)


class ChatGenerator:
    """Streams a chat completion; holds one connection pool, so it is opened once and closed with `aclose`."""

    llm = True

    def __init__(self, settings: GenerateSettings, client: AsyncOpenAI | None = None) -> None:
        self._settings = settings
        self._client = client or _client(settings)
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
        from openai import APIStatusError, OpenAI

        given = _connection(self._settings)
        try:
            with self._translated(), OpenAI(**given | {"timeout": _CHECK_S}) as client:
                client.models.list()
        except DeadlineExceeded as error:
            where = _shown(self._settings.base_url)
            raise GeneratorUnavailable(f"{where} does not answer within {_CHECK_S:g} s") from error
        except FootnoteError as error:
            cause = error.__cause__
            if not (isinstance(cause, APIStatusError) and cause.status_code in _NO_SUCH_LIST):
                raise
        return self.model

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def generate(self, question: Question, context: Context) -> AsyncGenerator[Draft, None]:
        """Yields the model's text as it comes, then its usage (zero where the server does not count).

        Raises `DeadlineExceeded` when `deadline_s` passes before the end, `Misconfigured` when the server
        refuses key or model, `GeneratorUnavailable` for everything else that keeps it from answering.
        """
        deadline = asyncio.get_running_loop().time() + self._settings.deadline_s
        stream, first = await self._started(question, context, deadline)
        thoughts, usage, cut_off = _Thoughts(), Usage(), False
        try:
            chunk = first
            while chunk is not None:
                usage = _usage(chunk.usage) or usage
                cut_off = cut_off or any(choice.finish_reason == "length" for choice in chunk.choices)
                if text := thoughts.visible(_text(chunk)):
                    yield Draft(text=text)
                chunk = await self._next(stream, deadline)
        finally:
            await stream.close()
        if text := thoughts.rest():
            yield Draft(text=text)
        yield Draft(usage=usage, cut_off=cut_off)

    async def _started(
        self, question: Question, context: Context, deadline: float
    ) -> tuple[AsyncStream[ChatCompletionChunk], ChatCompletionChunk | None]:
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

    async def _attempt(
        self, chat: Any, deadline: float
    ) -> tuple[AsyncStream[ChatCompletionChunk], ChatCompletionChunk | None]:
        stream = await self._open(chat, deadline)
        try:
            return stream, await self._next(stream, deadline)
        except BaseException:
            await stream.close()
            raise

    async def _open(self, chat: Any, deadline: float) -> AsyncStream[ChatCompletionChunk]:
        """Opens the stream, without the optional parameters that the server turns out not to know."""
        from openai import BadRequestError

        while True:
            with self._translated():
                try:
                    async with self._until(deadline):
                        stream: AsyncStream[ChatCompletionChunk] = await self._client.chat.completions.create(
                            model=self._settings.model, messages=chat, stream=True, **self._parameters
                        )
                        return stream
                except BadRequestError as error:
                    if not self._give_up_parameter(str(error)):
                        raise

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

    async def _next(
        self, stream: AsyncStream[ChatCompletionChunk], deadline: float
    ) -> ChatCompletionChunk | None:
        with self._translated():
            async with self._until(deadline):
                return await anext(stream, None)

    def _until(self, deadline: float) -> asyncio.Timeout:
        return asyncio.timeout_at(deadline)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The SDK's errors as ours; the server's text is left out, it may repeat the prompt.

        What breaks a stream in the middle may come through as the error of the SDK's own transport.
        """
        from httpx2 import HTTPError
        from openai import OpenAIError

        try:
            yield
        except (OpenAIError, HTTPError, TimeoutError, ValueError) as error:
            raise _translate(error, self._settings) from error


class _Thoughts:
    """Leaves out what reasoning models write between `<think>` tags at the start of their output."""

    _OPEN = "<think>"

    def __init__(self) -> None:
        self._waiting = ""
        self._done = False

    def visible(self, delta: str) -> str:
        """What can be shown after `delta` came."""
        if self._done:
            return delta
        self._waiting += delta
        begun = self._waiting.lstrip()
        if self._OPEN.startswith(begun[: len(self._OPEN)]) and "</think>" not in begun:
            return ""
        return self.rest()

    def rest(self) -> str:
        """What was kept back and is not a thought."""
        waiting, self._waiting, self._done = self._waiting, "", True
        is_thought = waiting.lstrip().startswith(self._OPEN)
        return _THOUGHT.sub("", waiting.lstrip(), count=1) if is_thought else waiting


def _client(settings: GenerateSettings) -> AsyncOpenAI:
    try:
        from openai import AsyncOpenAI
    except ModuleNotFoundError as error:
        raise Misconfigured(
            f"generate.base_url is set, but {error.name} is not installed", hint="pip install 'footnote[llm]'"
        ) from error
    return AsyncOpenAI(**_connection(settings))


def _connection(settings: GenerateSettings) -> dict[str, Any]:
    return {
        "base_url": settings.base_url,
        "api_key": settings.api_key.get_secret_value() or _NO_KEY,
        "max_retries": 0,
        "timeout": settings.deadline_s,
    }


def _text(chunk: ChatCompletionChunk) -> str:
    """The text of a chunk; the last one of a stream has usage and no choice."""
    return "".join(choice.delta.content or "" for choice in chunk.choices[:1])


def _usage(reported: CompletionUsage | None) -> Usage | None:
    return Usage(reported.prompt_tokens, reported.completion_tokens) if reported else None


def _translate(error: Exception, settings: GenerateSettings) -> FootnoteError:
    from openai import APIStatusError, APITimeoutError

    where = f"The language model at {_shown(settings.base_url)}"
    if isinstance(error, TimeoutError | APITimeoutError):
        return DeadlineExceeded(
            f"{where} did not finish within {settings.deadline_s:g} s.",
            hint="Raise FOOTNOTE_GENERATE__DEADLINE_S.",
        )
    if not isinstance(error, APIStatusError):
        return GeneratorUnavailable(
            f"{where} does not answer ({type(error).__name__}).", hint="Check FOOTNOTE_GENERATE__BASE_URL."
        )
    if refusal := _REFUSALS.get(error.status_code):
        return Misconfigured(
            f"{where} {refusal} (HTTP {error.status_code}).",
            hint="Check FOOTNOTE_GENERATE__API_KEY, __MODEL and __BASE_URL.",
        )
    unavailable = GeneratorUnavailable(f"{where} answered with HTTP {error.status_code}.")
    unavailable.retryable = error.status_code in _WORTH_REPEATING or error.status_code >= 500
    unavailable.retry_after_s = _patience(error.response.headers.get("retry-after", ""))
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
