"""The process that parses: limits itself, then answers one request after another until its input ends.

Started by the parser pool as `python -m ingestion.sandbox.child LIMIT_BYTES LIFELINE`, with an empty working
folder and an environment without secrets.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import math
import os
import resource
import signal
import sys
import threading
import time
import traceback
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ingestion.sandbox.wire import (
    READY,
    REPLY,
    REQUEST,
    ChunkJob,
    Disconnected,
    ParseFailure,
    Reply,
    Request,
    read_frame,
    write_frame,
)
from ingestion.types import Document, RawFile
from service.errors import ExplodingFile, FootnoteError, NestingTooDeep, ParseCrashed, ParseOutOfMemory
from service.types import Chunk

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_NICENESS = 10
_MAX_FILE_BYTES = 512 * 1024 * 1024
_ANY_SIZE = 1 << 62
_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000
_NETWORK_EVENTS = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind"})
_GRACE_SECONDS = 5
_OUT_OF_MEMORY = ParseFailure(ParseOutOfMemory.code, "Parsing needed more memory than the limit.")


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    _end_with_parent(int(sys.argv[2]))
    requests, replies = _take_over_pipes()
    _limit(int(sys.argv[1]))
    _leave_network()
    import_module("ingestion.parse")  # before the clock of the first file runs
    write_frame(replies, READY)
    try:
        while True:
            request = REQUEST.validate_json(read_frame(requests, _ANY_SIZE))
            reply = _answer(request, read_frame(requests, _ANY_SIZE))
            write_frame(replies, _serialised(reply))
    except Disconnected:
        return


def _end_with_parent(lifeline: int) -> None:
    """End this process, and whatever it started, when the other end of the pipe closes.

    Linux does so by itself, also while a C library runs and no Python can. `PR_SET_PDEATHSIG` would not do:
    it looks at the thread that started this process, which may end long before its process.
    """
    if sys.platform == "linux":
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)
    else:
        threading.Thread(target=_wait_for_end, args=(lifeline,), daemon=True).start()


def _wait_for_end(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the two pipes for the protocol, so that a library that prints cannot speak in between."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, replies


def _limit(memory_bytes: int) -> None:
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE_BYTES, _MAX_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _leave_network() -> None:
    """A network namespace of its own where the system allows it; in any case no connection from Python."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_NEW_NETWORK) != 0:
            libc.unshare(_NEW_NETWORK | _NEW_USER)
    sys.addaudithook(_refuse_network)


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in _NETWORK_EVENTS:
        raise PermissionError("A parser has no network.")


def _answer(request: Request, content: bytes) -> Reply:
    # The parent's own clock kills first; this is for one that cannot.
    signal.alarm(math.ceil(request.limits.timeout_s) + _GRACE_SECONDS)
    try:
        return _parsed(request, content)
    except FootnoteError as error:
        return Reply(failure=ParseFailure(error.code, str(error), error.hint))
    except MemoryError:
        return Reply(failure=_OUT_OF_MEMORY)
    except RecursionError:
        return Reply(failure=ParseFailure(NestingTooDeep.code, "The file nests too deeply."))
    except OSError as error:
        return Reply(failure=_system_failure(error))
    except Exception as error:  # the boundary: whatever a parser did not foresee becomes one typed failure
        return Reply(failure=_crash(error))
    finally:
        signal.alarm(0)


def _parsed(request: Request, content: bytes) -> Reply:
    from ingestion.parse import parse

    document = parse(RawFile(request.source, content, request.media_type, request.filename), request.limits)
    if request.job is None:
        return Reply(document)
    parsed = time.perf_counter_ns()
    chunks = _chunks(document, request.filename, request.job)
    return Reply(document, chunks, chunk_ns=time.perf_counter_ns() - parsed)


def _chunks(document: Document, filename: str, job: ChunkJob) -> tuple[Chunk, ...]:
    from ingestion.chunk import chunk

    tokenizer = _Tokenizer(job.tokenizer_file)
    return chunk(
        document,
        tenant=job.tenant,
        document_id=job.document_id,
        settings=job.settings,
        tokenize=tokenizer.spans,
        filename=filename,
    )


class _Tokenizer:
    """The embedder's tokenizer, without its truncation and special tokens."""

    def __init__(self, file: str) -> None:
        self._tokenizer = _loaded_tokenizer(file, Path(file).stat().st_mtime_ns)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Character span of each token."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)


@cache
def _loaded_tokenizer(file: str, _modified: int) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(file)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _serialised(reply: Reply) -> bytes:
    try:
        return REPLY.dump_json(reply)
    except MemoryError:
        return REPLY.dump_json(Reply(failure=_OUT_OF_MEMORY))


def _system_failure(error: OSError) -> ParseFailure:
    if error.errno == errno.ENOMEM:
        return _OUT_OF_MEMORY
    if error.errno in (errno.EFBIG, errno.ENOSPC):
        return ParseFailure(ExplodingFile.code, "The file unpacks to more than may be written to disk.")
    return _crash(error)


def _crash(error: Exception) -> ParseFailure:
    """Names the error's type and place, never its text, which could hold content of the file."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return ParseFailure(ParseCrashed.code, f"The parser failed unexpectedly: {type(error).__name__}{place}.")


if __name__ == "__main__":
    main()
