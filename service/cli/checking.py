"""`footnote fsck`: what the catalogue, the index and the originals say of each other."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from service.cli import show
from service.cli.runtime import AsJson, DataDir, out, print_json, runtime_of, settings_of


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("fsck", epilog="Example: footnote fsck --repair")(fsck)


def fsck(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Look for what does not belong together: exit code 0 if there is nothing, 1 if there is.

    What is read in again for a repair waits in the queue until the service runs.
    """
    found = runtime_of(context).fsck(settings_of(data_dir), repair)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
    else:
        for one in found:
            done = "repaired" if one.repaired else "to repair"
            line = f"{one.kind}  {one.tenant}  {one.what}; {done}: {one.repair}"
            out.print(line, highlight=False, markup=False)
        out.print(show.counted(len(found), "finding"), style="dim", highlight=False)
    if found:
        raise typer.Exit(1)
