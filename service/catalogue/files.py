"""The original files, by the hash of their content: what an ingest reads and a reindex reads again."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO, BinaryIO

from service.disk import no_room
from service.errors import LimitExceeded
from service.types import Scope

PIECE = 1024 * 1024


class Files:
    """Originals under `folder/<tenant>/<2 digits>/<sha256>`.

    Who keeps a file and then writes the job that needs it holds `changing` over both, and so does who finds
    out that a file is not needed and then removes it: the same content may be coming and going at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.changing = threading.RLock()

    def keep(self, scope: Scope, content: BinaryIO, max_bytes: int, name: str) -> tuple[str, int]:
        """Copies a file in; returns its SHA-256 and size.

        Raises:
            LimitExceeded: it is larger than `max_bytes`.
            StorageFull: there is no room for it.
        """
        base = self._tenant_folder(scope)
        try:
            base.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=base, prefix="incoming-", delete=False) as incoming:
                try:
                    found = _copied(content, incoming, max_bytes, name)
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

    def read(self, scope: Scope, sha256: str) -> bytes:
        """The content of a kept file."""
        return self._place(scope, sha256).read_bytes()

    def remove(self, scope: Scope, sha256: str) -> None:
        """Removes a file; nothing happens if it is gone already."""
        self._place(scope, sha256).unlink(missing_ok=True)

    def exists(self, scope: Scope, sha256: str) -> bool:
        """Whether the file is kept."""
        return self._place(scope, sha256).is_file()

    def sweep(self, needed: Iterable[tuple[Scope, str]]) -> int:
        """Removes all but the needed files: what a process that died has left; returns how many.

        Only for the start, before uploads come in.
        """
        kept = {self._place(scope, sha256) for scope, sha256 in needed}
        going = [
            *self._folder.glob("*/incoming-*"),
            *(file for file in self._folder.glob("*/??/*") if file not in kept),
        ]
        for file in going:
            file.unlink()
        return len(going)

    def _tenant_folder(self, scope: Scope) -> Path:
        return self._folder / hashlib.sha256(scope.tenant.encode()).hexdigest()[:16]

    def _place(self, scope: Scope, sha256: str) -> Path:
        return self._tenant_folder(scope) / sha256[:2] / sha256


def _copied(content: BinaryIO, place: IO[bytes], max_bytes: int, name: str) -> tuple[str, int]:
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
