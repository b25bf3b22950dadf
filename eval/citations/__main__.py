"""Footnotes under attack: `footnote eval citations`.

Sentences of real answers, rewritten and made false, are checked against the passages that they cite. DIR
holds labelled sets of any form that `eval.labelled` reads, or documents; without it the sample corpus is
used. The rewriting is for English: passages in other languages are left out.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from eval.citations.report import CheckedClaim, Figures, check, figures, table, time_of_answers
from eval.citations.sets import Half, cases_of, half, sets
from eval.citations.suite import claims
from eval.commands import AsJson, Misses, Out, Seed, Sets, command, run
from eval.results import each, give
from service.errors import InvalidInput
from service.settings import Settings

QUESTIONS, SEED = 150, 1

Documentation = Annotated[
    Path | None, typer.Option(help="A folder of documentation, one folder a collection.")
]
Only = Annotated[list[str] | None, typer.Option(help="The set of this name; may be repeated.")]
Engines = Annotated[Path | None, typer.Option(help="Keep what was ingested here, for another run.")]


def main(
    data: Sets = None,
    docs: Documentation = None,
    only: Only = None,
    part: Annotated[Half | None, typer.Option("--half", help="Every other article alone.")] = None,
    limit: Annotated[int, typer.Option("--limit", "--questions", help="Asked of each set.")] = QUESTIONS,
    seed: Seed = SEED,
    engines: Engines = None,
    misses: Misses = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    settings = Settings()
    outcomes: list[CheckedClaim] = []
    answers: list[float] = []
    measured: dict[str, Any] = {}
    tables: list[str] = []
    for labelled in sets(data or (), docs, only or ()):
        asked = half(labelled, part) if part else labelled
        found, embedder = cases_of(asked, settings, limit, seed, engines)
        made = list(claims(found, seed))
        checked = list(check(each(labelled.name, made), embedder, settings.cite))
        spent = time_of_answers(made, embedder, settings.cite)
        outcomes, answers = [*outcomes, *checked], [*answers, *spent]
        measured[labelled.name] = _held(figures(checked), spent)
        tables += ["", f"{labelled.name}: {len(found)} sentences", *table(figures(checked), spent)]
        if misses:
            _tell_misses(checked)
    if not outcomes:
        raise InvalidInput("no sentence was found to check", hint="give --data with more texts")
    if len(measured) > 1:
        tables += ["", "all sets", *table(figures(outcomes), answers)]
    summary = {**measured, "all": _held(figures(outcomes), answers)}
    cases = map(_case, outcomes)
    give(summary, cases, out=out, as_json=as_json, show=lambda: print(*tables, sep="\n"))


def _case(one: CheckedClaim) -> dict[str, object]:
    claim = one.claim
    told = {"kind": claim.kind, "supported": claim.supported, "kept": one.kept, "support": one.support}
    return {**told, "source": claim.case.text, "claim": claim.text}


def _held(rows: Sequence[Figures], answers: Sequence[float]) -> dict[str, Any]:
    """The figures as they are printed as JSON."""
    return {
        "claims": list(rows),
        "answer_ms_p50": statistics.median(answers) if answers else None,
    }


def _tell_misses(outcomes: Sequence[CheckedClaim]) -> None:
    """False claims that were kept and true ones that were dropped, on the error stream."""
    for one in outcomes:
        if one.kept != one.claim.supported:
            word = "dropped" if one.claim.supported else "kept"
            print(
                f"{word} ({one.claim.kind}, {one.support:.2f})\n  source: {one.claim.case.text}\n"
                f"  claim:  {one.claim.text}",
                file=sys.stderr,
            )


if __name__ == "__main__":
    run(command(main))
