"""From paths and uploads to `RawFile`s: size limits, and the media type by looking at the bytes.

    iter_paths    files, folders and `.jsonl` records, one at a time, a failure never ending the rest
    below         names files by their path from a folder
    load_bytes    one file whose bytes are at hand

`filetype` recognises binary formats by their magic numbers; office documents are zip archives and told apart
by the parts that they hold; text has no magic, so there the extension decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import filetype

from ingestion.parse.archive import OLE_MAGIC, ZIP_MAGIC, open_archive, unpacked
from ingestion.parse.registry import (
    EXCEL,
    FORMATS,
    OUTLOOK,
    POWERPOINT,
    RECORD,
    RECORD_SUFFIX,
    WORD,
    Format,
    format_of,
    unsupported,
)
from ingestion.types import RawFile
from ingestion.walk import files_below, printable
from service.catalogue import checked_source
from service.errors import (
    Conflict,
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
_OLE_STREAMS = {
    OUTLOOK: "__properties_version1.0",
    POWERPOINT: "PowerPoint Document",
    WORD: "WordDocument",
    EXCEL: "Workbook",
}
"""Names in the directory of an OLE container. It may hold others inside, so the file's name decides first."""


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """A file or record that was asked for and cannot be taken in.

    `hides` where something was not even looked at: a folder that cannot be listed, a file that cannot be
    opened, a line without an id. Which documents lie there is then not known.
    """

    source: str
    error: FootnoteError
    hides: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that lay in a folder and is of no kind that is read, and why; nobody asked for it by name."""

    source: str
    error: FootnoteError


Loaded = RawFile | LoadFailure | Skipped
SourceOf = Callable[[Path], str]
"""Names a file: from its absolute path to its source."""


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


def below(folder: Path) -> SourceOf:
    """Names files by their path from `folder`, and files elsewhere by their absolute path."""
    base = folder.resolve()

    def source_of(path: Path) -> str:
        return (path.relative_to(base) if path.is_relative_to(base) else path).as_posix()

    return source_of


def iter_paths(paths: Iterable[Path], settings: LoadSettings, source_of: SourceOf) -> Iterator[Loaded]:
    """Every file below `paths`, folders in sorted order; each is read only when it is reached, and once.

    Hidden files and folders are passed over and links that lead out of a folder are not followed. A record's
    source is `<source of its file>#<_id>`. Of two files or records with one source the second is a failure.
    """
    sources: set[str] = set()
    for path, asked_for in files_below(paths):
        for loaded in _load(path, settings, source_of, asked_for=asked_for):
            if isinstance(loaded, RawFile) and loaded.source in sources:
                yield LoadFailure(loaded.source, Conflict("Another file or record has the same name."))
            else:
                yield loaded
            if isinstance(loaded, RawFile):
                sources.add(loaded.source)


def iter_records(lines: BinaryIO, source: str, settings: LoadSettings) -> Iterator[RawFile | LoadFailure]:
    """One file for each line of JSON Lines; a line that is no record is one failure, named by its number."""
    number = 0
    while line := lines.readline(settings.max_file_bytes + 1):
        number += 1
        if line.strip():
            yield _record(line, source, number, settings)


def _load(
    path: Path | OSError, settings: LoadSettings, source_of: SourceOf, *, asked_for: bool
) -> Iterator[Loaded]:
    if isinstance(path, OSError):
        reason = InvalidInput(f"The folder cannot be listed: {path.strerror}.")
        yield LoadFailure(printable(Path(str(path.filename))), reason, hides=True)
        return
    try:
        source = checked_source(source_of(path))
    except InvalidInput as error:
        yield LoadFailure(printable(path), error)
        return
    is_records = path.suffix.lower() == RECORDS
    if not asked_for and not is_records and format_of(path.name) is None:
        yield Skipped(source, _unread(path.name))
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
        return LoadFailure(source, _unopened(error), hides=True)


def _records(path: Path, source: str, settings: LoadSettings) -> Iterator[Loaded]:
    try:
        with path.open("rb") as lines:
            yield from iter_records(lines, source, settings)
    except OSError as error:
        yield LoadFailure(source, _unopened(error), hides=True)


def _unopened(error: OSError) -> FootnoteError:
    if isinstance(error, FileNotFoundError):
        return NotFound("There is no such file or folder.")
    return InvalidInput(f"The file cannot be opened: {error.strerror}.")


def _record(line: bytes, source: str, number: int, settings: LoadSettings) -> RawFile | LoadFailure:
    place = f"{source}#line-{number}"
    if len(line) > settings.max_file_bytes:
        return LoadFailure(place, _too_large(settings), hides=True)
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return LoadFailure(place, CorruptFile(f"Line {number} is no valid JSON."), hides=True)
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("text"), str)
        or value.get("_id") in (None, "")
    ):
        what = f"Line {number} is no record: it needs '_id' and 'text'."
        return LoadFailure(place, CorruptFile(what), hides=True)
    identity = str(value["_id"])
    try:
        return RawFile(checked_source(f"{source}#{identity}"), line, RECORD, identity + RECORD_SUFFIX)
    except InvalidInput as error:
        return LoadFailure(place, error)


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
            return b"".join(unpacked(archive, "mimetype")).decode("ascii", "replace").strip()
    if "[Content_Types].xml" not in names:
        return ""
    return next((found for part, found in _PARTS.items() if part in names), "")


def _ole_type(filename: str, named: Format | None, content: bytes) -> str:
    """The container of Outlook and of the old Office formats, or of a new document under a password."""
    if _ENCRYPTED_PACKAGE in content:
        raise EncryptedFile("The file is protected with a password.", hint="Save it without one.")
    held = [kind for kind, stream in _OLE_STREAMS.items() if stream.encode("utf-16-le") in content]
    if not held and named is not None and named.media_type in _OLE_STREAMS:
        return named.media_type  # the directory may be cut off, which its parser will say
    if named is not None and named.media_type in held:
        return named.media_type
    return _agreed(filename, named, held[0] if held else EXCEL)  # the oldest sheets have other names


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
        raise _unread(filename)
    return "text/plain"


def _unread(filename: str) -> FootnoteError:
    """Why a file of this name is of no kind that is read."""
    suffix = Path(filename).suffix
    return unsupported(f"A {suffix} file" if suffix else "A file without an ending")


def _too_large(settings: LoadSettings) -> LimitExceeded:
    return LimitExceeded(
        f"The file is larger than {settings.max_file_bytes} bytes.",
        hint="The limit is the setting load.max_file_bytes.",
    )
