"""`kill -9` of a process of server mode at each boundary: what was confirmed is done, once.

The embedded mode's are in `tests/ingest/test_crashes.py`.
"""

from __future__ import annotations

import asyncio

import pytest
from _pytest.mark import ParameterSet

from service.catalogue import document_id
from service.errors import NotFound
from service.local_engine import LocalEngine
from tests.durability.checking import Confirmed, manual, states, work_off
from tests.durability.crew import Crew, until
from tests.durability.working import Fate
from tests.fakes_core import LOCAL


def full(boundary: str) -> ParameterSet:
    """One of the full form alone."""
    return pytest.param(boundary, marks=pytest.mark.chaos)


OF_AN_UPLOAD = [
    "FolderBlobs.put 1 after",
    full("Jobs.add 1 before"),
    "Jobs.add 1 after",
]
OF_AN_INGEST = [
    full("Jobs.claim 1 after"),
    full("TokenTable.put 1 after"),
    "ServerStore.stage 1 after",
    "ServerStore.promote 1 after",
    full("documents.write_version 1 after"),
    "Documents.publish 1 after",
    "ServerStore.discard 1 after",
    full("TokenTable.discard 1 after"),
    full("Jobs.finish 1 before"),
    full("Jobs.finish 1 after"),
    full("FolderBlobs.remove 1 after"),
]
OF_A_DELETE = [
    full("Documents.delete 1 before"),
    "Documents.delete 1 after",
    full("ServerStore.delete_document 1 after"),
    full("TokenTable.delete_document 1 after"),
    full("FolderBlobs.remove 1 after"),
    "Documents.proved 1 before",
    full("Documents.proved 1 after"),
]


@pytest.fixture
def lease_s() -> float:
    return 1  # no two work at once here; a lock that gives no sign of life for as long is lost


@pytest.mark.parametrize("boundary", OF_AN_UPLOAD)
def test_an_upload_that_was_killed_is_queued_whole_or_not_at_all(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, boundary: str
) -> None:
    crew.upload("a.md", manual("a.md", 1, 3), Fate(boundary)).until_killed()
    queued = boundary == "Jobs.add 1 after"
    assert states(engine) == ({"a.md": "queued"} if queued else {})
    if queued:
        confirmed.editions["a.md"] = 1
    confirmed.upload("b.md")
    work_off(engine)
    confirmed.assert_kept()


@pytest.mark.parametrize("boundary", OF_AN_INGEST)
def test_an_ingest_that_was_killed_is_done_by_another_worker_once(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, boundary: str
) -> None:
    for name in ("a.md", "b.md"):
        confirmed.upload(name)
    work_off(engine)
    for name in ("a.md", "b.md", "c.md"):
        confirmed.upload(name)
    crew.work(Fate(boundary)).until_killed()
    work_off(engine)
    confirmed.assert_kept()
    assert set(states(engine).values()) == {"done"}


@pytest.mark.parametrize("boundary", OF_A_DELETE)
def test_a_delete_that_was_killed_is_not_begun_or_is_completed_by_the_leader_with_its_receipt(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, boundary: str
) -> None:
    for name in ("a.md", "b.md"):
        confirmed.upload(name)
    work_off(engine)
    gone = document_id(LOCAL, "a.md")
    crew.delete(gone, Fate(boundary)).until_killed()
    begun = boundary != "Documents.delete 1 before"
    if begun:
        with pytest.raises(NotFound):  # at once: nobody waits for the rest
            asyncio.run(engine.document(LOCAL, gone))
        confirmed.forget("a.md")
    until(engine.maintenance._leads)  # the dead one may have led
    engine.maintenance.complete_deletes()
    confirmed.assert_kept()
    receipts = asyncio.run(engine.receipts(LOCAL, None, 10)).items
    assert [one["document_id"] for one in receipts] == [gone] * begun
