"""`footnote serve`, `worker`, `reindex`, `migrate` and `config`: for those who run Footnote."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from service.catalogue.database import SCHEMA
from service.catalogue.database import migrate as bring_up_to_date
from service.cli import show
from service.cli.progress import counting
from service.cli.runtime import INTERRUPTED, AsJson, DataDir, err, out, print_json, runtime_of, settings_of
from service.errors import Misconfigured
from service.log import configure
from service.reindexing import Reindexed
from service.settings import PRESETS


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog="Example: footnote serve --port 8081")(serve)
    app.command(epilog="Example: footnote worker --until-idle")(worker)
    app.command(epilog="Example: footnote reindex --to ./my-model")(reindex)
    app.command(epilog="Example: FOOTNOTE_CATALOGUE__URL=postgresql+psycopg://... footnote migrate")(migrate)
    app.command(epilog="Example: footnote config")(config)


def serve(
    context: typer.Context,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the HTTP API, in embedded mode with the worker that reads documents in."""
    settings = settings_of(data_dir)
    if port is not None:
        settings = settings.model_copy(update={"api": settings.api.model_copy(update={"port": port})})
    configure(settings.log)
    code = runtime_of(context).serve(settings, lambda url: err.print(f"Footnote listens on {url}"))
    raise typer.Exit(code)


def worker(
    context: typer.Context,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when the queue is empty.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Work through the queue of documents, without serving. Embedded mode's server does this itself."""
    settings = settings_of(data_dir)
    configure(settings.log)
    interrupted = runtime_of(context).work(settings, until_idle, _say_that_it_stops)
    if interrupted and until_idle:
        raise typer.Exit(INTERRUPTED)


def reindex(
    context: typer.Context,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="MODEL", help="The model, or a preset; else the one that is set."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make the index anew, for another embedding model or for the one that is set.

    In embedded mode every document is read in again. In server mode `--to` builds the model's index while
    processes answer from the earlier one, and puts it in force; without it what the index has lost is made.
    """
    settings = settings_of(data_dir)
    if to is not None:
        changed = {"model": PRESETS.get(to, to), "preset": to if to in PRESETS else None}
        settings = settings.model_copy(update={"embed": settings.embed.model_copy(update=changed)})
    if to is not None and settings.mode == "server":
        with counting("embedding", err) as tell:
            done = runtime_of(context).rebuild(settings, tell)
        print_json(asdict(done)) if as_json else _say_what_next(done)
        return
    queued = runtime_of(context).reindex(settings, _say_that_it_stops)
    if as_json:
        print_json({"queued": queued})
    else:
        out.print(f"{show.counted(queued, 'document')} read in again", highlight=False)
        if to is not None:
            step = f"`footnote models use {to}`" if to in PRESETS else f"Set FOOTNOTE_EMBED__MODEL={to}"
            out.print(f"{step} from now on.", highlight=False, markup=False)


def _say_what_next(done: Reindexed) -> None:
    chunks = f"{done.chunks:,} chunks, {done.embedded:,} of them embedded now"
    out.print(f"The index of {done.model} is in force: {chunks}.", highlight=False, markup=False)
    restart = f"Start every process with FOOTNOTE_EMBED__MODEL={done.model}"
    more = "" if done.earlier_removed else ": until then they answer from the earlier one, and documents wait"
    out.print(f"{restart}{more}.", highlight=False, markup=False)


def migrate(as_json: AsJson = False) -> None:
    """Bring the tables of the catalogue's server up to date; a data folder's are at every start."""
    url = settings_of(None).catalogue.url.get_secret_value()
    if not url:
        raise Misconfigured(
            "catalogue.url is not set: embedded mode brings its catalogue up to date by itself",
            hint="set FOOTNOTE_CATALOGUE__URL to the server's",
        )
    found = bring_up_to_date(url)
    if as_json:
        print_json({"before": found, "now": SCHEMA})
    elif found == SCHEMA:
        out.print(f"The catalogue is up to date: schema {SCHEMA}.", highlight=False)
    else:
        out.print(f"The catalogue has schema {SCHEMA} now; before: {found or 'none'}.", highlight=False)


def config(data_dir: DataDir = None) -> None:
    """Print the settings in force, as JSON; secrets are masked."""
    print(settings_of(data_dir).model_dump_json(indent=2))


def _say_that_it_stops() -> None:
    err.print("Stopping after the documents at hand; the rest stays queued.", highlight=False)
