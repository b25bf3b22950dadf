"""A labelled set asked of the product and measured: `footnote eval run --data DIR --out RUN`.

The product is an engine of this process, which reads the set's documents in, or with `--url` a service that
runs already and holds them; its key is FOOTNOTE_CLIENT__API_KEY. Cases are written as they are answered:
after Ctrl-C the same command goes on. A judge that fails, or a case without a response, fails the run.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from eval.commands import INTERRUPTED, AsJson, DataDir, JudgeModel, JudgeUrl, Limit, Out, Seed, command, run
from eval.engines import Asked, asked_in_process, asked_over_http, engine_with, read_set
from eval.judge.settings import judge_settings
from eval.labelled.golden import DEMO, GOLDEN
from eval.results import err
from eval.run.asking import DEPTH, Place, Told
from eval.run.dataset import Dataset, open_dataset
from eval.run.families import JudgingFamily
from eval.run.records import RunFolder, RunSummary
from eval.run.running import RunOptions, judged
from eval.run.table import show
from service.cli.progress import counting
from service.errors import InvalidInput
from service.local_engine import LocalEngine
from service.settings import CacheSettings, Settings

Documents = Annotated[
    Path | None, typer.Option(help="The documents of a file of questions; the sample corpus for its own.")
]
Url = Annotated[str, typer.Option(help="A running service, rather than an engine of this process.")]
Beside = Annotated[
    str, typer.Option(help="With --url: another service, asked in turn; its run is kept in OUT-beside.")
]
LangfuseDataset = Annotated[str, typer.Option(help="Tell it to Langfuse, as a run over this dataset.")]
RUNS = Path("eval-runs")
"""Where runs are kept that are given no folder."""


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


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked, how, and where it is kept and told."""

    dataset: Dataset
    folder: RunFolder
    options: RunOptions
    judging: Judging
    langfuse: str = ""

    @property
    def beside(self) -> RunFolder:
        """The folder of the run that is asked in turn with this one."""
        return RunFolder(self.folder.path.with_name(f"{self.folder.path.name}-beside"))

    async def of(self, first: Asked, second: Asked | None = None) -> tuple[RunSummary, ...]:
        """The runs of one product, or of two that are asked in turn."""
        with self._linking() as told, self.judging.open(self.folder.path) as family:
            places = [Place(first, self.folder, told(self.folder))]
            if second is not None:
                places.append(Place(second, self.beside, told(self.beside)))
            return await judged(places, self.dataset, self.options, family)

    @contextmanager
    def _linking(self) -> Iterator[Callable[[RunFolder], Told | None]]:
        if not self.langfuse:
            yield lambda _: None
            return
        linked = import_module("eval.run.linked")  # its packages are an extra of their own
        with ExitStack() as stack:
            with counting("telling Langfuse what is asked", err) as tell:
                tracing = Settings().tracing
                opened = linked.linking(tracing, self.langfuse, self.dataset.cases, tell)
                linking = stack.enter_context(opened)
            yield lambda folder: linking.run(folder.path.name)


def main(
    data: Annotated[Path, typer.Option(help="A labelled set, or a .jsonl file of questions.")] = GOLDEN,
    documents: Documents = None,
    out: Out = None,
    url: Url = "",
    beside: Beside = "",
    data_dir: DataDir = None,
    judge: Annotated[bool, typer.Option("--judge", help="Let a language model judge as well.")] = False,
    judge_url: JudgeUrl = "",
    judge_model: JudgeModel = "",
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many are asked at a time.")] = 1,
    depth: Annotated[int, typer.Option(min=1, help="How many hits are looked at.")] = DEPTH,
    langfuse_dataset: LangfuseDataset = "",
    limit: Limit = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    if beside and not url:
        raise typer.BadParameter("--beside compares two services: give --url too")
    known = DEMO if documents is None and data == GOLDEN else documents
    dataset = open_dataset(data, known, limit, seed)
    folder = RunFolder(out or RUNS / f"{dataset.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    judging = Judging(judge or bool(judge_url or judge_model), judge_url, judge_model)
    asking = Asking(dataset, folder, RunOptions(concurrency, depth, limit, seed), judging, langfuse_dataset)
    try:
        runs = asyncio.run(_over_http(url, beside, asking)) if url else _in_process(data_dir, asking)
    except KeyboardInterrupt:
        kept = len(folder.outcomes())
        err.print(f"Interrupted: {kept} of {len(dataset.cases)} cases are kept in {folder.path}.")
        err.print(f"The same command with --out {folder.path} goes on.")
        raise typer.Exit(INTERRUPTED) from None
    _tell(runs, folder.path, as_json)


def _tell(runs: Sequence[RunSummary], folder: Path, as_json: bool) -> None:
    told = [
        one.model_dump_json(indent=1) if as_json else show(one, folder.with_name(one.name)) for one in runs
    ]
    print(f"[{', '.join(told)}]" if as_json and len(runs) > 1 else "\n\n".join(told))
    if len(runs) > 1:
        err.print(f"footnote eval compare {folder}-beside {folder}", highlight=False, soft_wrap=True)
    if failures := [why for one in runs for why in one.failures]:
        print(*(f"error: {why}" for why in failures), sep="\n", file=sys.stderr)
        raise typer.Exit(1)


async def _over_http(url: str, beside: str, asking: Asking) -> tuple[RunSummary, ...]:
    key = Settings().client.api_key.get_secret_value()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(asked_over_http(url, key))
        second = await stack.enter_async_context(asked_over_http(beside, key)) if beside else None
        return await asking.of(first, second)


def _in_process(data_dir: Path | None, asking: Asking) -> tuple[RunSummary, ...]:
    known = asking.dataset.documents
    if known is None and data_dir is None:
        raise InvalidInput(
            "the documents that the questions are about are not known",
            hint="give --documents, a --data-dir that holds them, or the --url of a service that does",
        )
    scratch = nullcontext(data_dir) if data_dir else TemporaryDirectory(prefix="footnote-eval-")

    def read(engine: LocalEngine) -> None:
        if known is not None:
            read_set(engine, known)

    async def run_of(engine: LocalEngine) -> tuple[RunSummary, ...]:
        async with asked_in_process(engine) as asked:
            return await asking.of(asked)

    with scratch as place, err.status("reading in") if err.is_terminal else nullcontext():
        # Each answer is worked out: one that is remembered takes no time and hides what it would be now.
        settings = Settings(data_dir=Path(place), cache=CacheSettings(enabled=False))
        with engine_with(settings, read) as engine:
            return asyncio.run(run_of(engine))


if __name__ == "__main__":
    run(command(main))
