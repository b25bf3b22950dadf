"""OLE compound files (MS-CFB) as no program would write them: old workbooks and messages for tests."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

SECTOR = 512
STORAGE, STREAM, ROOT = 1, 2, 5
_END, _FREE, _OWN, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
_LARGE = 4096
"""Smaller streams lie elsewhere."""


def entry(
    name: str, kind: int, *, right: int = _NONE, child: int = _NONE, start: int = _END, size: int = 0
) -> bytes:
    """One entry of the directory; `right` and `child` are numbers of other entries."""
    written = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<HBBIII", len(written), kind, 1, _NONE, right, child)
    return written.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)


def compound(
    directory: Sequence[bytes], content: bytes, chain: Callable[[list[int]], object] = lambda table: None
) -> bytes:
    """A file whose one content begins at sector 0; `chain` may change which sector follows which."""
    data = _padded(content.ljust(_LARGE, b"\0"))
    entries = _padded(b"".join(directory))
    first, last = len(data) // SECTOR, (len(data) + len(entries)) // SECTOR
    tables = last // (SECTOR // 4 - 1) + 1
    table = [*range(1, first), _END, *range(first + 1, last), _END, *[_OWN] * tables]
    chain(table)
    table += [_FREE] * (tables * SECTOR // 4 - len(table))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, tables, first, 0, _LARGE, _END, 0, _END, 0)
    places = [*range(last, last + tables), *[_FREE] * (109 - tables)]
    return head + struct.pack("<109I", *places) + data + entries + struct.pack(f"<{len(table)}I", *table)


def workbook(sheets: int, row: int, column: int) -> bytes:
    """The stream of an old workbook (MS-XLS) whose sheets lie in one place and have one number each."""
    fonts = _record(0x31, struct.pack("<HHHHHBBBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0, 1, 0) + b"A") * 5
    formats = _record(0xE0, struct.pack("<HHH", 0, 0, 0xFFF5) + bytes(14)) * 16
    end = _record(0x0A, b"")

    def globals_(place: int) -> bytes:
        named = _record(0x85, struct.pack("<IBBBB", place, 0, 0, 1, 0) + b"s")
        return _beginning(5) + fonts + formats + named * sheets + end

    number = _record(0x203, struct.pack("<HHHd", row, column, 0, 4.5))
    return globals_(len(globals_(0))) + _beginning(16) + number + end


def _beginning(kind: int) -> bytes:
    return _record(0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 1996, 0, 6))


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _padded(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // SECTOR) * SECTOR, b"\0")
