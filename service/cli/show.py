"""What a person sees of answers, hits and ingests."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from service.cli.client import Json
from service.cli.ingesting import Summary

QUOTE_CHARACTERS = 200
CLOSEST = 3
"""How many hits a person sees who gets no answer."""
REASONS = {
    "no_evidence": "nothing was found",
    "off_topic": "the documents are about other things",
    "conflict": "the documents disagree",
    "low_confidence": "what was found does not answer it well enough",
}


def answer(console: Console, given: Json) -> None:
    """The sentences with their numbers, then the footnotes."""
    decision = given["decision"]
    if given["status"] == "answered":
        for sentence in given["sentences"]:
            marks = "".join(f"[{number}]" for number in sentence["citations"])
            console.print(f"{escape(sentence['text'])} [bold cyan]{escape(marks)}[/]")
        console.print()
        for citation in given["citations"]:
            console.print(_footnote(citation), highlight=False)
    else:
        reason = REASONS.get(decision["reason"] or "", "")
        console.print(f"[bold]I don't know[/]{': ' + reason if reason else ''}.")
        if decision["reason"] == "low_confidence" and given.get("hits"):
            console.print("\nWhat came closest:")
            hits(console, {"hits": given["hits"][:CLOSEST]})
            console.print()
    console.print(_last_line(given), style="dim", highlight=False)
    for warning in given["warnings"]:
        console.print(f"{warning['stage']}: {escape(warning['message'])}", style="dim", highlight=False)


def hits(console: Console, found: Json) -> None:
    """The hits, best first."""
    for place, hit in enumerate(found["hits"], start=1):
        heading = " > ".join(hit["heading_path"])
        console.print(
            f"[bold]{place}.[/] {escape(_nearer(hit['source']))}  [dim]{escape(heading)}[/]", highlight=False
        )
        console.print(f"   {escape(_short(hit['text']))}", highlight=False)


def ingested(console: Console, summary: Summary) -> None:
    """What became of the files."""
    console.print(
        f"{summary.done} documents ({summary.unchanged} unchanged), {summary.chunks} chunks "
        f"({summary.embedded} embedded), {summary.passed_over} files of other kinds passed over, "
        f"{len(summary.failed)} failed, in {summary.seconds} s",
        highlight=False,
    )
    for failure in summary.failed:
        text = f"failed: {failure['source']}: {failure['message']} ({failure['code']})"
        console.print(escape(text), style="red", highlight=False)
    for warning in summary.warnings:
        text = f"warning: {warning['source']}: {warning['message']}"
        console.print(escape(text), style="yellow", highlight=False)


def _footnote(citation: Json) -> str:
    place = [_nearer(citation["source"])]
    if citation["page"] is not None:
        place.append(f"page {citation['page']}")
    place.append(f"characters {citation['start']}-{citation['end']}")
    return (
        f"[bold cyan]{escape('[' + str(citation['n']) + ']')}[/] {escape(', '.join(place))}\n"
        f'    [dim]"{escape(_short(citation["quote"]))}"[/]'
    )


def _nearer(source: str) -> str:
    """A path below the working folder without that folder's own path."""
    path = Path(source)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else source


def _last_line(given: Json) -> str:
    decision = given["decision"]
    kind = "probability" if decision["calibrated"] else "uncalibrated score"
    return (
        f"{kind} that the documents answer it: {decision['p_answerable']:.2f} "
        f"(threshold {decision['threshold']:.2f}); {given['model']}; {given['timings_ms']['total']:.0f} ms"
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE_CHARACTERS else line[: QUOTE_CHARACTERS - 1] + "…"
