"""What was measured before, a small file for each: asked the same with the same versions, it is the same."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Kept:
    """Results in a folder, by what they depend on; a run that was cut off finds there what it had.

    Args:
        folder: is made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: Mapping[str, Any]) -> Any:
        """The result that was kept for this key; None where there is none."""
        path = self._path(key)
        return json.loads(path.read_text(encoding="utf-8"))["result"] if path.is_file() else None

    def keep(self, key: Mapping[str, Any], result: Any) -> None:
        """Keeps a JSON value, wholly or not at all."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}.new")
        beside.write_text(json.dumps({"result": result}), encoding="utf-8")
        beside.replace(path)

    def _path(self, key: Mapping[str, Any]) -> Path:
        name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        return self._folder / name[:2] / f"{name}.json"
