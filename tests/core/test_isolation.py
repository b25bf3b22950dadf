"""A tenant gets a collection of its own and goes back, while it is served: nobody notices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.catalogue import Indexes, Placements, Tenants, document_id
from service.errors import Conflict, StoreUnavailable
from service.local_engine import LocalEngine
from service.records import DeletionReceipt
from service.reindexing import build, held_up, reindex_to, switching
from service.reindexing.holding import ALONE
from service.reindexing.moving import TenantMoves
from service.settings import Settings
from service.store.index import StoredChunks
from service.store.server_moving import MovableStore
from service.store.server_places import own_collection
from service.tenancy import Isolation
from service.types import Scope
from service.upkeep.deletion import Deletion
from tests.core.test_reindexing import NEWER, TEXT, asking
from tests.fakes_core import LOCAL, FakeEmbedder, drain, ingested, opened, put
from tests.ingest.checking import assert_whole, found, sources
from tests.leading import moves_of, removal_of, removal_of_tenants, store_of
from tests.qdrant_server import connected

OTHER = Scope("other")
MANUAL = document_id(LOCAL, "manual.md")
PUMP = "warranty of a pump"


@pytest.fixture(autouse=True)
def _the_leader_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moves go on when a test says so, and not beside it."""
    monkeypatch.setattr("service.reindexing.moving.LOOK_EVERY_S", 86_400.0)


@pytest.fixture
def engine(folder: Path, embedder: FakeEmbedder, services: dict[str, Any]) -> Iterator[LocalEngine]:
    """One of another tenant's documents is there as well."""
    with opened(folder / "data", embedder, **services) as engine:
        Tenants(engine.database).create(LOCAL.tenant)
        ingested(engine, "theirs.md", TEXT, scope=OTHER)
        yield engine


@pytest.fixture
def second(engine: LocalEngine, folder: Path, embedder: FakeEmbedder) -> Iterator[LocalEngine]:
    """Another process."""
    sections = {name: getattr(engine.settings, name) for name in ("mode", "catalogue", "store", "redis")}
    with opened(folder / "data", embedder, **sections, receipts=engine.settings.receipts) as second:
        yield second


def ask_for(engine: LocalEngine, isolation: Isolation) -> None:
    Placements(engine.database).ask_for(LOCAL.tenant, isolation)


def move(engine: LocalEngine, isolation: Isolation) -> None:
    ask_for(engine, isolation)
    moves_of(engine).look()


def chunks_in(engine: LocalEngine) -> tuple[int, int]:
    """How many chunks of the tenant lie among the others', and how many in a collection of its own."""
    shared, own = (store_of(engine).at(LOCAL.tenant, place) for place in ("shared", "dedicated"))
    return shared.count(LOCAL), own.count(LOCAL) if own.exists() else 0


def own_ones(engine: LocalEngine) -> int:
    """How many collections of single tenants the server holds."""
    server = engine.settings.store.server
    with closing(connected(server)) as client:
        names = [one.name for one in client.get_collections().collections]
    return sum(name.startswith(f"{server.alias}-") and "-of-" in name for name in names)


# --- there and back ----------------------------------------------------------------------------


def test_a_tenant_moves_to_a_collection_of_its_own_and_back_and_nothing_is_embedded_again(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    ingested(engine, "manual.md", TEXT)
    before, answers = len(embedder.passages), found(engine, PUMP)
    move(engine, "dedicated")
    assert (chunks_in(engine), own_ones(engine)) == ((0, 2), 1)
    assert found(engine, PUMP) == answers
    assert_whole(engine)
    move(engine, "shared")
    assert (chunks_in(engine), own_ones(engine)) == ((2, 0), 0)
    assert found(engine, PUMP) == answers
    assert_whole(engine)
    assert len(embedder.passages) == before
    assert sources(engine, PUMP, OTHER) == {"theirs.md"}


def test_no_question_fails_or_misses_a_chunk_while_a_tenant_moves_there_and_back(
    engine: LocalEngine, second: LocalEngine
) -> None:
    for n in range(6):
        ingested(engine, f"{n}.md", TEXT)
    with asking(second, PUMP) as asked:
        for _ in range(2):
            move(engine, "dedicated")
            move(engine, "shared")
        asked.append(found(second, PUMP))
    assert {len(texts) for texts in asked} == {12}


@pytest.mark.parametrize("there", ["dedicated", "shared"])
def test_what_changes_while_a_tenant_moves_is_as_it_was_left(
    engine: LocalEngine, second: LocalEngine, monkeypatch: pytest.MonkeyPatch, there: Isolation
) -> None:
    for source in ("changed.md", "gone.md", "labelled.md", "same.md"):
        ingested(engine, source, TEXT, groups=("sales",))
    if there == "shared":
        move(engine, "dedicated")
    receipts: list[DeletionReceipt] = []
    differing = TenantMoves._differing

    def then(*arguments: Any) -> Any:
        found_now = differing(*arguments)
        if not receipts:  # between the comparison and the copies
            ingested(second, "changed.md", NEWER)
            ingested(second, "new.md", TEXT, groups=("sales",))
            receipts.append(asyncio.run(second.delete(LOCAL, document_id(LOCAL, "gone.md"))))
            ingested(second, "labelled.md", TEXT, groups=("support",))
        return found_now

    monkeypatch.setattr(TenantMoves, "_differing", then)
    move(engine, there)
    assert chunks_in(engine) == ((0, 8) if there == "dedicated" else (8, 0))
    assert_whole(second)
    sales, support = (Scope(LOCAL.tenant, frozenset({group})) for group in ("sales", "support"))
    assert sources(engine, "warranty", sales) == {"changed.md", "new.md", "same.md"}
    assert sources(second, "warranty", support) == {"labelled.md"}
    assert [text for text in found(second, "warranty", sales) if "weeks" in text]
    (receipt,) = receipts
    assert set(receipt.remaining.values()) == {0}


def test_a_delete_while_both_places_are_written_removes_and_counts_in_both(
    engine: LocalEngine, second: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(engine, "manual.md", TEXT)
    monkeypatch.setattr(Placements, "switch", cut_off)
    with pytest.raises(KeyboardInterrupt):
        move(engine, "dedicated")
    assert chunks_in(engine) == (2, 2)
    receipt = asyncio.run(second.delete(LOCAL, MANUAL))
    assert (receipt.removed["vectors"], set(receipt.remaining.values())) == (4, {0})
    assert chunks_in(engine) == (0, 0)
    assert engine.index.chunk_ids(LOCAL, MANUAL) == StoredChunks()


# --- cut off, changed, late ----------------------------------------------------------------------


def cut_off(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("there", ["dedicated", "shared"])
@pytest.mark.parametrize(
    "boundary",
    [
        (Placements, "begin"),
        (MovableStore, "take_over"),
        (Placements, "switch"),
        (TenantMoves, "_empty"),
        (Placements, "finish"),
    ],
    ids=lambda one: one[1],
)
def test_a_move_that_was_cut_off_anywhere_is_served_and_taken_up_by_the_next_look(
    engine: LocalEngine,
    second: LocalEngine,
    monkeypatch: pytest.MonkeyPatch,
    boundary: tuple[type, str],
    there: Isolation,
) -> None:
    ingested(engine, "manual.md", TEXT)
    if there == "shared":
        move(engine, "dedicated")
    with monkeypatch.context() as patched:
        patched.setattr(*boundary, cut_off)
        with pytest.raises(KeyboardInterrupt):
            move(engine, there)
    assert sources(second, "warranty") == {"manual.md"}
    ingested(second, "more.md", NEWER)
    ingested(second, "manual.md", NEWER)
    moves_of(second).look()
    assert chunks_in(second) == ((0, 4) if there == "dedicated" else (4, 0))
    assert own_ones(second) == (there == "dedicated")
    assert_whole(second)
    assert sources(engine, "warranty") == {"manual.md", "more.md"}


def test_a_move_that_is_not_wanted_any_more_leaves_everything_where_it_was(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(engine, "manual.md", TEXT)
    with monkeypatch.context() as patched:
        patched.setattr(Placements, "switch", cut_off)
        with pytest.raises(KeyboardInterrupt):
            move(engine, "dedicated")
    move(engine, "shared")
    assert (chunks_in(engine), own_ones(engine)) == ((2, 0), 0)
    assert Placements(engine.database).moving() == []


def test_a_search_that_began_before_the_switch_is_done_again_where_the_tenant_lives_now(
    engine: LocalEngine, second: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(engine, "manual.md", TEXT)
    assert found(second, PUMP)  # it knows where the tenant lives
    search = MovableStore.search

    def slow(store: MovableStore, *arguments: Any) -> Any:
        monkeypatch.setattr(MovableStore, "search", search)
        move(engine, "dedicated")
        return search(store, *arguments)

    monkeypatch.setattr(MovableStore, "search", slow)
    assert len(found(second, PUMP)) == 2


def test_what_a_late_writer_puts_where_the_tenant_lives_no_more_is_put_right_by_himself(
    engine: LocalEngine, second: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = MovableStore.stage

    def slow(store: MovableStore, *arguments: Any) -> None:
        monkeypatch.setattr(MovableStore, "stage", stage)
        move(engine, "dedicated")
        stage(store, *arguments)

    put(second, "manual.md", TEXT)
    monkeypatch.setattr(MovableStore, "stage", slow)
    drain(second)
    assert chunks_in(engine) == (0, 2)
    assert_whole(second)


def test_what_was_left_among_the_others_by_a_writer_who_died_is_removed(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    ingested(engine, "manual.md", TEXT)
    move(engine, "dedicated")
    shared, own = (store_of(engine).at(LOCAL.tenant, place) for place in ("shared", "dedicated"))
    shared.take_over(LOCAL, MANUAL, own)
    moves_of(engine).look()
    assert chunks_in(engine) == (0, 2)


def test_a_copy_that_is_not_complete_is_not_put_in_force(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(engine, "manual.md", TEXT)
    with monkeypatch.context() as patched:
        patched.setattr(MovableStore, "take_over", lambda *_: None)
        with pytest.raises(StoreUnavailable, match="not complete"):
            move(engine, "dedicated")
    assert Placements(engine.database).look(LOCAL.tenant).home == "shared"
    moves_of(engine).look()
    assert chunks_in(engine) == (0, 2)


# --- with other things ---------------------------------------------------------------------------


def test_a_tenant_with_a_collection_of_its_own_has_one_in_another_models_index_too(
    engine: LocalEngine, folder: Path, embedder: FakeEmbedder, services: dict[str, Any]
) -> None:
    other = replace(embedder, fingerprint="words-2", dimension=128, passages=[], name="other words")
    ingested(engine, "manual.md", TEXT)
    move(engine, "dedicated")
    settings = Settings(data_dir=folder / "data", **services)
    assert reindex_to(settings, lambda _: other).chunks == 4
    with opened(folder / "data", other, **services) as second:
        assert (chunks_in(second), own_ones(second)) == ((0, 2), 2)
        ask_for(second, "shared")
        moves_of(second).look()  # it waits: the first process still reads where the tenant lived
        assert chunks_in(second) == (0, 2)
        receipt = asyncio.run(engine.delete(LOCAL, MANUAL))
        assert (receipt.removed["vectors"], set(receipt.remaining.values())) == (4, {0})
        assert sources(second, PUMP, OTHER) == {"theirs.md"}


def test_a_reindex_does_not_begin_while_a_tenant_is_on_its_way(
    engine: LocalEngine, folder: Path, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = engine.settings
    monkeypatch.setattr(switching, "ALONE_WITHIN_S", 0)
    with removal_of(engine).footing.alone_with(ALONE), pytest.raises(Conflict, match="move"):
        reindex_to(settings, lambda _: embedder)
    monkeypatch.setattr(TenantMoves, "_fill", cut_off)
    with pytest.raises(KeyboardInterrupt):
        move(engine, "dedicated")
    with pytest.raises(Conflict, match="being moved"):
        reindex_to(settings, lambda _: embedder)


def test_a_tenants_own_collection_goes_with_the_tenant(engine: LocalEngine) -> None:
    tenants = Tenants(engine.database)
    move(engine, "dedicated")
    assert own_ones(engine) == 1
    tenants.begin_delete(LOCAL.tenant)
    assert tenants.finish_delete(LOCAL.tenant)
    moves_of(engine).look()
    assert own_ones(engine) == 0


def test_of_two_that_believe_they_lead_one_takes_a_tenant_away(
    engine: LocalEngine, second: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in ("a.md", "b.md"):
        ingested(engine, source, TEXT)
    Tenants(engine.database).begin_delete(LOCAL.tenant)
    seen: list[int] = []
    delete = Deletion.delete

    def meanwhile(deletion: Deletion, *arguments: Any) -> DeletionReceipt:
        if deletion is second.deletion:
            raise AssertionError("it deletes beside the first one")
        removal_of_tenants(second).remove_all()
        seen.append(store_of(second).count(LOCAL))
        return delete(deletion, *arguments)

    monkeypatch.setattr(Deletion, "delete", meanwhile)
    removal_of_tenants(engine).remove_all()
    assert seen == [4, 2]
    assert LOCAL.tenant not in [one.name for one in Tenants(second.database).all()]


def test_fsck_finds_what_a_tenants_own_collection_has_lost(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    move(engine, "dedicated")
    assert engine.fsck.run() == ()
    store_of(engine).at(LOCAL.tenant, "dedicated").remove_tenant(LOCAL)
    (finding,) = engine.fsck.run(repair=True)
    assert finding.kind == "chunks_without_vectors"
    drain(engine)
    assert chunks_in(engine) == (0, 2)
    assert_whole(engine)


def test_a_start_makes_a_tenants_own_collection_anew_that_the_server_has_lost(
    engine: LocalEngine, folder: Path, embedder: FakeEmbedder, services: dict[str, Any]
) -> None:
    move(engine, "dedicated")
    store = store_of(engine)
    store.remove_own(LOCAL.tenant)
    with opened(folder / "data", embedder, **services) as second:
        ingested(second, "manual.md", TEXT)
        assert chunks_in(second) == (0, 2)


def test_the_name_of_a_collection_tells_nobody_the_tenants(engine: LocalEngine) -> None:
    name = own_collection(engine.settings.store.server, "index", "Müller & Söhne / 2024")
    assert name.isascii()
    assert "ller" not in name
    assert len(name) < 255


@pytest.fixture
def url(services: dict[str, Any]) -> str:
    return str(services["catalogue"].url.get_secret_value())


@pytest.fixture
def half_built(engine: LocalEngine, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch) -> FakeEmbedder:
    """The model of an index whose reindex was killed."""
    other = replace(embedder, fingerprint="words-2", dimension=128, passages=[], name="other words")
    with monkeypatch.context() as patched:
        patched.setattr(build.Build, "catch_up", cut_off)
        with pytest.raises(KeyboardInterrupt):
            reindex_to(engine.settings, lambda _: other)
    ask_for(engine, "dedicated")
    return other


def test_a_reindex_that_was_cut_off_and_holds_up_moves_is_told_of(
    engine: LocalEngine, half_built: FakeEmbedder, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    looks = moves_of(engine)
    looks.look()
    looks.look()
    assert [record.message for record in caplog.records].count(held_up(engine.database, url)) == 1
    assert "`footnote reindex --to` goes on" in held_up(engine.database, url)
    said = {one.component: one for one in asyncio.run(engine.readiness())}["index"]
    assert said.ready
    assert "cut off" in said.detail


def test_a_reindex_that_runs_is_not_said_to_be_cut_off(
    engine: LocalEngine, half_built: FakeEmbedder, url: str
) -> None:
    with removal_of(engine).footing.alone_with(ALONE):
        assert "has ended" in held_up(engine.database, url)


def test_a_reindex_to_the_model_in_force_gives_up_one_that_was_cut_off(
    engine: LocalEngine, half_built: FakeEmbedder, embedder: FakeEmbedder, url: str
) -> None:
    reindex_to(engine.settings, lambda _: embedder)
    assert Indexes(engine.database).names().building == held_up(engine.database, url) == ""
    moves_of(engine).look()
    assert Placements(engine.database).look(LOCAL.tenant).home == "dedicated"


def test_a_reindex_that_was_cut_off_ends_when_it_is_begun_again(
    engine: LocalEngine, half_built: FakeEmbedder, url: str
) -> None:
    assert reindex_to(engine.settings, lambda _: half_built).embedded
    assert "earlier model's index" in held_up(engine.database, url)
