"""docs/operations.md says nothing of what is not there."""

from __future__ import annotations

import re

import pytest

from service.metrics import Metrics
from service.records import State
from tests.deploy.checking import ROOT, SECRETS, services, unknown_settings

TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BENCHMARK = (ROOT / "docs" / "measured" / "benchmark.md").read_text(encoding="utf-8")


def test_every_setting_exists() -> None:
    assert unknown_settings(set(re.findall(r"\bFOOTNOTE_\w+", TEXT))) == []
    dotted = re.findall(r"`((?:api|parse|embed|store|catalogue|blobs)\.[a-z_.]+)`", TEXT)
    assert dotted
    assert unknown_settings("FOOTNOTE_" + name.upper().replace(".", "__") for name in dotted) == []


def test_every_file_exists() -> None:
    named = re.findall(r"\b((?:deploy|tests)/[\w./-]*\w)", TEXT)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("figure", ["261", "503", "124", "398", "138", "176", "24 to 31 ms"])
def test_a_figure_of_the_sizing_is_one_of_the_benchmark(figure: str) -> None:
    assert figure in TEXT
    assert figure in BENCHMARK


def test_every_metric_is_measured() -> None:
    measured = Metrics().render(State()).decode()
    assert [name for name in re.findall(r"`(footnote_\w+)`", TEXT) if f"{name} " not in measured] == []


def test_the_profiles_are_those_of_the_stack() -> None:
    told = re.findall(r"^\| `(\w+)` \|", TEXT.partition("| profile |")[2].partition("\n\n")[0], re.MULTILINE)
    profiles = {profile for service in services("*").values() for profile in service.get("profiles", [])}
    assert set(told) == profiles


def test_the_secrets_are_as_many_as_it_says() -> None:
    assert "set the four secrets" in TEXT
    assert len(SECRETS) == 4
