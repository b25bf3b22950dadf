"""Bars on long work: how far it is, how long the rest may take, and the file at work.

A file that holds the others up is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from service.cli.client import Json

LOOKS_TO_A_STALL = 10
"""Looks, about a second each, that find the same file at work before it is named as holding the others up."""
LONGEST_NAME = 40


class Source(Protocol):
    """Anything that has a source."""

    @property
    def source(self) -> str:
        """Where it comes from."""
        ...


Named = TypeVar("Named", bound=Source)


@contextmanager
def counting(what: str, console: Console) -> Iterator[Callable[[int, int], None]]:
    """A bar; gives what moves it, called with how many are done, of how many."""
    with progress_on(console) as progress:
        bar = progress.add_task(what, total=None, file="")
        yield lambda done, total: progress.update(bar, completed=done, total=total)


@contextmanager
def progress_on(console: Console) -> Iterator[Progress]:
    """A bar that goes when its block ends; a task's `file` stands beside it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[file]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress


class Stalls:
    """Shows which file is at work, and says once of each file that holds the others up that it does."""

    def __init__(self, progress: Progress, bar: TaskID, console: Console) -> None:
        self._progress = progress
        self._bar = bar
        self._console = console
        self._oldest, self._looks = "", 0

    def look(self, at_work: Sequence[Json]) -> None:
        """Takes note of the jobs at work, oldest first; a stage that changes is no stall."""
        self._progress.update(self._bar, file=_short(at_work[0]["source"] if at_work else ""))
        # Many are embedded and stored together, and none holds them up; of those that were taken to be read
        # the oldest is at work, the others wait for it.
        reading = (job for job in at_work if job["state"] in ("parsing", "chunking"))
        oldest = next((f"{job['source']} ({job['state']})" for job in reading), "")
        self._looks = self._looks + 1 if oldest == self._oldest else 1
        self._oldest = oldest
        if oldest and self._looks == LOOKS_TO_A_STALL:
            self._console.print(f"still at {escape(oldest)}", highlight=False)


def shown(found: Iterable[Named], progress: Progress, bar: TaskID) -> Iterator[Named]:
    """The same files, each named beside the bar as it is read from the disk."""
    for number, file in enumerate(found, 1):
        progress.update(bar, completed=number, file=_short(file.source))
        yield file
    progress.update(bar, completed=0)


def _short(source: str) -> str:
    """The end of a source, which tells files apart."""
    return escape(source if len(source) <= LONGEST_NAME else f"…{source[1 - LONGEST_NAME :]}")
