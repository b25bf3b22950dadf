"""Quality of the ranking on labelled sets: BM25, dense, fused, and late interaction over the best 50 and 100.

DIR holds labelled sets of any form that `eval.labelled` reads. Every set is ingested into an engine of its
own, and every question that has an answer searched for. What is judged are documents, as in `eval.retrieval`:
a document stands where its first chunk does.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval.collect import Collected, Collection, collected
from eval.commands import AsJson, Data, Limit, Out, Seed, Work, command, run
from eval.halves import RANKED, is_first_half
from eval.labelled import LabelledSet, files, find
from eval.labelled.types import LabelledQuestion
from eval.results import each, give
from eval.retrieval import Measured, means, ndcg, recall, show
from service.rerank import FusedOrder, Reranker, open_reranker
from service.settings import Settings
from service.types import Hit
from service.wiring import served_embedder

DEPTHS = (50, 100)


def documents(item: Collected, hits: Iterable[Hit]) -> list[str]:
    """The documents of the hits, each once, by the name under which the set judges it."""
    return list(dict.fromkeys(name_of(item.question, hit) for hit in hits))


def name_of(question: LabelledQuestion, hit: Hit) -> str:
    """The name under which the set judges the hit's document, else one that it does not know."""
    names = (hit.document.external_id, hit.document.source)
    return next((name for name in names if name in question.relevant), None) or hit.document.id


def quality(item: Collected, hits: Iterable[Hit]) -> tuple[float, float]:
    """nDCG@10 and recall@5 of one question's hits in this order."""
    ranked, relevant = documents(item, hits), item.question.relevant
    return ndcg(ranked, relevant), recall(ranked, relevant)


def judged(collection: Collection) -> tuple[Collected, ...]:
    """The questions that something answers."""
    return tuple(item for item in collection.items if item.question.relevant)


def measure(collection: Collection, rerankers: Mapping[str, Reranker]) -> list[Measured]:
    """Each list of the search, their fusion, and each reranker, question by question.

    Of a set that taught the shipped ranker, what was kept back is reported by itself too.
    """
    items = judged(collection)
    found = list(_measured(collection.name, items, rerankers))
    if collection.name in RANKED:
        back = {item.question.id for item in items if not is_first_half(item.question.group)}
        name = f"{collection.name}, kept back"
        found += [dataclasses.replace(one, dataset=name) for one in found if one.question in back]
    return found


def _measured(name: str, items: Sequence[Collected], rerankers: Mapping[str, Reranker]) -> Iterator[Measured]:
    for item in each(name, items):
        question, found = item.found.question, item.found.hits
        rankings: dict[str, Iterable[Hit]] = {
            "bm25": of_list(item, sparse=True),
            "dense": of_list(item, sparse=False),
            "fused": found,
            **{ranking: reranker.rerank(question, found) for ranking, reranker in rerankers.items()},
        }
        for ranking, hits in rankings.items():
            yield Measured(name, ranking, item.question.id, *quality(item, hits))


def of_list(item: Collected, *, sparse: bool) -> list[Hit]:
    """The hits of one of the two lists, in its order."""
    ranked = [
        (rank, hit)
        for hit in item.found.hits
        if (rank := hit.fused.sparse_rank if sparse else hit.fused.dense_rank) is not None
    ]
    return [hit for _, hit in sorted(ranked, key=lambda pair: pair[0])]


def rerankers(settings: Settings) -> dict[str, Reranker]:
    """Late interaction with the ranker in force, over each of `DEPTHS`; none where it cannot be used."""
    embedder = served_embedder(settings)
    opened = {
        f"late_{depth}": open_reranker(
            settings.rerank.model_copy(update={"method": "late", "depth": depth, "second_depth": 0}),
            settings.cache_dir,
            settings.data_dir,
            embedder.tokens_fingerprint,
        )
        for depth in DEPTHS
    }
    return {name: reranker for name, reranker in opened.items() if not isinstance(reranker, FusedOrder)}


def answerable(labelled: LabelledSet) -> LabelledSet:
    """The set with those of its questions alone that something answers."""
    return dataclasses.replace(
        labelled, questions=tuple(question for question in labelled.questions if question.relevant)
    )


def sets(data: Path, golden: Path | None, wanted: str) -> Iterator[LabelledSet]:
    """The labelled sets of a folder, then the golden set about the documents in `golden`.

    `wanted` are the names of some, separated by commas; all where it is empty.
    """
    names = [name for name in wanted.split(",") if name]
    found = [*find(data), *([files.golden(golden)] if golden else [])]
    return (one for one in found if not names or one.name in names)


def main(
    data: Data,
    golden: Annotated[Path | None, typer.Option(help="The sample corpus: adds the golden set.")] = None,
    wanted: Annotated[str, typer.Option("--sets", help="Which, separated by commas; else all.")] = "",
    work: Work = None,
    limit: Limit = None,
    seed: Seed = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    settings = Settings()
    opened = rerankers(settings)
    found: list[Measured] = []
    for labelled in sets(data, golden, wanted):
        asked = answerable(labelled).limited(limit, seed)
        with tempfile.TemporaryDirectory(prefix="footnote-ranking-") as folder:
            found.extend(measure(collected(asked, settings, work or Path(folder)), opened))
    results = means(found)
    give(results, found, out=out, as_json=as_json, show=lambda: show(results, Console()))


if __name__ == "__main__":
    run(command(main))
