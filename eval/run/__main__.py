"""A labelled set asked of the product and measured: `footnote eval run --data DIR --out RUN`.

The product is an engine of this process, which reads the set's documents in, or with `--url` a service that
runs already and holds them; its key is FOOTNOTE_CLIENT__API_KEY. Cases are written as they are answered:
after Ctrl-C the same command goes on. A judge that fails, or a case without a response, fails the run.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from eval.commands import INTERRUPTED, AsJson, DataDir, Limit, Out, Seed, command, run
from eval.engines import Asked, asked_in_process, asked_over_http, engine_with, read_set
from eval.judge.settings import judge_settings
from eval.labelled.golden import DEMO, GOLDEN
from eval.run.answered import Answers
from eval.run.asking import DEPTH, ask_all, measure_all
from eval.run.dataset import Dataset, open_dataset
from eval.run.diagnosis import diagnose_all
from eval.run.estimate import Corpus
from eval.run.families import Family, JudgingFamily
from eval.run.records import Outcome, RunFolder, RunSummary, Started
from eval.run.retrieved import Retrieval
from eval.run.summary import summary_of
from eval.run.table import show
from eval.run.trusted import Trust
from service.cli.progress import counting
from service.errors import InvalidInput
from service.local_engine import LocalEngine
from service.settings import CacheSettings, Settings

FAMILIES: tuple[Family, ...] = (Retrieval(), Answers(), Trust())
RUNS = Path("eval-runs")
"""Where runs are kept that are given no folder."""
err = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is asked."""

    concurrency: int = 1
    depth: int = DEPTH
    limit: int | None = None
    seed: int = 1


async def judged(
    asked: Asked,
    dataset: Dataset,
    folder: RunFolder,
    options: RunOptions,
    judge: JudgingFamily | None = None,
) -> RunSummary:
    """The whole run: asked, measured, diagnosed, written; what the folder holds is not asked again."""
    began = time.perf_counter()
    now = datetime.now(UTC).replace(microsecond=0)
    started = folder.start(Started(started_at=now, product=asked.product, dataset=dataset.reference))
    with counting("asking", err) as tell:
        outcomes: Sequence[Outcome] = await ask_all(
            asked, dataset.cases, folder, concurrency=options.concurrency, depth=options.depth, tell=tell
        )
    families: tuple[Family, ...] = (*FAMILIES, *([judge] if judge else []))
    with counting("measuring", err) as tell:
        outcomes = await measure_all(families, outcomes, concurrency=options.concurrency, tell=tell)
    with counting("diagnosing", err) as tell:
        outcomes = await diagnose_all(Corpus(asked), outcomes, tell)
    summary = summary_of(
        folder.path.name,
        started,
        outcomes,
        seconds=time.perf_counter() - began,
        options=asdict(options),
        judge=judge.record() if judge else None,
    )
    folder.finish(summary, outcomes)
    return summary


@dataclass(frozen=True, slots=True)
class Judging:
    """Whether a judge is asked as well; `url` and `model` in the place of what the environment says."""

    wanted: bool = False
    url: str = ""
    model: str = ""

    @contextmanager
    def open(self, folder: Path) -> Iterator[JudgingFamily | None]:
        """The judge, which keeps in a run's folder what it was told."""
        if not self.wanted:
            yield None
            return
        settings = judge_settings(self.url, self.model)
        # Imported when it is asked for: its packages are an extra of their own.
        with import_module("eval.judge.family").open_family(folder, settings) as family:
            yield family


def main(
    data: Annotated[Path, typer.Option(help="A labelled set, or a .jsonl file of questions.")] = GOLDEN,
    documents: Annotated[
        Path | None, typer.Option(help="The documents of a file of questions; the sample corpus for its own.")
    ] = None,
    out: Out = None,
    url: Annotated[str, typer.Option(help="A running service, rather than an engine of this process.")] = "",
    data_dir: DataDir = None,
    judge: Annotated[bool, typer.Option("--judge", help="Let a language model judge as well.")] = False,
    judge_url: Annotated[
        str, typer.Option(help="Base URL of an OpenAI-compatible API, which judges (implies --judge).")
    ] = "",
    judge_model: Annotated[str, typer.Option(help="The model that judges (implies --judge).")] = "",
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many are asked at a time.")] = 1,
    depth: Annotated[int, typer.Option(min=1, help="How many hits are looked at.")] = DEPTH,
    limit: Limit = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    known = DEMO if documents is None and data == GOLDEN else documents
    dataset = open_dataset(data, known, limit, seed)
    folder = RunFolder(out or RUNS / f"{dataset.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    options = RunOptions(concurrency, depth, limit, seed)
    judging = Judging(judge or bool(judge_url or judge_model), judge_url, judge_model)
    try:
        if url:
            summary = asyncio.run(_over_http(url, dataset, folder, options, judging))
        else:
            summary = _in_process(data_dir, dataset, folder, options, judging)
    except KeyboardInterrupt:
        kept = len(folder.outcomes())
        err.print(f"Interrupted: {kept} of {len(dataset.cases)} cases are kept in {folder.path}.")
        err.print(f"The same command with --out {folder.path} goes on.")
        raise typer.Exit(INTERRUPTED) from None
    print(summary.model_dump_json(indent=1) if as_json else show(summary, folder.path))
    if summary.failures:
        print(*(f"error: {why}" for why in summary.failures), sep="\n", file=sys.stderr)
        raise typer.Exit(1)


async def _over_http(
    url: str, dataset: Dataset, folder: RunFolder, options: RunOptions, judging: Judging
) -> RunSummary:
    key = Settings().client.api_key.get_secret_value()
    async with asked_over_http(url, key) as asked:
        with judging.open(folder.path) as family:
            return await judged(asked, dataset, folder, options, family)


def _in_process(
    data_dir: Path | None, dataset: Dataset, folder: RunFolder, options: RunOptions, judging: Judging
) -> RunSummary:
    known = dataset.documents
    if known is None and data_dir is None:
        raise InvalidInput(
            "the documents that the questions are about are not known",
            hint="give --documents, a --data-dir that holds them, or the --url of a service that does",
        )
    scratch = nullcontext(data_dir) if data_dir else TemporaryDirectory(prefix="footnote-eval-")

    def read(engine: LocalEngine) -> None:
        if known is not None:
            read_set(engine, known)

    async def asking(engine: LocalEngine) -> RunSummary:
        async with asked_in_process(engine) as asked:
            with judging.open(folder.path) as family:
                return await judged(asked, dataset, folder, options, family)

    with scratch as place, err.status("reading in") if err.is_terminal else nullcontext():
        # Each answer is worked out: one that is remembered takes no time and hides what it would be now.
        settings = Settings(data_dir=Path(place), cache=CacheSettings(enabled=False))
        with engine_with(settings, read) as engine:
            return asyncio.run(asking(engine))


if __name__ == "__main__":
    run(command(main))
