"""The one question of this suite: is there exactly what was confirmed?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy import select

from service.catalogue.models import JobRow
from service.errors import Unavailable
from service.local_engine import LocalEngine
from service.records import DocumentRecord
from tests.durability.crew import until
from tests.fakes_core import LOCAL, drain, put, sections
from tests.ingest.checking import assert_whole


def manual(pump: str, edition: int, parts: int) -> str:
    """A document of as many chunks as parts, each of which names its edition."""
    return sections(
        **{f"Part_{n}": f"Pump {pump} of edition {edition}. has a part {n} of steel." for n in range(parts)}
    )


class Confirmed:
    """Uploads that were confirmed: the newest edition of each document."""

    def __init__(self, engine: LocalEngine, parts: int = 3) -> None:
        self._engine = engine
        self._parts = parts
        self.editions: dict[str, int] = {}
        self.jobs: list[str] = []

    def upload(self, source: str) -> str:
        """Puts the next edition in; the id of its job, once that is confirmed."""
        edition = self.editions.get(source, 0) + 1
        job = put(self._engine, source, manual(source, edition, self._parts))
        self.editions[source] = edition
        self.jobs.append(job.id)
        return job.id

    def forget(self, source: str) -> None:
        """It was deleted."""
        del self.editions[source]

    def assert_kept(self) -> None:
        """Every document is there in its newest edition, nothing else is, and nothing is there twice.

        Each edition was published once. As many chunks in the catalogue as points and token vectors
        (`assert_whole`), and `footnote fsck` has nothing to say.
        """
        assert_whole(self._engine)
        assert self._engine.fsck.run() == ()
        there = {record.source: record for record in _documents(self._engine)}
        assert {source: self._edition(record) for source, record in there.items()} == self.editions
        assert {source: record.version for source, record in there.items()} == self.editions
        assert {record.chunks for record in there.values()} <= {self._parts}

    def _edition(self, record: DocumentRecord) -> int:
        text = asyncio.run(self._engine.document_text(LOCAL, record.id, None)).text
        newest = self.editions.get(record.source, 0)
        return newest if text.count(f"of edition {newest}.") == self._parts else -1


def _documents(engine: LocalEngine) -> list[DocumentRecord]:
    records, cursor = [], None
    while True:
        page = asyncio.run(engine.documents(LOCAL, cursor, 100))
        records += page.items
        if (cursor := page.next_cursor) is None:
            return records


def work_off(engine: LocalEngine) -> None:
    """Works until no job waits or runs, also those that others have lost."""

    def done() -> bool:
        with suppress(Unavailable):
            drain(engine)
        return not engine.jobs.depth()

    until(done)


def until_done(engine: LocalEngine) -> None:
    """Waits until others have done all jobs."""
    until(lambda: not engine.jobs.depth())


def states(engine: LocalEngine) -> Mapping[str, str]:
    """How each job stands, by its source."""
    with engine.database.reading() as connection:
        rows = connection.execute(select(JobRow.source, JobRow.state).order_by(JobRow.sequence)).all()
    return {row.source: row.state for row in rows}


def strikes(engine: LocalEngine) -> int:
    """How many are held against the documents of all jobs together."""
    with engine.database.reading() as connection:
        return sum(connection.scalars(select(JobRow.strikes)))
