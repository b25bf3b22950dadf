"""The tables of docs/measured/relevance.md: `footnote eval relevance --data DIR`.

DIR holds labelled sets of any form that `eval.labelled` reads, among them `squad2`. Ranking, deciding,
answering and citing are measured one after another, each by its own command, with what is shipped and set;
every set is ingested once. Without a page the tables are printed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from eval.commands import command, run
from eval.labelled.golden import DEMO
from eval.relevance.page import put, table

Json = Any
Lines = Iterator[str]
RANKINGS = ("bm25", "dense", "fused", "late_50", "late_100")


def ranking(data: Path, work: Path) -> Lines:
    """nDCG@10 and recall@5 of every ranking on every set."""
    golden = [f"--golden={DEMO}"] if DEMO.is_dir() else []
    rows = _measured("ranking", f"--data={data}", *golden, f"--work={work}")
    for measure, title in (("ndcg_at_10", "nDCG@10"), ("recall_at_5", "recall@5")):
        by_set: dict[tuple[str, int], dict[str, float]] = {}
        for row in rows:
            by_set.setdefault((row["dataset"], row["questions"]), {})[row["ranking"]] = row[measure]
        yield from table(
            (title, "questions", *RANKINGS),
            [
                (name, count, *(found.get(ranking) for ranking in RANKINGS))
                for (name, count), found in by_set.items()
            ],
        )
        yield ""


def deciding(data: Path, work: Path) -> Lines:
    """Whether a question is answered, by set and kind; calibration, reliability, risk over coverage."""
    golden = [f"--golden={DEMO}"] if DEMO.is_dir() else []
    told = _measured("deciding", f"--data={data}", *golden, f"--work={work}")
    rows = [
        (row["corpus"], row["kind"], row["questions"], _number(row["auroc"]), row["answered"])
        for row in told["rows"]
    ]
    yield from table(("corpus", "kind of question", "questions", "AUROC", "answered"), rows)
    yield ""
    kinds = told["auroc"]
    yield from table(("AUROC, mean of the sets", *kinds), [("", *kinds.values())])
    yield ""
    yield (
        f"Threshold {told['threshold']:.3f}. Of the mix, {told['coverage']:.3f} of the answerable questions "
        f"are answered and {told['promise']:.3f} of the others. Expected calibration error {told['ece']:.3f}."
    )
    yield ""
    answerable, others = told["not_asked"], told["others_not_asked"]
    yield (
        f"Below the floor of {told['floor']:.3f}, where a language model is not asked, lie "
        f"{answerable:.3f} of the answerable questions and {others:.3f} of the others."
    )
    yield ""
    yield from table(("calibration error of", *told["ece_by_set"]), [("", *told["ece_by_set"].values())])
    yield ""
    yield from table(
        ("predicted", "observed", "share of questions", ""),
        [(b["predicted"], b["observed"], b["weight"], _bar(b["observed"])) for b in told["reliability"]],
    )
    yield ""
    curve = told["risk_coverage"]
    yield from table(
        ("coverage", *(f"{one['coverage']:.2f}" for one in curve)),
        [("risk", *(one["risk"] for one in curve)), ("threshold", *(one["threshold"] for one in curve))],
    )


def answering(data: Path, work: Path) -> Lines:
    """Extractive answers: gold answers held, facts held, length."""
    rows = []
    for name, more in (("decision on", ()), ("every question answered", ("--always",))):
        kept = f"--data-dir={work / 'engines' / 'squad2-answers'}"
        one = _measured("squad", f"--data={data / 'squad2'}", kept, *more)
        rows.append(
            (name, one["questions"], one["answered"], one["right"], f"{one['words']:.0f}", one["sentences"])
        )
    yield from table(
        ("squad2", "questions", "answered", "a gold answer held", "median words", "sentences"), rows
    )
    yield ""
    kept = f"--data-dir={work / 'engines' / 'golden-answers'}"
    by_kind = _measured("answers", kept)
    always = _measured("answers", kept, "--always")
    yield from table(
        ("golden set", "questions", "answered", "facts held", "facts held, always answered", "median words"),
        [
            (
                kind,
                one["questions"],
                one["answered"],
                one["facts"],
                always[kind]["facts"],
                f"{one['words']:.0f}",
            )
            for kind, one in by_kind.items()
        ],
    )


def citing(data: Path, work: Path) -> Lines:
    """False sentences caught and true ones dropped, by kind."""
    of_squad = ("--only=squad2", "--half=second", f"--data={data}")
    for title, more in (("squad2, articles not learned from", of_squad), ("sample corpus", ())):
        told = _measured("citations", f"--engines={work / 'engines' / 'citations'}", *more)["all"]
        rows = [
            (row["kind"], row["claims"], None, 1 - row["right"])
            if row["supported"]
            else (row["kind"], row["claims"], row["right"], None)
            for row in told["claims"]
        ]
        yield from table((title, "sentences", "caught", "dropped"), rows)
        yield ""
        spent = told["answer_ms_p50"]
        yield f"An answer of up to four rewritten sentences is checked in {spent:.1f} ms (median)."
        yield ""


SECTIONS: dict[str, Callable[[Path, Path], Lines]] = {
    "ranking": ranking,
    "deciding": deciding,
    "answering": answering,
    "citing": citing,
}


def main(
    data: Annotated[Path, typer.Option(help="Folder of labelled sets.")],
    page: Annotated[Path | None, typer.Option(help="Put the tables into this page.")] = None,
    work: Annotated[Path | None, typer.Option(help="Keep what is ingested here, for another run.")] = None,
    only: Annotated[str, typer.Option(help="Some of these, separated by commas.")] = ",".join(SECTIONS),
) -> None:
    """The command line."""
    names = only.split(",")
    if unknown := [name for name in names if name not in SECTIONS]:
        raise typer.BadParameter(f"no section is named {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="footnote-relevance-") as scratch:
        for name in names:
            lines = list(SECTIONS[name](data, work or Path(scratch)))
            print("\n".join(lines), flush=True)
            if page:
                text = put(page.read_text(encoding="utf-8"), name, lines)
                page.write_text(text.rstrip() + "\n", encoding="utf-8")


def _measured(name: str, *arguments: str) -> Json:
    """What a measuring command prints as JSON, in a process of its own: its memory goes with it."""
    asked = [sys.executable, "-m", "eval", name, *arguments, "--json"]
    done = subprocess.run(asked, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def _number(value: float) -> float | None:
    return None if value != value else value


def _bar(share: float) -> str:
    return "█" * round(20 * share)


if __name__ == "__main__":
    run(command(main))
