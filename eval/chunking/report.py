"""Runs every method over the same questions and lays the figures out as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from eval.chunking.retrieve import rank
from eval.chunking.score import SpanScore, TokenMap, mean, score
from eval.chunking.splitters import Piece, Splitter
from eval.labelled.spans import SpanDataset
from eval.results import each
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


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """One method on one question: its score for the top five and for each budget of tokens."""

    method: str
    corpus: str
    question: str
    top: SpanScore
    budgets: Mapping[int, SpanScore]


def measure(
    methods: Mapping[str, Splitter], dataset: SpanDataset, embedder: Embedder, tokenize: Tokenize
) -> tuple[list[MethodResult], list[QuestionResult]]:
    """Every method on every corpus, and on every question.

    A question is searched for in the pieces of all corpora together.
    """
    maps = {corpus: TokenMap(tokenize(text)) for corpus, text in dataset.corpora.items()}
    asked = [corpus for corpus in dataset.corpora if any(one.corpus == corpus for one in dataset.questions)]
    results: list[MethodResult] = []
    cases: list[QuestionResult] = []
    for name, split in each("splitting", list(methods.items())):
        pieces = [piece for corpus, text in dataset.corpora.items() for piece in split(corpus, text)]
        found = list(_questions(name, pieces, dataset, embedder, maps))
        cases += found
        results += [_mean(name, corpus, pieces, found) for corpus in (EVERY, *asked)]
    return results, cases


def _questions(
    name: str, pieces: Sequence[Piece], dataset: SpanDataset, embedder: Embedder, maps: dict[str, TokenMap]
) -> Iterator[QuestionResult]:
    ranked = rank([piece.indexed for piece in pieces], [one.text for one in dataset.questions], embedder)
    for one, order in zip(dataset.questions, ranked, strict=True):
        best = [pieces[index] for index in order]
        top = score(best[:TOP], one.corpus, one.gold, maps)
        budgets = {budget: score(best, one.corpus, one.gold, maps, budget=budget) for budget in BUDGETS}
        yield QuestionResult(name, one.corpus, one.text, top, budgets)


def _mean(name: str, corpus: str, pieces: Sequence[Piece], found: Sequence[QuestionResult]) -> MethodResult:
    asked = [one for one in found if corpus in (EVERY, one.corpus)]
    count = sum(corpus in (EVERY, piece.corpus) for piece in pieces)
    budgets = {budget: mean([one.budgets[budget] for one in asked]) for budget in BUDGETS}
    return MethodResult(name, corpus, count, mean([one.top for one in asked]), budgets)


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
