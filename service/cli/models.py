"""`footnote models`: what is compiled on this machine."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import typer

from service.cli.runtime import AsJson, DataDir, err, out, print_json, settings_of
from service.models import Card, Role, compiled, ensure_compiled, remove

models = typer.Typer(help="The models that are compiled on this machine.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(models, name="models", epilog="Example: footnote models list --json")


@models.command("list", epilog="Example: footnote models list --json")
def models_list(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the compiled models."""
    found = [{"folder": str(folder), **dataclasses.asdict(card)} for folder, card in _compiled(data_dir)]
    if as_json:
        print_json(found)
        return
    for model in found:
        out.print(
            f"{model['name']}  {model['role']}  {model['precision']}  {model['folder']}", highlight=False
        )


@models.command("compile", epilog="Example: footnote models compile")
def models_compile(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Compile the models that the settings name, unless that has been done."""
    settings = settings_of(data_dir)
    wanted: list[tuple[str, Role, str]] = [(settings.embed.model, "embedder", settings.embed.precision)]
    if settings.rerank.model:
        wanted.append((settings.rerank.model, "cross_encoder", settings.rerank.precision))
    folders = []
    for name, role, precision in wanted:
        with err.status(f"compiling {name} to {precision}"):
            folder = ensure_compiled(name, role, precision, settings.cache_dir)
        folders.append({"name": name, "role": role, "precision": precision, "folder": str(folder)})
        if not as_json:
            out.print(f"{name} ({precision}): {folder}", highlight=False)
    if as_json:
        print_json(folders)


@models.command("clear", epilog="Example: footnote models clear")
def models_clear(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove every compiled model; the next start compiles what it needs."""
    removed = []
    for folder, card in _compiled(data_dir):
        remove(folder)
        removed.append({"name": card.name, "precision": card.precision, "folder": str(folder)})
        if not as_json:
            out.print(f"removed {card.name} ({card.precision})", highlight=False)
    if as_json:
        print_json(removed)


def _compiled(data_dir: Path | None) -> list[tuple[Path, Card]]:
    return compiled(settings_of(data_dir).cache_dir)
