"""The commands. Each opens the engine or finds the running server, calls it, and shows what came back."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from service.cli import show
from service.cli.client import Client, HttpClient, LocalFile, running_server
from service.cli.ingesting import Refused, ingest
from service.errors import FootnoteError, Misconfigured
from service.log import configure
from service.models import Card, Role, compiled, ensure_compiled, remove
from service.settings import Settings, config_file
from service.types import Scalar

Finder = Callable[[Sequence[Path], Settings], Iterator[LocalFile | Refused]]


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the commands are given by `service/__main__.py`, which may know the ingestion package."""

    find: Finder
    local: Callable[[Settings], AbstractContextManager[Client]]
    """A client on an engine of this process, with the worker running."""
    serve: Callable[[Settings, Callable[[str], None]], int]
    work: Callable[[Settings, bool], None]
    reindex: Callable[[Settings], int]


DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="The data folder; FOOTNOTE_DATA_DIR otherwise.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
TopK = Annotated[int | None, typer.Option("--top-k", min=1, help="How many chunks are looked at.")]
Filter = Annotated[
    str | None,
    typer.Option("--filters", help="""As in the API: '{"metadata": {"year": {"gte": 2024}}}'."""),
]
# The commands of another program: it reads its own options.
HANDED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

app = typer.Typer(
    name="footnote",
    help="Ask questions of your own documents: every sentence of an answer carries a checked footnote.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models = typer.Typer(help="The models that are compiled on this machine.", no_args_is_help=True)
app.add_typer(models, name="models")
out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)


def run(runtime: Runtime) -> NoReturn:
    """Runs the command line and exits: 0, 1 for an error or a file that failed, 2 for wrong usage."""
    try:
        app(obj=runtime)
    except FootnoteError as error:
        err.print(f"error: {error} ({error.code})", style="red", highlight=False, markup=False)
        if error.hint:
            err.print(f"hint: {error.hint}", highlight=False, markup=False)
    sys.exit(1)


@app.command("ingest")
def ingest_command(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files, folders or .jsonl records.")],
    metadata: Annotated[
        str, typer.Option("--metadata", help="For all of them, as JSON: '{\"year\": 2024}'.")
    ] = "{}",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Read documents in. The same path again is a new version; what did not change is not read again."""
    settings = _settings(data_dir)
    facts = _metadata(metadata)
    with _client(context, settings) as client:
        found = _runtime(context).find(paths, settings)
        summary = ingest(client, found, facts, err)
    if as_json:
        _print_json(dataclasses.asdict(summary))
    else:
        show.ingested(out, summary)
    if summary.failed:
        raise typer.Exit(1)


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question.")],
    top_k: TopK = None,
    filters: Filter = None,
    explain: Annotated[bool, typer.Option("--explain", help="With --json: show the hits too.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question, with footnotes, or say that the documents do not hold the answer."""
    # A person who gets no answer is shown what came closest.
    request = {**_request(question, top_k, filters), "explain": explain or not as_json}
    with _client(context, _settings(data_dir)) as client:
        given = client.ask(request)
    if as_json:
        _print_json(given)
    else:
        show.answer(out, given)


@app.command()
def search(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="What to look for.")],
    top_k: TopK = None,
    filters: Filter = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Find chunks, without an answer."""
    with _client(context, _settings(data_dir)) as client:
        found = client.search(_request(words, top_k, filters))
    if as_json:
        _print_json(found)
    else:
        show.hits(out, found)


@app.command()
def serve(
    context: typer.Context,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the HTTP API on this machine, with the worker that reads documents in."""
    settings = _settings(data_dir)
    if port is not None:
        settings = settings.model_copy(update={"api": settings.api.model_copy(update={"port": port})})
    configure(settings.log)
    code = _runtime(context).serve(settings, lambda url: err.print(f"Footnote listens on {url}"))
    raise typer.Exit(code)


@app.command()
def worker(
    context: typer.Context,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when the queue is empty.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Work through the queue of documents, without serving. Embedded mode's server does this itself."""
    settings = _settings(data_dir)
    configure(settings.log)
    _runtime(context).work(settings, until_idle)


@app.command()
def reindex(context: typer.Context, data_dir: DataDir = None) -> None:
    """Read every document in again for the model that is set now, into a new index."""
    settings = _settings(data_dir)
    queued = _runtime(context).reindex(settings)
    out.print(f"{queued} documents were read in again", highlight=False)


@app.command()
def config(data_dir: DataDir = None) -> None:
    """Print the settings in force, as JSON; secrets are masked."""
    print(_settings(data_dir).model_dump_json(indent=2))


@app.command("eval", context_settings=HANDED_ON)
def evaluate(context: typer.Context) -> None:
    """Measure parsing, chunking, retrieval, answers or speed: see `footnote eval --help`."""
    os.execv(sys.executable, [sys.executable, "-m", "eval", *context.args])


@app.command(context_settings=HANDED_ON)
def tune(context: typer.Context) -> None:
    """Fit the learned parts to your own domain: see `footnote tune --help`."""
    os.execv(sys.executable, [sys.executable, "-m", "eval.tune", *context.args])


@models.command("list")
def models_list(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """The compiled models."""
    found = [{"folder": str(folder), **dataclasses.asdict(card)} for folder, card in _compiled(data_dir)]
    if as_json:
        _print_json(found)
        return
    for model in found:
        out.print(
            f"{model['name']}  {model['role']}  {model['precision']}  {model['folder']}", highlight=False
        )


@models.command("compile")
def models_compile(data_dir: DataDir = None) -> None:
    """Compile the models that the settings name, unless that has been done."""
    settings = _settings(data_dir)
    wanted: list[tuple[str, Role, str]] = [(settings.embed.model, "embedder", settings.embed.precision)]
    if settings.rerank.model:
        wanted.append((settings.rerank.model, "cross_encoder", settings.rerank.precision))
    for name, role, precision in wanted:
        with err.status(f"compiling {name} to {precision}"):
            folder = ensure_compiled(name, role, precision, settings.cache_dir)
        out.print(f"{name} ({precision}): {folder}", highlight=False)


@models.command("clear")
def models_clear(data_dir: DataDir = None) -> None:
    """Remove every compiled model; the next start compiles what it needs."""
    for folder, card in _compiled(data_dir):
        remove(folder)
        out.print(f"removed {card.name} ({card.precision})", highlight=False)


def _compiled(data_dir: Path | None) -> list[tuple[Path, Card]]:
    return compiled(_settings(data_dir).cache_dir)


def _runtime(context: typer.Context) -> Runtime:
    found = context.find_object(Runtime)
    assert found is not None
    return found


def _settings(data_dir: Path | None) -> Settings:
    settings = _read_settings({} if data_dir is None else {"data_dir": data_dir})
    quiet = (
        settings.log.model_copy(update={"level": "warning"}) if settings.log.level == "info" else settings.log
    )
    configure(quiet)
    return settings


def _read_settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"the setting {place}: {first['msg']}"
    except TOMLDecodeError as error:
        message = f"{config_file()} is no valid TOML: {error}"
    raise Misconfigured(message, hint="look at footnote.toml and the FOOTNOTE_* environment variables")


@contextmanager
def _client(context: typer.Context, settings: Settings) -> Iterator[Client]:
    """The running server of this data folder if there is one, else an engine in this process."""
    if url := running_server(settings.data_dir):
        with HttpClient(url) as client:
            yield client
    else:
        with _runtime(context).local(settings) as client:
            yield client


def _request(text: str, top_k: int | None, filters: str | None) -> dict[str, Any]:
    request: dict[str, Any] = {"query": text}
    if top_k is not None:
        request["top_k"] = top_k
    if filters is not None:
        request["filters"] = _json_object(filters, "--filters")
    return request


def _metadata(text: str) -> dict[str, Scalar]:
    return _json_object(text, "--metadata")


def _json_object(text: str, option: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} is no valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{option} must be a JSON object")
    return value


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    print()
