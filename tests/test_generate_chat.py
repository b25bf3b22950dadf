"""Chat generation: streaming, one deadline, one retry before the first token, and what errors become."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from service.errors import DeadlineExceeded, GeneratorUnavailable, Misconfigured
from service.generate.chat import ChatGenerator
from service.settings import GenerateSettings
from service.types import Draft, Usage
from tests.answering import a_context, a_question

SECRET = "sk-very-secret"
NOBODY = "127.0.0.1:1"
"""No server listens here."""
Response = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gone(Exception):
    """The server ends the connection."""


class Server:
    """Answers each request with the next of its responses, and remembers what was asked."""

    def __init__(self, *responses: Response) -> None:
        self.responses = list(responses)
        self.requests: list[web.Request] = []
        self.asked: list[dict[str, object]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.asked.append(await request.json())
        return await self.responses.pop(0)(request)

    @property
    def connections(self) -> int:
        """How many were opened."""
        return len({id(request.transport) for request in self.requests})

    @asynccontextmanager
    async def generator(self, path: str = "/v1", deadline_s: float = 5) -> AsyncIterator[ChatGenerator]:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.answer)
        async with TestServer(app, shutdown_timeout=0) as server:
            url = f"http://user:hidden@127.0.0.1:{server.port}{path}"
            generator = ChatGenerator(settings(url, deadline_s))
            try:
                yield generator
            finally:
                await generator.aclose()


def settings(url: str, deadline_s: float = 5) -> GenerateSettings:
    return GenerateSettings(base_url=url, api_key=SecretStr(SECRET), model="m", deadline_s=deadline_s)


def piece(text: str) -> dict[str, Any]:
    return {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    }


USAGE = {
    "id": "x",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [],
    "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
}


def streamed(*events: object) -> Response:
    """Server-sent events, one at a time; None waits for ever, `Gone` breaks the connection."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in events:
            if event is None:
                await asyncio.Event().wait()
            if event is Gone:
                return await gone(request)
            await response.write(
                f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
            )
        return response

    return stream


async def gone(request: web.Request) -> web.StreamResponse:
    """No response, or no more of it."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def refused(status: int, message: str = "no") -> Response:
    async def refuse(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": f"{message} {SECRET}", "type": "x"}}, status=status)

    return refuse


async def drafts_from(generator: ChatGenerator) -> list[Draft]:
    asked = generator.generate(a_question("How long?"), a_context("It lasts 24 months."))
    return [draft async for draft in asked]


async def drafts_of(server: Server, deadline_s: float = 5) -> list[Draft]:
    async with server.generator(deadline_s=deadline_s) as generator:
        return await drafts_from(generator)


async def run(server: Server, deadline_s: float = 5) -> tuple[str, list[Usage]]:
    drafts = await drafts_of(server, deadline_s)
    return "".join(draft.text for draft in drafts), [draft.usage for draft in drafts if draft.usage]


async def test_text_comes_as_it_is_written_and_the_usage_once_at_the_end() -> None:
    server = Server(streamed(piece("24 "), piece("months [1]."), USAGE, "[DONE]"))
    assert await run(server) == ("24 months [1].", [Usage(11, 3)])


async def test_a_server_that_does_not_count_tokens_leaves_the_usage_at_zero() -> None:
    assert (await run(Server(streamed(piece("Hi [1]."), "[DONE]"))))[1] == [Usage()]


@pytest.mark.parametrize(
    ("counted", "known"),
    [
        ({"prompt_tokens": 11}, Usage(11, 0)),
        ({"completion_tokens": 3, "prompt_tokens": None}, Usage(0, 3)),
        ({"prompt_tokens": "11", "completion_tokens": -3}, Usage()),
        ({"prompt": 1}, Usage()),
        ([1], Usage()),
    ],
)
async def test_what_a_server_leaves_out_of_its_usage_is_unknown_and_its_answer_stands(
    counted: object, known: Usage
) -> None:
    server = Server(streamed(piece("24 months [1]."), {**USAGE, "usage": counted}, "[DONE]"))
    assert await run(server) == ("24 months [1].", [known])


async def test_a_failure_before_the_first_token_is_tried_once_more() -> None:
    server = Server(refused(503), streamed(piece("Hi."), "[DONE]"))
    assert (await run(server))[0] == "Hi."
    assert len(server.asked) == 2


async def test_a_second_failure_is_final() -> None:
    server = Server(gone, gone)
    with pytest.raises(GeneratorUnavailable, match=r"http://127\.0\.0\.1:\d+/v1") as caught:
        await run(server)
    assert len(server.asked) == 2
    assert "hidden" not in str(caught.value)


async def test_a_failure_after_the_first_token_is_never_repeated() -> None:
    server = Server(streamed(piece("24 "), Gone))
    with pytest.raises(GeneratorUnavailable):
        await run(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize("events", [[None], [piece("24 "), None]])
async def test_one_deadline_covers_the_wait_and_the_stream(events: list[object]) -> None:
    with pytest.raises(DeadlineExceeded, match=r"0\.1 s"):
        await run(Server(streamed(*events)), deadline_s=0.1)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_wrong_key_or_model_is_a_mistake_in_the_settings_and_not_repeated(status: int) -> None:
    server = Server(refused(status))
    with pytest.raises(Misconfigured) as caught:
        await run(server)
    assert len(server.asked) == 1
    assert SECRET not in str(caught.value) + caught.value.hint


async def test_a_request_that_the_server_finds_wrong_is_not_repeated() -> None:
    server = Server(refused(422))
    with pytest.raises(GeneratorUnavailable, match="422"):
        await run(server)
    assert len(server.asked) == 1


async def test_parameters_that_the_server_does_not_know_are_left_out() -> None:
    server = Server(
        refused(400, "unknown field stream_options"),
        refused(400, "'max_tokens' is not supported, use 'max_completion_tokens'"),
        streamed(piece("Hi."), "[DONE]"),
    )
    assert (await run(server))[0] == "Hi."
    assert "stream_options" not in server.asked[-1]
    assert "max_tokens" not in server.asked[-1]
    assert server.asked[-1]["max_completion_tokens"] == 800


async def test_a_stream_that_is_not_json_is_an_unavailable_model() -> None:
    with pytest.raises(GeneratorUnavailable):
        await run(Server(streamed("{broken"), streamed("{broken")))


@pytest.mark.parametrize(
    "event",
    [{"error": {"message": f"overloaded {SECRET}"}}, [], {"choices": ["x"]}],
)
async def test_what_is_no_chunk_is_an_unavailable_model_and_nothing_of_it_is_told(event: object) -> None:
    with pytest.raises(GeneratorUnavailable) as caught:
        await run(Server(streamed(piece("24 "), event)))
    assert SECRET not in str(caught.value) + caught.value.hint


async def test_an_answer_that_is_no_stream_is_an_unavailable_model() -> None:
    async def whole(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"choices": [{"message": {"content": "24 months [1]."}}]})

    with pytest.raises(GeneratorUnavailable):
        await run(Server(whole, whole))


async def test_a_stream_is_read_to_its_end_so_that_its_connection_can_carry_the_next_one() -> None:
    server = Server(*[streamed(piece("Hi."), "[DONE]")] * 2)
    async with server.generator() as generator:
        for _ in range(2):
            await drafts_from(generator)
        assert server.connections == 1


async def test_a_line_without_end_is_an_unavailable_model() -> None:
    endless = streamed("x" * 300_000)
    with pytest.raises(GeneratorUnavailable):
        await run(Server(endless, endless))


@pytest.mark.parametrize(
    "written",
    [
        b': waits\r\ndata: {"choices": [{"delta": {"content": "Hi."}}]}\r\n\r\ndata: [DONE]\r\n\r\n',
        b'event: chunk\nid: 1\ndata:{"choices":\ndata: [{"delta": {"content": "Hi."}}]}\n\ndata:[DONE]\n\n',
        b'\n\ndata: {"choices": [{"delta": {"content": "Hi."}}]}\n\ndata: {"choices": [',
    ],
)
async def test_events_are_read_as_the_standard_writes_them(written: bytes) -> None:
    async def stream(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=written, headers={"Content-Type": "text/event-stream; charset=utf-8"})

    assert (await run(Server(stream)))[0] == "Hi."


@pytest.mark.parametrize("end", [None, Gone])
async def test_what_comes_of_a_stream_after_its_end_changes_nothing(end: object) -> None:
    assert (await run(Server(streamed(piece("Hi."), "[DONE]", end))))[0] == "Hi."


@pytest.mark.parametrize("path", ["/v1", "/v1/"])
async def test_each_request_names_the_model(path: str) -> None:
    server = Server(streamed(piece("Hi."), "[DONE]"))
    async with server.generator(path) as generator:
        await drafts_from(generator)
    assert server.asked[0]["model"] == "m"


@pytest.mark.parametrize(
    ("user", "authorization"),
    [("", f"Bearer {SECRET}"), ("user:hidden@", encode_basic_auth("user", "hidden"))],
)
async def test_the_key_is_sent_unless_the_address_has_a_name_and_a_password(
    user: str, authorization: str
) -> None:
    server = Server(streamed(piece("Hi."), "[DONE]"))
    async with server.generator() as generator:
        url = generator._settings.base_url.replace("user:hidden@", user)
        other = ChatGenerator(settings(url))
        await drafts_from(other)
        await other.aclose()
    assert server.requests[0].headers["Authorization"] == authorization


@pytest.mark.parametrize(("spared", "asked"), [("", 1), ("127.0.0.1", 0)])
async def test_the_environment_names_the_proxy_and_whom_to_ask_without(
    monkeypatch: pytest.MonkeyPatch, spared: str, asked: int
) -> None:
    server = Server(*[streamed(piece("Hi."), "[DONE]")] * 2)
    async with server.generator() as beside:
        port = urlsplit(beside._settings.base_url).port
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", spared)
        generator = ChatGenerator(settings(f"http://{NOBODY}/v1"))
        with nullcontext() if asked else pytest.raises(GeneratorUnavailable):
            await drafts_from(generator)
        await generator.aclose()
    assert [request.headers["Host"] for request in server.requests] == [NOBODY] * asked


async def test_what_a_reasoning_model_thinks_is_not_part_of_the_answer() -> None:
    server = Server(
        streamed(piece("<thi"), piece("nk>Maybe 12 [1]."), piece("</think>\n24 "), piece("[1]."), "[DONE]")
    )
    assert (await run(server))[0] == "24 [1]."


@pytest.mark.parametrize(("reason", "cut_off"), [("length", True), ("stop", False)])
async def test_a_text_that_the_limit_of_tokens_cut_off_says_so(reason: str, *, cut_off: bool) -> None:
    last = piece("")
    last["choices"][0]["finish_reason"] = reason
    assert (await drafts_of(Server(streamed(piece("It lasts"), last, USAGE))))[-1].cut_off is cut_off
