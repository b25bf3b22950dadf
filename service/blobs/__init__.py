"""Originals: the files as they came, by the hash of their content, apart for each tenant.

An ingest reads them, and a reindex reads them again. `folder.py` keeps them in a folder, `s3.py` in a bucket
of any storage that speaks S3. Which of them are still needed, the catalogue knows (`upkeep/originals.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from service.errors import LimitExceeded, Misconfigured
from service.settings import BlobSettings
from service.types import Scope

PIECE = 1024 * 1024


class Blobs(Protocol):
    """Where originals are kept; safe to call from several threads and processes.

    All methods raise `BlobsUnavailable` when the storage does not answer or refuses.
    """

    def put(self, scope: Scope, content: BinaryIO, max_bytes: int, name: str) -> tuple[str, int]:
        """Copies a file in, whole or not at all; returns its SHA-256 and size.

        Content that is there already counts as put now.

        Raises:
            LimitExceeded: it is larger than `max_bytes`.
            StorageFull: there is no room for it.
        """
        ...

    def read(self, scope: Scope, sha256: str) -> bytes:
        """The content of a kept file.

        Raises:
            FileNotFoundError: there is none.
        """
        ...

    def exists(self, scope: Scope, sha256: str) -> bool:
        """Whether the file is kept."""
        ...

    def remove(self, key: str) -> None:
        """Removes what is kept under a key; nothing happens if it is gone already."""
        ...

    def older_than(self, moment: datetime) -> Iterator[str]:
        """The keys of what was last put before `moment`, of all tenants; also what cut-off puts have left."""
        ...

    def check(self) -> str:
        """How it does, in words; asks the storage itself, and does not wait long for it."""
        ...


def blob_key(scope: Scope, sha256: str) -> str:
    """Where an original lies. Any string may be a tenant's name, so its hash takes its place."""
    return f"{hashlib.sha256(scope.tenant.encode()).hexdigest()[:16]}/{sha256[:2]}/{sha256}"


def hash_of(key: str) -> str:
    """The SHA-256 in a key."""
    return key.rpartition("/")[2]


def copied(content: BinaryIO, place: IO[bytes], max_bytes: int, name: str) -> tuple[str, int]:
    """Copies a stream; its SHA-256 and size.

    Raises:
        LimitExceeded: it is larger than `max_bytes`.
    """
    digest, size = hashlib.sha256(), 0
    while piece := content.read(PIECE):
        digest.update(piece)
        size += len(piece)
        if size > max_bytes:
            raise LimitExceeded(
                f"{name} is larger than {max_bytes} bytes (load.max_file_bytes)",
                hint="raise FOOTNOTE_LOAD__MAX_FILE_BYTES or split the file",
            )
        place.write(piece)
    return digest.hexdigest(), size


def open_blobs(settings: BlobSettings, data_dir: Path, installation: str) -> Blobs:
    """Where the settings say that originals are kept; several installations may share a bucket.

    Raises:
        Misconfigured: the S3 client is not installed.
    """
    if not settings.bucket:
        from service.blobs.folder import FolderBlobs

        return FolderBlobs(data_dir / "files")
    try:
        from service.blobs.s3 import S3Blobs
    except ImportError as error:
        raise Misconfigured(
            "blobs.bucket is set, but the S3 client is not installed", hint="pip install 'footnote[server]'"
        ) from error
    return S3Blobs(settings, installation)


__all__ = ["Blobs", "blob_key", "copied", "hash_of", "open_blobs"]
