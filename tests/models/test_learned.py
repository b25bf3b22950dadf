"""What was learned for one model is used with that model alone, and found by its fingerprint."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.cite.support import Judge, meaning_of, warning_of
from service.decide import fingerprints, open_decider
from service.decide.calibrator import Calibrator
from service.learned import CALIBRATOR, RERANKER, SUPPORT, shipped_file
from service.models.projection import fingerprint, shipped
from service.rerank import open_reranker
from service.rerank.late import LateInteraction
from service.rerank.ranker import read_ranker
from service.settings import PRESETS, ChunkSettings, DecideSettings, EmbedSettings, RerankSettings
from service.types import Encoded
from tests.answering import encode

QUALITY = "a029ede2356a35e4"
"""The fingerprint of all-mpnet-base-v2."""
LEARNED = Path(shipped_file(RERANKER, "")).parent
OTHERS = sorted(folder.name for folder in LEARNED.iterdir() if folder.is_dir() and len(folder.name) == 8)


def quality_tokens() -> str:
    projection = shipped(QUALITY)
    assert projection is not None
    return fingerprint(projection[:, :128])


def test_the_quality_preset_s_projection_is_the_one_that_its_ranker_was_learned_on() -> None:
    assert quality_tokens() in OTHERS


@pytest.mark.parametrize("folder", OTHERS)
def test_what_lies_in_a_folder_was_learned_on_the_token_vectors_that_it_is_named_by(folder: str) -> None:
    here = LEARNED / folder
    assert read_ranker(here / RERANKER).tokens_fingerprint == folder
    if (here / CALIBRATOR).is_file():
        assert Calibrator.read(here / CALIBRATOR).fingerprints["embedder"].endswith(f"-{folder}")
    if (here / SUPPORT).is_file():
        assert Judge.from_json((here / SUPPORT).read_text(encoding="utf-8")).encoder == folder
    assert all(file.with_suffix(".md").is_file() for file in here.glob("*.json"))


def test_hits_of_the_quality_preset_are_ranked_by_its_own_ranker(tmp_path: Path) -> None:
    reranker = open_reranker(RerankSettings(), tmp_path, tmp_path, quality_tokens())
    assert isinstance(reranker, LateInteraction)
    assert reranker.fingerprint == read_ranker(shipped_file(RERANKER, quality_tokens())).fingerprint


@pytest.mark.parametrize("preset", PRESETS)
def test_of_a_preset_nothing_stands_aside(tmp_path: Path, preset: str) -> None:
    default = read_ranker(LEARNED / RERANKER).tokens_fingerprint

    class Embedder:
        fingerprint, tokens_fingerprint = {
            "default": ("2a587d8e4d4a5d5a", default),
            "quality": (QUALITY, quality_tokens()),
        }[preset]

        def embed_query(self, text: str) -> Encoded:
            return encode(text)

    embedder = Embedder()
    reranker = open_reranker(RerankSettings(), tmp_path, tmp_path, embedder.tokens_fingerprint)
    running = fingerprints(
        embedder.fingerprint, embedder.tokens_fingerprint, reranker.fingerprint, ChunkSettings()
    )
    decider = open_decider(DecideSettings(), tmp_path, running)
    assert (reranker.warning, decider.warning, warning_of(embedder)) == (None, None, None)


def test_for_a_model_that_nothing_was_learned_for_the_default_s_is_found_and_stands_aside(
    tmp_path: Path,
) -> None:
    assert shipped_file(SUPPORT, "00000000") == LEARNED / SUPPORT
    reranker = open_reranker(RerankSettings(), tmp_path, tmp_path, "00000000")
    assert reranker.warning is not None
    assert reranker.warning.code == "other_embedder"


def test_a_preset_sets_the_model_and_a_model_that_is_set_comes_before_it() -> None:
    assert EmbedSettings(preset="quality").model == PRESETS["quality"]
    assert EmbedSettings(preset="default").model == EmbedSettings().model
    assert EmbedSettings(preset="quality", model=PRESETS["quality"]).model == PRESETS["quality"]
    other = EmbedSettings(preset="quality", model="somebody/model")
    assert (other.model, other.preset) == ("somebody/model", None)


def test_meaning_is_judged_by_what_was_learned_on_the_embedder_s_own_vectors() -> None:
    class Default:
        tokens_fingerprint = read_ranker(LEARNED / RERANKER).tokens_fingerprint

        def embed_query(self, text: str) -> Encoded:
            return encode(text)

    found = meaning_of(Default())
    assert found is not None
    assert found.judge.encoder == Default.tokens_fingerprint
