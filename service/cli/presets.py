"""`footnote models use`: a preset is put into the settings file, and what has to follow is said."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from service.cli.runtime import AsJson, DataDir, err, out, print_json, settings_of
from service.errors import Misconfigured
from service.models import Card, ensure_compiled
from service.settings import PRESETS, Settings, config_file, users_config_file

_STRONGER = ("FOOTNOTE_EMBED__MODEL", "FOOTNOTE_EMBED__PRESET")
_SECTION = re.compile(r"^\s*\[embed\]\s*(#.*)?$", re.MULTILINE)
_PRESET = re.compile(r"^(\s*preset\s*=\s*)(\"[^\"\n]*\"|'[^'\n]*')", re.MULTILINE)


def use(
    preset: Annotated[Literal["default", "quality"], typer.Argument(help="See `footnote models list`.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Embed with a preset's model from now on: compiles it, and puts it into the settings file."""
    settings = settings_of(data_dir)
    _refuse_stronger(preset)
    with err.status(f"compiling {PRESETS[preset]}"):
        folder = ensure_compiled(PRESETS[preset], "embedder", settings.embed.precision, settings.cache_dir)
    file = config_file() or users_config_file()
    put_preset(file, preset)
    other = _holds_other_vectors(settings, Card.read(folder))
    if as_json:
        print_json({"preset": preset, "model": PRESETS[preset], "file": str(file), "reindex": other})
        return
    out.print(f"{file}: embed.preset is {preset} ({PRESETS[preset]})", highlight=False, markup=False)
    if other:
        where = "server's index" if settings.mode == "server" else f"index in {settings.data_dir}"
        follows = f"run `footnote reindex --to {preset}` if it holds vectors of another model"
        out.print(f"For the {where}: {follows}.", highlight=False, markup=False)


def put_preset(file: Path, preset: str) -> None:
    """Sets `embed.preset` in a TOML file and leaves all else in it as it is.

    Raises:
        Misconfigured: the file names a model, or its form is one that cannot be changed safely.
    """
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    before = tomllib.loads(text)
    embed = before.get("embed", {})
    if "model" in embed and embed["model"] != PRESETS[preset]:
        raise Misconfigured(f"{file} sets embed.model to {embed['model']!r}", hint="take that line out first")
    changed = _changed(text, preset)
    wanted: dict[str, Any] = {**before, "embed": {**embed, "preset": preset}}
    if _read(changed) != wanted:
        raise Misconfigured(
            f"embed.preset cannot be put into {file} as it is written",
            hint=f'write preset = "{preset}" below [embed] yourself',
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(changed, encoding="utf-8")


def _changed(text: str, preset: str) -> str:
    section = _SECTION.search(text)
    if section is None:
        return f'{text.rstrip()}\n\n[embed]\npreset = "{preset}"\n'.lstrip()
    ends = re.compile(r"^\s*\[", re.MULTILINE).search(text, section.end())
    body = text[section.end() : ends.start() if ends else len(text)]
    put, known = _PRESET.subn(rf'\g<1>"{preset}"', body, count=1)
    return text.replace(
        section.group() + body, section.group() + (put if known else f'\npreset = "{preset}"{body}'), 1
    )


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _refuse_stronger(preset: str) -> None:
    """The environment comes before the file: what is set there would stay in force."""
    for name in _STRONGER:
        if (value := os.environ.get(name)) and value not in (preset, PRESETS[preset]):
            raise Misconfigured(f"{name} is {value!r} and comes before the file", hint=f"unset {name} first")


def _holds_other_vectors(settings: Settings, card: Card) -> bool:
    """Whether there is an index of another model; of a server's that cannot be told from here."""
    if settings.mode == "server":
        return True
    folders = (settings.data_dir / "index").glob("*")
    return any(f"-{card.dimension}-{card.fingerprint}-" not in folder.name for folder in folders)
