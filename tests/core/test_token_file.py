"""The file of token vectors over the versions of Footnote."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from service.store.token_file import TokenFile
from tests.contract.stores import ACME, points_of


def test_a_file_that_was_made_before_epochs_is_read_and_its_chunks_are_older_than_any(folder: Path) -> None:
    kept, gone = points_of(ACME, "manual", ["the pump hums", "the pump leaks"])
    file = folder / "tokens.db"
    with closing(TokenFile(file)) as tokens:
        tokens.put(ACME, "manual", [kept, gone], 1)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ALTER TABLE tokens DROP COLUMN epoch")
    with closing(TokenFile(file)) as tokens:
        assert tokens.count(ACME) == 2
        tokens.keep(ACME, "manual", [kept.chunk_id], 2)
        tokens.discard(ACME, "manual", [kept.chunk_id, gone.chunk_id], 1)
        assert tokens.chunk_ids(ACME, "manual") == {kept.chunk_id}
