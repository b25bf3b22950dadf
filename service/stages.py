"""stages: the concrete stages of a query, chosen by the settings and joined into a pipeline."""

from __future__ import annotations

import dataclasses

from service.background import QuestionThreads
from service.catalogue import CatalogueReader, Database
from service.decide import Decider, fingerprints, open_decider
from service.embed import Embedder
from service.generate import Generator
from service.models import TokenFinder
from service.pipeline import Pipeline
from service.rerank import Reranker, open_reranker
from service.settings import Settings
from service.sharing.parts import remembering
from service.store.index import ChunkIndex


def open_pipeline(
    settings: Settings, database: Database, embedder: Embedder, index: ChunkIndex, threads: QuestionThreads
) -> Pipeline:
    """The pipeline that answers."""
    reranker = _reranker(settings, embedder)
    generator, quoting = _writers(settings, embedder, threads)
    return Pipeline(
        settings=settings,
        embedder=remembering(embedder, settings.cache),
        store=index.vectors,
        tokens=index.tokens,
        reader=CatalogueReader(database),
        reranker=reranker,
        decider=_decider(settings, embedder, reranker),
        generator=generator,
        threads=threads,
        quoting=quoting,
    )


def pipeline_beside(served: Pipeline, settings: Settings, threads: QuestionThreads | None = None) -> Pipeline:
    """Another pipeline over the same index; what its settings leave alone it shares with the served one.

    `threads`: its own, where it answers on another loop than the served one; a generator belongs to its loop.
    """
    before, embedder = served.settings, served.embedder
    changed = dataclasses.replace(served, settings=settings, threads=threads or served.threads)
    if settings.rerank != before.rerank:
        changed = dataclasses.replace(changed, reranker=_reranker(settings, embedder))
    if settings.decide != before.decide or changed.reranker is not served.reranker:
        changed = dataclasses.replace(changed, decider=_decider(settings, embedder, changed.reranker))
    if settings.generate != before.generate or threads is not None:
        generator, quoting = _writers(settings, embedder, changed.threads)
        changed = dataclasses.replace(changed, generator=generator, quoting=quoting)
    return changed


def _reranker(settings: Settings, embedder: Embedder) -> Reranker:
    return open_reranker(settings.rerank, settings.cache_dir, settings.data_dir, embedder.tokens_fingerprint)


def _decider(settings: Settings, embedder: Embedder, reranker: Reranker) -> Decider:
    running = fingerprints(
        embedder.fingerprint, embedder.tokens_fingerprint, reranker.fingerprint, settings.chunk
    )
    return open_decider(settings.decide, settings.data_dir, running)


def _writers(
    settings: Settings, embedder: Embedder, threads: QuestionThreads
) -> tuple[Generator, Generator | None]:
    """What writes answers, and what answers where nothing is left of a language model's words."""
    quoting = _extractive(settings, embedder, threads) if settings.generate.base_url else None
    return _generator(settings, embedder, threads), quoting


def _generator(settings: Settings, embedder: Embedder, threads: QuestionThreads) -> Generator:
    if settings.generate.base_url:
        from service.generate.chat import ChatGenerator

        return ChatGenerator(settings.generate)
    return _extractive(settings, embedder, threads)


def _extractive(settings: Settings, embedder: Embedder, threads: QuestionThreads) -> Generator:
    from service.generate.extractive import ExtractiveGenerator

    tokenize = TokenFinder(embedder.tokenizer_file)
    return ExtractiveGenerator(
        embedder.embed_sentences, tokenize, settings.generate.max_sentences, threads.run
    )
