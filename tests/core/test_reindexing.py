"""Another model's index is built while the one in force answers, and takes its place as a whole."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.catalogue import Indexes, document_id
from service.errors import Conflict, IndexChanging, IndexMismatch, StoreUnavailable
from service.local_engine import LocalEngine
from service.reindexing import Reindexed, build, reindex_to
from service.settings import Settings
from service.store.index import StoredChunks
from service.store.opening import index_name
from service.store.server import ServerStore
from service.types import Scope
from tests.fakes_core import LOCAL, FakeEmbedder, drain, ingested, opened, put, sections
from tests.ingest.checking import assert_whole, found, live_chunks, sources
from tests.leading import removal_of
from tests.qdrant_server import connected

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
)
NEWER = TEXT.replace("months", "weeks")
SALES, SUPPORT = (Scope("local", frozenset({group})) for group in ("sales", "support"))


@pytest.fixture
def other(embedder: FakeEmbedder) -> FakeEmbedder:
    """Another model, of another dimension: its vectors cannot be compared with the first one's."""
    return replace(embedder, fingerprint="words-2", dimension=128, passages=[], name="other words")


class Installation:
    """The services, and processes of one model or another on them."""

    def __init__(self, folder: Path, services: dict[str, Any]) -> None:
        self.folder, self.services = folder, services

    def process(self, model: FakeEmbedder) -> Any:
        return opened(self.folder, model, **self.services)

    def reindex(self, model: FakeEmbedder, tell: Callable[[int, int], None] = lambda *_: None) -> Reindexed:
        return reindex_to(Settings(data_dir=self.folder, **self.services), lambda _: model, tell)

    def collections(self) -> set[str]:
        """The indexes that the server holds, and the one behind the alias."""
        server = self.services["store"].server
        with closing(connected(server)) as client:
            held = {one.name for one in client.get_collections().collections}
            aliases = {one.alias_name: one.collection_name for one in client.get_aliases().aliases}
        self.behind_alias = aliases[server.alias].removeprefix(f"{server.alias}-")
        return {name.removeprefix(f"{server.alias}-") for name in held if name.startswith(f"{server.alias}-")}


@pytest.fixture
def here(folder: Path, services: dict[str, Any]) -> Installation:
    return Installation(folder / "data", services)


@contextmanager
def asking(engine: LocalEngine, question: str) -> Iterator[list[list[str]]]:
    """Asks again and again while the block runs; all that was found."""
    asked: list[list[str]] = []
    ending, failed = threading.Event(), []

    def ask() -> None:
        try:
            while not ending.is_set():
                asked.append(found(engine, question))
        except Exception as error:  # told below, in the test's own thread
            failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield asked
    finally:
        ending.set()
        thread.join()
    assert failed == []


# --- while it is built -----------------------------------------------------------------------


def test_no_question_fails_or_misses_a_chunk_while_an_index_is_built_and_put_in_force(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with here.process(embedder) as first:
        for n in range(8):
            ingested(first, f"{n}.md", TEXT)
        with asking(first, "warranty of a pump") as asked:
            done = here.reindex(other)
            asked.append(found(first, "warranty of a pump"))  # and once surely after the switch
        assert {len(texts) for texts in asked} == {16}
        assert (done.chunks, done.embedded, done.earlier_removed) == (16, 16, False)
    with here.process(other) as second:
        assert len(found(second, "warranty of a pump")) == 16
        assert_whole(second)


def test_what_changes_while_an_index_is_built_is_in_it_as_it_was_left(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "CHUNKS_AT_ONCE", 6)
    with here.process(embedder) as first:
        for source in ("changed", "gone", "labelled", "same"):
            ingested(first, f"{source}.md", TEXT, groups=("sales",))

        def meanwhile() -> None:
            if len(other.passages) != 6:  # most of it is brought over, the rest is not
                return
            ingested(first, "changed.md", NEWER)
            ingested(first, "new.md", TEXT, groups=("sales",))
            asyncio.run(first.delete(LOCAL, document_id(LOCAL, "gone.md")))
            ingested(first, "labelled.md", TEXT, groups=("support",))

        other.before_passages = meanwhile
        here.reindex(other)
    with here.process(other) as second:
        assert_whole(second)
        assert sources(second, "warranty", SALES) == {"changed.md", "new.md", "same.md"}
        assert sources(second, "warranty", SUPPORT) == {"labelled.md"}
        assert [text for text in found(second, "warranty") if "weeks" in text]


def test_a_delete_while_an_index_is_built_removes_and_counts_in_both(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "CHUNKS_AT_ONCE", 2)
    with here.process(embedder) as first:
        manual = ingested(first, "manual.md", TEXT).document_id
        ingested(first, "other.md", NEWER)
        receipts = []

        def delete() -> None:
            if first.index.count(LOCAL, manual)["vectors"] == 4:
                receipts.append(asyncio.run(first.delete(LOCAL, manual)))

        other.before_passages = delete
        here.reindex(other)
        (receipt,) = receipts
        assert (receipt.removed["vectors"], receipt.removed["token_vectors"]) == (4, 4)
        assert set(receipt.remaining.values()) == {0}
    with here.process(other) as second:
        assert_whole(second)


def test_a_reindex_that_was_killed_goes_on_where_it_was(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "CHUNKS_AT_ONCE", 2)

    def die() -> None:
        if len(other.passages) == 4:
            raise KeyboardInterrupt

    told: list[tuple[int, int]] = []
    with here.process(embedder) as first:
        for n in range(4):
            ingested(first, f"{n}.md", TEXT)
        other.before_passages = die
        with pytest.raises(KeyboardInterrupt):
            here.reindex(other)
        assert sources(first, "warranty") == {f"{n}.md" for n in range(4)}
        ingested(first, "4.md", TEXT)  # the index in force is still the first one
        other.before_passages = lambda: None
        assert here.reindex(other, lambda *counts: told.append(counts)).embedded == 6
        assert told == [(2, 6), (4, 6), (6, 6)]
    with here.process(other) as second:
        assert_whole(second)


def test_what_is_not_caught_up_with_is_brought_over_while_nothing_is_published(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build.Build, "catch_up", lambda _: None)
    refused = []
    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)

        def publish() -> None:
            put(first, "manual.md", NEWER)
            with pytest.raises(IndexChanging):
                drain(first)
            refused.append(found(first, "warranty"))

        other.before_passages = publish
        assert here.reindex(other).embedded == 2
        assert refused == [found(first, "warranty")]
    with here.process(other) as second:
        assert [text for text in found(second, "warranty") if "months" in text]


@pytest.mark.parametrize("killed_in", ["switch", "remove_collection"])
def test_a_reindex_that_was_killed_after_the_switch_is_completed(
    here: Installation,
    embedder: FakeEmbedder,
    other: FakeEmbedder,
    monkeypatch: pytest.MonkeyPatch,
    killed_in: str,
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)
    with monkeypatch.context() as patched:
        patched.setattr(f"service.store.server_indexes.{killed_in}", die)
        with pytest.raises(KeyboardInterrupt):
            here.reindex(other)
    done = here.reindex(other)
    assert (done.embedded, done.earlier_removed) == (0, True)
    assert here.collections() == {index_name(other)} == {here.behind_alias}


def test_the_alias_follows_at_the_next_start_if_a_switch_was_cut_off_before_it(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)
    with monkeypatch.context() as patched:
        patched.setattr("service.store.server_indexes.switch", lambda *_: None)
        here.reindex(other)
    with here.process(other) as second:
        assert sources(second, "warranty") == {"manual.md"}
    here.collections()
    assert here.behind_alias == index_name(other)


def test_an_index_that_lacks_a_chunk_by_the_servers_count_is_not_put_in_force(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)
        with monkeypatch.context() as patched:
            patched.setattr(ServerStore, "count", lambda *_: 1)
            with pytest.raises(StoreUnavailable, match="not put in force"):
                here.reindex(other)
        assert Indexes(first.database).names().in_force == index_name(embedder)
        ingested(first, "more.md", TEXT)
        assert sources(first, "warranty") == {"manual.md", "more.md"}


def test_a_second_reindex_beside_one_that_runs_is_refused(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    refused = []

    def again() -> None:
        with pytest.raises(Conflict, match="running already"):
            here.reindex(replace(other, before_passages=lambda: None))
        refused.append(True)

    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)
        other.before_passages = again
        here.reindex(other)
    assert refused


def test_an_index_that_was_given_up_is_removed_by_the_next_reindex(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    third = replace(other, fingerprint="words-3", before_passages=lambda: None)
    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)
        other.before_passages = die
        with pytest.raises(KeyboardInterrupt):
            here.reindex(other)
        here.reindex(third)
        assert here.collections() == {index_name(embedder), index_name(third)}


# --- after the switch ------------------------------------------------------------------------


def test_a_process_of_the_earlier_model_answers_reads_nothing_in_and_says_so(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)
        here.reindex(other)
        put(first, "new.md", NEWER)
        with pytest.raises(IndexMismatch) as caught:
            drain(first)
        assert "FOOTNOTE_EMBED__MODEL" in caught.value.hint
        assert sources(first, "warranty") == {"manual.md"}
        said = {part.component: part for part in asyncio.run(first.readiness())}
        assert said["index"].ready
        assert "restart it with FOOTNOTE_EMBED__MODEL=" in said["index"].detail
        with pytest.raises(IndexMismatch), here.process(embedder):  # and it is not started again
            pass


def test_what_was_read_in_before_the_switch_is_not_published_after_it(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)
        switched: list[Reindexed] = []
        embedder.before_passages = lambda: None if switched else switched.append(here.reindex(other))
        put(first, "manual.md", NEWER)
        with pytest.raises(IndexMismatch):
            drain(first)
        assert [text for text in found(first, "warranty") if "months" in text]
        assert len(live_chunks(first)) == 2


def test_documents_wait_until_nobody_answers_from_the_earlier_index_and_are_read_in_then(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)
        here.reindex(other)
        with here.process(other) as second:
            put(second, "manual.md", NEWER)
            with pytest.raises(IndexChanging):
                drain(second)
            removal = removal_of(second)
            for _ in range(3):
                removal.look()
            assert here.collections() == {index_name(embedder), index_name(other)}
            assert [text for text in found(first, "warranty") if "months" in text]
    with here.process(other) as second:
        removal = removal_of(second)
        removal.look()
        assert here.collections() == {
            index_name(embedder),
            index_name(other),
        }  # a process may be about to say so
        removal.look()
        assert here.collections() == {index_name(other)}
        drain(second)
        assert [text for text in found(second, "warranty") if "weeks" in text]
        assert_whole(second)


def test_nothing_of_the_earlier_index_is_left_once_it_is_removed(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with here.process(embedder) as first:
        manual = ingested(first, "manual.md", TEXT).document_id
    assert here.reindex(other).earlier_removed
    assert here.collections() == {index_name(other)}
    with here.process(other) as second:
        assert here_tokens(second, index_name(embedder), manual) == 0
        assert here_tokens(second, index_name(other), manual) == 2


def test_labels_and_deletes_reach_both_indexes_while_both_are_answered_from(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with here.process(embedder) as first:
        manual = ingested(first, "manual.md", TEXT).document_id
        ingested(first, "more.md", TEXT)
        here.reindex(other)
        with here.process(other) as second:
            receipt = asyncio.run(second.delete(LOCAL, manual))
            assert (receipt.removed["vectors"], set(receipt.remaining.values())) == (4, {0})
            assert first.index.chunk_ids(LOCAL, manual) == StoredChunks()
            assert sources(first, "warranty") == sources(second, "warranty") == {"more.md"}


def test_the_way_back_costs_nothing_while_the_earlier_index_is_there(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)
        here.reindex(other)
        before = len(embedder.passages)
        done = here.reindex(embedder)
        assert (done.embedded, len(embedder.passages)) == (0, before)
        ingested(first, "manual.md", NEWER)
        assert [text for text in found(first, "warranty") if "weeks" in text]
        assert_whole(first)
    assert here.reindex(embedder).earlier_removed
    assert here.collections() == {index_name(embedder)} == {here.behind_alias}


def test_a_third_model_waits_until_nobody_answers_from_the_first(
    here: Installation, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with here.process(embedder) as first:
        ingested(first, "manual.md", TEXT)
        here.reindex(other)
        with pytest.raises(IndexChanging, match="still answer"):
            here.reindex(replace(other, fingerprint="words-3"))


def here_tokens(engine: LocalEngine, index: str, document: str) -> int:
    from service.catalogue import TokenTable

    return TokenTable(engine.database, index).count(LOCAL, document)
