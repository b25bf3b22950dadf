"""A run as a page that a person reads: `footnote eval report RUN`.

Writes `report.html`, which needs nothing from elsewhere, and `report.md` to the run's folder or to `--out`.
With `--against` another run's folder, the differences and the gate's verdict are told as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import jinja2
import numpy as np
import typer
from markupsafe import Markup
from pydantic import ValidationError

from eval.commands import Out, command, run
from eval.relevance import calibration
from eval.run import charts
from eval.run.compare import GATE, Change, Comparison, Gate, compared, gate_of, in_turn
from eval.run.estimate import MENDS
from eval.run.figures import ALL, LOWER_IS_BETTER, predictions
from eval.run.records import Outcome, RunFolder, RunSummary
from eval.run.table import ordered
from service.errors import InvalidInput
from service.schemas.drifting import DriftOut

TEMPLATE = "report.html"
WORST = 20
PART_COLUMNS = ("right", "facts", "recall@5", "ndcg@10", "cited", "citation_precision", "abstention_recall")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The run in two lines; `mood` is `good`, `bad` or empty."""

    title: str
    mood: str
    lines: tuple[str, ...]


def verdict(summary: RunSummary, against: Comparison | None) -> Verdict:
    """What a reader wants to know first."""
    figures, counts = summary.metrics[ALL], summary.counts
    told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    lines = [f"{told}."]
    if "unsafe" in figures:
        lines.append(f"Unsafe answers: {round(figures['unsafe'].mean * figures['unsafe'].n)}.")
    right = figures["right"]
    title = f"{right.mean:.0%} of {right.n} cases went well ({right.low:.0%} to {right.high:.0%})."
    if summary.failures:
        return Verdict("This run is no score: it failed.", "bad", (*summary.failures, title, *lines))
    if against is None:
        return Verdict(title, "", tuple(lines))
    if against.reasons:
        return Verdict("The gate does not let it pass.", "bad", (*against.reasons, title, *lines))
    return Verdict("The gate lets it pass.", "good", (title, *lines))


def worst(outcomes: Sequence[Outcome], most: int = WORST) -> list[Outcome]:
    """What went wrong, worst for a reader first: unsafe, wrong, failed, then what was not answered."""
    wrong = [one for one in outcomes if one.diagnosis is not None]
    return sorted(wrong, key=_badness, reverse=True)[:most]


def _badness(outcome: Outcome) -> tuple[float, float]:
    p = float(outcome.response["decision"]["p_answerable"]) if outcome.response else 1.0
    if outcome.metrics.get("unsafe"):
        return 4, p
    if outcome.answered and not outcome.metrics.get("right"):
        return 3, p
    return (2, p) if outcome.error else (1 - float(outcome.answered), p)


def page(
    summary: RunSummary,
    outcomes: Sequence[Outcome],
    against: Comparison | None = None,
    drift: DriftOut | None = None,
) -> str:
    """The page; every text in it is escaped, whoever wrote it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    drawn = [(name, figure, charts.whisker(figure)) for name, figure in ordered(summary.metrics[ALL])]
    return environment.get_template(TEMPLATE).render(
        run=summary,
        verdict=verdict(summary, against),
        lower=sorted(LOWER_IS_BETTER),
        figures=drawn,
        changes=_changes(against),
        part_columns=PART_COLUMNS,
        parts=list(_parts(summary)),
        charts=list(_charts(outcomes)),
        stages=charts.stages(summary.latency_ms),
        diagnoses=_diagnoses(outcomes),
        estimated=sum(one.diagnosis.estimated for one in outcomes if one.diagnosis),
        worst=worst(outcomes),
        drift=drift,
    )


def _changes(against: Comparison | None) -> Mapping[str, Change]:
    return {one.metric: one for one in against.changes if one.part == ALL} if against else {}


def _parts(summary: RunSummary) -> Iterator[tuple[str, int, list[Any]]]:
    for part, figures in summary.metrics.items():
        if part != ALL:
            yield part, figures["right"].n, [figures.get(name) for name in PART_COLUMNS]


def _diagnoses(outcomes: Sequence[Outcome]) -> list[tuple[str, int, str]]:
    found = [one.diagnosis for one in outcomes if one.diagnosis]
    counted = Counter(one.stage for one in found)
    return [(stage.replace("_", " "), count, MENDS[stage]) for stage, count in counted.most_common()]


def _charts(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, Markup, str]]:
    p, answerable = predictions(outcomes)
    if len(p):
        split = {"with an answer": p[answerable].tolist(), "without": p[~answerable].tolist()}
        yield (
            "How sure it was",
            charts.histogram(split, "p_answerable"),
            "Apart is good: questions with an answer to the right, those without to the left.",
        )
        weight = np.ones(len(p))
        yield (
            "Reliability",
            charts.reliability(calibration.reliability(p, answerable, weight)),
            "On the dashed line, 0.8 means that 8 of 10 had an answer. Areas are shares of the cases.",
        )
        yield (
            "Risk and coverage",
            charts.risk_coverage(calibration.risk_coverage(p, answerable, weight)),
            "Of the surest questions answered, so many had no answer.",
        )
    supports = [one["support"] for outcome in outcomes for one in outcome.response.get("sentences", ())]
    if supports:
        yield (
            "Support of sentences",
            charts.histogram({"sentences": supports}, "support"),
            "How well each sentence's best footnote supports it.",
        )
    ranked = [value for one in outcomes if (value := one.metrics.get("ndcg@10")) is not None]
    if ranked:
        yield (
            "Ranking",
            charts.histogram({"cases": ranked}, "nDCG@10"),
            "1 where the expected documents are on top.",
        )


def markdown(
    summary: RunSummary,
    outcomes: Sequence[Outcome],
    against: Comparison | None = None,
    drift: DriftOut | None = None,
) -> str:
    """The same in short, for a pull request or a log."""
    said = verdict(summary, against)
    lines = [f"## {summary.dataset.name}: {said.title}", "", *(f"- {line}" for line in said.lines), ""]
    lines += ["| metric | mean | 95 % interval | cases |", "|---|---:|---|---:|"]
    lines += [
        f"| {name} | {one.mean:.3f} | {one.low:.3f} to {one.high:.3f} | {one.n} |"
        for name, one in ordered(summary.metrics[ALL])
    ]
    if found := _diagnoses(outcomes):
        lines += ["", "| diagnosis | cases |", "|---|---:|", *(f"| {name} | {n} |" for name, n, _ in found)]
    if total := summary.latency_ms.get("total"):
        lines += ["", f"Latency p50 {total.p50:.0f} ms, p95 {total.p95:.0f} ms."]
    if drift is not None:
        drifting = [one.quantity for one in drift.shifts if one.alarm]
        lines += ["", f"What readers are answered: {', '.join(drifting) or 'nothing'} drifts."]
    return "\n".join(lines) + "\n"


def drift_of(path: Path) -> DriftOut:
    """What `footnote drift --json` wrote.

    Raises:
        InvalidInput: it is something else.
    """
    try:
        return DriftOut.model_validate_json(path.read_bytes())
    except ValidationError:
        hint = "footnote drift --json > drift.json"
        raise InvalidInput(f"{path} holds no drift of this version", hint=hint) from None


def _against(before: RunFolder, summary: RunSummary, outcomes: Sequence[Outcome], gate: Gate) -> Comparison:
    return compared(before.outcomes(), outcomes, gate, in_turn=in_turn(before.summary(), summary))


def main(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run's folder.")],
    against: Annotated[Path | None, typer.Option(help="Another run's folder to compare with.")] = None,
    gate: Annotated[Path, typer.Option(help="The margins.")] = GATE,
    drift: Annotated[
        Path | None, typer.Option(help="What `footnote drift --json` wrote, to stand on the page too.")
    ] = None,
    out: Out = None,
) -> None:
    """The command line."""
    kept = RunFolder(folder)
    summary, outcomes = kept.summary(), kept.outcomes()
    found = _against(RunFolder(against), summary, outcomes, gate_of(gate)) if against else None
    seen = drift_of(drift) if drift else None
    place = out or folder
    place.mkdir(parents=True, exist_ok=True)
    (place / "report.html").write_text(page(summary, outcomes, found, seen), encoding="utf-8")
    (place / "report.md").write_text(markdown(summary, outcomes, found, seen), encoding="utf-8")
    print(f"{place / 'report.html'} and report.md")


if __name__ == "__main__":
    run(command(main))
