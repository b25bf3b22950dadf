"""How a question's chunks are read, however many documents its tenant has."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sqlalchemy.dialects import sqlite

from service.catalogue import Database
from service.catalogue.reading import VISIBLE


def test_found_chunks_are_looked_up_by_their_ids_and_not_among_all_documents_of_the_tenant(
    folder: Path,
) -> None:
    asked = f"EXPLAIN QUERY PLAN {VISIBLE.compile(dialect=sqlite.dialect())}"
    with closing(Database.in_folder(folder)) as database, database.reading() as connection:
        steps = [str(step[3]) for step in connection.exec_driver_sql(asked, (None,) * asked.count("?"))]
    looked_up = [step for step in steps if step.startswith("SEARCH")]
    assert [step.split(" USING ")[0] for step in looked_up] == ["SEARCH chunks", "SEARCH documents"]
    assert "(chunk_id=?)" in looked_up[0]
    assert "(id=?)" in looked_up[1]
