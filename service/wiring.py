"""wiring: the only place where concrete parts are chosen.

The server, the command line and the tests all come in through `open_resources`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from service.background import QuestionThreads
from service.blobs import open_blobs
from service.catalogue import (
    AnswerKeeper,
    Answers,
    CatalogueReader,
    Database,
    Documents,
    Expiry,
    Jobs,
    Listing,
)
from service.decide import fingerprints, open_decider
from service.embed import Embedder, open_embedder
from service.errors import DataFolderLocked, Misconfigured, StoreDamaged
from service.gate import Gate
from service.generate import Generator
from service.local_engine import LocalEngine
from service.locks import ProcessLocks
from service.maintenance import Maintenance
from service.models import TokenFinder
from service.originals import Originals
from service.pipeline import Pipeline
from service.readiness import Check, Readinesses
from service.rerank import open_reranker
from service.settings import Settings
from service.sharing import Sharing, open_sharing, remembering
from service.stage_checks import stage_checks
from service.store.damage import REINDEX
from service.store.index import ChunkIndex
from service.store.opening import make_room_for_index, open_index, put_in_force

EmbedderFactory = Callable[[Settings], Embedder]


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
            with (
                open_index(settings, embedder, database) as index,
                _engine(settings, database, embedder, index) as engine,
            ):
                _check_not_emptied(database, index)
                yield engine
        finally:
            database.close()


@contextmanager
def _engine(
    settings: Settings, database: Database, embedder: Embedder, index: ChunkIndex
) -> Iterator[LocalEngine]:
    """The engine with all that runs beside it, which ends with the block."""
    with (
        closing(QuestionThreads(settings.api.question_threads)) as threads,
        open_sharing(
            settings,
            pipeline := _pipeline(settings, database, embedder, index, threads),
            CatalogueReader(database).epoch,
            _installation(database),
        ) as sharing,
    ):
        engine = _joined(settings, database, index, pipeline, sharing)
        with closing(engine.parts):
            engine.jobs.requeue_interrupted()  # whoever had taken them is dead: this process holds the folder
            engine.maintenance.at_start()
            with engine.keeper.running(), engine.maintenance.running():
                yield engine


def _joined(
    settings: Settings, database: Database, index: ChunkIndex, pipeline: Pipeline, sharing: Sharing
) -> LocalEngine:
    answers = Answers(database)
    versions = Documents(database, settings.catalogue.keep_versions)
    jobs = Jobs(database, settings.catalogue.lease_s)
    locks = ProcessLocks()
    blobs = open_blobs(settings.blobs, settings.data_dir, _installation(database))
    originals = Originals(blobs, versions, locks)
    return LocalEngine(
        settings=settings,
        pipeline=pipeline,
        database=database,
        versions=versions,
        listing=Listing(database),
        jobs=jobs,
        answers=answers,
        keeper=(keeper := AnswerKeeper(answers)),
        originals=originals,
        locks=locks,
        maintenance=Maintenance(
            versions, jobs, index, originals, Expiry(database, settings.catalogue), locks
        ),
        index=index,
        gate=Gate(),
        parts=Readinesses({**_checks(pipeline, database, keeper), **sharing.checks()}),
        sharing=sharing,
        wake=sharing.waker,
    )


def _checks(pipeline: Pipeline, database: Database, keeper: AnswerKeeper) -> Mapping[str, Check]:
    def catalogue() -> str:
        lost = f", {keeper.lost} answers were not kept" if keeper.lost else ""
        return f"{database.check()}{lost}"

    return {
        "catalogue": catalogue,
        "store": lambda: f"{pipeline.store.size()} vectors",
        "token_vectors": pipeline.tokens.check,
        **stage_checks(pipeline),
    }


def _pipeline(
    settings: Settings, database: Database, embedder: Embedder, index: ChunkIndex, threads: QuestionThreads
) -> Pipeline:
    reranker = open_reranker(
        settings.rerank, settings.cache_dir, settings.data_dir, embedder.tokens_fingerprint
    )
    running = fingerprints(
        embedder.fingerprint, embedder.tokens_fingerprint, reranker.fingerprint, settings.chunk
    )
    return Pipeline(
        settings=settings,
        embedder=remembering(embedder, settings.cache),
        store=index.vectors,
        tokens=index.tokens,
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
            make_room_for_index(settings, embedder)
            queued = 0
            for scope, document in Documents(database, settings.catalogue.keep_versions).everything():
                Jobs(database).add(scope, [document])
                queued += 1
            put_in_force(embedder, database)
            return queued
        finally:
            database.close()


def _check_not_emptied(database: Database, index: ChunkIndex) -> None:
    """The engine opens some damaged folders as if they were empty; then nothing would ever be found."""
    if (
        index.vectors.size() == 0
        and not Jobs(database).depth()
        and Documents(database, 1).count_live_chunks()
    ):
        raise StoreDamaged("the index has lost all of its vectors", hint=REINDEX)


def _installation(database: Database) -> str:
    """The name of this installation where it shares a place with others."""
    if (known := database.index_property("installation")) is None:
        database.set_index_property("installation", known := str(uuid4()))
    return known
