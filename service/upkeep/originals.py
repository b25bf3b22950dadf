"""Which originals are kept: each as long as a live version or an unfinished job needs it.

The same content may be coming in one upload while its last document is deleted. Two rules keep every job's
file where it is, without a lock over the upload itself:

- Whoever removes a file looks whether it is needed, and removes it, under the lock of its content.
- Whoever has put a file writes the job that needs it under that lock too, and puts the file again if it went
  in between. So an upload wins over a delete, whose receipt may say zero all the same: what it counted was
  gone, and what is there later is the upload's.

A process that dies between the two leaves a file that nothing needs; `sweep` removes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from service.blobs import Blobs, blob_key, hash_of
from service.catalogue import Documents
from service.errors import BlobsUnavailable
from service.locks import DocumentLocks
from service.types import Scope

CONTENTS = Scope("")
"""Whose locks the contents' are; they are named by key, and taken after those of documents, never before."""

SWEPT_AT_ONCE = 256
LOOKS = 5
"""Uploads of one content, each at the very moment of its removal, that a receipt lives through."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file on its way in; `content` can be read again from its beginning."""

    name: str
    content: BinaryIO


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many files were removed, and how many of them are there all the same."""

    removed: int = 0
    remaining: int = 0


class Originals:
    """The one place where originals come and go; safe to use from any thread."""

    def __init__(self, blobs: Blobs, documents: Documents, locks: DocumentLocks) -> None:
        self.blobs = blobs
        self._documents = documents
        self._locks = locks

    def check(self) -> str:
        """How their storage does, in words. One that is away keeps nobody from answering."""
        try:
            return self.blobs.check()
        except BlobsUnavailable as error:
            return f"{error}: uploads are refused, and documents wait"

    @contextmanager
    def keeping(
        self, scope: Scope, files: Sequence[Incoming], max_bytes: int
    ) -> Iterator[list[tuple[str, int]]]:
        """Puts files, and keeps them in place while the block writes the jobs that need them.

        Gives the SHA-256 and size of each. What no job needs after the block goes again: a refused upload
        needs no file, nor does one repeated after its document was deleted.

        Raises:
            LimitExceeded: one is larger than `max_bytes`.
            StorageFull, BlobsUnavailable: they cannot be kept.
        """
        put: list[tuple[str, int]] = []
        try:
            for file in files:
                found = self.blobs.put(scope, file.content, max_bytes, file.name)
                put.append(found)
            with self._locks.holding(CONTENTS, [blob_key(scope, sha256) for sha256, _ in put]):
                for file, (sha256, _) in zip(files, put, strict=True):
                    if not self.blobs.exists(scope, sha256):
                        file.content.seek(0)
                        self.blobs.put(scope, file.content, max_bytes, file.name)
                yield put
        finally:
            self.forget(scope, {sha256 for sha256, _ in put})

    def forget(self, scope: Scope, hashes: Collection[str]) -> Forgotten:
        """Removes those of the files that nothing needs any more."""
        if not hashes:
            return Forgotten()
        with self._locks.holding(CONTENTS, [blob_key(scope, sha256) for sha256 in hashes]):
            unneeded = self._documents.unreferenced(scope, sorted(hashes))
            removed = remaining = self._removed(scope, unneeded)
            for _ in range(LOOKS):
                # What is there again was put by an upload that waits for the lock, and puts it once more.
                if not (remaining := self._removed(scope, remaining)):
                    break
        return Forgotten(len(removed), len(remaining))

    def _removed(self, scope: Scope, hashes: Sequence[str]) -> list[str]:
        """Removes files; those of them that were there."""
        there = [sha256 for sha256 in hashes if self.blobs.exists(scope, sha256)]
        for sha256 in there:
            self.blobs.remove(blob_key(scope, sha256))
        return there

    def unneeded(self, before: datetime) -> Iterator[str]:
        """The keys of what was last put before a moment and is needed by nothing now."""
        known = {blob_key(scope, sha256) for scope, sha256 in self._documents.needed_files()}
        return (key for key in self.blobs.older_than(before) if key not in known)

    def sweep(self, before: datetime) -> int:
        """Removes what was last put before a moment and is needed by nothing; returns how many files.

        A process that died has left them. The moment lies far enough back that every upload that put a file
        before it has written its job by now.
        """
        unknown, swept = self.unneeded(before), 0
        while batch := list(islice(unknown, SWEPT_AT_ONCE)):
            swept += self._sweep(batch)
        return swept

    def _sweep(self, keys: Sequence[str]) -> int:
        with self._locks.holding(CONTENTS, keys):
            needed = self._documents.needed_files([hash_of(key) for key in keys])
            going = set(keys) - {blob_key(scope, sha256) for scope, sha256 in needed}
            for key in going:
                self.blobs.remove(key)
        return len(going)
