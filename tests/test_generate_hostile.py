"""Chat generation with servers that mean no good, or have lost their mind: bounded, and an error of ours."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from service.errors import GeneratorUnavailable, Misconfigured
from service.generate.chat import ChatGenerator
from service.types import Usage
from tests.test_generate_chat import (
    NOBODY,
    USAGE,
    Response,
    Server,
    drafts_from,
    piece,
    refused,
    run,
    settings,
    streamed,
)


@asynccontextmanager
async def generator_by_name(server: Server) -> AsyncIterator[ChatGenerator]:
    """To a server that has a name: one that is but a number is sent no cookie by any client."""
    async with server.generator() as beside:
        url = beside._settings.base_url.replace("user:hidden@127.0.0.1", "localhost")
        generator = ChatGenerator(settings(url))
        try:
            yield generator
        finally:
            await generator.aclose()


def endless(unit: bytes, status: int = 200) -> Response:
    """A response that ends with its reader's patience."""

    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(unit)

    return flood


async def test_what_one_tenants_request_brought_is_sent_with_no_other() -> None:
    async def with_cookie(request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=b"data: [DONE]\n\n",
            headers={"Content-Type": "text/event-stream", "Set-Cookie": "of=one; Path=/"},
        )

    server = Server(with_cookie, with_cookie)
    async with generator_by_name(server) as generator:
        for _ in range(2):
            await drafts_from(generator)
    assert ["Cookie" in request.headers for request in server.requests] == [False, False]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_prompt_goes_to_no_other_address_than_the_one_that_is_set(status: int) -> None:
    async def elsewhere(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": f"http://localhost:{other.port}/"})

    async def remember(request: web.Request) -> web.Response:
        arrived.append(request.method)
        return web.Response()

    arrived: list[str] = []
    app = web.Application()
    app.router.add_route("*", "/", remember)
    async with TestServer(app) as other:
        with pytest.raises(Misconfigured, match="another address"):
            await run(Server(elsewhere))
    assert arrived == []


async def test_a_stream_that_is_compressed_is_not_read_as_a_little_of_it_may_stand_for_gigabytes() -> None:
    async def compressed(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
        return web.Response(body=gzip.compress(b'data: {"choices": []}\n\n'), headers=headers)

    server = Server(compressed, compressed)
    with pytest.raises(GeneratorUnavailable):
        await run(server)
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("status", "unit"), [(200, b"data: " + b"x" * 1000 + b"\n"), (400, b"x" * 65_536)], ids=["event", "error"]
)
async def test_what_has_no_end_is_given_up_before_the_deadline(status: int, unit: bytes) -> None:
    server = Server(*[endless(unit, status)] * 2)
    async with asyncio.timeout(20):
        with pytest.raises(GeneratorUnavailable) as caught:
            await run(server, deadline_s=60)
    assert type(caught.value) is GeneratorUnavailable


@pytest.mark.parametrize(
    "event", ["[" * 60_000, {"choices": [{"delta": {"content": [{"type": "text"}]}}]}], ids=["deep", "list"]
)
async def test_a_chunk_of_no_known_form_is_an_unavailable_model(event: object) -> None:
    with pytest.raises(GeneratorUnavailable):
        await run(Server(*[streamed(event)] * 2))


@pytest.mark.parametrize("character", ["\ud83d", "\0"])
async def test_what_no_answer_can_hold_is_shown_as_no_character(character: str) -> None:
    server = Server(streamed(piece(f"24 {character}months \U0001f600 [1]."), "[DONE]"))
    assert (await run(server))[0] == "24 \ufffdmonths \U0001f600 [1]."


async def test_a_count_of_tokens_that_none_can_be_is_unknown() -> None:
    counted = {"prompt_tokens": 10**30, "completion_tokens": 3}
    server = Server(streamed(piece("Hi."), {**USAGE, "usage": counted}, "[DONE]"))
    assert (await run(server))[1] == [Usage(0, 3)]


async def test_requests_at_the_same_time_each_leave_out_the_parameter_that_the_server_does_not_know() -> None:
    both = asyncio.Barrier(2)
    complains = refused(400, "unknown field stream_options")

    async def complain(request: web.Request) -> web.StreamResponse:
        await both.wait()
        return await complains(request)

    answers = streamed(piece("Hi."), "[DONE]")
    async with Server(complain, complain, answers, answers).generator() as generator:
        drafts = await asyncio.gather(drafts_from(generator), drafts_from(generator))
    assert ["".join(draft.text for draft in one) for one in drafts] == ["Hi.", "Hi."]


@pytest.mark.parametrize(("spared", "asked"), [("", 1), (NOBODY, 0)])
async def test_a_proxy_needs_no_scheme_and_an_address_without_one_may_name_its_port(
    monkeypatch: pytest.MonkeyPatch, spared: str, asked: int
) -> None:
    server = Server(*[streamed(piece("Hi."), "[DONE]")] * 2)
    async with server.generator() as beside:
        monkeypatch.setenv("http_proxy", beside._settings.base_url.partition("@")[2].removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", spared)
        generator = ChatGenerator(settings(f"http://{NOBODY}/v1"))
        if asked:
            await drafts_from(generator)
        else:
            with pytest.raises(GeneratorUnavailable):
                await drafts_from(generator)
        await generator.aclose()
    assert len(server.requests) == asked
