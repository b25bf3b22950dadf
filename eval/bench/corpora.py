"""What is ingested and asked: a data folder's sets where one is given, else generated ones of the same kind.

Generated texts take the words of the sample corpus, drawn by Zipf's law, so that a language is recognised
and some words are everywhere while most are rare, as in real text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.random import Generator

from ingestion.load import below, iter_paths
from ingestion.parse.registry import RECORD, RECORD_SUFFIX
from ingestion.types import RawFile
from service.settings import LoadSettings

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "documents"
WORD = re.compile(r"[a-z]{2,}")
MARKDOWN = "text/markdown"
ZIPF = 1.07
"""The exponent of English text."""


class Writer:
    """Writes text that looks like English to a tokenizer and to BM25."""

    def __init__(self, seed: int = 0) -> None:
        self._random: Generator = np.random.default_rng(seed)
        self.words = _vocabulary()
        weights = 1.0 / np.arange(1, len(self.words) + 1) ** ZIPF
        self._odds = np.cumsum(weights / weights.sum())

    def draw(self, count: int) -> list[str]:
        """`count` words."""
        places = np.searchsorted(self._odds, self._random.random(count) * self._odds[-1])
        return [self.words[place] for place in places]

    def sentence(self) -> str:
        """8 to 24 words."""
        return " ".join(self.draw(int(self._random.integers(8, 25)))).capitalize() + "."

    def paragraph(self, sentences: int) -> str:
        """So many sentences."""
        return " ".join(self.sentence() for _ in range(sentences))

    def table(self, rows: int) -> str:
        """A markdown table of three columns."""
        body = (
            f"| {a} | {b} | {self._random.integers(1, 999)} |" for a, b in (self.draw(2) for _ in range(rows))
        )
        return "\n".join(["| part | use | mm |", "|---|---|---|", *body])


def _vocabulary() -> list[str]:
    """The words of the sample corpus, most frequent first."""
    counts: dict[str, int] = {}
    for path in sorted([*DEMO.rglob("*.md"), *DEMO.rglob("*.rst"), *DEMO.rglob("*.html")]):
        for word in WORD.findall(path.read_text(encoding="utf-8").lower()):
            counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: (-counts[word], word))


# --- documents -------------------------------------------------------------------------------


def short_records(data: Path | None, count: int) -> list[RawFile]:
    """Records of a title and an abstract: SciFact's, or generated ones of the same length."""
    if data is not None:
        return _files([data / "scifact" / "corpus.jsonl"], count)
    writer = Writer(1)
    return [_record(f"short-{number}", writer.sentence(), writer.paragraph(12)) for number in range(count)]


def pages(data: Path | None, count: int) -> list[RawFile]:
    """Markdown pages with headings, lists and tables: the handbook's, or generated ones."""
    if data is not None:
        found = _files([data / "handbook"], None)
        return found[:: max(1, len(found) // count)][:count]
    writer = Writer(2)
    return [_markdown(f"page-{number}.md", _page(writer)) for number in range(count)]


def small_pages(count: int) -> Iterator[RawFile]:
    """Generated markdown of one heading and two sentences, made when it is asked for."""
    writer = Writer(3)
    for number in range(count):
        yield _markdown(f"small/{number}.md", f"# {writer.sentence()[:-1]}\n\n{writer.paragraph(2)}\n")


def demo_files() -> list[RawFile]:
    """The sample corpus."""
    return _files([DEMO], None)


def _files(paths: Sequence[Path], count: int | None) -> list[RawFile]:
    found = (file for file in iter_paths(paths, LoadSettings(), below(DEMO)) if isinstance(file, RawFile))
    return list(islice(found, count))


def _record(identity: str, title: str, text: str) -> RawFile:
    line = json.dumps({"_id": identity, "title": title, "text": text}).encode()
    return RawFile(identity, line, RECORD, identity + RECORD_SUFFIX)


def _markdown(source: str, text: str) -> RawFile:
    return RawFile(source, text.encode(), MARKDOWN, source.rpartition("/")[2])


def _page(writer: Writer) -> str:
    parts = [f"# {writer.sentence()[:-1]}", writer.paragraph(4)]
    for _ in range(4):
        points = "\n".join(f"- {writer.sentence()}" for _ in range(4))
        parts += [f"## {writer.sentence()[:-1]}", writer.paragraph(5), points]
    return "\n\n".join([*parts, writer.table(8)]) + "\n"
