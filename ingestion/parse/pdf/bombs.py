"""Flate bombs: streams that unpack to far more than they hold, found before pdfium unpacks them.

Each compressed stream is unpacked once in small pieces that are thrown away, which takes a few milliseconds a
megabyte and hardly any memory. Streams that do not open as Flate (images, encrypted ones) are passed over:
what hides there still meets the memory limit of the child process.
"""

from __future__ import annotations

import re
import zlib

from service.errors import ExplodingFile
from service.settings import MIB, ParseSettings

STREAM = re.compile(rb"(?<!end)stream\r?\n")
PIECE = 64 * 1024
UNSUSPICIOUS = 128 * MIB
"""A stream that unpacks to less is no bomb, however well it was packed: a blank scan in colour does that."""
LAYERS = 3
PACKED_AGAIN = (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")


def check_streams(content: bytes, limits: ParseSettings) -> None:
    """Raise ExplodingFile when the PDF's streams together, or one by its ratio, unpack beyond the limits."""
    total = 0
    view = memoryview(content)
    for match in STREAM.finditer(content):
        packed, unpacked = _measure(view[match.end() :], limits, LAYERS)
        total += unpacked
        if unpacked > UNSUSPICIOUS and unpacked > limits.max_unpack_ratio * packed:
            raise ExplodingFile(
                "A stream of the PDF unpacks to far more than it holds.",
                hint="The limit is the setting parse.max_unpack_ratio.",
            )
        if total > limits.max_unpacked_bytes:
            raise ExplodingFile(
                "The PDF unpacks to more than is allowed.",
                hint="The limit is the setting parse.max_unpacked_bytes.",
            )


def _measure(packed: memoryview, limits: ParseSettings, layers: int) -> tuple[int, int]:
    """(bytes read, bytes that they unpack to) of a Flate stream; counting ends beyond the limit."""
    machine = zlib.decompressobj()
    read = unpacked = 0
    inner = bytearray()
    try:
        while not machine.eof and unpacked <= limits.max_unpacked_bytes:
            data = machine.unconsumed_tail or bytes(packed[read : read + PIECE])
            if not data:
                break
            if not machine.unconsumed_tail:
                read += len(data)
            piece = machine.decompress(data, PIECE * 16)
            unpacked += len(piece)
            if len(inner) < MIB:
                inner += piece
    except zlib.error:
        pass  # damaged or another kind of stream: what was unpacked so far counts
    if layers and bytes(inner[:2]) in PACKED_AGAIN:
        deeper = _measure(memoryview(bytes(inner)), limits, layers - 1)[1]
        return max(read, 1), max(unpacked, deeper)
    return max(read, 1), unpacked
