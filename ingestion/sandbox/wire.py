"""What crosses between the service and the process that parses: length-prefixed JSON, validated on arrival.

The parsing process may have been taken over by a hostile file, so the parent never unpickles: it reads at
most a bounded number of bytes and lets pydantic rebuild the dataclasses, types checked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO

from pydantic import TypeAdapter

from ingestion.types import Document
from service.errors import (
    FootnoteError,
    InvalidInput,
    LimitExceeded,
    ParseCrashed,
    ParseError,
    UnsupportedMedia,
)
from service.settings import ChunkSettings, ParseSettings
from service.types import Chunk

_LENGTH = struct.Struct(">Q")
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ChunkJob:
    """What chunking in the child needs, as data; `tokenizer_file` is the `tokenizers` library's JSON."""

    tenant: str
    document_id: str
    tokenizer_file: str
    settings: ChunkSettings


@dataclass(frozen=True, slots=True)
class Request:
    """One file to parse; its bytes follow in a frame of their own."""

    source: str
    filename: str
    media_type: str
    limits: ParseSettings
    job: ChunkJob | None = None


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """An error of ours by its stable code."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request: a document, with its chunks where a job asked for them, or a failure."""

    document: Document | None = None
    chunks: tuple[Chunk, ...] = ()
    failure: ParseFailure | None = None
    chunk_ns: int = 0
    """How long chunking took; the rest was parsing."""


READY = b"ready"
"""What a child says when it has imported its parsers and limited itself."""

REQUEST = TypeAdapter(Request)
REPLY = TypeAdapter(Reply)


class Disconnected(Exception):
    """The other side is gone, or sent more than is allowed."""


def write_frame(stream: IO[bytes], payload: bytes) -> None:
    """Send one frame; `Disconnected` when nobody reads any more."""
    try:
        stream.write(_LENGTH.pack(len(payload)))
        stream.write(payload)
        stream.flush()
    except (BrokenPipeError, ValueError) as error:
        raise Disconnected from error


def read_frame(stream: IO[bytes], max_bytes: int) -> bytes:
    """Receive one frame; `Disconnected` at the end of the stream or for a frame longer than `max_bytes`."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > max_bytes:
        raise Disconnected
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    pieces: list[bytes] = []
    while length:
        piece = stream.read(min(length, _PIECE))
        if not piece:
            raise Disconnected
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def error_from(failure: ParseFailure) -> FootnoteError:
    """The typed error that a failure stands for; only errors that parsing can end in are rebuilt."""
    return _BY_CODE.get(failure.code, ParseCrashed)(failure.message, hint=failure.hint)


def _leaves(base: type[FootnoteError]) -> list[type[FootnoteError]]:
    return [base, *(leaf for child in base.__subclasses__() for leaf in _leaves(child))]


_REBUILT: list[type[FootnoteError]] = [*_leaves(ParseError), InvalidInput, LimitExceeded, UnsupportedMedia]
_BY_CODE = {error.code: error for error in _REBUILT}
