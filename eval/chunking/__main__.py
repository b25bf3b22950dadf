"""`footnote eval chunking --data DIR`: our chunks beside three baselines, in one run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval.chunking.report import measure, show
from eval.chunking.splitters import by_title, fixed, ours, recursive
from eval.commands import AsJson, command, run
from eval.labelled.spans import read
from ingestion.chunking.ruler import Tokenize
from service.embed import open_embedder
from service.settings import Settings

TABLE_WIDTH = 140
"""Columns that the tables need; a narrower terminal or a file gets them all the same."""


def main(
    data: Annotated[Path, typer.Option(help="Folder with questions_df.csv and corpora/.")],
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
    results = measure(methods, read(data), embedder, tokenize)
    if as_json:
        print(json.dumps({"embedder": embedder.name, "results": [asdict(one) for one in results]}, indent=1))
    else:
        show(results, Console(width=max(Console().width, TABLE_WIDTH)))


def token_spans(file: Path) -> Tokenize:
    """The tokenizer of a model, without truncation and special tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: list(tokenizer.encode(text, add_special_tokens=False).offsets)


if __name__ == "__main__":
    run(command(main))
