"""Originals in a bucket of a storage that speaks S3 (AWS, MinIO, Ceph, R2, ...), through obstore.

obstore is one package of 6 MB around the Rust crate `object_store`, with retries and uploads in parts; boto3
brings six packages and 17 MB, minio its own argon2 and pycryptodome. A put that was cut off may leave parts
that no listing shows: give the bucket a lifecycle rule that aborts incomplete uploads.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store
from typing_extensions import override

from service.blobs import Blobs, blob_key, copied
from service.disk import ROOM, no_room
from service.errors import BlobsUnavailable, FootnoteError, StorageFull
from service.settings import BlobSettings
from service.types import Scope

if TYPE_CHECKING:
    from obstore.store import S3Config

IN_MEMORY = 8 * 1024 * 1024
"""Up to this size a file waits in memory until its hash is known, beyond it on the disk."""

RETRIES = 3
CHECK_S = 1.0
"""How long it may take to say that it is there."""


class S3Blobs(Blobs):
    """Originals under `folder/<key>` in one bucket, which is there already."""

    def __init__(self, settings: BlobSettings, folder: str) -> None:
        self._bucket = settings.bucket
        self._store = _store(settings, folder, settings.timeout_s, RETRIES)
        self._asked = _store(settings, folder, CHECK_S, 0)

    @override
    def put(self, scope: Scope, content: BinaryIO, max_bytes: int, name: str) -> tuple[str, int]:
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as spool:
            try:
                sha256, size = copied(content, spool, max_bytes, name)
                spool.seek(0)
            except OSError as error:
                raise no_room(error) or error from error
            with self._translated():
                try:
                    obstore.put(self._store, blob_key(scope, sha256), spool)
                except FileNotFoundError as error:
                    raise BlobsUnavailable(
                        f"there is no bucket {self._bucket!r} (blobs.bucket)", hint="make it, or name another"
                    ) from error
        return sha256, size

    @override
    def read(self, scope: Scope, sha256: str) -> bytes:
        key = blob_key(scope, sha256)
        with self._translated():
            try:
                return bytes(obstore.get(self._store, key).bytes())
            except FileNotFoundError:
                self._check_bucket()
                raise FileNotFoundError(f"there is no original {key}") from None

    @override
    def exists(self, scope: Scope, sha256: str) -> bool:
        with self._translated():
            try:
                obstore.head(self._store, blob_key(scope, sha256))
            except FileNotFoundError:
                self._check_bucket()
                return False
        return True

    @override
    def remove(self, key: str) -> None:
        with self._translated():
            obstore.delete(self._store, key)

    @override
    def older_than(self, moment: datetime) -> Iterator[str]:
        with self._translated():
            for found in obstore.list(self._store):
                yield from (one["path"] for one in found if one["last_modified"] < moment)

    @override
    def check(self) -> str:
        with self._translated():
            next(iter(obstore.list(self._asked, chunk_size=1)), None)
        return f"the bucket {self._bucket!r} answers"

    def _check_bucket(self) -> None:
        """A missing bucket answers as a missing file does, but it is no reason to give a document up."""
        next(iter(obstore.list(self._store, chunk_size=1)), None)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The one place where the client's errors become ours. Its own words hold the whole request."""
        try:
            yield
        except BaseError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: BaseError) -> FootnoteError:
        if "507 Insufficient Storage" in str(error):
            return StorageFull(f"the bucket {self._bucket!r} of the originals is full", hint=ROOM)
        return BlobsUnavailable(
            f"the bucket {self._bucket!r} of the originals does not answer ({type(error).__name__})",
            hint="look at the storage, blobs.endpoint and its keys",
        )


def _store(settings: BlobSettings, folder: str, wait_s: float, retries: int) -> S3Store:
    wait = timedelta(seconds=wait_s)
    return S3Store(
        settings.bucket,
        prefix=folder,
        config=_config(settings),
        client_options={"allow_http": settings.endpoint.startswith("http://"), "timeout": wait},
        retry_config={"max_retries": retries, "retry_timeout": wait},
    )


def _config(settings: BlobSettings) -> S3Config:
    """Only what is set: what is not, the client finds as AWS's own tools do."""
    found: S3Config = {"region": settings.region}
    if settings.endpoint:
        found["endpoint"] = settings.endpoint
    if settings.access_key_id:
        found["access_key_id"] = settings.access_key_id
        found["secret_access_key"] = settings.secret_access_key.get_secret_value()
    return found
