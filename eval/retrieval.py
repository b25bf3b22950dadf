"""Retrieval quality of the served product, on sets in BEIR's form, through its public API.

DIR holds a folder for each set with `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv`. Every record is
uploaded, every judged question searched for. A hit carries its rank in either list, so one search gives the
dense, the BM25 and the fused ranking. What is judged are documents: a document stands where its first chunk
does.
"""

from __future__ import annotations

import math
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from eval.bench.serving import served, upload_and_wait
from eval.commands import AsJson, Data, Limit, Out, Seed, command, run
from eval.labelled.beir import questions
from eval.labelled.types import drawn
from eval.results import each, give
from ingestion.load import below, iter_paths
from ingestion.types import RawFile
from service.errors import CorruptFile
from service.settings import LoadSettings

Json = dict[str, Any]
Judgements = Mapping[str, Mapping[str, int]]
SETS = ("scifact", "squad2")
DEPTH = 10
RECALL_DEPTH = 5
BOTH_LISTS = 100
"""Both of the store's lists together: so many hits hold each list whole."""
ANSWER_S = 60.0


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """Records, the questions with a judged record, and how relevant each of these is."""

    name: str
    records: Path
    questions: Mapping[str, str]
    relevant: Judgements


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the questions, in [0, 1]; `served` ranks the hits as they came, for `top_k` 10."""

    dataset: str
    ranking: str
    questions: int
    ndcg_at_10: float
    recall_at_5: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One ranking of one question."""

    dataset: str
    ranking: str
    question: str
    ndcg_at_10: float
    recall_at_5: float


def mean(found: Sequence[Measured]) -> Quality:
    """The means over the questions of one ranking of one set; there must be one at least."""
    return Quality(
        found[0].dataset,
        found[0].ranking,
        len(found),
        round(fmean(one.ndcg_at_10 for one in found), 4),
        round(fmean(one.recall_at_5 for one in found), 4),
    )


def means(found: Sequence[Measured]) -> list[Quality]:
    """Of each ranking of each set, in the order in which they came."""
    rankings: dict[tuple[str, str], list[Measured]] = {}
    for one in found:
        rankings.setdefault((one.dataset, one.ranking), []).append(one)
    return [mean(of_ranking) for of_ranking in rankings.values()]


def load(folder: Path, limit: int | None = None, seed: int = 1) -> JudgedSet:
    """A set in BEIR's form; where `qa.jsonl` says that a question has no answer, it is left out."""
    asked = drawn([question for question in questions(folder) if question.answerable], limit, seed)
    texts = {question.id: question.text for question in asked}
    relevant = {question.id: question.relevant for question in asked}
    return JudgedSet(folder.name, folder / "corpus.jsonl", texts, relevant)


def records(path: Path) -> Iterator[RawFile]:
    """Every record of a JSON Lines file as the loader gives it; `CorruptFile` for one that it refuses."""
    for found in iter_paths([path], LoadSettings(), below(path.parent)):
        if not isinstance(found, RawFile):
            raise CorruptFile(f"{found.source} cannot be taken in")
        yield found


# --- the measures ----------------------------------------------------------------------------


def ndcg(ranked: Sequence[str], relevant: Mapping[str, int], depth: int = DEPTH) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002), gains as trec_eval takes them."""
    gained = [relevant.get(record, 0) for record in ranked[:depth]]
    ideal = sorted(relevant.values(), reverse=True)[:depth]
    return _discounted(gained) / _discounted(ideal)


def recall(ranked: Sequence[str], relevant: Mapping[str, int], depth: int = RECALL_DEPTH) -> float:
    """The share of the relevant records among the first `depth`."""
    return len(set(ranked[:depth]) & relevant.keys()) / len(relevant)


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


# --- the rankings ----------------------------------------------------------------------------


def _by_rank(name: str) -> Callable[[Sequence[Json]], list[Json]]:
    def order(hits: Sequence[Json]) -> list[Json]:
        listed = [hit for hit in hits if hit["scores"][name] is not None]
        return sorted(listed, key=lambda hit: int(hit["scores"][name]))

    return order


def _fused(hits: Sequence[Json]) -> list[Json]:
    return sorted(hits, key=lambda hit: (-hit["scores"]["fused"], hit["chunk_id"]))


RANKINGS: Mapping[str, Callable[[Sequence[Json]], list[Json]]] = {
    "bm25": _by_rank("sparse_rank"),
    "dense": _by_rank("dense_rank"),
    "fused": _fused,
}


def documents(hits: Sequence[Json]) -> list[str]:
    """The records of the hits, each once, at the place of its first chunk."""
    return list(dict.fromkeys(str(hit["external_id"]) for hit in hits))


def measure(dataset: JudgedSet, data_dir: Path) -> list[Measured]:
    """Ingests the set into a new server and asks all of its questions."""
    with served(data_dir, {"FOOTNOTE_API__MAX_TOP_K": str(BOTH_LISTS)}) as server:
        upload_and_wait(server.url, records(dataset.records))
        return ask(dataset, server.url)


def ask(dataset: JudgedSet, url: str) -> list[Measured]:
    """Every ranking's quality on a server that holds the set and allows `top_k` 100."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    with httpx.Client(base_url=url, timeout=ANSWER_S, trust_env=False) as client:
        for question, text in each(dataset.name, list(dataset.questions.items())):
            hits = _search(client, text, BOTH_LISTS)
            for name, order in RANKINGS.items():
                found[name][question] = documents(order(hits))
            found["served"][question] = documents(_search(client, text, DEPTH))
    return [
        _measured(dataset, name, question, ranked)
        for name, of_ranking in found.items()
        for question, ranked in of_ranking.items()
    ]


def _search(client: httpx.Client, text: str, top_k: int) -> list[Json]:
    response = client.post("/search", json={"query": text, "top_k": top_k})
    response.raise_for_status()
    hits: list[Json] = response.json()["hits"]
    return hits


def _measured(dataset: JudgedSet, ranking: str, question: str, ranked: Sequence[str]) -> Measured:
    relevant = dataset.relevant[question]
    return Measured(dataset.name, ranking, question, ndcg(ranked, relevant), recall(ranked, relevant))


def main(
    data: Data,
    sets: Annotated[str, typer.Option(help="Which of them, separated by commas.")] = ",".join(SETS),
    limit: Limit = None,
    seed: Seed = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    found: list[Measured] = []
    for name in sets.split(","):
        with tempfile.TemporaryDirectory(prefix="footnote-retrieval-") as folder:
            found.extend(measure(load(data / name, limit, seed), Path(folder)))
    results = means(found)
    give(results, found, out=out, as_json=as_json, show=lambda: show(results, Console()))


def show(results: Sequence[Quality], console: Console) -> None:
    """One row for each ranking of each set."""
    table = Table("set", "ranking", "questions", "nDCG@10", "recall@5")
    for one in results:
        table.add_row(
            one.dataset, one.ranking, str(one.questions), f"{one.ndcg_at_10:.3f}", f"{one.recall_at_5:.3f}"
        )
    console.print(table)


if __name__ == "__main__":
    run(command(main))
