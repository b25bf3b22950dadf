"""`footnote explain`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.cli.asking import Filter, TopK, request_of
from service.cli.client import Json
from service.cli.runtime import AsJson, DataDir, client_of, out, print_json, settings_of


def register(app: typer.Typer) -> None:
    """Adds the command."""
    example = 'Example: footnote explain "How long does the warranty last?" --text "24 months"'
    app.command(epilog=example)(explain)


def explain(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question.")],
    text: Annotated[str | None, typer.Option("--text", help="What the answer should rest on.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="The document, as `footnote list` names it.")
    ] = None,
    document: Annotated[str | None, typer.Option("--document", help="The document by its id.")] = None,
    top_k: TopK = None,
    filters: Filter = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Name the stage that lost what an answer was expected to rest on, and what would likely mend it."""
    if not (text or source or document):
        raise typer.BadParameter("say what was expected: --text, --source or --document")
    expected = {"expected_text": text, "expected_source": source, "expected_document_id": document}
    request = {
        **request_of(question, top_k, filters),
        **{name: value for name, value in expected.items() if value},
    }
    with client_of(context, settings_of(data_dir)) as client:
        given = client.explain(request)
    if as_json:
        print_json(given)
    else:
        shown(out, given)


def shown(console: Console, given: Json) -> None:
    """The verdict, then a line for each stage, then what would mend it."""
    console.print(f"[bold]{given['verdict']}[/]: {escape(given['why'])}", highlight=False)
    table = Table("stage", "what was seen", box=None, pad_edge=False)
    for stage, told in lines(given):
        table.add_row(stage, escape(told))
    console.print(table)
    fix = given["fix"]
    command = f"\n  {fix['command']}" if fix["command"] else ""
    console.print(f"{escape(fix['advice'])}{escape(command)}", highlight=False)


def lines(given: Json) -> list[tuple[str, str]]:
    """What was seen at each stage that was asked, in words."""
    told = [("corpus", _document(one)) for one in given["documents"]] or [("corpus", "no such document")]
    if given["places"]:
        told.append(("chunk", _places(given["places"])))
    told += [("read", f"“{word}” as “{meant}”") for word, meant in given["respelled"].items()]
    for stage, name in (("dense", "dense"), ("BM25", "sparse"), ("fused", "fused"), ("reranked", "reranked")):
        if given["ranks"]:
            told.append((stage, _rank(given["ranks"][name])))
    if given["reached"]:
        told.append(("context", _reached(given["reached"])))
    if given["decision"]:
        told.append(("decide", _decision(given["decision"])))
    return [*told, *_written(given["written"])]


def _document(one: Json) -> str:
    told = [one["source"] or one["document_id"], one["state"]]
    if one["version"] is not None:
        told.append(f"version {one['version']}")
    if one["upload"]:
        told.append(f"last upload {one['upload']['state']}")
    receipt = one["receipt"] or {}
    told += [f"{name} {receipt[name]}" for name in ("parser", "pages") if receipt.get(name)]
    return ", ".join(told)


def _places(places: list[Json]) -> str:
    whole = [one for one in places if one["whole"]]
    kind = "whole in" if whole else "split between"
    shown = [f"{one['ordinal'] + 1} ({one['start']}-{one['end']})" for one in (whole or places)[:5]]
    more = f" and {len(whole or places) - 5} more" if len(whole or places) > 5 else ""
    return f"{kind} {', '.join(shown)}{more}"


def _rank(rank: Json) -> str:
    place = f">{rank['looked_at']}" if rank["rank"] is None else str(rank["rank"])
    return f"{place} (the first {rank['served']} go on)"


def _reached(reached: Json) -> str:
    if reached["passages"]:
        return f"in passage {', '.join(map(str, reached['passages']))}"
    return f"not in it: {reached['left_out'] or 'it did not come so far'}"


def _decision(decision: Json) -> str:
    added = sorted(decision["contributions"].items(), key=lambda item: -abs(item[1]))
    parts = ", ".join(f"{name} {value:+.2f}" for name, value in added)
    outcome = f"{decision['p_answerable']:.2f} against {decision['threshold']:.2f}"
    return f"{outcome}; log odds: {parts}" if parts else outcome


def _written(written: Any) -> list[tuple[str, str]]:
    if not written:
        return []
    told = [
        ("told", f"{one['text']} {''.join(f'[{n}]' for n in one['citations'])}")
        for one in written["sentences"]
    ]
    dropped = [
        ("dropped", f"{one['text']} ({one['reason']}, support {one['support']:.2f}{_missing(one)})")
        for one in written["rejected"]
    ]
    return [*told, *dropped]


def _missing(rejected: Json) -> str:
    return f", missing {', '.join(rejected['missing'])}" if rejected["missing"] else ""
