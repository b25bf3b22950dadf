"""Footnotes under attack: `footnote eval citations [--data DIR]`.

Sentences of real answers, rewritten and made false, are checked against the passages that they cite. DIR
holds labelled sets of any form that `eval.labelled` reads, or documents; without it the sample corpus is
used. The rewriting is for English: passages in other languages are left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.citations.report import Figures, Outcome, check, figures, table, time_of_answers
from eval.citations.sets import cases_of, half, sets
from eval.citations.suite import claims
from service.settings import Settings

QUESTIONS, SEED = 150, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    options = _options(arguments)
    settings = Settings()
    outcomes: list[Outcome] = []
    answers: list[float] = []
    measured: dict[str, Any] = {}
    for labelled in sets(options.data, options.docs, options.only):
        part = half(labelled, options.half) if options.half else labelled
        found, embedder = cases_of(part, settings, options.questions, options.seed, options.engines)
        made = list(claims(found, options.seed))
        checked = list(check(made, embedder, settings.cite))
        spent = time_of_answers(made, embedder, settings.cite)
        outcomes, answers = [*outcomes, *checked], [*answers, *spent]
        measured[labelled.name] = _held(figures(checked), spent)
        if not options.json:
            print(f"\n{labelled.name}: {len(found)} sentences", *table(figures(checked), spent), sep="\n")
        if options.misses:
            _tell_misses(checked)
    if options.json:
        print(json.dumps({**measured, "all": _held(figures(outcomes), answers)}, indent=2))
    elif len(measured) > 1:
        print("\nall sets", *table(figures(outcomes), answers), sep="\n")
    return 0 if outcomes else 1


def _held(rows: Sequence[Figures], answers: Sequence[float]) -> dict[str, Any]:
    """The figures as they are printed as JSON."""
    return {
        "claims": [dataclasses.asdict(row) for row in rows],
        "answer_ms_p50": statistics.median(answers) if answers else None,
    }


def _tell_misses(outcomes: Sequence[Outcome]) -> None:
    """False claims that were kept and true ones that were dropped, on the error stream."""
    for one in outcomes:
        if one.kept != one.claim.supported:
            word = "dropped" if one.claim.supported else "kept"
            print(
                f"{word} ({one.claim.kind}, {one.support:.2f})\n  source: {one.claim.case.text}\n"
                f"  claim:  {one.claim.text}",
                file=sys.stderr,
            )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="footnote eval citations", description=__doc__)
    parser.add_argument(
        "--data", type=Path, action="append", default=[], help="labelled sets, or documents; else the sample"
    )
    parser.add_argument("--docs", type=Path, help="a folder of documentation, one folder a collection")
    parser.add_argument("--only", action="append", default=[], help="the set of this name; may be repeated")
    parser.add_argument("--half", choices=("first", "second"), help="every other article alone")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="questions asked of each set")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--engines", type=Path, help="keep what was ingested here, for another run")
    parser.add_argument("--misses", action="store_true", help="print what was judged wrongly")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
