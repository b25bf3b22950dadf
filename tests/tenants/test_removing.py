"""A tenant goes with all that is its, document by document, and is taken up again after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.access import TenantRemoval
from service.blobs import blob_key
from service.catalogue import Documents, Keys, Tenants
from service.errors import StoreUnavailable
from service.local_engine import LocalEngine
from service.tenancy import BY_OPERATOR, NewKey
from service.types import EVERY_GROUP, Query, Scope
from tests.fakes_core import FakeEmbedder, a_tokenizer, ingested, opened, put, quick_folder, sections

ACME, GLOBEX = (Scope(tenant, frozenset({EVERY_GROUP})) for tenant in ("acme", "globex"))
TEXT = sections(Warranty="The warranty of every pump lasts for twenty four months from delivery.")


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture
def engine(folder: Path) -> Iterator[LocalEngine]:
    with opened(folder / "data", FakeEmbedder(a_tokenizer(folder / "tokenizer"))) as engine:
        yield engine


@pytest.fixture
def tenants(engine: LocalEngine) -> Tenants:
    """Two, each with documents; one that waits to be read in."""
    tenants = Tenants(engine.database)
    for scope in (ACME, GLOBEX):
        tenants.create(scope.tenant)
        ingested(engine, "one.md", TEXT, scope=scope, groups=("legal",))
        ingested(engine, "two.md", TEXT, scope=scope)
    put(engine, "three.md", TEXT, scope=ACME)
    Keys(engine.database).create("acme", NewKey("ci", "reader"), BY_OPERATOR)
    asyncio.run(engine.answer(ACME, Query("How long is the warranty?")))
    engine.keeper.flush()
    return tenants


def places(engine: LocalEngine, scope: Scope) -> dict[str, int]:
    """What there is of a tenant outside the tenant's own tables."""
    files = engine.settings.data_dir / "files" / blob_key(scope, "0" * 64).split("/")[0]
    return {
        "vectors": engine.index.vectors.count(scope),
        "token_vectors": engine.index.tokens.count(scope),
        "documents": len(asyncio.run(engine.documents(scope, None, 100)).items),
        "jobs": len(asyncio.run(engine.find_jobs(scope, (), None, 100)).items),
        "files": sum(path.is_file() for path in files.rglob("*")),
    }


def test_everything_of_a_tenant_goes_and_nothing_of_another(engine: LocalEngine, tenants: Tenants) -> None:
    others = places(engine, GLOBEX)
    assert (places(engine, ACME)["jobs"], places(engine, ACME)["files"]) == (3, 1)
    tenants.begin_delete("acme")
    TenantRemoval(tenants, engine.delete, key_cache_s=0).remove_all()
    assert set(places(engine, ACME).values()) == {0}
    assert places(engine, GLOBEX) == others
    assert [tenant.name for tenant in tenants.all()] == ["globex"]


def test_nothing_goes_while_a_process_may_still_know_its_keys(engine: LocalEngine, tenants: Tenants) -> None:
    before = places(engine, ACME)
    tenants.begin_delete("acme")
    TenantRemoval(tenants, engine.delete, key_cache_s=60).remove_all()
    assert places(engine, ACME) == before


def test_a_removal_that_was_cut_off_goes_on(engine: LocalEngine, tenants: Tenants) -> None:
    tenants.begin_delete("acme")
    calls = 0

    async def breaks_down(scope: Scope, document_id: str) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreUnavailable("the store does not answer")
        return await engine.delete(scope, document_id)

    with pytest.raises(StoreUnavailable):
        TenantRemoval(tenants, breaks_down, key_cache_s=0).remove_all()
    assert tenants.get("acme").deleting
    TenantRemoval(tenants, engine.delete, key_cache_s=0).remove_all()
    assert set(places(engine, ACME).values()) == {0}
    assert tenants.leaving(0) == []


def test_a_tenant_is_not_gone_before_each_delete_of_its_documents_is_proved(
    engine: LocalEngine, tenants: Tenants
) -> None:
    tenants.begin_delete("acme")
    for document_id in tenants.documents_of("acme"):  # another process is at the vectors
        Documents(engine.database, keep_versions=1).delete(ACME, document_id)
    removal = TenantRemoval(tenants, engine.delete, key_cache_s=0)
    removal.remove_all()
    assert tenants.get("acme").deleting
    engine.maintenance.complete_deletes()
    removal.remove_all()
    assert (tenants.leaving(0), set(places(engine, ACME).values())) == ([], {0})


def test_a_tenant_that_nobody_deletes_stays(engine: LocalEngine, tenants: Tenants) -> None:
    before = places(engine, ACME)
    TenantRemoval(tenants, engine.delete, key_cache_s=0).remove_all()
    assert places(engine, ACME) == before
