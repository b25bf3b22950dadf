"""What a person sees of answers, hits, ingests, documents and jobs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from service.cli.client import Json
from service.cli.ingesting import Summary
from service.types import ABSTENTION

QUOTE_CHARACTERS = 200
REASONS = {
    "no_evidence": "nothing was found",
    "off_topic": "the documents are about other things",
    "conflict": "the documents disagree",
    "low_confidence": "what was found does not answer it well enough",
}


def answer(console: Console, given: Json) -> None:
    """The sentences with their numbers, then the footnotes."""
    respelled(console, given)
    decision = given["decision"]
    if given["status"] == "answered":
        for sentence in given["sentences"]:
            marks = "".join(f"[{number}]" for number in sentence["citations"])
            console.print(f"{escape(sentence['text'])} [bold cyan]{escape(marks)}[/]")
        if given["unanswered"]:
            console.print(escape(given["unanswered"]))
        console.print()
        for citation in given["citations"]:
            console.print(_footnote(citation), highlight=False)
    else:
        reason = REASONS.get(decision["reason"] or "", "")
        if given["answer"] == ABSTENTION:
            console.print(f"[bold]I don't know[/]{': ' + reason if reason else ''}.")
        else:  # nothing was asked
            console.print(escape(given["answer"]))
        if decision["reason"] == "low_confidence" and given["closest"]:
            console.print("\nWhat came closest:")
            hits(console, {"hits": [{**one, "text": one["quote"]} for one in given["closest"]]})
            console.print()
    console.print(_last_line(given), style="dim", highlight=False)
    for warning in given["warnings"]:
        console.print(f"{warning['stage']}: {escape(warning['message'])}", style="dim", highlight=False)


def respelled(console: Console, given: Json) -> None:
    """Which words of the question were read as others."""
    for word, meant in given["respelled"].items():
        console.print(escape(f"read “{word}” as “{meant}”"), style="yellow", highlight=False)


def hits(console: Console, found: Json) -> None:
    """The hits, best first."""
    for place, hit in enumerate(found["hits"], start=1):
        heading = " > ".join(hit["heading_path"])
        console.print(
            f"[bold]{place}.[/] {escape(hit['source'])}  [dim]{escape(heading)}[/]", highlight=False
        )
        console.print(f"   {escape(_short(hit['text']))}", highlight=False)


SKIPPED_SHOWN = 20
"""Files of other kinds that are named; a folder of pictures holds thousands."""


def ingested(console: Console, summary: Summary) -> None:
    """What became of the files."""
    read = [f"{summary.unchanged} unchanged"]
    if summary.resumed:
        read.append(f"{summary.resumed} read in by a job that was queued before")
    parts = [
        f"{counted(summary.done, 'document')} ({', '.join(read)})",
        f"{counted(summary.chunks, 'chunk')} ({summary.embedded} embedded)",
        f"{counted(summary.passed_over, 'file')} of other kinds passed over",
        f"{len(summary.failed)} failed",
    ]
    for count, what in (
        (summary.cancelled, "cancelled"),
        (len(summary.removed), "removed"),
        (summary.queued, "still queued"),
    ):
        if count:
            parts.append(f"{count} {what}")
    end = "interrupted after" if summary.interrupted else "in"
    console.print(f"{', '.join(parts)}, {end} {summary.seconds} s", highlight=False)
    _failures(console, summary)
    for skipped in summary.skipped[:SKIPPED_SHOWN]:
        console.print(escape(f"not read: {skipped['source']}: {skipped['message']}"), highlight=False)
    if (more := len(summary.skipped) - SKIPPED_SHOWN) > 0:
        console.print(f"not read: {counted(more, 'file')} more; --json names them all", highlight=False)
    for warning in summary.warnings:
        text = f"warning: {warning['source']}: {warning['message']}"
        console.print(escape(text), style="yellow", highlight=False)
    for source in summary.removed:
        console.print(f"removed: {escape(source)}: its file is gone", highlight=False)


def would_remove(console: Console, summary: Summary) -> None:
    """What `--prune` would do."""
    _failures(console, summary)
    for source in summary.removed:
        console.print(f"would be removed: {escape(source)}", highlight=False)
    console.print(
        f"{counted(len(summary.removed), 'document')} would be removed; nothing was changed", highlight=False
    )


def _failures(console: Console, summary: Summary) -> None:
    for failure in summary.failed:
        hint = f"; {failure['hint']}" if failure.get("hint") else ""
        text = f"failed: {failure['source']}: {failure['message']} ({failure['code']}{hint})"
        console.print(escape(text), style="red", highlight=False)


def documents(console: Console, found: Sequence[Json]) -> None:
    """One line for each document: its source, version and size."""
    for one in found:
        size = f"version {one['version']}, {counted(one['chunks'], 'chunk')}, {one['updated_at'][:10]}"
        console.print(f"{escape(one['source'])}  [dim]{size}[/]", highlight=False)
    console.print(counted(len(found), "document"), style="dim", highlight=False)


def document(console: Console, record: Json) -> None:
    """The record, what was read from the file, and the chunks."""
    for name, value in record.items():
        if name not in ("receipt", "pieces", "chunks") and value not in (None, {}, []):
            console.print(f"[bold]{name}[/]: {escape(str(value))}", highlight=False)
    console.print("[bold]read from the file[/]:", highlight=False)
    for name, value in (record["receipt"] or {}).items():
        if value not in (None, {}, [], ""):
            console.print(f"  {name}: {escape(_short(str(value)))}", highlight=False)
    console.print(f"[bold]{counted(len(record['pieces']), 'chunk')}[/]:", highlight=False)
    for chunk in record["pieces"]:
        heading = " > ".join(chunk["heading_path"])
        place = f"characters {chunk['start']}-{chunk['end']}"
        console.print(f"  {place}  [dim]{escape(heading)}[/]", highlight=False)
        console.print(f"    {escape(_short(chunk['text']))}", highlight=False)


def receipts(console: Console, found: Sequence[Json]) -> None:
    """What each delete removed."""
    for one in found:
        removed = ", ".join(f"{place}: {count}" for place, count in one["removed"].items() if count)
        console.print(f"removed: {escape(one['source'])} ({removed}; nothing is left)", highlight=False)
    console.print(f"{counted(len(found), 'document')} removed", style="dim", highlight=False)


def jobs(console: Console, found: Sequence[Json]) -> None:
    """One line for each job: its id, how far it is, and its document."""
    for one in found:
        state = f"{one['state']} {one['progress']:.0%}" if one["state"] != "queued" else "queued"
        why = f" ({escape(one['error']['message'])})" if one["error"] else ""
        console.print(f"{one['job_id']}  {state}  {escape(one['source'])}{why}", highlight=False)
    console.print(counted(len(found), "job"), style="dim", highlight=False)


def counted(count: int, noun: str) -> str:
    """`1 document`, `2 documents`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _footnote(citation: Json) -> str:
    place = [citation["source"]]
    if citation["page"] is not None:
        place.append(f"page {citation['page']}")
    place.append(f"characters {citation['start']}-{citation['end']}")
    heading = escape(" > ".join(citation["heading_path"]))
    return (
        f"[bold cyan]{escape('[' + str(citation['n']) + ']')}[/] {escape(', '.join(place))}"
        f"{'  [dim]' + heading + '[/]' if heading else ''}\n"
        f'    [dim]"{escape(_short(citation["quote"]))}"[/]'
    )


def _last_line(given: Json) -> str:
    decision = given["decision"]
    kind = "probability" if decision["calibrated"] else "uncalibrated score"
    return (
        f"{kind} that the documents answer it: {decision['p_answerable']:.2f} "
        f"(threshold {decision['threshold']:.2f}); {given['model']}; {given['timings_ms']['total']:.0f} ms; "
        f"answer {given['id']}"
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE_CHARACTERS else line[: QUOTE_CHARACTERS - 1] + "…"
