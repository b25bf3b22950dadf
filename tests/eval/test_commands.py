"""`footnote eval` and `footnote tune` hand on to one command and say with their exit code how that ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated

import pytest
import typer

from eval import __main__ as measuring
from eval.commands import run
from eval.tune import __main__ as tuning
from service.errors import Misconfigured

Command = Callable[..., None]
APPS = [measuring, tuning]


@pytest.fixture
def standing_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Command], None]:
    """Puts something else in the place of `footnote tune reranker`."""

    def put(main: Command) -> None:
        module = ModuleType("eval.tune.reranker")
        module.__dict__["main"] = main
        monkeypatch.setitem(sys.modules, "eval.tune.reranker", module)

    return put


def code(*arguments: str, app: typer.Typer = tuning.app) -> object:
    with pytest.raises(SystemExit) as ended:
        run(app, "footnote tune", arguments)
    return ended.value.code


@pytest.mark.parametrize("wanted", [0, 3])
def test_the_command_s_end_is_the_exit_code(standing_in: Callable[[Command], None], wanted: int) -> None:
    given: list[str] = []

    def main(data: Annotated[str, typer.Option()]) -> None:
        given.append(data)
        if wanted:
            raise typer.Exit(wanted)

    standing_in(main)
    assert code("reranker", "--data", "x") == wanted
    assert given == ["x"]


def test_an_error_of_ours_ends_with_1_and_its_hint(
    standing_in: Callable[[Command], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def main() -> None:
        raise Misconfigured("too few questions", hint="give more")

    standing_in(main)
    assert code("reranker") == 1
    assert capsys.readouterr() == ("", "error: too few questions (misconfigured)\nhint: give more\n")


@pytest.mark.parametrize(("package", "extra"), [("lightgbm", "tune"), ("psutil", "eval")])
def test_a_package_that_is_not_installed_is_named_with_its_extra(
    standing_in: Callable[[Command], None], capsys: pytest.CaptureFixture[str], package: str, extra: str
) -> None:
    def main() -> None:
        raise ModuleNotFoundError(f"No module named '{package}'", name=package)

    standing_in(main)
    assert code("reranker") == 1
    assert f"footnote[{extra}]" in capsys.readouterr().err


def test_another_missing_module_is_a_fault_of_ours(standing_in: Callable[[Command], None]) -> None:
    def main() -> None:
        raise ModuleNotFoundError("No module named 'eval.gone'", name="eval.gone")

    standing_in(main)
    with pytest.raises(ModuleNotFoundError):
        run(tuning.app, "footnote tune", ["reranker"])


@pytest.mark.parametrize("group", APPS)
def test_help_names_every_command_and_nothing_is_wrong_usage(
    group: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code("--help", app=group.app) == 0
    shown = capsys.readouterr()
    assert all(f"\n  {name} " in shown.out for name in group.COMMANDS)
    assert code(app=group.app) == 2
    assert capsys.readouterr().out == ""
    assert code("nonsense", app=group.app) == 2


@pytest.mark.parametrize("group", APPS)
def test_every_command_tells_its_options(group: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    for name in group.COMMANDS:
        assert code(name, "--help", app=group.app) == 0
        assert "--help" in capsys.readouterr().out
        assert code(name, "--nonsense", app=group.app) == 2
        assert "No such option" in capsys.readouterr().err


ASKED_OF_DATA = [
    "run",
    "answers",
    "squad",
    "citations",
    "chunking",
    "parsing",
    "retrieval",
    "ranking",
    "deciding",
]
"""What asks questions of a labelled set, or reads its files."""


@pytest.mark.parametrize("name", ASKED_OF_DATA)
def test_what_measures_a_set_has_the_same_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code(name, "--help", app=measuring.app) == 0
    shown = capsys.readouterr().out
    assert [one for one in ("--data", "--limit", "--seed", "--out", "--json") if one not in shown] == []


@pytest.mark.parametrize("name", ["reranker", "calibrator", "support", "all"])
def test_what_learns_has_the_same_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code(name, "--help", app=tuning.app) == 0
    shown = capsys.readouterr().out
    assert [one for one in ("--data", "--documents", "--work", "--out") if one not in shown] == []


@pytest.mark.parametrize("name", ["compare", "pairwise", "shadow", "online", "bench"])
def test_what_measures_something_else_is_kept_and_printed_by_the_same_options(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code(name, "--help", app=measuring.app) == 0
    shown = capsys.readouterr().out
    assert [one for one in ("--out", "--json") if one not in shown] == []


def test_asking_for_help_loads_none_of_the_commands() -> None:
    listing = "import sys, eval.__main__, eval.tune.__main__; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", listing],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "eval.commands" in loaded
    assert loaded.isdisjoint({"numpy", "torch", "openvino", "service.wiring", "eval.answers"})
