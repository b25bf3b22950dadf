"""`footnote feedback`: what a reader says of an answer, and what was said."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from service.catalogue import Answers
from service.catalogue.opening import catalogue_of
from service.catalogue.tenants import everything_of
from service.cli.runtime import AsJson, DataDir, client_of, out, print_json, settings_of
from service.errors import Misconfigured
from service.records import Rating
from service.types import LOCAL

feedback = typer.Typer(help="What readers say of answers.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(feedback, name="feedback", epilog="Example: footnote feedback give 0b6e3a7c-… down")


@feedback.command("give")
def give(
    context: typer.Context,
    answer: Annotated[str, typer.Argument(help="The answer's id: it stands below the answer.")],
    rating: Annotated[Rating, typer.Argument(help="`again` asks for another answer, and judges none.")],
    comment: Annotated[str, typer.Option("--comment", help="What is good or bad about it.")] = "",
    correction: Annotated[str, typer.Option("--correction", help="What would have been right.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say of an answer that it is good or bad, and what would have been right."""
    request = {"query_id": answer, "rating": rating, "comment": comment, "correction": correction}
    with client_of(context, settings_of(data_dir)) as client:
        given = client.feedback(request)
    if as_json:
        print_json(given)
    else:
        out.print("Kept: `footnote feedback list` shows it.", highlight=False)


@feedback.command("list")
def list_feedback(
    tenant: Annotated[str, typer.Option("--tenant", help="Of a server: whose feedback.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List what was said of answers that are still kept, oldest first; for whoever runs it."""
    settings = settings_of(data_dir)
    if settings.mode == "server" and not tenant:
        raise Misconfigured("On a server it must be said whose feedback is listed.", hint="give --tenant")
    with catalogue_of(settings) as database:
        found = Answers(database).judgements(everything_of(tenant) if tenant else LOCAL)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        out.print(f"[bold]{one.rating:6}[/]{escape(one.question)}  [dim]{one.status}[/]", highlight=False)
        for what, text in (("comment", one.comment), ("correction", one.correction)):
            if text:
                out.print(f"      {what}: {escape(text)}", highlight=False)
