"""What the pages say is there: commands, options, settings, error codes, routes, links."""

from __future__ import annotations

import re
import runpy
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from ingestion.parse.registry import FORMATS
from service.cli.app import app
from tests.deploy.checking import unknown_settings
from tests.tenants.matrix import MATRIX

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("measured/*.md"))]
REFERENCE: dict[str, Any] = runpy.run_path(str(DOCS / "reference.py"))
SEPARATORS = {"&", "&&", "|", ";", ">", "2>", "<", "||"}

NO_SETTINGS = {"store.server", "receipts.key", "redis.env"}
"""A section and two files, which read like settings."""

page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@page
def test_every_command_and_option_that_a_page_names_is_there(page: Path) -> None:
    found = [wrong for line in _command_lines(page.read_text()) if (wrong := _what_is_wrong(line))]
    assert found == []


@page
def test_every_setting_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text()
    named = set(re.findall(r"\bFOOTNOTE_(?!JUDGE_|CLIENT__\b|PARSE__\*)\w+[A-Z]\b", text))
    sections = "|".join(name for name in _fields() if "." not in name)
    dotted = set(re.findall(rf"`((?:{sections})\.[a-z_.]+[a-z])`", text)) - NO_SETTINGS
    named |= {
        "FOOTNOTE_" + one.upper().replace(".", "__") for one in dotted if not one.endswith((".py", ".md"))
    }
    assert unknown_settings(named) == []


@page
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        if anchor:
            assert anchor in _anchors(there.read_text()), f"{target}#{anchor}"


def test_pages_that_are_written_from_the_code_are_current() -> None:
    written: dict[Path, str] = REFERENCE["pages"]()
    stale = [page.name for page, text in written.items() if page.read_text(encoding="utf-8") != text]
    assert stale == [], "run: python docs/reference.py"


def test_every_setting_is_explained() -> None:
    assert re.findall(r"^\| `([\w.]+)` \|.*\|  \|$", (DOCS / "settings.md").read_text(), re.MULTILINE) == []


def test_every_error_is_among_the_troubles_and_no_other() -> None:
    text = (DOCS / "troubleshooting.md").read_text()
    codes = {error.code for error in REFERENCE["all_errors"]()}
    assert set(re.findall(r"^\| `([a-z_]+)` \| \d", text, re.MULTILINE)) == codes


def test_every_route_has_its_place_in_the_guide() -> None:
    text = (DOCS / "api.md").read_text()
    assert [route for route in MATRIX if f"`{route}`" not in text] == []


def test_every_command_has_its_place_in_the_guide() -> None:
    text = (DOCS / "command-line.md").read_text()
    assert [name for name in _groups(app) if f"footnote {name}" not in text] == []


def test_every_kind_of_file_that_is_read_is_told() -> None:
    text = (DOCS / "formats.md").read_text()
    endings = [ending for one in FORMATS for ending in one.extensions]
    assert [ending for ending in endings if f"`{ending.removeprefix('.')}`" not in text] == []


def test_every_page_is_reached_from_the_index() -> None:
    index = (DOCS / "README.md").read_text() + (DOCS / "measured" / "README.md").read_text()
    assert [one.name for one in PAGES[1:] if one.name != "README.md" and one.name not in index] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


def _fields() -> set[str]:
    return {
        name.removesuffix(".") for name in re.findall(r"^## ([a-z_.]+)$", REFERENCE["settings_page"](), re.M)
    }


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _command_lines(text: str) -> Iterator[str]:
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        if language in ("", "sh"):
            yield from block.replace("\\\n", " ").splitlines()
    before = r"(?:[A-Z_]+=\S+ +|docker compose run --rm \w+ )*"
    yield from re.findall(rf"^    ({before}footnote .*)$", text, re.MULTILINE)
    yield from re.findall(
        r"`(footnote [a-z][^`]*)`", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    )


def _what_is_wrong(line: str) -> str:
    """Why a line with `footnote` in it cannot be run; nothing where it can, or has none."""
    found = re.search(r"(?:^|[ (;|]|/bin/)footnote ((?:[a-z]|--).*)", line)
    if found is None or line.lstrip().startswith(("#", ">", "kubectl", "docker compose exec")):
        return ""
    try:
        words = shlex.split(found.group(1).split(" # ")[0].replace("…", "..."), comments=True)
    except ValueError:
        return ""
    words = words[: next((at for at, word in enumerate(words) if word in SEPARATORS), len(words))]
    return _unknown(words, line)


def _unknown(words: list[str], line: str) -> str:
    if words[0] in ("eval", "tune"):
        return _unknown_elsewhere(words, line)
    command: Any = typer.main.get_command(app)
    while words and words[0] in (inner := _inner(command)):
        command = inner[words.pop(0)]
    named = words and not words[0].startswith(("-", "...", "|", "COMMAND"))
    if named and _inner(command) and not command.invoke_without_command:
        return f"no such command: {line}"
    known = {option for one in command.params for option in [*one.opts, *one.secondary_opts]}
    given = {word.split("=")[0] for word in words if word.startswith("--")} - {"--help"}
    return f"no such option: {line}" if given - known else ""


def _inner(command: Any) -> dict[str, Any]:
    return getattr(command, "commands", {})


def _unknown_elsewhere(words: list[str], line: str) -> str:
    """The commands of `footnote eval` and `tune` are read, as importing them takes seconds."""
    package = ROOT / "eval" / ("tune" if words[0] == "tune" else "")
    names = re.findall(r'^    "(\w+)": \(', (package / "__main__.py").read_text(), re.MULTILINE)
    if len(words) > 1 and re.match("[a-z]", words[1]) and words[1] not in names:
        return f"no such command: {line}"
    sources = _evaluation()
    given = {word.strip("[]").split("=")[0] for word in words if word.strip("[").startswith("--")} - {
        "--help"
    }
    return f"no such option: {line}" if any(not _is_read(one, sources) for one in given) else ""


@cache
def _evaluation() -> str:
    return "".join(module.read_text() for module in (ROOT / "eval").rglob("*.py"))


def _is_read(option: str, sources: str) -> bool:
    name = option.removeprefix("--").replace("-", "_")
    return f'"{option}"' in sources or re.search(rf"\b{name}: ", sources) is not None


def _groups(of: typer.Typer) -> Iterator[str]:
    for name, command in _inner(typer.main.get_command(of)).items():
        yield name
        yield from (f"{name} {inner}" for inner in _inner(command))
