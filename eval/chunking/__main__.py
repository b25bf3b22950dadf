"""`python -m eval.chunking --data DIR [--json]`: our chunks beside three baselines, in one run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from eval.chunking.dataset import load
from eval.chunking.report import measure, show
from eval.chunking.splitters import by_title, fixed, ours, recursive
from ingestion.chunking.ruler import Tokenize
from service.embed import open_embedder
from service.settings import Settings

TABLE_WIDTH = 140
"""Columns that the tables need; a narrower terminal or a file gets them all the same."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure with the settings in force and print the tables, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m eval.chunking", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with questions_df.csv and corpora/")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
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
    results = measure(methods, load(options.data), embedder, tokenize)
    if options.json:
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
    main()
