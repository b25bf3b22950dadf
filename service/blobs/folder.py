"""Originals in a folder of this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from typing_extensions import override

from service.blobs import Blobs, blob_key, copied
from service.disk import no_room
from service.errors import BlobsUnavailable
from service.types import Scope


class FolderBlobs(Blobs):
    """Originals under `folder/<key>`. What the disk refuses stays an `OSError`, unless it is full."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @override
    def put(self, scope: Scope, content: BinaryIO, max_bytes: int, name: str) -> tuple[str, int]:
        of_tenant = self._place(scope, "0" * 64).parents[1]
        try:
            of_tenant.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=of_tenant, prefix="incoming-", delete=False) as incoming:
                try:
                    found = copied(content, incoming, max_bytes, name)
                    incoming.flush()
                except BaseException:
                    Path(incoming.name).unlink()
                    raise
            place = self._place(scope, found[0])
            place.parent.mkdir(exist_ok=True)
            os.replace(incoming.name, place)
        except OSError as error:
            raise no_room(error) or error from error
        return found

    @override
    def read(self, scope: Scope, sha256: str) -> bytes:
        return self._place(scope, sha256).read_bytes()

    @override
    def exists(self, scope: Scope, sha256: str) -> bool:
        return self._place(scope, sha256).is_file()

    @override
    def remove(self, key: str) -> None:
        (self._folder / key).unlink(missing_ok=True)

    @override
    def older_than(self, moment: datetime) -> Iterator[str]:
        for pattern in ("*/incoming-*", "*/??/*"):
            for file in self._folder.glob(pattern):
                try:
                    put_at = file.stat().st_mtime
                except FileNotFoundError:  # removed since it was listed
                    continue
                if put_at < moment.timestamp():
                    yield file.relative_to(self._folder).as_posix()

    @override
    def check(self) -> str:
        place = self._folder if self._folder.exists() else self._folder.parent
        if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            raise BlobsUnavailable(f"the folder of the originals, {place}, cannot be read and written")
        return "readable and writable"

    def _place(self, scope: Scope, sha256: str) -> Path:
        return self._folder / blob_key(scope, sha256)
