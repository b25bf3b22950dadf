"""Trains the ranker of late interaction on labelled questions: `footnote tune reranker`.

    footnote tune reranker --data DIR [--docs DIR] [--held-out DIR] [--out FILE] [--json]

DIR holds labelled sets of any form that `eval.labelled` reads; `--docs` a folder of documentation, one folder
a collection, whose headings and sentences become questions. Every set is ingested into an engine of its own
with the settings in force. A third of the articles is kept back: on it the weight of the fused score is
chosen and the result compared with what is in use. The ranker in the file is then trained on all of them. It
is written only when it is better, or where `--out` says so; otherwise the exit code is 3.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from eval.collect import Collection, collect
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
NOTHING_BETTER = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains with the settings in force; 0 when a ranker was written, 3 when none was better."""
    options = _options(arguments)
    settings = Settings()
    out: Path = options.out or settings.data_dir / TUNED
    embedder = served_embedder(settings)
    if not embedder.tokens_fingerprint:
        raise Misconfigured(
            "late interaction needs token vectors", hint="unset FOOTNOTE_RERANK__TOKEN_DIMENSIONS"
        )
    held_out = list(find(options.held_out)) if options.held_out else []
    collections = without([_collected(one, settings) for one in _sets(options)], held_out)
    recipe = Recipe(fused_weight=options.fused_weight)
    trained = train(collections, embedder.tokens_fingerprint, _in_use(settings, embedder), recipe)
    written = trained.won or options.out is not None
    if written:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(trained.file, separators=(",", ":")) + "\n", encoding="utf-8")
        command = ["footnote tune reranker", *(sys.argv[1:] if arguments is None else arguments)]
        out.with_suffix(".md").write_text(card(trained, " ".join(command)), encoding="utf-8")
    _tell(trained, out if written else None, as_json=options.json)
    return 0 if written else NOTHING_BETTER


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="footnote tune reranker",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of labelled sets")
    parser.add_argument(
        "--docs", type=Path, help="folder with one folder of documentation for each collection"
    )
    parser.add_argument("--held-out", type=Path, help="sets whose articles must not be trained on")
    parser.add_argument("--most", type=int, default=500, help="questions of each set, drawn at random")
    parser.add_argument(
        "--fused-weight",
        type=float,
        help="what the fused score counts; else chosen on the articles kept back",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="the file to write, better or not; else tuned/reranker.json in the data folder, if better",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    if options.data is None and options.docs is None:
        parser.error("give --data or --docs")
    return options


def _sets(options: argparse.Namespace) -> Iterator[LabelledSet]:
    """The labelled sets, then the collections of documentation, each with at most so many questions."""
    for labelled in find(options.data) if options.data else ():
        asked = answerable(labelled)
        drawn = random.Random(SEED).sample(asked.questions, min(options.most, len(asked.questions)))
        yield dataclasses.replace(asked, questions=tuple(drawn))
    for folder in sorted(options.docs.iterdir()) if options.docs else ():
        if folder.is_dir():
            yield documentation(folder, options.most)


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
    sys.exit(main())
