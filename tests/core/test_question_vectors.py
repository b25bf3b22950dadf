"""A question that was just embedded is not embedded again, and nothing else is remembered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from service.cache.vectors import RememberingEmbedder
from service.embed import Embedder
from service.settings import CacheSettings
from service.types import Encoded, Filters, Query
from tests.fakes_core import LOCAL, FakeEmbedder, a_tokenizer, opened


@dataclass
class CountingEmbedder(FakeEmbedder):
    """Remembers the questions that it was given."""

    questions: list[str] = field(default_factory=list)

    def embed_query(self, text: str) -> Encoded:
        self.questions.append(text)
        return super().embed_query(text)


@pytest.fixture
def counting(tmp_path: Path) -> CountingEmbedder:
    return CountingEmbedder(a_tokenizer(tmp_path / "tokenizer"))


def test_the_vectors_are_those_of_the_embedder_and_are_made_once(counting: CountingEmbedder) -> None:
    embedder: Embedder = RememberingEmbedder(counting, 2)
    first, second = embedder.embed_query("a"), embedder.embed_query("a")
    assert first is second
    assert (first.dense == counting.embed_query("a").dense).all()
    assert counting.questions == ["a", "a"]


def test_the_one_used_longest_ago_is_forgotten_first(counting: CountingEmbedder) -> None:
    embedder = RememberingEmbedder(counting, 2)
    for text in "abacab":
        embedder.embed_query(text)
    assert counting.questions == ["a", "b", "c", "b"]


def test_the_same_question_with_other_filters_is_embedded_once(
    tmp_path: Path, counting: CountingEmbedder
) -> None:
    with opened(tmp_path / "data", counting) as engine:
        for prefix in ("", "a/", "b/"):
            asyncio.run(engine.search(LOCAL, Query("How long?", Filters(source_prefix=prefix))))
    assert counting.questions.count("How long?") == 1


def test_it_can_be_switched_off(tmp_path: Path, counting: CountingEmbedder) -> None:
    with opened(tmp_path / "data", counting, cache=CacheSettings(question_vectors=0)) as engine:
        for _ in range(2):
            asyncio.run(engine.search(LOCAL, Query("How long?")))
    assert counting.questions.count("How long?") == 2
