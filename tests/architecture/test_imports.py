"""Who may import whom."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.architecture.sources import MODULES, PACKAGES, ROOT, imports_of, name_of

# The edges of the process, which are built out of their framework.
HTTP = (
    "service.app",
    "service.description",
    "service.event_stream",
    "service.middleware",
    "service.problem",
    "service.routes",
    "service.server",
)
COMMANDS = ("service.__main__", "service.cli", "eval")

# A vendor's package is imported in one place; where that is a family of modules, this says which.
MODELS = ("service.models", "service.embed", "service.rerank")
PARSERS = ("ingestion.parse",)
FAMILIES: dict[str, tuple[str, ...]] = {
    "fastapi": HTTP,
    "starlette": HTTP,
    "asgi_correlation_id": (*HTTP, "service.log", "service.access"),
    # Langfuse's client is given one, so that it can be closed.
    "httpx2": ("service.cli",),
    "aiohttp": ("service.generate.chat", "service.generate.completion"),
    "httpx": ("service.tracing.langfuse",),
    "typer": COMMANDS,
    "rich": (*COMMANDS, "footnote"),  # a bar, where one is asked for
    "sqlalchemy": ("service.catalogue",),
    "alembic": ("service.catalogue",),
    "qdrant_edge": ("service.store",),
    "qdrant_client": ("service.store",),
    **dict.fromkeys(("openvino", "torch", "transformers", "sentence_transformers"), MODELS),
    # Chunks are measured in the parser's child process, with the tokenizer's file alone.
    "tokenizers": (*MODELS, "ingestion.sandbox"),
    # An image is opened in one module and made ready to be read in the other.
    "PIL": ("ingestion.parse.image", "ingestion.parse.enhance"),
    # Work that is under way is shielded from cancellation in the same words in which the server cancels.
    "anyio": ("service.event_stream", "service.background"),
    "prometheus_client": ("service.metrics",),
    "cachetools": ("service.cache",),
    # Langfuse's receiver is one of OpenTelemetry's.
    "langfuse": ("service.tracing.langfuse", "service.tracing.datasets"),
    "opentelemetry": ("service.tracing.otlp",),
    "filelock": ("service.data_folder", "service.models.building", "ingestion.roots"),
    **dict.fromkeys(("lxml", "bs4", "pypdfium2", "docx", "pptx", "openpyxl"), PARSERS),
    # Documents in markdown are read, and a model's markdown before it is shown.
    "markdown_it": (*PARSERS, "service.cite"),
    "charset_normalizer": (*PARSERS, "ingestion.load"),
}
# Vocabulary rather than machinery: values of these go from part to part.
EVERYWHERE = frozenset({"numpy", "pydantic", "regex", "pytest", "typing_extensions"})
# A measurement stands beside what it is compared with.
BASELINES = "eval"


def vendor(imported: str) -> str | None:
    """The distribution's top package, None for the standard library and our own."""
    top = imported.partition(".")[0]
    ours_or_python = top in PACKAGES or top in sys.stdlib_module_names or top == "tests"
    return None if ours_or_python or top in EVERYWHERE else top


def lies_in(module: str, family: str) -> bool:
    return module == family or module.startswith(f"{family}.")


def importers() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path in MODULES:
        for imported in imports_of(path):
            if top := vendor(imported):
                found[top].add(name_of(path))
    return found


IMPORTERS = importers()


@pytest.mark.parametrize("package", sorted(IMPORTERS))
def test_a_vendor_is_imported_in_one_place(package: str) -> None:
    modules = {name for name in IMPORTERS[package] if not lies_in(name, BASELINES)}
    if package in FAMILIES:
        strays = {name for name in modules if not any(lies_in(name, home) for home in FAMILIES[package])}
        assert strays == set()
    else:
        assert len(modules) <= 1


HEAVY = frozenset(
    {
        "torch",
        "transformers",
        "sentence_transformers",
        "openvino",
        "nncf",
        "unstructured",
        "spacy",
        "pandas",
        "sklearn",
        "scipy",
        "pypdfium2",
        "tesserocr",
        "docx",
        "pptx",
        "openpyxl",
        "openai",
        "oxmsg",
        "pypandoc",
    }
)


def test_what_answers_requests_starts_without_heavy_packages() -> None:
    script = (
        "import sys, service.app, service.server; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert HEAVY & set(loaded) == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_heavy_packages_of_the_service_are_imported_where_they_are_used(path: Path) -> None:
    if name_of(path).startswith("service."):
        at_start = {imported.partition(".")[0] for imported in imports_of(path, at_start_only=True)}
        assert HEAVY & at_start == set()


def test_the_import_contracts_hold() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
