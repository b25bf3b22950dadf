"""Footnote's own command line over words instead of a model: `python -m tests.service.words serve`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import service.__main__ as command_line
from service.wiring import open_resources
from tests.fakes_core import FakeEmbedder, a_tokenizer


def main() -> None:
    """Every part is the real one but for the embedder."""
    with TemporaryDirectory(prefix="footnote-words-") as folder:
        embedder = FakeEmbedder(a_tokenizer(Path(folder)))
        command_line.open_resources = partial(open_resources, make_embedder=lambda _: embedder)
        command_line.main()


if __name__ == "__main__":
    main()
