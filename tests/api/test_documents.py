from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest

from service.upkeep.receipts import verify
from tests.fakes import FakeEngine

ONE = {"file": ("guide.txt", "Clean the filter weekly.")}


async def upload(client: httpx.AsyncClient, **form: object) -> httpx.Response:
    return await client.post("/documents", files=ONE, data=form)


async def test_an_upload_is_accepted_before_it_is_read(client: httpx.AsyncClient) -> None:
    response = await upload(client)
    job = response.json()["jobs"][0]
    assert response.status_code == 202
    assert set(job) == {"job_id", "document_id", "source"}
    assert job["source"] == "guide.txt"


async def test_a_job_can_be_followed(client: httpx.AsyncClient) -> None:
    job = (await upload(client)).json()["jobs"][0]
    body = (await client.get(f"/jobs/{job['job_id']}")).json()
    assert (body["state"], body["progress"], body["error"]) == ("done", 1.0, None)
    assert (body["report"]["chunks"], body["report"]["unchanged"]) == (1, False)


async def test_several_files_become_several_jobs_in_order(client: httpx.AsyncClient) -> None:
    files = [("file", ("a.txt", "A")), ("file", ("b.txt", "B"))]
    response = await client.post("/documents", files=files, data={"source": ["x/a", "x/b"]})
    assert [job["source"] for job in response.json()["jobs"]] == ["x/a", "x/b"]


async def test_metadata_reaches_the_document(client: httpx.AsyncClient) -> None:
    metadata = {"year": 2024, "final": True, "owner": "Ada"}
    job = (await upload(client, metadata=json.dumps(metadata))).json()["jobs"][0]
    body = (await client.get(f"/documents/{job['document_id']}")).json()
    assert body["metadata"] == metadata
    assert body["metadata"]["final"] is True


@pytest.mark.parametrize("groups", ["sales", ["sales", "legal"], ""])
async def test_who_may_read_is_not_promised_where_readers_cannot_be_told_apart(
    client: httpx.AsyncClient, engine: FakeEngine, groups: object
) -> None:
    response = await upload(client, groups=groups)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert "API keys" in response.json()["detail"]
    assert engine.kept == {}


@pytest.mark.parametrize("field", ["metdata", "sources", "group", "filters"])
async def test_a_misspelt_form_field_is_refused_by_name(
    client: httpx.AsyncClient, engine: FakeEngine, field: str
) -> None:
    response = await upload(client, **{field: "x"})
    assert (response.status_code, engine.kept) == (422, {})
    assert field in response.json()["detail"]


async def test_the_description_of_an_upload_does_not_offer_groups(client: httpx.AsyncClient) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    form = next(schema for name, schema in schemas.items() if name.startswith("Body_upload"))
    assert set(form["properties"]) == {"file", "source", "metadata"}


async def test_more_files_than_an_upload_may_have_are_refused_with_the_setting(
    client: httpx.AsyncClient,
) -> None:
    files = [("file", (f"{number}.txt", "x")) for number in range(11)]
    response = await client.post("/documents", files=files)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert "api.max_upload_files" in response.json()["hint"]


@pytest.mark.parametrize(
    "form", [{"metadata": "x" * 70_000}, {"source": ["a"] * 50}], ids=["long field", "many fields"]
)
async def test_the_fields_beside_the_files_are_bounded(
    client: httpx.AsyncClient, form: dict[str, object]
) -> None:
    response = await upload(client, **form)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


async def test_metadata_that_is_left_out_stays(client: httpx.AsyncClient) -> None:
    await upload(client, metadata='{"year": 2024}')
    job = (await upload(client)).json()["jobs"][0]
    body = (await client.get(f"/documents/{job['document_id']}")).json()
    assert body["metadata"] == {"year": 2024}
    await upload(client, metadata="{}")
    body = (await client.get(f"/documents/{job['document_id']}")).json()
    assert body["metadata"] == {}


@pytest.mark.parametrize("metadata", ["[1]", '{"a": {"b": 1}}', '{"a": NaN}', "{", '{"a": null}'])
async def test_metadata_is_a_flat_object(client: httpx.AsyncClient, metadata: str) -> None:
    response = await upload(client, metadata=metadata)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert "metadata" in response.json()["detail"]


async def test_the_same_source_again_is_a_new_version(client: httpx.AsyncClient) -> None:
    first = (await upload(client)).json()["jobs"][0]
    second = (await upload(client)).json()["jobs"][0]
    assert first["document_id"] == second["document_id"]
    assert (await client.get(f"/documents/{first['document_id']}")).json()["version"] == 2


async def test_the_same_key_with_the_same_upload_gives_the_same_job(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = await client.post("/documents", files=ONE, headers=headers)
    second = await client.post("/documents", files=ONE, headers=headers)
    other = await client.post("/documents", files={"file": ("guide.txt", "New")}, headers=headers)
    assert first.json() == second.json()
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize("key", ["a b", "x" * 256, "k\tk"])
async def test_a_key_that_is_no_token_is_refused(client: httpx.AsyncClient, key: str) -> None:
    response = await client.post("/documents", files=ONE, headers={"Idempotency-Key": key})
    assert response.status_code == 422


async def test_a_name_typed_on_two_systems_is_one_document(client: httpx.AsyncClient) -> None:
    composed = (await upload(client, source="Pr\u00fcfung.txt")).json()["jobs"][0]
    decomposed = (await upload(client, source="Pru\u0308fung.txt")).json()["jobs"][0]
    assert composed["document_id"] == decomposed["document_id"]


@pytest.mark.parametrize("source", ["a\u0000b", "x" * 1001, " "])
async def test_a_source_is_fit_to_be_a_name(client: httpx.AsyncClient, source: str) -> None:
    assert (await upload(client, source=source)).status_code == 422


async def test_a_path_in_a_file_name_does_not_reach_the_file_name(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    await client.post("/documents", files={"file": ("..\\..\\etc/passwd", "x")})
    assert [kept.record.filename for kept in engine.kept.values()] == ["passwd"]


async def test_a_file_name_that_no_store_can_hold_is_refused_even_beside_a_source(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\x01b"\r\n\r\nx\r\n'
    source = b'--b\r\nContent-Disposition: form-data; name="source"\r\n\r\na\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = await client.post("/documents", content=part + source, headers=headers)
    assert (response.status_code, engine.kept) == (422, {})


async def test_sources_match_files(client: httpx.AsyncClient) -> None:
    response = await upload(client, source=["a", "b"])
    assert response.status_code == 422
    assert "1 files came with 2 sources" in response.json()["detail"]


async def test_two_files_of_one_upload_do_not_share_a_source(client: httpx.AsyncClient) -> None:
    files = [("file", ("a.txt", "A")), ("file", ("a.txt", "B"))]
    assert (await client.post("/documents", files=files)).status_code == 422


async def test_a_file_that_is_too_large_names_the_setting(client: httpx.AsyncClient) -> None:
    response = await client.post("/documents", files={"file": ("big.txt", b"x" * 50_001)})
    assert (response.status_code, response.json()["code"]) == (413, "limit_exceeded")
    assert "load.max_file_bytes" in response.json()["detail"]


async def test_an_upload_without_a_file_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/documents", data={"source": "a"})).status_code == 422


async def test_the_list_is_read_part_by_part(client: httpx.AsyncClient) -> None:
    for name in "abc":
        await client.post("/documents", files={"file": (name, name)})
    first = (await client.get("/documents", params={"limit": 2})).json()
    rest = (await client.get("/documents", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [document["source"] for document in first["documents"] + rest["documents"]] == ["a", "b", "c"]
    assert rest["next_cursor"] is None


async def test_the_list_leaves_receipts_out(client: httpx.AsyncClient, document_id: str) -> None:
    listed = (await client.get("/documents")).json()["documents"][0]
    single = (await client.get(f"/documents/{document_id}")).json()
    assert "receipt" not in listed
    assert single["receipt"] == {"parser": "fake"}


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=nonsense"])
async def test_a_page_that_was_not_offered_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/documents?{query}")).status_code == 422


async def test_documents_are_found_by_their_source_and_by_its_beginning(client: httpx.AsyncClient) -> None:
    for name in ("handbook/a%.md", "handbook/b.md", "notes/a.md"):
        await upload(client, source=name)

    async def found(**asked: str) -> list[str]:
        return [one["source"] for one in (await client.get("/documents", params=asked)).json()["documents"]]

    assert await found(source="handbook/b.md") == ["handbook/b.md"]
    assert await found(source="handbook/") == []
    assert await found(source_prefix="handbook/") == ["handbook/a%.md", "handbook/b.md"]
    assert await found(source_prefix="handbook/a%") == ["handbook/a%.md"]


async def test_jobs_are_listed_by_their_state(client: httpx.AsyncClient) -> None:
    await upload(client)
    listed = (await client.get("/jobs", params={"state": ["queued", "done"]})).json()
    assert [(job["source"], job["state"]) for job in listed["jobs"]] == [("guide.txt", "done")]
    assert listed["next_cursor"] is None
    assert (await client.get("/jobs", params={"state": "queued"})).json()["jobs"] == []
    assert (await client.get("/jobs", params={"state": "nonsense"})).status_code == 422


async def test_a_queued_job_can_be_taken_back_and_one_that_has_ended_not(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    job_id = (await upload(client)).json()["jobs"][0]["job_id"]
    refused = await client.delete(f"/jobs/{job_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    tenant, job = engine.jobs[job_id]
    engine.jobs[job_id] = (tenant, replace(job, state="queued"))
    assert (await client.delete(f"/jobs/{job_id}")).status_code == 204
    assert (await client.get(f"/jobs/{job_id}")).status_code == 404
    assert (await client.delete(f"/jobs/{job_id}")).status_code == 404


async def test_a_failed_job_can_be_queued_again_and_no_other(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    job_id = (await upload(client)).json()["jobs"][0]["job_id"]
    refused = await client.post(f"/jobs/{job_id}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    tenant, job = engine.jobs[job_id]
    engine.jobs[job_id] = (tenant, replace(job, state="failed"))
    assert [job["job_id"] for job in (await client.get("/jobs?state=failed")).json()["jobs"]] == [job_id]
    queued = await client.post(f"/jobs/{job_id}/retry")
    assert (queued.status_code, queued.json()["state"]) == (202, "queued")
    assert (await client.post("/jobs/none/retry")).status_code == 404


async def test_chunks_are_spans_of_the_text(client: httpx.AsyncClient, document_id: str) -> None:
    text = (await client.get(f"/documents/{document_id}/text")).json()["text"]
    chunks = (await client.get(f"/documents/{document_id}/chunks")).json()["chunks"]
    assert [chunk["text"] for chunk in chunks] == [text[chunk["start"] : chunk["end"]] for chunk in chunks]


async def test_the_text_of_another_version_is_not_found(client: httpx.AsyncClient, document_id: str) -> None:
    assert (await client.get(f"/documents/{document_id}/text?version=1")).json()["version"] == 1
    assert (await client.get(f"/documents/{document_id}/text?version=9")).status_code == 404


async def test_a_delete_proves_that_nothing_is_left(client: httpx.AsyncClient, document_id: str) -> None:
    receipt = (await client.delete(f"/documents/{document_id}")).json()
    assert receipt["removed"] == {"versions": 1, "chunks": 1}
    assert set(receipt["remaining"].values()) == {0}
    listed = (await client.get("/receipts")).json()
    assert (listed["receipts"], listed["next_cursor"]) == ([receipt["receipt"]], None)
    verify(receipt["receipt"], listed["public_key"])


@pytest.mark.parametrize("path", ["", "/text", "/chunks"])
async def test_a_deleted_document_is_not_found(
    client: httpx.AsyncClient, document_id: str, path: str
) -> None:
    await client.delete(f"/documents/{document_id}")
    response = await client.get(f"/documents/{document_id}{path}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_an_unknown_job_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/jobs/none")).status_code == 404


async def test_a_field_that_counts_once_is_refused_twice(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    response = await upload(client, metadata=["{}", '{"year": 2024}'])
    assert (response.status_code, engine.kept) == (422, {})
    assert "more than once" in response.json()["detail"]


async def test_a_part_that_is_no_file_is_refused_in_words_of_this_service(client: httpx.AsyncClient) -> None:
    response = await client.post("/documents", files={"file": (None, "Clean the filter weekly.")})
    assert response.status_code == 422
    assert response.json()["detail"] == "file: a part without a file name is no file."


async def test_a_form_that_cannot_be_read_is_not_blamed_on_the_number_of_its_files(
    client: httpx.AsyncClient,
) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    response = await client.post("/documents", content=b"x", headers=headers)
    assert (response.status_code, response.json()["hint"]) == (422, "")


@pytest.mark.parametrize(
    "path", ["/documents/a%00b", "/jobs/%00", "/documents?source_prefix=%00", "/documents?source=a%00"]
)
async def test_what_no_database_can_compare_is_refused_at_the_door(
    client: httpx.AsyncClient, path: str
) -> None:
    response = await client.get(path)
    assert response.status_code == 422
    assert "NUL" in response.json()["detail"]
