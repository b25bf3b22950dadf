"""The children that parse: each started when first needed, used for many files, and replaced in time."""

from __future__ import annotations

import queue
import threading
from types import TracebackType
from typing import Self

from ingestion.sandbox.process import ParserProcess
from ingestion.sandbox.wire import ChunkJob, Request, error_from
from ingestion.types import Document, RawFile
from service.errors import ParseCrashed, Unavailable
from service.settings import ParseSettings
from service.tracing.stages import listening, now_ns
from service.types import Chunk

_FILES_PER_CHILD = 2_000
"""A child is replaced after so many, so that no leak can add up."""


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
        self._idle: queue.LifoQueue[ParserProcess | None] = queue.LifoQueue()
        self._alive: set[ParserProcess] = set()
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
        """Kill the children; calls under way and later ones end in `Unavailable`: no file is to blame."""
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
        except Exception as error:
            if self._closed:  # whatever it says, the child was killed
                raise _closed() from error
            raise
        finally:
            self._idle.put(self._kept(child))
        if reply.failure:
            raise error_from(reply.failure)
        if reply.document is None:
            raise ParseCrashed("The parser gave neither a document nor a reason.")
        _tell_chunking(reply.chunk_ns)
        return reply.document, reply.chunks

    def _started(self) -> ParserProcess:
        child = ParserProcess(self._settings)
        with self._lock:
            if not self._closed:
                self._alive.add(child)
                return child
        child.kill()
        raise _closed()

    def _kept(self, child: ParserProcess | None) -> ParserProcess | None:
        """The child if it may serve another file."""
        if child is None or (child.is_alive and child.served < self._files_per_child):
            return child
        with self._lock:
            self._alive.discard(child)
        child.kill()
        return None


def _tell_chunking(spent_ns: int) -> None:
    """Says what of the time was not parsing, to who listens."""
    if (listener := listening.get()) is not None and spent_ns:
        ended = now_ns()
        listener("chunk", ended - spent_ns, ended, None)


def _closed() -> Unavailable:
    return Unavailable("The parser pool is closed.")
