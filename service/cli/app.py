"""The program: its commands, and how it ends.

Each command opens the engine or finds the running server, calls it, and shows what came back.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any, NoReturn

import typer

from service.cli import (
    access,
    asking,
    backups,
    checking,
    documents,
    drifting,
    explaining,
    feedback,
    formats,
    jobs,
    models,
    receipts,
    serving,
    variants,
)
from service.cli.runtime import Runtime, err
from service.errors import FootnoteError

# The commands of another program: it reads its own options.
HANDED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

app = typer.Typer(
    name="footnote",
    help="Ask questions of your own documents: every sentence of an answer carries a checked footnote.",
    epilog="Exit codes: 0 done, 1 an error or a file that failed, 2 wrong usage, 3 asked and the documents "
    "do not hold the answer, 130 interrupted with Ctrl-C.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
documents.register(app)
formats.register(app)
asking.register(app)
explaining.register(app)
feedback.register(app)
drifting.register(app)
jobs.register(app)
receipts.register(app)
checking.register(app)
serving.register(app)
models.register(app)
access.register(app)
variants.register(app)
backups.register(app)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"footnote {version('footnote')}")
        raise typer.Exit


def _said_too_early(context: typer.Context, option: typer.CallbackParam, given: object) -> None:
    if given:
        raise typer.BadParameter(f"it stands behind the command: footnote COMMAND … {option.opts[0]}")


def _belongs_to_a_command(name: str) -> Any:
    return typer.Option(name, callback=_said_too_early, hidden=True)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
    data_dir: Annotated[str, _belongs_to_a_command("--data-dir")] = "",
    as_json: Annotated[bool, _belongs_to_a_command("--json")] = False,
) -> None:
    pass


def run(runtime: Runtime, arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits, with the codes that `footnote --help` tells.

    `arguments` are those that the program was started with, unless given.
    """
    try:
        app(arguments, obj=runtime)
    except FootnoteError as error:
        err.print(f"error: {error} ({error.code})", style="red", highlight=False, markup=False)
        if error.hint:
            err.print(f"hint: {error.hint}", highlight=False, markup=False)
    except OSError as error:  # the disk is full, a folder is closed: said as the system says it
        place = f": {error.filename}" if error.filename else ""
        err.print(f"error: {error.strerror or error}{place}", style="red", highlight=False, markup=False)
    sys.exit(1)


@app.command("eval", context_settings=HANDED_ON)
def evaluate(context: typer.Context) -> None:
    """Measure parsing, chunking, retrieval, answers or speed: see `footnote eval --help`."""
    os.execv(sys.executable, [sys.executable, "-m", "eval", *context.args])


@app.command(context_settings=HANDED_ON)
def tune(context: typer.Context) -> None:
    """Fit the learned parts to your own domain: see `footnote tune --help`."""
    os.execv(sys.executable, [sys.executable, "-m", "eval.tune", *context.args])
