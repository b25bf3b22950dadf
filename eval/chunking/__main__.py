"""`footnote eval chunking --data DIR`: our chunks beside three baselines, in one run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from eval.chunking.report import measure, show
from eval.chunking.splitters import by_title, fixed, ours, recursive
from eval.commands import AsJson, Data, Limit, Out, Seed, command, run
from eval.labelled.spans import read
from eval.labelled.types import drawn
from eval.results import give
from ingestion.chunking.ruler import Tokenize
from service.embed import open_embedder
from service.settings import Settings

TABLE_WIDTH = 140
"""Columns that the tables need; a narrower terminal or a file gets them all the same."""


def main(
    data: Data,
    limit: Limit = None,
    seed: Seed = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    settings = Settings()
    embedder = open_embedder(settings.embed, settings.cache_dir)
    tokenize = token_spans(embedder.tokenizer_file)
    methods = {
        "ours": ours(settings.chunk, tokenize),
        "fixed 512 tokens, overlap 50": fixed(512, 50, tokenize),
        "unstructured by title, 500": by_title(500),
        "unstructured by title, 800": by_title(800),
        "recursive 400 characters": recursive(400),
        "recursive 800 characters": recursive(800),
    }
    dataset = read(data)
    asked = replace(dataset, questions=drawn(dataset.questions, limit, seed))
    results, cases = measure(methods, asked, embedder, tokenize)
    console = Console(width=max(Console().width, TABLE_WIDTH))
    summary = {"embedder": embedder.name, "results": results}
    give(summary, cases, out=out, as_json=as_json, show=lambda: show(results, console))


def token_spans(file: Path) -> Tokenize:
    """The tokenizer of a model, without truncation and special tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: list(tokenizer.encode(text, add_special_tokens=False).offsets)


if __name__ == "__main__":
    run(command(main))
