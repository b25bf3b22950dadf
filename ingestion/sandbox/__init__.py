"""Parsing files that others wrote: in child processes with limits, so that no file can hurt the service.

A child has a bound on wall time, memory, file size and output, a low priority, an empty working folder, no
network and no secrets in its environment. It is started when first needed, used for many files, and replaced
after a kill or after enough files that a leak cannot add up. It is a program of its own rather than a fork,
because forking a process with threads (the API, OpenVINO) may deadlock, and it imports no model runtime.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from types import TracebackType
from typing import IO, Self, cast

from pydantic import ValidationError

from ingestion.sandbox.child import READY
from ingestion.sandbox.wire import (
    REPLY,
    REQUEST,
    ChunkJob,
    Disconnected,
    Reply,
    Request,
    error_from,
    read_frame,
    write_frame,
)
from ingestion.types import Document, RawFile
from service.errors import (
    ExplodingFile,
    ParseCrashed,
    ParseError,
    ParseOutOfMemory,
    ParseTimeout,
    Unavailable,
)
from service.settings import MIB, ParseSettings
from service.types import Chunk

__all__ = ["ChunkJob", "ParserPool"]

_FILES_PER_CHILD = 2_000
_START_SECONDS = 60
_STDERR_TAIL = 4096
_REPLY_BYTES_PER_CHARACTER = 16
"""A character comes up to four times (text, element, chunk, cell) and takes up to four bytes."""
_INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "TESSDATA_PREFIX",
    "VIRTUAL_ENV",
    "SYSTEMROOT",
)
_QUIET = {
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "SCARF_NO_ANALYTICS": "true",
    "DO_NOT_TRACK": "true",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONSAFEPATH": "1",
}
_OUT_OF_MEMORY_SIGNS = (b"MemoryError", b"bad_alloc", b"Cannot allocate memory", b"out of memory")


class ParserPool:
    """`settings.processes` children that parse; safe to call from many threads, each call blocks its own.

    >>> with ParserPool(ParseSettings()) as pool:
    ...     document = pool.parse(RawFile("a.md", b"# Hello", "text/markdown", "a.md"))
    >>> document.title
    'Hello'
    """

    def __init__(self, settings: ParseSettings, *, files_per_child: int = _FILES_PER_CHILD) -> None:
        self._settings = settings
        self._files_per_child = files_per_child
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        self._alive: set[_Child] = set()
        self._lock = threading.Lock()
        self._closed = False
        for _ in range(settings.processes):
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the children; a call under way ends in `ParseCrashed`, a later one in `Unavailable`."""
        with self._lock:
            self._closed = True
            children, self._alive = self._alive, set()
        for child in children:
            child.kill()

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the children that are alive."""
        with self._lock:
            return tuple(child.pid for child in self._alive)

    def parse(self, raw: RawFile) -> Document:
        """The document, read in a child; raises one typed `ParseError` for whatever goes wrong there."""
        return self._ask(raw, None)[0]

    def run(self, raw: RawFile, job: ChunkJob) -> tuple[Document, tuple[Chunk, ...]]:
        """The document and its chunks, both made in a child, so that this process does no Python work."""
        return self._ask(raw, job)

    def _ask(self, raw: RawFile, job: ChunkJob | None) -> tuple[Document, tuple[Chunk, ...]]:
        child = self._idle.get()
        try:
            if child is None:
                child = self._started()
            reply = child.ask(
                Request(raw.source, raw.filename, raw.media_type, self._settings, job), raw.content
            )
        finally:
            self._idle.put(self._kept(child))
        if reply.failure:
            raise error_from(reply.failure)
        if reply.document is None:
            raise ParseCrashed("The parser gave neither a document nor a reason.")
        return reply.document, reply.chunks

    def _started(self) -> _Child:
        child = _Child(self._settings)
        with self._lock:
            if not self._closed:
                self._alive.add(child)
                return child
        child.kill()
        raise Unavailable("The parser pool is closed.")

    def _kept(self, child: _Child | None) -> _Child | None:
        """The child if it may serve another file."""
        if child is None or (child.is_alive and child.served < self._files_per_child):
            return child
        with self._lock:
            self._alive.discard(child)
        child.kill()
        return None


class _Child:
    """One parsing process and its two pipes."""

    def __init__(self, settings: ParseSettings) -> None:
        self.served = 0
        self._settings = settings
        self._expired = False
        self._folder = tempfile.TemporaryDirectory(prefix="footnote-parse-", ignore_cleanup_errors=True)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingestion.sandbox.child", str(settings.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=self._folder.name,
            env=_environment(self._folder.name),
            start_new_session=True,
        )
        self._requests = cast(IO[bytes], self._process.stdin)
        self._replies = cast(IO[bytes], self._process.stdout)
        self._greet()

    @property
    def pid(self) -> int:
        """The child's process id, which is its process group's too."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process can take another file."""
        return not self._expired and self._process.poll() is None

    def ask(self, request: Request, content: bytes) -> Reply:
        """Send a file and wait for what comes of it."""
        self.served += 1
        most = self._settings.max_output_characters * _REPLY_BYTES_PER_CHARACTER + 16 * MIB
        watchdog = threading.Timer(self._settings.timeout_s, self._expire)
        watchdog.daemon = True
        watchdog.start()
        try:
            write_frame(self._requests, REQUEST.dump_json(request))
            write_frame(self._requests, content)
            return REPLY.validate_json(read_frame(self._replies, most))
        except ValidationError as error:
            self.kill()
            raise ParseCrashed("The parser gave an answer that makes no sense.") from error
        except Disconnected as error:
            raise self._death() from error
        finally:
            watchdog.cancel()

    def kill(self) -> None:
        """End the process and whatever it started, and remove its folder."""
        with suppress(ProcessLookupError):  # it may be gone already, with its group
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._requests, self._replies, self._stderr):
            _close(stream)
        self._folder.cleanup()

    def _greet(self) -> None:
        watchdog = threading.Timer(_START_SECONDS, self._expire)
        watchdog.daemon = True
        watchdog.start()
        try:
            read_frame(self._replies, len(READY))
        except Disconnected as error:
            tail = self._tail()
            self.kill()
            reason = tail.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise ParseCrashed(f"The parser process does not start: {reason}") from error
        finally:
            watchdog.cancel()

    def _expire(self) -> None:
        self._expired = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _death(self) -> ParseError:
        """The typed error for a process that went away, or sent more than may be sent."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.kill()
            return ExplodingFile(
                "The file gives more text than the limit.", hint=_limit("max_output_characters")
            )
        return self._verdict(code, self._tail())

    def _verdict(self, code: int, tail: bytes) -> ParseError:
        if self._expired or code == -signal.SIGALRM:
            return ParseTimeout(
                f"Parsing took longer than {self._settings.timeout_s:g} seconds.", hint=_limit("timeout_s")
            )
        if code == -signal.SIGKILL or any(sign in tail for sign in _OUT_OF_MEMORY_SIGNS):
            return ParseOutOfMemory("Parsing needed more memory than the limit.", hint=_limit("memory_bytes"))
        if code == -signal.SIGXFSZ:
            return ExplodingFile("The file unpacks to more than may be written to disk.")
        cause = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return ParseCrashed(f"The parser process died ({cause}).")

    def _tail(self) -> bytes:
        if self._stderr.closed:
            return b""
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _STDERR_TAIL))
        return self._stderr.read()


def _environment(folder: str) -> dict[str, str]:
    """Only what a parser needs: no credentials, no home folder, nothing that a library would report to."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return {
        **inherited,
        **_QUIET,
        "PYTHONPATH": path,
        "HOME": folder,
        "TMPDIR": folder,
        "XDG_CACHE_HOME": folder,
    }


def _limit(setting: str) -> str:
    return f"The limit is the setting parse.{setting}."


def _close(stream: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # unsent bytes of a request whose process is gone
        stream.close()
