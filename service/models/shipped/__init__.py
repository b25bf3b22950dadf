"""Compiled models that come with the package, so that a first question needs no compiler and no network.

Compiling the published weights makes the same files; of what they were made, and under which licence, is in
THIRD_PARTY_NOTICES.md.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from service.errors import ModelUnavailable
from service.models.building import made_whole
from service.models.card import Role

Form = tuple[str, Role, str]
"""A model's name, its role, its precision."""

SHIPPED: Mapping[Form, str] = {
    ("all-MiniLM-L6-v2", "embedder", "int8"): (
        "3d1b91bf8b784b84efba69dd483da011e7db03a2d1d6f7b7df81fd2e690cbe2b"
    ),
}
"""The SHA-256 of each one's `model.bin`."""


def folder_of(form: Form) -> Path:
    """Where the package has it; nothing may be written there."""
    name, _, precision = form
    return Path(__file__).parent / f"{name}-{precision}"


def unpack(form: Form, folder: Path) -> None:
    """Copies it to `folder`, where the runtime may keep what it makes of it for this processor.

    Raises:
        ModelUnavailable: the package's file is not the one that was shipped.
    """
    with made_whole(folder) as building:
        for file in folder_of(form).iterdir():
            shutil.copyfile(file, building / file.name)
        found = hashlib.sha256((building / "model.bin").read_bytes()).hexdigest()
        if found != SHIPPED[form]:
            raise ModelUnavailable(
                f"{form[0]} came with this installation, but its SHA-256 is {found}, not {SHIPPED[form]}",
                hint="install Footnote again",
            )
