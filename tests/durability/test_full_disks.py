"""A disk that is really full: nothing that was confirmed is lost, and it goes on when there is room.

Of a small file system in memory, which only root can mount; `tests/ingest/test_innocent.py` has the embedded
mode's promises without.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.errors import StorageFull
from service.local_engine import LocalEngine
from service.settings import StoreSettings
from tests.durability.checking import Confirmed, manual, states, strikes, work_off
from tests.durability.working import Place
from tests.fakes_core import FakeEmbedder, a_tokenizer, drain, opened, put
from tests.postgres import USER, PostgresServer

MIB = 1024 * 1024


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 64 MiB, at a place that PostgreSQL's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="footnote-small-", dir="/tmp"))
    folder.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "footnote-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def filled(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (MIB, 1024):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


@pytest.mark.parametrize("room", [1, 4 * MIB])
def test_embedded_mode_waits_on_a_full_disk_and_goes_on_when_there_is_room(
    small_disk: Path, tmp_path: Path, room: int
) -> None:
    """`room` is `store.min_free_bytes`: with one byte, writes meet the end of the disk itself."""
    embedder = FakeEmbedder(a_tokenizer(tmp_path / "tokenizer"))
    settings = {"store": StoreSettings(min_free_bytes=room)}
    with opened(small_disk / "data", embedder, **settings) as engine:
        confirmed = Confirmed(engine)
        for name in ("a.md", "b.md"):
            confirmed.upload(name)
        drain(engine)
        confirmed.upload("a.md")
        filler = filled(small_disk)
        with pytest.raises(StorageFull):
            put(engine, "c.md", manual("c.md", 1, 3))
        with pytest.raises(StorageFull):
            drain(engine)
        filler.unlink()
        assert strikes(engine) == 0
        drain(engine)
        confirmed.assert_kept()


@pytest.fixture
def small_database(small_disk: Path, postgres_server: PostgresServer, services: dict[str, Any]) -> str:
    """The services, with the catalogue's tables on the small disk."""
    if os.geteuid() == 0:
        shutil.chown(small_disk, USER, USER)
    name = services["catalogue"].url.get_secret_value().rpartition("/")[2]
    postgres_server.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    postgres_server.execute(f"ALTER DATABASE {name} SET TABLESPACE small")
    return name


def upload_many(confirmed: Confirmed) -> None:
    for number in range(1_000):
        confirmed.upload(f"more-{number}.md")


def test_server_mode_waits_while_postgresql_has_no_room_and_goes_on_when_it_has(
    small_disk: Path, small_database: str, place: Place, engine: LocalEngine, confirmed: Confirmed
) -> None:
    for name in ("a.md", "b.md"):
        confirmed.upload(name)
    work_off(engine)
    confirmed.upload("a.md")
    filler = filled(small_disk)
    with pytest.raises(StorageFull):
        upload_many(confirmed)
    with pytest.raises(StorageFull):
        drain(engine)
    filler.unlink()
    assert strikes(engine) == 0
    work_off(engine)
    assert set(states(engine).values()) == {"done"}
    confirmed.assert_kept()
