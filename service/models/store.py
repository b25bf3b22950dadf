"""The cache of compiled models: where one lies, and compiling it in a child process when it is not there.

The child exists so that torch, which only compiling needs, never enters the serving process. The default
model comes compiled and is only copied.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from service.errors import ModelUnavailable
from service.models.building import one_at_a_time
from service.models.card import CARD, Card, Role
from service.models.locate import locate
from service.models.shipped import SHIPPED, Form, unpack

log = logging.getLogger(__name__)
NEEDED_TO_COMPILE = ("sentence_transformers", "nncf")
FORMAT_VERSION = "3"
"""Moves when compiling changes in a way that makes older compiled models unfit."""


def folder_for(model: str, role: Role, precision: str, cache_dir: Path) -> Path:
    """Where the compiled form of `model` lies, or would lie."""
    located = locate(model)
    origin = (located.reference, located.stamp)
    if checksum := SHIPPED.get((model, role, precision)):
        origin = (model, checksum)
    key = "|".join((FORMAT_VERSION, role, precision, *origin))
    name = re.sub(r"[^A-Za-z0-9.]+", "-", located.name).strip("-")
    return cache_dir / "models" / f"{name}-{precision}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def compiled(cache_dir: Path) -> list[tuple[Path, Card]]:
    """Every compiled model in the cache."""
    cards = sorted((cache_dir / "models").glob(f"*/{CARD}"))
    return [(card.parent, Card.read(card.parent)) for card in cards]


def ensure_compiled(model: str, role: Role, precision: str, cache_dir: Path) -> Path:
    """The folder of the compiled model; compiles it first if need be, which takes about a minute.

    One that comes with the package is copied instead, at once.

    Raises:
        ModelUnavailable: the model cannot be found or compiled; the message says why.
    """
    folder = folder_for(model, role, precision, cache_dir)
    if (folder / CARD).is_file():
        return folder
    with one_at_a_time(folder):
        if not (folder / CARD).is_file():
            _make((model, role, precision), folder)
    return folder


def remove(folder: Path) -> None:
    """Deletes one compiled model."""
    shutil.rmtree(folder)
    Path(f"{folder}.lock").unlink(missing_ok=True)


def _make(form: Form, folder: Path) -> None:
    if form in SHIPPED:
        unpack(form, folder)
        return
    model, _, precision = form
    if missing := [name for name in NEEDED_TO_COMPILE if find_spec(name) is None]:
        raise ModelUnavailable(
            f"the model {model!r} is not compiled to {precision}: that needs {' and '.join(missing)}",
            hint="pip install 'footnote[models]'",
        )
    log.warning("the model %s is compiled to %s, once: that takes about a minute", model, precision)
    _compile_in_child(*form, folder)


def _compile_in_child(model: str, role: Role, precision: str, folder: Path) -> None:
    command = [sys.executable, "-m", "service.models.compile", model, role, precision, str(folder)]
    quiet = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **quiet})
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        raise ModelUnavailable(
            f"the model {model!r} could not be compiled: {last[0][:500]}",
            hint="give a sentence-transformers id that is in the hub's cache, or a local folder",
        )
