"""deploy/backup.sh and deploy/restore.sh on a real PostgreSQL: destroyed, restored, the same."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, create_engine, select

from service.blobs.folder import FolderBlobs
from service.catalogue import Database, Documents
from tests.catalogue.writing import ACME, GLOBEX, a_version, publish
from tests.deploy.checking import DEPLOY
from tests.postgres import PostgresServer, binaries


@pytest.fixture
def empty_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database without tables, as a new server has."""
    with postgres_server.database("template0") as url:
        yield url


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """A data folder with the originals of two tenants."""
    blobs = FolderBlobs(tmp_path / "data" / "files")
    for scope in (ACME, GLOBEX):
        blobs.put(scope, BytesIO(f"the manual of {scope.tenant}".encode()), 1000, "manual.txt")
    (tmp_path / "data" / "originals-mark").touch()
    return tmp_path / "data"


@pytest.fixture
def filled(postgres_url: str) -> str:
    with closing(Database(postgres_url)) as database:
        publish(database, ACME, a_version(ACME, "manual.txt", "an", "older", "version"))
        publish(database, ACME, a_version(ACME, "manual.txt", "pump", "valve"))
        publish(database, GLOBEX, a_version(GLOBEX, "manual.txt", "lathe"))
    return postgres_url


def script(name: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    path = f"{binaries()}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [DEPLOY / name, folder],
        env={"PATH": path, "LC_ALL": "C.UTF-8", **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def rows(url: str) -> dict[str, list[Any]]:
    """Every row of every table."""
    engine = create_engine(url)
    tables = MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        found = {
            table.name: sorted(map(repr, connection.execute(select(table)))) for table in tables.sorted_tables
        }
    engine.dispose()
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_catalogue_and_the_originals_are_as_they_were(
    filled: str, empty_url: str, originals: Path, tmp_path: Path
) -> None:
    taken = script(
        "backup.sh",
        tmp_path / "backup",
        FOOTNOTE_CATALOGUE__URL=filled,
        FOOTNOTE_DATA_DIR=str(originals),
    )
    assert taken.returncode == 0, taken.stderr
    restored = script(
        "restore.sh",
        tmp_path / "backup",
        FOOTNOTE_CATALOGUE__URL=empty_url,
        FOOTNOTE_DATA_DIR=str(tmp_path / "restored"),
    )
    assert restored.returncode == 0, restored.stderr
    assert rows(empty_url) == rows(filled)
    assert files(tmp_path / "restored") == files(originals)
    with closing(Database(empty_url)) as database:  # its schema is the one that this version needs
        assert Documents(database, 10).count_live_chunks() == 3


def test_nobody_else_can_read_it(filled: str, originals: Path, tmp_path: Path) -> None:
    script(
        "backup.sh",
        tmp_path / "backup",
        FOOTNOTE_CATALOGUE__URL=filled,
        FOOTNOTE_DATA_DIR=str(originals),
    )
    modes = {path.stat().st_mode & 0o077 for path in [tmp_path / "backup", *(tmp_path / "backup").iterdir()]}
    assert modes == {0}


def test_a_bucket_is_named_and_not_copied(filled: str, tmp_path: Path) -> None:
    done = script(
        "backup.sh", tmp_path / "backup", FOOTNOTE_CATALOGUE__URL=filled, FOOTNOTE_BLOBS__BUCKET="papers"
    )
    assert done.returncode == 0, done.stderr
    assert "bucket papers, which this does not copy" in done.stderr
    assert {path.name for path in (tmp_path / "backup").iterdir()} == {"catalogue.dump", "SHA256SUMS"}


def test_without_the_originals_there_is_no_backup(filled: str, tmp_path: Path) -> None:
    done = script("backup.sh", tmp_path / "backup", FOOTNOTE_CATALOGUE__URL=filled)
    assert done.returncode == 1
    assert "FOOTNOTE_DATA_DIR" in done.stderr
    assert not (tmp_path / "backup").exists()


def test_a_database_that_holds_something_is_not_written_over(
    filled: str, originals: Path, tmp_path: Path
) -> None:
    settings = {"FOOTNOTE_CATALOGUE__URL": filled, "FOOTNOTE_DATA_DIR": str(originals)}
    assert script("backup.sh", tmp_path / "backup", **settings).returncode == 0
    before = rows(filled)
    settings["FOOTNOTE_DATA_DIR"] = str(tmp_path / "elsewhere")
    done = script("restore.sh", tmp_path / "backup", **settings)
    assert done.returncode == 1
    assert "give an empty one" in done.stderr
    assert rows(filled) == before


def test_a_backup_that_has_changed_since_is_refused(
    filled: str, empty_url: str, originals: Path, tmp_path: Path
) -> None:
    taken = {"FOOTNOTE_CATALOGUE__URL": filled, "FOOTNOTE_DATA_DIR": str(originals)}
    assert script("backup.sh", tmp_path / "backup", **taken).returncode == 0
    with (tmp_path / "backup" / "catalogue.dump").open("ab") as dump:
        dump.write(b"x")
    done = script(
        "restore.sh",
        tmp_path / "backup",
        FOOTNOTE_CATALOGUE__URL=empty_url,
        FOOTNOTE_DATA_DIR=str(tmp_path / "elsewhere"),
    )
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert rows(empty_url) == {}


def test_the_password_is_in_no_list_of_processes() -> None:
    """It may hold any character, written as URLs write it."""
    given = "postgresql+psycopg://me:p%40s%2Fs%25@host:5432/catalogue?sslmode=require"
    tell = f'. {DEPLOY}/connection.sh; connect "$1"; printf "%s\\n" "$connection" "$PGPASSWORD"'
    done = subprocess.run(["bash", "-c", tell, "_", given], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "postgresql://me@host:5432/catalogue?sslmode=require",
        "p@s/s%",
    ]
