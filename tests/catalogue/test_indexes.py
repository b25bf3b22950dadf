"""Versions are published into the index in force, and while nobody answers from an earlier one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from service.catalogue import Database, Documents, Indexes, Jobs
from service.catalogue.documents import Publication
from service.errors import IndexChanging, IndexMismatch
from tests.catalogue.writing import ACME, OpenDatabase, a_job, a_version

PLENTY = 10**9


@pytest.fixture
def indexes(database: Database) -> Indexes:
    """Those of an installation in which the index `old` is in force."""
    database.settle_index_property("index", "old")
    return Indexes(database)


def a_publication(database: Database) -> Publication:
    Jobs(database).add(ACME, [a_job(ACME, "manual")])
    (job,) = Jobs(database).claim(1, PLENTY)
    return job.lease, ACME, a_version(ACME, "manual", "hums")


def put_in_force(indexes: Indexes, index: str, model: str = "my-model") -> None:
    indexes.begin(index)
    with indexes.switching(index, model) as keep:
        keep()


def test_the_index_that_is_replaced_is_known_until_it_is_gone(indexes: Indexes) -> None:
    indexes.begin("new")
    assert (indexes.beside("old"), indexes.beside("new")) == (["new"], ["old"])
    put_in_force(indexes, "new")
    found = indexes.names()
    assert (found.in_force, found.building, found.superseded, found.model) == ("new", "", "old", "my-model")
    assert indexes.beside("old") == ["new"]
    indexes.forget("old")
    assert indexes.beside("new") == []


def test_a_switch_that_fails_changes_nothing(indexes: Indexes) -> None:
    indexes.begin("new")
    with pytest.raises(ZeroDivisionError), indexes.switching("new", "my-model"):
        raise ZeroDivisionError
    found = indexes.names()
    assert (found.in_force, found.building, found.superseded) == ("old", "new", "")


def test_a_version_goes_into_the_index_in_force(database: Database, indexes: Indexes) -> None:
    publication = a_publication(database)
    assert Documents(database, 10, "old").publish([publication])
    assert Documents(database, 10, "old").live(ACME, publication[2].document_id)


def test_a_version_for_an_index_that_was_replaced_is_refused_and_its_job_stays(
    database: Database, indexes: Indexes
) -> None:
    publication = a_publication(database)
    put_in_force(indexes, "new")
    for call in (Documents(database, 10, "old").check_index, publishing(database, "old", publication)):
        with pytest.raises(IndexMismatch) as caught:
            call()
        assert "FOOTNOTE_EMBED__MODEL=my-model" in caught.value.hint
    assert Jobs(database).held([publication[0]])


def test_a_version_waits_while_the_earlier_index_is_still_there(database: Database, indexes: Indexes) -> None:
    publication = a_publication(database)
    put_in_force(indexes, "new")
    for call in (Documents(database, 10, "new").check_index, publishing(database, "new", publication)):
        with pytest.raises(IndexChanging):
            call()
    indexes.forget("old")
    assert Documents(database, 10, "new").publish([publication])


def test_nothing_is_published_during_a_switch_and_nobody_waits_for_its_end(postgres_url: str) -> None:
    """Who switches may wait for a document that is locked by who publishes it."""
    with closing(Database(postgres_url)) as database:
        database.settle_index_property("index", "old")
        publication = a_publication(database)
        with Indexes(database).switching("new", "my-model"):
            with pytest.raises(IndexChanging, match="put in force"):
                Documents(database, 10, "old").publish([publication])
            assert Jobs(database).held([publication[0]])


def publishing(database: Database, index: str, publication: Publication) -> Callable[[], object]:
    return lambda: Documents(database, 10, index).publish([publication])


def test_another_process_sees_a_switch_at_once(open_database: OpenDatabase) -> None:
    here, there = Indexes(first := open_database()), Indexes(open_database())
    first.settle_index_property("index", "old")
    put_in_force(here, "new")
    assert there.names() == here.names()
