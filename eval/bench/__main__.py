"""`python -m eval.bench`: every figure in one run, printed as it comes, saved as JSON and as a table."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from eval import retrieval
from eval.bench import ingest, install, query, rate, search
from eval.bench.figures import Figure, Goal, Report

Section = Callable[[], Iterator[Figure]]
FUSED_ON_SCIFACT = Goal("at least", 0.715)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure with the settings in force; documents go to folders of their own."""
    options = _options().parse_args(arguments)
    if options.quick:
        options.sizes, options.documents, options.records, options.questions = [1_000, 10_000], 400, 80, 40
    report = Report(Console(soft_wrap=True), {name: str(value) for name, value in vars(options).items()})
    sections = _sections(options)
    for name in options.only or [name for name in sections if name != "install" or options.install]:
        started = time.perf_counter()
        report.add(sections[name]())
        report.seconds[name] = round(time.perf_counter() - started, 1)
    as_json, as_table = report.save(options.out)
    report.console.print(f"\nsaved {as_json} and {as_table}", highlight=False)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval.bench", description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="folder with scifact/, squad2/ and handbook/; else generated"
    )
    parser.add_argument("--sizes", type=_numbers, default=[1_000, 10_000, 100_000], help="chunks searched")
    parser.add_argument("--documents", type=int, default=10_000, help="small documents for the memory curve")
    parser.add_argument("--records", type=int, default=1_000, help="short records for the ingest rate")
    parser.add_argument("--questions", type=int, default=200, help="questions asked over HTTP")
    parser.add_argument("--only", type=_names, help="sections: " + ", ".join(SECTIONS))
    parser.add_argument("--install", action="store_true", help="measure the default install too; minutes")
    parser.add_argument("--quick", action="store_true", help="small sizes: the figures only roughly")
    parser.add_argument("--out", type=Path, default=Path("bench-results"), help="folder for the results")
    return parser


SECTIONS = ("query", "parse", "ingest", "search", "memory", "retrieval", "install")


def _sections(options: argparse.Namespace) -> Mapping[str, Section]:
    return {
        "query": lambda: query.answers(options.data, options.questions),
        "parse": lambda: ingest.parsing(0.5 if options.quick else 2.0),
        "ingest": lambda: rate.rates(options.data, options.records),
        "search": lambda: search.sizes(options.sizes),
        "memory": lambda: ingest.memory(options.documents),
        "retrieval": lambda: _quality(options.data),
        "install": install.default_install,
    }


def _quality(data: Path | None) -> Iterator[Figure]:
    """Nothing without a data folder: generated texts have no judged questions."""
    for name in retrieval.SETS if data is not None else ():
        assert data is not None
        with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder:
            found = retrieval.measure(retrieval.load(data / name), Path(folder))
        for one in found:
            goal = FUSED_ON_SCIFACT if (name, one.ranking) == ("scifact", "fused") else None
            label = f"{name}, {one.ranking}, {one.questions} questions"
            yield Figure("retrieval", f"{label}: nDCG@10", one.ndcg_at_10, goal=goal)
            yield Figure("retrieval", f"{label}: recall@5", one.recall_at_5)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in SECTIONS]:
        raise argparse.ArgumentTypeError(f"no section is named {', '.join(unknown)}")
    return names


if __name__ == "__main__":
    main()
