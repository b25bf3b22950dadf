"""From paths and uploads to `RawFile`s: size limits, and the media type by looking at the bytes.

    iter_paths    files, folders and `.jsonl` records, one at a time, a failure never ending the rest
    load_bytes    one file whose bytes are at hand

`filetype` recognises binary formats by their magic numbers; office documents are zip archives and told apart
by the parts that they hold; text has no magic, so there the extension decides.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import filetype

from ingestion.parse.archive import OLE_MAGIC, ZIP_MAGIC, open_archive
from ingestion.parse.registry import FORMATS, RECORD, RECORD_SUFFIX, Format, format_of, unsupported
from ingestion.types import RawFile
from service.errors import (
    CorruptFile,
    EmptyDocument,
    EncryptedFile,
    FootnoteError,
    InvalidInput,
    LimitExceeded,
    MistypedFile,
    NotFound,
)
from service.settings import LoadSettings
from service.storable import why_unstorable

_BY_MEDIA_TYPE = {known.media_type: known for known in FORMATS}
_PARTS = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ppt/presentation.xml": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_HTML_STARTS = (b"<!doctype html", b"<html")
_LOOK_BYTES = 8192
RECORDS = ".jsonl"


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """A file or record that was asked for and cannot be taken in."""

    source: str
    error: FootnoteError


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that lay in a folder and is of no kind that is read; nobody asked for it by name."""

    source: str


Loaded = RawFile | LoadFailure | Skipped


def load_bytes(source: str, filename: str, content: bytes, settings: LoadSettings) -> RawFile:
    """The file with its media type.

    Raises `LimitExceeded` for one too large, `EmptyDocument` for one without bytes, `MistypedFile` when the
    bytes contradict the name, `EncryptedFile` for a protected office file and `UnsupportedMedia` otherwise.
    """
    if len(content) > settings.max_file_bytes:
        raise _too_large(settings)
    if not content.strip():
        raise EmptyDocument("The file is empty.")
    return RawFile(source, content, media_type(filename, content), filename)


def media_type(filename: str, content: bytes) -> str:
    """What the bytes are, checked against what the name says."""
    if filename.endswith(RECORD_SUFFIX):
        return RECORD
    named = format_of(filename)
    if content.startswith(ZIP_MAGIC):
        return _agreed(filename, named, _archive_type(content))
    if content.startswith(OLE_MAGIC):
        return _ole_type(filename, named, content)
    kind = filetype.guess(content[:_LOOK_BYTES])
    if kind is not None and kind.mime != "application/rtf":
        return _agreed(filename, named, "application/pdf" if kind.mime == "application/pdf" else kind.mime)
    if b"%PDF-" in content[:1024]:
        return _agreed(filename, named, "application/pdf")
    return _text_type(filename, named, content)


def iter_paths(
    paths: Iterable[Path], settings: LoadSettings, *, relative_to: Path | None = None
) -> Iterator[Loaded]:
    """Every file below `paths`, folders in sorted order; each is read only when it is reached.

    Hidden files and folders are passed over and links that lead out of a folder are not followed. A file's
    source is its absolute path, so that two files of one name never replace each other; below `relative_to`
    it is the path from there. A record's source is `<file>#<_id>`.
    """
    for path in paths:
        if path.is_dir():
            for found in _walk(path):
                yield from _load(found, settings, relative_to, asked_for=False)
        elif path.exists():
            yield from _load(path, settings, relative_to, asked_for=True)
        else:
            yield LoadFailure(str(path), NotFound(f"There is no file or folder {path}."))


def iter_records(lines: BinaryIO, source: str, settings: LoadSettings) -> Iterator[RawFile | LoadFailure]:
    """One file for each line of JSON Lines; a line that is no record is one failure, named by its number."""
    number = 0
    while line := lines.readline(settings.max_file_bytes + 1):
        number += 1
        if line.strip():
            yield _record(line, source, number, settings)


def _walk(folder: Path) -> Iterator[Path]:
    root = folder.resolve()
    for here, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(here, name)
            inside = not path.is_symlink() or (path.exists() and path.resolve().is_relative_to(root))
            if inside and path.is_file() and not name.startswith("."):
                yield path


def _load(
    path: Path, settings: LoadSettings, relative_to: Path | None, *, asked_for: bool
) -> Iterator[Loaded]:
    source = _source(path, relative_to)
    is_records = path.suffix.lower() == RECORDS
    if not asked_for and not is_records and format_of(path.name) is None:
        yield Skipped(source)
    elif is_records:
        yield from _records(path, source, settings)
    else:
        yield _load_file(path, source, settings)


def _load_file(path: Path, source: str, settings: LoadSettings) -> Loaded:
    try:
        if path.stat().st_size > settings.max_file_bytes:
            raise _too_large(settings)
        return load_bytes(source, path.name, path.read_bytes(), settings)
    except FootnoteError as error:
        return LoadFailure(source, error)
    except OSError as error:
        return LoadFailure(source, InvalidInput(f"The file cannot be opened: {error.strerror}."))


def _records(path: Path, source: str, settings: LoadSettings) -> Iterator[Loaded]:
    try:
        with path.open("rb") as lines:
            yield from iter_records(lines, source, settings)
    except OSError as error:
        yield LoadFailure(source, InvalidInput(f"The file cannot be opened: {error.strerror}."))


def _record(line: bytes, source: str, number: int, settings: LoadSettings) -> RawFile | LoadFailure:
    place = f"{source}#line-{number}"
    if len(line) > settings.max_file_bytes:
        return LoadFailure(place, _too_large(settings))
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return LoadFailure(place, CorruptFile(f"Line {number} is no valid JSON."))
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("text"), str)
        or value.get("_id") in (None, "")
    ):
        return LoadFailure(place, CorruptFile(f"Line {number} is no record: it needs '_id' and 'text'."))
    identity = str(value["_id"])
    if reason := why_unstorable(identity):
        return LoadFailure(place, CorruptFile(f"The '_id' of line {number} cannot be held: {reason}."))
    return RawFile(f"{source}#{identity}", line, RECORD, identity + RECORD_SUFFIX)


def _source(path: Path, relative_to: Path | None) -> str:
    absolute = path.resolve()
    base = relative_to.resolve() if relative_to else None
    return (absolute.relative_to(base) if base and absolute.is_relative_to(base) else absolute).as_posix()


def _agreed(filename: str, named: Format | None, found: str) -> str:
    """The type that was found, unless the name says another one or no parser reads it."""
    if named is not None and found != named.media_type:
        raise MistypedFile(
            f"The file is named {Path(filename).suffix} but holds {found or 'another kind of archive'}."
        )
    if found not in _BY_MEDIA_TYPE:
        raise unsupported(found or "This archive")
    return found


def _archive_type(content: bytes) -> str:
    """The media type of a zip archive by its parts; empty for one that is no document."""
    with open_archive(content) as archive:
        names = set(archive.namelist())
        if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
            return archive.read("mimetype").decode("ascii", "replace").strip()
    if "[Content_Types].xml" not in names:
        return ""
    return next((found for part, found in _PARTS.items() if part in names), "")


def _ole_type(filename: str, named: Format | None, content: bytes) -> str:
    """The old office container holds an old Excel sheet, or a new document under a password."""
    if _ENCRYPTED_PACKAGE in content:
        raise EncryptedFile("The file is protected with a password.", hint="Save it without one.")
    if Path(filename).suffix.lower() in (".doc", ".ppt", ".dot", ".pps"):
        raise unsupported("The old binary format of Word and PowerPoint")
    return _agreed(filename, named, "application/vnd.ms-excel")


def _text_type(filename: str, named: Format | None, content: bytes) -> str:
    head = content[:_LOOK_BYTES]
    if b"\x00" in head and not head.startswith(_WIDE_MARKS):
        if named is not None:
            raise MistypedFile(f"The file is named {Path(filename).suffix} but holds binary data.")
        raise unsupported("This binary file")
    if named is not None and named.is_text:
        return named.media_type
    if named is not None:
        raise MistypedFile(f"The file is named {Path(filename).suffix} but holds text.")
    if head.lstrip().lower().startswith(_HTML_STARTS):
        return "text/html"
    if Path(filename).suffix:
        raise unsupported(f"A {Path(filename).suffix} file")
    return "text/plain"


def _too_large(settings: LoadSettings) -> LimitExceeded:
    return LimitExceeded(
        f"The file is larger than {settings.max_file_bytes} bytes.",
        hint="The limit is the setting load.max_file_bytes.",
    )
