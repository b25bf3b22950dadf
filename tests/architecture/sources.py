"""The product's own modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("footnote", "service", "ingestion", "eval")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TEXTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.sh", "Makefile", "*.toml", ".github/**/*.yml")
    for path in ROOT.glob(pattern)
)


def name_of(module: Path) -> str:
    """`service.store.edge` for `service/store/edge.py`."""
    parts = module.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(module: Path, *, at_start_only: bool = False) -> Iterator[str]:
    """The full names of what a module imports; `at_start_only` leaves out imports inside functions."""
    for node in _nodes(ast.parse(module.read_text()), into_functions=not at_start_only):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def _nodes(node: ast.AST, *, into_functions: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if _is_type_checking(child) or (
            not into_functions and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        ):
            continue
        yield child
        yield from _nodes(child, into_functions=into_functions)


def _is_type_checking(node: ast.AST) -> bool:
    """Whether a block is read by type checkers alone."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
