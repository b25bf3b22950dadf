from __future__ import annotations

import json
import logging
import re

import httpx
import pytest

from service import errors
from service.problem import Problem
from tests.api.calling import calling, small_limits
from tests.fakes import FakeEngine

QUESTION = {"query": "How long?"}
FIELDS = {"type", "title", "status", "detail", "code", "stage", "retryable", "hint", "request_id"}


def leaves(kind: type[errors.FootnoteError]) -> list[type[errors.FootnoteError]]:
    below = kind.__subclasses__()
    own = [kind] if kind.__module__ == errors.__name__ else []
    return own + [leaf for child in below for leaf in leaves(child)]


@pytest.mark.parametrize("kind", leaves(errors.FootnoteError), ids=lambda kind: kind.__name__)
async def test_every_error_of_ours_becomes_a_problem(
    kind: type[errors.FootnoteError], engine: FakeEngine, client: httpx.AsyncClient
) -> None:
    engine.failure = kind("It did not work.", hint="Try this.")
    response = await client.post("/query", json=QUESTION)
    problem = response.json()
    assert response.status_code == problem["status"] == kind.status
    assert response.headers["content-type"] == "application/problem+json"
    assert set(problem) == FIELDS
    assert (problem["code"], problem["stage"], problem["retryable"]) == (
        kind.code,
        kind.stage,
        kind.retryable,
    )
    assert (problem["detail"], problem["hint"]) == ("It did not work.", "Try this.")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/query", 405, "method_not_allowed"),
        ("POST", "/query", 422, "invalid_input"),
        ("GET", "/docs", 404, "not_found"),
    ],
)
async def test_refusals_of_the_framework_are_problems_too(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    response = await client.request(method, path)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert set(response.json()) >= FIELDS


async def test_a_method_that_is_not_allowed_comes_with_those_that_are(client: httpx.AsyncClient) -> None:
    assert (await client.put("/query")).headers["allow"] == "POST"
    assert (await client.put("/documents")).headers["allow"] == "GET, POST"
    assert (await client.put("/documents/1")).headers["allow"] == "DELETE, GET"


async def test_a_body_that_is_no_json_is_a_problem(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/query", content=b'{"query": ', headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert response.json()["detail"] == "body: the JSON ends or breaks at character 10"


async def test_a_misspelt_query_parameter_is_refused_by_name(client: httpx.AsyncClient) -> None:
    response = await client.get("/documents", params={"curser": "abc", "limit": 5})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert "curser" in response.json()["detail"]
    assert response.json()["hint"] == "It has cursor, limit, source, source_prefix."


async def test_an_id_longer_than_any_is_not_repeated(client: httpx.AsyncClient) -> None:
    response = await client.get(f"/documents/{'x' * 5000}")
    assert (response.status_code, len(response.content) < 1000) == (422, True)


async def test_a_form_of_another_site_cannot_pass_for_json(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "text/plain"}
    response = await client.post("/query", content=json.dumps(QUESTION), headers=headers)
    assert response.status_code == 422
    assert response.json()["detail"] == "body: this is no object of JSON"
    assert "Content-Type: application/json" in response.json()["hint"]


async def test_a_validation_problem_names_the_field_and_does_not_repeat_its_value(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post("/query", json={**QUESTION, "top_k": "sesame"})
    assert response.json()["errors"][0]["field"] == "top_k"
    assert "sesame" not in response.text


async def test_an_unforeseen_error_tells_the_caller_nothing_and_the_log_everything(
    engine: FakeEngine, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    engine.failure = RuntimeError("the password is sesame")
    response = await client.post("/query", json=QUESTION)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (500, "internal")
    assert "sesame" not in response.text
    logged = [record for record in caplog.records if record.exc_info]
    assert "sesame" in str(logged[0].exc_info)


@pytest.mark.parametrize("failure", [errors.Overloaded("Too much."), errors.StoreUnavailable("Gone.")])
async def test_what_may_succeed_later_says_when(
    engine: FakeEngine, client: httpx.AsyncClient, failure: Exception
) -> None:
    engine.failure = failure
    assert (await client.post("/query", json=QUESTION)).headers["retry-after"] == "1"


async def test_a_request_id_is_given_back_in_the_problem_and_the_header(client: httpx.AsyncClient) -> None:
    response = await client.get("/nowhere")
    assert response.headers["x-request-id"] == response.json()["request_id"] != ""


async def test_a_callers_request_id_is_kept_in_its_canonical_form(client: httpx.AsyncClient) -> None:
    identifier = "0B6E3A7C-5D1F-4A5F-9D3C-2B1A0F9E8D7C"
    response = await client.get("/nowhere", headers={"X-Request-ID": identifier})
    assert response.json()["request_id"] == identifier.lower().replace("-", "")


async def test_a_callers_nonsense_is_no_request_id(client: httpx.AsyncClient) -> None:
    response = await client.get("/nowhere", headers={"X-Request-ID": "<script>"})
    assert "script" not in response.headers["x-request-id"]


async def test_every_problem_field_is_described(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    assert set(described["components"]["schemas"]["Problem"]["properties"]) == set(Problem.model_fields)
    for status in ("422", "4XX", "5XX"):
        content = described["paths"]["/query"]["post"]["responses"][status]["content"]
        body = {"schema": {"$ref": "#/components/schemas/Problem"}}
        assert content == {"application/problem+json": body}


async def test_every_body_that_the_description_names_is_in_it(client: httpx.AsyncClient) -> None:
    text = (await client.get("/openapi.json")).text
    named = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert named == set(json.loads(text)["components"]["schemas"])
    assert named >= {"RetrievalEvent", "SentenceEvent", "Problem"}


async def test_the_events_of_a_stream_are_described(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    stream = described["paths"]["/query"]["post"]["responses"]["200"]["content"]["text/event-stream"]
    events = [one["properties"]["event"]["const"] for one in stream["itemSchema"]["oneOf"]]
    assert events == ["retrieval", "sentence", "done", "error"]


async def test_a_request_leaves_one_log_line_without_its_content(
    engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with calling(engine, small_limits()) as client:
            await client.get("/documents/secret-name/chunks?cursor=secret")
    lines = [record for record in caplog.records if record.name == "footnote.access"]
    assert [(line.route, line.status) for line in lines] == [("/documents/{document_id}/chunks", 404)]  # type: ignore[attr-defined]
    assert "secret" not in str([vars(line) for line in lines])
