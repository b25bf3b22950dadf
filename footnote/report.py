"""What became of the files that were to be read."""

from __future__ import annotations

from dataclasses import dataclass

from service.cli.client import Json
from service.cli.ingesting import Summary


@dataclass(frozen=True, slots=True)
class NotRead:
    """A file that did not become a document, or a new version of one: why not, and what can be done."""

    source: str
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of everything that was given.

    `documents` are those that were read in or found `unchanged`. `failed` holds what should have been read
    and could not be, `skipped` what lay in a folder and is of no kind that is read. `warnings` say what is
    missing in a document that was read (a page without text, an attachment), each with the document's source.
    """

    documents: int
    unchanged: int
    chunks: int
    failed: tuple[NotRead, ...]
    skipped: tuple[NotRead, ...]
    warnings: tuple[tuple[str, str], ...]
    seconds: float


def report_of(summary: Summary) -> Report:
    """The summary as a value that will not change."""
    return Report(
        documents=summary.done,
        unchanged=summary.unchanged,
        chunks=summary.chunks,
        failed=tuple(map(_not_read, summary.failed)),
        skipped=tuple(map(_not_read, summary.skipped)),
        warnings=tuple((warning["source"], warning["message"]) for warning in summary.warnings),
        seconds=summary.seconds,
    )


def _not_read(told: Json) -> NotRead:
    return NotRead(told["source"], told["code"], told["message"], told.get("hint") or "")
