"""`footnote eval`, or `python -m eval`: one command for each thing that can be measured."""

from __future__ import annotations

import runpy
import sys

COMMANDS = {
    "answers": "questions with known facts against a corpus: found, answered, cited, facts held",
    "citations": "false sentences caught and true ones dropped, by kind of corruption and of rewriting",
    "squad": "gold answers in the answers to a sample of SQuAD 2, over all its passages",
    "chunking": "span recall, precision and IoU of chunks, beside three other ways to cut",
    "parsing": "text and table cell recall by format; pages per second",
    "retrieval": "nDCG@10 and recall@5 of both lists and their fusion, through the API",
    "relevance": "ranking, deciding, answering and citing on labelled sets: the tables of docs/relevance.md",
    "bench": "speed and memory, each beside its baseline",
}


def main() -> None:
    """Runs the command's module with the rest of the arguments."""
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        _explain()
    command = sys.argv.pop(1)
    sys.argv[0] = f"footnote eval {command}"
    runpy.run_module(f"eval.{command}", run_name="__main__", alter_sys=False)


def _explain() -> None:
    asked = len(sys.argv) > 1 and sys.argv[1] in ("-h", "--help")
    lines = [f"  {name:10} {meaning}" for name, meaning in COMMANDS.items()]
    print(
        "usage: footnote eval COMMAND [--help] [options]\n",
        *lines,
        sep="\n",
        file=sys.stdout if asked else sys.stderr,
    )
    sys.exit(0 if asked else 2)


if __name__ == "__main__":
    main()
