"""The originals: kept once for each content, apart for each tenant, gone when nothing needs them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from service.catalogue import Files
from service.errors import LimitExceeded
from tests.catalogue.writing import ACME, GLOBEX


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_read_back_as_it_came(folder: Path) -> None:
    files = Files(folder)
    content = bytes(range(256)) * 10_000
    sha256, size = files.keep(ACME, BytesIO(content), len(content), "a.bin")
    assert (files.read(ACME, sha256), size) == (content, len(content))


def test_equal_files_are_kept_once_for_each_tenant(folder: Path) -> None:
    files = Files(folder)
    hashes = {files.keep(scope, BytesIO(b"same"), 10, "a")[0] for scope in (ACME, ACME, GLOBEX)}
    assert (len(hashes), len(kept(folder))) == (1, 2)
    files.remove(ACME, *hashes)
    assert (files.exists(ACME, *hashes), files.exists(GLOBEX, *hashes)) == (False, True)


def test_a_file_beyond_the_limit_leaves_nothing(folder: Path) -> None:
    with pytest.raises(LimitExceeded):
        Files(folder).keep(ACME, BytesIO(b"12345"), 4, "a")
    assert kept(folder) == []


def test_an_upload_that_breaks_off_leaves_nothing(folder: Path) -> None:
    class Breaking(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        Files(folder).keep(ACME, Breaking(), 10, "a")
    assert kept(folder) == []


def test_removing_what_is_not_there_is_harmless(folder: Path) -> None:
    Files(folder).remove(ACME, "0" * 64)


def test_a_sweep_keeps_what_is_needed_and_nothing_else(folder: Path) -> None:
    files = Files(folder)
    needed, _ = files.keep(ACME, BytesIO(b"needed"), 10, "a")
    files.keep(ACME, BytesIO(b"orphan"), 10, "a")
    files.keep(GLOBEX, BytesIO(b"needed"), 10, "a")
    next(folder.iterdir()).joinpath("incoming-x").write_bytes(b"half")
    assert files.sweep([(ACME, needed)]) == 3
    assert [path.read_bytes() for path in kept(folder)] == [b"needed"]
    assert files.exists(ACME, needed)


def test_a_tenant_of_any_name_stays_within_the_folder(folder: Path) -> None:
    from service.types import Scope

    files = Files(folder / "files")
    for tenant in ("../..", "/etc", "a\x00b", "ä" * 500):
        files.keep(Scope(tenant), BytesIO(b"x"), 10, "a")
    assert {path.parents[2] for path in kept(folder)} == {folder / "files"}
