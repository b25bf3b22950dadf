"""`footnote ingest`, `list`, `show` and `delete`: documents in, looked at, and out again."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from service.cli import show
from service.cli.client import Client, Json, LocalFile
from service.cli.ingesting import Found, Summary, ingest
from service.cli.pruning import Census
from service.cli.runtime import (
    INTERRUPTED,
    AsJson,
    Asked,
    DataDir,
    client_of,
    err,
    json_object,
    out,
    print_json,
    runtime_of,
    say_if_empty,
    settings_of,
)
from service.errors import FootnoteError, NotFound

RootName = Annotated[
    str | None, typer.Option("--as", help="What their sources begin with, instead of the folder's own name.")
]
Metadata = Annotated[
    str | None, typer.Option("--metadata", help="As JSON: '{\"year\": 2024}'; else they keep theirs.")
]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Who may read them, on a server; else they keep theirs.")
]
Prune = Annotated[
    bool, typer.Option("--prune", help="Then remove documents whose files the folders no longer hold.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --prune: only say what would be removed.")]
Named = Annotated[list[str], typer.Argument(help="Sources as `footnote list` shows them, or ids.")]
Prefix = Annotated[str, typer.Option("--prefix", help="Those whose sources begin with this: handbook/")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("ingest", epilog="Example: footnote ingest ~/handbook --prune")(ingest_documents)
    app.command("list", epilog="Example: footnote list --prefix handbook/")(list_documents)
    app.command("show", epilog="Example: footnote show handbook/values.md --text")(show_document)
    app.command("delete", epilog="Example: footnote delete handbook/values.md")(delete_documents)


def ingest_documents(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files, folders or .jsonl records.")],
    name: RootName = None,
    metadata: Metadata = None,
    group: Groups = None,
    prune: Prune = False,
    dry_run: DryRun = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Read documents in. The same path again is a new version; what did not change is not read again.

    A document's source is its path from the folder that was given, with that folder's name before it.
    """
    _check_usage(paths, name, prune=prune, dry_run=dry_run)
    settings = settings_of(data_dir)
    given = None if metadata is None else json_object(metadata, "--metadata")
    with client_of(context, settings, work=not dry_run, groups=group or ()) as client:

        def in_use(root: str) -> bool:
            return next(client.documents(source_prefix=f"{root}/"), None) is not None

        found = runtime_of(context).find(Asked(paths, name, in_use, remember=not dry_run), settings)
        census = Census()
        if dry_run:
            summary = _looked_at(found, census)
        else:
            summary = ingest(client, census.counted(found.files), given, err)
        if summary.interrupted:
            _end_at_once_when_interrupted_again()
        elif prune:
            _prune(client, found, census, summary, dry_run=dry_run)
        _report(summary, as_json=as_json, dry_run=dry_run)
    if summary.interrupted:
        raise typer.Exit(INTERRUPTED)
    if summary.failed:
        raise typer.Exit(1)


def list_documents(
    context: typer.Context, prefix: Prefix = "", data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """List the documents that are in, by their sources."""
    settings = settings_of(data_dir)
    with client_of(context, settings) as client:
        found = sorted(client.documents(source_prefix=prefix), key=lambda document: document["source"])
        if not found:
            say_if_empty(client, settings)
    if as_json:
        print_json(found)
    else:
        show.documents(out, found)


def show_document(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="A source as `footnote list` shows it, or an id.")],
    text: Annotated[bool, typer.Option("--text", help="Print the text that citations point into.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show a document: its record, what was read from its file, and the chunks in which it is searched."""
    with client_of(context, settings_of(data_dir)) as client:
        document_id = _identified(client, document)
        record = client.document(document_id)
        if text:
            record["text"] = client.text(document_id)
        else:
            record["pieces"] = list(client.chunks(document_id))
    if as_json:
        print_json(record)
    elif text:
        print(record["text"])
    else:
        show.document(out, record)


def delete_documents(
    context: typer.Context,
    named: Named = [],  # noqa: B006 - typer copies it, and tells a list from one value by it
    prefix: Prefix = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Remove documents everywhere, with all their versions; each receipt was counted afterwards."""
    if not named and not prefix:
        raise typer.BadParameter("name documents, or give --prefix")
    with client_of(context, settings_of(data_dir)) as client:
        going = {_identified(client, one): one for one in named}
        if prefix:
            going |= {one["document_id"]: one["source"] for one in client.documents(source_prefix=prefix)}
        if going and not yes:
            for source in going.values():
                err.print(source, highlight=False, markup=False)
            typer.confirm(f"Remove {show.counted(len(going), 'document')}?", abort=True, err=True)
        receipts = [client.delete(document_id) for document_id in going]
    if as_json:
        print_json(receipts)
    else:
        show.receipts(out, receipts)


def _check_usage(paths: list[Path], name: str | None, *, prune: bool, dry_run: bool) -> None:
    if dry_run and not prune:
        raise typer.BadParameter("--dry-run says what --prune would remove: give both")
    if prune and not any(path.is_dir() for path in paths):
        raise typer.BadParameter("--prune needs a folder: a file says nothing of what is gone")
    if name is not None and len(paths) > 1:
        raise typer.BadParameter("--as names the root of one path")


def _looked_at(found: Found, census: Census) -> Summary:
    """What would be read in, without reading it in."""
    summary = Summary()
    for file in census.counted(found.files):
        if not isinstance(file, LocalFile):
            summary.refuse(file)
    return summary


def _prune(client: Client, found: Found, census: Census, summary: Summary, *, dry_run: bool) -> None:
    for document_id, source in census.vanished(client, found.prefixes):
        if not dry_run:
            client.delete(document_id)
        summary.removed.append(source)


def _report(summary: Summary, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(summary))
    elif dry_run:
        show.would_remove(out, summary)
    else:
        show.ingested(out, summary)


def _identified(client: Client, named: str) -> str:
    """The id of a document that was named by its source or its id."""
    if found := next(client.documents(source=named), None):
        return str(found["document_id"])
    try:
        known: Json = client.document(named)
    except FootnoteError:
        raise NotFound(
            f"there is no document {named!r}", hint="`footnote list` shows the documents that are in"
        ) from None
    return str(known["document_id"])


def _end_at_once_when_interrupted_again() -> None:
    """The queue outlives any end of the process, so who does not want to wait need not."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
