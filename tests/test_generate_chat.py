"""Chat generation: streaming, one deadline, one retry before the first token, and what errors become."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from service.errors import DeadlineExceeded, GeneratorUnavailable, Misconfigured
from service.generate.chat import ChatGenerator
from service.settings import GenerateSettings
from service.types import Draft, Usage
from tests.answering import a_context, a_question

SECRET = "sk-very-secret"
URL = "http://user:hidden@llm.test/v1"
Handler = Callable[[httpx2.Request], httpx2.Response]


class Server:
    """Answers each request with the next of its responses, and remembers what was asked."""

    def __init__(self, *responses: httpx2.Response | Exception) -> None:
        self.responses = list(responses)
        self.asked: list[dict[str, object]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(json.loads(request.content))
        response = self.responses.pop(0)
        if isinstance(response, Exception):
            raise response
        return response


class Body(httpx2.AsyncByteStream):
    """Server-sent events, one at a time; None waits for ever, an exception breaks the connection."""

    def __init__(self, events: Sequence[object]) -> None:
        self.events = events
        self.is_read_to_the_end = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            if event is None:
                await asyncio.Event().wait()
            yield f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
        self.is_read_to_the_end = True


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


def streamed(*events: object) -> httpx2.Response:
    return streaming(Body([*events]))


def streaming(body: Body) -> httpx2.Response:
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=body)


def refused(status: int, message: str = "no") -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"message": f"{message} {SECRET}", "type": "x"}})


async def drafts_of(server: Server, deadline_s: float = 5) -> list[Draft]:
    settings = GenerateSettings(base_url=URL, api_key=SecretStr(SECRET), model="m", deadline_s=deadline_s)
    generator = ChatGenerator(settings, httpx2.MockTransport(server))
    try:
        return [
            draft
            async for draft in generator.generate(a_question("How long?"), a_context("It lasts 24 months."))
        ]
    finally:
        await generator.aclose()


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
    server = Server(httpx2.ConnectError("refused"), httpx2.ConnectError("refused"))
    with pytest.raises(GeneratorUnavailable, match=r"http://llm\.test/v1") as caught:
        await run(server)
    assert len(server.asked) == 2
    assert "hidden" not in str(caught.value)


async def test_a_failure_after_the_first_token_is_never_repeated() -> None:
    server = Server(streamed(piece("24 "), httpx2.ReadError("gone")))
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
    whole = httpx2.Response(200, json={"choices": [{"message": {"content": "24 months [1]."}}]})
    with pytest.raises(GeneratorUnavailable):
        await run(Server(whole, whole))


async def test_a_stream_is_read_to_its_end_so_that_its_connection_can_carry_the_next_one() -> None:
    body = Body([piece("Hi."), "[DONE]"])
    await run(Server(streaming(body)))
    assert body.is_read_to_the_end


@pytest.mark.parametrize("end", [None, httpx2.ReadError("gone")])
async def test_what_comes_of_a_stream_after_its_end_changes_nothing(end: object) -> None:
    assert (await run(Server(streamed(piece("Hi."), "[DONE]", end))))[0] == "Hi."


async def test_each_request_names_the_model_and_carries_the_key() -> None:
    requests: list[httpx2.Request] = []

    def serve(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return streamed(piece("Hi."), "[DONE]")

    settings = GenerateSettings(base_url="http://llm.test/v1/", api_key=SecretStr(SECRET), model="m")
    generator = ChatGenerator(settings, httpx2.MockTransport(serve))
    [draft async for draft in generator.generate(a_question("How long?"), a_context("24 months."))]
    await generator.aclose()
    (request,) = requests
    assert str(request.url) == "http://llm.test/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert json.loads(request.content)["model"] == "m"


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
