"""wiring: the only place where concrete parts are chosen.

The server, the command line and the tests all come in through `open_resources`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial

from service.access.removing import ALONE, REMOVE_EVERY_S, TenantRemoval
from service.background import QuestionThreads
from service.catalogue import (
    AnswerKeeper,
    Answers,
    CatalogueReader,
    Database,
    Documents,
    Expiry,
    Indexes,
    Jobs,
    Listing,
    Tallies,
    Tenants,
)
from service.catalogue.auditing import Auditing
from service.embed import Embedder, check_sizes, open_embedder
from service.errors import StoreDamaged
from service.explaining import Explainer
from service.explaining.corpus import CorpusLook
from service.footing import Footing, open_footing
from service.generate.prompt import prompt_version
from service.health.readiness import Check, Readinesses
from service.health.stage_checks import stage_checks
from service.local_engine import LocalEngine
from service.pipeline import Pipeline
from service.reindexing import index_checks, keep_house
from service.settings import Settings
from service.sharing.parts import Sharing, open_sharing
from service.stages import open_pipeline, pipeline_beside
from service.store.damage import REINDEX
from service.store.index import ChunkIndex
from service.store.opening import index_name, make_room_for_index, open_index, put_in_force
from service.tracing.opening import open_tracing
from service.tracing.questions import Mask
from service.tracing.tracing import Tracing
from service.upkeep.deletion import Deletion
from service.upkeep.fsck import Fsck
from service.upkeep.maintenance import Maintenance
from service.upkeep.originals import Originals
from service.upkeep.receipts import open_signer
from service.variants.opening import Tried, open_variants

LOOK_EVERY_S = 600.0
"""What answers are like is counted by the hour."""

EmbedderFactory = Callable[[Settings], Embedder]


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
    """The engine on the settings' data folder, or on the services that they name, until the block ends.

    Raises:
        DataFolderLocked: another process holds the folder.
        IndexMismatch: the index was made with another model.
        StoreDamaged: the index cannot be read; `start_reindex` makes it anew.
        ModelUnavailable, StoreUnavailable, CatalogueUnavailable: a part cannot be opened.
        SchemaMismatch: the catalogue's server has another schema than this version needs.
        Misconfigured: settings do not fit each other.
    """
    with open_footing(settings) as footing:
        embedder = make_embedder(settings)
        check_sizes(settings.chunk, embedder)
        beside = Indexes(footing.database).beside
        with (
            footing.using(index_name(embedder)),
            open_index(
                settings, embedder, footing.database, footing.token_table, beside, footing.places
            ) as index,
            _engine(settings, footing, embedder, index) as engine,
        ):
            _check_not_emptied(footing.database, index)
            yield engine


@contextmanager
def _engine(
    settings: Settings, footing: Footing, embedder: Embedder, index: ChunkIndex
) -> Iterator[LocalEngine]:
    """The engine with all that runs beside it, which ends with the block."""
    with (
        closing(QuestionThreads(settings.api.question_threads)) as threads,
        open_sharing(
            settings,
            pipeline := open_pipeline(settings, footing.database, embedder, index, threads),
            CatalogueReader(footing.database).epoch,
            footing.installation,
        ) as sharing,
        open_variants(settings, footing.database, sharing.asked, pipeline, pipeline_beside) as variants,
        closing(open_tracing(settings, prompt_version(), _mask)) as tracing,
    ):
        engine = _joined(settings, footing, index, pipeline, sharing, variants, tracing)
        with closing(engine.parts):
            if not footing.shared:  # whatever was under way is nobody's: who had begun it is dead
                engine.jobs.requeue_interrupted()
                engine.maintenance.at_start()
            _remove_tenants(engine, footing)
            engine.maintenance.include(engine.tallies.look, LOOK_EVERY_S, "looking for drift")
            if footing.shared:
                keep_house(engine.maintenance, settings, footing, index)
            with engine.keeper.running(), engine.maintenance.running():
                yield engine


def _joined(
    settings: Settings,
    footing: Footing,
    index: ChunkIndex,
    pipeline: Pipeline,
    sharing: Sharing,
    variants: Tried,
    tracing: Tracing,
) -> LocalEngine:
    database, locks, answers = footing.database, footing.locks, Answers(footing.database)
    in_use = index_name(pipeline.embedder) if footing.shared else ""
    versions = Documents(database, settings.catalogue.keep_versions, in_use)
    jobs, expiry = Jobs(database, settings.catalogue.lease_s), Expiry(database, settings.catalogue)
    originals, signer = Originals(footing.blobs, versions, locks), open_signer(settings, footing.installation)
    deletion = Deletion(versions, jobs, index, originals, locks, signer, sharing)
    fsck = Fsck(Auditing(database), versions, jobs, index, originals, locks, deletion, {})
    beside = {"originals": originals.check, **index_checks(database, footing.url, in_use)}
    return LocalEngine(
        settings=settings,
        pipeline=pipeline,
        database=database,
        versions=versions,
        listing=Listing(database),
        jobs=jobs,
        answers=answers,
        keeper=(keeper := AnswerKeeper(answers)),
        tallies=Tallies(database),
        explainer=Explainer(pipeline, CorpusLook(database)),
        originals=originals,
        locks=locks,
        deletion=deletion,
        fsck=fsck,
        maintenance=Maintenance(versions, jobs, deletion, originals, expiry, fsck, footing.leads),
        index=index,
        parts=Readinesses({**_checks(pipeline, database, keeper, sharing, tracing), **beside}),
        sharing=sharing,
        variants=variants,
        tracing=tracing,
    )


def _remove_tenants(engine: LocalEngine, footing: Footing) -> None:
    """Takes away tenants beside the other maintenance, where there can be more than the local one."""
    if engine.settings.mode == "server":
        key_cache_s = engine.settings.access.key_cache_s
        alone = partial(footing.alone_with, ALONE)
        removal = TenantRemoval(Tenants(engine.database), engine.delete, key_cache_s, alone)
        engine.maintenance.include(removal.remove_all, REMOVE_EVERY_S, "removing tenants")


def _checks(
    pipeline: Pipeline, database: Database, keeper: AnswerKeeper, sharing: Sharing, tracing: Tracing
) -> Mapping[str, Check]:
    def catalogue() -> str:
        lost = f", {keeper.lost} answers were not kept" if keeper.lost else ""
        return f"{database.check()}{lost}"

    return {
        "catalogue": catalogue,
        "store": lambda: f"{pipeline.store.size()} vectors",
        "token_vectors": pipeline.tokens.check,
        **stage_checks(pipeline),
        **sharing.checks(),
        **tracing.checks(),
    }


def _mask() -> Mask:
    from service.masking import open_masker

    return open_masker().mask


def start_reindex(settings: Settings, *, make_embedder: EmbedderFactory = served_embedder) -> int:
    """Begins a new index with the settings' model: queues every document; returns how many.

    The worker does the rest, now or after a crash. Documents can be found again as they are done. An index
    that cannot be opened is set aside, and removed at the next start. In server mode the model stays, and
    what the index has lost is made anew.
    """
    with open_footing(settings) as footing:
        database, embedder = footing.database, make_embedder(settings)
        if footing.shared:  # the same model's, or it is refused: what is missing of it is made anew
            beside = Indexes(database).beside
            with open_index(settings, embedder, database, footing.token_table, beside, footing.places):
                pass
        else:
            make_room_for_index(settings, embedder)
        queued = 0
        for scope, document in Documents(database, settings.catalogue.keep_versions).everything():
            Jobs(database).add(scope, [document])
            queued += 1
        if not footing.shared:
            put_in_force(embedder, database)
        return queued


def _check_not_emptied(database: Database, index: ChunkIndex) -> None:
    """The engine opens some damaged folders as if they were empty; then nothing would ever be found."""
    if (
        index.vectors.size() == 0
        and not Jobs(database).depth()
        and Documents(database, 1).count_live_chunks()
    ):
        raise StoreDamaged("the index has lost all of its vectors", hint=REINDEX)
