"""`footnote receipts`: the signed proofs of deletes, listed and verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli import show
from service.cli.runtime import AsJson, DataDir, client_of, out, print_json, settings_of
from service.errors import InvalidInput
from service.upkeep.receipts import new_key, verify

receipts = typer.Typer(help="The signed receipts of deletes.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(receipts, name="receipts", epilog="Example: footnote receipts verify receipt.json")


@receipts.command("list", epilog="Example: footnote receipts list --json")
def list_receipts(context: typer.Context, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List what was deleted, oldest first; documents by their ids, because their names are not kept."""
    with client_of(context, settings_of(data_dir)) as client:
        found = list(client.receipts())
    if as_json:
        print_json(found)
        return
    for one in found:
        out.print(f"{one['id']}  {one['deleted_at']}  document {one['document_id']}", highlight=False)
    out.print(show.counted(len(found), "receipt"), style="dim", highlight=False)


@receipts.command("verify", epilog="Example: footnote receipts verify receipt.json --key PUBLIC_KEY")
def verify_receipt(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A receipt, or what a delete returned, as JSON.")],
    key: Annotated[str, typer.Option("--key", help="A public key; that of this instance otherwise.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a receipt is genuine and unchanged; with --key nothing but the file is needed."""
    receipt = _receipt_in(file)
    if not key:
        with client_of(context, settings_of(data_dir)) as client:
            key = client.receipts_key()
    verify(receipt, key)
    if as_json:
        print_json({"genuine": True, **{name: receipt[name] for name in ("document_id", "deleted_at")}})
        return
    out.print(
        f"genuine: nothing was left of the document {receipt['document_id']} at {receipt['deleted_at']}",
        highlight=False,
    )


@receipts.command("key", epilog="Example: footnote receipts key")
def print_key(context: typer.Context, data_dir: DataDir = None) -> None:
    """Print the public key of this instance, for those who verify its receipts elsewhere."""
    with client_of(context, settings_of(data_dir)) as client:
        print(client.receipts_key())


@receipts.command("new-key", epilog="Example: footnote receipts new-key")
def print_new_key() -> None:
    """Print a new private key for FOOTNOTE_RECEIPTS__SIGNING_KEY, which server mode needs."""
    print(new_key())


def _receipt_in(file: Path) -> dict[str, Any]:
    """The receipt in a file: by itself, or as a delete returned it, also in a list of one."""
    try:
        value = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise InvalidInput(f"{file} is no JSON: {error}") from None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("receipt", value)
    if not isinstance(value, dict):
        raise InvalidInput(f"{file} holds no receipt")
    return value
