"""`footnote tune` hands on to one command and says with its exit code how that ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType

import pytest

from eval.tune.__main__ import COMMANDS, main
from service.errors import Misconfigured

Outcome = Callable[[Sequence[str]], int | None]


@pytest.fixture
def standing_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Outcome], None]:
    """Puts something else in the place of `footnote tune reranker`."""

    def put(outcome: Outcome) -> None:
        module = ModuleType("eval.tune.reranker")
        module.__dict__["main"] = outcome
        monkeypatch.setitem(sys.modules, "eval.tune.reranker", module)

    return put


@pytest.mark.parametrize(("ended", "code"), [(None, 0), (0, 0), (3, 3)])
def test_the_command_s_end_is_the_exit_code(
    standing_in: Callable[[Outcome], None], ended: int | None, code: int
) -> None:
    given: list[str] = []

    def outcome(arguments: Sequence[str]) -> int | None:
        given.extend(arguments)
        return ended

    standing_in(outcome)
    assert main(["reranker", "--data", "x"]) == code
    assert given == ["--data", "x"]


def test_an_error_of_ours_ends_with_1_and_its_hint(
    standing_in: Callable[[Outcome], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def outcome(_: Sequence[str]) -> int:
        raise Misconfigured("too few questions", hint="give more")

    standing_in(outcome)
    assert main(["reranker"]) == 1
    assert capsys.readouterr() == ("", "error: too few questions (misconfigured)\nhint: give more\n")


def test_a_package_that_is_not_installed_is_named_with_the_extra(
    standing_in: Callable[[Outcome], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def outcome(_: Sequence[str]) -> int:
        raise ModuleNotFoundError("No module named 'lightgbm'", name="lightgbm")

    standing_in(outcome)
    assert main(["reranker"]) == 1
    assert "footnote[tune]" in capsys.readouterr().err


def test_another_missing_module_is_a_fault_of_ours(standing_in: Callable[[Outcome], None]) -> None:
    def outcome(_: Sequence[str]) -> int:
        raise ModuleNotFoundError("No module named 'eval.gone'", name="eval.gone")

    standing_in(outcome)
    with pytest.raises(ModuleNotFoundError):
        main(["reranker"])


def test_help_names_every_command_and_nothing_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr()
    assert all(command in shown.out for command in COMMANDS)
    assert main([]) == 2
    assert capsys.readouterr().out == ""
