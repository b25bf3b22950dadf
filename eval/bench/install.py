"""The default install in a new virtual environment: how long it takes and how large it is."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path

from eval.bench.figures import MIB, Figure

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 6


def default_install() -> Iterator[Figure]:
    """`pip install .` with the constraints, on top of what pip has cached."""
    with tempfile.TemporaryDirectory(prefix="footnote-install-") as folder:
        started = time.perf_counter()
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, "--constraint", str(ROOT / "constraints.txt"), str(ROOT)], check=True)
        seconds = time.perf_counter() - started
        packages = next(Path(folder).rglob("site-packages"))
        sizes = {entry.name: _size(entry) for entry in packages.iterdir()}
        total = _size(Path(folder))
    largest = sorted(sizes, key=lambda name: -sizes[name])[:LARGEST]
    note = ", ".join(f"{name} {sizes[name] / MIB:,.0f}" for name in largest)
    yield Figure("install", "the default install", total / MIB, "MiB", note=f"largest, MiB: {note}")
    yield Figure("install", "time, from this machine's package cache", seconds, "s")


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())
