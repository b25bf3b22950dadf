"""Modules and functions stay small enough to be read at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import MODULES, ROOT

MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40

# The glossary, the tree of errors and the tables: declarations, read in one place on purpose.
LONG_MODULES = frozenset(ROOT / "service" / name for name in ("types.py", "errors.py", "catalogue/models.py"))
READ = [path for path in MODULES if "migrations" not in path.parts]  # a migration is a list, written once

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_of(module: Path) -> Iterator[Function]:
    tree = ast.parse(module.read_text())
    return (node for node in ast.walk(tree) if isinstance(node, Function))


@pytest.mark.parametrize("module", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_has_at_most_300_lines(module: Path) -> None:
    assert module in LONG_MODULES or len(module.read_text().splitlines()) <= MAX_MODULE_LINES


@pytest.mark.parametrize("module", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_has_at_most_40_lines(module: Path) -> None:
    long = {
        function.name: lines
        for function in functions_of(module)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}
