"""The data folder: one process at a time holds it, and a backup copies all of it.

A backup is a compressed tar archive of every file of the folder, and last in it a list of them with their
checksums, so that one that was cut off, or has changed since, is not taken for whole. The files of an index
are larger than what is in them, by zeros that take no room; they take none in what is restored either.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from filelock import FileLock, Timeout

from service.errors import Conflict, DataFolderLocked, InvalidInput, Misconfigured, NotFound

CATALOGUE = "catalogue.sqlite3"
LOCK = "lock"
OF_A_PROCESS = frozenset({LOCK, "roots.lock", "server.json"})
"""Files that tell of a process that runs, and nothing of the documents."""
CONTENTS = "footnote-backup.json"
PIECE = 16 * 1024
ZEROS = bytes(PIECE)


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds."""

    files: int
    bytes: int


@contextmanager
def holding(data_dir: Path) -> Iterator[None]:
    """Holds the folder; another process that comes is told so.

    Raises:
        DataFolderLocked: another process holds it.
        Misconfigured: it cannot be written.
    """
    lock = FileLock(data_dir / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise DataFolderLocked(
            f"another process holds {data_dir}",
            hint="stop it, or give another folder with --data-dir",
        ) from None
    except OSError as error:
        raise Misconfigured(
            f"{data_dir} cannot be written: {error.strerror or error}",
            hint="give a folder that can with --data-dir",
        ) from error
    try:
        yield
    finally:
        lock.release()


def back_up(data_dir: Path, target: Path) -> Copied:
    """Copies the folder, on which nothing may run, into the file `target`, which appears once it is whole.

    Raises:
        NotFound: there is nothing to back up.
        DataFolderLocked: a process runs on the folder.
        Conflict: the file exists.
    """
    if not (data_dir / CATALOGUE).is_file():
        raise NotFound(f"{data_dir} holds no documents", hint="give the data folder with --data-dir")
    if target.exists():
        raise Conflict(f"{target} exists already", hint="give the backup another name")
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with holding(data_dir), _only_for_us(unfinished) as stream:
            copied = _write(data_dir, stream)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return copied


def restore(source: Path, data_dir: Path) -> Copied:
    """Makes the folder from a backup, all of it or nothing.

    Raises:
        InvalidInput: the file is no backup, or not a whole one.
        Conflict: the folder holds something already.
    """
    if data_dir.exists() and any(data_dir.iterdir()):
        raise Conflict(
            f"{data_dir} is not empty, and a backup replaces nothing",
            hint="give another folder with --data-dir, or move this one away",
        )
    building = data_dir.with_name(f"{data_dir.name}.restoring")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True, mode=0o700)
    try:
        copied = _read(source, building)
        if data_dir.exists():
            data_dir.rmdir()
        building.rename(data_dir)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return copied


@contextmanager
def _only_for_us(file: Path) -> Iterator[IO[bytes]]:
    """A new file that others cannot read, on the disk when the block has ended."""
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _write(data_dir: Path, stream: IO[bytes]) -> Copied:
    checksums: dict[str, str] = {}
    size = 0
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
        for file in sorted(path for path in data_dir.rglob("*") if path.is_file()):
            name = file.relative_to(data_dir).as_posix()
            if name not in OF_A_PROCESS:
                archive.add(file, name, recursive=False)
                with file.open("rb") as content:
                    checksums[name] = hashlib.file_digest(content, "sha256").hexdigest()
                size += file.stat().st_size
        contents = json.dumps(checksums, indent=1).encode()
        last = tarfile.TarInfo(CONTENTS)
        last.size = len(contents)
        archive.addfile(last, BytesIO(contents))
    return Copied(len(checksums), size)


def _read(source: Path, folder: Path) -> Copied:
    found: dict[str, str] = {}
    listed: dict[str, str] | None = None
    size = 0
    try:
        with tarfile.open(source, mode="r:gz") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None:
                    raise InvalidInput(f"{source} is no backup of Footnote: {member.name} is not a file")
                if member.name == CONTENTS:
                    listed = json.load(content)
                else:
                    found[member.name] = _copy(content, _place(folder, member.name, source))
                    size += member.size
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
        raise InvalidInput(f"{source} is no backup of Footnote, or was cut off: {error}") from error
    if listed is None:
        raise InvalidInput(f"{source} is no backup of Footnote, or was cut off: its list of files is missing")
    if differing := sorted(name for name in listed.keys() | found if listed.get(name) != found.get(name)):
        raise InvalidInput(f"{source} is damaged: {len(differing)} files differ, the first is {differing[0]}")
    return Copied(len(found), size)


def _place(folder: Path, name: str, source: Path) -> Path:
    """Where a file of the archive goes: below the folder, whatever the archive says."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise InvalidInput(f"{source} is no backup of Footnote: {name} lies outside of it")
    place = folder.joinpath(*relative.parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _copy(content: IO[bytes], place: Path) -> str:
    digest = hashlib.sha256()
    with place.open("wb") as stream:
        while piece := content.read(PIECE):
            digest.update(piece)
            if piece == ZEROS:
                stream.seek(PIECE, os.SEEK_CUR)
            else:
                stream.write(piece)
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()
