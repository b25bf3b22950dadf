"""Originals: kept once for each content, apart for each tenant, in a folder or in a bucket."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import httpx
import pytest

from service.blobs import Blobs, blob_key, hash_of, open_blobs
from service.blobs.folder import FolderBlobs
from service.blobs.s3 import S3Blobs
from service.errors import BlobsUnavailable, LimitExceeded, StorageFull
from service.settings import BlobSettings
from service.types import Scope
from tests.contract.blob_places import PLACES, answering, bucket_settings, s3_server

ACME, GLOBEX = Scope("acme"), Scope("globex")
LATER = timedelta(days=1)


class Breaking(BytesIO):
    """An upload whose sender has gone."""

    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(params=sorted(PLACES))
def blobs(request: pytest.FixtureRequest, tmp_path: Path, endpoint: str) -> Blobs:
    return PLACES[request.param](tmp_path, endpoint)


def put(blobs: Blobs, content: bytes, scope: Scope = ACME) -> str:
    return blobs.put(scope, BytesIO(content), len(content), "a.bin")[0]


def everything(blobs: Blobs) -> list[str]:
    return sorted(blobs.older_than(datetime.now(UTC) + LATER))


@pytest.mark.parametrize("size", [0, 1, 20_000_000], ids=["empty", "small", "in parts"])
def test_a_file_is_read_back_as_it_came(blobs: Blobs, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    sha256, counted = blobs.put(ACME, BytesIO(content), size, "a.bin")
    assert (blobs.read(ACME, sha256), counted) == (content, size)


def test_equal_files_are_kept_once_for_each_tenant(blobs: Blobs) -> None:
    sha256, *others = [put(blobs, b"same", scope) for scope in (ACME, ACME, GLOBEX)]
    assert others == [sha256, sha256]
    assert everything(blobs) == sorted(blob_key(scope, sha256) for scope in (ACME, GLOBEX))


def test_what_one_tenant_removes_the_other_keeps(blobs: Blobs) -> None:
    sha256 = put(blobs, b"same", ACME)
    put(blobs, b"same", GLOBEX)
    blobs.remove(blob_key(ACME, sha256))
    assert (blobs.exists(ACME, sha256), blobs.exists(GLOBEX, sha256)) == (False, True)
    with pytest.raises(FileNotFoundError):
        blobs.read(ACME, sha256)


def test_a_file_of_exactly_the_limit_is_kept_and_one_beyond_it_leaves_nothing(blobs: Blobs) -> None:
    with pytest.raises(LimitExceeded, match=r"load\.max_file_bytes"):
        blobs.put(ACME, BytesIO(b"12345"), 4, "a")
    assert everything(blobs) == []
    assert blobs.put(ACME, BytesIO(b"1234"), 4, "a")[1] == 4


def test_an_upload_that_breaks_off_leaves_nothing(blobs: Blobs) -> None:
    with pytest.raises(ConnectionResetError):
        blobs.put(ACME, Breaking(), 10, "a")
    assert everything(blobs) == []


def test_removing_what_is_not_there_is_harmless(blobs: Blobs) -> None:
    blobs.remove(blob_key(ACME, "0" * 64))
    assert not blobs.exists(ACME, "0" * 64)


def test_what_was_put_before_a_moment_is_listed_by_its_key(blobs: Blobs) -> None:
    keys = {blob_key(ACME, put(blobs, bytes([number]))) for number in range(20)}
    assert set(everything(blobs)) == keys
    assert list(blobs.older_than(datetime.now(UTC) - LATER)) == []
    assert hash_of(min(keys)) in min(keys).split("/")


def test_a_place_that_is_there_says_so_before_anything_was_put(blobs: Blobs) -> None:
    assert blobs.check()


def test_tenants_of_any_name_stay_apart(blobs: Blobs) -> None:
    tenants = [Scope(name) for name in ("../..", "/etc", "a\x00b", "ä" * 500, "", "*")]
    for scope in tenants:
        put(blobs, scope.tenant.encode(), scope)
    assert len(everything(blobs)) == len(tenants)
    assert all(key.count("/") == 2 and ".." not in key for key in everything(blobs))


# --- the folder ------------------------------------------------------------------------------


def test_content_that_is_put_again_is_young_again(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    key = blob_key(ACME, put(blobs, b"same"))
    os.utime(tmp_path / key, (0, 0))
    yesterday = datetime.now(UTC) - LATER
    assert list(blobs.older_than(yesterday)) == [key]
    put(blobs, b"same")
    assert list(blobs.older_than(yesterday)) == []


def test_what_a_put_that_died_has_left_is_listed_as_well(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    put(blobs, b"whole")
    next(tmp_path.iterdir()).joinpath("incoming-x").write_bytes(b"half")
    for key in everything(blobs):
        blobs.remove(key)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("place", ["folder", "s3"])
def test_a_full_disk_says_so(
    tmp_path: Path, endpoint: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> tuple[str, int]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"service.blobs.{place}.copied", full)
    with pytest.raises(StorageFull):
        put(PLACES[place](tmp_path, endpoint), b"x")


# --- the bucket ------------------------------------------------------------------------------


def touched_in_every_way(blobs: Blobs) -> Iterator[Callable[[], object]]:
    yield lambda: put(blobs, b"x")
    yield lambda: blobs.read(ACME, "0" * 64)
    yield lambda: blobs.exists(ACME, "0" * 64)
    yield lambda: list(blobs.older_than(datetime.now(UTC)))
    yield blobs.check


def test_a_bucket_that_is_not_there_is_no_missing_file(endpoint: str) -> None:
    """A missing file would fail its document for good; a missing bucket is nobody's fault."""
    for call in touched_in_every_way(S3Blobs(bucket_settings(endpoint, "nowhere"), "here")):
        with pytest.raises(BlobsUnavailable, match="nowhere"):
            call()


def test_a_storage_that_does_not_answer_is_unavailable_and_tells_no_secret() -> None:
    with s3_server() as gone:
        blobs = S3Blobs(bucket_settings(gone), "here")
    for call in [*touched_in_every_way(blobs), lambda: blobs.remove(blob_key(ACME, "0" * 64))]:
        with pytest.raises(BlobsUnavailable) as caught:
            call()
        assert caught.value.retryable
        assert "test" not in str(caught.value)


def test_a_storage_without_room_says_so() -> None:
    full = "<Error><Code>XMinioStorageFull</Code></Error>"
    with answering(507, full) as url, pytest.raises(StorageFull):
        put(S3Blobs(bucket_settings(url), "here"), b"x")


def test_installations_that_share_a_bucket_do_not_see_each_others_files(endpoint: str) -> None:
    """What another one's catalogue knows, this one's sweep would take for left behind."""
    httpx.put(f"{endpoint}/shared").raise_for_status()
    here, there = [S3Blobs(bucket_settings(endpoint, "shared"), name) for name in ("here", "there")]
    sha256 = put(here, b"x")
    assert (here.exists(ACME, sha256), there.exists(ACME, sha256)) == (True, False)
    assert (everything(here), everything(there)) == ([blob_key(ACME, sha256)], [])


def test_settings_choose_the_place(tmp_path: Path, endpoint: str) -> None:
    assert isinstance(open_blobs(BlobSettings(), tmp_path, "here"), FolderBlobs)
    assert isinstance(open_blobs(bucket_settings(endpoint), tmp_path, "here"), S3Blobs)
