"""What `footnote ingest` says of an ingest: the truth, and an end."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from service.cli import show
from service.cli.client import LocalFile
from service.cli.ingesting import Refused, Summary, ingest
from service.cli.progress import Stalls
from service.cli.pruning import Census
from service.errors import Conflict, Unavailable
from tests.cli.fake_client import FakeClient, job_in

READ = {"chunks": 3, "embedded": 3, "unchanged": False}
UNCHANGED = {"unchanged": True}


def files(*sources: str) -> list[LocalFile | Refused]:
    return [LocalFile(source, source, b"x") for source in sources]


def ingested(client: FakeClient, *sources: str, console: Console | None = None) -> Summary:
    shown = console or Console(quiet=True)
    return ingest(client, files(*sources), {}, shown, pause=lambda _: None)


def test_what_was_read_in_and_what_was_unchanged_are_told_apart() -> None:
    read = ingested(FakeClient(states=[job_in("queued", "a"), job_in("done", "a", report=READ)]), "a")
    same = ingested(FakeClient(states=[job_in("done", "a", report=UNCHANGED)]), "a")
    assert (read.done, read.unchanged, read.embedded) == (1, 0, 3)
    assert (same.done, same.unchanged, same.embedded) == (1, 1, 0)


def test_what_an_interrupted_command_had_queued_is_not_called_unchanged() -> None:
    before = job_in("done", "a", report=READ)  # by the time that the new job was looked at
    client = FakeClient(states=[job_in("done", "a", report=UNCHANGED)], known={"old": [before]})
    next_run = ingested(client, "a", "b")
    assert (next_run.done, next_run.unchanged, next_run.resumed, next_run.embedded) == (2, 1, 1, 3)


def test_a_job_that_was_cancelled_meanwhile_is_counted_and_the_others_are_waited_for() -> None:
    client = FakeClient(states=[job_in("done", "a", report=READ)])

    def cancel_the_first() -> None:
        client.known.pop("new a", None)

    client.on_poll = cancel_the_first
    summary = ingested(client, "a", "b")
    assert (summary.done, summary.cancelled) == (1, 1)


def test_nobody_waits_for_ever_on_a_worker_that_cannot_work() -> None:
    client = FakeClient(states=[job_in("queued", "a")], unready=["store"])
    with pytest.raises(Unavailable, match="store: full disk") as caught:
        ingested(client, "a")
    assert "queued" in caught.value.hint


def test_what_only_questions_need_does_not_end_an_ingest() -> None:
    states = [*[job_in("queued", "a")] * 200, job_in("done", "a", report=READ)]
    assert ingested(FakeClient(states=states, unready=["generate"]), "a").done == 1


def test_a_job_that_fails_for_want_of_room_ends_the_command_with_the_cause() -> None:
    error = {"code": "store_unavailable", "message": "no space left on the device", "retryable": True}
    client = FakeClient(states=[job_in("failed", "a", error=error)])
    with pytest.raises(Unavailable, match="no space left") as caught:
        ingested(client, "a", "b")
    assert caught.value.code == "store_unavailable"


@pytest.mark.parametrize(
    ("goes_on", "told"),
    [
        ("", "footnote worker --until-idle"),
        ("The server at http://127.0.0.1:8080", "The server at http://127.0.0.1:8080 goes on"),
    ],
)
def test_the_first_interrupt_says_at_once_what_happens_next(goes_on: str, told: str) -> None:
    client = FakeClient(goes_on=goes_on, states=[job_in("queued", "a")])

    def interrupt() -> None:
        raise KeyboardInterrupt

    client.on_poll = interrupt
    shown = Console(file=io.StringIO(), width=500)
    summary = ingested(client, "a", "b", console=shown)
    assert (summary.interrupted, summary.queued, summary.done) == (True, 2, 0)
    assert isinstance(shown.file, io.StringIO)
    assert told in shown.file.getvalue()
    assert "footnote jobs cancel --all" in shown.file.getvalue()


def test_a_file_that_holds_the_others_up_is_named_once() -> None:
    shown = Console(file=io.StringIO(), width=500)
    states = [*[job_in("parsing", "slow.pdf")] * 600, job_in("done", "slow.pdf", report=READ)]
    at_work = [job_in("parsing", "slow.pdf"), job_in("embedding", "many.md")]
    summary = ingested(FakeClient(states=states, at_work=at_work), "slow.pdf", console=shown)
    assert summary.done == 1
    assert isinstance(shown.file, io.StringIO)
    assert shown.file.getvalue().count("still at slow.pdf (parsing)") == 1
    assert "many.md" not in shown.file.getvalue()


def test_files_that_wait_behind_a_slow_one_hold_nobody_up() -> None:
    shown = Console(file=io.StringIO(), width=500)
    states = [*[job_in("parsing", "slow.pdf")] * 600, job_in("done", "slow.pdf", report=READ)]
    at_work = [job_in("parsing", "slow.pdf"), job_in("parsing", "waits.md")]
    ingested(FakeClient(states=states, at_work=at_work), "slow.pdf", console=shown)
    assert isinstance(shown.file, io.StringIO)
    assert "waits.md" not in shown.file.getvalue()


def test_what_mends_a_failure_is_told_with_it() -> None:
    error = {"code": "unsupported_media", "message": "Reading .png needs Tesseract.", "retryable": False}
    states = [job_in("failed", "a.png", error={**error, "hint": "pip install 'footnote[ocr]'"})]
    shown = Console(file=io.StringIO(), width=500)
    show.ingested(shown, ingested(FakeClient(states=states), "a.png"))
    assert isinstance(shown.file, io.StringIO)
    assert "(unsupported_media; pip install 'footnote[ocr]')" in shown.file.getvalue()


def test_the_bar_names_the_file_that_is_at_work() -> None:
    with Progress(TextColumn("{task.fields[file]}"), console=Console(quiet=True)) as progress:
        bar = progress.add_task("ingesting", file="")
        Stalls(progress, bar, Console(quiet=True)).look(
            [job_in("embedding", "a.pdf"), job_in("parsing", "b.md")]
        )
        assert progress.tasks[0].fields["file"] == "a.pdf"


def test_files_that_are_not_read_are_named_with_the_reason() -> None:
    why = "The old binary format of Word and PowerPoint is not a supported kind of file."
    found = [Refused("letters/old.doc", "unsupported_media", why, asked_for=False)]
    summary = ingest(FakeClient(), found, {}, Console(quiet=True), pause=lambda _: None)
    shown = Console(file=io.StringIO(), width=500)
    show.ingested(shown, summary)
    assert (summary.passed_over, summary.failed) == (1, [])
    assert isinstance(shown.file, io.StringIO)
    assert f"not read: letters/old.doc: {why}" in shown.file.getvalue()


# --- which documents have vanished -----------------------------------------------------------

KEPT = {"handbook/a.md": "1", "handbook/b.md": "2", "notes/c.md": "3"}


def vanished(*found: LocalFile | Refused) -> list[tuple[str, str]]:
    census = Census()
    assert len(list(census.counted(found))) == len(found)
    return census.vanished(FakeClient(kept=KEPT), ["handbook/"])


def test_what_the_folder_no_longer_holds_has_vanished_and_nothing_elsewhere() -> None:
    assert vanished(*files("handbook/a.md", "handbook/new.md")) == [("2", "handbook/b.md")]


def test_a_file_that_cannot_be_taken_in_has_not_vanished() -> None:
    empty = Refused("handbook/b.md", "empty_document", "The file is empty.")
    assert vanished(*files("handbook/a.md"), empty) == []


def test_nothing_is_removed_when_something_could_not_be_looked_at() -> None:
    closed = Refused("handbook/closed", "invalid_input", "The folder cannot be listed.", hides=True)
    with pytest.raises(Conflict, match="handbook/closed"):
        vanished(*files("handbook/a.md"), closed)


def test_a_folder_without_any_file_is_taken_for_one_that_is_not_mounted() -> None:
    with pytest.raises(Conflict, match="mounted"):
        vanished(*files("notes/c.md"))
