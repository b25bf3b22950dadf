"""`footnote backup` and `restore`: the data folder as one file, and back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from service.cli.runtime import AsJson, DataDir, err, out, print_json, settings_of
from service.data_folder import Copied, back_up
from service.data_folder import restore as restore_folder
from service.errors import Misconfigured
from service.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog="Example: footnote backup monday.tar.gz")(backup)
    app.command(epilog="Example: footnote restore monday.tar.gz --data-dir ./restored")(restore)


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write; it must not exist.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Copy the data folder into one file, with the index and what was learned; stop the server first."""
    settings = _embedded(data_dir)
    with err.status(f"backing up {settings.data_dir}"):
        copied = back_up(settings.data_dir, file)
    _say(copied, f"{settings.data_dir} is in {file}", as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="An archive that `footnote backup` has written.", exists=True)],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make the data folder from a backup; the folder must be empty or not there."""
    settings = _embedded(data_dir)
    with err.status(f"restoring {settings.data_dir}"):
        copied = restore_folder(file, settings.data_dir)
    _say(copied, f"{settings.data_dir} is as it was", as_json)


def _embedded(data_dir: Path | None) -> Settings:
    settings = settings_of(data_dir)
    if settings.mode != "embedded":
        raise Misconfigured(
            "in server mode the documents are in PostgreSQL and with the originals, not in the data folder",
            hint="use deploy/backup.sh and deploy/restore.sh, see docs/operations.md",
        )
    return settings


def _say(copied: Copied, what: str, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(copied))
    else:
        out.print(f"{what}: {copied.files} files, {copied.bytes / 1e6:.1f} MB", highlight=False)
