"""What every command has: its options, the settings, a client, and where it prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from service.cli.client import Client
from service.cli.http_client import HttpClient
from service.cli.ingesting import Found
from service.cli.misnamed import misnamed_variable, unknown_setting
from service.cli.running import running_server
from service.cli.terminal import Terminal, spelt
from service.errors import Misconfigured
from service.log import configure
from service.records import Finding
from service.reindexing import Reindexed
from service.settings import Settings, config_file

UNKNOWN = 3
"""The exit code of `footnote ask` where the documents do not hold the answer; 1 and 2 are errors."""
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it: 128 and the signal's number."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What `footnote ingest` was given: paths, the name of their root, and whether that is remembered."""

    paths: Sequence[Path]
    name: str | None
    in_use: Callable[[str], bool]
    """Whether there are documents whose sources begin with a root's name."""
    remember: bool


@dataclass(frozen=True, slots=True)
class KnownFormat:
    """A kind of file: its endings, what it needs beyond what is always there, and what installs the rest."""

    endings: tuple[str, ...]
    media_type: str
    needs: tuple[str, ...]
    repairs: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether such files are read here."""
        return not self.repairs


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the commands are given by `service/__main__.py`, which may know the ingestion package."""

    find: Callable[[Asked, Settings], Found]
    local: Callable[[Settings, bool], AbstractContextManager[Client]]
    """A client on an engine of this process, with the worker running or without."""
    serve: Callable[[Settings, Callable[[str], None]], int]
    work: Callable[[Settings, bool, Callable[[], None]], bool]
    """Works until idle, or for ever; calls back when it is interrupted, and returns whether it was."""
    reindex: Callable[[Settings, Callable[[], None]], int]
    fsck: Callable[[Settings, bool], Sequence[Finding]]
    rebuild: Callable[[Settings, Callable[[int, int], None]], Reindexed]
    """Builds the index of the settings' model beside the one in force; tells how many chunks are done."""
    formats: Callable[[], Sequence[KnownFormat]]


DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="The data folder; FOOTNOTE_DATA_DIR otherwise.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
out = Terminal(soft_wrap=True)
err = Terminal(stderr=True, soft_wrap=True)


def runtime_of(context: typer.Context) -> Runtime:
    """What the program was started with."""
    found = context.find_object(Runtime)
    assert found is not None
    return found


def settings_of(data_dir: Path | None) -> Settings:
    """The settings in force, with the log as quiet as a command's should be.

    Raises:
        Misconfigured: a setting is unknown or has no such value.
    """
    settings = read_settings({} if data_dir is None else {"data_dir": data_dir})
    quiet = (
        settings.log.model_copy(update={"level": "warning"}) if settings.log.level == "info" else settings.log
    )
    configure(quiet)
    return settings


@contextmanager
def client_of(
    context: typer.Context, settings: Settings, *, work: bool = False, groups: Sequence[str] = ()
) -> Iterator[Client]:
    """The server that the settings name; else the running one of this data folder, else an engine here.

    Without `work` what waits in the queue keeps waiting there: a look at it must not set it going.

    Raises:
        Misconfigured: documents cannot be kept for groups there.
    """
    if url := settings.client.url:
        with HttpClient(url, settings.client.api_key.get_secret_value(), groups) as client:
            yield client
    elif groups:
        raise Misconfigured(
            "groups: readers are told apart by API keys, and embedded mode has none",
            hint="set FOOTNOTE_CLIENT__URL and FOOTNOTE_CLIENT__API_KEY to a server's",
        )
    elif settings.mode == "embedded" and (here := running_server(settings.data_dir)):
        with HttpClient(here) as client:
            yield client
    else:
        with ExitStack() as stack:
            with err.status("opening the data folder and the model"):
                local = stack.enter_context(runtime_of(context).local(settings, work))
            yield local


def say_if_empty(client: Client, settings: Settings) -> None:
    """Tells on standard error that there are no documents, and what to do about it."""
    if next(iter(client.documents()), None) is None:
        where = settings.client.url or settings.data_dir
        err.print(f"There are no documents in {where} that can be asked yet.", highlight=False, markup=False)
        err.print("hint: `footnote ingest PATH…` reads them in", highlight=False, markup=False)


def json_object(text: str, option: str) -> dict[str, Any]:
    """The JSON object that an option holds; anything else is wrong usage."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} is no valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{option} must be a JSON object")
    return value


def print_json(value: Any) -> None:
    """Prints for machines."""
    print(spelt(json.dumps(value, ensure_ascii=False, indent=2)))


def read_settings(given: Mapping[str, Any]) -> Settings:
    """The settings in force, with what was `given` before all other sources.

    Raises:
        Misconfigured: a setting is unknown or has no such value.
    """
    hint = "look at footnote.toml and the FOOTNOTE_* environment variables"
    if misnamed := misnamed_variable():
        raise Misconfigured(misnamed, hint=hint)
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"the setting {place}: {first['msg']}"
        if first["type"] == "extra_forbidden":
            message = unknown_setting(place.split("."))
    except TOMLDecodeError as error:
        message = f"{config_file()} is no valid TOML: {error}"
    raise Misconfigured(message, hint=hint)
