"""What every reranker must do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.errors import Misconfigured
from service.learned import RERANKER, shipped_file
from service.rerank import FusedOrder, Reranker, open_reranker
from service.rerank.ranker import read_ranker
from service.settings import RerankSettings
from service.types import Hit
from tests.answering import a_hit, a_question
from tests.contract.making_models import QUESTION, TEXTS

SHIPPED = shipped_file(RERANKER, "")
HITS = tuple(a_hit(text or " ", id=f"c{n}", document=f"d{n}") for n, text in enumerate(TEXTS * 5))


def cross_encoder(models: Path, depth: int = 20) -> Reranker:
    settings = RerankSettings(
        method="cross_encoder", model=str(models / "cross"), precision="float32", depth=depth
    )
    return open_reranker(settings, models / "cache", models, "")


def late(models: Path | None = None, depth: int = 20, second_depth: int = 0) -> Reranker:
    """The ranker that is shipped; with a cross-encoder over its best `second_depth`."""
    folder = models or Path("unused")
    settings = RerankSettings(
        depth=depth, second_depth=second_depth, model=str(folder / "cross"), precision="float32"
    )
    return open_reranker(settings, folder / "cache", folder, read_ranker(SHIPPED).tokens_fingerprint)


@pytest.fixture(scope="module", params=["none", "cross-encoder", "late", "late, then cross-encoder"])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    if request.param == "none":
        return FusedOrder()
    if request.param == "late":
        return late()
    models: Path = request.getfixturevalue("models")
    return cross_encoder(models) if request.param == "cross-encoder" else late(models, second_depth=4)


def test_the_same_hits_come_back(reranker: Reranker) -> None:
    back = reranker.rerank(a_question(QUESTION), HITS)
    assert sorted(hit.chunk.id for hit in back) == sorted(hit.chunk.id for hit in HITS)
    assert all(replace(hit, rerank_score=None) in HITS for hit in back)


def test_no_hits_give_no_hits(reranker: Reranker) -> None:
    assert reranker.rerank(a_question(QUESTION), ()) == ()


def test_hits_that_were_read_come_best_first(reranker: Reranker) -> None:
    scores = [hit.rerank_score for hit in reranker.rerank(a_question(QUESTION), HITS)]
    read = [score for score in scores if score is not None]
    assert read == sorted(read, reverse=True)


def test_every_reranker_has_a_fingerprint(reranker: Reranker) -> None:
    assert reranker.fingerprint
    assert (reranker.fingerprint == "none") == isinstance(reranker, FusedOrder)


def test_late_interaction_needs_no_model_and_gives_no_warning() -> None:
    assert late().warning is None


def test_the_second_step_reads_the_best_of_the_first(models: Path) -> None:
    question = a_question(QUESTION)
    first, both = late().rerank(question, HITS), late(models, second_depth=4).rerank(question, HITS)
    assert {hit.chunk.id for hit in both[:4]} == {hit.chunk.id for hit in first[:4]}
    assert both[4:] == first[4:]
    by_model = cross_encoder(models).rerank(question, first[:4])
    assert [hit.chunk.id for hit in both[:4]] == [hit.chunk.id for hit in by_model]


def test_a_second_step_without_a_model_is_refused() -> None:
    settings = RerankSettings(second_depth=4)
    with pytest.raises(Misconfigured, match="needs a model"):
        open_reranker(settings, Path("unused"), Path("unused"), read_ranker(SHIPPED).tokens_fingerprint)


def test_without_a_model_the_order_stays_and_the_reader_is_told() -> None:
    reranker = open_reranker(RerankSettings(method="none"), Path("unused"), Path("unused"), "")
    assert reranker.rerank(a_question(QUESTION), HITS) == HITS
    assert reranker.warning is not None
    assert (reranker.warning.stage, reranker.warning.code) == ("rerank", "not_installed")


def test_with_a_model_there_is_no_warning(models: Path) -> None:
    assert cross_encoder(models).warning is None


def test_only_the_first_hits_are_read_and_the_rest_keep_their_order(models: Path) -> None:
    back = cross_encoder(models, depth=3).rerank(a_question(QUESTION), HITS)
    assert {hit.chunk.id for hit in back[:3]} == {"c0", "c1", "c2"}
    assert [hit.chunk.id for hit in back[3:]] == [hit.chunk.id for hit in HITS[3:]]
    assert all(hit.rerank_score is not None for hit in back[:3])
    assert all(hit.rerank_score is None for hit in back[3:])


def test_scores_are_those_of_the_models_own_library(models: Path) -> None:
    said = json.loads((models / "said.json").read_text())["cross"]
    hits: tuple[Hit, ...] = tuple(a_hit(text, id=f"c{n}") for n, text in enumerate(TEXTS))
    found = {
        hit.chunk.id: hit.rerank_score for hit in cross_encoder(models).rerank(a_question(QUESTION), hits)
    }
    np.testing.assert_allclose([found[f"c{n}"] for n in range(len(TEXTS))], said, atol=1e-3)


def test_equal_scores_keep_the_fused_order(models: Path) -> None:
    same = tuple(a_hit(TEXTS[0], id=f"c{n}") for n in range(8))
    assert [hit.chunk.id for hit in cross_encoder(models).rerank(a_question(QUESTION), same)] == [
        hit.chunk.id for hit in same
    ]
