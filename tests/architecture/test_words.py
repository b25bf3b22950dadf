"""What the product's files do not say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import MODULES, ROOT, TEXTS, name_of

# Paths of one machine, and marks of unfinished work.
BANNED = re.compile(
    r"/work/|/root/|/home/\w+/|\bTODO\b|\bFIXME\b|\bXXX\b|\bHACK\b|\bplaceholder\b", re.IGNORECASE
)
VAGUE_NAMES = frozenset({"utils", "util", "helpers", "misc", "common", "stuff"})


@pytest.mark.parametrize("path", MODULES + TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_names_no_ones_machine_and_leaves_nothing_for_later(path: Path) -> None:
    found = [match.group() for match in BANNED.finditer(path.read_text())]
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_named_for_what_it_knows(path: Path) -> None:
    assert VAGUE_NAMES.isdisjoint(name_of(path).split("."))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_check_is_switched_off_only_with_a_reason(path: Path) -> None:
    bare = [
        line.strip()
        for line in path.read_text().splitlines()
        if re.search(r"# (type: ignore(\[[\w,-]+\])?|noqa(: [A-Z0-9, ]+)?)\s*$", line)
    ]
    assert bare == []
