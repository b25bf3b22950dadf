"""Runs every method over the same questions and lays the figures out as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from eval.chunking.retrieve import rank
from eval.chunking.score import SpanScore, TokenMap, mean, score
from eval.chunking.splitters import Splitter
from eval.labelled.spans import SpanDataset
from ingestion.chunking.ruler import Tokenize
from service.embed import Embedder

TOP = 5
BUDGETS = (250, 500, 1000, 2000)
EVERY = "all"


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One method on one corpus, or on all: its score for the top five and for each budget of tokens."""

    method: str
    corpus: str
    pieces: int
    top: SpanScore
    budgets: Mapping[int, SpanScore]


def measure(
    methods: Mapping[str, Splitter], dataset: SpanDataset, embedder: Embedder, tokenize: Tokenize
) -> list[MethodResult]:
    """Every method on every corpus; a question is searched for in the pieces of all corpora together."""
    maps = {corpus: TokenMap(tokenize(text)) for corpus, text in dataset.corpora.items()}
    return [
        result
        for name, split in methods.items()
        for result in _measure_one(name, split, dataset, embedder, maps)
    ]


def _measure_one(
    name: str, split: Splitter, dataset: SpanDataset, embedder: Embedder, maps: dict[str, TokenMap]
) -> list[MethodResult]:
    pieces = [piece for corpus, text in dataset.corpora.items() for piece in split(corpus, text)]
    ranked = rank([piece.indexed for piece in pieces], [one.text for one in dataset.questions], embedder)
    found = [[pieces[index] for index in order] for order in ranked]
    results = []
    for corpus in (EVERY, *dataset.corpora):
        asked = [
            (question, best)
            for question, best in zip(dataset.questions, found, strict=True)
            if corpus in (EVERY, question.corpus)
        ]
        top = mean([score(best[:TOP], one.corpus, one.gold, maps) for one, best in asked])
        budgets = {
            budget: mean([score(best, one.corpus, one.gold, maps, budget=budget) for one, best in asked])
            for budget in BUDGETS
        }
        count = sum(corpus in (EVERY, piece.corpus) for piece in pieces)
        results.append(MethodResult(name, corpus, count, top, budgets))
    return results


def show(results: Sequence[MethodResult], console: Console) -> None:
    """One table for each corpus, the means over all questions first."""
    for corpus in dict.fromkeys(result.corpus for result in results):
        table = Table(title=f"{corpus}: percent, R recall, P precision, I intersection over union")
        table.add_column("method")
        names = [f"{budget} tokens R/I" for budget in BUDGETS]
        for name in ("pieces", "top 5 R/P/I", "tokens", *names):
            table.add_column(name, justify="right")
        for one in (result for result in results if result.corpus == corpus):
            top = "/".join(_percent(part) for part in (one.top.recall, one.top.precision, one.top.iou))
            at = [f"{_percent(part.recall)}/{_percent(part.iou)}" for part in one.budgets.values()]
            table.add_row(one.method, str(one.pieces), top, f"{one.top.tokens:.0f}", *at)
        console.print(table)


def _percent(part: float) -> str:
    return f"{100 * part:.1f}"
