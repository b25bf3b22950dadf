"""Files that differ by their numbers alone, and nothing else in the collection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import footnote


@pytest.fixture(scope="module")
def pumps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[footnote.Documents]:
    """Twelve pumps of twelve parts each, told apart by "pump" and "part" with a number."""
    folder: Path = tmp_path_factory.mktemp("pumps")
    for pump in range(12):
        parts = (
            f"## Part {part}\n\nThe valve of part {part} in pump {pump} weighs {pump}{part:02} g.\n"
            for part in range(12)
        )
        (folder / f"pump-{pump}.md").write_text("\n".join([f"# Pump {pump}\n", *parts]))
    with footnote.open(tmp_path_factory.mktemp("data")) as documents:
        documents.ingest(folder)
        yield documents


@pytest.mark.parametrize(
    ("question", "weight"),
    [
        ("What does the valve of part 7 in pump 3 weigh?", "307 g"),
        ("What does the valve of part 3 in pump 7 weigh?", "703 g"),
        ("valve part 11 pump 2", "211 g"),
        ("weight of the valve of part 2 in pump 11?", "1102 g"),
    ],
)
def test_the_part_with_the_numbers_that_were_asked_for_comes_first(
    pumps: footnote.Documents, question: str, weight: str
) -> None:
    (first,) = pumps.search(question, top_k=1)
    assert weight in first.chunk.text
