"""`footnote models`: the presets, and what is compiled on this machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path

import typer

from service.cli.presets import use
from service.cli.runtime import AsJson, DataDir, err, out, print_json, settings_of
from service.models import PUBLISHED, Card, Role, compiled, ensure_compiled, is_installed, remove
from service.settings import PRESETS

models = typer.Typer(help="Presets, and the models that are compiled on this machine.", no_args_is_help=True)
models.command("use", epilog="Example: footnote models use quality")(use)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(models, name="models", epilog="Example: footnote models list --json")


@models.command("list", epilog="Example: footnote models list --json")
def models_list(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the presets, and the compiled models."""
    settings = settings_of(data_dir)
    by_name = {name: preset for preset, name in PRESETS.items()}
    found = [
        {"folder": str(folder), **dataclasses.asdict(card), "preset": by_name.get(card.name)}
        for folder, card in compiled(settings.cache_dir)
    ]
    if as_json:
        print_json(found)
        return
    there = {model["name"] for model in found}
    for preset, name in PRESETS.items():
        used = ", in use" if name == settings.embed.model else ""
        out.print(f"preset {preset}: {name} ({_state(name, there)}{used})", highlight=False)
    for model in found:
        out.print(
            f"{model['name']}  {model['role']}  {model['precision']}  {model['folder']}", highlight=False
        )


def _state(name: str, there: Collection[object]) -> str:
    """What is needed before a preset's model can embed."""
    if name in there:
        return "compiled"
    if name not in PUBLISHED or is_installed(PUBLISHED[name]):
        return "installed"
    return f"not installed: pip install 'footnote[{PUBLISHED[name].extra}]', or from the hub"


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
