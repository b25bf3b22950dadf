"""The one way to the product under measurement: an engine in this process, or a service that runs already.

`engine_with` opens an engine that has read documents in. `asked_in_process` and `asked_over_http` give what a
run asks: both answer in the API's JSON, so that a figure means the same wherever it was taken.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import httpx
from typing_extensions import override

from eval.labelled.types import LabelledSet
from eval.run.records import Json, Product
from ingestion.load import below, iter_paths
from ingestion.types import RawFile
from ingestion.worker import worker_for
from service.cli.client import Client
from service.cli.http_client import HttpClient
from service.errors import Unavailable
from service.local_engine import LocalEngine
from service.records import Upload
from service.schemas.answers import AnswerOut, SearchOut
from service.schemas.asking import QueryIn, SearchIn
from service.schemas.documents import ChunksOut, DocumentsOut
from service.schemas.explaining import ExplainIn, ExplanationOut
from service.settings import Settings
from service.types import EVERY_GROUP, Scope
from service.wiring import EmbedderFactory, open_resources, served_embedder

SCOPE = Scope("eval", frozenset({EVERY_GROUP}))
HEALTH_S = 10.0
PAGE = 200
READ_TO_THE_END = "read-to-the-end"
"""A file in the data folder: vectors alone may be those of a run that was cut off."""
DECIDING = ("chunk", "embed", "search", "fuse", "rerank", "decide", "context", "generate", "cite")
"""Sections of the settings that shape an answer."""


# --- an engine of this process ---------------------------------------------------------------


def read_in(engine: LocalEngine, paths: Sequence[Path], folder: Path) -> None:
    """Reads the paths in; a document's source is its path below `folder`."""
    for found in iter_paths(paths, engine.settings.load, below(folder)):
        if isinstance(found, RawFile):
            upload = Upload(found.source, found.filename, BytesIO(found.content))
            asyncio.run(engine.upload(SCOPE, [upload], metadata={}, groups=(), idempotency_key=None))
    worker_for(engine).run_until_idle()


def read_set(engine: LocalEngine, labelled: LabelledSet) -> None:
    """Reads the documents of a set in."""
    if labelled.files:
        read_in(engine, labelled.files, labelled.folder)
        return
    with TemporaryDirectory(prefix="footnote-eval-") as scratch:
        file = Path(scratch) / "records.jsonl"
        rows = ({"_id": one.id, "title": one.title, "text": one.text} for one in labelled.records)
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        read_in(engine, [file], Path(scratch))


@contextmanager
def engine_with(
    settings: Settings,
    read: Callable[[LocalEngine], None],
    make_embedder: EmbedderFactory = served_embedder,
    *,
    again: bool = True,
) -> Iterator[LocalEngine]:
    """An engine on the settings' data folder that has read documents in.

    Args:
        read: what reads them; what is in the index already costs little.
        again: whether it is called for a folder that has been read in to the end.
    """
    ended = settings.data_dir / READ_TO_THE_END
    with open_resources(settings, make_embedder=make_embedder) as engine:
        if again or not ended.is_file():
            read(engine)
            ended.touch()
        yield engine


@contextmanager
def corpus(paths: Sequence[Path], settings: Settings) -> Iterator[LocalEngine]:
    """An engine that has read the paths; a document's source is its path below the first of them."""
    with engine_with(settings, lambda engine: read_in(engine, paths, paths[0])) as engine:
        yield engine


# --- what a run asks -------------------------------------------------------------------------


class Asked(Protocol):
    """The product under measurement; every answer is JSON of the API."""

    product: Product
    here: bool
    """Whether it runs in this process, whose processor time is then its own."""

    async def query(self, body: Json) -> Json:
        """The answer to a `POST /query` body."""
        ...

    async def search(self, body: Json) -> Json:
        """The hits for a `POST /search` body."""
        ...

    async def explain(self, body: Json) -> Json:
        """The explanation for a `POST /explain` body."""
        ...

    async def documents(self) -> list[Json]:
        """Every document that there is."""
        ...

    async def text(self, document_id: str) -> str:
        """The text of a document."""
        ...

    async def chunks(self, document_id: str) -> list[Json]:
        """The pieces in which a document is searched."""
        ...


@dataclass(frozen=True, slots=True)
class InProcess(Asked):
    """An engine of this process."""

    engine: LocalEngine
    product: Product
    here: bool = True

    @override
    async def query(self, body: Json) -> Json:
        asked = QueryIn.model_validate(body)
        answer = await self.engine.answer(SCOPE, asked.to_query(self.engine.settings.api))
        return AnswerOut.of(answer, explain=asked.explain).model_dump(mode="json")

    @override
    async def search(self, body: Json) -> Json:
        asked = SearchIn.model_validate(body).to_query(self.engine.settings.api)
        return SearchOut.of(await self.engine.search(SCOPE, asked)).model_dump(mode="json")

    @override
    async def explain(self, body: Json) -> Json:
        asked = ExplainIn.model_validate(body)
        query = asked.to_query(self.engine.settings.api)
        explained = await self.engine.explain(SCOPE, query, asked.to_expected())
        return ExplanationOut.of(explained).model_dump(mode="json")

    @override
    async def documents(self) -> list[Json]:
        async def page(cursor: str | None) -> Json:
            found = await self.engine.documents(SCOPE, cursor, PAGE)
            return DocumentsOut.of(found).model_dump(mode="json")

        return await _every("documents", page)

    @override
    async def text(self, document_id: str) -> str:
        return (await self.engine.document_text(SCOPE, document_id, None)).text

    @override
    async def chunks(self, document_id: str) -> list[Json]:
        async def page(cursor: str | None) -> Json:
            found = await self.engine.chunks(SCOPE, document_id, cursor, PAGE)
            return ChunksOut.of(found).model_dump(mode="json")

        return await _every("chunks", page)


@dataclass(frozen=True, slots=True)
class OverHttp(Asked):
    """A service that runs already; each call has a thread while it waits."""

    client: Client
    product: Product
    here: bool = False

    @override
    async def query(self, body: Json) -> Json:
        return await asyncio.to_thread(self.client.ask, body)

    @override
    async def search(self, body: Json) -> Json:
        return await asyncio.to_thread(self.client.search, body)

    @override
    async def explain(self, body: Json) -> Json:
        return await asyncio.to_thread(self.client.explain, body)

    @override
    async def documents(self) -> list[Json]:
        return await asyncio.to_thread(lambda: list(self.client.documents()))

    @override
    async def text(self, document_id: str) -> str:
        return await asyncio.to_thread(self.client.text, document_id)

    @override
    async def chunks(self, document_id: str) -> list[Json]:
        return await asyncio.to_thread(lambda: list(self.client.chunks(document_id)))


async def _every(name: str, page_after: Callable[[str | None], Awaitable[Json]]) -> list[Json]:
    found: list[Json] = []
    cursor: str | None = None
    while True:
        page = await page_after(cursor)
        found += page[name]
        if (cursor := page["next_cursor"]) is None:
            return found


@asynccontextmanager
async def asked_in_process(engine: LocalEngine) -> AsyncIterator[Asked]:
    """An open engine, let go of by the running loop at the end."""
    try:
        yield InProcess(engine, product_of(engine))
    finally:
        await engine.aclose()


@asynccontextmanager
async def asked_over_http(url: str, api_key: str) -> AsyncIterator[Asked]:
    """The service at `url`, asked with a key if one is given.

    Raises:
        Unavailable: it does not answer.
    """
    try:
        async with httpx.AsyncClient(timeout=HEALTH_S, trust_env=False) as health:
            found = (await health.get(f"{url.rstrip('/')}/healthz")).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable(f"there is no Footnote at {url}: {error}") from error
    with HttpClient(url, api_key) as client:
        yield OverHttp(client, Product(version=str(found.get("version", "")), fingerprints={"url": url}))


def product_of(engine: LocalEngine) -> Product:
    """What decides over the answers of an engine of this process."""
    pipeline, settings = engine.pipeline, engine.settings
    sections = {name: getattr(settings, name).model_dump(mode="json") for name in DECIDING}
    digest = hashlib.sha256(json.dumps(sections, sort_keys=True).encode()).hexdigest()[:12]
    return Product(
        version=version("footnote"),
        fingerprints={
            "embed": pipeline.embedder.fingerprint,
            "rerank": pipeline.reranker.fingerprint,
            "decide": pipeline.decider.fingerprint,
            "generate": pipeline.generator.model,
            "settings": digest,
        },
    )
