"""A misspelt question is asked as the documents spell it, and the answer says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.explaining import Expected
from service.local_engine import LocalEngine
from service.types import EVERY_GROUP, LOCAL, Answer, Query, Scope
from tests.fakes_core import FakeEmbedder, a_tokenizer, ingested, opened

WARRANTY = "The guarantee of the compressor lasts 24 months."
MISSPELT = Query("How long does the guaranttee last?")
HELD = Scope("acme", frozenset({"sales"}))
EVERYTHING = Scope("acme", frozenset({EVERY_GROUP}))


@dataclass
class LetterEmbedder(FakeEmbedder):
    """Has no token for a whole word."""

    def count_tokens(self, text: str) -> int:
        return len(text)


@pytest.fixture
def engine(folder: Path) -> Iterator[LocalEngine]:
    with opened(folder / "data", LetterEmbedder(a_tokenizer(folder / "tokenizer"))) as engine:
        yield engine


def asked(engine: LocalEngine, query: Query, scope: Scope = LOCAL) -> Answer:
    return asyncio.run(engine.answer(scope, query))


def test_an_answer_tells_as_what_a_word_was_read(engine: LocalEngine) -> None:
    ingested(engine, "warranty.md", WARRANTY)
    assert asked(engine, MISSPELT).respelled == {"guaranttee": "guarantee"}


def test_it_is_found_as_if_it_had_been_spelled_right(engine: LocalEngine) -> None:
    ingested(engine, "warranty.md", WARRANTY)
    ingested(engine, "housing.md", "The housing of the compressor is made of steel.")
    right, misspelt = asked(engine, Query("How long does the guarantee last?")), asked(engine, MISSPELT)
    assert [hit.fused for hit in misspelt.hits] == [hit.fused for hit in right.hits]
    assert misspelt.decision == right.decision


def test_what_is_spelled_right_is_searched_once(engine: LocalEngine) -> None:
    ingested(engine, "warranty.md", WARRANTY)
    assert asked(engine, Query("How long does the guarantee last?")).respelled == {}


def test_a_search_tells_it_too(engine: LocalEngine) -> None:
    ingested(engine, "warranty.md", WARRANTY)
    assert asyncio.run(engine.search(LOCAL, MISSPELT)).respelled == {"guaranttee": "guarantee"}


def test_an_explanation_goes_the_same_way(engine: LocalEngine) -> None:
    ingested(engine, "warranty.md", WARRANTY)
    explanation = asyncio.run(engine.explain(LOCAL, MISSPELT, Expected(text=WARRANTY)))
    assert explanation.seen.way is not None
    assert explanation.seen.way.run.found.respelled == {"guaranttee": "guarantee"}


def test_no_word_of_a_document_that_the_reader_may_not_read_is_told(engine: LocalEngine) -> None:
    ingested(engine, "hr/secret.md", WARRANTY, scope=EVERYTHING, groups=("hr",))
    ingested(engine, "open.md", "How long a compressor lasts.", scope=EVERYTHING, groups=("sales",))
    assert asked(engine, MISSPELT, HELD).respelled == {}
    assert asked(engine, MISSPELT, EVERYTHING).respelled == {"guaranttee": "guarantee"}


def test_no_word_of_another_tenant_is_told(engine: LocalEngine) -> None:
    ingested(engine, "warranty.md", WARRANTY, scope=Scope("other", frozenset({EVERY_GROUP})))
    ingested(engine, "open.md", "How long a compressor lasts.", scope=EVERYTHING)
    assert asked(engine, MISSPELT, EVERYTHING).respelled == {}


def test_an_answer_from_the_cache_tells_it_as_well(engine: LocalEngine) -> None:
    ingested(engine, "warranty.md", WARRANTY)
    first, again = asked(engine, MISSPELT), asked(engine, MISSPELT)
    assert again.cached
    assert again.respelled == first.respelled != {}
