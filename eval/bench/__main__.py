"""`footnote eval bench`: every figure in one run, printed as it comes, saved as JSON and as a table."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval import retrieval
from eval.bench import ingest, ledger, load, many, query, rate, search, tenancy, tracing
from eval.bench.figures import Figure, Goal, Report
from eval.bench.install import default_install
from eval.commands import AsJson, Out, command, run

Section = Callable[[], Iterator[Figure]]
RESULTS = Path("bench-results")
"""Where results are kept that are given no folder."""
FUSED_ON_SCIFACT = Goal("at least", 0.715)


SECTIONS = (
    "query",
    "load",
    "server",
    "ledger",
    "parse",
    "ingest",
    "search",
    "tenancy",
    "tracing",
    "memory",
    "retrieval",
    "install",
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    chunks: tuple[int, ...] = (1_000, 10_000, 100_000)
    documents: int = 10_000
    records: int = 1_000
    questions: int = 200
    parse_s: float = 2.0
    load_s: float = 60.0
    pages: int = 48
    turns: int = 20
    chunks_each: int = 20


QUICK = Sizes((1_000, 10_000), 400, 80, 40, 0.5, 6.0, 8, 5, 5)
FULL = Sizes()


def main(
    data: Annotated[
        Path | None, typer.Option(help="Folder with scifact/, squad2/ and handbook/; else generated.")
    ] = None,
    sizes: Annotated[str, typer.Option(help="Chunks searched.")] = "1000,10000,100000",
    documents: Annotated[int, typer.Option(help="Small documents, for the memory curve.")] = FULL.documents,
    records: Annotated[int, typer.Option(help="Short records, for the ingest rate.")] = FULL.records,
    questions: Annotated[int, typer.Option(help="Questions asked over HTTP.")] = FULL.questions,
    only: Annotated[str, typer.Option(help=f"Some of: {', '.join(SECTIONS)}.")] = "",
    install: Annotated[bool, typer.Option("--install", help="The default install too; minutes.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes: the figures only roughly.")] = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    chosen = QUICK if quick else Sizes(_numbers(sizes), documents, records, questions)
    names = _names(only) or [name for name in SECTIONS if name != "install" or install]
    report = Report(Console(soft_wrap=True, stderr=as_json), {"data": str(data), **_told(chosen)})
    sections = _sections(data, chosen)
    for name in names:
        started = time.perf_counter()
        report.add(sections[name]())
        report.seconds[name] = round(time.perf_counter() - started, 1)
    kept, table = report.save(out or RESULTS)
    report.console.print(f"\nsaved {kept} and {table}", highlight=False)
    if as_json:
        print(kept.read_text(encoding="utf-8"), end="")


def _told(sizes: Sizes) -> dict[str, str]:
    return {name: str(value) for name, value in dataclasses.asdict(sizes).items()}


def _sections(data: Path | None, sizes: Sizes) -> Mapping[str, Section]:
    return {
        "query": lambda: query.answers(data, sizes.questions),
        "load": lambda: load.crowds(sizes.load_s),
        "server": lambda: many.processes(sizes.load_s, sizes.pages),
        "ledger": lambda: ledger.beside_sqlite(sizes.turns),
        "parse": lambda: ingest.parsing(sizes.parse_s),
        "ingest": lambda: rate.rates(data, sizes.records),
        "search": lambda: search.sizes(sizes.chunks),
        "tenancy": lambda: tenancy.cost(sizes.chunks_each),
        "tracing": lambda: tracing.cost(sizes.questions),
        "memory": lambda: ingest.memory(sizes.documents),
        "retrieval": lambda: _quality(data),
        "install": default_install,
    }


def _quality(data: Path | None) -> Iterator[Figure]:
    """Nothing without a data folder: generated texts have no judged questions."""
    for name in retrieval.SETS if data is not None else ():
        assert data is not None
        with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder:
            found = retrieval.means(retrieval.measure(retrieval.load(data / name), Path(folder)))
        for one in found:
            goal = FUSED_ON_SCIFACT if (name, one.ranking) == ("scifact", "fused") else None
            label = f"{name}, {one.ranking}, {one.questions} questions"
            yield Figure("retrieval", f"{label}: nDCG@10", one.ndcg_at_10, goal=goal)
            yield Figure("retrieval", f"{label}: recall@5", one.recall_at_5)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"--sizes takes numbers, separated by commas: {text}") from error


def _names(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    if unknown := [name for name in names if name not in SECTIONS]:
        raise typer.BadParameter(f"no section is named {', '.join(unknown)}")
    return names


if __name__ == "__main__":
    run(command(main))
