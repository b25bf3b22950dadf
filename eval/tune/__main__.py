"""`footnote tune`, or `python -m eval.tune`: one command for each learned part.

Ends with 0 when there is something to use, 1 for an error, 2 for wrong usage, and 3 when what was learned is
no better than what is in use, so that nothing was kept.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from service.errors import FootnoteError

COMMANDS = {
    "reranker": "the order of the best hits, learned from labelled questions",
    "calibrator": "the probability that the passages answer, from labelled questions or your documents",
    "embedder": "the embedding model itself: labelled questions, headings of documents, or feedback",
    "support": "whether a passage supports a sentence, learned on corrupted claims",
}
EXTRA = ("lightgbm", "sklearn", "peft", "accelerate")
"""What the extra `tune` installs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command with the rest of the arguments; its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in COMMANDS:
        return _explain(asked=given[:1] in (["-h"], ["--help"]))
    try:
        return int(importlib.import_module(f"eval.tune.{given[0]}").main(given[1:]) or 0)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        message, hint = f"{error.name} is not installed", "pip install 'footnote[tune]'"
    except FootnoteError as error:
        message, hint = f"{error} ({error.code})", error.hint
    print(f"error: {message}", *([f"hint: {hint}"] if hint else []), sep="\n", file=sys.stderr)
    return 1


def _explain(*, asked: bool) -> int:
    lines = [f"  {name:10} {meaning}" for name, meaning in COMMANDS.items()]
    print(
        "usage: footnote tune COMMAND [--help] [options]\n",
        *lines,
        sep="\n",
        file=sys.stdout if asked else sys.stderr,
    )
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())
