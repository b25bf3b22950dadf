from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from service.types import ABSTENTION
from tests.api.calling import WARRANTY, serving, small_limits
from tests.fakes import FakeEngine

CHAT = {"model": "footnote", "messages": [{"role": "user", "content": "How long is the warranty?"}]}
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


async def test_openais_own_client_reads_the_stream(engine: FakeEngine, document_id: str) -> None:
    import openai

    async with (
        serving(engine, small_limits()) as served,
        openai.AsyncOpenAI(base_url=f"{served.address}/v1", api_key="unused") as caller,
    ):
        stream = await caller.chat.completions.create(**CHAT, stream=True)
        content = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        with pytest.raises(openai.NotFoundError) as refused:
            await caller.chat.completions.create(**{**CHAT, "model": "gpt-9"})
    assert content == MESSAGE
    assert refused.value.code == "not_found"


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
    await client.post("/v1/chat/completions", json={**CHAT, "messages": messages})
    assert [query.text for query in engine.queries] == ["And the\nfilter?"]


async def test_settings_of_a_language_model_are_let_pass(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/chat/completions", json={**CHAT, "temperature": 0.7, "user": "u"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 2},
        {"tools": [{"type": "function"}]},
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
