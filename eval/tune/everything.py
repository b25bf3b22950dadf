"""Fits all that serving needs of an embedding model, one step after another: `footnote tune all`.

    projection   the directions in which the model's tokens differ most, from compiling it
    reranker     `footnote tune reranker`
    calibrator   `footnote tune calibrator`, with that ranker
    support      `footnote tune support`

Each step writes one file to `--out`; one that lies there already is not made again, so that a run that was
cut off goes on where it was. `--work` keeps what was read in and found, which is most of the time.
The model is any of sentence-transformers: an id of the hub, a folder, a preset. To use ranker and calibrator
copy them to `tuned/` in the data folder. To ship all of it, see docs/tuning.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from eval.commands import command, run
from service.embed import open_embedder
from service.models import Card, ensure_compiled
from service.models.projection import PROJECTION
from service.settings import PRESETS, Settings

Runner = Callable[[Sequence[str], Mapping[str, str]], int]
"""Runs a command with these settings in its environment; its exit code."""

MADE = "made.json"
"""What the folder was made from: the model, its fingerprints, the commands."""


@dataclass(frozen=True, slots=True)
class Step:
    """One file, and the options of the `footnote tune` command that makes it."""

    file: str
    options: tuple[str, ...]


def main(
    model: Annotated[str, typer.Option(help="A preset, an id of sentence-transformers, or a folder.")],
    data: Annotated[list[Path] | None, typer.Option(help="Labelled sets; may be repeated.")] = None,
    docs: Annotated[
        Path | None,
        typer.Option(
            "--documents", "--docs", help="Folder with one folder of documentation for each collection."
        ),
    ] = None,
    codes: Annotated[
        list[Path] | None, typer.Option(help="Documentation to ask by its codes; may be repeated.")
    ] = None,
    work: Annotated[Path | None, typer.Option(help="Keep ingested sets and what is found here.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; else the model's in the data folder's `tuned/`.")
    ] = None,
) -> None:
    """The command line."""
    if not data and docs is None:
        raise typer.BadParameter("there is nothing to learn from: give --data or --docs")
    settings = Settings()
    name = PRESETS.get(model, model)
    folder = out or settings.data_dir / "tuned" / Path(name).name
    keep = work or folder / "work"
    code = fitted(name, settings, steps(folder, data or (), docs, keep, codes or ()), folder)
    if code:
        raise typer.Exit(code)
    print(f"all of it is in {folder}: {', '.join(sorted(path.name for path in folder.glob('*.*')))}")


def steps(
    folder: Path, data: Sequence[Path], docs: Path | None, work: Path, codes: Sequence[Path] = ()
) -> tuple[Step, ...]:
    """The steps after the projection, in their order: each needs those before it."""
    sets = [option for one in data for option in ("--data", str(one))]
    by_collection = ("--docs", str(docs)) if docs else ()
    collections = sorted(path for path in docs.iterdir() if path.is_dir()) if docs else []
    documents = [option for one in collections for option in ("--documents", str(one))]
    documents += [option for one in codes for option in ("--codes", str(one))]

    def made(file: str, *options: str) -> Step:
        return Step(file, (Path(file).stem, *sets, *options, "--out", str(folder / file)))

    return (
        made("reranker.json", *by_collection, "--work", str(work)),
        made("calibrator.json", *documents, "--work", str(work)),
        made("support.json", *by_collection, "--engines", str(work / "engines")),
    )


def fitted(
    model: str, settings: Settings, planned: Sequence[Step], folder: Path, runs: Runner | None = None
) -> int:
    """The exit code of the first step that failed, else 0."""
    folder.mkdir(parents=True, exist_ok=True)
    about = _projected(model, settings, folder)
    environment = {
        "FOOTNOTE_EMBED__MODEL": model,
        "FOOTNOTE_RERANK__RANKER": str(folder / "reranker.json"),
    }
    for number, step in enumerate(planned, 2):
        if (folder / step.file).is_file():
            _tell(number, planned, f"{step.file} is there")
            continue
        _tell(number, planned, f"{step.file}: footnote tune {' '.join(step.options)}")
        began = time.monotonic()
        if code := (runs or _run)(step.options, environment):
            _tell(number, planned, f"{step.file} failed; run the command again to go on from here")
            return code
        _tell(number, planned, f"{step.file} after {time.monotonic() - began:,.0f} s")
    made = {**about, "commands": [["footnote", "tune", *step.options] for step in planned]}
    (folder / MADE).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return 0


def _projected(model: str, settings: Settings, folder: Path) -> dict[str, str]:
    """Keeps as much of the model's projection as is used; what identifies the model."""
    embed = settings.embed.model_copy(update={"model": model, "preset": None})
    compiled = ensure_compiled(model, "embedder", embed.precision, settings.cache_dir)
    used = settings.rerank.token_dimensions
    if not (kept := folder / PROJECTION).is_file():
        np.save(kept, np.load(compiled / PROJECTION)[:, :used])
    embedder = open_embedder(embed, settings.cache_dir, used)
    card = Card.read(compiled)
    print(f"1 of 4: {PROJECTION} of {card.name}, fingerprint {card.fingerprint}", flush=True)
    return {
        "model": card.name,
        "fingerprint": card.fingerprint,
        "tokens_fingerprint": embedder.tokens_fingerprint,
    }


def _run(options: Sequence[str], environment: Mapping[str, str]) -> int:
    # A process each: what a step holds in memory is gone when the next one begins.
    command_line = [sys.executable, "-m", "eval.tune", *options]
    return subprocess.run(command_line, env={**os.environ, **environment}, check=False).returncode


def _tell(number: int, planned: Sequence[Step], what: str) -> None:
    print(f"{number} of {len(planned) + 1}: {what}", flush=True)


if __name__ == "__main__":
    run(command(main))
