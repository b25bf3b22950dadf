"""No value that JSON can hold breaks the service: it is kept and found again, or refused at the door."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.app import create_app
from service.local_engine import LocalEngine
from tests.api.calling import calling_app, small_limits
from tests.fakes_core import LOCAL, FakeEmbedder, a_tokenizer, drain, opened, quick_folder
from tests.ingest.checking import assert_whole

ODD_SCALARS = [
    2**63,
    -(2**63) - 1,
    2**64,
    10**400,
    float("nan"),
    float("inf"),
    "half of a pair \ud83d",
    "nothing \0 follows",
    "x" * 1001,
    None,
    {"nested": 1},
    [1],
]
DATES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0099-01-01", "9999-12-31", "2024-13-45"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**62, 2**66)
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from([*ODD_SCALARS[:-2], *DATES])
)


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:  # type: ignore[override] # the real one, with words instead of a model
    with quick_folder() as folder:
        embedder = FakeEmbedder(a_tokenizer(folder / "tokenizer"))
        with opened(folder / "data", embedder) as opened_engine:
            yield opened_engine


@pytest.fixture(scope="module")
def app(engine: LocalEngine) -> FastAPI:
    return create_app(engine, small_limits())


async def post(app: FastAPI, path: str, content: str) -> httpx.Response:
    async with calling_app(app) as client:
        return await client.post(path, content=content, headers={"Content-Type": "application/json"})


async def search(app: FastAPI, body: object) -> httpx.Response:
    return await post(app, "/search", json.dumps(body))


async def upload(app: FastAPI, metadata: str, source: str = "a.md") -> httpx.Response:
    async with calling_app(app) as client:
        form = {"metadata": metadata, "source": source}
        return await client.post("/documents", files={"file": ("a.md", "Clean it weekly.")}, data=form)


@pytest.mark.parametrize("value", ODD_SCALARS, ids=lambda value: repr(value)[:20])
async def test_metadata_that_no_store_can_hold_is_refused_with_its_upload(
    app: FastAPI, value: object
) -> None:
    response = await upload(app, json.dumps({"odd": value}))
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert "odd" in response.json()["detail"] or "JSON" in response.json()["detail"]


@pytest.mark.parametrize("value", ODD_SCALARS[:-2], ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("form", ["value", "list", "range"])
async def test_a_filter_that_no_store_can_hold_is_refused(app: FastAPI, value: object, form: str) -> None:
    wanted = {"value": value, "list": [1, value], "range": {"gte": value}}[form]
    response = await search(app, {"query": "filter", "filters": {"metadata": {"odd": wanted}}})
    assert response.status_code == 422


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 1e308, 5e-324, "", "\x1b[0m", *DATES])
async def test_what_a_store_can_hold_is_kept_and_found_again(
    app: FastAPI, engine: LocalEngine, value: object
) -> None:
    source = f"{value!r}.md"
    response = await upload(app, json.dumps({"fits": value}), source)
    drain(engine)
    found = await search(app, {"query": "clean", "filters": {"metadata": {"fits": value}}})
    assert response.status_code == 202
    assert source in [hit["source"] for hit in found.json()["hits"]]
    assert_whole(engine)


@given(value=scalars)
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_scalar_in_a_filter_is_more_than_refused(app: FastAPI, value: object) -> None:
    ranged = {"gte": value} if value is not None else {"gte": 1}
    for metadata in ({"a": value}, {"a": [value]}, {"a": ranged}):
        response = await search(app, {"query": "clean", "filters": {"metadata": metadata}})
        assert response.status_code in (200, 422), response.text


@given(value=scalars)
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_scalar_in_metadata_is_more_than_refused(
    app: FastAPI, engine: LocalEngine, value: object
) -> None:
    response = await upload(app, json.dumps({"a": value}))
    drain(engine)
    assert response.status_code in (202, 422), response.text
    for job in response.json().get("jobs", ()):
        assert (await engine.job(LOCAL, job["job_id"])).state == "done"


@given(value=scalars)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/query", "query"),
        ("/search", "top_k"),
        ("/search", "filters"),
        ("/feedback", "query_id"),
        ("/feedback", "comment"),
        ("/v1/chat/completions", "messages"),
        ("/v1/chat/completions", "model"),
    ],
)
async def test_no_scalar_in_any_field_is_more_than_refused(
    app: FastAPI, path: str, field: str, value: object
) -> None:
    bodies = {
        "/query": {"query": "clean"},
        "/search": {"query": "clean"},
        "/feedback": {"query_id": "none", "rating": "up"},
        "/v1/chat/completions": {"model": "footnote", "messages": [{"role": "user", "content": "clean"}]},
    }
    response = await post(app, path, json.dumps({**bodies[path], field: value}))
    assert response.status_code in (200, 201, 404, 413, 422), response.text


@pytest.mark.parametrize("number", ["1" + "0" * 5000, "[" * 50_000])
async def test_json_that_python_cannot_read_is_refused_as_other_malformed_json_is(
    app: FastAPI, number: str
) -> None:
    response = await post(app, "/search", '{"query": ' + number)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


@pytest.mark.parametrize("field", ["source_prefix", "document_ids"])
@pytest.mark.parametrize("text", ["a\0b", "a\ud83d"])
async def test_no_filter_holds_a_text_that_no_store_can_hold(app: FastAPI, field: str, text: str) -> None:
    value = [text] if field == "document_ids" else text
    response = await search(app, {"query": "clean", "filters": {field: value}})
    assert response.status_code == 422


async def test_a_question_with_a_nul_is_refused(app: FastAPI) -> None:
    assert (await search(app, {"query": "clean\0"})).status_code == 422


async def test_a_list_in_a_filter_has_a_bounded_length(app: FastAPI) -> None:
    filters = {"metadata": {"a": list(range(1001))}}
    assert (await search(app, {"query": "clean", "filters": filters})).status_code == 422
