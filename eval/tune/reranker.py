"""Trains the ranker of late interaction on labelled questions: `footnote tune reranker`.

DIR holds labelled sets of any form that `eval.labelled` reads; `--docs` a folder of documentation, one folder
a collection, whose headings ask for sections in other words than theirs. Every set is ingested into an engine
of its own with the settings in force. Half of each set's articles is learned from, and on the other half the
result is compared with what is in use. The ranker is written only when it is better, or where `--out` says
so; otherwise the exit code is 3. With `--work` what was read in and found is kept for another run.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import random
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval.collect import Collection, collected
from eval.commands import NOTHING_BETTER, AsJson, command, run
from eval.halves import RANKED, is_first_half
from eval.labelled import HEADINGS, LabelledSet, find, headings
from eval.relevance.ranking import answerable
from eval.tune.reranker_card import card, table
from eval.tune.reranker_training import TrainedRanker, train
from eval.tune.rows import without
from service.embed import Embedder
from service.errors import Misconfigured
from service.rerank import TUNED, ranker_file
from service.rerank.ranker import Ranker, read_ranker
from service.settings import Settings
from service.wiring import served_embedder

log = logging.getLogger(__name__)

HELD_OUT = ("scifact", "chunking", "sec10q", "golden")
"""Sets that the shipped ranker did not see, to be reported on. Like what is kept back of `RANKED`, an article
of theirs is not learned from in another set either."""
LIMIT = 500
SEED = 3


def main(
    data: Annotated[list[Path] | None, typer.Option(help="Labelled sets; may be repeated.")] = None,
    docs: Annotated[
        Path | None,
        typer.Option(
            "--documents", "--docs", help="Folder with one folder of documentation for each collection."
        ),
    ] = None,
    held_out: Annotated[
        list[str] | None, typer.Option(help="A set that is not learned from; may be repeated.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "--most", help="Questions of each set, drawn at random.")
    ] = LIMIT,
    work: Annotated[Path | None, typer.Option(help="Keep ingested sets and what is found here.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write, better or not; else the data folder's, if better."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    if not data and docs is None:
        raise typer.BadParameter("there is nothing to learn from: give --data or --docs")
    settings = Settings()
    embedder = served_embedder(settings)
    if not embedder.tokens_fingerprint:
        raise Misconfigured(
            "late interaction needs token vectors", hint="unset FOOTNOTE_RERANK__TOKEN_DIMENSIONS"
        )
    found = [one for folder in data or () for one in find(folder)]
    with tempfile.TemporaryDirectory(prefix="footnote-tune-") as scratch:
        collections = _learnable(found, held_out or HELD_OUT, docs, limit, settings, work or Path(scratch))
    trained = train(collections, embedder.tokens_fingerprint, _in_use(settings, embedder))
    file = out or (settings.data_dir / TUNED if trained.won else None)
    if file:
        _write(trained, file)
    _tell(trained, file, as_json=as_json)
    if file is None:
        raise typer.Exit(NOTHING_BETTER)


def _learnable(
    found: Sequence[LabelledSet],
    held_out: Sequence[str],
    docs: Path | None,
    limit: int,
    settings: Settings,
    work: Path,
) -> list[Collection]:
    """What is found for the sets that are learned from, without what is reported on."""
    sets = [*_drawn(found, held_out, limit), *_headings(docs, limit)]
    collections = [collected(one, settings, work) for one in sets]
    reported = [one for one in found if one.name in held_out]
    reported += [_kept_back(one) for one in found if one.name in RANKED]
    others = without([one for one in collections if one.name not in RANKED], reported)
    return [*(one for one in collections if one.name in RANKED), *others]


def _drawn(found: Sequence[LabelledSet], held_out: Sequence[str], limit: int) -> Iterator[LabelledSet]:
    """The sets to learn from, each with at most so many of its questions that have an answer."""
    for labelled in found:
        if labelled.name not in held_out:
            asked = answerable(labelled)
            drawn = random.Random(SEED).sample(asked.questions, min(limit, len(asked.questions)))
            yield dataclasses.replace(asked, questions=tuple(drawn))


def _kept_back(labelled: LabelledSet) -> LabelledSet:
    """The half of a set that is reported on: its questions, and the records that answer them."""
    asked = tuple(question for question in labelled.questions if not is_first_half(question.group))
    right = {name for question in asked for name in question.relevant}
    records = tuple(record for record in labelled.records if record.id in right)
    return dataclasses.replace(labelled, questions=asked, records=records)


def _headings(docs: Path | None, limit: int) -> Iterator[LabelledSet]:
    """Each folder of documentation as a set, asked in other words than its own."""
    for folder in sorted(docs.iterdir()) if docs else ():
        if folder.is_dir():
            yield headings(folder, min(limit, HEADINGS))


def _write(trained: TrainedRanker, file: Path) -> None:
    """The ranker, and beside it its card, which tells the command that made it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(trained.file, separators=(",", ":")) + "\n", encoding="utf-8")
    options = sys.argv[sys.argv.index("reranker") + 1 :] if "reranker" in sys.argv else sys.argv[1:]
    asked = shlex.join(["footnote", "tune", "reranker", *options])
    file.with_suffix(".md").write_text(card(trained, asked), encoding="utf-8")


def _in_use(settings: Settings, embedder: Embedder) -> Ranker | None:
    """The ranker that would be used now, if this version can read it and it fits the embedder."""
    file = ranker_file(settings.rerank, settings.data_dir, embedder.tokens_fingerprint)
    try:
        ranker = read_ranker(file)
    except Misconfigured as error:
        log.warning("nothing is compared with the ranker in use: %s", error)
        return None
    return ranker if ranker.tokens_fingerprint == embedder.tokens_fingerprint else None


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
