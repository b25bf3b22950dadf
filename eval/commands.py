"""What the commands of `footnote eval` and `footnote tune` have in common.

A command is the function `main` of a module, or the `app` of one with commands of its own. The module is
imported when it is asked for: each needs packages that the others do not. It ends with 0, with 1 for an
error, with 2 for wrong usage.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from service.errors import FootnoteError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Out = Annotated[Path | None, typer.Option("--out", help="The folder, or file, that it is kept in.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="So many of each set, drawn by the seed.")]
Seed = Annotated[int, typer.Option("--seed", help="Which ones are drawn.")]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Keep what is read in here, for another run.")
]
Data = Annotated[Path, typer.Option("--data", help="The labelled set, or the folder of them.")]
Sets = Annotated[
    list[Path] | None, typer.Option("--data", help="A labelled set, or a folder of them; repeatable.")
]
Work = Annotated[Path | None, typer.Option("--work", help="Keep what is ingested here, for another run.")]
Tenant = Annotated[str, typer.Option("--tenant", help="Of a server: whose are looked at.")]
JudgeUrl = Annotated[
    str, typer.Option("--judge-url", help="Base URL of an OpenAI-compatible API, which judges.")
]
JudgeModel = Annotated[str, typer.Option("--judge-model", help="The model that judges.")]
Misses = Annotated[bool, typer.Option("--misses", help="Print what was not as expected.")]
Always = Annotated[bool, typer.Option("--always", help="Answer every question, to see the answers alone.")]

NOTHING_BETTER = 3
"""The exit code when what was learned is no better than what is in use."""
WORSE = 4
"""The exit code when a run is worse than the one that it is compared with."""
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

# The command's own module reads its options.
HANDED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

EXTRAS = {
    "eval": (
        "qdrant_client",
        "rank_bm25",
        "psutil",
        "rapidfuzz",
        "langchain_text_splitters",
        "ir_measures",
        "unstructured",
        "spacy",
        "jinja2",
    ),
    "models": ("sentence_transformers", "torch", "nncf"),
    "llm": ("openai",),
    "judge": ("ragas", "scipy"),
    "tracing": ("phonenumbers", "stdnum"),
    "ocr": ("PIL", "tesserocr"),
    "tune": ("lightgbm", "sklearn", "scipy", "peft", "accelerate"),
}
"""What each extra of the package installs."""


def group(about: str, commands: Mapping[str, tuple[str, str]]) -> typer.Typer:
    """An application of commands, each by its name with its module and what it is for."""
    app = _application(about)
    for name, (module, purpose) in commands.items():
        app.command(name, help=purpose, context_settings=HANDED_ON)(_handing_on_to(module))
    return app


def _handing_on_to(module: str) -> Callable[[typer.Context], None]:
    def hand_on(context: typer.Context) -> None:
        imported = import_module(module)
        app = imported.app if hasattr(imported, "app") else command(imported.main)
        app(context.args, prog_name=context.command_path)

    return hand_on


def command(main: Callable[..., None]) -> typer.Typer:
    """An application of one command; what it does is told by the docstring of its module."""
    app = _application()
    app.command(help=sys.modules[main.__module__].__doc__)(main)
    return app


def _application(about: str | None = None) -> typer.Typer:
    return typer.Typer(
        help=about,
        no_args_is_help=about is not None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def run(app: typer.Typer, name: str | None = None, arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs an application and exits; an error of ours is told in one line, with its hint."""
    try:
        app(arguments, prog_name=name)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = next((extra for extra, packages in EXTRAS.items() if package in packages), None)
        if extra is None:
            raise
        message, hint = f"{error.name} is not installed", f"pip install 'footnote[{extra}]'"
    except FootnoteError as error:
        message, hint = f"{error} ({error.code})", error.hint
    print(f"error: {message}", *([f"hint: {hint}"] if hint else []), sep="\n", file=sys.stderr)
    sys.exit(1)
