"""How much of a file's text and table cells survives parsing, per format, against a reference in markdown.

DIR holds `sources/` and `markdown/<source name>.md`. Text recall is the share of the reference's words (a
multiset, case aside) that are in our text; cell recall the share of its non-empty table cells that are among
ours. The reference is silver: another parser wrote it, so neither can be expected to reach 1. `--pdf` takes a
folder of PDF files and gives pages per second. Everything runs through the sandbox, as an ingest does.
"""

from __future__ import annotations

import html
import re
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from eval.commands import AsJson, Limit, Out, Seed, command, run
from eval.labelled.types import drawn
from eval.results import each, give
from ingestion.load import load_bytes
from ingestion.sandbox import ParserPool
from ingestion.types import Document
from service.errors import FootnoteError
from service.settings import LoadSettings, ParseSettings

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_RULE = re.compile(r"\|(?:[ \t]*:?-+:?[ \t]*\|)+")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class FileScore:
    """What came of one file; recalls are None where the reference holds nothing to recall."""

    name: str
    words: int
    words_found: int
    cells: int
    cells_found: int
    seconds: float


@dataclass(slots=True)
class FormatScore:
    """The sums over all files of one format."""

    files: int = 0
    seconds: float = 0.0
    words: int = 0
    words_found: int = 0
    cells: int = 0
    cells_found: int = 0
    lowest: str = ""
    failures: dict[str, str] = field(default_factory=dict)
    _lowest_recall: float = 1.1

    @property
    def text_recall(self) -> float | None:
        """Share of the reference's words found."""
        return self.words_found / self.words if self.words else None

    @property
    def cell_recall(self) -> float | None:
        """Share of the reference's table cells found."""
        return self.cells_found / self.cells if self.cells else None

    def add(self, score: FileScore) -> None:
        """Count one more file."""
        self.files += 1
        self.seconds += score.seconds
        self.words += score.words
        self.words_found += score.words_found
        self.cells += score.cells
        self.cells_found += score.cells_found
        recall = score.words_found / score.words if score.words else 1.0
        if recall < self._lowest_recall:
            self._lowest_recall, self.lowest = recall, f"{score.name} {recall:.2f}"


def words(text: str) -> Counter[str]:
    """The words of a text, case and compatibility forms aside."""
    return Counter(_words(text))


def reference_text(markdown: str) -> str:
    """The reference without what is not text: comments, pictures, link targets, escapes."""
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", _COMMENT.sub(" ", markdown)))
    return html.unescape(text.replace("\\_", "_").replace("\\*", "*"))


def reference_cells(markdown: str) -> Counter[str]:
    """The non-empty cells of all pipe tables of the reference."""
    rows = (line.strip() for line in reference_text(markdown).splitlines() if line.lstrip().startswith("|"))
    cells = (cell for row in rows if not _RULE.fullmatch(row) for cell in _CELL_BORDER.split(row.strip("|")))
    return _cells(cells)


def document_cells(document: Document) -> Counter[str]:
    """The non-empty cells of all tables of a document."""
    return _cells(cell for placed in document.elements for row in placed.element.rows for cell in row)


def score(name: str, document: Document, markdown: str, seconds: float) -> FileScore:
    """Compare a document with its reference."""
    wanted, cells = words(reference_text(markdown)), reference_cells(markdown)
    return FileScore(
        name=name,
        words=wanted.total(),
        words_found=(wanted & words(document.text)).total(),
        cells=cells.total(),
        cells_found=(cells & document_cells(document)).total(),
        seconds=seconds,
    )


def measure(
    data: Path, pool: ParserPool, limit: int | None = None, seed: int = 1
) -> tuple[dict[str, FormatScore], list[FileScore]]:
    """Score the files of `data/sources` that have a reference: by format, and each."""
    scores: dict[str, FormatScore] = defaultdict(FormatScore)
    found: list[FileScore] = []
    files = [path for path in sorted((data / "sources").iterdir()) if _reference(data, path).is_file()]
    for path in each("parsing", drawn(files, limit, seed)):
        of_format = scores[path.suffix.removeprefix(".").lower()]
        started = time.perf_counter()
        try:
            document = pool.parse(load_bytes(path.name, path.name, path.read_bytes(), LoadSettings()))
        except FootnoteError as error:
            of_format.failures[path.name] = f"{error.code}: {error}"
            continue
        seconds = time.perf_counter() - started
        found.append(score(path.name, document, _reference(data, path).read_text(encoding="utf-8"), seconds))
        of_format.add(found[-1])
    return dict(sorted(scores.items())), found


def _reference(data: Path, source: Path) -> Path:
    return data / "markdown" / f"{source.name}.md"


def measure_pages(folder: Path, pool: ParserPool) -> tuple[int, float]:
    """Pages in the PDF files below `folder`, and the seconds that parsing them took."""
    pages, started = 0, time.perf_counter()
    for path in sorted(folder.rglob("*.pdf")):
        document = pool.parse(load_bytes(path.name, path.name, path.read_bytes(), LoadSettings()))
        pages += len(document.receipt.pages)
    return pages, time.perf_counter() - started


def table(scores: dict[str, FormatScore]) -> Iterator[str]:
    """The result as lines to read."""
    heads = f"{'format':10}{'files':>6}{'failed':>7}{'text recall':>13}{'cells':>7}"
    yield f"{heads}{'cell recall':>13}{'files/s':>9}  lowest"
    for name, of_format in scores.items():
        rate = of_format.files / of_format.seconds if of_format.seconds else 0.0
        yield (
            f"{name:10}{of_format.files:6}{len(of_format.failures):7}{_share(of_format.text_recall):>13}"
            f"{of_format.cells:7}{_share(of_format.cell_recall):>13}{rate:9.1f}  {of_format.lowest}"
        )
    for of_format in scores.values():
        for failed, why in of_format.failures.items():
            yield f"failed: {failed}: {why}"


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with sources/ and markdown/.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Folder of PDF files, for pages per second.")] = None,
    limit: Limit = None,
    seed: Seed = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    if data is None and pdf is None:
        raise typer.BadParameter("there is nothing to parse: give --data or --pdf")
    with ParserPool(ParseSettings()) as pool:
        scores, files = measure(data, pool, limit, seed) if data else ({}, [])
        pages = measure_pages(pdf, pool) if pdf else None
    formats = {name: _as_json(of_format) for name, of_format in scores.items()}
    speed = {"pages": pages[0], "seconds": pages[1]} if pages else None
    lines = [*table(scores)]
    if pages:
        lines.append(f"pdf: {pages[0]} pages in {pages[1]:.1f} s, {pages[0] / pages[1]:.1f} pages/s")
    summary = {"formats": formats, "pdf": speed}
    give(summary, files, out=out, as_json=as_json, show=lambda: print(*lines, sep="\n"))


def _cells(cells: Iterable[str]) -> Counter[str]:
    return Counter(key for cell in cells if (key := " ".join(_words(cell))))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _as_json(of_format: FormatScore) -> dict[str, object]:
    about = {name: value for name, value in asdict(of_format).items() if not name.startswith("_")}
    return {**about, "text_recall": of_format.text_recall, "cell_recall": of_format.cell_recall}


if __name__ == "__main__":
    run(command(main))
