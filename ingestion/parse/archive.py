"""Zip containers (docx, xlsx, pptx, odt, epub), judged by their directory before anything is unpacked."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from service.errors import CorruptFile, EncryptedFile, ExplodingFile, MistypedFile, NestingTooDeep
from service.settings import ParseSettings

ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The old binary office container; a password-protected docx, xlsx or pptx is wrapped in one."""

_MAX_ENTRIES = 50_000
_MAX_DIRECTORY_BYTES = 16 * 1024 * 1024
_FREE_BYTES = 16 * 1024 * 1024
"""An entry this small is harmless whatever its ratio: repetitive XML compresses a thousandfold."""
_ENCRYPTED = 0x1
_ARCHIVES = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".jar")
_PIECE = 1024 * 1024


def open_archive(content: bytes) -> zipfile.ZipFile:
    """The archive, opened only once its end record promises a directory of bearable size."""
    _check_end_record(content)
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error) as error:
        raise CorruptFile("The file's zip directory is damaged.") from error


def checked_archive(content: bytes, required: str, limits: ParseSettings) -> zipfile.ZipFile:
    """An archive that may be unpacked: it holds `required`, is not encrypted and does not explode.

    Sizes in a zip directory can lie, so the entries are also unpacked once, counting, never holding them.
    """
    if content.startswith(OLE_MAGIC):
        raise EncryptedFile("The file is protected with a password.", hint="Save it without one.")
    archive = open_archive(content)
    entries = archive.infolist()
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise EncryptedFile("The file is protected with a password.", hint="Save it without one.")
    if required not in archive.namelist():
        raise MistypedFile(f"The file is a zip archive without the part {required}.")
    if any(entry.filename.lower().endswith(_ARCHIVES) for entry in entries):
        raise NestingTooDeep("The file holds another archive.")
    check_sizes(entries, limits)
    _check_by_unpacking(archive, limits)
    return archive


def check_sizes(entries: list[zipfile.ZipInfo], limits: ParseSettings) -> None:
    """Refuse entries whose declared sizes are beyond the limits."""
    if sum(entry.file_size for entry in entries) > limits.max_unpacked_bytes:
        raise _exploding("parse.max_unpacked_bytes")
    for entry in entries:
        ratio = entry.file_size / max(1, entry.compress_size)
        if entry.file_size > _FREE_BYTES and ratio > limits.max_unpack_ratio:
            raise _exploding("parse.max_unpack_ratio")


def unpacked(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The pieces of one entry; damage is a `CorruptFile`."""
    try:
        with archive.open(name) as entry:
            while piece := entry.read(_PIECE):
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise CorruptFile(f"The part {name} of the file is damaged.") from error


def _check_by_unpacking(archive: zipfile.ZipFile, limits: ParseSettings) -> None:
    total = 0
    for entry in archive.infolist():
        for piece in unpacked(archive, entry.filename):
            total += len(piece)
            if total > limits.max_unpacked_bytes:
                raise _exploding("parse.max_unpacked_bytes")


def _check_end_record(content: bytes) -> None:
    """The fixed end record of a zip file (APPNOTE 4.3.16): entries at 10, directory size at 12."""
    end = content.rfind(b"PK\x05\x06", max(0, len(content) - 65_557))
    if end < 0 or len(content) < end + 22:
        raise CorruptFile("The file is truncated: its zip directory is missing.")
    entries, directory_bytes = struct.unpack_from("<HI", content, end + 10)
    if directory_bytes == 0xFFFFFFFF or entries == 0xFFFF:
        raise ExplodingFile("The file's zip directory is too large.")
    if entries > _MAX_ENTRIES or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise ExplodingFile("The file's zip directory is too large.")


def _exploding(setting: str) -> ExplodingFile:
    return ExplodingFile("The file unpacks to far more than it holds.", hint=f"See the setting {setting}.")
