"""`footnote models use`: a preset is put into the settings file, and what has to follow is said."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.cli.presets import put_preset
from service.errors import Misconfigured
from service.settings import PRESETS, Settings
from tests.cli.commanding import DrainedLocally, Program, engine_in


@pytest.fixture
def program(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with engine_in(folder) as engine:
        yield Program(engine, lambda: DrainedLocally(engine), capsys)
    root.handlers, root.level = handlers, level


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mode = 'embedded'\n",
        "[embed]\n",
        "# mine\n[embed]  # the model\nthreads = 2\npreset = 'default' # light\n\n"
        "[chunk]\nmax_tokens = 120\n",
        "[chunk]\nmax_tokens = 120",
        '[embed]\nmodel = "all-mpnet-base-v2"\n[log]\nlevel = "info"\n',
    ],
)
def test_a_preset_is_put_into_a_file_and_nothing_else_changes(tmp_path: Path, text: str) -> None:
    (file := tmp_path / "below" / "footnote.toml").parent.mkdir()
    file.write_text(text)
    put_preset(file, "quality")
    before, after = tomllib.loads(text), tomllib.loads(file.read_text())
    assert after.pop("embed") == {**before.pop("embed", {}), "preset": "quality"}
    assert after == before
    assert all(
        comment in file.read_text() for comment in ("# mine", "# the model", "# light") if comment in text
    )


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    put_preset(tmp_path / "new" / "footnote.toml", "quality")
    assert "quality" in (tmp_path / "new" / "footnote.toml").read_text()


@pytest.mark.parametrize(
    ("text", "why"),
    [('[embed]\nmodel = "mine"\n', "embed.model"), ("embed = {threads = 2}\n", "as it is written")],
)
def test_a_file_that_says_otherwise_is_left_as_it_is(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "footnote.toml"
    file.write_text(text)
    with pytest.raises(Misconfigured, match=why):
        put_preset(file, "quality")
    assert file.read_text() == text


def test_using_a_preset_puts_it_in_force_and_names_the_reindex_that_a_folder_needs(program: Program) -> None:
    done = program("models", "use", "default")
    assert (done.code, Settings().embed.preset) == (0, "default")
    assert "footnote reindex --to default" in done.out


def test_what_the_environment_sets_is_not_overruled_in_silence(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_EMBED__MODEL", "mine")
    done = program("models", "use", "default")
    assert (done.code, "FOOTNOTE_EMBED__MODEL" in done.err) == (1, True)


def test_the_presets_are_listed_with_what_they_lack(program: Program) -> None:
    listed = program("models", "list").out
    assert f"preset default: {PRESETS['default']}" in listed
    assert f"preset quality: {PRESETS['quality']}" in listed


def test_a_reindex_to_a_preset_says_how_to_stay_with_it(program: Program) -> None:
    assert "footnote models use quality" in program("reindex", "--to", "quality").out
