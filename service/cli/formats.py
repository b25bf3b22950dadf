"""`footnote formats`: which kinds of files are read here, and what others need."""

from __future__ import annotations

import dataclasses

import typer

from service.cli.runtime import AsJson, KnownFormat, out, print_json, runtime_of


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("formats", epilog="Example: footnote formats --json")(formats)


def formats(context: typer.Context, as_json: AsJson = False) -> None:
    """List the kinds of files that are read, by their endings, and what is missing for those that are not."""
    known = runtime_of(context).formats()
    if as_json:
        print_json([{**dataclasses.asdict(one), "ready": one.ready} for one in known])
        return
    for one in known:
        out.print(_line(one), highlight=False, markup=False)


def _line(one: KnownFormat) -> str:
    needs = " and ".join(one.needs)
    if one.ready:
        told = f"with {needs}" if needs else ""
    else:
        told = f"not read here: needs {needs}; {' and '.join(one.repairs)}"
    return f"{' '.join(one.endings):<22} {told}".rstrip()
