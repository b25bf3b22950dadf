"""A candidate's pipeline: over the same index, of the same parts as far as its settings leave them alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from service.background import QuestionThreads
from service.decide import fingerprints, open_decider
from service.embed import Embedder
from service.generate import Generator
from service.pipeline import Pipeline
from service.rerank import open_reranker
from service.settings import Settings

MakeWriters = Callable[[Settings, Embedder, QuestionThreads], tuple[Generator, Generator | None]]
"""The generator, and where it is a language model the one that quotes where nothing is left of its words."""


def beside(
    served: Pipeline, settings: Settings, make_writers: MakeWriters, threads: QuestionThreads | None
) -> Pipeline:
    """The pipeline of these settings.

    `threads`: its own, where it answers on another loop than the served one; a generator belongs to its loop.
    """
    before, embedder, reranker, decider = served.settings, served.embedder, served.reranker, served.decider
    if settings.rerank != before.rerank:
        reranker = open_reranker(
            settings.rerank, settings.cache_dir, settings.data_dir, embedder.tokens_fingerprint
        )
    if settings.decide != before.decide or reranker is not served.reranker:
        running = fingerprints(
            embedder.fingerprint, embedder.tokens_fingerprint, reranker.fingerprint, settings.chunk
        )
        decider = open_decider(settings.decide, settings.data_dir, running)
    generator, quoting = served.generator, served.quoting
    if settings.generate != before.generate or threads is not None:
        generator, quoting = make_writers(settings, embedder, threads or served.threads)
    return dataclasses.replace(
        served,
        settings=settings,
        reranker=reranker,
        decider=decider,
        generator=generator,
        quoting=quoting,
        threads=threads or served.threads,
    )
