"""Stand-ins for the core's slow parts, and the real engine opened over them.

The embedder counts words instead of running a model and the parser works in this process; the catalogue, the
store, the queue, the worker and the pipeline are the real ones.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from ingestion.chunk import chunk
from ingestion.parse import parse
from ingestion.sandbox import ChunkJob
from ingestion.types import Document, RawFile
from ingestion.worker import Worker, worker_for
from service.errors import CorruptFile
from service.local_engine import LocalEngine
from service.records import Job, Upload
from service.settings import ParseSettings, Settings
from service.stopwatch import Stopwatch
from service.types import LOCAL, Chunk, Encoded, Scalar, Scope
from service.wiring import open_resources
from tests.answering import DIMENSION, embed, token_vectors

BROKEN = "this file cannot be read"
"""A file that holds this is damaged, as far as `InlineParsers` is concerned."""


def a_tokenizer(folder: Path) -> Path:
    """A tokenizer file whose tokens are words and marks."""
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "words.json"))
    return folder / "words.json"


@dataclass
class FakeEmbedder:
    """An `Embedder` in which texts are near that share words; remembers what it was given."""

    tokenizer_file: Path
    name: str = "words"
    fingerprint: str = "words-1"
    tokens_fingerprint: str = "words-1"
    dimension: int = DIMENSION
    max_tokens: int = 256
    passages: list[str] = field(default_factory=list)
    before_passages: Callable[[], None] = lambda: None
    """Called before passages are embedded: the moment in which a test changes something."""

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def embed_query(self, text: str) -> Encoded:
        return self._encoded([text])[0]

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return embed(texts)[:, : self.dimension]

    def embed_passages(self, texts: Sequence[str]) -> list[Encoded]:
        self.before_passages()
        self.passages.extend(texts)
        return self._encoded(texts)

    def _encoded(self, texts: Sequence[str]) -> list[Encoded]:
        return [
            Encoded(vector, token_vectors(text))
            for vector, text in zip(self.embed_sentences(texts), texts, strict=True)
        ]


class InlineParsers:
    """Parses and chunks in this process: no child has to start for a file that the test wrote itself."""

    def __init__(self, settings: ParseSettings) -> None:
        self._settings = settings

    def close(self) -> None:
        pass

    def run(self, raw: RawFile, job: ChunkJob) -> tuple[Document, tuple[Chunk, ...]]:
        if BROKEN.encode() in raw.content:
            raise CorruptFile("The file is damaged.")
        document = parse(raw, self._settings)
        tokenizer = Tokenizer.from_file(job.tokenizer_file)

        def tokenize(text: str) -> Sequence[tuple[int, int]]:
            spans: Sequence[tuple[int, int]] = tokenizer.encode(text, add_special_tokens=False).offsets
            return spans

        with Stopwatch().stage("chunk"):
            pieces = chunk(
                document,
                tenant=job.tenant,
                document_id=job.document_id,
                settings=job.settings,
                tokenize=tokenize,
            )
        return document, pieces


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where the system offers one: the engine waits for the disk at every write."""
    memory = Path("/dev/shm")
    base = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with TemporaryDirectory(prefix="footnote-test-", dir=base) as folder:
        yield Path(folder)


@contextmanager
def opened(folder: Path, embedder: FakeEmbedder, **sections: Any) -> Iterator[LocalEngine]:
    """The real engine on `folder`, with words instead of a model."""
    settings = Settings(data_dir=folder, **sections)
    with open_resources(settings, make_embedder=lambda _: embedder) as engine:
        yield engine


def drain(engine: LocalEngine) -> Worker:
    """Works through the queue in this thread; returns the worker that did."""
    worker = worker_for(engine, InlineParsers)
    worker.run_until_idle()
    return worker


def put(
    engine: LocalEngine,
    source: str,
    text: str,
    *,
    scope: Scope = LOCAL,
    metadata: dict[str, Scalar] | None = None,
    groups: tuple[str, ...] | None = None,
    key: str | None = None,
) -> Job:
    """Uploads one text; the job waits in the queue."""
    upload = Upload(source, source.rpartition("/")[2], BytesIO(text.encode()))
    return asyncio.run(engine.upload(scope, [upload], metadata=metadata, groups=groups, idempotency_key=key))[
        0
    ]


def ingested(engine: LocalEngine, source: str, text: str, **options: Any) -> Job:
    """Uploads one text and reads it in; its job, done or failed."""
    job = put(engine, source, text, **options)
    drain(engine)
    return engine.jobs.get(options.get("scope", LOCAL), job.id)


def sections(**bodies: str) -> str:
    """Markdown of one section for each body: each becomes one chunk."""
    return "\n\n".join(f"# {title.replace('_', ' ')}\n\n{body}" for title, body in bodies.items())
