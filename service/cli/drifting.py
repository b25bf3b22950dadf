"""`footnote drift`."""

from __future__ import annotations

import typer
from rich.table import Table

from service.cli.client import Json
from service.cli.runtime import AsJson, DataDir, client_of, out, print_json, settings_of


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("drift", epilog="Example: footnote drift --json")(print_drift)


def print_drift(context: typer.Context, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say whether answers have become other than they were: exit code 0 if not, 1 if they have."""
    with client_of(context, settings_of(data_dir)) as client:
        found = client.drift()
    if as_json:
        print_json(found)
    else:
        _show(found)
    if any(one["alarm"] for one in found["shifts"]):
        raise typer.Exit(1)


def _show(found: Json) -> None:
    out.print(f"since {found['since'][:16]}, against the 28 days before", highlight=False)
    table = Table(
        "quantity", "answers", "before", "mean", "before", "psi", "limit", "mean shift", "", box=None
    )
    for one in found["shifts"]:
        word = "drifts" if one["alarm"] else "" if one["enough"] else "too few"
        numbers = [one[name] for name in ("mean", "mean_before", "psi", "limit", "mean_shift")]
        table.add_row(
            one["quantity"],
            str(one["answers"]),
            str(one["answers_before"]),
            *(f"{number:.3f}" for number in numbers),
            word,
        )
    out.print(table)
