"""`footnote variants`: what became of candidates, and what an operator decides of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from service.catalogue import Database, Variants
from service.cli.app import app
from service.errors import Misconfigured, NotFound
from service.records import Sums
from service.settings import Settings
from service.variants.opening import fingerprint_of, laid_over

Footnote = Callable[..., str]


@pytest.fixture
def footnote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Footnote:
    """A command on a folder whose variant `bold` ran, and answered a hundred questions."""
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FOOTNOTE_VARIANTS__BOLD__DECIDE__THRESHOLD", "0.2")
    settings = Settings()
    with closing(Database.in_folder(tmp_path)) as database:
        known, fingerprint = (
            Variants(database),
            fingerprint_of(laid_over(settings, settings.variants["bold"])),
        )
        known.begin("bold", fingerprint)
        sides = {("served", "abstained"): Sums(100, 20, 20), ("candidate", "abstained"): Sums(100, 90, 90)}
        known.add("bold", fingerprint, sides)  # type: ignore[arg-type]

    def run(*arguments: str) -> str:
        app(["variants", *arguments], standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_what_a_canary_has_shown_is_shown_beside_what_is_in_force(footnote: Footnote) -> None:
    shown = footnote("show", "bold")
    (line,) = [line for line in shown.splitlines() if line.startswith("abstained")]
    assert line.split() == ["abstained", "0.200", "100", "0.900", "100", "worse"]
    assert json.loads(footnote("show", "bold", "--json"))["state"] == "running"


def test_one_is_stopped_and_begins_anew_when_it_is_started(footnote: Footnote) -> None:
    assert "is stopped" in footnote("stop", "bold")
    assert json.loads(footnote("list", "--json"))[0]["state"] == "stopped"
    assert "did not run" in footnote("stop", "bold")
    assert "runs" in footnote("start", "bold")
    assert "0.900" not in footnote("show", "bold")


def test_what_puts_it_in_force_is_printed(footnote: Footnote) -> None:
    assert footnote("promote", "bold").strip() == "FOOTNOTE_DECIDE__THRESHOLD=0.2"


def test_of_a_secret_that_puts_it_in_force_the_place_is_printed(
    footnote: Footnote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_VARIANTS__BOLD__GENERATE__API_KEY", "nobody may read this")
    changes = json.loads(footnote("promote", "bold", "--json"))
    assert changes["FOOTNOTE_GENERATE__API_KEY"] == "<the secret of variants.bold.generate.api_key>"


def test_machines_are_told_whether_anything_changed(footnote: Footnote) -> None:
    told = [json.loads(footnote(*asked, "bold", "--json")) for asked in [("stop",), ("stop",), ("start",)]]
    assert [(one["state"], one["changed"]) for one in told] == [
        ("stopped", True),
        ("stopped", False),
        ("running", True),
    ]


def test_what_is_not_there_is_said(footnote: Footnote, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no variant 'shy'"):
        footnote("show", "shy")
    with pytest.raises(Misconfigured, match="holds no catalogue"):
        footnote("list", "--data-dir", str(tmp_path / "elsewhere"))
