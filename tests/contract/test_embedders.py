"""What every embedder must do, and that a compiled model says what its own library says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.embed import Embedder, open_embedder
from service.settings import EmbedSettings
from service.types import Encoded, Vector
from tests.contract.making_models import QUESTION, TEXTS
from tests.fakes_core import FakeEmbedder, a_tokenizer

MIXED = [" ".join(["the pump hums"] * (1 + n * 7 % 23)) + f" number {n}" for n in range(41)]


@pytest.fixture(scope="module", params=["default", "small dense", "small cls", "words"])
def embedder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedder]:
    if request.param == "default":
        yield request.getfixturevalue("default_embedder")
    elif request.param == "words":
        yield FakeEmbedder(a_tokenizer(tmp_path_factory.mktemp("tokenizer")))
    else:
        yield small(request.getfixturevalue("models"), request.param.removeprefix("small "))


def small(models: Path, name: str) -> Embedder:
    settings = EmbedSettings(model=str(models / name), precision="float32", device="cpu", batch_size=2)
    return open_embedder(settings, models / "cache", token_dimensions=16)


def dense(found: Sequence[Encoded]) -> Vector:
    return np.stack([one.dense for one in found])


# --- the protocol ----------------------------------------------------------------------------


def test_vectors_have_the_models_dimension_and_length_one(embedder: Embedder) -> None:
    vectors = dense(embedder.embed_passages(MIXED))
    assert (vectors.shape, vectors.dtype) == ((len(MIXED), embedder.dimension), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)
    question = embedder.embed_query(QUESTION).dense
    assert (question.shape, question.dtype) == ((embedder.dimension,), np.float32)
    assert np.linalg.norm(question) == pytest.approx(1, abs=1e-4)


def test_texts_keep_their_order_whatever_batches_they_travel_in(embedder: Embedder) -> None:
    together = dense(embedder.embed_passages(MIXED))
    for place in (0, 1, 17, 40):
        alone = embedder.embed_passages([MIXED[place]])[0].dense
        similarity = together @ alone
        assert similarity[place] > 0.995
        assert similarity.argmax() == place or similarity.max() - similarity[place] < 1e-3


def test_every_text_has_the_vectors_of_its_tokens(embedder: Embedder) -> None:
    for text, found in zip(MIXED, embedder.embed_passages(MIXED), strict=True):
        assert found.tokens is not None
        assert len(found.tokens.ids) == len(found.tokens.vectors)
        assert 0 < len(found.tokens.ids) <= embedder.count_tokens(text)
        assert found.tokens.vectors.dtype == np.int8


def test_the_same_word_in_the_same_place_has_the_same_token_vector(embedder: Embedder) -> None:
    question = embedder.embed_query("the pump hums").tokens
    again = embedder.embed_query("the pump hums").tokens
    assert question is not None
    assert again is not None
    np.testing.assert_array_equal(question.ids, again.ids)
    assert (question.unit() * again.unit()).sum(axis=1) == pytest.approx(1, abs=0.01)


def test_sentences_keep_their_order_too(embedder: Embedder) -> None:
    together = embedder.embed_sentences(MIXED)
    for place in (0, 9, 40):
        assert float(together[place] @ embedder.embed_sentences([MIXED[place]])[0]) > 0.995


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed_passages([]) == []
    assert embedder.embed_sentences([]).shape == (0, embedder.dimension)


def test_any_text_has_a_vector(embedder: Embedder) -> None:
    odd = [" ", "😀" * 50, "a" * 5_000, "\x00\ufffd", "word " * 3_000]
    assert np.isfinite(dense(embedder.embed_passages(odd))).all()
    assert np.isfinite(embedder.embed_query(odd[-1]).dense).all()


def test_threads_get_the_vectors_that_one_thread_gets(embedder: Embedder) -> None:
    alone = [embedder.embed_query(text) for text in MIXED[:16]]
    with ThreadPoolExecutor(4) as pool:
        bulk = pool.submit(embedder.embed_passages, MIXED)
        together = list(pool.map(embedder.embed_query, MIXED[:16]))
    for one, other in zip(alone, together, strict=True):
        assert one.dense == pytest.approx(other.dense, abs=1e-5)
    assert dense(bulk.result()) == pytest.approx(dense(embedder.embed_passages(MIXED)), abs=0.02)


def test_tokens_are_counted_without_marks_or_truncation(embedder: Embedder) -> None:
    assert embedder.count_tokens("") == 0
    assert embedder.count_tokens("the pump works") == 3
    assert embedder.count_tokens("pump " * 3_000) == 3_000


def test_the_tokenizer_file_counts_as_the_embedder_does(embedder: Embedder) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(embedder.tokenizer_file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    text = "the pump hums for twenty four months"
    assert len(tokenizer.encode(text, add_special_tokens=False).ids) == embedder.count_tokens(text)


# --- models ----------------------------------------------------------------------------------


def test_a_question_and_a_passage_without_prompts_have_one_vector(default_embedder: Embedder) -> None:
    question, passage = default_embedder.embed_query(QUESTION), default_embedder.embed_passages([QUESTION])[0]
    assert float(question.dense @ passage.dense) > 0.99


def test_the_default_model_finds_what_is_meant(default_embedder: Embedder) -> None:
    passages = dense(
        default_embedder.embed_passages(
            ["The guarantee covers two years.", "The lid is made of steel.", "Lunch is at noon."]
        )
    )
    assert (passages @ default_embedder.embed_query("How long is the warranty?").dense).argmax() == 0


@pytest.mark.parametrize("name", ["dense", "cls"])
@pytest.mark.parametrize("kind", ["query", "passages", "sentences"])
def test_a_compiled_model_says_what_its_library_says(models: Path, name: str, kind: str) -> None:
    """With its own pooling, dense layer, prompts and truncation."""
    said: dict[str, Any] = json.loads((models / "said.json").read_text())[name]
    embedder = small(models, name)
    found = {
        "query": lambda: embedder.embed_query(QUESTION).dense,
        "passages": lambda: dense(embedder.embed_passages(TEXTS)),
        "sentences": lambda: embedder.embed_sentences(TEXTS),
    }[kind]()
    np.testing.assert_allclose(found, np.array(said[kind]), atol=1e-3)


def test_the_length_and_the_prompts_of_a_model_are_its_own(models: Path) -> None:
    one, cls = small(models, "dense"), small(models, "cls")
    assert (one.max_tokens, one.dimension) == (48, 24)
    assert (cls.max_tokens, cls.dimension) == (20, 32)
    assert one.fingerprint != cls.fingerprint
    assert float(one.embed_query("pump").dense @ one.embed_passages(["pump"])[0].dense) < 0.9999
    assert float(cls.embed_query("pump").dense @ cls.embed_passages(["pump"])[0].dense) > 0.9999
