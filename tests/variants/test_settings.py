"""A variant is what is in force, but for what it sets; what made the index cannot differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.cli.runtime import settings_of
from service.errors import Misconfigured
from service.settings import DecideSettings, RerankSettings, Settings
from service.variants.opening import fingerprint_of, laid_over

BASE = Settings(decide=DecideSettings(threshold=0.4), rerank=RerankSettings(depth=60))


def variant_from_the_environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"FOOTNOTE_VARIANTS__BOLD__{name}", value)
    return settings_of(None)


def test_it_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    found = variant_from_the_environment(monkeypatch, SHADOW="0.1", DECIDE__THRESHOLD="0.2")
    assert found.variants["bold"].shadow == 0.1
    assert found.variants["bold"].overrides == {"decide": {"threshold": 0.2}}


def test_it_is_set_by_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "footnote.toml"
    file.write_text("[variants.bold]\ncanary = 0.05\n[variants.bold.search]\ncandidates = 80\n", "utf-8")
    monkeypatch.setenv("FOOTNOTE_CONFIG", str(file))
    assert settings_of(None).variants["bold"].overrides == {"search": {"candidates": 80}}


def test_what_it_does_not_set_is_as_in_force() -> None:
    variant = Settings(variants={"bold": {"decide": {"threshold": 0.2}}}).variants["bold"]  # type: ignore[dict-item]
    found = laid_over(BASE, variant)
    assert (found.decide.threshold, found.rerank.depth) == (0.2, 60)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("EMBED__MODEL", "other", "embed made it"),
        ("CHUNK__TARGET_TOKENS", "99", "chunk made it"),
        ("RERANK__TOKEN_DIMENSIONS", "64", "rerank.token_dimensions cannot differ"),
        ("DECIDE__TRESHOLD", "0.1", "unknown setting FOOTNOTE_VARIANTS__BOLD__DECIDE__TRESHOLD"),
    ],
)
def test_what_made_the_index_cannot_differ_and_what_is_unknown_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, named: str
) -> None:
    with pytest.raises(Misconfigured, match=named):
        variant_from_the_environment(monkeypatch, **{name: value})


def test_with_other_settings_beneath_it_it_is_another_candidate() -> None:
    one = fingerprint_of(BASE)
    assert fingerprint_of(Settings(decide=DecideSettings(threshold=0.4))) != one
    assert fingerprint_of(BASE.model_copy(update={"data_dir": Path("elsewhere")})) == one
