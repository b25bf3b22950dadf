"""What is embedded again when a document changes: only what changed."""

from __future__ import annotations

from dataclasses import replace

from ingestion.plan import plan
from tests.chunk_documents import chunks, paragraph, title

OLD = chunks(title("A"), paragraph("One."), title("B"), paragraph("Two."))
NEW = chunks(title("New"), paragraph("Zero."), title("B"), paragraph("Two."))


def test_a_first_version_is_all_upserts() -> None:
    made = plan((), OLD)
    assert (made.keep, made.upsert, made.delete) == ((), OLD, ())


def test_the_same_version_again_changes_nothing() -> None:
    made = plan(OLD, OLD)
    assert (made.keep, made.upsert, made.delete) == (OLD, (), ())


def test_only_what_changed_is_upserted_and_only_what_is_gone_is_deleted() -> None:
    made = plan(OLD, NEW)
    assert [one.text for one in made.upsert] == ["Zero."]
    assert made.delete == (OLD[0].id,)


def test_a_kept_chunk_has_its_place_in_the_new_version() -> None:
    (kept,) = plan(OLD, NEW).keep
    assert (kept.id, kept.start) == (OLD[1].id, NEW[1].start)
    assert kept.start != OLD[1].start


def test_nothing_left_deletes_everything() -> None:
    assert plan(OLD, ()).delete == tuple(one.id for one in OLD)


def test_a_chunk_in_another_language_is_indexed_again_and_not_deleted() -> None:
    made = plan(OLD[:1], [replace(OLD[0], language="de")])
    assert [one.language for one in made.upsert] == ["de"]
    assert made.delete == ()
