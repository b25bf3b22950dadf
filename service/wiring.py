"""wiring: the only place where concrete parts are chosen.

The server, the command line and the tests all come in through `open_resources`.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from service.background import QuestionThreads, repeating
from service.catalogue import (
    AnswerKeeper,
    Answers,
    CatalogueReader,
    Database,
    Documents,
    Expiry,
    Files,
    Jobs,
    Listing,
)
from service.decide import fingerprints, open_decider
from service.embed import Embedder, open_embedder
from service.errors import DataFolderLocked, IndexMismatch, Misconfigured, StoreDamaged
from service.gate import Gate
from service.generate import Generator
from service.local_engine import LocalEngine
from service.models import TokenFinder
from service.pipeline import Pipeline
from service.readiness import Check, Readinesses
from service.rerank import open_reranker
from service.settings import Settings
from service.stage_checks import stage_checks
from service.store.damage import REINDEX
from service.store.edge import EdgeStore

log = logging.getLogger(__name__)

EmbedderFactory = Callable[[Settings], Embedder]

TIDY_EVERY_S = 3600.0
"""Between two looks for what is past its time; the periods are days and hours."""

STORE_FORM = "2"
"""Moves when vectors or payload change their form, so that an older index is refused."""

SPECIAL_TOKENS = 8
"""Room for the model's own marks around a text, and for how tokenizers differ at a cut."""


def served_embedder(settings: Settings) -> Embedder:
    """The embedding model that the settings name.

    Raises:
        ModelUnavailable: it cannot be found, loaded or compiled.
    """
    return open_embedder(settings.embed, settings.cache_dir, settings.rerank.token_dimensions)


@contextmanager
def open_resources(
    settings: Settings, *, make_embedder: EmbedderFactory = served_embedder
) -> Iterator[LocalEngine]:
    """The engine on the settings' data folder, which this process holds until the block ends.

    Raises:
        DataFolderLocked: another process holds the folder.
        IndexMismatch: the index was made with another model.
        StoreDamaged: the index cannot be read; `start_reindex` makes it anew.
        ModelUnavailable, StoreUnavailable: a part cannot be opened.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _holding(settings.data_dir):
        database = Database.in_folder(settings.data_dir)
        try:
            embedder = make_embedder(settings)
            _check_sizes(settings, embedder)
            folder = _index_folder(settings.data_dir, database, embedder)
            store = EdgeStore(folder, embedder.dimension, settings.store.min_free_bytes)
            try:
                with _engine(settings, database, embedder, store) as engine:
                    _check_not_emptied(database, store)
                    yield engine
            finally:
                store.close()
        finally:
            database.close()


@contextmanager
def _engine(
    settings: Settings, database: Database, embedder: Embedder, store: EdgeStore
) -> Iterator[LocalEngine]:
    """The engine with all that runs beside it, which ends with the block."""
    threads = QuestionThreads(settings.api.max_concurrent_queries)
    pipeline = _pipeline(settings, database, embedder, store, threads)
    answers = Answers(database)
    engine = LocalEngine(
        settings=settings,
        pipeline=pipeline,
        database=database,
        versions=Documents(database, settings.catalogue.keep_versions),
        listing=Listing(database),
        jobs=Jobs(database, settings.catalogue.lease_s),
        answers=answers,
        keeper=(keeper := AnswerKeeper(answers)),
        expiry=Expiry(database, settings.catalogue),
        files=Files(settings.data_dir / "files"),
        store=store,
        gate=Gate(),
        parts=(parts := Readinesses(_checks(pipeline, database, store, keeper))),
    )
    try:
        engine.repair()
        with keeper.running(), repeating(engine.tidy, TIDY_EVERY_S, "tidying up"):
            yield engine
    finally:
        parts.close()
        threads.close()


def _checks(
    pipeline: Pipeline, database: Database, store: EdgeStore, keeper: AnswerKeeper
) -> Mapping[str, Check]:
    def catalogue() -> str:
        lost = f", {keeper.lost} answers were not kept" if keeper.lost else ""
        return f"{database.check()}{lost}"

    return {
        "catalogue": catalogue,
        "store": lambda: f"{store.size()} vectors",
        **stage_checks(pipeline),
    }


def _pipeline(
    settings: Settings, database: Database, embedder: Embedder, store: EdgeStore, threads: QuestionThreads
) -> Pipeline:
    reranker = open_reranker(
        settings.rerank, settings.cache_dir, settings.data_dir, embedder.tokens_fingerprint
    )
    running = fingerprints(
        embedder.fingerprint, embedder.tokens_fingerprint, reranker.fingerprint, settings.chunk
    )
    return Pipeline(
        settings=settings,
        embedder=embedder,
        store=store,
        reader=CatalogueReader(database),
        reranker=reranker,
        decider=open_decider(settings.decide, settings.data_dir, running),
        generator=_generator(settings, embedder, threads),
        threads=threads,
    )


def _generator(settings: Settings, embedder: Embedder, threads: QuestionThreads) -> Generator:
    if settings.generate.base_url:
        from service.generate.chat import ChatGenerator

        return ChatGenerator(settings.generate)
    from service.generate.extractive import ExtractiveGenerator

    tokenize = TokenFinder(embedder.tokenizer_file)
    return ExtractiveGenerator(
        embedder.embed_sentences, tokenize, settings.generate.max_sentences, threads.run
    )


@contextmanager
def _holding(data_dir: Path) -> Iterator[None]:
    """Holds the folder; another process that comes is told so."""
    lock = FileLock(data_dir / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise DataFolderLocked(
            f"another process holds {data_dir}",
            hint="stop it, or give another folder with --data-dir",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _check_sizes(settings: Settings, embedder: Embedder) -> None:
    """A chunk longer than the model reads would be found by its beginning alone."""
    if settings.chunk.max_tokens + SPECIAL_TOKENS > embedder.max_tokens:
        raise Misconfigured(
            f"chunk.max_tokens is {settings.chunk.max_tokens}, but {embedder.name} reads "
            f"{embedder.max_tokens} tokens, {SPECIAL_TOKENS} of which are set aside",
            hint=f"set FOOTNOTE_CHUNK__MAX_TOKENS to {embedder.max_tokens - SPECIAL_TOKENS} or less",
        )


def start_reindex(settings: Settings, *, make_embedder: EmbedderFactory = served_embedder) -> int:
    """Begins a new index with the settings' model: queues every document; returns how many.

    The worker does the rest, now or after a crash. Documents can be found again as they are done. An index
    that cannot be opened is set aside, and removed at the next start.
    """
    with _holding(settings.data_dir):
        database = Database.in_folder(settings.data_dir)
        try:
            embedder = make_embedder(settings)
            _set_damaged_aside(settings.data_dir / "index" / _index_name(embedder), embedder.dimension)
            queued = 0
            for scope, document in Documents(database, settings.catalogue.keep_versions).everything():
                Jobs(database).add(scope, [document])
                queued += 1
            _name_index(database, embedder)
            return queued
        finally:
            database.close()


def _set_damaged_aside(index: Path, dimension: int) -> None:
    if not index.exists():
        return
    try:
        EdgeStore(index, dimension).close()
    except StoreDamaged as error:
        log.warning("the index cannot be read and is made anew: %s", error)
        aside = index.with_name(f"{index.name}.damaged")
        shutil.rmtree(aside, ignore_errors=True)
        index.rename(aside)


def _check_not_emptied(database: Database, store: EdgeStore) -> None:
    """The engine opens some damaged folders as if they were empty; then nothing would ever be found."""
    if store.size() == 0 and not Jobs(database).depth() and Documents(database, 1).count_live_chunks():
        raise StoreDamaged("the index has lost all of its vectors", hint=REINDEX)


def _index_folder(data_dir: Path, database: Database, embedder: Embedder) -> Path:
    """The folder of the index, once it is sure that this model made it."""
    if (known := database.index_property("index")) is None:
        known = _name_index(database, embedder)
    if known != _index_name(embedder):
        raise IndexMismatch(
            f"the index {known!r} was made with another model than {embedder.name}, "
            f"which makes {_index_name(embedder)!r}",
            hint="run `footnote reindex`, or set FOOTNOTE_EMBED__MODEL back",
        )
    for old in (data_dir / "index").glob("*"):
        if old.name != known:
            log.info("removing the index of an earlier model: %s", old)
            shutil.rmtree(old)
    return data_dir / "index" / known


def _name_index(database: Database, embedder: Embedder) -> str:
    database.set_index_property("index", name := _index_name(embedder))
    return name


def _index_name(embedder: Embedder) -> str:
    tokens = embedder.tokens_fingerprint or "none"
    return f"{STORE_FORM}-{embedder.dimension}-{embedder.fingerprint}-{tokens}"
