"""`footnote tune all`: every learned part of a model, one step after another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from eval.tune.everything import MADE, fitted, steps
from service.models.projection import fingerprint
from service.settings import PRESETS, Settings

MODEL = PRESETS["default"]


class Steps:
    """Stands in for the commands: notes each, and writes the file that it was asked for, or fails."""

    def __init__(self, failing: str = "") -> None:
        self.failing, self.asked = failing, list[str]()
        self.environment: Mapping[str, str] = {}

    def __call__(self, options: Sequence[str], environment: Mapping[str, str]) -> int:
        self.asked.append(options[0])
        self.environment = environment
        if options[0] == self.failing:
            return 1
        Path(options[list(options).index("--out") + 1]).write_text("{}")
        return 0


def fit(folder: Path, run: Steps) -> int:
    planned = steps(folder, [Path("sets")], None, folder / "work")
    return fitted(MODEL, Settings(), planned, folder, run)


def test_each_part_is_fitted_after_those_that_it_rests_on_and_with_the_model_and_ranker(
    tmp_path: Path,
) -> None:
    assert fit(tmp_path, run := Steps()) == 0
    assert run.asked == ["reranker", "calibrator", "support"]
    assert run.environment["FOOTNOTE_EMBED__MODEL"] == MODEL
    assert run.environment["FOOTNOTE_RERANK__RANKER"] == str(tmp_path / "reranker.json")


def test_a_run_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    assert fit(tmp_path, Steps(failing="calibrator")) == 1
    assert not (tmp_path / MADE).exists()
    assert fit(tmp_path, again := Steps()) == 0
    assert again.asked == ["calibrator", "support"]


def test_the_folder_says_whose_parts_they_are_and_holds_the_projection_that_they_rest_on(
    tmp_path: Path,
) -> None:
    fit(tmp_path, Steps())
    made = json.loads((tmp_path / MADE).read_text())
    assert made["model"] == MODEL
    assert made["tokens_fingerprint"] == fingerprint(np.load(tmp_path / "projection.npy"))


def test_collections_of_documentation_are_given_to_every_step(tmp_path: Path) -> None:
    for name in ("handbook", "manual"):
        (tmp_path / "docs" / name).mkdir(parents=True)
    ranker, calibrator, support = steps(tmp_path, (), tmp_path / "docs", tmp_path)
    assert all(str(tmp_path / "docs") in step.options for step in (ranker, support))
    assert [one for one in calibrator.options if "/docs/" in one] == [
        str(tmp_path / "docs" / name) for name in ("handbook", "manual")
    ]


def test_documentation_to_ask_by_its_codes_is_given_to_the_calibrator_alone(tmp_path: Path) -> None:
    ranker, calibrator, support = steps(tmp_path, (), None, tmp_path, codes=[Path("a"), Path("b")])
    assert calibrator.options[1:5] == ("--codes", "a", "--codes", "b")
    assert all("--codes" not in step.options for step in (ranker, support))
