"""`footnote jobs`: the queue of documents that wait to be read in."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli import show
from service.cli.client import FAILED, UNFINISHED, Client, Json
from service.cli.runtime import AsJson, DataDir, client_of, err, out, print_json, settings_of
from service.errors import Conflict, NotFound

jobs = typer.Typer(help="The documents that wait to be read in.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(jobs, name="jobs", epilog="Examples: footnote jobs, footnote jobs cancel --all")


@jobs.callback()
def list_jobs(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Those that have ended too.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Those that failed, and why.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the documents that wait to be read in or are being read, in the order in which they came."""
    if context.invoked_subcommand is not None:
        return
    with client_of(context, settings_of(data_dir)) as client:
        found = list(client.jobs(() if every else FAILED if failed else UNFINISHED))
    if as_json:
        print_json(found)
    else:
        show.jobs(out, found)


@jobs.command("cancel", epilog="Example: footnote jobs cancel --all")
def cancel_jobs(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(help="Ids as `footnote jobs` shows them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take documents back before they are read in; what is being read ends by itself."""
    if bool(ids) == every:
        raise typer.BadParameter("name jobs, or give --all")
    with client_of(context, settings_of(data_dir)) as client:
        cancelled = _cancel_all(client) if every else _cancel(client, ids or [])
    if as_json:
        print_json(cancelled)
    else:
        out.print(f"{show.counted(len(cancelled), 'document')} taken back", highlight=False)


@jobs.command("retry", epilog="Example: footnote jobs retry --all")
def retry_jobs(
    context: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids as `footnote jobs --failed` shows them.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that failed and can be tried again.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Queue documents again that could not be read in, for example after an update."""
    if bool(ids) == every:
        raise typer.BadParameter("name jobs, or give --all")
    with client_of(context, settings_of(data_dir)) as client:
        queued = _retry_all(client) if every else [client.retry(job_id) for job_id in ids or []]
    if as_json:
        print_json(queued)
    else:
        out.print(f"{show.counted(len(queued), 'document')} queued again", highlight=False)


def _retry_all(client: Client) -> list[Json]:
    queued = []
    for job in list(client.jobs(FAILED)):
        try:
            queued.append(client.retry(job["job_id"]))
        except (Conflict, NotFound) as error:  # uploaded again or deleted since, or its file is gone
            err.print(f"{job['source']}: {error}", highlight=False, markup=False)
    return queued


def _cancel(client: Client, ids: list[str]) -> list[str]:
    for job_id in ids:
        client.cancel(job_id)
    return ids


def _cancel_all(client: Client) -> list[str]:
    cancelled = []
    for job in list(client.jobs(("queued",))):
        try:
            client.cancel(job["job_id"])
        except (Conflict, NotFound):
            continue  # it began to run, or has ended, since it was listed
        cancelled.append(job["job_id"])
    return cancelled
