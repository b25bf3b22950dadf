"""stages: the concrete stages of a query, chosen by the settings and joined into a pipeline."""

from __future__ import annotations

from service.background import QuestionThreads
from service.catalogue import CatalogueReader, Database
from service.decide import fingerprints, open_decider
from service.embed import Embedder
from service.generate import Generator
from service.models import TokenFinder
from service.pipeline import Pipeline
from service.rerank import open_reranker
from service.settings import Settings
from service.sharing.parts import remembering
from service.store.index import ChunkIndex


def open_pipeline(
    settings: Settings, database: Database, embedder: Embedder, index: ChunkIndex, threads: QuestionThreads
) -> Pipeline:
    """The pipeline that answers."""
    reranker = open_reranker(
        settings.rerank, settings.cache_dir, settings.data_dir, embedder.tokens_fingerprint
    )
    running = fingerprints(
        embedder.fingerprint, embedder.tokens_fingerprint, reranker.fingerprint, settings.chunk
    )
    generator, quoting = writers(settings, embedder, threads)
    return Pipeline(
        settings=settings,
        embedder=remembering(embedder, settings.cache),
        store=index.vectors,
        tokens=index.tokens,
        reader=CatalogueReader(database),
        reranker=reranker,
        decider=open_decider(settings.decide, settings.data_dir, running),
        generator=generator,
        threads=threads,
        quoting=quoting,
    )


def writers(
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
