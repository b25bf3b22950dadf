"""`footnote ask` and `footnote search`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from service.cli import show
from service.cli.runtime import (
    UNKNOWN,
    AsJson,
    DataDir,
    client_of,
    json_object,
    out,
    print_json,
    say_if_empty,
    settings_of,
)

TopK = Annotated[int | None, typer.Option("--top-k", min=1, help="How many chunks are looked at.")]
Filter = Annotated[
    str | None,
    typer.Option(
        "--filters", help="""As in the API: '{"source_prefix": "handbook/", "metadata": {"year": 2024}}'."""
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog='Example: footnote ask "How long does the warranty last?"')(ask)
    app.command(epilog='Example: footnote search "diaphragm kit" --top-k 3 --json')(search)


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question.")],
    top_k: TopK = None,
    filters: Filter = None,
    explain: Annotated[bool, typer.Option("--explain", help="With --json: show the hits too.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question, with footnotes, or say that the documents do not hold the answer.

    Ends with 0 after an answer and with 3 where the documents hold none.
    """
    request = {**request_of(question, top_k, filters), "explain": explain}
    settings = settings_of(data_dir)
    with client_of(context, settings) as client:
        given = client.ask(request)
        if given["status"] != "answered":
            say_if_empty(client, settings)
    if as_json:
        print_json(given)
    else:
        show.answer(out, given)
    if given["status"] != "answered":
        raise typer.Exit(UNKNOWN)


def search(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="What to look for.")],
    top_k: TopK = None,
    filters: Filter = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Find chunks, without an answer."""
    settings = settings_of(data_dir)
    with client_of(context, settings) as client:
        found = client.search(request_of(words, top_k, filters))
        if not found["hits"]:
            say_if_empty(client, settings)
    if as_json:
        print_json(found)
    else:
        show.respelled(out, found)
        show.hits(out, found)


def request_of(text: str, top_k: int | None, filters: str | None) -> dict[str, Any]:
    """What both routes take."""
    request: dict[str, Any] = {"query": text}
    if top_k is not None:
        request["top_k"] = top_k
    if filters is not None:
        request["filters"] = json_object(filters, "--filters")
    return request
