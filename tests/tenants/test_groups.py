"""Documents that only some may read: given by who may, taken away at once, never by who may not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.access import Access
from service.app import create_app
from service.local_engine import LocalEngine
from service.tenancy import Quotas
from tests.api.calling import calling_app
from tests.fakes_core import FakeEmbedder, a_tokenizer, drain, opened, quick_folder
from tests.tenants.keyed import Keyed, server_settings

TEXT = "The warranty of every pump lasts for twenty four months from delivery."


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture
def embedder(folder: Path) -> FakeEmbedder:
    return FakeEmbedder(a_tokenizer(folder / "tokenizer"))


@pytest.fixture
def engine(folder: Path, embedder: FakeEmbedder) -> Iterator[LocalEngine]:
    with opened(folder / "data", embedder) as engine:
        yield engine


@pytest.fixture
async def keyed(engine: LocalEngine) -> AsyncIterator[Keyed]:
    """Keys before the real engine."""
    settings = server_settings()
    access = Access.of(settings, engine.database)
    for tenant in ("acme", "globex"):
        access.tenants.create(tenant)
    app = create_app(engine, settings, access=access)
    async with calling_app(app) as client:
        yield Keyed(app, access, engine, client)  # type: ignore[arg-type] # the real engine, for once


async def upload(
    keyed: Keyed, secret: str, *groups: str, source: str = "manual.md", text: str = TEXT
) -> httpx.Response:
    data: dict[str, Any] = {"groups": list(groups)} if groups else {}
    files = {"file": (source, text.encode())}
    response = await keyed.call("POST", "/documents", secret, files=files, data=data)
    await asyncio.to_thread(drain, keyed.engine)
    return response


async def finds(keyed: Keyed, secret: str) -> bool:
    response = await keyed.call("POST", "/search", secret, json={"query": "warranty of the pump"})
    return bool(response.json()["hits"])


async def test_a_document_is_read_by_its_groups_and_by_administrators_alone(keyed: Keyed) -> None:
    assert (await upload(keyed, keyed.key("editor", "sales"), "sales")).status_code == 202
    for secret, may in (
        (keyed.key("reader", "sales"), True),
        (keyed.key("reader", "legal", "sales"), True),
        (keyed.key("admin"), True),
        (keyed.key("reader", "*"), True),
        (keyed.key("reader"), False),
        (keyed.key("reader", "legal"), False),
        (keyed.key("editor", "Sales"), False),
        (keyed.key("admin", tenant="globex"), False),
    ):
        assert await finds(keyed, secret) == may


async def test_a_document_without_groups_is_read_by_its_whole_tenant(keyed: Keyed) -> None:
    await upload(keyed, keyed.key("editor", "sales"))
    assert await finds(keyed, keyed.key("reader"))
    assert not await finds(keyed, keyed.key("reader", "sales", tenant="globex"))


async def test_who_takes_a_group_away_takes_it_at_once_and_nothing_is_embedded_again(
    keyed: Keyed, embedder: FakeEmbedder
) -> None:
    admin, sales = keyed.key("admin"), keyed.key("reader", "sales")
    await upload(keyed, admin, "sales", "legal")
    assert await finds(keyed, sales)
    embedder.passages.clear()
    await upload(keyed, admin, "legal")
    assert not await finds(keyed, sales)
    assert embedder.passages == []


async def test_one_empty_group_opens_a_document_to_its_tenant_again(keyed: Keyed) -> None:
    await upload(keyed, keyed.key("admin"), "legal")
    await upload(keyed, keyed.key("admin"), "")
    assert await finds(keyed, keyed.key("reader"))


async def test_an_upload_without_groups_leaves_those_that_are(keyed: Keyed) -> None:
    await upload(keyed, keyed.key("admin"), "legal")
    await upload(keyed, keyed.key("admin"), text=f"{TEXT} And more.")
    assert not await finds(keyed, keyed.key("reader"))


async def test_an_editor_gives_documents_to_groups_of_its_own_alone(keyed: Keyed) -> None:
    refused = await upload(keyed, keyed.key("editor", "sales"), "sales", "legal")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "'legal'" in refused.json()["detail"]
    assert (await upload(keyed, keyed.key("admin"), "legal")).status_code == 202


async def test_an_editor_can_neither_replace_nor_delete_what_it_may_not_read(keyed: Keyed) -> None:
    document = (await upload(keyed, keyed.key("admin"), "legal")).json()["jobs"][0]["document_id"]
    sales = keyed.key("editor", "sales")
    assert (await upload(keyed, sales, text="Forged.")).status_code == 403
    assert (await upload(keyed, sales, "")).status_code == 403
    assert (await keyed.call("DELETE", f"/documents/{document}", sales)).status_code == 404
    assert await finds(keyed, keyed.key("reader", "legal"))


async def test_an_editor_learns_of_no_upload_that_it_may_not_read(keyed: Keyed) -> None:
    admin, sales = keyed.key("admin"), keyed.key("editor", "sales")
    job = (await upload(keyed, admin, "legal")).json()["jobs"][0]["job_id"]
    later = (await upload(keyed, admin)).json()["jobs"][0]["job_id"]
    for job_id in (job, later):
        for method in ("GET", "DELETE"):
            assert (await keyed.call(method, f"/jobs/{job_id}", sales)).status_code == 404
    assert (await keyed.call("GET", "/jobs", sales)).json() == {"jobs": [], "next_cursor": None}
    assert len((await keyed.call("GET", "/jobs", admin)).json()["jobs"]) == 2


async def test_jobs_are_listed_a_part_at_a_time_whoever_else_has_some(keyed: Keyed) -> None:
    admin, sales = keyed.key("admin"), keyed.key("editor", "sales")
    for n in range(6):
        await upload(keyed, admin, "legal" if n % 3 else "sales", source=f"{n}.md")
    first = (await keyed.call("GET", "/jobs?limit=1", sales)).json()
    second = (await keyed.call("GET", f"/jobs?limit=1&cursor={first['next_cursor']}", sales)).json()
    assert [job["source"] for job in (*first["jobs"], *second["jobs"])] == ["0.md", "3.md"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("group", ["*", "+everyone", "a\x07b", "x" * 101])
async def test_what_is_no_group_s_name_is_refused(keyed: Keyed, group: str) -> None:
    assert (await upload(keyed, keyed.key("admin"), group)).status_code == 422


async def test_an_answer_is_judged_by_its_tenant_alone(keyed: Keyed) -> None:
    await upload(keyed, keyed.key("admin"))
    answer = await keyed.call(
        "POST", "/query", keyed.key("reader"), json={"query": "How long is the warranty?"}
    )
    judged = {"query_id": answer.json()["id"], "rating": "up"}
    assert (await keyed.call("POST", "/feedback", keyed.key("reader"), json=judged)).status_code == 201
    other = keyed.key("admin", tenant="globex")
    assert (await keyed.call("POST", "/feedback", other, json=judged)).status_code == 404


async def test_an_upload_beyond_a_quota_is_refused_and_leaves_nothing(
    keyed: Keyed, engine: LocalEngine
) -> None:
    keyed.access.tenants.set_quotas("acme", Quotas(documents=1))
    assert (await upload(keyed, keyed.key("editor"))).status_code == 202
    refused = await upload(keyed, keyed.key("editor"), source="two.md", text="Another one.")
    assert (refused.status_code, refused.json()["code"]) == (409, "quota_exceeded")
    files = [path for path in (engine.settings.data_dir / "files").rglob("*") if path.is_file()]
    assert len(files) == 1
