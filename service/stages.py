"""stages: the concrete stages of a query, chosen by the settings and joined into a pipeline."""

from __future__ import annotations

from dataclasses import replace

from service.background import QuestionThreads
from service.catalogue import CatalogueReader, Database
from service.decide import Decider, fingerprints, open_decider
from service.embed import Embedder
from service.generate import Generator
from service.models import TokenFinder
from service.pipeline import Pipeline
from service.rerank import Reranker, open_reranker
from service.settings import Settings
from service.sharing import remembering
from service.store.index import ChunkIndex


def open_pipeline(
    settings: Settings, database: Database, embedder: Embedder, index: ChunkIndex, threads: QuestionThreads
) -> Pipeline:
    """The pipeline that answers."""
    reranker = _reranker(settings, embedder)
    return Pipeline(
        settings=settings,
        embedder=remembering(embedder, settings.cache),
        store=index.vectors,
        tokens=index.tokens,
        reader=CatalogueReader(database),
        reranker=reranker,
        decider=_decider(settings, embedder, reranker),
        generator=_generator(settings, embedder, threads),
        threads=threads,
        quoting=_stand_in(settings, embedder, threads),
    )


def pipeline_beside(served: Pipeline, settings: Settings, threads: QuestionThreads | None) -> Pipeline:
    """Another pipeline over the same index; what its settings leave alone is not opened twice.

    `threads`: its own, where it answers on another loop than the served one; a generator belongs to its loop.
    """
    before, embedder, reranker, decider = served.settings, served.embedder, served.reranker, served.decider
    if settings.rerank != before.rerank:
        reranker = _reranker(settings, embedder)
    if settings.decide != before.decide or reranker is not served.reranker:
        decider = _decider(settings, embedder, reranker)
    generator, quoting, own = served.generator, served.quoting, threads or served.threads
    if settings.generate != before.generate or threads is not None:
        generator = _generator(settings, embedder, own)
        quoting = _stand_in(settings, embedder, own)
    return replace(
        served,
        settings=settings,
        reranker=reranker,
        decider=decider,
        generator=generator,
        quoting=quoting,
        threads=own,
    )


def _reranker(settings: Settings, embedder: Embedder) -> Reranker:
    return open_reranker(settings.rerank, settings.cache_dir, settings.data_dir, embedder.tokens_fingerprint)


def _decider(settings: Settings, embedder: Embedder, reranker: Reranker) -> Decider:
    running = fingerprints(
        embedder.fingerprint, embedder.tokens_fingerprint, reranker.fingerprint, settings.chunk
    )
    return open_decider(settings.decide, settings.data_dir, running)


def _generator(settings: Settings, embedder: Embedder, threads: QuestionThreads) -> Generator:
    if settings.generate.base_url:
        from service.generate.chat import ChatGenerator

        return ChatGenerator(settings.generate)
    return _extractive(settings, embedder, threads)


def _stand_in(settings: Settings, embedder: Embedder, threads: QuestionThreads) -> Generator | None:
    """What answers where nothing is left of a language model's words; none where there is no such model."""
    return _extractive(settings, embedder, threads) if settings.generate.base_url else None


def _extractive(settings: Settings, embedder: Embedder, threads: QuestionThreads) -> Generator:
    from service.generate.extractive import ExtractiveGenerator

    tokenize = TokenFinder(embedder.tokenizer_file)
    return ExtractiveGenerator(
        embedder.embed_sentences, tokenize, settings.generate.max_sentences, threads.run
    )
