"""Which version of a document is seen, by whom, and when it changes."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from service.catalogue import CatalogueReader, Database, Documents, Jobs, Listing, listing
from service.catalogue.cursors import encoded
from service.errors import InvalidInput, NotFound
from service.records import IngestReport
from service.types import Scope
from tests.catalogue.writing import (
    ACME,
    GLOBEX,
    a_job,
    a_version,
    chunk_id,
    fused,
    identifier,
    publish,
    taken,
)

DOCUMENT = identifier(ACME, "manual")


def texts(database: Database, scope: Scope, *chunk_ids: str, limit: int = 50) -> list[str]:
    """What the ids become for this scope."""
    return [hit.chunk.text for hit in CatalogueReader(database).hits(scope, fused(*chunk_ids), limit)]


# --- publishing ------------------------------------------------------------------------------


def test_a_reader_sees_the_old_version_or_the_new_one_whole(database: Database) -> None:
    """A reader loops while versions are published: never neither, never a half."""
    old, new = ("one", "two", "three"), ("four", "five", "six", "seven")
    ids = [chunk_id(ACME, "manual", word) for word in (*old, *new)]
    publish(database, ACME, a_version(ACME, "manual", *old))
    seen: list[tuple[str, ...]] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(tuple(texts(database, ACME, *ids)))

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(1000):
            publish(database, ACME, a_version(ACME, "manual", *(old if number % 2 else new)))
            if number > 30 and len(seen) > 50:
                break
    finally:
        done.set()
        reader.join()
    assert set(seen) <= {old, new}
    assert len(seen) > 50


def test_what_is_found_further_down_takes_the_place_of_what_is_not_visible(database: Database) -> None:
    publish(database, ACME, a_version(ACME, "manual", "one", "two", "three"))
    one, two, three = (chunk_id(ACME, "manual", word) for word in ("one", "two", "three"))
    gone = [chunk_id(ACME, "manual", word) for word in ("four", "five")]
    assert texts(database, ACME, gone[0], three, gone[1], one, two, limit=2) == ["three", "one"]


def test_several_documents_become_visible_in_one_step(database: Database) -> None:
    Jobs(database).add(ACME, [a_job(ACME, name) for name in "ab"])
    jobs = Jobs(database).claim(10, 1_000)
    Documents(database, 10).publish(
        [(job.lease, ACME, a_version(ACME, name, name)) for job, name in zip(jobs, "ab", strict=True)]
    )
    assert texts(database, ACME, *(chunk_id(ACME, name, name) for name in "ab")) == ["a", "b"]


def test_versions_are_numbered_from_one(database: Database) -> None:
    assert [publish(database, ACME, a_version(ACME, "manual", word)) for word in "abc"] == [1, 2, 3]


def test_a_version_whose_job_was_deleted_is_not_published(database: Database) -> None:
    documents = Documents(database, 10)
    publish(database, ACME, a_version(ACME, "manual", "one"))
    (queued,) = Jobs(database).add(ACME, [a_job(ACME, "manual")])
    job = taken(database, queued)
    documents.delete(ACME, DOCUMENT)
    assert documents.publish([(job.lease, ACME, a_version(ACME, "manual", "two"))]) == {}
    with pytest.raises(NotFound):
        Listing(database).document(ACME, DOCUMENT)


def test_old_texts_stay_readable_and_old_chunks_are_not_found(database: Database) -> None:
    publish(database, ACME, a_version(ACME, "manual", "one"))
    publish(database, ACME, a_version(ACME, "manual", "two"))
    listing = Listing(database)
    assert [listing.text(ACME, DOCUMENT, version).text for version in (1, 2, None)] == ["one", "two", "two"]
    assert texts(database, ACME, chunk_id(ACME, "manual", "one")) == []
    with pytest.raises(NotFound):
        listing.text(ACME, DOCUMENT, 3)


def test_only_the_last_versions_are_kept(database: Database) -> None:
    for word in ("one", "two", "three", "four"):
        publish(database, ACME, a_version(ACME, "manual", word), keep_versions=2)
    listing = Listing(database)
    assert [listing.text(ACME, DOCUMENT, version).text for version in (3, 4)] == ["three", "four"]
    for gone in (1, 2):
        with pytest.raises(NotFound):
            listing.text(ACME, DOCUMENT, gone)


def test_numbers_go_on_after_old_versions_were_forgotten(database: Database) -> None:
    numbers = [publish(database, ACME, a_version(ACME, "manual", word), keep_versions=1) for word in "abc"]
    assert numbers == [1, 2, 3]


# --- reading ---------------------------------------------------------------------------------


def test_hits_keep_the_order_of_the_ids_up_to_the_limit(database: Database) -> None:
    publish(database, ACME, a_version(ACME, "manual", "one", "two", "three"))
    ids = [chunk_id(ACME, "manual", word) for word in ("three", "one", "two")]
    assert texts(database, ACME, *ids, limit=2) == ["three", "one"]


def test_what_may_not_be_read_takes_no_place_among_the_hits(database: Database) -> None:
    publish(database, ACME, a_version(ACME, "secret", "one", groups=("board",)))
    publish(database, ACME, a_version(ACME, "open", "two"))
    ids = (chunk_id(ACME, "secret", "one"), chunk_id(ACME, "open", "two"))
    assert texts(database, Scope("acme"), *ids, limit=1) == ["two"]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope("acme", frozenset({"sales"})), ["open", "sales"]),
        (Scope("acme", frozenset({"board", "x"})), ["open"]),
        (Scope("acme"), ["open"]),
        (ACME, ["open", "sales"]),
        (GLOBEX, []),
        (Scope("globex", frozenset({"sales"})), []),
    ],
)
def test_ids_of_others_become_nothing(database: Database, scope: Scope, expected: list[str]) -> None:
    publish(database, ACME, a_version(ACME, "a", "open"))
    publish(database, ACME, a_version(ACME, "b", "sales", groups=("sales", "support")))
    ids = (chunk_id(ACME, "a", "open"), chunk_id(ACME, "b", "sales"))
    assert texts(database, scope, *ids) == expected


def test_a_window_is_the_text_around_a_hit_within_its_section(database: Database) -> None:
    publish(database, ACME, a_version(ACME, "manual", "näïve", "😀😀", "three", "four"))
    reader = CatalogueReader(database)
    hits = reader.hits(ACME, fused(chunk_id(ACME, "manual", "😀😀")), 1)
    whole = "näïve 😀😀 three four"
    assert reader.windows(ACME, hits, 1000)[hits[0].chunk.id] == (0, whole)
    assert reader.windows(ACME, hits, 2)[hits[0].chunk.id] == (4, whole[4:10])
    assert reader.windows(GLOBEX, hits, 1000) == {}


def test_windows_are_read_of_any_number_of_hits(database: Database) -> None:
    words = [f"word{number}" for number in range(501)]
    publish(database, ACME, a_version(ACME, "manual", *words))
    reader = CatalogueReader(database)
    hits = reader.hits(ACME, fused(*(chunk_id(ACME, "manual", word) for word in words)), len(words))
    windows = reader.windows(ACME, hits, 0)
    assert [windows[hit.chunk.id][1] for hit in hits] == words


def test_languages_are_those_of_the_tenants_live_documents(database: Database) -> None:
    reader = CatalogueReader(database)
    assert reader.languages(ACME) == ()
    publish(database, ACME, a_version(ACME, "a", "x", language="en"))
    publish(database, ACME, a_version(ACME, "b", "y", language="de"))
    publish(database, GLOBEX, a_version(GLOBEX, "c", "z", language="fr"))
    assert reader.languages(ACME) == ("de", "en")
    Documents(database, 10).delete(ACME, identifier(ACME, "b"))
    assert reader.languages(ACME) == ("en",)


# --- deleting --------------------------------------------------------------------------------


def test_a_delete_takes_all_rows_and_notes_that_the_vectors_must_go(database: Database) -> None:
    documents = Documents(database, 10)
    for word in ("one", "two"):
        publish(database, ACME, a_version(ACME, "manual", word, "same"))
    removed = {"documents": 1, "versions": 2, "chunks": 2, "jobs": 2}
    removed |= dict.fromkeys(("answers", "feedback", "samples"), 0)
    purge, _ = documents.delete(ACME, DOCUMENT, {"vectors": 2})
    assert (purge.removed, len(purge.files)) == ({**removed, "vectors": 2}, 3)
    assert set(documents.count(ACME, DOCUMENT).values()) == {0}
    assert documents.pending_purges() == [replace(purge, scope=Scope("acme"))]
    documents.purged(DOCUMENT)
    assert documents.pending_purges() == []


def test_a_delete_by_another_tenant_takes_nothing(database: Database) -> None:
    publish(database, ACME, a_version(ACME, "manual", "one"))
    purge, _ = Documents(database, 10).delete(GLOBEX, DOCUMENT)
    assert set((purge.removed or {}).values()) == {0}
    assert texts(database, ACME, chunk_id(ACME, "manual", "one")) == ["one"]


def test_a_file_is_needed_while_a_live_version_or_a_waiting_job_names_it(database: Database) -> None:
    documents, jobs = Documents(database, 10), Jobs(database)
    publish(database, ACME, a_version(ACME, "manual", "one"))
    publish(database, ACME, a_version(ACME, "manual", "two"))
    (waiting,) = jobs.add(ACME, [a_job(ACME, "coming")])
    assert documents.unreferenced(ACME, ["sha-one", "sha-two", "sha-coming"]) == ["sha-one"]
    assert documents.unreferenced(GLOBEX, ["sha-two"]) == ["sha-two"]
    assert {(scope.tenant, sha256) for scope, sha256 in documents.needed_files()} == {
        ("acme", "sha-two"),
        ("acme", "sha-coming"),
    }
    jobs.finish({taken(database, waiting).lease: IngestReport(waiting.document_id)})
    assert documents.unreferenced(ACME, ["sha-coming"]) == ["sha-coming"]
    assert documents.superseded_files(ACME, DOCUMENT) == ["sha-one"]


# --- listing ---------------------------------------------------------------------------------


def test_pages_hold_every_document_once_in_one_order(database: Database) -> None:
    for n in range(7):
        publish(database, ACME, a_version(ACME, f"d{n}", "x", groups=("sales",) if n % 3 == 0 else ()))
    listing, seen, cursor = Listing(database), [], None
    while True:
        page = listing.documents(Scope("acme"), cursor, 2)
        seen += [record.id for record in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == sorted(identifier(ACME, f"d{n}") for n in (1, 2, 4, 5))


def test_pages_of_chunks_go_in_reading_order(database: Database) -> None:
    words = tuple("abcdefg")
    publish(database, ACME, a_version(ACME, "manual", *words))
    listing, seen, cursor = Listing(database), "", None
    while True:
        page = listing.chunks(ACME, DOCUMENT, cursor, 3)
        seen += "".join(chunk.text for chunk in page.items)
        if (cursor := page.next_cursor) is None:
            break
    assert seen == "abcdefg"


def test_a_last_page_that_is_full_has_no_cursor(database: Database) -> None:
    publish(database, ACME, a_version(ACME, "manual", "a", "b"))
    assert Listing(database).chunks(ACME, DOCUMENT, None, 2).next_cursor is None
    assert Listing(database).documents(ACME, None, 1).next_cursor is None


@pytest.mark.parametrize("cursor", ["%%%", "====", "ä", "YWJj", "LTE=", "\x00"])
def test_a_cursor_that_was_not_given_out_is_refused(database: Database, cursor: str) -> None:
    publish(database, ACME, a_version(ACME, "manual", "a", "b"))
    with pytest.raises(InvalidInput):
        Listing(database).chunks(ACME, DOCUMENT, cursor, 1)


@pytest.mark.parametrize("number", [str(2**31), "9" * 18, "9" * 5_000])
def test_a_cursor_of_more_than_a_database_counts_is_refused(database: Database, number: str) -> None:
    publish(database, ACME, a_version(ACME, "manual", "a", "b"))
    cursor = encoded(number)
    for ask in (
        lambda: Listing(database).chunks(ACME, DOCUMENT, cursor, 1),
        lambda: Listing(database).jobs(ACME, (), cursor, 1),
        lambda: Listing(database).receipts(ACME, cursor, 1),
    ):
        with pytest.raises(InvalidInput):
            ask()


def test_a_cursor_of_what_no_database_can_compare_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInput):
        Listing(database).documents(ACME, encoded("a\0b"), 1)


def test_a_page_of_documents_reads_no_more_than_it_needs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "READ_AT_ONCE", 2)
    sources = [f"manual {number}" for number in range(9)]
    for source in sources:
        publish(database, ACME, a_version(ACME, source, "a"))
    looked: list[object] = []
    may_read = listing.may_read
    monkeypatch.setattr(listing, "may_read", lambda *given: looked.append(given) or may_read(*given))
    page = Listing(database).documents(ACME, None, 1)
    assert (len(page.items), len(looked)) == (1, 3)
    seen = list(page.items)
    while page.next_cursor:
        page = Listing(database).documents(ACME, page.next_cursor, 1)
        seen += page.items
    assert sorted(one.source for one in seen) == sources
