"""Trains the ranker of late interaction on labelled questions: `footnote tune reranker`.

DIR holds labelled sets of any form that `eval.labelled` reads; `--docs` a folder of documentation, one folder
a collection, whose headings and sentences become questions. Every set is ingested into an engine of its own
with the settings in force. A third of the articles is kept back: on it the weight of the fused score is
chosen and the result compared with what is in use. The ranker in the file is then trained on all of them. It
is written only when it is better, or where `--out` says so; otherwise the exit code is 3.
"""

from __future__ import annotations

import dataclasses
import json
import random
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval.collect import Collection, collect
from eval.commands import NOTHING_BETTER, AsJson, command, run
from eval.labelled import LabelledSet, documentation, find
from eval.relevance.ranking import answerable
from eval.tune.lambdamart import Recipe
from eval.tune.reranker_card import card, table
from eval.tune.reranker_training import TrainedRanker, train
from eval.tune.rows import without
from service.embed import Embedder
from service.errors import Misconfigured
from service.rerank import TUNED, ranker_file
from service.rerank.ranker import Ranker, read_ranker
from service.settings import Settings
from service.wiring import served_embedder

SEED = 3


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of labelled sets.")] = None,
    docs: Annotated[
        Path | None, typer.Option(help="Folder with one folder of documentation for each collection.")
    ] = None,
    held_out: Annotated[Path | None, typer.Option(help="Sets whose articles must not be trained on.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", "--most", help="Questions of each set, drawn at random.")
    ] = 500,
    fused_weight: Annotated[
        float | None, typer.Option(help="What the fused score counts; else chosen on articles kept back.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write, better or not; else the data folder's, if better."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    if data is None and docs is None:
        raise typer.BadParameter("there is nothing to learn from: give --data or --docs")
    settings = Settings()
    embedder = served_embedder(settings)
    if not embedder.tokens_fingerprint:
        raise Misconfigured(
            "late interaction needs token vectors", hint="unset FOOTNOTE_RERANK__TOKEN_DIMENSIONS"
        )
    sets = _sets(data, docs, limit)
    left_out = list(find(held_out)) if held_out else []
    collections = without([_collected(one, settings) for one in sets], left_out)
    recipe = Recipe(fused_weight=fused_weight)
    trained = train(collections, embedder.tokens_fingerprint, _in_use(settings, embedder), recipe)
    file = out or (settings.data_dir / TUNED if trained.won else None)
    if file:
        _write(trained, file)
    _tell(trained, file, as_json=as_json)
    if file is None:
        raise typer.Exit(NOTHING_BETTER)


def _sets(data: Path | None, docs: Path | None, limit: int) -> Iterator[LabelledSet]:
    """The labelled sets, then the collections of documentation, each with at most so many questions."""
    for labelled in find(data) if data else ():
        asked = answerable(labelled)
        drawn = random.Random(SEED).sample(asked.questions, min(limit, len(asked.questions)))
        yield dataclasses.replace(asked, questions=tuple(drawn))
    for folder in sorted(docs.iterdir()) if docs else ():
        if folder.is_dir():
            yield documentation(folder, limit)


def _write(trained: TrainedRanker, file: Path) -> None:
    """The ranker, and beside it its card, which tells the command that made it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(trained.file, separators=(",", ":")) + "\n", encoding="utf-8")
    options = sys.argv[sys.argv.index("reranker") + 1 :] if "reranker" in sys.argv else sys.argv[1:]
    asked = shlex.join(["footnote", "tune", "reranker", *options])
    file.with_suffix(".md").write_text(card(trained, asked), encoding="utf-8")


def _collected(labelled: LabelledSet, settings: Settings) -> Collection:
    with tempfile.TemporaryDirectory(prefix="footnote-tune-") as folder:
        return collect(labelled, settings.model_copy(update={"data_dir": Path(folder)}))


def _in_use(settings: Settings, embedder: Embedder) -> Ranker | None:
    """The ranker that would be used now, if it fits the embedder."""
    file = ranker_file(settings.rerank, settings.data_dir)
    ranker = read_ranker(file) if file.is_file() else None
    fits = ranker is not None and ranker.tokens_fingerprint == embedder.tokens_fingerprint
    return ranker if fits else None


def _tell(trained: TrainedRanker, written: Path | None, *, as_json: bool) -> None:
    if as_json:
        told = {"won": trained.won, "file": str(written) if written else None, **trained.told()}
        print(json.dumps(told, indent=1))
        return
    console = Console()
    console.print(table(trained))
    verdict = "better on what was held out" if trained.won else "no better than what is in use"
    done = f"written to {written}" if written else "nothing was written"
    console.print(f"{verdict}: {done}", highlight=False)


if __name__ == "__main__":
    run(command(main))
