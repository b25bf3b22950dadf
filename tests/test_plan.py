"""What is embedded again when a document changes: only what changed."""

from __future__ import annotations

from dataclasses import replace

from ingestion.plan import plan
from service.store.index import StoredChunks
from tests.chunk_documents import chunks, paragraph, title

OLD = chunks(title("A"), paragraph("One."), title("B"), paragraph("Two."))
IDS = frozenset(one.id for one in OLD)
STORED = StoredChunks(IDS, IDS)
NEW = chunks(title("New"), paragraph("Zero."), title("B"), paragraph("Two."))


def test_a_first_version_is_all_upserts() -> None:
    made = plan(StoredChunks(), (), OLD)
    assert (made.keep, made.upsert, made.delete) == ((), OLD, ())


def test_the_same_version_again_changes_nothing() -> None:
    made = plan(STORED, OLD, OLD)
    assert (made.keep, made.upsert, made.delete) == (OLD, (), ())


def test_only_what_changed_is_upserted_and_only_what_is_gone_is_deleted() -> None:
    made = plan(STORED, OLD, NEW)
    assert [one.text for one in made.upsert] == ["Zero."]
    assert made.delete == (OLD[0].id,)


def test_a_kept_chunk_has_its_place_in_the_new_version() -> None:
    (kept,) = plan(STORED, OLD, NEW).keep
    assert (kept.id, kept.start) == (OLD[1].id, NEW[1].start)
    assert kept.start != OLD[1].start


def test_nothing_left_deletes_everything() -> None:
    assert set(plan(STORED, OLD, ()).delete) == IDS


def test_what_an_earlier_attempt_has_left_in_the_store_is_deleted_and_never_kept() -> None:
    made = plan(StoredChunks(IDS, IDS | {"left"}), (), OLD)
    assert (made.keep, made.upsert, made.delete) == ((), OLD, ("left",))


def test_a_live_chunk_that_the_store_has_lost_is_upserted() -> None:
    whole = IDS - {OLD[0].id}
    made = plan(StoredChunks(whole, whole), OLD, OLD)
    assert (made.upsert, made.delete) == (OLD[:1], ())


def test_a_live_chunk_of_which_a_part_is_lost_is_upserted() -> None:
    made = plan(StoredChunks(IDS - {OLD[0].id}, IDS), OLD, OLD)
    assert (made.upsert, made.delete) == (OLD[:1], ())


def test_a_chunk_in_another_language_is_indexed_again_and_not_deleted() -> None:
    made = plan(
        StoredChunks(frozenset({OLD[0].id}), frozenset({OLD[0].id})),
        OLD[:1],
        [replace(OLD[0], language="de")],
    )
    assert [one.language for one in made.upsert] == ["de"]
    assert made.delete == ()
